"""Estimates from weighted runs: noise was drawn from Q, each run carries log dP/dQ.

The estimate of P(event) is the mean of weight x [event], unbiased. Failures are silent: if a few enormous weights
were not drawn, the estimate is low and its standard error small. So each estimate carries the effective sample
size and the largest share of one run, and is refused if they, or the tails of the weights, are bad. Share and
effective sample alone are not enough: on a known problem (tests/closed_forms/test_rare_events.py) every jump tilted
passes both in a fifth of the samples, and nearly all that pass are wrong, by 6 to 8 standard errors. No check of the
weights can see a part of the event that was never drawn: let two sampling laws, or two methods, agree (`agreement.py`).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .estimate import Estimate, RefusedError
from .gpd import pareto_shape
from .intervals import Side, normal_quantile
from .quantiles import as_required

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WeightLimits:
    """Limits beyond which weights are bad: largest share of one run, effective runs, heaviest tails (Pareto shapes).

    event_shape: of the weights of runs with the event; from 0.5 upwards their standard error means little.  shape: of
    all weights; at 1 their mean does not exist although it must be 1.
    """

    largest_share: float = 0.02
    effective_sample: float = 100.0
    event_shape: float = 0.7
    shape: float = 1.0


@dataclass(frozen=True)
class WeightCheck:
    """The state of the contributions weight x value that are not zero, and the shape of all weights (or NaN)."""

    events: int
    effective_sample_size: float
    largest_weight_share: float
    event_shape: float
    shape: float = math.nan

    def fault(self, limits: WeightLimits) -> str:
        """The reason to refuse the estimate; empty if there is none."""
        if not self.events:
            return "no run shows the event: tilt further, or draw more runs"
        if self.largest_weight_share > limits.largest_share:
            share = (
                f"one run contributes {self.largest_weight_share:.1%} of the estimate (limit"
                f" {limits.largest_share:.0%})"
            )
            return f"{share}: the sampling law misses part of the event; mix in a wider one, or draw more runs"
        if self.effective_sample_size < limits.effective_sample:
            fault = f"the effective sample is {self.effective_sample_size:,.0f} runs"
            return f"{fault} (limit {limits.effective_sample:,.0f}): draw more runs, or tilt less"
        for what, shape, limit in (
            ("runs with the event have", self.event_shape, limits.event_shape),
            ("all runs have", self.shape, limits.shape),
        ):
            if shape > limit:
                fault = f"the weights of {what} a tail of shape {shape:.2f} (limit {limit:g})"
                return f"{fault}: runs with large weights are missing from the sample; mix in a wider sampling law"
        return ""


def check_weights(contributions: npt.ArrayLike, *, shape: float = math.nan) -> WeightCheck:
    """Measure contributions weight x value, one per run; zeros are runs without the event.  shape: of all weights."""
    sample = np.abs(np.asarray(contributions, np.float64).ravel())
    hits = sample[sample > 0]
    if not len(hits):
        return WeightCheck(0, 0.0, math.nan, math.nan, shape)
    total = hits.sum()
    return WeightCheck(
        events=len(hits),
        effective_sample_size=float(total**2 / np.square(hits).sum()),
        largest_weight_share=float(hits.max() / total),
        event_shape=pareto_shape(hits),
        shape=shape,
    )


def weighted_probability(
    event: npt.ArrayLike,
    log_weight: npt.ArrayLike,
    *,
    level: float = 0.95,
    side: Side = "two",
    limits: WeightLimits | None = None,
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """P(event) under the nominal law; event, log_weight: (n,). Raises RefusedError, with the reason, on bad weights."""
    values = np.asarray(event, bool).astype(np.float64)
    estimate = weighted_mean(values, log_weight, level=level, side=side, limits=limits, seconds=seconds, note=note)
    return _within(estimate, 1.0)


def weighted_mean(
    values: npt.ArrayLike,
    log_weight: npt.ArrayLike,
    *,
    level: float = 0.95,
    side: Side = "two",
    limits: WeightLimits | None = None,
    unit: str = "",
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """The mean of `values` under the nominal law, with a normal interval, not below 0 if no value is negative."""
    value, weight = np.asarray(values, np.float64).ravel(), as_weights(log_weight)
    if len(value) != len(weight):
        raise ValueError(f"{len(value)} values have {len(weight)} weights")
    parts = value * weight
    check = check_weights(parts, shape=pareto_shape(weight[weight > 0]))
    if fault := check.fault(limits or WeightLimits()):
        raise RefusedError(f"importance sampling with {len(parts):,} runs is refused: {fault}")
    mean, variance = float(parts.mean()), float(parts.var(ddof=1))
    half = normal_quantile(level, side) * math.sqrt(variance / len(parts))
    floor = 0.0 if value.min() >= 0 else -math.inf
    crude = float((weight * value**2).mean()) - mean**2
    return Estimate(
        value=mean,
        low=floor if side == "upper" else max(floor, mean - half),
        high=math.inf if side == "lower" else mean + half,
        level=level,
        method="importance sampling" + ("" if side == "two" else f" ({side} bound)"),
        n=len(parts),
        events=check.events,
        unit=unit,
        seconds=seconds,
        variance_reduction=crude / variance if variance else math.inf,
        effective_sample_size=check.effective_sample_size,
        largest_weight_share=check.largest_weight_share,
        note=note,
    )


def as_weights(log_weight: npt.ArrayLike) -> F64:
    """Weights from their logarithms (n,); -inf is weight 0; ValueError on NaN, +inf or none."""
    logs = np.asarray(log_weight, np.float64).ravel()
    if not len(logs) or np.isnan(logs).any() or logs.max() > 700:
        raise ValueError("log weights must be numbers below 700 and at least one")
    return np.exp(logs)


def _within(estimate: Estimate, top: float) -> Estimate:
    """The same estimate of a share: its bound is not above `top`."""
    high = max(estimate.value, min(estimate.high, top))
    return Estimate(**(estimate.row() | {"high": high}))


class WeightedCurve:
    """P(a fund of size F is exhausted) for every F from one weighted sample; see `quantiles.py` for its conditions."""

    def __init__(self, required: npt.ArrayLike, log_weight: npt.ArrayLike) -> None:
        sample, weight = as_required(required), as_weights(log_weight)
        if len(sample) != len(weight):
            raise ValueError(f"{len(sample)} runs have {len(weight)} weights")
        order = np.argsort(-sample, kind="stable")
        self.n = len(sample)
        self.shape = pareto_shape(weight[weight > 0])
        self.fund: F64 = sample[order]  # falling
        self.weight: F64 = weight[order]
        self._sum: F64 = np.concatenate([[0.0], np.cumsum(self.weight)])
        self._squares: F64 = np.concatenate([[0.0], np.cumsum(self.weight**2)])

    def _counts(self, funds: F64) -> npt.NDArray[np.int64]:
        """Number of runs that need more than each fund."""
        return np.asarray(self.n - np.searchsorted(self.fund[::-1], funds, side="right"), np.int64)

    def bounds(self, funds: npt.ArrayLike, *, level: float = 0.95, side: Side = "two") -> tuple[F64, F64, F64]:
        """(probability, low, high) at each fund, normal intervals, regardless of the state of the weights."""
        count = self._counts(np.asarray(funds, np.float64))
        value = self._sum[count] / self.n
        variance = np.maximum(self._squares[count] / self.n - value**2, 0.0) / max(self.n - 1, 1)
        half = normal_quantile(level, side) * np.sqrt(variance)
        low = np.zeros_like(value) if side == "upper" else np.maximum(value - half, 0.0)
        high = np.ones_like(value) if side == "lower" else np.maximum(np.minimum(value + half, 1.0), value)
        return value, low, high

    def check(self, fund: float) -> WeightCheck:
        """The state of the weights of the runs that exhaust a fund."""
        return check_weights(self.weight[: int(self._counts(np.array([fund]))[0])], shape=self.shape)

    def table(
        self, funds: npt.ArrayLike | None = None, *, level: float = 0.95, limits: WeightLimits | None = None
    ) -> pd.DataFrame:
        """Columns fund, probability, low, high, events, n, effective_sample_size, largest_weight_share, refused.

        refused is the reason, empty if the estimate is valid. By default at 60 funds with even spacing in log count.
        """
        if funds is None:
            counts = np.unique(np.geomspace(1, self.n, 60).astype(np.int64))
            funds = np.append(self.fund[counts - 1], 0.0)
        at = np.unique(np.asarray(funds, np.float64))
        value, low, high = self.bounds(at, level=level)
        checks = [self.check(fund) for fund in at]
        return pd.DataFrame(
            {
                "fund": at,
                "probability": value,
                "low": low,
                "high": high,
                "events": [check.events for check in checks],
                "n": self.n,
                "effective_sample_size": [check.effective_sample_size for check in checks],
                "largest_weight_share": [check.largest_weight_share for check in checks],
                "refused": [check.fault(limits or WeightLimits()) for check in checks],
            }
        )

    def required_fund(
        self,
        p: float,
        *,
        level: float = 0.95,
        side: Side = "two",
        limits: WeightLimits | None = None,
        unit: str = "",
        seconds: float = math.nan,
        note: str = "",
    ) -> Estimate:
        """The smallest fund exhausted with probability at most p; the interval inverts that of the probability.

        Raises RefusedError if the weights are bad at the fund itself or at its upper bound.
        """
        value, low, high = self.bounds(self.fund, level=level, side=side)
        at_value, at_low, at_high = (self._smallest(curve <= p) for curve in (value, low, high))
        for fund, what in ((at_value, "fund"), (at_high, "upper bound")):
            fault = "" if math.isinf(fund) else self.check(fund).fault(limits or WeightLimits())
            if fault:
                raise RefusedError(f"the {what} for {p:g} from {self.n:,} weighted runs is refused: {fault}")
        check = self.check(at_value)
        variance = float(self._squares[check.events]) / self.n - p**2
        return Estimate(
            value=at_value,
            low=0.0 if side == "upper" else min(at_low, at_value),
            high=max(at_high, at_value),
            level=level,
            method="importance sampling, inverted curve",
            n=self.n,
            events=check.events,
            unit=unit,
            seconds=seconds,
            variance_reduction=p * (1 - p) / variance if variance > 0 else math.inf,
            effective_sample_size=check.effective_sample_size,
            largest_weight_share=check.largest_weight_share,
            note=note,
        )

    def _smallest(self, holds: npt.NDArray[np.bool_]) -> float:
        """The smallest fund from which upwards `holds` is true, for falling funds: 0 if true for all, inf if for
        none."""
        if holds.all():
            return 0.0
        first_failure = int(np.argmin(holds))
        return float(self.fund[first_failure - 1]) if first_failure else math.inf
