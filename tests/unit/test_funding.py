"""The funding rate against worked examples, and payments that sum to exactly zero."""

import numpy as np
import pytest
from clearsim.kernels.exchange import make_exchange
from clearsim.kernels.ledger.funding import apply_funding
from clearsim.layout import (
    FILL_DTYPE,
    HEADER_DTYPE,
    MARKET_DTYPE,
    ROUNDING,
    TIER_DTYPE,
    TRANSFER_DTYPE,
    LogArrays,
    MarketArrays,
    Reason,
)
from clearsim.ledger.accounts import Rows, make_accounts
from clearsim.market.funding import NoFunding, PremiumClamp, premium
from pydantic import ValidationError


def rate_after(rule, premiums):
    """Rate in ppb when each premium (a share of the index) was the mid's at one sample."""
    state = rule.initial_state()
    for value in premiums:
        mid = 1_000_000 * (1 + value)
        rule.sample(state, index=1_000_000, bid=mid, ask=mid, dt_ms=rule.sample_ms)
    return rule.rate_ppb(state)


@pytest.mark.parametrize(
    ("premiums", "rate_ppb"),
    [
        ([], 100_000),  # no sample: the interest rate
        ([0.0], 100_000),  # |I - P| <= 0.05%: F = I
        ([0.0006], 100_000),  # exactly at the dampener's edge
        ([0.002], 1_500_000),  # 0.2% - 0.05%
        ([0.001, 0.003], 1_500_000),  # equal weights
        ([-0.002], -1_500_000),
        ([0.05], 3_000_000),  # capped at 0.3%
        ([-0.05], -3_000_000),
    ],
)
def test_binance_rate(premiums, rate_ppb):
    """F = P + clamp(I - P, +-0.05%), I = 0.01%. Source: Binance support 360033525031 (derived from the rule)."""
    assert rate_after(PremiumClamp(cap_ppm=3_000), premiums) == rate_ppb


def test_linear_weights_count_late_samples_more():
    rule = PremiumClamp(cap_ppm=3_000, weighting="linear")
    assert rate_after(rule, [0.001, 0.002]) == 1_166_667  # (1 x 0.1% + 2 x 0.2%) / 3 - 0.05%, rounded


def test_hourly_rate_of_an_eight_hour_rule():
    """Hyperliquid at premium 0: 0.00125% an hour. Source: its documentation (published)."""
    assert rate_after(PremiumClamp(cap_ppm=40_000, divisor=8), [0.0]) == 12_500


def test_cap_applies_to_one_payment_after_the_divisor():
    assert rate_after(PremiumClamp(cap_ppm=40_000, divisor=8), [0.9]) == 40_000_000


def test_samples_are_taken_on_their_interval_and_forgotten_at_payment():
    rule = PremiumClamp(cap_ppm=100_000, sample_ms=5_000)
    state = rule.initial_state()
    rule.sample(state, index=1_000.0, bid=1_010, ask=1_010, dt_ms=5_000)
    rule.sample(state, index=1_000.0, bid=9_999, ask=9_999, dt_ms=4_999)  # not due
    assert state.n_samples == 1
    rule.sample(state, index=1_000.0, bid=1_040, ask=1_040, dt_ms=5_001)  # a long step counts for each interval
    assert state.n_samples == 3
    assert rule.rate_ppb(state) == 29_500_000  # (1% + 4% + 4%) / 3 - 0.05%
    rule.restart(state)
    assert rule.rate_ppb(state) == 100_000


def test_mid_premium_skips_an_empty_side():
    rule = PremiumClamp(cap_ppm=3_000)
    state = rule.initial_state()
    rule.sample(state, index=1_000.0, bid=0, ask=1_040, dt_ms=5_000)
    assert state.n_samples == 0


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [(990, 1_010, 0.0), (1_020, 1_030, 0.02), (970, 980, -0.02), (0, 0, 0.0), (1_020, 0, 0.02), (0, 990, -0.01)],
)
def test_impact_premium_is_zero_inside_the_spread(bid, ask, expected):
    assert premium(index=1_000.0, bid=bid, ask=ask) == pytest.approx(expected)
    rule = PremiumClamp(cap_ppm=100_000, premium="impact", impact_notional_quote=25_000, dampener_ppm=0, interest_ppm=0)
    state = rule.initial_state()
    rule.sample(state, index=1_000.0, bid=bid, ask=ask, dt_ms=5_000)
    assert state.weighted_sum == pytest.approx(expected)


def test_no_funding():
    rule = NoFunding()
    assert rule.rate_ppb(rule.initial_state()) == 0
    assert rule.interval_ms is None


def test_impact_needs_a_notional():
    with pytest.raises(ValidationError, match="impact_notional_quote"):
        PremiumClamp(cap_ppm=3_000, premium="impact")


# Payments

MARK, TICK_VALUE = 333, 7


def world(lots, *, capacity):
    """One market; traders hold `lots`."""
    first = Rows(("scope",)).first_trader
    accounts = make_accounts(n_rows=first + len(lots), n_markets=1, scopes=("scope",))
    accounts.lots[first:, 0] = lots
    params = np.zeros(1, MARKET_DTYPE)
    params["tick_value"][0] = TICK_VALUE
    markets = MarketArrays(np.array([MARK]), params, np.zeros((1, 1), TIER_DTYPE))
    header = np.zeros(1, HEADER_DTYPE)
    header["log_on"][0] = 1
    log = LogArrays(header, np.zeros(capacity, TRANSFER_DTYPE), np.zeros(1, FILL_DTYPE))
    return accounts, markets, log, first


def pay_all(lots, rate_ppb, *, capacity):
    accounts, markets, log, first = world(lots, capacity=capacity)
    exchange = make_exchange(accounts, markets, log)
    position, spilled = 0, []
    while position < 2 * len(accounts.quote):
        position = apply_funding(exchange, 0, rate_ppb, position)
        used = log.header["n_transfers"][0]
        spilled.append(log.transfers[:used].copy())
        log.header["n_transfers"][0] = 0
        assert len(spilled) < 1_000
    return accounts, np.concatenate(spilled), first


def test_payment_by_hand():
    """3 lots at 333 x 7 quanta, rate 1.5%: notional 6,993, payment 104.895; shorts of 2 and 1: 69.93 and 34.965."""
    accounts, rows, first = pay_all([3, -2, -1], 15_000_000, capacity=100)
    assert accounts.quote[first:].tolist() == [-105, 69, 34]
    assert accounts.quote[ROUNDING] == 2
    assert len(rows) == 3
    assert accounts.flows[:, Reason.FUNDING].tolist() == accounts.quote.tolist()
    accounts, _, first = pay_all([3, -2, -1], -15_000_000, capacity=100)
    assert accounts.quote[first:].tolist() == [104, -70, -35]


@pytest.mark.parametrize("capacity", [1, 2, 7, 10_000])
def test_payments_equal_the_plain_twin_and_sum_to_zero_whatever_the_room_in_the_log(capacity):
    generator = np.random.default_rng(5)
    for rate_ppb in (0, 1, -1, 123_457, -3_000_000, 999_999_999):
        lots = generator.integers(-(10**9), 10**9, 40)
        lots[::7] = 0
        lots[-1] -= lots.sum()
        accounts, rows, first = pay_all(lots, rate_ppb, capacity=capacity)
        value = MARK * TICK_VALUE * rate_ppb
        expected = [-int(n) * value // 10**9 for n in lots]  # payers -ceil(x) = floor(-x), receivers floor
        assert accounts.quote[first:].tolist() == expected
        assert accounts.quote.sum() == 0
        assert 0 <= accounts.quote[ROUNDING] <= len(lots)
        paid = np.count_nonzero(lots) if rate_ppb else 0
        assert len(rows) == paid
