"""In which region does it happen? Boxes of inputs that contain most cases and few other runs, by PRIM.

A box is fitted to the runs of the search, so its density there is too high: a part of the points (all runs of a
point together) is held out, and coverage and density are measured there, with Clopper-Pearson intervals (bootstrap of
points where a point has several runs). Further boxes are searched among runs outside the earlier ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..bounds import refuse_bounds
from ..errors import AnalysisError
from ..estimators.intervals import clopper_pearson, tail_mass
from .design_table import F64, I64, design_table, labelled
from .peeling import Bool, Box, Search, find_box, quasi_p_values

MIN_CASES = 10
RESAMPLES = 1000

LIMITS = ("box", "input", "unit", "low", "high", "range_low", "range_high", "quasi_p")
KEPT = ("box", "input", "labels", "quasi_p")
MEASURES = (
    "box", "coverage", "coverage_low", "coverage_high", "density", "density_low", "density_high", "mass", "n", "cases",
    "measured_on", "level", "method",
)  # fmt: skip


@dataclass(frozen=True)
class Boxes:
    """Boxes in the order of the search, as frames.

    limits: box, input, unit, low, high (cut to the design's range_low, range_high), quasi_p: a row a numeric limit.
    kept: box, input, labels (those inside, with commas), quasi_p: a row a restriction of an input without order.
    measures: box, coverage (share of all cases inside) and density (share of runs inside that are cases) with bounds,
    mass (share of runs inside), n and cases (of the study), measured_on (runs held out), level, method.
    points: the runs' inputs and `case`.
    """

    limits: pd.DataFrame
    kept: pd.DataFrame
    measures: pd.DataFrame
    points: pd.DataFrame
    boxes: tuple[Box, ...] = field(default=(), repr=False)


def boxes_of_study(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcome: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    inputs: Sequence[str] | None = None,
    arm: int | None = None,
    units: Mapping[str, str] | None = None,
    most_boxes: int = 3,
    density: float | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Boxes:
    """Boxes of the runs in which an event happened, or an outcome is `at_least` / `at_most` a value.

    Points that are one draw (`DesignTable.unit`) search together or measure together. An input that does not apply
    everywhere has a label there, or no number: limits on it hold those runs only where it applies.
    """
    sample = design_table(points, runs, outcome, inputs=inputs, arm=arm)
    if not sample.is_event and (at_least is None) == (at_most is None):
        raise AnalysisError(f"outcome {outcome} is a number: define the cases with at_least=... or at_most=...")
    bound = sample.values[sample.bound]  # a case at any value from here on
    if (at_least is not None and (bound < at_least).any()) or (at_most is not None and (bound <= at_most).any()):
        refuse_bounds(runs, outcome, by="boxes")
    place, replication = np.nonzero(np.isfinite(sample.values))
    values = sample.values[place, replication]
    case = values > 0
    if at_least is not None:
        case = values >= at_least
    elif at_most is not None:
        case = values <= at_most
    return find_boxes(
        sample.inputs.apply(labelled).iloc[place].reset_index(drop=True),
        case,
        point=sample.unit[place],
        units=units,
        most_boxes=most_boxes,
        density=density,
        level=level,
        seed=seed,
    )


def find_boxes(
    inputs: pd.DataFrame,
    case: Bool,
    *,
    point: I64 | None = None,
    units: Mapping[str, str] | None = None,
    most_boxes: int = 3,
    peel: float = 0.05,
    least_mass: float = 0.02,
    density: float | None = None,
    quasi_p: float = 0.05,
    held_out: float = 0.5,
    level: float = 0.95,
    seed: int = 0,
) -> Boxes:
    """Boxes of `inputs` (n,) where `case` (n,) is dense; see `Boxes`. point: (n,) runs of a point are kept together.

    peel: share of a box cut at once.  least_mass: of all runs, in a box.  density: see `peeling.find_box`.  held_out:
    share of points that measure but do not search. A box is kept if, held out, cases in it are denser than outside
    with the confidence of its interval. AnalysisError below MIN_CASES cases, or if all runs are cases.
    """
    cases = int(case.sum())
    if cases < MIN_CASES or cases == len(case):
        raise AnalysisError(
            f"PRIM needs {MIN_CASES} cases and at least one other run, found {cases} cases in {len(case)} runs"
        )
    groups = np.arange(len(case)) if point is None else np.asarray(pd.factorize(point)[0])
    searched = _searched(groups, held_out, seed)
    found: list[tuple[int, Box, dict[str, float]]] = []
    measures: list[dict[str, object]] = []
    free = np.ones(len(case), bool)
    while len(found) < most_boxes and case[free & searched].sum() >= MIN_CASES / 2:
        search = Search(inputs[free & searched].reset_index(drop=True), case[free & searched], peel, least_mass)
        box = find_box(search, density=density, quasi_p=quasi_p)
        inside = box.inside(inputs) & free
        measured = _measure(inside[~searched], case[~searched], groups[~searched], level=level, seed=seed)
        outside = case[~searched & free & ~inside]
        if not box.names or not measured["density_low"] > (outside.mean() if len(outside) else 0.0):
            break
        found.append((len(found) + 1, box, quasi_p_values(search, box)))
        measures.append({"box": len(found), **measured, "n": len(case), "cases": cases, "level": level})
        free &= ~inside
    method = "PRIM, held-out runs, " + ("Clopper-Pearson" if _is_single(groups) else "bootstrap of points")
    return Boxes(
        limits=_limits_frame(inputs, found, units),
        kept=_kept_frame(found),
        measures=pd.DataFrame(measures, columns=list(MEASURES)).assign(method=method),
        points=inputs.assign(case=case),
        boxes=tuple(box for _, box, _ in found),
    )


def _searched(groups: I64, held_out: float, seed: int) -> Bool:
    """(n,) runs that search; the others, `held_out` of the points, measure."""
    n = int(groups.max()) + 1
    return np.asarray((np.random.default_rng(seed).permutation(n) >= held_out * n)[groups])


def _is_single(groups: I64) -> bool:
    """Whether every point has one run."""
    return len(np.unique(groups)) == len(groups)


def _measure(inside: Bool, case: Bool, groups: I64, *, level: float, seed: int) -> dict[str, float]:
    """Coverage, density and mass of a box; cases in earlier boxes are still cases to cover."""
    n, hits, cases = int(inside.sum()), int((inside & case).sum()), int(case.sum())
    if _is_single(groups):
        bounds = _exact_bounds(hits, n, cases, level)
    else:
        bounds = _drawn_bounds(inside, case, groups, level, seed)
    found = dict(zip(("coverage_low", "coverage_high", "density_low", "density_high"), bounds, strict=True))
    found |= {"coverage": hits / cases if cases else np.nan, "density": hits / n if n else np.nan}
    return found | {"mass": n / max(1, len(inside)), "measured_on": len(inside)}


def _exact_bounds(hits: int, n: int, cases: int, level: float) -> tuple[float, ...]:
    if not n or not cases:
        return (float("nan"),) * 4
    ends = [*clopper_pearson(hits, cases, level=level), *clopper_pearson(hits, n, level=level)]
    return tuple(float(end) for end in ends)


def _drawn_bounds(inside: Bool, case: Bool, groups: I64, level: float, seed: int) -> tuple[float, ...]:
    """Percentiles of coverage and density over resampled points."""
    _, place = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(place, weights=w) for w in (inside & case, inside, case)], axis=1)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=RESAMPLES)
    hits, n, cases = (weights @ sums).T
    below, above = tail_mass(level, "two")
    ends: list[float] = []
    for below_line in (cases, n):
        ratio: F64 = hits[below_line > 0] / below_line[below_line > 0]
        ends += [float(q) for q in np.quantile(ratio, (below, 1 - above))] if len(ratio) else [float("nan")] * 2
    return tuple(ends)


def _limits_frame(
    inputs: pd.DataFrame, boxes: Sequence[tuple[int, Box, Mapping[str, float]]], units: Mapping[str, str] | None
) -> pd.DataFrame:
    rows = []
    for number, box, quasi in boxes:
        for name, (low, high) in box.limits.items():
            ends = float(inputs[name].min()), float(inputs[name].max())
            cut = {"low": max(low, ends[0]), "high": min(high, ends[1])}
            unit = (units or {}).get(name, "")
            row = {"box": number, "input": name, "unit": unit, **cut, "range_low": ends[0], "range_high": ends[1]}
            rows.append({**row, "quasi_p": quasi[name]})
    return pd.DataFrame(rows, columns=list(LIMITS))


def _kept_frame(boxes: Sequence[tuple[int, Box, Mapping[str, float]]]) -> pd.DataFrame:
    rows = [
        {"box": number, "input": name, "labels": ", ".join(sorted(map(str, labels))), "quasi_p": quasi[name]}
        for number, box, quasi in boxes
        for name, labels in box.kept.items()
    ]
    return pd.DataFrame(rows, columns=list(KEPT))
