"""The answer box: a study's results in sentences with intervals, on the first page.

A study that names outcomes is answered by them, one that asks how large a fund must be by its event. Answers that
`clearsim size-fund` wrote into the folder (`answer*.json`) come first: their method was chosen by target.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..charts.chart_context import StudyContext
from ..charts.marks import rounded
from ..charts.study.comparison_text import MAX_NAMED, named
from ..errors import AnalysisError
from ..study.bypassed import OF_THE_FUND, bypassed_arms
from ..study.design import is_pooled
from ..study.differences import compare_arms
from ..study.estimates import targets_of
from ..study.folder import StudyFolder
from ..study.labels import arm_labels
from ..study.outcomes import event_outcome, named_outcomes, runs_with_outcomes
from ..study.question import TARGETS, asks_fund, defined, event_of, phrase
from ..study.samples import ArmSample
from .arms_table import chance_text
from .outcome_answer import comparison_lines, outcome_lines
from .page import escape


def answer_box(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> str:
    """The box: the answers of size-fund, then the results of the study's runs, then the definition of "sufficient"."""
    lines = [*_sized(study, context), *_of_runs(study, samples, context)]
    meant = defined(study)
    definition = (
        "; ".join(meant.sentences)
        if meant is not None
        else "not defined by the study, so do not rely on these numbers as an answer"
    )
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    note = f"<p class='note'>“Sufficient” here: {escape(definition)}.</p>" if asks_fund(study) else ""
    return f"<div class='answer' id='answer'><h2>Answer</h2>{body}{note}</div>"


def _sized(study: StudyFolder, context: StudyContext) -> list[str]:
    """One sentence for each answer of size-fund."""
    lines = []
    for path in sorted(study.path.glob("answer*.json")):
        try:
            lines.append(_sentence(json.loads(path.read_text(encoding="utf-8")), context))
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise AnalysisError(f"{path}: cannot be read ({error}); rerun clearsim size-fund to rewrite it") from error
    return lines


def _sentence(answer: Mapping[str, Any], context: StudyContext) -> str:
    fund, target = answer["fund"], answer["target"]["text"]
    if fund is None:
        return f"{target}: no fund size can be given; {answer.get('verdict') or 'too few runs for this target'}."
    ends = [math.inf if fund[name] is None else float(fund[name]) for name in ("value", "low", "high")]
    how = f"{fund['method']}, n {fund['n']:,}, {100 * fund['level']:g}% interval"
    checked = "" if answer.get("confirmed") else "; not confirmed by a second method"
    return f"{target}: required fund {context.money_with(*ends)} ({how}{checked})."


def _of_runs(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> list[str]:
    if not samples:
        return ["No run completed: there is no answer."]
    lines = [f"Incomplete: {study.progress.text}."] if study.progress.missing else []
    every = runs_with_outcomes(study)
    outcomes = named_outcomes(study, every)
    if asks_fund(study) or not outcomes:
        lines += _of_event(study, samples, every, context)
        outcomes = [outcome for outcome in outcomes if outcome.column != event_of(study)]
    return [*lines, *outcome_lines(study, every, outcomes, context)]


def _of_event(study: StudyFolder, samples: Sequence[ArmSample], runs: pd.DataFrame, context: StudyContext) -> list[str]:
    """P(event): of each arm, then compared; arms in which the fund cannot be exhausted are left out and named."""
    event = phrase(study, event_of(study))
    bypassed = bypassed_arms(study, samples) if event_of(study) in OF_THE_FUND else {}
    left_out = [
        f"In {sample.label} the fund cannot be exhausted ({bypassed[sample.arm]}): not compared by P({event})."
        for sample in samples
        if sample.arm in bypassed
    ]
    samples = [sample for sample in samples if sample.arm not in bypassed]
    if not samples:
        return left_out
    if not is_pooled(study):
        lines = [_span(study, sample, event) for sample in samples[:MAX_NAMED]]
        lines += [f"{len(samples) - MAX_NAMED:,} more arms: see the figures."] if len(samples) > MAX_NAMED else []
    elif len(samples) == 1 and not bypassed:
        return _of_one_arm(samples[0], event, context)
    else:
        chances = [f"{sample.label}: {chance_text(sample, context)}" for sample in samples]
        lines = [f"P({event}) as configured: {named(chances)}."]
    compared = compare_arms(
        study, runs, [event_outcome(study, event_of(study))], level=context.level, without=list(bypassed)
    )
    return [*left_out, *lines, *comparison_lines(compared[0], arm_labels(study), context)]


def _of_one_arm(sample: ArmSample, event: str, context: StudyContext) -> list[str]:
    lines = [f"With a fund of {context.money(sample.fund)}, P({event}) is {chance_text(sample, context)}."]
    targets = targets_of(sample, TARGETS, level=context.level).to_dict("records")
    return lines + [f"Fund that is exhausted with probability at most {_target(row, context)}." for row in targets]


def _span(study: StudyFolder, sample: ArmSample, event: str) -> str:
    """The range of the outcome over points, for designs that choose their points."""
    shares = pd.Series(np.exp(sample.log_weight) * sample.event).groupby(sample.point).mean()
    low, high = (rounded(min(max(float(end), 0.0), 1.0)) for end in (shares.min(), shares.max()))
    ends = f"is {low} at each" if low == high else f"ranges from {low} to {high}"
    each = sample.n // max(len(shares), 1)
    name = f"{sample.label}: over" if sample.label != study.name else "Over"
    return (
        f"{name} the {len(shares):,} points of the design P({event}) {ends} (counted, about {each:,} outcomes a"
        " point). The design chooses its points, so there is no single probability; the figures show what drives"
        " it, with intervals."
    )


def _target(row: Mapping[Any, Any], context: StudyContext) -> str:
    if math.isnan(row["fund"]):
        return f"{row['target']:g}: not known, {row['note']}"
    return f"{row['target']:g}: {context.money_with(row['fund'], row['low'], row['high'])}"
