"""The population of a run: its opening book, and the cohorts and named agents that decide while it lasts.

Decides nothing itself: it passes the view and the intents to each member that wakes. The engine posts the opening book,
calls `decide` with the members that are due, sorts the intents by arrival and matches them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import at_key
from ..instrument import Instrument
from ..layout import MarketArrays
from ..rng import Streams
from .behaviours.base import CohortContext
from .book import OpeningBook
from .cohort import Cohort, PopulationConfig
from .named import NamedTrader
from .opening import build_opening
from .shares import Venue
from .view import Intents, MarketView

I64 = npt.NDArray[np.int64]


@dataclass
class Member:
    """A cohort or a named agent with the state it keeps."""

    name: str
    interval_ms: int
    policy: Any  # a behaviour or a named agent: has decide(state, view, intents)
    state: Any


@dataclass
class Population:
    """All members. `cohorts` and `agents` are numbered as in the config; those numbers are what the clock posts."""

    opening: OpeningBook
    cohorts: list[Member]
    agents: list[Member]

    @classmethod
    def build(
        cls,
        config: PopulationConfig,
        agents: Sequence[Any],
        *,
        instruments: Sequence[Instrument],
        markets: MarketArrays,
        quantum: Decimal,
        simulated_share: Decimal,
        first_trader: int,
        streams: Streams,
        traders: int | None = None,
        drawn: tuple[OpeningBook, Sequence[Any]] | None = None,
    ) -> Self:
        """Draw the opening book at `markets.mark` and make every member's state.

        markets: mark set to the opening price, params and tiers lowered.  agents: Whale and UserAgentConfig values.
        traders: total number of traders; ordinary cohorts are rescaled, open interest stays. ConfigError if impossible.
        drawn: the opening book and the cohorts' capital if they are given (custom positions), not to be drawn.
        """
        venue = Venue(tuple(instruments), markets, quantum, simulated_share, first_trader)
        named: list[NamedTrader] = list(agents)
        opening, capital = drawn or build_opening(config, named, venue, streams=streams, traders=traders)
        cohorts = [
            _start(cohort, number, opening, capital[number], venue, streams)
            for number, cohort in enumerate(config.cohorts)
        ]
        members = []
        for agent, row in zip(agents, opening.agent_rows, strict=True):
            rng = streams.get(f"agent/{agent.name}")
            with at_key("agents", f"[{agent.name}]"):
                state = agent.initial_state(row=row, instruments=venue.instruments, share=simulated_share, rng=rng)
            members.append(Member(agent.name, agent.interval_ms, agent, state))
        return cls(opening, cohorts, members)

    def decide(
        self,
        view: MarketView,
        intents: Intents,
        *,
        cohorts: Sequence[int] | None = None,
        agents: Sequence[int] | None = None,
    ) -> None:
        """Let the members that are due append their intents, in the order of the config; None: all of them.

        Numbers may repeat (a member whose interval is shorter than the clock's step wakes once a step). AgentError
        comes from a user's agent.
        """
        view.pictures = None
        for number in range(len(self.cohorts)) if cohorts is None else sorted(set(cohorts)):
            member = self.cohorts[number]
            member.policy.decide(member.state, view, intents)
        for number in range(len(self.agents)) if agents is None else sorted(set(agents)):
            member = self.agents[number]
            member.policy.decide(member.state, view, intents)


def _start(cohort: Cohort, number: int, opening: OpeningBook, capital: I64, venue: Venue, streams: Streams) -> Member:
    start, end = opening.cohort_starts[number], opening.cohort_starts[number + 1]
    context = CohortContext(
        name=cohort.name,
        rows=np.arange(start, end, dtype=np.int64),
        home=opening.home(number),
        capital=capital,
        max_leverage=cohort.max_leverage,
        instruments=venue.instruments,
        markets=venue.markets,
        share=venue.share,
        quantum=venue.quantum,
        rng=streams.get(f"cohort/{cohort.name}"),
    )
    behaviour = cohort.behaviour
    wakes_ms = min(cohort.interval_ms, behaviour.look_ms() or cohort.interval_ms)
    with at_key("population", "cohorts", f"[{cohort.name}]"):
        return Member(cohort.name, wakes_ms, behaviour, behaviour.initial_state(context))
