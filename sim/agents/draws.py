"""The two allocations of an opening book: whole lots to accounts under a cap, and leverage to accounts given their
size.

Both are stratified: quantiles at equal steps instead of independent draws, because size tails are so heavy that one
draw of the largest account would decide the result. Randomness enters only as the order in which accounts get the
quantiles.
"""

import numpy as np

from ..errors import ConfigError
from ..layout import F64, I64
from .distributions import BucketLeverage, FixedLeverage, ParetoLeverage, SizeDistribution


def strata(n: int) -> F64:
    """Midpoints of n equal parts of (0, 1)."""
    return np.asarray((np.arange(n) + 0.5) / n)


def capped_sizes(distribution: SizeDistribution, *, n: int, total: int, cap: int, what: str) -> I64:
    """Return n whole sizes in 1..cap that sum to `total` exactly, in rising order, in proportion where no bound
    binds.

    ConfigError (naming `what`) if n accounts of 1..cap cannot hold `total`.
    """
    if not n <= total <= n * cap:
        raise ConfigError(
            f"{what}: {n} accounts of 1 to {cap} lots cannot hold exactly {total} lots;"
            " raise the cap, use a smaller lot, or change the number of traders"
        )
    weights = distribution.quantile(strata(n))
    prefix = np.concatenate([[0.0], np.cumsum(weights)])
    low, high = 0.0, cap / float(weights[0]) + 1.0
    for _ in range(200):
        scale = 0.5 * (low + high)
        if scale in (low, high):
            break
        if _held(weights, prefix, scale, cap) < total:
            low = scale
        else:
            high = scale
    first = int(np.searchsorted(weights, 1.0 / high, side="right"))
    last = max(first, int(np.searchsorted(weights, cap / high, side="left")))
    sizes = np.empty(n, np.int64)
    sizes[:first] = 1
    sizes[last:] = cap
    middle = total - first - (n - last) * cap
    if last > first:
        cumulative = np.cumsum(weights[first:last])
        edges = np.rint(cumulative * (middle / cumulative[-1])).astype(np.int64)
        sizes[first:last] = np.diff(edges, prepend=0)
    return _settle(np.clip(sizes, 1, cap), total=total, cap=cap)


def _held(weights: F64, prefix: F64, scale: float, cap: int) -> float:
    first = int(np.searchsorted(weights, 1.0 / scale, side="right"))
    last = int(np.searchsorted(weights, cap / scale, side="left"))
    return first + scale * float(prefix[max(first, last)] - prefix[first]) + (len(weights) - max(first, last)) * cap


def _settle(sizes: I64, *, total: int, cap: int) -> I64:
    """Give or take the few lots left by rounding at the largest accounts that have room."""
    left = total - int(sizes.sum())
    room = (cap - sizes) if left > 0 else (sizes - 1)
    given = np.cumsum(room[::-1])
    change = np.minimum(given, abs(left))
    step = np.diff(change, prepend=0)[::-1]
    return np.asarray(sizes + (step if left > 0 else -step))


def assign_leverage(
    distribution: FixedLeverage | ParetoLeverage | BucketLeverage,
    *,
    weights: F64,
    caps: F64,
    order: I64,
) -> F64:
    """Return one leverage per account, at most its cap, so that the shares by `weights` follow the distribution.

    weights: (n,) position value if the distribution counts notional, ones if it counts accounts.  caps: (n,) highest
    leverage the venue admits for the account's size.  order: (n,) a random permutation. Large accounts, which have low
    caps, take their part of the distribution below their cap first; the rest share what is left, so the whole still
    follows it. Where too much weight has a low cap for that, the excess sits exactly at its cap.
    """
    edges = np.unique(caps)
    mass = np.diff([0.0, *(distribution.cdf(float(edge)) for edge in edges)])
    mass[-1] = max(0.0, 1.0 - float(mass[:-1].sum()))  # beyond the highest cap: clipped to it
    left = mass.copy()
    bounds = np.concatenate([[0.0], np.cumsum(mass)])
    share = weights / weights.sum()
    leverage = np.empty(len(weights))
    group = np.searchsorted(edges, caps)[order]
    for k in range(len(edges)):
        members = order[group == k]
        held = share[members]
        place = np.cumsum(held) - 0.5 * held
        needed = float(held.sum())
        available = float(left[: k + 1].sum())
        taken = left[: k + 1] * (min(needed, available) / available if available > 0 else 0.0)
        steps = np.concatenate([[0.0], np.cumsum(taken)])
        quantile = np.full(len(members), bounds[k + 1])
        fits = place < steps[-1]
        segment = np.clip(np.searchsorted(steps, place[fits], side="right") - 1, 0, k)
        inside = (place[fits] - steps[segment]) / np.maximum(taken[segment], 1e-300)
        quantile[fits] = bounds[segment] + inside * mass[segment]
        leverage[members] = np.where(fits, distribution.quantile(np.clip(quantile, 0.0, 1.0 - 1e-12)), edges[k])
        left[: k + 1] -= taken
    return np.minimum(leverage, caps)
