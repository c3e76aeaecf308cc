"""The SimPy processes: they say *when*. Time is integer milliseconds since the start of the run.

Price, mark and clearing run in ONE process, the exchange clock, as function calls. SimPy runs events of one instant
in the
order in which they were scheduled, so every other process only posts due work, and the clock steps aside once (a zero
timeout) before each cycle: whatever is posted for an instant is taken up in that instant's cycle, whatever its period.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import simpy

SimEvents = Generator[simpy.Event, Any, None]


@dataclass
class DueWork:
    """What processes have posted for the next cycle; the cycle takes it and leaves it empty."""

    sample: bool = False
    funding: list[int] = field(default_factory=list)  # market ids
    cohorts: list[int] = field(default_factory=list)  # cohort ids that wake
    agents: list[int] = field(default_factory=list)  # named-agent ids that wake

    def clear(self) -> None:
        """Forget everything."""
        self.sample = False
        self.funding.clear()
        self.cohorts.clear()
        self.agents.clear()


class Cycle(Protocol):
    """One clearing cycle at a step of the clock."""

    def __call__(self, step: int) -> None:
        """Run the cycle of step number `step` (1..T)."""


def exchange_clock(env: simpy.Environment, times_ms: Sequence[int], run_cycle: Cycle) -> SimEvents:
    """Run a cycle at each of times_ms[1:]; they are increasing integers and times_ms[0] is now."""
    previous = times_ms[0]
    for step in range(1, len(times_ms)):
        yield env.timeout(times_ms[step] - previous)
        yield env.timeout(0)
        previous = times_ms[step]
        run_cycle(step)


def sample_clock(env: simpy.Environment, due: DueWork, *, interval_ms: int) -> SimEvents:
    """Post a sample every `interval_ms`."""
    while True:
        yield env.timeout(interval_ms)
        due.sample = True


def funding_clock(env: simpy.Environment, due: DueWork, *, market: int, interval_ms: int, first_ms: int) -> SimEvents:
    """Post a funding payment of `market` at `first_ms` from now and every `interval_ms` after it."""
    yield env.timeout(first_ms)
    while True:
        due.funding.append(market)
        yield env.timeout(interval_ms)


def wake_up(env: simpy.Environment, woken: list[int], *, member: int, interval_ms: int, first_ms: int) -> SimEvents:
    """Append `member` (a cohort or a named agent) to `woken` at `first_ms` and every `interval_ms` after it."""
    yield env.timeout(first_ms)
    while True:
        woken.append(member)
        yield env.timeout(interval_ms)
