"""Key to paint while a thousand alerts fire, of which each answer ends some and begins others."""

import copy

import endpoints
from endpoints import Endpoint, Endpoints, fixture
from faults import typing
from sources import text, written

ALERTS = 1000
SILENCES = 1000
# So many are others in each answer.
OTHERS = 100
SECONDS = 30


def storm(bench):
    """Types at random moments while all of it is asked each 2 s."""
    at = "2026-11-22T05:58:45+00:00"
    alert, silence = (fixture(f"alertmanager/{name}.json", at)[0] for name in ("alerts", "silences"))
    answers = {"count": 0}

    def one_alert(number):
        made = copy.deepcopy(alert)
        made["fingerprint"] = f"{number:016x}"
        made["labels"] |= {"alertname": f"Storm{number % 40}", "instance": f"node-{number}:9100", "severity": ["critical", "warning", "info"][number % 3]}
        return made

    def one_silence(number):
        made = copy.deepcopy(silence)
        made["id"] = f"00000000-0000-4000-8000-{number:012x}"
        made["matchers"] = [{"name": "instance", "value": f"node-{number}:9100", "isRegex": False, "isEqual": True}]
        return made

    silences = [one_silence(number) for number in range(SILENCES)]

    def found(asked):
        if asked.place == "/api/v2/alerts":
            answers["count"] += 1
            first = answers["count"] * OTHERS
            return [one_alert(number) for number in range(first, first + ALERTS)]
        return silences if asked.place == "/api/v2/silences" else None

    server = Endpoint(endpoints.pages(found))
    Endpoints([server])
    keys = [f"url = {text(server.url())}", 'every = "2s"', "allow_plaintext = true"]
    program = bench.console(written(bench.folder("storm"), {"storm": ("alertmanager", keys)}))
    bench.drawn(program)
    program.listen(5)
    echo = bench.echo()
    ours, floor = typing(program, echo, SECONDS)
    echo.end()
    peak = program.memory("VmHWM") / 1024
    program.end()
    at = int(len(ours) * 0.99)
    bench.row(f"storm, {ALERTS:,} alerts, {OTHERS} others each 2 s: p99", "<= 16 ms more than cat", f"cat {floor[at]:.1f} ms",
              f"{ours[at]:.1f} ms (p50 {ours[len(ours) // 2]:.1f}, {len(ours)} keys, worst {ours[-1]:.0f}, {answers['count']} answers, {peak:.0f} MB)",
              ours[at] <= 16 + floor[at] and answers["count"] >= SECONDS // 4)
