"""Ctrl-C and a request to end (SIGTERM) stop a run, also where the exception that they raise gets lost.

A signal may arrive inside a callback of a compiled library, which prints the exception and goes on. So the signal is
remembered too, and whoever runs long asks between steps.
"""

import signal
from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143  # exit codes, 128 + the signal's number

_pending: list[int] = []


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A class of its own, for `python -m` ends by the signal itself, whatever the exit code, if a
    KeyboardInterrupt proper once left an `exec` of text, as when it arrives while a dataclass is being made.
    """


def catch_signals() -> None:
    """Let SIGINT raise KeyboardInterrupt and SIGTERM raise SystemExit(143), at once and when next asked."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _remember)


def stop_if_asked() -> None:
    """Raise what a signal that came has to raise; nothing if none came."""
    if _pending:
        _raise(_pending[-1])


def _remember(number: int, frame: object) -> NoReturn:
    _pending.append(number)
    _raise(number)


def _raise(number: int) -> NoReturn:
    if number == signal.SIGTERM:
        raise SystemExit(TERMINATED)
    raise Interrupted
