"""A state machine over the real engine: deposits, orders, stops, price jumps, funding, clearing, against the auditor.

The auditor (`tests/exchange_auditor.py`) shares no code with the engine: it replays the transfer log in plain integers
and judges every transfer by the rules. After each step: sums are zero, replayed balances and entry costs equal the
kernels', the thresholds find exactly the rows that are distressed, open sizes equal the resting orders; after each
cycle nobody is distressed outside the recorded backlog and bad debt.
"""

import pytest
from clearsim.kernels.book.stops import add_stop
from clearsim.layout import OrderFlag, OrderKind, Side, TimeInForce
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.worlds.exchange import FLAT, TIERED, Exchange, make_config

MARGINS = [
    FLAT,
    TIERED,
    {**TIERED, "base": "entry"},
    {**FLAT, "distressed_at_or_below": True},
    {**FLAT, "base": "mark_plus_fee"},
]
LIQUIDATIONS = [
    {"kind": "full", "order": "bankruptcy_limit", "surplus": "fund"},
    {"kind": "full", "order": "market", "surplus": "trader"},
    {"kind": "full", "order": "bankruptcy_limit", "surplus": "trader", "mode": "interleaved"},
    {"kind": "tier_down", "reduce_to": "compliant", "order": "bankruptcy_limit", "surplus": "trader"},
    {"kind": "fraction", "fraction_ppm": 200_000, "cooldown_ms": 3_000, "whole_below_quote": 20, "order": "market"},
    {"kind": "full", "order": "bankruptcy_limit", "surplus": "fund", "latency_ms": 2_000, "per_second": 1},
]
WATERFALLS = [
    ("takeover", "fund", "adl", "socialised"),
    ("fund", "takeover", "adl_wallet", "socialised_change"),
    ("adl_wallet", "fund", "socialised"),
    ("fund", "adl"),
    ("takeover", "fund"),
    ("socialised",),
    ("adl", "takeover", "fund"),
    (),
]

rows = st.integers(0, 10)
markets = st.integers(0, 1)
sides = st.sampled_from(list(Side))
sizes = st.one_of(st.integers(1, 30), st.integers(1, 400))
jumps = st.one_of(st.integers(-20, 20), st.integers(-300, 300))  # thousandths
CHANGES = [OrderKind.CANCEL, OrderKind.CANCEL_ALL, OrderKind.AMEND]
LOWEST, HIGHEST = (200, 40), (5_000, 1_000)  # ticks


class ExchangeMachine(RuleBasedStateMachine):
    """Traders act at the published marks; `tick` moves the prices and clears."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange: Exchange | None = None
        self.marks = (1000, 200)

    @initialize(
        margin=st.sampled_from(MARGINS),
        liquidation=st.sampled_from(LIQUIDATIONS),
        waterfall=st.sampled_from(WATERFALLS),
        fee=st.sampled_from([0, 1_250, 10_000]),
        fund=st.sampled_from([20, 3, 1_000, 0]),
        cap=st.sampled_from([None, 150, 0]),
    )
    def open(self, margin, liquidation, waterfall, fee, fund, cap) -> None:  # type: ignore[no-untyped-def]
        self.exchange = Exchange(
            make_config(
                margin=margin,
                liquidation=liquidation,
                waterfall=waterfall,
                liquidation_fee_ppm=fee,
                fund_quote=fund,
                cap_quote=cap,
            )
        )
        self.base = margin["base"]
        self.exchange.quote_ladder(self.marks, lots=20)

    # -- traders -------------------------------------------------------------------------------------------------------

    def _row(self, number: int) -> int:
        return self.exchange.traders[number % len(self.exchange.traders)]

    def _market(self, row: int, market: int) -> int:
        own = int(self.exchange.world.accounts.market[row])
        return market if own < 0 else own

    @rule(number=rows, quanta=st.integers(-400_000, 50_000))
    def pay_in_or_out(self, number: int, quanta: int) -> None:
        row, exchange = self._row(number), self.exchange
        if quanta < 0:
            taken = exchange.withdraw(row, -quanta)
            if taken and self.base != "entry":
                assert row not in exchange.dense(self.marks), "what is free can be taken out without distress"
        elif quanta > 0 and row not in exchange.isolated:
            exchange.deposit(row, quanta)

    @rule(number=st.integers(0, 2), quanta=st.integers(1, 50_000), inward=st.booleans())
    def move_margin(self, number: int, quanta: int, inward: bool) -> None:
        row = self.exchange.isolated[number]
        wallet = int(self.exchange.world.accounts.wallet[row])
        payer, payee = (wallet, row) if inward else (row, wallet)
        self.exchange.move_margin(payer, payee, quanta)

    @rule(
        number=rows,
        market=markets,
        side=sides,
        lots=sizes,
        offset=st.one_of(st.integers(-30, 30), st.integers(-300, 300)),
        tif=st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, *TimeInForce]),
        reduce_only=st.booleans(),
        kind=st.sampled_from([OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.MARKET]),
    )
    def order(self, number, market, side, lots, offset, tif, reduce_only, kind) -> None:  # type: ignore[no-untyped-def]
        row = self._row(number)
        market = self._market(row, market)
        exchange = self.exchange
        was_distressed = row in exchange.dense(self.marks)
        held = exchange.auditor.lots[row, exchange.names[market]]
        price = max(1, self.marks[market] * (1000 + offset) // 1000)
        flags = int(OrderFlag.REDUCE_ONLY) if reduce_only else 0
        exchange.order(
            row, market, side, lots, price if kind == OrderKind.LIMIT else 0, kind=kind, tif=tif, flags=flags
        )
        after = exchange.auditor.lots[row, exchange.names[market]]
        if was_distressed and self.base != "entry":
            assert abs(after) <= abs(held), "a distressed account cannot add to a position"
        if reduce_only:
            assert 0 <= after * (1 if held > 0 else -1) <= abs(held), "reduce-only reduces"

    @rule(lots=st.integers(5, 60))
    def quote(self, lots: int) -> None:
        self.exchange.quote_ladder(self.marks, lots=lots)

    @rule(pick=st.integers(0, 1000), lots=st.integers(1, 100), offset=jumps, kind=st.sampled_from(CHANGES))
    def cancel_or_amend(self, pick: int, lots: int, offset: int, kind: OrderKind) -> None:
        resting = self.exchange.resting()
        if not resting:
            return
        chosen = resting[pick % len(resting)]
        price = max(1, chosen["price"] * (1000 + offset) // 1000) if kind == OrderKind.AMEND else 0
        self.exchange.order(
            chosen["owner"], chosen["market"], Side(chosen["side"]), lots, price, kind=kind, order=chosen["id"]
        )

    @rule(number=rows, market=markets, side=sides, lots=sizes, away=st.integers(1, 200))
    def stop(self, number: int, market: int, side: Side, lots: int, away: int) -> None:
        row = self._row(number)
        market = self._market(row, market)
        trigger = self.marks[market] * (1000 - away if side == Side.SELL else 1000 + away) // 1000
        add_stop(
            self.exchange.world.exchange.stops,
            row,
            market,
            int(side),
            max(1, trigger),
            lots,
            int(OrderFlag.REDUCE_ONLY),
        )

    # -- the exchange --------------------------------------------------------------------------------------------------

    @rule(market=markets, rate_ppb=st.integers(-10_000_000, 10_000_000))
    def funding(self, market: int, rate_ppb: int) -> None:
        self.exchange.pay_funding(market, rate_ppb)

    @precondition(lambda self: self.exchange is not None and self.exchange.step < 110)
    @rule(first=jumps, second=jumps, lots=st.integers(0, 40))
    def tick(self, first: int, second: int, lots: int) -> None:
        """The prices move, the engine runs a cycle, and (lots > 0) the makers quote anew."""
        exchange = self.exchange
        self.marks = tuple(
            min(max(mark * (1000 + jump) // 1000, low), high)
            for mark, jump, low, high in zip(self.marks, (first, second), LOWEST, HIGHEST, strict=True)
        )
        assert exchange.found(self.marks) == exchange.dense(self.marks)
        exchange.tick(self.marks)
        self.nobody_is_distressed_outside_backlog_and_bad_debt()
        if lots:
            exchange.quote_ladder(self.marks, lots=lots)

    @precondition(lambda self: self.exchange is not None and self.exchange.step < 110)
    @rule(market=markets, jump=st.sampled_from([-300, -200, -120, -60, 60, 120, 200, 300]))
    def gap(self, market: int, jump: int) -> None:
        """One market gaps; nobody has time to quote."""
        self.tick(*((jump, 0) if market == 0 else (0, jump)), 0)

    # -- what holds after every step -----------------------------------------------------------------------------------

    @invariant()
    def thresholds_equal_a_dense_scan(self) -> None:
        if self.exchange is not None:
            assert self.exchange.found(self.marks) == self.exchange.dense(self.marks)

    @invariant()
    def open_sizes_equal_the_resting_orders(self) -> None:
        if self.exchange is None:
            return
        accounts = self.exchange.world.accounts
        sums = {}
        best = {}
        for order in self.exchange.resting():
            key = (order["owner"], order["market"], order["side"])
            sums[key] = sums.get(key, 0) + order["lots"]
            best.setdefault((order["market"], order["side"]), []).append(order["price"])
        for row in range(len(accounts.quote)):
            for market in range(2):
                assert accounts.open_bid[row, market] == sums.get((row, market, Side.BUY), 0)
                assert accounts.open_ask[row, market] == sums.get((row, market, Side.SELL), 0)
        for market in range(2):
            bids, asks = best.get((market, Side.BUY), [0]), best.get((market, Side.SELL), [10**9])
            assert max(bids) < min(asks), "the book is not crossed"

    def nobody_is_distressed_outside_backlog_and_bad_debt(self) -> None:
        """Holds after every cycle."""
        auditor, world = self.exchange.auditor, self.exchange.world
        house, distressed = world.clearing, auditor.distressed()
        for row in self.exchange.traders:
            equity = auditor.equity(row)
            is_recorded = row in house.backlog or (equity < 0 and house.waiting.bad_debt[row].sum() == -equity)
            if row in distressed:
                assert is_recorded, f"row {row} at {equity}, backlog {house.backlog.tolist()}"
            if row in self.exchange.isolated:
                assert equity >= 0 or is_recorded, f"isolated row {row} lost more than its margin: {equity}"


def drive(*, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        ExchangeMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_exchange_conserves_and_keeps_its_rules_whatever_traders_do() -> None:
    """CLR-LDG-001, CLR-LDG-002, CLR-LDG-004, CLR-MRG-003, CLR-MRG-011, CLR-FND-001, CLR-ADL-003, CLR-LOS-003."""
    drive(examples=60, steps=40)


@pytest.mark.slow
def test_the_exchange_conserves_over_long_histories() -> None:
    drive(examples=1_000, steps=120)


def test_the_auditor_notices_one_quantum_and_one_lot() -> None:
    exchange = Exchange(make_config())
    row = exchange.row("c1")
    for balances, place in ((exchange.world.accounts.quote, row), (exchange.world.accounts.lots, (row, 1))):
        balances[place] += 1
        with pytest.raises(AssertionError):
            exchange.audit()
        balances[place] -= 1
    exchange.audit()


def test_the_scan_notices_a_row_that_the_thresholds_forgot() -> None:
    exchange = Exchange(make_config())
    marks = (700, 200)
    assert exchange.row("c2") in exchange.found(marks) == exchange.dense(marks)
    exchange.world.exchange.thresholds.down[:] = 0
    exchange.world.exchange.thresholds.block_down[:] = 0
    assert exchange.found(marks) != exchange.dense(marks)


def test_a_maker_ruined_by_a_liquidation_is_cleared_in_the_same_cycle() -> None:
    """CLR-MRG-003, CLR-FND-001.

    c3 has 80,000 quanta, is long 200 ETH lots and bids 990 for 100 BTC lots. BTC gaps to 650 and ETH from 200 to 140:
    c3 has 80,000 - 200 x 5 x 60 = 20,000 left, safe. Then c2's liquidation sells it 100 BTC lots at 990, marked at 650:
    20,000 - 34,000, and a maker rebate of 10 (0.011% of 99,000, rounded down): -13,990, which the fund pays.
    """
    exchange = Exchange(make_config(fund_quote=1_000))
    maker = exchange.row("c3")
    exchange.order(maker, 0, Side.BUY, 100, 990)

    exchange.tick((650, 140))

    assert exchange.auditor.counts["LIQUIDATION"] > 0
    assert exchange.auditor.equity(maker) == 0
    assert exchange.auditor.distressed() == set()
    assert exchange.world.clearing.backlog.tolist() == []
