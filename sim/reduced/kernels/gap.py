"""The cascade after a gap, fast: all levels are triggered at one price, and the fund never runs dry.

The same levels and the same arithmetic in the same order as `cascade.cascade` with `fund.settle_level`, hence the same
whole quanta; but the sums of a walk stay in registers and go into the path's state once. Valid only if nothing depends
on how a level was paid: a book without renewal, impact that decays fully, orders in one batch, a fund without limit.
Leaves to others: all other walks (`cascade.py`), of which this one is a twin.
"""

from ...kernels.jit import inlined_kernel, kernel
from ..layout import LONG
from .cascade import PRICE_FLOOR, impact, impact_scale, own_impact
from .fund import PPM, part_of, to_quanta


@inlined_kernel
def is_plain(p):
    """True if `gap_cascade` may replace `cascade`: see the module. A chain exists if the book and impact fit."""
    return p.chain.shape[1] > 0 and p.ledger[0].never_dry == 1 and p.params[0].interleaved == 0


@kernel
def gap_cascade(p, side, before, start):
    """Liquidate the levels reached by a jump from the price `before` to `start`; return the walk's impact, + is up."""
    params, ledger, sign = p.params[0], p.ledger[0], 1 if side == LONG else -1
    first = ledger.reached[side]
    lots_of, level_of, owed_of = p.lots[side, first:], p.prices[side, first:], p.owed[side, first:]
    kind, scale, cap = params.impact, impact_scale(p, side, True), params.impact_cap
    fee_ppm, share_ppm = params.fee_ppm, params.fee_share_ppm
    keeps, seed, fund, need, peak = params.fund_keeps, params.seed, ledger.fund, ledger.need, ledger.peak
    notionals, proceeds, owed, fees, fees_fund, draws, levels = 0, 0, 0, 0, 0, 0, 0
    sold, moved, passed = 0.0, 0.0, 0  # moved: relative impact of `sold`
    for k in range(len(lots_of)):
        lots, price = lots_of[k], start - sign * before * moved
        if lots > 0.0:
            if sign * (price - level_of[k]) > 0.0:
                break
            price, sold_after = max(price, PRICE_FLOOR), sold + lots
            after = impact(kind, scale, cap, sold_after)
            own = own_impact(kind, scale, cap, moved, after, lots)
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
    ledger.reached[side] = ledger.booked[side] = first + passed
    ledger.fund, ledger.need, ledger.peak = fund, need, peak
    _book(ledger, keeps, notionals, sign * proceeds, sign * owed, fees, fees_fund, draws, levels)
    return -sign * before * moved


@inlined_kernel
def _book(ledger, keeps, notionals, proceeds, owed, fees, fees_fund, draws, levels):
    """Add the sums of a walk to the path's flows; the surplus follows from income, draws and fees."""
    surplus = proceeds - owed + draws - fees
    ledger.notional += notionals
    ledger.owed += owed
    ledger.book += proceeds
    ledger.fee += fees
    ledger.fee_fund += fees_fund
    ledger.surplus += surplus
    ledger.surplus_fund += keeps * surplus
    ledger.draw += draws
    ledger.levels += levels
