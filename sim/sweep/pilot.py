"""What a sweep will cost, from a few timed runs: nothing is kept of them."""

from dataclasses import dataclass

import pyarrow as pa

from sim.sweep.job import run_job
from sim.sweep.parts import parquet_bytes, paths_to_batch, rows_to_batch
from sim.sweep.plan import Plan


@dataclass(frozen=True)
class Pilot:
    """Measured on runs spread over the points."""

    runs: int
    seconds_a_run: float  # median; the first run, which loads kernels, is not counted
    slowest: float
    bytes_a_run: float
    failed: tuple[str, ...]


def time_pilots(plan: Plan, *, runs: int = 3) -> Pilot:
    """Run `runs` points spread over the design, and one before them to load the kernels."""
    last = plan.n_points - 1
    numbers = [round(last * i / max(runs - 1, 1)) for i in range(runs)]
    outcomes = [run_job(plan.job(plan.point(number), 0)) for number in [numbers[0], *numbers]][1:]
    seconds = sorted(float(outcome.row["seconds"]) for outcome in outcomes)
    size = 0
    for outcome in outcomes:
        size += len(parquet_bytes(pa.Table.from_batches([rows_to_batch([outcome.row])]))) // 8  # a part holds many
        if outcome.paths is not None:
            size += len(parquet_bytes(pa.Table.from_batches([paths_to_batch(outcome.run_id, outcome.paths)])))
    failed = tuple(str(o.row["error"]).splitlines()[0] for o in outcomes if o.row["status"] != "done")
    return Pilot(len(outcomes), seconds[len(seconds) // 2], seconds[-1], size / len(outcomes), failed)
