"""The cascade after a gap, fast: everybody is triggered at one price, and the fund never runs dry.

The same levels and the same arithmetic in the same order as `cascade.cascade` with `fund.settle_level`, hence the same
whole quanta; but the sums of a walk stay in registers and go into the path's state once. Only where nothing depends on
how a level was paid: a book that nobody renews, impact that all decays, orders in one batch, a fund without end.
Leaves to others: all other walks (`cascade.py`), of which this one is a twin.
"""

from ...kernels.jit import inlined_kernel, kernel
from .cascade import PRICE_FLOOR, impact, impact_scale, own_impact
from .fund import PPM, part_of, to_quanta
from .layout import (
    B_LOTS,
    B_OWED,
    B_PRICE,
    I_FEE_PPM,
    I_FEE_SHARE_PPM,
    I_IMPACT,
    I_INTERLEAVED,
    I_SEED,
    I_SURPLUS_FUND,
    L_BOOK,
    L_DRAW,
    L_FEE,
    L_FEE_FUND,
    L_NOTIONAL,
    L_OWED,
    L_SURPLUS,
    L_SURPLUS_FUND,
    LONG,
    N_BOOKED,
    N_BUCKETS,
    N_FUND,
    N_LONG,
    N_NEED,
    N_NEVER_DRY,
    N_PEAK,
)


@inlined_kernel
def is_plain(p):
    """True where `gap_cascade` may stand for `cascade`: see the module. A chain is there if the book and impact fit."""
    return p.chain.shape[1] > 0 and p.n[N_NEVER_DRY] == 1 and p.i[I_INTERLEAVED] == 0


@kernel
def gap_cascade(p, side, before, start):
    """Liquidate what a jump from the price `before` to `start` reaches; return the impact of the walk, + is up."""
    i, n, sign = p.i, p.n, 1 if side == LONG else -1
    first = n[N_LONG + side]
    lots_of, level_of, owed_of = (
        p.book[side, B_LOTS, first:],
        p.book[side, B_PRICE, first:],
        p.book[side, B_OWED, first:],
    )
    kind, scale, fee_ppm, share_ppm = i[I_IMPACT], impact_scale(p, side), i[I_FEE_PPM], i[I_FEE_SHARE_PPM]
    keeps, seed, fund, need, peak = i[I_SURPLUS_FUND], i[I_SEED], n[N_FUND], n[N_NEED], n[N_PEAK]
    notionals, proceeds, owed, fees, fees_fund, draws, levels = 0, 0, 0, 0, 0, 0, 0
    sold, moved, passed = 0.0, 0.0, 0  # moved: relative impact of `sold`
    for k in range(len(lots_of)):
        lots, price = lots_of[k], start - sign * before * moved
        if lots > 0.0:
            if sign * (price - level_of[k]) > 0.0:
                break
            price, sold_after = max(price, PRICE_FLOOR), sold + lots
            after = impact(kind, scale, sold_after)
            own = own_impact(kind, scale, sold, moved, after, lots)
            notional = to_quanta(lots * price)
            paid, due = to_quanta(lots * max(price - sign * before * own, 0.0)), to_quanta(owed_of[k])
            residual = sign * (paid - due)
            left = max(residual, 0)
            fee = min(part_of(notional, fee_ppm, PPM - 1), left) if fee_ppm > 0 else 0
            fee_fund = fee if share_ppm == PPM else part_of(fee, share_ppm, 0)
            draw = left - residual
            fund -= draw
            need = max(need, seed - fund)
            fund += fee_fund + keeps * (left - fee)
            peak = max(peak, fund)
            notionals, proceeds, owed, levels = notionals + notional, proceeds + paid, owed + due, levels + 1
            fees, fees_fund, draws = fees + fee, fees_fund + fee_fund, draws + draw
            sold, moved = sold_after, after
        passed += 1
    n[N_LONG + side] = n[N_BOOKED + side] = first + passed
    n[N_FUND], n[N_NEED], n[N_PEAK] = fund, need, peak
    _book(n, keeps, notionals, sign * proceeds, sign * owed, fees, fees_fund, draws, levels)
    return -sign * before * moved


@inlined_kernel
def _book(n, keeps, notionals, proceeds, owed, fees, fees_fund, draws, levels):
    """Add the sums of a walk to the path's flows; what was left of margins is what came in and what was drawn."""
    surplus = proceeds - owed + draws - fees
    n[L_NOTIONAL] += notionals
    n[L_OWED] += owed
    n[L_BOOK] += proceeds
    n[L_FEE] += fees
    n[L_FEE_FUND] += fees_fund
    n[L_SURPLUS] += surplus
    n[L_SURPLUS_FUND] += keeps * surplus
    n[L_DRAW] += draws
    n[N_BUCKETS] += levels
