"""How fast files are read, searched and counted without a screen, beside lnav and ripgrep."""

import json
import os
import random
import shutil
import statistics
import subprocess
import time

from ptyrun import LETTERS

# Such as an operator types: a word, two fields of a line, an expression that many lines nearly match.
PATTERNS = ["deadlock", "level=error.*deadlock", "service=(checkout|auth) .*in [0-9]{3} ms"]
WORDS = ["level", "error", "checkout", "auth", "status", "in", "ms", "path", "2026", "cache", "hit", "0x", "id"]
PIECES = [".", ".*", "[0-9]+", "[^ ]+", r"\s", r"\b", r"\w{2,5}", "(a|e|o)", "=", " ", r"\W", "x?", "$", "^"]


def timed(command):
    """Seconds of the best of five, and what was printed."""
    best, output = None, b""
    for _ in range(5):
        before = time.monotonic()
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        spent = time.monotonic() - before
        best = spent if best is None else min(best, spent)
    return best, output


def memory(command):
    """The most memory that it had, in KB. What the system tells at the end counts this program, too."""
    process, most = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), 0
    # Not before it is the program that was asked for: until then it has what this one has.
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                found = dict(line.split(":", 1) for line in status)
        except OSError:
            break
        if found["Name"].strip() == os.path.basename(command[0])[:15] and "VmHWM" in found:
            most = max(most, int(found["VmHWM"].split()[0]))
        time.sleep(0.002)
    process.wait()
    return most


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
        same = theirs[1].strip() == ours[1].strip()
        bench.row(f"lines with {pattern[:30]}", "<= ripgrep, the same count",
                  f"rg {theirs[0]:.3f} s, {int(theirs[1] or 0)}", f"{ours[0]:.3f} s, {int(ours[1] or 0)}",
                  same and ours[0] <= theirs[0])
    chance, seed = random.Random(), random.randrange(1 << 30)
    chance.seed(seed)
    differ, settled = [], 0
    small = os.path.join(bench.folder("files"), "small.log")
    with open(log, "rb") as source, open(small, "wb") as file:
        file.write(source.read(4 << 20))
    for _ in range(200):
        pattern = expression(chance)
        theirs = subprocess.run([ripgrep, "-c", "--", pattern, small], capture_output=True).stdout.strip() or b"0"
        slashed = pattern.replace("/", r"\/")
        command = [bench.options.binary, "logs", "query", "--lines", f"/{slashed}/", small]
        ours = subprocess.run(command, capture_output=True).stdout.strip()
        if ours == theirs:
            continue
        # ripgrep 13 counts too few for `\b^`: a third one decides.
        command = ["grep", "-cP", "--", pattern, small]
        third = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout.strip()
        settled += ours == third
        if ours != third:
            differ.append((pattern, theirs, third, ours))
    bench.row(f"200 expressions, seed {seed}", "as many lines as ripgrep, or grep -P", f"{settled} of grep -P",
              f"{len(differ)} differ {differ[:3]}", not differ)


def stats(bench, log):
    command = [bench.options.binary, "logs", "stats", "-o", "json", log]
    (ours, output), held = timed(command), memory(command)
    lines = json.loads(output)["files"][0]["lines"]
    said = f"{ours:.2f} s, {held / 1024:.0f} MB, {lines / ours / 1e6:.1f} M lines/s"
    if not bench.lnav:
        return bench.row("whole file, levels and times", "1/3 of lnav", "", said, True)
    query = ";select count(*), log_level from all_logs group by log_level"
    command = [bench.lnav, "-n", "-c", query, log]
    theirs, peer = timed(command)[0], memory(command)
    bench.row("whole file, levels and times", "<= 1/3 of lnav, time and memory",
              f"lnav {theirs:.2f} s, {peer / 1024:.0f} MB", said, ours * 3 <= theirs and held * 3 <= peer)


def last_line(log, word):
    """How the last line with this word begins, as far as it is of no other line."""
    with open(log, "rb") as file:
        file.seek(max(0, os.path.getsize(log) - (1 << 20)))
        lines = [line for line in file.read().splitlines()[1:] if word in line]
    return lines[-1][:30] if lines else None


def opening(bench, log):
    """How soon the console shows the end of a file, hits, and its beginning."""
    first, hits, word = [], [], b"deadlock"
    end = last_line(log, b"")
    with open(log, "rb") as file:
        beginning = file.readline()[:30].decode()
    for _ in range(5):
        # So wide that hits are in sight.
        program = bench.console(bench.config("opening", []), "open", log, size=(300, 40))
        first.append((program.until(lambda: end in program.text(), 10) or float("inf")) - program.start)
        program.type(b"/" + word)
        program.listen(0.2)
        program.tail, sent = b"", time.monotonic()
        program.type(b"\r")
        # The title has it too.
        hits.append((program.until(lambda: program.text().count(word) > 2, 10) or float("inf")) - sent)
        program.type(b"\x1b")
        # What asks for the screen types ctrl-l, which right behind Esc is another key.
        program.listen(0.2)
        while any("of the file known" in row for row in program.screen() or []):
            program.listen(0.2)
        program.type(b"g")
        program.listen(0.2)
        went = any(beginning in row for row in program.screen() or [])
        held = program.memory("VmHWM") / 1024
        program.end()
    ms = [min(found) * 1000 for found in (first, hits)]
    bench.row("opening a file: first screen", "<= 50 ms", "", f"{ms[0]:.0f} ms", ms[0] <= 50)
    bench.row("  first hits on screen", "<= 50 ms", "", f"{ms[1]:.0f} ms, while the file is learnt", ms[1] <= 50)
    bench.row("  from its end to its beginning", "in 0.2 s", "", f"{'yes' if went else 'no'}, {held:.0f} MB held at most", went)


def keys(bench, log):
    """How soon a key is painted while all cores mine the patterns of the file."""
    times = {}
    for _ in range(3 if bench.options.quick else 8):
        echo, program = bench.echo(), bench.console(bench.config("mining", []), "open", log)
        program.until(lambda: b"INFO" in program.text() or b"info" in program.text(), 10)
        while any("of the file known" in row for row in program.screen() or []):
            program.listen(0.2)
        program.type(b"P")
        program.listen(0.2)
        program.type(b";")
        program.expect(b"(h x d t u)", 5)
        begun = program.cpu()
        for number in range(60):
            for kind, one in (("ours", program), ("cat", echo)):
                times.setdefault(kind, []).append(one.typed(LETTERS[number % len(LETTERS)]))
            program.type(b"\x7f")
            program.listen(0.010 + number % 7 / 500)
        busy = program.cpu() - begun
        times.setdefault("cpu", []).append(busy)
        program.end()
        echo.end()
    ours, floor = (sorted(value * 1000 for value in times[kind]) for kind in ("ours", "cat"))
    at = int(len(ours) * 0.99)
    bench.row("key to paint while a file is mined: p99 of typing", "<= 16 ms more than cat", f"cat {floor[at]:.1f} ms",
              f"{ours[at]:.1f} ms ({len(ours)} keys, worst {ours[-1]:.0f}, {statistics.mean(times['cpu']):.1f} s of CPU meanwhile)",
              ours[at] <= 16 + floor[at])


def files(bench):
    log = bench.options.log
    if not log:
        return bench.skip("--log FILE names no file: nothing is read beside lnav and ripgrep")
    with open(log, "rb") as file:  # so that nobody pays for the disk
        while file.read(1 << 24):
            pass
    opening(bench, log)
    keys(bench, log)
    stats(bench, log)
    search(bench, log)
