"""Whole runs of the reference configs: thresholds, conservation, attribution, repeatability, and every mode of
clearing."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from clearsim.config import load_config
from clearsim.engine.build import build_world
from clearsim.engine.simulation import run_to_end, simulate
from clearsim.engine.world import World
from clearsim.kernels.margin.thresholds import find_distressed
from clearsim.results import ATTRIBUTION, EVENT_TABLES

from tests.engine.runs import (
    STRESS,
    Recorded,
    assert_conserved,
    config_of,
    record,
    same_tables,
    unit_values,
)


@pytest.fixture(scope="module")
def base() -> Recorded:
    """The reference market up to a minute after its shock."""
    return record(config_of("base", "duration_s=300"))


def distressed_by_scan(world: World) -> set[int]:
    """CLR-MRG-001, CLR-MRG-003, CLR-MRG-013 for every trader's row, from the config's tiers in exact Python
    integers."""
    [market] = world.config.markets
    quantum = world.config.quantum
    unit = int(int(world.markets.mark[0]) * market.tick_size * market.lot_size / quantum)
    tiers = [(int(tier.floor_quote / quantum), tier.maintenance_ppm) for tier in market.margin.tiers]
    found = set()
    for row in range(world.rows.first_trader, len(world.accounts.quote)):
        quote, lots = int(world.accounts.quote[row]), int(world.accounts.lots[row, 0])
        if lots == 0 and quote >= 0:
            continue
        notional = abs(lots) * unit
        # Each slice of the notional at its own rate is what the cumulative deductions amount to (CLR-MRG-004).
        due = sum(
            (min(notional, upper) - floor) * ppm
            for (floor, ppm), (upper, _) in zip(tiers, [*tiers[1:], (notional, 0)], strict=True)
            if notional > floor
        )
        if quote + lots * unit < -(-due // 1_000_000):
            found.add(row)
    return found


def test_thresholds_equal_a_dense_scan_after_every_cycle() -> None:
    """CLR-MRG-008."""
    world = build_world(config_of("base", "duration_s=300", traders=600), detail="summary", sink=None)
    cycles, seen = [], set()

    def compare(*_: object) -> None:
        count = find_distressed(world.exchange, world.tick.rows)
        found = world.tick.rows[:count].tolist()
        assert len(found) == len(set(found))
        assert set(found) == distressed_by_scan(world), f"cycle {world.cycle}"
        seen.update(found)
        cycles.append(world.cycle)

    world.progress = compare
    run_to_end(world)
    assert len(cycles) == len(world.paths.times_ms) - 1 >= 300
    assert world.clearing.records.counters["liquidated_accounts"].sum() > 0, "the shock must liquidate somebody"


def test_the_transfers_add_up_to_every_final_balance(base: Recorded) -> None:
    """CLR-LDG-001."""
    assert_conserved(base)
    assert base.count("liquidated_accounts") > 0


def test_the_attribution_of_every_account_follows_from_its_transfers(base: Recorded) -> None:
    """Per account, from transfers and marks alone: each reason without contracts exactly; contracts in one sum.

    Price, slippage, takeover, unwind, ADL and torn-up contracts together are quote received plus the change of
    position value; opening deposits and positions (cycle 0) stand before the start.
    """
    plain = {
        "FEE": "fee",
        "LIQUIDATION_FEE": "liquidation_fee",
        "SURPLUS": "surplus",
        "FUNDING": "funding",
        "FUND_DRAW": "fund",
        "FUND_GAIN": "fund",
        "ROUNDING": "rounding",
        "DEPOSIT": "deposit",
        "MARGIN_MOVE": "margin_move",
    }
    expected: dict[str, dict[int, int]] = {name: defaultdict(int) for name in (*plain.values(), "contracts")}
    first, last = unit_values(base, 0), unit_values(base, -1)
    for item in base.rows("transfers"):
        for row, sign in ((item["payer"], -1), (item["payee"], 1)):
            quote, lots = sign * item["quote_quanta"], -sign * item["lots"]
            if item["cycle"] == 0:
                if lots:  # held since before the start: it gains what the mark moved
                    expected["contracts"][row] += lots * (last[item["market"]] - first[item["market"]])
            elif item["reason"] in plain:
                assert not lots
                expected[plain[item["reason"]]][row] += quote
            else:
                expected["contracts"][row] += quote + (lots * last[item["market"]] if lots else 0)
    accounts: Any = base.result.accounts
    together = [name for name in ATTRIBUTION if name not in plain.values()]
    for row in accounts["account"].tolist():
        for name in set(plain.values()):
            assert accounts[f"{name}_quanta"][row] == expected[name][row], (row, name)
        assert sum(int(accounts[f"{name}_quanta"][row]) for name in together) == expected["contracts"][row], row
        change = accounts["equity_final_quanta"][row] - accounts["equity_initial_quanta"][row]
        assert change == sum(int(accounts[f"{name}_quanta"][row]) for name in ATTRIBUTION)


def test_what_a_liquidation_moves_names_it_as_its_cause(base: Recorded) -> None:
    account_of = {item["seq"]: item["account"] for item in base.rows("liquidations")}
    by_reason = {reason: [] for reason in ("LIQUIDATION", "LIQUIDATION_FEE", "TAKEOVER", "ADL")}
    for item in base.rows("transfers"):
        if item["reason"] in by_reason:
            by_reason[item["reason"]].append(item)
    assert all(by_reason.values()), {reason: len(items) for reason, items in by_reason.items()}
    for reason, items in by_reason.items():
        for item in items:
            assert item["cause_seq"] < item["seq"], reason
            if reason == "ADL" and item["cause_seq"] == -1:
                continue  # inventory of ENGINE, taken over from many
            assert account_of[item["cause_seq"]] in (item["payer"], item["payee"]), reason
    trades = [item for item in base.rows("transfers") if item["reason"] == "TRADE"]
    assert {item["cause_seq"] for item in trades} == {-1}


def test_the_same_seed_gives_identical_tables_and_another_seed_does_not() -> None:
    short = ("duration_s=60", "markets[0].price.shock_ms=40000")
    runs = [record(config_of("base", f"seed={seed}", *short, traders=400)) for seed in (1, 1, 2)]
    first, again, other = runs
    assert first.result.runs == again.result.runs
    assert same_tables(first.result.series, again.result.series)
    assert same_tables(first.result.accounts, again.result.accounts)
    for name in EVENT_TABLES:
        assert same_tables(first.sink.table(name), again.sink.table(name)), name
    assert len(first.rows("fills")) > 100
    assert not same_tables(first.sink.table("fills"), other.sink.table("fills"))
    assert not same_tables(first.result.series, other.result.series)


def test_refinement_keeps_every_point_of_the_coarse_path() -> None:
    config = config_of("base", "duration_s=90", "markets[0].price.shock_ms=60000", traders=300)
    coarse, fine = (simulate(config, refine=refine).world for refine in (1, 4))
    places = np.searchsorted(fine.paths.times_ms, coarse.paths.times_ms)
    assert np.array_equal(fine.paths.times_ms[places], coarse.paths.times_ms)
    assert np.array_equal(fine.paths.price[places], coarse.paths.price)
    assert len(fine.paths.times_ms) == 4 * (len(coarse.paths.times_ms) - 1) + 1
    assert fine.cycle == 4 * coarse.cycle


@pytest.mark.parametrize("traders", [450, 3_000])
def test_the_number_of_traders_leaves_the_totals_as_they_are(traders: int) -> None:
    """Open interest and the cohorts' capital are the market's; only how they are split depends on the number."""

    def totals(n: int) -> tuple[int, int, dict[str, int]]:
        world = build_world(config_of("base", traders=n), detail="summary", sink=None)
        assert world.population.opening.n_traders == n
        capital: dict[str, int] = defaultdict(int)
        names = world.population.opening.cohort_names
        for row, cohort in enumerate(world.population.opening.cohort.tolist()):
            if 0 <= cohort < len(names) and names[cohort] not in ("levered", "whale"):
                capital[names[cohort]] += int(world.start.equity[row])  # type: ignore[union-attr]
        lots = world.accounts.lots[:, 0]
        return int(lots[lots > 0].sum()), int(lots[lots < 0].sum()), dict(capital)

    assert totals(traders) == totals(2_000)


def test_two_markets_share_accounts_and_conserve() -> None:
    """CLR-MRG-010."""
    run = record(config_of("two-markets", "duration_s=60", traders=600))
    assert_conserved(run)
    traded = {fill["market"] for fill in run.rows("fills")}
    assert traded == {"BTCUSDT", "ETHUSDT"}
    lots = run.result.world.accounts.lots
    assert (np.count_nonzero(lots, axis=1) == 2).any(), "some account holds both"


def waterfall(*kinds: str) -> str:
    layers = {
        "takeover": "{kind: takeover}",
        "fund": "{kind: insurance_fund}",
        "adl": "{kind: adl, ranking: {kind: profit_leverage}, trigger: distressed}",
        "wallet_adl": "{kind: adl, ranking: {kind: binance_wallet, wallet_floor_quote: 1}, trigger: bankrupt}",
        "loss": "{kind: socialised_loss}",
    }
    return f"waterfall=[{', '.join(layers[kind] for kind in kinds)}]"


TAKEN, DRAWN, ADL, LOSS, DEBT = (
    "taken_over_quanta",
    "fund_draw_quanta",
    "adl_matches",
    "socialised_loss_quanta",
    "bad_debt_quanta",
)
#: Settings, and what the run must show: a layer that is configured is also asked.
MODES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "one round": (("liquidation.rounds_max=1",), (TAKEN, DRAWN, ADL, "rounds_max_reached")),
    "latency": (("liquidation.latency_ms=3000",), (TAKEN, DRAWN, ADL, "backlog_peak")),
    "two a second": (("liquidation.per_second=2",), (TAKEN, DRAWN, ADL, "backlog_peak")),
    "interleaved": (("liquidation.mode=interleaved",), (TAKEN, DRAWN, ADL)),
    "market orders": (("liquidation.order=market", "liquidation.surplus=trader"), (TAKEN, DRAWN, ADL)),
    "fund before takeover": ((waterfall("fund", "takeover", "adl", "loss"),), (TAKEN, DRAWN, ADL)),
    "ADL before fund": ((waterfall("adl", "fund", "loss"),), (ADL,)),
    "wallet ranking": ((waterfall("takeover", "fund", "wallet_adl", "loss"),), (TAKEN, DRAWN, ADL)),
    "no ADL": ((waterfall("fund", "loss"),), (DRAWN, LOSS)),
    "fund only": ((waterfall("takeover", "fund"),), (TAKEN, DRAWN, DEBT)),
    "loss only": ((waterfall("loss"),), (LOSS,)),
    "nobody pays": ((waterfall(),), (DEBT,)),
}


@pytest.mark.parametrize(("settings", "asked"), MODES.values(), ids=MODES)
def test_every_mode_of_clearing_conserves_under_stress(settings: tuple[str, ...], asked: tuple[str, ...]) -> None:
    """CLR-LDG-001, CLR-LIQ-009, CLR-FND-001."""
    run = record(config_of("base", *STRESS, *settings, traders=500))
    assert_conserved(run)
    assert run.count("liquidated_accounts") > 20
    for name in asked:
        assert run.count(name) > 0, name
    if any("per_second" in text for text in settings):
        assert run.count("backlog_peak") > 0
        by_second: dict[int, set[int]] = defaultdict(set)
        for row in run.rows("liquidations"):
            by_second[row["time_ms"]].add(row["account"])
        starts = sorted(by_second)
        for begin in starts:  # a bucket of one second's worth: 2 at once, then 2 a second
            started = sum(len(by_second[time]) for time in starts if begin <= time < begin + 10_000)
            assert started <= 2 + 2 * 10


@pytest.mark.parametrize("settings", [("duration_s=60", "markets[0].price.shock_ms=40000"), STRESS])
def test_the_level_of_detail_changes_nothing_but_what_is_kept(settings: tuple[str, ...]) -> None:
    config = config_of("base", *settings, traders=400)
    summary = simulate(config, detail="summary")
    series = simulate(config, detail="series")
    events = record(config).result
    assert summary.runs == series.runs == events.runs
    assert same_tables(summary.accounts, series.accounts)
    assert same_tables(series.accounts, events.accounts)
    assert summary.series == {}
    assert same_tables(series.series, events.series)


#: One account that the book does not buy and no layer takes: solvent, and ADL closes the bankrupt only.
STUCK = """
extends: simple-flat
name: stuck
seed: 1
start_utc: 2025-01-01T00:00:00Z
duration_s: 60
clock: {kind: fixed, tick_ms: 1000}
prices: {kind: independent}
waterfall: [{kind: insurance_fund}, {kind: adl, ranking: {kind: profit_leverage}, trigger: bankrupt}]
markets:
  - name: BTCUSDT
    price:
      kind: waypoints
      volatility_per_sqrt_s: 0
      points: [{t_s: 0, price: 50000}, {t_s: 10, price: 50000}, {t_s: 11, price: 45100}, {t_s: 60, price: 45100}]
funds:
  - {name: main, seed_quote: 1000000}
population: {cohorts: []}
positions: {file: book.csv}
record: {detail: events, sample_ms: 1000}
"""
STUCK_BOOK = """account,market,side,quantity,entry,margin,mode,collateral
alice,BTCUSDT,long,0.2,50000,0,cross,1000
bob,BTCUSDT,short,0.2,50000,0,cross,100000
"""


def test_rounds_end_when_nothing_changes(tmp_path) -> None:
    """CLR-LIQ-012: from second 11 to 60 one record a cycle, and no cycle reaches the limit of eight rounds."""
    (tmp_path / "book.csv").write_text(STUCK_BOOK)
    (tmp_path / "stuck.yaml").write_text(STUCK)
    run = record(load_config(str(tmp_path / "stuck.yaml"), []).config)
    rows = run.rows("liquidations")
    cycles = [row["cycle"] for row in rows]
    assert len(cycles) == len(set(cycles)) == 50
    assert run.count("rounds_max_reached") == 0
    assert [row["lots"] for row in run.rows("transfers") if row["cycle"] >= min(cycles)] == []
