"""Metrics that targets of scenarios may name: each is one number of one run, from its summary row and its series.

Shares are fractions of the quantity in the description, changes are last / first - 1. A metric that has no value in a
run (the share of longs if nothing was liquidated) is NaN, and a target on it is missed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..layout import F64
from ..runs.shortfall import shortfall_quanta

MINUTE_MS = 60_000
#: Share of the samples, from the start, whose median is the calm depth.
CALM_SHARE = 0.1


@dataclass(frozen=True)
class Outcome:
    """The data of one run for metrics: its summary row, and the series of the first market as float arrays.

    venue: quote units of the venue that one quantum of the run stands for.  lot_quanta: price 1 on one lot, in quanta.
    at_ms: the time that a metric at one time reads, ms since the start of the run.
    """

    row: Mapping[str, Any]
    series: Mapping[str, F64]
    venue: float
    lot_quanta: float
    at_ms: float = math.nan

    def of(self, column: str) -> float:
        """A number of the summary row."""
        return float(self.row[column])

    def first(self, column: str) -> float:
        """First sample of a series."""
        return float(self.series[column][0])

    def at_time(self, column: str) -> float:
        """The last sample of a series at or before `at_ms`; NaN if the run has none there."""
        times = self.series["time_ms"]
        place = int(np.searchsorted(times, self.at_ms, side="right")) - 1
        return float(self.series[column][place]) if place >= 0 and self.at_ms <= times[-1] else math.nan

    def change(self, column: str) -> float:
        """Last sample divided by the first, minus one."""
        return ratio(float(self.series[column][-1]), self.first(column)) - 1

    def open_interest_quanta(self) -> float:
        """Open interest at the first sample and its mark."""
        return self.first("open_interest_lots") * self.first("mark_price") * self.lot_quanta


class Metric(NamedTuple):
    """The label and the computation of a metric; a yes-or-no metric is 1 or 0 in a run, its mean a probability.

    is_at_a_time: it reads the run at the time that the target names (`at`), so it cannot mix two minutes.
    of_prices: it needs the paths of index and mark alone, so that it has a value without any market.
    """

    meaning: str
    unit: str
    compute: Callable[[Outcome], float]
    is_yes_or_no: bool = False
    is_at_a_time: bool = False
    of_prices: bool = False


def ratio(part: float, whole: float) -> float:
    """part / whole, NaN if the whole is 0."""
    return part / whole if whole else math.nan


def _calm(depth: F64) -> float:
    return float(np.median(depth[: max(1, int(len(depth) * CALM_SHARE))]))


def _depth_loss(run: Outcome) -> float:
    depth = run.series["depth_bid_near_quanta"] + run.series["depth_ask_near_quanta"]
    return 1 - ratio(float(depth.min()), _calm(depth))


def _depth_bid_at(run: Outcome) -> float:
    return ratio(run.at_time("depth_bid_near_quanta"), _calm(run.series["depth_bid_near_quanta"]))


def _long_share(run: Outcome) -> float:
    longs, shorts = (float(run.series[f"liquidated_{side}_quanta"][-1]) for side in ("long", "short"))
    return ratio(longs, longs + shorts)


def _peak_minute(run: Outcome) -> float:
    total = run.series["liquidated_long_quanta"] + run.series["liquidated_short_quanta"]
    times = run.series["time_ms"]
    before = np.searchsorted(times, times - MINUTE_MS, side="left")
    return ratio(float(np.max(total - total[before])), float(total[-1]))


def _lowest(column: str) -> Callable[[Outcome], float]:
    return lambda run: ratio(float(run.series[column].min()), run.first(column)) - 1


def _of_open_interest(column: str) -> Callable[[Outcome], float]:
    return lambda run: ratio(run.of(column), run.open_interest_quanta())


def _millions(column: str) -> Callable[[Outcome], float]:
    return lambda run: run.of(column) * run.venue / 1e6


def _required_fund(run: Outcome) -> float:
    """Of a run that knows only a lower bound: NaN, so that a target on it is missed rather than met by a bound."""
    return math.nan if run.row["required_fund_is_bound"] else _of_open_interest("required_fund_quanta")(run)


METRICS: dict[str, Metric] = {
    "index_fall": Metric("lowest index / first - 1", "fraction", _lowest("index_price"), of_prices=True),
    "index_end": Metric("last index / first - 1", "fraction", lambda run: run.change("index_price"), of_prices=True),
    "mark_fall": Metric("lowest mark / first - 1", "fraction", _lowest("mark_price"), of_prices=True),
    "index_at": Metric(
        "index at a time / first - 1",
        "fraction",
        lambda run: ratio(run.at_time("index_price"), run.first("index_price")) - 1,
        is_at_a_time=True,
        of_prices=True,
    ),
    "mark_at": Metric(
        "mark at a time / first - 1",
        "fraction",
        lambda run: ratio(run.at_time("mark_price"), run.first("mark_price")) - 1,
        is_at_a_time=True,
        of_prices=True,
    ),
    "gap_at": Metric(
        "mark / index - 1 at a time",
        "fraction",
        lambda run: ratio(run.at_time("mark_price"), run.at_time("index_price")) - 1,
        is_at_a_time=True,
        of_prices=True,
    ),
    "dislocation_max": Metric(
        "largest |mark / index - 1|", "fraction", lambda run: run.of("dislocation_max"), of_prices=True
    ),
    "open_interest_change": Metric(
        "open interest in contracts, last / first - 1", "fraction", lambda run: run.change("open_interest_lots")
    ),
    "fund_change": Metric(
        "cash of the funds, last / first - 1",
        "fraction",
        lambda run: ratio(run.of("fund_final_quanta"), run.of("fund_initial_quanta")) - 1,
    ),
    "fund_lowest": Metric(
        "lowest cash of the funds / first - 1",
        "fraction",
        lambda run: ratio(run.of("fund_min_quanta"), run.of("fund_initial_quanta")) - 1,
    ),
    "fund_equity_change": Metric(
        "fund and its inventory at mark, last / first - 1", "fraction", lambda run: run.change("fund_equity_quanta")
    ),
    "fund_equity_lowest": Metric(
        "fund and its inventory at mark, lowest / first - 1", "fraction", _lowest("fund_equity_quanta")
    ),
    "required_fund_of_open_interest": Metric(
        "required fund / first open interest at mark; none if the fund ran dry or the inventory cap was reached",
        "fraction",
        _required_fund,
    ),
    "shortfall_of_open_interest": Metric(
        "fund draws, harm of ADL, socialised loss and bad debt / first open interest at mark",
        "fraction",
        lambda run: ratio(shortfall_quanta(run.row), run.open_interest_quanta()),
    ),
    "liquidated_share": Metric(
        "liquidated notional / first open interest at mark", "fraction", _of_open_interest("liquidated_notional_quanta")
    ),
    "long_share_of_liquidated": Metric("longs / all liquidated notional", "fraction", _long_share),
    "peak_minute_share": Metric("liquidated in the worst minute / in total", "fraction", _peak_minute),
    "adl_runs": Metric(
        "whether an account was deleveraged",
        "share of runs",
        lambda run: float(run.of("adl_notional_quanta") > 0),
        True,
    ),
    "adl_share": Metric(
        "deleveraged notional / first open interest at mark", "fraction", _of_open_interest("adl_notional_quanta")
    ),
    "adl_of_liquidated": Metric(
        "deleveraged / liquidated notional",
        "fraction",
        lambda run: ratio(run.of("adl_notional_quanta"), run.of("liquidated_notional_quanta")),
    ),
    "depth_loss_max": Metric("1 - lowest depth in the near band / median of the first tenth", "fraction", _depth_loss),
    "depth_bid_at": Metric(
        "bids in the near band at a time / their median of the first tenth",
        "fraction",
        _depth_bid_at,
        is_at_a_time=True,
    ),
    "liquidated_long_millions": Metric(
        "long notional liquidated, venue scale",
        "m",
        lambda run: float(run.series["liquidated_long_quanta"][-1]) * run.venue / 1e6,
    ),
    "taken_over_millions": Metric(
        "notional taken over by the engine, venue scale", "m", _millions("taken_over_quanta")
    ),
    "fund_drawn_millions": Metric("paid out of the funds, venue scale", "m", _millions("fund_draw_quanta")),
}
