"""The study file: a base config, what is uncertain, what can be chosen, how often each is run, and what is asked.

Reads and validates; where a value goes in a config is `assign.py`, which points there are is `plan.py`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sim.config.canonical import to_yaml
from sim.config.overrides import apply_overrides
from sim.config.problems import loose_values, problems_of, raise_problems
from sim.config.yamlfile import Node, find_config, find_in_package, parse_yaml, read_nodes
from sim.errors import ConfigError
from sim.policy import NonNegativeInt, Policy, PositiveInt
from sim.sweep.designs import Design, Grid
from sim.sweep.distributions import Choice, Distribution, Integers
from sim.sweep.study_checks import check_study, means, shown_as

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
PathText = Annotated[str, Field(min_length=1)]


class _Factor(Policy):
    """Something that differs between points of a study, and where it stands in the config."""

    name: Name = Field(description="Name in tables and charts.")
    path: PathText | None = Field(None, description="Dotted path into the config.")
    paths: tuple[PathText, ...] = Field((), description="Several paths that all get the value.")
    unit: str = Field("", description="Unit as printed on axes.")

    @property
    def all_paths(self) -> tuple[str, ...]:
        """Every path that gets the value."""
        return (*([self.path] if self.path else []), *self.paths)


class Uncertainty(_Factor):
    """A number or mechanism that nobody knows or controls: drawn from a distribution by the design."""

    distribution: Distribution = Field(description="Its law.")
    whole: bool = Field(False, description="Round to whole numbers (keys in ppm, ms and the like).")
    when: dict[str, Any] = Field(
        default_factory=dict, description="Only where these uncertainties or levers have these values (or labels)."
    )

    @model_validator(mode="after")
    def _has_a_place(self) -> "Uncertainty":
        if not self.all_paths:
            raise ValueError("path is missing: an uncertainty needs a path (or paths) into the config")
        return self

    def value(self, quantile: float) -> Any:
        """The value at a quantile as it is written into the config: 12 significant digits, whole if asked."""
        value = self.distribution.value(quantile)
        if isinstance(self.distribution, Choice | Integers):
            return value
        return round(value) if self.whole else float(f"{value:.12g}")


class Lever(_Factor):
    """Something that can be chosen: the study runs each of its values under the same randomness.

    Its path, or a path of its mappings, may be `fidelity`: then arms run on the full or on the reduced engine.
    """

    values: tuple[Any, ...] = Field(min_length=1, description="Values; or, without a path, mappings of path to value.")
    labels: tuple[str, ...] | None = Field(None, description="How the values are called; null: by themselves.")

    @model_validator(mode="after")
    def _fits(self) -> "Lever":
        if self.labels is not None and len(self.labels) != len(self.values):
            raise ValueError(f"labels must be as many as values: {len(self.values)}, found {len(self.labels)}")
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        if not self.all_paths and not all(isinstance(value, dict) for value in self.values):
            raise ValueError("path is missing: without one, every value must be a mapping of config paths to values")
        return self

    def settings(self, index: int) -> list[tuple[str, Any]]:
        """(path, value) pairs of value number `index`."""
        value = self.values[index]
        return [(path, value) for path in self.all_paths] if self.all_paths else list(value.items())

    def shown(self, index: int) -> Any:
        """What tables show for value number `index`: its label, the number itself, or its text."""
        if self.labels is not None:
            return self.labels[index]
        return shown_as(self.values[index])

    def has(self, index: int, wanted: Any) -> bool:
        """True if value number `index` is what a condition asks for, by its label or itself."""
        return means(self.shown(index), wanted) or means(self.values[index], wanted)


class FullSize(Policy):
    """The larger size of a study, for `--full`."""

    replications: PositiveInt | None = Field(None, description="Replications; null: as before.")
    paths: PositiveInt | None = Field(None, description="Paths a reduced run; null: as before.")
    n: PositiveInt | None = Field(None, description="`n` of the design; null: as before.")


class Study(Policy):
    """A study: uncertainties x levers x replications over a base config."""

    schema_version: Literal[1] = Field(1, description="Version of this format.")
    name: Name = Field(description="Short name; the results folder is called after it.")
    title: str = Field(description="One line.")
    question: str = Field("", description="What the study asks, a sentence with a question mark.")
    base: str = Field(description="Base config: a shipped name, or a path (against this file's folder).")
    set: dict[str, Any] = Field(default_factory=dict, description="Config paths and values that hold in all points.")
    fidelity: Literal["full", "reduced"] = Field("full", description="Engine: agents on a book, or the reduced form.")
    seed: NonNegativeInt | None = Field(None, description="Seed of runs and design; null: the config's.")
    replications: PositiveInt = Field(1, description="Runs of each point, each with its own randomness.")
    paths: PositiveInt = Field(10_000, description="Paths of one run of the reduced engine.")
    sampler: Literal["crude", "importance", "sobol"] = Field("crude", description="Reduced: how paths are drawn.")
    target: Annotated[float, Field(gt=0, lt=1)] = Field(1e-3, description="Importance: probability aimed at.")
    keep_paths: bool = Field(True, description="Reduced: keep one row a path, for curves and tails.")
    design: Design = Field(default_factory=lambda: Grid(kind="grid"), description="Points of the uncertainties.")
    uncertainties: tuple[Uncertainty, ...] = Field((), description="What is not known.")
    levers: tuple[Lever, ...] = Field((), description="What can be chosen.")
    zip: tuple[tuple[str, ...], ...] = Field((), description="Groups of levers that move together.")
    outcomes: tuple[str, ...] = Field((), description="Columns of runs, or events, that the report looks at.")
    answer: dict[str, Any] | None = Field(None, description="What `sufficient` means; see the how-to on sizing a fund.")
    full: FullSize = Field(default_factory=FullSize, description="The larger size, for --full.")
    run_time: str = Field("", description="Stated time of the default size.")
    assumes: tuple[str, ...] = Field((), description="What the study takes for granted, one sentence each.")
    findings: str = Field("", description="What was found, with intervals, by the default size.")

    def in_full(self) -> "Study":
        """The study in its larger size."""
        design = self.design
        if self.full.n is not None and hasattr(design, "n"):
            design = design.model_copy(update={"n": self.full.n})
        return self.model_copy(
            update={
                "replications": self.full.replications or self.replications,
                "paths": self.full.paths or self.paths,
                "design": design,
            }
        )


@dataclass(frozen=True)
class LoadedStudy:
    """A valid study, the tree it was read from, its base config's tree with `set` laid in, and where it came from."""

    study: Study
    node: Node
    base: Node
    path: Path

    @property
    def where(self) -> str:
        """The file as printed."""
        return self.node.source


def load_study(source: str | Path, overrides: Sequence[str] = (), *, base: Path | None = None) -> LoadedStudy:
    """The study that `source` names (a path, or a shipped name), with `a.b=c` overrides of the study file applied.

    base: file to read in place of the base config it names (a study folder keeps its own). ConfigError, one line a
    problem.
    """
    path = find_study(str(source))
    node = _read(path)
    apply_overrides(node, overrides, Study)
    try:
        study = Study.model_validate(node.plain())
    except ValidationError as error:
        raise_problems(problems_of(error, Study, node), node)
        raise
    raise_problems([*loose_values(study, node), *check_study(study)], node)
    try:
        config = base or find_config(study.base, folder=path.parent)
    except ConfigError as error:
        raise ConfigError(f"{line_of(node, 'base')}: base: {error}") from error
    return LoadedStudy(study, node, read_nodes(config), path)


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
    """File and line of a place in the study file, or of the last place on the way that was written there."""
    where = node.where
    for step in steps:
        children = dict(node.children())
        if step not in children:
            return where
        node = children[step]
        where = node.where
    return where


def find_study(text: str) -> Path:
    """The file that `text` names: a path, else a shipped study's name."""
    return find_in_package(text, shipped_studies(), kind="study", lister="clearsim studies")


def shipped_studies() -> dict[str, Path]:
    """Every study inside the package: name -> path."""
    import importlib

    roots = [Path(entry) / "studies" for entry in importlib.import_module("configs").__path__]
    return {path.stem: path for root in roots for path in sorted(root.glob("*.yaml"))}


def study_text(loaded: LoadedStudy, study: Study) -> str:
    """The YAML kept with a study's results: the file as it was written, unless overrides changed what it says."""
    text = loaded.path.read_text(encoding="utf-8")
    as_written = Study.model_validate(parse_yaml(text, source=loaded.where).plain())
    return text if as_written == study else to_yaml(study.model_dump(mode="json", exclude_unset=True))


def study_hash(study: Study, base_hash: str) -> str:
    """SHA-256 (hex) of what the numbers of a study depend on: not of its words, nor of how many runs are made."""
    words = {"title", "question", "answer", "outcomes", "full", "run_time", "assumes", "findings"}
    plain = study.model_dump(mode="json", exclude={*words, "base", "replications"})
    text = json.dumps([plain, base_hash], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
