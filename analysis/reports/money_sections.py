"""The tables of money of a run's report: who paid, accounts with a name, the account of the fund, open interest."""

from typing import Any

from ..charts.chart_context import RunContext
from ..charts.open_interest import decline_text
from ..fund_account import fund_account
from ..hedged import hedged_parties
from ..instants import instant_text
from ..money import format_exact
from ..named_accounts import named_accounts
from ..open_interest import CAUSES, Decline, Split, declines
from ..role_results import own_order_note
from ..run_folder import RunFolder
from ..who_paid import adl_harm_lines, who_paid
from .page import Cell, amount, escape, table

#: Accounts with a name of their own that the page lists.
MAX_NAMED = 40


def money_cell(run: RunFolder, quanta: int) -> Cell:
    """An exact amount as a cell."""
    return amount(format_exact(quanta, run.quantum))


def _count(number: int) -> Cell:
    return Cell(f"{number:,}" if number else "–", "n")


def _note(text: str) -> str:
    return f"<p class='note'>{escape(text)}</p>"


def who_paid_section(run: RunFolder) -> str:
    """Results of roles, accounts with a name, hedged parties, the harm of ADL."""
    paid = who_paid(run.accounts)
    columns = ("equity_initial", "net_deposits", "equity_final", "result", "gained", "lost")
    rows = [
        [row["role"], _count(row["n_traders"]), _count(row["n_accounts"]),
         *(money_cell(run, row[f"{name}_quanta"]) for name in columns)]
        for row in paid.to_dict("records")
    ]  # fmt: skip
    sums = ["sum", Cell(f"{paid['n_traders'].sum():,}", "n"), Cell(f"{paid['n_accounts'].sum():,}", "n")]
    sums += [money_cell(run, sum(paid[f"{name}_quanta"])) for name in columns]
    header = (
        *("role", "traders", "accounts", f"initial equity ({run.asset})", "net deposits", "final equity", "result"),
        *("gains of members", "losses of members"),
    )
    instant = instant_text(int(run.run["duration_ms"]), run.start_utc)
    return (
        "<h2 id='who-paid'>Who paid</h2>"
        + _note(
            "Every account has exactly one role: what happened to its owner, else what the owner is, else winner or"
            f" loser by its result at the final mark, {instant}. Result = final equity − initial equity − net deposits."
            " The results sum to exactly zero." + (f" {own}." if (own := own_order_note(run.accounts)) else "")
        )
        + table(header, rows, sums=sums, numbers=range(1, 9), kind="wide small")
        + _named(run)
        + _hedged(run)
        + _harm(run)
    )


def _named(run: RunFolder) -> str:
    found = named_accounts(run.accounts)
    if not found:
        return ""
    rows = [
        [row.name, row.kind, row.outcome, *(money_cell(run, quanta) for quanta in row[5:])] for row in found[:MAX_NAMED]
    ]
    header = ("account", "kind", "what happened", f"initial equity ({run.asset})", "net deposits", "final equity")
    more = (
        f" The {MAX_NAMED} first of {len(found):,}, those of a file by size of result."
        if len(found) > MAX_NAMED
        else ""
    )
    return _note(f"Accounts with a name of their own; each is also counted in its role above.{more}") + table(
        (*header, "result"), rows, numbers=range(3, 7)
    )


def _hedged(run: RunFolder) -> str:
    found = hedged_parties(run.accounts)
    if found is None:
        return ""
    rows = [
        (label, money_cell(run, quanta))
        for label, quanta in (
            ("result here", found.result),
            ("result of the outside leg", found.outside),
            ("both legs", found.both),
        )
    ]
    return _note(
        f"Memo, not in the sums above: {found.traders:,} hedged traders (arbitrage, carry), whatever their role, hold"
        " the opposite position outside. The outside leg is taken as the mirror of their position at the mark; the gap"
        " between mark and outside price, and costs outside, are not in it."
    ) + table(("hedged traders", f"amount ({run.asset})"), rows, numbers=(1,))


def _harm(run: RunFolder) -> str:
    if not int(run.run["adl_matches"]):
        return _note("No account was deleveraged, so ADL did no harm.")
    rows = [
        (line.label, *(money_cell(run, quanta) for quanta in (line.lost, line.gained, line.net)))
        for line in adl_harm_lines(run.run)
    ]
    return _note(
        "Memo, not in the sums above: the harm of ADL to deleveraged traders by each measure, close by close: what"
        f" those closed at worse prices lost, what those closed at better prices gained (seed {run.run['seed']})."
    ) + table(("harm of ADL", f"lost ({run.asset})", "gained", "net harm"), rows, numbers=(1, 2, 3))


def fund_section(run: RunFolder) -> str:
    """The account of the fund: every number that is printed of it, and how one follows from the other."""
    rows = [
        [
            Cell(f"<b>= {escape(line.label)}</b>") if line.is_total else line.label,
            money_cell(run, line.quanta),
            line.shown_as,
        ]
        for line in fund_account(run.accounts, run.run)
    ]
    together = "all funds together, " if len(run.funds) > 1 else ""
    return (
        "<h2 id='fund-account'>Account of the insurance fund</h2>"
        + _note(
            f"{run.asset}, {together}exact; + is into the fund. Every total is the sum of all parts above it. The"
            " required fund is the most that fund and ENGINE together had lost at any time."
        )
        + table(("", f"amount ({run.asset})", "where this number stands"), rows, numbers=(1,))
    )


def open_interest_section(run: RunFolder) -> str:
    """What removed open interest: the largest decline of each market by cause."""
    if run.series.empty:
        return ""
    context = RunContext.of(run)
    parts = [_decline(run, decline, split, context) for decline, split in declines(run)]
    return "<h2 id='open-interest-by-cause'>Open interest removed</h2>" + "".join(parts)


def _decline(run: RunFolder, decline: Decline, split: Split | None, context: RunContext) -> str:
    text = decline_text(decline, split, context)
    if split is None:
        return _note(f"{text} For its causes, run with --detail events." if decline.lots else text)

    def base(lots: int) -> Cell:
        return Cell(f"{lots * run.lot_size(decline.market):,f}", "n")

    both = (*split.decline, *split.book)
    rows: list[list[Any]] = [["before", *(base(decline.peak),) * 2, *(base(split.opening),) * 2]]
    rows += [
        [cause, *(base(int(side[place])) for side in both)]
        for place, cause in enumerate(CAUSES)
        if any(side[place] for side in both)
    ]
    ends = [decline.peak + int(side.sum()) for side in split.decline]
    ends += [split.opening + int(side.sum()) for side in split.book]
    header = ("", f"peak to trough: long ({context.base_unit(decline.market)})", "short", "opening book: long", "short")
    return _note(
        f"{text} Every contract has a long and a short side, so both columns of the decline have the same sum. Opening"
        " book: the accounts that held positions at the start, from the start to the end of the run."
    ) + table(header, rows, sums=["after", *(base(lots) for lots in ends)], numbers=range(1, 5))
