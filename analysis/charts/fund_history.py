"""How has the fund done? Its recorded balance over time, and each month's result and draw."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..history.months import MonthsWithDraw
from ..money import Scale, choose_scale, format_short
from .compose import ABOVE_PANELS, axis, compose, in_panel, legend, panel_grid
from .theme import BLUE, GAIN, GREY, LOSS

QUESTION = "How much has the fund paid, and how has it grown?"
TITLES = ("balance", "month by month")


@dataclass(frozen=True)
class HistoryContext:
    """The origin of a history: its file, first and last day, number of days, unit."""

    source: str
    first: str
    last: str
    days: int
    unit: str
    has_level: bool

    @property
    def caption(self) -> str:
        """File, span, number of days."""
        return f"{self.source} · {self.first} to {self.last} · {self.days:,} days with a balance"


def draw_fund_history(
    history: pd.DataFrame, months: pd.DataFrame, counted: MonthsWithDraw, context: HistoryContext
) -> go.Figure:
    """The balance by day, then net results and draws by month.

    history: index of days, column balance.  months: as returned by `months_of`.
    """
    balance = history["balance"].dropna()
    scale = choose_scale(float(balance.abs().max()), context.unit)
    small = choose_scale(float(months[["result", "draw"]].abs().to_numpy().max()), context.unit)
    grid, titles = panel_grid(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.12, subplot_titles=TITLES
    )
    what = "balance" if context.has_level else "results so far"
    axes = {
        "xaxis": axis("", **{**grid["xaxis"], "type": "date"}),
        "yaxis": axis(f"{what} ({scale.unit})", **grid["yaxis"]),
        "xaxis2": axis("day (UTC)", **{**grid["xaxis2"], "type": "date"}),
        "yaxis2": axis(f"month ({small.unit})", **grid["yaxis2"]),
    }
    return compose(
        [_balance(balance, scale), *_months(months, small)],
        context,
        question=QUESTION,
        answer=_answer(months, counted, context),
        axes=axes,
        note="Without money from outside. Draw: largest fall below the start of the month.",
        height=560,
        panels=True,
        notes=titles,
        legend=legend(y=ABOVE_PANELS),
        barmode="overlay",
    )


def _balance(balance: pd.Series, scale: Scale) -> go.Scatter:
    """The balance as a line with breaks where days are missing."""
    daily = balance.asfreq("D")
    return go.Scatter(
        x=daily.index.strftime("%Y-%m-%d").tolist(),
        y=np.where(daily.isna(), np.nan, scale.of(daily.to_numpy(np.float64))),
        mode="lines",
        line={"color": BLUE, "width": 1.5},
        name="balance",
        showlegend=False,
        connectgaps=False,
        **in_panel(1),
    )


def _months(months: pd.DataFrame, scale: Scale) -> list[go.Bar | go.Scatter]:
    middle = [f"{month}-15" for month in months["month"]]
    result = scale.of(months["result"].to_numpy(np.float64))
    bars = go.Bar(
        x=middle,
        y=result,
        marker={"color": np.where(result < 0, LOSS, GAIN).tolist()},
        name="net result",
        width=20 * 86_400_000,
        hovertemplate="%{x|%Y-%m}: net result %{y:.3~g}<extra></extra>",
        **in_panel(2),
    )
    drawn = go.Scatter(
        x=middle,
        y=-scale.of(months["draw"].to_numpy(np.float64)),
        mode="markers",
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": GREY}, "color": GREY},
        name="draw",
        hovertemplate="%{x|%Y-%m}: draw %{y:.3~g}<extra></extra>",
        **in_panel(2),
    )
    return [bars, drawn]


def _answer(months: pd.DataFrame, counted: MonthsWithDraw, context: HistoryContext) -> str:
    worst = months.loc[months["draw"].idxmax()]
    return (
        f"{counted.events} of {counted.n} months with a net loss, {100 * counted.share:.3g}%"
        f" [{100 * counted.low:.3g}, {100 * counted.high:.3g}] at 95%. Largest draw of a month"
        f" {format_short(float(worst['draw']), context.unit)} ({worst['month']})."
    )
