"""Finds the rows distressed at a mark without looking at all of them: price thresholds by row, bounds by block.

A row with one position is distressed exactly when the mark is at or below `down` (long) or at or above `up` (short):
both are its liquidation price (`liquidation_price.py`), recomputed whenever the row is touched. A row with several
positions gets in each of its markets a band around the mark inside which no combination of prices can distress it.
Distressed rows, and flat rows below zero, are always candidates. Every candidate is verified, so bands and bounds may
be cautious, never bold: a block's bound may be stale on the cautious side only, and a scan that enters a block
corrects it. The oracle in tests is the dense scan.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...layout import AccountMode
from ..jit import kernel
from ..structs import by_address
from .liquidation_price import ALWAYS_DOWN, HIGHEST_PRICE, NEVER_DOWN, NEVER_UP, distress_price
from .requirement import equity, is_distressed, maintenance

BLOCK = 256
_RESERVED = int(AccountMode.RESERVED)


@by_address
class Thresholds(NamedTuple):
    """Prices in ticks at which rows become distressed, and their bounds over blocks of BLOCK rows."""

    down: npt.NDArray[np.int32]  # (M, A) candidate at mark <= down
    up: npt.NDArray[np.int32]  # (M, A) candidate at mark >= up
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
def _set_down(thresholds, market, row, price):
    thresholds.down[market, row] = price
    block = row // BLOCK
    if price > thresholds.block_down[market, block]:
        thresholds.block_down[market, block] = price


@kernel
def _set_up(thresholds, market, row, price):
    thresholds.up[market, row] = price
    block = row // BLOCK
    if price < thresholds.block_up[market, block]:
        thresholds.block_up[market, block] = price


@kernel
def _set_band(exchange, row):
    """Give a row with positions a band in each of its markets that keeps it safe while all marks stay inside theirs.

    A price move of one tick costs at most |lots| x tick value x (1 + highest rate), and rounding two quanta a market,
    so a relative move of spare / (sum of notional x (1 + rate)) in all markets at once is safe.
    """
    thresholds, accounts, markets = exchange.thresholds, exchange.accounts, exchange.markets
    spare = np.float64(equity(accounts, markets, row) - maintenance(accounts, markets, row))
    weight = 0.0
    first = -1
    for market in range(accounts.lots.shape[1]):
        lots = accounts.lots[row, market]
        if lots != 0:
            params, tiers = markets.params[market], markets.tiers[market]
            rate = (tiers[params.n_tiers - 1].maintenance_ppm + params.close_fee_ppm) / 1e6
            weight += np.abs(np.float64(lots) * markets.mark[market] * params.tick_value) * (1.0 + rate)
            spare -= 2.0
            if first < 0:
                first = market
    if spare <= 0.0:
        _set_down(thresholds, max(first, 0), row, ALWAYS_DOWN)
        return
    move = 0.999999 * spare / weight
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            mark = markets.mark[market]
            ticks = np.int64(min(np.float64(HIGHEST_PRICE - mark - 1), mark * move)) + 1
            _set_down(thresholds, market, row, mark - ticks if mark > ticks else NEVER_DOWN)
            _set_up(thresholds, market, row, mark + ticks)


@kernel
def reindex(exchange, rows):
    """Recompute the thresholds of `rows`; loosen the bounds of their blocks where needed. rows: int32 (n,)."""
    thresholds, accounts, markets = exchange.thresholds, exchange.accounts, exchange.markets
    quote, lots, cost, mode = accounts.quote, accounts.lots, accounts.cost, accounts.mode
    down, up = thresholds.down, thresholds.up
    n_markets = lots.shape[1]
    for i in range(rows.shape[0]):
        row = rows[i]
        if mode[row] == _RESERVED:
            continue
        count = 0
        held = 0
        for market in range(n_markets):
            down[market, row] = NEVER_DOWN
            up[market, row] = NEVER_UP
            if lots[row, market] != 0:
                count += 1
                held = market
        if count == 1:
            size = lots[row, held]
            price = distress_price(quote[row], size, cost[row, held], markets.params[held], markets.tiers[held])
            if size > 0:
                down[held, row] = price
                if price > thresholds.block_down[held, row // BLOCK]:
                    thresholds.block_down[held, row // BLOCK] = price
            else:
                up[held, row] = price
                if price < thresholds.block_up[held, row // BLOCK]:
                    thresholds.block_up[held, row // BLOCK] = price
        elif count > 1:
            _set_band(exchange, row)
        elif quote[row] < 0:
            _set_down(thresholds, 0, row, ALWAYS_DOWN)


@kernel
def _is_candidate(thresholds, markets, market, row):
    mark = markets.mark[market]
    return mark <= thresholds.down[market, row] or mark >= thresholds.up[market, row]


@kernel
def _verify(exchange, market, row):
    """True if a candidate of `market` is distressed and no earlier market named it; a safe row gets a fresh band."""
    for earlier in range(market):
        if _is_candidate(exchange.thresholds, exchange.markets, earlier, row):
            return False
    if is_distressed(exchange.accounts, exchange.markets, row):
        return True
    _set_band(exchange, row)
    return False


@kernel
def _tighten_block(thresholds, market, begin, end):
    """Set the bounds of the block of rows [begin, end) to the extremes of its thresholds."""
    highest = NEVER_DOWN
    lowest = NEVER_UP
    for row in range(begin, end):
        highest = max(highest, thresholds.down[market, row])
        lowest = min(lowest, thresholds.up[market, row])
    thresholds.block_down[market, begin // BLOCK] = highest
    thresholds.block_up[market, begin // BLOCK] = lowest
    return highest, lowest


@kernel
def find_distressed(exchange, out):
    """Write the ids of distressed rows to `out`, each once; return how many. Reserved rows are never among them.

    Thresholds must have been recomputed for every row touched since the last call. out: int64 (>= A,).
    """
    thresholds, markets = exchange.thresholds, exchange.markets
    n_markets, n_rows = thresholds.down.shape
    count = 0
    for market in range(n_markets):
        mark = markets.mark[market]
        for block in range(thresholds.block_down.shape[1]):
            if mark > thresholds.block_down[market, block] and mark < thresholds.block_up[market, block]:
                continue
            begin = block * BLOCK
            end = min(begin + BLOCK, n_rows)
            highest, lowest = _tighten_block(thresholds, market, begin, end)
            if mark > highest and mark < lowest:
                continue
            for row in range(begin, end):
                if _is_candidate(thresholds, markets, market, row) and _verify(exchange, market, row):
                    out[count] = row
                    count += 1
    return count
