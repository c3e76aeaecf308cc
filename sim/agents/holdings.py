"""Draws what one cohort holds in one market at the opening: sizes, leverage, entry prices, margin, stops.

No account starts in distress: an entry price that would leave less equity than the stated multiple of maintenance
margin is redrawn (up to REDRAWS times), then set to today's price, and only then is the margin raised (counted in
`n_remargined`). So the book has survived its own past, and leverage measured at entry is followed exactly wherever the
tiers allow it.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..elementary import exp
from ..kernels.margin.requirement import measure_initial_ppm, measure_maintenance
from ..layout import F64, I64, MarketArrays, Records
from ..units import PPM
from ..variates import standard_exponential, standard_normal
from .cohort import OpeningPositions
from .draws import assign_leverage, capped_sizes

Flags = npt.NDArray[np.bool_]

REDRAWS = 20


class MarketTerms(NamedTuple):
    """Terms of a market at the opening that the draw uses."""

    market: int
    mark: int  # ticks
    params: Any  # one record of MARKET_DTYPE
    tiers: Records  # (n_tiers,) TIER_DTYPE

    @classmethod
    def of(cls, markets: MarketArrays, market: int) -> "MarketTerms":
        """Terms of market number `market` at its present mark."""
        n_tiers = int(markets.params["n_tiers"][market])
        return cls(market, int(markets.mark[market]), markets.params[market], markets.tiers[market, :n_tiers])

    @property
    def unit(self) -> int:
        """Value of one lot at the mark, quanta."""
        return self.mark * int(self.params["tick_value"])

    def max_leverage(self, notional: F64) -> F64:
        """Highest leverage the venue admits for positions worth `notional` quanta."""
        if int(self.params["initial_formula"]):
            lots = np.maximum(1, np.asarray(notional / self.unit)).astype(np.int64)
            out = np.empty(len(lots), np.int64)
            measure_initial_ppm(lots, lots * self.unit, self.params, self.tiers, out)
            return np.asarray(PPM / out)
        tier = np.searchsorted(self.tiers["floor"], notional, side="right") - 1
        return np.asarray(PPM / self.tiers["initial_ppm"][np.maximum(tier, 0)])

    def maintenance(self, lots: I64, entry: I64) -> I64:
        """Maintenance margin of positions opened at `entry` ticks, quanta."""
        out = np.empty(len(lots), np.int64)
        cost = lots * entry * int(self.params["tick_value"])
        measure_maintenance(lots, cost, self.mark, self.params, self.tiers, out)
        return out

    def largest_position(self) -> int:
        """Lots the last tier admits at the mark."""
        return max(1, int(self.params["notional_cap"]) // self.unit)


@dataclass(frozen=True)
class Holdings:
    """Positions of one cohort in one market; all arrays are (positions,)."""

    trader: I64  # index within the cohort
    lots: I64  # signed
    entry: I64  # ticks
    margin: I64  # quanta put in for the position, so that quote = margin - entry value
    beside: I64  # spare quanta in the wallet
    leverage: F64  # as drawn
    isolated: Flags
    stop: I64  # trigger, ticks; 0: no stop
    n_remargined: int


def draw_holdings(
    item: OpeningPositions,
    terms: MarketTerms,
    *,
    n_traders: int,
    long_lots: int,
    short_lots: int,
    open_interest: int,
    margin_ratio: float,
    rng: np.random.Generator,
    what: str,
) -> Holdings:
    """Return the positions of a cohort of `n_traders` that hold `long_lots` and `short_lots` in all.

    open_interest: lots, one side, of the whole market (the cap of an account is a share of it).  margin_ratio: minimum
    equity over maintenance margin.  ConfigError, naming `what`, if the accounts cannot hold the lots under the cap.
    """
    order = rng.permutation(n_traders)
    cap = min(max(1, open_interest * item.largest_share_ppm // PPM), terms.largest_position())
    n_long, n_short = _split_accounts(item, n_traders, long_lots, short_lots)
    longs = capped_sizes(item.size, n=n_long, total=long_lots, cap=cap, what=f"{what}, long") if n_long else _none()
    shorts = (
        capped_sizes(item.size, n=n_short, total=short_lots, cap=cap, what=f"{what}, short") if n_short else _none()
    )
    lots = np.concatenate([longs, -shorts])
    trader = order[: len(lots)]
    notional = np.abs(lots) * float(terms.unit)
    leverage = assign_leverage(
        item.leverage,
        weights=notional if item.leverage.weight == "notional" else np.ones(len(lots)),
        caps=terms.max_leverage(notional),
        order=rng.permutation(len(lots)),
    )
    entry, equity, margin, remargined = _draw_entries(item, terms, lots, leverage, margin_ratio, rng)
    capital_share = item.capital_share_per_position.quantile(rng.random(len(lots)))
    posted = equity if item.leverage.at == "now" else margin
    beside = np.floor(posted * (1.0 / capital_share - 1.0))
    return Holdings(
        trader=trader.astype(np.int64),
        lots=lots,
        entry=entry,
        margin=margin.astype(np.int64),
        beside=beside.astype(np.int64),
        leverage=leverage,
        isolated=rng.random(len(lots)) < item.isolated_ppm / PPM,
        stop=_draw_stops(item, terms, lots, rng),
        n_remargined=remargined,
    )


def _none() -> I64:
    return np.zeros(0, np.int64)


def _split_accounts(item: OpeningPositions, n_traders: int, long_lots: int, short_lots: int) -> tuple[int, int]:
    """Accounts long and short: by the stated shares, at least one on a side that holds anything, none on one that does
    not."""
    n_positions = max(1, n_traders * item.accounts_ppm // PPM)
    n_long = (n_positions * item.long_accounts_ppm + PPM // 2) // PPM
    if long_lots and short_lots and n_positions >= 2:
        n_long = min(max(n_long, 1), n_positions - 1)
    n_short = n_positions - n_long
    return (n_long if short_lots else n_positions) if long_lots else 0, (
        (n_short if long_lots else n_positions) if short_lots else 0
    )


def _draw_entries(
    item: OpeningPositions,
    terms: MarketTerms,
    lots: I64,
    leverage: F64,
    margin_ratio: float,
    rng: np.random.Generator,
) -> tuple[I64, F64, F64, int]:
    """Entry ticks, equity and margin in quanta (whole floats), and how many positions needed more margin than drawn."""
    unit, tick_value = float(terms.unit), float(terms.params["tick_value"])
    size = np.abs(lots).astype(np.float64)
    notional = size * unit
    at_now = item.leverage.at == "now"

    def outcome(entry: F64, which: I64 | slice) -> tuple[F64, F64, Flags, F64]:
        entry_value = size[which] * entry * tick_value
        gain = np.sign(lots[which]) * (notional[which] - entry_value)
        if at_now:
            equity = np.ceil(notional[which] / leverage[which])
            margin = equity - gain
        else:
            margin = np.ceil(entry_value / leverage[which])
            equity = margin + gain
        least = np.ceil(margin_ratio * terms.maintenance(lots[which], entry.astype(np.int64))) + 1.0
        return equity, margin, (equity >= least) & (margin > 0), least

    def fresh(n: int) -> F64:
        moved = item.ageing.displacement(standard_exponential(rng, n), standard_normal(rng, n))
        return np.asarray(np.maximum(np.rint(terms.mark * exp(-moved)), 1.0))

    entry = fresh(len(lots))
    equity, margin, good, least = outcome(entry, slice(None))
    for attempt in range(REDRAWS + 1):
        bad = np.flatnonzero(~good)
        if bad.size == 0:
            break
        entry[bad] = fresh(bad.size) if attempt < REDRAWS else float(terms.mark)
        equity[bad], margin[bad], good[bad], least[bad] = outcome(entry[bad], bad)
    short_of = np.maximum(0.0, np.where(good, 0.0, least - equity))
    return entry.astype(np.int64), equity + short_of, margin + short_of, int(np.count_nonzero(short_of))


def _draw_stops(item: OpeningPositions, terms: MarketTerms, lots: I64, rng: np.random.Generator) -> I64:
    if item.stops is None:
        return np.zeros(len(lots), np.int64)
    has = rng.random(len(lots)) < item.stops.accounts_ppm / PPM
    distance = item.stops.distance.quantile(rng.random(len(lots)))
    trigger = np.rint(terms.mark * (1.0 - np.sign(lots) * distance)).astype(np.int64)
    beyond = np.where(lots > 0, np.minimum(trigger, terms.mark - 1), np.maximum(trigger, terms.mark + 1))
    return np.where(has & (beyond > 0), beyond, 0)
