"""An estimated number with its interval, or a refusal: the common type of all estimators, tables and charts.

An `Estimate` has the value, its bounds, their level, the method and the sample. If the
data do not support a claim, an estimator raises `RefusedError` with the reason and, if known, the runs needed.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

from ..errors import AnalysisError


class RefusedError(AnalysisError):
    """The data do not support the claim: the message has the reason and a remedy; `runs_needed` is 0 if unknown."""

    def __init__(self, message: str, *, runs_needed: int = 0) -> None:
        super().__init__(message)
        self.runs_needed = runs_needed

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the number of runs."""
        return _refused, (str(self), self.runs_needed)


def _refused(message: str, runs_needed: int) -> RefusedError:
    return RefusedError(message, runs_needed=runs_needed)


@dataclass(frozen=True)
class Estimate:
    """A value with its interval [low, high] of confidence `level`, its method and sample.

    n: runs (or paths, randomisations: `note` names the unit if it is not runs).  events: number of
    them with the event, -1 if not applicable.  unit: of value, low, high ("" for a probability).
    seconds: spent on the runs, as the caller measured them.  variance_reduction: variance of crude Monte Carlo from as
    many runs over this one's.  effective_sample_size, largest_weight_share: of the weights, NaN without weights.
    Raises ValueError if the value is outside the bounds, or a share is outside 0..1.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    n: int
    events: int
    unit: str = ""
    seconds: float = math.nan
    variance_reduction: float = math.nan
    effective_sample_size: float = math.nan
    largest_weight_share: float = math.nan
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an invalid interval."""
        if math.isnan(self.value) or not self.low <= self.value <= self.high:
            values = f"{self.low}, {self.value}, {self.high}"
            raise ValueError(f"{self.method}: expected low <= value <= high, found {values}")
        if not 0 < self.level < 1:
            raise ValueError(f"{self.method}: level must be between 0 and 1, found {self.level}")
        if self.n < 0 or self.events < -1:
            raise ValueError(f"{self.method}: n and events are counts, found {self.n}, {self.events}")
        if not math.isnan(self.largest_weight_share) and not 0 <= self.largest_weight_share <= 1:
            raise ValueError(f"{self.method}: largest_weight_share is a share, found {self.largest_weight_share}")

    @property
    def half_width(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2

    @property
    def relative_half_width(self) -> float:
        """Half-width over value; infinite if the value is 0."""
        return self.half_width / abs(self.value) if self.value else math.inf

    def holds(self, number: float) -> bool:
        """Whether the interval contains a number."""
        return self.low <= number <= self.high

    def row(self) -> dict[str, Any]:
        """The fields by name: one row of a table of estimates."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __str__(self) -> str:
        """One line: the value, its interval, the method, and the sample size."""
        unit = f" {self.unit}" if self.unit else ""
        parts = [f"{self.value:.4g}{unit} [{self.low:.4g}, {self.high:.4g}] at {self.level:.4g}", self.method]
        parts.append(f"n {self.n:,}" + (f", {self.events:,} events" if self.events >= 0 else ""))
        if not math.isnan(self.seconds):
            parts.append(f"{self.seconds:.3g} s")
        if not math.isnan(self.variance_reduction):
            parts.append(f"variance reduction {self.variance_reduction:.3g}")
        if not math.isnan(self.effective_sample_size):
            parts.append(f"effective sample {self.effective_sample_size:,.0f}")
        if not math.isnan(self.largest_weight_share):
            parts.append(f"largest weight {self.largest_weight_share:.2%}")
        return "; ".join([*parts, *([self.note] if self.note else [])])
