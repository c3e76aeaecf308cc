"""A batch of paths of the reduced engine, and its summary row.

A path is a function of (config, seed, scenario, replication, its number, sampler), whatever number of paths is run
together. Arms of a study share their randomness, because the hash of a draw does not depend on levers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import RunConfig
from ..elementary import exp
from ..layout import F64, I64, Records
from ..rng import Streams
from . import layout as at
from .lower import Lowered, lower, path_arrays
from .samplers import SOBOL_JUMPS, TARGET, Sampling, make_sampling, sobol_points

Columns = dict[str, npt.NDArray[Any]]

CHUNK = 1 << 14


@dataclass(frozen=True)
class Batch:
    """Paths `first` .. of a config. n paths."""

    lowered: Lowered
    outcomes: Records  # (n,) OUTCOME_DTYPE
    ledger: Records  # (n,) LEDGER_DTYPE: every flow of a path, quanta
    first: int = 0  # number of the first path

    def flow(self, name: str) -> I64:
        """One field of the ledger (n,)."""
        flow: I64 = self.ledger[name]
        return flow

    @property
    def weights(self) -> F64:
        """(n,) likelihood ratios; ones for crude paths."""
        return exp(self.outcomes["log_weight"])

    @property
    def shortfall(self) -> I64:
        """(n,) shortfall of liquidated positions: paid by the fund, paid by winners, or unpaid."""
        return self.flow("draw") + self.flow("adl_harm") + self.flow("socialised") + self.flow("bad_debt")

    def columns(self, run: str) -> Columns:
        """The columns of STUDY_PATHS."""
        return {
            "run_id": np.full(len(self.outcomes), run),
            "path": self.first + np.arange(len(self.outcomes), dtype=np.int64),
            "log_weight": self.outcomes["log_weight"],
            "required_fund_quanta": self.outcomes["required"],
            "liquidated_notional_quanta": self.flow("notional"),
            "shortfall_quanta": self.shortfall,
            "adl_notional_quanta": self.flow("adl_notional"),
            "first_adl_ms": self.flow("first_adl_ms"),
            "first_fund_empty_ms": self.flow("first_empty_ms"),
            "n_jumps": self.outcomes["n_jumps"],
            "largest_jump": self.outcomes["largest_jump"],
            "index_low": self.outcomes["low"] * self.lowered.initial_price,
            "control": self.outcomes["control"],
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
    first: int = 0,
    sampler: str = "crude",
    target: float = TARGET,
    lowered: Lowered | None = None,
) -> Batch:
    """Run `paths` paths from number `first` on. sampler: crude, importance (of exogenous jumps; `target`: event
    probability to aim at), or sobol (jumps from scrambled Sobol points; vary `replication` for other scrambles).
    """
    numbers = lowered or lower(config, scenario=scenario, replication=replication)
    sampling = make_sampling(numbers.jumps, numbers.horizon, sampler, target=target)
    key = batch_key(config, scenario=scenario, replication=replication)
    heads: Callable[[int, int], F64] | None = None
    if sampler == "sobol":
        dimensions = 1 + 2 * SOBOL_JUMPS
        points = sobol_points(first, paths, dimensions, key)

        def heads(start: int, count: int) -> F64:
            return points[start : start + count]

        return run_paths(numbers, sampling, key=key, paths=paths, first=first, heads=heads, n_sizes=SOBOL_JUMPS)
    return run_paths(numbers, sampling, key=key, paths=paths, first=first)


def run_paths(
    lowered: Lowered,
    sampling: Sampling,
    *,
    key: int,
    paths: int,
    first: int = 0,
    heads: Callable[[int, int], F64] | None = None,
    n_sizes: int = 0,
    first_normal: int = 1 << 40,
) -> Batch:
    """Run paths from number `first` on, in chunks. heads(start, count): given uniforms (count, d) of paths from
    `first + start` on: number of jumps, n_sizes sizes, n_sizes times, then from `first_normal` on the pieces of
    diffusion.
    """
    from .kernels.batch import run_batch

    outcomes, ledger = np.zeros(paths, at.OUTCOME_DTYPE), np.zeros(paths, at.LEDGER_DTYPE)
    room, plan = path_arrays(lowered, len(sampling.counts) + 1), sampling.plan.copy()
    plan["n_sizes"], plan["first_normal"] = n_sizes, first_normal
    for start in range(0, paths, CHUNK):
        rows = slice(start, min(start + CHUNK, paths))
        count = rows.stop - start
        given = np.zeros((count, 0)) if heads is None else np.ascontiguousarray(heads(start, count))
        run_batch(
            room, lowered.jumps.law, sampling.laws, sampling.counts, plan, np.uint64(key), first + start, given,
            lowered.index.gaps, outcomes[rows], ledger[rows],
        )  # fmt: skip
    return Batch(lowered, outcomes, ledger, first)
