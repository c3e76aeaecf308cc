"""Lines of a positions file -> the opening book that the engine posts.

Accounts of the file that name a cohort replace that cohort's traders; the others form a separate cohort
that only holds its positions. Cohorts that the file does not name keep their traders and money if they open no
positions (makers, noise), and are left out if they do: the file replaces them. Longs must equal shorts in every
market, or one named residual account takes the difference at the opening mark, with margin for its full value.
`plausibility.py` compares the result with the opening mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..agents.behaviours import Levered
from ..agents.book import Draft, OpeningBook
from ..agents.cohort import OWN_BOOK, RESIDUAL, Cohort, PopulationConfig
from ..agents.opening import build_opening
from ..agents.shares import Venue
from ..cells import Faults, shown
from ..config.nearest import nearest_hint
from ..layout import I64, Side
from ..ledger.accounts import is_reserved_name
from ..rng import Streams
from ..units import PPM
from .plausibility import check_opening, check_stops
from .position_cells import PositionRow

DEFAULT_INITIAL_PPM = 100_000


@dataclass(frozen=True)
class ImportedOpening:
    """The replacement of a drawn opening: cohorts with actual sizes, book, capital by cohort (quanta)."""

    population: PopulationConfig
    book: OpeningBook
    capital: list[I64]


@dataclass
class _Wallet:
    """One account during the layout of the book."""

    name: str
    rows: list[PositionRow]
    deposit: int
    initial_ppm: int
    capital: int


def opening_from_positions(
    path: Path,
    rows: Sequence[PositionRow],
    *,
    residual_account: str | None,
    population: PopulationConfig,
    agents: Sequence[Any],
    venue: Venue,
    streams: Streams,
    faults: Faults | None = None,
    price_keys: Sequence[str] = (),
) -> ImportedOpening:
    """Return the opening book of a positions file; InputDataError with everything that is wrong with the file.

    faults: those that reading the lines has found.  price_keys: the key that sets the first price of each market, for
    the message about entries far from the opening mark.
    """
    faults = faults or Faults(path)
    if not faults:
        rows = _balanced(faults, rows, residual_account, venue)
    wallets = _wallets(faults, rows)
    _check_cohorts(faults, wallets, population)
    members: list[tuple[Cohort, list[_Wallet]]] = []
    for cohort in population.cohorts:
        own = [wallet for wallet in wallets if wallet.rows[0].cohort == cohort.name]
        if own:
            members.append((cohort.model_copy(update={"traders": len(own), "opening": ()}), own))
        elif not cohort.opening:
            members.append((cohort, _drawn(cohort, venue, streams)))
    names = {agent.name for agent in agents}
    for label in (OWN_BOOK, RESIDUAL):
        alone = [w for w in wallets if w.name not in names and _holding_cohort(w, residual_account) == label]
        if alone:
            members.append((Cohort(name=label, traders=len(alone), behaviour=Levered(kind="levered")), alone))
    named = [_agent_wallet(faults, agent, wallets, venue) for agent in agents]
    check_stops(faults, rows, venue, price_keys)
    faults.require_none()
    book = _lay_out(members, list(agents), named, venue)
    check_opening(faults, book, rows, venue, price_keys)
    capital = [np.array([wallet.capital for wallet in own], np.int64) for _, own in members]
    config = population.model_copy(update={"cohorts": tuple(cohort for cohort, _ in members), "open_interest": ()})
    return ImportedOpening(config, book, capital)


def _holding_cohort(wallet: _Wallet, residual_account: str | None) -> str:
    """The cohort of an account that follows no behaviour of the config; empty for another account."""
    row = wallet.rows[0]
    if row.cohort == RESIDUAL or (not row.cohort and row.line == 0 and wallet.name == residual_account):
        return RESIDUAL
    return "" if row.cohort else OWN_BOOK


def _balanced(
    faults: Faults, rows: Sequence[PositionRow], residual_account: str | None, venue: Venue
) -> list[PositionRow]:
    """The rows, with the residual account's added; a fault if longs and shorts differ and none is named."""
    found = list(rows)
    for market, instrument in enumerate(venue.instruments):
        longs = sum(row.lots for row in found if row.market == market and row.lots > 0)
        shorts = -sum(row.lots for row in found if row.market == market and row.lots < 0)
        if longs == shorts:
            continue
        if residual_account is None:
            faults.add(
                0,
                f"{instrument.name}: longs {instrument.size(longs)} and shorts {instrument.size(shorts)} differ"
                f" by {instrument.size(abs(longs - shorts))}; they must be equal, or name an account that takes"
                " the rest: --residual NAME (positions.residual_account)",
            )
        elif is_reserved_name(residual_account):
            faults.add(0, f"the residual account must not be called {residual_account}: the exchange's own account is")
        elif any(row.account == residual_account and row.market == market for row in found):
            faults.add(
                0,
                f"{instrument.name}: the residual account {residual_account} already has a position there;"
                " name another one",
            )
        else:
            found.append(_residual(residual_account, market, shorts - longs, found, venue))
    return found


def _residual(name: str, market: int, lots: int, rows: list[PositionRow], venue: Venue) -> PositionRow:
    """The residual account's position at the opening mark; a new account has money for its full value."""
    mark = int(venue.markets.mark[market])
    value = abs(lots) * mark * venue.instruments[market].tick_value
    known = next((row for row in rows if row.account == name and row.line), None)
    if known is not None:
        return PositionRow(0, name, market, lots, mark, 0, False, None, known.cohort, None, 0, 0)
    return PositionRow(0, name, market, lots, mark, value, True, 0, "", PPM, 0, 0)


def _wallets(faults: Faults, rows: Sequence[PositionRow]) -> list[_Wallet]:
    """Accounts in the order of their first line."""
    grouped: dict[str, list[PositionRow]] = {}
    for row in rows:
        grouped.setdefault(row.account, []).append(row)
    wallets = []
    for name, own in grouped.items():
        deposit = next((row.collateral for row in own if row.collateral is not None), 0)
        cross = [row for row in own if not row.isolated]
        margin = sum(row.margin for row in cross)
        if margin > deposit:
            text = f": {shown(name)}"
            faults.add(own[0].line, "margins of the cross positions of an account must not exceed its collateral", text)
        stated = [row.initial_ppm for row in cross if row.initial_ppm is not None]
        initial_ppm = min(stated) if stated else DEFAULT_INITIAL_PPM
        wallets.append(_Wallet(name, own, deposit, initial_ppm, deposit - margin))
    return wallets


def _check_cohorts(faults: Faults, wallets: Sequence[_Wallet], population: PopulationConfig) -> None:
    known = [cohort.name for cohort in population.cohorts]
    for wallet in wallets:
        row = wallet.rows[0]
        if row.cohort and row.cohort not in (*known, RESIDUAL):
            hint = nearest_hint(row.cohort, known)
            text = f", found {shown(row.cohort)}{hint}"
            faults.add(row.line, f"cohort must be one of {', '.join(known)} or empty", text)


def _drawn(cohort: Cohort, venue: Venue, streams: Streams) -> list[_Wallet]:
    """A cohort that opens no positions; its money is drawn as without a file."""
    book, capital = build_opening(PopulationConfig(cohorts=(cohort,)), (), venue, streams=streams)
    start = book.cohort_starts[0]
    return [
        _Wallet("", [], int(book.deposit[start + i]), int(book.initial_ppm[start + i]), int(capital[0][i]))
        for i in range(cohort.traders)
    ]


def _agent_wallet(faults: Faults, agent: Any, wallets: Sequence[_Wallet], venue: Venue) -> _Wallet:
    """A named agent's account: its line in the file, else its money from the config."""
    found = next((wallet for wallet in wallets if wallet.name == agent.name and not wallet.rows[0].cohort), None)
    if found is not None:
        return found
    if agent.positions:
        faults.add(
            0,
            f"agent {agent.name} has positions in the config but no line here; add lines, or remove"
            " the positions from the config",
        )
    deposit = int(agent.deposit_quote * (venue.share if agent.venue_scale else 1) / venue.quantum)
    return _Wallet(agent.name, [], deposit, -(-PPM // agent.max_leverage), deposit)


def _lay_out(
    members: Sequence[tuple[Cohort, list[_Wallet]]], agents: Sequence[Any], named: Sequence[_Wallet], venue: Venue
) -> OpeningBook:
    """Wallets by cohort, then named agents, then isolated positions in the order of the file."""
    wallets = [wallet for _, own in members for wallet in own] + list(named)
    first = venue.first_trader
    starts = [first]
    for size in [len(own) for _, own in members] + [1] * len(agents):
        starts.append(starts[-1] + size)
    row_of = {wallet.name: first + place for place, wallet in enumerate(wallets) if wallet.rows}
    lines = sorted(
        (row for wallet in wallets for row in wallet.rows if row.market >= 0), key=lambda row: row.line or 2**62
    )
    isolated = [row for row in lines if row.isolated]
    place_of = {id(row): starts[-1] + place for place, row in enumerate(isolated)}
    placed = [(place_of.get(id(row), row_of[row.account]), row) for row in lines]
    draft = Draft(starts, np.array([PPM] * first + [wallet.initial_ppm for wallet in wallets], np.int64))
    draft.deposit[first:] = [wallet.deposit for wallet in wallets]
    draft.end += len(isolated)
    draft.blocks += [
        (np.array([row_of[row.account]]), row.market, np.array([row.margin]), np.array([_isolated_ppm(row, venue)]))
        for row in isolated
    ]
    positions = np.array([(at, row.market, row.lots, row.entry) for at, row in placed], np.int64).reshape(-1, 4)
    draft.positions.append(positions)
    draft.leverage.append(np.array([PPM / _chosen_ppm(row, draft, at, venue) for at, row in placed]))
    draft.stops.append(_stops(placed))
    longs = np.where(positions[:, 2] > 0, positions[:, 2], 0)
    open_interest = [int(longs[positions[:, 1] == m].sum()) for m in range(len(venue.instruments))]
    book = draft.finish(
        (*(cohort.name for cohort, _ in members), *(agent.name for agent in agents)),
        makes=[*(cohort.behaviour.is_maker for cohort, _ in members), *(False for _ in agents)],
        n_cohorts=len(members),
        open_interest=np.array(open_interest, np.int64),
    )
    return replace(book, own_names=tuple(wallet.name for wallet in wallets))


def _chosen_ppm(row: PositionRow, draft: Draft, at: int, venue: Venue) -> int:
    """The initial-margin rate of a position's margin row."""
    return _isolated_ppm(row, venue) if row.isolated else int(draft.initial_ppm[at])


def _isolated_ppm(row: PositionRow, venue: Venue) -> int:
    """The stated initial-margin rate, else margin divided by value at entry."""
    if row.initial_ppm is not None:
        return row.initial_ppm
    value = abs(row.lots) * row.entry * venue.instruments[row.market].tick_value
    return max(1, min(PPM, -(-row.margin * PPM // value)))


def _stops(placed: Sequence[tuple[int, PositionRow]]) -> I64:
    entries = [
        (at, row.market, int(Side.SELL if row.lots > 0 else Side.BUY), row.stop, row.stop_lots)
        for at, row in placed
        if row.stop
    ]
    return np.array(entries, np.int64).reshape(-1, 5)
