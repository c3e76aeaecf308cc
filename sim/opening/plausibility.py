"""Compares opening positions with the opening mark, before anything runs.

Refused: stops that would fire at once, an account whose name another account has, entries so far from the mark that
most accounts are bankrupt. Measured, for notes and results: accounts that begin below zero or below maintenance margin.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from ..agents.book import OpeningBook
from ..agents.shares import Venue
from ..cells import Faults, shown
from ..clearing.margin.maintenance import maintenance_margins
from ..instrument import Instrument
from ..layout import F64, I64, MarketArrays
from .position_cells import PositionRow

#: A median entry farther from the opening mark than this, as a ratio, is worth a note.
FAR = 1.25


@dataclass(frozen=True)
class OpeningState:
    """Margin accounts with positions at the opening mark: how many are below zero, or below maintenance margin."""

    accounts: int
    bankrupt: int
    below_zero: int  # equities of the bankrupt together, as a positive number of quanta
    distressed: int  # below maintenance margin, not below zero
    missing: int  # what those lack to maintenance margin, quanta


def equity_of(book: OpeningBook, markets: MarketArrays) -> I64:
    """(A,) equity of every margin row at the opening mark, quanta."""
    rows, market, lots, entry = book.positions.T
    gain = lots * (markets.mark[market] - entry) * markets.params["tick_value"][market]
    equity = book.deposit.copy()
    np.add.at(equity, rows, gain)
    return equity


def measure_opening(book: OpeningBook, markets: MarketArrays) -> OpeningState:
    """Measure all rows that hold positions. markets: at the opening mark, with their margin schedules."""
    equity, needed = equity_of(book, markets), np.zeros(book.n_rows, np.int64)
    for market in range(len(markets.mark)):
        mine = book.positions[book.positions[:, 1] == market]
        lots, unit = mine[:, 2], int(markets.params["tick_value"][market])
        np.add.at(
            needed,
            mine[:, 0],
            maintenance_margins(
                markets.params[market],
                markets.tiers[market],
                int(markets.mark[market]),
                lots=lots,
                cost=lots * mine[:, 3] * unit,
            ),
        )
    held = np.unique(book.positions[:, 0])
    equity, needed = equity[held], needed[held]
    short = (equity >= 0) & (equity < needed)
    return OpeningState(
        accounts=len(held),
        bankrupt=int((equity < 0).sum()),
        below_zero=-int(equity[equity < 0].sum()),
        distressed=int(short.sum()),
        missing=int((needed - equity)[short].sum()),
    )


def check_stops(faults: Faults, rows: Sequence[PositionRow], venue: Venue, price_keys: Sequence[str]) -> None:
    """Note stops on the wrong side: a long's must be below the opening mark, a short's above it, else it has fired.

    price_keys: the key of the first price of each market; none: unnamed in the message.
    """
    for row in rows:
        if not row.stop:
            continue
        instrument, mark = venue.instruments[row.market], int(venue.markets.mark[row.market])
        if row.lots > 0 and row.stop >= mark:
            side, place = "long", "below"
        elif row.lots < 0 and row.stop <= mark:
            side, place = "short", "above"
        else:
            continue
        key = f" ({price_keys[row.market]})" if price_keys else ""
        text = f"stop of a {side} must be {place} the opening mark {instrument.price(mark)} of {instrument.name}{key}"
        faults.add(row.line, text, f", found {instrument.price(row.stop)}")


def check_opening(
    faults: Faults, book: OpeningBook, rows: Sequence[PositionRow], venue: Venue, price_keys: Sequence[str]
) -> None:
    """InputDataError for names that two accounts have, and for entries so far off that most accounts are bankrupt."""
    _check_names(faults, book, rows)
    _check_level(faults, book, venue, price_keys)
    faults.require_none()


def _check_names(faults: Faults, book: OpeningBook, rows: Sequence[PositionRow]) -> None:
    """The file's names must differ from those of drawn traders, like makers#0."""
    line_of = {row.account: row.line for row in reversed(rows)}
    for name in sorted(name for name, count in Counter(book.account_names()).items() if count > 1):
        faults.add(line_of.get(name, 0), "account must not have the name of a trader of the config", f": {shown(name)}")


def _check_level(faults: Faults, book: OpeningBook, venue: Venue, price_keys: Sequence[str]) -> None:
    """Most accounts bankrupt, and entries far from the mark: the first price is not the one the positions are from."""
    equity, held = equity_of(book, venue.markets), np.unique(book.positions[:, 0])
    bankrupt = int((equity[held] < 0).sum())
    far = far_markets(book, venue.markets)
    if 2 * bankrupt <= len(held) or not far:
        return
    for market, median in far.items():
        faults.add(
            0,
            f"{bankrupt:,} of {len(held):,} margin accounts with positions are below zero at the opening mark"
            f" {_prices(venue.instruments[market], int(venue.markets.mark[market]), median)};"
            f" {set_the_price(price_keys[market] if price_keys else '')}",
        )


def far_markets(book: OpeningBook, markets: MarketArrays) -> dict[int, int]:
    """Market -> median entry in ticks, by lots, where it is farther from the opening mark than FAR."""
    found = {}
    for market, mark in enumerate(markets.mark.tolist()):
        mine = book.positions[book.positions[:, 1] == market]
        if len(mine):
            median = _median(mine[:, 3], np.abs(mine[:, 2]).astype(np.float64))
            if not mark / FAR <= median <= mark * FAR:
                found[market] = median
    return found


def _median(values: I64, weights: F64) -> int:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return int(values[order][np.searchsorted(total, total[-1] / 2)])


def _prices(instrument: Instrument, mark: int, median: int) -> str:
    return f"{instrument.price(mark)} of {instrument.name}; their median entry is {instrument.price(median)}"


def set_the_price(key: str) -> str:
    """What to do about a first price that is not the positions' own."""
    return (
        f"set the first price ({key}) to the mark at which the positions were recorded"
        if key
        else ("set the first price of the config to the mark at which the positions were recorded")
    )


def opening_notes(
    book: OpeningBook, venue: Venue, *, price_keys: Sequence[str], residual: str | None, asset: str
) -> list[str]:
    """What a user should know about custom positions at the opening mark, one line each; none if all is well.

    venue: with the margin schedules of its markets.  residual: name of the account that balances longs and shorts.
    """
    state, quantum = measure_opening(book, venue.markets), venue.quantum
    notes = [_residual_note(book, venue, residual, asset)] if residual is not None else []
    for market, median in far_markets(book, venue.markets).items():
        prices = _prices(venue.instruments[market], int(venue.markets.mark[market]), median)
        notes.append(f"warning: entries are far from the opening mark {prices}: {set_the_price(price_keys[market])}")
    if state.bankrupt:
        notes.append(
            f"warning: {state.bankrupt:,} of {state.accounts:,} margin accounts with positions start below zero,"
            f" together by {_money(state.below_zero, quantum)} {asset}: others pay that whatever the price does (column"
            f" deficit_initial_quanta); {set_the_price(', '.join(price_keys))}, or check entry and margin"
        )
    if state.distressed:
        notes.append(
            f"warning: {state.distressed:,} of {state.accounts:,} margin accounts with positions start below"
            f" maintenance margin, together by {_money(state.missing, quantum)} {asset}, and are liquidated at the"
            f" first step: {set_the_price(', '.join(price_keys))}, or check margin and collateral"
        )
    return [note for note in notes if note]


def _residual_note(book: OpeningBook, venue: Venue, name: str, asset: str) -> str:
    """What the residual account got; empty if it got nothing."""
    names = book.account_names()
    if name not in names:
        return ""
    row = book.first_trader + names.index(name)
    own = np.flatnonzero(book.wallet == row)
    parts: list[Any] = []
    for at, market, lots, _ in book.positions.tolist():
        if at in own:
            instrument = venue.instruments[market]
            side = "long" if lots > 0 else "short"
            parts.append(f"{side} {instrument.size(abs(lots))} {instrument.name}")
    money = _money(int(book.deposit[own].sum()), venue.quantum)
    got = f"{', '.join(parts)}, with {money} {asset} of its own"
    return f"note: residual account {name} got {got}; its result is a fiction, who-paid shows it on its own line"


def _money(quanta: int, quantum: Decimal) -> str:
    return f"{float(quanta * quantum):,.2f}"
