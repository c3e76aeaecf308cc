"""Bounds of the sizes of a run, so that a slip of a key is refused and not computed for a year.

A bound is far above what a study needs and about what one machine can hold. `clearsim check` prints them.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..units import INT64_MAX
from .model import RunConfig
from .problems import Problem
from .yamlfile import Step


class Size(NamedTuple):
    """A size of a run: its name, its bound, the key to change, and how it follows from the config."""

    name: str
    bound: int
    path: tuple[Step, ...]
    of: Callable[[RunConfig], float]


def n_traders(config: RunConfig) -> int:
    """Traders of all cohorts, and named agents."""
    return sum(cohort.traders for cohort in config.population.cohorts) + len(config.agents)


def n_steps(config: RunConfig) -> float:
    """Ticks at the shortest length that the clock may choose, times markets."""
    shortest_ms = getattr(config.clock, "min_tick_ms", config.clock.tick_ms)
    return float(config.duration_s) * 1000 / shortest_ms * len(config.markets)


def n_samples(config: RunConfig) -> float:
    """Rows of the series."""
    return float(config.duration_s) * 1000 / max(config.record.sample_ms, config.clock.tick_ms) * len(config.markets)


def max_orders(config: RunConfig) -> float:
    """Orders of cohorts with a stated rate, and of makers that requote their whole ladder at every look."""
    seconds = float(config.duration_s)
    return sum(cohort.behaviour.max_orders_per_s(cohort.traders) * seconds for cohort in config.population.cohorts)


def max_orders_per_tick(config: RunConfig) -> float:
    """Orders of the same in one tick: makers whose looks fall into it requote the whole ladder."""
    most = 0.0
    for cohort in config.population.cohorts:
        window_ms = max(config.clock.tick_ms, cohort.behaviour.look_ms() or 0)
        most += cohort.behaviour.max_orders_per_s(cohort.traders) * window_ms / 1000
    return most


def n_wakes(config: RunConfig) -> float:
    """Wakes of cohorts and agents."""
    intervals = [cohort.interval_ms for cohort in config.population.cohorts]
    intervals += [agent.interval_ms for agent in config.agents]
    return sum(float(config.duration_s) * 1000 / min(max(interval, 1), INT64_MAX) for interval in intervals)


def _of_reduced(name: str) -> Callable[[RunConfig], float]:
    return lambda config: 0.0 if config.reduced is None else float(getattr(config.reduced, name))


SIZES = (
    Size("traders", 10_000_000, ("population", "cohorts"), n_traders),
    Size("ticks times markets", 1_000_000_000, ("duration_s",), n_steps),
    Size("rows of the series", 1_000_000_000, ("record", "sample_ms"), n_samples),
    Size("wakes of cohorts and agents", 10_000_000_000, ("population", "cohorts"), n_wakes),
    Size("orders of makers and rates, in a tick", 2_000_000, ("population", "cohorts"), max_orders_per_tick),
    Size("orders of makers and rates", 1_000_000_000_000, ("population", "cohorts"), max_orders),
    Size("steps of a path", 1_000_000, ("reduced", "steps"), _of_reduced("steps")),
    Size("marks of a jump", 10_000, ("reduced", "jump_marks"), _of_reduced("jump_marks")),
    Size("buckets", 1_000_000, ("reduced", "buckets"), _of_reduced("buckets")),
)


def problems_of_size(config: RunConfig) -> Iterator[Problem]:
    """A problem for every size beyond its bound."""
    for size in SIZES:
        found = size.of(config)
        if found > size.bound:
            yield Problem(size.path, f"must keep the {size.name} within {size.bound:,}, found {found:,.0f}")


def size_lines(config: RunConfig) -> list[str]:
    """The sizes of a config with their bounds, for printing; sizes that are 0 are left out."""
    found = [(size, size.of(config)) for size in SIZES]
    shown = [f"{size.name} {value:,.0f} of {size.bound:,}" for size, value in found if value]
    return [f"within bounds: {'; '.join(shown)}"]
