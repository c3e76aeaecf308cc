"""The opening of a run: drawn from the population, or read from the config's positions file."""

from pathlib import Path

from ..agents.opening import build_opening
from ..agents.shares import Venue
from ..config.model import RunConfig
from ..rng import Streams
from .custom_book import ImportedOpening, opening_from_positions
from .positions_file import read_positions


def choose_opening(config: RunConfig, venue: Venue, streams: Streams) -> ImportedOpening:
    """Return the opening book of a run, with the participating cohorts and their capital.

    Only the opening uses its random streams, so a run that reads an exported opening continues identically.
    """
    if config.positions is None:
        book, capital = build_opening(config.population, config.agents, venue, streams=streams)
        return ImportedOpening(config.population, book, capital)
    path = Path(config.positions.file)
    return opening_from_positions(
        path,
        read_positions(path, venue.instruments),
        residual_account=config.positions.residual_account,
        population=config.population,
        agents=config.agents,
        venue=venue,
        streams=streams,
    )
