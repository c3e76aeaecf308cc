"""How does the fund develop over time? Quantiles of its balance over paths, and the share of paths that emptied it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import ABOVE_PANELS, axis, compose, empty, legend, panel_title, question_for
from ..marks import band, column, require
from ..theme import BLACK, VERMILLION

QUESTION = "How does the fund develop over time?"
FAN = ("time_days", "quantile", "fund")
EMPTY = ("time_days", "probability", "low", "high", "events", "n")
#: Pairs of quantiles drawn as bands, with the opacity of their fill.
_BANDS = ((0.01, 0.99, 0.13), (0.05, 0.95, 0.20), (0.25, 0.75, 0.34))
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def fan_frame(time_days: npt.ArrayLike, balances: npt.ArrayLike) -> pd.DataFrame:
    """Quantiles over paths of balances (paths, times): columns time_days, quantile, fund; a row per time and level."""
    times, fund = np.asarray(time_days, np.float64), np.asarray(balances, np.float64)
    if not fund.size:
        return pd.DataFrame(columns=list(FAN))
    levels = np.quantile(fund, LEVELS, axis=0, method="inverted_cdf")
    frames = [
        pd.DataFrame({"time_days": times, "quantile": q, "fund": row}) for q, row in zip(LEVELS, levels, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def draw_fund_fan(
    fan: pd.DataFrame,
    context: StudyContext,
    *,
    emptied: pd.DataFrame | None = None,
    n_fan: int = 0,
    why_none: str = "",
    arm: str = "",
) -> go.Figure:
    """Balance of the fund over time (above), and the share of paths whose fund has been empty by then (below).

    fan: time_days, quantile (0..1), fund (quote units), as returned by `fan_frame`; n_fan: number of paths behind it.
    emptied: time_days, probability, low, high, events, n.
    """
    share = pd.DataFrame(columns=list(EMPTY)) if emptied is None else emptied
    if fan.empty and share.empty:
        text = f"No balance over time was stored: {why_none or 'a study stores only the summary of its runs'}."
        return empty(
            context, question=question_for(QUESTION, arm), text=text, axes=("time (days)", f"fund ({context.asset})")
        )
    require(fan, FAN, "fan chart")
    require(share, EMPTY, "fan chart, share empty")
    unit, times = _time_unit(max(float(np.nanmax(column(f, "time_days"))) for f in (fan, share) if len(f)))
    fan, share = (frame.assign(time_days=column(frame, "time_days") * times) for frame in (fan, share))
    end = max(float(np.nanmax(column(frame, "time_days"))) for frame in (fan, share) if len(frame))
    notes = [panel_title("share of paths whose fund has been empty by then", "2")] if len(share) else []
    notes += [panel_title(f"balance of the fund, {n_fan:,} paths")] if len(fan) else []
    spread = (
        f"Bands above: quantiles at each time over {n_fan:,} separate paths; they show spread, they are not intervals. "
    )
    missing = f"Balances over time are not drawn: {why_none or 'a study stores only the summary of its runs'}. "
    return compose(
        [*_fan(fan, context), *_emptied(share, context)],
        context,
        question=question_for(QUESTION, arm),
        answer=_summary(fan, share, context, unit),
        axes=_axes(context.scale(column(fan, "fund")).unit, end, unit, upper=bool(len(fan)), lower=bool(len(share))),
        note=f"{spread if len(fan) else missing}Band of the share: {context.interval}.",
        height=620 if len(fan) else 440,
        notes=notes,
        panels=True,
        legend=legend(y=ABOVE_PANELS if len(fan) else 1.02),
    )


def _time_unit(days: float) -> tuple[str, float]:
    """The unit in which a horizon is readable, and its number per day."""
    if days >= 2:
        return "days", 1.0
    return ("hours", 24.0) if days >= 0.1 else ("minutes", 1440.0)


def _axes(unit: str, end: float, time_unit: str, *, upper: bool, lower: bool) -> dict[str, dict[str, Any]]:
    """Balance above, share below; a single panel has the whole height."""
    time = axis(f"time ({time_unit})", range=[0, end or 1])
    axes: dict[str, dict[str, Any]] = {}
    if upper:
        hidden = {"showticklabels": False, "title": {"text": ""}} if lower else {}
        axes["xaxis"] = {**time, "anchor": "y", **hidden}
        axes["yaxis"] = axis(f"fund ({unit})", domain=[0.42 if lower else 0.0, 0.98], rangemode="tozero")
    if lower:
        axes["xaxis2"] = {**time, "anchor": "y2"}
        axes["yaxis2"] = axis("P(empty by then)", domain=[0.0, 0.29 if upper else 0.98], rangemode="tozero")
    return axes


def _fan(fan: pd.DataFrame, context: StudyContext) -> list[go.Scatter]:
    if fan.empty:
        return []
    scale = context.scale(column(fan, "fund"))
    wide = fan.pivot(index="time_days", columns="quantile", values="fund")
    x = wide.index.to_numpy()
    traces: list[go.Scatter] = []
    for low, high, opacity in _BANDS:
        if low in wide and high in wide:
            name, fill = f"{low * 100:g}–{high * 100:g}% of paths", f"rgba(0,114,178,{opacity})"
            traces += band(x, scale.of(wide[low].to_numpy()), scale.of(wide[high].to_numpy()), name=name, fill=fill)
    for level in [0.5] if 0.5 in wide else list(wide):
        name = "median" if level == 0.5 else f"{level:g} quantile"
        look = {"mode": "lines+markers" if len(x) == 1 else "lines", "line": {"color": BLACK, "width": 1.8}}
        hover = f"time %{{x:.3~g}}: {name} %{{y:,.4~g}} {scale.unit}<extra></extra>"
        traces.append(go.Scatter(x=x, y=scale.of(wide[level].to_numpy()), name=name, hovertemplate=hover, **look))
    return traces


def _emptied(share: pd.DataFrame, context: StudyContext) -> list[go.Scatter]:
    place = {"xaxis": "x2", "yaxis": "y2"}
    if share.empty:
        return []
    bounds = band(share["time_days"], share["low"], share["high"], name=context.interval, fill="rgba(213,94,0,0.22)")
    line = go.Scatter(
        x=share["time_days"],
        y=share["probability"],
        mode="lines",
        line={"color": VERMILLION, "width": 2},
        name="empty by then",
        customdata=share[["low", "high", "events", "n"]].to_numpy(),
        hovertemplate="by %{x:.3~g}: %{y:.3g} [%{customdata[0]:.3g}, %{customdata[1]:.3g}]<br>%{customdata[2]:,} of"
        " %{customdata[3]:,}<extra></extra>",
    )
    return [trace.update(place) for trace in (*bounds, line)]


def _summary(fan: pd.DataFrame, share: pd.DataFrame, context: StudyContext, unit: str) -> str:
    parts = []
    if not fan.empty:
        end = fan[fan["time_days"] == fan["time_days"].max()].set_index("quantile")["fund"]
        if 0.5 in end and 0.05 in end:
            parts.append(
                f"After {fan['time_days'].max():g} {unit} the median fund is {context.money(float(end[0.5]))},"
                f" and one in twenty has {context.money(float(end[0.05]))} or less."
            )
    if not share.empty:
        last = share.iloc[-1]
        if last["events"] == 0:
            parts.append(
                f"The fund was empty in 0 of {int(last['n']):,} paths: at most {last['high']:.3g} ({context.interval})."
            )
        else:
            parts.append(
                f"The share of paths with an empty fund is {last['probability']:.3g} [{last['low']:.3g},"
                f" {last['high']:.3g}]"
                f" ({int(last['events']):,} of {int(last['n']):,})."
            )
    return " ".join(parts)
