"""The report of one run: `report.html` in its result folder, one self-contained file.

Results come first: warnings, headline numbers, tables of money; then figures; then reliability, sources of
numbers, and how to reproduce the run. The same result folder gives the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from clearsim.results import COUNTED_FLOWS

from ..charts.chart_context import RunContext
from ..comparisons import measure, read_comparisons
from ..figure_files import export_figures, parse_formats
from ..flows import MONEY_COLUMNS, money_flows
from ..fund_and_adl import Money, adl_cause_texts, bound_text, endless_text
from ..money import format_short, to_quote
from ..run_folder import RunFolder, open_run
from ..who_paid import attribution_by_cohort, group_components
from .money_sections import fund_section, money_cell, open_interest_section, who_paid_section
from .page import (
    Cell,
    again_section,
    embed,
    escape,
    page,
    save_page,
    table,
    tag,
    trust_section,
    versions_text,
    warnings_box,
)
from .provenance import STATUSES, origins
from .run_panels import run_panels
from .run_trust import examine

REPORT_NAME = "report.html"
#: Width and height of a chart of the user's own that has none, pixels.
_OWN_SIZE = (900, 450)
_ANCHORS = (
    ("who-paid", "who paid"),
    ("fund-account", "account of the fund"),
    ("open-interest-by-cause", "open interest"),
    ("figures", "figures"),
    ("attribution", "attribution"),
    ("trust", "reliability"),
    ("provenance", "sources of the numbers"),
    ("again", "reproduce"),
)


def write_report(run_dir: str | Path, *, own: Mapping[str, go.Figure] | None = None) -> Path:
    """Write `report.html` into a result folder, whole or not at all; return its path. AnalysisError if it cannot be.

    own: charts of the user's own by name, shown after those of the report.
    """
    run = open_run(run_dir)
    return save_page(run.path / REPORT_NAME, build_report(run, own or {}))


def export_run(run_dir: str | Path, formats: Sequence[str]) -> list[Path]:
    """Write every figure of a run's report into `figures/` of its folder, in every format; return the paths."""
    run = open_run(run_dir)
    parse_formats(",".join(formats))
    return export_figures({panel.name: panel.figure for panel in run_panels(run)}, run.path / "figures", formats)


def build_report(run: RunFolder, own: Mapping[str, go.Figure]) -> str:
    """The report as HTML, with the user's own charts."""
    findings = examine(run)
    title = run.text("title") or str(run.run["name"])
    body = [
        _header(run, title),
        warnings_box(findings),
        _cards(run),
        who_paid_section(run),
        fund_section(run),
        open_interest_section(run),
        "<h2 id='figures'>Figures</h2>",
        *(embed(panel.name, panel.figure) for panel in run_panels(run)),
        *_own_charts(run, own),
        _attribution(run),
        _money_flows(run),
        _comparisons(run),
        trust_section(findings),
        _provenance(run),
        _again(run),
    ]
    return page(title=f"{title} · clearsim", body="\n".join(part for part in body if part))


def _header(run: RunFolder, title: str) -> str:
    row = run.run
    start = f"{run.start_utc:%Y-%m-%d %H:%M:%S} UTC, " if run.start_utc else ""
    facts = (
        f"{row['name']} · {start}{_duration(int(row['duration_ms']))} · seed {row['seed']}"
        f" · {int(row['n_traders']):,} traders"
        f" · simulated share of the venue {float(run.text('simulated_share', '1')) * 100:g}%"
        f" · config {str(row['config_hash'])[:10]} · markets {', '.join(run.markets)}"
    )
    links = "".join(f"<a href='#{anchor}'>{text}</a>" for anchor, text in _ANCHORS)
    description = str(run.config.get("description") or "").strip()
    more = f"<p>{escape(description)}</p>" if description else ""
    return f"<h1>{escape(title)}</h1><p class='sub'>{escape(facts)}</p>{more}<nav>{links}</nav>"


def _duration(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    if seconds >= 172_800:
        return f"{seconds / 86_400:g} days"
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"


def _cards(run: RunFolder) -> str:
    row = run.run

    def short(quanta: int) -> str:
        return format_short(float(to_quote(quanta, run.quantum)), run.asset)

    def money(column: str) -> str:
        return short(int(row[column]))

    required, of_required = required_card(run, short)
    why = "; ".join(adl_cause_texts(row, short))
    market = run.markets[0] if run.markets else "first market"
    cards = [
        (
            f"{float(row['mark_low']):,.6g} {run.asset}",
            f"lowest mark of {market} (index {float(row['index_low']):,.6g})",
        ),
        (f"{float(row['dislocation_max']) * 100:.2f}%", f"largest gap between mark and index, {market}"),
        (f"{int(row['liquidated_accounts']):,} accounts", "liquidated at least once"),
        (money("liquidated_notional_quanta"), f"liquidated, of which {money('book_liquidated_quanta')} in the book"),
        (money("fund_draw_quanta"), f"paid out by the insurance fund, gross; it received {money('fund_gain_quanta')}"),
        (required, of_required),
        (
            money("adl_notional_quanta"),
            f"deleveraged (ADL) from {int(row['adl_accounts']):,} accounts{f'. Why: {why}' if why else ''}",
        ),
        (money("socialised_loss_quanta"), f"socialised loss; bad debt left {money('bad_debt_quanta')}"),
        *((money(flow.paid), f"paid: {flow.payer}") for flow in COUNTED_FLOWS),
    ]
    seed = f" · seed {row['seed']}"
    return (
        "<div class='cards'>"
        + "".join(
            f"<div class='card'><b>{escape(value)}</b><span>{escape(label + seed)}</span></div>"
            for value, label in cards
        )
        + "</div>"
    )


def required_card(run: RunFolder, short: Money) -> tuple[str, str]:
    """The required fund, `≥` if it is only a bound, and its label: what bounds it, a second pass."""
    row = run.run
    amount, label = short(int(row["required_fund_quanta"])), "required fund"
    if row["required_fund_is_bound"]:
        amount, label = f"≥ {amount}", f"required fund, only a lower bound: {bound_text(row)}"
    parts = [label, endless_text(run.manifest, short), f"initial fund {short(int(row['fund_initial_quanta']))}"]
    return amount, "; ".join(part for part in parts if part)


def _own_charts(run: RunFolder, own: Mapping[str, go.Figure]) -> Iterator[str]:
    """The user's own charts, each with its name and the source of its numbers; a size if it states none."""
    for name, drawn in own.items():
        size = {"width": drawn.layout.width or _OWN_SIZE[0], "height": drawn.layout.height or _OWN_SIZE[1]}
        yield f"<p class='note'>Chart of the user's own: {escape(name)} · {escape(RunContext.of(run).caption)}</p>"
        yield embed(f"own-{name}", go.Figure(drawn).update_layout(**size))


def _attribution(run: RunFolder) -> str:
    attribution = attribution_by_cohort(run.accounts)
    grouped = group_components(attribution)
    labels = [label for label in grouped.columns[1:-1] if any(grouped[label] != 0)]
    rows = [
        [row["cohort"], *(money_cell(run, row[label]) for label in labels), money_cell(run, row["change_quanta"])]
        for row in grouped.to_dict("records")
    ]
    sums = ["sum", *(money_cell(run, sum(grouped[label])) for label in (*labels, "change_quanta"))]
    return (
        "<h2 id='attribution'>Attribution of each cohort's change in equity</h2><p class='note'>"
        f"{escape(run.asset)}, exact; the components sum to the change of every account, with residual 0 (checked).</p>"
        + table(("cohort", *labels, "change in equity"), rows, sums=sums, numbers=range(1, 99), kind="wide small")
    )


def _money_flows(run: RunFolder) -> str:
    if not run.has("transfers"):
        return ""

    accounts = run.accounts
    roles = pd.Series(accounts["role"].to_numpy(dtype=object), index=accounts["account"].to_numpy())
    graph = money_flows(run.batches("transfers", MONEY_COLUMNS), roles)
    edges = sorted(graph.edges(data=True), key=lambda edge: (-edge[2]["quanta"], edge[0], edge[1], edge[2]["reason"]))
    rows = [
        [payer, payee, detail["reason"], Cell(f"{detail['transfers']:,}", "n"), money_cell(run, detail["quanta"])]
        for payer, payee, detail in edges[:20]
    ]
    if not rows:
        return ""
    return (
        "<h2>Who paid whom</h2><p class='note'>Transfers of money only (not the money side of trades, and no deposits),"
        f" net, by role and reason; the {len(rows)} largest of {len(edges)}.</p>"
        + table(("payer", "payee", "reason", "transfers", f"net amount ({run.asset})"), rows, numbers=(3, 4))
    )


def _comparisons(run: RunFolder) -> str:
    rows = []
    for comparison in read_comparisons(run):
        samples = run.of_market(comparison.market)
        if samples.empty:
            continue
        distance = measure(comparison, samples)
        source = f"{comparison.source}. {comparison.note}" if comparison.note else comparison.source
        rows.append(
            [
                f"{comparison.name}: {comparison.quantity} of {comparison.market}",
                Cell(f"{len(comparison.price):,}", "n"),
                *(Cell(f"{price:,.8g}", "n") for price in (distance.recorded_low, distance.run_low)),
                *(Cell(text, "n") for text in (f"{distance.mean_gap:.2%}", f"{distance.worst_gap:+.2%}")),
                source,
            ]
        )
    if not rows:
        return ""
    header = ("record", "points", f"recorded low ({run.asset})", "low of the run", "mean gap", "largest gap", "source")
    note = (
        "Recorded prices are compared with the run and are never an input. Gap = run / recorded − 1 at the record's"
        " times."
    )
    return f"<h2>Comparison with recorded prices</h2><p class='note'>{note}</p>" + table(
        header, rows, numbers=range(1, 6)
    )


def _provenance(run: RunFolder) -> str:
    heading = "<h2 id='provenance'>Sources of the numbers</h2>"
    rows = origins(run)
    if not rows:
        return heading + "<p>The config names no sources: treat all of its numbers as assumptions.</p>"
    counts = ", ".join(f"{sum(row.status == status for row in rows)} {status}" for status in STATUSES)
    header = ("setting", "status", "value", "source", "note")
    body = [
        [
            Cell(f"<code>{escape(row.path).replace('.', '.<wbr>')}</code>"),
            tag(row.status),
            row.value,
            row.source,
            row.note,
        ]
        for row in rows
    ]
    note = f"<p class='note'>Entries: {counts}. Each covers everything below its path.</p>"
    return heading + note + table(header, body, kind="wide origins")


def _again(run: RunFolder) -> str:
    versions = run.manifest.get("versions") or {}
    facts = [
        ("result hash", run.text("result_hash", "–")),
        ("config hash", str(run.run["config_hash"])),
        ("git commit", run.text("git_commit", "none (installed package)")),
        ("versions", versions_text(versions)),
        ("python", run.text("python", "–")),
        ("scenario, replication", f"{run.run['scenario']}, {run.run['replication']}"),
        ("detail", run.text("detail", "–")),
    ]
    how = (
        "In the folder of this report: <code>clearsim replay .</code> runs <code>config.yaml</code> again and compares"
        " the results value by value."
    )
    return again_section(how, facts, file="Resolved config", text=run.config_text)
