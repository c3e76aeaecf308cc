"""Runs a scenario through the engine, once per replication, and computes the metrics that its targets name.

Beside the model: its null models (`nulls.py`) on the same random streams.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from ..config import RunConfig, config_hash
from ..errors import ClearsimError
from ..layout import F64
from ..runs.run import Simulate
from .metrics import METRICS, Outcome
from .model import LoadedScenario, Target
from .nulls import INDEX_ALONE, NO_LIQUIDATIONS, NO_MARKET, index_alone, no_liquidations, no_market


@dataclass(frozen=True)
class Trace:
    """The first market of one run at its samples, float arrays (n,): time in ms since the start, prices in quote units,
    notional liquidated so far in quanta (zeros for the index alone)."""

    time_ms: F64
    index: F64
    mark: F64
    liquidated: F64


@dataclass(frozen=True)
class Runs:
    """Metrics of the targets, one value per replication in order, and the traces; `error` has the reason if there are
    none."""

    values: Mapping[str, tuple[float, ...]]
    traces: tuple[Trace, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Measured:
    """The runs of a scenario, of its null models by name (none if they were not asked for), and facts about them.

    Values of runs are by the label of a target.
    """

    model: Runs
    nulls: Mapping[str, Runs]
    n_traders: int
    replications: int
    seed: int
    config_hash: str
    seconds: float


def measure(
    loaded: LoadedScenario,
    *,
    quick: bool = False,
    nulls: bool = False,
    replications: int | None = None,
    simulate: Simulate | None = None,
    say: Callable[[str], None] = print,
) -> Measured:
    """Run all replications; a run that fails ends the scenario with its error.

    nulls: run the null models too.  replications: None, those of the scenario.  simulate: for tests.
    """
    config = loaded.config(quick=quick)
    name, count = loaded.scenario.name, replications or loaded.scenario.replications
    targets = loaded.scenario.targets
    if simulate is None:
        from ..engine.simulation import simulate as engine

        simulate = engine
    started = time.perf_counter()
    outcomes, error = _outcomes(config, count, simulate, _headed(say, name))
    beside: dict[str, Runs] = {}
    if nulls and not error:
        of_prices = [target for target in targets if METRICS[target.metric].of_prices]
        beside[INDEX_ALONE] = _of(config, list(map(index_alone, outcomes)), of_prices)
        for label, changed in ((NO_LIQUIDATIONS, no_liquidations(config)), (NO_MARKET, no_market(config))):
            beside[label] = _run_null(changed, targets, count, simulate, _headed(say, f"{name}, {label}"))
    return Measured(
        model=Runs({}, error=error) if error else _of(config, outcomes, targets),
        nulls=beside,
        n_traders=int(outcomes[0].of("n_traders")) if outcomes else 0,
        replications=count,
        seed=config.seed,
        config_hash=config_hash(config),
        seconds=time.perf_counter() - started,
    )


def _since_start_ms(config: RunConfig, at: datetime | None) -> float:
    return math.nan if at is None else (at - config.start_utc).total_seconds() * 1000


def _headed(say: Callable[[str], None], head: str) -> Callable[[str], None]:
    return lambda text: say(f"{head}: {text}")


def _run_null(
    config: RunConfig | str, targets: Sequence[Target], count: int, simulate: Simulate, say: Callable[[str], None]
) -> Runs:
    """The runs of a null model; a null model that cannot be had, or that fails, has no values and says why."""
    if isinstance(config, str):
        return Runs({}, error=config)
    outcomes, error = _outcomes(config, count, simulate, say)
    return Runs({}, error=error) if error else _of(config, outcomes, targets)


def _outcomes(
    config: RunConfig, count: int, simulate: Simulate, say: Callable[[str], None]
) -> tuple[list[Outcome], str]:
    """Outcomes of the replications, and the error that ended them (or none)."""
    outcomes = list[Outcome]()
    for replication in range(count):
        say(f"run {replication + 1} of {count}")
        try:
            result = simulate(config, detail="series", progress=None, event_sink=None, replication=replication)
        except ClearsimError as failure:
            return outcomes, f"replication {replication}: {' '.join(str(failure).split())}"
        outcomes.append(outcome_of(config, result.runs, result.series))
    return outcomes, ""


def _of(config: RunConfig, outcomes: Sequence[Outcome], targets: Sequence[Target]) -> Runs:
    values: dict[str, tuple[float, ...]] = {}
    for target in targets:
        at_ms = _since_start_ms(config, target.at)
        metric = METRICS[target.metric]
        values[target.label] = tuple(metric.compute(replace(run, at_ms=at_ms)) for run in outcomes)
    return Runs(values, tuple(map(_trace, outcomes)))


def _trace(run: Outcome) -> Trace:
    nothing = np.zeros(len(run.series["time_ms"]))
    longs, shorts = (run.series.get(f"liquidated_{side}_quanta", nothing) for side in ("long", "short"))
    return Trace(run.series["time_ms"], run.series["index_price"], run.series["mark_price"], longs + shorts)


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
