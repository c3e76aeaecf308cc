"""The answer by the outcomes that a study names: each arm's mean, then the paired differences, then the extremes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ..bounds import bounds_of, lower_ends
from ..charts.chart_context import StudyContext
from ..charts.compose import upper_first
from ..charts.marks import rounded
from ..charts.study.comparison_text import MAX_NAMED, alike_text, contrast_sentences, extremes_sentence, named
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
        if rows.empty:
            empty.append(outcome.label)
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
    first = labels[comparison.contrasts[0].first]
    draws = [one.difference.n for one in comparison.contrasts if one.difference is not None]
    pairs = f", {min(draws):,} independent draws" if draws else ""
    head = f"Difference from {first} on the same randomness (paired, {context.interval}{pairs})."
    lines = [" ".join([head, *contrast_sentences(comparison, labels, context)])]
    if len(comparison.contrasts) > 1:  # of two arms the difference says it
        lines.append(extremes_sentence(comparison, labels, context))
    return lines


def _mean_line(rows: pd.DataFrame, comparison: Comparison, labels: Mapping[int, str], context: StudyContext) -> str:
    """The means of arms, of equal arms once; with many arms the rest is in the table of arms."""
    outcome, by_label = comparison.outcome, {str(row["arm"]): row for row in rows.to_dict("records")}
    texts = [
        f"{label}{alike_text(comparison, arm, labels)} {mean_text(by_label[label], context)}"
        for arm, label in labels.items()
        if label in by_label and not comparison.is_repeated(arm)
    ]
    head = upper_first(outcome.label) if outcome.label.startswith(("P(", "mean")) else f"Mean {outcome.label}"
    more = " (all in the table of arms)" if len(texts) > MAX_NAMED else ""
    return f"{head} ({context.interval}): {named(texts)}{more}."


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
    labels = arm_labels(study)
    counts = study.done.groupby("arm").size().reindex(list(labels), fill_value=0)
    if counts.min() == counts.max():
        return []
    return [
        f"Arms have {counts.min():,} to {counts.max():,} completed runs, of other points of the design: compare them"
        " only by the paired differences, which take the runs that both arms have."
    ]
