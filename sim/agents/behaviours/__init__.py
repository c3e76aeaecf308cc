"""Behaviours of cohorts, one per file, and the union from which a config chooses by `kind`."""

from typing import Annotated

from pydantic import Field

from .arbitrageur import Arbitrageur
from .carry import Carry
from .fundamentalist import DipBuyer, Fundamentalist
from .levered import Levered
from .market_maker import MarketMaker
from .momentum import Momentum
from .noise import Noise
from .own import OwnBehaviour

Behaviour = Annotated[
    MarketMaker | Noise | Momentum | Fundamentalist | DipBuyer | Arbitrageur | Carry | Levered | OwnBehaviour,
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
    "OwnBehaviour",
]
