"""Figures of what drives a study's outcome, by its design: tornado, Sobol indices, importance, boxes, heat map.

The outcome is P(event) of a run (the share of its paths, for reduced runs) and, where nearly no run shows the event,
the required fund. What a design cannot bear is left out; why is told in the figure's place.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.charts.study.context import StudyContext
from analysis.charts.study.heat_map import draw_heat_map
from analysis.charts.study.look import empty
from analysis.charts.study.prim import draw_prim
from analysis.charts.study.sobol import draw_sobol
from analysis.charts.study.tornado import draw_tornado
from analysis.errors import AnalysisError
from analysis.estimators.intervals import clopper_pearson
from analysis.reports.panels import Panel
from analysis.reports.study_folder import StudyFolder
from analysis.reports.study_samples import Sample, arm_labels
from analysis.reports.study_words import design_kind, phrase
from analysis.sensitivity.interaction import heat_map
from analysis.sensitivity.prim import boxes_of_study
from analysis.sensitivity.sobol import sobol_indices, sobol_table
from analysis.sensitivity.tornado import swings, tornado_table

CHANCE, FUND, OUTCOMES = "chance", "required_fund_quote", "outcomes"
_SAMPLED = ("random", "latin_hypercube", "sobol", "saltelli")
#: Fewest points from which boxes are searched.
FEWEST_POINTS = 50


def factor_panels(study: StudyFolder, samples: Sequence[Sample], context: StudyContext, event: str) -> Iterator[Panel]:
    """The figures that the design bears, in the order of the report; none where nothing is varied."""
    if not moving_factors(study) or study.done.empty:
        return
    runs = runs_with_outcomes(study, samples)
    arm, n_arms = int(study.done["arm"].min()), study.done["arm"].nunique()
    of_arm = arm_labels(study).get(arm, "") if n_arms > 1 else ""
    kind = design_kind(study)
    outcome, words = _outcome(runs, study, event, context)
    if kind == "one_at_a_time":
        yield _told("tornado", lambda: _tornado(study, runs, context, outcome, words, arm), context)
    if kind == "saltelli":
        yield _told("sobol", lambda: _sobol(study, runs, context, outcome, words[0], arm), context)
    if kind in _SAMPLED and len(study.points) >= FEWEST_POINTS:
        yield _told("boxes", lambda: _boxes(study, runs, context, arm, of_arm), context)
    pair = heat_pair(study, runs, outcome)
    if pair is not None:
        yield _told("heat-map", lambda: _heat(study, runs, context, outcome, words, pair), context)


def moving_factors(study: StudyFolder) -> list[str]:
    """Columns of the points (`u.` and `l.`) that are not the same everywhere."""
    return [
        str(name)
        for name in study.points.columns
        if str(name).startswith(("u.", "l.")) and study.points[name].nunique(dropna=False) > 1
    ]


def runs_with_outcomes(study: StudyFolder, samples: Sequence[Sample]) -> pd.DataFrame:
    """Runs with more columns: `chance` (share of a run's outcomes with the event), `required_fund_quote`, `outcomes`.

    For a full run the chance is 0 or 1. NaN for runs that did not end well; the chance also where paths were not kept.
    """
    parts = [pd.DataFrame({"event": [], "fund": [], OUTCOMES: []})]
    for sample in samples:
        weight = np.exp(sample.log_weight)
        rows = pd.DataFrame({"run_id": sample.run_id, "event": weight * sample.event, "fund": weight * sample.required})
        grouped = rows.groupby("run_id", sort=False)
        parts.append(grouped.mean().assign(**{OUTCOMES: grouped.size()}))
    means = pd.concat([part for part in parts if len(part)] or parts).rename(columns={"event": CHANCE, "fund": FUND})
    runs = study.runs.join(means, on="run_id")
    done = (runs["status"] == "done").to_numpy()
    summary = np.where(done, runs["required_fund_quanta"].to_numpy(np.float64) * study.quantum, np.nan)
    return runs.assign(**{FUND: runs[FUND].fillna(pd.Series(summary))})


def _outcome(runs: pd.DataFrame, study: StudyFolder, event: str, context: StudyContext) -> tuple[str, tuple[str, str]]:
    """(column, (name, unit)): P(event) where at least one run in twenty shows it, else the mean required fund."""
    shown = float((runs[CHANCE] > 0).mean())
    if shown >= 0.05:
        return CHANCE, (f"P({phrase(study, event)})", "")
    return FUND, ("mean required fund", context.asset)


def _told(name: str, draw: Callable[[], go.Figure], context: StudyContext) -> Panel:
    """The figure, or a panel that says why there is none."""
    try:
        return Panel(name, draw())
    except AnalysisError as error:
        question = {
            "tornado": "What moves the outcome most, one factor at a time?",
            "sobol": "Which factors share the variance of the outcome?",
            "boxes": "In which corner does the fund fail?",
            "heat-map": "Where does it fail?",
        }[name]
        words = f"Not drawn: {error}."
        return Panel(name, empty(context, question=question, words=words, axes=("factor", "outcome")))


def _honest(frame: pd.DataFrame, runs: pd.DataFrame, outcome: str, level: float) -> pd.DataFrame:
    """Shares of outcomes as probabilities: bounds within 0..1, and where no outcome shows the event, `0 of n`.

    Runs that all have a share of 0 would else have the interval [0, 0], and a lone run none. n of such rows counts
    outcomes, at least `n` runs' worth.
    """
    if outcome != CHANCE:
        return frame
    each = float(runs[OUTCOMES].median())
    found = frame.assign(low=frame["low"].clip(0, 1), high=frame["high"].clip(0, 1))
    lone = found["low"].isna().to_numpy() & (found["n"] == 1).to_numpy()  # one run: its own outcomes bound it
    low, high = clopper_pearson(np.where(lone, np.round(found["value"] * each), 0), max(each, 1), level=level)
    found["low"], found["high"] = np.where(lone, low, found["low"]), np.where(lone, high, found["high"])
    if "events" in found:
        found["n"] = np.where(lone, each, found["n"])
    never = (found["value"] == 0).to_numpy() & (found["n"] > 0).to_numpy()
    size = np.maximum(frame["n"].to_numpy(np.float64) * each, 1)
    found["high"] = np.where(never, clopper_pearson(np.zeros(len(found)), size, level=level)[1], found["high"])
    found["low"] = np.where(never, 0.0, found["low"])
    if "events" in found:
        found["events"] = np.where(never, 0, found["events"])
        found["n"] = np.where(never, size, found["n"])
    return found


def _units(study: StudyFolder) -> dict[str, str]:
    return {name[2:]: study.unit_of(name[2:]) for name in study.points.columns if str(name).startswith(("u.", "l."))}


def _tornado(
    study: StudyFolder, runs: pd.DataFrame, context: StudyContext, outcome: str, words: tuple[str, str], arm: int
) -> go.Figure:
    inputs = moving_factors(study)
    of_arm = None if any(name.startswith("l.") for name in inputs) else arm
    units = _units(study)
    found = swings(study.points, runs, outcome, inputs=inputs, arm=of_arm, units=units, level=context.level)
    found = _honest(found, runs, outcome, context.level)
    base = found[found["end"] == "base"].iloc[0]
    ends = {"base": float(base["value"]), "base_low": float(base["low"]), "base_high": float(base["high"])}
    return draw_tornado(tornado_table(found), context, outcome=words[0], unit=words[1], **ends)


def _sobol(
    study: StudyFolder, runs: pd.DataFrame, context: StudyContext, outcome: str, words: str, arm: int
) -> go.Figure:
    indices = sobol_indices(study.points, runs, outcome, arm=arm, level=context.level)
    return draw_sobol(sobol_table(indices), context, outcome=words)


def _boxes(study: StudyFolder, runs: pd.DataFrame, context: StudyContext, arm: int, of_arm: str) -> go.Figure:
    """Cases: runs in which the event is likelier than not; where these are few, the worst tenth by required fund."""
    likely = int((runs[CHANCE] >= 0.5).sum())
    common = 10 <= likely <= 0.6 * len(runs)
    outcome, least = (CHANCE, 0.5) if common else (FUND, float(runs[FUND].quantile(0.9)))
    found = boxes_of_study(
        study.points, runs, outcome, at_least=least, arm=arm, units=_units(study), level=context.level
    )
    event = (
        "does the fund fail" if common else f"does the required fund pass {context.money(least)}, its highest tenth,"
    )
    event += f" ({of_arm})" if of_arm else ""
    return draw_prim(found.limits, found.measures, found.points, context, event=event, kept=found.kept)


def heat_pair(study: StudyFolder, runs: pd.DataFrame, outcome: str) -> tuple[str, str] | None:
    """The two factors of the heat map: of a grid the two with most levels, of a sample the two most correlated."""
    kind = design_kind(study)
    moving = moving_factors(study)
    if kind == "grid":
        order = sorted(moving, key=lambda name: -study.points[name].nunique())
        return (order[0], order[1]) if len(order) > 1 else None
    numeric = [name for name in moving if pd.api.types.is_numeric_dtype(study.points[name])]
    if len(numeric) < 2 or kind not in _SAMPLED:
        return None
    joined = runs[["point", outcome]].merge(study.points[["point", *numeric]], on="point").dropna()
    if len(joined) < FEWEST_POINTS or joined[outcome].nunique() < 2:
        return None
    strength = joined[numeric].corrwith(joined[outcome], method="spearman").abs().fillna(0.0)
    order = [str(name) for name in strength.sort_values(ascending=False, kind="stable").index]
    return order[0], order[1]


def _heat(
    study: StudyFolder,
    runs: pd.DataFrame,
    context: StudyContext,
    outcome: str,
    words: tuple[str, str],
    pair: tuple[str, str],
) -> go.Figure:
    cells = _honest(heat_map(study.points, runs, outcome, *pair, level=context.level), runs, outcome, context.level)
    scale = context.scale(cells["value"].to_numpy(np.float64)) if outcome == FUND else None
    title = words[0]
    if scale is not None:
        title = f"{words[0]} ({scale.unit})"
        for name in ("value", "low", "high"):
            cells[name] = scale.of(cells[name].to_numpy(np.float64))
    titles = [f"{name[2:]} ({study.unit_of(name[2:]) or 'no unit'})" for name in pair]
    spread = cells["value"][cells["value"] > 0]
    wide = bool(len(spread)) and float(spread.max() / spread.min()) > 30
    return draw_heat_map(
        cells, context, question=f"Where is {words[0]} high?", x_title=titles[0], y_title=titles[1],
        value_title=title, logarithmic=wide, contours=_decades(cells) if outcome == CHANCE and wide else (),
    )  # fmt: skip


def _decades(cells: pd.DataFrame) -> tuple[float, ...]:
    """Powers of ten between the smallest and the largest value of the cells."""
    positive = cells["value"][cells["value"] > 0]
    low, high = math.ceil(math.log10(float(positive.min()))), math.floor(math.log10(float(positive.max())))
    return tuple(10.0**power for power in range(low, high + 1))[-4:]
