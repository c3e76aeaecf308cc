"""The gain or loss of each who-paid role: all accounts partitioned by role, with results that sum to exactly zero.

Result of a role = final equity - initial equity - net deposits, at the final mark, in quanta. A role may net to 0
although its members gained and lost, so their gains and losses stand beside it. The harm to the deleveraged is a memo
outside the sum: no account received it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from clearsim.results import RESERVED_ROLES, ROLES

from .errors import AnalysisError
from .money import exact_sum


class RoleResult(NamedTuple):
    """One role: its accounts, its money in quanta, its traders (0 for reserved accounts), and the sums of the results
    of those who gained and of those who lost (both >= 0; result = gained - lost)."""

    role: str
    accounts: int
    equity_initial: int
    deposits: int
    equity_final: int
    result: int
    traders: int
    gained: int
    lost: int


def own_order_note(accounts: Mapping[str, Any]) -> str:
    """Why the role of the liquidated may count more traders than were liquidated; empty if it does not.

    accounts: the columns of the `accounts` table. The role also holds traders whom a fill of their own order, such as a
    stop in a gap, left below zero before the clearing house acted.
    """
    in_role = np.asarray(accounts["role"]) == "liquidated traders"
    traders = np.asarray(accounts["trader"])
    liquidated = np.unique(traders[np.asarray(accounts["liquidated"], dtype=np.bool_)])
    count = len(np.setdiff1d(traders[in_role], liquidated))
    if not count:
        return ""
    many = count != 1
    return (
        f"{count:,} of the liquidated traders {'were' if many else 'was'} never liquidated by the clearing house:"
        f" a fill of {'their' if many else 'its'} own order left {'them' if many else 'it'} below zero"
    )


def role_results(accounts: Mapping[str, Any]) -> list[RoleResult]:
    """Return one row per role, in the order of ROLES, roles without accounts left out; results sum to exactly 0.

    accounts: the columns of the `accounts` table.  AnalysisError if a role is unknown or the sum is not 0.
    """
    role_of, roles = pd.factorize(accounts["role"], use_na_sentinel=False)
    columns = [
        np.asarray(accounts[name], dtype=np.int64)
        for name in ("equity_initial_quanta", "deposit_quanta", "equity_final_quanta")
    ]
    unknown = sorted(set(roles) - set(ROLES), key=str)
    if unknown:
        raise AnalysisError(f"table accounts: unknown roles {unknown}; expected one of {', '.join(ROLES)}")
    member_of, owners = pd.factorize(np.asarray(accounts["trader"]))
    of_owner = np.zeros(len(owners), np.int64)
    np.add.at(of_owner, member_of, columns[2] - columns[0] - columns[1])
    rows = []
    for name in (name for name in ROLES if name in roles):
        members = role_of == list(roles).index(name)
        initial, deposits, final = (exact_sum(column[members]) for column in columns)
        is_owner = np.zeros(len(owners), np.bool_)
        is_owner[member_of[members]] = True
        results = of_owner[is_owner]
        rows.append(
            RoleResult(
                name,
                accounts=int(members.sum()),
                equity_initial=initial,
                deposits=deposits,
                equity_final=final,
                result=final - initial - deposits,
                traders=0 if name in RESERVED_ROLES else len(results),
                gained=exact_sum(results[results > 0]),
                lost=-exact_sum(results[results < 0]),
            )
        )
    total = sum(row.result for row in rows)
    if total != 0:
        raise AnalysisError(f"table accounts: the results of all roles must sum to 0 quanta, found {total}")
    return rows
