"""The fund over everything that is not known: joint draws of the parameters, each with one event at a time.

Draw i has parameters and an opening book of its own and a curve P_i(M > u). The predictive fund f solves
sum_i w_i P_i(M > f) = p; the interval is the weighted quantiles of the f_i that solve P_i(M > f_i) = p. Each holds its
own book, so nothing is added to them. Weights are equal (prior), or the likelihood of a history's windows (posterior).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backtest.weights import (
    EDGES,
    MIN_EFFECTIVE,
    Interval,
    effective_sample_size,
    log_likelihood,
    overlap,
    posterior_weights,
    weighted_quantile,
)
from ..backtest.windows import Windows
from ..money import format_percent, format_short
from .one_event import YEAR_DAYS

F64 = npt.NDArray[np.float64]
LEVEL = 0.95
#: Added to a fund, a share of open interest, before its logarithm: funds can be 0.
FLOOR = 1e-4
#: Sizes of the curves, shares of open interest: 0, the edges of the likelihood's cells, and a geometric grid.
JOINT_SIZES = np.unique(np.concatenate([EDGES, np.geomspace(1e-5, 1.0, 240)]))
BINS = 16


@dataclass(frozen=True)
class Joint:
    """The fund over joint draws, shares of open interest.

    before: equal weights; after: weighted by a history, None without one.  effective: sample size of these weights.
    overlap: of prior and posterior, by parameter.  shares: of the variance of log(f_i + FLOOR) that each parameter
    explains alone, by name.  beyond: mean draw beyond the predictive fund, given that it is exceeded.
    """

    p: float
    draws: int
    before: Interval
    after: Interval | None
    effective: float
    overlap: Mapping[str, float]
    shares: Mapping[str, float]
    beyond: float
    source: str

    @property
    def interval(self) -> Interval:
        """The weighted one if there is one that enough draws support."""
        return self.before if self.after is None or self.effective < MIN_EFFECTIVE else self.after


def joint_answer(
    rates: F64, values: Mapping[str, F64], p: float, days: float, *, windows: Windows | None = None
) -> Joint:
    """The answer of joint draws.

    rates: (draws, len(JOINT_SIZES)) yearly rates of jumps that draw more than each size.  values: (draws,) of each
    parameter.  windows: of a history in shares of open interest, as long as the horizon.
    """
    curves = -np.expm1(-rates * days / YEAR_DAYS)
    funds = np.array([fund_of(curve, p) for curve in curves])
    prior = np.full(len(curves), 1 / len(curves))
    weights, effective, shared = prior, float(len(curves)), {}
    after = None
    if windows is not None and windows.are_shares:
        places = np.searchsorted(JOINT_SIZES, EDGES)
        cells = -np.diff(
            np.concatenate([np.ones((len(curves), 1)), curves[:, places], np.zeros((len(curves), 1))], axis=1)
        )
        cells = (cells + _RARE) / (1 + _RARE * cells.shape[1])
        weights = posterior_weights(np.array([log_likelihood(windows, row) for row in cells]))
        effective = effective_sample_size(weights)
        after = _interval(curves, funds, weights, p)
        shared = {name: overlap(value, prior, weights) for name, value in values.items() if np.isfinite(value).all()}
    used = weights if after is not None and effective >= MIN_EFFECTIVE else prior
    return Joint(
        p=p,
        draws=len(curves),
        before=_interval(curves, funds, prior, p),
        after=after,
        effective=effective,
        overlap=shared,
        shares={name: explained(value, np.log(funds + FLOOR), used) for name, value in values.items()},
        beyond=mean_beyond(used @ curves, fund_of(used @ curves, p)),
        source="" if windows is None else windows.source,
    )


#: Probability given to each cell of draws that no jump of a draw reaches: rare, not impossible.
_RARE = 1e-6


def fund_of(curve: F64, p: float) -> float:
    """Size at which a falling curve on JOINT_SIZES crosses p; log-linear in the size; 0 if it starts below."""
    if curve[0] <= p:
        return 0.0
    k = int(np.searchsorted(-curve, -p, side="left"))  # first size with a probability of at most p
    if k >= len(JOINT_SIZES):
        return float(JOINT_SIZES[-1])
    left, right = max(float(JOINT_SIZES[k - 1]), 1e-9), float(JOINT_SIZES[k])
    drop = float(curve[k - 1] - curve[k])
    share = (float(curve[k - 1]) - p) / drop if drop > 0 else 1.0
    return float(left * (right / left) ** share) if k > 1 else right * share


def mean_beyond(curve: F64, fund: float) -> float:
    """E[M | M > f] = f + integral of P(M > u) above f, over P(M > f); trapezoids on JOINT_SIZES."""
    at = float(np.interp(fund, JOINT_SIZES, curve))
    above = fund < JOINT_SIZES
    sizes, chance = np.concatenate([[fund], JOINT_SIZES[above]]), np.concatenate([[at], curve[above]])
    return fund + float(np.trapezoid(chance, sizes)) / at if at > 0 else fund


def explained(values: F64, response: F64, weights: F64) -> float:
    """Share of the weighted variance of `response` between bins of a parameter, less what chance would give.

    Adjusted R2 of a one-way analysis of variance with bins of equal counts; n is the effective sample size.
    """
    _, group = np.unique(values, return_inverse=True)
    if group.max() >= BINS:
        order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        group = order * BINS // len(values)
    mass = np.bincount(group, weights)
    middle = float(weights @ response)
    means = np.bincount(group, weights * response) / np.where(mass > 0, mass, 1)
    total = float(weights @ (response - middle) ** 2)
    between = float(mass @ (means - middle) ** 2)
    n, used = effective_sample_size(weights), int(np.count_nonzero(mass))
    if total <= 0 or n <= used:
        return 0.0
    return max(0.0, 1 - (1 - between / total) * (n - 1) / (n - used))


def _interval(curves: F64, funds: F64, weights: F64, p: float) -> Interval:
    tail = (1 - LEVEL) / 2
    ends = (weighted_quantile(funds, weights, q) for q in (tail, 1 - tail))
    return Interval(fund_of(weights @ curves, p), *ends)


def joint_lines(found: Joint | None, interest: float, unit: str) -> list[str]:
    """The lines of an answer."""
    if found is None:
        return []

    def shown(interval: Interval) -> str:
        value, low, high = (format_short(x * interest, unit) for x in (interval.value, interval.low, interval.high))
        return f"{value} [{low}, {high}]"

    names = ", ".join(found.shares)
    lines = [
        f"over what is not known, one event at a time: {shown(found.before)}, {found.draws:,} joint draws of {names}"
    ]
    if found.after is not None:
        text = (
            f"weighted by history ({found.source}): {shown(found.after)}, effective sample size {found.effective:,.0f}"
        )
        if found.effective < MIN_EFFECTIVE:
            text += f", below {MIN_EFFECTIVE:.0f}: too few draws fit this history, so it is not the answer"
        lines.append(text)
        kept = ", ".join(f"{name} {share:.2f}" for name, share in found.overlap.items())
        lines.append(f"overlap of each range before and after (1: history says nothing of it): {kept}")
    ranked = sorted(found.shares.items(), key=lambda item: -item[1])
    parts = ", ".join(f"{name} {format_percent(100 * share)}" for name, share in ranked)
    rest = max(0.0, 1 - sum(found.shares.values()))
    lines.append(
        f"of the variance of its logarithm: {parts}, together or by the opening book {format_percent(100 * rest)}"
    )
    lines.append(f"mean draw where that fund is exceeded: {format_short(found.beyond * interest, unit)}")
    return lines


def joint_data(found: Joint | None) -> dict[str, Any] | None:
    """The same as plain data; amounts as shares of open interest."""
    if found is None:
        return None
    plain = {name: value for name, value in vars(found).items() if name not in ("before", "after")}
    return {**plain, "before": vars(found.before), "after": None if found.after is None else vars(found.after)}
