"""The opening of a run: drawn from the population, or read from the config's positions file."""

from pathlib import Path
from typing import NamedTuple

from ..agents.opening import build_opening
from ..agents.shares import Venue
from ..config.model import Market, PositionsFile, RunConfig
from ..errors import InputDataError
from ..instrument import Instrument
from ..rng import Streams
from .custom_book import ImportedOpening, opening_from_positions
from .plausibility import opening_notes
from .positions_file import PositionsScan, scan_positions


class _Version(NamedTuple):
    """A file as it stood when it was read, and how it was read."""

    path: str
    modified_ns: int
    size: int
    settings: str


#: The last scan, for the run that follows a check; it is taken out when it is used.
_SCANNED: dict[_Version, PositionsScan] = {}


def choose_opening(config: RunConfig, venue: Venue, streams: Streams) -> ImportedOpening:
    """Return the opening book of a run, with the participating cohorts and their capital.

    Only the opening uses its random streams, so a run that reads an exported opening continues identically.
    """
    if config.positions is None:
        book, capital = build_opening(config.population, config.agents, venue, streams=streams)
        return ImportedOpening(config.population, book, capital)
    return _imported(config, _scan(config.positions, venue.instruments), venue, streams)


def check_positions(config: RunConfig, venue: Venue, streams: Streams) -> tuple[ImportedOpening, list[str]]:
    """The opening book of a config with custom positions, and what a user should know about it, one line each.

    The lines of the file are kept for the run that follows, so that it need not read them again.
    """
    assert config.positions is not None
    scan = _scan(config.positions, venue.instruments)
    opening = _imported(config, scan, venue, streams)
    notes = opening_notes(
        opening.book,
        venue,
        price_keys=price_keys(config),
        residual=config.positions.residual_account,
        asset=config.asset.name,
    )
    _SCANNED.clear()
    _SCANNED[_version(config.positions, venue.instruments)] = scan
    return opening, [*scan.notes, *notes]


def _imported(config: RunConfig, scan: PositionsScan, venue: Venue, streams: Streams) -> ImportedOpening:
    assert config.positions is not None
    return opening_from_positions(
        Path(config.positions.file),
        scan.rows,
        residual_account=config.positions.residual_account,
        population=config.population,
        agents=config.agents,
        venue=venue,
        streams=streams,
        faults=scan.faults,
        price_keys=price_keys(config),
    )


def _scan(positions: PositionsFile, instruments: tuple[Instrument, ...]) -> PositionsScan:
    kept = _SCANNED.pop(_version(positions, instruments), None)
    if kept is not None:
        return kept
    return scan_positions(
        Path(positions.file), instruments, columns=positions.columns, round_to_lot=positions.round_to_lot
    )


def _version(positions: PositionsFile, instruments: tuple[Instrument, ...]) -> _Version:
    path = Path(positions.file)
    try:
        found = path.stat()
    except OSError as error:
        raise InputDataError(f"{path}: cannot be read as CSV: {error}") from error
    return _Version(str(path), found.st_mtime_ns, found.st_size, f"{positions!r} {instruments!r}")


def price_keys(config: RunConfig) -> list[str]:
    """The key, or the input, that sets the first price of each market."""
    return [_price_key(number, market) for number, market in enumerate(config.markets)]


def _price_key(number: int, market: Market) -> str:
    price, key = market.price, f"markets[{number}].price"
    if hasattr(price, "initial_price"):
        return f"{key}.initial_price"
    if hasattr(price, "points") and price.kind == "waypoints":
        return f"{key}.points[0].price"
    return f"{key}: the first price of {Path(getattr(price, 'file', 'its path')).name}"
