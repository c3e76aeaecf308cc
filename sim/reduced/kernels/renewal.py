"""A book that renews itself, on a grid of log prices that belongs to one path.

Every step closes a share of all positions and opens the same share of the opening interest anew at the price of the
moment, so what is missing (closed or liquidated) comes back with one half-life. Quantities are held divided by the
survival so far (`S_SCALE`), so closing costs nothing. A fresh level lies between two cells and is split over them.
"""

import math

from sim.kernels.jit import kernel
from sim.reduced.kernels.layout import (
    B_LOTS,
    B_OWED,
    F_CELL,
    F_KEEP,
    F_RANGE,
    LONG,
    N_LONG,
    S_LOG,
    S_SCALE,
    S_SHIFT,
    SHORT,
)


@kernel
def open_grid(p):
    """Copy the opening book, already on the grid, into the path's own; places point at its first levels."""
    n, book, opening = p.n, p.book, p.opening
    for side in (LONG, SHORT):
        for k in range(book.shape[2]):
            book[side, B_LOTS, k] = opening[side, B_LOTS, k]
            book[side, B_OWED, k] = opening[side, B_OWED, k]
        n[N_LONG + side] = 0
        skip_empty(n, book, side)


@kernel
def skip_empty(n, book, side):
    """Move a side's place on to the next level that holds anything."""
    k = n[N_LONG + side]
    while k < book.shape[2] and book[side, B_LOTS, k] <= 0.0:
        k += 1
    n[N_LONG + side] = k


@kernel
def renew(p):
    """Close a share of all positions and open as many new ones at the present price.

    fresh (2, 3, K): log distance of thresholds from the entry price, quantity, cost at bankruptcy at a price of 1.
    """
    f, s, n, book, fresh = p.f, p.s, p.n, p.book, p.fresh
    s[S_SCALE] *= f[F_KEEP]
    share = (1.0 - f[F_KEEP]) / s[S_SCALE]
    log_price = s[S_LOG] + s[S_SHIFT]
    price = math.exp(log_price)
    cell, reach, n_cells = f[F_CELL], f[F_RANGE], book.shape[2]
    for side in (LONG, SHORT):
        sign = 1.0 if side == LONG else -1.0
        lowest = n[N_LONG + side]
        for j in range(fresh.shape[2]):
            lots = fresh[side, 1, j] * share
            if lots <= 0.0:
                continue
            place = (reach - sign * (log_price - sign * fresh[side, 0, j])) / cell
            k = min(max(math.floor(place), 0), n_cells - 2)
            part = min(max(place - k, 0.0), 1.0)
            owed = fresh[side, 2, j] * price * share
            book[side, B_LOTS, k] += lots * (1.0 - part)
            book[side, B_OWED, k] += owed * (1.0 - part)
            book[side, B_LOTS, k + 1] += lots * part
            book[side, B_OWED, k + 1] += owed * part
            lowest = min(lowest, k)
        n[N_LONG + side] = lowest
        skip_empty(n, book, side)
