"""On the first run, notes that kernels are being compiled and compiles half of them in a second process.

The run compiles the kernels of trading as it meets them; `clearsim.engine.warm` compiles those of clearing in parallel.
Both write to the same cache folder, so each can load what the other has compiled.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MESSAGE = "compiling kernels (once on this machine, up to half a minute on two cores)"
EVERY_TIME = (
    "compiling kernels (about half a minute on two cores, at every start, because they cannot be cached: {reason};"
    " set CLEARSIM_CACHE_DIR to a writable folder)"
)
#: The kernels of the reduced engine are few: no second process.
_REDUCED = f"{__name__.partition('.')[0]}.reduced."


def is_cache_cold() -> bool:
    """True if the kernels of every run with a book have to be compiled."""
    from ..kernels.jit import PLAIN

    if PLAIN:
        return False
    from ..kernels.cache import is_kept
    from ..kernels.step import settle_tick, trade

    return not (is_kept(trade) and is_kept(settle_tick))


@contextmanager
def first_start(say: Callable[[str], None]) -> Iterator[None]:
    """Context of a run: when the first kernel has to be compiled, note it and compile ahead."""
    from ..kernels.jit import PLAIN

    if PLAIN:
        yield
        return
    from ..kernels.cache import on_compiling

    start = _Start(say)
    with on_compiling(start.on_compiling):
        try:
            yield
        finally:
            start.end()


@contextmanager
def announced_start(say: Callable[[str], None]) -> Iterator[None]:
    """Context of a run in another process that has to compile kernels: note it and compile ahead at once."""
    start = _Start(say)
    start.begin(is_helped=True)
    try:
        yield
    finally:
        start.end()


class _Start:
    """A run whose kernels may have to be compiled."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._has_begun = False
        self._helper: subprocess.Popen[bytes] | None = None

    def on_compiling(self, function: Any) -> None:
        """As `begin`, when the first kernel has to be compiled."""
        if not self._has_begun:
            self.begin(is_helped=not function.__module__.startswith(_REDUCED))

    def begin(self, *, is_helped: bool) -> None:
        """Print the message; start the second process if it helps."""
        from ..kernels.cache import why_not_kept

        self._has_begun = True
        reason = why_not_kept()
        self._say(EVERY_TIME.format(reason=reason) if reason else MESSAGE)
        if is_helped:
            self._helper = _compile_ahead()
        gc.disable()  # the compiler makes millions of objects that stay alive: a collection costs a tenth of its time

    def end(self) -> None:
        """End the second process, whether or not it has finished."""
        if self._has_begun:
            gc.enable()
        if self._helper is not None:
            self._helper.terminate()
            self._helper.wait()


def _compile_ahead() -> subprocess.Popen[bytes] | None:
    """Start the second process if there is a second core."""
    if (os.cpu_count() or 1) < 2:
        return None
    command = [sys.executable, "-m", "clearsim.engine.warm"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
