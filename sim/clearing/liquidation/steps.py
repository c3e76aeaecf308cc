"""How many contracts one liquidation step closes: just enough, down to the tier below, or a share."""

from ...kernels.jit import kernel
from ...kernels.ledger.transfer import entry_cost_after
from ...kernels.margin.requirement import position_maintenance
from ...kernels.rounding import compare_products, mul_div_ceil, mul_div_floor, rate_ceil, rate_floor
from ...layout import BASE_ENTRY, BASE_MARK_PLUS_FEE

_SCALE = 1_000_000


#: Exceeds what rounding can add to or take from requirement plus fees: three amounts rounded up, an entry value down.
_SLACK = 4


@kernel
def closing_fees(params, value):
    """What liquidating contracts worth `value` costs, quanta: the penalty and, where it is charged, the taker fee."""
    fees = rate_ceil(value, params.liquidation_fee_ppm, _SCALE)
    if params.liquidation_pays_taker != 0:
        fees += rate_ceil(value, params.taker_ppm, _SCALE)
    return fees


@kernel
def lots_to_comply(lots, cost, mark, params, tiers, allowed):
    """Contracts (absolute), as few as possible, whose close at mark brings requirement plus fees to `allowed` quanta.

    All of them if no smaller number does (CLR-LIQ-006). But for rounding, requirement plus fees is convex in the number
    closed: bisection finds the first number that could do, and the few from there on are tried one by one. A formula of
    the user's own is taken to fall up to the last contract.
    """
    size = lots if lots > 0 else -lots
    sign = 1 if lots > 0 else -1
    low, high = 0, size - _lots_where_fees_win(size, cost, mark * params.tick_value, params, tiers)
    bound = allowed + _SLACK
    if high > 1 and _need_after(lots, cost, mark, params, tiers, sign * high) > bound:
        high -= 1  # the kink of the convex function lies between two whole numbers
    while low + 1 < high:
        middle = (low + high) // 2
        if _need_after(lots, cost, mark, params, tiers, sign * middle) > bound:
            low = middle
        else:
            high = middle
    for close in range(max(1, high), size):
        need = _need_after(lots, cost, mark, params, tiers, sign * close)
        if need <= allowed:
            return close
        if need > bound + _SLACK:  # past the least, whatever was rounded
            break
    return size


@kernel
def _need_after(lots, cost, mark, params, tiers, closed):
    """Requirement of what is left after `closed` (signed) contracts, plus the fees on them."""
    left = position_maintenance(lots - closed, entry_cost_after(cost, lots, -closed, 0), mark, params, tiers)
    return left + closing_fees(params, (closed if closed > 0 else -closed) * mark * params.tick_value)


@kernel
def _lots_where_fees_win(size, cost, unit, params, tiers):
    """Largest position (absolute) whose last contract frees no more margin than closing it costs."""
    fee_ppm = params.liquidation_fee_ppm + (params.taker_ppm if params.liquidation_pays_taker != 0 else 0)
    base, extra_ppm = size * unit, 0
    if params.margin_base == BASE_ENTRY:
        base = cost if cost > 0 else -cost
    elif params.margin_base == BASE_MARK_PLUS_FEE:
        extra_ppm = params.close_fee_ppm
    for tier in range(params.n_tiers):
        if compare_products(tiers[tier].maintenance_ppm + extra_ppm, base, fee_ppm, size * unit) > 0:
            return _lots_at_value(tiers[tier].floor, size, cost, unit, params)
    return size


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
    """Contracts (absolute), as few as possible, whose close takes the position into the tier below; all in the lowest.

    A value exactly on a floor still belongs to the tier above it, so the target is one quantum less. The entry value of
    what is left is rounded down with its sign: a long's may stand just below the floor (CLR-LDG-002).
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
    if params.margin_base == BASE_ENTRY and cost > 0:
        return size - (mul_div_ceil(floor, size, cost) - 1)
    return size - _lots_at_value(floor - 1, size, cost, unit, params)


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
