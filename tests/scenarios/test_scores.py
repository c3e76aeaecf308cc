"""Metrics by hand-made rows, and the verdict of a band."""

import math
from dataclasses import replace

import numpy as np
import pytest
from clearsim.analysis.validation.score import TargetScore, estimate_mean, judge, reason_of
from clearsim.analysis.validation.table import band, measured, summary, verdict
from clearsim.scenarios.metrics import METRICS, Outcome

MINUTE = 60_000


def outcome(**changes):
    """A run of five samples 30 s apart: index 100, 90, 95, .., open interest 40 lots, 10 quanta a lot and price."""
    row = {
        "fund_draw_quanta": 300,
        "socialised_loss_quanta": 100,
        "bad_debt_quanta": 50,
        "adl_harm_quanta": -7,
        "adl_notional_quanta": 2_000,
        "liquidated_notional_quanta": 8_000,
        "taken_over_quanta": 4_000_000,
        "fund_initial_quanta": 1_000,
        "fund_final_quanta": 600,
        "fund_min_quanta": 250,
        "required_fund_quanta": 800,
        "required_fund_is_bound": False,
        "dislocation_max": 0.02,
        **changes,
    }
    series = {
        "time_ms": np.array([0, 30_000, 60_000, 90_000, 120_000.0]),
        "index_price": np.array([100, 90, 95, 96, 98.0]),
        "mark_price": np.array([100, 88, 95, 96, 98.0]),
        "open_interest_lots": np.array([40, 40, 30, 30, 30.0]),
        "depth_bid_near_quanta": np.array([60, 10, 5, 20, 50.0]),
        "depth_ask_near_quanta": np.array([40, 10, 15, 20, 50.0]),
        "liquidated_long_quanta": np.array([0, 1_000, 5_000, 5_500, 6_000.0]),
        "liquidated_short_quanta": np.array([0, 0, 0, 2_000, 2_000.0]),
        "fund_equity_quanta": np.array([1_000, 700, 500, 600, 750.0]),
    }
    return Outcome(row=row, series=series, venue=0.5, lot_quanta=10.0, at_ms=89_999)


# First open interest at mark: 40 lots x 100 x 10 = 40,000 quanta.
BY_HAND = {
    "index_fall": -0.10,
    "index_end": -0.02,
    "mark_fall": -0.12,
    # at 89,999 ms: the sample at 60 s, index and mark 95, bids 5 of 60
    "index_at": -0.05,
    "mark_at": -0.05,
    "gap_at": 0.0,
    "depth_bid_at": 5 / 60,
    "dislocation_max": 0.02,
    "open_interest_change": -0.25,
    "fund_change": -0.4,
    "fund_lowest": -0.75,
    "fund_equity_change": -0.25,
    "fund_equity_lowest": -0.5,
    "required_fund_of_open_interest": 0.02,
    # 300 + 100 + |-50|; harm of ADL below zero (the deleveraged gained) does not lessen what others paid
    "shortfall_of_open_interest": 450 / 40_000,
    "liquidated_share": 0.2,
    "long_share_of_liquidated": 0.75,
    # 7,500 at 90 s less 1,000 at 30 s, of 8,000
    "peak_minute_share": 6_500 / 8_000,
    "adl_runs": 1.0,
    "adl_share": 0.05,
    "adl_of_liquidated": 0.25,
    # calm: the first sample (a tenth of five, at least one), 100; lowest 10 + 10 = 5 + 15 = 20
    "depth_loss_max": 0.8,
    "liquidated_long_millions": 0.003,
    "taken_over_millions": 2.0,
    "fund_drawn_millions": 0.00015,
}


def test_the_table_by_hand_has_every_metric():
    assert set(BY_HAND) == set(METRICS)


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_a_metric_is_what_its_description_says(name):
    assert METRICS[name].compute(outcome()) == pytest.approx(BY_HAND[name], abs=1e-12)


@pytest.mark.parametrize(("at_ms", "found"), [(0, 0.0), (30_000, 88 / 90 - 1), (59_999.0, 88 / 90 - 1)])
def test_a_metric_at_a_time_reads_the_last_sample_before_it(at_ms, found):
    assert METRICS["gap_at"].compute(replace(outcome(), at_ms=at_ms)) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("at_ms", [-1, 120_001])
def test_a_time_outside_the_run_has_no_value(at_ms):
    assert math.isnan(METRICS["mark_at"].compute(replace(outcome(), at_ms=at_ms)))


def test_no_adl_is_zero_and_shares_of_nothing_have_no_value():
    run = outcome(adl_notional_quanta=0, liquidated_notional_quanta=0)
    assert METRICS["adl_runs"].compute(run) == 0
    assert math.isnan(METRICS["adl_of_liquidated"].compute(run))


def test_the_interval_of_a_mean_is_students():
    """Mean 2, standard deviation 1, n 3: half-width t(0.975, 2) / sqrt(3) = 4.302653 / 1.732051."""
    found = estimate_mean((1.0, 2.0, 3.0), is_yes_or_no=False)
    assert found is not None
    assert (found.value, found.high - 2) == (2.0, pytest.approx(2.484138, abs=1e-6))


def test_the_interval_of_a_share_of_runs_is_clopper_and_pearsons():
    """0 of 3: high = 1 - 0.025^(1/3) = 0.70760."""
    found = estimate_mean((0.0, 0.0, 0.0), is_yes_or_no=True)
    assert found is not None
    assert (found.low, found.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 3), abs=1e-12))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-9, 9, (True, True)),  # the whole interval inside
        (1.9, 2.1, (True, False)),  # only the mean inside
        (2.0, 2.0, (True, False)),  # an end counts
        (2.1, 9, (False, False)),  # mean outside, interval reaches in
        (5, 9, (False, True)),  # all of it outside
    ],
)
def test_a_target_is_met_by_the_mean_and_firm_by_the_interval(low, high, expected):
    assert judge(estimate_mean((1.0, 2.0, 3.0), is_yes_or_no=False), low=low, high=high) == expected


@pytest.mark.parametrize("values", [(), (1.0, math.nan, 2.0)])
def test_without_a_number_a_target_is_missed_and_the_reason_told(values):
    found = estimate_mean(values, is_yes_or_no=False)
    assert found is None
    assert judge(found, low=-1e9, high=1e9) == (False, True)
    assert "nothing to measure" in reason_of(found, error="")
    assert reason_of(found, error="replication 0: broke") == "run failed: replication 0: broke"


def score(values=(0.1, 0.2, 0.3), low=0.0, high=0.15, status="recorded", is_input=False):
    """A score of a made-up target."""
    estimate = estimate_mean(values, is_yes_or_no=False)
    passed, firm = judge(estimate, low=low, high=high)
    return TargetScore(
        scenario="made-up", kind="historical", metric="index_fall", meaning="m", unit="fraction", low=low, high=high,
        status=status, source="a <source>", date="2020", note="", is_input=is_input, values=values,
        estimate=estimate, passed=passed, is_firm=firm, reason=reason_of(estimate, error=""),
    )  # fmt: skip


def test_a_score_in_words():
    missed = score()
    assert band(missed) == "0% to 15%"
    assert measured(missed).startswith("20% [-4.84%, 44.8%]")
    assert verdict(missed) == "MISS, not firm"
    all_of_them = [missed, score(high=0.25, status="derived"), score(high=0.25, is_input=True)]
    assert summary(all_of_them) == (
        "1 of 2 targets met, 1 missed. Recorded facts among them: 0 of 1 met; checks of inputs: 1 of 1 met"
    )


def test_a_miss_stands_at_the_top_of_the_page_before_any_table():
    from clearsim.analysis.reports.validation_page import ScenarioFacts, build_page

    facts = ScenarioFacts(
        name="made-up", title="Made up", kind="historical", config="base", bands_written="2026-11-23",
        assumes=("one thing",), n_traders=10, replications=3, seed=1, seconds=1.0, config_hash="abc",
    )  # fmt: skip
    about = {"size": "the default size", "command": "clearsim validate made-up"}
    html = build_page([score()], [facts], about=about)
    body = html[html.index("<body>") :]
    assert body.index("Missed: 1 of 1") < body.index("<table>")
    assert "a &lt;source&gt;" in body[: body.index("<table>")]
    assert "http://" not in body.replace("http://www.w3.org", "")
    assert html == build_page([score()], [facts], about=about)
    assert "No target was missed" in build_page([score(high=0.25)], [facts], about=about)


def test_a_required_fund_that_is_only_a_bound_meets_no_target():
    assert np.isnan(METRICS["required_fund_of_open_interest"].compute(outcome(required_fund_is_bound=True)))
