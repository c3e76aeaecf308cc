"""One factor at a time: the outcome at the low and the high end of each input, all others at their base.

Ends and base ran on the same randomness (same scenario and replication), so a change is estimated from pairs: t
interval of the mean change, or the interval of paired proportions for events.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from ..errors import AnalysisError
from ..estimators.estimate import Estimate
from ..estimators.intervals import probability, tail_mass
from ..estimators.paired import paired_difference, paired_probability
from .design_table import F64, DesignTable, design_table, is_numeric

COLUMNS = (
    "input", "unit", "end", "setting", "base", "value", "low", "high", "change", "change_low", "change_high", "level",
    "n", "method", "variance_reduction",
)  # fmt: skip


def swings(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcome: str,
    *,
    inputs: Sequence[str] | None = None,
    arm: int | None = None,
    units: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Rows of the base (input ""), and of each input's ends `low`, `high` and of its `swing`, high end less low end.

    Columns: input, unit, end, setting (of the input), base (its setting there), value (the outcome there; of a swing
    the difference), low, high, change (against the base on the same randomness), change_low, change_high, level, n
    (runs at the end), method, variance_reduction (of the change, against unpaired runs). Replications missing at one
    of the two ends are left out. An input whose design has one end only has no swing. AnalysisError if the points are
    not one-at-a-time.
    """
    sample = design_table(points, runs, outcome, inputs=inputs, arm=arm, exact_for="swings of a tornado")
    base = base_point(sample)
    rows = [_row("", "", "base", (None, None), _level_of(sample, base, level), None)]
    for name in sample.names:
        unit = (units or {}).get(name, "")
        ends, usual = _ends(sample, base, name), sample.inputs[name].iloc[base]
        for end, place in ends.items():
            change = _change(sample, base, place, level)
            setting = sample.inputs[name].iloc[place]
            rows.append(_row(name, unit, end, (setting, usual), _level_of(sample, place, level), change))
        if len(ends) == 2:
            swing = _change(sample, ends["low"], ends["high"], level)
            rows.append(_row(name, unit, "swing", (None, usual), swing, swing))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def tornado_table(found: pd.DataFrame) -> pd.DataFrame:
    """One row an input, widest swing first: input, unit, input_low, input_high, at_low, at_low_low, at_low_high,
    at_high, at_high_low, at_high_high, swing, swing_low, swing_high, n. An end missing in the design is the base.
    """
    base = found[found["end"] == "base"].iloc[0]
    rows: list[dict[str, Any]] = []
    for name, own in found[found["end"] != "base"].groupby("input", sort=False):
        row: dict[str, Any] = {"input": name, "unit": own["unit"].iloc[0]}
        for end in ("low", "high"):
            at = own[own["end"] == end]
            place = at.iloc[0] if len(at) else base
            row |= {f"input_{end}": place["setting"] if len(at) else own["base"].iloc[0], f"at_{end}": place["value"]}
            row |= {f"at_{end}_low": place["low"], f"at_{end}_high": place["high"]}
        swing = own[own["end"] == "swing"]
        ends = swing.iloc[0][["value", "low", "high"]] if len(swing) else [np.nan] * 3
        row |= dict(zip(("swing", "swing_low", "swing_high"), ends, strict=True))
        rows.append(row | {"n": int(own["n"].min())})
    frame = pd.DataFrame(rows)
    width = (frame["at_high"] - frame["at_low"]).abs()
    return frame.loc[width.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def base_point(sample: DesignTable) -> int:
    """Place of the point from which every other differs in one input at most; AnalysisError if there is none.

    An input that begins or ceases to apply where its condition is moved has not moved itself.
    """
    coded = np.stack([pd.factorize(sample.inputs[name])[0] for name in sample.names], axis=1)
    usual = np.array([np.bincount(column + 1).argmax() - 1 for column in coded.T])
    moved = ((coded != usual) & (coded >= 0) & (usual >= 0)).sum(axis=1)
    at_base = (coded == usual).all(axis=1)
    if len(coded) < 2 or (moved > 1).any() or not at_base.any():
        raise AnalysisError(
            "a tornado needs a one-at-a-time design: one base point, and points that move one input each;"
            f" {int((moved > 1).sum())} of {len(coded)} points move several"
        )
    if (sample.scenario != sample.scenario[0]).any():
        raise AnalysisError("the points of a tornado must share their scenario (randomness) to be compared in pairs")
    return int(np.argmax(at_base))


def _ends(sample: DesignTable, base: int, name: str) -> dict[str, int]:
    """Places of the lowest and highest setting of an input, where they are not the base's; labels in design order.

    None of an input that does not apply at the base.
    """
    column = sample.inputs[name]
    moved = np.flatnonzero((column.notna() & pd.notna(column.iloc[base]) & (column != column.iloc[base])).to_numpy())
    if not len(moved):
        return {}
    if not is_numeric(column):
        first, last = int(moved[0]), int(moved[-1])
        return {"high": last} if first == last else {"low": first, "high": last}
    values, centre = column.to_numpy(np.float64), float(column.iloc[base])
    ends = {"low": int(moved[np.argmin(values[moved])]), "high": int(moved[np.argmax(values[moved])])}
    return {end: at for end, at in ends.items() if (values[at] < centre) == (end == "low")}


def _outcomes(sample: DesignTable, *places: int) -> list[F64]:
    """Outcomes of points in the replications that all of them have."""
    both = np.isfinite(sample.values[list(places)]).all(axis=0)
    if both.sum() < 2:
        raise AnalysisError(
            f"a tornado needs two replications at each point, found {int(both.sum())} of {sample.outcome} at points"
            f" {', '.join(str(sample.point[place]) for place in places)}"
        )
    return [sample.values[place][both] for place in places]


def _level_of(sample: DesignTable, place: int, level: float) -> Estimate:
    (values,) = _outcomes(sample, place)
    if sample.is_event:
        return probability(int(values.sum()), len(values), level=level, interval="wilson")
    return mean_of(values, level=level)


def mean_of(values: npt.ArrayLike, *, level: float) -> Estimate:
    """Mean of independent values with its t interval."""
    sample = np.asarray(values, np.float64)
    n, value = len(sample), float(sample.mean())
    half = float(stats.t.isf(tail_mass(level, "two")[1], n - 1)) * float(sample.std(ddof=1)) / n**0.5
    return Estimate(value, value - half, value + half, level, "mean, t interval", n, -1)


def _change(sample: DesignTable, first: int, second: int, level: float) -> Estimate:
    a, b = _outcomes(sample, first, second)
    if sample.is_event:
        return paired_probability(a > 0, b > 0, level=level)
    return paired_difference(a, b, level=level)


def _row(
    name: str, unit: str, end: str, settings: tuple[Any, Any], found: Estimate, change: Estimate | None
) -> dict[str, Any]:
    """settings: of the input at the end, and at the base."""
    moved = {"change": 0.0, "change_low": 0.0, "change_high": 0.0, "variance_reduction": np.nan}
    if change is not None:
        moved = {"change": change.value, "change_low": change.low, "change_high": change.high}
        moved |= {"variance_reduction": change.variance_reduction}
    own = {"value": found.value, "low": found.low, "high": found.high, "level": found.level, "n": found.n}
    place = {"input": name, "unit": unit, "end": end, "setting": settings[0], "base": settings[1]}
    return {**place, "method": found.method, **own, **moved}
