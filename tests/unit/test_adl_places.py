"""Places in the ADL queue equal those of a full sort."""

import numpy as np

from sim.kernels.adl_places import queue_places
from sim.ledger.accounts import make_accounts


def test_places_by_hand():
    accounts = make_accounts(n_rows=8, n_markets=1, scopes=["main"])
    accounts.lots[5:8, 0] = [10, 30, 60]
    scores = np.full(8, np.nan)
    scores[5:8] = [2.0, 5.0, 1.0]  # queue: row 6 (30), row 5 (10), row 7 (60)
    out = np.zeros(8)
    queue_places(accounts, scores, 100, 0, 1, np.array([5, 6, 7]), out)
    assert out[5:8].tolist() == [0.7, 1.0, 0.6]


def test_places_equal_a_full_sort_with_ties_by_row():
    rng = np.random.default_rng(4)
    accounts = make_accounts(n_rows=205, n_markets=1, scopes=["main"])
    accounts.lots[5:, 0] = -rng.integers(1, 50, 200)
    scores = np.full(205, np.nan)
    scores[5:] = rng.integers(0, 20, 200)
    queue = sorted(range(5, 205), key=lambda row: (-scores[row], row))
    total, ahead, expected = int(-accounts.lots.sum()), 0, np.zeros(205)
    for row in queue:
        expected[row] = 1.0 - ahead / total
        ahead += int(-accounts.lots[row, 0])
    out = np.zeros(205)
    queue_places(accounts, scores, total, 0, -1, np.arange(5, 205), out)
    assert np.allclose(out, expected, rtol=0, atol=1e-15)
