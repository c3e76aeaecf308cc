"""The answer by the outcomes that a study names: each arm's mean, then the paired differences, then the extremes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ..bounds import bounds_of, lower_ends
from ..charts.chart_context import StudyContext
from ..charts.compose import upper_first
from ..charts.marks import rounded
from ..charts.study.comparison_text import MAX_NAMED, alike_text, contrast_sentences, extremes_sentence
from ..study.contrasts import EQUAL
from ..study.coverage import uneven_arms
from ..study.design import design_kind, is_pooled
from ..study.differences import Comparison, compare_arms
from ..study.factors import SAMPLED
from ..study.folder import StudyFolder
from ..study.labels import arm_labels
from ..study.outcomes import Outcome, means_of_arms
from .arms_table import mean_text


def outcome_lines(
    study: StudyFolder, runs: pd.DataFrame, outcomes: Sequence[Outcome], context: StudyContext
) -> list[str]:
    """For each outcome the means of arms, and how the arms compare.  runs: of `runs_with_outcomes`."""
    if not outcomes:
        return []
    labels = arm_labels(study)
    means = means_of_arms(study, runs, outcomes, level=context.level)
    is_chosen = not is_pooled(study) and design_kind(study) not in SAMPLED
    lines, empty = [], []
    for comparison in compare_arms(study, runs, outcomes, level=context.level):
        outcome = comparison.outcome
        rows = means[(means["outcome"] == outcome.label).to_numpy()]
        if len(labels) == 1 and is_chosen:
            lines.append(_range(study, runs, outcome, context))
        elif rows.empty:
            empty.append(outcome.label)
        if rows.empty:
            continue
        lines.append(_mean_line(rows, comparison, labels, context))
        lines += comparison_lines(comparison, labels, context)
    if empty:
        lines.append(
            f"No arm has two completed runs or points, so it has no mean with an interval: {', '.join(empty)}."
        )
    if len(empty) == len(outcomes):
        return lines
    return [*([_places(study)] if is_chosen else []), *_uneven(study), *lines]


def comparison_lines(comparison: Comparison, labels: Mapping[int, str], context: StudyContext) -> list[str]:
    """The paired differences from the first arm as one line, the extremes as another; nothing with a single arm."""
    if not comparison.contrasts:
        return []
    extremes = extremes_sentence(comparison, labels, context)
    if all(one.verdict == EQUAL for one in comparison.contrasts):
        return [extremes]
    first = labels[comparison.contrasts[0].first]
    draws = [one.difference.n for one in comparison.contrasts if one.difference is not None]
    pairs = f", {min(draws):,} independent draws" if draws else ""
    head = f"Difference from {first} on the same randomness (paired, {context.interval}{pairs})."
    contrasts = " ".join([head, *contrast_sentences(comparison, labels, context)])
    return [contrasts, extremes] if len(comparison.contrasts) > 1 else [contrasts]  # of two arms the difference says it


def _mean_line(rows: pd.DataFrame, comparison: Comparison, labels: Mapping[int, str], context: StudyContext) -> str:
    """The means of arms, equal arms once. Of many arms: the first and the extremes; the table of arms has all."""
    outcome, by_label = comparison.outcome, {str(row["arm"]): row for row in rows.to_dict("records")}
    arms = [arm for arm, label in labels.items() if label in by_label and not comparison.is_repeated(arm)]
    more = ""
    if len(arms) > MAX_NAMED:
        ends = comparison.extremes.contrast if comparison.extremes is not None else None
        kept = {arms[0]} | ({ends.first, ends.second} if ends is not None else set())
        arms, more = [arm for arm in labels if arm in kept], f"; all {len(by_label):,} arms are in the table of arms"
    texts = [
        f"{labels[arm]}{alike_text(comparison, arm, labels)} {mean_text(by_label[labels[arm]], context)}"
        for arm in arms
    ]
    head = upper_first(outcome.label) if outcome.label.startswith(("P(", "mean")) else f"Mean {outcome.label}"
    return f"{head} ({context.interval}): {'; '.join(texts)}{more}."


def _places(study: StudyFolder) -> str:
    planned, held = study.points.groupby("arm").size().max(), study.done.groupby("arm")["point"].nunique().max()
    of = f"{held:,} of the {planned:,}" if held < planned else f"the {planned:,}"
    return (
        f"Means are over {of} points of the design ({design_kind(study)}). The design chooses its points, so a mean"
        " holds for these points only and is not a forecast."
    )


def _range(study: StudyFolder, runs: pd.DataFrame, outcome: Outcome, context: StudyContext) -> str:
    """The range of the outcome over the points of a study of one arm; of lower bounds only the low end is certain."""
    done = runs[(runs["status"] == "done").to_numpy() & runs[outcome.column].notna().to_numpy()]
    values = lower_ends(done, outcome.column).astype(float).groupby(done["point"]).mean()
    low, high = (context.money(end) if outcome.is_money else rounded(end) for end in (values.min(), values.max()))
    bounds = int(bounds_of(done, outcome.column).sum())
    least = f" or more (a lower bound in {bounds:,} of {len(done):,} runs)" if bounds else ""
    return f"{upper_first(outcome.label)} of a point: from {low} to {high}{least}, over {len(values):,} points."


def _uneven(study: StudyFolder) -> list[str]:
    """A sentence if arms have runs at different parts of the design."""
    uneven = uneven_arms(study)
    compare = "compare them only by the paired differences, which take the runs that both arms have"
    return [f"{uneven}: {compare}."] if uneven else []
