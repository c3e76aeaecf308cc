"""Payments in a network of debts: the greatest clearing vector, and loss sharing after a default.

Eisenberg & Noe (Management Science 47, 2001); with losses on default Rogers & Veraart (Management Science 59, 2013).
A clearing house is a star: losers owe it, it owes winners.
"""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


def greatest_clearing_vector(
    liabilities: npt.ArrayLike,
    outside_assets: npt.ArrayLike,
    *,
    asset_recovery: float = 1.0,
    claim_recovery: float = 1.0,
) -> F64:
    """Payments of each member, the largest vector that clears: the whole debt, or all assets.

    liabilities: (n, n), row owes column.  outside_assets: (n,).  asset_recovery, claim_recovery: share of a defaulter's
    outside assets and of what it is owed that reaches its creditors (alpha, beta of Rogers & Veraart; 1, 1 is
    Eisenberg & Noe). Fictitious default: the set of defaulters only grows, so at most n rounds.
    """
    owed = np.asarray(liabilities, np.float64)
    assets = np.asarray(outside_assets, np.float64)
    total = owed.sum(axis=1)
    share = np.divide(owed, total[:, None], out=np.zeros_like(owed), where=total[:, None] > 0)
    payments: F64 = total.copy()
    defaulted = np.zeros(len(total), bool)
    for _ in range(len(total) + 1):
        short = assets + share.T @ payments < total - 1e-12 * np.maximum(total, 1.0)
        if not np.any(short & ~defaulted):
            return payments
        defaulted |= short
        payments = _solve(share, total, assets, defaulted, (asset_recovery, claim_recovery))
    raise RuntimeError("the set of defaulters did not settle: liabilities or assets are negative")


def _solve(share: F64, total: F64, assets: F64, defaulted: npt.NDArray[np.bool_], recovery: tuple[float, float]) -> F64:
    """Payments when exactly `defaulted` pay all they have and the others all they owe."""
    alpha, beta = recovery
    inside = share[np.ix_(defaulted, defaulted)]
    from_solvent = share[np.ix_(~defaulted, defaulted)].T @ total[~defaulted]
    right = alpha * assets[defaulted] + beta * from_solvent
    payments: F64 = total.copy()
    payments[defaulted] = np.linalg.solve(np.eye(len(right)) - beta * inside.T, right)
    return payments


def haircut_gains(gains: npt.ArrayLike, available: float) -> F64:
    """Variation margin gains haircutting: each winner gets the same share of its gain, all of it if there is enough."""
    owed = np.asarray(gains, np.float64)
    return np.asarray(owed * min(1.0, available / owed.sum()))
