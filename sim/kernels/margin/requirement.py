"""Equity, maintenance and initial margin of rows, and the pre-trade check of an order.

Maintenance of a position is ceil(base x rate) - deduction in the tier of its base value, where the base is the
notional at mark, the notional at entry, or the notional at mark plus a closing fee. Initial margin is ceil(notional x
rate) with the larger of the rate the trader chose (1 / leverage) and the tier's. Both are rounded up (CLR-MRG rules).
"""

from ...layout import BASE_ENTRY, BASE_MARK_PLUS_FEE, AccountMode, OrderStatus, Side
from ..jit import kernel
from ..rounding import rate_ceil

_PPM = 1_000_000
_DONE, _MARGIN, _CAP = int(OrderStatus.DONE), int(OrderStatus.REJECTED_MARGIN), int(OrderStatus.REJECTED_TIER_CAP)
_ISOLATED, _BUY = int(AccountMode.ISOLATED), int(Side.BUY)


@kernel
def find_tier(notional, tiers, n_tiers):
    """Index of the last tier whose floor is not above `notional`: a notional on a floor belongs to the higher tier."""
    tier = 0
    while tier + 1 < n_tiers and tiers[tier + 1].floor <= notional:
        tier += 1
    return tier


@kernel
def position_maintenance(lots, cost, mark, params, tiers):
    """Maintenance margin of one position, quanta, rounded up, never below 0.

    lots: signed.  cost: signed entry cost, quanta.  mark: ticks.  params, tiers: of its market.
    """
    if lots == 0:
        return 0
    size = abs(lots)
    notional = size * mark * params.tick_value
    base = notional
    if params.margin_base == BASE_ENTRY:
        base = abs(cost)
    tier = find_tier(base, tiers, params.n_tiers)
    rate = tiers[tier].maintenance_ppm
    if params.margin_base == BASE_MARK_PLUS_FEE:
        # One rounding for both, else a tick worth one quantum could raise the margin by two.
        rate += params.close_fee_ppm
    margin = rate_ceil(base, rate, _PPM) - tiers[tier].deduction
    return margin if margin > 0 else 0


@kernel
def measure_maintenance(lots, cost, mark, params, tiers, out):
    """Write the maintenance margin of each of many positions of one market to `out`, quanta, int64 (n,)."""
    for i in range(lots.shape[0]):
        out[i] = position_maintenance(lots[i], cost[i], mark, params, tiers)


@kernel
def equity(accounts, markets, row):
    """Quote plus the value of all positions at mark, quanta."""
    total = accounts.quote[row]
    for market in range(accounts.lots.shape[1]):
        total += accounts.lots[row, market] * markets.mark[market] * markets.params[market].tick_value
    return total


@kernel
def maintenance_in(accounts, markets, row, market):
    """Maintenance margin of the row's position in one market, quanta."""
    return position_maintenance(
        accounts.lots[row, market],
        accounts.cost[row, market],
        markets.mark[market],
        markets.params[market],
        markets.tiers[market],
    )


@kernel
def maintenance(accounts, markets, row):
    """Maintenance margin of all positions of the row, quanta; no netting between markets."""
    total = 0
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            total += maintenance_in(accounts, markets, row, market)
    return total


@kernel
def is_distressed(accounts, markets, row):
    """True if equity is below maintenance margin (or at it, where a held market says so), or flat below zero."""
    left = accounts.quote[row]
    strict = True
    for market in range(accounts.lots.shape[1]):
        lots = accounts.lots[row, market]
        if lots != 0:
            left += lots * markets.mark[market] * markets.params[market].tick_value
            left -= maintenance_in(accounts, markets, row, market)
            if markets.params[market].at_or_below != 0:
                strict = False
    return left < 0 or (left == 0 and not strict)


@kernel
def measure_rows(accounts, markets, rows, out_equity, out_maintenance):
    """Write equity and maintenance margin of `rows`, quanta, to the two buffers."""
    for i in range(rows.shape[0]):
        out_equity[i] = equity(accounts, markets, rows[i])
        out_maintenance[i] = maintenance(accounts, markets, rows[i])


@kernel
def worst_lots(accounts, row, market, extra_bid, extra_ask):
    """Maximum |position| the row can reach if all its orders on one side fill, with extra lots on either side."""
    lots = accounts.lots[row, market]
    up = abs(lots + accounts.open_bid[row, market] + extra_bid)
    down = abs(lots - accounts.open_ask[row, market] - extra_ask)
    return up if up > down else down


@kernel
def initial_requirement(notional, own_ppm, params, tiers):
    """Initial margin of a notional, quanta, rounded up."""
    tier_ppm = tiers[find_tier(notional, tiers, params.n_tiers)].initial_ppm
    return rate_ceil(notional, own_ppm if own_ppm > tier_ppm else tier_ppm, _PPM)


@kernel
def check_order(accounts, markets, row, market, side, price, lots):
    """OrderStatus of an order before it trades: DONE, REJECTED_MARGIN or REJECTED_TIER_CAP.

    An order that, with the row's other open orders on its side, can only reduce the position always passes. Others
    need equity at the last published mark, less what the order would lose against the mark at its price, to cover
    initial margin on the worst side of positions and open orders in all markets; and a leverage and size the tier
    admits.
    """
    if accounts.mode[row] == _ISOLATED and accounts.market[row] != market:
        return _MARGIN
    held = accounts.lots[row, market]
    is_buy = side == _BUY
    resting = accounts.open_bid[row, market] if is_buy else accounts.open_ask[row, market]
    opposite = -held if is_buy else held
    if opposite > 0 and resting + lots <= opposite:
        return _DONE
    params = markets.params[market]
    unit = params.tick_value
    mark = markets.mark[market]
    worst = worst_lots(accounts, row, market, lots if is_buy else 0, 0 if is_buy else lots)
    if worst > params.notional_cap // (mark * unit):  # before the product, which might leave int64
        return _CAP
    notional = worst * mark * unit
    tiers = markets.tiers[market]
    own_ppm = accounts.initial_ppm[row]
    if own_ppm < tiers[find_tier(notional, tiers, params.n_tiers)].initial_ppm:
        return _CAP
    needed = rate_ceil(notional, own_ppm, _PPM)
    for other in range(accounts.lots.shape[1]):
        if other != market:
            size = worst_lots(accounts, row, other, 0, 0)
            if size != 0:
                value = size * markets.mark[other] * markets.params[other].tick_value
                needed += initial_requirement(value, own_ppm, markets.params[other], markets.tiers[other])
    worse = price - mark if is_buy else mark - price
    loss = worse * lots * unit if worse > 0 and price > 0 else 0
    return _DONE if equity(accounts, markets, row) - loss >= needed else _MARGIN
