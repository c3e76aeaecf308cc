"""Socialised loss: unpaid debts are taken from winners' gains, and positions that no layer took are torn up.

Tear-up: the remaining contracts of one side are split over all holders of the other side pro rata to their contracts,
at mark, so no equity changes and it always succeeds (lots sum to 0). The debts are then on flat accounts, and are
collected from winners pro rata to their gains, never more than the gain, never below zero equity. Rules CLR-LOS-### in
RULES.md.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ..errors import InvariantError
from ..kernels.clearing.closes import Closes, first_closes, make_closes
from ..kernels.clearing.debts import note_new_debts
from ..kernels.clearing.liquidation_records import gather_distressed, is_flat
from ..kernels.clearing.payments import Payments, add_payment, first_payments, make_payments
from ..kernels.exchange import Exchange
from ..kernels.jit import kernel
from ..kernels.ledger.allocate import allocate
from ..kernels.margin.bankruptcy import lot_value
from ..kernels.margin.requirement import equity
from ..layout import AccountArrays, AccountMode, MarketArrays, Reason
from .desk import Desk, LayerBase, Round, Scope
from .fund import draw_fund
from .targets import targets_of

I64 = npt.NDArray[np.int64]

BASIS_UNREALISED, BASIS_EQUITY_CHANGE = range(2)

_RESERVED = int(AccountMode.RESERVED)
_DEPOSIT, _OPENING, _MARGIN_MOVE = int(Reason.DEPOSIT), int(Reason.OPENING), int(Reason.MARGIN_MOVE)


class SocialisedLossLayer(LayerBase):
    """Remaining bankrupt positions close at mark against all opposing holders pro rata (CLR-LOS-001).

    The debt is a haircut of gains (CLR-LOS-002, CLR-LOS-003).
    """

    kind: Literal["socialised_loss"] = "socialised_loss"
    basis: Literal["unrealised_gain", "equity_change"] = Field(
        default="unrealised_gain",
        description="gains that can be taken: unrealised profit against entry in the fund's markets, or the change of"
        " equity since the run began less deposits (includes profit already realised)",
    )

    @property
    def basis_code(self) -> int:
        """Code that the kernels read."""
        return BASIS_UNREALISED if self.basis == "unrealised_gain" else BASIS_EQUITY_CHANGE

    def run(self, desk: Desk, round_: Round) -> None:
        """Tear up remaining positions, unless ADL postponed them; then collect the debts from gains."""
        standing = round_.rows[:0] if round_.is_postponed else _bankrupt_holders(desk, round_.rows)
        insolvent = any(desk.insolvent_engine(scope.market) >= 0 for scope in desk.scopes)
        if len(standing) == 0 and not insolvent and not any(owed_in(desk, scope) for scope in desk.scopes):
            if desk.may_draw:
                draw_fund(desk)
            return
        gains = {}
        if self.basis == "unrealised_gain":  # before the tear-up, which makes unrealised profit vanish
            gains = {scope: self.gains_in(desk, scope) for scope in desk.scopes}
        if not round_.is_postponed:
            _tear_up_all(desk, standing, round_)
        note_new_debts(desk.exchange, round_.rows, desk.work)
        if desk.may_draw:
            draw_fund(desk)
        for scope in desk.scopes:
            _share(desk, scope, gains[scope] if scope in gains else self.gains_in(desk, scope))

    def gains_in(self, desk: Desk, scope: Scope) -> I64:
        """The maximum that each row can be charged in a scope, quanta, int64 (A,)."""
        gains = np.zeros(len(desk.accounts.quote), np.int64)
        measure_gains(desk.accounts, desk.markets, scope.fund, self.basis_code, gains)
        return gains


def _bankrupt_holders(desk: Desk, rows: I64) -> I64:
    """Those of `rows` that hold contracts and are below zero."""
    out = np.empty(len(rows), np.int64)
    return out[: gather_distressed(desk.accounts, desk.markets, rows, 1, out)]


def owed_in(desk: Desk, scope: Scope) -> int:
    """Debts of this round's flat accounts and of a flat ENGINE below zero in a scope, quanta."""
    return int(owed_in_scope(desk.exchange, scope.fund, scope.engine))


# -- tear-up -----------------------------------------------------------------------------------------------------------


def _tear_up_all(desk: Desk, standing: I64, round_: Round) -> None:
    for market in range(desk.n_markets):
        for side in (1, -1):
            targets, need = targets_of(desk, standing, market, side, only_bankrupt=True)
            if need > 0:
                closes = plan_tear_up(desk.accounts, desk.markets, targets, market=market, side=side, need=need)
                desk.close(closes, Reason.SOCIALISED_LOSS)
                round_.outcome.reduced.append((market, np.unique(closes.counterparty)))


def plan_tear_up(
    accounts: AccountArrays, markets: MarketArrays, targets: I64, *, market: int, side: int, need: int
) -> Closes:
    """Return the closes at mark of `targets`, which hold `need` contracts on `side`, against all holders of the other
    side.

    A holder's part is by largest remainder; targets and holders are paired in their order. InvariantError if contracts
    are left: then lots do not sum to 0.
    """
    work = np.empty((4, len(accounts.quote)), np.int64)
    n_holders = share_tear_up(accounts, market, side, need, work)
    closes = make_closes(len(targets) + n_holders)  # each close uses up a target or a holder
    n, left = _pair_off(accounts, markets, market, targets, work[:2, :n_holders], closes)
    if left:
        raise InvariantError(f"tear-up in market {market} left {left} contracts: lots do not sum to 0")
    return first_closes(closes, n)


@kernel
def share_tear_up(accounts, market, side, need, work):
    """Split `need` contracts over all rows on the other side of `market` pro rata to size; return how many rows.

    work: int64 (4, >= A); its first two rows become the holders and their parts. Only rows with a part are kept,
    ascending by id.
    """
    holders, parts, weights, remainders = work[0], work[1], work[2], work[3]
    n, total = 0, 0
    for row in range(accounts.lots.shape[0]):
        lots = -accounts.lots[row, market] * side
        if lots > 0:
            holders[n] = row
            weights[n] = lots
            total += lots
            n += 1
    if total == 0:
        return 0
    allocate(need, weights[:n], holders[:n], total, parts[:n], remainders[:n])
    kept = 0
    for i in range(n):
        if parts[i] > 0:
            holders[kept] = holders[i]
            parts[kept] = parts[i]
            kept += 1
    return kept


@kernel
def _pair_off(accounts, markets, market, targets, shares, closes):
    """Pair targets with the holders' parts, in order, at mark; return (closes, contracts without a holder).

    shares: int64 (2, holders), rows and their parts, which are used up.
    """
    holders, parts = shares[0], shares[1]
    unit = lot_value(markets, market)
    n, at = 0, 0
    for target in targets:
        held = accounts.lots[target, market]
        left = abs(held)
        while left > 0 and at < holders.shape[0]:
            lots = min(left, parts[at])
            closes.target[n] = target
            closes.counterparty[n] = holders[at]
            closes.market[n] = market
            closes.lots[n] = lots
            closes.quote[n] = lots * unit if held > 0 else -lots * unit
            n += 1
            left -= lots
            parts[at] -= lots
            if parts[at] == 0:
                at += 1
        if left > 0:
            return n, left
    return n, 0


# -- haircut of gains --------------------------------------------------------------------------------------------------


@kernel
def measure_gains(accounts, markets, fund, basis, gains):
    """Write the maximum that each row can be charged in the scope of `fund` to `gains`, int64 (A,).

    BASIS_UNREALISED: profit against entry cost in the scope's markets. BASIS_EQUITY_CHANGE: equity less deposits,
    opening positions and moves between a trader's rows: the gain of the row since the run began. At most the row's
    equity; reserved rows and losers give nothing.
    """
    for row in range(accounts.lots.shape[0]):
        gains[row] = 0
        if accounts.mode[row] == _RESERVED:
            continue
        worth = equity(accounts, markets, row)
        if basis == BASIS_EQUITY_CHANGE:
            flows = accounts.flows[row]
            gain = worth - flows[_DEPOSIT] - flows[_OPENING] - flows[_MARGIN_MOVE]
        else:
            gain = 0
            for market in range(accounts.lots.shape[1]):
                if markets.params[market].fund_row == fund:
                    gain += accounts.lots[row, market] * lot_value(markets, market) - accounts.cost[row, market]
        gains[row] = max(0, min(gain, worth))


@kernel
def cap_at_equity(accounts, markets, gains):
    """Lower each row's gain to the equity it has by now: it may have paid to another scope (CLR-LOS-003)."""
    for row in range(gains.shape[0]):
        if gains[row] > 0:
            gains[row] = max(0, min(gains[row], equity(accounts, markets, row)))


@kernel
def owed_in_scope(exchange, fund, engine):
    """New debts of this round's flat accounts and of a flat ENGINE below zero in the scope of `fund`, quanta."""
    accounts, markets, records = exchange.accounts, exchange.markets, exchange.records
    total = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        if markets.params[record.market].fund_row == fund and record.is_old == 0:
            total += record.owed
    if is_flat(accounts, engine) and accounts.quote[engine] < 0:
        total -= accounts.quote[engine]
    return total


def _share(desk: Desk, scope: Scope, gains: I64) -> None:
    """Winners pay the debts of the scope, up to their gains, through ENGINE; ENGINE's own debt comes last."""
    owed = owed_in(desk, scope)
    if owed == 0:
        return
    accounts = desk.accounts
    cap_at_equity(accounts, desk.markets, gains)
    amount = min(owed, int(gains.sum()))
    if amount == 0:
        return
    own = max(0, -int(accounts.quote[scope.engine])) if not accounts.lots[scope.engine].any() else 0
    desk.pay(plan_haircut(gains, amount, engine=scope.engine, market=scope.market), Reason.SOCIALISED_LOSS)
    pot = min(amount, owed - own)
    desk.pay(plan_shares(desk.exchange, fund=scope.fund, pot=pot), Reason.SOCIALISED_LOSS)


def plan_haircut(gains: I64, amount: int, *, engine: int, market: int) -> Payments:
    """Return each winner's payment to ENGINE: `amount` quanta in all, pro rata to gains by largest remainder.

    amount: at most the sum of `gains`, so no row pays more than its gain.
    """
    payers = np.flatnonzero(gains > 0)
    weights = gains[payers]
    parts, spare = np.zeros((2, len(payers)), np.int64)
    allocate(amount, weights, payers, int(gains.sum()), parts, spare)
    paying = np.flatnonzero(parts)
    payments = make_payments(len(paying))
    payments.payer[:], payments.quote[:] = payers[paying], parts[paying]
    payments.payee[:], payments.market[:] = engine, market
    return payments


def plan_shares(exchange: Exchange, *, fund: int, pot: int) -> Payments:
    """Return ENGINE's payments out of `pot` quanta to the accounts that owe in the scope of `fund`, in their order."""
    counts = exchange.records.counts
    payments = make_payments(int(counts["liquidations"][0] - counts["round_start"][0]))
    return first_payments(payments, _plan_shares(exchange, fund, pot, payments))


@kernel
def _plan_shares(exchange, fund, pot, payments):
    markets, records = exchange.markets, exchange.records
    n = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        market = record.market
        paid = min(record.owed, pot)
        if paid > 0 and record.is_old == 0 and markets.params[market].fund_row == fund:
            engine = markets.params[market].engine_row
            n = add_payment(payments, n, engine, record.account, paid, market, index, record.seq)
            pot -= paid
    return n
