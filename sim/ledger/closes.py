"""Applies decisions of clearing rules: closes off the book, and payments. Nothing else in clearing moves money.

Room in the transfer log is reserved first; a list longer than the whole log is posted in parts of its size.
"""

from collections.abc import Callable, Iterator

from ..kernels.clearing.closes import Closes, note_closes, post_closes
from ..kernels.clearing.payments import Payments, post_payments
from ..kernels.exchange import Exchange
from ..layout import LogArrays, Reason

Spill = Callable[[], None]


def has_room(log: LogArrays, n: int) -> bool:
    """True if `n` more transfers fit the log, or the log is off."""
    return not log.header["log_on"][0] or int(log.header["n_transfers"][0]) + n <= len(log.transfers)


def _parts(log: LogArrays, n: int, spill: Spill) -> Iterator[tuple[int, int]]:
    """Parts of a list of `n` transfers, each of which fits the log; the log is spilled where needed."""
    size = min(n, len(log.transfers)) if log.header["log_on"][0] else n
    for start in range(0, n, max(size, 1)):
        end = min(start + size, n)
        if not has_room(log, end - start):
            spill()
        yield start, end


def apply_closes(exchange: Exchange, closes: Closes, reason: Reason, *, spill: Spill) -> None:
    """Close the positions: money and contracts move, and records and flags are updated.

    The records have room for a match of each close. spill: empties the transfer log.
    """
    n = len(closes.target)
    for start, end in _parts(exchange.log, n, spill):
        post_closes(exchange, closes, start, end, int(reason))
    if n:
        note_closes(exchange, closes, int(reason))


def apply_payments(exchange: Exchange, payments: Payments, reason: Reason, *, spill: Spill) -> None:
    """Make the payments and note each in its record and in the counters. spill: empties the transfer log."""
    for start, end in _parts(exchange.log, len(payments.payer), spill):
        post_payments(exchange, payments, start, end, int(reason))
