"""Recorded prices at given times with a seeded Brownian bridge in log price between them; exact at the waypoints.

A venue's index is often a basket that holds its own spot market. Where that market leaves the others and the basket is
not recorded, `own_spot` mixes the two with a stated weight (`own_spot.py`).

The clock ticks at every waypoint inside the run, in addition to its own ticks. The first waypoint must be at or before
the start of the run and the last at or after its end.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ...elementary import log
from ...errors import ConfigError, at_key
from ...policy import NonNegativeDecimal
from ...variates import standard_normal
from .own_spot import OwnSpot
from .skeleton import (
    F64,
    I64,
    NO_LOGS,
    NO_TIMES,
    ROOT_YEAR,
    PathContext,
    PriceProcessBase,
    Skeleton,
    as_floats,
    interpolate,
)
from .timed import TimedPrice


class Waypoint(TimedPrice):
    """A recorded (or assumed) price at a time, and the volatility of the bridge that starts there."""

    annual_volatility: NonNegativeDecimal | None = Field(
        None,
        description="Volatility of the bridge from here to the next waypoint, fraction per sqrt(year); if it differs.",
    )
    volatility_per_sqrt_s: NonNegativeDecimal | None = Field(
        None, description="The same per sqrt(second), in place of annual_volatility."
    )

    @model_validator(mode="after")
    def _one_volatility(self) -> "Waypoint":
        if self.annual_volatility is not None and self.volatility_per_sqrt_s is not None:
            raise ValueError("give annual_volatility or volatility_per_sqrt_s, not both")
        return self


class Waypoints(PriceProcessBase):
    """A path through the points; sigma is the larger of the bridge's and |log move| / sqrt(length) of the segment."""

    plays_event: ClassVar[bool] = True
    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset({"own_spot"})

    kind: Literal["waypoints"] = Field("waypoints", description="Brownian bridge through recorded prices.")
    points: Annotated[tuple[Waypoint, ...], Field(min_length=2)] = Field(description="Waypoints in order of time.")
    annual_volatility: NonNegativeDecimal | None = Field(
        None, description="Volatility of the bridge after waypoints without one, fraction per sqrt(year)."
    )
    volatility_per_sqrt_s: NonNegativeDecimal | None = Field(
        None, description="The same per sqrt(second), in place of annual_volatility."
    )

    own_spot: OwnSpot | None = Field(
        None, description="The venue's own spot market in its index, where it left the markets of `points`."
    )

    @model_validator(mode="after")
    def _one_volatility(self) -> "Waypoints":
        if (self.annual_volatility is None) == (self.volatility_per_sqrt_s is None):
            raise ValueError("give exactly one of annual_volatility and volatility_per_sqrt_s (it may be 0)")
        for kind in ("utc", "t_s"):
            times = [getattr(point, kind) for point in self.points if getattr(point, kind) is not None]
            for earlier, later in pairwise(times):
                if later <= earlier:
                    raise ValueError(f"waypoints must be in order of time: {later} does not follow {earlier}")
        return self

    def pinned(self) -> bool:
        """True: the path is given from outside."""
        return True

    def require_inputs(self, context: PathContext) -> None:
        """ConfigError if the waypoints do not span the run."""
        times = self.point_times_ms(context)
        if self.own_spot is not None:
            self.own_spot.rows(context, times)

    def point_times_ms(self, context: PathContext) -> I64:
        """Times of all waypoints; ConfigError if they are out of order or do not span the run."""
        times = np.zeros(len(self.points), np.int64)
        for number, point in enumerate(self.points):
            with at_key("points", number):
                times[number] = point.time_ms(context)
        where = f"market {context.name}: waypoints"
        if np.any(np.diff(times) <= 0):
            bad = int(np.argmax(np.diff(times) <= 0)) + 1
            text = f"{where} must be in order of time: number {bad + 1} does not follow number {bad}"
            raise ConfigError(text).at("points", bad)
        if times[0] > 0 or times[-1] < context.duration_ms:
            raise ConfigError(
                f"{where} span {times[0] / 1e3:g} s to {times[-1] / 1e3:g} s since the start;"
                f" the run needs 0 s to {context.duration_ms / 1e3:g} s"
            ).at("points")
        return times

    def pinned_ms(self, context: PathContext) -> I64:
        """Waypoints inside the run."""
        times = self.point_times_ms(context)
        return times[(times > 0) & (times < context.duration_ms)]

    def bridge_sigma(self) -> F64:
        """Volatility of the bridge per sqrt(second), one per segment."""

        def of(annual: Decimal | None, per_sqrt_s: Decimal | None) -> float | None:
            if per_sqrt_s is not None:
                return float(per_sqrt_s)
            return None if annual is None else float(annual) / ROOT_YEAR

        default = of(self.annual_volatility, self.volatility_per_sqrt_s)
        own = [of(point.annual_volatility, point.volatility_per_sqrt_s) for point in self.points[:-1]]
        return np.array([default if value is None else value for value in own], np.float64)

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid, which contains every waypoint inside the run."""
        at = self.point_times_ms(context)
        logs = log(as_floats([point.price for point in self.points]))
        if self.own_spot is not None:
            logs = self.own_spot.mixed(context, at, logs)
        segment_sigma = self.bridge_sigma()
        moved = np.abs(np.diff(logs)) / np.sqrt(np.diff(at) / 1e3)
        first = int(np.searchsorted(at, 0, side="right")) - 1  # only the segments within the run
        last = int(np.searchsorted(at, context.duration_ms, side="left"))
        at, logs = at[first : last + 1], logs[first : last + 1]
        segment_sigma, moved = segment_sigma[first:last], moved[first:last]
        segment = np.searchsorted(at, context.times_ms[:-1], side="right") - 1
        noise = _pinned_noise(context, at, segment_sigma, normals)
        return Skeleton(
            line_ms=at,
            line_log=logs,
            noise=noise,
            noise_sigma=segment_sigma[segment],
            sigma=np.maximum(segment_sigma, moved)[segment],
            jump_ms=NO_TIMES,
            jump_log=NO_LOGS,
        )


def _pinned_noise(context: PathContext, at: I64, segment_sigma: F64, normals: F64) -> F64:
    """Brownian motion at the base grid, conditioned to be 0 at the times `at` (the first and last may lie outside)."""
    ends = standard_normal(context.stream("bridge_ends"), 2)
    before, after = at[:1][at[:1] < 0], at[-1:][at[-1:] > context.duration_ms]
    times = np.concatenate([before, context.times_ms, after])
    draws = np.concatenate([ends[: len(before)], normals, ends[1 : 1 + len(after)]])
    sigma = segment_sigma[np.searchsorted(at, times[:-1], side="right") - 1]
    walk = np.concatenate([[0.0], np.cumsum(sigma * np.sqrt(np.diff(times) / 1e3) * draws)])
    bridge: F64 = walk - interpolate(times, at, walk[np.searchsorted(times, at)])
    return bridge[len(before) : len(before) + len(context.times_ms)]
