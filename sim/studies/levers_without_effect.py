"""Levers without effect: the engine never read what they set, or it never mattered."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..results import STUDY_RUNS

if TYPE_CHECKING:
    from .design.plan import Plan
    from .store.store import StudyStore

#: Columns that identify runs, not their results.
_NAMES = {"run_id", "name", "config_hash", "seed", "scenario", "replication", "status", "point", "arm", "fidelity"}
OUTCOMES = [column.name for column in STUDY_RUNS if column.name not in _NAMES | {"error", "seconds", "made_by"}]


def idle_levers(plan: "Plan", store: "StudyStore") -> Iterator[str]:
    """A sentence for each lever (or group of zipped levers) whose values left every column of `runs` unchanged.

    The runs compared differ in this lever only: same row of the design, replication and other levers.
    """
    import pandas as pd

    if len(plan.arms) == 1:
        return
    runs = store.rows(["point", "arm", "replication", "status", *OUTCOMES]).to_pandas()
    runs = runs[runs["status"] == "done"]
    outcome = pd.util.hash_pandas_object(runs[OUTCOMES], index=False)
    for together in levers_that_move(plan):
        others = [name for name in plan.arms[0] if name not in together]
        elsewhere = [str([arm[name] for name in others]) for arm in plan.arms]
        keys = [runs["point"] // len(plan.arms), runs["replication"], runs["arm"].map(elsewhere.__getitem__)]
        groups = outcome.groupby(keys)
        if len(runs) and groups.size().max() > 1 and groups.nunique().max() == 1:
            yield f"lever {' and '.join(together)} changed no column of any run: does the engine read what it sets?"


def levers_that_move(plan: "Plan") -> list[tuple[str, ...]]:
    """Levers with several values; zipped levers form one group."""
    zipped = {name for group in plan.study.zip for name in group}
    alone = [(lever.name,) for lever in plan.study.levers if lever.name not in zipped and len(lever.values) > 1]
    return [*alone, *plan.study.zip]
