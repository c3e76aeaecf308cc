"""A whale: one named account with a given position and, if stated, a program that trades a given amount over a given
time.

Decides: at each wake it sends a market order for the amount that is due by its schedule and not yet sent.
Amounts are at venue scale and multiplied by the simulated share, so that its part of the open interest is right.
Leaves to others: everything else; a whale is liquidated like anyone. Sources: a named account is how MODELLING treats
sizes no distribution should decide; its numbers are the study's.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ...errors import ConfigError
from ...instrument import Instrument
from ...layout import OrderFlag, OrderKind, Side, TimeInForce
from ...policy import NonNegativeInt, Policy, PositiveDecimal, PositiveInt
from ..named import NamedTrader
from ..view import ARRIVAL_SLOTS, Intents, MarketView


class Program(Policy):
    """An amount traded at an even pace between two times."""

    market: str = Field(description="name of the market")
    side: Literal["buy", "sell"] = Field(description="side")
    base: PositiveDecimal = Field(description="amount in base units at venue scale")
    start_s: NonNegativeInt = Field(description="start, seconds into the run")
    duration_s: PositiveInt = Field(description="time over which the amount is sent, seconds")
    reduce_only: bool = Field(default=False, description="true: the program can only reduce the position")


@dataclass
class WhaleState:
    """Lots of each program sent so far."""

    row: int
    markets: list[int]
    totals: list[int]
    sent: list[int]
    rng: np.random.Generator


class Whale(NamedTrader):
    """One large named account."""

    kind: Literal["whale"] = "whale"
    programs: tuple[Program, ...] = Field(default=(), description="trades during the run")

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if not self.positions and not self.programs:
            raise ValueError(f"whale {self.name}: give it positions, programs, or both")
        return self

    def initial_state(
        self, *, row: int, instruments: tuple[Instrument, ...], share: Decimal, rng: np.random.Generator
    ) -> WhaleState:
        """Return the state; ConfigError if a program's market is unknown or its amount is below one lot."""
        names = [instrument.name for instrument in instruments]
        markets, totals = [], []
        for number, program in enumerate(self.programs):
            if program.market not in names:
                raise ConfigError(
                    f"agent {self.name}: no market is called {program.market!r}; the markets are {', '.join(names)}"
                ).at("programs", number, "market")
            market = names.index(program.market)
            lots = instruments[market].to_lots(program.base * share)
            if lots <= 0:
                text = f"agent {self.name}: program of {program.base * share} is below one lot"
                raise ConfigError(text).at("programs", number, "base")
            markets.append(market)
            totals.append(lots)
        return WhaleState(row, markets, totals, [0] * len(totals), rng)

    def decide(self, state: WhaleState, view: MarketView, intents: Intents) -> None:
        """Append the market orders that are due."""
        for number, program in enumerate(self.programs):
            passed_ms = view.time_ms - program.start_s * 1000
            share = min(max(passed_ms, 0), program.duration_s * 1000)
            due = state.totals[number] * share // (program.duration_s * 1000)
            lots = due - state.sent[number]
            if lots <= 0:
                continue
            state.sent[number] = due
            intents.append(
                account=state.row,
                market=state.markets[number],
                side=Side.BUY if program.side == "buy" else Side.SELL,
                kind=OrderKind.MARKET,
                tif=TimeInForce.IOC,
                lots=lots,
                flags=OrderFlag.REDUCE_ONLY if program.reduce_only else 0,
                arrival=int(state.rng.integers(0, ARRIVAL_SLOTS)),
            )
