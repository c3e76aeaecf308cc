"""The money of one liquidated level: fee and surplus into the fund, shortfall out of it, then winners, in whole quanta.

Everything comes from what is left of the level's margin: the fee never exceeds it, and what is left after the fee is
the surplus, so the two are never counted twice. What the book paid less than the bankruptcy price is paid in the order
of the waterfall: fund, ADL at the bankruptcy price, socialised loss, bad debt.
"""

import math

from ...kernels.jit import inlined_kernel, kernel
from .layout import (
    I_ADL,
    I_CAP,
    I_FEE_PPM,
    I_FEE_SHARE_PPM,
    I_FUND_PAYS,
    I_LAG_MS,
    I_PER_DAY,
    I_SEED,
    I_SOCIALISE,
    I_SURPLUS_FUND,
    I_TRIGGER_PPM,
    L_ADL_HARM,
    L_ADL_NOTIONAL,
    L_ADL_OWED,
    L_BAD_DEBT,
    L_BOOK,
    L_DRAW,
    L_FEE,
    L_FEE_FUND,
    L_INJECTED,
    L_NOTIONAL,
    L_OWED,
    L_SOCIALISED,
    L_SURPLUS,
    L_SURPLUS_FUND,
    L_WITHDRAWN,
    N_BELOW_MS,
    N_FIRST_ADL,
    N_FIRST_EMPTY,
    N_FUND,
    N_NEED,
    N_NEVER_DRY,
    N_PEAK,
)

DAY_MS = 86_400_000
PPM = 1_000_000


@inlined_kernel
def to_quanta(amount):
    """A float amount as the nearest whole quantum."""
    return math.floor(amount + 0.5)


@inlined_kernel
def settle_level(i, n, never_dry, sign, lots, owed, price, fill, now_ms):
    """Book a level of `lots` that was triggered at `price` and filled at `fill`; return the share the book took.

    lots: notional at the opening price.  owed: whole quanta at which closing leaves nothing.  sign: 1 long, -1 short.
    """
    notional = to_quanta(lots * price)
    proceeds = to_quanta(lots * fill)
    n[L_NOTIONAL] += notional
    n[L_OWED] += sign * owed
    residual = sign * (proceeds - owed)
    if not never_dry and residual < 0:
        return _pay(i, n, sign, -residual, owed, lots * price, now_ms)
    n[L_BOOK] += sign * proceeds
    _keep(i, n, residual, notional)
    return 1.0


@inlined_kernel
def _keep(i, n, residual, notional):
    """Share out what is left of a level's margin; what is missing (residual < 0) comes out of a fund that never ends.

    Both are one flow of instructions: whether a level is short is a coin that the processor cannot guess.
    """
    left = max(residual, 0)
    fee = min(part_of(notional, i[I_FEE_PPM], PPM - 1), left)
    surplus = left - fee
    fee_fund = fee if i[I_FEE_SHARE_PPM] == PPM else part_of(fee, i[I_FEE_SHARE_PPM], 0)
    kept = surplus if i[I_SURPLUS_FUND] == 1 else 0
    draw = left - residual
    n[L_FEE] += fee
    n[L_FEE_FUND] += fee_fund
    n[L_SURPLUS] += surplus
    n[L_SURPLUS_FUND] += kept
    n[L_DRAW] += draw
    n[N_FUND] -= draw
    n[N_NEED] = max(n[N_NEED], i[I_SEED] - n[N_FUND])
    gain(i, n, fee_fund + kept)


@inlined_kernel
def part_of(amount, ppm, up):
    """(amount x ppm + up) // 1_000_000 without leaving int64; up: PPM - 1 rounds up, 0 down. amount >= 0."""
    if amount < (1 << 42):
        return (amount * ppm + up) // PPM
    return (amount // PPM) * ppm + ((amount % PPM) * ppm + up) // PPM


@inlined_kernel
def gain(i, n, amount):
    """Pay `amount` into the fund; what exceeds its cap goes to the exchange."""
    n[N_FUND] += amount
    if i[I_CAP] >= 0 and n[N_NEVER_DRY] == 0 and n[N_FUND] > i[I_CAP]:
        n[L_WITHDRAWN] += n[N_FUND] - i[I_CAP]
        n[N_FUND] = i[I_CAP]
    n[N_PEAK] = max(n[N_PEAK], n[N_FUND])


@kernel
def available(i, n):
    """What the fund may pay now: all of it, or down to where the drawdown trigger stops it."""
    if i[I_FUND_PAYS] == 0:
        return 0
    if i[I_TRIGGER_PPM] >= PPM:
        return max(0, n[N_FUND])
    kept = PPM - i[I_TRIGGER_PPM]
    floor = (n[N_PEAK] // PPM) * kept - ((-(n[N_PEAK] % PPM) * kept) // PPM)
    return max(0, n[N_FUND] - floor)


@kernel
def _pay(i, n, sign, shortfall, owed, worth, now_ms):
    """Pay a level's shortfall down the waterfall; return the share of the level that the book took."""
    paid = min(shortfall, available(i, n))
    unpaid = shortfall - paid
    n[L_DRAW] += paid
    n[N_FUND] -= paid
    n[N_NEED] = max(n[N_NEED], i[I_SEED] - n[N_FUND])
    if n[N_FIRST_EMPTY] < 0 and i[I_FUND_PAYS] == 1 and n[N_FUND] <= 0:
        n[N_FIRST_EMPTY] = now_ms
    if unpaid == 0 or i[I_ADL] == 0:
        n[L_BOOK] += sign * owed - shortfall
        if i[I_SOCIALISE] == 1:
            n[L_SOCIALISED] += unpaid
        else:
            n[L_BAD_DEBT] += unpaid
        return 1.0
    part = unpaid / shortfall
    owed_adl = to_quanta(owed * part)
    closed = to_quanta(worth * part)
    n[L_ADL_OWED] += sign * owed_adl
    n[L_ADL_NOTIONAL] += closed
    n[L_ADL_HARM] += sign * (owed_adl - closed)
    n[L_BOOK] += sign * (owed - owed_adl) - paid
    if n[N_FIRST_ADL] < 0:
        n[N_FIRST_ADL] = now_ms
    return 1.0 - part


@kernel
def replenish(i, n, now_ms, step_ms):
    """Bring money from outside to a fund that has been below its seed for the lag; called once a step."""
    if i[I_LAG_MS] < 0 or n[N_NEVER_DRY] == 1:
        return
    missing = i[I_SEED] - n[N_FUND]
    if missing <= 0:
        n[N_BELOW_MS] = -1
        return
    if n[N_BELOW_MS] < 0:
        n[N_BELOW_MS] = now_ms
    if now_ms - n[N_BELOW_MS] < i[I_LAG_MS]:
        return
    inflow = missing
    if i[I_PER_DAY] >= 0:
        inflow = min(missing, to_quanta(float(i[I_PER_DAY]) * step_ms / DAY_MS))
    n[L_INJECTED] += inflow
    n[N_FUND] += inflow
    n[N_PEAK] = max(n[N_PEAK], n[N_FUND])
