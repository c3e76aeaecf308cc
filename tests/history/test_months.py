"""Months of a fund's history, by hand and against published counts."""

import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.history.months import median_interval, months_of, months_with_draw, summary_of, worst_days

HLP = Path(__file__).resolve().parents[3] / "shared" / "data" / "history" / "hyperliquid_daily_2023-06_2025-05.csv.gz"
USD = dict.fromkeys(("balance", "injected", "open_interest", "liquidated"), "USD")


def history(first, last, **columns):
    index = pd.date_range(first, last)
    return pd.DataFrame(
        {name: np.broadcast_to(value, len(index)) for name, value in columns.items()}, index, dtype=float
    )


def made():
    """January 2025 from 100: 90 on the 5th, 130 on the 10th, 104 from the 20th, with 6 paid in on the 25th: 110."""
    frame = history("2024-12-31", "2025-02-10", balance=100, injected=0, open_interest=1000, liquidated=50)
    for day, balance in (("2025-01-05", 90), ("2025-01-10", 130), ("2025-01-20", 104), ("2025-01-25", 110)):
        frame.loc[day:, "balance"] = balance
    frame.loc["2025-01-25", "injected"] = 6
    return frame


def test_a_month_is_compared_with_the_end_of_the_month_before():
    """Result 110 - 6 - 100 = 4; draw 10; drawdown 26; growth 4%; shares of 1,000; 31 days of 50 are 1.55."""
    (row,) = months_of(made(), units=USD, has_level=True).to_dict("records")
    assert row["month"] == "2025-01"
    found = [row[name] for name in ("start", "injected", "result", "draw", "drawdown", "growth")]
    assert found == pytest.approx([100, 6, 4, 10, 26, 0.04])
    assert [row[f"{name}_share"] for name in ("result", "draw", "drawdown")] == pytest.approx([0.004, 0.010, 0.026])
    assert row["liquidated_share"] == pytest.approx(1.55)


def test_a_balance_from_zero_has_no_growth():
    assert math.isnan(months_of(made(), units=USD, has_level=False)["growth"][0])


def test_open_interest_in_another_unit_gives_no_shares():
    months = months_of(made(), units={**USD, "balance": "BTC"}, has_level=True)
    assert months["draw_share"].isna().all()
    assert months["liquidated_share"][0] == pytest.approx(1.55)


def test_a_month_whose_ends_are_not_known_is_left_out():
    frame = made()
    frame.loc["2025-01-28":"2025-01-31", "balance"] = np.nan
    with pytest.raises(AnalysisError, match="no calendar month is complete"):
        months_of(frame, units=USD, has_level=True)


def test_worst_days_are_losses_of_one_day():
    """-26 on the 20th, -10 on the 5th; what was paid in on the 25th is no result."""
    assert worst_days(made()).to_dict("list") == {"day": ["2025-01-20", "2025-01-05"], "result": [-26, -10]}


@pytest.mark.parametrize(
    ("events", "n", "low", "high"), [(0, 26, 0, 0.132), (2, 21, 0.012, 0.304), (2, 47, 0.005, 0.145)]
)
def test_months_with_a_net_draw_have_the_intervals_of_the_published_counts(events, n, low, high):
    """BitMEX 0 of 26 months to April 2019, Hyperliquid 2 of 21, both 2 of 47: Clopper-Pearson."""
    months = pd.DataFrame({"result": [-1.0] * events + [1.0] * (n - events)})
    found = months_with_draw(months)
    assert (found.events, found.n) == (events, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_the_interval_of_a_median_is_two_order_statistics():
    """n = 15: P(B <= 3) = .0176 <= .025 < P(B <= 4) = .0592: the 4th from either end. n = 5: none."""
    assert median_interval(np.arange(1.0, 16.0)) == (4, 12)
    assert all(map(math.isnan, median_interval(np.arange(1.0, 6.0))))


def test_the_summary_has_n_and_leaves_out_what_no_month_knows():
    months = months_of(made()[["balance", "injected"]], units={"balance": "USD", "injected": "USD"}, has_level=True)
    summary = summary_of(months).set_index("quantity")
    assert list(summary.index) == ["result", "draw", "drawdown", "growth"]
    assert summary.loc["draw", ["n", "p50"]].tolist() == [1, 10]


def test_hyperliquids_months_are_those_of_its_daily_statistics():
    """2023-06-13 to 2025-04-22: 21 full months, two with a net loss: 2023-10 -0.01 m, 2025-03 -2.48 m."""
    if not HLP.is_file():
        pytest.skip("the daily series is not at hand")
    with gzip.open(HLP, "rt") as handle:
        rows = [(row["date"], float(row["hlp_pnl_usd"])) for row in csv.DictReader(handle) if row["hlp_pnl_usd"]]
    frame = pd.DataFrame(
        {"balance": np.cumsum([value for _, value in rows])}, pd.DatetimeIndex([day for day, _ in rows])
    )
    months = months_of(frame, units={"balance": "USD"}, has_level=False).set_index("month")
    assert len(months) == 21
    losses = months[months["result"] < 0]["result"]
    assert losses.index.tolist() == ["2023-10", "2025-03"]
    assert losses.to_numpy() / 1e6 == pytest.approx([-0.01, -2.48], abs=0.006)
    assert worst_days(frame)["day"][0] == "2025-03-12"
    assert worst_days(frame)["result"][0] / 1e6 == pytest.approx(-4.28, abs=0.006)
