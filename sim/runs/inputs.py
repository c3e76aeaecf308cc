"""Reads every input file of a config as the run would, so that `clearsim check` reports errors in them."""

from pathlib import Path

import numpy as np

from ..config import RunConfig, own_parts
from ..market.price.skeleton import PathContext
from ..opening import read_positions
from ..rng import Streams


def check_inputs(config: RunConfig) -> None:
    """InputDataError or ConfigError for a price file, a positions file or custom code that cannot be used."""
    for market in config.markets:
        ends = np.array([0, config.duration_ms], np.int64)
        market.price.require_inputs(PathContext(market.name, ends, Streams(seed=config.seed), config.start_ms))
    if config.positions is not None:
        read_positions(Path(config.positions.file), config.instruments())
    for _, part in own_parts(config):
        part.load()
