"""The decorators of this folder's kernels: those of all kernels, with a cache that also notices edits in this folder.

numba's cache does not see an edit in an imported file. `sim/kernels/jit.py` keys its folder by the kernels of the full
engine; here a folder below it is keyed by these files, so that an edit here compiles nothing of the full engine anew.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clearsim.kernels.jit

Kernel = Callable[..., Any]
shared: Any = clearsim.kernels.jit


def cache_directory() -> Path:
    """Return where compiled kernels of this folder are kept."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    folder: Path = shared.cache_directory()
    return folder / f"reduced-{digest.hexdigest()[:16]}"


_DIRECTORY = str(cache_directory())


def kernel(function: Kernel) -> Kernel:
    """Compile `function` as `clearsim.kernels.jit.kernel` does."""
    return _cached_here(shared.kernel, function)


def inlined_kernel(function: Kernel) -> Kernel:
    """Compile `function` into the kernels that call it, as `clearsim.kernels.jit.inlined_kernel` does."""
    return _cached_here(shared.inlined_kernel, function)


def _cached_here(decorator: Callable[[Kernel], Kernel], function: Kernel) -> Kernel:
    """Decorate; numba reads the place of its cache when it decorates, not when it compiles."""
    settings = shared.numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = _DIRECTORY
    try:
        return decorator(function)
    finally:
        settings.CACHE_DIR = before
