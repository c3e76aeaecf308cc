"""Worlds whose answer is known: the largest draw of a run is exponential, so P(fund F exhausted) = exp(-F / mean)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from clearsim.analysis.sizing.draws import Facts

MEAN = 1_000.0
FACTS = Facts(
    name="toy",
    fidelity="reduced",
    unit="USDT",
    seed=7,
    open_interest=100_000.0,
    at_hand=5_000.0,
    largest_fund=100_000.0,
    can_tilt=True,
    block=10_000,
)


class ToyWorld:
    """Exponential draws of mean `MEAN`. `used`: the share of the fund whose loss is the event; 1 is exhaustion."""

    def __init__(self, *, used: float = 1.0, **facts: object) -> None:
        self.facts = replace(FACTS, **facts)
        self.used = used
        self.asked: list[tuple[int, float | None, float | None]] = []

    def block(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Mapping[str, np.ndarray]:
        """Tilted runs stretch the law so that its mean lies at the quantile that is aimed at."""
        self.asked.append((number, fund, aim))
        generator = np.random.default_rng([self.facts.seed, number])
        stretch = 1.0 if aim is None else -np.log(aim)
        # a tenth of the runs is crude, so no weight exceeds 10
        own = np.where(generator.random(self.facts.block) < 0.1, 1.0, stretch)
        required = MEAN * own * generator.standard_exponential(self.facts.block)
        x = required / MEAN
        log_weight = np.zeros(len(x))
        if aim is not None:
            log_weight = -x - np.log(0.1 * np.exp(-x) + 0.9 / stretch * np.exp(-x / stretch))
        size = self.facts.at_hand if fund is None else fund
        event = required > self.used * size
        days = np.where(event, 30 * generator.random(len(x)), np.nan)
        return {
            "required": required,
            "log_weight": log_weight,
            "liquidated": 10 * required,
            "shortfall": required,
            "adl_notional": np.where(event, 500.0, 0.0),
            "bad_debt": np.zeros(len(x)),
            "income": np.full(len(x), 300.0),
            "first_adl_days": days,
            "first_empty_days": days,
            "control": np.full(len(x), np.nan),
        }
