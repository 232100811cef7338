"""How fast files are read, searched and counted without a screen, beside lnav and ripgrep."""

import json
import os
import random
import shutil
import subprocess
import time

# Such as an operator types: a word, two fields of a line, an expression that many lines nearly match.
PATTERNS = ["deadlock", "level=error.*deadlock", "service=(checkout|auth) .*in [0-9]{3} ms"]
WORDS = ["level", "error", "checkout", "auth", "status", "in", "ms", "path", "2026", "cache", "hit", "0x", "id"]
PIECES = [".", ".*", "[0-9]+", "[^ ]+", r"\s", r"\b", r"\w{2,5}", "(a|e|o)", "=", " ", r"\W", "x?", "$", "^"]


def timed(command):
    """Seconds, most memory in KB and output of the best of five."""
    best, output = None, b""
    for _ in range(5):
        before = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        output = process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
        spent = time.monotonic() - before
        if best is None or spent < best[0]:
            best = (spent, usage.ru_maxrss)
    return (*best, output)


def expression(chance):
    """An expression that both take in the same way."""
    parts = [chance.choice(WORDS + PIECES) for _ in range(chance.randint(1, 4))]
    return "".join(parts)


def search(bench, log):
    ripgrep = shutil.which("rg")
    if not ripgrep:
        return bench.skip("peer rg is not installed: nothing is compared with it")
    for pattern in PATTERNS:
        theirs = timed([ripgrep, "-c", pattern, log])
        ours = timed([bench.options.binary, "logs", "query", "--lines", f"/{pattern}/", log])
        same = theirs[2].strip() == ours[2].strip()
        bench.row(f"lines with {pattern[:30]}", "<= ripgrep, the same count",
                  f"rg {theirs[0]:.3f} s, {int(theirs[2] or 0)}", f"{ours[0]:.3f} s, {int(ours[2] or 0)}",
                  same and ours[0] <= theirs[0])
    chance, seed = random.Random(), random.randrange(1 << 30)
    chance.seed(seed)
    differ = []
    small = os.path.join(bench.folder("files"), "small.log")
    with open(log, "rb") as source, open(small, "wb") as file:
        file.write(source.read(4 << 20))
    for _ in range(200):
        pattern = expression(chance)
        theirs = subprocess.run([ripgrep, "-c", "--", pattern, small], capture_output=True).stdout.strip() or b"0"
        slashed = pattern.replace("/", r"\/")
        command = [bench.options.binary, "logs", "query", "--lines", f"/{slashed}/", small]
        ours = subprocess.run(command, capture_output=True).stdout.strip()
        if ours != theirs:
            differ.append((pattern, theirs, ours))
    bench.row(f"200 expressions, seed {seed}", "as many lines as ripgrep", "", f"{len(differ)} differ {differ[:3]}", not differ)


def stats(bench, log):
    ours = timed([bench.options.binary, "logs", "stats", "-o", "json", log])
    lines = json.loads(ours[2])["files"][0]["lines"]
    said = f"{ours[0]:.2f} s, {ours[1] / 1024:.0f} MB, {lines / ours[0] / 1e6:.1f} M lines/s"
    if not bench.lnav:
        return bench.row("whole file, levels and times", "1/3 of lnav", "", said, True)
    query = ";select count(*), log_level from all_logs group by log_level"
    theirs = timed([bench.lnav, "-n", "-c", query, log])
    bench.row("whole file, levels and times", "<= 1/3 of lnav, time and memory",
              f"lnav {theirs[0]:.2f} s, {theirs[1] / 1024:.0f} MB", said,
              ours[0] * 3 <= theirs[0] and ours[1] * 3 <= theirs[1])


def files(bench):
    log = bench.options.log
    if not log:
        return bench.skip("--log FILE names no file: nothing is read beside lnav and ripgrep")
    with open(log, "rb") as file:  # so that nobody pays for the disk
        while file.read(1 << 24):
            pass
    stats(bench, log)
    search(bench, log)
