"""Falls of several coins together: which fall within the same hour, how often, and how their sizes go together.

Falls of all coins are joined into events: one that ends within `near_ms` of the one before belongs to its event. An
event with two coins or more is common. Each coin's own threshold decides what counts as its fall, so dependence of
sizes is that of sizes beyond the thresholds. Intervals are percentiles of a bootstrap of blocks of 30 days.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import AnalysisError
from .price_windows import F64, I64, YEAR_MS
from .threshold_table import BLOCK_MS, MIN_BLOCKS, percentiles

#: With fewer common events no rank correlation is printed.
MIN_PAIRS = 10
RATES = ("n", "per_year", "low", "high")


@dataclass(frozen=True)
class CoinFalls:
    """end_ms, size: (n,) falls of a coin.  first_ms, last_ms: what its record covers."""

    end_ms: I64
    size: F64
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class CommonFalls:
    """years: covered by all coins.  events: common events (two coins or more): n, per_year with interval.  coins: per
    coin falls, share in common events, rate of its own ones.  counts: number of events by number of coins.
    pairs: per pair common events, shares of either coin's falls, rank correlation and median ratio of sizes."""

    years: float
    first_ms: int
    last_ms: int
    events: "pd.Series[float]"
    coins: pd.DataFrame
    counts: pd.DataFrame
    pairs: pd.DataFrame


def common_falls(
    falls: Mapping[str, CoinFalls], *, near_ms: int, level: float, resamples: int, seed: int
) -> CommonFalls:
    """What falls of two coins or more have in common, in the time that all records cover. AnalysisError without any."""
    first = max(coin.first_ms for coin in falls.values())
    last = min(coin.last_ms for coin in falls.values())
    if last <= first:
        raise AnalysisError("the records have no time in common")
    names = tuple(falls)
    ends, sizes = _events(falls, first, last, near_ms)
    block = (ends - first) // BLOCK_MS
    n_blocks = int((last - first - 1) // BLOCK_MS) + 1
    drawn = np.ones((0, n_blocks))
    if n_blocks >= MIN_BLOCKS:
        generator = np.random.default_rng(seed)
        drawn = generator.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=resamples).astype(np.float64)
    lengths = np.minimum(last, first + BLOCK_MS * np.arange(1, n_blocks + 1)) - (first + BLOCK_MS * np.arange(n_blocks))
    record = _Record(sizes, block, lengths / YEAR_MS, drawn, level)
    held = (~np.isnan(sizes)).sum(axis=1)
    counts = pd.DataFrame(
        {"coins": range(1, len(names) + 1), "events": [int((held == k).sum()) for k in range(1, len(names) + 1)]}
    )
    coins = pd.DataFrame([_coin(record, place, name, held) for place, name in enumerate(names)])
    pairs = pd.DataFrame([_pair(record, names, a, b) for a, b in itertools.combinations(range(len(names)), 2)])
    events = pd.Series(record.rate(held >= 2), dtype=float)
    return CommonFalls(float(record.years.sum()), first, last, events, coins, counts, pairs)


@dataclass(frozen=True)
class _Record:
    """sizes: (events, coins), NaN for a coin that did not fall.  block: (events,).  years: (blocks,).  drawn: (samples,
    blocks)."""

    sizes: F64
    block: I64
    years: F64
    drawn: F64
    level: float

    def rate(self, happened: "np.typing.NDArray[np.bool_]") -> dict[str, float]:
        """Number and rate of events, with the interval of the rate."""
        in_block = np.bincount(self.block[happened], minlength=len(self.years))
        low, high = percentiles((self.drawn @ in_block) / (self.drawn @ self.years), self.level)
        return dict(zip(RATES, (int(happened.sum()), happened.sum() / self.years.sum(), low, high), strict=True))

    def share(self, happened: "np.typing.NDArray[np.bool_]", among: "np.typing.NDArray[np.bool_]") -> list[float]:
        """Share of `among` that is in `happened`, with its interval."""
        n_blocks = len(self.years)
        some = self.drawn @ np.bincount(self.block[happened & among], minlength=n_blocks)
        all_ = self.drawn @ np.bincount(self.block[among], minlength=n_blocks)
        value = float((happened & among).sum() / among.sum()) if among.any() else float("nan")
        return [value, *percentiles(some[all_ > 0] / all_[all_ > 0], self.level)]


def _events(falls: Mapping[str, CoinFalls], first: int, last: int, near_ms: int) -> tuple[I64, F64]:
    """(end, (events, coins) sizes) of the events; of several falls of a coin in one event the largest."""
    inside = [(coin.end_ms > first) & (coin.end_ms <= last) for coin in falls.values()]
    ends = np.concatenate([coin.end_ms[kept] for coin, kept in zip(falls.values(), inside, strict=True)])
    sizes = np.concatenate([coin.size[kept] for coin, kept in zip(falls.values(), inside, strict=True)])
    coin = np.repeat(np.arange(len(falls)), [int(kept.sum()) for kept in inside])
    if not len(ends):
        raise AnalysisError("no coin falls in the time that the records have in common")
    order = np.argsort(ends, kind="stable")
    ends, sizes, coin = ends[order], sizes[order], coin[order]
    event = np.concatenate([[0], np.cumsum(np.diff(ends) > near_ms)])
    table = np.full((int(event[-1]) + 1, len(falls)), -np.inf)
    np.maximum.at(table, (event, coin), sizes)
    firsts = np.concatenate([[True], np.diff(event) > 0])
    return ends[firsts], np.where(np.isneginf(table), np.nan, table)


def _coin(record: _Record, place: int, name: str, held: I64) -> dict[str, object]:
    """Falls of a coin: how many, the share of them in common events, and the rate of those of its own."""
    fell = ~np.isnan(record.sizes[:, place])
    value, low, high = record.share(held >= 2, fell)
    joins, joins_low, joins_high = record.share(fell, held >= 2)
    own = record.rate(fell & (held == 1))
    row: dict[str, object] = {"coin": name, "falls": int(fell.sum())}
    row |= {"common_share": value, "common_share_low": low, "common_share_high": high}
    row |= {"joins": joins, "joins_low": joins_low, "joins_high": joins_high}
    return row | {f"own_{key}": own[key] for key in RATES}


def _pair(record: _Record, names: tuple[str, ...], a: int, b: int) -> dict[str, object]:
    """What two coins have in common."""
    fell_a, fell_b = ~np.isnan(record.sizes[:, a]), ~np.isnan(record.sizes[:, b])
    both = fell_a & fell_b
    row: dict[str, object] = {"coins": f"{names[a]}, {names[b]}", **record.rate(both)}
    for name, value in (("of_first", record.share(both, fell_a)), ("of_second", record.share(both, fell_b))):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), value, strict=True))
    x, y = record.sizes[both, a], record.sizes[both, b]
    row |= dict(zip(("rank", "rank_low", "rank_high"), _rank(record, x, y, record.block[both]), strict=True))
    return row | {"ratio": float(np.median(y / x)) if len(x) else float("nan")}


def _rank(record: _Record, x: F64, y: F64, block: I64) -> list[float]:
    """Spearman's rank correlation with its interval; NaN below MIN_PAIRS pairs."""
    if len(x) < MIN_PAIRS:
        return [float("nan")] * 3
    found = [
        stats.spearmanr(np.repeat(x, times), np.repeat(y, times)).statistic
        for times in (drawn[block].astype(np.int64) for drawn in record.drawn)
        if (times > 0).sum() > 2
    ]
    return [float(stats.spearmanr(x, y).statistic), *percentiles(np.array(found), record.level)]
