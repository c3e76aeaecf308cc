"""`MoneyTables`: what a run did with money and contracts, as tables; the part of `Result` that explains numbers."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd

from ..errors import ResultError
from ..results import COUNTED_FLOWS as COUNTED_FLOWS
from ..results import MIN_STEP_RATIO as MIN_STEP_RATIO
from . import _analysis as analysis
from .units import Units, in_units

#: Columns of `accounts` that the tables are made of.
_ACCOUNT_COLUMNS = (
    *("trader", "name", "cohort", "kind", "role", "liquidated", "deleveraged"),
    *(f"{name}_quanta" for name in ("equity_initial", "equity_final", "deposit", "price")),
    *(f"{name}_quanta" for name in ("fund", "surplus", "liquidation_fee")),
)


class MoneyTables:
    """Tables that explain a run: roles, names, the fund's account, the harm of ADL, open interest."""

    _run: "analysis.RunFolder"

    @cached_property
    def _account_columns(self) -> Mapping[str, Any]:
        return self._run.arrays("accounts", _ACCOUNT_COLUMNS)

    @property
    def final_instant(self) -> str:
        """The instant of the final mark, at which winners and losers are told apart.

        print(result.final_instant)
        """
        return analysis.instant_text(int(self._run.run["duration_ms"]), self._run.start_utc)

    @property
    def own_order_note(self) -> str:
        """Why the role of the liquidated counts more traders than were liquidated; empty if it does not.

        print(result.own_order_note)
        """
        return analysis.own_order_note(self._account_columns)

    def who_paid(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per role: accounts, equity before and after, deposits, result, gains and losses of its members.

        A role is what happened to the owner of an account (liquidated, deleveraged), else what the owner is (maker,
        hedged), else winner or loser by its result at the final mark. The results sum to exactly 0 quanta.

        result.who_paid().set_index("role")["result_quote"]
        """
        with analysis.clearsim_errors(ResultError):
            return self._in_units(analysis.who_paid(self._account_columns), units)

    def named_accounts(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per trader with a name of its own: named agents, the residual account, accounts of a file.

        Columns: name, kind, role, what_happened, equity before and after, deposits, result.

        result.named_accounts()[["name", "what_happened"]]
        """
        rows = [
            {
                "name": row.name,
                "kind": row.kind,
                "role": row.role,
                "what_happened": row.outcome,
                "equity_initial_quanta": row.equity_initial,
                "net_deposits_quanta": row.deposits,
                "equity_final_quanta": row.equity_final,
                "result_quanta": row.result,
            }
            for row in analysis.named_accounts(self._account_columns)
        ]
        columns = ["name", "kind", "role", "what_happened"]
        money = ["equity_initial_quanta", "net_deposits_quanta", "equity_final_quanta", "result_quanta"]
        return self._in_units(pd.DataFrame(rows, columns=[*columns, *money]), units)

    def hedged(self, *, units: Units = "quote") -> pd.DataFrame:
        """Both legs of hedged traders (arbitrage, carry) in one row; no row if there are none.

        The outside leg is the mirror of their position at the mark; the gap between mark and outside price, and costs
        outside, are not in it. Columns: traders, result here, result outside, both.

        result.hedged()
        """
        found = analysis.hedged_parties(self._account_columns)
        rows = [] if found is None else [(found.traders, found.result, found.outside, found.both)]
        columns = ["traders", "result_quanta", "outside_quanta", "both_quanta"]
        return self._in_units(pd.DataFrame(rows, columns=columns), units)

    def fund_account(self, *, units: Units = "quote") -> pd.DataFrame:
        """The fund's gross payments, net of ENGINE, net result and required fund, each the sum of all parts above it.

        Columns: line, label, amount (+ into the fund), is_total, shown_as (where a report prints this number).

        result.fund_account().set_index("line")["amount_quote"]
        """
        lines = analysis.fund_account(self._account_columns, self._run.run)
        frame = pd.DataFrame(lines, columns=["line", "label", "amount_quanta", "is_total", "shown_as"])
        return self._in_units(frame, units)

    def adl_harm(self, *, units: Units = "quote") -> pd.DataFrame:
        """The harm of ADL to the deleveraged by each measure: what closes lost, what others gained, the net.

        result.adl_harm().set_index("measure")["lost_quote"]
        """
        lines = analysis.adl_harm_lines(self._run.run)
        return self._in_units(
            pd.DataFrame(lines, columns=["measure", "lost_quanta", "gained_quanta", "net_quanta"]), units
        )

    def open_interest(self) -> pd.DataFrame:
        """What removed open interest: the largest decline of each market by cause, in lots.

        One row per market and cause. Columns: market, peak_ms, trough_ms, peak_lots, trough_lots; cause; long_lots and
        short_lots, which sum to trough - peak each; opening_lots, and book_long_lots and book_short_lots: the changes
        in what the accounts with positions at the start hold, over the whole run.

        Raises ResultError for a run without events.

            result.open_interest().groupby("cause")["long_lots"].sum()
        """
        with analysis.clearsim_errors(ResultError):
            found = analysis.declines(self._run)
        if any(split is None for _, split in found):
            raise ResultError("the run kept no transfers; run it with detail='events' to split open interest by cause")
        rows = [
            (*decline, cause, *split.decline[:, place].tolist(), split.opening, *split.book[:, place].tolist())
            for decline, split in found
            if split is not None
            for place, cause in enumerate(analysis.CAUSES)
        ]
        columns = ["market", "peak_ms", "trough_ms", "peak_lots", "trough_lots", "cause", "long_lots", "short_lots"]
        return pd.DataFrame(rows, columns=[*columns, "opening_lots", "book_long_lots", "book_short_lots"])

    def _in_units(self, frame: pd.DataFrame, units: str) -> pd.DataFrame:
        share = Decimal(str(self._run.manifest.get("simulated_share", 1)))
        return in_units(frame, units, quantum=self._run.quantum, share=share)
