"""A book that renews itself, on one path's own grid of log prices.

Every step closes a share of all positions and opens the same share of the opening interest at the present price, so
missing positions (closed or liquidated) come back with one half-life. Quantities are stored divided by the survival so
far (the state's `scale`), so closing costs nothing. A new position lies between two cells and is split over them. New
positions far from the price wait in cells that are COARSE times as wide, each in the place of a fine one, until the
price reaches it.
"""

import math

from ...kernels.elementary import exp
from ...kernels.jit import inlined_kernel, kernel
from ..layout import LONG, SHORT

#: Cells to a far cell.
COARSE = 8


@kernel
def open_grid(p):
    """Copy the opening book, already on the grid, into the path's own; places point at its first levels."""
    for side in (LONG, SHORT):
        copy_cells(p.opening_lots[side], p.lots[side])
        copy_cells(p.opening_owed[side], p.owed[side])
        for k in range(p.far_lots.shape[1]):
            p.far_lots[side, k] = p.far_owed[side, k] = 0.0
        p.ledger[0].reached[side] = p.params[0].first[side]


@inlined_kernel
def copy_cells(source, target):
    """Copy one array into another of the same length."""
    for k in range(len(target)):
        target[k] = source[k]


@kernel
def skip_empty(p, side):
    """Move a side's place on to the next level that holds anything."""
    lots, k = p.lots[side], p.ledger[0].reached[side]
    while k < len(lots):
        come_near(p, side, k)
        if lots[k] > 0.0:
            break
        k += 1
    p.ledger[0].reached[side] = k


@inlined_kernel
def come_near(p, side, k):
    """Move the positions that wait at the place of cell k into it; the price has reached it."""
    if k % COARSE == 0 and p.far_lots[side, k // COARSE] > 0.0:
        p.lots[side, k] += p.far_lots[side, k // COARSE]
        p.owed[side, k] += p.far_owed[side, k // COARSE]
        p.far_lots[side, k // COARSE] = p.far_owed[side, k // COARSE] = 0.0


@kernel
def renew(p):
    """Close a share of all positions and open as many new ones at the present price."""
    params, state, ledger, cells = p.params[0], p.state[0], p.ledger[0], p.lots.shape[1]
    state.scale *= params.keep
    share = (1.0 - params.keep) / state.scale
    log_price = state.log + state.shift
    price = exp(log_price)
    for side in (LONG, SHORT):
        sign = 1.0 if side == LONG else -1.0
        place = (params.reach - sign * log_price) / params.cell
        k, wide = math.floor(place), math.floor(place / COARSE)
        lay(p.lots[side], p.fresh_lots[side], k, place - k, share)
        lay(p.owed[side], p.fresh_owed[side], k, place - k, share * price)
        lay(p.far_lots[side], p.fresh_far_lots[side], wide, place / COARSE - wide, share)
        lay(p.far_owed[side], p.fresh_far_owed[side], wide, place / COARSE - wide, share * price)
        ledger.reached[side] = max(0, min(ledger.reached[side], k, cells - 1))
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
