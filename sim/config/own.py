"""The users' own parts that a config names: where they stand, and their code read in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..own_parts import OwnPart
from .yamlfile import Step


def own_parts(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], OwnPart]]:
    """Every part of a config that is a user's own, with its path."""
    if isinstance(value, OwnPart):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from own_parts(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from own_parts(item, (*path, index))


def with_sources(value: Any) -> Any:
    """A config, or a part of one, with the code of all own parts read in, so that it runs where the files are not."""
    if isinstance(value, OwnPart):
        return value.with_source(Path.cwd())
    if isinstance(value, BaseModel):
        now = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: new for name, old in now.items() if (new := with_sources(old)) is not old}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        items = tuple(map(with_sources, value))
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value
