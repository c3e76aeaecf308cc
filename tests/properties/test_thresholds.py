"""The threshold index names exactly the rows that a dense scan names, whatever schedule, base and history."""

import numpy as np
from clearsim.kernels.exchange import make_exchange, reindex_all
from clearsim.kernels.margin.liquidation_price import distress_price, is_distressed_at
from clearsim.kernels.margin.thresholds import BLOCK, find_distressed, reindex
from clearsim.layout import BASE_ENTRY, BASE_MARK, BASE_MARK_PLUS_FEE
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.margin import (
    FIRST_TRADER,
    derived_tiers,
    make_log,
    make_markets,
    make_rows,
    plain_is_distressed,
    plain_maintenance,
)

TABLES = (
    derived_tiers([(0, 5_000, 10_000)]),
    derived_tiers([(0, 4_000, 8_000), (50_000, 5_000, 10_000), (600_000, 6_500, 13_334), (3_000_000, 500_000, 10**6)]),
    derived_tiers([(0, 10_000, 20_000), (1_000_000, 250_000, 500_000)]),
    derived_tiers([(0, 990_000, 999_999)]),
)
BASES = (BASE_MARK, BASE_ENTRY, BASE_MARK_PLUS_FEE)


@settings(max_examples=400, deadline=None)
@given(
    table=st.sampled_from(TABLES),
    base=st.sampled_from(BASES),
    gentle=st.booleans(),
    tick_value=st.sampled_from([1, 3, 100, 10_000]),
    lots=st.integers(-3_000, 3_000).filter(bool),
    entry=st.integers(1, 60_000),
    margin=st.integers(-5_000_000, 30_000_000),
)
def test_threshold_is_the_last_price_where_the_integer_predicate_holds(
    table, base, gentle, tick_value, lots, entry, margin
):
    """CLR-MRG-008: one tick beyond the threshold the account is safe, at it and on its far side it is not."""
    markets = make_markets(
        marks=[1], tick_values=[tick_value], tiers=[table], base=base, close_fee_ppm=500, at_or_below=gentle
    )
    params, tiers = markets.params[0], markets.tiers[0]
    cost = lots * entry * tick_value
    quote = margin - cost

    def distressed(mark: int) -> bool:
        equity = quote + lots * mark * tick_value
        return equity - plain_maintenance(lots, cost, mark, params, tiers) < int(gentle)

    price = distress_price(quote, lots, cost, params, tiers)
    if lots > 0:
        assert price == 0 or distressed(price)
        assert price == 2**31 - 1 or not distressed(price + 1)
    else:
        assert price == 1 or not distressed(price - 1)
        assert price >= 1
        assert distressed(price)
    for mark in {1, max(1, price - 3), price + 3, entry}:
        assert is_distressed_at(quote, lots, cost, mark, params, tiers) == distressed(mark)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    base=st.sampled_from(BASES),
    gentle=st.booleans(),
    n_markets=st.integers(1, 3),
    n_traders=st.sampled_from([1, 7, BLOCK - FIRST_TRADER, BLOCK, 3 * BLOCK + 11]),
)
def test_index_names_exactly_the_rows_of_a_dense_scan(seed, base, gentle, n_markets, n_traders):
    """CLR-MRG-008: after any sequence of mark moves and touched rows; reserved rows never, no row twice."""
    rng = np.random.default_rng(seed)
    tiers = [TABLES[int(rng.integers(3))] for _ in range(n_markets)]
    marks = [int(m) for m in rng.integers(500, 5_000, n_markets)]
    markets = make_markets(
        marks=marks, tick_values=[1] * n_markets, tiers=tiers, base=base, close_fee_ppm=400, at_or_below=gentle
    )
    accounts, log = make_rows(n_traders, n_markets), make_log()

    def deal(rows):
        for row in rows:
            held = rng.random(n_markets) < (0.9 if n_markets == 1 else 0.5)
            lots = rng.integers(-400, 400, n_markets) * held
            cost = lots * np.rint(markets.mark * rng.uniform(0.9, 1.1, n_markets)).astype(np.int64)
            accounts.lots[row], accounts.cost[row] = lots, cost
            margin = int(np.abs(cost).sum() * rng.choice([0.02, 0.1, 0.5])) + int(rng.integers(-3, 50))
            accounts.quote[row] = margin - cost.sum()

    accounts.lots[3, 0], accounts.quote[3] = 5, -(10**9)  # a reserved row deep under water
    deal(range(FIRST_TRADER, FIRST_TRADER + n_traders))
    exchange = make_exchange(accounts, markets, log)
    reindex_all(exchange)
    out = np.zeros(len(accounts.quote), np.int64)
    for _ in range(12):
        markets.mark[:] = np.maximum(1, np.rint(markets.mark * np.exp(rng.normal(0, 0.03, n_markets))))
        touched = rng.choice(np.arange(FIRST_TRADER, FIRST_TRADER + n_traders), min(n_traders, 5), replace=False)
        deal(touched)
        accounts.touched[: len(touched)] = touched
        reindex(exchange, accounts.touched[: len(touched)])
        found = out[: find_distressed(exchange, out)].tolist()
        dense = [
            row for row in range(FIRST_TRADER, FIRST_TRADER + n_traders) if plain_is_distressed(accounts, markets, row)
        ]
        assert sorted(found) == dense
