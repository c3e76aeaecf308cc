"""What the reduced engine must do whatever the numbers: fixed points, a twin in plain Python, monotony, chunks, and the
same answer as the full engine where there is no book.
"""

import math

import clearsim.reduced.run as reduced_run
import numpy as np
import pytest
from clearsim.engine.simulation import simulate
from clearsim.reduced import layout as at
from clearsim.reduced.run import simulate_batch
from clearsim.reduced.summary import residuals, summarise

from tests.reduced.reduced_worlds import KOU, config, longs_of, shock

BOOK = ((2, 0.30), (5, 0.30), (10, 0.20), (20, 0.10), (50, 0.07), (100, 0.03))


CAP_PPM = 40_000


def depth(kind, *, quote, within_ppm=10_000):
    return {"kind": kind, "within_ppm": within_ppm, "bid_quote": quote, "ask_quote": quote}


def plain_cascade(levels, price, impact):
    """Smallest fixed point by monotone iteration from the outside price, then money along one walk of the book.

    levels: (price, quantity, cost) falling.  impact(sold): relative fall.  Returns (levels triggered, shortfall,
    largest fall of a fund that keeps the surplus).
    """
    triggered = 0
    while True:
        sold = sum(lots for _, lots, _ in levels[:triggered])
        reached = sum(level >= price - impact(sold) for level, _, _ in levels)
        if reached <= triggered:
            break
        triggered = reached
    sold, fund, need, shortfall = 0.0, 0, 0, 0
    for _, lots, owed in levels[:triggered]:
        walk = np.linspace(sold, sold + lots, 20_001)
        moves = np.array([impact(x) for x in walk])
        fill = price - float((moves[1:] + moves[:-1]).mean() / 2)  # the impact is measured on the price before: 1
        fund += round(lots * fill) - owed
        shortfall += max(0, owed - round(lots * fill))
        need, sold = max(need, -fund), sold + lots
    return triggered, shortfall, need


@pytest.mark.parametrize("kind", ["linear", "bounded"])
@pytest.mark.parametrize("gap", [0.01, 0.05, 0.12, 0.3])
@pytest.mark.parametrize("quote", [20_000, 200_000, 5_000_000])
def test_a_cascade_is_the_smallest_fixed_point_and_pays_along_one_walk(kind, gap, quote):
    section = {"impact": depth(kind, quote=quote) | ({} if kind == "linear" else {"basis_cap_ppm": CAP_PPM})}
    world = config(shock(-gap), longs_of(*BOOK), reduced=section, seed_quote=1_000_000_000)
    batch = simulate_batch(world, paths=1)
    opening = batch.lowered.index.opening[at.LONG]
    levels = [
        (p, lots, int(owed))
        for p, lots, owed in zip(opening["price"], opening["lots"], opening["owed"], strict=True)
        if lots > 0
    ]
    full = quote * 1e6

    def impact(sold):
        line, cap = 0.01 * sold / full, CAP_PPM / 1e6
        return line if kind == "linear" else (1 - gap) * cap * (1 - math.exp(-line / cap))

    triggered, shortfall, need = plain_cascade(levels, 1 - gap, impact)
    assert batch.flow("reached")[:, 0][0] == triggered
    if 1 - gap - impact(sum(lots for _, lots, _ in levels[:triggered])) > 0:
        assert batch.flow("draw")[0] == pytest.approx(shortfall, rel=1e-6, abs=2)
        assert batch.outcomes["required"][0] == pytest.approx(need, rel=1e-6, abs=2)


def test_a_uniform_book_falls_to_x0_over_one_less_r0():
    """Thresholds with density h from d0 on: x = x0 + (x - d0) h / D, so x = (x0 - R0 d0) / (1 - R0), R0 = h / D."""
    n, nearest, spacing, r0, gap = 400, 0.02, 0.001, 0.5, 0.05
    distances = nearest + spacing * (np.arange(n) + 0.5)
    # liquidation price (1 - 1 / L) / (1 - m) = 1 - distance
    leverages = [round(1 / (1 - (1 - d) * (1 - 0.005)), 9) for d in distances]
    longs = longs_of(*((leverage, 1 / n) for leverage in leverages))
    density = 1 / (n * spacing)  # of the open interest of 1, per 100% of price
    quote = 0.01 * density / r0  # of the open interest, moves the price by 1%
    impact = depth("linear", quote=round(quote * 100_000_000, 2))
    world = config(
        shock(-gap), longs, reduced={"impact": impact, "buckets": 512}, max_leverage=100, open_interest=100_000_000,
        seed_quote=1_000_000_000,
    )  # fmt: skip
    batch = simulate_batch(world, paths=1)
    expected = (gap - r0 * nearest) / (1 - r0)
    assert 1 - batch.outcomes["low"][0] == pytest.approx(expected, abs=2 * spacing)


FUNDED = {"surplus": "trader", "kind": "full"}


def funded(seed_quote, *, fee_ppm=2_000, **reduced):
    section = {"steps": 4, "impact": depth("linear", quote=100_000), **reduced}
    return config(
        KOU, longs_of(*BOOK), reduced=section, seed_quote=seed_quote, liquidation_ppm=fee_ppm, days=30,
        liquidation=FUNDED,
    )  # fmt: skip


def test_one_run_gives_what_runs_with_each_fund_give_path_by_path():
    """Path by path, the fund of a run that can run dry is exhausted iff it needs more than it has."""
    seen = set()
    for seed in (0.5, 100, 2_000, 20_000, 100_000):
        batch = simulate_batch(funded(seed), paths=4_000)
        required, fund = batch.outcomes["required"], seed * 1e6
        np.testing.assert_array_equal(required > fund, batch.flow("first_adl_ms") >= 0)
        np.testing.assert_array_equal(required >= fund, batch.flow("first_empty_ms") >= 0)
        seen.add(float((required > fund).mean()))
        assert (residuals(batch) == 0).all()
    assert len(seen) > 2


def test_a_larger_fund_or_fee_never_brings_adl_sooner():
    def first_adl(batch):
        first = batch.flow("first_adl_ms")
        return np.where(first < 0, np.iinfo(np.int64).max, first)

    small, large = (simulate_batch(funded(seed), paths=3_000) for seed in (1_000, 10_000))
    assert (first_adl(large) >= first_adl(small)).all()
    assert (first_adl(large) > first_adl(small)).any()
    needs = [simulate_batch(funded(1_000, fee_ppm=fee), paths=3_000).outcomes["required"] for fee in (0, 1_000, 4_000)]
    assert (needs[0] >= needs[1]).all()
    assert (needs[1] >= needs[2]).all()
    assert (needs[0] > needs[2]).any()


RENEWED = {"renewal": {"kind": "half_life", "half_life_days": 3}}
STRESSED = {
    "stress": {"volatility_multiplier": 3, "depth_multiplier": 0.5, "half_life_hours": 6},
    "impact": {**depth("bounded", quote=100_000), "basis_cap_ppm": CAP_PPM},
}


@pytest.mark.parametrize("reduced", [{}, RENEWED, STRESSED, {"marks": "discrete"}], ids=str)
@pytest.mark.parametrize("sampler", ["crude", "importance", "sobol"])
def test_paths_do_not_depend_on_how_many_are_run_together(monkeypatch, reduced, sampler):
    world = funded(2_000, **reduced)
    whole = simulate_batch(world, paths=256, sampler=sampler)
    monkeypatch.setattr(reduced_run, "CHUNK", 37)
    parts = simulate_batch(world, paths=256, sampler=sampler)
    fewer = simulate_batch(world, paths=100, sampler=sampler) if sampler != "sobol" else parts
    for name in ("outcomes", "ledger"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
        np.testing.assert_array_equal(getattr(whole, name)[:100], getattr(fewer, name)[:100])
    assert (residuals(whole) == 0).all()
    assert whole.flow("notional").sum() > 0


SHARED = (
    "required_fund_quanta", "liquidated_accounts", "liquidated_notional_quanta", "fund_draw_quanta", "bad_debt_quanta",
    "fund_final_quanta", "first_adl_ms", "first_fund_empty_ms", "adl_notional_quanta",
)  # fmt: skip


@pytest.mark.parametrize("gap", [0.03, 0.1, 0.3])
def test_without_a_book_both_engines_find_the_same_to_the_quantum(gap):
    """One gap and a fund that suffices: the fund takes positions (full) or they are sold after the gap."""
    world = config(shock(-gap), longs_of(*BOOK), days=120 / 86_400, seed_quote=1_000_000)
    runs = simulate(world, detail="summary", progress=None, event_sink=None).runs
    row = summarise(world, simulate_batch(world, paths=1))
    assert {name: row[name] for name in SHARED} == {name: runs[name] for name in SHARED}
    assert row["required_fund_quanta"] > 0


def test_a_fund_that_runs_dry_calls_adl_at_the_same_time_in_both_engines():
    """The full engine deleverages whole lots, the reduced one a share of a level: within a lot or two of 100 USDT."""
    world = config(shock(-0.3), longs_of(*BOOK), days=120 / 86_400, seed_quote=20_000)
    runs = simulate(world, detail="summary", progress=None, event_sink=None).runs
    row = summarise(world, simulate_batch(world, paths=1))
    assert row["first_adl_ms"] == runs["first_adl_ms"] == 60_000
    assert row["adl_notional_quanta"] == pytest.approx(runs["adl_notional_quanta"], abs=200e6)
    assert row["fund_draw_quanta"] == pytest.approx(runs["fund_draw_quanta"], abs=100e6)
