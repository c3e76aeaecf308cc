"""One run: build the world, let SimPy run the clock, and return the tables. The engine's only entry point.

A run is a function of (config, seed, scenario, replication, refine, code): no clock, no environment, no order of a
dict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import simpy

from ..agents.cohort import RESIDUAL
from ..config import RunConfig, config_hash, run_id
from ..errors import ConservationError
from ..layout import I64
from ..results import KINDS
from .build import build_world
from .cycle import run_cycle
from .processes import exchange_clock, funding_clock, sample_clock, wake_up
from .record import finish, funds_table, sample, summary_row
from .recorder import EventSink
from .summary import Snapshot, accounts_table, assign_roles, attribute, take_snapshot
from .world import World

Progress = Callable[[int, float, int, int], None]


@dataclass(frozen=True)
class RunResult:
    """Output of a run: one summary row, the series and the accounts as columns (see `sim/results.py`)."""

    runs: dict[str, object]
    series: dict[str, object]
    world: World
    closing: Snapshot  # balances at the end
    components: dict[str, I64]  # (A,) each: components of the change of the rows' equity, quanta; residual 0

    @cached_property
    def funds(self) -> dict[str, object]:
        """The `funds` table."""
        return funds_table(self.world)

    @cached_property
    def accounts(self) -> dict[str, object]:
        """The `accounts` table, made when asked for."""
        return _accounts(self)


def simulate(
    config: RunConfig,
    *,
    detail: str = "summary",
    progress: Progress | None = None,
    event_sink: EventSink | None = None,
    scenario: int = 0,
    replication: int = 0,
    refine: int = 1,
) -> RunResult:
    """Run `config` to its end. Event rows go to `event_sink` if detail is "events" or "orders".

    refine: 1, 2, 4: every step of the clock is split into that many; its own points are kept.
    Raises ConfigError, AgentError, and ConservationError or InvariantError when a check of the cycle fails.
    """
    world = build_world(
        config, detail=detail, sink=event_sink, scenario=scenario, replication=replication, refine=refine
    )
    world.progress = progress
    run_to_end(world)
    digest = config_hash(config)
    identity: dict[str, object] = {
        "run_id": run_id(digest, seed=config.seed, scenario=scenario, replication=replication),
        "name": config.name,
        "config_hash": digest,
        "seed": config.seed,
        "scenario": scenario,
        "replication": replication,
    }
    row = summary_row(world, identity)
    series = world.series.columns() if world.series is not None else {}
    closing = take_snapshot(world.accounts, world.markets)
    if world.start is None:
        raise ConservationError("the run was not opened")
    return RunResult(row, series, world, closing, attribute(world.start, closing))


def run_to_end(world: World) -> None:
    """Start the processes and run them until the clock has made its last cycle; then check and pass on all records."""
    env, clock = _start(world)
    env.run(until=clock)
    if world.config.duration_ms % world.config.record.sample_ms:
        sample(world)
    finish(world)


def run_until(world: World, time_ms: int) -> None:
    """Run every cycle up to and including `time_ms`, and stop the world there."""
    env, clock = _start(world)
    env.run(until=clock if time_ms >= int(world.paths.times_ms[-1]) else time_ms + 1)


def _start(world: World) -> tuple[simpy.Environment, simpy.Process]:
    """Start all processes; return their environment and the exchange clock, which ends with the run."""
    env = simpy.Environment()
    times = world.paths.times_ms.tolist()
    due = world.due
    env.process(sample_clock(env, due, interval_ms=world.config.record.sample_ms))
    for market, item in enumerate(world.config.markets):
        interval = item.funding.interval_ms
        if interval is not None:
            first = getattr(item.funding, "first_ms", None) or interval
            world.market_states[market].next_funding_ms = first
            env.process(funding_clock(env, due, market=market, interval_ms=interval, first_ms=first))
    awake_cohorts, awake_agents = world.always_awake
    for woken, always, members in (
        (due.cohorts, awake_cohorts, world.population.cohorts),
        (due.agents, awake_agents, world.population.agents),
    ):
        for number, member in enumerate(members):
            if number not in always:
                env.process(wake_up(env, woken, member=number, interval_ms=member.interval_ms, first_ms=times[1]))
    return env, env.process(exchange_clock(env, times, lambda step: run_cycle(world, step)))


def _accounts(result: RunResult) -> dict[str, object]:
    """The `accounts` table: names, roles, equity before and after, and the components of the change."""
    world, after = result.world, result.closing
    opening, accounts, before = world.population.opening, world.accounts, world.start
    assert before is not None
    deposits = (after.flows - before.flows)[:, [0, 1]].sum(axis=1)
    reserved = [world.rows.name(row) for row in range(world.rows.first_trader)]
    owners = np.array([*reserved, *opening.account_names()], dtype=object)
    kinds = _kinds(world)
    roles = assign_roles(
        accounts,
        reserved_names=reserved,
        kinds=kinds,
        result=after.equity - before.equity - deposits,
    )
    return accounts_table(
        accounts,
        before,
        after,
        result.components,
        names=owners[opening.wallet],
        cohorts=np.array([*opening.cohort_names, ""], dtype=object)[opening.cohort],
        kinds=kinds,
        roles=roles,
        liquidation_prices=world.liquidation_prices,
        market_names=world.config.market_names,
        harm=world.adl_harm,
    )


def _kinds(world: World) -> npt.NDArray[np.int64]:
    """(A,) what the owner of each row is: an index into KINDS."""
    opening, config = world.population.opening, world.config
    hedged = {cohort.name for cohort in config.population.cohorts if cohort.behaviour.is_hedged}
    is_hedged = np.array([*(name in hedged for name in opening.cohort_names), False])[opening.cohort]
    fits = {
        "reserved": np.arange(len(opening.wallet)) < world.rows.first_trader,
        "residual": np.array([*(name == RESIDUAL for name in opening.cohort_names), False])[opening.cohort],
        "named agent": opening.is_named,
        "maker": opening.is_maker,
        "hedged": is_hedged,
    }
    numbers = [np.int64(KINDS.index(name)) for name in fits]
    found: npt.NDArray[np.int64] = np.select(list(fits.values()), numbers, np.int64(KINDS.index("trader")))
    return found
