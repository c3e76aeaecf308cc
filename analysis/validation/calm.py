"""The calm market beside the literature: stylised facts of the order flow, reported and never scored.

The values of the literature are ranges over markets and years, and none is a record of the market that a config
describes: they say what a reader will expect of a market, not what a run must show.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import AnalysisError
from . import order_flow as flow
from .skill import F64
from .spread import MeanSpread, spread_of

_CONT = "Cont (2001), Quantitative Finance 1"
_BOOK = "Bouchaud, Bonart, Donier, Gould (2018), Trades, Quotes and Prices"
_SIGNS = "Lillo, Farmer (2004), Studies in Nonlinear Dynamics and Econometrics 8"
_CUBIC = "Gopikrishnan et al. (1998), European Physical Journal B 3"
_VOLUME = "Gopikrishnan et al. (2000), Physical Review E 62, trades of shares"
_RATIO = "Lo, MacKinlay (1988), Review of Financial Studies 1: the value under their null"
_LIVES = "Hasbrouck, Saar (2009), Journal of Financial Markets 12, shares on INET"
_TICK = "Binance BTCUSDT perpetual, tick 0.1 at 116,000 USDT, October 2025"
_SLOW = "positive, a power law of exponent 0.2 to 0.4"
_LONG = "a power law of exponent about 0.6"


class CalmFact(NamedTuple):
    """One fact: its name, unit, the literature's value in words, and the source."""

    name: str
    unit: str
    literature: str
    source: str


FACTS: dict[str, CalmFact] = {
    "spread_bp": CalmFact("spread, median", "bp", "one tick: 0.0086 bp", _TICK),
    "spread_ticks": CalmFact("spread, median", "ticks", "1", _TICK),
    "return_1s": CalmFact("autocorrelation of mid returns, 1 s", "", "about 0, or slightly below", _CONT),
    "return_5s": CalmFact("autocorrelation of mid returns, 5 s", "", "about 0", _CONT),
    "variance_ratio_mid": CalmFact("variance ratio of mid, 60 s over 1 s", "", "1 without predictability", _RATIO),
    "variance_ratio_index": CalmFact("variance ratio of index, 60 s over 1 s", "", "goes in: 1 for a random walk", ""),
    "absolute_1s": CalmFact("autocorrelation of |mid returns|, lag 1 s", "", _SLOW, _CONT),
    "absolute_5s": CalmFact("autocorrelation of |mid returns|, lag 5 s", "", _SLOW, _CONT),
    "absolute_20s": CalmFact("autocorrelation of |mid returns|, lag 20 s", "", _SLOW, _CONT),
    "kurtosis_5s": CalmFact("kurtosis of mid returns, 5 s", "", "above 10; 3 is Gaussian", _CONT),
    "kurtosis_index": CalmFact("kurtosis of index returns, 5 s", "", "goes in: 3 for a random walk", ""),
    "tail_5s": CalmFact("tail exponent of mid returns, 5 s", "", "about 3", _CUBIC),
    "sign_1": CalmFact("autocorrelation of order signs, lag 1", "", "0.2 to 0.6", _BOOK),
    "sign_10": CalmFact("autocorrelation of order signs, lag 10", "", _LONG, _SIGNS),
    "sign_50": CalmFact("autocorrelation of order signs, lag 50", "", _LONG, _SIGNS),
    "volume_volatility": CalmFact("correlation of volume and volatility, 1 min", "", "positive", _CONT),
    "size_tail": CalmFact("tail exponent of trade sizes", "", "about 1.5", _VOLUME),
    "size_mean_median": CalmFact("mean over median of trade sizes", "", "far above 1", _VOLUME),
    "life_median_s": CalmFact("life of limit orders, median", "s", "a few seconds or less", _LIVES),
    "life_2s": CalmFact("share of limit orders that end within 2 s", "", "above a third (cancelled)", _LIVES),
    "life_tail": CalmFact("life of limit orders, 90% point over median", "", "far above 1", _BOOK),
    "life_commonest": CalmFact("share of limit orders with the commonest life", "", "no atom", _BOOK),
}


class CalmScore(NamedTuple):
    """One fact with one value per run and their spread; None where a run had nothing to measure."""

    fact: CalmFact
    values: tuple[float, ...]
    spread: MeanSpread | None


def measure_calm(
    series: Mapping[str, F64], fills: pd.DataFrame, orders: pd.DataFrame, *, tick: float
) -> dict[str, float]:
    """Every fact of one run of one market.

    series: columns of the series once a second.  fills, orders: tables of the market.  tick: quote units.
    AnalysisError if the samples are not a second apart.
    """
    if len(series["time_ms"]) < 300 or not np.all(np.diff(series["time_ms"]) == 1000):
        raise AnalysisError("facts of the order flow need at least 300 samples, each a second after the last")
    mid = (series["best_bid"] + series["best_ask"]) / 2
    one, five = flow.log_returns(mid, 1), flow.log_returns(mid, 5)
    trades = flow.aggressors(fills)
    lots = trades["lots"].to_numpy(np.float64)
    lives = flow.order_lifetimes(orders, fills) / 1000
    median_life = float(np.median(lives)) if len(lives) else float("nan")
    return {
        "spread_bp": flow.spread_bp(series["best_bid"], series["best_ask"]),
        "spread_ticks": float(np.nanmedian(series["best_ask"] - series["best_bid"])) / tick,
        "return_1s": flow.autocorrelation(one, 1),
        "return_5s": flow.autocorrelation(five, 1),
        "variance_ratio_mid": flow.variance_ratio(mid, 60),
        "variance_ratio_index": flow.variance_ratio(series["index_price"], 60),
        **{f"absolute_{lag}s": flow.autocorrelation(np.abs(one), lag) for lag in (1, 5, 20)},
        "kurtosis_5s": flow.kurtosis(five),
        "kurtosis_index": flow.kurtosis(flow.log_returns(series["index_price"], 5)),
        "tail_5s": flow.tail_exponent(five),
        **{f"sign_{lag}": flow.autocorrelation(trades["sign"].to_numpy(), lag) for lag in (1, 10, 50)},
        "volume_volatility": flow.volume_volatility(mid, series["volume_quanta"]),
        "size_tail": flow.tail_exponent(lots),
        "size_mean_median": float(lots.mean() / np.median(lots)) if len(lots) else float("nan"),
        "life_median_s": median_life,
        "life_2s": float(np.mean(lives <= 2)) if len(lives) else float("nan"),
        "life_tail": float(np.quantile(lives, 0.9)) / median_life if median_life > 0 else float("nan"),
        "life_commonest": flow.commonest_share(lives),
    }


def calm_scores(runs: Sequence[Mapping[str, float]]) -> list[CalmScore]:
    """The facts over runs, in the order of the table."""
    found = []
    for key, fact in FACTS.items():
        values = tuple(run[key] for run in runs)
        found.append(CalmScore(fact, values, spread_of(values)))
    return found
