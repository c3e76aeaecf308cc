"""Fits a book of positions: laws of leverage, size and concentration, with bootstrap intervals over accounts.

The bootstrap draws accounts, because positions of one account are not independent. Intervals of functions of
means are studentised; those of the largest positions are percentiles. The ends of a Pareto law are
the smallest and the largest value of the book, and are not fitted.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import AnalysisError
from ..estimators.intervals import tail_mass
from .laws import (
    F64,
    censored_exponent,
    distance,
    effective_number,
    lognormal_cdf,
    pareto_cdf,
    truncated_exponent,
    weighted_means,
)
from .means import studentised
from .quantities import Quantities

#: Columns of a book: one row per position. leverage: notional over its assigned margin.
BOOK = ("account", "market", "is_long", "size", "notional", "leverage", "capital_share", "isolated")
ESTIMATES = ("market", "quantity", "counts", "value", "low", "high", "level", "n", "method")
MIN_POSITIONS = 30
CHUNK = 64
#: Largest distance (in sampling errors of the statistic at 5%) at which a Pareto law is taken rather than buckets.
CRITICAL = 1.36
#: Upper ends of leverage buckets, as venues publish them.
EDGES = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0, 150.0, 200.0, 500.0, 1000.0)


@dataclass(frozen=True)
class LeverageFit:
    """Leverage of a market's positions by accounts or by notional. kind: pareto, buckets or fixed (the law to take).

    effective: number of positions of equal weight with the same information.
    """

    counts: str
    kind: str
    exponent: float
    minimum: float
    maximum: float
    pareto_distance: float
    lognormal_distance: float
    effective: float
    buckets: tuple[tuple[float, float, float], ...]  # (low, high, share)


@dataclass(frozen=True)
class SizeFit:
    """Sizes of a market's positions. kind: pareto, lognormal or equal (the law to take)."""

    kind: str
    exponent: float
    sigma: float
    largest_share: float


@dataclass(frozen=True)
class MarketFit:
    """The laws fitted to a market's positions."""

    market: str
    positions: int
    accounts: int
    long_size: float
    short_size: float
    long_accounts: float
    isolated: float
    capital_share: tuple[float, float]
    leverage: dict[str, LeverageFit]
    size: SizeFit


@dataclass(frozen=True)
class BookFit:
    """markets: one fit per market.  estimates: rows ESTIMATES.  by_size: leverage of each quarter of the positions by
    size."""

    markets: tuple[MarketFit, ...]
    estimates: pd.DataFrame
    by_size: pd.DataFrame


def fit_book(book: pd.DataFrame, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> BookFit:
    """Fit every market of a book (columns BOOK); AnalysisError below MIN_POSITIONS positions in a market."""
    fits, estimates, tables = [], [], []
    for market, rows_of_market in book.groupby("market", sort=False):
        if len(rows_of_market) < MIN_POSITIONS:
            raise AnalysisError(
                f"{market}: a fit needs {MIN_POSITIONS} positions with leverage, found {len(rows_of_market)}"
            )
        positions = rows_of_market.reset_index(drop=True)
        fits.append(_fit_market(str(market), positions))
        rows, table = _estimates(positions, level=level, resamples=resamples, seed=seed)
        estimates.append(rows.assign(market=market)[list(ESTIMATES)])
        tables.append(table.assign(market=market))
    return BookFit(tuple(fits), pd.concat(estimates, ignore_index=True), pd.concat(tables, ignore_index=True))


def _fit_market(market: str, positions: pd.DataFrame) -> MarketFit:
    size = positions["size"].to_numpy(np.float64)
    is_long = positions["is_long"].to_numpy(bool)
    shares = positions["capital_share"]
    return MarketFit(
        market=market,
        positions=len(positions),
        accounts=int(positions["account"].nunique()),
        long_size=float(size[is_long].sum()),
        short_size=float(size[~is_long].sum()),
        long_accounts=float(is_long.mean()),
        isolated=float(positions["isolated"].mean()),
        capital_share=(float(shares.min()), float(shares.max())),
        leverage={counts: fit_leverage(positions, counts) for counts in ("account", "notional")},
        size=fit_sizes(size, is_long),
    )


def weights_of(positions: pd.DataFrame, counts: str) -> F64:
    """(n,) weight of each position: one, or its notional."""
    if counts == "account":
        return np.ones(len(positions))
    return np.asarray(positions["notional"].to_numpy(np.float64))


def fit_leverage(positions: pd.DataFrame, counts: str) -> LeverageFit:
    """The law of leverage: Pareto if the book's distance from it is within sampling error, else buckets."""
    x, weights = positions["leverage"].to_numpy(np.float64), weights_of(positions, counts)
    low, high = float(x.min()), float(x.max())
    buckets, effective = _buckets(x, weights), effective_number(weights)
    if low == high:
        return LeverageFit(counts, "fixed", float("nan"), low, high, 0.0, 0.0, effective, buckets)
    exponent = float(truncated_exponent(weighted_means(np.log(x / low), weights), float(np.log(high / low)))[0])
    mean = float(weighted_means(np.log(x), weights))
    sd = float(np.sqrt(weighted_means((np.log(x) - mean) ** 2, weights)))
    pareto = distance(x, weights, pareto_cdf(x, exponent, low, high))
    lognormal = distance(x, weights, lognormal_cdf(x, mean, sd))
    close = pareto <= CRITICAL / effective**0.5
    kind = "pareto" if close and exponent > 0 and pareto <= lognormal else "buckets"
    return LeverageFit(counts, kind, exponent, low, high, pareto, lognormal, effective, buckets)


def _buckets(x: F64, weights: F64) -> tuple[tuple[float, float, float], ...]:
    """(low, high, share) of the non-empty buckets between EDGES; the outer two are cut to the book's range."""
    low, high = float(x.min()), float(x.max())
    edges = [edge for edge in EDGES if low < edge < high]
    cuts = np.array([low, *edges, high if high > low else low * 1.000001])
    shares = np.histogram(x, bins=cuts, weights=weights)[0] / weights.sum()
    return tuple((float(a), float(b), float(s)) for a, b, s in zip(cuts[:-1], cuts[1:], shares, strict=True))


def fit_sizes(size: F64, is_long: np.typing.NDArray[np.bool_]) -> SizeFit:
    """The law of sizes, the closer of Pareto and lognormal; the largest as a share of the larger side.

    Longs and shorts have the same total, so the side with fewer positions has larger ones: sizes are relative to their
    side.
    """
    sides = [size[side] for side in (is_long, ~is_long) if side.any()]
    largest = float(size.max()) / max(float(side.sum()) for side in sides)
    ratios = np.concatenate([side / side.min() for side in sides])
    if ratios.max() == 1:
        return SizeFit("equal", float("inf"), 0.0, largest)
    logs = np.concatenate([np.log(side) - np.log(side).mean() for side in sides])
    exponent, sigma, ones = censored_exponent(ratios), float(logs.std()), np.ones(len(size))
    pareto = distance(ratios, ones, 1 - ratios**-exponent)
    lognormal = distance(np.exp(logs), ones, lognormal_cdf(np.exp(logs), 0.0, sigma))
    return SizeFit("pareto" if pareto <= lognormal else "lognormal", exponent, sigma, largest)


def _estimates(
    positions: pd.DataFrame, *, level: float, resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimates with intervals, and the table of leverage by size; one bootstrap of accounts for all of them."""
    quantities = Quantities(positions)
    place = pd.factorize(positions["account"])[0].astype(np.int64)
    n = int(place.max()) + 1
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    once = np.ones((1, n))
    rows = []
    for name, quantity in quantities.from_means.items():
        statistics = quantity.measured(place, once), quantity.measured(place, drawn)
        rows.append((*name, *studentised(quantity, *statistics[0], *statistics[1], level=level)))
    below, above = tail_mass(level, "two")
    for name, of in quantities.of_largest.items():
        value = float(of(once[:, place])[0])
        chunks = [of(drawn[start : start + CHUNK][:, place]) for start in range(0, resamples, CHUNK)]
        low, high = _percentiles(np.concatenate(chunks), below, 1 - above)
        rows.append((*name, value, min(low, value), max(high, value)))
    frame = pd.DataFrame(rows, columns=["quantity", "counts", "method", "value", "low", "high"])
    frame["level"], frame["n"] = level, len(positions)
    classes = frame[frame["quantity"].str.startswith("leverage of quarter")].reset_index(drop=True)
    table = pd.DataFrame(quantities.classes)
    table["leverage"], table["low"], table["high"] = classes["value"], classes["low"], classes["high"]
    return frame, table


def _percentiles(drawn: F64, low: float, high: float) -> F64:
    known = drawn[~np.isnan(drawn)]
    return np.asarray(np.quantile(known, (low, high), method="inverted_cdf") if len(known) else np.full(2, np.nan))
