"""Runs a scenario through the engine, once per replication, and computes the metrics that its targets name."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from ..config import RunConfig, config_hash
from ..errors import ClearsimError
from ..layout import F64
from ..runs.run import Simulate
from .metrics import METRICS, Outcome
from .model import LoadedScenario


@dataclass(frozen=True)
class Measured:
    """The metrics of a scenario's targets, by their labels, one value per replication in order; `error` has the reason
    if there are none."""

    values: Mapping[str, tuple[float, ...]]
    n_traders: int
    seed: int
    config_hash: str
    seconds: float
    error: str = ""


def measure(
    loaded: LoadedScenario, *, quick: bool = False, simulate: Simulate | None = None, say: Callable[[str], None] = print
) -> Measured:
    """Run all replications; a run that fails ends the scenario with its error.  simulate: for tests."""
    config = loaded.config(quick=quick)
    if simulate is None:
        from ..engine.simulation import simulate as engine

        simulate = engine
    started, outcomes, error = time.perf_counter(), list[Outcome](), ""
    for replication in range(loaded.scenario.replications):
        say(f"{loaded.scenario.name}: run {replication + 1} of {loaded.scenario.replications}")
        try:
            result = simulate(config, detail="series", progress=None, event_sink=None, replication=replication)
        except ClearsimError as failure:
            error = f"replication {replication}: {' '.join(str(failure).split())}"
            break
        outcomes.append(outcome_of(config, result.runs, result.series))
    values: dict[str, tuple[float, ...]] = {}
    for target in () if error else loaded.scenario.targets:
        at_ms = _since_start_ms(config, target.at)
        metric = METRICS[target.metric]
        values[target.label] = tuple(metric.compute(replace(run, at_ms=at_ms)) for run in outcomes)
    return Measured(
        values=values,
        n_traders=int(outcomes[0].of("n_traders")) if outcomes else 0,
        seed=config.seed,
        config_hash=config_hash(config),
        seconds=time.perf_counter() - started,
        error=error,
    )


def _since_start_ms(config: RunConfig, at: datetime | None) -> float:
    return math.nan if at is None else (at - config.start_utc).total_seconds() * 1000


def outcome_of(config: RunConfig, row: Mapping[str, Any], series: Mapping[str, Any]) -> Outcome:
    """The data of a run for metrics: from its series, the rows of the first market."""
    market = config.markets[0]
    mine = np.asarray([name == market.name for name in _plain(series["market"])], np.bool_)
    columns: dict[str, F64] = {
        name: np.asarray(_plain(column), np.float64)[mine] for name, column in series.items() if name != "market"
    }
    quantum = float(config.quantum)
    return Outcome(
        row=row,
        series=columns,
        venue=quantum / float(config.scale.simulated_share),
        lot_quanta=float(market.lot_size) / quantum,
    )


def _plain(column: Any) -> Any:
    """A column as numpy or plain values, whether numpy or Arrow holds it."""
    return column.to_pylist() if hasattr(column, "to_pylist") else column
