"""What the screen and the memory are like while every fault of servers and networks is served at once."""

import collections
import email.utils
import gzip
import json
import os
import random
import re
import shutil
import ssl
import subprocess
import threading
import time

import endpoints
from endpoints import Endpoint, Endpoints, Limit, says, send
from ptyrun import LETTERS
from sources import text, written

# One after the other has the next one of these.
KINDS = ["alertmanager", "prometheus", "github-actions", "gitlab-ci", "buildbot"]
# What names a row of each kind; such a row gets the name of its source.
NAMES = {
    "alertmanager": "HighErrorRate",
    "prometheus": "HighErrorRate",
    "github-actions": "Deploy",
    "gitlab-ci": "Release checkout",
    "buildbot": "checkout-package",
}
KEYS = {"github-actions": ['repos = ["shop/checkout"]'], "gitlab-ci": ['projects = ["shop/checkout"]']}
SECONDS = 32
MIB = 1 << 20

Fault = collections.namedtuple("Fault", "word play more kind", defaults=[None, (), None])


class Kept:
    """A writer that keeps what is written."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


async def well(good, asked):
    """The good answer, head and body."""
    asked.headers.pop("if-none-match", None)
    kept = Kept()
    await good(asked, kept)
    head, _, body = kept.data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


# What a server does; each is handed what would be good.


def answers(*said, **how):
    return lambda good: says(*said, **how)


def late(seconds):
    """A wait that is told as a date."""
    async def play(asked, writer):
        until = email.utils.formatdate(time.time() + seconds, usegmt=True)
        send(asked, writer, "429 Too Many Requests", "", {"retry-after": until})

    return lambda good: play


def bare(good):
    """Items without any member."""
    async def play(asked, writer):
        _, body = await well(good, asked)
        send(asked, writer, "200 OK", "[{}]" if body.startswith(b"[") else "{}")

    return play


def cut(good):
    """Half of the body, and the end."""
    async def play(asked, writer):
        head, body = await well(good, asked)
        writer.write(head + body[: len(body) // 2])
        await writer.drain()
        writer.close()

    return play


def bomb(good):
    """A GiB of spaces in a MiB."""
    piece = gzip.compress(b" " * 16 * MIB)
    return says("200 OK", piece * 64, {"content-encoding": "gzip"})


def endless(good):
    """Headers, and no end of them."""
    async def play(asked, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"x-more: x\r\n" * 100)
            await writer.drain()

    return play


def long_line(good):
    """Ten megabytes in one text of a good answer, all on one line."""
    async def play(asked, writer):
        head, body = await well(good, asked)
        # In one that is shown, after its beginning.
        if found := re.search(rb"held-[0-9a-z-]+", body):
            body = body[: found.end()] + b"x" * (10 * MIB) + body[found.end() :]
            head = re.sub(rb"(?i)(content-length: )\d+", rb"\g<1>%d" % len(body), head)
        writer.write(head + body)

    return play


def bare_line(good):
    """As long a line of items without any member."""
    items = b"[" + b",".join([b"{}"] * (10 * MIB // 3)) + b"]"

    async def play(asked, writer):
        _, body = await well(good, asked)
        parsed = json.loads(body)
        # Where the list stands in this kind's answer.
        before, after = b"", b""
        if isinstance(parsed, dict):
            name = next((name for name, value in parsed.items() if isinstance(value, list)), None)
            before, after = (b'{"%s":' % name.encode(), b"}") if name else (b'{"data":{"groups":', b"}}")
        send(asked, writer, "200 OK", before + items + after)

    return play


def clock(ahead):
    """The good answer by a clock that is so many seconds off."""
    def bad(good):
        async def play(asked, writer):
            head, body = await well(good, asked)
            date = email.utils.formatdate(time.time() + ahead, usegmt=True).encode()
            writer.write(re.sub(rb"(?i)(\r\ndate: )[^\r]*", rb"\g<1>" + date, head) + body)

        return play

    return bad


PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
# Each fault: what its source has to say, and what the server does, if it is the server. Where the
# source goes on, its kind is one that has nothing else to say.
FAULTS = {
    "401": Fault("auth failed", answers("401 Unauthorized", '{"message":"Bad credentials"}')),
    "403": Fault("no permission", answers("403 Forbidden", '{"error":"insufficient_scope"}')),
    "404": Fault("not found", answers("404 Not Found", '{"message":"404 Project Not Found"}')),
    "429-seconds": Fault("throttled", answers("429 Too Many Requests", "Retry later\n", {"retry-after": 10})),
    "429-date": Fault("throttled", late(10)),
    "500": Fault("server error", answers("500 Internal Server Error", "upstream connect error", kind="text/plain")),
    "login-page": Fault("unreadable", answers("200 OK", PAGE, kind="text/html; charset=utf-8")),
    "plain-text": Fault("unreadable", answers("200 OK", "no healthy upstream", kind="text/plain")),
    "bare": Fault("unreadable", bare),
    "cut": Fault("connection broken", cut),
    "bomb": Fault("too large", bomb),
    "drips": Fault("timed out", lambda good: endpoints.drips, ('timeout = "5s"',)),
    "endless": Fault("too large", endless),
    "redirect": Fault("unreadable"),
    "reset": Fault("connection broken", lambda good: endpoints.resets),
    "no-utf8": Fault("unreadable", answers("200 OK", b'["\xc3\x28\xff"]')),
    "long-line": Fault("texts of more than", long_line, kind="alertmanager"),
    "bare-line": Fault("too large", bare_line),
    "deep": Fault("unreadable", answers("200 OK", "[" * 100_000)),
    "ahead": Fault("10 min ahead of", clock(620), kind="gitlab-ci"),
    "behind": Fault("10 min behind", clock(-620), kind="alertmanager"),
    "no-name": Fault("DNS"),
    "refused": Fault("refused"),
    "tls-expired": Fault("TLS"),
    "tls-unknown": Fault("TLS"),
}


def certificates(folder):
    """An authority's file, and by name what a server has: a good certificate of it, one that has
    ended, and one of another authority."""
    def run(*argv):
        subprocess.run(["openssl", *argv], check=True, capture_output=True, cwd=folder)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    with open(os.path.join(folder, "ca.cnf"), "w", encoding="utf-8") as file:
        file.write("[ca]\ndefault_ca=here\n[here]\ndatabase=index\nnew_certs_dir=.\npolicy=any\nunique_subject=no\nrand_serial=yes\n"
                   "copy_extensions=copy\ndefault_md=sha256\n[any]\ncommonName=supplied\n")
    open(os.path.join(folder, "index"), "w").close()
    run("req", *new, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out", "csr")
    contexts = {}
    for authority, name, ends in (("known", "good", 2049), ("known", "expired", 2021), ("other", "unknown", 2049)):
        if name != "expired":
            run("req", "-x509", *new, "-days", "9", "-subj", f"/CN={authority}", "-keyout", f"{authority}.key", "-out", authority)
        run("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", authority, "-keyfile", f"{authority}.key",
            "-startdate", "20200101000000Z", "-enddate", f"{ends}0101000000Z", "-in", "csr", "-out", name)
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(os.path.join(folder, name), os.path.join(folder, "key"))
    return os.path.join(folder, "known"), contexts


def good_of(kind, name):
    """A server of this kind with a row that is named after its source."""
    limit, names = Limit(10**6, 3600, "x-ratelimit"), {NAMES[kind]: f"held-{name}"}
    if kind == "github-actions":
        return endpoints.github(limit, names)
    if kind == "gitlab-ci":
        return endpoints.gitlab(limit, names)
    return {"alertmanager": endpoints.alertmanager, "prometheus": endpoints.prometheus, "buildbot": endpoints.buildbot}[kind](names=names)


def faults(bench):
    """Every fault at once, each met by a source that was well before, while a person types."""
    if not shutil.which("openssl"):
        bench.skip("faults: openssl is not installed")
        return
    folder, broken = bench.folder("faults"), threading.Event()
    authority, contexts = certificates(folder)
    elsewhere = Endpoint(says("200 OK", "[]"))
    kinds = {name: fault.kind or KINDS[number % len(KINDS)] for number, (name, fault) in enumerate(FAULTS.items())}

    def turning(name, fault):
        good = good_of(kinds[name], name)
        bad = fault.play(good) if fault.play else good
        if name == "redirect":
            bad = says("302 Found", "", {"location": f"{elsewhere.url()}/login"})

        async def play(asked, writer):
            await (bad if broken.is_set() else good)(asked, writer)

        return play

    served = {name: Endpoint(turning(name, fault), contexts["good"] if name.startswith("tls-") else None)
              for name, fault in FAULTS.items()}
    server = Endpoints([*served.values(), elsewhere])

    def config(no_name):
        sources = {}
        for name, fault in FAULTS.items():
            url = no_name if name == "no-name" else served[name].url()
            more = [f"ca = {text(authority)}", "ca_only = true"] if served[name].tls else ["allow_plaintext = true"]
            sources[name] = (kinds[name], [f"url = {text(url)}", 'every = "2s"', *more, *fault.more, *KEYS.get(kinds[name], [])])
        return written(folder, sources)

    # A name cannot be taken away from one machine alone: what it showed is from the session before.
    program = bench.console(config(served["no-name"].url()))
    bench.drawn(program)
    program.listen(5)
    program.type(b"q")
    program.until(lambda: False, 5)
    program.end()
    # A label of 64 characters is no name: the answer is known without asking anybody.
    program, echo = bench.console(config(f'http://{"a" * 64}.invalid')), bench.echo()
    bench.drawn(program)
    program.listen(6)
    before = program.memory()
    broken.set()
    server.do(served["refused"].refuse())
    for name, context in (("tls-expired", "expired"), ("tls-unknown", "unknown")):
        server.do(served[name].refuse())
        served[name].tls = contexts[context]
        server.do(served[name].listen())
    ours, floor = typing(program, echo, SECONDS)
    echo.end()
    peak = program.memory("VmHWM")
    shown, held = looked(program)
    program.end()
    at = int(len(ours) * 0.99)
    bench.row(f"{len(FAULTS)} faults at once: key to paint, p99", "<= 50 ms", f"cat {floor[at]:.1f} ms",
              f"{ours[at]:.1f} ms (p50 {ours[len(ours) // 2]:.1f}, {len(ours)} keys, worst {ours[-1]:.0f})", ours[at] <= 50)
    grown = (peak - before) / 1024
    bench.row("  memory, grown by", "<= 64 MiB", "", f"{grown:.1f} MiB from {before / 1024:.1f}", grown <= 64)
    unnamed = [name for name, fault in FAULTS.items() if not any(re.search(rf"[ >]{name} ", row) and fault.word in row for row in shown)]
    bench.row("  each source says what it meets", f"{len(FAULTS)} words", "", f"{len(FAULTS) - len(unnamed)} words", not unnamed)
    lost = [name for name in FAULTS if not any(f"held-{name} " in row or f"held-{name}x" in row for row in held)]
    bench.row("  the last good rows are there", f"of {len(FAULTS)} sources", "", f"of {len(FAULTS) - len(lost)}", not lost)
    bench.row("  where the redirect leads", "nobody comes", "", f"{len(elsewhere.asked)} requests", not elsewhere.asked)
    if unnamed or lost:
        print("\n".join([f"      not named: {unnamed}, lost: {lost}", *filter(None, shown + held)]))


def typing(program, echo, seconds):
    """Types at random moments, and asks all sources to look each 5 s; milliseconds from key to paint."""
    chance, ours, floor = random.Random(1), [], []
    end, look = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        if time.monotonic() > look:
            look = time.monotonic() + 5
            program.type(b"\x1b")
            program.listen(0.3)
            program.type(b"R")
            program.listen(0.01)
            program.type(b";")
            program.expect(b"(h x d t u)", 5)
        letter = chance.choice(LETTERS)
        ours.append(program.typed(letter) * 1000)
        floor.append(echo.typed(letter) * 1000)
        program.type(b"\x7f")
        program.listen(chance.uniform(0.005, 0.1))
    program.type(b"\x1b")
    program.listen(0.3)
    return sorted(ours), sorted(floor)


def looked(program):
    """What all sources say, and the rows of theirs that have their name."""
    def keys(typed):
        program.type(typed)
        program.listen(0.5)
        return program.screen() or []

    shown, held = keys(b"0f"), []
    for pane in (b"1", b"3"):
        keys(pane + b"/held\r")
        for step in (b"g", b"\x1b[6~", b"\x1b[6~"):
            held += keys(step)
    return shown, held
