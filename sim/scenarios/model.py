"""The scenario file: a config, changes to it, and targets, each a metric with a band and a source.

Reads and validates. Metrics are defined in `metrics.py`; the analysis decides whether a target is met.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from ..config import RunConfig
from ..config.load import build_config
from ..config.nearest import nearest_hint
from ..config.overrides import apply_overrides, find_path, set_value
from ..config.problems import Problem, loose_values, problems_of, raise_problems
from ..config.traders import traders_overrides
from ..config.yamlfile import Node, find_config, find_in_package, parse_yaml, read_nodes
from ..errors import ConfigError
from ..policy import Policy, PositiveInt
from .metrics import METRICS

#: Fewer runs give no meaningful interval.
MIN_REPLICATIONS = 3
Text = Annotated[str, Field(min_length=1)]


class Target(Policy):
    """A requirement on runs: a metric's mean over the replications is in [low, high]."""

    metric: Text = Field(description="Name of a metric (clearsim validate --list prints them).")
    low: float = Field(description="Lower end of the band, in the metric's unit.")
    high: float = Field(description="Upper end of the band.")
    status: Literal["recorded", "derived", "expectation"] = Field(
        description="recorded: a published number; derived: computed from one by a stated rule; expectation: reasoned."
    )
    source: Text = Field(description="Source of the band.")
    date: Text = Field(description="Date of the record, or when it was read or computed.")
    note: str = Field("", description="Remarks on the band.")
    is_input: bool = Field(False, description="Checks an input (the path), and is no evidence for the model.")
    at: AwareDatetime | None = Field(None, description="Time of a metric at one time, e.g. 2025-10-10T21:20:00Z.")
    used_for: tuple[Text, ...] = Field(
        (), description="Paths of the config's numbers that were chosen by this record: the target then tests nothing."
    )

    @property
    def label(self) -> str:
        """The metric, with its time if it has one: what tells the targets of a scenario apart."""
        return self.metric if self.at is None else f"{self.metric} {self.at:%H:%M:%S}"


class PathWindow(Policy):
    """The stretch of a recorded series of the config (`comparisons`) over which the run's mark is scored."""

    comparison: Text = Field(description="Name of a series in the config's comparisons.")
    from_utc: datetime | None = Field(None, description="First time, UTC; null: the start of the series.")
    until_utc: datetime | None = Field(None, description="Last time, UTC; null: the end of the series.")
    used_for: tuple[Text, ...] = Field((), description="Paths of the config's numbers that were chosen by this series.")


class RecordedMinute(Policy):
    """The clock minute in which something was largest, by a record."""

    event: Literal["most_liquidated"] = Field(description="What was largest: notional liquidated.")
    minute_utc: datetime = Field(description="Start of the minute, UTC.")
    source: Text = Field(description="Source of the minute.")
    date: Text = Field(description="Date of the record.")
    note: str = Field("", description="Remarks, like the coins and venues that the record covers.")


class QuickSize(Policy):
    """The smaller size of a scenario, for `--quick`."""

    traders: PositiveInt | None = Field(None, description="Number of traders for --quick.")


class Scenario(Policy):
    """One scenario and its targets."""

    schema_version: Literal[1] = Field(1, description="Version of this format.")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] = Field(
        description="Short name, equal to the file name."
    )
    title: Text = Field(description="One line.")
    kind: Literal["historical", "hypothetical"] = Field(description="Whether the event happened.")
    base: Text = Field(description="Base config: a shipped name, or a path relative to this file's folder.")
    bands_written: Text = Field(description="Day when the bands were set, before the first run.")
    set: dict[str, Any] = Field(default_factory=dict, description="Config paths and values that override the base.")
    traders: PositiveInt | None = Field(None, description="Total number of traders; null: the config's.")
    replications: PositiveInt = Field(MIN_REPLICATIONS, description="Runs, each with its own randomness; at least 3.")
    quick: QuickSize = Field(QuickSize(traders=None), description="The smaller size, for --quick.")
    assumes: tuple[Text, ...] = Field((), description="Assumptions, one sentence each.")
    targets: Annotated[tuple[Target, ...], Field(min_length=1)] = Field(description="Requirements on the runs.")
    paths: tuple[PathWindow, ...] = Field(
        (), description="Stretches of the config's recorded series; each series is also scored as a whole."
    )
    minutes: tuple[RecordedMinute, ...] = Field((), description="Recorded minutes, for the timing of the runs.")


@dataclass(frozen=True)
class LoadedScenario:
    """A valid scenario, the tree it was read from, and its file."""

    scenario: Scenario
    node: Node
    path: Path

    def config(self, *, quick: bool = False) -> RunConfig:
        """The config of its runs; ConfigError, naming the nearest path, for an invalid `set`."""
        tree = read_nodes(self._base())
        for path, value in self.scenario.set.items():
            set_value(tree, path, value, RunConfig, source=f"{self.node.where}: set")
        traders = (self.scenario.quick.traders if quick else None) or self.scenario.traders
        self._require_paths(tree)
        config = build_config(tree)
        raise_problems(list(_outside(self.scenario, config)), self.node)
        if traders is None:
            return config
        apply_overrides(tree, traders_overrides(config, traders), RunConfig)
        return build_config(tree)

    def _require_paths(self, tree: Node) -> None:
        """ConfigError, naming the nearest path, for a `used_for` that is no path of the config."""
        for key in ("targets", "paths"):
            for index, item in enumerate(getattr(self.scenario, key)):
                for path in item.used_for:
                    find_path(tree, path, RunConfig, source=f"{self.node.where}: {key}[{index}].used_for")

    def _base(self) -> Path:
        try:
            return find_config(self.scenario.base, folder=self.path.parent)
        except ConfigError as error:
            raise ConfigError(f"{self.node.where}: base: {error}") from error


def load_scenario(source: str | Path) -> LoadedScenario:
    """The scenario that `source` names (a path, or a shipped name); ConfigError, one line per problem, with its
    line."""
    path = find_in_package(str(source), shipped_scenarios(), kind="scenario", lister="clearsim validate --list")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    node = parse_yaml(text, source=str(path))
    if not isinstance(node.value, dict):
        raise ConfigError(f"{node.where}: a scenario must be a mapping of keys")
    try:
        scenario = Scenario.model_validate(node.plain())
    except ValidationError as error:
        raise_problems(problems_of(error, Scenario, node), node)
        raise
    raise_problems([*loose_values(scenario, node), *_wrong(scenario)], node)
    return LoadedScenario(scenario, node, path)


def _wrong(scenario: Scenario) -> Iterator[Problem]:
    """Problems beyond field validation: unknown metrics, inverted bands, too few runs."""
    if scenario.replications < MIN_REPLICATIONS:
        yield Problem(
            ("replications",), f"must be at least {MIN_REPLICATIONS} for an interval, found {scenario.replications}"
        )
    seen = set[str]()
    for index, target in enumerate(scenario.targets):
        place = ("targets", index, "metric")
        if target.metric not in METRICS:
            yield Problem(place, f"must be a metric, found {target.metric}{nearest_hint(target.metric, METRICS)}")
        elif METRICS[target.metric].is_at_a_time != (target.at is not None):
            needed = "is missing: this metric reads one time" if target.at is None else "is not a key of this metric"
            yield Problem(("targets", index, "at"), f"{needed} ({target.metric})")
        if target.label in seen:
            yield Problem(place, f"must be unique, {target.label} is a duplicate")
        seen.add(target.label)
        if target.low > target.high:
            text = f"must be at most high, found {target.low:g} > {target.high:g}"
            yield Problem(("targets", index, "low"), text)


def _outside(scenario: Scenario, config: RunConfig) -> Iterator[Problem]:
    """Problems of recorded series and minutes against the config of the runs."""
    names = [comparison.name for comparison in config.comparisons]
    end = config.start_ms + config.duration_ms
    for index, window in enumerate(scenario.paths):
        if window.comparison not in names:
            hint = nearest_hint(window.comparison, names) or f"; the config has {', '.join(names) or 'none'}"
            yield Problem(("paths", index, "comparison"), f"must be a comparison, found {window.comparison}{hint}")
    for index, recorded in enumerate(scenario.minutes):
        if not config.start_ms <= utc_ms(recorded.minute_utc) < end:
            yield Problem(
                ("minutes", index, "minute_utc"), f"must lie inside the run, found {recorded.minute_utc:%Y-%m-%d %H:%M}"
            )


def utc_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC; a time without a zone is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round(aware.timestamp() * 1000)


def shipped_scenarios() -> dict[str, Path]:
    """Every scenario inside the package: name -> path, by name."""
    roots = [Path(entry) / "scenarios" for entry in importlib.import_module("clearsim.configs").__path__]
    return {path.stem: path for root in roots for path in sorted(root.glob("*.yaml"))}
