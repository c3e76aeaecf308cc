"""Metrics by hand-made rows, and the verdict of a band."""

import math
from dataclasses import replace

import numpy as np
import pytest
from clearsim.analysis.validation.beside import NullValue, beside_nulls, distance
from clearsim.analysis.validation.score import TargetScore, judge, reason_of
from clearsim.analysis.validation.spread import spread_of
from clearsim.analysis.validation.table import band, beside_text, measured, summary, verdict
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


def test_few_runs_give_their_range_and_no_interval():
    """A share of 0, 0, 0.3: mean 0.1; Student's t would have said -0.33 to 0.53."""
    found = spread_of((0.0, 0.0, 0.3))
    assert found is not None
    assert (found.value, found.low, found.high, found.is_interval) == (pytest.approx(0.1), 0.0, 0.3, False)


def test_ten_runs_give_a_bootstrap_interval_inside_their_range():
    """Nine zeros and a one: the resampled mean is binomial(10, .1) / 10, whose 2.5% and 97.5% points are 0 and 3/10."""
    found = spread_of((0.0,) * 9 + (1.0,))
    assert found is not None
    assert (found.value, found.low, found.high, found.is_interval) == (
        pytest.approx(0.1),
        0.0,
        pytest.approx(0.3),
        True,
    )


def test_equal_runs_have_no_width_whatever_rounding_does_to_their_mean():
    found = spread_of((0.1, 0.1, 0.1))
    assert found is not None
    assert found.low <= found.value <= found.high
    assert found.high - found.low < 1e-15


def test_the_interval_of_a_share_of_runs_is_clopper_and_pearsons():
    """0 of 3: high = 1 - 0.025^(1/3) = 0.70760."""
    found = spread_of((0.0, 0.0, 0.0), is_yes_or_no=True)
    assert found is not None
    assert (found.low, found.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 3), abs=1e-12))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 3, (True, True)),  # every run inside
        (1.9, 2.1, (True, False)),  # only the mean inside
        (2.0, 2.0, (True, False)),  # an end counts
        (2.1, 9, (False, False)),  # mean outside, a run inside
        (5, 9, (False, True)),  # all of it outside
    ],
)
def test_a_target_is_met_by_the_mean_and_firm_by_all_runs(low, high, expected):
    assert judge(spread_of((1.0, 2.0, 3.0)), low=low, high=high) == expected


@pytest.mark.parametrize("values", [(), (1.0, math.nan, 2.0)])
def test_without_a_number_a_target_is_missed_and_the_reason_told(values):
    found = spread_of(values)
    assert found is None
    assert judge(found, low=-1e9, high=1e9) == (False, True)
    assert "nothing to measure" in reason_of(found, error="")
    assert reason_of(found, error="replication 0: broke") == "run failed: replication 0: broke"


def score(values=(0.1, 0.2, 0.3), low=0.0, high=0.15, status="recorded", is_input=False, used_for=(), nulls=()):
    """A score of a made-up target."""
    spread = spread_of(values)
    passed, firm = judge(spread, low=low, high=high)
    return TargetScore(
        scenario="made-up", kind="historical", metric="index_fall", meaning="m", unit="fraction", low=low, high=high,
        status=status, source="a <source>", date="2020", note="", is_input=is_input, used_for=used_for, values=values,
        spread=spread, passed=passed, is_firm=firm, reason=reason_of(spread, error=""), nulls=nulls,
    )  # fmt: skip


def null(name, *values):
    """A null model with these runs."""
    return NullValue(name, values, spread_of(values))


def test_a_score_in_words():
    missed = score()
    assert band(missed) == "0% to 15%"
    assert measured(missed) == "20% (10% to 30%)"
    assert verdict(missed) == "MISS, not firm"
    all_of_them = [missed, score(high=0.25, status="derived"), score(high=0.25, is_input=True)]
    assert summary(all_of_them) == (
        "1 of 2 targets met, 1 missed. Recorded facts among them: 0 of 1 met; checks of inputs: 1 of 1 met"
    )


def test_a_record_that_chose_a_number_is_not_counted_as_met():
    chosen = score(high=0.25, used_for=("population.cohorts[0].behaviour.skew_ppm",))
    assert verdict(chosen) == "pass, not firm; tests nothing"
    assert summary([chosen, score()]) == (
        "0 of 1 targets met, 1 missed. Recorded facts among them: 0 of 1 met; checks of inputs: 0 of 0 met;"
        " not counted because they chose a number of the config: 1 of 1 met"
    )


@pytest.mark.parametrize(("value", "expected"), [(-0.5, 0.5), (0.0, 0.0), (0.7, 0.0), (1.0, 0.0), (1.25, 0.25)])
def test_the_distance_to_a_band_is_zero_inside(value, expected):
    assert distance(value, 0.0, 1.0) == expected


def test_the_model_is_held_against_the_nearest_null_model_run_by_run():
    """Band 0 to 0.15: the model's mean of 0.2 is 0.05 off, nulls are 0.15 and 0.35 off; per run 0, 0.05, 0.15 against
    0.25, 0.05, 0.15: nearer in the first alone."""
    far, near = null("far", 0.5, 0.5, 0.5), null("near", 0.4, 0.2, 0.3)
    found = beside_nulls(spread_of((0.1, 0.2, 0.3)), (0.1, 0.2, 0.3), (far, near), low=0.0, high=0.15)
    assert (found.best, found.nearer, found.runs_nearer, found.n) == ("near", True, 1, 3)
    assert beside_text(score(nulls=(far, near))) == "nearer in 1 of 3 runs"


@pytest.mark.parametrize(
    ("values", "runs", "words"),
    [
        ((0.1, 0.1, 0.1), (0.0, 0.1, 0.14), "no: 'rival' meets it too"),  # both inside: the record says nothing
        ((0.2, 0.2, 0.2), (0.1, 0.1, 0.1), "no: 'rival' meets it"),
        ((0.2, 0.2, 0.2), (0.2, 0.2, 0.2), "no: 'rival' is as near"),
        ((0.3, 0.3, 0.3), (0.2, 0.2, 0.2), "no: 'rival' is nearer"),
        ((0.2, math.nan, 0.2), (0.2, 0.2, 0.2), "no value"),
        ((0.1, 0.1, 0.1), (math.nan,) * 3, "no null model has a value"),
    ],
)
def test_a_null_model_that_does_as_well_is_named(values, runs, words):
    assert beside_text(score(values, nulls=(null("rival", *runs),))) == words


def test_the_summary_counts_where_the_model_beats_its_null_models():
    better, worse = (score(high=0.25, nulls=(null("rival", x, x, x),)) for x in (0.5, 0.2))
    assert summary([better, worse]).endswith("Nearer to the record than the best null model: 1 of 2")


def test_a_miss_stands_at_the_top_of_the_page_before_any_table():
    from clearsim.analysis.reports.validation_page import ScenarioFacts, build_page

    facts = ScenarioFacts(
        name="made-up", title="Made up", kind="historical", config="base", bands_written="2026-11-23",
        assumes=("one thing",), n_traders=10, replications=3, seed=1, seconds=1.0, config_hash="abc",
    )  # fmt: skip
    about = {"size": "the default size", "command": "clearsim validate made-up"}
    html = build_page([score()], [facts], skills=(), timings=(), nulls=("rival",), about=about)
    body = html[html.index("<body>") :]
    assert body.index("Missed: 1 of 1") < body.index("<table>")
    assert "a &lt;source&gt;" in body[: body.index("<table>")]
    assert "http://" not in body.replace("http://www.w3.org", "")
    assert html == build_page([score()], [facts], skills=(), timings=(), nulls=("rival",), about=about)
    met = build_page([score(high=0.25)], [facts], skills=(), timings=(), nulls=("rival",), about=about)
    assert "No target was missed" in met
    assert "Beside null models" not in html
    assert "know more than its inputs" not in html


def test_the_page_has_null_models_skill_and_minutes():
    from clearsim.analysis.reports.validation_page import ScenarioFacts, build_page
    from clearsim.analysis.validation.skill import SkillScore
    from clearsim.analysis.validation.timing import TimingScore

    facts = ScenarioFacts(
        name="made-up", title="Made up", kind="historical", config="base", bands_written="2026-11-23", assumes=(),
        n_traders=10, replications=3, seed=1, seconds=1.0, config_hash="abc", null_errors={"rival": "it <broke>"},
    )  # fmt: skip
    skill = SkillScore(
        scenario="made-up", record="mark", source="a source", window="21:10-21:30", n_points=21, used_for=("a.b",),
        model=spread_of((90.0, 110.0)), nulls={"rival": spread_of((50.0, 50.0))}, skill=spread_of((-0.8, -1.2)),
        runs_nearer=0, n=2,
    )  # fmt: skip
    timing = TimingScore("made-up", "most liquidated", "a source", 75_600_000, (75_660_000,) * 2, {}, spread_of((1, 1)))
    scores = [score(nulls=(null("rival", 0.2, 0.2, 0.2),))]
    about = {"size": "", "command": ""}
    html = build_page(scores, [facts], skills=[skill], timings=[timing], nulls=("rival",), about=about)
    for text in (
        "<td>21:10-21:30</td>", "100 bp (90 bp to 110 bp)", "-1 (-1.2 to -0.8), nearer in 0 of 2 runs; chose b",
        "<td>21:00</td><td>21:01 (2)</td><td>-</td><td>1 min (1 min to 1 min)</td>", "no: &#x27;rival&#x27; is as near",
        "rival: it &lt;broke&gt;",
    ):  # fmt: skip
        assert text in html, text


def test_a_required_fund_that_is_only_a_bound_meets_no_target():
    assert np.isnan(METRICS["required_fund_of_open_interest"].compute(outcome(required_fund_is_bound=True)))
