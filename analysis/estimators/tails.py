"""Peaks over threshold: beyond a high threshold losses follow a generalised Pareto law (Pickands 1975).

The threshold is a sample value, the fit is by maximum likelihood, and intervals bootstrap the whole procedure,
threshold included. Losses of a group (paths of a run, runs of a point) are not independent: the bootstrap then draws
groups. It extrapolates: state that, show the stability table, and check it with another method (`agreement.py`).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .estimate import Estimate, RefusedError
from .gpd import fit_excesses
from .intervals import tail_mass
from .quantiles import as_required

F64 = npt.NDArray[np.float64]

#: Minimum number of excesses for a fit.
MIN_EXCEEDANCES = 50


@dataclass(frozen=True)
class TailFit:
    """A tail fit with its bootstrap: threshold, xi, beta of the sample, then (B,) of each from resamples."""

    n: int
    k: int  # losses above the threshold
    threshold: float
    xi: float
    beta: float
    thresholds: F64
    xis: F64
    betas: F64
    seconds: float = math.nan
    groups: int = 0  # drawn by the bootstrap; 0: it drew losses

    def shape(self, *, level: float = 0.95) -> Estimate:
        """xi: 0 is an exponential tail, below it losses are bounded; no variance from 0.5 upwards, no mean from 1."""
        return self._estimate(self.xi, self.xis, level, unit="", what="shape xi")

    def quantile(self, p: float, *, level: float = 0.95, unit: str = "") -> Estimate:
        """The loss exceeded with probability p: u + beta / xi ((p n / k)^-xi - 1). Only beyond the threshold."""
        self._check_beyond(p)
        ratio = p * self.n / self.k
        value = _quantile(ratio, np.array([self.threshold]), np.array([self.xi]), np.array([self.beta]))[0]
        resampled = _quantile(ratio, self.thresholds, self.xis, self.betas)
        return self._estimate(float(value), resampled, level, unit=unit, what=f"loss at {p:g}")

    def exceedance(self, loss: float, *, level: float = 0.95) -> Estimate:
        """The probability of a loss above `loss`, which must be above the threshold."""
        if loss < self.threshold:
            raise RefusedError(f"{loss:g} is below the threshold {self.threshold:g}: count the runs instead")
        value = _exceedance(loss, np.array([self.threshold]), np.array([self.xi]), np.array([self.beta]))[0]
        resampled = _exceedance(loss, self.thresholds, self.xis, self.betas)
        share = self.k / self.n
        return self._estimate(float(value) * share, resampled * share, level, unit="", what=f"P(loss > {loss:g})")

    def _parameters(self) -> list[tuple[float, F64]]:
        return [(self.threshold, self.thresholds), (self.xi, self.xis), (self.beta, self.betas)]

    def _check_beyond(self, p: float) -> None:
        if not 0 < p <= self.k / self.n:
            raise RefusedError(f"probability {p:g} is above the threshold's {self.k / self.n:g}: use order statistics")

    def _estimate(self, value: float, resampled: F64, level: float, *, unit: str, what: str) -> Estimate:
        """Percentile interval of the bootstrap."""
        below, above = tail_mass(level, "two")
        low, high = np.quantile(resampled, [below, 1 - above], method="inverted_cdf")
        return Estimate(
            value=value,
            low=min(float(low), value),
            high=max(float(high), value),
            level=level,
            method="peaks over threshold, bootstrap" + (f" of {self.groups:,} groups" if self.groups else ""),
            n=self.n,
            events=self.k,
            unit=unit,
            seconds=self.seconds,
            note=f"{what}; {self.k:,} losses above {self.threshold:.4g}, xi {self.xi:.2f}; extrapolated",
        )


def fit_tail(
    losses: npt.ArrayLike,
    k: int,
    *,
    group: npt.ArrayLike | None = None,
    resamples: int = 500,
    seed: int = 0,
    seconds: float = math.nan,
) -> TailFit:
    """Fit the k largest of the losses. RefusedError if they are too few, or not above the rest.

    group: (n,) losses with the same number are drawn together, in groups of similar size; without it each loss is a
    draw.
    """
    sample = as_required(losses)
    order = np.argsort(sample, kind="stable")
    ordered, n = sample[order], len(sample)
    if k < MIN_EXCEEDANCES or k >= n:
        raise RefusedError(
            f"a tail fit takes {MIN_EXCEEDANCES} to {n - 1:,} of {n:,} losses, found {k:,}",
            runs_needed=MIN_EXCEEDANCES + 1,
        )
    if ordered[n - k] <= ordered[n - k - 1] or ordered[-1] <= ordered[n - k]:
        above = int(np.count_nonzero(ordered > ordered[n - k - 1]))
        raise RefusedError(f"the {k:,} largest losses are not above the rest (ties): only {above:,} are; use fewer")
    fit = _fit_top(ordered[None, n - k - 1 :])
    generator = np.random.default_rng(seed)
    if group is None:
        groups, tops = 0, ordered[_resampled_top(n, k + 1, resamples, generator)]
    else:
        _, place = np.unique(np.asarray(group)[order], return_inverse=True)
        groups, tops = int(place.max()) + 1, _resampled_groups_top(ordered, place, k + 1, resamples, generator)
    again = _fit_top(tops)
    return TailFit(n, k, float(fit[0][0]), float(fit[1][0]), float(fit[2][0]), *again, seconds=seconds, groups=groups)


def _fit_top(top: F64) -> tuple[F64, F64, F64]:
    """(threshold, xi, beta) of rows of k + 1 rising values, the first of which is the threshold."""
    xi, beta = fit_excesses(top[:, 1:] - top[:, :1])
    return top[:, 0], xi, beta


def _resampled_top(n: int, count: int, resamples: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Ranks 0..n-1 of the `count` largest of n draws with replacement, rising, (resamples, count).

    The largest of n uniforms is V^(1/n), the next is that times V^(1/(n-1)), and so on: not all n need be drawn.
    """
    spacing = generator.standard_exponential((resamples, count)) / (n - np.arange(count))
    uniforms = np.exp(-np.cumsum(spacing, axis=1))
    return np.asarray((n * uniforms[:, ::-1]).astype(np.int64))


def _resampled_groups_top(
    ordered: F64, group: npt.NDArray[np.int64], count: int, resamples: int, generator: np.random.Generator
) -> F64:
    """The `count` largest losses of as many groups drawn with replacement, rising, (resamples, count).

    ordered: (n,) rising.  group: (n,) from 0.
    """
    n_groups = int(group.max()) + 1
    falling, of_group = ordered[::-1], group[::-1]
    drawn = generator.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=resamples)
    tops = np.empty((resamples, count))
    for row, times in zip(tops, drawn, strict=True):
        limit = min(4 * count, len(falling))
        while (copies := times[of_group[:limit]]).sum() < count and limit < len(falling):
            limit = min(4 * limit, len(falling))
        top = np.repeat(falling[:limit], copies)[:count]
        row[count - len(top) :], row[: count - len(top)] = top[::-1], ordered[0]
    return tops


def _quantile(ratio: float, threshold: F64, xi: F64, beta: F64) -> F64:
    """u + beta (ratio^-xi - 1) / xi, with its limit at xi = 0."""
    log = -math.log(ratio)
    small = np.abs(xi) < 1e-9
    growth = np.where(small, log, np.expm1(xi * log) / np.where(small, 1.0, xi))
    return np.asarray(threshold + beta * growth)


def _exceedance(loss: float, threshold: F64, xi: F64, beta: F64) -> F64:
    """P(excess > loss - u) given an excess; 0 beyond the end of a bounded tail, 1 below the threshold."""
    scaled = np.maximum(loss - threshold, 0.0) / beta
    small = np.abs(xi) < 1e-9
    inside = np.maximum(1 + xi * scaled, 0.0)
    with np.errstate(divide="ignore"):
        power = np.log(inside) / np.where(small, 1.0, xi)
    return np.exp(-np.where(small, scaled, power))


def stability_table(
    losses: npt.ArrayLike,
    p: float,
    *,
    counts: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """The fit over thresholds, one row per k: threshold, xi, xi_low, xi_high, scale, loss, loss_low, loss_high.

    scale is beta - xi x threshold. Above a good threshold xi, scale and the loss at p stay level within their
    intervals; use the largest k for which that is true. By default 12 counts from 50 to a fifth of the sample. Counts
    that cannot be fitted (ties, p below the threshold) are left out; RefusedError if none is left. group: as of
    `fit_tail`.
    """
    sample = as_required(losses)
    chosen = (
        np.geomspace(MIN_EXCEEDANCES, max(MIN_EXCEEDANCES, len(sample) // 5), 12)
        if counts is None
        else np.asarray(counts)
    )
    rows = []
    for k in np.unique(chosen.astype(np.int64)):
        try:
            fit = fit_tail(sample, int(k), group=group, resamples=resamples, seed=seed)
            shape, loss = fit.shape(level=level), fit.quantile(p, level=level)
        except RefusedError:
            continue
        scale = fit.beta - fit.xi * fit.threshold
        rows.append((fit.k, fit.threshold, *_triple(shape), scale, *_triple(loss)))
    if not rows:
        raise RefusedError(f"no threshold supports a fit for {p:g}: more runs with losses are needed")
    names = ["k", "threshold", "xi", "xi_low", "xi_high", "scale", "loss", "loss_low", "loss_high"]
    return pd.DataFrame(rows, columns=names)


def _triple(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high
