"""Who was deleveraged, and at what cost? Each deleveraged account by its place in the ranking."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..downsample import MAX_POINTS
from ..money import Scale, exact_sum, format_short
from .chart_context import RunContext
from .compose import axis, compose, empty, legend
from .theme import GREY, LONG, SHORT

QUESTION = "Who was deleveraged, and at what cost?"


def draw_deleveraged(adl_matches: pd.DataFrame, context: RunContext, *, adl_accounts: int, why: str = "") -> go.Figure:
    """Deleveraged accounts: score at the close versus harm, size by notional, colour by side.

    adl_matches: the event table, empty if the run did not store it.  adl_accounts: count from `runs`.  why: causes of
    ADL as text.
    """
    reason = f" Why ADL came: {why}." if why else ""
    axes = (
        "ADL score at the close (in the units of the rule; the highest comes first)",
        f"harm ({context.asset})",
    )
    if adl_matches.empty:
        text = (
            "No account was deleveraged."
            if adl_accounts == 0
            else f"{adl_accounts:,} accounts were deleveraged, but closes were not stored: run with --detail events."
            + reason
        )
        return empty(context, question=QUESTION, text=text, axes=axes)
    points = by_counterparty(adl_matches, context)
    drawn = points.nlargest(MAX_POINTS, "notional")
    scale = context.scale(drawn["harm"].to_numpy())
    largest = float(drawn["notional"].max())
    traces = []
    for side, colour in (("long", LONG), ("short", SHORT), ("closed at mark", GREY)):
        for partial, symbol in ((False, "circle"), (True, "diamond-open")):
            rows = drawn[(drawn["side"] == side) & (drawn["partial"] == partial)]
            if len(rows):
                name = f"{side}, {'partly closed' if partial else 'fully closed'}"
                look: dict[str, Any] = {"name": name, "color": colour, "symbol": symbol, "largest": largest}
                traces.append(_markers(rows, scale, context, **look))
    score = axis(axes[0])
    if _wants_log(drawn["score"]):
        score = axis(f"{axes[0].removesuffix(')')}; log scale)", type="log", dtick=1)
    harm = axis(f"harm: (mark − execution) × quantity ({scale.unit})", zeroline=True)
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(points, drawn, adl_matches["harm_quanta"], context) + reason,
        axes={"xaxis": score, "yaxis": harm},
        height=500,
        legend=legend(),
    )


def by_counterparty(adl_matches: pd.DataFrame, context: RunContext) -> pd.DataFrame:
    """One row per deleveraged account and market: highest score, best rank, harm, notional (quote), side, partial.

    The side given up follows from the signs: harm = (mark - execution) x signed quantity; at harm 0 it is unknown.
    """
    frame = adl_matches[["market", "counterparty", "score", "rank", "harm_quanta", "partial"]].copy()
    base = np.zeros(len(frame))
    for market in frame["market"].unique():
        rows = (frame["market"] == market).to_numpy()
        base[rows] = context.base(adl_matches.loc[rows, "lots"], market)
    frame["notional"] = base * adl_matches["mark_price"].to_numpy()
    frame["signed"] = frame["notional"] * _side_sign(adl_matches)
    groups = frame.groupby(["market", "counterparty"], sort=True, observed=True)
    points = groups.agg(
        score=("score", "max"), rank=("rank", "min"), harm_quanta=("harm_quanta", "sum"), notional=("notional", "sum"),
        signed=("signed", "sum"), closes=("rank", "size"), partial=("partial", "last"),
    ).reset_index()  # fmt: skip
    points["harm"] = context.quote(points["harm_quanta"])
    points["side"] = np.select([points["signed"] > 0, points["signed"] < 0], ["long", "short"], "closed at mark")
    return points


def _side_sign(adl_matches: pd.DataFrame) -> npt.NDArray[np.float64]:
    mark, execution, harm = (
        adl_matches[name].to_numpy(dtype=np.float64) for name in ("mark_price", "price", "harm_quanta")
    )
    return np.asarray(np.sign(harm) * np.sign(mark - execution))


def _wants_log(scores: pd.Series) -> bool:
    return bool((scores > 0).all() and scores.max() > 50 * scores.min())


def _markers(
    rows: pd.DataFrame, scale: Scale, context: RunContext, *, name: str, color: str, symbol: str, largest: float
) -> go.Scatter:
    """Points of one side; the largest notional in the chart has the largest point."""
    columns = (rows[column] for column in ("counterparty", "market", "rank", "closes", "notional"))
    text = [
        f"account {account} in {market}<br>best rank {rank}, {closes} closes<br>"
        f"notional {format_short(notional, context.asset)}"
        for account, market, rank, closes, notional in zip(*columns, strict=True)
    ]
    is_open = symbol.endswith("open")
    return go.Scatter(
        x=rows["score"],
        y=scale.of(rows["harm"].to_numpy()),
        name=name,
        mode="markers",
        text=text,
        hovertemplate=f"%{{text}}<br>score %{{x:.4~g}}<br>harm %{{y:,.4~g}} {scale.unit}<extra></extra>",
        marker={
            "color": color,
            "symbol": symbol,
            "size": 6 + 24 * np.sqrt(rows["notional"].to_numpy() / largest),
            "opacity": 0.7,
            "line": {"width": 1.5 if is_open else 0.5, "color": color if is_open else "white"},
        },
    )


def _summary(points: pd.DataFrame, drawn: pd.DataFrame, harm: pd.Series, context: RunContext) -> str:
    """harm: of each close, quanta."""
    lost, gained = exact_sum(harm[harm > 0]), -exact_sum(harm[harm < 0])
    sides = [format_short(float(context.quote(quanta)), context.asset) for quanta in (lost, gained, lost - gained)]
    notional = format_short(float(points["notional"].sum()), context.asset)
    text = (
        f"{points['counterparty'].nunique():,} accounts had {notional} of positions closed (the size of a point is the"
        f" notional closed). Against the mark at execution, closes lost {sides[0]} and gained {sides[1]}: net harm"
        f" {sides[2]}."
    )
    return text if len(drawn) == len(points) else f"{text} Drawn: the {len(drawn):,} largest."
