"""A batch of paths of the reduced engine, and its summary row.

A path is a function of (config, seed, scenario, replication, its number, sampler): it does not matter how many are run
together. Arms of a study share their randomness, for the hash of a draw knows nothing of levers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import RunConfig, config_hash, run_id
from ..elementary import exp
from ..rng import Streams
from .kernels import layout as at
from .lower import Lowered, lower, path_arrays
from .samplers import SOBOL_JUMPS, TARGET, Sampling, make_sampling, sobol_points

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]

CHUNK = 1 << 14


@dataclass(frozen=True)
class Batch:
    """Paths `first` .. of a config. n paths."""

    lowered: Lowered
    floats: F64  # (n, O_FLOATS)
    ints: I64  # (n, O_INTS)
    ledger: I64  # (n, N_WIDTH) every flow of a path in quanta: the N_ and L_ columns of `kernels/layout.py`

    def flow(self, column: int) -> I64:
        """One column of the ledger (n,)."""
        flow: I64 = self.ledger[:, column]
        return flow

    @property
    def weights(self) -> F64:
        """(n,) likelihood ratios; ones for crude paths."""
        return exp(self.floats[:, at.O_LOG_WEIGHT])

    @property
    def shortfall(self) -> I64:
        """(n,) what others paid for liquidated positions: fund, winners by ADL (against the price) or not, nobody."""
        parts = (at.L_DRAW, at.L_ADL_HARM, at.L_SOCIALISED, at.L_BAD_DEBT)
        return np.asarray(sum(self.flow(part) for part in parts))

    def columns(self, run: str) -> Columns:
        """The columns of STUDY_PATHS."""
        return {
            "run_id": np.full(len(self.ints), run),
            "path": np.arange(len(self.ints), dtype=np.int64),
            "log_weight": self.floats[:, at.O_LOG_WEIGHT],
            "required_fund_quanta": self.ints[:, at.O_REQUIRED],
            "liquidated_notional_quanta": self.flow(at.L_NOTIONAL),
            "shortfall_quanta": self.shortfall,
            "adl_notional_quanta": self.flow(at.L_ADL_NOTIONAL),
            "first_adl_ms": self.flow(at.N_FIRST_ADL),
            "first_fund_empty_ms": self.flow(at.N_FIRST_EMPTY),
            "n_jumps": self.ints[:, at.O_COUNT],
            "largest_jump": self.floats[:, at.O_LARGEST],
            "index_low": self.floats[:, at.O_LOW] * self.lowered.initial_price,
            "control": self.floats[:, at.O_CONTROL],
        }


def batch_key(config: RunConfig, *, scenario: int, replication: int) -> int:
    """Key of all draws of the paths, from (seed, scenario, replication) alone."""
    streams = Streams(seed=config.seed, scenario=scenario, replication=replication)
    return int(streams.get("reduced/paths").integers(2**63))


def simulate_batch(
    config: RunConfig,
    *,
    scenario: int = 0,
    replication: int = 0,
    paths: int,
    sampler: str = "crude",
    target: float = TARGET,
    lowered: Lowered | None = None,
) -> Batch:
    """Run paths 0 .. `paths` - 1. sampler: crude, importance (of exogenous jumps; `target`: event probability to aim
    at), or sobol (jumps from scrambled Sobol points; vary `replication` for other scrambles).
    """
    numbers = lowered or lower(config, scenario=scenario, replication=replication)
    sampling = make_sampling(numbers.jumps, numbers.horizon, sampler, target=target)
    key = batch_key(config, scenario=scenario, replication=replication)
    heads: Callable[[int, int], F64] | None = None
    if sampler == "sobol":
        dimensions = 1 + 2 * SOBOL_JUMPS
        points = sobol_points(0, paths, dimensions, key)

        def heads(first: int, count: int) -> F64:
            return points[first : first + count]

        return run_paths(numbers, sampling, key=key, paths=paths, heads=heads, n_sizes=SOBOL_JUMPS)
    return run_paths(numbers, sampling, key=key, paths=paths)


def run_paths(
    lowered: Lowered,
    sampling: Sampling,
    *,
    key: int,
    paths: int,
    heads: Callable[[int, int], F64] | None = None,
    n_sizes: int = 0,
    first_normal: int = 1 << 40,
) -> Batch:
    """Run paths in chunks. heads(first, count): given uniforms (count, d): number of jumps, n_sizes sizes, n_sizes
    times, then from `first_normal` on the pieces of diffusion.
    """
    from .kernels.batch import run_batch

    floats, ints = np.zeros((paths, at.O_FLOATS)), np.zeros((paths, at.O_INTS), np.int64)
    ledger = np.zeros((paths, at.N_WIDTH), np.int64)
    room = path_arrays(lowered, sampling.tables.shape[1] + 1)
    for first in range(0, paths, CHUNK):
        rows = slice(first, min(first + CHUNK, paths))
        count = rows.stop - first
        given = np.zeros((count, 0)) if heads is None else np.ascontiguousarray(heads(first, count))
        run_batch(
            room, lowered.jumps.law, sampling.laws, sampling.tables, sampling.shares, sampling.code, np.uint64(key),
            first, given, n_sizes, first_normal, lowered.index.gaps, floats[rows], ints[rows], ledger[rows],
        )  # fmt: skip
    return Batch(lowered, floats, ints, ledger)


def simulate_reduced(
    config: RunConfig,
    *,
    scenario: int = 0,
    replication: int = 0,
    paths: int,
    sampler: str = "crude",
    target: float = TARGET,
) -> Columns:
    """The columns of STUDY_PATHS of a batch of paths, one row a path.

    `required_fund_quanta` is measured with a fund that never runs dry, without cap, trigger or replenishment; all other
    columns with the configured fund.
    """
    batch = simulate_batch(
        config, scenario=scenario, replication=replication, paths=paths, sampler=sampler, target=target
    )
    return batch.columns(run_id(config_hash(config), seed=config.seed, scenario=scenario, replication=replication))
