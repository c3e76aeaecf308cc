"""PRIM's search for one box: peel thin slices off while density rises, choose a box of the trail, paste back, prune.

After Friedman & Fisher (Statistics and Computing 9, 1999) and Bryant & Lempert (Technological Forecasting and Social
Change 77, 2010). Works on numbers and labels; does not deal with studies or intervals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from .design_table import is_numeric

Bool = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """Limits of numeric inputs (both ends inside), labels kept of the others; other inputs are not restricted."""

    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    kept: Mapping[str, frozenset[object]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Inputs that the box restricts."""
        return [*self.limits, *self.kept]

    def inside(self, inputs: pd.DataFrame) -> Bool:
        """(n,) which rows are in the box."""
        held = np.ones(len(inputs), bool)
        for name, (low, high) in self.limits.items():
            values = inputs[name].to_numpy(np.float64)
            held &= (values >= low) & (values <= high)
        for name, labels in self.kept.items():
            held &= inputs[name].isin(list(labels)).to_numpy()
        return held

    def restricted(self, name: str, low: float, high: float) -> "Box":
        """The box with other limits of a numeric input; none if they are both infinite."""
        limits = {key: ends for key, ends in self.limits.items() if key != name}
        if np.isfinite(low) or np.isfinite(high):
            limits[name] = (low, high)
        return Box(limits, self.kept)

    def keeping(self, name: str, labels: frozenset[object]) -> "Box":
        """The box with other labels kept."""
        return Box(self.limits, {**self.kept, name: labels})

    def without(self, name: str) -> "Box":
        """The box without its restriction of an input."""
        limits = {key: ends for key, ends in self.limits.items() if key != name}
        return Box(limits, {key: labels for key, labels in self.kept.items() if key != name})


@dataclass(frozen=True)
class Search:
    """The data and settings of a search: share of the box peeled at once, minimum share of all rows in a box."""

    inputs: pd.DataFrame
    case: Bool
    peel: float
    least_mass: float
    _known: dict[str, tuple[F64, npt.NDArray[np.int64]]] = field(default_factory=dict, repr=False)

    def values(self, name: str) -> F64:
        """(n,) values of a numeric input."""
        return self._sorted(name)[0]

    def order(self, name: str) -> npt.NDArray[np.int64]:
        """Rows by rising value of a numeric input, without those that have none."""
        return self._sorted(name)[1]

    def _sorted(self, name: str) -> tuple[F64, npt.NDArray[np.int64]]:
        if name not in self._known:
            values = self.inputs[name].to_numpy(np.float64)
            order = np.argsort(values, kind="stable")
            self._known[name] = values, order[np.isfinite(values[order])]
        return self._known[name]

    def density(self, held: Bool) -> float:
        """Share of cases among the rows held."""
        return float(self.case[held].mean()) if held.any() else 0.0


def find_box(search: Search, *, density: float | None, quasi_p: float) -> Box:
    """The box of all trails with the best harmonic mean of coverage and density, pasted and pruned.

    density: if given, the box of most coverage among those at least so dense, in place of that. quasi_p: restrictions
    that chance alone would give with more than this probability are dropped. May be the box that restricts nothing.
    """
    trails = [box for start in starts(search) for box in peel(search, start)]
    return prune(search, paste(search, _choose(search, trails, density)), quasi_p)


def starts(search: Search) -> list[Box]:
    """Where trails begin: everything, and each half of each number's values.

    Peeling is greedy: cases at both ends of one input hide each other from a trail that begins with everything.
    """
    found = [Box()]
    for name in search.inputs.columns:
        column = search.inputs[name]
        if is_numeric(column) and column.nunique() > 1:
            middle = float(column.median())
            found += [Box({name: (-np.inf, middle)}), Box({name: (middle, np.inf)})]
    return found


def peel(search: Search, start: Box) -> list[Box]:
    """The trail of boxes, each a slice smaller: the slice whose loss raises the density most for each row lost.

    It goes on where every slice lowers the density, for a hole of other runs may lie before the cases, until the box
    holds nothing but cases or the least mass.
    """
    box, trail = start, [start]
    least = max(2, int(np.ceil(search.least_mass * len(search.case))))
    held = box.inside(search.inputs)
    while True:
        n, cases = int(held.sum()), int(search.case[held].sum())
        best, best_gain = None, -np.inf
        for cut in _slices(search, box, held):
            if n - cut.rows < least:
                continue
            gain = ((cases - cut.cases) / (n - cut.rows) - cases / n) / cut.rows
            if gain > best_gain:
                best, best_gain = cut, gain
        if best is None or cases in (0, n):
            return trail
        box = best.box
        held &= box.inside(search.inputs)
        trail.append(box)


@dataclass(frozen=True)
class _Slice:
    """A box less a slice, and how many rows and cases the slice takes."""

    box: Box
    rows: int
    cases: int


def _slices(search: Search, box: Box, held: Bool) -> Iterator[_Slice]:
    """The box less a thin slice at either end of a number, or less one label."""
    for name in search.inputs.columns:
        column = search.inputs[name]
        if is_numeric(column):
            yield from _ends(search, box, held, name)
            continue
        labels = frozenset(column[held].unique())
        for label in labels if len(labels) > 1 else ():
            lost = held & (column == label).to_numpy()
            yield _Slice(box.keeping(name, labels - {label}), int(lost.sum()), int(search.case[lost].sum()))


def _ends(search: Search, box: Box, held: Bool, name: str) -> Iterator[_Slice]:
    """Slices at the two ends of a number; rows with equal values go together, limits lie between values.

    Rows without the number lie outside any limits: either slice takes them too.
    """
    order = search.order(name)
    order = order[held[order]]
    values, case = search.values(name)[order], search.case[order]
    missing = int(held.sum()) - len(order)
    cases_missing = int(search.case[held].sum()) - int(case.sum())
    if len(values) < 2 or values[0] == values[-1]:
        return
    low, high = box.limits.get(name, (-np.inf, np.inf))
    count = max(1, int(search.peel * len(values)))
    rise = int(np.searchsorted(values, values[count - 1], side="right"))
    fall = int(np.searchsorted(values, values[-count], side="left"))
    if rise < len(values):
        limit = (float(values[rise - 1]) + float(values[rise])) / 2
        yield _Slice(box.restricted(name, limit, high), rise + missing, int(case[:rise].sum()) + cases_missing)
    if fall > 0:
        limit = (float(values[fall - 1]) + float(values[fall])) / 2
        rows = len(values) - fall + missing
        yield _Slice(box.restricted(name, low, limit), rows, int(case[fall:].sum()) + cases_missing)


def _choose(search: Search, trail: list[Box], density: float | None) -> Box:
    held = [box.inside(search.inputs) for box in trail]
    dense = np.array([search.density(rows) for rows in held])
    coverage = np.array([search.case[rows].sum() for rows in held]) / max(1, int(search.case.sum()))
    if density is not None and (dense >= density).any():
        return trail[int(np.argmax(np.where(dense >= density, coverage, -1.0)))]
    score = 2 * dense * coverage / np.maximum(dense + coverage, 1e-300)
    return trail[int(np.argmax(score))]


def paste(search: Search, box: Box) -> Box:
    """The box, grown again at any end where that does not thin the cases out."""
    while True:
        held = box.inside(search.inputs)
        now, best, most = search.density(held), None, int(held.sum())
        for larger in _extensions(search, box):
            rows = larger.inside(search.inputs)
            if search.density(rows) >= now and rows.sum() > most:
                best, most = larger, int(rows.sum())
        if best is None:
            return box
        box = best


def _extensions(search: Search, box: Box) -> Iterator[Box]:
    for name, (low, high) in box.limits.items():
        values = search.inputs[name].to_numpy(np.float64)
        others = box.without(name).inside(search.inputs)
        count = max(1, int(search.peel * box.inside(search.inputs).sum()))
        below = np.sort(values[others & (values < low)])[::-1]
        above = np.sort(values[others & (values > high)])
        if len(below):
            yield box.restricted(name, below[count] if count < len(below) else -np.inf, high)
        if len(above):
            yield box.restricted(name, low, above[count] if count < len(above) else np.inf)
    for name, labels in box.kept.items():
        more = set(search.inputs[name].unique()) - labels
        yield from (box.keeping(name, labels | {label}) for label in more)


def quasi_p_values(search: Search, box: Box) -> dict[str, float]:
    """For each restriction, the chance of as many cases in the box if it chose rows at random among those without it.

    Source: Bryant & Lempert (2010), section 3.3. Quasi, because the box was chosen on the same rows.
    """
    held = box.inside(search.inputs)
    n, cases = int(held.sum()), int(search.case[held].sum())
    found = {}
    for name in box.names:
        share = search.density(box.without(name).inside(search.inputs))
        found[name] = float(stats.binom.sf(cases - 1, n, share))
    return found


def prune(search: Search, box: Box, quasi_p: float) -> Box:
    """The box without restrictions that chance would give, the least convincing dropped first."""
    while box.names:
        values = quasi_p_values(search, box)
        worst = max(values, key=lambda name: values[name])
        if values[worst] <= quasi_p:
            break
        box = box.without(worst)
    return box
