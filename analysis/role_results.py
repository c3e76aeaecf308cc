"""The gain or loss of each who-paid role: all accounts partitioned by role, with results that sum to exactly zero.

Result of a role = final equity - initial equity - net deposits, at the final mark, in quanta. A role may net to 0
although its members gained and lost, so their gains and losses stand beside it. The harm to the deleveraged is a memo
outside the sum: no account received it. NumPy only, so that a run prints it without pandas.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
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


def role_results(accounts: Mapping[str, Any]) -> list[RoleResult]:
    """Return one row per role, in the order of ROLES, roles without accounts left out; results sum to exactly 0.

    accounts: the columns of the `accounts` table.  AnalysisError if a role is unknown or the sum is not 0.
    """
    role, trader = np.asarray(accounts["role"], dtype=object), np.asarray(accounts["trader"])
    columns = [
        np.asarray(accounts[name], dtype=np.int64)
        for name in ("equity_initial_quanta", "deposit_quanta", "equity_final_quanta")
    ]
    unknown = sorted(set(role.tolist()) - set(ROLES))
    if unknown:
        raise AnalysisError(f"table accounts: unknown roles {unknown}; expected one of {', '.join(ROLES)}")
    owners, member_of = np.unique(trader, return_inverse=True)
    of_owner = np.zeros(len(owners), np.int64)
    np.add.at(of_owner, member_of, columns[2] - columns[0] - columns[1])
    rows = []
    for name in ROLES:
        members = role == name
        if not members.any():
            continue
        initial, deposits, final = (exact_sum(column[members]) for column in columns)
        results = of_owner[np.unique(member_of[members])]
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
