"""Figures of the drivers of a study's outcome, by its design: tornado, Sobol indices, importance, boxes, heat map.

A figure that a design does not support is left out; a text in its place gives the reason.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..charts.chart_context import StudyContext
from ..charts.compose import empty
from ..charts.marks import rounded
from ..charts.study.factor_importance import draw_importance
from ..charts.study.heat_map import draw_heat_map
from ..charts.study.prim import draw_prim
from ..charts.study.sobol import draw_sobol
from ..charts.study.tornado import draw_tornado
from ..errors import AnalysisError
from ..sensitivity.factor_importance import MIN_IN_BIN, importance
from ..sensitivity.interaction import heat_map
from ..sensitivity.prim import boxes_of_study
from ..sensitivity.sobol import sobol_indices, sobol_table
from ..sensitivity.tornado import swings, tornado_table
from ..study.coverage import uneven_cells
from ..study.design import design_kind
from ..study.factors import MIN_POINTS, SAMPLED, heat_pair, moving_factors, units_of
from ..study.folder import StudyFolder
from ..study.labels import arm_labels
from ..study.outcomes import (
    OF_PATHS,
    OUTCOMES,
    Outcome,
    errors_of,
    honest,
    runs_with_outcomes,
    shown_outcomes,
)
from .run_panels import Panel


def factor_panels(study: StudyFolder, context: StudyContext) -> Iterator[Panel]:
    """The figures that the design supports, in the order of the report; none if nothing is varied."""
    if not moving_factors(study) or study.done.empty:
        return
    runs = runs_with_outcomes(study)
    arm, n_arms = int(study.done["arm"].min()), study.done["arm"].nunique()
    of_arm = arm_labels(study).get(arm, "") if n_arms > 1 else ""
    kind, unknown = design_kind(study), any(name.startswith("u.") for name in moving_factors(study))
    for number, every in enumerate(shown_outcomes(study, runs)):
        outcome = replace(every, label=f"{every.label} ({of_arm})") if of_arm else every
        after = f"-{outcome.column}" if number else ""
        if kind == "one_at_a_time":
            of_outcome = (outcome, arm) if unknown else (every, None)
            yield _panel(f"tornado{after}", partial(_tornado, study, runs, context, *of_outcome), context)
        if kind == "saltelli":
            yield _panel(f"sobol{after}", partial(_sobol, study, runs, context, outcome, arm), context)
        if kind in SAMPLED[:3] and len(study.points) >= 2 * MIN_IN_BIN * study.points["arm"].nunique():
            yield _panel(f"importance{after}", partial(_importance, study, runs, context, outcome, arm), context)
        if kind in SAMPLED and len(study.points) >= MIN_POINTS * study.points["arm"].nunique():
            yield _panel(f"boxes{after}", partial(_boxes, study, runs, context, every, arm, of_arm), context)
        pair = heat_pair(study, runs, outcome)
        if pair is not None:
            if any(name.startswith("l.") for name in pair):  # the cells span several arms
                draw = partial(_heat, study, runs, context, every, every.label, None, pair)
            else:
                draw = partial(_heat, study, runs, context, every, outcome.label, arm, pair)
            yield _panel(f"heat-map{after}", draw, context)


def _panel(name: str, draw: Callable[[], go.Figure], context: StudyContext) -> Panel:
    """The figure, or a panel that gives the reason why there is none."""
    try:
        return Panel(name, draw())
    except AnalysisError as error:
        question = {
            "tornado": "Which factor, moved alone, changes the outcome most?",
            "sobol": "Which factors drive the variance of the outcome?",
            "importance": "Which factors are associated with the outcome?",
            "boxes": "In which region of the factor space does the fund fail?",
            "heat-map": "Where does it fail?",
        }[next(key for key in ("tornado", "sobol", "importance", "boxes", "heat-map") if name.startswith(key))]
        text = f"Not drawn: {error}."
        return Panel(name, empty(context, question=question, text=text, axes=("factor", "outcome")))


def _tornado(
    study: StudyFolder, runs: pd.DataFrame, context: StudyContext, outcome: Outcome, arm: int | None
) -> go.Figure:
    """Tornado of the uncertainties in one arm; without an arm, of the levers."""
    inputs = [name for name in moving_factors(study) if name.startswith("l." if arm is None else "u.")]
    units, level = units_of(study), context.level
    chosen: dict[str, Any] = {"inputs": inputs, "arm": arm}
    frame = swings(study.points, runs, outcome.column, **chosen, units=units, level=level)
    frame, unit = _scaled(honest(frame, runs, outcome, level), outcome, context)
    base = frame[frame["end"] == "base"].iloc[0]
    ends = {"base": float(base["value"]), "base_low": float(base["low"]), "base_high": float(base["high"])}
    table = tornado_table(frame)
    return draw_tornado(table, context, outcome=outcome.label, unit=unit, is_chance=outcome.is_chance, **ends)


def _sobol(study: StudyFolder, runs: pd.DataFrame, context: StudyContext, outcome: Outcome, arm: int) -> go.Figure:
    indices = sobol_indices(study.points, runs, outcome.column, arm=arm, level=context.level)
    return draw_sobol(sobol_table(indices), context, outcome=outcome.label)


def _importance(study: StudyFolder, runs: pd.DataFrame, context: StudyContext, outcome: Outcome, arm: int) -> go.Figure:
    frame = importance(study.points, runs, outcome.column, arm=arm, level=context.level)
    return draw_importance(frame, context, outcome=outcome.label)


def _boxes(
    study: StudyFolder, runs: pd.DataFrame, context: StudyContext, outcome: Outcome, arm: int, of_arm: str
) -> go.Figure:
    """Cases: runs in which the event is more likely than not; if these are few or many, the outcome's highest tenth."""
    cases = ""
    options: dict[str, Any] = {"arm": arm, "units": units_of(study), "level": context.level}
    if runs[outcome.column].dtype == bool:
        boxes = boxes_of_study(study.points, runs, outcome.column, **options)
        event = f"is “{outcome.label.removeprefix('P(').removesuffix(')')}” most frequent"
    else:
        values = runs.loc[runs["arm"] == arm, outcome.column]
        likely = int((values >= 0.5).sum()) if outcome.is_chance else 0
        common = 10 <= likely <= 0.6 * len(values)
        threshold = 0.5 if common else float(values.quantile(0.9))
        boxes = boxes_of_study(study.points, runs, outcome.column, at_least=threshold, **options)
        bound = context.money(threshold) if outcome.is_money else rounded(threshold)
        cases = f"{outcome.label} at least {bound}"
        event = f"is {outcome.label} " + ("at least 0.5" if common else "in its highest tenth")
    event += f" ({of_arm})" if of_arm else ""
    frames = (boxes.limits, boxes.measures, boxes.points)
    return draw_prim(*frames, context, event=event, kept=boxes.kept, cases=cases)


def _scaled(frame: pd.DataFrame, outcome: Outcome, context: StudyContext) -> tuple[pd.DataFrame, str]:
    """Value and bounds in a readable unit, and that unit."""
    if not outcome.is_money:
        return frame, outcome.unit
    scale = context.scale(frame["value"].to_numpy(np.float64))
    values = {name: scale.of(frame[name].to_numpy(np.float64)) for name in ("value", "low", "high")}
    return frame.assign(**values), scale.unit


def _heat(
    study: StudyFolder,
    runs: pd.DataFrame,
    context: StudyContext,
    outcome: Outcome,
    label: str,
    arm: int | None,
    pair: tuple[str, str],
) -> go.Figure:
    errors = errors_of(outcome.column) if outcome.column in OF_PATHS else None
    frame = heat_map(study.points, runs, outcome.column, *pair, arm=arm, level=context.level, errors=errors)
    cells, unit = _scaled(honest(frame, runs, outcome, context.level), outcome, context)
    if not outcome.is_chance:
        of_paths = (cells["method"] == "one run, over its paths").to_numpy()
        cells = cells.drop(columns="events").assign(n=np.where(of_paths, runs[OUTCOMES].median(), cells["n"]))
    titles = [f"{name[2:]} ({study.unit_of(name[2:]) or 'no unit'})" for name in pair]
    spread = cells["value"][cells["value"] > 0]
    wide = bool(len(spread)) and float(spread.max() / spread.min()) > 30
    return draw_heat_map(
        cells,
        context,
        question=f"Where is {label} high?",
        x_title=titles[0],
        y_title=titles[1],
        value_title=f"{outcome.label} ({unit})" if unit else outcome.label,
        logarithmic=wide,
        contours=_decades(cells) if outcome.is_chance and wide else (),
        is_chance=outcome.is_chance,
        incomplete=uneven_cells(study, pair, arm=arm),
    )


def _decades(cells: pd.DataFrame) -> tuple[float, ...]:
    """Powers of ten between the smallest and the largest value of the cells."""
    positive = cells["value"][cells["value"] > 0]
    low, high = math.ceil(math.log10(float(positive.min()))), math.floor(math.log10(float(positive.max())))
    return tuple(10.0**power for power in range(low, high + 1))[-4:]
