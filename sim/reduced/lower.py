"""Turns a config into the numbers that kernels read, once: parameters, the law of jumps, the threshold index.

Decides units: relative prices, years, quanta. Leaves to others: which configs are admitted (`admit.py`), the paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ..agents.behaviours import MarketMaker
from ..config import RunConfig
from ..config.places import naming_places
from ..config.reduced import BoundedImpact, HalfLifeRenewal, LinearDepth, NoImpact, Reduced
from ..elementary import LN2, exp, expm1, half_lives
from ..errors import ConfigError
from ..layout import F64, I64, Records
from ..market.clock import step_ratio
from ..market.price import Gbm, Kou, Merton, SingleShock
from ..market.price.skeleton import YEAR_S
from ..units import PPM, QUANTA_LIMIT
from . import layout as at
from .admit import needs_depth, require_reduced
from .book import GRID_REACH, ThresholdIndex, market_arrays
from .jumps import Jumps, jumps_of

if TYPE_CHECKING:
    from .kernels.arrays import Path

DAY_S = 86_400
IMPACTS = {"none": at.IMPACT_NONE, "linear": at.IMPACT_LINEAR, "bounded": at.IMPACT_BOUNDED}


@dataclass(frozen=True)
class Lowered:
    """A config as the reduced engine's kernels read it."""

    params: Records  # (1,) PARAMS_DTYPE
    jumps: Jumps
    index: ThresholdIndex
    chain: Records  # (2, K + 1) CHAIN_DTYPE, see `kernels/chain.py`; no rows where it does not apply
    nexts: I64  # (2, K + 1)
    dips: I64  # (2, K + 1)
    impacts: F64  # (2, K + 1)
    stops: F64  # (2, K + 1)
    initial_price: float
    step_ratio: float  # r = -ln(1 - m) / (sigma sqrt(step)) at calm volatility

    @property
    def horizon(self) -> float:
        """Length of a path, years."""
        return float(self.params["horizon"][0])

    @property
    def steps(self) -> int:
        """Steps of a path."""
        return int(self.params["steps"][0])

    @property
    def mean_count(self) -> float:
        """Expected number of random jumps of a path."""
        return self.jumps.mean_count(self.horizon)


@naming_places
def mean_jumps(config: RunConfig) -> float:
    """Expected number of random jumps of a path, without an opening book; ConfigError as in `lower`."""
    require_reduced(config)
    assert config.reduced is not None
    return jumps_of(config.markets[0].price, config.reduced.jumps).mean_count(float(horizon_s(config)) / YEAR_S)


@naming_places
def lower(
    config: RunConfig, *, scenario: int = 0, replication: int = 0, index: ThresholdIndex | None = None
) -> Lowered:
    """Return the numbers of a config; ConfigError if the reduced engine cannot simulate it.

    index: the threshold index of the same population, seed, scenario and replication, if it is known.
    """
    require_reduced(config)
    assert config.reduced is not None
    section, market = config.reduced, config.markets[0]
    price = market.price
    assert isinstance(price, Gbm | Kou | Merton | SingleShock)
    instrument = market.instrument(config.quantum)
    markets = market_arrays(config, instrument, price.initial_price)
    if index is None:
        index = ThresholdIndex.build(config, markets, instrument, scenario=scenario, replication=replication)
    jumps = jumps_of(price, section.jumps, section.concentration)
    params = np.zeros(1, at.PARAMS_DTYPE)
    _set_prices(params[0], config, section, price, jumps)
    _set_rules(params[0], config, section)
    for side in (at.LONG, at.SHORT):
        held = np.flatnonzero(index.opening["lots"][side] > 0)
        params["first"][0, side] = held[0] if len(held) else index.opening.shape[1]
    _require_headroom(index)
    ratio = step_ratio(
        maintenance_ppm=market.margin.smallest_maintenance_ppm(),
        sigma=params["sigma"][0],
        step_s=params["step"][0],
    )
    return with_chain(
        Lowered(
            params=params,
            jumps=jumps,
            index=index,
            **_chain_arrays(0),
            initial_price=float(price.initial_price),
            step_ratio=float(ratio),
        )
    )


def path_arrays(lowered: Lowered, n_jumps: int) -> Path:
    """Room for one path with at most `n_jumps` jumps."""
    from .kernels.arrays import Path
    from .kernels.renewal import COARSE

    params, opening, fresh, wide = lowered.params, lowered.index.opening, lowered.index.fresh, lowered.index.fresh_far
    pieces, far = lowered.steps + n_jumps, (2, opening.shape[1] // COARSE + 2)
    state, ledger = np.zeros(1, at.STATE_DTYPE), np.zeros(1, at.LEDGER_DTYPE)
    state["scale"] = 1.0
    ledger["fund"] = ledger["peak"] = params["seed"]
    ledger["below_ms"] = ledger["first_adl_ms"] = ledger["first_empty_ms"] = -1
    return Path(
        params=params, opening_lots=opening["lots"].copy(), opening_owed=opening["owed"].copy(),
        logs=opening["log"].copy(), prices=opening["price"].copy(), lots=opening["lots"].copy(),
        owed=opening["owed"].copy(), chain=lowered.chain, nexts=lowered.nexts, dips=lowered.dips,
        impacts=lowered.impacts, stops=lowered.stops, far_lots=np.zeros(far), far_owed=np.zeros(far),
        fresh_lots=fresh["lots"].copy(), fresh_owed=fresh["owed"].copy(), fresh_far_lots=wide["lots"].copy(),
        fresh_far_owed=wide["owed"].copy(), state=state.copy(), ledger=ledger.copy(), start_state=state,
        start_ledger=ledger, times=np.zeros(n_jumps), sizes=np.zeros(n_jumps), shares=np.ones(n_jumps),
        step_ends=params["step"][0] * np.arange(1, lowered.steps + 1), lengths=np.zeros(pieces),
        ends=np.zeros(pieces), events=np.zeros(pieces, np.int64), moves=np.zeros(pieces),
        variances=np.zeros(pieces), lows=np.zeros(pieces), highs=np.zeros(pieces), stresses=np.zeros(pieces),
        uniforms=np.zeros(pieces), places=np.zeros(pieces + 1, np.int64),
    )  # fmt: skip


def with_chain(lowered: Lowered) -> Lowered:
    """The same with the chain of a book without renewal."""
    from .kernels.chain import build_chain

    if lowered.params["renewed"][0]:
        return lowered
    chained = replace(lowered, **_chain_arrays(lowered.index.opening.shape[1] + 1))
    build_chain(path_arrays(chained, 0))
    return chained


def _chain_arrays(rows: int) -> dict[str, Any]:
    """The arrays that `build_chain` fills, by name."""
    return {
        "chain": np.zeros((2, rows), at.CHAIN_DTYPE),
        "nexts": np.zeros((2, rows), np.int64),
        "dips": np.zeros((2, rows), np.int64),
        "impacts": np.zeros((2, rows)),
        "stops": np.zeros((2, rows)),
    }


def horizon_s(config: RunConfig) -> Decimal:
    """Length of a path, seconds."""
    assert config.reduced is not None
    days = config.reduced.horizon_days
    return config.duration_s if days is None else days * DAY_S


def _set_prices(
    params: Any, config: RunConfig, section: Reduced, price: Gbm | Kou | Merton | SingleShock, jumps: Jumps
) -> None:
    """Write the parameters that move prices: diffusion, impact, stress, renewal."""
    params.horizon = float(horizon_s(config)) / YEAR_S
    params.step = params.horizon / section.steps
    params.sigma = float(price.annual_volatility)
    drift = 0.0 if isinstance(price, SingleShock) else float(price.annual_drift)
    params.drift = drift - params.sigma * params.sigma / 2 - jumps.per_year * jumps.compensator
    params.impact_cap = params.gap_depth = 1.0
    if not isinstance(section.impact, NoImpact):
        params.impact_bid, params.impact_ask = _impact(config, section.impact)
        params.decay = LN2 * YEAR_S / float(section.impact.half_life_s)
        if isinstance(section.impact, BoundedImpact):
            params.impact_cap, params.gap_depth = (
                section.impact.basis_cap_ppm / PPM,
                section.impact.depth_in_gap_ppm / PPM,
            )
    if section.stress is not None:
        params.stress_sigma = float(section.stress.volatility_multiplier) - 1.0
        params.stress_depth = 1.0 - float(section.stress.depth_multiplier)
        params.stress_decay = LN2 * YEAR_S / (3600 * float(section.stress.half_life_hours))
    params.fade = expm1(-params.decay * params.step)
    params.half_fade = exp(-0.5 * params.decay * params.step)
    params.keep = 1.0
    params.slow_first = 0.0 if section.concentration is None else section.concentration.slow_first_ppm / PPM
    if isinstance(section.renewal, HalfLifeRenewal):
        half_life = float(section.renewal.half_life_days) * DAY_S / YEAR_S
        params.keep = half_lives(params.step, half_life)
        params.cell, params.reach = section.renewal.cell_ppm / PPM, GRID_REACH


def _impact(config: RunConfig, curve: LinearDepth | BoundedImpact) -> tuple[float, float]:
    """Slopes at bid and ask: relative move of the price per quantum, so that the depth moves it by `within`."""
    within_ppm, bid, ask = (
        _makers_depth(config) if needs_depth(config) else (curve.within_ppm, curve.bid_quote, curve.ask_quote)
    )
    assert within_ppm is not None
    assert bid is not None
    assert ask is not None
    scale = float(config.scale.simulated_share / config.quantum)
    within = within_ppm / PPM
    return within / (float(bid) * scale), within / (float(ask) * scale)


def _makers_depth(config: RunConfig) -> tuple[int, Decimal, Decimal]:
    """First band of the makers' calm depth, summed over cohorts; ConfigError if there is none or they differ."""
    makers = [c.behaviour for c in config.population.cohorts if isinstance(c.behaviour, MarketMaker)]
    bands = [maker.depth[0] for maker in makers]
    if not bands or any(band.within_ppm != bands[0].within_ppm for band in bands):
        raise ConfigError(
            "must state within_ppm, bid_quote and ask_quote: no market maker has a first band to use"
            " instead, or the first bands differ"
        ).at("reduced", "impact")
    return (
        bands[0].within_ppm,
        sum((band.bid_quote for band in bands), Decimal(0)),
        sum((band.ask_quote for band in bands), Decimal(0)),
    )


def _set_rules(params: Any, config: RunConfig, section: Reduced) -> None:
    """Write the parameters of a liquidated level: fees, fund, waterfall."""
    fund, fees, layers = config.funds[0], config.markets[0].fees, [layer.kind for layer in config.waterfall]
    params.steps, params.bridge, params.jump_marks = section.steps, section.marks == "bridge", section.jump_marks
    params.impact = IMPACTS[section.impact.kind]
    params.interleaved = config.liquidation.mode == "interleaved"
    params.fee_ppm, params.fee_share_ppm = fees.liquidation_ppm, fund.fee_share_ppm
    params.fund_keeps = config.liquidation.surplus == "fund"
    params.seed = fund.seed_quanta(config.quantum, config.scale.simulated_share)
    params.fund_pays = "insurance_fund" in layers
    params.adl, params.socialise = "adl" in layers, "socialised_loss" in layers
    rules = section.fund
    params.cap = -1 if rules.cap_quote is None else _quanta(config, rules.cap_quote)
    params.trigger_ppm = PPM if rules.adl_drawdown_ppm is None else rules.adl_drawdown_ppm
    params.lag_ms = params.per_day = -1
    if rules.replenishment is not None:
        params.lag_ms = int(rules.replenishment.lag_days * DAY_S * 1000)
        if rules.replenishment.per_day_quote is not None:
            params.per_day = _quanta(config, rules.replenishment.per_day_quote)
    params.renewed = isinstance(section.renewal, HalfLifeRenewal)


def _quanta(config: RunConfig, amount: Decimal) -> int:
    """An amount at venue scale as quanta of the simulated part, rounded down."""
    return int(amount * config.scale.simulated_share / config.quantum)


def _require_headroom(index: ThresholdIndex) -> None:
    """ConfigError if sums of a path could leave int64: twenty times the open interest, at four times its price."""
    if index.open_interest * 80 > QUANTA_LIMIT * 2:
        raise ConfigError(
            f"the open interest of {index.open_interest} quanta leaves no head-room in int64 for the sums of a path:"
            " use a coarser asset.quantum or a smaller scale.simulated_share"
        ).at("asset", "quantum")
