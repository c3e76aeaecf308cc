"""The output of every price process: a path on the base grid, with the data to refine it without changing it.

Log price = line(t) + noise(t) + jumps up to t. The line is deterministic (drift, compensator, recorded data), the noise
is a Brownian motion whose volatility is frozen within a base step, so a bridge refines it exactly; jumps keep their own
times, so no finer grid moves or smooths them. Decides nothing about clocks or correlation: see `paths.py`, `system.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ...elementary import log
from ...policy import Policy
from ...rng import Streams

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Seconds of the year that annual rates and volatilities refer to: 365 days, as perpetuals trade every day.
YEAR_S = 365 * 86_400
ROOT_YEAR = math.sqrt(YEAR_S)

InitialPrice = Annotated[
    Decimal, Field(gt=0, description="Index price at the start of the run, quote units per base unit.")
]
AnnualVolatility = Annotated[
    Decimal, Field(ge=0, description="Volatility of the diffusion, fraction per sqrt(year of 365 days): 0.8 is 80%.")
]
AnnualDrift = Annotated[
    Decimal,
    Field(description="Drift, fraction per year of 365 days: without uncompensated jumps E[S_t] = S_0 e^(drift t)."),
]


@dataclass(frozen=True)
class PathContext:
    """The context of a path. `times_ms` (T+1,) is the base grid, from 0; `start_ms` is the epoch of 0."""

    name: str
    times_ms: I64
    streams: Streams
    start_ms: int | None = None
    folder: Path | None = None

    @property
    def steps_s(self) -> F64:
        """Length of each base step, seconds (T,)."""
        return np.diff(self.times_ms) / 1e3

    @property
    def duration_ms(self) -> int:
        """End of the run."""
        return int(self.times_ms[-1])

    def stream(self, purpose: str) -> np.random.Generator:
        """The market's generator for `purpose`."""
        return self.streams.get(f"price/{self.name}/{purpose}")


@dataclass(frozen=True)
class Skeleton:
    """One market's path before refinement; see the file's first paragraph. Log prices; sigma per sqrt(second)."""

    line_ms: I64  # (K,) knots of the deterministic line, increasing
    line_log: F64  # (K,) its values, straight between knots
    noise: F64  # (T+1,) Brownian part at the base grid
    noise_sigma: F64  # (T,) its volatility in each base step
    sigma: F64  # (T,) local volatility to report, >= noise_sigma
    jump_ms: I64  # (J,) times of jumps, sorted, in (0, duration]
    jump_log: F64  # (J,) their sizes

    def with_jumps(self, *, jump_ms: I64, jump_log: F64, line_slope_per_s: float) -> "Skeleton":
        """The same path with further jumps and a further straight drift (their compensator)."""
        times = np.concatenate([self.jump_ms, jump_ms])
        order = np.argsort(times, kind="stable")
        return Skeleton(
            line_ms=self.line_ms,
            line_log=self.line_log + line_slope_per_s * self.line_ms / 1e3,
            noise=self.noise,
            noise_sigma=self.noise_sigma,
            sigma=self.sigma,
            jump_ms=times[order],
            jump_log=np.concatenate([self.jump_log, jump_log])[order],
        )

    def log_price(self, times_ms: I64, noise: F64) -> F64:
        """Log price at `times_ms` given the refined noise there."""
        total = np.concatenate([[0.0], np.cumsum(self.jump_log)])
        jumps: F64 = total[np.searchsorted(self.jump_ms, times_ms, side="right")]
        line: F64 = interpolate(times_ms, self.line_ms, self.line_log)
        return line + noise + jumps

    def jumped(self, times_ms: I64) -> Bool:
        """True for each time whose step (since the time before it) holds a jump; the first is False."""
        counts = np.searchsorted(self.jump_ms, times_ms, side="right")
        return np.concatenate([[False], np.diff(counts) > 0])


NO_TIMES: I64 = np.zeros(0, np.int64)
NO_LOGS: F64 = np.zeros(0)


class PriceProcessBase(Policy):
    """The interface of the members of the `PriceProcess` union."""

    #: True for kinds that play one event.
    plays_event: ClassVar[bool] = False

    @property
    def is_scenario(self) -> bool:
        """True if the path is one event that is played, so that probabilities are given that it comes."""
        return self.plays_event

    def start_price(self) -> Decimal | None:
        """Price at the start of the run where the parameters state it."""
        return None

    def require_inputs(self, context: PathContext) -> None:
        """ConfigError or InputDataError if a file or code that the process reads cannot be used; `context` needs the
        ends of the run only."""

    def input_notes(self, context: PathContext) -> list[str]:
        """What a user should know about the file that the process reads, one line each; `context` as above."""
        return []

    def pinned_ms(self, context: PathContext) -> I64:
        """Times inside the run at which the clock must tick because the process has a fixed value there; usually
        none."""
        return NO_TIMES

    def pinned(self) -> bool:
        """True if the path is given from outside, so that common jumps must not be added to it."""
        return False

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on `context.times_ms`, driven by `normals` (T,), standard normal, one per base step."""
        raise NotImplementedError


def diffusion(context: PathContext, sigma: F64, normals: F64) -> F64:
    """Brownian motion at the base grid (T+1,) from 0, with volatility `sigma` (T,) per sqrt(second)."""
    return np.concatenate([[0.0], np.cumsum(sigma * np.sqrt(context.steps_s) * normals)])


def interpolate(at: I64, x: I64, y: F64) -> F64:
    """Values at `at` of straight lines through (x, y), level beyond both ends; x rises.

    numpy's form fuses product and sum on some processors.
    """
    if len(x) == 1:
        return np.full(len(at), y[0])
    place = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    inside = (np.diff(y) / np.diff(x))[place] * (at - x[place]) + y[place]
    return np.where(at >= x[-1], y[-1], np.where(at < x[0], y[0], inside))


def constant_sigma(context: PathContext, annual_volatility: Decimal) -> F64:
    """An annual volatility as a local one per sqrt(second), for each base step (T,)."""
    return np.full(len(context.times_ms) - 1, float(annual_volatility) / ROOT_YEAR)


def assemble(
    context: PathContext,
    *,
    initial_price: Decimal,
    normals: F64,
    annual_volatility: Decimal,
    annual_log_drift: float,
    jump_ms: I64 = NO_TIMES,
    jump_log: F64 = NO_LOGS,
) -> Skeleton:
    """The path of a constant-volatility diffusion with the given drift of the LOG price and the given jumps."""
    sigma = constant_sigma(context, annual_volatility)
    ends = np.array([0, context.duration_ms], np.int64)
    line: F64 = log(float(initial_price)) + annual_log_drift / YEAR_S * ends.astype(np.float64) / 1e3
    return Skeleton(
        line_ms=ends,
        line_log=line,
        noise=diffusion(context, sigma, normals),
        noise_sigma=sigma,
        sigma=sigma,
        jump_ms=jump_ms,
        jump_log=jump_log,
    )


def as_floats(values: Sequence[Decimal]) -> F64:
    """Decimals as an array."""
    return np.array([float(value) for value in values])
