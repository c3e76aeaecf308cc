"""Liquidation orders: their order, size and limit price. Moves no money."""

import numpy as np

from ...kernels.clearing.liquidation_records import begin_row, find_record
from ...kernels.hashing import GOLDEN, splitmix64
from ...kernels.jit import inlined_kernel, kernel
from ...kernels.margin.bankruptcy import bankruptcy_limit, lot_value
from ...kernels.margin.requirement import equity, is_distressed, maintenance, maintenance_in
from ...kernels.rounding import rate_floor
from ...layout import (
    FLAG_FROZEN,
    STEP_COMPLIANT,
    STEP_FRACTION,
    STEP_TIER_FLOOR,
    STYLE_MARKET,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Side,
    TimeInForce,
)
from .steps import closing_fees, lots_of_fraction, lots_to_comply, lots_to_tier_floor

PRIORITY_RISKIEST, PRIORITY_BY_ID, PRIORITY_RANDOM = range(3)

_IOC, _LIMIT, _MARKET = int(TimeInForce.IOC), int(OrderKind.LIMIT), int(OrderKind.MARKET)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_FLAGS = int(OrderFlag.LIQUIDATION) | int(OrderFlag.REDUCE_ONLY)
_PENDING = int(OrderStatus.PENDING)
_SCALE = 1_000_000
INT64_MAX = 2**63 - 1
_mix = inlined_kernel(splitmix64)


@kernel
def hash_fraction(key, row):
    """A number in [0, 1) that depends on (key, row) only."""
    mixed = _mix(np.uint64(key) + np.uint64(row) * GOLDEN)
    return np.float64(mixed >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def risk_keys(accounts, markets, rows, priority, key, out):
    """Write to `out` the sort key of each of `rows`, lowest first; ties go to the lower id.

    PRIORITY_RISKIEST: equity / maintenance as float64, -inf where the requirement is 0 (flat and below zero);
    PRIORITY_BY_ID: the id; PRIORITY_RANDOM: a hash of (key, id).
    """
    for i in range(rows.shape[0]):
        row = rows[i]
        if priority == PRIORITY_BY_ID:
            out[i] = np.float64(row)
        elif priority == PRIORITY_RANDOM:
            out[i] = hash_fraction(key, row)
        else:
            required = maintenance(accounts, markets, row)
            out[i] = np.float64(equity(accounts, markets, row)) / required if required > 0 else -np.inf


@kernel
def _write_intent(exchange, intents, index, row, market, lots, plan):
    """Write one liquidation order that closes `lots` contracts (absolute); False if no price on the grid is allowed."""
    held, mark, records = exchange.accounts.lots[row, market], exchange.markets.mark[market], exchange.records
    kind, price = _LIMIT, 0
    record = records.liquidations[find_record(records, row, market)]
    if plan[0].style == STYLE_MARKET:
        band = plan[0].band_ppm
        if band < 0:
            kind = _MARKET
        elif held > 0:
            price = max(1, mark - rate_floor(mark, band, _SCALE))
        else:
            price = mark + rate_floor(mark, band, _SCALE)
    else:
        price = bankruptcy_limit(record.bankruptcy_quote, held, exchange.markets.params[market].tick_value)
        if price == 0:
            return False
    intent = intents[index]
    intent.account = row
    intent.market = market
    intent.side = _SELL if held > 0 else _BUY
    intent.kind = kind
    intent.tif = _IOC
    intent.price = price
    intent.lots = lots
    intent.order_flags = _FLAGS
    intent.order = record.seq  # cause of its fills
    intent.arrival = index
    intent.status = _PENDING
    intent.filled = 0
    return True


@kernel
def _plan_to_comply(exchange, row, row_equity, plan, intents, count):
    """Orders that restore one account by closing as little as possible, from its largest requirement down."""
    accounts, markets = exchange.accounts, exchange.markets
    free = row_equity
    strict = _strict_positions(accounts, markets, row)
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
        allowed = free - (total - best_size) - (1 if strict > 0 else 0)
        close = lots_to_comply(lots, accounts.cost[row, best], markets.mark[best], params, markets.tiers[best], allowed)
        if _write_intent(exchange, intents, count, row, best, close, plan):
            count += 1
        if close < size:
            return count
        strict -= 1 if params.at_or_below != 0 else 0
        total -= best_size
        free -= closing_fees(params, size * lot_value(markets, best))
        if free - (1 if strict > 0 else 0) >= total:
            return count
    return count


@kernel
def _strict_positions(accounts, markets, row):
    """Number of the row's positions whose schedule makes it distressed at its requirement too (CLR-MRG-003)."""
    count = 0
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0 and markets.params[market].at_or_below != 0:
            count += 1
    return count


@kernel
def _plan_row(exchange, row, row_equity, plan, intents, count):
    """Orders of one account, by the step of the policy; an account below zero is always closed in full."""
    accounts, markets = exchange.accounts, exchange.markets
    if plan[0].step == STEP_COMPLIANT and row_equity >= 0:
        return _plan_to_comply(exchange, row, row_equity, plan, intents, count)
    for market in range(accounts.lots.shape[1]):
        lots = accounts.lots[row, market]
        if lots == 0:
            continue
        close = lots if lots > 0 else -lots
        if row_equity >= 0 and plan[0].step == STEP_TIER_FLOOR:
            close = lots_to_tier_floor(
                lots, accounts.cost[row, market], markets.mark[market], markets.params[market], markets.tiers[market]
            )
        elif row_equity >= 0 and plan[0].step == STEP_FRACTION:
            close = lots_of_fraction(lots, lot_value(markets, market), plan, exchange.waiting.attempts[row])
        if _write_intent(exchange, intents, count, row, market, close, plan):
            count += 1
    return count


@kernel
def plan_liquidations(exchange, rows, plan, intents):
    """Write liquidation orders for `rows`, in that order; return (number of orders, number of rows still distressed).

    Rows that have recovered are dropped: rows[:m] holds the others afterwards. Each gets its liquidation records and is
    frozen. `intents` and the records have room for one entry per position of these rows. plan: PLAN_DTYPE (1,).
    """
    accounts, records, waiting = exchange.accounts, exchange.records, exchange.waiting
    count = 0
    kept = 0
    records.counts[0].round_start = records.counts[0].liquidations
    for i in range(rows.shape[0]):
        row = rows[i]
        if not is_distressed(accounts, exchange.markets, row):
            continue
        rows[kept] = row
        kept += 1
        row_equity = begin_row(exchange, row)
        accounts.flags[row] |= FLAG_FROZEN
        count = _plan_row(exchange, row, row_equity, plan, intents, count)
        waiting.attempt_ms[row] = exchange.log.header[0].time_ms
        waiting.attempts[row] += 1
    return count, kept
