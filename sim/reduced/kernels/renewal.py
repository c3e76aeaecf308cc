"""A book that renews itself, on a grid of log prices that belongs to one path.

Every step closes a share of all positions and opens the same share of the opening interest anew at the price of the
moment, so what is missing (closed or liquidated) comes back with one half-life. Quantities are held divided by the
survival so far (`S_SCALE`), so closing costs nothing. What opens lies between two cells and is split over them. What
opens far from the price waits in cells that are COARSE times as wide, each on the place of a fine one, until the price
comes to it.
"""

import math

from ...kernels.elementary import exp
from ...kernels.jit import inlined_kernel, kernel
from .layout import (
    B_LOTS,
    B_OWED,
    F_CELL,
    F_KEEP,
    F_RANGE,
    I_FIRST_LONG,
    LONG,
    N_LONG,
    S_LOG,
    S_SCALE,
    S_SHIFT,
    SHORT,
)

#: Cells to a far cell.
COARSE = 8


@kernel
def open_grid(p):
    """Copy the opening book, already on the grid, into the path's own; places point at its first levels."""
    n, book, opening = p.n, p.book, p.opening
    for side in (LONG, SHORT):
        for row in (B_LOTS, B_OWED):
            source, target = opening[side, row], book[side, row]
            for k in range(len(target)):
                target[k] = source[k]
        for row in (0, 1):
            waiting = p.far[side, row]
            for k in range(len(waiting)):
                waiting[k] = 0.0
        n[N_LONG + side] = p.i[I_FIRST_LONG + side]


@kernel
def skip_empty(p, side):
    """Move a side's place on to the next level that holds anything."""
    book, k = p.book, p.n[N_LONG + side]
    while k < book.shape[2]:
        come_near(p, side, k)
        if book[side, B_LOTS, k] > 0.0:
            break
        k += 1
    p.n[N_LONG + side] = k


@inlined_kernel
def come_near(p, side, k):
    """Put what waits at the place of cell k into it; the price has come to it."""
    if k % COARSE == 0 and p.far[side, 0, k // COARSE] > 0.0:
        p.book[side, B_LOTS, k] += p.far[side, 0, k // COARSE]
        p.book[side, B_OWED, k] += p.far[side, 1, k // COARSE]
        p.far[side, 0, k // COARSE] = p.far[side, 1, k // COARSE] = 0.0


@kernel
def renew(p):
    """Close a share of all positions and open as many new ones at the present price."""
    f, s, n, cells = p.f, p.s, p.n, p.book.shape[2]
    s[S_SCALE] *= f[F_KEEP]
    share = (1.0 - f[F_KEEP]) / s[S_SCALE]
    log_price = s[S_LOG] + s[S_SHIFT]
    price = exp(log_price)
    for side in (LONG, SHORT):
        sign = 1.0 if side == LONG else -1.0
        place = (f[F_RANGE] - sign * log_price) / f[F_CELL]
        k, wide = math.floor(place), math.floor(place / COARSE)
        lay(p.book[side, B_LOTS], p.fresh[side, 0], k, place - k, share)
        lay(p.book[side, B_OWED], p.fresh[side, 1], k, place - k, share * price)
        lay(p.far[side, 0], p.fresh_far[side, 0], wide, place / COARSE - wide, share)
        lay(p.far[side, 1], p.fresh_far[side, 1], wide, place / COARSE - wide, share * price)
        n[N_LONG + side] = max(0, min(n[N_LONG + side], k, cells - 1))
        skip_empty(p, side)


@inlined_kernel
def lay(cells, fresh, first, part, scale):
    """Add `fresh` x scale to the cells from `first` + part on; beyond either end of the grid it goes to the end.

    fresh: by distance from the present price, one a cell; its first and last are empty, so that all of it lies between
    two cells.
    """
    near, far, count = scale * (1.0 - part), scale * part, len(fresh) - 1
    if first >= 0 and first + count <= len(cells):
        target, later = cells[first : first + count], fresh[1:]
        for j in range(count):
            target[j] += later[j] * near + fresh[j] * far
        return
    for j in range(count):
        k = min(max(first + j, 0), len(cells) - 1)
        cells[k] += fresh[j + 1] * near + fresh[j] * far
