"""The answer box and the table of arms: a study's results in sentences with intervals, on the first page.

What `clearsim size-fund` wrote into the folder (`answer*.json`) comes first: it chose its method by the target.
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
    """The box: the answers of size-fund, then the results of the study's runs, then what "sufficient" means."""
    lines = [*_sized(study, context), *_found(study, samples, context)]
    meant = defined(study)
    words = "; ".join(meant.sentences) if meant is not None else "not defined by the study: no answer to rely on"
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    note = f"<p class='note'>“Sufficient” here: {escape(words)}.</p>" if asks_fund(study) else ""
    return f"<div class='answer' id='answer'><h2>Answer</h2>{body}{note}</div>"


def _sized(study: StudyFolder, context: StudyContext) -> list[str]:
    """One sentence an answer of size-fund."""
    lines = []
    for path in sorted(study.path.glob("answer*.json")):
        try:
            lines.append(_sentence(json.loads(path.read_text(encoding="utf-8")), context))
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise AnalysisError(f"{path}: cannot be read ({error}); write it again with clearsim size-fund") from error
    return lines


def _sentence(answer: Mapping[str, Any], context: StudyContext) -> str:
    fund, target = answer["fund"], answer["target"]["text"]
    if fund is None:
        return f"{target}: no fund can be told; {answer.get('verdict') or 'the target was not reached'}."
    ends = [math.inf if fund[name] is None else float(fund[name]) for name in ("value", "low", "high")]
    how = f"{fund['method']}, n {fund['n']:,}, {100 * fund['level']:g}% interval"
    checked = "" if answer.get("confirmed") else "; not confirmed by a second method"
    return f"{target}: required fund {context.money_with(*ends)} ({how}{checked})."


def _found(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> list[str]:
    if not samples:
        return ["No run ended well: there is no answer."]
    event = phrase(study, event_of(study))
    if not is_pooled(study):
        return [f"{_span(study, sample, event)}" for sample in samples[:3]]
    if not asks_fund(study):
        return _of_outcomes(study, context)
    if len(samples) > 1:
        return _of_arms(samples, context, event)
    sample = samples[0]
    hand = context.money(sample.fund)
    lines = [f"With {hand} at hand P({event}) is {chance_words(sample, context)}."]
    told = targets_of(sample, TARGETS, level=context.level).to_dict("records")
    lines += [f"Fund exhausted with at most probability {_target(row, context)}." for row in told]
    return lines


def _span(study: StudyFolder, sample: ArmSample, event: str) -> str:
    """How the outcome ranges over points, for designs that visit them on purpose."""
    shares = pd.Series(np.exp(sample.log_weight) * sample.event).groupby(sample.point).mean()
    low, high = (rounded(min(max(float(end), 0.0), 1.0)) for end in (shares.min(), shares.max()))
    ends = f"is {low} at each" if low == high else f"runs from {low} to {high}"
    each = sample.n // max(len(shares), 1)
    name = f"{sample.label}: over" if sample.label != study.name else "Over"
    return (
        f"{name} the {len(shares):,} points of the design P({event}) {ends} (counted, about {each:,} outcomes a"
        " point). The design visits its points on purpose, so there is no one probability; the figures show what moves"
        " it, with intervals."
    )


def _of_outcomes(study: StudyFolder, context: StudyContext) -> list[str]:
    """For each outcome that the study names, its mean by arm."""
    means = arm_means(study, level=context.level)
    lines = []
    for outcome, own in means.groupby("outcome", sort=False):
        told = [
            f"{row['arm']} {context.money_interval(row['value'], row['low'], row['high'])}"
            if row["is_money"]
            else f"{row['arm']} {rounded(row['value'])} [{rounded(row['low'])}, {rounded(row['high'])}]"
            for row in own.to_dict("records")
        ]
        lines.append(f"{upper_first(str(outcome))} (mean, {context.interval}): {'; '.join(told)}.")
    return lines or ["No arm has two runs or points that ended well: there is no mean with an interval."]


def _of_arms(samples: Sequence[ArmSample], context: StudyContext, event: str) -> list[str]:
    """The two ends of the arms; all of them stand in the table."""
    known = []
    for sample in samples:
        try:
            known.append((chance_of(sample, level=context.level).value, sample))
        except RefusedError:
            continue
    if not known:
        return [f"No arm bears an estimate of P({event}): see the table of arms."]
    ends = [min(known, key=lambda pair: pair[0])[1], max(known, key=lambda pair: pair[0])[1]]
    lines = [
        f"{word} P({event}) as configured: {sample.label}, {chance_words(sample, context)}."
        for word, sample in zip(("Lowest", "Highest"), ends, strict=True)
    ]
    return [*lines, f"All {len(samples)} arms, and the fund that each needs, stand in the table below."]


def chance_words(sample: ArmSample, context: StudyContext) -> str:
    """P(event) of an arm with its interval, or why it is refused."""
    try:
        found = chance_of(sample, level=context.level)
    except RefusedError as error:
        return f"refused ({error})"
    if found.events == 0:
        return f"0 of {found.n:,}, at most {rounded(found.high)} ({context.interval}, {found.method})"
    how = f"{context.interval}, {found.method}, {found.events:,} of {found.n:,}"
    return f"{rounded(found.value)} [{rounded(found.low)}, {rounded(found.high)}] ({how})"


def _target(row: Mapping[Any, Any], context: StudyContext) -> str:
    if math.isnan(row["fund"]):
        return f"{row['target']:g}: not told, {row['note']}"
    return f"{row['target']:g}: {context.money_with(row['fund'], row['low'], row['high'])}"


def arms_table(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> str:
    """Every arm with its sample size, P(event) and the fund for each target; of purposeful designs the sizes only."""
    heading = "<h2 id='arms'>Arms</h2>"
    if not samples:
        return heading + "<p>No arm has a run that ended well.</p>"
    pooled = is_pooled(study) and asks_fund(study)
    rows = [_arm_row(sample, context, pooled=pooled) for sample in samples]
    header = ["arm", "runs", "outcomes", "fund at hand"]
    note = "Outcomes are paths of reduced runs, or full runs."
    if pooled:
        header += [f"P({phrase(study, event_of(study))})", *(f"fund for {p:g}" for p in TARGETS)]
        note += f" In brackets: {context.interval}. Arms share their randomness."
    return f"{heading}<p class='note'>{escape(note)}</p>" + table(header, rows, numbers=(1, 2))


def _arm_row(sample: ArmSample, context: StudyContext, *, pooled: bool) -> list[object]:
    cells: list[object] = [sample.label, Cell(f"{sample.n_runs:,}", "n"), Cell(f"{sample.n:,}", "n")]
    cells.append(context.money(sample.fund).partition(" (")[0])
    if not pooled:
        return cells
    cells.append(chance_words(sample, context).partition(" (")[0])
    for row in targets_of(sample, TARGETS, level=context.level).to_dict("records"):
        if math.isnan(row["fund"]):
            cells.append(Cell("<span class='dim'>not told</span>"))
        else:
            cells.append(context.money_interval(row["fund"], row["low"], row["high"]))
    return cells
