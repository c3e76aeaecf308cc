"""Reads every input file of a config, or builds its world, as the run would, for `clearsim check`."""

from pathlib import Path

import numpy as np

from ..config import RunConfig, own_parts
from ..market.price.skeleton import PathContext
from ..opening import read_positions
from ..rng import Streams


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


def check_inputs(config: RunConfig) -> None:
    """InputDataError or ConfigError for a price file, a positions file or custom code that cannot be used."""
    for market in config.markets:
        ends = np.array([0, config.duration_ms], np.int64)
        market.price.require_inputs(PathContext(market.name, ends, Streams(seed=config.seed), config.start_ms))
    if config.positions is not None:
        read_positions(Path(config.positions.file), config.instruments())
    for _, part in own_parts(config):
        part.load()
