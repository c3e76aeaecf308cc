"""How many contracts one liquidation step closes: just enough, down to the tier below, or a share."""

from ...kernels.jit import kernel
from ...kernels.ledger.transfer import entry_cost_after
from ...kernels.margin.requirement import position_maintenance
from ...kernels.rounding import mul_div_floor, rate_ceil, rate_floor
from ...layout import BASE_ENTRY

_SCALE = 1_000_000


@kernel
def closing_fee_ppm(params):
    """What a liquidated contract costs, ppm of its value: the penalty, and the taker fee where it is charged."""
    return params.liquidation_fee_ppm + (params.taker_ppm if params.liquidation_pays_taker != 0 else 0)


@kernel
def lots_to_comply(lots, cost, mark, params, tiers, allowed):
    """Smallest number of contracts (absolute) whose close at mark brings requirement plus fee down to `allowed` quanta.

    All of them if no smaller number does. Requirement + fee is convex in the number closed, so the search stops where
    the fee rate overtakes the marginal maintenance rate. Rounding up by quantum may make the answer one lot too large.
    """
    size = lots if lots > 0 else -lots
    sign = 1 if lots > 0 else -1
    unit = mark * params.tick_value
    fee_ppm = closing_fee_ppm(params)
    least = _lots_where_fee_wins(size, cost, unit, params, tiers, fee_ppm)
    low, high = 0, size - least
    while low + 1 < high:
        middle = (low + high) // 2
        if _need_after(lots, cost, mark, params, tiers, sign * middle, unit, fee_ppm) > allowed:
            low = middle
        else:
            high = middle
    if high < 1 or _need_after(lots, cost, mark, params, tiers, sign * high, unit, fee_ppm) > allowed:
        return size
    return high


@kernel
def _need_after(lots, cost, mark, params, tiers, closed, unit, fee_ppm):
    """Requirement of what is left after `closed` (signed) contracts, plus the fee on them."""
    left = position_maintenance(lots - closed, entry_cost_after(cost, lots, -closed, 0), mark, params, tiers)
    notional = (closed if closed > 0 else -closed) * unit
    return left + rate_ceil(notional, fee_ppm, _SCALE)


@kernel
def _lots_where_fee_wins(size, cost, unit, params, tiers, fee_ppm):
    """Largest position (absolute) whose marginal maintenance rate does not exceed the fee rate: a floor for closes."""
    floor = -1
    for tier in range(params.n_tiers):
        if tiers[tier].maintenance_ppm > fee_ppm:
            floor = tiers[tier].floor
            break
    if floor < 0:
        return size
    return _lots_at_value(floor, size, cost, unit, params)


@kernel
def _lots_at_value(value, size, cost, unit, params):
    """Contracts (at most `size`) that are worth at most `value`, by the measure that the margin tiers use."""
    if params.margin_base == BASE_ENTRY:
        entry = cost if cost > 0 else -cost
        left = mul_div_floor(value, size, entry) if entry > 0 else size
    else:
        left = value // unit
    return left if left < size else size


@kernel
def lots_to_tier_floor(lots, cost, mark, params, tiers):
    """Contracts (absolute) to close so that the position falls into the tier below; all of them in the lowest tier.

    A value exactly on a floor still belongs to the tier above it, so the target is one quantum less.
    """
    size = lots if lots > 0 else -lots
    unit = mark * params.tick_value
    entry = cost if cost > 0 else -cost
    value = entry if params.margin_base == BASE_ENTRY else size * unit
    floor = 0
    for tier in range(params.n_tiers):
        if tiers[tier].floor <= value:
            floor = tiers[tier].floor
    if floor == 0:
        return size
    return max(1, size - _lots_at_value(floor - 1, size, cost, unit, params))


@kernel
def lots_of_fraction(lots, unit, plan, attempts):
    """Contracts (absolute) of a step that closes a share.

    Rounded up, or down to no less than one lot; all if the position is small or was stepped (CLR-LIQ-008).
    """
    size = lots if lots > 0 else -lots
    if size * unit <= plan[0].whole_below or (plan[0].then_whole != 0 and attempts > 0):
        return size
    if plan[0].round_down != 0:
        return max(1, rate_floor(size, plan[0].fraction_ppm, _SCALE))
    return min(size, rate_ceil(size, plan[0].fraction_ppm, _SCALE))
