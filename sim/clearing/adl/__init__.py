"""Auto-deleveraging: ranking, queue, allocation, the layer, and the question who would be deleveraged."""

from .allocation import AllocationPolicy, Greedy
from .layer import AdlLayer
from .queue import AdlQueue, adl_lights
from .ranking import AdlRanking, BinanceWalletRanking, ProfitLeverageRanking, RankingPolicy
from .who import who_would_be_deleveraged

__all__ = [
    "AdlLayer",
    "AdlQueue",
    "AdlRanking",
    "AllocationPolicy",
    "BinanceWalletRanking",
    "Greedy",
    "ProfitLeverageRanking",
    "RankingPolicy",
    "adl_lights",
    "who_would_be_deleveraged",
]
