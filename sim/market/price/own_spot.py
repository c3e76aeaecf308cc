"""The venue's own spot market inside its index: a basket of recorded outside prices and of its own, with a weight.

Index = (1 - weight) x outside + weight x own spot at every waypoint. The own spot market is given at some waypoints;
its ratio to the outside price is taken to move in a straight line (in logs) between them and to be 1 before the first
and after the last. The weight is what nobody outside the venue knows at a given minute: an uncertainty to be swept.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from ...elementary import exp, log
from ...errors import ConfigError, at_key
from ...policy import Policy, SharePpm
from .skeleton import F64, I64, PathContext, as_floats, interpolate
from .timed import TimedPrice

PPM = 1_000_000


class OwnSpot(Policy):
    """The venue's own spot prices and their weight in the index."""

    weight_ppm: SharePpm = Field(description="Weight of the venue's own spot market in its index.")
    points: Annotated[tuple[TimedPrice, ...], Field(min_length=1)] = Field(
        description="Prices of the own spot market in order of time, each at the time of a waypoint."
    )

    def rows(self, context: PathContext, times_ms: I64) -> I64:
        """The waypoint of each point, by its time; ConfigError if there is none or if they are out of order.

        times_ms: int64 (waypoint,), rising.
        """
        found = np.zeros(len(self.points), np.int64)
        for number, point in enumerate(self.points):
            with at_key("own_spot", "points", number):
                at = point.time_ms(context)
                place = int(np.searchsorted(times_ms, at))
                if place == len(times_ms) or times_ms[place] != at:
                    raise ConfigError(f"must be at the time of a waypoint of the market, found {_time(point)}")
                if number and place <= found[number - 1]:
                    raise ConfigError(f"must be in order of time: {_time(point)} does not follow the point before it")
                found[number] = place
        return found

    def mixed(self, context: PathContext, times_ms: I64, outside_log: F64) -> F64:
        """Logs of the index at the waypoints. times_ms, outside_log: (waypoint,); weight 0 returns the outside logs."""
        if self.weight_ppm == 0:
            return outside_log
        rows = self.rows(context, times_ms)
        ratio = log(as_floats([point.price for point in self.points])) - outside_log[rows]
        basis = interpolate(times_ms, times_ms[rows], ratio)
        basis = np.where((times_ms < times_ms[rows[0]]) | (times_ms > times_ms[rows[-1]]), 0.0, basis)
        weight = self.weight_ppm / PPM
        mixed: F64 = outside_log + log((1.0 - weight) + weight * exp(basis))
        return mixed


def _time(point: TimedPrice) -> str:
    return f"{point.t_s} s" if point.utc is None else point.utc.isoformat()
