"""Puts values into a validated config by dotted paths, checking each mechanism that changes.

A config of an event takes a third of a second to validate; a study changes a few numbers of it thousands of times. So
only the mechanisms along a path are validated again, and the parts are checked against each other (`check_config`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ...config import RunConfig
from ...config.check import check_config
from ...config.overrides import parse_path
from ...config.problems import raise_problems
from ...config.yamlfile import Step
from ...errors import ConfigError
from ...own_parts import with_code

Setting = tuple[str, Any]

#: A lever may set this besides config paths: the engine of the arm.
FIDELITY = "fidelity"


def split_fidelity(settings: Sequence[Setting], default: str) -> tuple[str, tuple[Setting, ...]]:
    """(engine, the settings that are config paths); the last `fidelity` counts. ConfigError for another word."""
    chosen = [value for path, value in settings if path == FIDELITY]
    if any(value not in ("full", "reduced") for value in chosen):
        raise ConfigError(f"fidelity must be full or reduced, found {', '.join(map(str, chosen))}")
    return (chosen or [default])[-1], tuple(pair for pair in settings if pair[0] != FIDELITY)


def with_settings(config: RunConfig, settings: Sequence[Setting]) -> RunConfig:
    """The config with each (path, value) set, in order; ConfigError for what a value breaks.

    A value that names a user's own part without its code gets it from the file, relative to the working folder.
    """
    for path, value in settings:
        config = _put(config, parse_path(path, source=path), with_code(value, Path.cwd()), path)
    raise_problems(check_config(config), None)
    return config


def _put(config: RunConfig, steps: list[Step], value: Any, path: str) -> RunConfig:
    try:
        replaced: RunConfig = _replace(config, steps, value, root=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path} = {value}: {place + ': ' if place else ''}{text}") from error
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: there is nothing at this path to set") from error
    return replaced


def _replace(place: Any, steps: Sequence[Step], value: Any, *, root: bool = False) -> Any:
    """`place` with what `steps` lead to replaced; models on the way are validated, the root only if none is."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(place, BaseModel):
        names = {field.alias or name: name for name, field in type(place).model_fields.items()}
        name = names[str(step)]
        inner = _replace(getattr(place, name), rest, value)
        if root and _is_validated(inner):
            return place.model_copy(update={name: inner})
        return type(place).model_validate({**_fields(place), str(step): inner})
    if place is None:
        return _nested(steps, value)
    if isinstance(place, dict):
        return {**place, str(step): _replace(place.get(str(step)), rest, value)}
    items = list(place)
    at = _index(items, step)
    items[at] = _replace(items[at], rest, value)
    return tuple(items)


def _is_validated(value: Any) -> bool:
    """True for a model, which was validated with what was set inside it, and for a list of models."""
    items = value if isinstance(value, tuple) and value else (value,)
    return all(isinstance(item, BaseModel) for item in items)


def _nested(steps: Sequence[Step], value: Any) -> Any:
    """What a part that is not there becomes when something inside it is set: mappings with nothing else in them."""
    for step in reversed(steps):
        if isinstance(step, int) or step.startswith("["):
            raise IndexError(step)
        value = {step: value}
    return value


def _fields(model: BaseModel) -> dict[str, Any]:
    """Values as they were given or defaulted, by the names that validation takes."""
    return {field.alias or name: getattr(model, name) for name, field in type(model).model_fields.items()}


def _index(items: Sequence[Any], step: Step) -> int:
    """Number of the item that a step means: an index, or `[name]`."""
    if isinstance(step, int):
        if not -len(items) <= step < len(items):
            raise IndexError(step)
        return step
    names = [getattr(item, "name", None) for item in items]
    return names.index(step.strip("[]")) if step.strip("[]") in names else _no_item(step)


def _no_item(step: Step) -> int:
    raise KeyError(step)
