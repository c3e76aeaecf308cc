"""The rows of a sample, written in one call: prices, depth, fund, inventory and counters of every market.

In Python a row cost 50 us, a quarter of a tick of a small market that is sampled at every tick.
"""

import numpy as np

from ..layout import F64, I64
from .book.levels import depth_within
from .jit import kernel
from .ledger.standing import stand_of
from .packed import Packed


class SampleArrays(Packed):
    """What a sample reads beside the exchange. M markets, T + 1 instants, B = 3 bands."""

    index_path: F64  # (T+1, M) quote units
    tick_size: F64  # (M,) quote units
    volatility: F64  # (M,) the view's
    funding_ppb: I64  # (M,) last funding rate
    best_bid: I64  # (M,) ticks, 0 if none: the view's
    best_ask: I64  # (M,)
    open_interest: I64  # (M,) lots
    bands_ppm: I64  # (B,) rising
    depth: I64  # (2, B) work space


@kernel
def write_samples(exchange, sample, backlog, rows):
    """Write one row for each market to `rows`: SAMPLE_DTYPE (M,), whose fields are the columns of `series`.

    The index is that of the header's cycle. backlog: number of accounts whose liquidation waits.
    """
    accounts, markets, header = exchange.accounts, exchange.markets, exchange.log.header
    depth = sample.depth
    for market in range(markets.mark.shape[0]):
        row, mark, tick = rows[market], markets.mark[market], sample.tick_size[market]
        params, counters = markets.params[market], exchange.records.counters[market]
        depth_within(exchange, market, mark, sample.bands_ppm, depth)
        bid, ask = sample.best_bid[market], sample.best_ask[market]
        cash, equity, _ = stand_of(exchange, params.fund_row, params.engine_row)
        row.time_ms = header[0].time_ms
        row.cycle = header[0].cycle
        row.market = market
        row.index_price = sample.index_path[header[0].cycle, market]
        row.mark_price = mark * tick
        row.best_bid = bid * tick if bid != 0 else np.nan
        row.best_ask = ask * tick if ask != 0 else np.nan
        row.depth_bid_near_quanta, row.depth_ask_near_quanta = depth[0, 0], depth[1, 0]
        row.depth_bid_mid_quanta, row.depth_ask_mid_quanta = depth[0, 1], depth[1, 1]
        row.depth_bid_far_quanta, row.depth_ask_far_quanta = depth[0, 2], depth[1, 2]
        row.open_interest_lots = sample.open_interest[market]
        row.volatility = sample.volatility[market]
        row.funding_rate_ppm = sample.funding_ppb[market] / 1000.0
        row.fund_quanta = cash
        row.fund_equity_quanta = equity
        row.inventory_lots = accounts.lots[params.engine_row, market]
        row.backlog = backlog
        row.liquidated_accounts = counters.liquidated_accounts
        row.liquidated_long_quanta = counters.liquidated_long
        row.liquidated_short_quanta = counters.liquidated_short
        row.fund_draw_quanta = counters.fund_draw
        row.fund_gain_quanta = counters.fund_gain
        row.adl_notional_quanta = counters.adl_notional
        row.socialised_loss_quanta = counters.socialised
        row.volume_quanta = header[0].volume
        row.taker_net_lots = params.net_taker_lots
