"""Pairs of arms on the same randomness: by how much they differ, where they are equal, and which are the extremes.

The lowest and the highest arm are named only if they differ by more than the interval of their paired difference. They
were chosen among all pairs of arms after looking, so that interval holds for all these pairs together (Bonferroni).
Arms that are equal in every run are one arm in this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from ..estimators.estimate import Estimate
from .draws import BOUND, DRAW, SECOND, VALUE, difference_of_arms, paired_runs, whole

DIFFERS, TIE, EQUAL, BOUNDED, UNPAIRED = "differs", "tie", "equal", "bounded", "unpaired"


@dataclass(frozen=True)
class Contrast:
    """One outcome of arm `second` minus that of arm `first`, run by run.

    difference: None if runs know only a lower bound, or if fewer than two draws have both arms.  pairs: runs that both
    have; in `differing` of them the outcome differs.  bounds: those of the `runs` of both that know only a lower bound.
    """

    first: int
    second: int
    difference: Estimate | None
    pairs: int
    differing: int
    bounds: int
    runs: int

    @property
    def verdict(self) -> str:
        """differs, tie (the interval holds 0), equal (in every pair), bounded, unpaired."""
        if self.bounds:
            return BOUNDED
        if self.difference is None:
            return UNPAIRED
        if not self.differing:
            return EQUAL
        return TIE if self.difference.low <= 0 <= self.difference.high else DIFFERS


@dataclass(frozen=True)
class Extremes:
    """The arms with the lowest and the highest mean over the runs that all arms have, and their contrast.

    n_pairs: pairs of arms (of equal ones the first) among which the two were chosen; the interval of the contrast holds
    for all of them together.
    """

    contrast: Contrast
    n_pairs: int

    @property
    def are_apart(self) -> bool:
        """Whether a lowest and a highest arm can be named."""
        return self.contrast.verdict == DIFFERS


def equal_arms(tables: Mapping[int, pd.DataFrame]) -> tuple[tuple[int, ...], ...]:
    """Groups of arms with the same runs and the same value in each; an arm without its equal is a group of one."""
    groups: dict[bytes, list[int]] = {}
    for arm, table in tables.items():
        rows = table.sort_values(["place", "replication"])
        numbers = rows[["place", "replication", VALUE, BOUND]].to_numpy(np.float64)
        groups.setdefault(numbers.tobytes(), []).append(arm)
    return tuple(map(tuple, groups.values()))


def contrast_of(
    tables: Mapping[int, pd.DataFrame], first: int, second: int, *, is_chance: bool, level: float
) -> Contrast:
    """The contrast of two arms.  tables: rows of `drawn` by arm."""
    pair = tables[first], tables[second]
    bounds, runs = sum(int(table[BOUND].sum()) for table in pair), sum(map(len, pair))
    both = paired_runs(*pair)
    differing = int((both[VALUE] != both[VALUE + SECOND]).sum())
    found = None if bounds else difference_of_arms(*pair, is_chance=is_chance, level=level)
    return Contrast(first, second, found, len(both), differing, bounds, runs)


def extremes_of(tables: Mapping[int, pd.DataFrame], *, is_chance: bool, level: float) -> Extremes | None:
    """The extremes among arms, over the runs that all of them have.

    None with one arm, with fewer than two such draws, or if runs know only a lower bound.
    """
    keys = ["place", "replication"]
    if len(tables) < 2 or any(table[BOUND].any() for table in tables.values()):
        return None
    shared = reduce(lambda left, right: left.merge(right, on=keys), (table[keys] for table in tables.values()))
    common = {arm: whole(table.merge(shared, on=keys)).sort_values(keys) for arm, table in tables.items()}
    if min(table[DRAW].nunique() for table in common.values()) < 2:
        return None
    values = {arm: table[VALUE].to_numpy(np.float64) for arm, table in common.items()}
    low, high = min(values, key=lambda arm: values[arm].mean()), max(values, key=lambda arm: values[arm].mean())
    if low == high:  # all means are the same: take arms that differ in some run, if there are any
        other = (arm for arm in values if not np.array_equal(values[arm], values[low]))
        high = next(other, next(arm for arm in values if arm != low))
    distinct = {value.tobytes() for value in values.values()}
    n_pairs = max(1, len(distinct) * (len(distinct) - 1) // 2)
    contrast = contrast_of(common, low, high, is_chance=is_chance, level=1 - (1 - level) / n_pairs)
    return Extremes(contrast, n_pairs)
