"""How leveraged was the market before and after? The same accounts weighted in two ways: equally, and by notional."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..money import format_short
from .chart_context import RunContext
from .compose import axis, compose, empty, in_panel, legend, panel_grid
from .theme import AFTER, BEFORE

QUESTION = "How leveraged was the market before and after?"
EDGES = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0)
LABELS = (*(f"{low:g}–{high:g}" for low, high in pairwise(EDGES)), "≥ 100", "equity ≤ 0")
_X_TITLE = "leverage (notional / equity, times)"


def leverage_bins(equity: npt.NDArray[np.int64], notional: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Index into LABELS of each position; a class includes its lower edge; equity of zero or less has its own class."""
    leverage = notional / np.maximum(equity, 1).astype(np.float64)
    index = np.searchsorted(EDGES, leverage, side="right") - 1
    return np.where(equity <= 0, len(LABELS) - 1, np.clip(index, 0, len(LABELS) - 2))


def draw_leverage(accounts: pd.DataFrame, context: RunContext) -> go.Figure:
    """Leverage distribution of margin accounts with a position, before and after, by account and by notional."""
    traders = accounts[(accounts["mode"] != "reserved").to_numpy()]
    moments = {
        "before": _positions(traders, "initial"),
        "after": _positions(traders, "final"),
    }
    if not any(len(equity) for equity, _ in moments.values()):
        text = "No account held a position at the start or at the end."
        return empty(context, question=QUESTION, text=text, axes=(_X_TITLE, "share (% of accounts)"))
    titles = ("weight: each margin account counts once", "weight: notional of the position")
    grid, titled = panel_grid(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.13, subplot_titles=titles)
    axes_of = {"xaxis": axis("", **grid["xaxis"]), "xaxis2": axis(_X_TITLE, **grid["xaxis2"])}
    traces = []
    for row, (weight, unit) in enumerate((("account", "% of accounts"), ("notional", "% of notional")), start=1):
        for (name, (equity, notional)), colour in zip(moments.items(), (BEFORE, AFTER), strict=True):
            bars = _bars(equity, notional, weight, name, colour, unit, show=row == 1)
            traces.append(bars.update(in_panel(row)))
        name = f"yaxis{'' if row == 1 else row}"
        axes_of[name] = axis(f"share ({unit})", **grid[name])
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(moments, context),
        axes=axes_of,
        height=600,
        notes=titled,
        barmode="group",
        bargap=0.18,
        bargroupgap=0,
        legend=legend(y=1.03),
    )


def _positions(traders: pd.DataFrame, when: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    notional = traders[f"notional_{when}_quanta"].to_numpy(dtype=np.int64)
    held = notional > 0
    return traders[f"equity_{when}_quanta"].to_numpy(dtype=np.int64)[held], notional[held]


def _bars(
    equity: npt.NDArray[np.int64],
    notional: npt.NDArray[np.int64],
    weight: str,
    name: str,
    colour: str,
    unit: str,
    *,
    show: bool,
) -> go.Bar:
    weights = notional.astype(np.float64) if weight == "notional" else np.ones(len(notional))
    sums = np.bincount(leverage_bins(equity, notional), weights=weights, minlength=len(LABELS))
    share = sums / sums.sum() * 100 if sums.sum() else sums
    return go.Bar(
        x=LABELS,
        y=share,
        name=name,
        marker={"color": colour},
        legendgroup=name,
        showlegend=show,
        hovertemplate=f"{name}, leverage %{{x}}: %{{y:.3~g}} {unit}<extra></extra>",
    )


def _summary(moments: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], context: RunContext) -> str:
    parts = []
    for name, (equity, notional) in moments.items():
        if not len(equity):
            parts.append(f"{name}: no positions")
            continue
        solvent = equity > 0
        median = float(np.median(notional[solvent] / equity[solvent])) if solvent.any() else float("nan")
        # Weighted by notional: half of all notional has this leverage or less.
        leverage = notional[solvent] / equity[solvent]
        order = np.argsort(leverage, kind="stable")
        mass = np.cumsum(notional[solvent][order].astype(np.float64))
        by_notional = float(leverage[order][np.searchsorted(mass, mass[-1] / 2)]) if solvent.any() else float("nan")
        total = format_short(float(context.quote(notional).sum()), context.asset)
        parts.append(
            f"{name}: {len(equity):,} margin accounts with {total} of positions, median leverage {median:.1f}x"
            f" by account, {by_notional:.1f}x by notional"
        )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
