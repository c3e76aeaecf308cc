"""The door of the public API: every argument has the type that its annotation declares, or ConfigError says which not.

Only types are checked here; whether a value makes sense is checked where it is used. A name that is imported for type
checking only is not known at run time: such an argument may be anything.
"""

import builtins
import collections.abc as abc
import functools
import inspect
import os
import sys
import types
from collections.abc import Callable
from numbers import Integral, Number
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, is_typeddict

from ..errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)
MAX_SHOWN = 80
_WORDS: dict[Any, str] = {
    str: "text", bytes: "bytes", int: "a whole number", float: "a number", bool: "True or False", Path: "a path",
    type(None): "None", list: "a list", tuple: "a tuple", dict: "a mapping",
}  # fmt: skip


def checked(function: F, *, name: str = "") -> F:
    """The function with its arguments checked; ConfigError names the argument, what was expected and what was found.

    name: of the function in errors; default: its own.
    """
    signature = inspect.signature(function)
    name = name or function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ConfigError(f"{name}: {error}") from None
        for argument, value in bound.arguments.items():
            _check(name, signature.parameters[argument], value, function)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]


def checked_class(cls: C) -> C:
    """The class with the arguments of its constructor and public methods checked."""
    for name, member in list(vars(cls).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if inspect.isfunction(member):
            setattr(cls, name, checked(member))
        elif isinstance(member, classmethod):
            setattr(cls, name, classmethod(checked(member.__func__)))
    return cls


def _check(name: str, parameter: inspect.Parameter, value: Any, function: Callable[..., Any]) -> None:
    if parameter.name in ("self", "cls") or parameter.annotation is inspect.Parameter.empty:
        return
    if value is parameter.default:
        return
    expected = _resolved(parameter.annotation, function)
    values = {parameter.name: value}
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        values = value
    for argument, item in values.items():
        if not fits(item, expected):
            shown = repr(item)
            shown = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}..."
            raise ConfigError(f"{name}: {argument} must be {words(expected)}, found {shown} ({type(item).__name__})")


class _Names(dict[str, Any]):
    """Names of a module; one that is imported for type checking only stands for anything, a progress for a function."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        return abc.Callable if name.endswith(("Progress", "Callback")) else Any


def _resolved(annotation: Any, function: Callable[..., Any]) -> Any:
    """The type that an annotation means, Any if it cannot be known."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {}, _Names(vars(sys.modules[function.__module__])))
    except (AttributeError, TypeError, NameError):
        return Any


def fits(value: Any, expected: Any) -> bool:
    """True if the value is of the type; numbers of NumPy are numbers, and an array is a sequence."""
    if expected is Any or isinstance(expected, TypeVar):
        return True
    if expected is None or expected is type(None):
        return value is None
    origin, args = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return any(fits(value, item) for item in args)
    if origin is Literal:
        return any(isinstance(value, str) if isinstance(item, str) else value is item for item in args)
    if origin is type:
        return isinstance(value, type) and all(not isinstance(item, type) or issubclass(value, item) for item in args)
    kind = origin or expected
    if isinstance(kind, type) and issubclass(kind, abc.Mapping):
        return isinstance(value, abc.Mapping) and (not args or all(fits(key, args[0]) for key in value))
    if kind is tuple and args and Ellipsis not in args:
        return isinstance(value, tuple | list) and len(value) == len(args) and all(map(fits, value, args))
    if kind in (abc.Sequence, abc.Iterable, list, tuple):
        return _is_sequence(value) and (not args or all(fits(item, args[0]) for item in value))
    return _is_one(value, kind)


def _is_sequence(value: Any) -> bool:
    if isinstance(value, str | bytes):
        return False
    return isinstance(value, abc.Sequence | abc.Set) or getattr(value, "ndim", None) == 1


def _is_one(value: Any, kind: Any) -> bool:
    """True if the value is of a type without parameters."""
    is_truth = isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
    if kind is int:
        return isinstance(value, Integral) and not is_truth
    if kind is float:
        return isinstance(value, Number) and not isinstance(value, complex) and not is_truth
    if kind is bool:
        return is_truth
    if kind is Path:
        return isinstance(value, os.PathLike)
    if kind is abc.Callable or getattr(kind, "_is_protocol", False):
        return callable(value) if "figure" not in vars(kind) else hasattr(value, "figure")
    return not isinstance(kind, type) or is_typeddict(kind) or isinstance(value, kind)


def words(expected: Any) -> str:
    """A type in words."""
    origin, args = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(words(item) for item in args))
    if origin is Literal:
        return " or ".join(map(repr, args))
    if origin is type:
        return f"a class that extends {', '.join(getattr(item, '__name__', str(item)) for item in args)}"
    kind = origin or expected
    if isinstance(kind, type) and issubclass(kind, abc.Mapping):
        return "a mapping"
    if kind is tuple and args and Ellipsis not in args:
        return f"{len(args)} values ({', '.join(map(words, args))})"
    if kind in (abc.Sequence, abc.Iterable, list, tuple):
        return f"a list, each item {words(args[0])}" if args and args[0] is not Any else "a list"
    if kind is abc.Callable or getattr(kind, "_is_protocol", False):
        return "a result with figures" if "figure" in vars(kind) else "a function"
    return _WORDS.get(kind, f"a {getattr(kind, '__name__', kind)}")
