"""Reports the faults of a config: every pydantic error as one line `file:line: dotted.path must ..., found ...`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigError
from ..policy import NAME_PATTERN, SLUG_PATTERN
from .nearest import nearest, nearest_hint
from .places import Places, place_of
from .shape import Shape, below, child, keys, kinds, path_text, shape_of
from .yamlfile import Node, Step, describe

MAX_LINES = 20


@dataclass(frozen=True)
class Problem:
    """One fault: its path in the config, and a phrase that follows the path: `must ..., found ...`."""

    path: tuple[Step, ...]
    text: str


def raise_problems(problems: Sequence[Problem], node: Node | None, places: Places | None = None) -> None:
    """Raise ConfigError with one line per problem, each headed by the file and line of its path; nothing if none.

    node: the tree that was read; None: `places` says where keys were written, if it is known.
    """
    if not problems:
        return
    lines = [_line(problem, node, places or Places()) for problem in problems[:MAX_LINES]]
    if len(problems) > MAX_LINES:
        lines.append(f"... and {len(problems) - MAX_LINES} more")
    raise ConfigError("\n".join(lines))


def _line(problem: Problem, node: Node | None, places: Places) -> str:
    where = node.where if node is not None else place_of(places, problem.path)
    place = node
    for step in problem.path:
        place = child(place, step)
        if place is None:
            break
        where = place.where
    head = f"{where}: " if where else ""
    return f"{head}{path_text(problem.path)} {problem.text}".replace("  ", " ").replace(" : ", ": ", 1)


def problems_of(error: ValidationError, model: type[BaseModel], node: Node) -> list[Problem]:
    """Return the problems that pydantic found, as text, with paths as the user wrote them (no union tags)."""
    details = error.errors(include_url=False)
    return [_problem(detail, shape_of(model), node) for detail in details if not _only_follows(detail)]


def _only_follows(detail: ErrorDetails) -> bool:
    """True if a list is reported as too short only because pydantic dropped its invalid items, reported separately."""
    given = detail["input"]
    return detail["type"] == "too_short" and len(given) > detail["ctx"]["actual_length"]


def _problem(detail: ErrorDetails, shape: Shape, node: Node) -> Problem:
    path: list[Step] = []
    place: Node | None = node
    steps = list(detail["loc"])
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        inside = below(shape, place, step)
        missing = last and detail["type"] in ("missing", "extra_forbidden")
        if not inside and not missing and child(place, step) is None:
            continue  # a tag of a union, not a key
        if _is_tag(step, place, shape, steps[position + 1 :]):
            continue
        path.append(step)
        if not (last and detail["type"] == "extra_forbidden"):
            shape, place = inside, child(place, step)
    return _to_problem(detail, tuple(path), shape, place)


def _is_tag(step: Step, place: Node | None, shape: Shape, rest: list[Step]) -> bool:
    """True if `step` is the kind written at `place` and not a key: pydantic puts it in the path of a union's member."""
    if place is None or not isinstance(place.value, dict) or step not in kinds(shape) or len(kinds(shape)) < 2:
        return False
    written = place.value.get("kind")
    return written is not None and written.value == step and step not in place.value and bool(rest)


def _to_problem(detail: ErrorDetails, path: tuple[Step, ...], shape: Shape, place: Node | None) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path, keys(shape, place))
    if kind == "missing":
        return Problem(path, "is missing" + _what_it_is(shape))
    if kind == "union_tag_invalid":
        valid = sorted(kinds(shape)) or [context["expected_tags"]]
        hint = nearest_hint(str(context["tag"]), valid)
        return Problem((*path, "kind"), f"must be one of {', '.join(valid)}, found {describe(context['tag'])}{hint}")
    if kind == "union_tag_not_found":
        return Problem((*path, "kind"), f"is missing: it must be one of {', '.join(sorted(kinds(shape)))}")
    if kind == "literal_error":
        valid = [option.strip("'\"") for option in re.split(r", | or ", str(context["expected"]))]
        hint = nearest_hint(str(detail["input"]), valid)
        return Problem(path, f"must be one of {', '.join(valid)}, found {describe(detail['input'])}{hint}")
    if kind in ("value_error", "assertion_error"):
        return _to_the_key(_model_message(detail["msg"], path), path, place)
    return Problem(path, f"{_requirement(detail)}, found {describe(detail['input'])}{_as_a_kind(detail, shape)}")


def _as_a_kind(detail: ErrorDetails, shape: Shape) -> str:
    """How a mechanism is written, where its kind alone (or something like it) stands in place of the mapping."""
    if not isinstance(detail["input"], str) or not detail["type"].startswith("model_") or not kinds(shape):
        return ""
    meant = nearest(detail["input"], kinds(shape))
    return f"; write {{kind: {meant}}}" if meant else f"; its kind must be one of {', '.join(sorted(kinds(shape)))}"


def _unknown_key(path: tuple[Step, ...], valid: list[str]) -> Problem:
    hint = nearest_hint(str(path[-1]), valid)
    if not hint:
        hint = f"; keys here are {', '.join(sorted(set(valid)))}" if valid else ""
    return Problem(path, f"is not a known key{hint}")


def _what_it_is(shape: Shape) -> str:
    valid = sorted(kinds(shape))
    return f"; its kind must be one of {', '.join(valid)}" if len(valid) > 1 else ""


def _model_message(message: str, path: tuple[Step, ...]) -> str:
    """A message raised by a model, without a leading key that repeats the path."""
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if path and text.startswith(f"{path[-1]} "):
        return text[len(str(path[-1])) + 1 :]
    return text if text.startswith("must ") else f": {text}" if path else text


_INSIDE = re.compile(r": (?P<key>\w+(\[\d+\])?(\.\w+(\[\d+\])?)*) must ")


def _to_the_key(text: str, path: tuple[Step, ...], place: Node | None) -> Problem:
    """The problem at the key below `path` that a model's own message starts with, down to the deepest written key, for
    its line."""
    inside = _INSIDE.match(text) if path else None
    if inside is None:
        return Problem(path, text)
    steps: list[Step] = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", inside["key"])]
    for step in steps:
        place = child(place, step)
    if place is None:
        return Problem(path, text)
    return Problem((*path, *steps), text[inside.end("key") + 1 :])


_REQUIREMENTS = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of keys",
    "model_attributes_type": "must be a mapping of keys",
    "datetime_from_date_parsing": "must be a time like 2025-10-10T20:30:00Z",
    "datetime_parsing": "must be a time like 2025-10-10T20:30:00Z",
    "timezone_aware": "must name its time zone, like 2025-10-10T20:30:00Z",
    "too_short": "must have at least {min_length} item(s)",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}


#: What a pattern of names means, in words.
_PATTERNS = {
    NAME_PATTERN: "must be letters, digits, spaces, dots, dashes and underscores, the first a letter or digit",
    SLUG_PATTERN: "must be letters, digits, dots, dashes and underscores, the first a letter or digit",
}


def _requirement(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and detail["ctx"]["pattern"] in _PATTERNS:
        return _PATTERNS[detail["ctx"]["pattern"]]
    template = _REQUIREMENTS.get(detail["type"])
    if template is not None:
        return template.format(**detail.get("ctx", {}))
    return re.sub(r"^(Input|Value|Decimal input|List|Tuple|String) should", "must", detail["msg"])


def loose_values(model: Any, node: Node, path: tuple[Step, ...] = ()) -> list[Problem]:
    """Problems where pydantic converts more than YAML allows: text or a number read as true or false, and
    true or false read as a number. `model` is the validated twin of `node`."""
    if isinstance(model, BaseModel) and isinstance(node.value, dict):
        pairs = [
            (field.alias or name, getattr(model, name))
            for name, field in type(model).model_fields.items()
            if (field.alias or name) in node.value
        ]
        return [p for key, value in pairs for p in loose_values(value, node.value[key], (*path, key))]
    if isinstance(model, dict) and isinstance(node.value, dict):
        return [p for k, v in model.items() if k in node.value for p in loose_values(v, node.value[k], (*path, k))]
    if isinstance(model, (tuple, list)) and isinstance(node.value, list) and len(model) == len(node.value):
        return [p for i, v in enumerate(model) for p in loose_values(v, node.value[i], (*path, i))]
    if isinstance(model, datetime) and not isinstance(node.value, str):
        return [Problem(path, f"must be a time like 2025-10-10T20:30:00Z, found {describe(node.value)}")]
    if isinstance(model, bool) != isinstance(node.value, bool) and not isinstance(node.value, (dict, list)):
        wanted = "true or false" if isinstance(model, bool) else "a number, not true or false"
        return [Problem(path, f"must be {wanted}, found {describe(node.value)}")]
    return []
