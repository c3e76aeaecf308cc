"""Price processes: one a file, one union. `build_paths` turns them into the run's index paths."""

from typing import Annotated

from pydantic import Field

from sim.market.price.bates import Bates
from sim.market.price.gbm import Gbm
from sim.market.price.hawkes_jumps import HawkesJumps
from sim.market.price.kou import Kou
from sim.market.price.merton import Merton
from sim.market.price.paths import PathSet, build_paths
from sim.market.price.replay import Replay
from sim.market.price.single_shock import SingleShock
from sim.market.price.system import CommonJumps, Correlated, Independent, PriceSystem
from sim.market.price.waypoints import Waypoint, Waypoints

PriceProcess = Annotated[
    Gbm | Merton | Kou | HawkesJumps | Bates | Waypoints | SingleShock | Replay, Field(discriminator="kind")
]

__all__ = [
    "Bates",
    "CommonJumps",
    "Correlated",
    "Gbm",
    "HawkesJumps",
    "Independent",
    "Kou",
    "Merton",
    "PathSet",
    "PriceProcess",
    "PriceSystem",
    "Replay",
    "SingleShock",
    "Waypoint",
    "Waypoints",
    "build_paths",
]
