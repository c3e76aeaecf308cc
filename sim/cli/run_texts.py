"""The text that a run prints: the who-paid table and headline numbers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from ..api.config import Config
    from ..api.result import Result

#: From this amount on (quote units) the who-paid table is in thousands.
THOUSANDS_FROM = 1e9
ACCOUNTS_NOTE = "accounts: wallets and isolated positions; those of one trader count under one role"


def money_text(quanta: int, quantum: float, digits: int = 0) -> str:
    """Quanta -> quote units with thousands separators."""
    return f"{quanta * quantum:,.{digits}f}"


def who_paid_table(paid: "pd.DataFrame", config: "Config") -> "Table":
    """The who-paid table for printing, from amounts in quanta; large amounts are shown in thousands."""
    from rich import box
    from rich.table import Table

    amounts = [f"{name}_quanta" for name in ("equity_initial", "net_deposits", "equity_final", "result")]
    largest = float(paid[amounts].abs().to_numpy().max()) * float(config.quantum)
    unit = 1000 if largest >= THOUSANDS_FROM else 1
    name = f"{'thousand ' if unit > 1 else ''}{config.asset.name}"
    title = f"Who paid ({name}; result = equity after - before - net deposits, at the final mark)"
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


def memo_lines(runs: Mapping[str, Any], config: "Config") -> list[str]:
    """Headline numbers, and what deleveraged accounts gave up, which is outside the sum."""
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
        f" {amount('fund_min_quanta')}; required {amount('required_fund_quanta')}",
        f"ADL {int(runs['adl_accounts']):,} accounts, {amount('adl_notional_quanta')} {asset}; given up by deleveraged"
        f" accounts (not in the sums above): at execution {amount('adl_harm_quanta')},"
        f" after 1 min {amount('adl_forgone_1m_quanta')}, 10 min"
        f" {amount('adl_forgone_10m_quanta')}, 60 min {amount('adl_forgone_60m_quanta')}, final mark"
        f" {amount('adl_forgone_close_quanta')}",
        f"socialised loss {amount('socialised_loss_quanta')}, bad debt {amount('bad_debt_quanta')} {asset}",
        f"worst step ratio r = -ln(1-m)/(sigma sqrt(dt)): {float(runs['step_ratio_worst']):.2f}"
        f" (a step of {int(runs['step_ms_at_worst']):,} ms)",
    ]
    return [*lines, *_warnings(runs, quantum, asset)]


def _warnings(runs: Mapping[str, Any], quantum: float, asset: str) -> list[str]:
    lines = []
    if int(runs["deficit_initial_quanta"]):
        count = int(runs["bankrupt_initial_accounts"])
        lines.append(
            f"warning: {count:,} account{'s' if count != 1 else ''} started below zero, together by"
            f" {money_text(int(runs['deficit_initial_quanta']), quantum)} {asset}: that part of what the fund or others"
            " paid was missing before the first price move"
        )
    if int(runs["rounds_max_reached"]):
        lines.append(
            f"warning: {int(runs['rounds_max_reached']):,} cycles reached the limit of clearing rounds"
            " (liquidation.rounds_max); the rest waited for the next step"
        )
    if int(runs["residual_quanta"]):
        lines.append(f"warning: balances sum to {runs['residual_quanta']} quanta, not to 0")
    return lines


def step_check_line(check: Mapping[str, Any]) -> str:
    """The result of `--check-step` as text, with a warning above 5%."""
    share, low, high = (check[f"vanishing_share{end}"] for end in ("", "_low", "_high"))
    interval = "no interval from one pair" if low is None else f"95% interval {100 * low:.1f}% to {100 * high:.1f}%"
    warning = "; warning: above 5%, use a shorter tick" if share > 0.05 else ""
    if warning and (low is None or low <= 0.05):
        warning += " (or more pairs: the interval does not exclude 5%)"
    found = f"time-step check: {100 * share:.1f}% of the shortfall vanishes at a quarter of the step"
    return f"{found}, pairs of runs: {check['pairs']}, {interval}{warning}"


def print_run(result: "Result", console: "Console") -> None:
    """Print the who-paid table, the headline numbers and where the results are."""
    config, manifest = result.config, result.manifest
    row: Any = result.summary(units="quanta")
    console.print(who_paid_table(result.who_paid(units="quanta"), config))
    console.print(ACCOUNTS_NOTE, highlight=False, soft_wrap=True)
    for line in memo_lines(row, config):
        console.print(line, highlight=False, soft_wrap=True)
    if "step_check" in manifest:
        console.print(step_check_line(manifest["step_check"]), highlight=False, soft_wrap=True)
    console.print(f"result {result.result_hash[:16]}  {manifest['seconds']:.1f} s", highlight=False)
    for name in ("report.html", ""):
        if result.folder is not None and (path := result.folder / name).exists():
            console.print(str(path), highlight=False, soft_wrap=True)
