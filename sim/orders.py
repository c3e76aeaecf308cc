"""What users of the order book see: an order as it stands after a request, and the fills it took part in."""

from dataclasses import dataclass, field

from .layout import OrderStatus, Reason, Side


@dataclass(frozen=True)
class Fill:
    """One trade at the maker's price. Orders are named by serial number, the order in which they were accepted."""

    price: int  # ticks
    lots: int
    maker: int  # row
    taker: int
    taker_side: Side
    maker_serial: int
    taker_serial: int
    reason: Reason = Reason.TRADE


@dataclass(frozen=True)
class Order:
    """What became of a request: status, what it traded at once, and the id to amend or cancel what rests by."""

    status: OrderStatus
    order_id: int  # 0 if the order was refused
    filled: int  # lots
    fills: tuple[Fill, ...] = field(default=(), repr=False)

    @property
    def is_accepted(self) -> bool:
        """True unless the request was refused."""
        return self.status == OrderStatus.DONE
