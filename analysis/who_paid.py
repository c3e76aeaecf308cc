"""Who paid: every account in one role, the gain or loss of each role, and the components of each cohort's change in
equity.

Sums are exact in quanta and checked here a second time, independently of the run: roles sum to zero, components sum to
the change in equity of every row, and each component sums to zero over all rows. The harm of ADL to the deleveraged is
a memo: it is not part of any sum, because no account received it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from clearsim.results import ATTRIBUTION, FLOWS, RESERVED_ROLES

from .errors import AnalysisError
from .money import exact_sum
from .role_results import role_results

COMPONENTS = tuple(f"{name}_quanta" for name in ATTRIBUTION)

#: Groups of components for readers: label -> columns of `accounts`. Every component is in exactly one group.
GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(flow.name for flow in FLOWS if flow.group == group) for group in dict.fromkeys(f.group for f in FLOWS)
}

#: Flows through which others cover a loss, in the order of the loss waterfall.
PAYERS = tuple(sorted((flow for flow in FLOWS if flow.payer), key=lambda flow: flow.payer_rank))

#: The measures of the harm of ADL to the deleveraged: label -> column of `runs`, without `_quanta`.
ADL_HARM = {
    "at execution: (mark - execution) x quantity": "adl_harm",
    "profit forgone 1 minute later": "adl_forgone_1m",
    "profit forgone 10 minutes later": "adl_forgone_10m",
    "profit forgone 60 minutes later (or at the close)": "adl_forgone_60m",
    "profit forgone against the mark at the close": "adl_forgone_close",
}


def who_paid(accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per role that has accounts, in the order of ROLES; the results sum to exactly 0.

    Columns: role, n_accounts, n_traders, equity_initial_quanta, net_deposits_quanta, equity_final_quanta, result_quanta
    (final - initial - net deposits), gained_quanta and lost_quanta (sums over the traders of the role who gained and
    who lost, >= 0; result = gained - lost) as Python ints.  AnalysisError if a role is unknown or the sum is not 0.
    """
    rows = [
        {
            "role": row.role,
            "n_accounts": row.accounts,
            "n_traders": row.traders,
            "equity_initial_quanta": row.equity_initial,
            "net_deposits_quanta": row.deposits,
            "equity_final_quanta": row.equity_final,
            "result_quanta": row.result,
            "gained_quanta": row.gained,
            "lost_quanta": row.lost,
        }
        for row in role_results(accounts)
    ]
    return pd.DataFrame(rows).astype(
        {name: object for name in rows[0] if name.endswith("_quanta")}  # Python ints: exact at any size
    )


def check_attribution(accounts: pd.DataFrame) -> None:
    """AnalysisError unless components add up to each row's change in equity, and each sums to 0 over all rows."""
    change = accounts["equity_final_quanta"] - accounts["equity_initial_quanta"]
    residual = (change - accounts[list(COMPONENTS)].sum(axis=1)).to_numpy()
    if residual.any():
        at = int(np.flatnonzero(residual)[0])
        raise AnalysisError(
            f"table accounts: no component explains {residual[at]} quanta of account {accounts['account'].iloc[at]}"
        )
    for name in COMPONENTS:
        total = exact_sum(accounts[name])
        if total != 0:
            raise AnalysisError(f"table accounts: component {name} must sum to 0 over all accounts, found {total}")


def cohort_labels(accounts: pd.DataFrame) -> pd.Series:
    """The heading of each row: its cohort, a named agent's name, a reserved account's role."""
    reserved = (accounts["mode"] == "reserved") | (accounts["cohort"] == "")
    named = reserved & (accounts["mode"] != "reserved") & (accounts["name"] != "")
    label = accounts["cohort"].where(~reserved, accounts["role"])
    return label.where(~named, accounts["name"])


def attribution_by_cohort(accounts: pd.DataFrame) -> pd.DataFrame:
    """Change in equity of each cohort by component: one row per cohort, one column per component, Python ints.

    Columns: cohort, n_accounts, the components of ATTRIBUTION (with `_quanta`), change_quanta; residual 0 is checked.
    """
    check_attribution(accounts)
    labels = cohort_labels(accounts).to_numpy(dtype=object)
    rows = []
    for label in dict.fromkeys(labels):
        members = accounts[labels == label]
        row: dict[str, Any] = {"cohort": label, "n_accounts": len(members)}
        row |= {name: exact_sum(members[name]) for name in COMPONENTS}
        row["change_quanta"] = exact_sum(members["equity_final_quanta"]) - exact_sum(members["equity_initial_quanta"])
        rows.append(row)
    rows.sort(key=lambda row: row["cohort"] in RESERVED_ROLES)
    return pd.DataFrame(rows).astype({name: object for name in (*COMPONENTS, "change_quanta")})


def group_components(attribution: pd.DataFrame) -> pd.DataFrame:
    """The attribution with its components merged into GROUPS, exact; columns: cohort, the groups, change_quanta."""
    grouped = pd.DataFrame({"cohort": attribution["cohort"]})
    for label, names in GROUPS.items():
        grouped[label] = attribution[[f"{name}_quanta" for name in names]].sum(axis=1).astype(object)
    grouped["change_quanta"] = attribution["change_quanta"]
    return grouped


class AdlHarm(NamedTuple):
    """The harm of ADL by one measure, quanta: what closes worse than the measure's price lost, what better ones gained
    (both >= 0), and the difference."""

    label: str
    lost: int
    gained: int
    net: int


def adl_harm_lines(run: Mapping[str, Any]) -> list[AdlHarm]:
    """Memo lines of the who-paid table: the harm of ADL by each measure, from the row of `runs`."""
    lines = []
    for label, name in ADL_HARM.items():
        net, gained = int(run[f"{name}_quanta"]), int(run[f"{name}_gained_quanta"])
        lines.append(AdlHarm(label, net + gained, gained, net))
    return lines


def is_failed(accounts: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """True for the rows that were liquidated, or whose deficit others paid."""
    return np.asarray(accounts["liquidated"].to_numpy(dtype=bool) | accounts["bankrupt"].to_numpy(dtype=bool))


def loss_waterfall(accounts: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Causes of the loss of liquidated accounts and the payers who covered it, in quanta; both sides are equal.

    The liquidated (and those bankrupt without liquidation, as after a stop order) and the engine that took over from
    them are one party here, so that takeovers cancel. Result: {"causes": label -> loss (+), "payers": label -> amount
    paid (+; - if it gained)}. "own margin" is their own loss; the other payers cover the rest.
    """
    engine = (accounts["role"] == "engine").to_numpy()
    failed = is_failed(accounts) & ~engine
    party, liquidated = accounts[failed | engine], accounts[failed]
    lost = {name: -exact_sum(party[f"{name}_quanta"]) for name in ATTRIBUTION}
    causes = {
        label: sum(lost[flow.name] for flow in FLOWS if flow.cause == label)
        for label in dict.fromkeys(flow.cause for flow in FLOWS if flow.cause)
    }
    payers = {"own margin": _loss_of(liquidated), "engine, still open": _loss_of(accounts[engine])}
    payers |= {flow.payer: -lost[flow.name] for flow in PAYERS}
    if sum(causes.values()) != sum(payers.values()):
        raise AnalysisError(f"loss of {sum(causes.values())} quanta, but {sum(payers.values())} quanta were paid")
    return {"causes": causes, "payers": payers}


def _loss_of(rows: pd.DataFrame) -> int:
    """The loss of these rows, net of deposits and of transfers from other rows of the same owner."""
    change = exact_sum(rows["equity_final_quanta"]) - exact_sum(rows["equity_initial_quanta"])
    return sum(exact_sum(rows[f"{flow.name}_quanta"]) for flow in FLOWS if flow.moved_by == "owner") - change
