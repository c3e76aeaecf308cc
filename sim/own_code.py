"""The code of a user's class as self-contained text, which a config carries when an object is passed from Python.

First choice: the class's source with everything it uses from its module (imports, helper functions, base classes,
plain constants), so that the text can be read, run anywhere, and hashed. Where that is impossible (a class made at run
time, an argument that is not plain): a pickle by value, as text, whose first line carries a fingerprint of code and
values. Hashes use the fingerprint, not the bytes of the pickle, which hold file names and identifiers of the process.
"""

import ast
import base64
import builtins
import inspect
import linecache
import math
import symtable
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .errors import ConfigError
from .own_fingerprint import fingerprint

PICKLE_MARK = "# clearsim pickle"
#: Annotations are not evaluated, so names that only they use need not be carried.
HEADER = "from __future__ import annotations\n"


class NotPlainError(Exception):
    """The source of an object is not self-contained."""


def source_of(target: type | Callable[..., Any], base: type) -> str:
    """Return text that defines `target` (a class or function) under its name; NotPlainError if there is none.

    base: imported by its name wherever it is used, so that a loaded class extends the same one.
    """
    text = _Text(base)
    text.define(target.__name__, target)
    return HEADER + "\n".join([*text.imports, "", "", *text.definitions])


def pickled(value: object) -> str:
    """Return `value` as a text that `unpickled` reads; ConfigError if it cannot be pickled."""
    import cloudpickle

    try:
        data = cloudpickle.dumps(value)
        head = f"{PICKLE_MARK}, Python {_python()}, {fingerprint(value)}"
    except Exception as error:
        raise ConfigError(f"{type(value).__name__} cannot be sent to other processes: {error}") from error
    return "\n".join([head, *textwrap.wrap(base64.b64encode(data).decode(), 100)]) + "\n"


def is_pickled(text: str) -> bool:
    """True for a text that `pickled` made."""
    return text.startswith(PICKLE_MARK)


def unpickled(text: str) -> Any:
    """Return the object in a text of `pickled`; ConfigError for another version of Python or a changed text."""
    import cloudpickle

    head, _, body = text.partition("\n")
    version, stated = head.removeprefix(PICKLE_MARK).split(",")[1:]
    if version.strip() != f"Python {_python()}":
        raise ConfigError(f"was pickled by{version}; this is Python {_python()}")
    value = cloudpickle.loads(base64.b64decode(body))
    if fingerprint(value) != stated.strip():
        raise ConfigError("the pickled object does not match its fingerprint: the text was changed")
    return value


def hashed_part(text: str) -> str:
    """The part of a source text that hashes use: all of it, or the first line of a pickle."""
    return text.partition("\n")[0] if is_pickled(text) else text


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


class _Text:
    """Definitions and imports in the order in which they must run, collected name by name."""

    def __init__(self, base: type) -> None:
        self._base = base
        self.imports: list[str] = []
        self.definitions: list[str] = []
        self._known: dict[str, Any] = {}

    def define(self, name: str, value: Any) -> None:
        """Add the code that binds `name` to `value`, after its dependencies; NotPlainError if it cannot be written."""
        if name in self._known:
            if self._known[name] is not value:
                raise NotPlainError(f"{name} has two meanings")
            return
        self._known[name] = value
        line = _import_of(name, value, always=value is self._base)
        if line is not None:
            self.imports.append(line)
            return
        code = inspect.unwrap(getattr(value, "py_func", value)) if callable(value) else None
        if code is None:
            self._constant(name, value)
            return
        text = _definition(name, code)
        scope = _scope(code)
        for needed in _free_names(text):
            if needed in scope and needed != name:
                self.define(needed, scope[needed])
        self.definitions += [text, ""]

    def _constant(self, name: str, value: Any) -> None:
        literal = plain_literal(value)
        if isinstance(value, Decimal) or "Decimal(" in literal:
            self.define("Decimal", Decimal)
        self.definitions.append(f"{name} = {literal}")


def plain_literal(value: Any) -> str:
    """Python text of a constant: numbers, text, None, and tuples, lists and dicts of them; else NotPlainError."""
    kind = type(value)
    if value is None or kind in (bool, int, str, bytes) or (kind is float and math.isfinite(value)):
        return repr(value)
    if kind is Decimal and value.is_finite():
        return repr(value)
    if kind is tuple:
        inner = ", ".join(map(plain_literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if kind is list:
        return f"[{', '.join(map(plain_literal, value))}]"
    if kind is dict:
        return f"{{{', '.join(f'{plain_literal(k)}: {plain_literal(v)}' for k, v in value.items())}}}"
    raise NotPlainError(f"{kind.__name__} is not a plain constant")


def _import_of(name: str, value: Any, *, always: bool) -> str | None:
    """The line that imports `value` as `name`; None if it is not installed, unless `always`."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" if value.__name__ == name else f"import {value.__name__} as {name}"
    module = getattr(value, "__module__", None)
    called = getattr(value, "__qualname__", getattr(value, "__name__", None))
    if not isinstance(module, str) or not isinstance(called, str) or not (always or is_installed(module)):
        return None
    public = module.partition(".")[0]
    for place in (public, module):
        if getattr(sys.modules.get(place), called, None) is value:
            return f"from {place} import {called}" if called == name else f"from {place} import {called} as {name}"
    return None


def is_installed(module: str) -> bool:
    """True for a module that other machines have too: part of Python, of an installed package, or of clearsim."""
    if module.partition(".")[0] in sys.stdlib_module_names | {"clearsim"}:
        return module != "__main__"
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return False
    homes = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return any(Path(file).is_relative_to(home) for home in homes)


def _codes(target: Any) -> Iterator[FunctionType]:
    """The functions of a class written in its own body, or the function itself."""
    if isinstance(target, FunctionType):
        yield target
    elif isinstance(target, type):
        for item in vars(target).values():
            inner = getattr(item, "__func__", getattr(item, "fget", item))
            inner = getattr(inner, "py_func", inner)
            if isinstance(inner, FunctionType) and inner.__qualname__ == f"{target.__qualname__}.{inner.__name__}":
                yield inner


def _scope(target: Any) -> dict[str, Any]:
    """Names visible to the code of `target`: globals of its module, and variables of enclosing functions."""
    names: dict[str, Any] = {}
    for function in _codes(target):
        names.update(function.__globals__)
    if not names:
        names.update(vars(sys.modules.get(target.__module__, builtins)))
    for function in _codes(target):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name != "__class__":
                names[name] = cell.cell_contents
    return names


def _definition(name: str, target: Any) -> str:
    """The text of a definition; NotPlainError if the lines that made `target` cannot be read."""
    line, file = 0, None
    for function in _codes(target):
        code: CodeType = function.__code__
        if code.co_filename != "<string>":  # code generated by dataclasses has no lines
            line, file = code.co_firstlineno, code.co_filename
            break
    if file is None and isinstance(target, type):
        file = getattr(sys.modules.get(target.__module__), "__file__", None)
    linecache.checkcache(file)  # a module may have been edited and loaded again
    lines = linecache.getlines(file) if file else []
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:  # shell input, notebook magics
        raise NotPlainError(f"{name}: its source cannot be read") from None
    kinds = ast.ClassDef if isinstance(target, type) else (ast.FunctionDef, ast.AsyncFunctionDef)
    fitting = [node for node in ast.walk(tree) if isinstance(node, kinds) and node.name == target.__name__]
    if line:
        fitting = [node for node in fitting if _first_line(node) <= line <= (node.end_lineno or 0)]
    if len(fitting) != 1 or target.__name__ != name:
        raise NotPlainError(f"{name}: found {len(fitting)} definitions of it")
    node = fitting[0]
    return textwrap.dedent("".join(lines[_first_line(node) - 1 : node.end_lineno])).rstrip("\n") + "\n"


def _first_line(node: Any) -> int:
    return int(min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]))


def _free_names(text: str) -> list[str]:
    """Names that a definition needs from outside, sorted; those of Python itself and of annotations are left out."""
    found: set[str] = set()
    tables = [symtable.symtable(HEADER + text, "source", "exec")]
    while tables:
        table = tables.pop()
        outer = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (not symbol.is_assigned() if outer else symbol.is_global()):
                found.add(symbol.get_name())
        tables += table.get_children()
    return sorted(name for name in found if not hasattr(builtins, name))


def bound_names(tree: ast.Module) -> tuple[set[str], list[str]]:
    """(names that a module binds anywhere: classes, imports, assignments; its classes), without executing it."""
    bound: set[str] = set()
    classes: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bound.add(node.name)
            classes.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    return bound, classes
