"""The page of the Python API, from the public names and their docstrings."""

import functools
import inspect
import re
from types import ModuleType
from typing import Any

import clearsim

from .markdown import anchor, page, prose, summary_of, table

_INTRODUCTION = """`import clearsim` gives these names; everything else in the package is private and may move. Money
is in quote units unless `units` asks for another. Tables are pandas frames, figures are plotly figures. Functions
print nothing: what a user should know goes to `on_note`, or to the logger `clearsim`. `help(clearsim.run)` prints
what is written here."""
_LINE = 100


def python_page() -> str:
    """The page, as text."""
    things = {name: getattr(clearsim, name) for name in clearsim.__all__}
    rows = [(f"[`{name}`](#{anchor(name)})", _kind(thing), summary_of(thing)) for name, thing in things.items()]
    return page(
        "Python API",
        _INTRODUCTION,
        table(("name", "kind", "what it is"), rows),
        *(_section(name, thing) for name, thing in things.items()),
    )


def _kind(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return "module"
    if inspect.isclass(thing):
        return "error" if issubclass(thing, Exception) else "class"
    return "function"


def _section(name: str, thing: Any) -> str:
    parts = [f"## `{name}`"]
    kind = _kind(thing)
    if kind == "function" or (kind == "class" and _is_own(thing, "__init__")):
        parts.append(_signature(f"clearsim.{name}", thing))
    parts.append(prose(inspect.getdoc(thing) or ""))
    if kind == "class":
        parts += [_member(name, member) for member in _members(thing).items()]
    if kind == "module":
        parts += [_function(f"{name}.{inner}", getattr(thing, inner)) for inner in thing.__all__]
    return "\n\n".join(parts)


def _is_own(cls: type, name: str) -> bool:
    """True if the method is documented by arguments: the class's own, not one that only it calls."""
    return name in vars(cls) and "Args:" in (inspect.getdoc(cls) or "")


def _members(cls: type) -> dict[str, Any]:
    """Public methods and properties that the class defines, in the order of the source, then those of the API's
    classes that it extends."""
    homes = [cls, *(base for base in cls.__mro__[1:] if base.__module__.startswith("clearsim.api."))]
    out = {}
    for name, member in (item for home in homes for item in vars(home).items()):
        function = getattr(member, "__func__", member)
        is_property = isinstance(member, property | functools.cached_property)
        if not name.startswith("_") and (is_property or inspect.isfunction(function)):
            out[name] = member
    return out


def _member(owner: str, item: tuple[str, Any]) -> str:
    name, member = item
    if isinstance(member, property | functools.cached_property):
        return f"### `{owner}.{name}`\n\n{prose(inspect.getdoc(member) or '')}"
    return _function(f"{owner}.{name}", getattr(member, "__func__", member))


def _function(name: str, function: Any) -> str:
    return "\n\n".join([f"### `{name}`", _signature(name, function), prose(inspect.getdoc(function) or "")])


def _signature(name: str, function: Any) -> str:
    """The call with its parameters, one a line where they do not fit on one; types as they are written."""
    signature = inspect.signature(function)
    shown = [_parameter(item) for item in signature.parameters.values() if item.name not in ("self", "cls")]
    first_named = next((i for i, item in enumerate(_public(signature)) if item.kind is item.KEYWORD_ONLY), None)
    if first_named is not None:
        shown.insert(first_named, "*")
    result = "" if inspect.isclass(function) else _result(signature)
    line = f"{name}({', '.join(shown)}){result}"
    if len(line) > _LINE:
        line = f"{name}(\n" + "".join(f"    {item},\n" for item in shown) + f"){result}"
    return f"```text\n{line}\n```"


def _public(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [item for item in signature.parameters.values() if item.name not in ("self", "cls")]


def _parameter(parameter: inspect.Parameter) -> str:
    stars = (
        "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    )
    typed = "" if parameter.annotation is parameter.empty else f": {_type(parameter.annotation)}"
    if parameter.default is parameter.empty:
        return f"{stars}{parameter.name}{typed}"
    return f"{parameter.name}{typed}{' = ' if typed else '='}{parameter.default!r}"


def _result(signature: inspect.Signature) -> str:
    empty = signature.return_annotation is inspect.Signature.empty
    return "" if empty else f" -> {_type(signature.return_annotation)}"


def _type(annotation: Any) -> str:
    """A type without the modules that its names are from."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"ForwardRef\('([^']*)'\)", r"\1", text)
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=\w)", "", text)
