"""The first start of all, when kernels are compiled: tell the user, and let a second process compile half of them.

The run compiles the kernels of trading as it meets them; `clearsim.engine.warm` compiles those of clearing meanwhile.
Both write to the same cache, so whichever comes later finds what it needs there.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MESSAGE = "compiling kernels (first start only, about half a minute on two cores)"
EVERY_TIME = (
    "compiling kernels (about half a minute on two cores, and so at every start, for they cannot be kept: {reason};"
    " set CLEARSIM_CACHE_DIR to a folder that can be written)"
)


@contextmanager
def first_start(say: Callable[[str], None]) -> Iterator[None]:
    """Around a run: if no run has ended yet with this code, say that kernels are being compiled, and compile ahead."""
    from ..kernels.jit import NOT_KEPT, is_cache_cold, mark_cache_warm

    if not is_cache_cold():
        yield
        return
    say(EVERY_TIME.format(reason=NOT_KEPT) if NOT_KEPT else MESSAGE)
    helper = _compile_ahead()
    gc.disable()  # the compiler makes millions of objects that live on: to look through them takes a tenth of its time
    try:
        yield
        mark_cache_warm()
    finally:
        gc.enable()
        if helper is not None:
            helper.terminate()
            helper.wait()


def _compile_ahead() -> subprocess.Popen[bytes] | None:
    """Start the second process if there is a second core."""
    if (os.cpu_count() or 1) < 2:
        return None
    command = [sys.executable, "-m", "clearsim.engine.warm"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
