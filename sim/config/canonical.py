"""The canonical form of a resolved config, its SHA-256, and the YAML that is kept with a run's results.

Two configs that mean the same have the same hash: decimals lose trailing zeros, defaults are written out (except
`Policy.ADDED_FIELDS`), times are UTC, and an input file counts by its content, regardless of its path and name.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from ..errors import ConfigError
from ..own_code import hashed_part
from .model import RunConfig
from .yamlfile import Step, read_scalar


@dataclass(frozen=True)
class InputFile:
    """A file that a config names: its path, and its text if the config carries it (the code of own parts)."""

    path: str
    text: str | None = None

    def read(self) -> bytes:
        """The content; ConfigError if the config does not carry it and the file cannot be read."""
        if self.text is not None:
            return self.text.encode()
        try:
            return Path(self.path).read_bytes()
        except OSError as error:
            raise ConfigError(f"{self.path}: input file cannot be read: {error.strerror}") from error

    def is_on_disk(self) -> bool:
        """True if the file holds the text that the config carries."""
        try:
            return self.text is None or Path(self.path).read_bytes() == self.text.encode()
        except OSError:
            return False

    def content_hash(self) -> str:
        """`sha256:...` of the content; of code that is carried as a pickle, of what it does."""
        content = self.read() if self.text is None else hashed_part(self.text).encode()
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def kept_name(self) -> str:
        """What its copy is called in a folder of results."""
        return f"inputs/{self.content_hash()[7:15]}-{Path(self.path).name}"


FileName = Callable[[InputFile], str]

#: Most values of a config; to ask a class first is cheaper than to ask whether it is a policy.
_SCALARS = frozenset({str, int, float, bool, type(None)})


def _as_written(file: InputFile) -> str:
    return file.path


def plain(value: Any, file_name: FileName = _as_written) -> Any:
    """A policy as dicts, lists, texts and numbers: decimals as text without trailing zeros, times in ISO 8601.

    `file_name` gives the replacement for the path of an input file. Text carried by a config is left out,
    unless the path is kept and the file does not hold it.
    """
    if type(value) in _SCALARS:
        return value
    if isinstance(value, BaseModel):
        return _plain_model(value, file_name)
    if isinstance(value, dict):
        return {str(key): plain(item, file_name) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item, file_name) for item in value]
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _plain_model(model: BaseModel, file_name: FileName) -> dict[str, Any]:
    policy = type(model)
    added = getattr(policy, "ADDED_FIELDS", ())
    hidden = getattr(policy, "UNHASHED_FIELDS", ()) if file_name is InputFile.content_hash else ()
    fields = {
        key: plain(getattr(model, name), file_name)
        for name, key in keys_of(policy)
        if name not in hidden and (name not in added or getattr(model, name) != policy.model_fields[name].default)
    }
    file = _file_of(model)
    if file is not None:
        fields["file"] = file_name(file)
        if "source" in fields:
            fields["source"] = file.text if file_name is _as_written and not file.is_on_disk() else None
    return fields


def _file_of(model: BaseModel) -> InputFile | None:
    path = getattr(model, "file", None)
    return InputFile(path, getattr(model, "source", None)) if isinstance(path, str) else None


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros; -0 is 0."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def canonical_json(config: RunConfig) -> str:
    """The canonical form that is hashed."""
    return json.dumps(plain(config, InputFile.content_hash), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def config_hash(config: RunConfig) -> str:
    """SHA-256 (hex) of the canonical form, contents of input files included."""
    return hashlib.sha256(canonical_json(config).encode()).hexdigest()


def run_id(config_digest: str, *, seed: int, scenario: int, replication: int) -> str:
    """Short content hash that names one run."""
    text = f"{config_digest}/{seed}/{scenario}/{replication}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def input_files(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], InputFile]]:
    """Every input file of a config with the path of its key."""
    if isinstance(value, BaseModel):
        file = _file_of(value)
        if file is not None:
            yield (*path, "file"), file
        for name, key in keys_of(type(value)):
            yield from input_files(getattr(value, name), (*path, key))
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from input_files(item, (*path, index))


def leaves(config: Any) -> list[tuple[tuple[Step, ...], Any]]:
    """Every value of a config that is neither a policy nor a list, with its path, in the order of the fields."""
    found: list[tuple[tuple[Step, ...], Any]] = []
    _collect(config, (), found.append)
    return found


def _collect(value: Any, path: tuple[Step, ...], add: Callable[[tuple[tuple[Step, ...], Any]], None]) -> None:
    if type(value) in _SCALARS:
        add((path, value))
    elif isinstance(value, BaseModel):
        for name, key in keys_of(type(value)):
            _collect(getattr(value, name), (*path, key), add)
    elif isinstance(value, dict):
        for key, item in value.items():
            _collect(item, (*path, str(key)), add)
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            _collect(item, (*path, index), add)
    else:
        add((path, value))


@lru_cache(maxsize=1024)
def keys_of(policy: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Attribute and key in a config file of each field of a policy."""
    return tuple((name, field.alias or name) for name, field in policy.model_fields.items())


class _Dumper(yaml.SafeDumper):
    """Quotes every text that the strict loader would not read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write anchors."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else '"' if _needs_quotes(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _needs_quotes(text: str) -> bool:
    try:
        return not isinstance(read_scalar(text), str)
    except ValueError:
        return True


_Dumper.add_representer(str, _represent_text)


def to_yaml(config: BaseModel | dict[str, Any], file_name: FileName = _as_written) -> str:
    """The resolved config as YAML that `load_config` reads back to an equal config; or another model, or its dict."""
    return yaml.dump(
        plain(config, file_name),
        Dumper=_Dumper,
        sort_keys=False,
        width=120,
        allow_unicode=True,
        default_flow_style=None,
    )
