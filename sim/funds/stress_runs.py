"""Runs of a config under shocks, always on the same randomness, for a reverse stress test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from ..config import RunConfig
from .config import with_fund
from .stress import with_shock

#: Runs per shock where no number is given.
RUNS = {"reduced": 20, "full": 7}


@dataclass
class StressRuns:
    """Runs with the randomness of replications 0 .. runs - 1; `played` counts them.

    fund: quote units at venue scale.  leverage: of the account that `concentration` adds.  on_runs: called with
    `played` after each shock.
    """

    config: RunConfig
    fidelity: str
    fund: float
    runs: int
    leverage: Decimal
    on_runs: Callable[[int], None] = field(default=lambda played: None, repr=False)
    played: int = 0

    def exhausts(self, jump: float, depth_loss: float, concentration: float) -> list[bool]:
        """(runs,) whether a fund is at zero after a draw."""
        stressed = with_shock(
            with_fund(self.config, Decimal(repr(self.fund))),
            fidelity=self.fidelity,
            jump=jump,
            depth_loss=depth_loss,
            concentration=concentration,
            leverage=self.leverage,
        )
        is_emptied = _reduced_run if self.fidelity == "reduced" else _full_run
        emptied = [is_emptied(stressed, replication) for replication in range(self.runs)]
        self.played += self.runs
        self.on_runs(self.played)
        return emptied


def _full_run(config: RunConfig, replication: int) -> bool:
    from ..engine.simulation import simulate

    row = simulate(config, detail="summary", replication=replication).runs
    return int(str(row["first_fund_empty_ms"])) >= 0


def _reduced_run(config: RunConfig, replication: int) -> bool:
    """One path on a separate opening book."""
    from ..reduced.run import simulate_batch

    batch = simulate_batch(config, replication=replication, paths=1)
    return bool(batch.columns("")["first_fund_empty_ms"][0] >= 0)
