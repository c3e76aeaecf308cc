"""Ctrl-C, a request to end (SIGTERM) and a closed terminal (SIGHUP) stop a run, also where their exception gets lost.

A signal may arrive inside a callback of a compiled library, which prints the exception and goes on. So the signal is
remembered too, and whoever runs long asks between steps.
"""

import signal
import sys
from typing import Any, NoReturn

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


def _remember(number: int, frame: object) -> NoReturn:
    _pending.append(number)
    _raise(number)


def _raise(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise Interrupted
    raise SystemExit(128 + number)
