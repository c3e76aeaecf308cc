"""Results of roles: a partition of all accounts that sums to exactly zero, or an error."""

import numpy as np
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.role_results import RoleResult, own_order_note, role_results

from tests.fake_engine import accounts_table


def test_roles_partition_accounts_and_sums_to_zero() -> None:
    assert role_results(accounts_table()) == [
        RoleResult("liquidated traders", 1, 100, 0, 70, -30, 1, gained=0, lost=30),
        RoleResult("winners", 1, 100, 0, 130, 30, 1, gained=30, lost=0),
        RoleResult("outside", 1, -200, 0, -200, 0, 0, gained=0, lost=0),
    ]


def test_deposits_are_not_results() -> None:
    table = accounts_table()
    table["deposit_quanta"] = np.array([-50, 50, 0])
    table["equity_final_quanta"] = np.array([-250, 120, 130])
    assert [row.result for row in role_results(table)] == [-30, 30, 0]


def test_a_role_that_nets_to_zero_still_shows_what_its_members_gained_and_lost() -> None:
    """Two makers, one +30 and one -30: the role nets to 0, and 30 was gained and 30 lost in it."""
    table = accounts_table()
    table["role"] = np.array(["outside", "makers", "makers"], dtype=object)
    makers = role_results(table)[0]
    assert (makers.role, makers.result, makers.gained, makers.lost) == ("makers", 0, 30, 30)


def test_rows_of_one_trader_count_as_one_gain_or_loss() -> None:
    """A wallet that gained 30 and an isolated position that lost 30 are one trader who neither gained nor lost."""
    table = accounts_table()
    table["trader"] = np.array([0, 1, 1])
    table["role"] = np.array(["outside", "flat or unchanged", "flat or unchanged"], dtype=object)
    row = role_results(table)[0]
    assert (row.traders, row.result, row.gained, row.lost) == (1, 0, 0, 0)


def test_a_table_that_does_not_sum_to_zero_is_an_error() -> None:
    table = accounts_table()
    table["equity_final_quanta"] = np.array([-200, 70, 131])
    with pytest.raises(AnalysisError, match="sum to 0 quanta, found 1"):
        role_results(table)


def test_a_role_that_is_not_in_the_table_is_an_error() -> None:
    table = accounts_table()
    table["role"] = np.array(["outside", "winners", "bystanders"], dtype=object)
    with pytest.raises(AnalysisError, match="bystanders"):
        role_results(table)


def test_traders_below_zero_by_their_own_orders_are_told_apart_from_the_liquidated() -> None:
    columns = {
        "role": ["liquidated traders", "liquidated traders", "liquidated traders", "winners"],
        "trader": [1, 1, 2, 3],
        "liquidated": [True, False, True, False],
    }
    assert own_order_note(columns) == ""  # a trader with one liquidated row of two was liquidated
    own_stop = columns | {"liquidated": [True, False, False, False]}
    assert own_order_note(own_stop) == (
        "1 of the liquidated traders was never liquidated by the clearing house: a fill of its own order left it below"
        " zero"
    )
    assert own_order_note(own_stop | {"liquidated": [False] * 4}).startswith("2 of the liquidated traders were never")
