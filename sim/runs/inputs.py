"""Reads every input file of a config as the run would, before anything runs: errors, and what a user should know.

No code that comes with the config is executed: it is compiled, and positions are not compared with an opening mark that
only such code knows.
"""

from dataclasses import dataclass

import numpy as np

from ..agents.shares import Venue
from ..config import RunConfig, own_parts
from ..config.places import naming_places
from ..engine.build import lower_markets
from ..errors import at_key
from ..layout import I64
from ..ledger.accounts import Rows
from ..market.clock import FixedClock
from ..market.price import build_paths
from ..market.price.skeleton import PathContext
from ..opening import ImportedOpening, check_positions, choose_opening
from ..own_parts import OwnPart
from ..rng import Streams


@dataclass(frozen=True)
class InputFacts:
    """What the input files say. notes: one line each, for the user; opening: the custom positions as the run opens
    them, None without any."""

    notes: tuple[str, ...] = ()
    opening: ImportedOpening | None = None


def draw_opening(config: RunConfig) -> list[str]:
    """Build the world as a run does, path and opening book included; return lines about it.

    Raises what the run would raise before its first cycle.
    """
    from ..engine.build import build_world

    world = build_world(config, detail="summary", sink=None)
    first = world.rows.first_trader
    held = world.accounts.lots[first:]
    marks = [int(mark) for mark in world.markets.mark]
    lines = []
    for number, market in enumerate(config.markets):
        lots = held[:, number]
        price = marks[number] * float(market.tick_size)
        interest = int(lots[lots > 0].sum()) * float(market.lot_size)
        lines.append(
            f"{market.name}: {int((lots > 0).sum()):,} longs, {int((lots < 0).sum()):,} shorts, open interest"
            f" {interest:,.8g} at an opening mark of {price:,.8g}"
        )
    return lines


@naming_places
def check_inputs(config: RunConfig) -> InputFacts:
    """InputDataError or ConfigError for a price file, a positions file or custom code that cannot be used."""
    notes: list[str] = []
    ends = np.array([0, config.duration_ms], np.int64)
    for path, part in own_parts(config):
        with at_key(*path):
            part.check()
    for number, market in enumerate(config.markets):
        if isinstance(market.price, OwnPart) and market.price.runs_code:
            continue
        context = PathContext(market.name, ends, Streams(seed=config.seed), config.start_ms)
        with at_key("markets", number, "price"):
            market.price.require_inputs(context)
        notes += market.price.input_notes(context)
    if config.positions is None:
        return InputFacts(tuple(notes))
    return _with_positions(config, notes)


def _with_positions(config: RunConfig, notes: list[str]) -> InputFacts:
    """The facts of custom positions, read against the opening mark."""
    unknown = [
        part.who for m in config.markets for part in (m.price, m.margin) if isinstance(part, OwnPart) and part.runs_code
    ]
    if unknown:
        text = "note: positions are compared with the opening mark only in the run; not executed here:"
        text += f" {', '.join(unknown)}"
        return InputFacts((*notes, text))
    venue = opening_venue(config)
    opening, found = check_positions(config, venue, Streams(seed=config.seed))
    return InputFacts((*notes, *found), opening)


@naming_places
def opening_interest(config: RunConfig) -> I64:
    """(M,) open interest of a config with custom positions at the opening mark, one side, quanta."""
    venue = opening_venue(config)
    unit = venue.markets.mark * venue.markets.params["tick_value"]
    interest: I64 = choose_opening(config, venue, Streams(seed=config.seed)).book.open_interest * unit
    return interest


@naming_places
def opening_venue(config: RunConfig) -> Venue:
    """The exchange at the opening mark, as the run builds it; prices after the start are not drawn."""
    instruments = config.instruments()
    rows = Rows(tuple(fund.name for fund in config.funds))
    start = build_paths(
        config.prices,
        [market.price for market in config.markets],
        names=config.market_names,
        duration_ms=config.duration_ms,
        clock=FixedClock(kind="fixed", tick_ms=config.duration_ms),
        streams=Streams(seed=config.seed),
        start_ms=config.start_ms,
    )
    markets = lower_markets(config, instruments, start, rows)
    return Venue(tuple(instruments), markets, config.quantum, config.scale.simulated_share, rows.first_trader)
