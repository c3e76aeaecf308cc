"""A book of positions as a table of leverage, size and value: what a calibration reads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InputDataError
from ..instrument import Instrument
from .position_cells import PositionRow

if TYPE_CHECKING:
    import pandas as pd


def book_frame(rows: Sequence[PositionRow], instruments: Sequence[Instrument]) -> tuple["pd.DataFrame", int]:
    """(positions with leverage, positions left out because no money stands behind them).

    Leverage of a position: value at entry over the margin put in for it; a cross position whose line states no margin
    shares what is left of its account's collateral with the others like it, by value. capital_share: all margins of
    the account over all its money.
    """
    import pandas as pd

    quantum = instruments[0].quantum
    grouped: dict[str, list[PositionRow]] = {}
    for row in rows:
        grouped.setdefault(row.account, []).append(row)
    found: list[dict[str, Any]] = []
    left_out = 0
    for account, own in grouped.items():
        held = [row for row in own if row.market >= 0]
        margins = _margins(own, instruments)
        collateral = next((row.collateral for row in own if row.collateral is not None), 0)
        money = collateral + sum(row.margin for row in held if row.isolated)
        for row, margin in zip(held, margins, strict=True):
            if margin <= 0:
                left_out += 1
                continue
            instrument = instruments[row.market]
            value = float(abs(row.lots) * row.entry * instrument.tick_value * quantum)
            found.append(
                {
                    "account": account,
                    "market": instrument.name,
                    "is_long": row.lots > 0,
                    "size": float(instrument.size(abs(row.lots))),
                    "notional": value,
                    "leverage": value / (margin * float(quantum)),
                    "capital_share": min(1.0, sum(margins) / money),
                    "isolated": row.isolated,
                }
            )
    if not found:
        raise InputDataError("no position of the book has money behind it: margin or collateral is needed for leverage")
    return pd.DataFrame(found), left_out


def _margins(own: Sequence[PositionRow], instruments: Sequence[Instrument]) -> list[float]:
    """Margin of each position of an account, quanta."""
    held = [row for row in own if row.market >= 0]
    collateral = next((row.collateral for row in own if row.collateral is not None), 0)
    values = [abs(row.lots) * row.entry * instruments[row.market].tick_value for row in held]
    open_ended = [not row.isolated and not row.margin for row in held]
    free = collateral - sum(row.margin for row in held if not row.isolated)
    shared = sum(value for value, alone in zip(values, open_ended, strict=True) if alone)
    return [
        free * value / shared if alone else float(row.margin)
        for row, value, alone in zip(held, values, open_ended, strict=True)
    ]
