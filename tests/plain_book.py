"""A plain-Python order book and exchange: the twin that the compiled book equals fill for fill. Shares no code with it.

`PlainBook` only matches. `PlainExchange` adds rows with money, positions, margin checks and fees, in Python integers,
and works out open orders by looking at the book instead of counting along.
"""

import heapq
from dataclasses import dataclass

from clearsim.layout import OrderFlag, OrderKind, OrderStatus, Reason, Side, TimeInForce

BUY, SELL = int(Side.BUY), int(Side.SELL)
LIMIT, MARKET = int(OrderKind.LIMIT), int(OrderKind.MARKET)
GTC, IOC, FOK, POST_ONLY = (int(t) for t in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY))
REDUCE_ONLY, LIQUIDATION, UNWIND = int(OrderFlag.REDUCE_ONLY), int(OrderFlag.LIQUIDATION), int(OrderFlag.UNWIND)


@dataclass(slots=True)
class Resting:
    """An order in the book; lots == 0 once it left."""

    serial: int
    owner: int
    side: int
    price: int
    lots: int
    flags: int = 0


class PlainBook:
    """One market: a dict of levels a side, each a dict of orders by time, and a heap of prices that may be stale."""

    def __init__(self) -> None:
        self.levels: tuple[dict[int, dict[int, Resting]], dict[int, dict[int, Resting]]] = ({}, {})
        self.heaps: tuple[list[int], list[int]] = ([], [])
        self.mine: dict[int, dict[int, Resting]] = {}

    def first(self, side: int) -> Resting | None:
        """The order of `side` that trades next."""
        levels, heap = self.levels[side], self.heaps[side]
        while heap:
            price = -heap[0] if side == BUY else heap[0]
            level = levels.get(price)
            if level:
                return next(iter(level.values()))
            heapq.heappop(heap)
            levels.pop(price, None)
        return None

    def in_turn(self, side: int) -> list[Resting]:
        """All orders of `side` as they would trade."""
        prices = sorted((p for p, level in self.levels[side].items() if level), reverse=side == BUY)
        return [order for price in prices for order in self.levels[side][price].values()]

    def add(self, order: Resting) -> None:
        """Rest an order behind those at its price."""
        levels = self.levels[order.side]
        level = levels.get(order.price)
        if level is None:
            level = levels[order.price] = {}
            heapq.heappush(self.heaps[order.side], -order.price if order.side == BUY else order.price)
        level[order.serial] = order
        self.mine.setdefault(order.owner, {})[order.serial] = order

    def reduce(self, order: Resting, lots: int) -> None:
        """Take lots off an order."""
        order.lots -= lots
        if order.lots == 0:
            del self.levels[order.side][order.price][order.serial]
            del self.mine[order.owner][order.serial]

    def cancel_all(self, owner: int) -> None:
        """Take out all orders of an owner."""
        for order in list(self.mine.get(owner, {}).values()):
            self.reduce(order, order.lots)

    def orders(self) -> list[Resting]:
        """All resting orders."""
        return [order for mine in self.mine.values() for order in mine.values()]


class PlainZi:
    """The ZI workload on a plain book: an action is a cancel of what the trader has resting, and one new order."""

    def __init__(self) -> None:
        self.book = PlainBook()
        self.serial = self.fills = self.volume = self.value = 0

    def act(self, owner: int, side: int, is_market: bool, price: int, lots: int) -> None:
        """Carry out one action."""
        book = self.book
        book.cancel_all(owner)
        other = 1 - side
        while lots:
            best = book.first(other)
            if best is None or (not is_market and (best.price > price if side == BUY else best.price < price)):
                break
            traded = min(lots, best.lots)
            book.reduce(best, traded)
            lots -= traded
            self.fills += 1
            self.volume += traded
            self.value += traded * best.price
        if lots and not is_market:
            self.serial += 1
            book.add(Resting(self.serial, owner, side, price, lots))

    def checksum(self) -> tuple[int, int, int, int]:
        """Fills, volume, sum of price x lots, resting orders."""
        return self.fills, self.volume, self.value, len(self.book.orders())


@dataclass
class Venue:
    """The rules of a plain exchange. tiers: (floor, initial ppm) a market, rising."""

    marks: list[int]
    unit: list[int]
    taker_ppm: int
    maker_ppm: int
    tiers: list[tuple[int, int]]
    cap: int
    capacity: int
    grid: tuple[int, int]  # lowest and highest price that may rest
    first_row: int = 5


class PlainExchange:
    """Rows, books and the rules of an order, one request at a time."""

    FEES = 1

    def __init__(self, venue: Venue, *, quote: list[int], own_ppm: list[int], wallet: list[int]) -> None:
        self.venue, self.quote, self.own_ppm, self.wallet = venue, quote, own_ppm, wallet
        self.books = [PlainBook() for _ in venue.marks]
        self.lots = [[0] * len(venue.marks) for _ in quote]
        self.frozen: set[int] = set()
        self.serial = 1
        self.fills: list[tuple[int, ...]] = []

    def open_lots(self, row: int, market: int, side: int) -> int:
        """Lots of the row's resting orders of one side."""
        return sum(o.lots for o in self.books[market].mine.get(row, {}).values() if o.side == side)

    def find(self, serial: int) -> tuple[int, Resting] | None:
        """Market and order of a serial number, if it rests."""
        for market, book in enumerate(self.books):
            for order in book.orders():
                if order.serial == serial:
                    return market, order
        return None

    def cancel(self, row: int, serial: int) -> OrderStatus:
        """Cancel one order of the row."""
        found = self.find(serial)
        if found is None or found[1].owner != row:
            return OrderStatus.REJECTED_UNKNOWN_ORDER
        self.books[found[0]].reduce(found[1], found[1].lots)
        return OrderStatus.DONE

    def amend(self, row: int, serial: int, price: int, lots: int) -> tuple[OrderStatus, int, int]:
        """Change an order; status, lots filled, serial of the order that stands for it now."""
        found = self.find(serial)
        if found is None or found[1].owner != row:
            return OrderStatus.REJECTED_UNKNOWN_ORDER, 0, serial
        market, old = found
        price = price if price > 0 else old.price
        if price == old.price and 0 < lots <= old.lots:
            if lots < old.lots:
                self.books[market].reduce(old, old.lots - lots)
            return OrderStatus.DONE, 0, serial
        kept, old.lots = old.lots, 0
        status = self.check(row, market, old.side, LIMIT, GTC, price, lots, old.flags)
        old.lots = kept
        if status != OrderStatus.DONE:
            return status, 0, serial
        self.books[market].reduce(old, kept)
        return self.place(row, market, old.side, LIMIT, GTC, price, lots, old.flags)

    def check(
        self, row: int, market: int, side: int, kind: int, tif: int, price: int, lots: int, flags: int
    ) -> OrderStatus:
        """The order's own fields, the freeze, and margin."""
        if row in self.frozen and not flags & (LIQUIDATION | UNWIND):
            return OrderStatus.REJECTED_FROZEN
        if kind == LIMIT:
            low, high = self.venue.grid
            if price <= 0 or (tif in (GTC, POST_ONLY) and not low <= price <= high):
                return OrderStatus.REJECTED_PRICE
        if lots <= 0:
            return OrderStatus.REJECTED_SIZE
        if flags & (LIQUIDATION | UNWIND | REDUCE_ONLY):
            return OrderStatus.DONE
        if kind == MARKET:
            best = self.books[market].first(1 - side)
            price = best.price if best else 0
        return self.check_margin(row, market, side, price, lots)

    def worst_lots(self, row: int, market: int) -> tuple[int, int]:
        """Position if all bids fill, and if all asks fill."""
        held = self.lots[row][market]
        return held + self.open_lots(row, market, BUY), held - self.open_lots(row, market, SELL)

    def check_margin(self, row: int, market: int, side: int, price: int, lots: int) -> OrderStatus:
        """Initial margin on the worst side in all markets; orders that can only reduce pass."""
        venue, held = self.venue, self.lots[row][market]
        resting = self.open_lots(row, market, side)
        if held * (1 if side == SELL else -1) >= resting + lots:
            return OrderStatus.DONE
        needed = 0
        for each, mark in enumerate(venue.marks):
            up, down = self.worst_lots(row, each)
            if each == market:
                up, down = (up + lots, down) if side == BUY else (up, down - lots)
            notional = max(abs(up), abs(down)) * mark * venue.unit[each]
            if notional == 0:
                continue
            tier_ppm = [ppm for floor, ppm in venue.tiers if floor <= notional][-1]
            if each == market and (notional > venue.cap or self.own_ppm[row] < tier_ppm):
                return OrderStatus.REJECTED_TIER_CAP
            needed += -(-notional * max(tier_ppm, self.own_ppm[row]) // 1_000_000)
        mark = venue.marks[market]
        worse = (price - mark if side == BUY else mark - price) if price > 0 else 0
        equity = self.quote[row] + sum(
            n * mark * unit for n, mark, unit in zip(self.lots[row], venue.marks, venue.unit, strict=True)
        )
        loss = max(0, worse) * lots * venue.unit[market]
        return OrderStatus.DONE if equity - loss >= needed else OrderStatus.REJECTED_MARGIN

    def place(
        self, row: int, market: int, side: int, kind: int, tif: int, price: int, lots: int, flags: int
    ) -> tuple[OrderStatus, int, int]:
        """A limit or market order: status, lots filled, serial number."""
        status = self.check(row, market, side, kind, tif, price, lots, flags)
        if status != OrderStatus.DONE:
            return status, 0, 0
        if flags & REDUCE_ONLY:
            held = self.lots[row][market]
            lots = min(lots, held if side == SELL else -held)
            if lots <= 0:
                return OrderStatus.REJECTED_REDUCE_ONLY, 0, 0
        book = self.books[market]
        reachable = [o for o in book.in_turn(1 - side) if kind == MARKET or self.reaches(side, price, o.price)]
        rests = kind == LIMIT and tif in (GTC, POST_ONLY)
        if rests and sum(len(b.orders()) for b in self.books) >= self.venue.capacity:
            return OrderStatus.REJECTED_CAPACITY, 0, 0
        if rests and tif == POST_ONLY and reachable:
            return OrderStatus.REJECTED_POST_ONLY, 0, 0
        if tif == FOK and sum(o.lots for o in reachable if self.is_certain(row, market, o)) < lots:
            return OrderStatus.REJECTED_FOK, 0, 0
        serial, self.serial = self.serial, self.serial + 1
        filled = self.sweep(row, market, side, None if kind == MARKET else price, lots, flags, serial)
        if rests and filled < lots:
            book.add(Resting(serial, row, side, price, lots - filled, flags))
        return OrderStatus.DONE, filled, serial

    @staticmethod
    def reaches(side: int, limit: int, price: int) -> bool:
        """True if an order with this limit trades at `price`."""
        return price <= limit if side == BUY else price >= limit

    def is_certain(self, row: int, market: int, order: Resting) -> bool:
        """True if a sweep by `row` gets the order whole: not its own trader's, and nothing before it can shrink it."""
        if self.wallet[order.owner] == self.wallet[row]:
            return False
        return not order.flags & REDUCE_ONLY or len(self.books[market].mine[order.owner]) == 1

    def sweep(self, row: int, market: int, side: int, limit: int | None, lots: int, flags: int, serial: int) -> int:
        """Trade with the other side while the limit allows; lots filled."""
        book, left = self.books[market], lots
        while left:
            order = book.first(1 - side)
            if order is None or (limit is not None and not self.reaches(side, limit, order.price)):
                break
            if self.wallet[order.owner] == self.wallet[row]:
                book.reduce(order, order.lots)
                continue
            traded = min(left, order.lots)
            book.reduce(order, traded)
            left -= traded
            self.trade(row, order, market, side, traded, flags, serial)
            self.shrink(order.owner, market)
        if left < lots:
            self.shrink(row, market)
        return lots - left

    def trade(self, row: int, maker: Resting, market: int, side: int, lots: int, flags: int, serial: int) -> None:
        """Move lots and money of one fill, then fees; a taker that is liquidated or unwound pays none."""
        reason = Reason.LIQUIDATION if flags & LIQUIDATION else Reason.UNWIND if flags & UNWIND else Reason.TRADE
        value, sign = lots * maker.price * self.venue.unit[market], 1 if side == BUY else -1
        for who, direction in ((row, sign), (maker.owner, -sign)):
            self.lots[who][market] += direction * lots
            self.quote[who] -= direction * value
        paid = self.charge(row, value, self.venue.taker_ppm) if reason == Reason.TRADE else 0
        if self.venue.maker_ppm >= 0:
            self.charge(maker.owner, value, self.venue.maker_ppm)
        else:  # a rebate, out of what the taker paid
            rebate = min(value * -self.venue.maker_ppm // 1_000_000, paid)
            self.quote[self.wallet[maker.owner]] += rebate
            self.quote[self.FEES] -= rebate
        self.fills.append((market, maker.price, lots, maker.owner, row, maker.serial, serial, side, int(reason)))

    def charge(self, row: int, value: int, ppm: int) -> int:
        """The fee on a trade, rounded up, from the wallet, returned; a flat wallet pays no more than it has."""
        payer, fee = self.wallet[row], -(-value * ppm // 1_000_000)
        if not any(self.lots[payer]):
            fee = min(fee, max(0, self.quote[payer]))
        self.quote[payer] -= fee
        self.quote[self.FEES] += fee
        return fee

    def shrink(self, row: int, market: int) -> None:
        """Reduce-only orders never exceed the position."""
        held = self.lots[row][market]
        for order in list(self.books[market].mine.get(row, {}).values()):
            room = max(0, held if order.side == SELL else -held)
            if order.flags & REDUCE_ONLY and order.lots > room:
                self.books[market].reduce(order, order.lots - room)
