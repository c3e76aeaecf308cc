"""Funding: the rate that longs pay to shorts. Decides the rate; `sim/kernels/ledger/funding.py` moves the money.

Prices are in ticks. The state is updated in place; it belongs to World. Rates are whole parts per 1e9 of notional at
mark for one payment; positive means longs pay.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ..policy import NonNegativeDecimal, NonNegativeInt, Policy, PositiveInt
from ..units import PPB

PPB_PER_PPM = 1_000
HOUR_MS = 3_600_000


@dataclass(slots=True)
class FundingState:
    """Premium samples since the last payment."""

    n_samples: int = 0
    weighted_sum: float = 0.0
    weight: float = 0.0
    elapsed_ms: int = 0  # since the last sample


class NoFunding(Policy):
    """No funding is ever paid."""

    kind: Literal["none"] = Field("none", description="No funding.")

    @property
    def interval_ms(self) -> int | None:
        """Time between payments; None: never."""
        return None

    def initial_state(self) -> FundingState:
        """An empty state."""
        return FundingState()

    def sample(self, state: FundingState, *, index: float, bid: float, ask: float, dt_ms: int) -> None:
        """Do nothing."""

    def rate_ppb(self, state: FundingState) -> int:
        """Always 0."""
        return 0

    def restart(self, state: FundingState) -> None:
        """Do nothing."""


def premium(*, index: float, bid: float, ask: float) -> float:
    """Premium of the book over the index: (max(0, bid - index) - max(0, index - ask)) / index; a side of 0 is empty."""
    over = bid - index if bid > index else 0.0
    under = index - ask if 0 < ask < index else 0.0
    return (over - under) / index


class PremiumClamp(Policy):
    """F = P + clamp(I - P, -dampener, +dampener), divided by `divisor`, capped; P: mean premium since the last payment.

    Source: Binance support articles 360033525031, read 2026-11: interest 0.01% per 8 h, dampener 0.05%, samples every
    5 s, 5,760 of them in 8 h. BitMEX and Bybit use the same form; Hyperliquid divides an 8-hour rate by 8 every hour.
    """

    kind: Literal["premium_clamp"] = Field(
        "premium_clamp", description="Average premium, pulled towards an interest rate."
    )
    interval_ms: PositiveInt = Field(8 * HOUR_MS, description="Time between payments, ms.")
    first_ms: NonNegativeInt | None = Field(
        None, description="First payment, ms since the start of the run; null: one interval after it."
    )
    sample_ms: PositiveInt = Field(5_000, description="Time between premium samples, ms.")
    premium: Literal["impact", "mid"] = Field(
        "mid",
        description="impact: average prices at which impact_notional_quote fills on either side, 0 inside their spread;"
        " mid: (mid - index) / index.",
    )
    impact_notional_quote: NonNegativeDecimal | None = Field(
        None,
        description="Notional of the impact prices, quote units, venue scale (Binance: 200 / lowest initial rate).",
    )
    weighting: Literal["equal", "linear"] = Field(
        "equal", description="Weights of the samples: equal, or linear: the k-th weighs k, so later ones count more."
    )
    interest_ppm: Annotated[int, Field(strict=True)] = Field(
        100, description="Interest I per interval before the divisor, ppm."
    )
    dampener_ppm: NonNegativeInt = Field(500, description="Half-width of the clamp around P, ppm.")
    divisor: PositiveInt = Field(1, description="Divisor of F before the cap (8: an 8-hour rate paid hourly).")
    cap_ppm: Annotated[int, Field(strict=True, gt=0, le=1_000_000)] = Field(
        description="Largest |rate| of one payment, ppm."
    )

    def model_post_init(self, context: object) -> None:
        """ValueError if the impact premium has no notional."""
        if self.premium == "impact" and not self.impact_notional_quote:
            raise ValueError("premium: impact needs impact_notional_quote above 0")

    def initial_state(self) -> FundingState:
        """No samples; the first is due after `sample_ms`."""
        return FundingState()

    def is_sample_due(self, state: FundingState, *, dt_ms: int) -> bool:
        """True if `sample` would count a premium after another `dt_ms`."""
        return state.elapsed_ms + dt_ms >= self.sample_ms

    def sample(self, state: FundingState, *, index: float, bid: float, ask: float, dt_ms: int) -> None:
        """Count the premium once if a sample is due.

        bid, ask: impact prices or best prices in ticks, 0 if the side is empty (or cannot fill the impact notional).
        With `mid` an empty side gives no sample; with `impact` it gives no premium on that side. A step longer than
        `sample_ms` counts once for each whole sample interval.
        """
        state.elapsed_ms += dt_ms
        if state.elapsed_ms < self.sample_ms:
            return
        due, state.elapsed_ms = divmod(state.elapsed_ms, self.sample_ms)
        if self.premium == "impact":
            value = premium(index=index, bid=bid, ask=ask)
        elif bid > 0 and ask > 0:
            value = 0.5 * (bid + ask) / index - 1.0
        else:
            return
        for _ in range(due):
            state.n_samples += 1
            weight = state.n_samples if self.weighting == "linear" else 1
            state.weighted_sum += weight * value
            state.weight += weight

    def rate_ppb(self, state: FundingState) -> int:
        """The rate of a payment now, parts per 1e9; without samples P is 0. Rounded half to even."""
        average = PPB * state.weighted_sum / state.weight if state.weight else 0.0
        interest, dampener = self.interest_ppm * PPB_PER_PPM, self.dampener_ppm * PPB_PER_PPM
        rate = (average + max(-dampener, min(dampener, interest - average))) / self.divisor
        cap = self.cap_ppm * PPB_PER_PPM
        return round(max(-cap, min(cap, rate)))

    def restart(self, state: FundingState) -> None:
        """Clear the samples: call it after a payment."""
        state.n_samples, state.weighted_sum, state.weight = 0, 0.0, 0.0


FundingRule = Annotated[NoFunding | PremiumClamp, Field(discriminator="kind")]
