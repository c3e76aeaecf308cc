"""From a study to its points and jobs: rows of the design x arms of the levers, each with its settings of the base.

A point is row x arm; its number is row x (number of arms) + arm. Arms of a row share its scenario, and so their
randomness. Nothing is built before it is requested: a study of a million points costs a table of quantiles.
"""

import copy
import hashlib
import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from ...config import RunConfig, Setting, config_hash
from ...config.load import build_config
from ...config.overrides import set_value
from ...config.places import Places, with_places
from ...config.yamlfile import Node
from .designs import Listed
from .fidelity import split_fidelity
from .job import Job
from .load_study import LoadedStudy, line_of, study_hash
from .study import Lever, Study, Uncertainty, means, shown_as


def base_tree(loaded: LoadedStudy, study: Study) -> Node:
    """The tree of the base config with the study's `set` and seed applied; ConfigError at the line of a bad path."""
    tree = copy.deepcopy(loaded.base)
    for path, value in study.set.items():
        set_value(tree, path, value, RunConfig, source=f"{line_of(loaded.node, 'set', path)}: set")
    if study.seed is not None:
        set_value(tree, "seed", study.seed, RunConfig, source=f"{line_of(loaded.node, 'seed')}: seed")
    return tree


@dataclass(frozen=True)
class Point:
    """One point: its place in the design, its settings, and its values in tables."""

    number: int
    row: int
    scenario: int
    arm: int
    settings: tuple[Setting, ...]
    shown: Mapping[str, Any]  # u.<name> and l.<name>
    fidelity: str  # full | reduced


@dataclass
class Plan:
    """The points and jobs of a study. ConfigError if its paths or values do not fit its base config."""

    loaded: LoadedStudy
    study: Study
    notes: list[str] = field(default_factory=list)

    @cached_property
    def base(self) -> RunConfig:
        """The base config with the study's `set` and seed."""
        return build_config(base_tree(self.loaded, self.study))

    @cached_property
    def _base_of_jobs(self) -> RunConfig:
        """The base without names of files, so that the error of a failed run is the same text on any machine."""
        return with_places(self.base, Places())

    @cached_property
    def base_hash(self) -> str:
        """SHA-256 of the base config."""
        return config_hash(self.base)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything that the numbers of a run depend on, besides its point and replication."""
        return study_hash(self.study, self.base_hash)

    @cached_property
    def arms(self) -> list[dict[str, int]]:
        """Number of the value of each lever, by arm; the first lever varies slowest."""
        grouped = {name for group in self.study.zip for name in group}
        axes: list[list[dict[str, int]]] = []
        seen: set[str] = set()
        for lever in self.study.levers:
            if lever.name in seen:
                continue
            together = next((group for group in self.study.zip if lever.name in group), (lever.name,))
            seen |= set(together) if lever.name in grouped else {lever.name}
            axes.append([dict.fromkeys(together, index) for index in range(len(lever.values))])
        return [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*axes)]

    @cached_property
    def rows(self) -> "Rows":
        """Quantiles and scenarios of the design."""
        quantiles, scenarios = self.study.design.rows(len(self.study.uncertainties), self.base.seed)
        return Rows(quantiles, scenarios)

    @cached_property
    def fidelities(self) -> tuple[str, ...]:
        """Engines of the arms, sorted."""
        return tuple(sorted({self.point(arm).fidelity for arm in range(len(self.arms))}))

    @property
    def n_points(self) -> int:
        """Points."""
        return len(self.rows.scenarios) * len(self.arms)

    @property
    def n_runs(self) -> int:
        """Runs, replications included."""
        return self.n_points * self.study.replications

    def point(self, number: int) -> Point:
        """Point number `number`."""
        row, arm = divmod(number, len(self.arms))
        return self._point(row, arm, self._drawn(row))

    def at_medians(self, arm: int) -> Point:
        """An arm with the uncertainties that apply in it at their medians, whatever the design; numbered as row 0."""
        return self._point(0, arm, {item.name: item.value(0.5) for item in self.study.uncertainties})

    def at_values(self, arm: int, drawn: Mapping[str, Any]) -> Point:
        """An arm with given values of the uncertainties that apply in it; numbered as row 0."""
        return self._point(0, arm, drawn)

    def _point(self, row: int, arm: int, drawn: Mapping[str, Any]) -> Point:
        chosen = self.arms[arm]
        settings: list[Setting] = []
        for lever in self.study.levers:
            settings += lever.settings(chosen[lever.name])
        shown: dict[str, Any] = {}
        for item in self.study.uncertainties:
            applies = self._applies(item, chosen, drawn)
            shown[f"u.{item.name}"] = shown_as(drawn[item.name]) if applies else None
            if applies:
                settings += [(path, drawn[item.name]) for path in item.all_paths]
        shown |= {f"l.{lever.name}": lever.shown(chosen[lever.name]) for lever in self.study.levers}
        fidelity, places = split_fidelity(settings, self.study.fidelity)
        scenario = int(self.rows.scenarios[row])
        return Point(row * len(self.arms) + arm, row, scenario, arm, places, shown, fidelity)

    def _applies(self, item: Uncertainty, chosen: Mapping[str, int], drawn: Mapping[str, Any]) -> bool:
        """True if its conditions hold; a condition on an uncertainty that does not apply is false."""
        for name, wanted in item.when.items():
            if name in chosen:
                holds = self._levers[name].has(chosen[name], wanted)
            else:
                holds = means(drawn[name], wanted) and self._applies(self._uncertainties[name], chosen, drawn)
            if not holds:
                return False
        return True

    @cached_property
    def _levers(self) -> dict[str, Lever]:
        return {lever.name: lever for lever in self.study.levers}

    @cached_property
    def _uncertainties(self) -> dict[str, Uncertainty]:
        return {item.name: item for item in self.study.uncertainties}

    def _drawn(self, row: int) -> dict[str, Any]:
        """Values of the uncertainties of a row, whether or not their conditions hold."""
        if isinstance(self.study.design, Listed):
            listed = self.study.design.points[row]
            return {item.name: listed.get(item.name, item.value(0.5)) for item in self.study.uncertainties}
        quantiles = self.rows.quantiles[row]
        return {item.name: item.value(float(q)) for item, q in zip(self.study.uncertainties, quantiles, strict=True)}

    def points(self) -> Iterator[Point]:
        """All points in order."""
        return map(self.point, range(self.n_points))

    def run_id(self, point: int, replication: int) -> str:
        """Id of a run: a hash of study, point and replication."""
        return hashlib.sha256(f"{self.hash}/{point}/{replication}".encode()).hexdigest()[:16]

    def job(self, point: Point, replication: int) -> Job:
        """The job of one run."""
        study = self.study
        return Job(
            run_id=self.run_id(point.number, replication),
            name=study.name,
            seed=self.base.seed,
            scenario=point.scenario,
            replication=replication,
            point=point.number,
            arm=point.arm,
            fidelity=point.fidelity,
            base=self._base_of_jobs,
            settings=point.settings,
            paths=study.paths,
            sampler=study.sampler,
            target=study.target,
            keep_paths=study.keep_paths,
        )

    def jobs(
        self,
        replications: range | None = None,
        *,
        shard: tuple[int, int] = (1, 1),
        without: Collection[str] = (),
    ) -> Iterator[Job]:
        """Jobs of all points, replication by replication, except the runs `without`.

        shard (I, N): every N-th job, starting with the I-th.
        """
        index, count = shard
        numbers = itertools.product(replications or range(self.study.replications), range(self.n_points))
        for replication, number in itertools.islice(numbers, index - 1, None, count):
            if self.run_id(number, replication) not in without:
                yield self.job(self.point(number), replication)

    def table(self) -> pa.Table:
        """The `points` table."""
        points = list(self.points())
        columns: dict[str, Any] = {
            "point": pa.array([p.number for p in points], pa.int64()),
            "scenario": pa.array([p.scenario for p in points], pa.int64()),
            "arm": pa.array([p.arm for p in points], pa.int64()),
            "config_hash": pa.array([self._settings_hash(p) for p in points], pa.string()),
        }
        for name in points[0].shown:
            columns[name] = _column([p.shown[name] for p in points])
        return pa.table(columns)

    def _settings_hash(self, point: Point) -> str:
        named = [] if point.fidelity == self.study.fidelity else [point.fidelity]
        text = json.dumps([self.base_hash, point.settings, *named], default=str, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Rows:
    """Rows of a design: quantiles (n, k), scenario of each (n,)."""

    quantiles: Any
    scenarios: Any


def _column(values: Sequence[Any]) -> pa.Array:
    """Numbers as numbers (null: does not apply), anything else as text."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present) and present:
        return pa.array(values, pa.bool_())
    if all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in present):
        return pa.array(values, pa.int64() if len(present) == len(values) else pa.float64())
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())
