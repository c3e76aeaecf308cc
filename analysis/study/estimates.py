"""Estimates from the outcomes of an arm: the curve of fund sizes, P(event), the fund for a target, with intervals.

If an arm has ten groups of outcomes or more (see `samples.py`), intervals are taken over groups (Student t of their
shares), and are no narrower than those of independent outcomes.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from ..estimators.estimate import Estimate, RefusedError
from ..estimators.importance_sampling import WeightedCurve, weighted_probability
from ..estimators.intervals import clopper_pearson, normal_quantile, probability
from ..estimators.quantiles import exceedance_curve, required_fund
from .question import TARGETS
from .samples import ArmSample

F64 = npt.NDArray[np.float64]


_POINTS = 200
#: Number of arms whose curves of fund sizes a report draws.
MAX_CURVES = 3


def curve_of(sample: ArmSample, *, level: float = 0.95) -> pd.DataFrame:
    """P(a fund of size F is exhausted): columns fund, probability, low, high, events, n, by rising fund."""
    names = ["fund", "probability", "low", "high", "events", "n"]
    if sample.is_weighted:
        weighted = WeightedCurve(sample.required, sample.log_weight)
        counts = np.unique(np.geomspace(1, weighted.n, _POINTS).astype(np.int64))
        table = weighted.table(np.append(weighted.fund[counts - 1], 0.0), level=level)
        stands = (table["refused"] == "") | (table["fund"] == 0)
        curve = table.loc[stands & (table["events"] > 0), names].reset_index(drop=True)
        return _widened(curve, sample, sample.required, curve["fund"].to_numpy(), level) if sample.over_runs else curve
    curve = exceedance_curve(sample.required, level=level, max_points=_POINTS)
    curve = curve[curve["fund"] < sample.known_to].reset_index(drop=True)
    if not sample.over_runs:
        return curve[names]
    return _widened(curve[names], sample, sample.required, curve["fund"].to_numpy(), level)


def _widened(frame: pd.DataFrame, sample: ArmSample, values: F64, at: F64, level: float) -> pd.DataFrame:
    """The bounds of a frame of shares of `values` beyond `at`, no narrower than those over groups of outcomes."""
    low, high = _over_runs(sample, values, at, level)
    return frame.assign(low=np.minimum(low, frame["low"]), high=np.maximum(high, frame["high"]))


def _over_runs(sample: ArmSample, values: F64, at: F64, level: float) -> tuple[F64, F64]:
    """Student t bounds over groups of outcomes of the (weighted) share of values beyond each of `at`."""
    _, group = np.unique(sample.cluster, return_inverse=True)
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))[:-1]
    weight = np.exp(sample.log_weight)
    pieces = zip(np.split(values[order], ends), np.split(weight[order], ends), strict=True)
    shares = np.stack([_share_beyond(own, weights, at) for own, weights in pieces])
    n = len(shares)
    half = stats.t.isf((1 - level) / 2, n - 1) * shares.std(axis=0, ddof=1) / math.sqrt(n)
    mean = shares.mean(axis=0)
    return np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0)


def _share_beyond(values: F64, weight: F64, at: F64) -> F64:
    """Sum of the weights of values beyond each of `at`, over the number of values."""
    order = np.argsort(values, kind="stable")
    until = np.concatenate([[0.0], np.cumsum(weight[order])])
    return np.asarray((until[-1] - until[np.searchsorted(values[order], at, side="right")]) / len(values))


def emptied_by(sample: ArmSample, *, horizon_days: float, level: float = 0.95, points: int = 120) -> pd.DataFrame:
    """P(the fund has been empty by then): columns time_days, probability, low, high, events, n."""
    times = np.linspace(0.0, horizon_days, points)
    never = sample.first_empty_ms < 0
    days = np.where(never, np.inf, sample.first_empty_ms / 86_400_000)
    order = np.argsort(days, kind="stable")
    place = np.searchsorted(days[order], times, side="right")
    if sample.is_weighted:
        weight = np.exp(sample.log_weight[order])
        sums, squares = (np.concatenate([[0.0], np.cumsum(weight**power)])[place] / sample.n for power in (1, 2))
        half = normal_quantile(level) * np.sqrt(np.maximum(squares - sums**2, 0.0) / sample.n)
        value, low, high = sums, np.maximum(sums - half, 0.0), np.minimum(sums + half, 1.0)
    else:
        value = place / sample.n
        low, high = clopper_pearson(place, sample.n, level=level)
    found = {"time_days": times, "probability": value, "low": low, "high": high, "events": place, "n": sample.n}
    if not sample.over_runs:
        return pd.DataFrame(found)
    # Negative times turn "by then" into "beyond"; the next float includes events at exactly that time.
    return _widened(pd.DataFrame(found), sample, -days, np.nextafter(-times, -np.inf), level)


def chance_of(sample: ArmSample, *, level: float = 0.95) -> Estimate:
    """P(event) of an arm. RefusedError if the weights are bad."""
    if sample.is_weighted:
        plain = weighted_probability(sample.event, sample.log_weight, level=level)
    else:
        plain = probability(int(sample.event.sum()), sample.n, level=level)
    if not sample.over_runs:
        return plain
    low, high = _over_runs(sample, sample.event.astype(np.float64), np.zeros(1), level)
    wider = {"low": min(plain.low, float(low[0])), "high": max(plain.high, float(high[0]))}
    method = "importance sampling, over runs" if sample.is_weighted else "crude, over runs"
    return Estimate(**(plain.row() | wider | {"method": method, "note": f"{sample.n_clusters:,} runs"}))


def fund_for(sample: ArmSample, p: float, *, level: float = 0.95) -> Estimate:
    """The smallest fund exhausted with probability at most p. RefusedError if the outcomes do not suffice."""
    if sample.is_weighted:
        weighted = WeightedCurve(sample.required, sample.log_weight)
        estimate = weighted.required_fund(p, level=level)
        funds = np.unique(weighted.fund[np.unique(np.geomspace(1, weighted.n, 4 * _POINTS).astype(np.int64)) - 1])
        return _over_groups(sample, estimate, funds, p, level) if sample.over_runs else estimate
    estimate = required_fund(sample.required, p, level=level)
    if estimate.high >= sample.known_to:
        raise RefusedError(
            f"in {sample.n_bounds:,} of {sample.n:,} full runs the fund fell short or the inventory cap was reached, so"
            " their required fund is not known: run the study with a larger fund and without a cap"
        )
    if not sample.over_runs:
        return estimate
    funds = exceedance_curve(sample.required, level=level, max_points=4 * _POINTS)["fund"].to_numpy()
    return _over_groups(sample, estimate, funds, p, level)


def _over_groups(sample: ArmSample, estimate: Estimate, funds: F64, p: float, level: float) -> Estimate:
    """A required fund whose bounds are the crossings of the curve's bounds over groups with p, no narrower than
    before."""
    low, high = _over_runs(sample, sample.required, funds, level)
    if not sample.is_weighted:  # no run beyond a fund gives little information about it
        beyond = sample.n - np.searchsorted(np.sort(sample.required), funds, side="right")
        high = np.maximum(high, clopper_pearson(beyond, sample.n, level=level)[1])
    above = np.flatnonzero(high > p)  # beyond the last of these the bound is below the target
    if len(above) and above[-1] + 1 == len(funds):
        raise RefusedError(
            f"{sample.n_clusters:,} runs cannot bound the fund for a probability of {p:g}: use more runs"
        )
    bounds = float(funds[np.argmax(low <= p)]), float(funds[above[-1] + 1] if len(above) else funds[0])
    wider = {"low": min(bounds[0], estimate.low), "high": max(bounds[1], estimate.high)}
    method = f"{'importance sampling' if sample.is_weighted else 'crude'}, curve over runs inverted"
    return Estimate(**(estimate.row() | wider | {"method": method}))


def targets_of(sample: ArmSample, targets: Sequence[float], *, level: float = 0.95) -> pd.DataFrame:
    """Columns target, fund, low, high, note: the fund for each target, NaN and the reason if it is refused."""
    rows: list[tuple[float, float, float, float, str]] = []
    for p in targets:
        try:
            estimate = fund_for(sample, p, level=level)
            rows.append((p, estimate.value, estimate.low, estimate.high, ""))
        except RefusedError as error:
            needed = (
                f"at least {error.runs_needed:,} outcomes are needed"
                if error.runs_needed
                else str(error).split("is refused: ")[-1]
            )
            rows.append((p, math.nan, math.nan, math.nan, needed))
    return pd.DataFrame(rows, columns=["target", "fund", "low", "high", "note"])


def different(samples: Sequence[ArmSample]) -> list[ArmSample]:
    """Samples without repeated required funds: arms that differ only in the size of the fund have the same."""
    found: list[ArmSample] = []
    for sample in samples:
        if not any(np.array_equal(sample.required, other.required) for other in found):
            found.append(sample)
    return found


def chosen_curves(samples: Sequence[ArmSample]) -> tuple[list[ArmSample], str]:
    """The arms whose curves are drawn, in their order, and a sentence on those left out; empty if none is.

    Arms with the same required funds have one curve. Of more than MAX_CURVES: the first, and those with the smallest
    and the largest mean required fund.
    """
    found = different(samples)
    chosen = found
    if len(found) > MAX_CURVES:
        by_size = sorted(found[1:], key=lambda sample: float((np.exp(sample.log_weight) * sample.required).mean()))
        picked = {found[0].arm, by_size[0].arm, by_size[-1].arm}
        chosen = [sample for sample in found if sample.arm in picked]
    if len(chosen) == len(samples):
        return chosen, ""
    n_alike, n_more = len(samples) - len(found), len(found) - len(chosen)
    parts = [f"{n_alike:,} have the same required funds as another arm"] if n_alike else []
    how = "; drawn are the first, and the arms with the smallest and the largest mean required fund"
    parts += [f"{n_more:,} lie between these{how}"] if n_more else []
    return chosen, f"Curves: {len(chosen):,} of {len(samples):,} arms ({', '.join(parts)})."


def arms_frame(samples: Sequence[ArmSample], *, level: float) -> tuple[pd.DataFrame, float]:
    """The frame of `draw_arms`, and the rarest of TARGETS for which some arm has a fund."""
    table = {sample.arm: targets_of(sample, TARGETS, level=level) for sample in samples}
    told = [p for p in TARGETS if any(np.isfinite(target_row(table[sample.arm], p)[0]) for sample in samples)]
    target = min(told, default=TARGETS[0])
    rows = []
    for sample in samples:
        try:
            chance = chance_of(sample, level=level)
            found = (chance.value, chance.low, chance.high, chance.events, chance.n)
        except RefusedError:
            found = (math.nan, math.nan, math.nan, -1, sample.n)
        rows.append((sample.label, *found, *target_row(table[sample.arm], target)))
    names = ["arm", "probability", "low", "high", "events", "n", "fund", "fund_low", "fund_high"]
    return pd.DataFrame(rows, columns=names), target


def target_row(targets: pd.DataFrame, p: float) -> tuple[float, float, float]:
    """(fund, low, high) of one target in the frame of `targets_of`."""
    row = targets[targets["target"] == p].iloc[0]
    return float(row["fund"]), float(row["low"]), float(row["high"])
