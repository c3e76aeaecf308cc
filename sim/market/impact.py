"""How net taker flow on this venue moves the index. Decides a shift of the log index; not how the flow arises.

The index of a tick is exogenous price x e^shift; the shift has a transient and a permanent part and comes from the flow
of earlier ticks. `exogenous` (shift 0) is the assumption of every published replay; otherwise report zero, calibrated
and doubled impact.

No round-trip gain: executed along the impact itself (each quote unit pays the shift of earlier ones), no sequence of
trades that ends flat makes a gain; proved for a purely transient or purely permanent shift, checked by search for
mixes. On a book the flow executes before it moves the index, so a round trip costs only the slope of the book: a book
deeper than the impact (`is_free_of_gain` false) allows a trader to push the index and sell to makers who follow it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ..elementary import expm1, half_lives, log
from ..policy import NonNegativeDecimal, Policy, PositiveInt, SharePpm
from ..units import PPM

MILLION = 1e6


@dataclass(slots=True)
class ImpactState:
    """Shift of the log index so far."""

    transient: float = 0.0
    permanent: float = 0.0


class ExogenousIndex(Policy):
    """Flow does not move the index."""

    kind: Literal["exogenous"] = Field("exogenous", description="The index does not react to this venue.")

    def initial_state(self) -> ImpactState:
        """No shift."""
        return ImpactState()

    def step(self, state: ImpactState, *, net_taker_quote: float, dt_ms: int) -> float:
        """Return the shift of the log index: 0."""
        return 0.0

    def execution_shift(self, state: ImpactState, *, net_taker_quote: float) -> float:
        """Average log shift that a flow pays when executed along the impact: 0."""
        return 0.0

    def is_free_of_gain(self, *, depth_quote_per_percent: float) -> bool:
        """Always true."""
        return True


class LinearImpact(Policy):
    """Each million quote units of net taker buying lifts the log index by `impact_ppm_per_million_quote` ppm."""

    kind: Literal["linear"] = Field("linear", description="Linear impact with exponential decay of its transient part.")
    impact_ppm_per_million_quote: NonNegativeDecimal = Field(
        description="Shift of the log index, ppm, per million quote units of net taker buying at the simulated scale."
    )
    permanent_share_ppm: SharePpm = Field(0, description="Part of the shift that never decays, ppm.")
    half_life_ms: PositiveInt = Field(description="Half-life of the transient part, ms.")

    @property
    def shift_per_quote(self) -> float:
        """Log shift per quote unit of net buying."""
        return float(self.impact_ppm_per_million_quote) / PPM / MILLION

    def initial_state(self) -> ImpactState:
        """No shift."""
        return ImpactState()

    def step(self, state: ImpactState, *, net_taker_quote: float, dt_ms: int) -> float:
        """Decay the transient part over `dt_ms`, add the flow since the last call; return the shift of log index."""
        moved = self.shift_per_quote * net_taker_quote
        share = self.permanent_share_ppm / PPM
        state.transient *= half_lives(dt_ms, self.half_life_ms)
        state.transient += (1.0 - share) * moved
        state.permanent += share * moved
        return state.transient + state.permanent

    def execution_shift(self, state: ImpactState, *, net_taker_quote: float) -> float:
        """Average log shift that a flow pays when executed along the impact: base bought = quote / (price e^shift).

        Base units of a quote flow x at shift s: integral of e^-(s + a u) du over [0, x] = e^-s (1 - e^-ax) / a.
        """
        before = state.transient + state.permanent
        moved = self.shift_per_quote * net_taker_quote
        if moved == 0.0:
            return before
        return before - log(-expm1(-moved) / moved)

    def is_free_of_gain(self, *, depth_quote_per_percent: float) -> bool:
        """True if on a book of this depth (quote units per 1%, one side, uniform) every round trip costs at least 0.

        Buying x walks the book by x / (100 depth) at the margin, half of it on average, both ways; the index, and
        makers with it, moves by a x in between. The trader gains if a exceeds the book's slope.
        """
        return self.shift_per_quote * 100.0 * depth_quote_per_percent <= 1.0


ImpactRule = Annotated[ExogenousIndex | LinearImpact, Field(discriminator="kind")]
