"""What a function is made of: its code and the values of all that it refers to, as a hash.

Two functions with one fingerprint compile to the same code. A function that refers to something that cannot be
described (an object, a module that a user may edit) has none.
"""

import hashlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.kernels.jit import Kernel, Primitive

_PACKAGE = __name__.partition(".")[0]
#: Modules whose content goes with a version that is part of every key.
_VERSIONED = frozenset({*sys.stdlib_module_names, "numpy", "numba"} - {"__main__"})
_VALUES = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)


class _UnknownError(Exception):
    """A value that cannot be described."""


def fingerprint(function: Any) -> str | None:
    """Return a hash of the function's code and of what it refers to; None if some of it cannot be described."""
    try:
        text = "\n".join(_describe_function(function, set()))
    except _UnknownError:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def _describe_function(function: Any, seen: set[int]) -> Iterator[str]:
    if id(function) in seen:
        return
    seen.add(id(function))
    yield function.__qualname__
    yield from _describe_code(function.__code__)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield from _describe(value, seen)
    for cell in function.__closure__ or ():
        yield from _describe(cell.cell_contents, seen)
    builtins = vars(sys.modules["builtins"])
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name
            yield from _describe(function.__globals__[name], seen)
        elif name not in builtins:
            yield f"attribute {name}"


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(value) for value in code.co_consts if isinstance(value, types.CodeType)]
    return set(code.co_names).union(*inner)


def _describe_code(code: types.CodeType) -> Iterator[str]:
    yield f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars} {code.co_argcount}"
    for value in code.co_consts:
        if isinstance(value, types.CodeType):
            yield from _describe_code(value)
        else:
            yield repr(value)


def _describe(value: Any, seen: set[int]) -> Iterator[str]:
    """Yield what stands for a value that compiled code takes in."""
    if isinstance(value, types.ModuleType):
        if value.__name__.partition(".")[0] not in _VERSIONED:
            raise _UnknownError
        yield value.__name__
    elif isinstance(value, _VALUES):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, tuple):
        yield f"{type(value).__qualname__} of {len(value)}"
        for item in value:
            yield from _describe(item, seen)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    else:
        yield from _describe_callable(value, seen)


def _describe_callable(value: Any, seen: set[int]) -> Iterator[str]:
    module = getattr(value, "__module__", None) or ""
    function = getattr(value, "py_func", value)
    if isinstance(value, (Kernel, Primitive)) and module.partition(".")[0] == _PACKAGE:
        yield f"{module}.{value.__qualname__}"  # type: ignore[union-attr]  # their content is part of the key
    elif module.partition(".")[0] in _VERSIONED:
        yield f"{module}.{getattr(value, '__qualname__', value)}"
    elif isinstance(function, types.FunctionType):
        yield repr(getattr(value, "targetoptions", None))  # of a function that the user compiles with numba
        yield from _describe_function(function, seen)
    else:
        raise _UnknownError
