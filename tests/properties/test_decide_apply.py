"""Decisions against plain readings of the rules that share no code with them: a greedy ADL, and the draft."""

from decimal import Decimal

import numpy as np
from clearsim.clearing.adl import BinanceWalletRanking, ProfitLeverageRanking, who_would_be_deleveraged
from clearsim.clearing.adl.allocation import Greedy
from clearsim.clearing.loss import plan_tear_up
from clearsim.clearing.takeover import plan_takeover
from clearsim.kernels.ledger.draft import make_draft, move
from clearsim.kernels.ledger.transfer import post_transfer
from clearsim.layout import Reason
from clearsim.units import allocate_largest_remainder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worlds.clearing import ClearingWorld

common = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
rows = st.tuples(st.integers(1, 40), st.integers(80, 120), st.integers(0, 400))  # lots, entry, money


def one_market(longs, shorts, mark):
    """Longs come first; marks and entries differ, so both sides hold winners and losers."""
    world = ClearingWorld([], marks=(mark,), traders=len(longs) + len(shorts))
    for i, (lots, entry, money) in enumerate((*longs, *shorts)):
        world.trader(i, money=money, lots=lots if i < len(longs) else -lots, price=entry)
    return world


def greedy_by_hand(world, targets, ranking, limit):
    """CLR-ADL-001 to CLR-ADL-005 for one market in Python integers: (target, counterparty, lots, quote) in order."""
    mark = int(world.markets.mark[0])
    scores = ranking.score_side(
        world.accounts, world.markets, market=0, side=-1, only_profit=True, quantum=Decimal(1)
    ).tolist()
    queue = sorted((row for row, score in enumerate(scores) if score == score), key=lambda row: (-scores[row], row))
    lots = {row: world.lots(row) for row in range(len(scores))}
    money = {row: world.money(row) for row in lots}
    closes = []
    for target in targets:
        want, picked = lots[target], []
        total = -money[target]  # closing at the bankruptcy price leaves nothing
        for row in queue:
            open_lots = want - sum(take for _, take in picked)
            take = min(-lots[row], open_lots)
            pays = total if take == want else -((-total * take) // want)
            if (
                take > 0
                and len(closes) + len(picked) < limit
                and money[row] + lots[row] * mark - pays + take * mark >= 0
            ):
                picked.append((row, take))
        got = sum(take for _, take in picked)
        if not picked:
            continue
        quote = total if got == want else total * got // want
        order = sorted(picked)
        shares = dict(
            zip((row for row, _ in order), allocate_largest_remainder(quote, [n for _, n in order]), strict=True)
        )
        for row, take in picked:
            closes.append((target, row, take, shares[row]))
            lots[row], money[row] = lots[row] + take, money[row] - shares[row]
    return closes


@common
@given(
    st.lists(rows, min_size=1, max_size=5),
    st.lists(rows, min_size=1, max_size=14),
    st.integers(70, 130),
    st.sampled_from([ProfitLeverageRanking(), BinanceWalletRanking()]),
    st.sampled_from([1, 3, 10**6]),
)
def test_greedy_equals_the_rule_in_plain_python(longs, shorts, mark, ranking, limit):
    """CLR-ADL-001, CLR-ADL-002, CLR-ADL-004, CLR-ADL-006: all longs are closed, in order, against the shorts."""
    world = one_market(longs, shorts, mark)
    targets = np.array([world.t(i) for i in range(len(longs))])
    decision = who_would_be_deleveraged(
        world.accounts, world.markets, targets, market=0, ranking=ranking, allocation=Greedy(), matches_left=limit
    )
    closes = decision.closes
    found = zip(
        *(column.tolist() for column in (closes.target, closes.counterparty, closes.lots, closes.quote)), strict=True
    )
    assert list(found) == greedy_by_hand(world, targets.tolist(), ranking, limit)
    assert decision.matches == len(closes.target) <= len(longs) + len(shorts)


@common
@given(
    st.lists(
        st.tuples(st.integers(5, 9), st.integers(5, 9), st.integers(-900, 900), st.integers(-30, 30)).filter(
            lambda item: item[0] != item[1]
        ),
        max_size=12,
    )
)
def test_a_draft_moves_as_the_ledger_does(moves):
    """CLR-LDG-001, CLR-LDG-002: money, contracts and entry cost, through increases, decreases and flips."""
    world = one_market([(10, 100, 50), (7, 90, 50)], [(4, 100, 50), (13, 95, 50), (1, 80, 9)], 100)
    draft, ids = make_draft(world.accounts, np.arange(5, 10))
    assert ids.tolist() == list(range(10))
    for payer, payee, quote, lots in moves:
        move(draft, payer, payee, quote, lots, 0)
        post_transfer(world.exchange, payer, payee, quote, lots, 0, int(Reason.ADL), 0)
    for name in ("quote", "lots", "cost"):
        assert np.array_equal(getattr(draft, name), getattr(world.accounts, name)), name


def arrays_of(world):
    desk = world.house.desk
    return [array.copy() for array in (*desk.accounts, *desk.markets, *desk.log, *desk.records, *desk.waiting)]


@common
@given(st.lists(rows, min_size=1, max_size=5), st.lists(rows, min_size=1, max_size=10), st.integers(60, 140))
def test_plans_change_nothing_and_balance(longs, shorts, mark):
    """CLR-ADL-015 for the other layers: takeover and tear-up answer with a list, and nothing has moved."""
    world = one_market(longs, shorts, mark)
    world.plan(*range(world.rows.first_trader, len(world.accounts.quote)))
    desk, before = world.house.desk, arrays_of(world)
    taken = plan_takeover(desk.exchange, world.due, caps=desk.caps)
    held = np.array([row for row in world.due if world.lots(row) > 0], np.int64)
    need = int(world.accounts.lots[held, 0].sum())
    torn = plan_tear_up(desk.accounts, desk.markets, held, market=0, side=1, need=need) if need else None
    assert all(np.array_equal(was, now) for was, now in zip(before, arrays_of(world), strict=True))
    assert (taken.lots > 0).all()
    assert (taken.counterparty == world.engine).all()
    if torn is not None:
        assert torn.lots.sum() == need
        assert (torn.quote == torn.lots * mark).all()
