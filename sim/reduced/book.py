"""The threshold index: open interest by the price at which it is liquidated, long and short, from the population's own
opening book and the market's own margin schedule.

Prices are relative to the opening price, quantities are notional at it (quanta), costs at bankruptcy are exact whole
quanta. Similar positions share one level: neighbours in liquidation price within one maintenance class, never more
than `buckets` levels a side; one level a position where there are few. Leaves to others: what happens at a level.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ..agents.opening import OpeningBook, Venue
from ..clearing.margin.liquidation_price import liquidation_ticks
from ..clearing.margin.maintenance import maintenance_margins
from ..config import RunConfig
from ..config.reduced import HalfLifeRenewal
from ..elementary import exp, log, log1p
from ..instrument import Instrument
from ..layout import F64, FIRST_SCOPE_ROW, I64, MARKET_DTYPE, MarketArrays, Records
from ..opening import choose_opening
from ..rng import Streams
from ..units import PPM
from .layout import FRESH_DTYPE, GAP_DTYPE, LEVEL_DTYPE, LONG, SHORT

#: Row of the first trader where there is one fund scope (see `sim/ledger/accounts.py`).
FIRST_TRADER = FIRST_SCOPE_ROW + 2
#: Distance (log) below which levels lie ever closer.
NEAR = 0.01
#: Prices farther from the opening than this (log) are off the grid of a renewed book.
GRID_REACH = 1.6
#: Distance from the price, in cells, within which new positions go into fine cells at once.
NEAR_CELLS = 48


@dataclass(frozen=True)
class Positions:
    """Positions of the opening book as thresholds; relative prices, quanta. P positions."""

    lots: I64  # (P,) signed, of the instrument
    notional: F64  # (P,) at the opening price, positive
    owed: I64  # (P,) cost to close at bankruptcy, positive
    liquidation: F64  # (P,) relative price; 0 or infinite: never
    tier: I64  # (P,) maintenance class at the liquidation price
    margin: I64  # (P,) maintenance margin at the opening price, quanta
    equity: I64  # (P,) at the opening price, quanta

    @property
    def long(self) -> npt.NDArray[np.bool_]:
        """True for longs."""
        return np.asarray(self.lots > 0)


def market_arrays(config: RunConfig, instrument: Instrument, price: Decimal) -> MarketArrays:
    """The one market at its opening price, with the fields that the opening book reads."""
    values, table = config.markets[0].margin.lower(quantum=config.quantum, fees=config.markets[0].fees)
    params = np.zeros(1, MARKET_DTYPE)
    params["tick_value"][0] = instrument.tick_value
    for name in ("margin_base", "close_fee_ppm", "n_tiers", "notional_cap"):
        params[name][0] = values[name]
    mark = np.array([max(1, instrument.to_ticks(price))], np.int64)
    return MarketArrays(mark=mark, params=params, tiers=table[None, :])


def open_positions(
    config: RunConfig, markets: MarketArrays, instrument: Instrument, *, scenario: int, replication: int, fresh: bool
) -> Positions:
    """Draw (or read) the opening book and compute all positions' thresholds; fresh: as if all were opened just now."""
    streams = Streams(seed=config.seed, scenario=scenario, replication=replication)
    venue = Venue((instrument,), markets, config.quantum, config.scale.simulated_share, FIRST_TRADER)
    book = choose_opening(_without_age(config) if fresh else config, venue, streams).book
    return thresholds_of(book, markets)


def _without_age(config: RunConfig) -> RunConfig:
    """The same population with positions all opened at the present price."""
    cohorts = []
    for cohort in config.population.cohorts:
        items = []
        for item in cohort.opening:
            ageing = item.ageing.model_copy(update={"mean_age_days": Decimal(0)})
            items.append(item.model_copy(update={"ageing": ageing}))
        cohorts.append(cohort.model_copy(update={"opening": tuple(items)}))
    population = config.population.model_copy(update={"cohorts": tuple(cohorts)})
    return config.model_copy(update={"population": population})


def thresholds_of(book: OpeningBook, markets: MarketArrays) -> Positions:
    """Thresholds of every position of a one-market opening book."""
    rows, _, lots, entry = book.positions.T
    mark, tick_value = int(markets.mark[0]), int(markets.params["tick_value"][0])
    cost = lots * entry * tick_value
    quote = book.deposit[rows] - cost
    size = np.abs(lots).astype(np.float64) * tick_value * mark  # quanta at a relative price of 1
    ticks, tier = liquidation_ticks(markets.params[0], markets.tiers[0], lots=lots, quote=quote, cost=cost)
    margin = maintenance_margins(markets.params[0], markets.tiers[0], mark, lots=lots, cost=cost)
    equity = quote + lots * tick_value * mark
    return Positions(lots, size, -quote * np.sign(lots), ticks / mark, tier, margin, equity)


def _side_levels(positions: Positions, side: int, buckets: int) -> Records:
    """(K,) LEVEL_DTYPE, of one side in the order in which the price reaches them."""
    sign = 1.0 if side == LONG else -1.0
    mine = np.flatnonzero((positions.long == (side == LONG)) & (positions.liquidation > 0))
    order = mine[np.lexsort((mine, -sign * positions.liquidation[mine]))]
    if len(order) > buckets:
        distance = -sign * log(positions.liquidation[order])
        group = _groups(distance, positions.notional[order], positions.tier[order], buckets)
    else:
        group = np.arange(len(order))
    n = int(group.max()) + 1 if len(group) else 0
    lots, owed, weighted = np.zeros(n), np.zeros(n), np.zeros(n)
    np.add.at(lots, group, positions.notional[order])
    np.add.at(owed, group, positions.owed[order].astype(np.float64))
    np.add.at(weighted, group, positions.notional[order] * positions.liquidation[order])
    price = weighted / lots if n else lots
    levels = np.zeros(n, LEVEL_DTYPE)
    levels["log"], levels["price"], levels["lots"], levels["owed"] = log(price), price, lots, owed
    return levels[np.lexsort((np.arange(n), -sign * price))]


def _groups(distance: F64, notional: F64, tier: I64, buckets: int) -> I64:
    """Group number of each position: cells of one measure, separate by tier; the finest that fit.

    The measure is half open interest passed, half log(1 + distance / 1%): many levels where much is held and near the
    price, where impact decides the next level; few far away. distance: of thresholds from the opening price, rising.
    """
    held = (np.cumsum(notional) - 0.5 * notional) / notional.sum()
    farthest = log1p(1.0 / NEAR)
    far = np.minimum(log1p(np.maximum(distance, 0.0) / NEAR), farthest) / farthest
    measure = 0.5 * held + 0.5 * far
    low, high = 1.0, 1e9
    for _ in range(60):
        cells = float(np.sqrt(low * high))
        if len(np.unique(np.floor(measure * cells) * 64 + tier)) <= buckets:
            low = cells
        else:
            high = cells
    return np.unique(np.floor(measure * low) * 64 + tier, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class ThresholdIndex:
    """Open interest as paths read it. K levels per side; unused levels hold nothing."""

    opening: Records  # (2, K) LEVEL_DTYPE; on the grid if it renews itself
    fresh: Records  # (2, J) FRESH_DTYPE newly opened positions by cells of distance; J = 0 without renewal
    fresh_far: Records  # (2, J) FRESH_DTYPE those from NEAR_CELLS on, by cells COARSE times as wide
    gaps: Records  # (2, K) GAP_DTYPE
    open_interest: int  # quanta at the opening price, one side
    n_traders: int
    margin: int  # maintenance margin of all positions at the opening price, quanta
    bankrupt: int = 0  # positions below zero at the opening price
    deficit: int = 0  # their equities together, positive quanta

    @classmethod
    def build(
        cls, config: RunConfig, markets: MarketArrays, instrument: Instrument, *, scenario: int, replication: int
    ) -> "ThresholdIndex":
        """Lower the opening book of (config, seed, scenario, replication)."""
        assert config.reduced is not None
        where = {"scenario": scenario, "replication": replication}
        positions = open_positions(config, markets, instrument, **where, fresh=False)
        buckets, renewal = config.reduced.buckets, config.reduced.renewal
        opening, fresh = levels_of(positions, buckets), np.zeros((2, 0), FRESH_DTYPE)
        fresh_far = fresh
        gaps = gaps_of(opening)
        if isinstance(renewal, HalfLifeRenewal):
            new = levels_of(open_positions(config, markets, instrument, **where, fresh=True), buckets)
            fresh, fresh_far = near_and_far(new, renewal.cell_ppm / PPM)
            opening = on_grid(opening, renewal.cell_ppm / PPM)
        held = positions.notional[positions.long].sum()
        below = positions.equity[positions.equity < 0]
        return cls(
            opening,
            fresh,
            fresh_far,
            gaps,
            open_interest=int(held),
            n_traders=len(positions.lots),
            margin=int(positions.margin.sum()),
            bankrupt=len(below),
            deficit=-int(below.sum()),
        )


def levels_of(positions: Positions, buckets: int) -> Records:
    """(2, K) LEVEL_DTYPE of both sides, padded with empty ones that no price reaches."""
    sides = [_side_levels(positions, side, buckets) for side in (LONG, SHORT)]
    out = np.zeros((2, max(1, *(len(side) for side in sides))), LEVEL_DTYPE)
    out["log"][LONG], out["log"][SHORT] = -np.inf, np.inf
    out["price"][SHORT] = np.inf
    for number, side in enumerate(sides):
        out[number, : len(side)] = side
    return out


def gaps_of(levels: Records) -> Records:
    """(2, K) GAP_DTYPE, of levels in the order of their bankruptcy prices."""
    out = np.zeros(levels.shape, GAP_DTYPE)
    for side, sign in ((LONG, 1.0), (SHORT, -1.0)):
        lots, owed = levels["lots"][side], levels["owed"][side]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_price = np.where(lots > 0, log(np.maximum(owed, 0.0) / lots), -sign * np.inf)
        order = np.argsort(-sign * log_price, kind="stable")
        out["log"][side] = log_price[order]
        out["lots"][side], out["owed"][side] = np.cumsum(lots[order]), np.cumsum(owed[order])
    return out


def on_grid(levels: Records, cell: float) -> Records:
    """The same levels on the grid of a renewed book: each split over the two cells around it, quantity and cost
    alike.
    """
    n_cells = int(2 * GRID_REACH / cell) + 2
    out = np.zeros((2, n_cells), LEVEL_DTYPE)
    for side, sign in ((LONG, 1.0), (SHORT, -1.0)):
        out["log"][side] = sign * (GRID_REACH - cell * np.arange(n_cells))
        out["price"][side] = exp(out["log"][side])
        held = levels[side][levels["lots"][side] > 0]
        place = (GRID_REACH - sign * held["log"]) / cell
        first = np.clip(np.floor(place), 0, n_cells - 2).astype(np.int64)
        part = np.clip(place - first, 0.0, 1.0)
        for name in ("lots", "owed"):
            np.add.at(out[name][side], first, held[name] * (1.0 - part))
            np.add.at(out[name][side], first + 1, held[name] * part)
    return out


def near_and_far(levels: Records, cell: float) -> tuple[Records, Records]:
    """Levels around a price of 1 by cells of distance: the near ones, and the others by wide cells."""
    from .kernels.renewal import COARSE

    near, far = levels.copy(), levels.copy()
    is_near = np.abs(levels["log"]) < NEAR_CELLS * cell
    near["lots"][~is_near], far["lots"][is_near] = 0.0, 0.0
    return by_distance(near, cell), by_distance(far, COARSE * cell)


def by_distance(levels: Records, cell: float) -> Records:
    """(2, J) FRESH_DTYPE, of levels by cells of log distance from a price of 1, split as on the grid.

    Cell j is distance (j - 1) x cell; the first and the last hold nothing.
    """
    held = [levels[side][levels["lots"][side] > 0] for side in (LONG, SHORT)]
    places = [np.abs(side["log"]) / cell for side in held]
    out = np.zeros((2, int(max(place.max(initial=0.0) for place in places)) + 4), FRESH_DTYPE)
    for side, place in enumerate(places):
        first = np.floor(place).astype(np.int64)
        for name in ("lots", "owed"):
            np.add.at(out[name][side], first + 1, held[side][name] * (1.0 - (place - first)))
            np.add.at(out[name][side], first + 2, held[side][name] * (place - first))
    return out
