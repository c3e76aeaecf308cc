"""Several markets under one row: a loss in one liquidates the other, a hedge prevents it, a row boundary stops it."""

from fractions import Fraction

import numpy as np
import pytest
from clearsim.kernels.exchange import make_exchange, reindex_all
from clearsim.kernels.margin.requirement import equity, is_distressed, maintenance
from clearsim.kernels.margin.thresholds import find_distressed
from clearsim.layout import AccountMode, Reason
from clearsim.ledger.ledger import Ledger
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.margin import FIRST_TRADER, make_log, make_markets, make_rows

BTC, ETH = 0, 1
TRADER, WALLET = FIRST_TRADER, FIRST_TRADER + 1
#: Prices in whole USDT, lots of 0.01, quanta of 0.01 USDT: a tick on a lot is one quantum.
HALF_PERCENT = [[0, 5_000, 0, 50_000]]


class CrossWorld:
    """One trader with money and positions bought from OUTSIDE at the opening marks."""

    def __init__(self, money: int, positions: dict[int, int], *, marks=(50_000, 3_000)):
        self.markets = make_markets(marks=list(marks), tick_values=[1, 1], tiers=[HALF_PERCENT, HALF_PERCENT])
        self.accounts = make_rows(2, 2)
        self.exchange = make_exchange(self.accounts, self.markets, make_log())
        self.ledger = Ledger(self.exchange, n_scopes=1)
        self.ledger.transfer(payer=0, payee=TRADER, quote=money * 100, reason=Reason.DEPOSIT)
        for market, lots in positions.items():
            self.buy(market, lots)
        reindex_all(self.exchange)

    def buy(self, market, lots, row=TRADER):
        value = lots * int(self.markets.mark[market])
        self.ledger.transfer(payer=row, payee=0, quote=value, lots=lots, market=market, reason=Reason.OPENING)

    def at(self, btc, eth):
        """Publish marks; return what the scan finds, with equity and requirement in USDT."""
        self.markets.mark[:] = (btc, eth)
        out = np.zeros(len(self.accounts.quote), np.int64)
        found = out[: find_distressed(self.exchange, out)].tolist()
        return (
            found,
            Fraction(int(equity(self.accounts, self.markets, TRADER)), 100),
            Fraction(int(maintenance(self.accounts, self.markets, TRADER)), 100),
        )


def test_a_loss_in_one_market_liquidates_the_position_in_the_other():
    """CLR-MRG-010: 1,000 behind 0.2 BTC and 2 ETH; ETH falls to 2,535, BTC has not moved."""
    world = CrossWorld(1_000, {BTC: 20, ETH: 200})
    assert world.at(50_000, 2_538) == ([], 76, Fraction("75.38"))
    assert world.at(50_000, 2_537) == ([TRADER], 74, Fraction("75.37"))
    assert world.at(50_000, 2_535) == ([TRADER], 70, Fraction("75.35"))
    assert CrossWorld(1_000, {BTC: 20}).at(50_000, 2_535)[0] == []


def test_a_hedge_prevents_it():
    """CLR-MRG-010: short BTC instead of long, and BTC falls with ETH, to 49,500: 170 against 74.85."""
    world = CrossWorld(1_000, {BTC: -20, ETH: 200})
    assert world.at(49_500, 2_535) == ([], 170, Fraction("74.85"))
    assert world.at(50_000, 2_535) == ([TRADER], 70, Fraction("75.35"))


def test_two_correlated_falls_liquidate_what_either_alone_would_not():
    """CLR-MRG-010: BTC -6% alone leaves 400, ETH -8% alone 520; together -80."""
    world = CrossWorld(1_000, {BTC: 20, ETH: 200})
    assert world.at(47_000, 3_000)[:2] == ([], 400)
    assert world.at(50_000, 2_760)[:2] == ([], 520)
    assert world.at(47_000, 2_760)[:2] == ([TRADER], -80)


@pytest.mark.parametrize("mark", [2_850, 2_000, 1])
def test_an_isolated_position_never_touches_its_owner_s_wallet(mark):
    """CLR-MRG-011: 500 at 20x on ETH from 3,000 (3.33 ETH): the wallet's 5,000 stay 5,000 at any price."""
    world = CrossWorld(500, {})
    world.accounts.mode[TRADER], world.accounts.market[TRADER] = AccountMode.ISOLATED, ETH
    world.accounts.wallet[TRADER] = WALLET
    world.ledger.transfer(payer=0, payee=WALLET, quote=500_000, reason=Reason.DEPOSIT)
    world.buy(ETH, 333)
    reindex_all(world.exchange)
    found, left, _ = world.at(50_000, mark)
    assert left == 500 + Fraction(333 * (mark - 3_000), 100)
    assert found == [TRADER]
    assert equity(world.accounts, world.markets, WALLET) == 500_000


def test_flat_rows_below_zero_are_found_and_reserved_rows_never():
    """CLR-MRG-013: at every mark; FUND and ENGINE under water are the waterfall's business."""
    world = CrossWorld(0, {})
    world.accounts.quote[:] = -1
    world.accounts.quote[WALLET] = 0
    reindex_all(world.exchange)
    for marks in ((1, 1), (50_000, 3_000), (10**9, 10**9)):
        assert world.at(*marks)[0] == [TRADER]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rows_with_several_positions_are_found_on_any_joint_path(seed):
    """CLR-MRG-010: the safe band may be stale or wide of the mark, the answer is the dense predicate at each step."""
    rng = np.random.default_rng(seed)
    world = CrossWorld(0, {})
    world.accounts.lots[FIRST_TRADER:] = rng.integers(-50, 50, (2, 2))
    gross = np.abs(world.accounts.lots) @ world.markets.mark
    world.accounts.quote[FIRST_TRADER:] = (gross * rng.choice([0.01, 0.05, 0.2], len(gross)))[FIRST_TRADER:]
    world.accounts.quote[:] -= world.accounts.lots @ world.markets.mark
    reindex_all(world.exchange)
    btc, eth = 50_000.0, 3_000.0
    for _ in range(30):
        common = rng.normal(0, 0.02)
        btc, eth = btc * np.exp(common), eth * np.exp(common + rng.normal(0, 0.01))
        found = world.at(max(1, round(btc)), max(1, round(eth)))[0]
        dense = [row for row in (TRADER, WALLET) if is_distressed(world.accounts, world.markets, row)]
        assert sorted(found) == dense
