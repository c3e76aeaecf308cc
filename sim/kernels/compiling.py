"""Compiles a kernel with numba. Imports numba, so the first call of a kernel imports this module.

No setting of numba stays changed, even if imported earlier. `_nrt=False` (no reference counting) makes array-heavy
kernels several times faster; it is a private flag of numba, so a TypeError falls back to the public form.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import clearsim.kernels.addresses  # noqa: F401  (makes numba know structs of arrays)
import numba
from numba.core import config, types
from numba.core.compiler import Flags

from ..interrupt import HeldBack
from .cache import KernelCache

Function = Callable[..., Any]

_OPTIONS: dict[str, Any] = {"error_model": "numpy"}
_PRIVATE: dict[str, Any] = {"_nrt": False}  # optional flags of numba: without them kernels are slower, not wrong


def make_dispatcher(function: Function, *, is_inlined: bool) -> Any:
    """Return numba's dispatcher of a kernel (see `jit.kernel`) or of an inlined one."""
    if is_inlined:
        options = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        return _refuse_python(_make(function, options, form="inlined"))
    outer = _make(function, {"no_cfunc_wrapper": True}, form="outer")
    inner = _make(function, {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}, form="inner")
    outer.get_call_template = inner.get_call_template
    outer.get_overload = inner.get_overload
    return outer


def _make(function: Function, private: dict[str, Any], *, form: str) -> Any:
    try:
        dispatcher = numba.njit(**_OPTIONS, **_PRIVATE, **private)(function)
    except TypeError:
        dispatcher = numba.njit(**_OPTIONS)(function)
    dispatcher._cache = KernelCache(function, form)
    dispatcher._compiler._customize_flags = _QuickFlags
    _optimise_lightly(dispatcher)
    _compile_without_signals(dispatcher)
    _resolve_without_literals(dispatcher)
    return dispatcher


def _compile_without_signals(dispatcher: Any) -> None:
    """Let a compilation, or the loading of kept code, end before Ctrl-C raises: see `HeldBack`."""
    compile_for_args = dispatcher._compile_for_args

    def compile_whole(*args: Any, **kws: Any) -> Any:
        with HeldBack():
            return compile_for_args(*args, **kws)

    dispatcher._compile_for_args = compile_whole


class _QuickFlags(Flags):
    """Flags of a compilation that are compared fast: numba looks every built-in up by them, and reads 30 options each
    time, a tenth of all compiling. Equal to the flags that they are made of, with the same hash."""

    __slots__ = ()
    _HASH = hash(Flags())  # of the names of the options: the same for all flags

    def __eq__(self, other: object) -> bool:
        """True if all options are equal: those that neither sets are."""
        if self is other:
            return True
        if not isinstance(other, Flags):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._values.keys() | other._values.keys())

    def __hash__(self) -> int:
        """As the flags that they are made of."""
        return self._HASH


def _optimise_lightly(dispatcher: Any) -> None:
    """Compile at level 1: it takes five sixths of the time of level 3, and kernels run as fast."""
    compile_fully = dispatcher._compiler.compile

    def compile_lightly(args: Any, return_type: Any) -> Any:
        with _light_optimisation():
            return compile_fully(args, return_type)

    dispatcher._compiler.compile = compile_lightly


@contextmanager
def _light_optimisation() -> Iterator[None]:
    """Around a compilation, which numba's lock keeps alone: its level of optimisation is 1, unless NUMBA_OPT is set."""
    config.reload_config()  # first action of a compilation; it must not replace the level afterwards
    before = config.OPT  # type: ignore[attr-defined]
    if "NUMBA_OPT" not in os.environ:
        config.OPT = type(before)(1)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        config.OPT = before  # type: ignore[attr-defined]


def _refuse_python(dispatcher: Any) -> Any:
    """Make a call from Python raise TypeError: without an entry point, it would crash the process."""

    def refuse(*args: Any, **kws: Any) -> Any:
        raise TypeError(f"{dispatcher.__name__} is an inlined kernel: only kernels can call it")

    dispatcher._insert = lambda *args, **kws: None  # never among the forms that Python finds
    dispatcher._compile_for_args = refuse
    return dispatcher


def _resolve_without_literals(dispatcher: Any) -> None:
    """Let kernels called with constants share one compiled form: numba would compile one per constant otherwise."""
    resolve = dispatcher.get_call_template

    def resolve_plain(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return resolve(tuple(types.unliteral(kind) for kind in args), plain)

    dispatcher.get_call_template = resolve_plain
