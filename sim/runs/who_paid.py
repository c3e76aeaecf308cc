"""The who-paid table: all accounts partitioned by role, and what each role gained or lost. It sums to exactly zero.

Result of a role = final equity - initial equity - net deposits, at the final mark, in quanta. What the deleveraged gave
up is a memo outside the sum: nobody was paid it, it is what would have been.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import ConservationError
from ..results import ROLES


class RolePaid(NamedTuple):
    """One row of the table; money in quanta."""

    role: str
    accounts: int
    equity_initial: int
    deposits: int
    equity_final: int
    result: int


def who_paid(accounts: Mapping[str, Any]) -> list[RolePaid]:
    """Return one row a role, in the order of ROLES, roles without accounts left out; results sum to exactly 0.

    accounts: the columns of the `accounts` table.  ConservationError if the results do not sum to zero, or if a role is
    not one of ROLES.
    """
    role = np.asarray(accounts["role"], dtype=object)
    columns = [
        np.asarray(accounts[name], dtype=np.int64)
        for name in ("equity_initial_quanta", "deposit_quanta", "equity_final_quanta")
    ]
    unknown = set(role.tolist()) - set(ROLES)
    if unknown:
        raise ConservationError(f"accounts have roles that are not in the who-paid table: {sorted(unknown)}")
    rows = []
    for name in ROLES:
        members = role == name
        if not members.any():
            continue
        initial, deposits, final = (int(column[members].sum()) for column in columns)
        rows.append(RolePaid(name, int(members.sum()), initial, deposits, final, final - initial - deposits))
    total = sum(row.result for row in rows)
    if total != 0:
        raise ConservationError(f"the who-paid table sums to {total} quanta, not to 0")
    return rows
