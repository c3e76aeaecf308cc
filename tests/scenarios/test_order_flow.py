"""Estimators of the calm order flow by hand-made samples, and the facts of a run."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.validation import order_flow as flow
from clearsim.analysis.validation.calm import FACTS, calm_scores, measure_calm
from clearsim.analysis.validation.table import calm_text
from clearsim.errors import ConfigError


def test_autocorrelation_by_hand():
    """1, 2, 3, 4 about 2.5: (-1.5)(-.5) + (-.5)(.5) + (.5)(1.5) = 1.25 over 5; signs that alternate: -3/4 of four."""
    assert flow.autocorrelation([1, 2, 3, 4], 1) == pytest.approx(0.25)
    assert flow.autocorrelation([1, -1, 1, -1], 1) == pytest.approx(-0.75)
    assert flow.autocorrelation([1, -1, 1, -1], 2) == pytest.approx(0.5)
    assert np.isnan(flow.autocorrelation([1, 1, 1], 1))


def test_a_gap_leaves_out_what_touches_it():
    """1, gap, -1, 1, -1: mean 0, two pairs of -1 over a variance of 4."""
    assert flow.autocorrelation([1, np.nan, -1, 1, -1], 1) == pytest.approx(-0.5)


def test_a_bounce_has_a_variance_ratio_of_nothing_and_a_trend_more_than_one():
    """Logs 0, 1, 0, 1, 0: steps of +-1 about 0, two-step returns 0. Logs with steps 1, 1, -1, -1: two-step returns 2,
    0, -2 have a mean square of 8/3 over 2."""
    assert flow.variance_ratio(np.exp([0, 1, 0, 1, 0.0]), 2) == pytest.approx(0.0)
    assert flow.variance_ratio(np.exp([0, 1, 2, 1, 0.0]), 2) == pytest.approx(4 / 3)


def test_kurtosis_of_two_points_and_of_a_rare_one():
    """+-1 in turn: 1. One 1 among nine 0: p = .1, (1 - 3 p q) / (p q) = .73 / .09."""
    assert flow.kurtosis(np.array([1, -1, 1, -1.0])) == pytest.approx(1.0)
    assert flow.kurtosis(np.array([1] + [0] * 9, float)) == pytest.approx(0.73 / 0.09)


def test_hills_exponent_of_a_pareto_sample():
    """Quantiles of a Pareto law of exponent 3: the largest 5% of 10,000 give 3 within two standard errors, .27."""
    sample = (1 - (np.arange(10_000) + 0.5) / 10_000) ** (-1 / 3)
    assert flow.tail_exponent(sample) == pytest.approx(3, abs=0.27)
    assert flow.tail_exponent(-sample) == flow.tail_exponent(sample)
    assert np.isnan(flow.tail_exponent(sample[:50]))


def test_volume_and_volatility_are_compared_minute_by_minute():
    """Three minutes with volumes of 1, 2, 3 a second and returns of +-1, +-2, +-3 per mille: 1; turned round -1."""
    steps = np.concatenate([np.tile([size, -size], 30) for size in (0.001, 0.002, 0.003)])
    price = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    volume = np.concatenate([[0.0], np.cumsum(np.repeat([1, 2, 3], 60))])
    assert flow.volume_volatility(price, volume) == pytest.approx(1.0)
    assert flow.volume_volatility(price, -volume) == pytest.approx(-1.0)


def test_the_spread_is_a_median():
    bid, ask = np.array([99, 99, np.nan, 90.0]), np.array([101, 101, 101, 110.0])
    assert flow.spread_bp(bid, ask) == pytest.approx(200.0)


def fills(*rows):
    """Trades: time, lots, maker order, taker order, taker side."""
    return pd.DataFrame(rows, columns=["time_ms", "lots", "maker_order", "taker_order", "taker_side"])


def test_an_order_that_meets_three_is_one_trade():
    trades = flow.aggressors(
        fills((1, 5, 1, 9, "buy"), (1, 6, 2, 9, "buy"), (1, 7, 3, 9, "buy"), (2, 1, 4, 10, "sell"), (3, 2, 5, 8, "buy"))
    )
    assert list(trades["sign"]) == [1, -1, 1]
    assert list(trades["lots"]) == [18, 1, 2]


def order(time, account, kind, number, *, lots=10, filled=0, tif="GTC", status="DONE"):
    """A row of the orders; its place in the book is what stands below the number."""
    return (time, account, "X", kind, tif, lots, (number << 24) + 77, status, filled)


def test_lives_of_orders_by_hand():
    """Of account 1: order 1 rests from 0 and is swept at 500; 2 is filled in two parts at 100 and 300, before that;
    3 is cancelled by its number at 50. Of account 2: 4 rests with 4 of 10 left, which are filled at 40; 5 is filled
    in part only and open at the end; an IOC, a market and a refused order never rest."""
    orders = pd.DataFrame(
        [
            order(0, 1, "LIMIT", 1, tif="POST_ONLY"),
            order(0, 1, "LIMIT", 2),
            order(10, 1, "LIMIT", 3),
            order(20, 2, "CANCEL_ALL", 0),
            order(20, 2, "LIMIT", 4, filled=6),
            order(30, 2, "LIMIT", 5),
            order(30, 2, "LIMIT", 6, tif="IOC"),
            order(30, 2, "MARKET", 7, tif="IOC"),
            order(30, 2, "LIMIT", 8, status="REJECTED_MARGIN"),
            order(50, 1, "CANCEL", 3),
            order(500, 1, "CANCEL_ALL", 0),
            order(600, 1, "CANCEL_ALL", 0),
        ],
        columns=["time_ms", "account", "market", "kind", "tif", "lots", "order", "status", "filled"],
    )
    trades = fills((40, 4, 4, 20, "buy"), (100, 5, 2, 21, "buy"), (200, 5, 5, 22, "buy"), (300, 5, 2, 23, "sell"))
    assert list(flow.order_lifetimes(orders, trades)) == [500, 300, 40, 20]


def test_the_commonest_life():
    assert flow.commonest_share(np.array([1, 2, 2, 3.0])) == 0.5
    assert np.isnan(flow.commonest_share(np.array([])))


def test_samples_that_are_not_a_second_apart_are_refused():
    times = np.arange(400) * 2000.0
    with pytest.raises(AnalysisError, match="each a second after the last"):
        measure_calm({"time_ms": times}, fills(), pd.DataFrame(), tick=0.1)


def test_the_facts_of_a_run_have_values_and_the_known_faults_show(tmp_path):
    """Half an hour of the reference market: the mid trails the index, so its returns go on, a fault of the model."""
    from clearsim.api.calm import calm

    path = tmp_path / "mine.yaml"
    path.write_text("extends: calm\nname: mine\nduration_s: 1800\n")
    found = calm(str(path), on_note=lambda text: None)
    values = {key: score.spread for key, score in zip(FACTS, found.scores, strict=True)}
    assert all(spread is not None for spread in values.values())
    assert 0.9 < values["variance_ratio_index"].value < 1.2
    assert values["variance_ratio_mid"].value > 1.5
    table = found.save(tmp_path).read_text().splitlines()
    assert len(table) == len(FACTS) + 1
    assert table[1].startswith('"spread, median",bp,')
    with pytest.raises(ConfigError, match="at least 3, found 2"):
        calm(str(path), runs=2)


def test_a_fact_without_a_value_says_so():
    runs = [dict.fromkeys(FACTS, 1.0), {**dict.fromkeys(FACTS, 2.0), "sign_1": float("nan")}]
    texts = {score.fact.name: calm_text(score) for score in calm_scores(runs)}
    assert texts["autocorrelation of order signs, lag 1"] == "no value"
    assert texts["autocorrelation of order signs, lag 10"] == "1.5 (1 to 2)"
