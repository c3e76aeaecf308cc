"""The path through points that are given: what a recorded series and a user's own path have in common."""

from typing import Literal

import numpy as np

from .skeleton import F64, I64, NO_LOGS, NO_TIMES, PathContext, Skeleton

Between = Literal["line", "last"]


def skeleton_of_points(context: PathContext, times: I64, logs: F64, between: Between) -> Skeleton:
    """Return the path through log prices `logs` at `times` (ms since the start; they span the run) on the base grid.

    between: a straight line in log price, or the last price held, where each change is a jump. There is no noise, so a
    finer grid only reads the points more often. sigma is the largest |log move| / sqrt(length) between neighbouring
    points that a step touches, per sqrt(second): the step ratio sees the path's own moves.
    """
    n_steps = len(context.times_ms) - 1
    pace = np.abs(np.diff(logs)) / np.sqrt(np.diff(times) / 1e3)
    jump_ms, jump_log = NO_TIMES, NO_LOGS
    line_ms, line_log = times, logs
    if between == "last":
        start = int(np.searchsorted(times, 0, side="right")) - 1
        changed = np.flatnonzero(np.diff(logs[start:]) != 0) + start + 1
        changed = changed[times[changed] <= context.duration_ms]
        jump_ms, jump_log = times[changed], logs[changed] - logs[changed - 1]
        line_ms, line_log = np.zeros(1, np.int64), logs[start : start + 1]
    return Skeleton(
        line_ms=line_ms,
        line_log=line_log,
        noise=np.zeros(n_steps + 1),
        noise_sigma=np.zeros(n_steps),
        sigma=_largest_pace(times, pace, context.times_ms),
        jump_ms=jump_ms,
        jump_log=jump_log,
    )


def _largest_pace(times: I64, pace: F64, grid_ms: I64) -> F64:
    """Largest `pace` (one a segment of `times`) among the segments that each step of the grid touches."""
    first = np.searchsorted(times, grid_ms[:-1], side="right") - 1
    last = np.searchsorted(times, grid_ms[1:], side="left")
    bounds = np.stack([first, last], axis=1).ravel()
    padded = np.concatenate([pace, [0.0]])  # reduceat needs an end index inside the array
    return np.maximum.reduceat(padded, bounds)[::2]
