"""The opening book that the engine posts -> lines of a positions file that reproduce it exactly."""

from collections.abc import Sequence
from dataclasses import replace

from ..agents.book import OpeningBook
from ..agents.cohort import OWN_BOOK
from ..agents.shares import Venue
from ..layout import I64
from ..units import QUANTA_LIMIT, allocate_largest_remainder
from .position_cells import PositionRow


def positions_of_opening(book: OpeningBook, capital: Sequence[I64], venue: Venue) -> list[PositionRow]:
    """The lines that reproduce an opening book exactly: wallets in the order of their rows, then isolated positions."""
    names = dict(enumerate(book.account_names(), start=book.first_trader))
    cohorts = [
        "" if number >= len(capital) or name == OWN_BOOK else name for number, name in enumerate(book.cohort_names)
    ]
    stops = {(int(row), int(market)): (int(price), int(lots)) for row, market, _, price, lots in book.stops}
    of_row: dict[int, list[tuple[int, int, int]]] = {}
    for at, market, lots, entry in book.positions.tolist():
        of_row.setdefault(at, []).append((market, lots, entry))
    rows: list[PositionRow] = []
    for at in range(book.first_trader, book.n_rows):
        wallet = int(book.wallet[at])
        isolated = at != wallet
        empty = PositionRow(
            0, names[wallet], -1, 0, 0, 0, isolated, int(book.deposit[wallet]), cohorts[int(book.cohort[wallet])],
            int(book.initial_ppm[at]), 0, 0,
        )  # fmt: skip
        held = of_row.get(at, [])
        margins = [int(book.deposit[at])] if isolated else _cross_margins(book, capital, wallet, held, venue)
        rows += [
            replace(empty, market=m, lots=lots, entry=entry, margin=margin, stop=stop, stop_lots=stop_lots)
            for (m, lots, entry), margin in zip(held, margins, strict=False)
            for stop, stop_lots in [stops.get((at, m), (0, 0))]
        ]
        if not held and not isolated:
            rows.append(empty)
    return rows


def _cross_margins(
    book: OpeningBook, capital: Sequence[I64], wallet: int, held: Sequence[tuple[int, int, int]], venue: Venue
) -> list[int]:
    """The part of a wallet's money behind its cross positions, split by their value at entry."""
    number = int(book.cohort[wallet])
    total = 0
    if number < len(capital):
        total = int(book.deposit[wallet]) - int(capital[number][wallet - book.cohort_starts[number]])
    if not held:
        return []
    weights = [abs(lots) * entry * venue.instruments[m].tick_value for m, lots, entry in held]
    return allocate_largest_remainder(min(total, QUANTA_LIMIT), weights)
