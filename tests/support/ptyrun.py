"""Runs a program in a pseudo-terminal and measures it from outside: bytes, CPU, memory, life."""

import base64
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time

ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")

# Letters that no screen shows: what is painted of them was typed.
LETTERS = [letter.encode() for letter in "\u0436\u0437\u0439\u043b\u043d\u0444\u0446\u0448\u044f\u044e"]


class Program:
    """A child on a terminal of its own. Nothing it writes is lost: `read` must be called often."""

    def __init__(self, argv, size=(120, 40), env=None, ignore_hup=False, cwd=None):
        columns, rows = size
        self.start = time.monotonic()
        self.size = size
        self.bytes = 0
        self.tail = b""  # the newest output, for looking at
        self.ended = None  # (status, rusage) once it was reaped
        self.cpu_of = {}  # thread -> seconds seen last: threads that ended count too
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                if ignore_hup:
                    signal.signal(signal.SIGHUP, signal.SIG_IGN)
                if cwd:
                    os.chdir(cwd)
                wanted = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})}
                os.execvpe(argv[0], argv, {**os.environ, **wanted})
            finally:
                os._exit(127)

    def read(self, wait=0.0):
        """What the program writes within `wait` seconds, up to the first piece; b"" if nothing."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, wait))
        if not ready:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return b""
        # Programs that ask the terminal wait for an answer.
        if b"\x1b[6n" in data:
            self.type(b"\x1b[1;1R")
        if b"\x1b[c" in data:
            self.type(b"\x1b[?62;22c")
        self.bytes += len(data)
        self.tail = (self.tail + data)[-(1 << 18):]
        return data

    def text(self):
        """The newest output without its escape sequences."""
        return ESCAPES.sub(b"", self.tail)

    def screen(self):
        """The rows of the screen, painted anew; None if that does not come."""
        self.tail = b""
        self.type(b"\x0c")
        if self.until(lambda: self.tail, 5) is None:
            return None
        self.listen(0.3)
        return rows(self.tail, self.size)

    def until(self, wanted, deadline):
        """Reads until `wanted()`; returns when that was, or None after `deadline` seconds."""
        end = time.monotonic() + deadline
        while not wanted():
            if time.monotonic() > end or not self.is_alive():
                return None
            self.read(0.05)
        return time.monotonic()

    def expect(self, text, deadline):
        """Reads until that is on the screen; raises if it does not come, as what follows measures nothing then."""
        if self.until(lambda: text in self.text(), deadline) is None:
            raise RuntimeError(f"{text} did not come in {deadline} s: {self.text()[-400:]}")

    def listen(self, seconds, each=None):
        """Reads for so long; `each(data)` hears every piece. CPU is sampled meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            data = self.read(min(left, 0.1))
            self.cpu()
            if data and each:
                each(data)

    def type(self, keys):
        os.write(self.fd, keys)

    def typed(self, letter):
        """Seconds from a key to its paint. The letter must stand nowhere on the screen."""
        self.tail = b""
        sent = time.monotonic()
        self.type(letter)
        return (self.until(lambda: letter in self.tail, 2) or float("inf")) - sent

    def cpu(self):
        """CPU seconds so far, to the nanosecond."""
        tasks = f"/proc/{self.pid}/task"
        try:
            for task in os.listdir(tasks):
                with open(f"{tasks}/{task}/schedstat") as stat:
                    self.cpu_of[task] = int(stat.read().split()[0]) / 1e9
        except OSError:
            pass
        return sum(self.cpu_of.values())

    def memory(self, field="VmRSS"):
        """Kilobytes of memory: resident now, or at most with `VmHWM`."""
        try:
            with open(f"/proc/{self.pid}/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith(field))
        except (OSError, StopIteration):
            return 0

    def is_alive(self):
        if self.ended is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.ended = (status, usage)
        return self.ended is None

    def hang_up(self, limit):
        """Closes the terminal; returns (seconds until gone, or None; CPU seconds that took)."""
        before, start = self.cpu(), time.monotonic()
        os.close(self.fd)
        self.fd = -1
        while self.is_alive() and time.monotonic() - start < limit:
            time.sleep(0.002)
        lived = time.monotonic() - start
        if self.ended is None:
            return None, self.cpu() - before
        usage = self.ended[1]
        return lived, max(0.0, usage.ru_utime + usage.ru_stime - before)

    def end(self):
        """Ends it, whatever it does."""
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            _, status, usage = os.wait4(self.pid, 0)
            self.ended = (status, usage)
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


STEPS = re.compile(r"\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(.)", re.DOTALL)


def rows(painted, size):
    """What stands on an empty screen after these bytes, of the sequences that the console writes."""
    columns, lines = size
    cells, row, column = [[" "] * columns for _ in range(lines)], 0, 0
    for numbers, what, letter in STEPS.findall(painted.decode(errors="replace")):
        given = [int(number or 1) for number in numbers.split(";")] if "?" not in numbers else [1]
        if what == "H":
            row, column = given[0] - 1, (given[1:] or [1])[0] - 1
        elif what in ("A", "B"):
            row += given[0] if what == "B" else -given[0]
        elif what in ("C", "D"):
            column += given[0] if what == "C" else -given[0]
        elif what == "G":
            column = given[0] - 1
        elif what == "J":
            cells = [[" "] * columns for _ in range(lines)]
        elif what == "K":
            cells[row][column:] = [" "] * (columns - column)
        elif letter == "\r":
            column = 0
        elif letter == "\n":
            row = min(row + 1, lines - 1)
        elif letter >= " " and row < lines and column < columns:
            cells[row][column] = letter
            column += 1
    return ["".join(one).rstrip() for one in cells]


def recorded(path):
    """The lines of the log streams in a recording, in order, without midwatch's own remarks."""
    with open(path, encoding="utf-8") as tape:
        for item in map(json.loads, tape):
            for line in item.get("lines", {}).get("lines", []):
                told = line if "text" in line else {"text": line}
                if not told.get("note"):
                    text = told["text"]
                    yield text if isinstance(text, str) else base64.b64decode(text["base64"]).decode(errors="replace")
