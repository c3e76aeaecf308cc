"""Published examples through the production kernels. A failure names the vector and its source."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from clearsim.clearing.adl import AdlLayer, ProfitLeverageRanking
from clearsim.clearing.adl.queue import light_buckets
from clearsim.clearing.adl.ranking import binance_wallet_score
from clearsim.clearing.fund import InsuranceFundLayer
from clearsim.clearing.liquidation import FullLiquidation
from clearsim.kernels.margin.bankruptcy import bankruptcy_quote
from clearsim.kernels.rounding import rate_ceil

from tests.worlds.clearing import ClearingWorld

VECTORS = json.loads(Path(__file__).with_name("clearing.json").read_text())["vectors"]
ADL = AdlLayer(ranking=ProfitLeverageRanking())


def of_rule(rule):
    return [pytest.param(vector, id=vector["id"]) for vector in VECTORS if vector["rule"] == rule]


@pytest.mark.parametrize("vector", of_rule("bankruptcy_quote"))
def test_bankruptcy_quotes_are_dydx(vector):
    """CLR-LIQ-002."""
    inputs = vector["inputs"]
    markets = inputs["markets"]
    world = ClearingWorld(
        [], marks=[m["quanta_per_lot"] for m in markets],
        tiers=((0, markets[0]["maintenance_ppm"], 0, 2 * markets[0]["maintenance_ppm"]),),
    )  # fmt: skip
    row = world.t(0)
    world.accounts.quote[row] = inputs["quote_quanta"]
    names = [m["id"] for m in markets]
    for name, lots in inputs["lots"].items():
        world.accounts.lots[row, names.index(name)] = lots
    close = names.index(inputs["close_market"])
    found = bankruptcy_quote(world.accounts, world.markets, row, close, inputs["closed_lots"])
    assert found == vector["expected"]["quote_quanta"], vector


@pytest.mark.parametrize("vector", of_rule("adl_offset"))
def test_offsets_are_dydx(vector):
    """CLR-ADL-004: the set of fills and all balances after."""
    inputs, expected = vector["inputs"], vector["expected"]
    side = inputs["liquidated"]["lots"]
    world = ClearingWorld([ADL], marks=(inputs["oracle"],))

    def place(i, lots, usdc):
        row = world.t(i)
        entry = inputs["oracle"] - (1 if lots > 0 else -1) * 20_000  # in profit
        world.deposit(row, usdc + lots * entry)
        world.open(row, lots, entry)
        return row

    victim = world.t(7)
    world.deposit(victim, inputs["liquidated"]["usdc"])
    world.accounts.lots[victim, 0] = side
    others = [place(i, o["lots"], o["usdc"]) for i, o in enumerate(inputs["offsetting"])]
    if world.equity(victim) >= 0:
        world.markets.mark[0] += -side * 6_000
    world.clear(victim)
    counterparties = [others.index(row) for row in world.matches("counterparty")]
    assert [list(pair) for pair in zip(counterparties, world.matches("lots"), strict=True)] == expected["fills"], vector
    assert [{"lots": world.lots(row), "usdc": world.money(row)} for row in others] == expected["offsetting"], vector
    assert abs(world.lots(victim)) == expected["left"], vector


@pytest.mark.parametrize("vector", of_rule("adl_lights"))
def test_lights_are_bitmex(vector):
    """CLR-ADL-011."""
    world = ClearingWorld([ADL])
    accounts = vector["inputs"]["accounts"]
    for account in accounts:
        world.accounts.lots[world.t(account["id"]), 0] = account["lots"]
    ranked = sorted(accounts, key=lambda account: -account["score"])
    queue = np.array([world.t(account["id"]) for account in ranked])
    buckets = np.zeros(len(world.accounts.quote), np.uint8)
    light_buckets(world.accounts, 0, queue, sum(a["lots"] for a in accounts), buckets)
    found = {str(account["id"]): int(buckets[world.t(account["id"])]) for account in accounts}
    assert found == vector["expected"]["bucket"], vector


@pytest.mark.parametrize("vector", of_rule("adl_execution"))
def test_execution_is_bitmex(vector):
    """CLR-ADL-002: the top of the queue in full, then part of the next, all at the bankruptcy price."""
    inputs, expected = vector["inputs"], vector["expected"]
    world = ClearingWorld([ADL], marks=(655,))
    victim = world.trader(0, money=inputs["lots"] * 50, lots=-inputs["lots"], price=600)
    for place, (name, lots) in enumerate(inputs["queue"]):  # the earlier in the queue, the better the entry
        world.trader(name, money=lots * 1_000, lots=lots, price=500 + 10 * place)
    world.clear(victim)
    fills = [
        [row - world.t(0), lots, quote / lots]
        for row, lots, quote in zip(*(world.matches(c) for c in ("counterparty", "lots", "quote")), strict=True)
    ]
    assert fills == expected["fills"], vector
    name, left = expected["remaining"]
    assert world.lots(world.t(name)) == left, vector


@pytest.mark.parametrize("vector", of_rule("binance_wallet_score"))
def test_scores_are_binance(vector):
    """CLR-ADL-010: quanta of 0.0001; the maintenance rate is chosen to give the printed margin ratio."""
    upnl, wallet, ratio = (Decimal(vector["inputs"][key]) for key in ("upnl", "wallet", "margin_ratio"))
    lots, entry = 1_000, 1_000
    mark = entry - int(upnl * 10_000 / lots)  # short
    worth = wallet + upnl
    rate = int(ratio * worth * 10_000 * 1_000_000 / (lots * mark))
    world = ClearingWorld([ADL], marks=(mark,), tiers=((0, rate, 0, rate),))
    row = world.trader(0, money=int(wallet * 10_000), lots=-lots, price=entry)
    assert rate_ceil(lots * mark, rate, 1_000_000) == pytest.approx(float(ratio * worth * 10_000), rel=1e-3)
    score = binance_wallet_score(world.accounts, world.markets, row, 0, 10_000)
    assert score == pytest.approx(vector["expected"]["leverage_pnl"], abs=vector["tolerance"]), vector


@pytest.mark.parametrize("vector", of_rule("insurance_fund_flow"))
def test_fund_flows_are_bitmex(vector):
    """CLR-LIQ-011, CLR-FND-001: better than bankruptcy, all surplus to the fund; worse, the fund pays."""
    inputs = {key: int(Decimal(value) * 100) for key, value in vector["inputs"].items()}
    world = ClearingWorld([InsuranceFundLayer()], marks=(9_900,), liquidation=FullLiquidation(order="market"))
    world.deposit(world.fund, inputs["fund_before"])
    victim = world.trader(0, money=inputs["margin"], lots=1, price=inputs["entry"])
    other = world.trader(1, money=100_000, lots=-1, price=inputs["entry"])
    world.plan(victim)
    world.fill(0, lots=1, price=inputs["fill"], against=other)
    world.finish()
    assert world.money(victim) == 0
    assert world.money(world.fund) == int(Decimal(vector["expected"]["fund_after"]) * 100), vector
