"""The arms of a study compared by its outcomes: means, paired differences from the first arm, lowest and highest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .contrasts import Contrast, Extremes, contrast_of, equal_arms, extremes_of
from .draws import drawn
from .folder import StudyFolder
from .outcomes import OUTCOMES, Outcome

COLUMNS = [
    "arm", "outcome", "unit", "is_money", "is_chance", "value", "low", "high", "n", "bounds", "runs", "pairs",
    "differing",
]  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """The arms by one outcome: each other arm's contrast with the first (by arm), the extremes of all, equal arms."""

    outcome: Outcome
    contrasts: tuple[Contrast, ...]
    extremes: Extremes | None
    groups: tuple[tuple[int, ...], ...]  # see `equal_arms`

    @property
    def n_distinct(self) -> int:
        """Number of arms, equal ones counted once."""
        return len(self.groups)

    def equals_of(self, arm: int) -> tuple[int, ...]:
        """Arms that are equal to this one in every run."""
        return next((tuple(one for one in group if one != arm) for group in self.groups if arm in group), ())

    def is_repeated(self, arm: int) -> bool:
        """Whether an earlier arm is equal to this one in every run."""
        return any(arm in group[1:] for group in self.groups)


def compare_arms(study: StudyFolder, runs: pd.DataFrame, outcomes: Sequence[Outcome], *, level: float,
                 without: Sequence[int] = ()) -> list[Comparison]:  # fmt: skip
    """One comparison per outcome.  runs: of `runs_with_outcomes`.  without: arms to leave out."""
    done = runs[(runs["status"] == "done").to_numpy() & ~runs["arm"].isin(without).to_numpy()]
    found = []
    for outcome in outcomes:
        rows = drawn(study, done, outcome.column, paths=OUTCOMES)
        tables = {int(str(arm)): own for arm, own in rows.groupby("arm", sort=True)}
        how: dict[str, Any] = {"is_chance": outcome.is_chance, "level": level}
        first = min(tables, default=0)  # of the arms that have runs
        contrasts = tuple(contrast_of(tables, first, arm, **how) for arm in tables if arm != first)
        found.append(Comparison(outcome, contrasts, extremes_of(tables, **how), equal_arms(tables)))
    return found


def reference_of(comparisons: Sequence[Comparison], labels: dict[int, str]) -> str:
    """The label of the arm that the others are compared with: the first that has runs; empty without contrasts."""
    return next((labels[contrast.first] for one in comparisons for contrast in one.contrasts), "")


def differences_frame(comparisons: Sequence[Comparison], labels: dict[int, str]) -> pd.DataFrame:
    """The contrasts with the first arm as the frame of `draw_arm_outcomes`; those without a pair are left out.

    A difference is NaN if `bounds` of the `runs` of both arms know only a lower bound of the outcome.
    """
    rows = []
    for comparison in comparisons:
        outcome = comparison.outcome
        for contrast in comparison.contrasts:
            names = (labels[contrast.second], outcome.label, outcome.unit, outcome.is_money, outcome.is_chance)
            sizes = (contrast.bounds, contrast.runs, contrast.pairs, contrast.differing)
            if contrast.bounds:
                rows.append((*names, np.nan, np.nan, np.nan, contrast.runs, *sizes))
            elif (found := contrast.difference) is not None:
                rows.append((*names, found.value, found.low, found.high, found.n, *sizes))
    return pd.DataFrame(rows, columns=COLUMNS)
