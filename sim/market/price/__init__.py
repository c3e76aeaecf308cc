"""Price processes: one per file, one union. `build_paths` turns them into the run's index paths."""

from typing import Annotated

from pydantic import Field

from .bates import Bates
from .gbm import Gbm
from .hawkes_jumps import HawkesJumps
from .kou import Kou
from .merton import Merton
from .paths import PathSet, build_paths
from .replay import Replay
from .single_shock import SingleShock
from .system import CommonJumps, Correlated, Independent, PriceSystem
from .waypoints import Waypoint, Waypoints

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
