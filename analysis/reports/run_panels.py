"""The figures of a run's report, in order, with their headings. Leaves their look and their numbers to the charts."""

from collections.abc import Iterator
from typing import NamedTuple

import plotly.graph_objects as go

from ..charts.attribution import draw_attribution
from ..charts.chart_context import RunContext
from ..charts.compose import join_and
from ..charts.deleveraged import draw_deleveraged
from ..charts.depth import draw_depth
from ..charts.fund import draw_fund
from ..charts.leverage import draw_leverage
from ..charts.loss_flow import draw_loss_flow
from ..charts.loss_waterfall import draw_loss_waterfall
from ..charts.open_interest import draw_open_interest
from ..charts.open_interest_split import draw_open_interest_split
from ..charts.price import draw_price
from ..charts.who_paid import draw_who_paid
from ..comparisons import read_comparisons
from ..flows import CLEARING_GROUPS, loss_flows
from ..fund_account import fund_facts
from ..fund_and_adl import adl_cause_texts, endless_text, required_text
from ..money import format_short, to_quote
from ..named_accounts import named_accounts
from ..open_interest import declines
from ..run_folder import RunFolder
from ..who_paid import attribution_by_cohort, who_paid

MAX_MARKETS = 3


class Panel(NamedTuple):
    """One figure of a report. `name` is its file name in exports and its anchor in the page."""

    name: str
    figure: go.Figure


def run_panels(run: RunFolder) -> list[Panel]:
    """Every figure of a run, in the order of the report; at most MAX_MARKETS markets have panels of their own."""
    context = RunContext.of(run)
    return [Panel(name, figure) for name, figure in _figures(run, context)]


def _figures(run: RunFolder, context: RunContext) -> Iterator[tuple[str, go.Figure]]:
    markets = largest_markets(run)
    comparisons = read_comparisons(run)
    accounts = run.accounts
    for market in markets:
        overlays = [comparison for comparison in comparisons if comparison.market == market]
        yield f"price-{market}", draw_price(run.of_market(market), context, market=market, comparisons=overlays)
    yield "who-paid", draw_who_paid(who_paid(accounts), context, named=named_accounts(accounts))
    yield "loss-waterfall", draw_loss_waterfall(accounts, context)
    for name, scope in run.funds.items():
        facts = fund_facts(run, name, scope)
        label = name if len(run.funds) > 1 else ""
        figure = draw_fund(run.series, context, name=label, markets=scope, facts=facts, required=_required(run, name))
        yield f"fund-{name}" if name else "fund", figure
    yield "deleveraged", _deleveraged(run, context)
    for market in markets:
        yield f"depth-{market}", draw_depth(run.of_market(market), context, market=market)
    found = declines(run) if not run.series.empty else []
    yield "open-interest", draw_open_interest(run.series, context, declines=found)
    for decline, split in found:
        if decline.market in markets:
            yield f"open-interest-split-{decline.market}", draw_open_interest_split(decline, split, context)
    yield "leverage", draw_leverage(accounts, context)
    yield "attribution", draw_attribution(attribution_by_cohort(accounts), context)
    yield (
        "loss-flow",
        draw_loss_flow(
            loss_flows(accounts), context, question="Who lost to whom, and why?", nothing="No money changed hands."
        ),
    )
    yield "loss-flow-clearing", draw_loss_flow(
        loss_flows(accounts, CLEARING_GROUPS), context, question="Which money did the clearing house itself move?",
        nothing=_clearing_moved_nothing(run),
    )  # fmt: skip


def _required(run: RunFolder, fund: str) -> str:
    """The required fund of one fund as a sentence, with the second pass if it is the only fund."""
    funds = run.table("funds")
    rows = funds[funds["fund"] == fund] if fund else funds
    if len(rows) != 1:
        return ""

    def money(quanta: int) -> str:
        return format_short(float(to_quote(quanta, run.quantum)), run.asset)

    if len(funds) > 1:
        return f"Required fund: {required_text(rows.iloc[0].to_dict(), money)}."
    parts = [required_text(run.run, money), endless_text(run.manifest, money)]
    return f"Required fund: {'; '.join(part for part in parts if part)}."


def _clearing_moved_nothing(run: RunFolder) -> str:
    """The text if no account gained or lost through clearing. It may have closed positions at mark, or paid and
    received the same amount, all the same."""
    done = [
        text
        for text, column in (
            ("positions were taken over at the mark price", "taken_over_quanta"),
            ("positions were closed by ADL at the mark price", "adl_notional_quanta"),
            ("the fund's payments and receipts cancel", "fund_draw_quanta"),
        )
        if int(run.run[column])
    ]
    if done:
        return f"No account gained or lost through the clearing house: {join_and(done)}."
    return "The clearing house moved no money: no penalty, no takeover, no fund, no ADL, no socialised loss."


def _deleveraged(run: RunFolder, context: RunContext) -> go.Figure:
    causes = adl_cause_texts(run.run, lambda quanta: format_short(float(context.quote(quanta)), run.asset))
    return draw_deleveraged(
        run.table("adl_matches"), context, adl_accounts=int(run.run["adl_accounts"]), why="; ".join(causes)
    )


def largest_markets(run: RunFolder) -> list[str]:
    """The markets with panels of their own: those with the most liquidated notional, in the config's order."""
    if len(run.markets) <= MAX_MARKETS:
        return run.markets
    liquidated = run.series.groupby("market")[["liquidated_long_quanta", "liquidated_short_quanta"]].max().sum(axis=1)
    kept = set(liquidated.sort_values(ascending=False, kind="stable").index[:MAX_MARKETS])
    return [market for market in run.markets if market in kept]
