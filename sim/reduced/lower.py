"""Turns a config into the numbers that kernels read, once: parameters, the law of jumps, the threshold index.

Decides units: relative prices, years, quanta. Leaves to others: which configs are admitted (`admit.py`), the paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..agents.behaviours import MarketMaker
from ..config import RunConfig
from ..config.reduced import HalfLifeRenewal, LinearDepth, NoImpact, Reduced, SquareRootDepth
from ..elementary import LN2, exp, expm1, half_lives
from ..errors import ConfigError
from ..market.clock import step_ratio
from ..market.price import Gbm, Kou, Merton, SingleShock
from ..market.price.skeleton import YEAR_S
from ..units import PPM, QUANTA_LIMIT
from .admit import needs_depth, require_reduced
from .book import GRID_REACH, ThresholdIndex, market_arrays
from .jumps import Jumps, jumps_of
from .kernels import layout as at

if TYPE_CHECKING:
    from .kernels.arrays import Path

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

DAY_S = 86_400


@dataclass(frozen=True)
class Lowered:
    """A config as the reduced engine's kernels read it."""

    floats: F64  # (F_WIDTH,)
    ints: I64  # (I_WIDTH,)
    jumps: Jumps
    index: ThresholdIndex
    chain: I64  # (2, K + 1, C_WIDTH) see `kernels/chain.py`; no rows where it does not apply
    nexts: I64  # (2, K + 1)
    dips: I64  # (2, K + 1)
    walks: F64  # (2, 2, K + 1)
    initial_price: float
    step_ratio: float  # r = -ln(1 - m) / (sigma sqrt(step)) at calm volatility

    @property
    def horizon(self) -> float:
        """Length of a path, years."""
        return float(self.floats[at.F_HORIZON])

    @property
    def mean_count(self) -> float:
        """Expected number of random jumps of a path."""
        return self.jumps.mean_count(self.horizon)


def lower(config: RunConfig, *, scenario: int = 0, replication: int = 0) -> Lowered:
    """Return the numbers of a config; ConfigError where the reduced engine cannot play it."""
    require_reduced(config)
    assert config.reduced is not None
    section, market = config.reduced, config.markets[0]
    price = market.price
    assert isinstance(price, Gbm | Kou | Merton | SingleShock)
    instrument = market.instrument(config.quantum)
    markets = market_arrays(config, instrument, price.initial_price)
    index = ThresholdIndex.build(config, markets, instrument, scenario=scenario, replication=replication)
    jumps = jumps_of(price, section.jumps)
    floats = _floats(config, section, price, jumps)
    ints = _ints(config, section)
    for side, place in ((at.LONG, at.I_FIRST_LONG), (at.SHORT, at.I_FIRST_SHORT)):
        held = np.flatnonzero(index.opening[side, at.B_LOTS] > 0)
        ints[place] = held[0] if len(held) else index.opening.shape[2]
    _require_headroom(index, floats, jumps)
    ratio = step_ratio(
        maintenance_ppm=market.margin.smallest_maintenance_ppm(),
        sigma=floats[at.F_SIGMA],
        step_s=floats[at.F_STEP],
    )
    return with_chain(
        Lowered(
            floats=floats,
            ints=ints,
            jumps=jumps,
            index=index,
            chain=np.zeros((2, 0, at.C_WIDTH), np.int64),
            nexts=np.zeros((2, 0), np.int64),
            dips=np.zeros((2, 0), np.int64),
            walks=np.zeros((2, 2, 0)),
            initial_price=float(price.initial_price),
            step_ratio=float(ratio),
        )
    )


def path_arrays(lowered: Lowered, n_jumps: int) -> Path:
    """Room for one path with at most `n_jumps` jumps."""
    from .kernels.arrays import Path
    from .kernels.renewal import COARSE

    index, ints = lowered.index, lowered.ints
    pieces = int(ints[at.I_STEPS]) + n_jumps
    book = index.opening.copy() if ints[at.I_RENEWED] else index.opening
    far = np.zeros((2, 2, index.opening.shape[2] // COARSE + 2))
    return Path(
        f=lowered.floats, i=ints, opening=index.opening, book=book, chain=lowered.chain, nexts=lowered.nexts,
        dips=lowered.dips, walks=lowered.walks, far=far, fresh=index.fresh, fresh_far=index.fresh_far,
        s=np.zeros(at.S_WIDTH),
        n=np.zeros(at.N_WIDTH, np.int64), times=np.zeros(n_jumps), sizes=np.zeros(n_jumps),
        step_ends=lowered.floats[at.F_STEP] * np.arange(1, int(ints[at.I_STEPS]) + 1), lengths=np.zeros(pieces),
        ends=np.zeros(pieces), events=np.zeros(pieces, np.int64), moves=np.zeros(pieces),
        variances=np.zeros(pieces), lows=np.zeros(pieces), highs=np.zeros(pieces), stresses=np.zeros(pieces),
        uniforms=np.zeros(pieces), places=np.zeros(pieces + 1, np.int64),
    )  # fmt: skip


def with_chain(lowered: Lowered) -> Lowered:
    """The same with the chain of a book without renewal whose impact all decays."""
    from .kernels.chain import build_chain

    rows = lowered.index.opening.shape[2] + 1
    if lowered.ints[at.I_RENEWED] or lowered.floats[at.F_PERMANENT] > 0:
        return lowered
    chained = replace(
        lowered,
        chain=np.zeros((2, rows, at.C_WIDTH), np.int64),
        nexts=np.zeros((2, rows), np.int64),
        dips=np.zeros((2, rows), np.int64),
        walks=np.zeros((2, 2, rows)),
    )
    build_chain(path_arrays(chained, 0))
    return chained


def horizon_s(config: RunConfig) -> Decimal:
    """Length of a path, seconds."""
    assert config.reduced is not None
    days = config.reduced.horizon_days
    return config.duration_s if days is None else days * DAY_S


def _floats(config: RunConfig, section: Reduced, price: Gbm | Kou | Merton | SingleShock, jumps: Jumps) -> F64:
    f = np.zeros(at.F_WIDTH)
    f[at.F_HORIZON] = float(horizon_s(config)) / YEAR_S
    f[at.F_STEP] = f[at.F_HORIZON] / section.steps
    f[at.F_SIGMA] = float(price.annual_volatility)
    drift = 0.0 if isinstance(price, SingleShock) else float(price.annual_drift)
    f[at.F_DRIFT] = drift - f[at.F_SIGMA] * f[at.F_SIGMA] / 2 - jumps.per_year * jumps.compensator
    if not isinstance(section.impact, NoImpact):
        f[at.F_IMPACT_BID], f[at.F_IMPACT_ASK] = _impact(config, section.impact)
        f[at.F_DECAY] = LN2 * YEAR_S / float(section.impact.half_life_s)
        f[at.F_PERMANENT] = section.impact.permanent_share_ppm / PPM
    if section.stress is not None:
        f[at.F_STRESS_SIGMA] = float(section.stress.volatility_multiplier) - 1.0
        f[at.F_STRESS_DEPTH] = 1.0 - float(section.stress.depth_multiplier)
        f[at.F_STRESS_DECAY] = LN2 * YEAR_S / (3600 * float(section.stress.half_life_hours))
    f[at.F_FADE] = expm1(-f[at.F_DECAY] * f[at.F_STEP])
    f[at.F_HALF_FADE] = exp(-0.5 * f[at.F_DECAY] * f[at.F_STEP])
    f[at.F_KEEP] = 1.0
    if isinstance(section.renewal, HalfLifeRenewal):
        half_life = float(section.renewal.half_life_days) * DAY_S / YEAR_S
        f[at.F_KEEP] = half_lives(f[at.F_STEP], half_life)
        f[at.F_CELL], f[at.F_RANGE] = section.renewal.cell_ppm / PPM, GRID_REACH
    return f


def _impact(config: RunConfig, curve: LinearDepth | SquareRootDepth) -> tuple[float, float]:
    """Coefficients of bid and ask: of what is sold (linear) or of its root, so that the depth moves price by
    `within`.
    """
    within_ppm, bid, ask = (
        _makers_depth(config) if needs_depth(config) else (curve.within_ppm, curve.bid_quote, curve.ask_quote)
    )
    assert within_ppm is not None
    assert bid is not None
    assert ask is not None
    scale = float(curve.depth_multiplier * config.scale.simulated_share / config.quantum)
    depths = float(bid) * scale, float(ask) * scale
    within = within_ppm / PPM
    if isinstance(curve, LinearDepth):
        return within / depths[0], within / depths[1]
    return within / math.sqrt(depths[0]), within / math.sqrt(depths[1])


def _makers_depth(config: RunConfig) -> tuple[int, Decimal, Decimal]:
    """First band of the makers' calm depth, summed over cohorts; ConfigError if there is none or they differ."""
    makers = [c.behaviour for c in config.population.cohorts if isinstance(c.behaviour, MarketMaker)]
    bands = [maker.depth[0] for maker in makers]
    if not bands or any(band.within_ppm != bands[0].within_ppm for band in bands):
        raise ConfigError(
            "reduced.impact must state within_ppm, bid_quote and ask_quote: there are no market makers whose first band"
            " it could take, or their first bands differ"
        )
    return (
        bands[0].within_ppm,
        sum((band.bid_quote for band in bands), Decimal(0)),
        sum((band.ask_quote for band in bands), Decimal(0)),
    )


def _ints(config: RunConfig, section: Reduced) -> I64:
    i = np.zeros(at.I_WIDTH, np.int64)
    fund, fees, layers = config.funds[0], config.markets[0].fees, [layer.kind for layer in config.waterfall]
    i[at.I_STEPS], i[at.I_BRIDGE], i[at.I_MARKS] = section.steps, section.marks == "bridge", section.jump_marks
    i[at.I_IMPACT] = ("none", "linear", "square_root").index(section.impact.kind)
    i[at.I_INTERLEAVED] = config.liquidation.mode == "interleaved"
    i[at.I_FEE_PPM], i[at.I_FEE_SHARE_PPM] = fees.liquidation_ppm, fund.fee_share_ppm
    i[at.I_SURPLUS_FUND] = config.liquidation.surplus == "fund"
    i[at.I_SEED] = fund.seed_quanta(config.quantum, config.scale.simulated_share)
    i[at.I_FUND_PAYS] = "insurance_fund" in layers
    i[at.I_ADL], i[at.I_SOCIALISE] = "adl" in layers, "socialised_loss" in layers
    rules = section.fund
    i[at.I_CAP] = -1 if rules.cap_quote is None else _quanta(config, rules.cap_quote)
    i[at.I_TRIGGER_PPM] = PPM if rules.adl_drawdown_ppm is None else rules.adl_drawdown_ppm
    i[at.I_LAG_MS] = i[at.I_PER_DAY] = -1
    if rules.replenishment is not None:
        i[at.I_LAG_MS] = int(rules.replenishment.lag_days * DAY_S * 1000)
        if rules.replenishment.per_day_quote is not None:
            i[at.I_PER_DAY] = _quanta(config, rules.replenishment.per_day_quote)
    i[at.I_RENEWED] = isinstance(section.renewal, HalfLifeRenewal)
    return i


def _quanta(config: RunConfig, amount: Decimal) -> int:
    """An amount at venue scale as quanta of the simulated part, rounded down."""
    return int(amount * config.scale.simulated_share / config.quantum)


def _require_headroom(index: ThresholdIndex, floats: F64, jumps: Jumps) -> None:
    """ConfigError if sums of a path could leave int64: twenty times the open interest, at four times its price."""
    if index.open_interest * 80 > QUANTA_LIMIT * 2:
        raise ConfigError(
            f"the open interest of {index.open_interest} quanta leaves no head-room in int64 for the sums of a path:"
            " use a coarser asset.quantum or a smaller scale.simulated_share"
        )
