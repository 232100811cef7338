"""What sources cost that fail in every way, and what many consoles cost the servers."""

import os
import shutil
import socket
import ssl
import subprocess
import time

import endpoints
from endpoints import Asked, Endpoint, Endpoints, Limit, says

# What each bad source has to say of itself.
WORDS = {
    "expired-1": "auth failed",
    "expired-2": "auth failed",
    "forbidden": "no permission",
    "gone": "not found",
    "busy": "throttled",
    "fails": "server error",
    "login-page": "unreadable",
    "closed": "refused",
    "no-name": "DNS",
    "unknown-ca": "TLS",
    "drips": "timed out",
    "resets": "connection broken",
    "clock-off": "10 min ahead of",
}
# How often each kind is asked if nothing is said.
EVERY = {"alertmanager": 15, "prometheus": 15, "github-actions": 30, "gitlab-ci": 30, "buildbot": 10}
# Oftener than that: two sources that a budget has to slow down.
HURRY = 5
RETRY_AFTER = 25


def unknown_authority(folder, greeted):
    """A certificate that no authority of this machine has signed; `greeted` counts who asks for it."""
    pem = os.path.join(folder, "server.pem")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", pem + ".crt"]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem + ".crt", pem)

    def greet(*_):
        # Who does not trust it goes away before there is a request. A round makes several connections.
        if not greeted or time.time() - greeted[-1].at > 1:
            greeted.append(Asked(time.time(), "a round", {}))

    context.sni_callback = greet
    return context


def text(value):
    """A string of the configuration."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(folder, sources, more=""):
    """A configuration with these sources: name -> (kind, keys)."""
    path = os.path.join(folder, "midwatch.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'state_dir = "{folder}/state"\nperson = "kim"\ntimezone = "UTC"\n{more}\n')
        for name, (kind, keys) in sources.items():
            file.write("\n".join(["[[source]]", f"name = {text(name)}", f"kind = {text(kind)}", *keys]) + "\n")
    return path


def most(times, window):
    """How many of these fall into one window at most."""
    times, first, best = sorted(times), 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - window:
            first += 1
        best = max(best, last - first + 1)
    return best


def mixed(bench):
    """Twenty sources of seven kinds, more than half of them failing, each in its own way."""
    if not shutil.which("openssl"):
        bench.skip("mixed: openssl is not installed")
        return
    seconds = 65
    folder = bench.folder("mixed")
    hub, lab = Limit(5000, 3600, "x-ratelimit"), Limit(40, 30, "ratelimit")
    refused = says("401 Unauthorized", '{"error":"invalid_token","error_description":"The access token expired"}',
                   {"www-authenticate": 'Bearer error="invalid_token"'})
    page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
    plays = {
        "pager": ("alertmanager", endpoints.alertmanager()),
        "metrics": ("prometheus", endpoints.prometheus()),
        "hub": ("github-actions", endpoints.github(hub)),
        "lab": ("gitlab-ci", endpoints.gitlab(lab)),
        "builds": ("buildbot", endpoints.buildbot()),
        "clock-off": ("alertmanager", endpoints.alertmanager(630)),
        "expired-1": ("prometheus", refused),
        "expired-2": ("alertmanager", refused),
        "forbidden": ("prometheus", says("403 Forbidden", '{"error":"insufficient_scope"}')),
        "gone": ("prometheus", says("404 Not Found", "404 page not found\n", kind="text/plain")),
        "busy": ("prometheus", says("429 Too Many Requests", "Retry later\n", {"retry-after": RETRY_AFTER})),
        "fails": ("buildbot", says("500 Internal Server Error", "upstream connect error", kind="text/plain")),
        "login-page": ("alertmanager", says("200 OK", page, kind="text/html; charset=utf-8")),
        "unknown-ca": ("prometheus", says("200 OK", "{}")),
        "drips": ("prometheus", endpoints.drips),
        "resets": ("alertmanager", endpoints.resets),
    }
    served = {name: Endpoint(play) for name, (_, play) in plays.items()}
    served["unknown-ca"].tls = unknown_authority(folder, served["unknown-ca"].asked)
    Endpoints(list(served.values()))
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    token, log = os.path.join(folder, "token"), os.path.join(folder, "app.log")
    with open(token, "w", encoding="utf-8") as file:
        file.write("expired-since-yesterday\n")
    os.chmod(token, 0o600)
    with open(log, "w", encoding="utf-8") as file:
        file.writelines(f"line {number} of a quiet log\n" for number in range(500))
    keys = {
        "hub": ['repos = ["shop/checkout", "shop/cart"]', f'every = "{HURRY}s"', "deployments = true"],
        "lab": ['projects = ["shop/checkout"]', f'every = "{HURRY}s"'],
        "expired-1": ['credential = "sso"'],
        "expired-2": ['credential = "sso"'],
        "drips": ['timeout = "5s"'],
    }
    sources = {
        name: (kind, [f"url = {text(served[name].url())}", *keys.get(name, [])]) for name, (kind, _) in plays.items()
    }
    sources["closed"] = ("prometheus", [f'url = "http://127.0.0.1:{closed.getsockname()[1]}"'])
    # A label of 64 characters is no name: the answer is known without asking anybody.
    sources["no-name"] = ("alertmanager", [f'url = "http://{"a" * 64}.invalid"', "allow_plaintext = true"])
    sources["app"] = ("file", [f"paths = [{text(log)}]"])
    sources["tail"] = ("command", [f'argv = ["tail", "-n", "20", "-F", {text(log)}]'])
    config = written(folder, sources, f'[[credential]]\nname = "sso"\nfile = {text(token)}')
    began = time.time()
    program = bench.console(config)
    bench.drawn(program)
    program.listen(8)  # the first rounds, the slowest failure among them
    before = program.cpu()
    start = time.monotonic()
    program.listen(seconds)
    measured = time.monotonic() - start
    cpu = (program.cpu() - before) / measured * 100
    memory = program.memory("VmHWM") / 1024
    bench.row(f"{len(sources)} sources, {len(WORDS)} of them bad: CPU", "<= 0.5 %", "", f"{cpu:.3f} % in {measured:.0f} s", cpu <= 0.5)
    bench.row(f"{len(sources)} sources, {len(WORDS)} of them bad: memory", "<= 60 MB", "", f"{memory:.1f} MB at most", memory <= 60)
    lasted = time.time() - began
    header = "\n".join((program.screen() or [])[:1])
    program.type(b"0f")
    program.listen(0.5)
    shown = program.screen() or []
    program.end()
    unnamed = [name for name, word in WORDS.items() if not any(name in row and word in row for row in shown)]
    bench.row("  each failure has its word", f"{len(WORDS)} words", "", f"{len(WORDS) - len(unnamed)} words", not unnamed)
    # The clock is wrong and the rows are there all the same.
    blind, folded = f"{len(WORDS) - 1} blind", "2 sources: credential sso: refused by the server"
    is_folded = blind in header and any(folded in row for row in shown)
    bench.row("  what has one cause is one line", "in header and list", "", "it is" if is_folded else "it is not", is_folded)
    if unnamed or not is_folded:
        print("\n".join([f"      not named: {unnamed}", header, *filter(None, shown)]))
    rounds(bench, {name: kind for name, (kind, _) in plays.items()}, served, lasted)
    times = [one.at for one in served["busy"].asked]
    # A round asks two things at once.
    soonest = min((later - sooner for sooner, later in zip(times, times[1:]) if later - sooner > 1), default=0)
    bench.row("  after 429 with Retry-After", f">= {RETRY_AFTER} s", "", f"{soonest:.1f} s", soonest >= RETRY_AFTER)
    half = lab.count // 2
    bench.row(f"  polling, of {lab.count} that a server allows", f"<= {half}", "", f"{lab.most()} in a window", 0 < lab.most() <= half)


def rounds(bench, kinds, served, lasted):
    """Whether no server was asked more often than the interval says, also while it fails."""
    wrong = []
    for name, kind in kinds.items():
        every = HURRY if name in ("hub", "lab") else EVERY[kind]
        allowed = int(60 / (0.9 * every)) + 1
        # Each opening of its events is followed by one look.
        allowed += sum(one.place.startswith("/sse") for one in served[name].asked)
        # What a round asks once is asked for once a round.
        questions = {}
        for one in served[name].asked:
            questions.setdefault((one.place, str(one.query)), []).append(one.at)
        count = max((most(times, 60) for times in questions.values()), default=0)
        if not 0 < count <= allowed:
            wrong.append(f"{name} {count} ({allowed} allowed)")
    everything = sum(len(endpoint.asked) for endpoint in served.values())
    bench.row("  rounds in a minute, counted by the servers", "within the intervals", "",
              f"{', '.join(wrong) or 'all are'} ({everything / lasted * 60:.0f} requests a minute in all)", not wrong)


def herd(bench):
    """Fifty consoles, started within two seconds, whose servers all fail, refuse, and recover."""
    count, down, refusing = 50, 20, 7
    good = {"pager": endpoints.alertmanager(), "metrics": endpoints.prometheus(), "builds": endpoints.buildbot()}
    kinds = {"pager": "alertmanager", "metrics": "prometheus", "builds": "buildbot"}
    works = [False]

    def play(name):
        bad = says("503 Service Unavailable", "upstream connect error", kind="text/plain")

        async def one(asked, writer):
            await (good[name] if works[0] else bad)(asked, writer)

        return one

    served = {name: Endpoint(play(name)) for name in kinds}
    server = Endpoints(list(served.values()))
    consoles = []
    folders = [bench.folder(f"herd/{number}") for number in range(count)]
    configs = [
        written(folder, {
            name: (kind, [f"url = {text(served[name].url())}", f'headers = {{ "X-Console" = "{number}" }}'])
            for name, kind in kinds.items()
        })
        for number, folder in enumerate(folders)
    ]
    began, start = time.time(), time.monotonic()
    try:
        for number, (folder, config) in enumerate(zip(folders, configs)):
            time.sleep(max(0, start + number * 1.9 / count - time.monotonic()))
            env = {**os.environ, "HOME": folder}
            argv = ["nice", "-n", "5", bench.options.binary, "--config", config, "collect"]
            with open(os.path.join(folder, "out"), "wb") as out:
                consoles.append(subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out))
        started = time.monotonic() - start
        time.sleep(down)
        for endpoint in served.values():
            server.do(endpoint.refuse())
        time.sleep(refusing)
        works[0] = True
        back = time.time()
        for endpoint in served.values():
            server.do(endpoint.listen())
        recovered = {}
        while time.time() - back < 90 and len(recovered) < count * len(kinds):
            time.sleep(0.5)
            for name, endpoint in served.items():
                for one in list(endpoint.asked):
                    if one.status == 200:
                        recovered.setdefault((name, one.headers["x-console"]), one.at - back)
        gone = sum(one.poll() is not None for one in consoles)
    finally:
        for one in consoles:
            one.kill()
            one.wait()
    took = max(recovered.values(), default=float("inf"))
    lasted = time.time() - began
    asked = {name: [(one.at, one.headers["x-console"]) for one in endpoint.asked] for name, endpoint in served.items()}
    everything = sum(asked.values(), [])
    rate = len(everything) / count / lasted
    peaks = {name: crowd(times) for name, times in asked.items()}
    least = count * 15 // 100
    bench.row(f"{count} consoles, all servers fail: requests/s each", "<= 2", "", f"{rate:.2f} in {lasted:.0f} s", rate <= 2)
    bench.row(
        "  of them at one server in 100 ms", f"<= {least}", "",
        f"{max(peaks.values())} ({', '.join(f'{name} {peak}' for name, peak in peaks.items())}; at all three {crowd(everything)})",
        max(peaks.values()) <= least,
    )
    bench.row(
        "  all have recovered", "<= 90 s", "",
        f"{took:.0f} s, {len(recovered)} of {count * len(kinds)}, {gone} ended", len(recovered) == count * len(kinds) and took <= 90 and not gone,
    )
    print(f"      started within {started:.1f} s")


def crowd(times):
    """How many consoles ask within one tenth of a second, at most."""
    times, first, inside, best = sorted(times), 0, {}, 0
    for at, who in times:
        inside[who] = inside.get(who, 0) + 1
        while times[first][0] <= at - 0.1:
            inside[times[first][1]] -= 1
            if not inside[times[first][1]]:
                del inside[times[first][1]]
            first += 1
        best = max(best, len(inside))
    return best
