"""The compiled twin of `Ledger.transfer`: the only code besides it that changes balances."""

from ..jit import kernel


@kernel
def touch(exchange, row):
    """Put `row` on the list of rows changed in this cycle, once."""
    accounts, header = exchange.accounts, exchange.log.header
    if accounts.stamp[row] != header[0].stamp:
        accounts.stamp[row] = header[0].stamp
        accounts.touched[header[0].n_touched] = row
        header[0].n_touched += 1


@kernel
def entry_cost_after(cost, lots, change, value):
    """Entry cost of a position of `lots` after `change` lots traded for `value` quanta (signed like `change`).

    Increases add at the traded value; decreases keep the average entry, rounded down; a flip restarts at the new price.
    """
    after = lots + change
    if after == 0:
        return 0
    if lots == 0 or (lots > 0) == (change > 0):
        return cost + value
    size = -lots if lots < 0 else lots
    left = -after if after < 0 else after
    if (after > 0) != (lots > 0):
        traded = -change if change < 0 else change
        whole = value // traded
        return whole * left + ((value - whole * traded) * left) // traded
    whole = cost // size
    return whole * left + ((cost - whole * size) * left) // size


@kernel
def _book_one_side(exchange, row, quote, lots, market, reason):
    """Add `quote` quanta and `lots` contracts to one row, keeping its flows, entry cost and touch consistent.

    A position that it closes in full while the money is below zero is noted: it may be what the row owes (CLR-FND-006).
    """
    accounts, markets = exchange.accounts, exchange.markets
    accounts.quote[row] += quote
    if lots != 0:
        marked = lots * markets.mark[market] * markets.params[market].tick_value
        accounts.cost[row, market] = entry_cost_after(
            accounts.cost[row, market], accounts.lots[row, market], lots, -quote
        )
        accounts.lots[row, market] += lots
        if accounts.quote[row] < 0 and accounts.lots[row, market] == 0:
            exchange.waiting.closed_market[row] = market
        accounts.marked_cost[row] += marked
        accounts.flows[row, reason] += quote + marked
    else:
        accounts.flows[row, reason] += quote


@kernel
def post_transfer(exchange, payer, payee, quote, lots, market, reason, price):
    """Move `quote` quanta payer -> payee and `lots` contracts payee -> payer; append one log row if the log is on.

    The twin of `Ledger.transfer`. `price` (ticks) is information for the log. The caller has checked log capacity.
    """
    log, header = exchange.log, exchange.log.header
    _book_one_side(exchange, payer, -quote, lots, market, reason)
    _book_one_side(exchange, payee, quote, -lots, market, reason)
    touch(exchange, payer)
    touch(exchange, payee)
    if header[0].log_on != 0:
        row = log.transfers[header[0].n_transfers]
        row.seq = header[0].seq
        row.time_ms = header[0].time_ms
        row.cycle = header[0].cycle
        row.cause = header[0].cause
        row.reason = reason
        row.payer = payer
        row.payee = payee
        row.quote = quote
        row.lots = lots
        row.market = market
        row.price = price
        header[0].n_transfers += 1
    header[0].seq += 1
