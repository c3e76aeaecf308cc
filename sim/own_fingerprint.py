"""A hash of code and values that is the same in every process: the identity of a pickled object.

The user's functions and classes are hashed by their code (constants, names, defaults, enclosed values, and the globals
they use), not by file or line; installed objects by name; other values by their pickle.
"""

import dis
import hashlib
import pickle
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

#: Entries of a class that state where it was written, not what it does, or that repeat what its functions do.
LEFT_OUT = {"__module__", "__dict__", "__weakref__", "__doc__", "__firstlineno__", "__static_attributes__"}
LEFT_OUT |= {"__dataclass_fields__", "__dataclass_params__", "__abstractmethods__", "_abc_impl"}
Seen = dict[int, tuple[int, Any]]  # number of each value met, and the value, so that its id is not used again


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of the code and values of `value`."""
    digest = hashlib.sha256()
    for piece in _pieces(value, {}):
        digest.update(len(piece).to_bytes(8, "little") + piece)
    return digest.hexdigest()


def _pieces(value: Any, seen: Seen) -> Iterator[bytes]:
    """The parts of a value in a fixed order; a value met before is named by its number."""
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        yield f"{type(value).__name__} {value!r}".encode()
        return
    if id(value) in seen:
        yield f"seen {seen[id(value)][0]}".encode()
        return
    seen[id(value)] = (len(seen), value)
    if isinstance(value, ModuleType):
        yield f"module {value.__name__}".encode()
    elif isinstance(value, (tuple, list)):
        yield f"{type(value).__name__} {len(value)}".encode()
        for item in value:
            yield from _pieces(item, seen)
    elif isinstance(value, dict):
        yield f"dict {len(value)}".encode()
        for pair in value.items():
            yield from _pieces(pair[0], seen)
            yield from _pieces(pair[1], seen)
    elif isinstance(value, (set, frozenset)):
        yield from sorted(fingerprint(item).encode() for item in value)
    elif isinstance(value, (type, FunctionType)) and _reference(value):
        yield _reference(value).encode()
    elif isinstance(value, CodeType):
        yield from _code(value, seen)
    else:
        yield from _object(value, seen)


def _reference(value: Any) -> str:
    """`module:name` of an object that any machine can import; empty for the user's objects."""
    module = sys.modules.get(value.__module__)
    top = value.__module__.partition(".")[0]
    file = str(getattr(module, "__file__", "") or "")
    installed = top in sys.stdlib_module_names | {"clearsim"} or "site-packages" in file
    known = top != "__main__" and getattr(module, value.__qualname__, None) is value
    return f"{value.__module__}:{value.__qualname__}" if installed and known else ""


def _object(value: Any, seen: Seen) -> Iterator[bytes]:
    function = getattr(value, "py_func", value)  # a compiled function is hashed by its Python function
    if isinstance(function, FunctionType):
        yield from _function(function, seen)
    elif isinstance(value, type):
        yield f"class {value.__name__}".encode()
        yield from _pieces(value.__bases__, seen)
        yield from _pieces({key: item for key, item in sorted(vars(value).items()) if key not in LEFT_OUT}, seen)
    elif isinstance(value, (staticmethod, classmethod)):
        yield type(value).__name__.encode()
        yield from _pieces(value.__func__, seen)
    elif isinstance(value, property):
        yield from _pieces((value.fget, value.fset, value.fdel), seen)
    elif not _reference(type(value)) and hasattr(value, "__dict__"):
        yield from _pieces(type(value), seen)
        yield from _pieces(vars(value), seen)
    else:
        yield pickle.dumps(value, protocol=4)


def _function(function: FunctionType, seen: Seen) -> Iterator[bytes]:
    yield from _pieces(function.__code__, seen)
    yield from _pieces((function.__defaults__, function.__kwdefaults__), seen)
    for cell in function.__closure__ or ():
        yield from _pieces(cell.cell_contents, seen)
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name.encode()
            yield from _pieces(function.__globals__[name], seen)


def _names(code: CodeType) -> set[str]:
    """Globals that a function and its inner functions read."""
    read = {item.argval for item in dis.get_instructions(code) if item.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return read.union(*(_names(const) for const in code.co_consts if isinstance(const, CodeType)))


def _code(code: CodeType, seen: Seen) -> Iterator[bytes]:
    yield code.co_code
    counts = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    yield repr((counts, names)).encode()
    for const in code.co_consts:
        yield from _pieces(const, seen)
