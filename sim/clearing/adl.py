"""Auto-deleveraging: how counterparties are ranked, and when the layer acts. Rules: CLR-ADL-### in RULES.md.

Every close is at the bankruptcy price of the position that is closed; winners thereby pay the shortfall. The ranking is
made once per cycle, market and side; scores are float64, ties go to the lower id.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from ..policy import Policy, PositiveInt


class ProfitLeverageRanking(Policy):
    """BitMEX and its family: profit % x effective leverage; losers by profit % / leverage (they are never reduced)."""

    kind: Literal["profit_leverage"] = "profit_leverage"

    def lower(self, quantum: Decimal) -> tuple[int, int]:
        """(code of the ranking, least wallet in quanta)."""
        return 0, 1


class BinanceWalletRanking(Policy):
    """Binance: profit / wallet balance x margin ratio; losers score 0. Withdrawn profit raises the rank."""

    kind: Literal["binance_wallet"] = "binance_wallet"
    wallet_floor_quote: Decimal = Field(
        default=Decimal(1), gt=0, description="least wallet balance in the quotient: the score depends on the currency"
    )

    def lower(self, quantum: Decimal) -> tuple[int, int]:
        """(code of the ranking, least wallet in quanta)."""
        return 1, max(1, int(self.wallet_floor_quote / quantum))


AdlRanking = Annotated[
    ProfitLeverageRanking | BinanceWalletRanking,
    Field(discriminator="kind", description="how counterparties are ranked"),
]


class AdlLayer(Policy):
    """Close what is still standing against ranked opposing winners, at its bankruptcy price."""

    kind: Literal["adl"] = "adl"
    ranking: AdlRanking = Field(description="who is reduced first")
    trigger: Literal["bankrupt", "distressed"] = Field(
        default="bankrupt",
        description="bankrupt: only accounts below zero, a solvent one waits (dYdX, Hyperliquid);"
        " distressed: every account that the book and ENGINE did not take (BitMEX, Binance)",
    )
    matches_per_cycle: PositiveInt | None = Field(
        default=None, description="most counterparties reduced in one cycle; what is left waits; null: no limit"
    )
