"""The accounts that have a name of their own: named agents, the residual account, accounts of a positions file.

Their role follows what happened to them, so a table of roles alone would lose their names. One row per trader; an
account without a name of its own is called `cohort#number` and is left out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


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
    columns = {name: np.asarray(accounts[name]) for name in ("kind", "role", "trader", "liquidated", "deleveraged")}
    money = {
        name: np.asarray(accounts[f"{name}_quanta"], np.int64) for name in ("equity_initial", "deposit", "equity_final")
    }
    names = accounts["name"]
    names = names if isinstance(names, pa.StringArray) else pa.array(np.asarray(names), pa.string())
    traders = np.unique(columns["trader"][_has_own_name(columns["kind"], names, accounts["cohort"])])
    rows = np.flatnonzero(np.isin(columns["trader"], traders))
    owners, first, owner = np.unique(columns["trader"][rows], return_index=True, return_inverse=True)
    sums = {name: _by_owner(column[rows], owner, len(owners)) for name, column in money.items()}
    flags = {
        name: _by_owner(columns[name][rows].astype(np.int64), owner, len(owners)) > 0
        for name in ("liquidated", "deleveraged")
    }
    result = sums["equity_final"] - sums["equity_initial"] - sums["deposit"]
    rows_of_owners = rows[first]
    texts = [names.take(pa.array(rows_of_owners)).to_pylist()]
    texts += [columns[name][rows_of_owners].tolist() for name in ("kind", "role")]
    numbers = [column.tolist() for column in (*flags.values(), *sums.values(), result)]
    found = [NamedAccount(*row) for row in zip(*texts, *numbers, strict=True)]
    order = {"named agent": 0, "residual": 1}
    return sorted(found, key=lambda row: (order.get(row.kind, 2), 0 if row.kind in order else -abs(row.result)))


def _by_owner(values: npt.NDArray[np.int64], owner: npt.NDArray[np.intp], n: int) -> npt.NDArray[np.int64]:
    """Sum of values over the rows of each owner."""
    total = np.zeros(n, np.int64)
    np.add.at(total, owner, values)
    return total


def _has_own_name(kind: npt.NDArray[Any], names: pa.StringArray, cohort: Any) -> npt.NDArray[np.bool_]:
    """True for rows of traders whose name is not made from their cohort's."""
    is_agent = (kind == "named agent") | (kind == "residual")
    is_own = np.asarray(pc.not_equal(names, ""))
    number, cohorts = pd.factorize(cohort)
    for place, name in enumerate(cohorts):
        rows = np.flatnonzero(number == place)
        is_own[rows] &= ~np.asarray(pc.starts_with(names.take(pa.array(rows)), f"{name}#"))
    found: npt.NDArray[np.bool_] = is_agent | (is_own & (kind != "reserved"))
    return found
