"""Accounts with a name keep it whatever happens to them; hedged parties show both legs."""

import numpy as np
import pytest
from clearsim.analysis.hedged import hedged_parties
from clearsim.analysis.named_accounts import named_accounts
from clearsim.results import ACCOUNTS

from tests.fake_engine import blank


def make(rows):
    """An accounts table from (name, cohort, kind, role, result) with equity 100 before; one row per trader."""
    table = blank(ACCOUNTS, len(rows))
    for place, column in enumerate(("name", "cohort", "kind", "role")):
        table[column] = np.array([row[place] for row in rows], dtype=object)
    table["trader"] = np.arange(len(rows))
    table["equity_initial_quanta"] = np.full(len(rows), 100)
    table["equity_final_quanta"] = np.array([100 + row[4] for row in rows])
    return table


def test_agents_come_first_then_the_residual_account_then_those_of_a_file_by_size():
    table = make(
        [
            ("FUND:main", "", "reserved", "insurance fund", 5),
            ("noise#0", "noise", "trader", "winners", 9),
            ("ann", "own book", "trader", "other losers", -3),
            ("bob", "noise", "trader", "winners", 8),
            ("house", "own book", "residual", "residual account", -40),
            ("whale", "whale", "named agent", "other losers", -1),
        ]
    )
    assert [row.name for row in named_accounts(table)] == ["whale", "house", "bob", "ann"]


@pytest.mark.parametrize(
    ("role", "liquidated", "deleveraged", "outcome"),
    [
        ("liquidated traders", True, False, "liquidated"),
        ("liquidated traders", True, True, "liquidated, deleveraged"),
        ("liquidated traders", False, False, "bankrupt by its own order"),
        ("deleveraged traders", False, True, "deleveraged"),
        ("residual account", False, True, "residual account, deleveraged"),
        ("residual account", False, False, "residual account"),
        ("winners", False, False, "winner"),
        ("other losers", False, False, "loser"),
        ("flat or unchanged", False, False, "flat or unchanged"),
        ("hedged traders", False, False, "hedged trader"),
    ],
)
def test_a_name_says_what_happened(role, liquidated, deleveraged, outcome):
    table = make([("alice", "alice", "named agent", role, 0)])
    table["liquidated"], table["deleveraged"] = np.array([liquidated]), np.array([deleveraged])
    assert named_accounts(table)[0].outcome == outcome


def test_rows_of_one_name_are_one_line():
    """A wallet that kept its 100 and an isolated position that lost its 100 and was liquidated."""
    table = make([("alice", "alice", "named agent", "liquidated traders", 0)] * 2)
    table["trader"], table["liquidated"] = np.array([0, 0]), np.array([False, True])
    table["equity_final_quanta"] = np.array([100, 0])
    [row] = named_accounts(table)
    assert (row.equity_initial, row.equity_final, row.result, row.outcome) == (200, 100, -100, "liquidated")


def test_the_outside_leg_mirrors_the_price_move():
    """Two holders: +70 by price and -2 by fees, -20 by price: 48 here, -50 outside, -2 both. Deleveraged ones count."""
    table = make(
        [
            ("basis#0", "basis", "hedged", "hedged traders", 68),
            ("basis#1", "basis", "hedged", "deleveraged traders", -20),
            ("noise#0", "noise", "trader", "winners", 500),
        ]
    )
    table["price_quanta"] = np.array([70, -20, 500])
    found = hedged_parties(table)
    assert (found.traders, found.result, found.outside, found.both) == (2, 48, -50, -2)
    assert hedged_parties(make([("noise#0", "noise", "trader", "winners", 0)])) is None
