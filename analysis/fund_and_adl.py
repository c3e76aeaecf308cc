"""The required fund of a run and the causes of its ADL as sentences, the same in the console, on pages and in the API.

Texts of required funds: a lower bound is labelled as one, with its cause. Reads a row of `runs`, the manifest.
"""

from collections.abc import Callable, Mapping
from typing import Any

from clearsim.results import ADL_CAUSES, ADL_WAITED

#: Amount in quanta -> text.
Money = Callable[[int], str]


def bound_text(row: Mapping[Any, Any]) -> str:
    """What bounded a required fund: `the fund ran dry`; empty for none.  row: of `runs` or `funds`.

    A fund falls short without running dry where its cash does not suffice for a position that is taken whole or not.
    """
    initial = row["initial_quanta"] if "initial_quanta" in row else row["fund_initial_quanta"]
    ran_dry = "first_fund_empty_ms" in row and int(row["first_fund_empty_ms"]) >= 0
    short = "there was no fund" if not int(initial) else "the fund ran dry" if ran_dry else "the fund fell short"
    texts = {"fund": short, "cap": "the inventory cap was reached"}
    return " and ".join(texts[name] for name in str(row["required_fund_bound_by"]).split(" and ") if name in texts)


def required_text(row: Mapping[Any, Any], money: Money) -> str:
    """`110,067`, or `at least 50,000 (the fund ran dry)`.  row: of `runs` or `funds`."""
    amount = money(int(row["required_fund_quanta"]))
    if not row["required_fund_is_bound"]:
        return amount
    return f"at least {amount} ({bound_text(row)})"


def endless_text(manifest: Mapping[str, Any], money: Money) -> str:
    """`with an endless fund: 110,067 (no cap: 135,166)`; empty if the run has no second pass."""
    found = manifest.get("endless_fund")
    if not found:
        return ""
    text = f"with an endless fund: {money(int(found['required_fund_quanta']))}"
    without_cap = found["without_cap_quanta"]
    return text if without_cap is None else f"{text} (no cap: {money(int(without_cap))})"


def adl_cause_texts(row: Mapping[Any, Any], money: Money) -> list[str]:
    """Why ADL came, largest first: `the fund was dry`, with the amount of each if there are several; empty without ADL.

    The last says what a limit had held back, if anything.
    """
    found = [(int(row[cause.column]), cause.sentence) for cause in ADL_CAUSES if int(row[cause.column])]
    found.sort(key=lambda pair: -pair[0])
    texts = [sentence for _, sentence in found]
    if len(found) > 1:
        texts = [f"{sentence} ({money(amount)})" for amount, sentence in found]
    waited = int(row[ADL_WAITED.column])
    return [*texts, f"for {money(waited)} of it, {ADL_WAITED.sentence}"] if waited else texts
