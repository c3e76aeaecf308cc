"""Runs for sizing a fund, as plain arrays: the reduced engine's paths in blocks, the full engine's runs one by one.

Amounts are quote units at venue scale. The randomness of a block is that of the replication with its number,
whatever the fund is; the opening books are the same in all blocks of the reduced engine, a part of the paths on each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..config import RunConfig, config_hash
from ..elementary import log1p
from ..layout import F64
from ..runs.shortfall import shortfall_quanta
from .config import LARGEST, open_interest_quote, with_endless_funds, with_fund

if TYPE_CHECKING:
    from ..reduced.lower import Lowered

Columns = dict[str, F64]

DAY_MS = 86_400_000
#: Paths of a block of the reduced engine.
BLOCK = 1 << 16
#: Jumps whose sizes and times a vector of shocks holds; further ones are drawn separately.
SHOCK_JUMPS = 16


@dataclass
class ReducedWorld:
    """Paths of the reduced engine in blocks of `BLOCK`, evenly on `books` opening books, a divisor of BLOCK.

    book: replication that draws the first book; the next draw the others.
    """

    config: RunConfig
    book: int = 0
    books: int = 1

    @cached_property
    def key(self) -> str:
        """Names the config."""
        return config_hash(self.config)

    @cached_property
    def _unit(self) -> float:
        """Quote units at venue scale of one quantum."""
        return float(self.config.quantum / self.config.scale.simulated_share)

    @cached_property
    def lowered(self) -> "tuple[Lowered, ...]":
        """The config with each opening book."""
        from ..reduced.lower import lower

        return tuple(lower(self.config, replication=self.book + number) for number in range(self.books))

    @property
    def _own(self) -> "Lowered":
        """With the first book."""
        return self.lowered[0]

    def draw_book(self) -> None:
        """Draw the opening books, which all blocks share; ConfigError if one cannot be drawn."""
        _ = self.lowered

    @cached_property
    def can_tilt(self) -> bool:
        """Whether prices jump at random: known from their law, without an opening book."""
        from ..reduced.lower import mean_jumps

        return mean_jumps(self.config) > 0

    def arrays(
        self,
        number: int,
        *,
        fund: float | None = None,
        aim: float | None = None,
        first: int = 0,
        paths: int = BLOCK,
    ) -> Columns:
        """Block `number`: see the module. aim: probability that importance sampling aims at; None: crude paths.

        first, paths: only this part of the block: the same numbers as in the whole of it.
        """
        share = BLOCK // self.books
        parts = [
            self._columns(number, book, fund=fund, aim=aim, first=start, paths=stop - start)
            for book, start, stop in _pieces(first, first + paths, share)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _columns(
        self, number: int, book: int, *, fund: float | None, aim: float | None, first: int, paths: int
    ) -> Columns:
        """Paths of one block and book."""
        from ..reduced.run import simulate_batch
        from ..reduced.samplers import TARGET

        lowered = self.lowered[book]
        batch = simulate_batch(
            self.config,
            replication=number,
            paths=paths,
            first=first,
            sampler="crude" if aim is None else "importance",
            target=TARGET if aim is None else aim,
            lowered=lowered if fund is None else self._with_seed(lowered, fund),
        )
        income = batch.flow("fee_fund") + batch.flow("surplus_fund")
        columns = {
            "required": batch.outcomes["required"] * self._unit,
            "log_weight": batch.outcomes["log_weight"].copy(),
            "liquidated": batch.flow("notional") * self._unit,
            "shortfall": batch.shortfall * self._unit,
            "adl_notional": batch.flow("adl_notional") * self._unit,
            "bad_debt": batch.flow("bad_debt") * self._unit,
            "income": income * self._unit,
            "first_adl_days": _days(batch.flow("first_adl_ms")),
            "first_empty_days": _days(batch.flow("first_empty_ms")),
            "control": batch.outcomes["control"] * self._unit,
        }
        return {name: np.asarray(values, np.float64) for name, values in columns.items()}

    def scrambled(self, number: int, points: int) -> F64:
        """Required funds from scrambled Sobol points, scrambling `number`, on its book: jumps come from the points."""
        from ..reduced.run import simulate_batch

        lowered = self.lowered[number % self.books]
        batch = simulate_batch(self.config, replication=number, paths=points, sampler="sobol", lowered=lowered)
        return np.asarray(batch.columns("")["required_fund_quanta"] * self._unit, np.float64)

    @property
    def dimension(self) -> int:
        """Uniforms that `shocked` takes: the number of jumps, sizes and times of the first few, pieces of diffusion."""

        return 1 + 3 * SHOCK_JUMPS + self._own.steps

    def shocked(self, uniforms: F64, number: int) -> F64:
        """Required funds (n,) of jumps given as uniforms (n, dimension); all other noise, and the book, of `number`."""
        from ..reduced.run import batch_key, run_paths
        from ..reduced.samplers import make_sampling

        own = self.lowered[number % self.books]
        batch = run_paths(
            own,
            make_sampling(own.jumps, own.horizon, "sobol"),
            key=batch_key(self.config, scenario=0, replication=number),
            paths=len(uniforms),
            heads=lambda first, count: uniforms[first : first + count],
            n_sizes=SHOCK_JUMPS,
            first_normal=1 + 2 * SHOCK_JUMPS,
        )
        return np.asarray(batch.outcomes["required"] * self._unit, np.float64)

    @property
    def steps(self) -> int:
        """Steps of a path, each with a separate key in `branched`."""

        return self._own.steps

    def branched(self, keys: npt.NDArray[np.uint64]) -> F64:
        """Largest draw so far, at the end of each step, on a fund that never runs dry (n, steps).  keys: (n, steps).

        A path's first key decides its book.
        """
        from ..reduced.branches import required_by_step

        out = np.zeros(keys.shape)
        book = (keys[:, 0] % np.uint64(self.books)).astype(np.int64)
        for number, lowered in enumerate(self.lowered):
            mine = book == number
            if mine.any():
                out[mine] = required_by_step(lowered, keys[mine]) * self._unit
        return out

    def gap_risk(self) -> tuple[F64, F64]:
        """(fund, probability) of gap risk alone, averaged over books: a baseline, see `reduced/gap_risk.py`."""
        from ..reduced.gap_risk import gap_risk_curve

        curves = [gap_risk_curve(self.config, lowered=lowered) for lowered in self.lowered]
        funds = curves[0][0]
        averaged = (
            np.mean([np.interp(funds, fund, p, right=0.0) for fund, p in curves], axis=0) if len(funds) else funds
        )
        return funds, averaged

    def one_event(
        self, *, has_impact: bool = True, at_cap: bool = False, is_whole: bool = False
    ) -> dict[str, F64] | None:
        """What jumps do that come one at a time, by name; None where jumps have no such law.

        rate: (n,) a year.  size: (n,) log.  draw, liquidated: (books, n) quote units.  basis: (books, n) log.
        has_impact: within gaps.  at_cap: each gap is deeper by the whole cap of a bounded impact, which alone has one
        (else None).  is_whole: all of a jump comes at once.
        """
        from ..config.reduced import BoundedImpact
        from ..reduced.one_event import has_events, one_event

        assert self.config.reduced is not None
        impact = self.config.reduced.impact
        if not has_events(self._own) or (at_cap and not isinstance(impact, BoundedImpact)):
            return None
        further = impact.basis_cap_ppm / 1e6 if at_cap and isinstance(impact, BoundedImpact) else 0.0
        events = [
            one_event(book, has_impact=has_impact and not at_cap, further=further, is_whole=is_whole)
            for book in self.lowered
        ]
        return {
            "rate": events[0].rate,
            "size": events[0].size,
            "draw": np.stack([event.required for event in events]) * self._unit,
            "liquidated": np.stack([event.liquidated for event in events]) * self._unit,
            "basis": np.stack([event.basis for event in events]),
        }

    def falls_per_year(self, fraction: float) -> float:
        """Expected number of jumps a year that fall further than `fraction`."""
        from ..reduced.jumps import expectation

        jumps = self._own.jumps
        limit = float(log1p(-fraction))
        return jumps.per_year * expectation(jumps.law, lambda sizes: np.where(sizes < limit, 1.0, 0.0))

    @cached_property
    def control_mean(self) -> float:
        """Mean of `control`: expected jumps times the mean shortfall of one gap on an opening book."""
        from ..reduced.gap_risk import mean_gap_loss

        means = [own.mean_count * mean_gap_loss(own) for own in self.lowered]
        return float(np.mean(means)) * self._unit

    def _with_seed(self, lowered: "Lowered", fund: float) -> "Lowered":
        """The same numbers with another fund: only the seed differs."""
        from dataclasses import replace

        params = lowered.params.copy()
        params["seed"] = round(fund / self._unit)
        return replace(lowered, params=params)


@dataclass
class FullWorld:
    """Runs of the full engine, one per block. Required funds are of the same run with a fund that never runs dry."""

    config: RunConfig

    def __post_init__(self) -> None:
        """Nothing has run yet."""
        self._required: dict[int, float] = {}

    can_tilt = False

    def known(self, number: int) -> float | None:
        """The required fund of run `number` where it has run, quote units."""
        return self._required.get(number)

    def learn(self, number: int, required: float) -> None:
        """Note the required fund of run `number`, so that it need not run again to find it."""
        self._required[number] = required

    @cached_property
    def key(self) -> str:
        """Names the config."""
        return config_hash(self.config)

    @cached_property
    def _unit(self) -> float:
        return float(self.config.quantum / self.config.scale.simulated_share)

    @cached_property
    def abundant(self) -> Decimal:
        """What in each fund never runs dry."""
        return LARGEST * open_interest_quote(self.config)

    def arrays(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Columns:
        """Run `number`; without `fund` it runs with one that never runs dry."""
        if number not in self._required:
            row = self._run(with_endless_funds(self.config, self.abundant), number)
            self._required[number] = float(row["required_fund_quanta"]) * self._unit
        else:
            row = None
        if fund is not None:
            row = self._run(with_fund(self.config, Decimal(repr(fund))), number)
        elif row is None:
            row = self._run(with_endless_funds(self.config, self.abundant), number)
        return self._columns(row, self._required[number])

    def _run(self, config: RunConfig, replication: int) -> Mapping[str, Any]:
        from ..engine.simulation import simulate

        result = simulate(config, detail="summary", progress=None, event_sink=None, scenario=0, replication=replication)
        return result.runs

    def _columns(self, row: Mapping[str, Any], required: float) -> Columns:
        amounts = {
            "required": required,
            "log_weight": 0.0,
            "liquidated": float(row["liquidated_notional_quanta"]) * self._unit,
            "shortfall": shortfall_quanta(row) * self._unit,
            "adl_notional": float(row["adl_notional_quanta"]) * self._unit,
            "bad_debt": float(row["bad_debt_quanta"]) * self._unit,
            "income": float(row["fund_gain_quanta"]) * self._unit,
            "control": float("nan"),
        }
        columns = {name: np.array([value], np.float64) for name, value in amounts.items()}
        columns["first_adl_days"] = _days(np.array([row["first_adl_ms"]], np.int64))
        columns["first_empty_days"] = _days(np.array([row["first_fund_empty_ms"]], np.int64))
        return columns


def _pieces(first: int, stop: int, share: int) -> list[tuple[int, int, int]]:
    """(book, first, stop) of the parts of a range of paths, `share` of which have each book."""
    edges = sorted({first, stop, *range((first // share + 1) * share, stop, share)})
    return [(start // share, start, end) for start, end in pairwise(edges)]


def _days(times_ms: npt.NDArray[np.int64]) -> F64:
    """Milliseconds to days; -1 (never) to NaN."""
    return np.where(times_ms >= 0, times_ms / DAY_MS, np.nan)
