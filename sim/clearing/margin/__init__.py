"""Margin schedules: the margin that a position requires, by its size. One schedule per file.

A schedule lowers itself to parameters and a table of tiers. The formula that reads them and the pre-trade check are in
`kernels/margin/requirement.py`, because matching needs them too. Liquidation prices: `liquidation_price.py` here (many,
for reports) and in `kernels/margin/` (exact, one by one); margins of many positions: `maintenance.py`.
"""

from typing import Annotated

from pydantic import Field

from .flat import FlatMargin
from .formula import MarginFormula, MarginUnits
from .own import MarginSchedule, OwnSchedule
from .schedule import MarginBaseName, ScheduleBase, initial_ppm_of
from .tiered import Tier, TieredMargin

MarginPolicy = Annotated[FlatMargin | TieredMargin | OwnSchedule, Field(discriminator="kind")]

__all__ = [
    "FlatMargin",
    "MarginBaseName",
    "MarginFormula",
    "MarginPolicy",
    "MarginSchedule",
    "MarginUnits",
    "OwnSchedule",
    "ScheduleBase",
    "Tier",
    "TieredMargin",
    "initial_ppm_of",
]
