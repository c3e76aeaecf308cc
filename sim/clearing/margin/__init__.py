"""Margin schedules: what a position must hold, by its size. One schedule a file.

A schedule lowers itself to parameters and a table of tiers. The formula that reads them, and the check of an order
before it trades, are in `kernels/margin/requirement.py`, for matching needs them too; prices at which a position is
liquidated are in `kernels/margin/thresholds.py` (exact, one by one) and `prices.py` here (many, for reports).
"""

from typing import Annotated

from pydantic import Field

from .flat import FlatMargin
from .own import MarginSchedule, OwnSchedule
from .schedule import MarginBaseName, ScheduleBase, initial_ppm_of
from .tiered import Tier, TieredMargin

MarginPolicy = Annotated[FlatMargin | TieredMargin | OwnSchedule, Field(discriminator="kind")]

__all__ = [
    "FlatMargin",
    "MarginBaseName",
    "MarginPolicy",
    "MarginSchedule",
    "OwnSchedule",
    "ScheduleBase",
    "Tier",
    "TieredMargin",
    "initial_ppm_of",
]
