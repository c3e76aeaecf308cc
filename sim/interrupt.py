"""Ctrl-C, a request to end (SIGTERM) and a closed terminal (SIGHUP) stop a run, also where their exception gets lost.

A signal may arrive inside a callback of a compiled library, which prints the exception and goes on. So the signal is
remembered too, and whoever runs long asks between steps. And a library that frees memory of its own must not be left
between two steps: `HeldBack` lets it finish.
"""

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, Self

INTERRUPTED = 130  # exit code of Ctrl-C; of another signal it is 128 + its number too

_pending: list[int] = []


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A class of its own, for `python -m` ends by the signal itself, whatever the exit code, if a
    KeyboardInterrupt proper once left an `exec` of text, as when it arrives while a dataclass is being made.
    """


def catch_signals() -> None:
    """Let SIGINT raise KeyboardInterrupt, SIGTERM and SIGHUP raise SystemExit(128 + number), at once and when next
    asked; SIGHUP unless it is ignored, as under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _remember)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _remember)
    sys.unraisablehook = _report_lost


def _report_lost(lost: Any) -> None:
    """Print an exception that got lost in a callback, unless it is that of a signal, which is remembered."""
    if not (_pending and isinstance(lost.exc_value, Interrupted | SystemExit)):
        sys.__unraisablehook__(lost)


def stop_if_asked() -> None:
    """Raise what a signal that came has to raise; nothing if none came."""
    if _pending:
        _raise(_pending[-1])


def exit_code() -> int:
    """The exit code of the signal that came, 128 + its number; 0 if none came."""
    return 128 + _pending[-1] if _pending else 0


class HeldBack:
    """In this block a signal raises nothing; what came is handled at its end, as if it came then.

    Around calls of a library in Python that a raised exception would leave with an object freed and not marked as
    freed: llvmlite then frees it again, and the process crashes. Does nothing outside the main thread, where no signal
    raises.
    """

    def __init__(self) -> None:
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._came: list[int] = []

    def __enter__(self) -> Self:
        """Put handlers that only take notes in place of those that may raise."""
        if threading.current_thread() is threading.main_thread():
            for number in _RAISING:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Put the handlers back, and let them handle what came."""
        error: BaseException | None = None
        waiting = list(self._before.items())
        while waiting:
            try:
                signal.signal(*waiting[-1])
                waiting.pop()
            except BaseException as raised:  # by a handler that is back in its place: the others must follow
                error = raised
        for number in self._came:
            self._before[number](number, None)
        if error is not None:
            raise error

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came.append(number)


_RAISING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _remember(number: int, frame: object) -> NoReturn:
    _pending.append(number)
    _raise(number)


def _raise(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise Interrupted
    raise SystemExit(128 + number)
