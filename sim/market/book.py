"""One market's order book, one request at a time: for users, tests and explanations. The engine sends batches.

Both use `match_orders`, so they trade alike. Without accounts the book only matches; with accounts every order
passes the margin check, fills move money and lots, and reduce-only orders and stops use the position.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InvariantError
from ..kernels.book.levels import BookArrays, best_prices, find_order, make_books
from ..kernels.book.matching import match_orders
from ..kernels.book.stops import add_stop, cancel_stop, make_stops, trigger_stops
from ..kernels.exchange import BareBooks, Exchange, bare_books, make_exchange
from ..layout import (
    FILL_DTYPE,
    HEADER_DTYPE,
    INTENT_DTYPE,
    TRANSFER_DTYPE,
    AccountArrays,
    LogArrays,
    MarketArrays,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Reason,
    Side,
    TimeInForce,
)
from ..orders import Fill, Order


@dataclass(frozen=True)
class ClearingSide:
    """The clearing house behind a book: margin rows, markets, and the log (fills are visible only while it is on)."""

    accounts: AccountArrays
    markets: MarketArrays
    log: LogArrays


class OrderBook:
    """A price-time priority book of one market. Prices in ticks, sizes in lots, owners are row numbers."""

    def __init__(
        self,
        *,
        owners: int = 1024,
        capacity: int = 1 << 16,
        lowest_price: int = 1,
        grid_bits: int = 20,
        clearing: ClearingSide | None = None,
        books: BookArrays | None = None,
        market: int = 0,
    ) -> None:
        """Create an empty book, or use number `market` of existing `books`.

        With `clearing` the owners are its rows. Prices are in lowest_price .. lowest_price + 2**grid_bits - 1.
        """
        if clearing is not None:
            owners = len(clearing.accounts.quote)
        self.market = market
        self.books = books or make_books(
            market + 1, capacity=capacity, n_rows=owners, base_ticks=[lowest_price] * (market + 1), grid_bits=grid_bits
        )
        self._exchange = _pack(self.books, clearing)
        self._log = self._exchange.log
        self._intents = np.zeros(1, INTENT_DTYPE)

    def limit(
        self,
        owner: int,
        side: Side,
        *,
        price: int,
        lots: int,
        tif: TimeInForce = TimeInForce.GTC,
        reduce_only: bool = False,
    ) -> Order:
        """Send a limit order; what does not trade at once rests (GTC, POST_ONLY) or is dropped (IOC)."""
        return self._send(owner, OrderKind.LIMIT, side=side, price=price, lots=lots, tif=tif, reduce_only=reduce_only)

    def market_order(self, owner: int, side: Side, *, lots: int, reduce_only: bool = False) -> Order:
        """Send a market order; what the book cannot fill is dropped."""
        tif = TimeInForce.IOC
        return self._send(owner, OrderKind.MARKET, side=side, price=0, lots=lots, tif=tif, reduce_only=reduce_only)

    def cancel(self, owner: int, order_id: int) -> Order:
        """Cancel one resting order of the owner; REJECTED_UNKNOWN_ORDER if it no longer rests or has another owner."""
        return self._send(owner, OrderKind.CANCEL, order_id=order_id)

    def cancel_all(self, owner: int) -> Order:
        """Cancel all resting orders of the owner in this market."""
        return self._send(owner, OrderKind.CANCEL_ALL)

    def amend(self, owner: int, order_id: int, *, lots: int, price: int = 0) -> Order:
        """Change the remaining size of a resting order to `lots`, at `price` (0: unchanged).

        Fewer lots at the same price keep the order's place in the queue. Any other change loses it and gives a new id;
        if the new order is refused, the old one stays.
        """
        return self._send(owner, OrderKind.AMEND, order_id=order_id, lots=lots, price=price)

    def stop_market(self, owner: int, side: Side, *, trigger: int, lots: int, reduce_only: bool = True) -> int:
        """Enter a market order that the mark triggers; return its slot. Sells trigger at mark <= trigger."""
        stops = self._with_clearing("a stop").stops
        if not 0 < trigger < 2**31 - 1 or lots <= 0:
            raise ValueError(
                f"a stop needs a positive trigger below 2**31 - 1 and positive lots, found {trigger}, {lots}"
            )
        slot = int(add_stop(stops, owner, self.market, int(side), trigger, lots, _flags(reduce_only)))
        if slot < 0:
            raise InvariantError(f"the stop table is full: {len(stops.stops)} stops")
        return slot

    def cancel_stop(self, slot: int) -> bool:
        """Remove a stop; False if it was triggered or cancelled before."""
        return bool(cancel_stop(self._with_clearing("a stop").stops, slot))

    def trigger_stops(self) -> list[Order]:
        """Send the orders of all stops that the current mark triggers, in slot order; return their results."""
        exchange = self._with_clearing("a stop")
        rows = np.zeros(max(1, int(exchange.stops.head[1])), INTENT_DTYPE)
        count = int(trigger_stops(exchange, rows, 0))
        orders = []
        for i in range(count):
            self._intents[0] = rows[i]
            orders.append(self._match())
        return orders

    @property
    def best_bid(self) -> int:
        """Highest price bid, ticks; 0 if there is none."""
        return int(best_prices(self.books, self.market)[0])

    @property
    def best_ask(self) -> int:
        """Lowest price asked, ticks; 0 if there is none."""
        return int(best_prices(self.books, self.market)[1])

    def lots_at(self, price: int) -> int:
        """Lots resting at a price."""
        index = price - int(self.books.tops["base_ticks"][self.market])
        return int(self.books.levels[self.market, index]["lots"]) if 0 <= index < self.books.levels.shape[1] else 0

    def lots_left(self, order_id: int) -> int:
        """Lots of an order still resting; 0 if it no longer rests."""
        slot = int(find_order(self.books, order_id))
        return int(self.books.orders[slot]["lots"]) if slot else 0

    def _with_clearing(self, what: str) -> Exchange:
        if isinstance(self._exchange, BareBooks):
            raise ValueError(f"{what} needs a position: create the book with clearing=")
        return self._exchange

    def _send(
        self,
        owner: int,
        kind: OrderKind,
        *,
        side: Side = Side.BUY,
        price: int = 0,
        lots: int = 0,
        tif: TimeInForce = TimeInForce.GTC,
        reduce_only: bool = False,
        order_id: int = 0,
    ) -> Order:
        if not 0 <= owner < self.books.newest.shape[1]:
            raise ValueError(f"owner must be in 0..{self.books.newest.shape[1] - 1}, found {owner}")
        if reduce_only:
            self._with_clearing("a reduce-only order")
        row = self._intents[0]
        row["account"], row["market"], row["kind"], row["side"], row["tif"] = owner, self.market, kind, side, tif
        row["price"], row["lots"], row["order_flags"], row["order"] = price, lots, _flags(reduce_only), order_id
        return self._match()

    def _match(self) -> Order:
        """Send the one intent in the buffer; its fills are appended to the log."""
        header = self._log.header
        if isinstance(self._exchange, BareBooks):
            header["n_fills"][0] = 0
        seen = int(header["n_fills"][0])
        if match_orders(self._exchange, self._intents, 0) != 1:
            raise InvariantError(
                f"the log has no room for the order: {int(header['n_transfers'][0])} transfers are in it"
            )
        row = self._intents[0]
        status = OrderStatus(int(row["status"]))
        fills = tuple(_read_fill(line) for line in self._log.fills[seen : int(header["n_fills"][0])])
        return Order(status, int(row["order"]) if status == OrderStatus.DONE else 0, int(row["filled"]), fills)


def _flags(reduce_only: bool) -> int:
    return int(OrderFlag.REDUCE_ONLY) if reduce_only else 0


def _pack(books: BookArrays, clearing: ClearingSide | None) -> Exchange | BareBooks:
    if clearing is None:
        return bare_books(books, _make_log(books))
    stops = make_stops(len(books.tops), 1 << 12)
    return make_exchange(clearing.accounts, clearing.markets, clearing.log, books=books, stops=stops)


def _make_log(books: BookArrays) -> LogArrays:
    """Return a log for a book without accounts: room for the longest sweep, no transfers."""
    header = np.zeros(1, HEADER_DTYPE)
    header["log_on"][0], header["cause"][0], header["next_order"][0], header["stamp"][0] = 1, -1, 1, 1
    fills = np.zeros(len(books.free), FILL_DTYPE)
    return LogArrays(header, np.zeros(1, TRANSFER_DTYPE), fills)


def _read_fill(line: Any) -> Fill:
    return Fill(
        price=int(line["price"]),
        lots=int(line["lots"]),
        maker=int(line["maker"]),
        taker=int(line["taker"]),
        taker_side=Side(int(line["taker_side"])),
        maker_serial=int(line["maker_order"]),
        taker_serial=int(line["taker_order"]),
        reason=Reason(int(line["reason"])),
    )
