"""The outcomes that a study's factor figures show, as columns of its runs, with correct bounds for zero counts.

A study names outcomes (events, or columns of runs); one that names none is shown by the event of its answer or, if
almost no run shows that, by the required fund.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from clearsim.results import STUDY_RUNS

from ..estimators.intervals import clopper_pearson
from .draws import BOUND, VALUE, drawn, mean_of_arm
from .events import EVENT_BY_ANSWER, EVENT_BY_NAME
from .folder import StudyFolder
from .labels import arm_labels
from .question import event_of, phrase
from .samples import happened, outcome_rows

OUTCOMES, FUND = "outcomes", "required_fund_quote"
#: Money whose mean over a run's paths has a standard error.
OF_PATHS = (FUND, "liquidated_notional_quote", "shortfall_quote", "adl_notional_quote")
MAX_SHOWN = 3
#: Columns of `means_of_arms`.
MEANS = ["arm", "outcome", "unit", "is_money", "is_chance", "value", "low", "high", "n", "bounds", "runs"]
#: Share of runs below which an event is too rare for factor figures.
RARE = 0.05


@dataclass(frozen=True)
class Outcome:
    """An outcome: its column in the runs, its label, its unit, whether it is P(event) or money."""

    column: str
    label: str
    unit: str = ""
    is_chance: bool = False
    is_money: bool = False


def shown_outcomes(study: StudyFolder, runs: pd.DataFrame) -> list[Outcome]:
    """The outcomes that figures show, at most MAX_SHOWN: those that the study names, else event or required fund."""
    found = named_outcomes(study, runs)
    if found:
        return found[:MAX_SHOWN]
    chance = event_outcome(study, event_of(study))
    common = float((runs[chance.column] > 0).mean()) >= RARE
    return [chance if common else fund_outcome(study)]


def named_outcomes(study: StudyFolder, runs: pd.DataFrame) -> list[Outcome]:
    """All outcomes that the study names and the runs (`runs_with_outcomes`) have, in its order."""
    named = [outcome_of(study, str(name)) for name in study.study.get("outcomes") or []]
    return [outcome for outcome in named if outcome is not None and runs[outcome.column].notna().any()]


def outcome_of(study: StudyFolder, name: str) -> Outcome | None:
    """The outcome of this name; None if runs do not have it."""
    if name in EVENT_BY_NAME:
        return event_outcome(study, EVENT_BY_NAME[name].answer)
    if name == "required_fund_quanta":
        return fund_outcome(study)
    for column in STUDY_RUNS:
        if column.name == name and column.kind in ("int64", "int32", "float64"):
            words = " ".join("ADL" if word == "adl" else word for word in name.removesuffix("_quanta").split("_"))
            if column.unit == "quanta":
                return Outcome(f"{name.removesuffix('_quanta')}_quote", words, study.asset, is_money=True)
            return Outcome(name, words, column.unit)
    return None


def event_outcome(study: StudyFolder, event: str) -> Outcome:
    """P(event), by its name under `answer.event`."""
    return Outcome(event, f"P({phrase(study, event)})", is_chance=True)


def fund_outcome(study: StudyFolder) -> Outcome:
    """The mean required fund of a run."""
    return Outcome(FUND, "mean required fund", study.asset, is_money=True)


def runs_with_outcomes(study: StudyFolder) -> pd.DataFrame:
    """Runs with more columns: the share of a run's outcomes that shows each event, money in quote units, `outcomes`.

    The share of a full run is True or False; it is NaN if a run did not complete or its paths were not stored. Money
    of paths also has its standard error over a run's paths (`errors_of`).
    """
    rows = outcome_rows(study)
    weight = np.exp(rows["log_weight"].to_numpy(np.float64))
    shares = {event: weight * happened(rows, event) for event in EVENT_BY_ANSWER}
    shares |= {FUND: weight * rows["required_fund_quanta"].to_numpy(np.float64) * study.quantum}
    grouped = pd.DataFrame({"run_id": rows["run_id"], **shares}).groupby("run_id", sort=False)
    means = grouped.mean().assign(**{OUTCOMES: grouped.size()})
    runs = study.runs.join(means, on="run_id")
    done = (runs["status"] == "done").to_numpy()
    for column in STUDY_RUNS:
        if column.unit == "quanta":
            name = f"{column.name.removesuffix('_quanta')}_quote"
            summary = pd.Series(np.where(done, runs[column.name].to_numpy(np.float64) * study.quantum, np.nan))
            runs[name] = runs[name].fillna(summary) if name in runs else summary
    runs = runs.join(_errors(study), on="run_id")
    if study.fidelity == "full":
        for event in EVENT_BY_ANSWER:
            runs[event] = runs[event].fillna(0.0) > 0
    return runs


def _errors(study: StudyFolder) -> pd.DataFrame:
    """Standard errors of a run's means over its paths, in quote units, by run_id."""
    paths = study.paths
    weight = np.exp(paths["log_weight"].to_numpy(np.float64)) * study.quantum
    told = {errors_of(name): weight * paths[f"{name.removesuffix('_quote')}_quanta"].to_numpy() for name in OF_PATHS}
    return pd.DataFrame({"run_id": paths["run_id"], **told}).groupby("run_id", sort=False).sem()


def errors_of(column: str) -> str:
    """The column of the standard errors of this one."""
    return f"{column}_error"


def honest(frame: pd.DataFrame, runs: pd.DataFrame, outcome: Outcome, level: float) -> pd.DataFrame:
    """Shares as probabilities: bounds within 0..1, and `0 of n` if no outcome shows the event.

    Otherwise runs that all have a share of 0 would have the interval [0, 0], and a single run none. n of such rows
    counts outcomes, at least `n` runs' worth.
    """
    if not outcome.is_chance or runs[outcome.column].dtype == bool:
        return frame
    each = float(runs[OUTCOMES].median())
    found = frame.assign(low=frame["low"].clip(0, 1), high=frame["high"].clip(0, 1))
    lone = found["low"].isna().to_numpy() & (found["n"] == 1).to_numpy()
    never = (found["value"] == 0).to_numpy() & (found["n"] > 0).to_numpy()
    size = np.where(never, np.maximum(frame["n"].to_numpy(np.float64) * each, 1), max(each, 1.0))
    low, high = clopper_pearson(np.where(lone, np.round(found["value"] * each), 0), size, level=level)
    found["low"] = np.where(lone | never, low, found["low"])
    found["high"] = np.where(lone | never, high, found["high"])
    if "events" in found:
        found["events"] = np.where(never, 0, found["events"])
        found["n"] = np.where(lone | never, size, found["n"])
    return found


def means_of_arms(study: StudyFolder, runs: pd.DataFrame, outcomes: Sequence[Outcome], *, level: float) -> pd.DataFrame:
    """The mean of each outcome by arm: columns as `draw_arm_outcomes` takes them.  runs: of `runs_with_outcomes`.

    The interval is over draws (see `draws.py`). If `bounds` of an arm's `runs` know only a lower bound, the mean is one
    too, and has no interval.
    """
    done, labels = runs[(runs["status"] == "done").to_numpy()], arm_labels(study)
    rows = []
    for outcome in outcomes:
        for arm, own in drawn(study, done, outcome.column, paths=OUTCOMES).groupby("arm", sort=True):
            names = (labels[arm], outcome.label, outcome.unit, outcome.is_money, outcome.is_chance)
            n_bounds = int(own[BOUND].sum())
            if n_bounds:
                rows.append((*names, float(own[VALUE].mean()), np.nan, np.nan, len(own), n_bounds, len(own)))
            elif (found := mean_of_arm(own, is_chance=outcome.is_chance, level=level)) is not None:
                rows.append((*names, found.value, found.low, found.high, found.n, 0, len(own)))
    return pd.DataFrame(rows, columns=MEANS)
