"""The answer box and the table of arms: a study's results in sentences with intervals, on the first page.

Answers that `clearsim size-fund` wrote into the folder (`answer*.json`) come first: their method was chosen by target.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..charts.chart_context import StudyContext
from ..charts.compose import upper_first
from ..charts.marks import rounded
from ..errors import AnalysisError
from ..estimators.estimate import RefusedError
from ..study.design import is_pooled
from ..study.estimates import chance_of, targets_of
from ..study.folder import StudyFolder
from ..study.outcomes import arm_means
from ..study.question import TARGETS, asks_fund, defined, event_of, phrase
from ..study.samples import ArmSample
from .page import Cell, escape, table


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
    event = phrase(study, event_of(study))
    if not is_pooled(study):
        return [f"{_span(study, sample, event)}" for sample in samples[:3]]
    if not asks_fund(study):
        return _of_outcomes(study, context)
    if len(samples) > 1:
        return _of_arms(samples, context, event)
    sample = samples[0]
    fund = context.money(sample.fund)
    lines = [f"With a fund of {fund}, P({event}) is {chance_text(sample, context)}."]
    targets = targets_of(sample, TARGETS, level=context.level).to_dict("records")
    lines += [f"Fund that is exhausted with probability at most {_target(row, context)}." for row in targets]
    return lines


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


def _of_outcomes(study: StudyFolder, context: StudyContext) -> list[str]:
    """For each outcome that the study names, its mean by arm."""
    means = arm_means(study, level=context.level)
    lines = []
    for outcome, rows in means.groupby("outcome", sort=False):
        values = [_mean_text(row, context) for row in rows.to_dict("records")]
        lines.append(f"{upper_first(str(outcome))} (mean, {context.interval}): {'; '.join(values)}.")
    return lines or ["No arm has two completed runs or points: no mean has an interval."]


def _mean_text(row: Mapping[Any, Any], context: StudyContext) -> str:
    """A mean with its interval, or `arm at least 50.0 thousand USDT (a lower bound in 5 of 12 runs)`."""
    if row["bounds"]:
        amount = context.money(row["value"]) if row["is_money"] else f"{rounded(row['value'])} {row['unit']}".strip()
        return f"{row['arm']} at least {amount} (a lower bound in {row['bounds']:,} of {row['runs']:,} runs)"
    if row["is_money"]:
        return f"{row['arm']} {context.money_interval(row['value'], row['low'], row['high'])}"
    return f"{row['arm']} {rounded(row['value'])} [{rounded(row['low'])}, {rounded(row['high'])}]"


def _of_arms(samples: Sequence[ArmSample], context: StudyContext, event: str) -> list[str]:
    """The arms with the highest and the lowest probability; the table lists all of them."""
    known = []
    for sample in samples:
        try:
            known.append((chance_of(sample, level=context.level).value, sample))
        except RefusedError:
            continue
    if not known:
        return [f"No arm supports an estimate of P({event}): see the table of arms."]
    ends = [min(known, key=lambda pair: pair[0])[1], max(known, key=lambda pair: pair[0])[1]]
    lines = [
        f"{word} P({event}) as configured: {sample.label}, {chance_text(sample, context)}."
        for word, sample in zip(("Lowest", "Highest"), ends, strict=True)
    ]
    return [*lines, f"All {len(samples)} arms, and the fund that each needs, are in the table below."]


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


def _target(row: Mapping[Any, Any], context: StudyContext) -> str:
    if math.isnan(row["fund"]):
        return f"{row['target']:g}: not known, {row['note']}"
    return f"{row['target']:g}: {context.money_with(row['fund'], row['low'], row['high'])}"


def arms_table(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> str:
    """Every arm with its sample size, P(event) and the funds; for designs that choose their points, only the sizes."""
    heading = "<h2 id='arms'>Arms</h2>"
    if not samples:
        return heading + "<p>No arm has a completed run.</p>"
    pooled = is_pooled(study) and asks_fund(study)
    rows = [_arm_row(sample, context, pooled=pooled) for sample in samples]
    header = ["arm", "runs", "outcomes", "configured fund"]
    note = "An outcome is one path of a reduced run, or one full run."
    if pooled:
        header += [f"P({phrase(study, event_of(study))})", *(f"fund for {p:g}" for p in TARGETS)]
        note += f" In brackets: {context.interval}. Arms use the same randomness."
    return f"{heading}<p class='note'>{escape(note)}</p>" + table(header, rows, numbers=(1, 2))


def _arm_row(sample: ArmSample, context: StudyContext, *, pooled: bool) -> list[object]:
    cells: list[object] = [sample.label, Cell(f"{sample.n_runs:,}", "n"), Cell(f"{sample.n:,}", "n")]
    cells.append(context.money(sample.fund).partition(" (")[0])
    if not pooled:
        return cells
    cells.append(chance_text(sample, context).partition(" (")[0])
    for row in targets_of(sample, TARGETS, level=context.level).to_dict("records"):
        if math.isnan(row["fund"]):
            cells.append(Cell("<span class='dim'>not known</span>"))
        else:
            cells.append(context.money_interval(row["fund"], row["low"], row["high"]))
    return cells
