"""The ticks of the exchange, and whether its steps are short enough for current volatility.

A step of dt seconds creates artificial shortfall if the price can cross from liquidation to bankruptcy within it. The
measure is r = -ln(1 - m) / (sigma sqrt(dt)), m the maintenance rate: the distance between the two prices in standard
deviations of one step. At r >= 3 the overshoot through bankruptcy is negligible (Broadie, Glasserman & Kou 1997).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from ..elementary import log, log1p
from ..errors import ConfigError
from ..layout import F64, I64
from ..policy import Policy, PositiveDecimal, PositiveInt
from ..units import PPM

Bool = npt.NDArray[np.bool_]


def step_ratio(*, maintenance_ppm: int, sigma: npt.ArrayLike, step_s: npt.ArrayLike) -> F64:
    """r = -ln(1 - m) / (sigma sqrt(dt)), elementwise; infinite if sigma is 0. sigma: per sqrt(second)."""
    if not 0 < maintenance_ppm < PPM:
        raise ConfigError(f"the step ratio needs a maintenance rate in (0, 1,000,000) ppm, found {maintenance_ppm}")
    spread = np.asarray(sigma, np.float64) * np.sqrt(np.asarray(step_s, np.float64))
    with np.errstate(divide="ignore"):
        ratio: F64 = -log1p(-maintenance_ppm / PPM) / spread
    return ratio


def _base_times(duration_ms: int, tick_ms: int) -> I64:
    """0, tick, 2 tick, ..., duration: the last step is shorter if the tick does not divide the duration."""
    if duration_ms < 1:
        raise ConfigError(f"the run must last at least 1 ms, found {duration_ms}")
    ticks = np.arange(0, duration_ms, tick_ms, dtype=np.int64)
    return np.append(ticks, np.int64(duration_ms))


class FixedClock(Policy):
    """Ticks of equal length."""

    kind: Literal["fixed"] = Field("fixed", description="Ticks of equal length.")
    tick_ms: PositiveInt = Field(description="Length of a tick, ms.")

    def base_times(self, duration_ms: int) -> I64:
        """The ticks of a run (T+1,), from 0 to its end."""
        return _base_times(duration_ms, self.tick_ms)

    def halvings(self, times_ms: I64, sigma: F64, maintenance_ppm: Sequence[int] | None) -> I64:
        """Number of halvings of each step: none."""
        return np.zeros(len(times_ms) - 1, np.int64)


class AdaptiveClock(Policy):
    """Ticks that are halved if r would be below `min_step_ratio`, down to `min_tick_ms`; one grid for all markets."""

    kind: Literal["adaptive"] = Field("adaptive", description="Ticks halved while volatility is high.")
    tick_ms: PositiveInt = Field(description="Longest tick, ms.")
    min_tick_ms: PositiveInt = Field(description="No tick is halved into parts shorter than this, ms.")
    min_step_ratio: PositiveDecimal = Field(
        Decimal(3), description="Smallest r = -ln(1 - maintenance) / (sigma sqrt(tick)) to accept before halving."
    )

    @model_validator(mode="after")
    def _min_is_smaller(self) -> "AdaptiveClock":
        if self.min_tick_ms > self.tick_ms:
            raise ValueError(f"min_tick_ms must not exceed tick_ms ({self.min_tick_ms} > {self.tick_ms})")
        return self

    def base_times(self, duration_ms: int) -> I64:
        """The coarse ticks of a run (T+1,), from 0 to its end."""
        return _base_times(duration_ms, self.tick_ms)

    def halvings(self, times_ms: I64, sigma: F64, maintenance_ppm: Sequence[int] | None) -> I64:
        """Number of halvings of each step (T,): enough for r in every market, within the limit of `min_tick_ms`.

        times_ms: (T+1,).  sigma: (T, M) per sqrt(second).  maintenance_ppm: smallest rate of each market.
        """
        if maintenance_ppm is None:
            raise ConfigError("the adaptive clock needs the smallest maintenance rate of each market")
        steps_ms = np.diff(times_ms)
        ratio = np.full(len(steps_ms), np.inf)
        for market, rate in enumerate(maintenance_ppm):
            ratio = np.minimum(ratio, step_ratio(maintenance_ppm=rate, sigma=sigma[:, market], step_s=steps_ms / 1e3))
        with np.errstate(divide="ignore"):
            wanted = _log2_up(np.square(float(self.min_step_ratio) / ratio))  # r grows by sqrt(2) per halving
            allowed = np.frexp(steps_ms / self.min_tick_ms)[1] - 1
        halvings: I64 = np.clip(wanted, 0, np.maximum(allowed, 0)).astype(np.int64)
        return halvings


def _log2_up(x: F64) -> F64:
    """Smallest whole k with 2^k >= x, exactly; x at least 0, not infinite."""
    mantissa, exponent = np.frexp(x)
    return np.where(x > 0.0, exponent - (mantissa == 0.5), -np.inf)


Clock = Annotated[FixedClock | AdaptiveClock, Field(discriminator="kind")]


@dataclass(frozen=True)
class WorstStep:
    """The step with the smallest r, excluding steps with a jump; `ratio` is inf if no step has any volatility."""

    ratio: float
    step: int  # row of the PathSet at which the step ends; 0 if there is none
    time_ms: int  # its end
    step_ms: int
    market: int
    sigma: float  # per sqrt(second)
    n_jump_steps: int  # (step, market) pairs excluded because they contain an instantaneous gap
    largest_jump: float  # largest |log return| over such a step; 0 if none


def worst_step(times_ms: I64, sigma: F64, jump: Bool, price: F64, maintenance_ppm: Sequence[int]) -> WorstStep:
    """Find the smallest r over steps and markets. Arrays: see PathSet; maintenance_ppm: smallest of each market."""
    steps_ms = np.diff(times_ms)
    rates = [
        step_ratio(maintenance_ppm=rate, sigma=sigma[1:, m], step_s=steps_ms / 1e3)
        for m, rate in enumerate(maintenance_ppm)
    ]
    ratios: npt.NDArray[Any] = np.where(jump[1:], np.inf, np.stack(rates, axis=1))
    step, market = divmod(int(np.argmin(ratios)), ratios.shape[1])
    jumps = np.abs(np.diff(log(price), axis=0))[jump[1:]]
    has_any = bool(np.isfinite(ratios[step, market]))
    return WorstStep(
        ratio=float(ratios[step, market]),
        step=step + 1 if has_any else 0,
        time_ms=int(times_ms[step + 1]) if has_any else 0,
        step_ms=int(steps_ms[step]),
        market=market,
        sigma=float(sigma[step + 1, market]),
        n_jump_steps=len(jumps),
        largest_jump=float(jumps.max()) if len(jumps) else 0.0,
    )
