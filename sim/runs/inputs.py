"""Reads every input file of a config as the run would, so that `clearsim check` finds what is wrong with it."""

from pathlib import Path

import numpy as np

from ..agents import UserAgentConfig
from ..config import RunConfig
from ..market.price import Replay
from ..market.price.skeleton import PathContext
from ..opening import read_positions
from ..rng import Streams


def check_inputs(config: RunConfig) -> None:
    """InputDataError or ConfigError for a price file, a positions file or an agent's file that cannot be used."""
    for market in config.markets:
        if isinstance(market.price, Replay):
            ends = np.array([0, config.duration_ms], np.int64)
            market.price.points(PathContext(market.name, ends, Streams(seed=config.seed), config.start_ms))
    if config.positions is not None:
        read_positions(Path(config.positions.file), config.instruments())
    for agent in config.agents:
        if isinstance(agent, UserAgentConfig):
            agent.load()
