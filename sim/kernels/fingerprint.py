"""A hash of a function: of its code and of all values it refers to.

Two functions with one fingerprint compile to the same code. A function that refers to something that cannot be
described (an object, a module that a user may edit) has none.
"""

import hashlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

IsKnown = Callable[[Any], bool]

#: Modules whose content is fixed by a version that is part of every key.
_VERSIONED = frozenset({*sys.stdlib_module_names, "numpy", "numba"} - {"__main__"})
_VALUES = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)


class _UnknownError(Exception):
    """A value that cannot be described."""


def fingerprint(function: Any, *, is_known: IsKnown) -> str | None:
    """Return a hash of the function's code and its references; None if some of it cannot be described.

    is_known: True of Python functions whose content the caller knows by other means; their names are enough.
    """
    try:
        text = "\n".join(_Describer(is_known).describe_function(function))
    except _UnknownError:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


class _Describer:
    """Walks over a function's references, each function once."""

    def __init__(self, is_known: IsKnown) -> None:
        self._is_known = is_known
        self._seen: set[int] = set()

    def describe_function(self, function: Any) -> Iterator[str]:
        """Yield its code and its values."""
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        yield function.__qualname__
        yield from _describe_code(function.__code__)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            yield from self._describe(value)
        for cell in function.__closure__ or ():
            yield from self._describe(cell.cell_contents)
        for name in sorted(_names(function.__code__)):
            if name in function.__globals__:
                yield name
                yield from self._describe(function.__globals__[name])

    def _describe(self, value: Any) -> Iterator[str]:
        """Yield the text of a value that compiled code takes in."""
        if isinstance(value, types.ModuleType):
            if value.__name__.partition(".")[0] not in _VERSIONED:
                raise _UnknownError
            yield value.__name__
        elif isinstance(value, _VALUES):
            yield f"{type(value).__name__} {value!r}"
        elif isinstance(value, tuple):
            yield f"{type(value).__qualname__} of {len(value)}"
            for item in value:
                yield from self._describe(item)
        elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
            yield f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
        else:
            yield from self._describe_callable(value)

    def _describe_callable(self, value: Any) -> Iterator[str]:
        name = f"{getattr(value, '__module__', None) or ''}.{getattr(value, '__qualname__', value)}"
        function = getattr(value, "py_func", getattr(value, "__wrapped__", value))
        is_known = isinstance(function, types.FunctionType) and self._is_known(function)
        if is_known or name.partition(".")[0] in _VERSIONED:
            yield name
        elif isinstance(value, types.FunctionType) or hasattr(value, "py_func"):
            yield repr(getattr(value, "targetoptions", None))  # of a function that the user compiles with numba
            yield from self.describe_function(function)
        else:
            raise _UnknownError


def _names(code: types.CodeType) -> set[str]:
    """Names of globals and attributes, including those of inner functions."""
    inner = [_names(value) for value in code.co_consts if isinstance(value, types.CodeType)]
    return set(code.co_names).union(*inner)


def _describe_code(code: types.CodeType) -> Iterator[str]:
    yield f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars} {code.co_argcount}"
    for value in code.co_consts:
        if isinstance(value, types.CodeType):
            yield from _describe_code(value)
        else:
            yield repr(value)
