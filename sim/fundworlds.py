"""Runs for sizing a fund, as plain arrays: the reduced engine's paths in blocks, the full engine's runs one by one.

Amounts are quote units at venue scale. The randomness of a block is that of the replication with its number, whatever
the fund; the opening book is that of scenario 0, replication 0 in all blocks of the reduced engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.config import RunConfig
from sim.config.reduced import HalfLifeRenewal

if TYPE_CHECKING:
    from sim.reduced.lower import Lowered

F64 = npt.NDArray[np.float64]
Columns = dict[str, F64]

DAY_MS = 86_400_000
#: Paths of a block of the reduced engine.
BLOCK = 1 << 16
#: A fund this many times the open interest is more than any path draws.
LARGEST = Decimal(4)


def open_interest_quote(config: RunConfig) -> Decimal:
    """Open interest of all markets that a fund stands behind, quote units at venue scale, at the opening price."""
    covered = {market for fund in config.funds for market in fund.markets}
    opening = {market.name: getattr(market.price, "initial_price", None) for market in config.markets}
    total = Decimal(0)
    for item in config.population.open_interest:
        if item.market not in covered:
            continue
        if item.quote is not None:
            total += item.quote
        elif item.base is not None and opening[item.market] is not None:
            total += item.base * Decimal(str(opening[item.market]))
    return total


def with_fund(config: RunConfig, quote: Decimal) -> RunConfig:
    """The same config with funds of `quote` together, split as the configured seeds are (equally if all are 0)."""
    seeds = [fund.seed_quote for fund in config.funds]
    whole = sum(seeds)
    shares = [seed / whole if whole else Decimal(1) / len(seeds) for seed in seeds]
    funds = tuple(
        fund.model_copy(update={"seed_quote": quote if len(seeds) == 1 else quote * share})
        for fund, share in zip(config.funds, shares, strict=True)
    )
    return config.model_copy(update={"funds": funds})


def horizon_days(config: RunConfig, fidelity: str) -> float:
    """Length of a run or path, days."""
    if fidelity == "reduced" and config.reduced is not None and config.reduced.horizon_days is not None:
        return float(config.reduced.horizon_days)
    return float(config.duration_s) / 86_400


def with_horizon(config: RunConfig, days: float) -> RunConfig:
    """The same reduced config with paths of this length, its coarse steps as long as before."""
    assert config.reduced is not None
    steps = max(1, round(config.reduced.steps * days / horizon_days(config, "reduced")))
    section = config.reduced.model_copy(update={"horizon_days": Decimal(repr(days)), "steps": steps})
    return config.model_copy(update={"reduced": section})


def state_of(config: RunConfig, fidelity: str) -> dict[str, str]:
    """What the config says about open interest, replenishment and the basis of its probabilities."""
    renewed = replenishment = None
    if fidelity == "reduced" and config.reduced is not None:
        renewed = isinstance(config.reduced.renewal, HalfLifeRenewal)
        rules = config.reduced.fund
        if rules.replenishment is not None:
            at_once = rules.replenishment.lag_days == 0 and rules.replenishment.per_day_quote is None
            replenishment = "injected" if at_once else "lagged"
        elif rules.cap_quote is not None:
            replenishment = "capped"
    stress = any(market.price.kind in ("single_shock", "replay", "waypoints") for market in config.markets)
    return {
        "open_interest": "renewed" if renewed else "aged_once",
        "replenishment": replenishment or "none",
        "basis": "given_stress" if stress else "within_horizon",
    }


@dataclass
class ReducedWorld:
    """Paths of the reduced engine in blocks of `BLOCK`."""

    config: RunConfig

    @cached_property
    def _unit(self) -> float:
        """Quote units at venue scale of one quantum."""
        return float(self.config.quantum / self.config.scale.simulated_share)

    @cached_property
    def _own(self) -> "Lowered":
        from sim.reduced.lower import lower

        return lower(self.config)

    @property
    def can_tilt(self) -> bool:
        """Whether prices jump at random."""
        return self._own.mean_count > 0

    def arrays(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Columns:
        """Block `number`: see the module. aim: probability that importance sampling aims at; None: crude paths."""
        from sim.reduced.kernels import layout as at
        from sim.reduced.run import simulate_batch
        from sim.reduced.samplers import TARGET

        batch = simulate_batch(
            self.config,
            replication=number,
            paths=BLOCK,
            sampler="crude" if aim is None else "importance",
            target=TARGET if aim is None else aim,
            lowered=self._own if fund is None else self._lowered(fund),
        )
        income = batch.flow(at.L_FEE_FUND) + batch.flow(at.L_SURPLUS_FUND)
        columns = {
            "required": batch.ints[:, at.O_REQUIRED] * self._unit,
            "log_weight": batch.floats[:, at.O_LOG_WEIGHT].copy(),
            "liquidated": batch.flow(at.L_NOTIONAL) * self._unit,
            "shortfall": batch.shortfall * self._unit,
            "adl_notional": batch.flow(at.L_ADL_NOTIONAL) * self._unit,
            "bad_debt": batch.flow(at.L_BAD_DEBT) * self._unit,
            "income": income * self._unit,
            "first_adl_days": _days(batch.flow(at.N_FIRST_ADL)),
            "first_empty_days": _days(batch.flow(at.N_FIRST_EMPTY)),
            "control": batch.floats[:, at.O_CONTROL] * self._unit,
        }
        return {name: np.asarray(values, np.float64) for name, values in columns.items()}

    def _lowered(self, fund: float) -> "Lowered":
        """The config's numbers with another fund: only the seed differs."""
        from dataclasses import replace

        from sim.reduced.kernels import layout as at

        ints = self._own.ints.copy()
        ints[at.I_SEED] = round(fund / self._unit)
        return replace(self._own, ints=ints)


@dataclass
class FullWorld:
    """Runs of the full engine, one a block. Required funds are of the same run with a fund that never runs dry."""

    config: RunConfig

    def __post_init__(self) -> None:
        """Nothing has run yet."""
        self._required: dict[int, float] = {}

    can_tilt = False

    @cached_property
    def _unit(self) -> float:
        return float(self.config.quantum / self.config.scale.simulated_share)

    @property
    def abundant(self) -> Decimal:
        """A fund that never runs dry."""
        return LARGEST * open_interest_quote(self.config)

    def arrays(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Columns:
        """Run `number`; without `fund` it runs with one that never runs dry."""
        if number not in self._required:
            row = self._run(with_fund(self.config, self.abundant), number)
            self._required[number] = float(row["required_fund_quanta"]) * self._unit
        else:
            row = None
        if fund is not None:
            row = self._run(with_fund(self.config, Decimal(repr(fund))), number)
        elif row is None:
            row = self._run(with_fund(self.config, self.abundant), number)
        return self._columns(row, self._required[number])

    def _run(self, config: RunConfig, replication: int) -> Mapping[str, Any]:
        from sim.engine.simulation import simulate

        result = simulate(config, detail="summary", progress=None, event_sink=None, scenario=0, replication=replication)
        return result.runs

    def _columns(self, row: Mapping[str, Any], required: float) -> Columns:
        paid = ("fund_draw_quanta", "adl_harm_quanta", "socialised_loss_quanta", "bad_debt_quanta")
        amounts = {
            "required": required,
            "log_weight": 0.0,
            "liquidated": float(row["liquidated_notional_quanta"]) * self._unit,
            "shortfall": sum(float(row[name]) for name in paid) * self._unit,
            "adl_notional": float(row["adl_notional_quanta"]) * self._unit,
            "bad_debt": float(row["bad_debt_quanta"]) * self._unit,
            "income": float(row["fund_gain_quanta"]) * self._unit,
            "control": float("nan"),
        }
        columns = {name: np.array([value], np.float64) for name, value in amounts.items()}
        columns["first_adl_days"] = _days(np.array([row["first_adl_ms"]], np.int64))
        columns["first_empty_days"] = _days(np.array([row["first_fund_empty_ms"]], np.int64))
        return columns


def _days(times_ms: npt.NDArray[np.int64]) -> F64:
    """Milliseconds to days; -1 (never) to NaN."""
    return np.where(times_ms >= 0, times_ms / DAY_MS, np.nan)
