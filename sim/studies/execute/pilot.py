"""The cost of a sweep, from a few timed runs whose results are not kept."""

from dataclasses import dataclass

import pyarrow as pa

from ..design.job import run_job
from ..design.plan import Plan
from ..store.part_files import parquet_bytes, paths_to_batch, rows_to_batch


@dataclass(frozen=True)
class Pilot:
    """Measured on runs spread over the points."""

    runs: int
    seconds_a_run: float  # median; with both engines the mean over arms; runs that load kernels do not count
    slowest: float
    bytes_a_run: float
    failed: tuple[str, ...]


def time_pilots(plan: Plan, *, runs: int = 3) -> Pilot:
    """Run `runs` points spread over the design, and one before them to load the kernels.

    Where arms run on different engines, each arm is run once, because one engine's time does not predict the other's.
    """
    last, both = plan.n_points - 1, len(plan.fidelities) > 1
    numbers = [round(last * i / max(runs - 1, 1)) for i in range(runs)]
    if both:
        numbers = [plan.n_points // 2 // len(plan.arms) * len(plan.arms) + arm for arm in range(len(plan.arms))]
    points = [plan.point(number) for number in numbers]
    first = {point.fidelity: point for point in points[::-1]}
    loading = list(first.values()) if both else points[:1]
    outcomes = [run_job(plan.job(point, 0)) for point in [*loading, *points]][len(loading) :]
    seconds = sorted(float(outcome.row["seconds"]) for outcome in outcomes)
    size = 0
    for outcome in outcomes:
        size += len(parquet_bytes(pa.Table.from_batches([rows_to_batch([outcome.row])]))) // 8  # a part holds many
        if outcome.paths is not None:
            size += len(parquet_bytes(pa.Table.from_batches([paths_to_batch(outcome.run_id, outcome.paths)])))
    failed = tuple(str(o.row["error"]).splitlines()[0] for o in outcomes if o.row["status"] != "done")
    typical = sum(seconds) / len(seconds) if both else seconds[len(seconds) // 2]
    return Pilot(len(outcomes), typical, seconds[-1], size / len(outcomes), failed)
