"""`--set a.b=c`: changes one value in the tree of a config before it is validated.

The path is keys joined by dots, with `[0]` or `[name]` for an item of a list: `markets[BTCUSDT].fees.taker_ppm=500`.
The value is read as YAML is, so `--set "prices={kind: independent}"` sets a whole mapping.
"""

import re
from collections.abc import Sequence
from typing import Any

from ..errors import ConfigError
from .nearest import nearest_hint
from .shape import Shape, below, child, has_free_keys, has_items, keys, path_text, shape_of
from .yamlfile import Node, Step, node_of, parse_yaml

_PIECE = re.compile(r"(?P<key>[^.\[\]=]+)|\[(?P<item>[^\]]+)\]|\.")


def parse_path(text: str, *, source: str) -> list[Step]:
    """Return the steps of a path: keys as text, `[2]` as a number, `[name]` as the text `[name]`."""
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise ConfigError(
                f"{source}: cannot read the path at {text[position:]!r}; write it like markets[0].fees.taker_ppm"
            )
        position = match.end()
        if match["key"]:
            steps.append(match["key"].strip())
        elif match["item"]:
            item = match["item"].strip()
            steps.append(int(item) if item.lstrip("-").isdigit() else f"[{item}]")
    if not steps:
        raise ConfigError(f"{source}: the path names no key; write it like markets[0].fees.taker_ppm")
    return steps


def apply_overrides(node: Node, overrides: Sequence[str], model: Any) -> None:
    """Set each `path=value` in the tree, in order; ConfigError names the nearest path for an invalid one."""
    for text in overrides:
        source = f"--set {text}"
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise ConfigError(f"{source}: must be path=value, like --set seed=7")
        _set(node, parse_path(path.strip(), source=source), _value(value, source), shape_of(model), source)


def set_value(root: Node, path: str, value: Any, model: Any, *, source: str) -> str:
    """Set one plain value in the tree; return the path with item numbers in place of item names.

    `source` heads the error that names the nearest path for an invalid one.
    """
    return path_text(_set(root, parse_path(path, source=source), node_of(value, source), shape_of(model), source))


def find_path(root: Node, path: str, model: Any, *, source: str) -> str:
    """The path with item numbers in place of item names; ConfigError names the nearest path if there is none."""
    node, shape, done = root, shape_of(model), list[Step]()
    for raw in parse_path(path, source=source):
        step = _resolve(node, raw, shape, done, source)
        shape = below(shape, node, step)
        node = child(node, step) or Node({}, source, 0)
        done.append(step)
    return path_text(done)


def _value(text: str, source: str) -> Node:
    if not text.strip():
        return Node(None, source, 0)
    try:
        node = parse_yaml(text, source=source)
    except ConfigError as error:
        raise ConfigError(str(error).replace(f"{source}:1: ", f"{source}: ")) from error
    _unline(node)
    return node


def _unline(node: Node) -> None:
    node.line = 0
    for _, below_node in node.children():
        _unline(below_node)


def _set(root: Node, steps: list[Step], value: Node, shape: Shape, source: str) -> list[Step]:
    node, done = root, list[Step]()
    for position, raw in enumerate(steps):
        step = _resolve(node, raw, shape, done, source)
        inside = below(shape, node, step)
        last = position == len(steps) - 1
        existing = child(node, step)
        if last or existing is None or existing.value is None:
            replacement = value if last else Node({}, source, 0)
            _put(node, step, replacement)
            existing = replacement
        done.append(step)
        node, shape = existing, inside
    return done


def _put(node: Node, step: Step, value: Node) -> None:
    if isinstance(node.value, dict) and isinstance(step, str):
        node.value[step] = value
    elif isinstance(node.value, list) and isinstance(step, int):
        if step == len(node.value):
            node.value.append(value)
        else:
            node.value[step] = value


def _resolve(node: Node, step: Step, shape: Shape, done: list[Step], source: str) -> Step:
    """The key or index that `step` means at `node`; ConfigError names the nearest one if there is none."""
    here = path_text(done)
    if isinstance(node.value, dict):
        valid = list(dict.fromkeys([*node.value, *keys(shape, node)]))
        if isinstance(step, str) and (step in valid or has_free_keys(shape)):
            return step
        near = [path_text([*done, key]) for key in valid]
        hint = nearest_hint(path_text([*done, step]), near)
        listing = f"; keys are {', '.join(valid)}"
        raise ConfigError(f"{source}: there is no {path_text([*done, step])}{hint or listing}")
    if isinstance(node.value, list) or has_items(shape):
        items = node.value if isinstance(node.value, list) else []
        return _item(items, step, here, source)
    raise ConfigError(f"{source}: {here} is a single value, so there is no {path_text([*done, step])} in it")


def _item(items: list[Node], step: Step, here: str, source: str) -> int:
    names = [str(name.value) if (name := child(item, "name")) is not None else "" for item in items]
    if isinstance(step, int) and -len(items) <= step < len(items):
        return step % len(items)
    if isinstance(step, str) and step.startswith("[") and step[1:-1] in names:
        return names.index(step[1:-1])
    wanted = str(step).strip("[]")
    known = [name for name in names if name]
    numbers = f"; its items have no names: give a number, 0 to {len(items) - 1}" if items else ""
    hint = nearest_hint(wanted, known) or (f"; its items are {', '.join(known)}" if known else numbers)
    raise ConfigError(f"{source}: {here} has {len(items)} items, but none is {wanted}{hint}")
