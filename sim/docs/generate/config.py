"""The pages of config keys and study keys, from the models that read the files; examples from shipped files."""

import datetime
import inspect
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ...config import RunConfig, load_config
from ...config.canonical import decimal_text
from ...config.yamlfile import shipped_configs
from ...studies.design.load_study import load_study, shipped_studies
from ...studies.design.study import Study
from .markdown import anchor, code, page, sentence, summary_of, table

#: End of a key -> unit. Keys that end otherwise are named in `_UNITS`, or have none.
_SUFFIXES = {
    "_quote_per_s": "quote units per s",
    "_ppm_per_million_quote": "ppm per million quote units",
    "_per_day_ppm": "ppm per day",
    "per_day_quote": "quote units per day",
    "_per_sqrt_s": "fraction per sqrt(s)",
    "_quote": "quote units",
    "_ppm": "ppm",
    "_ms": "ms",
    "_s": "s",
    "_days": "days",
    "_utc": "UTC",
    "_per_year": "per year",
    "_fraction": "fraction",
    "_base": "base units",
    "volatility": "fraction per sqrt(year)",
    "annual_drift": "fraction per year",
    "price": "quote units per base unit",
}
_UNITS = {
    "orders_per_s": "per s",
    "per_second": "per s",
    "quote": "quote units",
    "base": "base units",
    "tick_size": "quote units per base unit",
    "lot_size": "base units",
    "quantum": "quote units",
    "leverage": "times",
    "max_leverage": "times",
    "utc": "UTC",
}
_LONGEST_EXAMPLE = 60

_CONFIG = """A config is one YAML file. Keys with dots and brackets are paths, as `--set` and `config.with_` take
them: an item of a list is named by its number or its name (`funds[main].seed_quote`). A mechanism has a `kind`, which
decides its other keys. A key without a default must be given. Examples are values that a shipped config has.
`clearsim schema` prints the same as JSON Schema; [Write a config](../how-to/write-a-config.md) explains overlays,
units and provenance."""
_STUDY = """A study file says what is varied around a config. [Run a study](../how-to/run-a-study.md) shows one;
`clearsim schema --study` prints the same as JSON Schema. Examples are values that a shipped study has."""


def config_page() -> str:
    """The page of config keys, as text."""
    return _page("Config keys", _CONFIG, RunConfig, _configs(), top="the file")


def study_page() -> str:
    """The page of study keys, as text."""
    return _page(
        "Study keys", _STUDY, Study, (load_study(path).study for path in shipped_studies().values()), top="the file"
    )


@dataclass(frozen=True)
class _Section:
    """A model and where the page describes it."""

    model: type[BaseModel]
    path: str

    @property
    def heading(self) -> str:
        kind = _kind(self.model)
        where = f"`{self.path}`" if self.path else "The file"
        return f"{where}, kind `{kind}`" if kind else where


def _page(title: str, introduction: str, root: type[BaseModel], files: Iterable[BaseModel], *, top: str) -> str:
    sections = {section.model: section for section in _sections(root, "", set())}
    examples: dict[tuple[type, str], str] = {}
    for value in files:
        _collect(value, examples)
    parts = [_text(section, sections, examples) for section in sections.values()]
    return page(title, introduction, *parts)


def _sections(model: type[BaseModel], path: str, seen: set[type]) -> Iterator[_Section]:
    """Every model once, parents first, in the order of the keys."""
    if model in seen:
        return
    seen.add(model)
    yield _Section(model, path)
    for name, field in model.model_fields.items():
        for inner in _models(field.annotation):
            yield from _sections(inner, _below(path, field.alias or name, field), seen)


def _below(path: str, key: str, field: FieldInfo) -> str:
    dotted = f"{path}.{key}" if path else key
    return dotted + "[]" if _is_list(field.annotation) else dotted


def _text(section: _Section, sections: dict[type[BaseModel], _Section], examples: dict[tuple[type, str], str]) -> str:
    rows = []
    for name, field in section.model.model_fields.items():
        key = field.alias or name
        if name == "kind" or _is_filled_in(field):
            continue
        inner = [sections[model] for model in _models(field.annotation)]
        rows.append(
            (
                code(key),
                _meaning(field, inner),
                "" if inner or _literals(field.annotation) else _unit(name),
                _default(field),
                code(examples.get((section.model, name), "")),
            )
        )
    head = f"## {section.heading}\n\n{summary_of(section.model)}"
    return head + ("\n\n" + table(("key", "meaning", "unit", "default", "example"), rows) if rows else "")


def _is_filled_in(field: FieldInfo) -> bool:
    """True for a key that clearsim writes itself: the text of a file that another key names."""
    return field.alias is None and bool(field.description) and "filled in" in (field.description or "")


def _meaning(field: FieldInfo, inner: list[_Section]) -> str:
    choices = [value for value in _literals(field.annotation) if isinstance(value, str)]
    text = sentence(field.description or (summary_of(inner[0].model) if inner else ""))
    if choices:
        text += f" One of {', '.join(map(code, choices))}."
    links = [f"[{code(_kind(found.model)) or 'keys'}](#{anchor(found.heading)})" for found in inner]
    return f"{text} {', '.join(links)}".strip()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return code(_kind(type(value))) or "its defaults"
    return code(_shown(value) or ("[]" if value == () else value))


def _unit(name: str) -> str:
    return _UNITS.get(name) or next((unit for end, unit in _SUFFIXES.items() if name.endswith(end)), "")


def _kind(model: type[BaseModel]) -> str:
    field = model.model_fields.get("kind")
    values = [] if field is None else _literals(field.annotation)
    return str(values[0]) if values else ""


def _types(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of, without those of mappings' keys."""
    yield annotation
    for inner in typing.get_args(annotation) if typing.get_origin(annotation) is not Literal else ():
        yield from _types(inner)


def _models(annotation: Any) -> list[type[BaseModel]]:
    found = [item for item in _types(annotation) if inspect.isclass(item) and issubclass(item, BaseModel)]
    return list(dict.fromkeys(found))


def _is_list(annotation: Any) -> bool:
    return any(typing.get_origin(item) in (tuple, list) for item in _types(annotation))


def _literals(annotation: Any) -> list[Any]:
    """The choices of a field that is one of several words; of a union with models none."""
    if isinstance(annotation, types.UnionType) and _models(annotation):
        return []
    return [
        value for item in _types(annotation) if typing.get_origin(item) is Literal for value in typing.get_args(item)
    ]


def _configs() -> Iterator[BaseModel]:
    """The shipped configs, the reference market first; overlays, which do not run alone, are left out."""
    shipped = shipped_configs()
    names = sorted(shipped, key=lambda name: (name != "base", name))
    for name in names:
        if "venues" not in shipped[name].parts:
            yield load_config(name).config


def _collect(value: Any, examples: dict[tuple[type, str], str]) -> None:
    """Note the first value that is seen of each key of each model."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            shown = _shown(inner)
            if inner is not None and shown and len(shown) <= _LONGEST_EXAMPLE and not Path(shown).is_absolute():
                examples.setdefault((type(value), name), shown)
            _collect(inner, examples)
    elif isinstance(value, tuple | list):
        for item in value:
            _collect(item, examples)


def _shown(value: Any) -> str:
    """A scalar or a short list as YAML writes it; empty for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, int | float | str):
        return str(value)
    if (
        isinstance(value, tuple | list)
        and value
        and all(isinstance(item, Decimal | int | float | str) for item in value)
    ):
        return f"[{', '.join(map(_shown, value))}]"
    return ""
