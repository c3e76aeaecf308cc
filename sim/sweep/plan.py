"""From a study to its points and jobs: rows of the design x arms of the levers, each with what it sets in the base.

A point is row x arm; its number is row x (number of arms) + arm. Arms of a row share its scenario, and so their
randomness. Nothing is built before it is asked for: a study of a million points costs a table of quantiles.
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

from sim.config import RunConfig, config_hash
from sim.config.load import build_config
from sim.config.overrides import set_value
from sim.config.yamlfile import Node
from sim.errors import ConfigError
from sim.sweep.assign import Setting, with_settings
from sim.sweep.designs import Listed, Saltelli, Sobol, power_of_two
from sim.sweep.job import Job
from sim.sweep.study import LoadedStudy, Study, Uncertainty, study_hash


@dataclass(frozen=True)
class Point:
    """One point: its place in the design, what it sets, and what tables show of it."""

    number: int
    row: int
    scenario: int
    arm: int
    settings: tuple[Setting, ...]
    shown: Mapping[str, Any]  # u.<name> and l.<name>


@dataclass
class Plan:
    """The points and jobs of a study. ConfigError if its paths or values do not fit its base config."""

    loaded: LoadedStudy
    study: Study
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, loaded: LoadedStudy, *, full: bool = False) -> "Plan":
        """The plan of a study, checked: every path exists, every value of a lever and every median can be set."""
        plan = cls(loaded, loaded.study.in_full() if full else loaded.study)
        plan._check_paths()
        plan._check_values()
        plan._tell()
        return plan

    @cached_property
    def base(self) -> RunConfig:
        """The base config with the study's `set` and seed."""
        tree = copy.deepcopy(self.loaded.base)
        for path, value in self.study.set.items():
            set_value(tree, path, value, RunConfig, source=f"{self.loaded.where}: set")
        if self.study.seed is not None:
            set_value(tree, "seed", self.study.seed, RunConfig, source=f"{self.loaded.where}: seed")
        return build_config(tree)

    @cached_property
    def base_hash(self) -> str:
        """SHA-256 of the base config."""
        return config_hash(self.base)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the numbers of a run depend on, besides its point and replication."""
        return study_hash(self.study, self.base_hash)

    @cached_property
    def arms(self) -> list[dict[str, int]]:
        """Number of the value of each lever, by arm; the first lever moves slowest."""
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
        chosen = self.arms[arm]
        levers = {lever.name: lever.shown(chosen[lever.name]) for lever in self.study.levers}
        drawn = self._drawn(row)
        known = {**levers, **drawn}
        settings: list[Setting] = []
        for lever in self.study.levers:
            settings += lever.settings(chosen[lever.name])
        shown: dict[str, Any] = {}
        for item in self.study.uncertainties:
            applies = all(known[name] == wanted for name, wanted in item.when.items())
            shown[f"u.{item.name}"] = _cell(drawn[item.name]) if applies else None
            if applies:
                settings += [(path, drawn[item.name]) for path in item.all_paths]
        shown |= {f"l.{name}": value for name, value in levers.items()}
        return Point(number, row, int(self.rows.scenarios[row]), arm, tuple(settings), shown)

    def _drawn(self, row: int) -> dict[str, Any]:
        """Values of the uncertainties of a row, conditions not looked at."""
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
            fidelity=study.fidelity,
            base=self.base,
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
        """Jobs of all points, replication after replication, but for the runs `without`.

        shard (I, N): every N-th, beginning with the I-th.
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
        text = json.dumps([self.base_hash, point.settings], default=str, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _check_paths(self) -> None:
        """ConfigError at the line of the first path that does not exist, naming the nearest; or that is set twice."""
        study, node = self.study, self.loaded.node
        taken: dict[str, str] = {}
        for kind, factors in (("uncertainties", study.uncertainties), ("levers", study.levers)):
            for number, factor in enumerate(factors):
                where = _where(node, kind, number)
                probes = _probes(factor)
                for path, value in probes:
                    tree = copy.deepcopy(self.loaded.base)
                    set_value(tree, path, value, RunConfig, source=f"{where}: {kind}[{number}].path")
                    owner = taken.setdefault(path, factor.name)
                    if owner != factor.name:
                        raise ConfigError(
                            f"{where}: {path} is set by {owner} and by {factor.name}; let one of them do it"
                        )

    def _check_values(self) -> None:
        """ConfigError where a lever's value or a median cannot be set; notes levers that change nothing."""
        from sim.reduced.admit import require_reduced

        study = self.study
        if isinstance(study.design, Listed):
            _require_known(study, self.loaded.where)
        first = {name: 0 for arm in self.arms[:1] for name in arm}
        for number, lever in enumerate(study.levers):
            hashes: dict[str, Any] = {}
            for index in range(len(lever.values)):
                arm = next(a for a, chosen in enumerate(self.arms) if chosen == _with(first, lever.name, index, study))
                where = f"{_where(self.loaded.node, 'levers', number)}: levers[{number}].values[{index}]"
                config = self._config_at(self.point(arm), where)
                if study.fidelity == "reduced":
                    require_reduced(config)
                same = hashes.setdefault(config_hash(config), lever.shown(index))
                if same != lever.shown(index):
                    self.notes.append(f"lever {lever.name}: {same} and {lever.shown(index)} give the same config")
        if not study.levers:
            config = self._config_at(self.point(0), f"{self.loaded.where}: point 0")
            if study.fidelity == "reduced":
                require_reduced(config)

    def _config_at(self, point: Point, where: str) -> RunConfig:
        try:
            return with_settings(self.base, point.settings)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error

    def _tell(self) -> None:
        """Say what was rounded."""
        design = self.study.design
        if isinstance(design, Sobol | Saltelli) and power_of_two(design.n) != design.n:
            self.notes.append(f"design {design.kind}: n rounded up from {design.n} to {power_of_two(design.n)}")
        for name in self.study.name, *(lever.name for lever in self.study.levers if len(lever.values) == 1):
            if name != self.study.name:
                self.notes.append(f"lever {name} has one value: it changes nothing")


@dataclass(frozen=True)
class Rows:
    """Rows of a design: quantiles (n, k), scenario of each (n,)."""

    quantiles: Any
    scenarios: Any


def _with(first: Mapping[str, int], name: str, index: int, study: Study) -> dict[str, int]:
    """Every lever at its first value, this one and those zipped with it at number `index`."""
    together = next((group for group in study.zip if name in group), (name,))
    return {**first, **dict.fromkeys(together, index)}


def _require_known(study: Study, where: str) -> None:
    names = [item.name for item in study.uncertainties]
    assert isinstance(study.design, Listed)
    for number, point in enumerate(study.design.points):
        for name in point:
            if name not in names:
                raise ConfigError(
                    f"{where}: design.points[{number}]: {name} is no uncertainty; they are {', '.join(names) or 'none'}"
                )


def _probes(factor: Any) -> list[Setting]:
    """Each path of a factor with a value to try."""
    if isinstance(factor, Uncertainty):
        return [(path, factor.value(0.5)) for path in factor.all_paths]
    found = {path: value for index in range(len(factor.values)) for path, value in factor.settings(index)}
    return list(found.items())


def _where(node: Node, kind: str, number: int) -> str:
    """File and line of a factor."""
    items = node.value.get(kind) if isinstance(node.value, dict) else None
    if items is not None and isinstance(items.value, list):
        return items.value[number].where
    return node.where


def _cell(value: Any) -> Any:
    """What a table shows of a value: numbers and text as they are, a mechanism by its kind."""
    if isinstance(value, dict):
        return str(value.get("kind", json.dumps(value, sort_keys=True)))
    return json.dumps(value) if isinstance(value, list | tuple) else value


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
