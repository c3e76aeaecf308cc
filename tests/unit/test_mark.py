"""Mark rules against numbers worked by hand."""

import pytest
from clearsim.market.mark import IndexEmaBasis, IndexMark, MarkInputs, MedianOfThree, median
from pydantic import ValidationError

HOUR_MS = 3_600_000


def step(rule, state, *, index, bid=0, ask=0, last=0, dt_ms=1_000, funding_rate_ppb=0, ms_to_funding=0):
    seen = MarkInputs(
        index_price=index,
        bid=bid,
        ask=ask,
        last=last,
        dt_ms=dt_ms,
        funding_rate_ppb=funding_rate_ppb,
        ms_to_funding=ms_to_funding,
    )
    return rule.step(state, seen)


@pytest.mark.parametrize(("index", "mark"), [(100.49, 100), (100.5, 101), (0.2, 1), (1e12 + 0.4, 10**12)])
def test_index_mark_rounds_half_up_and_is_at_least_one_tick(index, mark):
    assert step(IndexMark(), IndexMark().initial_state(), index=index, bid=5, ask=7, last=6) == mark


def test_ema_of_the_basis_halves_the_distance_in_a_half_life():
    rule = IndexEmaBasis(half_life_ms=1_000)
    state = rule.initial_state()
    assert step(rule, state, index=100.0, bid=109, ask=111) == 105  # basis 0 -> 5 of 10
    assert step(rule, state, index=100.0, bid=109, ask=111) == 108  # 7.5, half up
    assert step(rule, state, index=200.0, bid=199, ask=201, dt_ms=2_000) == 202  # 7.5 / 4 = 1.875


def test_ema_keeps_its_basis_while_a_side_is_empty():
    rule = IndexEmaBasis(half_life_ms=1_000)
    state = rule.initial_state()
    step(rule, state, index=100.0, bid=109, ask=111)
    assert step(rule, state, index=50.0, bid=0, ask=300) == 55
    assert step(rule, state, index=60.0, bid=10, ask=0) == 65
    assert state.basis == 5.0


def test_ema_basis_is_clamped_to_a_share_of_the_index():
    rule = IndexEmaBasis(half_life_ms=1_000, clamp_ppm=20_000)
    state = rule.initial_state()
    assert step(rule, state, index=100.0, bid=109, ask=111) == 102
    assert step(rule, state, index=100.0, bid=1, ask=1, dt_ms=60_000) == 98


def test_binance_worked_example():
    """Index 50,000, last rate 0.01%, 4 h to funding, mean basis 12, contract 50,100: P1 50,002.5, P2 50,012 = mark.

    Source: rule of binance.com support fff6ec1b3f5845d19f1fb924644a0877, numbers derived; ticks of 0.1.
    """
    rule = MedianOfThree()
    common = {"index": 500_000.0, "bid": 500_119, "ask": 500_121, "funding_rate_ppb": 100_000}
    assert step(rule, rule.initial_state(), **common, last=501_000, ms_to_funding=4 * HOUR_MS) == 500_120
    assert step(rule, rule.initial_state(), **common, last=500_060, ms_to_funding=4 * HOUR_MS) == 500_060
    assert step(rule, rule.initial_state(), **common, last=499_000, ms_to_funding=4 * HOUR_MS) == 500_025


def test_moving_average_samples_on_its_interval_and_forgets_what_leaves_the_window():
    rule = MedianOfThree(window_ms=3_000, sample_ms=1_000)
    state = rule.initial_state()

    def average(mid, dt_ms):  # last far away, P1 = index: with last above, the mark is P2 while P2 > index
        return step(rule, state, index=1_000.0, bid=mid, ask=mid, last=9_999, dt_ms=dt_ms) - 1_000

    assert average(1_030, 1_000) == 30
    assert average(1_999, 500) == 30  # not due yet
    assert average(1_060, 500) == 45  # (30 + 60) / 2
    assert average(1_090, 1_000) == 60
    assert average(1_000, 1_000) == 50  # 60, 90, 0
    assert average(1_200, 9_000) == 200  # one long step fills the window


def test_median_without_trades_or_without_a_side():
    rule = MedianOfThree(window_ms=1_000, sample_ms=1_000)
    state = rule.initial_state()
    assert step(rule, state, index=1_000.0) == 1_000  # nothing but the index
    assert step(rule, state, index=1_000.0, bid=1_040, ask=1_060) == 1_050  # no trade: P2
    assert (
        step(rule, state, index=2_000.0, bid=1, ask=0, last=1_990) == 2_000
    )  # basis +50 kept; median of 2000, 2050, 1990
    assert step(rule, state, index=2_000.0, bid=1, ask=0, last=3_000) == 2_050


@pytest.mark.parametrize("order", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
def test_median_is_the_middle_one(order):
    assert median(*map(float, order)) == 2
    assert median(1.0, 1.0, 5.0) == 1
    assert median(5.0, 1.0, 5.0) == 5


def test_states_of_two_markets_are_apart():
    rule = IndexEmaBasis(half_life_ms=1_000)
    one, two = rule.initial_state(), rule.initial_state()
    step(rule, one, index=100.0, bid=109, ask=111)
    assert two.basis == 0


def test_bad_mark_rules_are_refused():
    with pytest.raises(ValidationError, match="multiple of sample_ms"):
        MedianOfThree(window_ms=7_000, sample_ms=5_000)
    with pytest.raises(ValidationError):
        IndexEmaBasis(half_life_ms=0)
