"""What is the smallest shock that exhausts the fund? Jump size versus loss of depth, one line per concentration."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import axis, compose, empty, legend
from ..marks import LINES, bars_of, column, require

QUESTION = "What is the smallest shock that exhausts the fund?"
FRONTIER = ("depth_loss", "concentration", "jump", "jump_low", "jump_high", "searched_to", "n")


def draw_reverse_stress(
    frontier: pd.DataFrame,
    context: StudyContext,
    *,
    fund: float = float("nan"),
    concentration_title: str = "largest share",
) -> go.Figure:
    """The smallest jump that exhausts the fund versus the depth lost with it; above a line the fund fails.

    frontier: depth_loss (0..1, share of depth gone), concentration (0..1, share of open interest in the largest
    position), jump (fraction of the price, its size without sign; NaN if none up to searched_to exhausts the fund),
    jump_low, jump_high (bracket of the search, or interval over n repetitions), searched_to (largest jump tried), n.
    """
    titles = ("depth lost (% of the calm depth)", "smallest jump that exhausts the fund (% of the price)")
    if frontier.empty:
        text = "No shock was searched for: the study has no reverse stress test."
        return empty(context, question=QUESTION, text=text, axes=titles)
    require(frontier, FRONTIER, "reverse stress")
    levels = sorted(float(value) for value in frontier["concentration"].unique())
    traces = [
        trace
        for i, level in enumerate(levels)
        for trace in _line(frontier[frontier["concentration"] == level], level, i, len(levels), concentration_title)
    ]
    top = 100 * float(np.nanmax([*column(frontier, "jump_high"), *column(frontier, "searched_to")]))
    n = column(frontier, "n")
    size = f"n = {n.min():,.0f}" if n.min() == n.max() else f"n = {n.min():,.0f} to {n.max():,.0f}"
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(frontier, context, fund, concentration_title),
        axes={
            "xaxis": axis(titles[0], zeroline=False),
            "yaxis": axis(titles[1], range=[0, top * 1.08], zeroline=False),
        },
        note=f"Whiskers: bracket of the search or {context.interval} over repetitions ({size} a point). Above a line"
        " the fund is exhausted. Triangles: no jump up to that size exhausts it.",
        height=540,
        legend=legend(),
    )


def _line(rows: pd.DataFrame, level: float, place: int, n_levels: int, title: str) -> list[go.Scatter]:
    rows = rows.sort_values("depth_loss", kind="stable")
    colour = LINES[place % len(LINES)]
    x, jump = 100 * column(rows, "depth_loss"), 100 * column(rows, "jump")
    exhausts = np.isfinite(jump)
    # Lines of several concentrations have the same depths: they are shifted slightly so that whiskers do not overlap.
    shift = (place - (n_levels - 1) / 2) * 0.35
    name = f"{title} {level * 100:g}%"
    line = go.Scatter(
        x=x[exhausts] + shift,
        y=jump[exhausts],
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"color": colour, "size": 8},
        error_y=bars_of(
            jump[exhausts],
            100 * column(rows, "jump_low")[exhausts],
            100 * column(rows, "jump_high")[exhausts],
            colour=colour,
        ),
        customdata=np.stack([x, 100 * column(rows, "jump_low"), 100 * column(rows, "jump_high")], axis=1)[exhausts],
        name=name,
        legendgroup=name,
        hovertemplate=f"{name}, depth lost %{{customdata[0]:.3~g}}%: jump %{{y:.3~g}}%"
        " [%{customdata[1]:.3~g}, %{customdata[2]:.3~g}]<extra></extra>",
    )
    if exhausts.all():
        return [line]
    beyond = go.Scatter(
        x=x[~exhausts] + shift,
        y=100 * column(rows, "searched_to")[~exhausts],
        mode="markers",
        marker={"symbol": "triangle-up-open", "color": colour, "size": 11, "line": {"width": 2}},
        name=f"{name}: survives",
        legendgroup=name,
        showlegend=not exhausts.any(),
        hovertemplate=f"{name}, depth lost %{{x:.3~g}}%: no jump up to %{{y:.3~g}}% exhausts it<extra></extra>",
    )
    return [line, beyond] if exhausts.any() else [beyond]


def _summary(frontier: pd.DataFrame, context: StudyContext, fund: float, title: str) -> str:
    start = f"Fund {context.money(fund)}. " if np.isfinite(fund) else ""
    exhausting = frontier[np.isfinite(column(frontier, "jump"))]
    if exhausting.empty:
        most = 100 * float(column(frontier, "searched_to").max())
        return f"{start}None of the shocks tried exhausts it, with jumps up to {most:.3g}%."
    parts = []
    for word, row in (
        ("Smallest", exhausting.loc[exhausting["jump"].idxmin()]),
        ("largest", exhausting.loc[exhausting["jump"].idxmax()]),
    ):
        parts.append(
            f"{word}: a jump of {100 * row['jump']:.3g}% [{100 * row['jump_low']:.3g}, {100 * row['jump_high']:.3g}]"
            f" with {100 * row['depth_loss']:.3g}% of depth lost and {title} {100 * row['concentration']:.3g}%"
        )
        if len(exhausting) == 1:
            break
    survived = len(frontier) - len(exhausting)
    more = f" {survived} of {len(frontier)} combinations survive every jump tried." if survived else ""
    return f"{start}{'; '.join(parts)}.{more}"
