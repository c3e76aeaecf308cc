"""The `reduced:` section of a config: settings of the reduced engine beyond the policies that it shares with the full
one.

Decides the vocabulary only; `sim/reduced/` reads it. Amounts are at venue scale, as everywhere in a config. Log sizes
of jumps, rates per year of 365 days.
"""

from decimal import Decimal
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
    depth_multiplier: PositiveDecimal = Field(Decimal(1), description="Factor on both depths.")
    half_life_s: PositiveDecimal = Field(Decimal(60), description="Half-life of the part that decays, seconds.")
    permanent_share_ppm: SharePpm = Field(0, description="Permanent share of the impact, ppm.")

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = [self.within_ppm is not None, self.bid_quote is not None, self.ask_quote is not None]
        if any(given) and not all(given):
            raise ValueError(
                "give all of within_ppm, bid_quote and ask_quote, or none (then the makers' depth is used)"
            )
        return self


class LinearDepth(_DepthImpact):
    """The price moves in proportion to the amount sold in one walk: cumulative depth of BTCUSDT grows with distance to
    the power .85.
    """

    kind: Literal["linear"] = Field("linear", description="Impact = within x sold / depth.")


class SquareRootDepth(_DepthImpact):
    """The price moves with the square root of the amount sold in one walk: a law of metaorders, not of a book."""

    kind: Literal["square_root"] = Field("square_root", description="Impact = within x sqrt(sold / depth).")


ImpactCurve = Annotated[NoImpact | LinearDepth | SquareRootDepth, Field(discriminator="kind")]


class _Jumps(Policy):
    jumps_per_year: PositiveDecimal = Field(description="Expected jumps per year of 365 days.")
    compensate: bool = Field(True, description="Subtract the jumps' mean return from the drift.")


class KouJumps(_Jumps, DoubleExponentialJump):
    """Two-sided exponential log sizes."""

    kind: Literal["kou"] = "kou"  # type: ignore[assignment]


class MertonJumps(_Jumps, NormalJump):
    """Normal log sizes."""

    kind: Literal["merton"] = "merton"  # type: ignore[assignment]


class ThresholdJumps(_Jumps):
    """Falls beyond a threshold with a generalised Pareto tail; rises beyond one with an exponential tail.

    BTC, hours 2020-25: threshold .0275, xi .28 +- .06, beta .0099, 59 a year of both signs, 55% down. Hourly moves are
    not instant gaps: see `jump_marks`.
    """

    kind: Literal["threshold"] = Field("threshold", description="Exceedances of a threshold.")
    down_share_ppm: SharePpm = Field(description="Probability that a jump is down, ppm.")
    down_threshold: NonNegativeDecimal = Field(description="Smallest log fall.")
    down_xi: Annotated[Decimal, Field(ge=0, lt=1)] = Field(description="Shape of the tail of falls; 0: exponential.")
    down_beta: PositiveDecimal = Field(description="Scale of the tail of falls, log size.")
    up_threshold: NonNegativeDecimal = Field(description="Smallest log rise.")
    up_eta: PositiveDecimal = Field(description="1 / mean log rise beyond the threshold; above 1.")

    @model_validator(mode="after")
    def _mean_price_is_finite(self) -> Self:
        if self.up_eta <= 1:
            raise ValueError(
                f"up_eta must be above 1, otherwise the mean of the price is infinite (found {self.up_eta})"
            )
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
    jump_marks: PositiveInt = Field(
        1,
        description="Marks over which a jump is observed: 1 is an instant gap, n splits it into n equal log moves.",
    )
    renewal: Renewal = Field(AgedOnce(), description="Renewal of open interest.")
    fund: FundRules = Field(FundRules(), description="Cap, trigger and replenishment of the fund.")
    stress: Stress | None = Field(None, description="Volatility and depth after jumps; null: unchanged.")
    leaves_out: tuple[Feature, ...] = Field(
        (), description="Mechanisms of the config that this study deliberately omits."
    )
