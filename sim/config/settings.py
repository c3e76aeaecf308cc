"""Puts values into a validated config by dotted paths, checking each mechanism that changes.

A config of an event takes a third of a second to validate; a study changes a few numbers of it thousands of times. So
`with_settings` validates only the mechanisms along a path, and checks the parts against each other (`check_config`).
`with_values` is for people: it also checks what validation lets pass, and explains what is wrong as config files do.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from ..errors import ConfigError
from ..own_parts import with_code
from .check import check_config
from .load import build_config, require_runnable
from .model import RunConfig
from .overrides import parse_path, set_value
from .own import with_sources
from .places import moved_places, with_places
from .problems import loose_values, raise_problems
from .yamlfile import FREE_KEY, Step, node_of

Setting = tuple[str, Any]
C = TypeVar("C", bound=RunConfig)


def with_settings(config: RunConfig, settings: Sequence[Setting]) -> RunConfig:
    """The config, which fits together, with each (path, value) set, in order; ConfigError for what a value breaks.

    A value that names a user's own part without its code gets it from the file, relative to the working folder.
    """
    if not settings:
        return config
    paths = [parse_path(path, source=path) for path, _ in settings]
    places = config._places and moved_places(config, map(tuple, paths))
    for steps, (path, value) in zip(paths, settings, strict=True):
        config = _put(config, steps, with_code(value, Path.cwd()), path)
    config = with_places(config, places)
    raise_problems(check_config(config), None, places)
    return config


def with_values(config: C, values: Mapping[str, Any], *, source: str) -> C:
    """The config with each value at its dotted path, ready to run; input files named by a relative path are found here.

    source: heads the errors.  ConfigError naming the path, the nearest key for one that does not exist, and what was
    expected.
    """
    settings = [(path, _anchored(path, native(value))) for path, value in values.items()]
    try:
        changed = with_settings(config, settings)
    except ConfigError as error:
        raise ConfigError(_explained(config, settings, source) or f"{source}: {error}") from error
    for path, value in settings:
        steps = parse_path(path, source=source)
        raise_problems(loose_values(_at(changed, steps), node_of(value, source), tuple(steps)), node_of({}, source))
    require_runnable(changed, node_of({}, source))
    return cast(C, with_sources(changed))  # models keep their class when they are changed


def native(value: Any) -> Any:
    """The value as YAML could give it: NumPy values and paths as plain ones, mechanisms as mappings with their code."""
    if isinstance(value, Mapping):
        return {str(key): native(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [native(item) for item in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if hasattr(value, "dtype") and hasattr(value, "tolist") else value


def _anchored(path: str, value: Any) -> Any:
    """The value with files as absolute paths, so that the config means the same in every working folder."""
    if isinstance(value, str) and path.rpartition(".")[2] == "file":
        return str(Path(value).expanduser().resolve())
    if isinstance(value, dict):
        return {key: item if key == FREE_KEY else _anchored(key, item) for key, item in value.items()}
    return [_anchored("", item) for item in value] if isinstance(value, list) else value


def _explained(config: RunConfig, settings: Sequence[Setting], source: str) -> str:
    """What reading the whole config says of these settings; empty if it has nothing to say."""
    tree = node_of(native(config), source)
    try:
        for path, value in settings:
            set_value(tree, path, value, RunConfig, source=source)
        build_config(tree)
    except ConfigError as error:
        return str(error)
    return ""


def _at(place: Any, steps: Sequence[Step]) -> Any:
    """The value at a path of a config."""
    for step in steps:
        if isinstance(place, BaseModel):
            names = {field.alias or name: name for name, field in type(place).model_fields.items()}
            place = getattr(place, names[str(step)])
        elif isinstance(place, dict):
            place = place[str(step)]
        else:
            place = place[_index(place, step)]
    return place


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
