"""Common and own falls of coins: by hand, and planted parts of a common process."""

import numpy as np
import pytest
from clearsim.analysis.calibration.common_falls import CoinFalls, common_falls
from clearsim.analysis.errors import AnalysisError

HOUR = 3_600_000
YEAR = 8760 * HOUR


def coin(hours, sizes, *, first=0, last=YEAR):
    return CoinFalls(np.asarray(hours, np.int64) * HOUR, np.asarray(sizes, float), first, last)


def common(falls, *, resamples=200, seed=0):
    return common_falls(falls, near_ms=HOUR, level=0.95, resamples=resamples, seed=seed)


def test_events_by_hand():
    """A at 10, 100, 200 h; B at 11, 202, 300 h; C at 12, 100 h. 10, 11, 12 are one event of three; 100 of A and C."""
    found = common({
        "A": coin([10, 100, 200], [0.03, 0.04, 0.05]), "B": coin([11, 202, 300], [0.06, 0.05, 0.04]),
        "C": coin([12, 100], [0.03, 0.08]),
    })  # fmt: skip
    assert found.years == 1
    assert found.counts["events"].tolist() == [3, 1, 1]
    assert found.events["n"] == 2
    coins = found.coins.set_index("coin")
    assert coins["common_share"].tolist() == pytest.approx([2 / 3, 1 / 3, 1])
    assert coins["joins"].tolist() == pytest.approx([1, 1 / 2, 1])
    assert coins["own_n"].tolist() == [1, 2, 0]
    pairs = found.pairs.set_index("coins")
    assert pairs["n"].to_dict() == {"A, B": 1, "A, C": 2, "B, C": 1}
    assert pairs["of_first"]["A, C"] == pytest.approx(2 / 3)
    assert pairs["of_second"]["A, C"] == 1
    assert pairs["ratio"]["A, C"] == pytest.approx(1.5)  # of 1 and 2
    assert np.isnan(pairs["rank"]["A, C"])


def test_only_time_that_all_records_cover_counts():
    """B begins after half a year: A's fall before it is no own fall."""
    found = common({"A": coin([10, 5000], [0.03, 0.04]), "B": coin([5001], [0.05], first=YEAR // 2)})
    assert found.years == pytest.approx(0.5)
    assert found.coins["falls"].tolist() == [1, 1]
    assert found.events["per_year"] == pytest.approx(2)


def test_of_several_falls_of_a_coin_in_an_event_the_largest_counts():
    found = common({"A": coin([10, 11, 12], [0.03, 0.09, 0.04]), "B": coin([11], [0.06])})
    assert found.coins["falls"].tolist() == [1, 1]
    assert found.pairs["ratio"][0] == pytest.approx(0.06 / 0.09)


def test_records_without_common_time_are_refused():
    with pytest.raises(AnalysisError, match="no time in common"):
        common({"A": coin([10], [0.03], last=100 * HOUR), "B": coin([200], [0.03], first=150 * HOUR)})


def planted(seed, years=10):
    """60 common events a year, both coins; 20 own of A, 40 of B; common sizes by a Gaussian copula of .8."""
    generator = np.random.default_rng(seed)
    hours = generator.permutation(years * 8760 // 4)[: years * 120] * 4
    n = years * 60
    normal = generator.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=n)
    shared, own_a, own_b = np.split(hours, [n, n + years * 20])
    at = (np.concatenate([shared, own_a]), np.concatenate([shared, own_b]))
    sizes = (
        np.concatenate([np.exp(normal[:, 0]), np.ones(len(own_a))]),
        np.concatenate([np.exp(normal[:, 1]), np.ones(len(own_b))]),
    )
    order = [np.argsort(hours) for hours in at]
    return {name: coin(at[k][order[k]], sizes[k][order[k]], last=years * YEAR) for k, name in enumerate(("A", "B"))}


def test_planted_parts_are_recovered():
    """Shares 60/80 and 60/100; Spearman of a Gaussian copula of .8: (6/pi) asin(.4) = .786, s.e. about .02."""
    found = common(planted(1))
    assert found.events["per_year"] == pytest.approx(60, abs=0.5)
    assert found.coins["common_share"].tolist() == pytest.approx([0.75, 0.6], abs=0.01)
    assert found.coins["own_per_year"].tolist() == pytest.approx([20, 40], abs=0.5)
    assert found.pairs["rank"][0] == pytest.approx(0.786, abs=0.06)
    assert found.pairs["rank_low"][0] < 0.786 < found.pairs["rank_high"][0]


@pytest.mark.slow
def test_intervals_of_the_rank_correlation_hold_the_planted_one():
    """200 records: coverage within 88-98%."""
    held = 0
    for seed in range(200):
        pair = common(planted(seed, years=5), resamples=300, seed=seed).pairs.iloc[0]
        held += pair["rank_low"] <= 6 / np.pi * np.arcsin(0.4) <= pair["rank_high"]
    assert 0.88 <= held / 200 <= 0.98, held / 200
