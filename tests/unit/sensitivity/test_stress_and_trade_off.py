"""Smallest shocks, trade-offs between arms, and liquidations that were not needed, by hand."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.intervals import wilson
from clearsim.analysis.sensitivity.reverse_stress import frontier, nearest, smallest_shock
from clearsim.analysis.sensitivity.trade_off import capital_of_arms, draws_of, is_efficient, paired_events, trade_off
from clearsim.analysis.sensitivity.unneeded import judge_liquidations, unneeded_share


def test_one_run_gives_the_bracket_around_the_critical_shock():
    found = smallest_shock(lambda jump: [jump >= 0.1234], largest=0.5, tolerance=0.001)
    assert found.low < 0.1234 <= found.value == found.high
    assert found.high - found.low <= 0.001
    assert found.evaluations <= 12
    assert found.method == "bisection, bracket of one run"


def test_many_runs_give_the_order_statistics_of_their_critical_shocks():
    """100 critical shocks 0.001 .. 0.100: median the 50th, bounds the 40th and 61st of binomial(100, 1/2)."""
    critical = np.arange(1, 101) / 1000
    found = smallest_shock(lambda jump: critical <= jump, largest=0.5, tolerance=1e-5)
    assert found.value == pytest.approx(0.050, abs=1e-5)
    assert found.low == pytest.approx(0.040, abs=1e-5)
    assert found.high == pytest.approx(0.061, abs=1e-5)
    tenth = smallest_shock(lambda jump: critical <= jump, largest=0.5, tolerance=1e-5, share=0.1)
    assert tenth.value == pytest.approx(0.010, abs=1e-5)


def test_a_fund_that_no_shock_exhausts_has_no_smallest_one():
    never = smallest_shock(lambda jump: np.zeros(20, bool), largest=0.5, tolerance=0.01)
    assert np.isnan(never.value)
    assert np.isnan(never.high)
    assert never.searched_to == 0.5
    assert never.evaluations == 1
    half = smallest_shock(lambda jump: np.arange(20) < 20 * jump, largest=0.55, tolerance=0.01)
    assert half.value == pytest.approx(0.5, abs=0.06)
    assert np.isnan(half.high)  # the upper bound lies beyond what was searched
    always = smallest_shock(lambda jump: np.ones(20, bool), largest=0.5, tolerance=0.01)
    assert (always.value, always.high) == (0, 0)


def test_shocks_that_spare_what_smaller_ones_exhaust_are_refused():
    with pytest.raises(RefusedError, match="survive larger shocks but not smaller ones"):
        smallest_shock(lambda jump: (np.arange(50) / 50 < jump) ^ (jump > 0.4), largest=0.45, tolerance=0.01, share=0.1)


def test_the_frontier_falls_with_depth_lost_and_concentration():
    """A loss of jump x (1 + 2 depth_loss + concentration) against a fund of 0.2: the smallest jump in closed form."""
    found = frontier(
        lambda jump, depth, share: [jump * (1 + 2 * depth + share) >= 0.2],
        depth_losses=[0, 0.5, 0.9],
        concentrations=[0, 0.5],
        largest_jump=0.19,
        tolerance=1e-4,
    )
    exact = 0.2 / (1 + 2 * found["depth_loss"] + found["concentration"])
    missing = found["jump"].isna()
    assert missing.tolist() == [True, False, False, False, False, False]
    assert np.abs(found["jump"] - exact)[~missing].max() < 1e-4
    assert ((found["jump_low"] < exact) & (exact <= found["jump_high"]))[~missing].all()
    closest = nearest(found, {"jump": 0.1, "depth_loss": 1.0, "concentration": 0.5}, {"concentration": 0.0})
    assert closest.loc[0, ["depth_loss", "concentration"]].tolist() == [0.5, 0.0]
    assert closest.loc[0, "distance"] == pytest.approx(np.hypot(0.1 / 0.1, 0.5), abs=1e-3)


def test_pareto_by_hand():
    costs = np.array([[1, 5], [2, 3], [3, 3], [4, 1], [4, 1], [5, 5]], float)
    assert is_efficient(costs).tolist() == [True, True, False, True, True, False]
    unknown = np.column_stack([costs, np.full(6, np.nan)])
    assert is_efficient(unknown).tolist() == is_efficient(costs).tolist()


POINTS = pd.DataFrame(
    {"point": range(6), "arm": [0, 1, 2] * 2, "scenario": [0] * 3 + [1] * 3, "l.fund": [1, 2, 2] * 2,
     "l.rule": ["a", "a", "b"] * 2, "l.fixed": 7}
)  # fmt: skip


def runs(adl):
    """Two replications of the six points."""
    frame = pd.concat([POINTS.assign(replication=r) for r in (0, 1)], ignore_index=True)
    frame["first_adl_ms"] = np.where(adl, 1000, -1)
    frame["status"], frame["fund_initial_quanta"] = "done", frame["l.fund"] * 1000
    frame["margin_initial_quanta"] = np.where(frame["l.rule"] == "b", 500, 0)
    frame["run_id"] = [f"r{i}" for i in range(len(frame))]
    return frame


def test_arms_by_hand():
    table = runs([1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    capital = capital_of_arms(table, quantum=0.01)
    assert capital == {0: 10, 1: 20, 2: 25}
    found = trade_off(POINTS, table, capital=capital, fund_lever="fund").set_index("arm")
    assert list(found.index) == ["fund 1, rule a", "fund 2, rule a", "fund 2, rule b"]
    assert found["group"].tolist() == ["rule a", "rule a", "rule b"]
    assert found["probability"].tolist() == [0.75, 0.25, 0]
    assert found["n"].tolist() == [4, 4, 4]
    assert found["efficient"].tolist() == [True, True, True]
    assert found["unneeded"].isna().all()
    assert found["high"].iloc[2] > 0
    assert found["efficient_share"].iloc[0] == 1  # the cheapest
    assert found["efficient_share"].iloc[2] < 1  # some resamples see no ADL in arm 1 either


def test_draws_are_points_runs_or_what_places_share():
    """Two points with luck of their own; the same as fixed places; one point with paths of two runs."""
    table = runs([1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    happened = paired_events(POINTS, table, "adl")  # places 0, 0, 1, 1 x replications 0, 1, 0, 1
    assert draws_of(happened, POINTS).tolist() == [0, 0, 1, 1]
    assert draws_of(happened, POINTS.assign(scenario=0)).tolist() == [0, 1, 0, 1]
    one, own = POINTS.head(3), table[table["point"] < 3]
    assert draws_of(paired_events(one, own, "adl"), one).tolist() == [0, 1]
    paths = pd.DataFrame([{"run_id": run, "path": p, "log_weight": 0.0, "first_adl_ms": -1}
                          for run in own["run_id"] for p in range(3)])  # fmt: skip
    assert draws_of(paired_events(one, own, "adl", paths), one).tolist() == [0, 0, 0, 1, 1, 1]


def test_points_that_differ_make_a_chance_less_sure():
    """8 of 8 in five points, 0 of 8 in the other five: worth ten draws, not eighty; in two points of their own, all."""
    points = pd.concat([POINTS.head(3).assign(scenario=s) for s in range(10)], ignore_index=True)
    points["point"] = np.arange(30)
    table = pd.concat([points.assign(replication=r) for r in range(8)], ignore_index=True)
    table["first_adl_ms"] = np.where(table["scenario"] < 5, 1000, -1)
    table["status"], table["run_id"] = "done", [f"r{i}" for i in range(len(table))]
    capital = {0: 1.0, 1: 2.0, 2: 3.0}
    found = trade_off(points, table, capital=capital, fund_lever="fund")
    assert found["n"].tolist() == [80] * 3
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx([float(end) for end in wilson(5, 10)])
    few = points["scenario"].isin((0, 9))
    found = trade_off(points[few], table[table["scenario"].isin((0, 9))], capital=capital, fund_lever="fund")
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx([float(end) for end in wilson(8, 16)])


def test_only_runs_of_all_arms_count():
    table = runs([1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    table.loc[0, "status"] = "failed"
    happened = paired_events(POINTS, table, "adl")
    assert len(happened) == 3
    assert happened.sum().tolist() == [2, 0, 0]
    table["status"] = "failed"
    with pytest.raises(AnalysisError, match="no run is done in every arm"):
        paired_events(POINTS, table, "adl")


def test_paths_count_one_by_one_and_weighted_ones_are_refused():
    table = runs([0] * 12)
    paths = pd.DataFrame([{"run_id": f"r{i}", "path": p, "log_weight": 0.0, "first_adl_ms": 5 if p == i else -1}
                          for i in range(12) for p in range(3)])  # fmt: skip
    happened = paired_events(POINTS, table, "adl", paths)
    assert happened.shape == (12, 3)
    assert happened.sum().tolist() == [1, 1, 1]
    with pytest.raises(AnalysisError, match="have weights"):
        paired_events(POINTS, table, "adl", paths.assign(log_weight=0.1))


def liquidations(rows):
    names = ["time_ms", "account", "lots", "bankruptcy_price", "mark_price", "lots_book", "lots_taken_over", "lots_adl"]
    return pd.DataFrame(rows, columns=names).assign(market="M")


SERIES = pd.DataFrame({"market": "M", "time_ms": [0, 1000, 2000, 3000], "index_price": [100.0, 90.0, 95.0, 99.0]})


def test_a_liquidation_was_needed_if_the_index_reached_bankruptcy_afterwards():
    judged = judge_liquidations(
        liquidations(
            [
                (1000, 7, 10, 90.0, 91.0, 10, 0, 0),  # long, bankrupt at 90: the index stood at 90 then
                (1500, 8, 10, 90.0, 93.0, 4, 4, 2),  # the same, but later: the low was over
                (0, 9, 10, 89.0, 95.0, 5, 0, 0),  # never reached
                (1500, 5, -4, 98.0, 95.0, 0, 4, 0),  # short, bankrupt at 98: the index rose to 99
                (9000, 6, 1, 50.0, 99.0, 1, 0, 0),  # after the last sample: its own mark decides
                (1000, 4, 0, np.nan, 90.0, 0, 0, 0),  # flat and in debt: nothing was liquidated
            ]
        ),
        SERIES,
        {"M": 0.1},
    )
    assert judged["needed"].tolist() == [True, False, False, True, False]
    assert judged["notional"].tolist() == pytest.approx([91, 93, 47.5, 38, 9.9])
    found = unneeded_share([judged])
    assert found.value == pytest.approx((93 + 47.5 + 9.9) / 279.4)
    assert found.low == found.value == found.high
    assert found.events == 3
    two = unneeded_share([judged, judged.assign(needed=True)])
    # Both runs liquidate 279.4, and 150.4 and 0 without need: a share of r and 0, mean r / 2, its error r / 2.
    half = found.value / 2 * 12.706204736
    assert two.value == pytest.approx(found.value / 2)
    assert (two.low, two.high) == (0, pytest.approx(min(1.0, two.value + half)))
    narrow = unneeded_share([judged, judged.assign(needed=True)], level=0.5)
    assert (narrow.low, narrow.high) == pytest.approx((0, found.value))  # t of one degree at 75% is 1
    assert unneeded_share([judged, judged.assign(needed=True)], draw=[3, 3]).n == 1


def test_nothing_liquidated_has_no_share():
    with pytest.raises(AnalysisError, match="no run liquidated"):
        unneeded_share([judge_liquidations(liquidations([]), SERIES, {"M": 1.0})])
