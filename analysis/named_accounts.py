"""The accounts that have a name of their own: named agents, the residual account, accounts of a positions file.

Their role follows what happened to them, so a table of roles alone would lose their names. One row per trader; an
account without a name of its own is called `cohort#number` and is left out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class NamedAccount(NamedTuple):
    """One trader with a name: what it is, its role, and its money in quanta over all its margin rows."""

    name: str
    kind: str
    role: str
    liquidated: bool
    deleveraged: bool
    equity_initial: int
    deposits: int
    equity_final: int
    result: int

    @property
    def outcome(self) -> str:
        """Its role in the singular, with what else happened: `liquidated, deleveraged`, `winner`."""
        told = [word for word, so in (("liquidated", self.liquidated), ("deleveraged", self.deleveraged)) if so]
        if self.role == "liquidated traders" and not self.liquidated:
            told.insert(0, "bankrupt by its own order")
        if not told:
            told = [_SINGULAR.get(self.role, self.role)]
        elif self.role == "residual account":
            told.insert(0, "residual account")
        return ", ".join(told)


_SINGULAR = {
    "other losers": "loser",
    "winners": "winner",
    "makers": "maker",
    "hedged traders": "hedged trader",
}


def named_accounts(accounts: Mapping[str, Any]) -> list[NamedAccount]:
    """Named agents in the order of the config, then the residual account, then those of a file, largest result first.

    accounts: the columns of the `accounts` table.
    """
    columns = {
        name: np.asarray(accounts[name])
        for name in ("name", "kind", "role", "trader", "cohort", "liquidated", "deleveraged")
    }
    money = {
        name: np.asarray(accounts[f"{name}_quanta"], np.int64) for name in ("equity_initial", "deposit", "equity_final")
    }
    traders = np.unique(columns["trader"][_has_own_name(columns)])
    rows_of: dict[int, list[int]] = {int(trader): [] for trader in traders}
    for row in np.flatnonzero(np.isin(columns["trader"], traders)).tolist():
        rows_of[int(columns["trader"][row])].append(row)
    found = []
    for rows in rows_of.values():
        first = rows[0]
        initial, deposits, final = (int(column[rows].sum()) for column in money.values())
        found.append(
            NamedAccount(
                name=str(columns["name"][first]),
                kind=str(columns["kind"][first]),
                role=str(columns["role"][first]),
                liquidated=bool(columns["liquidated"][rows].any()),
                deleveraged=bool(columns["deleveraged"][rows].any()),
                equity_initial=initial,
                deposits=deposits,
                equity_final=final,
                result=final - initial - deposits,
            )
        )
    order = {"named agent": 0, "residual": 1}
    return sorted(found, key=lambda row: (order.get(row.kind, 2), 0 if row.kind in order else -abs(row.result)))


def _has_own_name(columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.bool_]:
    """True for rows of traders whose name is not made from their cohort's."""
    is_agent = np.isin(columns["kind"], ("named agent", "residual"))
    names, cohorts = columns["name"].tolist(), columns["cohort"].tolist()
    is_own = np.array(
        [name != "" and not name.startswith(f"{cohort}#") for name, cohort in zip(names, cohorts, strict=True)],
        np.bool_,
    )
    found: npt.NDArray[np.bool_] = is_agent | (is_own & (columns["kind"] != "reserved"))
    return found
