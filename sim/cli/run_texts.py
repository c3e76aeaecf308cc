"""The text that a run prints: the who-paid table and headline numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..api.money_tables import COUNTED_FLOWS, MIN_STEP_RATIO

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from ..api.config import Config
    from ..api.result import Result

#: From this amount on (quote units) the who-paid table is in thousands.
THOUSANDS_FROM = 1e9
ACCOUNTS_NOTE = "accounts: wallets and isolated positions; those of one trader count under one role"
#: Named accounts that are printed.
MAX_NAMED = 12


def money_text(quanta: int, quantum: float, digits: int = 0) -> str:
    """Quanta -> quote units with thousands separators."""
    return f"{quanta * quantum:,.{digits}f}"


def who_paid_table(paid: "pd.DataFrame", config: "Config", instant: str) -> "Table":
    """The who-paid table for printing, from amounts in quanta; large amounts are shown in thousands.

    instant: of the final mark, at which winners and losers are told apart.
    """
    from rich import box
    from rich.table import Table

    amounts = [f"{name}_quanta" for name in ("equity_initial", "net_deposits", "equity_final", "result")]
    largest = float(paid[amounts].abs().to_numpy().max()) * float(config.quantum)
    unit = 1000 if largest >= THOUSANDS_FROM else 1
    name = f"{'thousand ' if unit > 1 else ''}{config.asset.name}"
    title = f"Who paid ({name}; result = equity after - before - net deposits, at the final mark, {instant})"
    table = Table(title=title, title_justify="left", show_footer=True, box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("role", footer="sum", no_wrap=True)
    headers = ("accounts", "equity before", "net deposits", "equity after", "result")
    totals = [int(paid[name].sum()) for name in ("n_accounts", *amounts)]
    for header, cell in zip(headers, _cells(totals, config, unit), strict=True):
        table.add_column(header, justify="right", footer=cell, no_wrap=True)
    for row in paid.to_dict("records"):
        table.add_row(row["role"], *_cells([int(row[name]) for name in ("n_accounts", *amounts)], config, unit))
    return table


def _cells(values: list[int], config: "Config", unit: int) -> list[str]:
    """A count and four amounts as text."""
    return [f"{values[0]:,}", *(money_text(value, float(config.quantum) / unit) for value in values[1:])]


def memo_lines(
    runs: Mapping[str, Any], config: "Config", *, required: str = "", why_adl: Sequence[str] = ()
) -> list[str]:
    """Headline numbers, and what deleveraged accounts gave up, which is outside the sum.

    required: the required fund as text, with what bounds it.  why_adl: causes of ADL.
    """
    quantum, asset = float(config.quantum), config.asset.name

    def amount(name: str) -> str:
        return money_text(int(runs[name]), quantum)

    closed = int(runs["liquidated_notional_quanta"])
    elsewhere = closed - int(runs["book_liquidated_quanta"]) - int(runs["taken_over_quanta"])
    lines = [
        f"index low {float(runs['index_low']):,.2f}, mark low {float(runs['mark_low']):,.2f},"
        f" largest |mark/index - 1| {100 * float(runs['dislocation_max']):.2f}%",
        f"liquidated {int(runs['liquidated_accounts']):,} accounts, {amount('liquidated_notional_quanta')} {asset}"
        f" (book {amount('book_liquidated_quanta')}, taken over {amount('taken_over_quanta')},"
        f" by ADL and tear-up {money_text(elsewhere, quantum)})",
        f"fund {amount('fund_initial_quanta')} -> {amount('fund_final_quanta')} {asset}, lowest"
        f" {amount('fund_min_quanta')}",
        f"required fund {required}",
        f"ADL {int(runs['adl_accounts']):,} accounts, {amount('adl_notional_quanta')} {asset}{_harm(runs, quantum)}",
        *([f"why ADL came: {'; '.join(why_adl)}"] if why_adl else []),
        f"socialised loss {amount('socialised_loss_quanta')}, bad debt {amount('bad_debt_quanta')} {asset}"
        + "".join(f", {flow.payer} {amount(flow.paid)}" for flow in COUNTED_FLOWS),
        f"worst step ratio r = -ln(1-m)/(sigma sqrt(dt)): {float(runs['step_ratio_worst']):.2f}"
        f" (a step of {int(runs['step_ms_at_worst']):,} ms)",
    ]
    return [*lines, *_warnings(runs, quantum, asset)]


def _harm(runs: Mapping[str, Any], quantum: float) -> str:
    """The harm of ADL by each measure with both signs, net of each other; empty if there was no ADL."""
    if not int(runs["adl_matches"]):
        return ""
    measures = {
        "adl_harm": "at execution",
        "adl_forgone_1m": "after 1 min",
        "adl_forgone_10m": "10 min",
        "adl_forgone_60m": "60 min",
        "adl_forgone_close": "final mark",
    }
    parts = []
    for name, label in measures.items():
        net, gained = int(runs[f"{name}_quanta"]), int(runs[f"{name}_gained_quanta"])
        lost = money_text(net + gained, quantum)
        parts.append(f"{label} {lost} - {money_text(gained, quantum)} = {money_text(net, quantum)}")
    return f"; harm to deleveraged accounts (not in the sums above), lost - gained = net: {', '.join(parts)}"


def named_lines(named: "pd.DataFrame", config: "Config") -> list[str]:
    """One line per account with a name of its own: what happened to it and its result."""
    quantum, asset = float(config.quantum), config.asset.name
    lines = [
        f"{row['name']}: {row['what_happened']}, equity {money_text(int(row['equity_initial_quanta']), quantum)} ->"
        f" {money_text(int(row['equity_final_quanta']), quantum)} {asset}, result"
        f" {money_text(int(row['result_quanta']), quantum)}"
        for row in named.head(MAX_NAMED).to_dict("records")
    ]
    rest = len(named) - MAX_NAMED
    return [*lines, f"and {rest:,} more accounts with a name: accounts table"] if rest > 0 else lines


def hedged_lines(hedged: "pd.DataFrame", config: "Config") -> list[str]:
    """Both legs of hedged traders; no line if there are none."""
    quantum = float(config.quantum)
    return [
        f"hedged traders ({row['traders']:,}), with the outside leg as the mirror of their position at the mark (not in"
        f" the sums above): here {money_text(int(row['result_quanta']), quantum)}, outside"
        f" {money_text(int(row['outside_quanta']), quantum)}, both {money_text(int(row['both_quanta']), quantum)}"
        for row in hedged.to_dict("records")
    ]


def fund_lines(account: "pd.DataFrame", config: "Config", required: str) -> list[str]:
    """The account of the fund, one line per amount; a single line, with the required fund as text, if nothing moved."""
    amounts = [int(value) for value in account["amount_quanta"]]
    if not any(amounts):
        return [f"account of the fund: it paid nothing and received nothing; required fund {required}"]
    texts = [money_text(value, float(config.quantum)) for value in amounts]
    width = max(len(text) for text in texts)
    return [
        f"account of the fund ({config.asset.name}, rounded, + into the fund):",
        *(
            f"  {text:>{width}}  {'= ' if total else ''}{label}"
            for text, total, label in zip(texts, account["is_total"], account["label"], strict=True)
        ),
    ]


def _warnings(runs: Mapping[str, Any], quantum: float, asset: str) -> list[str]:
    lines = []
    if int(runs["deficit_initial_quanta"]):
        count = int(runs["bankrupt_initial_accounts"])
        lines.append(
            f"warning: {count:,} account{'s' if count != 1 else ''} started below zero, together by"
            f" {money_text(int(runs['deficit_initial_quanta']), quantum)} {asset}: that part of what the fund or others"
            " paid was missing before the first price move"
        )
    if 0.0 < float(runs["step_ratio_worst"]) < MIN_STEP_RATIO:
        lines.append(
            f"warning: r is below {MIN_STEP_RATIO:g}: the time step may cause part of the shortfall and of the required"
            " fund; measure it with --check-step"
        )
    if int(runs["rounds_max_reached"]):
        lines.append(
            f"warning: {int(runs['rounds_max_reached']):,} cycles reached the limit of clearing rounds"
            " (liquidation.rounds_max); the rest waited for the next step"
        )
    if int(runs["residual_quanta"]):
        lines.append(f"warning: balances sum to {runs['residual_quanta']} quanta, not to 0")
    return lines


def open_interest_lines(result: "Result") -> list[str]:
    """The largest decline of open interest of each market and its causes, which need events."""
    if result.detail in ("summary", "series"):
        return ["open interest removed, by cause: run with --detail events"]
    frame, lines = result.open_interest(), []
    for market, rows in frame.groupby("market", sort=False):
        first = rows.iloc[0]
        peak, trough = (int(first[f"{end}_lots"]) for end in ("peak", "trough"))
        sides = (
            f"{side}: "
            + ", ".join(f"{c} {n:+,}" for c, n in zip(rows["cause"], rows[f"{side}_lots"], strict=True) if n)
            for side in ("long", "short")
        )
        share = f"{100 * (trough - peak) / peak:+.1f}%" if peak else "none"
        causes = f"; {'; '.join(sides)}" if trough < peak else ""
        lines.append(
            f"open interest of {market}, lots: {int(first['opening_lots']):,} at the start; largest decline {share},"
            f" from {peak:,} at {int(first['peak_ms']) / 1000:g} s to {trough:,} at"
            f" {int(first['trough_ms']) / 1000:g} s{causes}"
        )
    return lines


def step_check_line(check: Mapping[str, Any]) -> str:
    """The result of `--check-step` as text, with a warning above 5%."""
    share, low, high = (check[f"vanishing_share{end}"] for end in ("", "_low", "_high"))
    interval = "no interval from one pair" if low is None else f"95% interval {100 * low:.1f}% to {100 * high:.1f}%"
    warning = "; warning: above 5%, shorten the tick until it stays, or report the range" if share > 0.05 else ""
    if warning and (low is None or low <= 0.05):
        warning += " (or more pairs: the interval does not exclude 5%)"
    found = f"time-step check: {100 * share:.1f}% of the shortfall vanishes at a quarter of the step"
    return f"{found}, pairs of runs: {check['pairs']}, {interval}{warning}"


def print_run(result: "Result", console: "Console") -> None:
    """Print the who-paid table, the headline numbers and where the results are."""
    config, manifest = result.config, result.manifest
    row: Any = result.summary(units="quanta")
    console.print(who_paid_table(result.who_paid(units="quanta"), config, result.final_instant))
    lines = [
        "; ".join(part for part in (ACCOUNTS_NOTE, result.own_order_note) if part),
        *named_lines(result.named_accounts(units="quanta"), config),
        *hedged_lines(result.hedged(units="quanta"), config),
        *memo_lines(row, config, required=str(result.required_fund), why_adl=result.why_adl),
        *fund_lines(result.fund_account(units="quanta"), config, str(result.required_fund)),
        *open_interest_lines(result),
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    if "step_check" in manifest:
        console.print(step_check_line(manifest["step_check"]), highlight=False, soft_wrap=True)
    second = manifest.get("endless_fund")
    also = f", second pass with an endless fund {second['seconds']:.1f} s" if second else ""
    console.print(f"result {result.result_hash[:16]}  {manifest['seconds']:.1f} s{also}", highlight=False)
    for name in ("report.html", ""):
        if result.folder is not None and (path := result.folder / name).exists():
            console.print(str(path), highlight=False, soft_wrap=True)
