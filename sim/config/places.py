"""Where each key of a config was written, so that errors raised after reading name file, line and key too.

`load_config` notes the places; copies of the config with changed values keep those of what is unchanged.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..errors import ConfigError, InputDataError
from .model import Places as Places
from .model import RunConfig
from .shape import path_text
from .yamlfile import Node, Step

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=RunConfig)


def places_of(node: Node) -> Places:
    """The place of everything in a tree of nodes, by its path as text."""
    return Places(_places(node, ()))


def _places(node: Node, path: tuple[Step, ...]) -> Iterator[tuple[str, str]]:
    yield path_text(path) if path else "", node.where
    for step, inner in node.children():
        yield from _places(inner, (*path, step))


def with_places(config: C, places: Places) -> C:
    """The config with these places."""
    copy = config.model_copy()
    copy._places = places
    return copy


def moved_places(config: RunConfig, paths: Iterable[tuple[Step, ...]]) -> Places:
    """The places of a config after values were set at these paths, which are in no file."""
    places = dict(config._places)
    for steps in paths:
        path = path_text(_numbered(config, steps))
        inside = (f"{path}.", f"{path}[")
        places = {key: where for key, where in places.items() if key != path and not key.startswith(inside)}
        places[path] = ""
    return Places(places)


def place_of(places: Places, path: tuple[Step, ...]) -> str:
    """File and line of the deepest written key on the way to `path`; empty if it is not known."""
    for end in range(len(path), -1, -1):
        found = places.get(path_text(path[:end]) if end else "")
        if found is not None:
            return found
    return ""


def error_at(config: RunConfig, text: str, *path: Step) -> ConfigError:
    """A ConfigError about a place of a config: file, line, key, text."""
    return ConfigError(_placed(config, path, text))


def naming_places(function: Callable[Concatenate[RunConfig, P], R]) -> Callable[Concatenate[RunConfig, P], R]:
    """The function, whose ConfigErrors and InputDataErrors about a place of its config begin with file, line, key."""

    @functools.wraps(function)
    def named(config: RunConfig, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(config, *args, **kwargs)
        except (ConfigError, InputDataError) as error:
            if error.path:  # once, by the innermost function
                error.args, error.path = (_placed(config, error.path, str(error)),), ()
            raise

    return named


def _placed(config: RunConfig, path: tuple[Step, ...], text: str) -> str:
    known = _numbered(config, path)
    where = place_of(config._places, known)
    return f"{where}: {path_text(known)}: {text}" if where else f"{path_text(known)}: {text}"


def _numbered(config: RunConfig, path: tuple[Step, ...]) -> tuple[Step, ...]:
    """The path with numbers in place of names of items; it ends before an item that the config does not have."""
    place: Any = config
    steps: list[Step] = []
    for step in path:
        if isinstance(step, str) and step.startswith("["):
            names = [getattr(item, "name", None) for item in place or ()]
            if step[1:-1] not in names:
                break
            step = names.index(step[1:-1])
        steps.append(step)
        place = _below(place, step)
    return tuple(steps)


def _below(place: Any, step: Step) -> Any:
    if isinstance(step, int):
        return place[step] if isinstance(place, tuple) and -len(place) <= step < len(place) else None
    return getattr(place, step, None)
