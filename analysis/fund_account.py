"""The account of the insurance fund: gross payments, net of ENGINE, net result and required fund, in one table.

Each part adds to the total before it, exactly, in quanta: so every number that a report prints of the fund is a line
here, and its label is the one it has elsewhere. All funds of a run together.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .money import exact_sum
from .run_folder import RunFolder


class FundLine(NamedTuple):
    """One line: name, label, signed quanta (+ into the fund), whether it is the total so far, where else it stands."""

    name: str
    label: str
    quanta: int
    is_total: bool
    shown_as: str


def fund_account(accounts: Mapping[str, Any], run: Mapping[str, Any]) -> list[FundLine]:
    """Return the lines from gross payments to the required fund; each total is the sum of all parts before it.

    accounts: columns of the `accounts` table.  run: the row of `runs`.
    """
    role = np.asarray(accounts["role"])
    is_reserved = np.asarray(accounts["kind"]) == "reserved"
    fund = _Members(accounts, role == "insurance fund")
    drawn, required = int(run["fund_draw_quanta"]), int(run["required_fund_quanta"])
    to_traders = _Members(accounts, ~is_reserved).sum("fund")
    from_engine = drawn + fund.sum("fund")
    fees, surplus = fund.sum("liquidation_fee"), fund.sum("surplus")
    result, engine = fund.result(), _Members(accounts, role == "engine").result()
    other = result - fund.sum("fund") - fees - surplus
    parts = [
        ("to_accounts", "paid to liquidated accounts", -to_traders, ""),
        ("to_engine", "paid to ENGINE for its losses", -(drawn - to_traders), ""),
        ("gross_payments", "gross payments", None, "card, fund chart: paid out, gross"),
        ("from_engine", "received from ENGINE: its gains", from_engine, ""),
        ("net_of_engine", "payments net of ENGINE's gains", None, "loss waterfall, loss flows, attribution"),
        ("fees", "received: liquidation fees", fees, ""),
        ("surplus", "received: surplus of liquidated accounts", surplus, ""),
        ("other", "received: other", other, ""),
        ("net_result", "net result of the fund", None, "who paid: insurance fund"),
        ("engine_result", "result of ENGINE, inventory at the final mark", engine, "who paid: engine"),
        ("together", "fund and ENGINE together at the end", None, ""),
        ("since_lowest", "less what they gained after their lowest point", -(required + result + engine), ""),
        ("required_fund", "lowest point: required fund, as a loss", None, "required fund"),
    ]
    lines, so_far = [], 0
    for name, label, quanta, shown_as in parts:
        so_far += quanta or 0
        if name != "other" or other:
            lines.append(FundLine(name, label, so_far if quanta is None else quanta, quanta is None, shown_as))
    return lines


class FundFacts(NamedTuple):
    """One fund over a run, in quanta. gross, received: paid out and received in all.  lowest: balance at the end of a
    cycle; if the run has several funds, after any of their moves, or at a sample if they were not stored.
    deleveraged: notional closed by ADL in its markets."""

    initial: int
    final: int
    gross: int
    received: int
    lowest: int
    deleveraged: int


def fund_facts(run: RunFolder, name: str, markets: Sequence[str]) -> FundFacts | None:
    """The facts of the fund of this name and these markets; None if the run stored no samples."""
    samples = run.series[run.series["market"].isin(markets)]
    if samples.empty:
        return None
    last = samples.groupby("market", sort=False, observed=True).last()
    gross, received, deleveraged = (
        exact_sum(last[f"{column}_quanta"]) for column in ("fund_draw", "fund_gain", "adl_notional")
    )
    accounts = run.accounts
    own = accounts[accounts["role"] == "insurance fund"]
    if len(run.funds) > 1:
        own = own[own["name"] == f"FUND:{name}"]
        lowest = _lowest_of_several(run, name, samples)
    else:
        lowest = int(run.run["fund_min_quanta"])
    initial, final = (exact_sum(own[f"equity_{when}_quanta"]) for when in ("initial", "final"))
    return FundFacts(initial, final, gross, received, lowest, deleveraged)


def _lowest_of_several(run: RunFolder, name: str, samples: pd.DataFrame) -> int:
    if not run.has("fund_moves"):
        return int(samples["fund_quanta"].min())
    moves = run.table("fund_moves")
    return int(moves.loc[moves["fund"] == name, "balance_quanta"].min())


class _Members:
    """Sums over some rows of the `accounts` table, quanta."""

    def __init__(self, accounts: Mapping[str, Any], members: Any) -> None:
        self._accounts, self._members = accounts, members

    def sum(self, name: str) -> int:
        """Sum of column `<name>_quanta`."""
        return exact_sum(np.asarray(self._accounts[f"{name}_quanta"], np.int64)[self._members])

    def result(self) -> int:
        """Change of equity less net deposits."""
        return self.sum("equity_final") - self.sum("equity_initial") - self.sum("deposit")
