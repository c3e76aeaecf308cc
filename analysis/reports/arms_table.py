"""The table of arms: sizes, outcomes that the study names with intervals; P(event) and funds if it asks for a fund."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..charts.chart_context import StudyContext
from ..charts.marks import rounded
from ..charts.study.comparison_text import named
from ..estimators.estimate import RefusedError
from ..study.bypassed import OF_THE_FUND, bypassed_arms
from ..study.design import is_pooled
from ..study.estimates import chance_of, targets_of
from ..study.folder import StudyFolder
from ..study.labels import arm_labels
from ..study.outcomes import means_of_arms, named_outcomes, runs_with_outcomes
from ..study.question import TARGETS, asks_fund, event_of, phrase
from ..study.samples import ArmSample
from .page import Cell, escape, table

_UNKNOWN = Cell("<span class='dim'>not known</span>")


def arms_table(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> str:
    """Every arm with its sample size, its outcomes, P(event) and the funds; P(event) only if points are a sample."""
    heading = "<h2 id='arms'>Arms</h2>"
    if not samples:
        return heading + "<p>No arm has a completed run.</p>"
    pooled = is_pooled(study) and asks_fund(study)
    outcomes, by_arm = _means(study, context, without=event_of(study) if pooled else "")
    bypassed = bypassed_arms(study, samples) if event_of(study) in OF_THE_FUND else {}
    rows = []
    for sample in samples:
        cells: list[object] = [sample.label, Cell(f"{sample.n_runs:,}", "n"), Cell(f"{sample.n:,}", "n")]
        cells.append(context.money(sample.fund).partition(" (")[0])
        cells += [by_arm.get((sample.label, name), _UNKNOWN) for name in outcomes]
        rows.append(cells + (_fund_cells(sample, context, sample.arm in bypassed) if pooled else []))
    header = ["arm", "runs", "outcomes", "configured fund", *outcomes]
    note = "An outcome is one path of a reduced run, or one full run."
    if pooled:
        header += [f"P({phrase(study, event_of(study))})", *(f"fund for {p:g}" for p in TARGETS)]
    if pooled or outcomes:
        note += f" In brackets: {context.interval}. Arms use the same randomness: compare them by paired differences."
    absent = [label for arm, label in arm_labels(study).items() if arm not in {sample.arm for sample in samples}]
    note += f" Without a completed run: {named(absent)}." if absent else ""
    return f"{heading}<p class='note'>{escape(note)}</p>" + table(header, rows, numbers=(1, 2))


def _means(study: StudyFolder, context: StudyContext, *, without: str) -> tuple[list[str], dict[tuple[str, str], str]]:
    """Labels of the outcomes that the study names, and the text of each mean by arm and outcome.

    without: an event that has a column of its own.
    """
    if not study.study.get("outcomes"):
        return [], {}
    every = runs_with_outcomes(study)
    outcomes = [outcome for outcome in named_outcomes(study, every) if outcome.column != without]
    means = means_of_arms(study, every, outcomes, level=context.level)
    found = {(str(row["arm"]), str(row["outcome"])): mean_text(row, context) for row in means.to_dict("records")}
    return [outcome.label for outcome in outcomes], found


def mean_text(row: Mapping[Any, Any], context: StudyContext) -> str:
    """A mean with its interval, or `at least 50.0 thousand USDT (a lower bound in 5 of 12 runs)`."""
    if row["bounds"]:
        amount = context.money(row["value"]) if row["is_money"] else f"{rounded(row['value'])} {row['unit']}".strip()
        return f"at least {amount} (a lower bound in {row['bounds']:,} of {row['runs']:,} runs)"
    if row["is_money"]:
        return context.money_interval(row["value"], row["low"], row["high"])
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{rounded(row['value'])}{unit} [{rounded(row['low'])}, {rounded(row['high'])}]"


def chance_text(sample: ArmSample, context: StudyContext) -> str:
    """P(event) of an arm with its interval, or why it is refused."""
    try:
        estimate = chance_of(sample, level=context.level)
    except RefusedError as error:
        return f"refused ({error})"
    if estimate.events == 0:
        return f"0 of {estimate.n:,}, at most {rounded(estimate.high)} ({context.interval}, {estimate.method})"
    how = f"{context.interval}, {estimate.method}, {estimate.events:,} of {estimate.n:,}"
    return f"{rounded(estimate.value)} [{rounded(estimate.low)}, {rounded(estimate.high)}] ({how})"


def _fund_cells(sample: ArmSample, context: StudyContext, is_bypassed: bool) -> list[object]:
    """P(event) and the funds for the targets; nothing of an arm in which the fund cannot be exhausted."""
    if is_bypassed:
        return ["fund not used", *([_UNKNOWN] * len(TARGETS))]
    cells: list[object] = [chance_text(sample, context).partition(" (")[0]]
    targets: pd.DataFrame = targets_of(sample, TARGETS, level=context.level)
    for row in targets.to_dict("records"):
        known = not math.isnan(row["fund"])
        cells.append(context.money_interval(row["fund"], row["low"], row["high"]) if known else _UNKNOWN)
    return cells
