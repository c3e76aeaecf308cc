"""The outcomes of each arm of a study, one per path of reduced runs or per full run, and which of them are independent.

Paths of one run share its opening book, runs of one point its uncertainties. So if an arm has ten points or more (of
one point: ten runs), the interval is taken over these (Student t of their shares); with fewer it is that of
independent paths, and is valid for these books only, as the report states.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from ..estimators.clusters import MIN_CLUSTERS
from .events import EVENT_BY_ANSWER
from .folder import StudyFolder
from .labels import arm_labels

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ArmSample:
    """The outcomes of one arm; arrays are (n,), one entry a path of reduced runs or a full run. Money in quote units.

    known_to: required funds below it are known; of `n_bounds` outcomes the required fund is only a lower bound.
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
    n_bounds: int = 0

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
        return MIN_CLUSTERS <= self.n_clusters < self.n

    def spread_beyond_chance(self) -> float:
        """p-value of the hypothesis that runs or points differ in P(event) by chance only; NaN where it is untested."""
        table = np.stack([np.bincount(np.unique(self.cluster, return_inverse=True)[1], weights=w)
                          for w in (self.event, ~self.event)])  # fmt: skip
        if table.shape[1] < 2 or (table.sum(axis=1) < 5 * table.shape[1]).any():
            return math.nan
        return float(stats.chi2_contingency(table, correction=False).pvalue)


def arm_samples(study: StudyFolder, event: str) -> list[ArmSample]:
    """One sample per arm with completed runs, by arm; `event`: a name of `answer.event`."""
    runs, outcomes = study.done, outcome_rows(study)
    labels = arm_labels(study)
    samples = []
    for arm, rows in outcomes.groupby("arm", sort=True):
        is_bound = rows["required_fund_is_bound"].to_numpy(bool)
        required = rows["required_fund_quanta"].to_numpy(np.float64) * study.quantum
        fund = rows["fund_initial_quanta"].to_numpy(np.float64) * study.quantum
        samples.append(
            ArmSample(
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
                known_to=float(required[is_bound].min()) if is_bound.any() else math.inf,
                n_runs=int((runs["arm"] == arm).sum()),
                n_bounds=int(is_bound.sum()),
            )
        )
    return samples


def happened(rows: pd.DataFrame, event: str) -> npt.NDArray[np.bool_]:
    """Whether each outcome (a row of `outcome_rows`) shows the event."""
    column = EVENT_BY_ANSWER[event].column
    if column:
        return np.asarray(rows[column].to_numpy() >= EVENT_BY_ANSWER[event].threshold)
    required, fund = rows["required_fund_quanta"].to_numpy(), rows["fund_initial_quanta"].to_numpy()
    # A full run whose fund ran dry needed all of it, or more.
    emptied = (rows["first_fund_empty_ms"].to_numpy() >= 0) | rows["is_short"].to_numpy(bool)
    dry = rows["is_full"].to_numpy(bool) & emptied & (required >= fund)
    return np.asarray((required > fund) | dry)


def outcome_rows(study: StudyFolder) -> pd.DataFrame:
    """One row per outcome: the paths of reduced runs, full runs themselves; with arm, point, cluster."""
    runs = study.done
    keep = ["arm", "point", "scenario", "fund_initial_quanta"]
    measured = ["required_fund_quanta", "first_adl_ms", "first_fund_empty_ms"]
    own = ["run_id", *keep, *measured, "required_fund_is_bound"]
    full = runs.loc[runs["fidelity"] == "full", [*own, "required_fund_bound_by"]].assign(log_weight=0.0, is_full=True)
    full["is_short"] = full.pop("required_fund_bound_by").str.contains("fund", regex=False).astype(bool)
    reduced = runs.loc[runs["fidelity"] != "full", ["run_id", *keep]].assign(is_full=False)
    # Paths need what a fund that never runs dry would pay.
    reduced = reduced.assign(required_fund_is_bound=False, is_short=False)
    paths = study.paths[["run_id", "log_weight", *measured]].merge(reduced, on="run_id", how="inner")
    outcomes = pd.concat([frame for frame in (full, paths) if len(frame)] or [full], ignore_index=True)
    arms = outcomes.groupby("arm")
    by_point = np.where(arms["point"].transform("nunique") > 1, outcomes["point"], pd.factorize(outcomes["run_id"])[0])
    blocks = arms["scenario"].transform("nunique") > 1  # of one point each, but in a Saltelli design
    return outcomes.assign(cluster=np.where(blocks, outcomes["scenario"], by_point))
