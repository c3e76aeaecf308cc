"""Falls in rolling windows and their declustering, by hand and against every pair of rows."""

import numpy as np
import pytest
from clearsim.analysis.calibration.price_windows import PriceRows, largest_falls, one_per_run
from clearsim.analysis.errors import AnalysisError

MINUTE = 60_000


def candles(first, low, *, high=None, minutes=None, step=10):
    """Candles of `step` minutes from logs; minutes: when each begins."""
    n = len(first)
    start = np.asarray(minutes if minutes is not None else step * np.arange(n), np.int64) * MINUTE
    first, low = np.asarray(first, float), np.asarray(low, float)
    top = first if high is None else np.asarray(high, float)
    return PriceRows(start, start + step * MINUTE, first, top, low, np.full(n, step * MINUTE), step * MINUTE)


def test_a_fall_across_clock_hours_is_one_fall():
    """Open 0, then 10-minute candles that each fall by .01: in any 60 minutes .06, the first hour's end or not."""
    rows = candles(-0.01 * np.arange(12), -0.01 * np.arange(1, 13))
    sizes, begin = largest_falls(rows, 60 * MINUTE)
    assert sizes == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05, *[0.06] * 7])
    assert begin.tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]


def test_the_start_is_the_highest_first_price_and_the_latest_of_equal_ones():
    sizes, begin = largest_falls(candles([0, 0.02, 0.02, 0.01], [0, 0.01, 0.01, -0.03]), 60 * MINUTE)
    assert begin.tolist() == [0, 1, 2, 2]
    assert sizes[3] == pytest.approx(0.05)


def test_windows_are_of_time_not_of_rows():
    """After a hole of an hour nothing before it lies in the window; after one of 30 minutes two rows of three do."""
    far = largest_falls(candles([0, 0, 0, -0.05], [0, 0, 0, -0.06], minutes=[0, 10, 20, 90]), 60 * MINUTE)
    assert far[0][3] == pytest.approx(0.01)
    near = largest_falls(candles([0.3, 0.2, 0.1, -0.05], [0.1, 0.1, 0, -0.06], minutes=[0, 10, 20, 60]), 60 * MINUTE)
    assert (near[0][3], near[1][3]) == (pytest.approx(0.26), 1)


def test_an_unknown_first_price_is_no_start():
    sizes, begin = largest_falls(candles([np.nan, 0.0], [-0.2, -0.1]), 60 * MINUTE)
    assert np.isneginf(sizes[0])
    assert (sizes[1], begin[1]) == (pytest.approx(0.1), 1)


def test_single_prices_fall_from_one_to_a_later_one():
    """A price ends when it begins: 30 s apart are within a window of 30 s, 31 s apart are not."""
    at = np.array([0, 30_000, 61_000])
    logs = np.array([0.0, -0.1, -0.15])
    rows = PriceRows(at, at, logs, logs, logs, np.zeros(3, np.int64), 30_000)
    assert largest_falls(rows, 30_000)[0] == pytest.approx([0, 0.1, 0])
    assert largest_falls(rows, 31_000)[0] == pytest.approx([0, 0.1, 0.05])


def test_from_the_high_no_fall_is_larger():
    rows = candles([0, 0.0], [-0.1, -0.2], high=[0.05, 0.01])
    assert largest_falls(rows, 10 * MINUTE)[0] == pytest.approx([0.1, 0.2])
    assert largest_falls(rows, 20 * MINUTE, from_high=True)[0] == pytest.approx([0.15, 0.25])


def test_rises_are_falls_of_the_mirrored_price():
    rows = candles([0, 0.02], [-0.01, 0.0], high=[0.03, 0.07]).mirrored()
    assert largest_falls(rows, 20 * MINUTE)[0] == pytest.approx([0.03, 0.07])


def test_a_row_longer_than_the_window_is_refused():
    with pytest.raises(AnalysisError, match=r"rows of 600 s are longer than the window of 300 s"):
        largest_falls(candles([0], [0]), 5 * MINUTE)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_candles", [True, False])
def test_windows_equal_every_pair_of_rows(seed, is_candles):
    """Random walks with holes, equal prices (logs in steps of .01) and unknown first prices."""
    generator = np.random.default_rng(seed)
    n = 300
    start = np.cumsum(generator.choice([1, 1, 1, 7], size=n)) * MINUTE
    first = np.round(generator.normal(0, 0.02, n).cumsum(), 2)
    low = first - np.round(generator.exponential(0.02, n), 2) if is_candles else first
    first = np.where(generator.random(n) < 0.1, np.nan, first) if is_candles else first
    end = start + MINUTE if is_candles else start
    rows = PriceRows(start, end, first, first, low, np.full(n, MINUTE), MINUTE)
    for window in (1, 2, 5, 13, 60):
        sizes, begin = largest_falls(rows, window * MINUTE)
        for i in range(n):
            inside = [j for j in range(i + 1) if end[i] - start[j] <= window * MINUTE and not np.isnan(first[j])]
            if not inside:
                assert np.isneginf(sizes[i])
                continue
            best = max(first[j] for j in inside)
            assert sizes[i] == best - low[i]
            assert begin[i] == max(j for j in inside if first[j] == best)


def test_one_event_per_run():
    """Ends at 1, 2, 3, 63, 64, 125 minutes, threshold 1: gap 60 joins 3 and 63, not 64 and 125; 59 joins neither."""
    end = np.array([1, 2, 3, 30, 63, 64, 125]) * MINUTE
    sizes = np.array([2.0, 5.0, 5.0, 0.5, 4.0, 3.0, 9.0])
    assert one_per_run(end, sizes, 1.0, 60 * MINUTE).tolist() == [1, 6]
    assert one_per_run(end, sizes, 1.0, 59 * MINUTE).tolist() == [1, 4, 6]
    assert one_per_run(end, sizes, 1.0, 0).tolist() == [0, 1, 2, 4, 5, 6]
    assert one_per_run(end, sizes, 9.0, 0).tolist() == []
