"""Strict YAML: text -> a tree of nodes that remember file and line, overlays (`extends`) and overrides (`--set`).

Defines the accepted YAML: keys are unique; only `true` and `false` are booleans, so `no`, `yes`, `on` and `off`
are text; `1e-3` is a number; `12:30:00` and `2025-10-10` are text; anchors, merge keys and tags are refused. The one
tag is `!replace`, which makes a list or mapping of an overlay replace its base's instead of merging with it.
Valid keys are defined by the models (`model.py`), error messages by `problems.py`.
"""

import importlib
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..errors import ConfigError
from .nearest import nearest_hint

Step = str | int
Scalar = str | int | float | bool | None

REPLACE_TAG = "!replace"
CORE_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value")
}
#: An overlay merges lists of mappings by the first of these keys that all their items have.
MERGE_KEYS = ("name", "path")
MAX_EXTENDS = 16
#: Content below this key is not checked: it belongs to the user.
FREE_KEY = "params"

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9]*|\.[0-9]+|[0-9][0-9_]*)([eE][-+]?[0-9]+)?$")
_NUMBERS_THAT_ARE_NONE = (".nan", "-.nan", ".inf", "-.inf", "+.inf")


@dataclass
class Node:
    """A value of a config and where it was written. `value` is a scalar, a list of nodes, or a mapping to nodes."""

    value: "Scalar | list[Node] | dict[str, Node]"
    source: str  # file name as printed, or the text of an override
    line: int  # 1 is the first; 0 for values not from a file
    replaces: bool = False

    @property
    def where(self) -> str:
        """The place as printed at the head of an error."""
        return f"{self.source}:{self.line}" if self.line else self.source

    def plain(self) -> Any:
        """The value as plain Python lists, dicts and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def children(self) -> Iterator[tuple[Step, "Node"]]:
        """The nodes right below this one, with their key or index."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)


if TYPE_CHECKING:
    _SafeLoader = yaml.SafeLoader
else:  # the parser in C where PyYAML was built with it: ten times as fast, the same nodes
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StrictLoader(_SafeLoader):
    """SafeLoader whose nodes are read by `_to_node`; it resolves no scalars and defines no tags."""


def read_scalar(text: str) -> Scalar:
    """The meaning of an unquoted scalar: null, true/false, whole number, decimal number, else text.

    ValueError for a number with more digits than a float keeps (it must be quoted) and for not-a-number and infinity.
    """
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.match(text):
        return int(text.replace("_", ""))
    if text.lower() in _NUMBERS_THAT_ARE_NONE:
        raise ValueError(f"{text} is not a finite number")
    if _FLOAT.match(text) and not re.match(r"[-+]?0[0-9]", text):
        digits = re.sub(r"[eE].*|[^0-9]", "", text).lstrip("0")
        if len(digits) > 15:
            raise ValueError(f"{text} has more digits than a float keeps; write it in quotes")
        return float(text.replace("_", ""))
    return text


def _to_node(raw: yaml.Node, source: str, seen: set[int]) -> Node:
    line = raw.start_mark.line + 1
    where = f"{source}:{line}"
    if id(raw) in seen:
        raise ConfigError(f"{where}: anchors and aliases are not supported; repeat the value, or use extends")
    seen.add(id(raw))
    replaces = raw.tag == REPLACE_TAG
    if not replaces and raw.tag not in CORE_TAGS:
        raise ConfigError(f"{where}: tag {raw.tag} is not supported; the only tag is {REPLACE_TAG}")
    if isinstance(raw, yaml.MappingNode):
        return Node(_mapping(raw, source, seen), source, line, replaces)
    if isinstance(raw, yaml.SequenceNode):
        return Node([_to_node(item, source, seen) for item in raw.value], source, line, replaces)
    if not isinstance(raw, yaml.ScalarNode) or raw.style:  # quoted or block text
        return Node(str(raw.value), source, line)
    try:
        return Node(read_scalar(raw.value), source, line)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _mapping(raw: yaml.MappingNode, source: str, seen: set[int]) -> dict[str, Node]:
    mapping: dict[str, Node] = {}
    for key, value in raw.value:
        where = f"{source}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{where}: a key must be text, found a list or mapping")
        if key.value == "<<":
            raise ConfigError(f"{where}: merge keys are not supported; use extends")
        if key.value in mapping:
            first = mapping[key.value].line
            raise ConfigError(f"{where}: duplicate key {key.value} (first at line {first})")
        node = _to_node(value, source, seen)
        node.line = key.start_mark.line + 1
        mapping[key.value] = node
    return mapping


def parse_yaml(text: str, *, source: str) -> Node:
    """Return the tree of one YAML document; ConfigError with file and line for anything but strict YAML."""
    try:
        raw = yaml.compose(text, Loader=StrictLoader)
        if raw is not None:
            return _to_node(raw, source, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line + 1, len(text.splitlines()) or 1) if mark else 1  # not beyond the last line
        raise ConfigError(f"{source}:{line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}:1: not valid YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigError(f"{source}:1: nested too deeply") from error
    raise ConfigError(f"{source}:1: the file is empty; expected a config (clearsim init writes one)")


def node_of(value: Any, source: str) -> Node:
    """A tree of plain values that are not from a file."""
    if isinstance(value, dict):
        return Node({str(key): node_of(item, source) for key, item in value.items()}, source, 0)
    if isinstance(value, (list, tuple)):
        return Node([node_of(item, source) for item in value], source, 0)
    return Node(value, source, 0)


def merge(base: Node, overlay: Node) -> Node:
    """Return `base` with `overlay` laid over it; neither is changed.

    Mappings merge key by key, unless both have a `kind` and the kinds differ; lists whose items all have a `name` (or a
    `path`) merge by it, new items after the old; everything else, and anything tagged !replace, is replaced.
    """
    if overlay.replaces:
        return Node(overlay.value, overlay.source, overlay.line)
    if isinstance(base.value, dict) and isinstance(overlay.value, dict) and not _kinds_differ(base, overlay):
        merged = dict(base.value)
        for key, node in overlay.value.items():
            merged[key] = merge(merged[key], node) if key in merged else node
        return Node(merged, overlay.source, overlay.line)
    if isinstance(base.value, list) and isinstance(overlay.value, list):
        for key in MERGE_KEYS:
            old, new = _by_key(base.value, key), _by_key(overlay.value, key)
            if old and new:
                items = {name: merge(node, new[name]) if name in new else node for name, node in old.items()}
                return Node(_ordered(items, new), overlay.source, overlay.line)
    return overlay


def _ordered(items: dict[Scalar, Node], new: dict[Scalar, Node]) -> list[Node]:
    return [*items.values(), *(node for name, node in new.items() if name not in items)]


def _kinds_differ(base: Node, overlay: Node) -> bool:
    assert isinstance(base.value, dict)
    assert isinstance(overlay.value, dict)
    old, new = base.value.get("kind"), overlay.value.get("kind")
    return old is not None and new is not None and old.value != new.value


def _by_key(items: list[Node], key: str) -> dict[Scalar, Node]:
    """Items by the scalar they have under `key`; empty if one has none or two are equal."""
    found: dict[Scalar, Node] = {}
    for item in items:
        if not isinstance(item.value, dict) or key not in item.value:
            return {}
        name = item.value[key].value
        if isinstance(name, (list, dict)) or name in found:
            return {}
        found[name] = item
    return found


#: Folders of the package's `configs` with files other than configs.
NOT_CONFIGS = ("studies", "scenarios", "cluster", "history")


def shipped_configs() -> dict[str, Path]:
    """Every config inside the package: name without folder or suffix -> path. Names are unique across folders."""
    return {path.stem: path for path, inside in _package_files().items() if inside.parts[0] not in NOT_CONFIGS}


def _package_files() -> dict[Path, Path]:
    """Every YAML file inside the package: its path, and the path inside its root."""
    roots = [Path(entry) for entry in importlib.import_module("clearsim.configs").__path__]
    return {path: path.relative_to(root) for root in roots for path in sorted(root.rglob("*.yaml"))}


def find_config(text: str, *, folder: Path | None = None) -> Path:
    """Return the file that `text` names: a path (relative to `folder` if given), else a shipped config's name."""
    return find_in_package(text, shipped_configs(), kind="config", lister="clearsim configs", folder=folder)


def find_in_package(
    text: str, shipped: Mapping[str, Path], *, kind: str, lister: str, folder: Path | None = None
) -> Path:
    """Return the file that `text` names: a path (relative to `folder` if given), else one of `shipped` by its name."""
    path = Path(text).expanduser()
    if folder is not None and not path.is_absolute():
        path = folder / path
    if path.is_file():
        return path
    name = text.removesuffix(".yaml")
    if name in shipped:
        return shipped[name]
    if path.is_dir():
        raise ConfigError(f"{text}: is a folder; expected a {kind} file, or one of the names in {lister}")
    hint = _other_kind(name) or nearest_hint(Path(name).name, shipped) or f" ({lister} lists the shipped ones)"
    raise ConfigError(f"{text}: no such {kind} file or shipped {kind}{hint}")


#: The kind of the files in a folder of the package's `configs`, and the command that reads them.
_KINDS = {"studies": ("study", "sweep"), "scenarios": ("scenario", "validate")}


def _other_kind(name: str) -> str:
    """A hint if the package has a file of this name, but of another kind."""
    for path, inside in _package_files().items():
        if path.stem == name and inside.parts[0] not in ("cluster", "history"):
            kind, command = _KINDS.get(inside.parts[0], ("config", "run"))
            return f" ({name} is a {kind}: clearsim {command} {name})"
    return ""


#: A key at the top of a file, without parsing it.
_TOP_KEY = re.compile(r"^([a-z_]+):", re.MULTILINE)


def study_file(text: str) -> Path | None:
    """The study that `text` names, a file or the name of a shipped one; None if it names anything else."""
    path = Path(text).expanduser()
    if not path.is_file():
        name = text.removesuffix(".yaml")
        named = [file for file, inside in _package_files().items() if inside.parts[0] == "studies"]
        return next((file for file in named if file.stem == name), None) if name not in shipped_configs() else None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return path if has_study_keys(set(_TOP_KEY.findall(text))) else None


def has_study_keys(keys: Set[str]) -> bool:
    """True if the keys at the top of a file are those of a study and not of a config."""
    return "base" in keys and bool({"design", "uncertainties", "levers"} & keys) and "markets" not in keys


def read_nodes(path: Path) -> Node:
    """Return the tree of a config file with its `extends` laid under it; the `extends` key itself is gone.

    Values of keys called `file` become absolute, each relative to the folder of its file.
    """
    return _read_nodes(path, ())


def _read_nodes(path: Path, above: tuple[Path, ...]) -> Node:
    resolved = path.resolve()
    if resolved in above or len(above) >= MAX_EXTENDS:
        raise ConfigError(f"{path}: extends itself ({' -> '.join(p.name for p in (*above, resolved))})")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    node = parse_yaml(text, source=_short(path))
    if not isinstance(node.value, dict):
        raise ConfigError(f"{node.where}: a config must be a mapping of keys, found {describe(node.plain())}")
    anchor_files(node, path.parent)
    extends = node.value.pop("extends", None)
    if extends is None:
        return node
    names = extends.plain() if isinstance(extends.value, list) else [extends.value]
    base: Node | None = None
    for name in names:
        if not isinstance(name, str):
            raise ConfigError(f"{extends.where}: extends must name a config file, found {describe(name)}")
        try:
            parent = find_config(name, folder=path.parent)
        except ConfigError as error:
            raise ConfigError(f"{extends.where}: extends: {error}") from error
        layer = _read_nodes(parent, (*above, resolved))
        base = layer if base is None else merge(base, layer)
    return node if base is None else merge(base, node)


def _short(path: Path) -> str:
    """The path as printed: relative to the working folder if that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def anchor_files(node: Node, folder: Path) -> None:
    """Make every value of a key called `file` below `node` an absolute path against `folder`."""
    for key, child in node.children():
        if key == FREE_KEY:
            continue
        if key == "file" and isinstance(child.value, str):
            child.value = str((folder / Path(child.value).expanduser()).resolve())
        anchor_files(child, folder)


def describe(value: object) -> str:
    """A value as an error prints it: short, with its kind if the kind matters."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"a mapping with keys {', '.join(map(str, value))}"[:80] if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
