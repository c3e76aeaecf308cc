"""Sentences that compare arms by one outcome: by how much they differ, which are equal, which is lowest and highest.

Every difference is paired (the same randomness) and has its interval. Ties are reported as ties, and a lowest and a
highest arm are named only if they are apart (see `Extremes`).
"""

from collections.abc import Mapping, Sequence

from ...estimators.estimate import Estimate
from ...study.contrasts import BOUNDED, DIFFERS, EQUAL, TIE, UNPAIRED, Contrast
from ...study.differences import Comparison
from ...study.outcomes import Outcome
from ..chart_context import StudyContext
from ..compose import upper_first
from ..marks import rounded

Labels = Mapping[int, str]
#: Number of arms that one sentence names, and how many of each kind if there are more; the rest is counted.
MAX_NAMED, FEW = 6, 3


def amount_text(outcome: Outcome, found: Estimate, context: StudyContext) -> str:
    """A value with its interval and unit: `0.038 million USDT [0.020, 0.055]`."""
    if outcome.is_money:
        return context.money_interval(found.value, found.low, found.high)
    unit = f" {outcome.unit}" if outcome.unit else ""
    return f"{rounded(found.value)}{unit} [{rounded(found.low)}, {rounded(found.high)}]"


def named(items: Sequence[str], most: int = MAX_NAMED, between: str = "; ") -> str:
    """The first items, and the number of the others."""
    more = f"{between}{len(items) - most:,} more" if len(items) > most else ""
    return between.join(items[:most]) + more


def contrast_sentences(comparison: Comparison, labels: Labels, context: StudyContext) -> list[str]:
    """Each other arm against the first, by verdict: higher, lower, ties, equal, unknown; large differences first."""
    groups: dict[str, list[Contrast]] = {}
    for contrast in comparison.contrasts:
        if comparison.is_repeated(contrast.second) and contrast.verdict != EQUAL:
            continue
        groups.setdefault(_group(contrast), []).append(contrast)
    sentences = []
    for group, wording in _WORDINGS.items():
        own = sorted(groups.get(group, []), key=_size, reverse=True)
        if own:
            items = [_item(one, comparison, labels, context) for one in own]
            sentences.append(wording.format(named(items, MAX_NAMED if comparison.n_distinct <= MAX_NAMED else FEW)))
    return sentences


def _group(contrast: Contrast) -> str:
    if contrast.verdict == DIFFERS and contrast.difference is not None:
        return "higher" if contrast.difference.value > 0 else "lower"
    return contrast.verdict


#: By group, in the order of the text.
_WORDINGS = {
    "higher": "Higher: {}.",
    "lower": "Lower: {}.",
    TIE: "No difference found: {}.",
    EQUAL: "Equal in every pair: {}.",
    BOUNDED: "Not known, because some runs know only a lower bound: {}.",
    UNPAIRED: "Not compared, because fewer than two draws have both arms: {}.",
}


def _size(contrast: Contrast) -> float:
    return abs(contrast.difference.value) if contrast.difference is not None else 0.0


def _item(contrast: Contrast, comparison: Comparison, labels: Labels, context: StudyContext) -> str:
    outcome, label = comparison.outcome, labels[contrast.second]
    if contrast.verdict != EQUAL:
        n_alike = len(comparison.equals_of(contrast.second))
        label += f" (and {n_alike:,} equal to it)" if n_alike else ""
    if contrast.bounds:
        return f"{label} ({contrast.bounds:,} of {contrast.runs:,} runs)"
    if contrast.difference is None:
        return label
    if contrast.verdict == EQUAL and not outcome.is_chance:
        return f"{label} (all {contrast.pairs:,})"
    of = f" (all {contrast.pairs:,})" if contrast.verdict == EQUAL else ""
    return f"{label} {amount_text(outcome, contrast.difference, context)}{of}"


def extremes_sentence(comparison: Comparison, labels: Labels, context: StudyContext) -> str:
    """The lowest and the highest arm with their paired difference, or why none is named; empty with one arm."""
    if not comparison.contrasts:
        return ""
    if any(contrast.bounds for contrast in comparison.contrasts):
        return "No arm is named lowest or highest: some runs know only a lower bound."
    extremes = comparison.extremes
    difference = extremes.contrast.difference if extremes is not None else None
    if extremes is None or difference is None:
        return "No arm is named lowest or highest: fewer than two draws have all arms."
    contrast, n_arms = extremes.contrast, len(comparison.contrasts) + 1
    low, high = labels[contrast.first], labels[contrast.second]
    found = amount_text(comparison.outcome, difference, context)
    if contrast.verdict == EQUAL:
        equal = (
            f"{'Both' if n_arms == 2 else f'All {n_arms}'} arms are equal in each of {contrast.pairs:,} pairs of runs"
        )
        return f"{equal}: {found}." if comparison.outcome.is_chance else f"{equal}."
    together = f", for all {extremes.n_pairs:,} pairs of arms together" if extremes.n_pairs > 1 else ""
    how = f"({context.interval}{together})"
    if not extremes.are_apart:
        return (
            f"No arm is named lowest or highest: between {low} and {high}, whose means are furthest apart, the paired"
            f" difference is {found} {how}."
        )
    ends = (("Lowest", contrast.first), ("highest", contrast.second))
    parts = [f"{word}: {labels[arm]}{alike_text(comparison, arm, labels)}" for word, arm in ends]
    return f"{'; '.join(parts)}; paired difference {found} {how}."


def alike_text(comparison: Comparison, arm: int, labels: Labels) -> str:
    """The arms that are equal to this one in every run, in brackets; empty if there are none."""
    alike = comparison.equals_of(arm)
    if len(alike) > 2:
        return f" (equal in every run: {len(alike):,} other arms)"
    return f" (equal in every run: {' and '.join(labels[one] for one in alike)})" if alike else ""


def differences_summary(comparison: Comparison) -> str:
    """How many arms differ from the first, how many show no difference, how many are equal to it in every pair."""
    contrasts = comparison.contrasts
    count = {verdict: sum(one.verdict == verdict for one in contrasts) for verdict in _COUNTED}
    parts = [f"{text}: {count[verdict]:,}" for verdict, text in _COUNTED.items() if count[verdict]]
    arms = "1 other arm" if len(contrasts) == 1 else f"{len(contrasts):,} other arms"
    return f"{upper_first(comparison.outcome.label)}, {arms}. {upper_first('; '.join(parts))}."


_COUNTED = {
    DIFFERS: "different from the first",
    TIE: "no difference found",
    EQUAL: "equal in every pair",
    BOUNDED: "not known (lower bounds)",
    UNPAIRED: "too few pairs",
}
