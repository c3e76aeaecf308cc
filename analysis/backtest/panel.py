"""The panel: a model held against a record, line by line, and whether history refutes it.

1 draws, by size; 2 power, what the record cannot test; 3 size, ranks among simulated histories; 4 prices; 5
liquidations; 6 rivals, the same draws of simpler models; 7 guards, where the answer leaves what is on record. Only a
red of line 1 refutes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .binomial import GREEN_WORD, RED_WORD, YELLOW_WORD, Power, Probability, Tails, judge, power
from .histories import Rank, ranks
from .model import Model
from .records import LargestFall, Record, RecordedFalls, RecordedLiquidations
from .windows import Windows

#: Sizes of draws that are counted, shares of open interest.
SHARES = (0.001, 0.005, 0.01)
#: A median of liquidations within this factor of the record agrees with it.
LIQUIDATION_FACTOR = 3.0
MONTH_DAYS = 30.0
#: Beyond this probability of half a side liquidated, a model has left what is known.
HALF_LIMIT = 1e-3
YEAR_DAYS = 365.0
#: Colour of a line without a rule.
INFORMATION = "information"


@dataclass(frozen=True)
class DrawLine:
    """Windows with a draw above `size` (in the unit of the windows): x of n on record, n p expected."""

    size: float
    is_fund: bool
    n: int
    x: tuple[int, int]
    p: Probability
    tails: Tails

    @property
    def expected(self) -> float:
        """Expected number of windows."""
        return self.n * self.p.value


@dataclass(frozen=True)
class PriceLine:
    """Hours that fall further than `record.beyond`: expected in as many years, and the colour."""

    record: RecordedFalls
    expected: float

    @property
    def colour(self) -> str:
        """Green within the record's interval."""
        return GREEN_WORD if self.record.low <= self.expected <= self.record.high else YELLOW_WORD


@dataclass(frozen=True)
class LiquidationLine:
    """Median liquidated notional of thirty days over open interest, model against record."""

    record: RecordedLiquidations
    model: float

    @property
    def factor(self) -> float:
        """Model over record."""
        return self.model / self.record.middle if self.record.middle else math.inf

    @property
    def colour(self) -> str:
        """Green within the factor; without a rule, information."""
        if not self.record.is_rule:
            return INFORMATION
        near = 1 / LIQUIDATION_FACTOR <= self.factor <= LIQUIDATION_FACTOR
        return GREEN_WORD if near else YELLOW_WORD


@dataclass(frozen=True)
class Guard:
    """A value of the answer against the largest on record, or a limit: beyond it, the answer is extrapolation."""

    what: str
    value: float
    on_record: float
    source: str
    bound: str = "on record"

    @property
    def warns(self) -> bool:
        """Whether the value lies beyond the record."""
        return self.value > self.on_record


@dataclass(frozen=True)
class Panel:
    """All lines.  variants, rivals: draw lines by name.  days: of a window."""

    windows: Windows
    target: float
    draws: tuple[DrawLine, ...]
    power: tuple[Power, ...]
    sizes: tuple[Rank, ...]
    prices: tuple[PriceLine, ...]
    liquidations: tuple[LiquidationLine, ...]
    rivals: Mapping[str, tuple[DrawLine, ...]]
    variants: Mapping[str, tuple[DrawLine, ...]]
    guards: tuple[Guard, ...]
    notes: tuple[str, ...]

    @property
    def refuted(self) -> DrawLine | None:
        """The draw line with the smallest tail, if history refutes the model."""
        red = [line for line in self.draws if line.tails.colour == RED_WORD]
        return min(red, key=lambda line: line.tails.p) if red else None


def hold(model: Model, record: Record) -> Panel:
    """The panel of a model and a record; a function of its arguments, whatever the model was fitted to."""
    windows = record.windows
    sizes = _sizes(model, windows)
    return Panel(
        windows=windows,
        target=model.p,
        draws=_draws(model, windows, sizes),
        power=tuple(power(n=windows.n, x=windows.beyond(size)) for size, _ in sizes),
        sizes=ranks(model.draws(windows), windows),
        prices=_prices(model, record.falls),
        liquidations=_liquidations(model, record.liquidations),
        rivals={name: _of_rival(model, name, windows, sizes) for name in model.rivals},
        variants={name: _draws(model, other, sizes) for name, other in record.variants.items()},
        guards=_guards(model, windows, record.largest_fall),
        notes=(*windows.notes, *record.notes),
    )


def _sizes(model: Model, windows: Windows) -> list[tuple[float, bool]]:
    """(size in the unit of the windows, whether it is the fund that was found)."""
    unit = 1.0 if windows.are_shares else model.open_interest
    sizes = [(share * unit, False) for share in SHARES]
    if math.isfinite(model.fund):
        sizes.append((model.fund / model.scale(windows), True))
    return sizes


def _draws(model: Model, windows: Windows, sizes: list[tuple[float, bool]]) -> tuple[DrawLine, ...]:
    return tuple(_line(windows, size, is_fund, model.exceedance(size, windows)) for size, is_fund in sizes)


def _of_rival(model: Model, name: str, windows: Windows, sizes: list[tuple[float, bool]]) -> tuple[DrawLine, ...]:
    return tuple(_line(windows, size, is_fund, model.rival(name, size, windows)) for size, is_fund in sizes)


def _line(windows: Windows, size: float, is_fund: bool, p: Probability) -> DrawLine:
    x = windows.beyond(size)
    tails = judge(p, n=windows.n, x=x, censored=size < windows.threshold)
    return DrawLine(size, is_fund, windows.n, x, p, tails)


def _prices(model: Model, falls: tuple[RecordedFalls, ...]) -> tuple[PriceLine, ...]:
    if model.falls_per_year is None:
        return ()
    return tuple(PriceLine(item, model.falls_per_year(item.beyond) * item.years) for item in falls)


def _liquidations(model: Model, recorded: tuple[RecordedLiquidations, ...]) -> tuple[LiquidationLine, ...]:
    median = float(np.median(model.liquidated)) / model.open_interest * MONTH_DAYS / model.days
    return tuple(LiquidationLine(item, median) for item in recorded)


def _guards(model: Model, windows: Windows, largest: LargestFall | None) -> tuple[Guard, ...]:
    guards = []
    if model.half_a_side is not None:
        what = "P(one event liquidates half of a side of open interest)"
        guards.append(Guard(what, model.half_a_side, HALF_LIMIT, "of this panel", "limit"))
    if model.falls_per_year is not None and largest is not None:
        fall = fall_with_probability(model, model.p)
        guards.append(Guard(f"fall within an hour that comes with P = {model.p:g}", fall, largest.fall, largest.source))
    if math.isfinite(model.fund):
        size = model.fund / model.scale(windows)
        guards.append(Guard("fund against the largest draw", size, float(windows.high.max()), windows.source))
    return tuple(guards)


def fall_with_probability(model: Model, p: float) -> float:
    """The fraction g of which the largest fall within a window is beyond with probability p: nu(g) T = -ln(1 - p).

    0 if falls are rarer than that. Falls come as a Poisson process.
    """
    assert model.falls_per_year is not None
    wanted = -math.log1p(-p) * YEAR_DAYS / model.days
    low, high = 0.0, 1.0
    if model.falls_per_year(low) <= wanted:
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if model.falls_per_year(middle) > wanted else (low, middle)
    return low
