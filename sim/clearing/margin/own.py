"""A margin schedule of the user's own: a class that returns its tiers, or a formula of any form."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ValidationError

from ...errors import ConfigError
from ...layout import Records
from ...own_parts import OwnPart, UserPart, guarded
from ..fees import FeeSchedule
from .formula import MarginFormula, MarginUnits, cap_quanta, lower_formula
from .schedule import MarginBaseName
from .tiered import TieredMargin

#: A tier: minimum notional in quote units, maintenance rate in ppm, maximum leverage.
Row = tuple[Decimal | int | str, int, Decimal | int | str]


class MarginSchedule(UserPart):
    """A schedule of your own: extend it, and name the class in the config (or pass it from Python).

    `margin: {kind: own, file: mine.py, class: MySchedule, params: {...}}`, or `OwnSchedule.of(MySchedule(...))`. It has
    one of two methods: `tiers`, where the requirement is piecewise linear, continuous, and each rate is above the one
    before; or `formula`, for any other form. `margin_base` belongs to tiers: a formula receives both values.
    """

    #: What the rates apply to: notional at `mark`, at `entry`, or `mark_plus_fee`.
    margin_base: MarginBaseName = "mark"
    #: True: equity exactly at the requirement is distressed too.
    distressed_at_or_below: bool = False
    #: Maximum position of the last tier, quote units; None: no limit.
    notional_cap_quote: Decimal | None = None

    def tiers(self) -> Sequence[Row]:
        """Return (minimum notional, maintenance ppm, maximum leverage) of each tier, by rising notional from 0."""
        raise NotImplementedError(f"{type(self).__name__} has no method tiers(), and no formula(units)")

    def formula(self, units: MarginUnits) -> MarginFormula:
        """Return the requirement as two functions of whole numbers; see MarginFormula for what they take and return.

        units: quantum and contract size, to convert from and to quote and base units.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method formula(units)")


class OwnSchedule(OwnPart):
    """A margin schedule of your own, named by file and class: exact tiers (CLR-MRG-014) or a formula (CLR-MRG-016)."""

    kind: Literal["own"] = "own"
    base: ClassVar[type] = MarginSchedule
    noun: ClassVar[str] = "margin schedule"
    sees_exchange: ClassVar[bool] = False

    @property
    def is_formula(self) -> bool:
        """True if the class gives a formula in place of tiers."""
        return type(self.load()).formula is not MarginSchedule.formula

    def tiered(self) -> TieredMargin:
        """Return its tiers as a schedule; ConfigError if the class fails or the tiers are invalid."""
        part: MarginSchedule = self.load()
        rows = guarded(
            self.who,
            self.file,
            lambda: [tuple(map(_plain, row)) for row in part.tiers()],
            error=ConfigError,
            seconds=self.time_limit_s,
        )
        names = ("floor_quote", "maintenance_ppm", "max_leverage")
        fields: dict[str, Any] = {
            "base": part.margin_base,
            "distressed_at_or_below": part.distressed_at_or_below,
            "notional_cap_quote": part.notional_cap_quote,
        }
        try:
            fields["tiers"] = [dict(zip(names, row, strict=True)) for row in rows]
            return TieredMargin.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{self.who}: {place + ': ' if place else ''}{first['msg']}") from error
        except ValueError as error:
            raise ConfigError(f"{self.who}: each tier must be {', '.join(names)}: {error}") from error

    def smallest_maintenance_ppm(self) -> int:
        """The first tier's rate; of a formula, the smallest that was found on a grid of sizes and prices."""
        if self.is_formula:
            return self._lower_formula(Decimal(1), Decimal(1), is_checked=False)[2]
        return self.tiered().smallest_maintenance_ppm()

    def close_fee_ppm(self, fees: FeeSchedule) -> int:
        """Rate of the closing fee that is part of the requirement, ppm."""
        return 0 if self.is_formula else self.tiered().close_fee_ppm(fees)

    def lower(
        self, *, quantum: Decimal, fees: FeeSchedule, lot_size: Decimal = Decimal(1)
    ) -> tuple[Mapping[str, int], Records]:
        """Return the parameters and the tiers (K,); ConfigError if a floor or deduction is not whole quanta, or if a
        formula is not what it must be."""
        if not self.is_formula:
            return self.tiered().lower(quantum=quantum, fees=fees)
        addresses, tier, _ = self._lower_formula(quantum, lot_size)
        part: MarginSchedule = self.load()
        cap = cap_quanta(part.notional_cap_quote, quantum)
        return {**addresses, "n_tiers": 1, "notional_cap": cap, "at_or_below": int(part.distressed_at_or_below)}, tier

    def _lower_formula(
        self, quantum: Decimal, lot_size: Decimal, *, is_checked: bool = True
    ) -> tuple[dict[str, int], Records, int]:
        part: MarginSchedule = self.load()
        units = MarginUnits(quantum=float(quantum), lot_size=float(lot_size))
        found = guarded(self.who, self.file, lambda: part.formula(units), error=ConfigError, seconds=self.time_limit_s)
        if not isinstance(found, MarginFormula):
            raise ConfigError(f"{self.who}: formula must return a MarginFormula, found {type(found).__name__}")
        cap = cap_quanta(part.notional_cap_quote, quantum)
        return lower_formula(found, cap=cap, who=self.who, is_checked=is_checked)


def _plain(value: Any) -> Any:
    """A NumPy number as one of Python."""
    return value.item() if isinstance(value, np.generic) else value
