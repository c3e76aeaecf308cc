"""The valid keys and kinds at a place of a config: walks the pydantic models along with the tree of nodes.

Errors use it to name the nearest key, and overrides to distinguish a key with a default from a typo.
"""

import types
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from .yamlfile import Node, Step

Shape = tuple[Any, ...]


def shape_of(annotation: Any) -> Shape:
    """The types a value may have: unions flattened, Annotated unwrapped, None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return shape_of(get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(member for argument in get_args(annotation) for member in shape_of(argument))
    return () if annotation is type(None) else (annotation,)


def _origin(annotation: Any) -> Any:
    return get_origin(annotation)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields(model: Any) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def kinds(shape: Shape) -> dict[str, Any]:
    """The kinds of a discriminated union -> its models; empty if the shape has no `kind`."""
    found: dict[str, Any] = {}
    for model in filter(_is_model, shape):
        field = model.model_fields.get("kind")
        if field is not None and get_origin(field.annotation) is Literal:
            found.update({kind: model for kind in get_args(field.annotation)})
    return found


def _models(shape: Shape, node: Node | None) -> list[Any]:
    """The models of a shape that fit the `kind` written at `node` (all of them if none is written)."""
    models = [model for model in shape if _is_model(model)]
    written = node.value.get("kind") if node is not None and isinstance(node.value, dict) else None
    by_kind = kinds(shape)
    if written is not None and isinstance(written.value, str) and written.value in by_kind:
        return [by_kind[written.value]]
    return models


def keys(shape: Shape, node: Node | None) -> list[str]:
    """The valid keys of the mapping at `node`."""
    return [key for model in _models(shape, node) for key in _fields(model)]


def has_items(shape: Shape) -> bool:
    """True if a list is valid here."""
    return any(_origin(member) in (tuple, list, Sequence) for member in shape)


def has_free_keys(shape: Shape) -> bool:
    """True if a mapping with arbitrary keys is valid here."""
    return any(_origin(member) is dict or member in (dict, Any) for member in shape)


def below(shape: Shape, node: Node | None, step: Step) -> Shape:
    """The shape one step down; empty if nothing is valid there."""
    found: list[Any] = []
    for member in (*_models(shape, node), *(m for m in shape if not _is_model(m))):
        if _is_model(member):
            field = _fields(member).get(str(step))
            if field is not None:
                found += shape_of(field.annotation)
            continue
        origin, arguments = _origin(member), get_args(member)
        if origin is dict and isinstance(step, str):
            found += shape_of(arguments[1])
        elif origin in (list, Sequence) and isinstance(step, int):
            found += shape_of(arguments[0])
        elif origin is tuple and isinstance(step, int):
            item = arguments[0] if arguments[-1] is Ellipsis else arguments[min(step, len(arguments) - 1)]
            found += shape_of(item)
    return tuple(found)


def child(node: Node | None, step: Step) -> Node | None:
    """The node one step down, or None."""
    if node is None:
        return None
    if isinstance(node.value, dict) and isinstance(step, str):
        return node.value.get(step)
    if isinstance(node.value, list) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step]
    return None


def path_text(path: Sequence[Step]) -> str:
    """A path in common notation: markets[0].fees.taker_ppm."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
