"""Reads every input file of a config as the run would, so that `clearsim check` finds what is wrong with it."""

from pathlib import Path

from sim.agents import UserAgentConfig
from sim.config import RunConfig
from sim.market.price import Replay
from sim.market.price.replay import read_prices
from sim.positions import read_positions


def check_inputs(config: RunConfig) -> None:
    """InputDataError or ConfigError for a price file, a positions file or an agent's file that cannot be used."""
    for market in config.markets:
        if isinstance(market.price, Replay):
            read_prices(Path(market.price.file))
    if config.positions is not None:
        read_positions(Path(config.positions.file), config.instruments())
    for agent in config.agents:
        if isinstance(agent, UserAgentConfig):
            agent.load()
