"""Longs opened in the hour before the crash of 10 October 2025, at one-minute mark prices, without impact.

Which leverages end through bankruptcy depends on the minute of entry, so the share over entries and leverages is
tested; single positions are regression vectors. Prices of risk: the production margin functions. Record: Binance
BTCUSD_PERP mark price, closes of one-minute candles (worst minute -4.22% in logs, 21:19 UTC); skipped where it is not
at hand.
"""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.exact_margin import Requirement, bankruptcy_price, liquidation_price

FILE = Path(__file__).parents[3] / "shared/data/market/binance_BTCUSD_PERP_markprice_1m_2025-10-09_10.csv"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="recorded data not at hand")

DAY_MS = 1_760_054_400_000  # 2025-10-10 00:00 UTC
FLAT = Requirement.flat(Fraction(5, 1_000))


@pytest.fixture(scope="module")
def marks():
    """(open times ms, closes) of the record."""
    with FILE.open() as file:
        rows = [(int(row["ts_ms"]), float(row["close"])) for row in csv.DictReader(file)]
    times, closes = zip(*rows, strict=True)
    return np.array(times), np.array(closes)


def shortfall(marks, clock, leverage):
    """Per entry notional: above 0 bankrupt at its first mark below liquidation, at or below 0 not; None: survived."""
    times, closes = marks
    hour, minute = clock
    start = int(np.searchsorted(times, DAY_MS + (60 * hour + minute) * 60_000))
    entry = Fraction(closes[start])
    position = {"size": 1, "entry": entry, "margin": entry / leverage}
    crossed = np.flatnonzero(closes[start + 1 :] <= float(liquidation_price(FLAT, **position)))
    if not len(crossed):
        return None
    fill = closes[start + 1 + crossed[0]]
    return (float(bankruptcy_price(**position)) - fill) / float(entry)


def test_the_record_is_the_one_described(marks):
    moves = np.diff(np.log(marks[1]))
    assert moves.min() == pytest.approx(-0.0422, abs=5e-5)
    assert marks[0][1 + moves.argmin()] == DAY_MS + (21 * 60 + 19) * 60_000


def test_a_fifth_of_entries_and_leverages_goes_through_bankruptcy(marks):
    """19% of leverages 8 to 100 and entries 20:00 to 20:59."""
    results = [shortfall(marks, (20, minute), leverage) for minute in range(60) for leverage in range(8, 101)]
    through = [value is not None and value > 0 for value in results]
    assert np.mean(through) == pytest.approx(0.19, abs=0.005)
    assert max(value for value in results if value is not None) < 0.03  # small gaps: this crash did not jump far


@pytest.mark.parametrize(
    ("clock", "bankrupt", "liquidated", "survived"),
    [
        ((20, 45), {10: 0.0030, 25: 0.0064}, [15, 20, 50, 100], [5, 7]),
        ((20, 35), {15: 0.0124}, [20, 50, 100], [5, 7]),
        ((20, 55), {}, [15, 20, 50, 100], [5, 7, 10]),
    ],
)
def test_regression_vectors(marks, clock, bankrupt, liquidated, survived):
    for leverage, loss in bankrupt.items():
        assert shortfall(marks, clock, leverage) == pytest.approx(loss, abs=5e-5)
    for leverage in liquidated:
        assert shortfall(marks, clock, leverage) <= 0
    for leverage in survived:
        assert shortfall(marks, clock, leverage) is None
