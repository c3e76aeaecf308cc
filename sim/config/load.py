"""From a file name to a runnable RunConfig: read, overlay, override, validate, cross-check, hash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import ConfigError
from .canonical import config_hash, input_files
from .check import check_config
from .model import RunConfig
from .nearest import nearest_hint
from .overrides import apply_overrides, set_value
from .own import with_sources
from .places import places_of, with_places
from .problems import Problem, loose_values, problems_of, raise_problems
from .yamlfile import Node, anchor_files, find_config, has_study_keys, parse_yaml, read_nodes


@dataclass(frozen=True)
class LoadedConfig:
    """A valid config and where it came from. Paths of input files in `config` are absolute."""

    config: RunConfig
    path: Path
    hash: str


def load_config(
    source: str | Path, overrides: Sequence[str] = (), options: Mapping[str, tuple[str, Any]] | None = None
) -> LoadedConfig:
    """Return the config that `source` names (a path, or a shipped name), with `a.b=c` overrides applied.

    options: name of an option, which heads its errors -> the path and the value that it sets, before the overrides.
    ConfigError with one line per problem, each `file:line: dotted.path must ..., found ...`.
    """
    path = find_config(str(source))
    node = read_nodes(path)
    if isinstance(node.value, dict) and has_study_keys(node.value.keys()):
        raise ConfigError(f"{path}: is a study, not a config: clearsim sweep {path}")
    for name, (place, value) in (options or {}).items():
        set_value(node, place, value, RunConfig, source=name)
    apply_overrides(node, overrides, RunConfig)
    for text in overrides:
        if text.partition("=")[0].strip().endswith("file"):
            anchor_files(node, Path.cwd())
    config = build_config(node)
    return LoadedConfig(config, path, config_hash(config))


def config_from_text(text: str, *, source: str = "config") -> RunConfig:
    """Return the config written in `text` (no extends); for tests and notebooks."""
    node = parse_yaml(text, source=source)
    anchor_files(node, Path.cwd())
    return build_config(node)


def build_config(node: Node) -> RunConfig:
    """Validate a tree of nodes; ConfigError reports every problem."""
    try:
        config = RunConfig.model_validate(node.plain())
    except ValidationError as error:
        raise_problems(problems_of(error, RunConfig, node), node)
        raise  # unreachable: a ValidationError holds at least one error
    except ConfigError as error:
        raise ConfigError(f"{node.source}: {error}") from error
    raise_problems(loose_values(config, node), node)
    require_runnable(config, node)
    resolved: RunConfig = with_sources(config)
    return with_places(resolved, places_of(node))


def _file_meant(missing: Path) -> str:
    """The file with the nearest name in the same folder, as a hint; empty if there is none."""
    near = missing.parent.glob(f"*{missing.suffix}") if missing.parent.is_dir() else ()
    return nearest_hint(missing.name, sorted(path.name for path in near))


def require_runnable(config: RunConfig, node: Node | None = None) -> None:
    """ConfigError if the parts of a config do not fit together or an input file is missing."""
    missing = [
        Problem(path, f"must be a file, found no {file.path}{_file_meant(Path(file.path))}")
        for path, file in input_files(config)
        if file.text is None and not Path(file.path).is_file()
    ]
    raise_problems([*missing, *check_config(config)], node)
