"""Ledger.transfer, its compiled twin and the audit agree to the quantum, and the checks catch what they are for."""

import numpy as np
import pytest
from clearsim.errors import ConservationError
from clearsim.kernels.exchange import make_exchange
from clearsim.kernels.ledger.totals import sum_accounts
from clearsim.kernels.ledger.transfer import entry_cost_after as compiled_entry_cost
from clearsim.kernels.ledger.transfer import post_transfer
from clearsim.layout import TRANSFER_DTYPE, Reason
from clearsim.ledger.audit import replay
from clearsim.ledger.ledger import Ledger, Transfer, entry_cost_after, transfer_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.margin import FIRST_TRADER, derived_tiers, make_log, make_markets, make_rows

N_TRADERS, N_MARKETS = 4, 2
N_ROWS = FIRST_TRADER + N_TRADERS


def make_ledger(**log):
    markets = make_markets(marks=[100, 7], tick_values=[1, 50], tiers=[derived_tiers([(0, 5_000, 10_000)])] * N_MARKETS)
    return Ledger(make_exchange(make_rows(N_TRADERS, N_MARKETS), markets, make_log(**log)), n_scopes=1)


rows_pair = st.tuples(st.integers(0, N_ROWS - 1), st.integers(0, N_ROWS - 1)).filter(lambda pair: pair[0] != pair[1])
transfers = st.builds(
    lambda pair, quote, lots, market, reason, price: Transfer(*pair, quote, reason, lots, market, price),
    rows_pair,
    st.integers(-(10**15), 10**15),
    st.one_of(st.just(0), st.integers(-(10**6), 10**6)),
    st.integers(0, N_MARKETS - 1),
    st.sampled_from(list(Reason)),
    st.integers(0, 10**6),
)


def state(ledger):
    """All arrays of accounts and log, as plain lists."""
    return [array.tolist() for array in (*ledger.accounts, *ledger.log)]


@settings(max_examples=150, deadline=None)
@given(items=st.lists(transfers, max_size=30), log_on=st.booleans(), marks=st.lists(st.integers(1, 500), max_size=3))
def test_compiled_transfers_equal_the_plain_verb_in_balances_flows_costs_touches_and_log(items, log_on, marks):
    """CLR-LDG-001, CLR-LDG-002, CLR-LDG-003: one by one, as a batch, and in plain Python."""
    plain, compiled, batch = (make_ledger(log_on=log_on) for _ in range(3))
    cuts = [len(items) * (i + 1) // (len(marks) + 1) for i in range(len(marks) + 1)]
    start = 0
    for cut, mark in zip(cuts, [*marks, None], strict=True):
        part = items[start:cut]
        for item in part:
            plain.transfer(**item._asdict())
            post_transfer(
                compiled.exchange,
                item.payer,
                item.payee,
                item.quote,
                item.lots,
                item.market,
                int(item.reason),
                item.price,
            )
        for item in part:
            batch.transfer_batch(transfer_rows(**item._asdict()))
        start = cut
        if mark is not None:
            for ledger in (plain, compiled, batch):
                ledger.markets.mark[0] = mark
    assert state(compiled) == state(plain)
    assert state(batch) == state(plain)


@settings(max_examples=100, deadline=None)
@given(items=st.lists(transfers, min_size=1, max_size=30))
def test_audit_rebuilds_all_balances_from_the_log_alone(items):
    """CLR-LDG-001: the replay shares no code with the ledger; every flow by reason sums to zero over the rows."""
    ledger = make_ledger()
    for item in items:
        ledger.transfer(**item._asdict())
    n = int(ledger.log.header["n_transfers"][0])
    log = ledger.log.transfers[:n]
    balances = replay(log, N_ROWS, N_MARKETS)
    assert balances.quote.tolist() == ledger.accounts.quote.tolist()
    assert balances.lots.tolist() == ledger.accounts.lots.tolist()
    split = replay([log[n // 2 :], log[: n // 2]], N_ROWS, N_MARKETS)
    assert split.quote.tolist() == balances.quote.tolist()
    assert ledger.accounts.flows.sum(axis=0).tolist() == [0] * len(Reason)
    assert balances.received.sum(axis=0).tolist() == [0] * len(Reason)


@given(
    cost=st.integers(-(10**17), 10**17),
    lots=st.integers(-(10**9), 10**9),
    change=st.integers(-(10**9), 10**9).filter(bool),
    value=st.integers(-(10**17), 10**17),
)
@settings(max_examples=300, deadline=None)
def test_entry_cost_is_the_same_in_both_twins_far_out(cost, lots, change, value):
    """CLR-LDG-002: up to 1e9 lots and 1e17 quanta, where a plain product would leave int64."""
    expected = entry_cost_after(cost=cost, lots=lots, change=change, value=value)
    assert compiled_entry_cost(cost, lots, change, value) == expected


def test_entry_cost_of_the_worked_examples():
    """CLR-LDG-002: 10 for 1,001 less 3 leaves 700; a flip restarts at the new price; closing leaves nothing."""
    assert entry_cost_after(cost=0, lots=0, change=10, value=1001) == 1001
    assert entry_cost_after(cost=1001, lots=10, change=-3, value=-400) == 700
    assert entry_cost_after(cost=1001, lots=10, change=-10, value=-400) == 0
    assert entry_cost_after(cost=1001, lots=10, change=-15, value=-1500) == -500
    assert entry_cost_after(cost=-1001, lots=-10, change=3, value=400) == -701


def test_a_purchase_books_both_sides_and_its_gap_to_the_mark():
    """CLR-LDG-001, CLR-LDG-003: 3 lots for 310 at a mark of 100."""
    ledger = make_ledger()
    buyer, seller = FIRST_TRADER, FIRST_TRADER + 1
    ledger.transfer(payer=buyer, payee=seller, quote=310, lots=3, reason=Reason.TRADE, price=103)
    accounts = ledger.accounts
    assert accounts.quote[[buyer, seller]].tolist() == [-310, 310]
    assert accounts.lots[[buyer, seller], 0].tolist() == [3, -3]
    assert accounts.cost[[buyer, seller], 0].tolist() == [310, -310]
    assert accounts.flows[[buyer, seller], Reason.TRADE].tolist() == [-10, 10]
    assert accounts.marked_cost[[buyer, seller]].tolist() == [300, -300]
    ledger.check_touched()
    ledger.check_full()


def test_a_quantum_added_by_hand_is_caught_in_its_cycle_and_named():
    """CLR-LDG-004: by the check of touched rows, and by the full sums if the row was not touched."""
    ledger = make_ledger()
    ledger.log.header["cycle"] = 17
    ledger.transfer(payer=FIRST_TRADER, payee=FIRST_TRADER + 1, quote=5, reason=Reason.FEE)
    ledger.accounts.quote[FIRST_TRADER] += 1
    with pytest.raises(ConservationError, match="cycle 17: 1 quanta"):
        ledger.check_touched()

    ledger = make_ledger()
    ledger.accounts.quote[FIRST_TRADER] += 1
    ledger.check_touched()
    with pytest.raises(ConservationError, match="sum to 1 quanta"):
        ledger.check_sums()


def test_a_lot_added_by_hand_is_caught():
    """CLR-LDG-004."""
    ledger = make_ledger()
    ledger.transfer(payer=FIRST_TRADER, payee=FIRST_TRADER + 1, quote=5, lots=1, market=1, reason=Reason.TRADE)
    ledger.accounts.lots[FIRST_TRADER, 1] += 1
    with pytest.raises(ConservationError, match=r"\[0, 1\] lots"):
        ledger.check_touched()


def test_errors_that_cancel_in_sum_are_caught_by_the_flows():
    """CLR-LDG-003."""
    ledger = make_ledger()
    ledger.accounts.quote[FIRST_TRADER] += 1
    ledger.accounts.quote[FIRST_TRADER + 1] -= 1
    ledger.check_sums()
    with pytest.raises(
        ConservationError, match=f"account {FIRST_TRADER} differs from the sum of its flows by -1 quanta"
    ):
        ledger.check_full()


def test_a_fund_below_zero_is_caught():
    """CLR-LDG-004."""
    ledger = make_ledger()
    ledger.transfer(payer=3, payee=FIRST_TRADER, quote=1, reason=Reason.FUND_DRAW)
    with pytest.raises(ConservationError, match="fund 3 has -1 quanta"):
        ledger.check_touched()


def test_the_check_starts_a_new_cycle():
    ledger = make_ledger()
    ledger.transfer(payer=0, payee=FIRST_TRADER, quote=5, reason=Reason.DEPOSIT)
    ledger.check_touched()
    assert ledger.log.header["n_touched"][0] == 0
    ledger.transfer(payer=0, payee=FIRST_TRADER, quote=5, reason=Reason.DEPOSIT)
    assert ledger.accounts.touched[: ledger.log.header["n_touched"][0]].tolist() == [0, FIRST_TRADER]


def test_a_batch_stops_where_the_log_is_full_and_goes_on_after_a_spill():
    ledger = make_ledger(capacity=3)
    rows = transfer_rows(payer=0, payee=np.arange(5, 9), quote=[1, 2, 3, 4], reason=Reason.DEPOSIT)
    assert rows.shape == (4,)
    assert rows.dtype == TRANSFER_DTYPE
    assert ledger.transfer_batch(rows) == 3
    ledger.log.header["n_transfers"][0] = 0
    assert ledger.transfer_batch(rows, 3) == 4
    assert ledger.accounts.quote[5:9].tolist() == [1, 2, 3, 4]


def test_a_transfer_to_oneself_is_refused():
    ledger = make_ledger()
    with pytest.raises(ValueError, match="payer and payee must differ"):
        ledger.transfer(payer=6, payee=6, quote=1, reason=Reason.FEE)
    with pytest.raises(ValueError, match="payer and payee must differ"):
        ledger.transfer_batch(transfer_rows(payer=[5, 6], payee=6, quote=1, reason=Reason.FEE))


def test_a_full_log_is_an_error_of_the_plain_verb():
    ledger = make_ledger(capacity=1)
    ledger.transfer(payer=0, payee=5, quote=1, reason=Reason.DEPOSIT)
    with pytest.raises(ConservationError, match="log is full"):
        ledger.transfer(payer=0, payee=5, quote=1, reason=Reason.DEPOSIT)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), n_rows=st.integers(0, 7), n_markets=st.integers(1, 5))
def test_sums_over_all_rows_are_those_of_plain_python(data, n_rows, n_markets):
    """CLR-LDG-001, in one market, which has a loop of its own, and in several."""
    numbers = st.integers(-(10**12), 10**12)
    quote = data.draw(st.lists(numbers, min_size=n_rows, max_size=n_rows))
    lots = [data.draw(st.lists(numbers, min_size=n_markets, max_size=n_markets)) for _ in range(n_rows)]
    net, positive = np.full((2, n_markets), 77, np.int64)  # what stood there before does not count
    flat = np.array(lots, np.int64).reshape(-1)
    assert sum_accounts(np.array(quote, np.int64), flat, net, positive) == sum(quote)
    assert net.tolist() == [sum(row[market] for row in lots) for market in range(n_markets)]
    assert positive.tolist() == [sum(max(row[market], 0) for row in lots) for market in range(n_markets)]


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.lists(transfers, max_size=10), max_size=4))
def test_open_interest_carried_on_over_cycles_is_the_sum_of_positive_positions(parts):
    """CLR-LDG-004."""
    ledger = make_ledger()
    for part in parts:
        for item in part:
            ledger.transfer(**item._asdict())
        if not any(ledger.accounts.quote[row] < 0 for row in ledger.reserved[0].tolist()):
            ledger.check_touched()
            assert ledger.open_interest.tolist() == np.maximum(ledger.accounts.lots, 0).sum(axis=0).tolist()
