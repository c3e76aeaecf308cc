"""Moves funding between longs and shorts through ROUNDING, so that every payment sums to exactly zero."""

from ...layout import ROUNDING, Reason
from ..jit import kernel
from ..rounding import rate_ceil, rate_floor
from .transfer import post_transfer

_FUNDING = int(Reason.FUNDING)


@kernel
def apply_funding(exchange, market, rate_ppb, start):
    """Pay funding of `market` at its mark; return where to resume: 2 * A when done, less when the transfer log is full.

    Longs pay when rate_ppb > 0. A payer pays ceil(notional * |rate| / 1e9) to ROUNDING, a receiver gets the floor of it
    from there. Payers come first (positions 0..A), receivers after them (A..2A), so while all lots sum to zero ROUNDING
    never falls by a payment, and its gain is below one quantum per row. `start`: 0, or what the last call returned.
    |rate_ppb| <= 1e9.
    """
    accounts, markets, log = exchange.accounts, exchange.markets, exchange.log
    n_rows = accounts.lots.shape[0]
    if rate_ppb == 0:
        return 2 * n_rows
    rate = abs(rate_ppb)
    payer_sign = 1 if rate_ppb > 0 else -1
    value = markets.mark[market] * markets.params[market].tick_value
    header = log.header
    for position in range(start, 2 * n_rows):
        is_payer_pass = position < n_rows
        row = position if is_payer_pass else position - n_rows
        lots = accounts.lots[row, market] * payer_sign
        if lots == 0 or (lots > 0) != is_payer_pass:
            continue
        if header[0].log_on != 0 and header[0].n_transfers >= log.transfers.shape[0]:
            return position
        if is_payer_pass:
            quote = rate_ceil(lots * value, rate, 1_000_000_000)
            post_transfer(exchange, row, ROUNDING, quote, 0, market, _FUNDING, markets.mark[market])
        else:
            quote = rate_floor(-lots * value, rate, 1_000_000_000)
            post_transfer(exchange, ROUNDING, row, quote, 0, market, _FUNDING, markets.mark[market])
    return 2 * n_rows
