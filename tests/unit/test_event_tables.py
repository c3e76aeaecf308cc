"""Prices in the event tables."""

from decimal import Decimal

import numpy as np
from clearsim.engine.recorder import EventTables
from clearsim.instrument import Instrument


def test_the_price_of_a_close_has_the_sign_of_quote_over_lots():
    """A tick is 0.5, and one lot of one tick worth 4 quanta: 40 quanta for 2 lots are 5 ticks."""
    instrument = Instrument.build(name="M", tick_size=Decimal("0.5"), lot_size=Decimal(8), quantum=Decimal(1))
    assert instrument.tick_value == 4
    tables = EventTables([instrument], None)
    quote, lots = np.array([40, -40, 40, -40, 7]), np.array([2, -2, -2, 2, 0])
    np.testing.assert_array_equal(
        tables.total_price(np.zeros(5, np.int64), quote, lots), [2.5, 2.5, -2.5, -2.5, np.nan]
    )
