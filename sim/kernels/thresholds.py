"""Which rows may be distressed at a mark, without looking at all of them: price thresholds by row, bounds by block of rows.

A row with one position is distressed exactly when the mark is at or below `down` (long) or at or above `up` (short): both are
the exact solution of the integer predicate, recomputed whenever the row is touched. Rows with several positions, and flat rows
below zero, have no such price: they are candidates always, and every candidate is verified. A block's bound may be stale on the
cautious side only; a scan that enters a block puts it right. The oracle in tests is the dense scan.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.events import H_N_TOUCHED, AccountMode
from sim.kernels.jit import kernel
from sim.kernels.margin import equity, find_tier, maintenance, position_maintenance
from sim.kernels.state import (
    BASE_ENTRY,
    BASE_MARK_PLUS_FEE,
    P_AT_OR_BELOW,
    P_CLOSE_FEE_PPM,
    P_MARGIN_BASE,
    P_N_TIERS,
    P_TICK_VALUE,
    TIER_DEDUCTION,
    TIER_MAINTENANCE_PPM,
)

BLOCK = 256
NEVER_DOWN = 0
ALWAYS_DOWN = 2**31 - 1
NEVER_UP = 2**31 - 1

_RESERVED = int(AccountMode.RESERVED)


class Thresholds(NamedTuple):
    """Prices in ticks at which rows become distressed, and their bounds over blocks of BLOCK rows."""

    down: npt.NDArray[np.int32]  # (M, A) distressed at mark <= down
    up: npt.NDArray[np.int32]  # (M, A) distressed at mark >= up
    block_down: npt.NDArray[np.int32]  # (M, blocks) at least the largest `down` of the block
    block_up: npt.NDArray[np.int32]  # (M, blocks) at most the smallest `up` of the block


def make_thresholds(n_markets: int, n_rows: int) -> Thresholds:
    """Return thresholds of rows that hold nothing."""
    n_blocks = (n_rows + BLOCK - 1) // BLOCK
    return Thresholds(
        down=np.full((n_markets, n_rows), NEVER_DOWN, np.int32),
        up=np.full((n_markets, n_rows), NEVER_UP, np.int32),
        block_down=np.full((n_markets, n_blocks), NEVER_DOWN, np.int32),
        block_up=np.full((n_markets, n_blocks), NEVER_UP, np.int32),
    )


@kernel
def is_distressed_at(quote, lots, cost, mark, params, tiers):
    """Whether a row with this one position is below (or at, if the rule book says so) its maintenance margin at `mark`."""
    margin = position_maintenance(lots, cost, mark, params, tiers)
    left = quote + lots * mark * params[P_TICK_VALUE] - margin
    return left < 0 or (left == 0 and params[P_AT_OR_BELOW] != 0)


@kernel
def _guess(quote, lots, cost, mark, params, tiers):
    """Price in ticks where equity about equals maintenance margin in the tier at `mark`: floating point, to start from."""
    unit = float(lots * params[P_TICK_VALUE])
    size = unit if unit > 0 else -unit
    base = size * mark
    if params[P_MARGIN_BASE] == BASE_ENTRY:
        base = float(cost if cost > 0 else -cost)
    tier = find_tier(int(base), tiers, params[P_N_TIERS])
    rate = tiers[tier, TIER_MAINTENANCE_PPM] / 1e6
    fixed = -float(tiers[tier, TIER_DEDUCTION])
    if params[P_MARGIN_BASE] == BASE_ENTRY:
        fixed += base * rate
        rate = 0.0
    if params[P_MARGIN_BASE] == BASE_MARK_PLUS_FEE:
        rate += params[P_CLOSE_FEE_PPM] / 1e6
    price = (fixed - float(quote)) / (unit - size * rate)
    if price < 0.0:
        price = 0.0
    return int(price) if price < 2e9 else 2_000_000_000


@kernel
def distress_price(quote, lots, cost, mark, params, tiers):
    """Largest price (long; 0 if none) or smallest price (short) in ticks at which the one-position row is distressed."""
    guess = _guess(quote, lots, cost, mark, params, tiers)
    guess = _guess(quote, lots, cost, guess, params, tiers)
    if guess < 1:
        guess = 1
    step = 1
    if lots > 0:
        low, high = guess, guess
        while low > 0 and not is_distressed_at(quote, lots, cost, low, params, tiers):
            high = low
            low = low - step if low > step else 0
            step *= 2
        step = 1
        while is_distressed_at(quote, lots, cost, high, params, tiers) and high < 2_000_000_000:
            low = high
            high += step
            step *= 2
        while high - low > 1:
            middle = (low + high) // 2
            if is_distressed_at(quote, lots, cost, middle, params, tiers):
                low = middle
            else:
                high = middle
        return low
    low, high = guess, guess
    while is_distressed_at(quote, lots, cost, low, params, tiers) and low > 0:
        high = low
        low = low - step if low > step else 0
        step *= 2
    step = 1
    while high < 2_000_000_000 and not is_distressed_at(quote, lots, cost, high, params, tiers):
        low = high
        high += step
        step *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if is_distressed_at(quote, lots, cost, middle, params, tiers):
            high = middle
        else:
            low = middle
    return high


@kernel
def reindex_row(thresholds, accounts, markets, row):
    """Recompute the thresholds of one row; loosen its block's bounds where needed."""
    if accounts.mode[row] == _RESERVED:
        return
    n_markets = accounts.lots.shape[1]
    held = -1
    count = 0
    for market in range(n_markets):
        thresholds.down[market, row] = NEVER_DOWN
        thresholds.up[market, row] = NEVER_UP
        if accounts.lots[row, market] != 0:
            count += 1
            held = market
    if count == 0:
        if accounts.quote[row] >= 0:
            return
        held = 0
    block = row // BLOCK
    if count == 1 and accounts.lots[row, held] < 0:
        price = distress_price(
            accounts.quote[row],
            accounts.lots[row, held],
            accounts.cost[row, held],
            markets.mark[held],
            markets.params[held],
            markets.tiers[held],
        )
        thresholds.up[held, row] = price
        if price < thresholds.block_up[held, block]:
            thresholds.block_up[held, block] = price
        return
    price = ALWAYS_DOWN
    if count == 1:
        price = distress_price(
            accounts.quote[row],
            accounts.lots[row, held],
            accounts.cost[row, held],
            markets.mark[held],
            markets.params[held],
            markets.tiers[held],
        )
    thresholds.down[held, row] = price
    if price > thresholds.block_down[held, block]:
        thresholds.block_down[held, block] = price


@kernel
def reindex_all(thresholds, accounts, markets):
    """Recompute the thresholds of all rows."""
    for row in range(accounts.quote.shape[0]):
        reindex_row(thresholds, accounts, markets, row)


@kernel
def reindex_touched(thresholds, accounts, markets, header):
    """Recompute the thresholds of the rows touched in this cycle."""
    for i in range(header[H_N_TOUCHED]):
        reindex_row(thresholds, accounts, markets, accounts.touched[i])


@kernel
def is_row_distressed(accounts, markets, row):
    """The exact predicate: equity below maintenance margin (or at it), or flat and below zero."""
    margin = maintenance(accounts, markets, row)
    left = equity(accounts, markets, row) - margin
    if left < 0:
        return True
    return left == 0 and margin > 0 and markets.params[0, P_AT_OR_BELOW] != 0


@kernel
def find_distressed(thresholds, accounts, markets, out):
    """Write the ids of distressed rows to `out`, ascending within a market's blocks, each once; return how many."""
    n_markets, n_rows = thresholds.down.shape
    n_blocks = thresholds.block_down.shape[1]
    count = 0
    for market in range(n_markets):
        mark = markets.mark[market]
        down, up = thresholds.down[market], thresholds.up[market]
        for block in range(n_blocks):
            if mark > thresholds.block_down[market, block] and mark < thresholds.block_up[market, block]:
                continue
            begin = block * BLOCK
            end = begin + BLOCK if begin + BLOCK < n_rows else n_rows
            highest = NEVER_DOWN
            lowest = NEVER_UP
            for row in range(begin, end):
                if down[row] > highest:
                    highest = down[row]
                if up[row] < lowest:
                    lowest = up[row]
            thresholds.block_down[market, block] = highest
            thresholds.block_up[market, block] = lowest
            if mark > highest and mark < lowest:
                continue
            for row in range(begin, end):
                if (mark <= down[row] or mark >= up[row]) and is_row_distressed(accounts, markets, row):
                    out[count] = row
                    count += 1
    return count
