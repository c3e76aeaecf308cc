"""Points and runs of a study in one table: for each point its inputs, and the outcome of each replication.

Defines the meaning of outcome names and the runs that count (those that are done). Missing values are NaN; each
estimator states how it treats them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from clearsim.results import EVENTS

from ..bounds import bounds_of, refuse_bounds
from ..errors import AnalysisError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Events that one column of the runs shows, by name.
RUN_EVENTS = {event.name: event for event in EVENTS if event.column}
#: The label of an input whose condition does not hold.
DOES_NOT_APPLY = "(does not apply)"


@dataclass(frozen=True)
class DesignTable:
    """Inputs and outcomes of a study's points, in the order of its design.

    inputs: (P,) one column an input, by its name; missing where its condition does not hold.  values: (P, R) outcome of
    each replication, NaN if there is none.  scenario: (P,) points of one scenario share the randomness of each
    replication.  is_event: outcomes are 0 or 1.
    """

    inputs: pd.DataFrame
    values: F64
    scenario: I64
    point: I64
    is_event: bool
    outcome: str
    bound: npt.NDArray[np.bool_]  # (P, R) the value is only a lower bound

    @property
    def names(self) -> list[str]:
        """Names of the inputs."""
        return [str(name) for name in self.inputs.columns]

    @property
    def unit(self) -> I64:
        """(P,) which points are one draw: those of a scenario (a Saltelli block shares randomness), else each.

        Points that all share one scenario (a grid, a list) are fixed places, not draws: each is separate.
        """
        several = len(np.unique(self.scenario)) > 1
        return self.scenario if several else np.arange(len(self.scenario), dtype=np.int64)

    @property
    def shares_randomness(self) -> bool:
        """Whether all points share the randomness of each replication: then only replications are draws."""
        return len(self.scenario) > 1 and len(np.unique(self.scenario)) == 1

    def complete(self) -> "DesignTable":
        """Only the points of which every replication is there; AnalysisError if none is left."""
        keep = np.asarray(np.isfinite(self.values).all(axis=1))
        if not keep.any():
            raise AnalysisError(
                f"no point has all of its runs with a value of {self.outcome}; see the study's failures"
            )
        return self.rows(keep)

    def rows(self, keep: npt.NDArray[np.bool_]) -> "DesignTable":
        """Some of the points."""
        inputs = self.inputs[keep].reset_index(drop=True)
        return DesignTable(
            inputs, self.values[keep], self.scenario[keep], self.point[keep], self.is_event, self.outcome,
            self.bound[keep],
        )  # fmt: skip


def outcome_of(runs: pd.DataFrame, outcome: str) -> pd.Series:
    """The outcome of each run: a column of the runs, or an event of RUN_EVENTS as bool; AnalysisError lists them.

    NaN (False never) where a run is not done.
    """
    if outcome in runs.columns:
        if not pd.api.types.is_numeric_dtype(runs[outcome]) and runs[outcome].dtype != bool:
            raise AnalysisError(f"outcome {outcome} must be a number, found {runs[outcome].dtype}")
        return runs[outcome]
    if outcome in RUN_EVENTS:
        event = RUN_EVENTS[outcome]
        return runs[event.column] >= event.threshold
    known = [*RUN_EVENTS, *(name for name in runs.columns if pd.api.types.is_numeric_dtype(runs[name]))]
    raise AnalysisError(f"outcome {outcome!r} is not known; one of {', '.join(known)}")


def design_table(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcome: str,
    *,
    inputs: Sequence[str] | None = None,
    arm: int | None = None,
    exact_for: str = "",
) -> DesignTable:
    """Join points and runs.

    exact_for: what takes exact values only: AnalysisError if a run knows only a lower bound of the outcome.
    inputs: names with or without `u.` / `l.`; by default every uncertainty that is not the same in all points.
    arm: only the points of this combination of levers; needed if there are several and no lever is an input.
    """
    chosen = points if arm is None else points[points["arm"] == arm]
    if chosen.empty:
        raise AnalysisError("the study has no points" + ("" if arm is None else f" of arm {arm}"))
    columns = _columns(chosen, inputs)
    levers = any(column.startswith("l.") for column in columns)
    arms = chosen["arm"].nunique()
    if arms > 1 and not levers:
        raise AnalysisError(
            f"the study has {arms} arms: name one by its number (arm=0, --arm 0), or use a lever as an input"
        )
    chosen = chosen.sort_values("point", kind="stable").reset_index(drop=True)
    found = outcome_of(runs, outcome)
    done = (runs["status"] == "done").to_numpy() & runs["point"].isin(chosen["point"]).to_numpy()
    if exact_for:
        refuse_bounds(runs[done], outcome, by=exact_for)
    columns_of_runs = {"point": runs["point"], "replication": runs["replication"], "value": found.astype(np.float64)}
    table = pd.DataFrame({**columns_of_runs, "bound": bounds_of(runs, outcome)})[done]
    if table.empty:
        raise AnalysisError("no run of the study is done: there is nothing to analyse")
    if table.duplicated(["point", "replication"]).any():
        raise AnalysisError("a point has two runs of the same replication: merge the parts of the study first")
    wide, bound = (
        table.pivot(index="point", columns="replication", values=name).reindex(chosen["point"])
        for name in ("value", "bound")
    )
    return DesignTable(
        inputs=chosen[columns].rename(columns=dict(zip(columns, _names(columns), strict=True))),
        values=wide.to_numpy(np.float64),
        scenario=chosen["scenario"].to_numpy(np.int64),
        point=chosen["point"].to_numpy(np.int64),
        is_event=found.dtype == bool,
        outcome=outcome,
        bound=np.asarray(bound == True),  # noqa: E712  (a missing run is no bound)
    )


def _columns(points: pd.DataFrame, inputs: Sequence[str] | None) -> list[str]:
    """Columns of the points that hold the inputs."""
    all_inputs = [name for name in points.columns if name.startswith(("u.", "l."))]
    if inputs is None:
        moving = [name for name in all_inputs if name.startswith("u.") and points[name].nunique(dropna=False) > 1]
        if not moving:
            raise AnalysisError("no uncertainty of the study varies between points: no effect can be attributed")
        return moving
    found = []
    for name in inputs:
        match = [column for column in (name, f"u.{name}", f"l.{name}") if column in all_inputs]
        if not match:
            raise AnalysisError(f"input {name!r} is not in the study; one of {', '.join(all_inputs)}")
        found.append(match[0])
    return found


def _names(columns: Sequence[str]) -> list[str]:
    """Names without their prefix, where that leaves them different."""
    bare = [column[2:] for column in columns]
    return [name if bare.count(name) == 1 else column for name, column in zip(bare, columns, strict=True)]


def is_numeric(column: pd.Series) -> bool:
    """Whether an input has an order and distances; labels, switches and mechanisms have not."""
    return bool(pd.api.types.is_numeric_dtype(column)) and column.dtype != bool


def labelled(column: pd.Series) -> pd.Series:
    """Labels, with a separate one if the input does not apply; numbers unchanged."""
    return column if is_numeric(column) else column.where(column.notna(), DOES_NOT_APPLY)
