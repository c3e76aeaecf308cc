"""Places in the ADL queue: by hand, and equal to those of a full sort of the scores."""

from decimal import Decimal

import numpy as np
import pytest
from clearsim.clearing.adl.queue import count_ranked_lots, note_places
from clearsim.clearing.adl.ranking import BinanceWalletRanking, ProfitLeverageRanking
from clearsim.ledger.accounts import make_accounts

from tests.worlds.margin import make_markets

TIERS = [[0, 5_000, 0, 10_000]]

FIRST = 5  # reserved rows come first


def one_market(mark):
    return make_markets(marks=[mark], tick_values=[1], tiers=[TIERS])


def scores_of(accounts, markets, market, side, ranking):
    return ranking.score_side(accounts, markets, market=market, side=side, only_profit=True, quantum=Decimal(1))


def places_of(accounts, markets, market, side, ranking, watchers, out):
    note_places(accounts, market, scores_of(accounts, markets, market, side, ranking), watchers, out)
    return out


def test_places_by_hand():
    accounts, markets = (
        make_accounts(n_rows=9, n_markets=1, scopes=["main"]),
        one_market(110),
    )
    accounts.lots[5:, 0] = [10, 30, 60, 100]
    accounts.cost[5:, 0] = [1000, 3000, 6000, 12_000]  # entries 100, 100, 100; the last at 120 is in loss
    # equity 550, 825, 6600: effective leverage 2, 4, 1, and 10% profit each: queue row 6 (30), row 5 (10), row 7 (60)
    accounts.quote[5:] = [550 - 1100, 825 - 3300, 0, 0]
    out = places_of(accounts, markets, 0, 1, ProfitLeverageRanking(), np.arange(5, 9), np.zeros(9))
    assert out[5:].tolist() == [0.7, 1.0, 0.6, 0.0]


def test_a_larger_place_stays_and_who_is_not_in_the_queue_is_left_alone():
    accounts, markets = (
        make_accounts(n_rows=7, n_markets=1, scopes=["main"]),
        one_market(110),
    )
    accounts.lots[5:, 0] = [10, -10]
    accounts.cost[5:, 0] = [1000, -1000]
    out = np.array([0, 0, 0, 0, 0, 2.0, 0.25])
    places_of(accounts, markets, 0, 1, ProfitLeverageRanking(), np.array([5, 6]), out)
    assert out.tolist() == [0, 0, 0, 0, 0, 2.0, 0.25]


@pytest.mark.parametrize("ranking", [ProfitLeverageRanking(), BinanceWalletRanking()])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("market", [0, 1])
def test_places_equal_a_full_sort_with_ties_by_row(ranking, side, market):
    rng = np.random.default_rng(4)
    n_rows = 405
    accounts, markets = (
        make_accounts(n_rows=n_rows, n_markets=2, scopes=["main"]),
        make_markets(marks=[110, 90], tick_values=[1, 1], tiers=[TIERS, TIERS]),
    )
    kinds = rng.integers(0, 60, n_rows - FIRST)  # many rows are exactly alike, so that ties occur
    lots = rng.integers(-40, 40, (60, 2))
    accounts.lots[FIRST:] = lots[kinds]
    accounts.cost[FIRST:] = (lots * rng.integers(80, 120, (60, 2)))[kinds]
    accounts.quote[FIRST:] = rng.integers(-1000, 9000, 60)[kinds]

    scores = scores_of(accounts, markets, market, side, ranking)
    total = count_ranked_lots(accounts, market, scores)
    queue = sorted(np.flatnonzero(~np.isnan(scores)), key=lambda row: (-scores[row], row))
    assert len({scores[row] for row in queue}) < len(queue), "no ties"
    expected, ahead = np.zeros(n_rows), 0
    for row in queue:
        expected[row] = 1.0 - ahead / total
        ahead += abs(int(accounts.lots[row, market]))
    watchers = rng.choice(np.arange(FIRST, n_rows), 150, replace=False)
    out = places_of(accounts, markets, market, side, ranking, watchers, np.zeros(n_rows))
    assert out[watchers].tolist() == expected[watchers].tolist()
    assert (np.delete(out, watchers) == 0).all()
