"""The `reduced:` section of a config: settings of the reduced engine beyond the policies that it shares with the full
one.

Decides the vocabulary only; `sim/reduced/` reads it. Amounts are at venue scale, as everywhere in a config. Log sizes
of jumps, rates per year of 365 days.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from ..market.price.jumps import DoubleExponentialJump, NormalJump
from ..policy import NonNegativeDecimal, Policy, PositiveDecimal, PositiveInt, SharePpm


class NoImpact(Policy):
    """Liquidations do not move the price: gap risk only."""

    kind: Literal["none"] = Field("none", description="No impact, no cascade.")


class _DepthImpact(Policy):
    within_ppm: PositiveInt | None = Field(
        None,
        description="Fall (rise) of the price caused by selling bid_quote (buying ask_quote), ppm; null: makers'.",
    )
    bid_quote: PositiveDecimal | None = Field(None, description="Bids within it, venue scale; null: the makers' depth.")
    ask_quote: PositiveDecimal | None = Field(None, description="Asks within it, venue scale; null: the makers' depth.")
    half_life_s: PositiveDecimal = Field(Decimal(60), description="Half-life of the impact, seconds.")

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = [self.within_ppm is not None, self.bid_quote is not None, self.ask_quote is not None]
        if any(given) and not all(given):
            raise ValueError(
                "give all of within_ppm, bid_quote and ask_quote, or none (then the makers' depth is used)"
            )
        return self


class LinearDepth(_DepthImpact):
    """The price moves in proportion to the amount sold in one walk, without end: for closed forms and calm books.

    Cumulative depth of BTCUSDT grows with distance to the power .85. No arbitrage holds the price, so large sales
    drive it below zero: a stressed depth is refused.
    """

    kind: Literal["linear"] = Field("linear", description="Impact = within x sold / depth.")


class BoundedImpact(_DepthImpact):
    """The basis that liquidations make: b(q) = cap (1 - exp(-q / (depth in gap x cap))), relative to the outside price.

    q / depth is the linear impact. Outside the market the price is what it is: recorded prices already hold the common
    part of every cascade, so only the distance of the venue from the others is simulated, and arbitrage bounds it.
    """

    kind: Literal["bounded"] = Field("bounded", description="Impact = cap x (1 - exp(-linear impact / cap)).")
    basis_cap_ppm: Annotated[StrictInt, Field(gt=0, lt=1_000_000)] = Field(
        description="Largest distance from the outside price that liquidations make, ppm."
    )
    depth_in_gap_ppm: Annotated[StrictInt, Field(gt=0, le=1_000_000)] = Field(
        1_000_000, description="Depth while a gap is cleared, as a part of the calm one, ppm."
    )


ImpactCurve = Annotated[NoImpact | LinearDepth | BoundedImpact, Field(discriminator="kind")]


class _Jumps(Policy):
    jumps_per_year: PositiveDecimal = Field(description="Expected jumps per year of 365 days.")
    compensate: bool = Field(True, description="Subtract the jumps' mean return from the drift.")


class KouJumps(_Jumps, DoubleExponentialJump):
    """Two-sided exponential log sizes."""

    kind: Literal["kou"] = "kou"  # type: ignore[assignment]


class MertonJumps(_Jumps, NormalJump):
    """Normal log sizes."""

    kind: Literal["merton"] = "merton"  # type: ignore[assignment]


class ThresholdJumps(Policy):
    """Falls and rises within an hour beyond a threshold, each with a rate and a generalised Pareto tail of its own.

    P(fall > x) = (1 + xi (x - threshold) / beta)^(-1 / xi), log sizes. They are not instant gaps: see `concentration`.
    """

    kind: Literal["threshold"] = Field("threshold", description="Exceedances of a threshold.")
    falls_per_year: NonNegativeDecimal = Field(description="Expected falls beyond the threshold, per year of 365 days.")
    down_threshold: NonNegativeDecimal = Field(description="Smallest log fall.")
    down_xi: Annotated[Decimal, Field(ge=0, lt=1)] = Field(description="Shape of the tail of falls; 0: exponential.")
    down_beta: PositiveDecimal = Field(description="Scale of the tail of falls, log size.")
    rises_per_year: NonNegativeDecimal = Field(description="Expected rises beyond the threshold, per year.")
    up_threshold: NonNegativeDecimal = Field(description="Smallest log rise.")
    up_xi: Annotated[Decimal, Field(ge=0, lt=1)] = Field(description="Shape of the tail of rises; 0: exponential.")
    up_beta: PositiveDecimal = Field(description="Scale of the tail of rises, log size.")
    compensate: bool = Field(
        False, description="Subtract the jumps' mean return from the drift; possible only with bounded rises, up_xi 0."
    )

    @model_validator(mode="after")
    def _is_a_law(self) -> Self:
        if self.falls_per_year + self.rises_per_year <= 0:
            raise ValueError("falls_per_year and rises_per_year must not both be 0")
        if self.compensate and (self.up_xi > 0 or self.up_beta >= 1) and self.rises_per_year > 0:
            raise ValueError("compensate must be false: with these rises the mean of the price is infinite")
        return self

    @property
    def jumps_per_year(self) -> Decimal:
        """Falls and rises."""
        return self.falls_per_year + self.rises_per_year


class ShareWithin(Policy):
    """The part of a fall (of its log size) that comes within a delay: of all falls, smallest, median and largest."""

    delay_s: PositiveDecimal = Field(description="The delay, seconds.")
    low_ppm: SharePpm = Field(description="Smallest share, ppm.")
    middle_ppm: SharePpm = Field(description="Median share, ppm.")
    high_ppm: SharePpm = Field(description="Largest share, ppm.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low_ppm <= self.middle_ppm <= self.high_ppm:
            raise ValueError("low_ppm, middle_ppm and high_ppm must not fall")
        return self


class Concentration(Policy):
    """How much of a jump comes at once: the concentration curve of prices, read at the venue's own delay.

    Between two delays shares are linear in the delay's log; below the first they fall to 0 in proportion to the delay,
    beyond the last they stay. Each jump draws its share: half of them evenly from low to median, half to high.
    """

    liquidation_delay_s: PositiveDecimal = Field(
        description="Time in which nobody on the venue reacts to a fall, neither traders nor the liquidation engine."
    )
    curve: Annotated[tuple[ShareWithin, ...], Field(min_length=1)] = Field(description="Shares, by rising delay.")
    slow_first_ppm: SharePpm = Field(500_000, description="Part of the slow rest that comes before the gap, ppm.")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        for earlier, later in pairwise(self.curve):
            if later.delay_s <= earlier.delay_s:
                raise ValueError(f"delays must rise, found {later.delay_s} after {earlier.delay_s}")
            for name in ("low_ppm", "middle_ppm", "high_ppm"):
                if getattr(later, name) < getattr(earlier, name):
                    raise ValueError(f"{name} must not fall with the delay, found it lower at {later.delay_s} s")
        return self


JumpLaw = Annotated[KouJumps | MertonJumps | ThresholdJumps, Field(discriminator="kind")]


class AgedOnce(Policy):
    """The opening book ages along the path: liquidated positions are not replaced."""

    kind: Literal["none"] = Field("none", description="No renewal.")


class HalfLifeRenewal(Policy):
    """Positions are closed and new ones opened at the price of the day, so that old positions decay with a half-life.

    Liquidated positions are replaced at the same rate. New positions are drawn like the opening book's but with no age,
    so `leverage.at: now` and `at: entry` mean the same for them. Prices of thresholds are held on a grid of `cell_ppm`.
    """

    kind: Literal["half_life"] = Field("half_life", description="Exponential renewal.")
    half_life_days: PositiveDecimal = Field(description="Days after which half of the open interest has changed hands.")
    cell_ppm: PositiveInt = Field(
        2_000, description="Width of a cell of the threshold grid, ppm of the price; eight times that far from it."
    )


Renewal = Annotated[AgedOnce | HalfLifeRenewal, Field(discriminator="kind")]


class Replenishment(Policy):
    """External money restores the fund to its seed after a lag."""

    lag_days: NonNegativeDecimal = Field(description="Days below the seed before the inflow begins.")
    per_day_quote: PositiveDecimal | None = Field(None, description="Inflow per day, venue scale; null: all at once.")


class FundRules(Policy):
    """Rules of the fund apart from draws and income. With any of them the one-run curve of fund sizes is refused."""

    cap_quote: PositiveDecimal | None = Field(
        None, description="Income above this size goes to the exchange, venue scale; null: the fund keeps it."
    )
    adl_drawdown_ppm: Annotated[StrictInt, Field(gt=0, le=1_000_000)] | None = Field(
        None, description="ADL begins when the fund has lost this share of its peak; null: when it is empty."
    )
    replenishment: Replenishment | None = Field(None, description="External money; null: none.")


class Stress(Policy):
    """After a jump the market is more volatile and thinner; the effect decays with a half-life."""

    volatility_multiplier: PositiveDecimal = Field(
        description="Volatility right after a jump, as a multiple of the calm one."
    )
    depth_multiplier: PositiveDecimal = Field(le=1, description="Depth right at a jump, as a multiple of the calm one.")
    half_life_hours: PositiveDecimal = Field(description="Half-life of the excess, hours.")


#: Mechanisms that a study may deliberately omit: parts of the full engine without a counterpart in the reduced one.
Feature = Literal[
    "flow_traders",
    "topups",
    "stops",
    "programs",
    "funding",
    "mark_rule",
    "index_impact",
    "partial_liquidation",
    "latency",
    "throttle",
    "inventory_cap",
]


class Reduced(Policy):
    """The reduced engine: no book; jumps and diffusion, an impact curve, a threshold index of open interest, a fund."""

    horizon_days: PositiveDecimal | None = Field(None, description="Length of a path, days; null: duration_s.")
    steps: PositiveInt = Field(60, description="Coarse steps of a path; every jump adds one at its own time.")
    marks: Literal["bridge", "discrete"] = Field(
        "bridge",
        description="bridge: crossings between steps are sampled by Brownian bridge; discrete: the mark is observed"
        " at steps and jumps only, which creates artificial shortfall (see step_ratio_worst)",
    )
    buckets: PositiveInt = Field(
        256, description="Maximum number of groups of similar positions per side in the threshold index."
    )
    impact: ImpactCurve = Field(NoImpact(), description="Price impact of liquidations.")
    jumps: JumpLaw | None = Field(None, description="Jumps, if the market's price process is gbm; null: none.")
    concentration: Concentration | None = Field(
        None, description="How much of a jump comes as a gap, before anyone reacts; null: all of it."
    )
    jump_marks: PositiveInt = Field(
        1,
        description="Marks over which the gap of a jump is observed: 1 is an instant, n splits it into n log moves.",
    )
    renewal: Renewal = Field(AgedOnce(), description="Renewal of open interest.")
    fund: FundRules = Field(FundRules(), description="Cap, trigger and replenishment of the fund.")
    stress: Stress | None = Field(None, description="Volatility and depth after jumps; null: unchanged.")
    leaves_out: tuple[Feature, ...] = Field(
        (), description="Mechanisms of the config that this study deliberately omits."
    )

    @model_validator(mode="after")
    def _stressed_depth_is_bounded(self) -> Self:
        if self.stress is not None and self.stress.depth_multiplier < 1 and isinstance(self.impact, LinearDepth):
            raise ValueError(
                "stress.depth_multiplier must be 1 with linear impact, which would take the price below zero: use"
                " impact {kind: bounded}"
            )
        return self
