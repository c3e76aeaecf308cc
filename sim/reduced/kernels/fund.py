"""The money of one liquidated level: fee and surplus into the fund, shortfall out of it, then winners, in whole quanta.

Everything comes from the margin left in the level: the fee never exceeds it, and the remainder after the fee is
the surplus, so nothing is counted twice. A shortfall of the book against the bankruptcy price is paid in the order
of the waterfall: fund, ADL at the bankruptcy price, socialised loss, bad debt.
"""

import math

from ...kernels.jit import inlined_kernel, kernel

DAY_MS = 86_400_000
PPM = 1_000_000


@inlined_kernel
def to_quanta(amount):
    """A float amount as the nearest whole quantum."""
    return math.floor(amount + 0.5)


@inlined_kernel
def settle_level(params, ledger, never_dry, sign, lots, owed, price, fill, now_ms):
    """Book a level of `lots` that was triggered at `price` and filled at `fill`; return the share the book took.

    lots: notional at the opening price.  owed: whole quanta at which closing leaves nothing.  sign: 1 long, -1 short.
    """
    notional = to_quanta(lots * price)
    proceeds = to_quanta(lots * fill)
    ledger.notional += notional
    ledger.owed += sign * owed
    residual = sign * (proceeds - owed)
    if not never_dry and residual < 0:
        return _pay(params, ledger, sign, -residual, owed, lots * price, now_ms)
    ledger.book += sign * proceeds
    _keep(params, ledger, residual, notional)
    return 1.0


@inlined_kernel
def _keep(params, ledger, residual, notional):
    """Distribute the margin left in a level; a shortfall (residual < 0) comes out of a fund that never runs dry.

    Both cases share one flow of instructions: the processor cannot predict whether a level is short.
    """
    left = max(residual, 0)
    fee = min(part_of(notional, params.fee_ppm, PPM - 1), left)
    surplus = left - fee
    fee_fund = fee if params.fee_share_ppm == PPM else part_of(fee, params.fee_share_ppm, 0)
    kept = surplus if params.fund_keeps == 1 else 0
    draw = left - residual
    ledger.fee += fee
    ledger.fee_fund += fee_fund
    ledger.surplus += surplus
    ledger.surplus_fund += kept
    ledger.draw += draw
    ledger.fund -= draw
    ledger.need = max(ledger.need, params.seed - ledger.fund)
    gain(params, ledger, fee_fund + kept)


@inlined_kernel
def part_of(amount, ppm, up):
    """(amount x ppm + up) // 1_000_000 without leaving int64; up: PPM - 1 rounds up, 0 down. amount >= 0."""
    if amount < (1 << 42):
        return (amount * ppm + up) // PPM
    return (amount // PPM) * ppm + ((amount % PPM) * ppm + up) // PPM


@inlined_kernel
def gain(params, ledger, amount):
    """Pay `amount` into the fund; the excess over its cap goes to the exchange."""
    ledger.fund += amount
    if params.cap >= 0 and ledger.never_dry == 0 and ledger.fund > params.cap:
        ledger.withdrawn += ledger.fund - params.cap
        ledger.fund = params.cap
    ledger.peak = max(ledger.peak, ledger.fund)


@kernel
def available(params, ledger):
    """Amount the fund may pay now: all of it, or down to the level of the drawdown trigger."""
    if params.fund_pays == 0:
        return 0
    if params.trigger_ppm >= PPM:
        return max(0, ledger.fund)
    kept = PPM - params.trigger_ppm
    floor = (ledger.peak // PPM) * kept - ((-(ledger.peak % PPM) * kept) // PPM)
    return max(0, ledger.fund - floor)


@kernel
def _pay(params, ledger, sign, shortfall, owed, worth, now_ms):
    """Pay a level's shortfall down the waterfall; return the share of the level that the book took."""
    paid = min(shortfall, available(params, ledger))
    unpaid = shortfall - paid
    ledger.draw += paid
    ledger.fund -= paid
    ledger.need = max(ledger.need, params.seed - ledger.fund)
    if ledger.first_empty_ms < 0 and params.fund_pays == 1 and ledger.fund <= 0:
        ledger.first_empty_ms = now_ms
    if unpaid == 0 or params.adl == 0:
        ledger.book += sign * owed - shortfall
        if params.socialise == 1:
            ledger.socialised += unpaid
        else:
            ledger.bad_debt += unpaid
        return 1.0
    part = unpaid / shortfall
    owed_adl = to_quanta(owed * part)
    closed = to_quanta(worth * part)
    ledger.adl_owed += sign * owed_adl
    ledger.adl_notional += closed
    ledger.adl_harm += sign * (owed_adl - closed)
    ledger.book += sign * (owed - owed_adl) - paid
    if ledger.first_adl_ms < 0:
        ledger.first_adl_ms = now_ms
    return 1.0 - part


@kernel
def replenish(params, ledger, now_ms, step_ms):
    """Add outside money to a fund that has been below its seed for the lag; called once per step."""
    if params.lag_ms < 0 or ledger.never_dry == 1:
        return
    missing = params.seed - ledger.fund
    if missing <= 0:
        ledger.below_ms = -1
        return
    if ledger.below_ms < 0:
        ledger.below_ms = now_ms
    if now_ms - ledger.below_ms < params.lag_ms:
        return
    inflow = missing
    if params.per_day >= 0:
        inflow = min(missing, to_quanta(float(params.per_day) * step_ms / DAY_MS))
    ledger.injected += inflow
    ledger.fund += inflow
    ledger.peak = max(ledger.peak, ledger.fund)
