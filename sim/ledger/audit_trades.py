"""Whether the trades of a result folder fit its transfers, and its orders fit the trades: tables written apart.

Decides nothing and changes nothing; `audit.py` replays the transfers. Orders are written at detail `orders` only: of a
folder without them nothing is claimed about them.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import ConservationError
from ..results import FILLS, ORDERS, SERIAL_SHIFT, TRANSFERS, Column

#: Reasons of the transfers that are trades in a book, and of no others.
IN_A_BOOK = ("TRADE", "LIQUIDATION", "UNWIND")


def compare_fills(folder: Path) -> int:
    """Return the number of trades; ConservationError unless `fills` and the trades of `transfers` are the same."""
    fills = _read(folder, "fills", FILLS).sort_by("seq")
    transfers = _read(folder, "transfers", TRANSFERS)
    trades = transfers.filter(pc.is_in(transfers["reason"], pa.array(IN_A_BOOK))).sort_by("seq")
    if len(fills) != len(trades):
        raise ConservationError(f"{folder}: {len(trades):,} transfers are trades, but there are {len(fills):,} fills")
    buys = pc.equal(fills["taker_side"], "buy")
    parties = {
        "payer": pc.if_else(buys, fills["taker"], fills["maker"]),
        "payee": pc.if_else(buys, fills["maker"], fills["taker"]),
    }
    for name in ("seq", "time_ms", "cycle", "market", "price", "lots", "reason", "payer", "payee"):
        at = _first_difference(parties[name] if name in parties else fills[name], trades[name])
        if at is not None:
            raise ConservationError(
                f"{folder}: the fill with seq {fills['seq'][at]} and its transfer differ in {name}:"
                f" {(parties[name] if name in parties else fills[name])[at]} and {trades[name][at]}"
            )
    return len(fills)


def compare_orders(folder: Path) -> int | None:
    """Return the number of orders that traded at once; ConservationError unless each filled what its fills say.

    None if the folder has no orders.
    """
    if not _parts(folder, "orders"):
        return None
    orders = _read(folder, "orders", ORDERS)
    traded = orders.filter(pc.greater(orders["filled"], 0))
    stated = _lots_of_orders(traded, pc.shift_right(traded["order"], SERIAL_SHIFT), traded["filled"])
    fills = _read(folder, "fills", FILLS)
    found = _lots_of_orders(fills, fills["taker_order"], fills["lots"])
    if len(stated) != len(found):
        raise ConservationError(
            f"{folder}: {len(stated):,} orders state that they traded, but {len(found):,} orders have fills"
        )
    for name in ("cycle", "market", "order", "lots"):
        at = _first_difference(stated[name], found[name])
        if at is not None:
            raise ConservationError(
                f"{folder}: order {stated['order'][at]} of cycle {stated['cycle'][at]} in {stated['market'][at]} states"
                f" {stated['lots'][at]} lots filled, but the fills have {found['lots'][at]} of order"
                f" {found['order'][at]} of cycle {found['cycle'][at]} in {found['market'][at]}"
            )
    return len(stated)


def _lots_of_orders(rows: pa.Table, serial: pa.ChunkedArray, lots: pa.ChunkedArray) -> pa.Table:
    """Lots traded by each order in each cycle, in the order of cycles; `serial` and `lots` are columns of `rows`."""
    named = pa.table({"cycle": rows["cycle"], "market": rows["market"], "order": serial, "lots": lots})
    sums = (
        named.group_by(["cycle", "market", "order"]).aggregate([("lots", "sum")]).rename_columns({"lots_sum": "lots"})
    )
    return sums.sort_by([("cycle", "ascending"), ("market", "ascending"), ("order", "ascending")])


def _first_difference(a: pa.ChunkedArray, b: pa.ChunkedArray) -> int | None:
    differs = pc.not_equal(a, b)
    if pa.types.is_floating(a.type):  # no price equals no price
        differs = pc.and_(differs, pc.invert(pc.and_(pc.is_nan(a), pc.is_nan(b))))
    at = pc.index(differs, True).as_py()
    return None if at < 0 else int(at)


def _parts(folder: Path, table: str) -> list[Path]:
    return sorted((folder / "events" / table).glob("*.parquet"))


def _read(folder: Path, table: str, columns: tuple[Column, ...]) -> pa.Table:
    """All rows of a table of events; none if there is no file, for a table without rows is not written."""
    parts = _parts(folder, table)
    if not parts:
        kinds = {"string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "int32": pa.int32()}
        return pa.table({column.name: pa.array([], kinds[column.kind]) for column in columns})
    return pa.concat_tables([pq.read_table(part) for part in parts])
