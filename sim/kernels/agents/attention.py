"""Kernel of watching traders: who looks at its position now, what margin it adds, and who comes back after liquidation.

Distances to liquidation are the trader's own estimate (floating point, at mark value); the clearing house decides by
its own exact numbers.
"""

import math

from ...events import FLAG_FROZEN, FLAG_LIQUIDATED
from ..jit import kernel
from ..state import (
    OUTSIDE,
    P_N_TIERS,
    P_TICK_VALUE,
    TIER_DEDUCTION,
    TIER_FLOOR,
    TIER_INITIAL_PPM,
    TIER_MAINTENANCE_PPM,
)
from .cohorts import BUY, KIND_MARKET, SELL, TIF_IOC, put_order

W_BUDGET, W_BUSY_MS, W_PHASE, W_SIDE, W_WILL, W_SAFE = range(6)  # columns of `memory`
WATCH_WIDTH = 6
COMES_BACK, TOPS_UP = 1, 2  # bits of W_WILL
PHASE_HOLDING, PHASE_FUNDED, PHASE_DONE = range(3)
A_BELOW, A_TO, A_BUDGET, A_DELAY_MS, A_ATTENTION_MS, A_COMEBACK_MS = range(6)  # elements of `params`
SPARE = 0.95  # share of its equity a returning trader uses, so that fees do not get its order refused


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
        value = held * mark[m] * params[m, P_TICK_VALUE]
        equity += value
        size = abs(value)
        gross += size
        tier = 0
        while tier + 1 < params[m, P_N_TIERS] and tiers[m, tier + 1, TIER_FLOOR] <= size:
            tier += 1
        maintenance += size * (tiers[m, tier, TIER_MAINTENANCE_PPM] / 1e6) - tiers[m, tier, TIER_DEDUCTION]
    return equity, gross, maintenance


@kernel
def _is_known_safe(memory, mark, flag):
    """True if nothing ever happened to the row, and its owner never adds margin or need not at this mark."""
    if flag != 0 or memory[W_PHASE] != PHASE_HOLDING:
        return False
    if not memory[W_WILL] & TOPS_UP:
        return True
    if memory[W_SAFE] == 0:
        return False
    return mark >= memory[W_SAFE] if memory[W_SIDE] > 0 else mark <= memory[W_SAFE]


@kernel
def _remember_safety(memory, room, mark):
    """Keep the mark up to which the trader need not look closer: four fifths of the `room` (a fraction) it has."""
    move = mark * 0.8 * min(room, 1.0)
    memory[W_SAFE] = int(mark - move if memory[W_SIDE] > 0 else mark + move)


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
    room = (equity - maintenance) / gross - params[A_BELOW]
    if room >= 0:
        if wallet != row or lots.shape[1] == 1:  # the row's margin depends on this one mark
            _remember_safety(memory, room, mark[market])
        return 0
    memory[W_SAFE] = 0
    needed = int(params[A_TO] * gross - (equity - maintenance))
    written = 0
    if wallet != row:
        money, exposure, _maintenance = estimate(lots, quote, mark, market_params, tiers, wallet)
        free = min(needed, money - int(exposure * (initial_ppm[wallet] / 1e6)))
        if free > 0:
            _put_move(moves, n, wallet, row, free, now_ms)
            written += 1
            needed -= free
    amount = min(needed, memory[W_BUDGET])
    if amount > 0:
        memory[W_BUDGET] -= amount
        memory[W_BUSY_MS] = now_ms + int(params[A_DELAY_MS])
        _put_move(moves, n + written, OUTSIDE, row, amount, memory[W_BUSY_MS])
        written += 1
    return written


@kernel
def _come_back(row, market, memory, lots, quote, initial_ppm, mark, market_params, tiers, rows, count):
    """Write the market order of a trader whose new money has arrived; return how many (0 or 1)."""
    memory[W_PHASE] = PHASE_DONE
    unit = mark[market] * market_params[market, P_TICK_VALUE]
    rate = max(initial_ppm[row], tiers[market, 0, TIER_INITIAL_PPM]) / 1e6
    size = math.floor(SPARE * quote[row] / (rate * unit))
    if size <= 0 or lots[row, market] != 0:
        return 0
    side = BUY if memory[W_SIDE] > 0 else SELL
    put_order(rows, count, row, market, side, KIND_MARKET, TIF_IOC, 0, size, 0, (row * 7919) & 0xFFFFF)
    return 1


@kernel
def watch_positions(
    watched, memory, clock, params, lots, quote, initial_ppm, flags, mark, market_params, tiers, now_ms, rows, count,
    moves
):  # fmt: skip
    """Let the watchers whose turn it is look once; return (intents, cash moves).

    watched: (W, 3) row, wallet, market, in the order of looking: each looks once per attention time.  memory:
    (W, WATCH_WIDTH).
    clock: looks made so far, last wake.  moves: (2 W, 4) payer, payee, quanta, due ms.  At most W looks are made per
    call.
    """
    n_watched = watched.shape[0]
    done = clock[0]
    target = math.floor(n_watched * (now_ms / params[A_ATTENTION_MS]))
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
        if state[W_BUSY_MS] > now_ms or flags[row] & FLAG_FROZEN:
            continue
        if state[W_PHASE] == PHASE_FUNDED:
            written += _come_back(
                row, market, state, lots, quote, initial_ppm, mark, market_params, tiers, rows, count + written
            )  # fmt: skip
        elif state[W_PHASE] == PHASE_HOLDING and lots[row, market] != 0 and state[W_WILL] & TOPS_UP:
            moved += _top_up(
                row, wallet, market, state, params, lots, quote, initial_ppm, mark, market_params, tiers, now_ms, moves,
                moved,
            )  # fmt: skip
        elif state[W_PHASE] == PHASE_HOLDING and state[W_WILL] & COMES_BACK and flags[row] & FLAG_LIQUIDATED:
            state[W_PHASE] = PHASE_FUNDED
            state[W_BUSY_MS] = now_ms + int(params[A_COMEBACK_MS])
            if state[W_BUDGET] > 0:
                _put_move(moves, moved, OUTSIDE, row, state[W_BUDGET], state[W_BUSY_MS])
                moved += 1
                state[W_BUDGET] = 0
    return written, moved
