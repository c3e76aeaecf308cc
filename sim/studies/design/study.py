"""A study: a base config, uncertainties, levers, the number of runs of each point, and a question.

`load_study.py` reads its file, `config/settings.py` sets values in a config, `plan.py` lists the points.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ...policy import NonNegativeInt, Policy, PositiveInt
from .designs import Design, Grid
from .distributions import Choice, Distribution, Integers

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
PathText = Annotated[str, Field(min_length=1)]


def shown_as(value: Any) -> Any:
    """A value as tables show it: numbers and text unchanged, a list as text, a mechanism as its kind, a custom part
    as its class."""
    if isinstance(value, dict):
        return str(value["class"]) if "class" in value else str(value.get("kind", json.dumps(value, sort_keys=True)))
    return json.dumps(value) if isinstance(value, list | tuple) else value


def means(value: Any, wanted: Any) -> bool:
    """True if a condition that requires `wanted` is met by `value`, as it is or as tables show it."""
    return bool(value == wanted or shown_as(value) == wanted)


class _Factor(Policy):
    """Something that differs between points of a study, and its place in the config."""

    name: Name = Field(description="Name in tables and charts.")
    path: PathText | None = Field(None, description="Dotted path into the config.")
    paths: tuple[PathText, ...] = Field((), description="Several paths that all get the value.")
    unit: str = Field("", description="Unit as printed on axes.")

    @property
    def all_paths(self) -> tuple[str, ...]:
        """Every path that gets the value."""
        return (*([self.path] if self.path else []), *self.paths)


class Uncertainty(_Factor):
    """A number or mechanism that is not known or controlled: the design draws it from a distribution."""

    distribution: Distribution = Field(description="Its distribution.")
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
        """The value at a quantile as it is written into the config: 12 significant digits, whole if requested."""
        value = self.distribution.value(quantile)
        if isinstance(self.distribution, Choice | Integers):
            return value
        return round(value) if self.whole else float(f"{value:.12g}")


class Lever(_Factor):
    """Something that can be chosen: the study runs each of its values under the same randomness.

    Its path, or a path of its mappings, may be `fidelity`: then arms run on the full or on the reduced engine.
    """

    values: tuple[Any, ...] = Field(min_length=1, description="Values; or, without a path, mappings of path to value.")
    labels: tuple[str, ...] | None = Field(None, description="Labels of the values; null: the values themselves.")

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
        """True if value number `index` is what a condition requires, by its label or by value."""
        return means(self.shown(index), wanted) or means(self.values[index], wanted)


class FullSize(Policy):
    """The larger size of a study, for `--full`."""

    replications: PositiveInt | None = Field(None, description="Replications; null: as before.")
    paths: PositiveInt | None = Field(None, description="Paths per reduced run; null: as before.")
    n: PositiveInt | None = Field(None, description="`n` of the design; null: as before.")


class FindingsOf(Policy):
    """The run that a study's findings are of: reports print findings as such only over the data of that run."""

    study_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="`study_hash` of its manifest; null: not recorded."
    )
    runs: PositiveInt = Field(description="Its completed runs.")
    seed: NonNegativeInt = Field(description="Its seed.")
    result_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="`result_hash` of its manifest, which also fixes the version; null: not recorded."
    )


class Study(Policy):
    """A study: uncertainties x levers x replications over a base config."""

    schema_version: Literal[1] = Field(1, description="Version of this format.")
    name: Name = Field(description="Short name; it also names the results folder.")
    title: str = Field(description="One line.")
    question: str = Field("", description="Question of the study, one sentence with a question mark.")
    base: str = Field(description="Base config: a shipped name, or a path relative to this file.")
    set: dict[str, Any] = Field(default_factory=dict, description="Config paths and values that hold in all points.")
    fidelity: Literal["full", "reduced"] = Field("full", description="Engine: agents on a book, or the reduced form.")
    seed: NonNegativeInt | None = Field(None, description="Seed of runs and design; null: the config's.")
    replications: PositiveInt = Field(1, description="Runs of each point, each with its own randomness.")
    paths: PositiveInt = Field(10_000, description="Paths of one run of the reduced engine.")
    sampler: Literal["crude", "importance", "sobol"] = Field("crude", description="Reduced: how paths are drawn.")
    target: Annotated[float, Field(gt=0, lt=1)] = Field(1e-3, description="Importance: target probability.")
    keep_paths: bool = Field(True, description="Reduced: keep one row per path, for curves and tails.")
    design: Design = Field(default_factory=lambda: Grid(kind="grid"), description="Points of the uncertainties.")
    uncertainties: tuple[Uncertainty, ...] = Field((), description="What is uncertain.")
    levers: tuple[Lever, ...] = Field((), description="What can be chosen.")
    zip: tuple[tuple[str, ...], ...] = Field((), description="Groups of levers that change together.")
    outcomes: tuple[str, ...] = Field((), description="Columns of runs, or events, that the report shows.")
    answer: dict[str, Any] | None = Field(None, description="What `sufficient` means; see the how-to on sizing a fund.")
    full: FullSize = Field(default_factory=FullSize, description="The larger size, for --full.")
    run_time: str = Field("", description="Stated time of the default size.")
    assumes: tuple[str, ...] = Field((), description="Assumptions of the study, one sentence each.")
    findings: str = Field("", description="Findings of one run of the study, with intervals.")
    findings_of: FindingsOf | None = Field(None, description="The run that `findings` are of; null: not stated.")

    def in_full(self) -> "Study":
        """The study at its larger size."""
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
