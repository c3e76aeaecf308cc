"""Sobol indices: exact on enumerated designs, right on Ishigami and the g-function, unmoved by noise."""

import itertools

import numpy as np
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.sensitivity.sobol import Blocks, indices_of_blocks, sobol_indices, sobol_table

from tests.unit.sensitivity.studies import points_of, runs_of, saltelli


def ishigami(x):
    """Ishigami & Homma (1990), a = 7, b = 0.1, inputs uniform on (-pi, pi)."""
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices():
    """Closed form: V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225."""
    v1, v2, v13 = (1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225
    variance = v1 + v2 + v13
    return np.array([v1, v2, 0]) / variance, np.array([v1 + v13, v2, v13]) / variance


def g_function(x, a):
    return np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=1)


def g_indices(a):
    """Closed form (Sobol 1993): V_i = 1 / (3 (1 + a_i)^2), V = prod(1 + V_i) - 1."""
    own = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + own) - 1
    return own / variance, own * np.prod(1 + own) / (1 + own) / variance


def enumerated(values, noise=((0,),)):
    """Blocks of every pair of base rows of two 0/1 inputs, with every noise vector (its replications)."""
    f = {(i, j): values[2 * i + j] for i in (0, 1) for j in (0, 1)}
    grid = list(itertools.product((0, 1), repeat=2))
    rows = [(a, b, np.array(e, float)) for a in grid for b in grid for e in noise]
    return Blocks(
        a=np.array([f[a] + e for a, _, e in rows]),
        b=np.array([f[b] + e for _, b, e in rows]),
        ab=np.array([[f[b[0], a[1]] + e, f[a[0], b[1]] + e] for a, b, e in rows]),
        names=("x1", "x2"),
        dropped=0,
    )


def value(frame, name, order):
    return float(frame[(frame["input"] == name) & (frame["order"] == order)]["value"].iloc[0])


# f(x1, x2) = x1 + 2 x2 + x1 x2 on {0, 1}^2, by hand: variance 35/16, V1 = 9/16, V2 = 25/16, V12 = 1/16.
VALUES = (0, 2, 1, 4)


def test_an_enumerated_design_gives_the_indices_exactly():
    frame = indices_of_blocks(enumerated(VALUES), resamples=50)
    assert value(frame, "x1", "first") == pytest.approx(9 / 35, abs=1e-12)
    assert value(frame, "x2", "first") == pytest.approx(25 / 35, abs=1e-12)
    assert value(frame, "x1", "total") == pytest.approx(10 / 35, abs=1e-12)
    assert value(frame, "x2", "total") == pytest.approx(26 / 35, abs=1e-12)
    assert value(frame, "(noise)", "noise") == pytest.approx(0, abs=1e-12)


def test_replications_take_the_noise_out_exactly():
    """Noise of +-1 and variance 1 that a block shares: indices of the mean as without, noise 1 / (35/16 + 1)."""
    frame = indices_of_blocks(enumerated(VALUES, list(itertools.product((-1, 1), repeat=2))), resamples=50)
    assert value(frame, "x1", "first") == pytest.approx(9 / 35, abs=1e-12)
    assert value(frame, "x2", "total") == pytest.approx(26 / 35, abs=1e-12)
    assert value(frame, "(noise)", "noise") == pytest.approx(16 / 51, abs=1e-12)
    assert set(frame["method"]) == {"Saltelli 2010 / Jansen 1999, mean response"}


def test_one_replication_gives_indices_of_a_single_run_and_says_so():
    frame = indices_of_blocks(enumerated(VALUES, [(-1,), (1,)]), resamples=50)
    assert value(frame, "x1", "first") == pytest.approx(9 / 51, abs=1e-12)
    assert value(frame, "x2", "total") == pytest.approx(26 / 51, abs=1e-12)
    assert value(frame, "(noise)", "noise") == pytest.approx(16 / 51, abs=1e-12)
    assert set(frame["method"]) == {"Saltelli 2010 / Jansen 1999, single run"}
    assert "lower bound" in frame["note"].iloc[-1]


def test_noise_that_works_only_together_with_an_input_is_not_seen_by_one_replication():
    """f = x1 + e x2, e = +-1: one replication calls e x2 an effect of x2, two call it noise."""

    def blocks(noise):
        grid = list(itertools.product((0, 1), repeat=2))
        rows = [(a, b, np.array(e, float)) for a in grid for b in grid for e in noise]
        return Blocks(
            np.array([a[0] + a[1] * e for a, _, e in rows]),
            np.array([b[0] + b[1] * e for _, b, e in rows]),
            np.array([[b[0] + a[1] * e, a[0] + b[1] * e] for a, b, e in rows]),
            ("x1", "x2"),
            0,
        )

    one = indices_of_blocks(blocks([(-1,), (1,)]), resamples=20)
    two = indices_of_blocks(blocks(list(itertools.product((-1, 1), repeat=2))), resamples=20)
    assert value(one, "x2", "total") == pytest.approx(1 / 3, abs=1e-12)  # of 1/4 + 1/2: E[(e x2 - e x2')^2] / 2 = 1/4
    assert value(two, "x2", "total") == pytest.approx(0, abs=1e-12)
    assert value(two, "x1", "first") == pytest.approx(1, abs=1e-12)
    assert value(two, "(noise)", "noise") == pytest.approx(2 / 3, abs=1e-12)


@pytest.mark.parametrize("layout", ["A AB B", "A B AB"])
def test_ishigami_within_its_intervals(layout):
    points, x = saltelli(2048, 3, seed=3, low=-np.pi, high=np.pi, layout=layout)
    table = sobol_table(sobol_indices(points, runs_of(points, ishigami(x)), "required_fund_quanta"))
    first, total = ishigami_indices()
    assert list(table["input"]) == ["x1", "x2", "x3"]
    assert np.all((table["first_low"] <= first) & (first <= table["first_high"]))
    assert np.all((table["total_low"] <= total) & (total <= table["total_high"]))
    assert np.abs(table["first"] - first).max() < 0.04
    assert np.abs(table["total"] - total).max() < 0.03
    assert (table["n"] == 2048).all()


def test_g_function_within_its_intervals():
    a = np.array([0, 1, 4.5, 9])
    points, x = saltelli(2048, 4, seed=5)
    table = sobol_table(sobol_indices(points, runs_of(points, g_function(x, a)), "required_fund_quanta"))
    first, total = g_indices(a)
    assert np.all((table["first_low"] <= first) & (first <= table["first_high"]))
    assert np.all((table["total_low"] <= total) & (total <= table["total_high"]))


def test_indices_of_a_very_noisy_model_are_those_of_its_mean():
    points, x = saltelli(2048, 3, seed=4, low=-np.pi, high=np.pi)
    noise = np.random.default_rng(9).normal(0, 4, (len(x), 4))  # not shared in blocks: the harder case
    frame = sobol_indices(points, runs_of(points, ishigami(x)[:, None] + noise), "required_fund_quanta")
    first, total = ishigami_indices()
    table = sobol_table(frame)
    assert np.all((table["first_low"] <= first) & (first <= table["first_high"]))
    assert np.all((table["total_low"] <= total) & (total <= table["total_high"]))
    variance = 49 / 8 + (1 + 0.1 * np.pi**4 / 5) ** 2 / 2 + 8 * 0.01 * np.pi**8 / 225
    assert value(frame, "(noise)", "noise") == pytest.approx(16 / (16 + variance), abs=0.02)


def test_indices_are_refused_where_all_is_noise():
    points, _ = saltelli(64, 2)
    noise = np.random.default_rng(0).normal(size=(len(points), 2))
    with pytest.raises(RefusedError, match="noise hides the effects of the inputs"):
        sobol_indices(points, runs_of(points, noise), "required_fund_quanta")


def test_a_block_with_a_failed_run_is_left_out_and_counted():
    points, x = saltelli(64, 2)
    outcome = x[:, 0].copy()
    outcome[5] = np.nan
    frame = sobol_indices(points, runs_of(points, outcome), "required_fund_quanta", resamples=50)
    assert set(frame["n"]) == {63}
    assert "1 blocks left out" in frame["note"].iloc[0]


def test_an_outcome_without_variance_has_no_indices():
    points, x = saltelli(32, 2)
    frame = sobol_indices(points, runs_of(points, np.full(len(x), 0.1)), "required_fund_quanta", resamples=50)
    assert frame["value"].isna().all()
    assert frame["low"].isna().all()


def test_events_count_as_outcomes():
    points, x = saltelli(512, 2, seed=1)
    runs = runs_of(points, np.where(x[:, 0] > 0.5, 1000, -1), column="first_adl_ms")
    table = sobol_table(sobol_indices(points, runs, "adl")).set_index("input")
    assert table.loc["x1", "first"] == pytest.approx(1, abs=0.05)
    assert table.loc["x2", "total"] == 0


def test_conditional_inputs_that_do_not_apply_are_no_obstacle():
    """x2 counts only where x1 > 0.5: first and total by hand from f = 1{x1 > 1/2} x2 on (0, 1)^2.

    E f = 1/4, E f^2 = 1/6, V = 5/48; E[f | x1] is 0 or 1/2: V1 = 1/16; E[f | x2] = x2 / 2: V2 = 1/48.
    """
    points, x = saltelli(1024, 2, seed=2)
    points.loc[x[:, 0] <= 0.5, "u.x2"] = np.nan
    outcome = np.where(x[:, 0] > 0.5, x[:, 1], 0)
    table = sobol_table(sobol_indices(points, runs_of(points, outcome), "required_fund_quanta")).set_index("input")
    assert table.loc["x1", "first"] == pytest.approx(3 / 5, abs=0.05)
    assert table.loc["x2", "first"] == pytest.approx(1 / 5, abs=0.05)
    assert table.loc["x2", "total"] == pytest.approx(2 / 5, abs=0.05)


def test_other_designs_are_refused():
    random = points_of(dict(zip("ab", np.random.default_rng(0).random((2, 64)), strict=True)), scenario=0)
    with pytest.raises(AnalysisError, match="no Saltelli design"):
        sobol_indices(random, runs_of(random, random["u.a"]), "required_fund_quanta")
    points, x = saltelli(32, 2)
    with pytest.raises(AnalysisError, match="has 4 points a block, found 127"):
        sobol_indices(points[:-1], runs_of(points, x[:, 0]), "required_fund_quanta")
    with pytest.raises(AnalysisError, match="share their scenario"):
        sobol_indices(points.assign(scenario=points["point"]), runs_of(points, x[:, 0]), "required_fund_quanta")
    few, x = saltelli(8, 2)
    with pytest.raises(AnalysisError, match="need 16 blocks"):
        sobol_indices(few, runs_of(few, x[:, 0]), "required_fund_quanta")


def test_unknown_names_say_what_there_is():
    points, x = saltelli(16, 2)
    runs = runs_of(points, x[:, 0])
    with pytest.raises(AnalysisError, match="outcome 'fund' is not known; one of adl"):
        sobol_indices(points, runs, "fund")
    with pytest.raises(AnalysisError, match=r"input 'depth' is not in the study; one of u\.x1, u\.x2"):
        sobol_indices(points, runs, "required_fund_quanta", inputs=["depth"])
    two = points.assign(arm=[0, 1] * (len(points) // 2))
    with pytest.raises(AnalysisError, match="has 2 arms"):
        sobol_indices(two, runs, "required_fund_quanta")


@pytest.mark.slow
def test_intervals_cover_the_closed_form():
    """200 designs of 256 blocks: each index of Ishigami lies in its 95% interval in 90% of them or more.

    A standard error of 200 repetitions is 0.015; intervals from scrambled Sobol points are wide rather than narrow.
    """
    first, total = ishigami_indices()
    hits = np.zeros(6)
    for seed in range(200):
        points, x = saltelli(256, 3, seed=1000 + seed, low=-np.pi, high=np.pi)
        found = sobol_indices(points, runs_of(points, ishigami(x)), "required_fund_quanta", resamples=400)
        table = sobol_table(found)
        hits[:3] += (table["first_low"] <= first) & (first <= table["first_high"])
        hits[3:] += (table["total_low"] <= total) & (total <= table["total_high"])
    print(hits / 200)
    assert (hits / 200 >= 0.90).all()
