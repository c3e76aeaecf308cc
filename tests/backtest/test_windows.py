"""Draws of windows, worked out by hand from small balances and records."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.backtest.windows import Report, of_balances, of_reports
from clearsim.analysis.errors import AnalysisError


def days(first, values, **columns):
    index = pd.date_range(first, periods=len(values))
    return pd.DataFrame({"balance": values, **columns}, index=index, dtype=float)


def windows(frame, length, **more):
    units = dict.fromkeys(frame.columns, "USDT") | more.pop("units", {})
    return of_balances(frame, days=length, source="made", units=units, asset="USDT", **more)


def test_the_draw_is_the_largest_fall_below_the_start_of_the_window():
    """Start 100 (day 0), then 90, 95, 110: draw 10. From 110: 120, 105, 130: draw 5."""
    found = windows(days("2025-01-01", [100, 90, 95, 110, 120, 105, 130]), 3)
    assert found.low.tolist() == [10, 5]
    assert found.starts == (date(2025, 1, 1), date(2025, 1, 4))


def test_money_from_outside_hides_no_draw_and_is_no_income():
    """100 to 85 with 30 paid in on the day: the fall is 45; to 85 with 20 taken out: no fall at all, 5 gained."""
    assert windows(days("2025-01-01", [100, 85], injected=[0, 30]), 1).low.tolist() == [45]
    assert windows(days("2025-01-01", [100, 85], injected=[0, -20]), 1).low.tolist() == [0]


def test_draws_are_shares_of_the_open_interest_at_the_start():
    """Windows of a day: 10 of 1,000, nothing, 5 of 500."""
    frame = days("2025-01-01", [100, 90, 110, 105], open_interest=[1000, 7, 500, 9])
    assert windows(frame, 1).are_shares
    assert windows(frame, 1).low.tolist() == [10 / 1000, 0, 5 / 500]


def test_windows_are_counted_back_from_the_end():
    found = windows(days("2025-01-01", [50, 100, 90, 95]), 2)
    assert found.low.tolist() == [10]
    assert found.starts == (date(2025, 1, 2),)


def test_a_window_with_a_long_gap_is_left_out_and_said():
    frame = days("2025-01-01", [100.0] * 21)
    frame.iloc[4:8, 0] = np.nan
    found = windows(frame, 10)
    assert found.n == 1
    assert "1 windows left out" in found.notes[0]
    frame.iloc[4, 0] = 60  # three days are missing now, and there is a fall before them
    assert windows(frame, 10).low.tolist() == [40, 0]


def test_a_history_in_another_unit_needs_open_interest():
    frame = days("2025-01-01", [100, 90], open_interest=[1000, 1000])
    with pytest.raises(AnalysisError, match="balances in BTC cannot be compared with USDT: add open_interest in BTC"):
        windows(frame, 1, units={"balance": "BTC"})
    found = windows(frame, 1, units={"balance": "BTC", "open_interest": "BTC"})
    assert found.low.tolist() == [0.01]


@pytest.mark.parametrize(("length", "message"), [(5, "shorter than one window"), (0.5, "the window is 12 hours")])
def test_windows_that_cannot_be_are_refused(length, message):
    with pytest.raises(AnalysisError, match=message):
        windows(days("2025-01-01", [100, 90]), length)


RECORD = [
    Report(date(2020, 3, 12), 0.026, 0.026, "March"),
    Report(date(2020, 5, 10), 0.049, 0.053, "May"),
    Report(date(2025, 10, 10), 0.0, 0.0107, "October"),
]


def record(length=30.0, start=date(2019, 10, 11)):
    return of_reports(RECORD, start=start, end=date(2025, 10, 31), days=length, threshold=0.005, source="made")


def test_six_years_of_reports_are_73_windows_with_three_draws():
    """2019-10-11 to 2025-10-31 are 2,212 days: 73 windows of 30, the first from 2019-11-02."""
    found = record()
    assert found.n == 73
    assert found.starts[0] == date(2019, 11, 2)
    assert [window for _, window in found.events] == [4, 6, 72]
    assert found.beyond(0.005) == (2, 3)
    assert found.beyond(0.02) == (2, 2)
    assert found.beyond(0.05) == (0, 1)


def test_below_the_threshold_of_reports_nothing_is_known_of_the_others():
    """Above .1%: March and May for certain; October and 70 windows without a report may have one."""
    assert record().beyond(0.001) == (2, 73)


def test_five_years_are_sixty_windows():
    """2020-11-01 to 2025-10-31: 1,825 days."""
    found = record(start=date(2020, 11, 1))
    assert (found.n, found.beyond(0.005)) == (60, (0, 1))


def test_two_draws_in_one_window_are_between_the_larger_and_their_sum():
    found = record(365)
    assert found.n == 6
    assert (found.low[0], found.high[0]) == (0.049, pytest.approx(0.079))


def test_leaving_an_event_out_takes_its_window():
    found = record().without("May")
    assert found.n == 72
    assert [(name, found.low[window]) for name, window in found.events] == [("March", 0.026), ("October", 0.0)]
