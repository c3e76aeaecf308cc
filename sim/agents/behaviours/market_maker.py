"""Market makers: individuals that each quote a ladder of bids and asks around a value skewed against their inventory.

Decides: at each look (`interval_ms` of the maker, at its own phase) the middle of its quotes, how wide and how large
they are, and whether the standing ones are stale; then it cancels them and posts new ones (post-only). It withdraws by
its own inventory, the equity it has used, realised volatility over seconds, and its own chance of being deleveraged;
never by time or by the fall of the price. What is taken from a side comes back with a half-life. A maker may be
liquidated like anyone else. Leaves to others: matching, and margin. Hedges elsewhere are not modelled. The calm ladder
reproduces the stated cumulative depth: within each band, level by level, as a power law of distance with exponent .85
in the first band (cumulative depth of BTCUSDT on Binance, 2025-10-10 before the crash) and linear in the others.
Sources: skew against inventory: Avellaneda and Stoikov (2008), where it grows with the variance, Gueant, Lehalle,
Fernandez-Tapia (2013), whose long-run quotes make it grow with volatility (`skew_volatility_power` 1); depth fell by
more than 90% on 2025-10-10 (press; the recorded book is unreliable then), so the sensitivities are assumptions to
sweep: withdrawal_power 0.5-2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ...elementary import power
from ...errors import ConfigError
from ...layout import F64, MAKER_PARAMS_DTYPE, Records
from ...policy import NonNegativeDecimal, NonNegativeInt, Policy, PositiveDecimal, PositiveInt, SharePpm
from ..view import ARRIVAL_SLOTS, Intents, MarketView
from .base import BehaviourPolicy, CohortContext

FIRST_BAND_EXPONENT = 0.85
#: Wakes after which the pre-drawn arrival keys repeat (a prime, so no pattern of the clock gets the same ones).
KEY_ROUNDS = 1021
#: Limit of the skew, so that quotes stay above zero.
MAX_SKEW = 0.5


class DepthBand(Policy):
    """Cumulative resting value within a distance of the middle, each side, at venue scale."""

    within_ppm: PositiveInt = Field(description="distance from the middle, parts per million")
    bid_quote: PositiveDecimal = Field(description="bids within it, quote units at venue scale")
    ask_quote: PositiveDecimal = Field(description="asks within it, quote units at venue scale")


@dataclass
class MakerState:
    """Ladders and state of the makers."""

    market: int
    arrays: Any  # MakerArrays
    kernel: Callable[..., Any]
    next_key: int = 0


class MarketMaker(BehaviourPolicy):
    """A cohort of makers whose calm ladders add up to the stated depth."""

    kind: Literal["market_maker"] = "market_maker"
    is_maker: ClassVar[bool] = True

    market: str = Field(description="name of the market")
    depth: tuple[DepthBand, ...] = Field(
        min_length=1, description="cumulative depth of the whole cohort when calm, bands rising"
    )
    levels_per_band: PositiveInt = Field(default=4, description="price levels of one maker in each band and side")
    half_spread_ppm: PositiveInt = Field(default=50, description="distance of the first level from the middle")
    calm_volatility_ppm: PositiveInt = Field(
        description="volatility per sqrt(second) at which the ladder is the stated one"
    )
    volatility_tolerance: PositiveDecimal = Field(
        default=Decimal(2), description="realised over calm volatility from which quoted size shrinks"
    )
    withdrawal_power: NonNegativeDecimal = Field(
        default=Decimal(1), description="size ~ (tolerance / volatility ratio)**power"
    )
    widening: NonNegativeDecimal = Field(default=Decimal("0.5"), description="distances ~ (volatility ratio)**widening")
    inventory_limit_quote: PositiveDecimal = Field(
        description="maximum position of the whole cohort, quote units at venue scale"
    )
    skew_ppm: NonNegativeInt = Field(default=2000, description="shift of the middle at full inventory, against it")
    skew_volatility_power: NonNegativeDecimal = Field(
        default=Decimal(0),
        description="skew ~ (volatility ratio)**power, the ratio at least 1: 1 in Gueant et al., 2 in Avellaneda and"
        " Stoikov, 0 the same skew in every market",
    )
    mark_weight_ppm: SharePpm = Field(
        default=0, description="weight of the mark in the reference; the rest is the index"
    )
    adl_aversion: NonNegativeDecimal = Field(
        default=Decimal(1),
        description="share of size withdrawn by a maker first in the ADL queue whose profit equals its equity",
    )
    refill_half_life_ms: PositiveInt = Field(
        default=10_000, description="time after which half of what was taken is quoted again"
    )
    look_interval_ms: PositiveInt = Field(
        default=1000, description="time between two looks of a maker; each has its own phase"
    )
    requote_move_ppm: NonNegativeInt = Field(
        default=100, description="quotes are stale when the middle has moved by more than this"
    )
    requote_size_ppm: SharePpm = Field(
        default=250_000, description="quotes are stale when a side's size is off by more than this"
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        for low, high in pairwise(self.depth):
            if high.within_ppm <= low.within_ppm or high.bid_quote < low.bid_quote or high.ask_quote < low.ask_quote:
                raise ValueError(f"depth must rise: {low.within_ppm} ppm then {high.within_ppm} ppm")
        if self.half_spread_ppm >= self.depth[0].within_ppm or self.depth[-1].within_ppm >= 900_000:
            raise ValueError("half_spread_ppm must lie inside the first band, and the last band below 900,000 ppm")
        return self

    def look_ms(self) -> int:
        """Each maker looks at its own phase."""
        return self.look_interval_ms

    def watches_adl_queue(self) -> bool:
        """True if makers withdraw for fear of being deleveraged."""
        return self.adl_aversion > 0

    def max_orders_per_s(self, traders: int) -> float:
        """Makers that requote their whole ladder at every look."""
        return traders * 2 * self.levels_per_band * len(self.depth) * 1000 / self.look_interval_ms

    def with_depth(self, factor: Decimal) -> Self:
        """Every band of the ladder times `factor`."""
        bands = [
            {**band.model_dump(), "bid_quote": band.bid_quote * factor, "ask_quote": band.ask_quote * factor}
            for band in self.depth
        ]
        return type(self).model_validate({**self.model_dump(), "depth": bands})

    def calm_ladder(self) -> tuple[F64, F64, F64]:
        """Return distances (L + 1 edges, fractions, the first is the half-spread) and bid and ask value per level (L,
        quote)."""
        edges, cumulative_bid, cumulative_ask = [self.half_spread_ppm / 1e6], [0.0], [0.0]
        floor = 0.0
        bid = ask = 0.0
        for number, band in enumerate(self.depth):
            ceiling = band.within_ppm / 1e6
            exponent = FIRST_BAND_EXPONENT if number == 0 else 1.0
            start = edges[-1]
            for level in range(1, self.levels_per_band + 1):
                part = level / self.levels_per_band
                edge = start * power(ceiling / start, part) if number == 0 else start + (ceiling - start) * part
                inside = power((edge - floor) / (ceiling - floor), exponent)
                edges.append(edge)
                cumulative_bid.append(bid + inside * (float(band.bid_quote) - bid))
                cumulative_ask.append(ask + inside * (float(band.ask_quote) - ask))
            floor, bid, ask = ceiling, float(band.bid_quote), float(band.ask_quote)
        return np.array(edges), np.diff(cumulative_bid), np.diff(cumulative_ask)

    def initial_state(self, context: CohortContext) -> MakerState:
        """Return ladders split over the makers by capital; each level of each maker lies at random between the calm
        edges."""
        from ...kernels.agents.makers import MakerArrays, maker_ladders
        from ...layout import MAKER_DTYPE

        market = context.market(self.market)
        n = len(context.rows)
        edges, bid_quote, ask_quote = self.calm_ladder()
        place = context.rng.random((n, len(bid_quote)))
        shares = context.split(1.0)[:, None]
        per_quote = context.venue_lots(Decimal(1), market)
        bids, asks = bid_quote * per_quote * shares, ask_quote * per_quote * shares
        capacity = context.capital * float(context.max_leverage)
        dearest = np.maximum(bids.sum(axis=1), asks.sum(axis=1)) * context.unit(market)
        if np.any(dearest > capacity):
            raise ConfigError(
                f"cohort {context.name}: capital x max_leverage carries only {capacity.sum() / dearest.sum():.3g}"
                " of the depth that it must quote on one side: raise capital or max_leverage, or quote less"
            ).at("capital")
        limits = context.split(context.venue_lots(self.inventory_limit_quote, market))
        memory = np.zeros(n, MAKER_DTYPE)
        memory["next_ms"] = (
            -context.rng.random(n) * self.look_interval_ms
        )  # all look at the first wake, later each at its own phase
        memory["seen_ms"] = -1.0
        arrays = MakerArrays(
            home=np.ascontiguousarray(context.home[:, market]),
            memory=memory,
            limits=np.ascontiguousarray(np.column_stack([np.maximum(limits, 1.0), capacity])),
            distances=np.ascontiguousarray(edges[:-1] + place * np.diff(edges)),
            bids=np.ascontiguousarray(bids),
            asks=np.ascontiguousarray(asks),
            totals=np.ascontiguousarray(np.column_stack([bids.sum(axis=1), asks.sum(axis=1)])),
            parameters=self._parameters(context),
            keys=context.rng.integers(0, ARRIVAL_SLOTS, n * KEY_ROUNDS),
            adl_quantile=np.zeros(0),
        )
        return MakerState(market, arrays, maker_ladders)

    def _parameters(self, context: CohortContext) -> Records:
        values = (
            self.calm_volatility_ppm / 1e6,
            float(self.volatility_tolerance),
            float(self.withdrawal_power),
            float(self.widening),
            self.skew_ppm / 1e6,
            self.mark_weight_ppm / 1e6,
            float(self.adl_aversion),
            float(self.refill_half_life_ms),
            self.requote_move_ppm / 1e6,
            self.requote_size_ppm / 1e6,
            float(context.max_leverage),
            float(self.look_interval_ms),
        )
        return np.array([values], MAKER_PARAMS_DTYPE)

    def skew_at(self, volatility: float) -> float:
        """Shift of the middle at full inventory, a fraction, at a volatility per sqrt(second)."""
        from ...kernels.elementary import power as compiled_power  # of one number: a thousandth of the array's time

        ratio = max(1.0, volatility * 1e6 / self.calm_volatility_ppm)
        factor = float(compiled_power(ratio, float(self.skew_volatility_power)))
        return min(MAX_SKEW, self.skew_ppm / 1e6 * factor)

    def decide(self, state: MakerState, view: MarketView, intents: Intents) -> None:
        """Append the requotes of the makers that are due."""
        if view.adl_quantile is not None and view.adl_quantile is not state.arrays.adl_quantile:
            state.arrays.replace(adl_quantile=view.adl_quantile)
        n, levels = state.arrays.distances.shape
        intents.reserve(n * (2 * levels + 1))
        first, market = state.next_key, state.market
        state.next_key = (first + n) % len(state.arrays.keys)
        index, volatility = int(view.index[market]), float(view.volatility[market])
        if self.skew_volatility_power:
            state.arrays.parameters["skew"][0] = self.skew_at(volatility)
        intents.count += state.kernel(
            state.arrays, view.exchange, first, market, index, volatility, view.time_ms, intents.rows[intents.count :]
        )
