"""A time limit for each call of a user's code, so that code that loops ends the run with an error that names it.

Two watchers count how long a call has lasted, in their own polls (a stopped process ages no call). A thread raises
inside the call: enough for Python code. Compiled code holds the interpreter, and a thread or a signal handler would
wait for it for ever; so a small process (`own_watchdog.py`) ends this process a while later, and prints which code it
was.
"""

import atexit
import ctypes
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .own_watchdog import COUNT, HEADER_BYTES, LABEL_BYTES, LIMIT, SLOT_BYTES, SLOTS, TEXT_BYTES

#: Seconds that a call may take by default.
TIME_LIMIT_S = 20.0
#: Folder where the watchdog process also writes its message, in a file named by the label of the run.
LAST_WORDS = "CLEARSIM_LAST_WORDS"
POLL_S = 0.1
#: Until the exception is raised once more in a call that swallowed it.
AGAIN_S = 1.0


class TimeLimitError(Exception):
    """A call of a user's code gave no answer in time."""


class _OverdueError(BaseException):
    """Raised inside a call that takes too long; no `except Exception` swallows it."""


class _Call:
    """The calls of one thread: `count` is odd inside a call, and rises by one at its start and at its end."""

    def __init__(self, watch: "_Watch", slot: int) -> None:
        self.watch, self.slot = watch, slot
        self.thread = threading.get_ident()
        self.is_main = threading.current_thread() is threading.main_thread()
        self.count, self.fired = 0, -1
        self.seconds, self.who = 0.0, ""
        self.answers_signals = self.is_main and _catch_signal()

    def begin(self, who: str, seconds: float) -> None:
        if who != self.who or seconds != self.seconds:
            self.who, self.seconds = who, seconds
            self.watch.describe(self.slot, who, seconds)
        self.count += 1
        self.watch.counts[self.slot] = self.count

    def end(self) -> None:
        """Leave the call, also if an exception strikes on the way out; no late one comes after this."""
        while True:
            try:
                self.count += self.count & 1
                self.watch.counts[self.slot] = self.count
                if self.fired == self.count - 1:
                    with self.watch.lock:
                        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), None)
                return
            except _OverdueError:
                continue


class _Watch:
    """What the watchers of a process read: a count, a limit and a name for each thread in shared memory."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: list[_Call] = []
        with tempfile.TemporaryFile() as file:
            file.truncate(HEADER_BYTES + SLOTS * SLOT_BYTES)
            self.memory = mmap.mmap(file.fileno(), 0)
            self.process = _start_process(file.fileno())
        self.counts = memoryview(self.memory)[HEADER_BYTES:].cast("q")[:: SLOT_BYTES // 8]
        threading.Thread(target=self._run, daemon=True, name="clearsim-time-limit").start()

    def join(self) -> _Call:
        """The calls of this thread."""
        with self.lock:
            call = _Call(self, min(len(self.calls), SLOTS - 1))
            self.calls.append(call)
        return call

    def describe(self, slot: int, who: str, seconds: float) -> None:
        start = HEADER_BYTES + slot * SLOT_BYTES
        struct.pack_into(LIMIT, self.memory, start + struct.calcsize(COUNT), seconds)
        text = who.encode(errors="replace")[:TEXT_BYTES].ljust(TEXT_BYTES, b"\0")
        self.memory[start + SLOT_BYTES - TEXT_BYTES : start + SLOT_BYTES] = text

    def _run(self) -> None:
        seen: dict[_Call, tuple[int, float]] = {}
        before = time.monotonic()
        while True:
            time.sleep(POLL_S)
            now = time.monotonic()
            passed, before = min(now - before, 2 * POLL_S), now
            for call in list(self.calls):
                count, waited = seen.get(call, (0, 0.0))
                if call.count & 1 and call.count == count:
                    waited += passed
                    if waited > call.seconds:
                        self._interrupt(call)
                        waited -= AGAIN_S
                else:
                    waited = 0.0
                seen[call] = call.count, waited

    def _interrupt(self, call: _Call) -> None:
        with self.lock:
            call.fired = count = call.count
            if not count & 1:
                return
            if call.answers_signals:
                signal.pthread_kill(call.thread, signal.SIGURG)
            elif call.count == count:
                exception = ctypes.py_object(_OverdueError)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(call.thread), exception)


_local = threading.local()
_watch: _Watch | None = None
_making = threading.Lock()


def limited(who: str, seconds: float, call: Callable[..., Any], *args: Any) -> Any:
    """Return `call(*args)`; TimeLimitError if it has no answer after `seconds`. `who` names the code.

    Where that error cannot be raised, because the code is compiled or swallows it, this process is ended.
    """
    mine = _calls_of_thread()
    if mine.count & 1:  # inside another call, which is limited already
        return call(*args)
    trace = None
    try:
        try:
            mine.begin(who, seconds)
            answer = call(*args)
        finally:
            mine.end()
    except _OverdueError as error:
        trace = error.__traceback__
    if mine.fired == mine.count - 1:
        raise TimeLimitError(f"no answer within {seconds:g} s (time_limit_s)").with_traceback(trace)
    return answer


def set_label(label: str) -> None:
    """Name what this process is at work on: the file of the watchdog's last words."""
    if os.environ.get(LAST_WORDS):
        _calls_of_thread().watch.memory[:LABEL_BYTES] = label.encode()[:LABEL_BYTES].ljust(LABEL_BYTES, b"\0")


def _calls_of_thread() -> _Call:
    global _watch
    found: _Call | None = getattr(_local, "calls", None)
    if found is not None:
        return found
    with _making:
        if _watch is None:
            _watch = _Watch()
    _local.calls = _watch.join()
    return _local.calls  # type: ignore[no-any-return]


def _forget() -> None:
    """A forked process starts watchers of its own."""
    global _watch, _local, _making
    _watch, _local, _making = None, threading.local(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _catch_signal() -> bool:
    """Let SIGURG raise in the main thread, where an exception set from outside would wait for the end of a sleep.

    False if the program uses the signal, or there is none.
    """
    if not hasattr(signal, "SIGURG") or signal.getsignal(signal.SIGURG) not in (signal.SIG_DFL, signal.SIG_IGN, _raise):
        return False
    signal.signal(signal.SIGURG, _raise)
    return True


def _raise(number: int, frame: object) -> None:
    call: _Call | None = getattr(_local, "calls", None)
    if call is not None and call.count & 1 and call.fired == call.count:
        _overdue()


def _overdue() -> NoReturn:
    raise _OverdueError


def _start_process(descriptor: int) -> "subprocess.Popen[bytes] | None":
    """The watchdog process; None where file descriptors cannot be passed on."""
    if os.name != "posix":
        return None
    program = str(Path(__file__).with_name("own_watchdog.py"))
    command = [sys.executable, "-I", "-S", program, str(descriptor), str(os.getpid()), os.environ.get(LAST_WORDS, "")]
    process = subprocess.Popen(command, pass_fds=[descriptor], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    atexit.register(_end, process, os.getpid())
    return process


def _end(process: "subprocess.Popen[bytes]", pid: int) -> None:
    if os.getpid() == pid:
        process.kill()
        process.wait()
