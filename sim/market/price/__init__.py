"""Price processes: one per file, one union. `build_paths` turns them into the run's index paths."""

from typing import Annotated, get_args

from pydantic import Field

from .bates import Bates
from .gbm import Gbm
from .hawkes_jumps import HawkesJumps
from .kou import Kou
from .merton import Merton
from .own import OwnPath, PricePath
from .paths import PathSet, build_paths
from .replay import Replay
from .single_shock import SingleShock
from .system import CommonJumps, Correlated, Independent, PriceSystem
from .waypoints import Waypoint, Waypoints

PriceProcess = Annotated[
    Gbm | Merton | Kou | HawkesJumps | Bates | Waypoints | SingleShock | Replay | OwnPath, Field(discriminator="kind")
]

#: Kinds whose path is one event that is played.
SCENARIO_KINDS = tuple(
    str(member.model_fields["kind"].default) for member in get_args(get_args(PriceProcess)[0]) if member.plays_event
)

__all__ = [
    "SCENARIO_KINDS",
    "Bates",
    "CommonJumps",
    "Correlated",
    "Gbm",
    "HawkesJumps",
    "Independent",
    "Kou",
    "Merton",
    "OwnPath",
    "PathSet",
    "PricePath",
    "PriceProcess",
    "PriceSystem",
    "Replay",
    "SingleShock",
    "Waypoint",
    "Waypoints",
    "build_paths",
]
