"""The average price at which a given notional would fill in the present book, from which funding premiums are
sampled."""

import numpy as np

from ..jit import kernel
from .bitmap import next_level, previous_level
from .levels import BID


@kernel
def impact_price(exchange, market, side, notional):
    """Average price in ticks (float) at which `notional` quanta fill against the resting orders of `side`; 0.0 if they
    do not suffice.

    side: BID (what a seller gets) or ASK (what a buyer pays).  The last level is taken in part, to the fraction of a
    lot.
    """
    books = exchange.books
    size = books.levels.shape[1]
    top = books.tops[market]
    base, unit = top.base_ticks, exchange.markets.params[market].tick_value
    index = top.bid if side == BID else top.ask
    left = float(notional)
    lots = 0.0
    while 0 <= index < size:
        price = float((index + base) * unit)
        here = float(books.levels[market, np.uint64(index)]["lots"])
        if here * price >= left:
            return notional / (lots + left / price) / unit
        left -= here * price
        lots += here
        if side == BID:
            index = previous_level(books.bits[market, side], size, index - 1)
        else:
            index = next_level(books.bits[market, side], size, index + 1)
    return 0.0
