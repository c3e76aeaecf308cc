"""The mark price, at which margin is measured. Decides how index and book are combined; not when, and not its use.

`step` returns the mark in whole ticks, at least 1. The state is updated in place; it belongs to World. An empty side
leaves no mid price: averages of the basis then keep their value. `sees_liquidation_trades` states whether the caller
should pass the last price and book with liquidations in them.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from ..elementary import half_lives
from ..policy import Policy, PositiveInt
from ..units import PPB, PPM

HOUR_MS = 3_600_000


def to_mark(price: float) -> int:
    """A price in ticks, rounded to whole ticks (half up), at least 1."""
    ticks = int(price + 0.5)
    return ticks if ticks > 0 else 1


def median(a: float, b: float, c: float) -> float:
    """The middle one of three."""
    if a > b:
        a, b = b, a
    if c < a:
        return a
    return b if c > b else c


class MarkInputs(NamedTuple):
    """What a mark rule sees of one market: prices in ticks."""

    index_price: float
    bid: int  # 0: that side is empty
    ask: int  # 0: that side is empty
    last: int  # price of the last trade, 0: no trade yet
    dt_ms: int  # since the mark before
    funding_rate_ppb: int
    ms_to_funding: int


class MarkRuleBase(Policy):
    """Fields that all mark rules share."""

    sees_liquidation_trades: bool = Field(
        True, description="Whether fills of liquidation orders count as the last price and move the book the mark sees."
    )


@dataclass(slots=True)
class MarkState:
    """The state of a mark rule for one market; each rule uses its part."""

    basis: float = 0.0  # average of mid - index, ticks
    samples: list[float] = field(default_factory=list)  # ring of the last samples of mid - index, ticks
    oldest: int = 0  # where the next sample goes once the ring is full
    total: float = 0.0  # sum of the ring
    elapsed_ms: int = 0  # since the last sample


class IndexMark(MarkRuleBase):
    """The mark is the index."""

    kind: Literal["index"] = Field("index", description="Mark = index.")

    def initial_state(self) -> MarkState:
        """An empty state."""
        return MarkState()

    def step(self, state: MarkState, seen: MarkInputs) -> int:
        """Return the mark in ticks."""
        return to_mark(seen.index_price)


class IndexEmaBasis(MarkRuleBase):
    """Mark = index + exponential moving average of (mid - index), the average clamped (Deribit: 30 s)."""

    kind: Literal["index_ema_basis"] = Field("index_ema_basis", description="Mark = index + EMA of (mid - index).")
    half_life_ms: PositiveInt = Field(
        description="Half-life of the average, ms. A time constant T has half-life 0.693 T."
    )
    clamp_ppm: PositiveInt | None = Field(
        None, description="Largest |average| as a share of the index, ppm; null: no bound."
    )

    def initial_state(self) -> MarkState:
        """The average starts at 0: mark = index."""
        return MarkState()

    def step(self, state: MarkState, seen: MarkInputs) -> int:
        """Return the mark in ticks; with an empty side the average keeps its value."""
        basis = state.basis
        if seen.bid > 0 and seen.ask > 0:
            kept = half_lives(seen.dt_ms, self.half_life_ms)
            basis = kept * basis + (1.0 - kept) * (0.5 * (seen.bid + seen.ask) - seen.index_price)
        if self.clamp_ppm is not None:
            bound = seen.index_price * self.clamp_ppm / PPM
            basis = median(-bound, basis, bound)
        state.basis = basis
        return to_mark(seen.index_price + basis)


class MedianOfThree(MarkRuleBase):
    """Binance: median of P1 = index (1 + last rate x time to funding / interval), P2 = index + MA, and the last price.

    MA is the mean of (mid - index) over the last `window_ms`, sampled every `sample_ms`; 0 before the first sample.
    Without a trade yet, P2 replaces the last price. Source: binance.com support fff6ec1b3f5845d19f1fb924644a0877
    and 360033525071, read 2026-11 (2.5 minutes, 30 samples at 5 s).
    """

    kind: Literal["median_of_three"] = Field(
        "median_of_three", description="Median of two fair prices and the last trade."
    )
    window_ms: PositiveInt = Field(150_000, description="Length of the moving average of (mid - index), ms.")
    sample_ms: PositiveInt = Field(5_000, description="Time between its samples, ms.")
    funding_interval_ms: PositiveInt = Field(8 * HOUR_MS, description="Interval that the funding rate refers to, ms.")

    @model_validator(mode="after")
    def _window_holds_samples(self) -> "MedianOfThree":
        if self.window_ms % self.sample_ms:
            raise ValueError(f"window_ms must be a multiple of sample_ms ({self.window_ms} / {self.sample_ms})")
        return self

    def initial_state(self) -> MarkState:
        """No samples; the first step with orders on both sides takes one."""
        return MarkState()

    def step(self, state: MarkState, seen: MarkInputs) -> int:
        """Return the mark in ticks; with an empty side no sample is taken until both sides have orders."""
        index, state.elapsed_ms = seen.index_price, state.elapsed_ms + seen.dt_ms
        if (state.elapsed_ms >= self.sample_ms or not state.samples) and seen.bid > 0 and seen.ask > 0:
            self._sample(state, 0.5 * (seen.bid + seen.ask) - index)
        fair = index * (1.0 + seen.funding_rate_ppb / PPB * seen.ms_to_funding / self.funding_interval_ms)
        average = index + (state.total / len(state.samples) if state.samples else 0.0)
        traded = float(seen.last) if seen.last > 0 else average
        return to_mark(median(fair, average, traded))

    def _sample(self, state: MarkState, basis: float) -> None:
        """Put `basis` into the ring once for each whole sample interval that has passed; the very first time once."""
        capacity = self.window_ms // self.sample_ms
        due, state.elapsed_ms = divmod(state.elapsed_ms, self.sample_ms) if state.samples else (1, 0)
        for _ in range(min(due, capacity)):
            if len(state.samples) < capacity:
                state.samples.append(basis)
                continue
            state.samples[state.oldest] = basis
            state.oldest = (state.oldest + 1) % capacity
        state.total = sum(state.samples)  # recomputed at each sample: a running sum would drift


MarkRule = Annotated[IndexMark | IndexEmaBasis | MedianOfThree, Field(discriminator="kind")]
