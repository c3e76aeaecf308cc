"""Auto-deleveraging: ranking, queue, allocation, the layer, and previews of who would be deleveraged."""

from .allocation import AllocationPolicy, Greedy, ProRata, WaterFilling
from .layer import AdlLayer
from .pot import Allocation, OwnAllocation, TargetView, WinnerView
from .queue import AdlQueue, adl_lights
from .ranking import (
    AdlRanking,
    BinanceWalletRanking,
    OwnRanking,
    ProfitLeverageRanking,
    RankingPolicy,
    SideView,
)
from .who import who_would_be_deleveraged

__all__ = [
    "AdlLayer",
    "AdlQueue",
    "AdlRanking",
    "Allocation",
    "AllocationPolicy",
    "BinanceWalletRanking",
    "Greedy",
    "OwnAllocation",
    "OwnRanking",
    "ProRata",
    "ProfitLeverageRanking",
    "RankingPolicy",
    "SideView",
    "TargetView",
    "WaterFilling",
    "WinnerView",
    "adl_lights",
    "who_would_be_deleveraged",
]
