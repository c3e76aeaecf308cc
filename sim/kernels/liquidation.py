"""Kernels of liquidation: who comes first, what is sent to the book, and what the penalty is.

They decide sizes and limits and write intents and records; only `charge_liquidation_fees` moves money, by `post_transfer`.
"""

import numpy as np

from sim.events import (
    FLAG_FROZEN,
    FLAG_LIQUIDATED,
    H_CAUSE,
    H_CYCLE,
    H_LOG_ON,
    H_N_TRANSFERS,
    H_SEQ,
    H_TIME_MS,
    I_ACCOUNT,
    I_ARRIVAL,
    I_FILLED,
    I_FLAGS,
    I_KIND,
    I_LOTS,
    I_MARKET,
    I_ORDER,
    I_PRICE,
    I_SIDE,
    I_STATUS,
    I_TIF,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Reason,
    Side,
    TimeInForce,
)
from sim.kernels.bankruptcy import bankruptcy_limit, bankruptcy_quote, lot_value
from sim.kernels.jit import kernel
from sim.kernels.ledger import entry_cost_after, post_transfer
from sim.kernels.margin import equity, maintenance, maintenance_in, position_maintenance
from sim.kernels.records import (
    C_BOOK_NOTIONAL,
    C_FUND_GAIN,
    C_LIQUIDATED_ACCOUNTS,
    C_LIQUIDATED_LONG,
    C_LIQUIDATED_SHORT,
    C_LIQUIDATION_FEES,
    L_ACCOUNT,
    L_BANKRUPTCY_QUOTE,
    L_CYCLE,
    L_EQUITY,
    L_FEE,
    L_LOTS,
    L_LOTS_BOOK,
    L_MAINTENANCE,
    L_MARK,
    L_MARKET,
    L_MARKET_MAINTENANCE,
    L_SEQ,
    L_TIME_MS,
    LIQUIDATION_WIDTH,
    R_LIQUIDATIONS,
    R_ROUND_START,
)
from sim.kernels.rounding import mul_div_floor, rate_ceil, rate_floor
from sim.kernels.state import (
    BASE_ENTRY,
    FEES,
    P_AT_OR_BELOW,
    P_FUND_ROW,
    P_LIQUIDATION_FEE_PPM,
    P_MARGIN_BASE,
    P_N_TIERS,
    P_TICK_VALUE,
    TIER_FLOOR,
    TIER_MAINTENANCE_PPM,
)

# Slots of the lowered liquidation policy, int64[PLAN_WIDTH].
PL_STEP, PL_FRACTION_PPM, PL_WHOLE_BELOW, PL_THEN_WHOLE, PL_STYLE, PL_BAND_PPM = range(6)
PLAN_WIDTH = 8
STEP_FULL, STEP_COMPLIANT, STEP_TIER_FLOOR, STEP_FRACTION = range(4)
STYLE_BANKRUPTCY_LIMIT, STYLE_MARKET = range(2)
PRIORITY_RISKIEST, PRIORITY_BY_ID, PRIORITY_RANDOM = range(3)

_IOC, _LIMIT, _MARKET = int(TimeInForce.IOC), int(OrderKind.LIMIT), int(OrderKind.MARKET)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_FLAGS = int(OrderFlag.LIQUIDATION) | int(OrderFlag.REDUCE_ONLY)
_PENDING = int(OrderStatus.PENDING)
_FEE_REASON = int(Reason.LIQUIDATION_FEE)
_SCALE = 1_000_000
INT64_MAX = 2**63 - 1


@kernel
def is_flat(accounts, row):
    """True if `row` holds no contracts."""
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            return False
    return True


@kernel
def is_distressed(accounts, markets, row):
    """True if equity is below maintenance margin (or at it where the market says so), or flat and below zero."""
    margin = equity(accounts, markets, row) - maintenance(accounts, markets, row)
    if margin != 0:
        return margin < 0
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0 and markets.params[market, P_AT_OR_BELOW] != 0:
            return True
    return False


@kernel
def gather_distressed(accounts, markets, rows, n, only_below_zero, out):
    """Write those of rows[:n] that are distressed (or hold contracts and are below zero) to `out`; return how many."""
    count = 0
    for i in range(n):
        row = rows[i]
        if only_below_zero != 0:
            keep = equity(accounts, markets, row) < 0 and not is_flat(accounts, row)
        else:
            keep = is_distressed(accounts, markets, row)
        if keep:
            out[count] = row
            count += 1
    return count


@kernel
def hash_fraction(key, row):
    """A number in [0, 1) that depends on (key, row) only: splitmix64."""
    mixed = np.uint64(key) + np.uint64(row) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return np.float64(mixed >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def risk_keys(accounts, markets, rows, n, priority, key, out):
    """Write to `out` the sort key of rows[:n], lowest first; ties go to the lower id.

    PRIORITY_RISKIEST: equity / maintenance as float64, -inf where the requirement is 0 (flat and below zero);
    PRIORITY_BY_ID: the id; PRIORITY_RANDOM: a hash of (key, id).
    """
    for i in range(n):
        row = rows[i]
        if priority == PRIORITY_BY_ID:
            out[i] = np.float64(row)
        elif priority == PRIORITY_RANDOM:
            out[i] = hash_fraction(key, row)
        else:
            required = maintenance(accounts, markets, row)
            out[i] = np.float64(equity(accounts, markets, row)) / required if required > 0 else -np.inf


@kernel
def lots_to_comply(lots, cost, mark, params, tiers, allowed):
    """Smallest number of contracts (absolute) whose close at mark brings requirement plus fee down to `allowed` quanta.

    All of them if no smaller number does. Requirement + fee is convex in the number closed, so the search stops where
    the fee rate overtakes the marginal maintenance rate. Rounding up by quantum may make the answer one lot too large.
    """
    size = lots if lots > 0 else -lots
    sign = 1 if lots > 0 else -1
    unit = mark * params[P_TICK_VALUE]
    fee_ppm = params[P_LIQUIDATION_FEE_PPM]
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
    """Largest position (absolute) whose marginal maintenance rate does not exceed the fee rate: no use going below."""
    floor = -1
    for tier in range(params[P_N_TIERS]):
        if tiers[tier, TIER_MAINTENANCE_PPM] > fee_ppm:
            floor = tiers[tier, TIER_FLOOR]
            break
    if floor < 0:
        return size
    return _lots_at_value(floor, size, cost, unit, params)


@kernel
def _lots_at_value(value, size, cost, unit, params):
    """Contracts (at most `size`) that are worth at most `value`, by the measure that the margin tiers use."""
    if params[P_MARGIN_BASE] == BASE_ENTRY:
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
    unit = mark * params[P_TICK_VALUE]
    entry = cost if cost > 0 else -cost
    value = entry if params[P_MARGIN_BASE] == BASE_ENTRY else size * unit
    floor = 0
    for tier in range(params[P_N_TIERS]):
        if tiers[tier, TIER_FLOOR] <= value:
            floor = tiers[tier, TIER_FLOOR]
    if floor == 0:
        return size
    return max(1, size - _lots_at_value(floor - 1, size, cost, unit, params))


@kernel
def lots_of_fraction(lots, unit, plan, attempts):
    """Contracts (absolute) of a step that closes a share: rounded up, and all if the position is small or was stepped."""
    size = lots if lots > 0 else -lots
    if size * unit <= plan[PL_WHOLE_BELOW] or (plan[PL_THEN_WHOLE] != 0 and attempts > 0):
        return size
    return min(size, rate_ceil(size, plan[PL_FRACTION_PPM], _SCALE))


@kernel
def begin_record(accounts, markets, header, records, row, market, row_equity, row_maintenance, last_market):
    """Append one liquidation row for a position (lots 0: an account that is flat and below zero); return its index."""
    index = records.counts[R_LIQUIDATIONS]
    record = records.liquidations[index]
    for column in range(LIQUIDATION_WIDTH):
        record[column] = 0
    lots = accounts.lots[row, market]
    record[L_SEQ] = header[H_SEQ]
    record[L_TIME_MS] = header[H_TIME_MS]
    record[L_CYCLE] = header[H_CYCLE]
    record[L_ACCOUNT] = row
    record[L_MARKET] = market
    record[L_LOTS] = lots
    record[L_MARK] = markets.mark[market]
    record[L_EQUITY] = row_equity
    record[L_MAINTENANCE] = row_maintenance
    if lots != 0:
        record[L_BANKRUPTCY_QUOTE] = bankruptcy_quote(accounts, markets, row, market, lots if lots > 0 else -lots)
        record[L_MARKET_MAINTENANCE] = maintenance_in(accounts, markets, row, market)
        last_market[row] = market
    header[H_SEQ] += 1
    records.counts[R_LIQUIDATIONS] += 1
    if accounts.flags[row] & FLAG_LIQUIDATED == 0 and lots != 0:
        accounts.flags[row] |= FLAG_LIQUIDATED
        records.counters[market, C_LIQUIDATED_ACCOUNTS] += 1
    return index


@kernel
def begin_row(accounts, markets, header, records, waiting, row):
    """Append the liquidation rows of one account: one a position, or one for its debt; link them to the account."""
    row_equity = equity(accounts, markets, row)
    row_maintenance = maintenance(accounts, markets, row)
    records.first_record[row] = records.counts[R_LIQUIDATIONS]
    if is_flat(accounts, row):
        market = max(accounts.market[row], waiting.last_market[row], 0)
        begin_record(accounts, markets, header, records, row, market, row_equity, row_maintenance, waiting.last_market)
        return row_equity
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            begin_record(
                accounts, markets, header, records, row, market, row_equity, row_maintenance, waiting.last_market
            )
    return row_equity


@kernel
def find_record(records, row, market):
    """Index of this round's liquidation row of (row, market); -1 if there is none."""
    index = records.first_record[row]
    if index < records.counts[R_ROUND_START]:
        return -1
    while index < records.counts[R_LIQUIDATIONS] and records.liquidations[index, L_ACCOUNT] == row:
        if records.liquidations[index, L_MARKET] == market:
            return index
        index += 1
    return -1


@kernel
def _write_intent(accounts, markets, intents, index, row, market, lots, plan):
    """Write one liquidation order that closes `lots` contracts (absolute); False if no price on the grid is allowed."""
    held = accounts.lots[row, market]
    mark = markets.mark[market]
    kind, price = _LIMIT, 0
    if plan[PL_STYLE] == STYLE_MARKET:
        band = plan[PL_BAND_PPM]
        if band < 0:
            kind = _MARKET
        elif held > 0:
            price = max(1, mark - rate_floor(mark, band, _SCALE))
        else:
            price = mark + rate_floor(mark, band, _SCALE)
    else:
        whole = bankruptcy_quote(accounts, markets, row, market, held if held > 0 else -held)
        price = bankruptcy_limit(whole, held, markets.params[market, P_TICK_VALUE])
        if price == 0:
            return False
    intent = intents[index]
    intent[I_ACCOUNT] = row
    intent[I_MARKET] = market
    intent[I_SIDE] = _SELL if held > 0 else _BUY
    intent[I_KIND] = kind
    intent[I_TIF] = _IOC
    intent[I_PRICE] = price
    intent[I_LOTS] = lots
    intent[I_FLAGS] = _FLAGS
    intent[I_ORDER] = 0
    intent[I_ARRIVAL] = index
    intent[I_STATUS] = _PENDING
    intent[I_FILLED] = 0
    return True


@kernel
def _plan_to_comply(accounts, markets, row, row_equity, plan, intents, count):
    """Orders that restore one account with the fewest contracts: its largest requirement first, the next if need be."""
    free = row_equity
    total = maintenance(accounts, markets, row)
    last_size, last_market = INT64_MAX, -1
    for _ in range(accounts.lots.shape[1]):
        best, best_size = -1, -1
        for market in range(accounts.lots.shape[1]):
            if accounts.lots[row, market] == 0:
                continue
            size = maintenance_in(accounts, markets, row, market)
            later = size < last_size or (size == last_size and market > last_market)
            if later and size > best_size:
                best, best_size = market, size
        if best < 0:
            return count
        last_size, last_market = best_size, best
        params, lots = markets.params[best], accounts.lots[row, best]
        size = lots if lots > 0 else -lots
        allowed = free - (total - best_size) - (1 if params[P_AT_OR_BELOW] != 0 else 0)
        close = lots_to_comply(lots, accounts.cost[row, best], markets.mark[best], params, markets.tiers[best], allowed)
        if _write_intent(accounts, markets, intents, count, row, best, close, plan):
            count += 1
        if close < size:
            return count
        total -= best_size
        free -= rate_ceil(size * lot_value(markets, best), params[P_LIQUIDATION_FEE_PPM], _SCALE)
    return count


@kernel
def _plan_row(accounts, markets, waiting, row, row_equity, plan, intents, count):
    """Orders of one account, by the step of the policy; an account below zero is always closed in full."""
    if plan[PL_STEP] == STEP_COMPLIANT and row_equity >= 0:
        return _plan_to_comply(accounts, markets, row, row_equity, plan, intents, count)
    for market in range(accounts.lots.shape[1]):
        lots = accounts.lots[row, market]
        if lots == 0:
            continue
        close = lots if lots > 0 else -lots
        if row_equity >= 0 and plan[PL_STEP] == STEP_TIER_FLOOR:
            close = lots_to_tier_floor(
                lots, accounts.cost[row, market], markets.mark[market], markets.params[market], markets.tiers[market]
            )
        elif row_equity >= 0 and plan[PL_STEP] == STEP_FRACTION:
            close = lots_of_fraction(lots, lot_value(markets, market), plan, waiting.attempts[row])
        if _write_intent(accounts, markets, intents, count, row, market, close, plan):
            count += 1
    return count


@kernel
def plan_liquidations(accounts, markets, header, rows, n, plan, waiting, records, intents):
    """Write liquidation orders for rows[:n], in that order; return (number of orders, number of rows still distressed).

    Rows that have recovered are dropped: rows[:m] holds the others afterwards. Each gets its liquidation records and is
    frozen. `intents` and `records` have room for one entry per position of these rows. plan: int64 (PLAN_WIDTH,).
    """
    count = 0
    kept = 0
    records.counts[R_ROUND_START] = records.counts[R_LIQUIDATIONS]
    for i in range(n):
        row = rows[i]
        if not is_distressed(accounts, markets, row):
            continue
        rows[kept] = row
        kept += 1
        row_equity = begin_row(accounts, markets, header, records, waiting, row)
        accounts.flags[row] |= FLAG_FROZEN
        count = _plan_row(accounts, markets, waiting, row, row_equity, plan, intents, count)
        waiting.attempt_ms[row] = header[H_TIME_MS]
        waiting.attempts[row] += 1
    return count, kept


@kernel
def note_closed(records, markets, market, lots, held, column):
    """Count `lots` contracts (absolute) of a position that was `held` (signed) as liquidated, once, in counter `column`."""
    notional = lots * lot_value(markets, market)
    records.counters[market, C_LIQUIDATED_LONG if held > 0 else C_LIQUIDATED_SHORT] += notional
    if column >= 0:
        records.counters[market, column] += notional


@kernel
def charge_liquidation_fees(accounts, markets, log, intents, start, n, fund_share_ppm, records):
    """After matching: write fills to the records and charge the penalty on what was filled; return the next intent.

    Fee = ceil(filled lots x mark x rate), at most the equity the account still has; the market's FUND gets its share
    rounded down, FEES the rest. fund_share_ppm: int64 (M,).  Returns n, or less when the transfer log is short of room.
    """
    header = log.header
    for i in range(start, n):
        if header[H_LOG_ON] != 0 and header[H_N_TRANSFERS] + 2 > log.transfers.shape[0]:
            header[H_CAUSE] = -1
            return i
        filled = intents[i, I_FILLED]
        if filled == 0:
            continue
        row, market = intents[i, I_ACCOUNT], intents[i, I_MARKET]
        index = find_record(records, row, market)
        record = records.liquidations[index]
        record[L_LOTS_BOOK] += filled
        note_closed(records, markets, market, filled, record[L_LOTS], C_BOOK_NOTIONAL)
        fee = rate_ceil(filled * lot_value(markets, market), markets.params[market, P_LIQUIDATION_FEE_PPM], _SCALE)
        fee = min(fee, max(0, equity(accounts, markets, row)))
        if fee == 0:
            continue
        header[H_CAUSE] = record[L_SEQ]
        to_fund = rate_floor(fee, fund_share_ppm[market], _SCALE)
        fund = markets.params[market, P_FUND_ROW]
        if to_fund > 0:
            post_transfer(accounts, markets, log, row, fund, to_fund, 0, market, _FEE_REASON, 0)
        if fee > to_fund:
            post_transfer(accounts, markets, log, row, FEES, fee - to_fund, 0, market, _FEE_REASON, 0)
        record[L_FEE] += fee
        records.counters[market, C_LIQUIDATION_FEES] += fee
        records.counters[market, C_FUND_GAIN] += to_fund
    header[H_CAUSE] = -1
    return n
