"""Insurance funds: one FUND (cash, never below zero) and one ENGINE (inventory) per scope of markets, and how they pay.

Decides what FUND pays for flat accounts, and the payments between FUND and ENGINE. Rules CLR-FND-### in RULES.md.
"""

from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ..instrument import to_quanta
from ..kernels.clearing.payments import Payments, add_payment, first_payments, make_payments, one_payment
from ..kernels.exchange import Exchange
from ..kernels.jit import kernel
from ..layout import Reason
from ..policy import Name, NonNegativeDecimal, Policy, SharePpm
from .desk import Desk, LayerBase, Round
from .unwind import UnwindPolicy

I64 = npt.NDArray[np.int64]

#: Stands for "no cap": far above any notional, far below int64.
NO_CAP = 2**62


class FundPolicy(Policy):
    """One insurance fund and the markets it covers."""

    name: Name = Field(description="name of the fund's scope")
    markets: list[str] = Field(min_length=1, description="markets in the scope")
    seed_quote: NonNegativeDecimal = Field(description="cash at the start, at venue scale")
    fee_share_ppm: SharePpm = Field(description="the fund's share of liquidation fees; FEES gets the rest")
    inventory_cap_quote: NonNegativeDecimal | None = Field(
        default=None, description="maximum inventory of ENGINE at mark, at venue scale; null: no cap"
    )
    unwind: UnwindPolicy = Field(default=UnwindPolicy(), description="how ENGINE's inventory is unwound")

    def seed_quanta(self, quantum: Decimal, scale: Decimal = Decimal(1)) -> int:
        """Cash at the start in quanta, multiplied by the simulated share and rounded down to a quantum."""
        return _scaled(self.seed_quote, quantum, scale)

    def inventory_cap_quanta(self, quantum: Decimal, scale: Decimal = Decimal(1)) -> int:
        """Inventory cap in quanta, multiplied by the simulated share and rounded down to a quantum."""
        return NO_CAP if self.inventory_cap_quote is None else _scaled(self.inventory_cap_quote, quantum, scale)


def _scaled(amount: Decimal, quantum: Decimal, scale: Decimal) -> int:
    return to_quanta((amount * scale / quantum).to_integral_value("ROUND_FLOOR") * quantum, quantum)


class InsuranceFundLayer(LayerBase):
    """FUND pays deficits with its cash, down to zero (CLR-FND-001)."""

    kind: Literal["insurance_fund"] = "insurance_fund"

    def run(self, desk: Desk, round_: Round) -> None:
        """Pay what flat accounts of the round owe, then ENGINE's negative equity."""
        draw_fund(desk)


def draw_fund(desk: Desk) -> None:
    """A flat ENGINE's gains come to FUND, which pays what this round's flat accounts owe, and settles with ENGINE."""
    sweep_gains(desk)
    desk.pay(plan_fund_draws(desk.exchange), Reason.FUND_DRAW)
    for number, scope in enumerate(desk.scopes):
        desk.limits.fund_short[number] |= unpaid_in(desk.exchange, scope.fund) > 0
    settle_engines(desk)


def plan_fund_draws(exchange: Exchange) -> Payments:
    """Return what each FUND pays to this round's flat accounts, in the order of the records, down to zero cash."""
    records = exchange.records
    n_records = int(records.counts["liquidations"][0] - records.counts["round_start"][0])
    payments = make_payments(n_records)
    if n_records == 0:
        return payments
    cash = exchange.accounts.quote[: int(exchange.markets.params["fund_row"].max()) + 1].copy()
    return first_payments(payments, _plan_fund_draws(exchange, cash, payments))


@kernel
def _plan_fund_draws(exchange, cash, payments):
    """Write the draws, and to `cash`, by row of a fund, the balance after them; return how many draws."""
    markets, records = exchange.markets, exchange.records
    n = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        market = record.market
        fund = markets.params[market].fund_row
        paid = min(record.owed, cash[fund])
        if paid > 0:
            cash[fund] -= paid
            n = add_payment(payments, n, fund, record.account, paid, market, index, record.seq)
    return n


@kernel
def unpaid_in(exchange, fund):
    """What this round's flat accounts still owe in the scope of `fund`, quanta."""
    markets, records = exchange.markets, exchange.records
    total = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        if markets.params[record.market].fund_row == fund:
            total += record.owed
    return total


def settle_engines(desk: Desk) -> None:
    """FUND pays ENGINE's negative equity (if the waterfall has that layer); gains of a flat ENGINE go to FUND."""
    for number, scope in enumerate(desk.scopes):
        worth, _ = desk.standing_of(scope.engine)
        if worth < 0 and desk.may_draw:
            paid = min(-worth, int(desk.accounts.quote[scope.fund]))
            desk.limits.fund_short[number] |= paid < -worth
            if paid > 0:
                draw = one_payment(payer=scope.fund, payee=scope.engine, quote=paid, market=scope.market)
                desk.pay(draw, Reason.FUND_DRAW)
    sweep_gains(desk)


def sweep_gains(desk: Desk) -> None:
    """The money of every ENGINE that holds no contracts goes to its FUND (CLR-FND-004)."""
    for scope in desk.scopes:
        worth, holds = desk.standing_of(scope.engine)
        if worth > 0 and not holds:
            gain = one_payment(payer=scope.engine, payee=scope.fund, quote=worth, market=scope.market)
            desk.pay(gain, Reason.FUND_GAIN)
