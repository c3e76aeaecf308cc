"""Outcomes of which some runs know only a lower bound: a required fund that was cut off, a time not reached in the run.

Decides which runs these are. An estimator that takes exact values refuses such outcomes with the sentence of
`refuse_bounds`; a mean of lower bounds is a lower bound of the mean, and is printed as one.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from clearsim.results import BOUNDS

from .errors import AnalysisError

Bool = npt.NDArray[np.bool_]


def bounds_of(runs: pd.DataFrame, column: str) -> Bool:
    """(n,) whether each run knows only a lower bound of this column (its name in quanta or in quote units)."""
    name = _stored(column)
    none = np.zeros(len(runs), bool)
    if name not in BOUNDS:
        return none
    flag = BOUNDS[name]
    if flag:
        return np.asarray(runs[flag], bool) if flag in runs else none
    is_done = (runs["status"] == "done").to_numpy() if "status" in runs else ~none
    return np.asarray(is_done & (runs[name].to_numpy() < 0))


def lower_ends(runs: pd.DataFrame, column: str) -> pd.Series:
    """The column, with the end of the run (`duration_ms`) where a time was not reached."""
    if BOUNDS.get(column) == "":
        return runs[column].where(runs[column] >= 0, runs["duration_ms"])
    return runs[column]


def bounds_text(runs: pd.DataFrame, column: str) -> str:
    """The bounds in words.

    `only a lower bound in 15 of 20 runs (the fund fell short in 15, the inventory cap was reached in 3)`, or empty.
    """
    is_bound = bounds_of(runs, column)
    if not is_bound.any():
        return ""
    return f"only a lower bound in {is_bound.sum():,} of {len(runs):,} runs{_reasons(runs[is_bound], column)}"


def refuse_bounds(runs: pd.DataFrame, column: str, *, by: str) -> None:
    """AnalysisError if any run knows only a lower bound of the column.  by: what takes exact values only."""
    text = bounds_text(runs, column)
    if text:
        raise AnalysisError(f"{by} take exact values, and {column} is {text}: {_remedy(column)}")


def _remedy(column: str) -> str:
    if BOUNDS[_stored(column)]:
        return "run the study with a fund that never runs dry and without an inventory cap, or take another outcome"
    return "take the event as the outcome, or run for longer"


def _reasons(rows: pd.DataFrame, column: str) -> str:
    flag = BOUNDS[_stored(column)]
    if not flag:
        return " (not within the run)"
    by = rows["required_fund_bound_by"].astype(str) if "required_fund_bound_by" in rows else pd.Series(dtype=str)
    counts = [
        f"{text} in {n:,}"
        for name, text in (("fund", "the fund fell short"), ("cap", "the inventory cap was reached"))
        if (n := int(by.str.contains(name, regex=False).sum()))
    ]
    return f" ({', '.join(counts)})" if counts else ""


def _stored(column: str) -> str:
    """The name of the column in `runs`."""
    return f"{column.removesuffix('_quote')}_quanta" if column.endswith("_quote") else column
