"""The distributions of an uncertainty of a study: each law gives the value at a quantile.

Quantiles are strictly inside (0, 1). Sources: the textbook inverse of each law.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ...elementary import exp, log
from ...policy import Policy, PositiveInt
from .normal import normal_probability, normal_quantile

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _require_order(low: float, high: float) -> None:
    if low >= high:
        raise ValueError(f"low must be below high, found {low:g} and {high:g}")


class Uniform(Policy):
    """All values between two are equally likely."""

    kind: Literal["uniform"] = Field("uniform", description="Uniform on [low, high].")
    low: Number = Field(description="Smallest value.")
    high: Number = Field(description="Largest value.")

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        _require_order(self.low, self.high)
        return self

    def value(self, quantile: float) -> float:
        """The value at a quantile."""
        return self.low + (self.high - self.low) * quantile


class LogUniform(Policy):
    """All orders of magnitude between two values are equally likely."""

    kind: Literal["log_uniform"] = Field("log_uniform", description="Uniform in the logarithm on [low, high].")
    low: Positive = Field(description="Smallest value.")
    high: Positive = Field(description="Largest value.")

    @model_validator(mode="after")
    def _ordered(self) -> "LogUniform":
        _require_order(self.low, self.high)
        return self

    def value(self, quantile: float) -> float:
        """The value at a quantile."""
        return exp(log(self.low) + log(self.high / self.low) * quantile)


class Normal(Policy):
    """The normal law, cut to [low, high] where these are given."""

    kind: Literal["normal"] = Field("normal", description="Normal, truncated to [low, high] where given.")
    mean: Number = Field(description="Mean before truncation.")
    sd: Positive = Field(description="Standard deviation before truncation.")
    low: Number | None = Field(None, description="Smallest value; null: none.")
    high: Number | None = Field(None, description="Largest value; null: none.")

    @model_validator(mode="after")
    def _ordered(self) -> "Normal":
        if self.low is not None and self.high is not None:
            _require_order(self.low, self.high)
        below, under = self._tails()
        if below == under:
            raise ValueError("the law has no probability between low and high")
        return self

    def _tails(self) -> tuple[float, float]:
        """Probabilities below low and below high, of the mirrored law if it is cut above its mean: far out, upper tails
        round to 1, lower tails do not."""
        ends = [-math.inf if self.low is None else self.low, math.inf if self.high is None else self.high]
        scores = [(end - self.mean) / self.sd * self._side for end in ends]
        below, under = sorted(normal_probability(score) for score in scores)
        return below, under

    @property
    def _side(self) -> int:
        return -1 if self.low is not None and self.low > self.mean else 1

    def value(self, quantile: float) -> float:
        """The value at a quantile."""
        below, under = self._tails()
        share = quantile if self._side > 0 else 1.0 - quantile
        value = float(self.mean + self._side * self.sd * normal_quantile(below + (under - below) * share))
        low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
        return min(max(value, low), high)


class LogNormal(Policy):
    """The logarithm is normal."""

    kind: Literal["lognormal"] = Field("lognormal", description="Lognormal by its median.")
    median: Positive = Field(description="Median.")
    sigma: Positive = Field(description="Standard deviation of the logarithm.")

    def value(self, quantile: float) -> float:
        """The value at a quantile."""
        return self.median * exp(self.sigma * normal_quantile(quantile))


class Triangular(Policy):
    """A density that rises to the mode and falls after it."""

    kind: Literal["triangular"] = Field("triangular", description="Triangular on [low, high] with a mode.")
    low: Number = Field(description="Smallest value.")
    mode: Number = Field(description="Most likely value.")
    high: Number = Field(description="Largest value.")

    @model_validator(mode="after")
    def _ordered(self) -> "Triangular":
        _require_order(self.low, self.high)
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"mode must lie between low and high, found {self.mode:g}")
        return self

    def value(self, quantile: float) -> float:
        """The value at a quantile."""
        width, rise = self.high - self.low, self.mode - self.low
        if quantile * width < rise:
            return self.low + math.sqrt(quantile * width * rise)
        return self.high - math.sqrt((1.0 - quantile) * width * (self.high - self.mode))


class Integers(Policy):
    """Whole numbers, equally likely."""

    kind: Literal["integers"] = Field("integers", description="Whole numbers low..high, both included.")
    low: int = Field(strict=True, description="Smallest.")
    high: int = Field(strict=True, description="Largest.")

    @model_validator(mode="after")
    def _ordered(self) -> "Integers":
        _require_order(self.low, self.high)
        return self

    def value(self, quantile: float) -> int:
        """The value at a quantile."""
        count = self.high - self.low + 1
        return self.low + min(int(quantile * count), count - 1)


class Choice(Policy):
    """One of several values, or mechanisms, with weights."""

    kind: Literal["choice"] = Field("choice", description="One of several values.")
    values: tuple[Any, ...] = Field(min_length=2, description="The values; mappings and lists are set as a whole.")
    weights: tuple[PositiveInt, ...] | None = Field(None, description="Relative weights; null: equal.")

    @model_validator(mode="after")
    def _alike(self) -> "Choice":
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"weights must be as many as values: {len(self.values)}, found {len(self.weights)}")
        return self

    def value(self, quantile: float) -> Any:
        """The value at a quantile: weights are laid out in the order of the values."""
        weights = self.weights or (1,) * len(self.values)
        left = quantile * sum(weights)
        for value, weight in zip(self.values, weights, strict=True):
            left -= weight
            if left < 0:
                return value
        return self.values[-1]


Distribution = Annotated[
    Uniform | LogUniform | Normal | LogNormal | Triangular | Integers | Choice, Field(discriminator="kind")
]
