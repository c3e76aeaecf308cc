"""Shares of falls within delays, by hand: windows, holes, delays shorter than the rows, intervals."""

import numpy as np
import pytest
from clearsim.analysis.calibration.fall_shares import shares_within
from clearsim.analysis.calibration.price_windows import PriceRows, largest_falls

SECOND = 1000


def prices(seconds, logs, *, step=1):
    at, logs = np.asarray(seconds, np.int64) * SECOND, np.asarray(logs, float)
    return PriceRows(at, at, logs, logs, logs, np.zeros(len(at), np.int64), step * SECOND)


def shares(rows, *events):
    sizes, begin = largest_falls(rows, 3600 * SECOND)
    return shares_within(rows, sizes, begin, np.array(events), resampled=None, level=0.95)


def test_the_share_is_the_largest_part_within_the_delay():
    """A fall of .10 in 100 s: .04 in one second, .06 in five, the rest a thousandth a second."""
    logs = np.zeros(101)
    logs[1:51] = -0.0004 * np.arange(1, 51)  # to -.02
    logs[51] = logs[50] - 0.04
    logs[52:56] = logs[51] - 0.005 * np.arange(1, 5)  # .06 within 5 s
    logs[56:] = np.linspace(logs[55], -0.10, 46)[1:]  # .02 in 45 s
    found = shares(prices(np.arange(101), logs), 100)
    assert found.delays_s == (1, 5, 10, 30, 60, 300)
    assert found.shares[0, :2] == pytest.approx([0.4, 0.6])
    assert found.shares[0, 2] == pytest.approx(0.6 + 5 * 0.02 / 45 / 0.1)  # 5 s more, after or before: .0022 and .002
    assert found.shares[0, 5] == 1.0
    assert np.all(np.diff(found.shares[0]) >= 0)
    assert np.all(found.at_most[0] >= found.shares[0])


def test_what_recovers_between_is_not_counted_twice():
    """-.06, back to -.02, down to -.10: the part within 5 s is .08 of the fall of .10, not .14."""
    found = shares(prices([0, 5, 10, 15], [0.0, -0.06, -0.02, -0.10], step=5), 3)
    assert found.delays_s == (5, 10, 30, 60, 300)
    assert found.shares[0] == pytest.approx([0.8, 0.8, 1, 1, 1])


def test_delays_shorter_than_the_rows_are_omitted():
    assert shares(prices([0, 60], [0.0, -0.1], step=60), 1).delays_s == (60, 300)
    assert shares(prices([0, 3600], [0.0, -0.1], step=3600), 1).delays_s == ()


def test_a_fall_across_a_hole_is_left_out_of_shorter_delays():
    """Prices at 0, 1 and 42 s: 41 s are not known, so its shares within 30 s are not."""
    found = shares(prices([0, 1, 42], [0.0, -0.01, -0.10]), 2)
    assert np.isnan(found.shares[0]).tolist() == [True, True, True, True, False, False]
    assert found.table["holes"].tolist() == [1, 1, 1, 1, 0, 0]
    assert found.table["n"].tolist() == [0, 0, 0, 0, 1, 1]


def test_candles_may_hide_a_larger_part():
    """Two candles of 5 s, open 0, low -.05 and high .01, low -.10: within 5 s at least half, at most all of .10."""
    at = np.array([0, 5]) * SECOND
    low, high, first = np.array([-0.05, -0.10]), np.array([0.0, 0.01]), np.array([0.0, -0.05])
    found = shares(PriceRows(at, at + 5 * SECOND, first, high, low, np.full(2, 5 * SECOND), 5 * SECOND), 1)
    assert found.shares[0, 0] == pytest.approx(0.5)
    assert found.at_most[0, 0] == 1.0


def test_mean_spread_and_quantiles_are_over_falls():
    """Two falls, .04 and .08 of .10 within a second: mean .6, standard deviation .283; one fall has no spread."""
    rows = prices([0, 1, 2, 9000, 9001, 9002], [0, -0.04, -0.10, 0, -0.02, -0.10])
    found = shares(rows, 2, 5).table.iloc[0]
    assert found["mean"] == pytest.approx(0.7)  # the larger parts are .06 and .08
    assert found["spread"] == pytest.approx(0.1414, abs=1e-4)
    assert found["median"] == pytest.approx(0.7)
    assert np.isnan(shares(rows, 2).table.iloc[0]["spread"])
