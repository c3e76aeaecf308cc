"""The one decorator of all kernels, and where their compiled code is kept.

numba's cache does not notice an edit in an imported helper file, nor a changed NUMBA_BOUNDSCHECK, so the cache
directory is keyed by a hash of `sim/kernels/`, `sim/clearing/`, `sim/events.py` and of the flags. Import this module
before numba is imported anywhere else. `_nrt=False` (no reference counting) makes array-heavy kernels several times
faster; it is a private flag of numba, so a TypeError falls back to the public form.
"""

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _kernel_fingerprint() -> str:
    digest = hashlib.sha256()
    here = Path(__file__).parent
    rules = (here.parent / "clearing").rglob("*.py")  # rules of clearing hold their own kernels
    for path in [here.parent / "events.py", *sorted(here.rglob("*.py")), *sorted(rules)]:  # events.py: its constants
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    for name in ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT", "NUMBA_OPT", "NUMBA_CPU_NAME"):
        digest.update(f"{name}={os.environ.get(name, '')}".encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Return where compiled kernels are kept; CLEARSIM_CACHE_DIR overrides the user's cache folder."""
    root = os.environ.get("CLEARSIM_CACHE_DIR")
    base = Path(root) if root else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clearsim"
    return base / "kernels" / _kernel_fingerprint()


def _settle_cache() -> str:
    """Make the cache directory and return ""; where that fails, let this process and its children use one that goes
    with it, and return why: numba would choose a place by itself, where old code may lie."""
    try:
        wanted = cache_directory()
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return ""
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        temporary = tempfile.mkdtemp(prefix="clearsim-kernels-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        os.environ["CLEARSIM_CACHE_DIR"] = temporary
        return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)


os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_OPT", "1")  # compiles in five sixths of the time of 3, and kernels run as fast

#: Why kernels are compiled anew by every start: the folder that cannot be written and the reason; "" if they are kept.
NOT_KEPT = _settle_cache()

os.environ["NUMBA_CACHE_DIR"] = str(cache_directory())

import numba  # noqa: E402  (must come after the cache directory is set)
from numba.core import types  # noqa: E402
from numba.core.caching import FunctionCache  # noqa: E402

numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]  # type: ignore[attr-defined]

from .records import RecordArrays, WaitingArrays  # noqa: E402
from .state import AccountArrays, LogArrays, MarketArrays  # noqa: E402
from .structs import by_address  # noqa: E402

Kernel = Callable[..., Any]

for _struct in (AccountArrays, LogArrays, MarketArrays, RecordArrays, WaitingArrays):
    by_address(_struct)  # here, since their modules are imported without numba

_OPTIONS: dict[str, Any] = {"cache": True, "error_model": "numpy"}
_PRIVATE: dict[str, Any] = {"_nrt": False}  # flags of numba that may go: without them kernels are slower, not wrong


def kernel(function: Kernel) -> Kernel:
    """Compile `function` lazily, without Python objects, fastmath, threads or reference counting; cached on disk.

    There are two compiled forms, each made when first needed: the one that is returned is called from Python; other
    kernels call one without the code that takes Python arguments apart, which takes half of the time to compile it.
    """
    outer: Any = _compile(function, {**_PRIVATE, "no_cfunc_wrapper": True})
    if not hasattr(outer, "get_call_template"):  # NUMBA_DISABLE_JIT: a plain function
        return outer  # type: ignore[no-any-return]
    inner: Any = _compile(function, {**_PRIVATE, "no_cpython_wrapper": True, "no_cfunc_wrapper": True})
    inner._cache = _InnerCache(function)
    outer.get_call_template = inner.get_call_template
    outer.get_overload = inner.get_overload
    return outer  # type: ignore[no-any-return]


class _InnerCache(FunctionCache):
    """Cache of the form that kernels call, told apart from the form that Python calls."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), "inner")


def inlined_kernel(function: Kernel) -> Kernel:
    """A small step of a hot path: its machine code is put into the kernels that call it, and Python cannot call it.

    A call would cost more than the step, above all where arrays are passed by value (eight words each). The entry point
    for Python, which is left out, takes half of the time to compile it.
    """
    return _refuse_python(
        _compile(function, {**_PRIVATE, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True})
    )


def _compile(function: Kernel, private: dict[str, Any]) -> Kernel:
    try:
        return _without_literals(numba.njit(**_OPTIONS, **private)(function))
    except TypeError:
        return _without_literals(numba.njit(**_OPTIONS)(function))


def _refuse_python(dispatcher: Any) -> Kernel:
    """Make a call from Python raise TypeError: without an entry point it would crash the process."""
    if hasattr(dispatcher, "_compile_for_args"):

        def refuse(*args: Any, **kws: Any) -> Any:
            raise TypeError(f"{dispatcher.__name__} is an inlined kernel: only kernels can call it")

        dispatcher._insert = lambda *args, **kws: None  # never among the forms that Python finds
        dispatcher._compile_for_args = refuse
    return dispatcher  # type: ignore[no-any-return]


def _without_literals(dispatcher: Any) -> Kernel:
    """Let kernels called with constants share one compiled form: numba would compile one per constant otherwise."""
    resolve = getattr(dispatcher, "get_call_template", None)
    if resolve is None:  # NUMBA_DISABLE_JIT: a plain function
        return dispatcher  # type: ignore[no-any-return]

    def resolve_plain(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return resolve(tuple(types.unliteral(kind) for kind in args), plain)

    dispatcher.get_call_template = resolve_plain
    return dispatcher  # type: ignore[no-any-return]


def is_cache_cold() -> bool:
    """True if no run has ended yet with this code and these flags: the first one compiles for a while."""
    return not _marker().exists()


def mark_cache_warm() -> None:
    """Note that a run has ended, so that what it needs is compiled. A cache that cannot be written stays cold."""
    with contextlib.suppress(OSError):
        _marker().parent.mkdir(parents=True, exist_ok=True)
        _marker().touch()


def _marker() -> Path:
    return cache_directory() / "warm"
