"""From a study file, or from values, to a valid study: one line per problem, with its place in the file."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...config import RunConfig
from ...config.canonical import to_yaml
from ...config.overrides import apply_overrides, set_value
from ...config.problems import loose_values, problems_of, raise_problems
from ...config.settings import native
from ...config.yamlfile import Node, find_config, find_in_package, node_of, parse_yaml, read_nodes
from ...errors import ConfigError
from ...own_parts import with_code
from .study import Study
from .study_checks import check_study


@dataclass(frozen=True)
class LoadedStudy:
    """A valid study, the tree it was read from, its base config's tree, and its file (None: made of values)."""

    study: Study
    node: Node
    base: Node
    path: Path | None

    @property
    def where(self) -> str:
        """The file as printed, or the name of a study of values."""
        return self.node.source


def load_study(source: str | Path, overrides: Sequence[str] = (), *, base: Path | None = None) -> LoadedStudy:
    """The study that `source` names (a path, or a shipped name), with `a.b=c` overrides of the study file applied.

    base: file to read in place of the base config it names (a study folder keeps a copy). ConfigError, one line per
    problem.
    """
    path = find_study(str(source))
    node = _read(path)
    apply_overrides(node, overrides, Study)
    study = _validated(node, path.parent)
    try:
        config = base or find_config(study.base, folder=path.parent)
    except ConfigError as error:
        raise ConfigError(f"{line_of(node, 'base')}: base: {error}") from error
    return LoadedStudy(study, node, read_nodes(config), path)


def study_of(values: Mapping[str, Any], *, base: RunConfig | None = None, source: str) -> LoadedStudy:
    """The study with these values of its keys; its base config is `base`, or the one that `values` names.

    source: prefix of errors.  ConfigError, one line per problem, with its key.
    """
    node = node_of(dict(values), source)
    study = _validated(node, Path.cwd())
    if base is not None:
        return LoadedStudy(study, node, node_of(native(base), f"{source}: base"), None)
    try:
        return LoadedStudy(study, node, read_nodes(find_config(study.base)), None)
    except ConfigError as error:
        raise ConfigError(f"{source}: base: {error}") from error


def with_keys(loaded: LoadedStudy, values: Mapping[str, Any], *, source: str) -> LoadedStudy:
    """The study with other values at dotted paths of its file, such as replications or design.n; its base stays."""
    if "base" in values:
        raise ConfigError(f"{source}: base cannot be changed; make another study")
    node = copy.deepcopy(loaded.node)
    for path, value in values.items():
        set_value(node, path, value, Study, source=source)
    return LoadedStudy(
        _validated(node, Path.cwd() if loaded.path is None else loaded.path.parent), node, loaded.base, loaded.path
    )


def _validated(node: Node, folder: Path) -> Study:
    """The study in a tree, files of custom parts read relative to `folder`; ConfigError with every problem."""
    try:
        study = Study.model_validate(with_code(node.plain(), folder))
    except ValidationError as error:
        raise_problems(problems_of(error, Study, node), node)
        raise
    raise_problems([*loose_values(study, node), *check_study(study)], node)
    return study


def _read(path: Path) -> Node:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    node = parse_yaml(text, source=str(path))
    if not isinstance(node.value, dict):
        raise ConfigError(f"{node.where}: a study must be a mapping of keys")
    return node


def line_of(node: Node, *steps: str | int) -> str:
    """File and line of a place in the study file, or of its nearest parent that was written there."""
    where = node.where
    for step in steps:
        children = dict(node.children())
        if step not in children:
            return where
        node = children[step]
        where = node.where
    return where


def find_study(text: str) -> Path:
    """The file that `text` names: a path, else the name of a shipped study."""
    return find_in_package(text, shipped_studies(), kind="study", lister="clearsim studies")


def shipped_studies() -> dict[str, Path]:
    """Every study inside the package: name -> path."""
    import importlib

    roots = [Path(entry) / "studies" for entry in importlib.import_module("clearsim.configs").__path__]
    return {path.stem: path for root in roots for path in sorted(root.glob("*.yaml"))}


def study_text(loaded: LoadedStudy, study: Study) -> str:
    """The YAML kept with a study's results: the file as it was written, unless values were changed since."""
    if loaded.path is not None:
        text = loaded.path.read_text(encoding="utf-8")
        if Study.model_validate(parse_yaml(text, source=loaded.where).plain()) == study:
            return text
    return to_yaml(study.model_dump(mode="json", exclude_unset=True))


def study_hash(study: Study, base_hash: str) -> str:
    """SHA-256 (hex) of everything that the numbers of a study depend on, without its texts and its number of runs."""
    words = {"title", "question", "answer", "outcomes", "full", "run_time", "assumes", "findings", "findings_of"}
    plain = study.model_dump(mode="json", exclude={*words, "base", "replications"})
    text = json.dumps([plain, base_hash], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
