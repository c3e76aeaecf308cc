"""`RequiredFund`: the fund that a run needed, with what bounds it and what an endless fund would have needed.

Only prints it. `sim/clearing/required_fund.py` computes it; `sim/funds/second_pass.py` runs again with an endless fund.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import _analysis as analysis


@dataclass(frozen=True)
class RequiredFund:
    """The required fund of a run, quote units; `str` gives the sentence that the command line prints.

    quote: the amount; if `is_bound`, only a lower bound.
    bound_by: none, fund (it ran dry or fell short), cap (the inventory cap was reached), or fund and cap.
    endless_quote: what an endless fund would have needed with the inventory cap; None without a second pass.
    without_cap_quote: the same without the cap; None if no cap was reached.
    """

    quote: float
    is_bound: bool
    bound_by: str
    endless_quote: float | None
    without_cap_quote: float | None
    text: str

    def __str__(self) -> str:
        """`at least 50,000 (the fund ran dry); with an endless fund: 110,067 (no cap: 135,166)`."""
        return self.text


def required_fund_of(row: Mapping[Any, Any], manifest: Mapping[str, Any], quantum: Decimal) -> RequiredFund:
    """From a row of `runs` in quanta and the manifest."""
    second = manifest.get("endless_fund") or {}

    def money(quanta: int) -> str:
        return f"{quanta * quantum:,.0f}"

    def quote(quanta: int | None) -> float | None:
        return None if quanta is None else float(quanta * quantum)

    parts = [analysis.required_text(row, money), analysis.endless_text(manifest, money)]
    return RequiredFund(
        quote=float(int(row["required_fund_quanta"]) * quantum),
        is_bound=bool(row["required_fund_is_bound"]),
        bound_by=str(row["required_fund_bound_by"]),
        endless_quote=quote(second.get("required_fund_quanta")),
        without_cap_quote=quote(second.get("without_cap_quanta")),
        text="; ".join(part for part in parts if part),
    )
