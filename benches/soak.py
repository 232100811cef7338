"""Ten minutes of 10,000 long lines a second, over four files that are rotated: memory is within its bound and flat."""

import os
import time

STREAMS = 4
RATE = 10_000
# So long that the budget of 256 MiB is full within the first minute.
LONG = 600
SECONDS = 600
# How often a file is renamed and begun anew; the one before goes.
ROTATED = 45
BUDGET = 256 << 20
# What the console itself has, and pieces that are not given back at once.
BESIDE = 40 << 20


def write(folder, seconds, log):
    """A process that writes all of it, in pieces of 10 ms."""
    pid = os.fork()
    if pid:
        return pid
    try:
        log.count, start, done, rotated = 0, time.monotonic(), 0, 0
        filler = b" stack=" + b"com.example.checkout.Handler:" * ((LONG - 150) // 29) + b"\n"
        files = [open(os.path.join(folder, f"{n}.log"), "ab", buffering=0) for n in range(STREAMS)]
        while done < RATE * seconds:
            spent = time.monotonic() - start
            due = min(RATE * seconds, int(spent * RATE) + 1)
            if due > done:
                files[due % STREAMS].write(log.lines(due - done, RATE).replace(b"\n", filler))
                done = due
            if spent // ROTATED > rotated:
                rotated += 1
                for n, file in enumerate(files):
                    path = os.path.join(folder, f"{n}.log")
                    os.rename(path, f"{path}.1")
                    file.close()
                    files[n] = open(path, "ab", buffering=0)
            time.sleep(0.01)
        with open(os.path.join(folder, "done"), "w", encoding="ascii") as file:
            file.write(str(done))
    finally:
        os._exit(0)


def soak(bench, log):
    seconds = 150 if bench.options.quick else SECONDS
    folder = bench.folder("soak")
    for n in range(STREAMS):
        open(os.path.join(folder, f"{n}.log"), "wb").close()
    program = bench.console(bench.config("soak", [['kind = "file"', f'paths = ["{folder}/*.log"]']]))
    bench.drawn(program)
    program.type(b"2f")
    began, cpu = time.monotonic(), program.cpu()
    # The first minute fills the budget. What is full moves a little: batches are put together and given back.
    parts = [0, 0, 0]
    pid, told = write(folder, seconds, log), 0
    while not os.waitpid(pid, os.WNOHANG)[0]:
        program.listen(0.5)
        passed, now = time.monotonic() - began, program.memory("VmRSS") * 1024
        if passed > 60:
            part = min(2, int((passed - 60) * 3 / (seconds - 60)))
            parts[part] = max(parts[part], now)
        if passed // 60 > told:
            told += 1
            print(f"      after {told} min: {now >> 20} MiB", flush=True)
    spent = (program.cpu() - cpu) / (time.monotonic() - began) * 100
    newest = f"n={RATE * seconds - 1} ".encode()
    program.listen(2)
    program.tail = b""
    program.type(b"\x0c")
    shown = program.until(lambda: newest in program.text(), 20)
    peak = program.memory("VmHWM") * 1024
    alive = program.is_alive()
    program.end()
    what = f"soak, {RATE:,} lines/s of {LONG} B for {seconds} s"
    bench.row(f"{what}: memory, by thirds after the first minute", "the last <= 5 % more than the first", "",
              ", ".join(f"{part >> 20}" for part in parts) + " MiB at most", alive and parts[2] <= parts[0] * 1.05)
    bench.row(f"{what}: the most it had", "<= 256 MiB and 40", "", f"{peak >> 20} MiB", peak <= BUDGET + BESIDE)
    bench.row(f"{what}: the newest line shows", "it does", "", f"{'yes' if shown else 'no'} ({spent:.1f} % CPU)", shown is not None)
