"""The page of one answer of size-fund: the fund, the curve, the method, the assumptions."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..charts.chart_context import StudyContext
from ..charts.study.estimators import draw_estimators
from ..charts.study.sufficiency import draw_sufficiency
from ..sizing.answer_text import (
    answer_lines,
    assumptions,
    consequence_lines,
    consequence_rows,
    history_lines,
    sample_text,
    value_texts,
)
from ..sizing.solve import Answer
from .backtest_section import backtest_section
from .page import Cell, embed, escape, page, table

F64 = npt.NDArray[np.float64]


def build_size_report(
    answer: Answer,
    *,
    context: StudyContext,
    baseline: pd.DataFrame | None = None,
    estimators: pd.DataFrame | None = None,
    refused: dict[str, str] | None = None,
    command: str = "",
) -> str:
    """One self-contained page; the same bytes for the same answer, except for the seconds of the comparison."""
    title = f"How large must the fund be? {answer.facts.name}"
    printed = [line for line in answer_lines(answer)[:-1] if line and not line.startswith("assumes: ")]
    follows = {*consequence_lines(answer.consequences, answer.facts.unit), *history_lines(answer)}
    lines = [line for line in printed if line not in follows]
    parts = [
        f"<h1>{escape(title)}</h1><p class='sub'>{escape(context.caption)}</p>",
        _box(answer, lines),
        *backtest_section(answer.history, answer.no_history, answer.facts.unit),
        *_follows(answer),
        *_curve(answer, context, baseline),
        *_comparison(answer, context, estimators, refused or {}),
        "<h2>Assumptions</h2>" + _items(assumptions(answer)),
        "<h2>How to reproduce this</h2>" + f"<pre>{escape(command)}</pre>" + _identity(answer),
    ]
    return page(title=title, body="\n".join(parts))


def curve_figure(answer: Answer, context: StudyContext, baseline: pd.DataFrame | None = None) -> go.Figure:
    """The sufficiency curve with the target, the required fund, the configured fund, and gap risk alone."""
    fund, target = answer.fund, answer.target.p
    row = {
        "target": target,
        "fund": math.nan if fund is None else fund.value,
        "low": math.nan if fund is None else fund.low,
        "high": math.nan if fund is None else fund.high,
        "note": "" if fund else "no answer",
    }
    return draw_sufficiency(
        quotable(answer.curve, target),
        context,
        event=answer.definition.phrase,
        targets=pd.DataFrame([row]),
        baseline=baseline,
        at_hand=answer.facts.at_hand,
    )


def quotable(curve: pd.DataFrame, target: float) -> pd.DataFrame:
    """The part of a curve that may be quoted: down to a thirtieth of the target, and to the last point not refused."""
    if curve.empty:
        return curve
    stands = (curve["refused"] == "") & (curve["probability"] > min(target / 30, float(curve["probability"].max())))
    return curve[stands] if stands.any() else curve


def _box(answer: Answer, lines: list[str]) -> str:
    kind = "answer" if answer.confirmed and not answer.is_refuted else "box"
    head, rest = lines[0], lines[1:]
    body = "".join(f"<p>{_strong(line)}</p>" for line in rest)
    return f"<div class='{kind}'><h2>{escape(head)}</h2>{body}</div>"


def _strong(line: str) -> str:
    """A line as HTML, warnings and the fund itself in bold."""
    bold = line.startswith(("warning", "NOT CONFIRMED", "REFUTED", "required fund", "no answer"))
    return f"<b>{escape(line)}</b>" if bold else escape(line)


def _follows(answer: Answer) -> list[str]:
    """The table of the consequences of the fund's size."""
    consequences = answer.consequences
    if consequences is None:
        return []
    rows = []
    for name, estimate, unit in consequence_rows(consequences, answer.facts.unit):
        value, low, high = value_texts(estimate, unit)
        rows.append([name, Cell(escape(value), "n"), f"{low} to {high}", estimate.method, sample_text(estimate)])
    header = ["number", "value", f"{answer.level:.0%} interval", "method", "sample"]
    parts = ["<h2>Consequences of this fund size</h2>", table(header, rows, numbers={1})]
    if consequences.days_to_rebuild is None:
        parts.append("<p>Income alone never rebuilds it, because it has none.</p>")
    return [*parts, *(f"<p class='note'>left out: {escape(text)}</p>" for text in consequences.left_out)]


def _curve(answer: Answer, context: StudyContext, baseline: pd.DataFrame | None) -> list[str]:
    head = "<h2>All fund sizes</h2>"
    if answer.facts.feeds_back:
        reasons = "; ".join(answer.facts.feeds_back)
        return [head, f"<p>There is no curve: one set of runs does not cover all sizes, because {escape(reasons)}.</p>"]
    if answer.curve.empty:
        return []
    return [head, embed("sufficiency", curve_figure(answer, context, baseline))]


def _comparison(
    answer: Answer, context: StudyContext, estimators: pd.DataFrame | None, refused: dict[str, str]
) -> list[str]:
    if estimators is None:
        return []
    what = f"P({answer.definition.phrase})"
    parts = ["<h2>Do the methods agree?</h2>", embed("estimators", draw_estimators(estimators, context, what=what))]
    if refused:
        parts.append(table(["method", "reason for refusal"], sorted(refused.items())))
    return parts


def _items(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _identity(answer: Answer) -> str:
    return table(["what", "value"], [*answer.facts.identity.items(), ("seed", str(answer.facts.seed))])
