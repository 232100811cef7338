"""Endpoints on loopback that answer as the vendors do, from tests/fixtures, or fail as servers and
networks do, and that know who asked what and when."""

import asyncio
import datetime
import email.utils
import json
import os
import re
import socket
import struct
import threading
import time
import urllib.parse

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=[.Z])")
SECONDS = re.compile(r"(?<=_at\": )\d{10}|(?<=when_timestamp\": )\d{10}|(?<=\[)\d{10}(?=, \")")


def fixture(path, moment, names=None):
    """A fixture as if it had been taken now and not at that moment, with other names in it."""
    with open(os.path.join(HOME, "tests", "fixtures", path), encoding="utf-8") as file:
        text = json.dumps(json.load(file))
    for known, name in (names or {}).items():
        text = text.replace(json.dumps(known), json.dumps(name))
    then = datetime.datetime.fromisoformat(moment)
    passed = int(time.time() - then.timestamp())

    def later(found):
        at = datetime.datetime.fromisoformat(found[0] + "+00:00") + datetime.timedelta(seconds=passed)
        return f"{at:%Y-%m-%dT%H:%M:%S}"

    return json.loads(SECONDS.sub(lambda found: str(int(found[0]) + passed), MOMENT.sub(later, text)))


class Asked:
    """One request."""

    def __init__(self, at, path, headers):
        self.at, self.path, self.headers = at, path, headers
        self.status = 0  # what it was answered, once it was
        place = urllib.parse.urlsplit(path)
        self.place = urllib.parse.unquote(place.path)
        # What is asked for apart from times, which are others at each request.
        pairs = urllib.parse.parse_qsl(place.query)
        self.query = sorted(pair for pair in pairs if pair[0] not in ("updated_after", "start", "end", "step"))


class Limit:
    """So many requests in a window of so many seconds, told in the vendor's headers."""

    def __init__(self, count, seconds, prefix):
        self.count, self.seconds, self.prefix = count, seconds, prefix
        self.ends = 0.0
        self.windows = []  # when something was used, by window

    def turn(self):
        """Begins a new window if the last one is over."""
        if time.time() >= self.ends:
            # Whole seconds, as they are told.
            self.ends = int(time.time()) + self.seconds
            self.windows.append([])

    def take(self):
        """Counts a request; returns whether it is within the limit."""
        self.turn()
        self.windows[-1].append(time.time())
        return len(self.windows[-1]) <= self.count

    def headers(self):
        """What is left, as the vendor tells it."""
        self.turn()
        left = max(0, self.count - len(self.windows[-1]))
        return {f"{self.prefix}-limit": self.count, f"{self.prefix}-remaining": left, f"{self.prefix}-reset": self.ends}

    def most(self):
        """The most that was used of one window once its first answer had told what is left."""
        return max(sum(at > window[0] + 0.1 for at in window) for window in self.windows if window)


class Endpoint:
    """One listener. `play(asked, writer)` answers a request; what it was asked is in `asked`."""

    def __init__(self, play, tls=None):
        self.play, self.tls = play, tls
        self.asked, self.open = [], set()
        self.socket, self.server = None, None
        self.port = self.bind(0)

    def bind(self, port):
        """Takes a port; until `listen` it refuses, and nobody else gets it."""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        return self.socket.getsockname()[1]

    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, sock=self.socket, ssl=self.tls, backlog=512)

    async def refuse(self):
        """Takes no connection until `listen`; those that are open are closed."""
        self.server.close()
        for writer in list(self.open):
            writer.transport.abort()
        self.bind(self.port)

    async def serve(self, reader, writer):
        self.open.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
                asked = Asked(time.time(), first.split(" ")[1], headers)
                self.asked.append(asked)
                await self.play(asked, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()


class Endpoints:
    """All of them, on a thread of their own."""

    def __init__(self, endpoints):
        self.endpoints = endpoints
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        for endpoint in endpoints:
            self.do(endpoint.listen())

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


def send(asked, writer, status, body, headers=None, kind="application/json"):
    """A whole answer."""
    asked.status = int(status.split(" ")[0])
    data = body if isinstance(body, bytes) else body.encode()
    told = {"date": email.utils.formatdate(usegmt=True), "content-type": kind, "content-length": len(data), **(headers or {})}
    if asked.status == 304:
        del told["content-type"], told["content-length"]
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + (b"" if asked.status == 304 else data))


# What works.


def pages(found, ahead=0):
    """Answers by path: `found` is what stands at each."""

    async def play(asked, writer):
        date = {"date": email.utils.formatdate(time.time() + ahead, usegmt=True)}
        body = found(asked)
        if body is None:
            send(asked, writer, "404 Not Found", json.dumps({"error": "not found"}), date)
        else:
            send(asked, writer, "200 OK", json.dumps(body), date)

    return play


def alertmanager(ahead=0, names=None):
    at = "2026-11-22T05:58:45+00:00"
    all_ = {f"/api/v2/{name}": fixture(f"alertmanager/{name}.json", at, names) for name in ("alerts", "silences")}
    return pages(lambda asked: all_.get(asked.place), ahead)


def prometheus(names=None):
    at = "2026-11-22T05:58:45+00:00"
    all_ = {
        "/api/v1/rules": fixture("prometheus/rules.json", at, names),
        "/api/v1/query_range": fixture("prometheus/alerts_range.json", at, names),
    }
    return pages(lambda asked: all_.get(asked.place))


def buildbot(names=None):
    known = fixture("buildbot/pages.json", "2026-11-22T06:26:00+00:00", names)

    def found(asked):
        place, query = asked.place.removeprefix("/api/v2"), dict(asked.query)
        if place == "/builds":
            place += f"?complete={query['complete']}"
        if place.endswith("/contents"):
            place += f"?offset={query['offset']}"
        return known.get(place)

    return pages(found)


def exchanges(path, moment, prefix, origin, limit, counts_unchanged, names=None):
    """Answers as in a recorded round, with `ETag`s, within a limit."""
    known = {}
    for one in fixture(path, moment, names):
        asked = Asked(0, one["path"], {})
        known[asked.place, str(asked.query)] = one

    async def play(asked, writer):
        asked.place = asked.place.removeprefix(prefix)
        one = known.get((asked.place, str(asked.query)))
        if one is None:
            limit.take()
            send(asked, writer, "404 Not Found", '{"message":"Not Found"}', limit.headers())
            return
        here = f"http://{asked.headers['host']}{prefix}/"
        told = {name: str(value).replace(origin, here) for name, value in one["headers"].items()}
        told = {name: value for name, value in told.items() if "ratelimit" not in name or "resource" in name}
        if told.get("etag", "-").lower() == asked.headers.get("if-none-match"):
            if counts_unchanged:
                limit.take()
            send(asked, writer, "304 Not Modified", "", {**told, **limit.headers()})
        elif limit.take():
            send(asked, writer, f"{one['status']} Whatever", json.dumps(one["response"]), {**told, **limit.headers()})
        else:
            send(asked, writer, "403 Forbidden", '{"message":"API rate limit exceeded"}', limit.headers())

    return play


def github(limit, names=None):
    at = "2026-03-01T03:30:00+00:00"
    return exchanges("github/first-round.json", at, "/api/v3", "https://api.github.com/", limit, False, names)


def gitlab(limit, names=None):
    at = "2026-03-01T03:30:00+00:00"
    return exchanges("gitlab/first-round.json", at, "/api/v4", "https://git.shop.example/api/v4/", limit, True, names)


# What does not.


def says(status, body, headers=None, kind="application/json"):
    async def play(asked, writer):
        send(asked, writer, status, body, headers, kind)

    return play


async def drips(asked, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.2)


async def resets(asked, writer):
    """Half of an answer, and then a reset."""
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n[{"annotations":')
    await writer.drain()
    # Not in the same moment: what is on its way would be thrown away.
    await asyncio.sleep(0.05)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
