"""What each arm of a study found: its sample of required funds, P(event), and the fund for a target, with intervals.

Paths of one run share its opening book, runs of one point its uncertainties. So where an arm has ten points or more (of
one point: ten runs), the interval is taken over these (Student t of their shares); with fewer it is that of
independent paths, and holds for these books only, which the report says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.estimators.clusters import FEWEST_CLUSTERS
from analysis.estimators.estimate import Estimate, RefusedError
from analysis.estimators.importance_sampling import WeightedCurve, weighted_probability
from analysis.estimators.intervals import clopper_pearson, normal_quantile, probability
from analysis.estimators.quantiles import exceedance_curve, required_fund
from analysis.money import format_short
from analysis.study.folder import StudyFolder

F64 = npt.NDArray[np.float64]

_POINTS = 200
#: Events by the names that studies use for them among their outcomes.
EVENT_NAMES = {"adl": "first_adl", "fund_empty": "cash_zero", "exhausted": "equity_zero"}
EVENTS = {
    "first_adl": "ADL begins",
    "cash_zero": "the fund's cash is gone",
    "equity_zero": "the fund is exhausted",
}


@dataclass(frozen=True)
class Sample:
    """The outcomes of one arm; arrays are (n,), one entry a path of reduced runs or a full run. Money in quote units.

    known_to: required funds below it are known; full runs do not say what a fund that ran dry would have needed.
    cluster: the draw of the design (point; Saltelli block), or in an arm of one point the run, of an outcome.
    fund: at the start.
    """

    arm: int
    label: str
    required: F64
    log_weight: F64
    event: npt.NDArray[np.bool_]
    first_empty_ms: npt.NDArray[np.int64]
    cluster: npt.NDArray[np.int64]
    run_id: npt.NDArray[np.object_]
    point: npt.NDArray[np.int64]
    fund: float
    known_to: float
    n_runs: int

    @property
    def n(self) -> int:
        """Number of outcomes."""
        return len(self.required)

    @property
    def is_weighted(self) -> bool:
        """Whether any path was drawn under another law."""
        return bool(np.any(self.log_weight))

    @property
    def n_clusters(self) -> int:
        """Number of independent groups."""
        return len(np.unique(self.cluster))

    @property
    def over_runs(self) -> bool:
        """Whether intervals are taken over groups of outcomes."""
        return FEWEST_CLUSTERS <= self.n_clusters < self.n

    def spread_beyond_chance(self) -> float:
        """p-value of the hypothesis that runs or points differ in P(event) by chance only; NaN where it is untested."""
        table = np.stack([np.bincount(np.unique(self.cluster, return_inverse=True)[1], weights=w)
                          for w in (self.event, ~self.event)])  # fmt: skip
        if table.shape[1] < 2 or (table.sum(axis=1) < 5 * table.shape[1]).any():
            return math.nan
        return float(stats.chi2_contingency(table, correction=False).pvalue)


def arm_samples(study: StudyFolder, event: str) -> list[Sample]:
    """One sample an arm with runs that ended well, by arm; `event` is a key of EVENTS."""
    runs, outcomes = study.done, outcome_rows(study)
    labels = arm_labels(study)
    samples = []
    for arm, rows in outcomes.groupby("arm", sort=True):
        dry = rows["is_full"].to_numpy(bool) & (rows["first_fund_empty_ms"].to_numpy() >= 0)
        required = rows["required_fund_quanta"].to_numpy(np.float64) * study.quantum
        fund = rows["fund_initial_quanta"].to_numpy(np.float64) * study.quantum
        samples.append(
            Sample(
                arm=int(arm),
                label=labels.get(int(arm), f"arm {arm}"),
                required=required,
                log_weight=rows["log_weight"].to_numpy(np.float64),
                event=happened(rows, event),
                first_empty_ms=rows["first_fund_empty_ms"].to_numpy(np.int64),
                point=rows["point"].to_numpy(np.int64),
                run_id=rows["run_id"].to_numpy(object),
                cluster=rows["cluster"].to_numpy(np.int64),
                fund=float(np.median(fund)),
                known_to=float(fund[dry].min()) if dry.any() else math.inf,
                n_runs=int((runs["arm"] == arm).sum()),
            )
        )
    return samples


def happened(rows: pd.DataFrame, event: str) -> npt.NDArray[np.bool_]:
    """Whether each outcome (a row of `outcome_rows`) shows the event."""
    if event == "first_adl":
        return np.asarray(rows["first_adl_ms"].to_numpy() >= 0)
    if event == "cash_zero":
        return np.asarray(rows["first_fund_empty_ms"].to_numpy() >= 0)
    required, fund = rows["required_fund_quanta"].to_numpy(), rows["fund_initial_quanta"].to_numpy()
    # Full runs measure with the fund they have: one that ran dry needed all of it, or more.
    dry = rows["is_full"].to_numpy(bool) & (rows["first_fund_empty_ms"].to_numpy() >= 0) & (required >= fund)
    return np.asarray((required > fund) | dry)


def outcome_rows(study: StudyFolder) -> pd.DataFrame:
    """One row an outcome: the paths of reduced runs, full runs themselves; with arm, point, cluster (see `Sample`)."""
    runs = study.done
    keep = ["arm", "point", "scenario", "fund_initial_quanta"]
    measured = ["required_fund_quanta", "first_adl_ms", "first_fund_empty_ms"]
    full = runs.loc[runs["fidelity"] == "full", ["run_id", *keep, *measured]].assign(log_weight=0.0, is_full=True)
    reduced = runs.loc[runs["fidelity"] != "full", ["run_id", *keep]].assign(is_full=False)
    paths = study.paths[["run_id", "log_weight", *measured]].merge(reduced, on="run_id", how="inner")
    outcomes = pd.concat([frame for frame in (full, paths) if len(frame)] or [full], ignore_index=True)
    arms = outcomes.groupby("arm")
    by_point = np.where(arms["point"].transform("nunique") > 1, outcomes["point"], pd.factorize(outcomes["run_id"])[0])
    blocks = arms["scenario"].transform("nunique") > 1  # of one point each, but in a Saltelli design
    return outcomes.assign(cluster=np.where(blocks, outcomes["scenario"], by_point))


def arm_labels(study: StudyFolder, *, without: str = "") -> dict[int, str]:
    """What each arm is: the values of its levers but `without`, by arm; the study's name where it has no other."""
    levers = [name for name in study.points.columns if str(name).startswith("l.") and name[2:] != without]
    if not levers:
        return {int(arm): study.name for arm in study.points["arm"].unique()}
    first = study.points.drop_duplicates("arm")
    return {
        int(row["arm"]): ", ".join(_level(study, str(name), row[name]) for name in levers)
        for row in first.to_dict("records")
    }


def _level(study: StudyFolder, column: str, value: object) -> str:
    name = column.removeprefix("l.")
    unit = study.unit_of(name)
    number = float(str(value)) if isinstance(value, int | float | np.number) else math.nan
    if abs(number) >= 1e6:
        return f"{name} {format_short(number, unit)}"
    if math.isnan(number):  # a label of its own, which says its unit if it has one
        return f"{name} {value}"
    return f"{name} {number:,.6g}" + (f" {unit}" if unit else "")


def curve_of(sample: Sample, *, level: float = 0.95) -> pd.DataFrame:
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


def _widened(frame: pd.DataFrame, sample: Sample, values: F64, at: F64, level: float) -> pd.DataFrame:
    """The bounds of a frame of shares of `values` beyond `at`, no narrower than those over groups of outcomes."""
    low, high = _over_runs(sample, values, at, level)
    return frame.assign(low=np.minimum(low, frame["low"]), high=np.maximum(high, frame["high"]))


def _over_runs(sample: Sample, values: F64, at: F64, level: float) -> tuple[F64, F64]:
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


def emptied_by(sample: Sample, *, horizon_days: float, level: float = 0.95, points: int = 120) -> pd.DataFrame:
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
    # Negative times turn "by then" into "beyond"; the next float keeps what happens at that very time.
    return _widened(pd.DataFrame(found), sample, -days, np.nextafter(-times, -np.inf), level)


def chance_of(sample: Sample, *, level: float = 0.95) -> Estimate:
    """P(event) of an arm. RefusedError where the weights are bad."""
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


def fund_for(sample: Sample, p: float, *, level: float = 0.95) -> Estimate:
    """The smallest fund exhausted with probability at most p. RefusedError where the outcomes do not bear it."""
    if sample.is_weighted:
        weighted = WeightedCurve(sample.required, sample.log_weight)
        estimate = weighted.required_fund(p, level=level)
        funds = np.unique(weighted.fund[np.unique(np.geomspace(1, weighted.n, 4 * _POINTS).astype(np.int64)) - 1])
        return _over_groups(sample, estimate, funds, p, level) if sample.over_runs else estimate
    estimate = required_fund(sample.required, p, level=level)
    if estimate.high >= sample.known_to:
        dry = int((sample.first_empty_ms >= 0).sum())
        raise RefusedError(
            f"the fund ran dry in {dry:,} of {sample.n:,} full runs, so what lies beyond it is not known: run the study"
            " with a larger fund"
        )
    if not sample.over_runs:
        return estimate
    funds = exceedance_curve(sample.required, level=level, max_points=4 * _POINTS)["fund"].to_numpy()
    return _over_groups(sample, estimate, funds, p, level)


def _over_groups(sample: Sample, estimate: Estimate, funds: F64, p: float, level: float) -> Estimate:
    """A required fund with bounds where those of the curve over groups cross p, no narrower than they were."""
    low, high = _over_runs(sample, sample.required, funds, level)
    if not sample.is_weighted:  # no run beyond a fund says little of it
        beyond = sample.n - np.searchsorted(np.sort(sample.required), funds, side="right")
        high = np.maximum(high, clopper_pearson(beyond, sample.n, level=level)[1])
    above = np.flatnonzero(high > p)  # from the last of these on the bound stays below the target
    if len(above) and above[-1] + 1 == len(funds):
        raise RefusedError(f"{sample.n_clusters:,} runs cannot bound the fund for a probability of {p:g}: more runs")
    bounds = float(funds[np.argmax(low <= p)]), float(funds[above[-1] + 1] if len(above) else funds[0])
    wider = {"low": min(bounds[0], estimate.low), "high": max(bounds[1], estimate.high)}
    method = f"{'importance sampling' if sample.is_weighted else 'crude'}, curve over runs inverted"
    return Estimate(**(estimate.row() | wider | {"method": method}))


def targets_of(sample: Sample, targets: Sequence[float], *, level: float = 0.95) -> pd.DataFrame:
    """Columns target, fund, low, high, note: the fund for each target, NaN and the reason where it is refused."""
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
