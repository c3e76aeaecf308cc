"""The process that ends another one whose user code has not answered in time: `own_watchdog.py DESCRIPTOR PID FOLDER`.

It reads shared memory only, imports the standard library only, and ends with the process that it watches. The memory: a
label, then for each thread a count (odd inside a call), the limit in seconds, and the name of the code.
"""

import mmap
import os
import signal
import struct
import sys
import time
from contextlib import suppress

COUNT, LIMIT = "=q", "=d"
SLOTS, SLOT_BYTES, TEXT_BYTES = 64, 256, 240
HEADER_BYTES, LABEL_BYTES = 256, 64
POLL_S = 0.25
#: Beyond the limit: time for the error that is raised inside the process.
GRACE_S = 6.0


def _watch(memory: mmap.mmap, pid: int) -> str:
    """Return the message of the first call that is overdue; empty once the process has ended."""
    before = [0] * SLOTS
    waited = [0.0] * SLOTS
    last = time.monotonic()
    while os.getppid() == pid:
        time.sleep(POLL_S)
        now = time.monotonic()
        passed, last = min(now - last, 2 * POLL_S), now
        for slot in range(SLOTS):
            start = HEADER_BYTES + slot * SLOT_BYTES
            (count,) = struct.unpack_from(COUNT, memory, start)
            waited[slot] = waited[slot] + passed if count & 1 and count == before[slot] else 0.0
            before[slot] = count
            (limit,) = struct.unpack_from(LIMIT, memory, start + struct.calcsize(COUNT))
            if waited[slot] > limit + GRACE_S:
                return f"{_text(memory, start + SLOT_BYTES - TEXT_BYTES, TEXT_BYTES)} gave no answer within {limit:g} s"
    return ""


def _text(memory: mmap.mmap, start: int, length: int) -> str:
    return memory[start : start + length].rstrip(b"\0").decode(errors="replace")


def _written(folder: str, label: str, message: str) -> bool:
    """Write the message under the label of the run; False if there is none, or no folder."""
    if not folder or not label:
        return False
    try:
        with open(os.path.join(folder, label), "w", encoding="utf-8") as file:
            file.write(message)
    except OSError:
        return False
    return True


def main() -> None:
    """Watch, then end the process and say so: in FOLDER under the label of the run if one is given, else on stderr."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # they reach the whole group; this process ends with its parent
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    descriptor, pid, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    memory = mmap.mmap(descriptor, 0)
    message = _watch(memory, pid)
    if not message:
        return
    message += " (time_limit_s), in code that cannot be interrupted"
    if not _written(folder, _text(memory, 0, LABEL_BYTES), message):
        ended = "the process was ended, and its unfinished folder is removed by the next run beside it"
        with suppress(OSError):
            print(f"{message}; {ended}", file=sys.stderr, flush=True)
    with suppress(ProcessLookupError):
        if os.getppid() == pid:
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
