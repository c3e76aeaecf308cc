"""Liquidation: the policies (`policy.py`), how many contracts a step closes (`steps.py`), the orders (`orders.py`)."""

from .policy import (
    PRIORITIES,
    FractionLiquidation,
    FullLiquidation,
    LiquidationBase,
    LiquidationPolicy,
    TierDownLiquidation,
)

__all__ = [
    "PRIORITIES",
    "FractionLiquidation",
    "FullLiquidation",
    "LiquidationBase",
    "LiquidationPolicy",
    "TierDownLiquidation",
]
