"""Kernel of watching traders: which look at their position now, the margin they add, and who comes back afterwards.

Distances to liquidation are the trader's own estimate (floating point, at mark value); the clearing house decides by
its own exact numbers.
"""

import math

from ...layout import (
    COMES_BACK,
    FLAG_FROZEN,
    FLAG_LIQUIDATED,
    OUTSIDE,
    PHASE_DONE,
    PHASE_FUNDED,
    PHASE_HOLDING,
    TOPS_UP,
)
from ..jit import kernel
from .cohorts import BUY, KIND_MARKET, SELL, TIF_IOC, put_order

SPARE = 0.95  # share of its equity a returning trader uses, so that its order is not refused because of fees


@kernel
def estimate(lots, quote, mark, params, tiers, row):
    """Return (equity, gross value, maintenance) of a row at the mark, quanta; maintenance is an estimate."""
    equity = quote[row]
    gross = 0
    maintenance = 0.0
    for m in range(lots.shape[1]):
        held = lots[row, m]
        if held == 0:
            continue
        value = held * mark[m] * params[m].tick_value
        equity += value
        size = abs(value)
        gross += size
        tier = 0
        while tier + 1 < params[m].n_tiers and tiers[m, tier + 1].floor <= size:
            tier += 1
        maintenance += size * (tiers[m, tier].maintenance_ppm / 1e6) - tiers[m, tier].deduction
    return equity, gross, maintenance


@kernel
def _is_known_safe(memory, mark, flag):
    """True if the row has no events so far, and its owner never adds margin or need not at this mark."""
    if flag != 0 or memory.phase != PHASE_HOLDING:
        return False
    if not memory.will & TOPS_UP:
        return True
    if memory.safe == 0:
        return False
    return mark >= memory.safe if memory.side > 0 else mark <= memory.safe


@kernel
def _remember_safety(memory, room, mark):
    """Store the mark up to which the trader need not look closer: four fifths of the `room` (a fraction) it has."""
    move = mark * 0.8 * min(room, 1.0)
    memory.safe = int(mark - move if memory.side > 0 else mark + move)


@kernel
def _put_move(moves, n, payer, payee, quanta, due_ms):
    """Write one cash move at moves[n]."""
    moves[n, 0] = payer
    moves[n, 1] = payee
    moves[n, 2] = quanta
    moves[n, 3] = due_ms


@kernel
def _top_up(
    row, wallet, market, memory, params, lots, quote, initial_ppm, mark, market_params, tiers, now_ms, moves, n
):  # fmt: skip
    """Write the cash moves of one trader whose margin runs low at moves[n:]; return how many."""
    equity, gross, maintenance = estimate(lots, quote, mark, market_params, tiers, row)
    if gross == 0:
        return 0
    room = (equity - maintenance) / gross - params[0].below
    if room >= 0:
        if wallet != row or lots.shape[1] == 1:  # the row's margin depends on this one mark
            _remember_safety(memory, room, mark[market])
        return 0
    memory.safe = 0
    needed = int(params[0].target * gross - (equity - maintenance))
    written = 0
    if wallet != row:
        money, exposure, _maintenance = estimate(lots, quote, mark, market_params, tiers, wallet)
        free = min(needed, money - int(exposure * (initial_ppm[wallet] / 1e6)))
        if free > 0:
            _put_move(moves, n, wallet, row, free, now_ms)
            written += 1
            needed -= free
    amount = min(needed, memory.budget)
    if amount > 0:
        memory.budget -= amount
        memory.busy_ms = now_ms + int(params[0].delay_ms)
        _put_move(moves, n + written, OUTSIDE, row, amount, memory.busy_ms)
        written += 1
    return written


@kernel
def _come_back(row, market, memory, lots, quote, initial_ppm, mark, market_params, tiers, rows, count):
    """Write the market order of a trader whose new money has arrived; return how many (0 or 1)."""
    memory.phase = PHASE_DONE
    unit = mark[market] * market_params[market].tick_value
    rate = max(initial_ppm[row], tiers[market, 0].initial_ppm) / 1e6
    size = math.floor(SPARE * quote[row] / (rate * unit))
    if size <= 0 or lots[row, market] != 0:
        return 0
    side = BUY if memory.side > 0 else SELL
    put_order(rows, count, row, market, side, KIND_MARKET, TIF_IOC, 0, size, 0, (row * 7919) & 0xFFFFF)
    return 1


@kernel
def watch_positions(
    watched, memory, clock, params, lots, quote, initial_ppm, flags, mark, market_params, tiers, now_ms, rows, count,
    moves
):  # fmt: skip
    """Let the watchers that are due look once; return (intents, cash moves).

    watched: (W, 3) row, wallet, market, in the order of looking: each looks once per attention time.  memory:
    WATCH_DTYPE (W,).
    clock: looks made so far, last wake.  moves: (2 W, 4) payer, payee, quanta, due ms.  At most W looks are made per
    call.
    """
    n_watched = watched.shape[0]
    done = clock[0]
    target = math.floor(n_watched * (now_ms / params[0].attention_ms))
    looks = min(int(target - done), n_watched)
    clock[0] = target
    clock[1] = now_ms
    written = 0
    moved = 0
    for k in range(looks):
        i = int(done + k) % n_watched
        row, wallet, market = watched[i, 0], watched[i, 1], watched[i, 2]
        state = memory[i]
        if _is_known_safe(state, mark[market], flags[row]):
            continue
        if state.busy_ms > now_ms or flags[row] & FLAG_FROZEN:
            continue
        if state.phase == PHASE_FUNDED:
            written += _come_back(
                row, market, state, lots, quote, initial_ppm, mark, market_params, tiers, rows, count + written
            )  # fmt: skip
        elif state.phase == PHASE_HOLDING and lots[row, market] != 0 and state.will & TOPS_UP:
            moved += _top_up(
                row, wallet, market, state, params, lots, quote, initial_ppm, mark, market_params, tiers, now_ms, moves,
                moved,
            )  # fmt: skip
        elif state.phase == PHASE_HOLDING and state.will & COMES_BACK and flags[row] & FLAG_LIQUIDATED:
            state.phase = PHASE_FUNDED
            state.busy_ms = now_ms + int(params[0].comeback_ms)
            if state.budget > 0:
                _put_move(moves, moved, OUTSIDE, row, state.budget, state.busy_ms)
                moved += 1
                state.budget = 0
    return written, moved
