"""Behaviours of cohorts, one a file, and the union a config chooses from by `kind`."""

from typing import Annotated

from pydantic import Field

from sim.agents.behaviours.arbitrageur import Arbitrageur
from sim.agents.behaviours.carry import Carry
from sim.agents.behaviours.fundamentalist import DipBuyer, Fundamentalist
from sim.agents.behaviours.levered import Levered
from sim.agents.behaviours.market_maker import MarketMaker
from sim.agents.behaviours.momentum import Momentum
from sim.agents.behaviours.noise import Noise

Behaviour = Annotated[
    MarketMaker | Noise | Momentum | Fundamentalist | DipBuyer | Arbitrageur | Carry | Levered,
    Field(discriminator="kind"),
]

__all__ = [
    "Arbitrageur",
    "Behaviour",
    "Carry",
    "DipBuyer",
    "Fundamentalist",
    "Levered",
    "MarketMaker",
    "Momentum",
    "Noise",
]
