"""Kernel of watching traders: which look at their position now, the margin they add, and who comes back afterwards.

Distances to liquidation are the trader's own estimate (floating point, at mark value); the clearing house decides by
its own exact numbers.
"""

import math

from ...layout import (
    COMES_BACK,
    F64,
    FLAG_FROZEN,
    FLAG_LIQUIDATED,
    I64,
    OUTSIDE,
    PHASE_DONE,
    PHASE_FUNDED,
    PHASE_HOLDING,
    TOPS_UP,
    Records,
)
from ..jit import kernel
from ..packed import Packed
from .cohorts import BUY, KIND_MARKET, SELL, TIF_IOC, put_order

SPARE = 0.95  # share of its equity a returning trader uses, so that its order is not refused because of fees


class WatchArrays(Packed):
    """The W watching traders of a cohort, in the order in which they look."""

    watched: I64  # (W, 3) row, wallet, market: each looks once per attention time
    memory: Records  # (W,) WATCH_DTYPE
    clock: F64  # (2,) looks made so far, last wake
    params: Records  # (1,) WATCH_PARAMS_DTYPE
    moves: I64  # (2 W, 4) payer, payee, quanta, due ms: written here


@kernel
def estimate(accounts, markets, row):
    """Return (equity, gross value, maintenance) of a row at the mark, quanta; maintenance is an estimate."""
    lots, mark, params, tiers = accounts.lots, markets.mark, markets.params, markets.tiers
    equity = accounts.quote[row]
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
def _top_up(watch, accounts, markets, i, now_ms, n):
    """Write the cash moves of watcher `i`, whose margin may run low, at moves[n:]; return how many."""
    row, wallet, market = watch.watched[i, 0], watch.watched[i, 1], watch.watched[i, 2]
    memory, params, moves = watch.memory[i], watch.params, watch.moves
    equity, gross, maintenance = estimate(accounts, markets, row)
    if gross == 0:
        return 0
    room = (equity - maintenance) / gross - params[0].below
    if room >= 0:
        if wallet != row or accounts.lots.shape[1] == 1:  # the row's margin depends on this one mark
            _remember_safety(memory, room, markets.mark[market])
        return 0
    memory.safe = 0
    needed = int(params[0].target * gross - (equity - maintenance))
    written = 0
    if wallet != row:
        money, exposure, _maintenance = estimate(accounts, markets, wallet)
        free = min(needed, money - int(exposure * (accounts.initial_ppm[wallet] / 1e6)))
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
def _come_back(accounts, markets, row, market, memory, rows, n):
    """Write the market order of a trader whose new money has arrived; return how many (0 or 1)."""
    memory.phase = PHASE_DONE
    unit = markets.mark[market] * markets.params[market].tick_value
    rate = max(accounts.initial_ppm[row], markets.tiers[market, 0].initial_ppm) / 1e6
    size = math.floor(SPARE * accounts.quote[row] / (rate * unit))
    if size <= 0 or accounts.lots[row, market] != 0:
        return 0
    side = BUY if memory.side > 0 else SELL
    put_order(rows, n, row, market, side, KIND_MARKET, TIF_IOC, 0, size, 0, (row * 7919) & 0xFFFFF)
    return 1


@kernel
def watch_positions(watch, exchange, now_ms, rows):
    """Let the watchers that are due look once; write intents to `rows` and cash moves, and return how many of each.

    watch: WatchArrays. At most W looks are made per call.
    """
    watched, clock, params, moves = watch.watched, watch.clock, watch.params, watch.moves
    accounts, markets = exchange.accounts, exchange.markets
    lots, flags = accounts.lots, accounts.flags
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
        row, market = watched[i, 0], watched[i, 2]
        state = watch.memory[i]
        if _is_known_safe(state, markets.mark[market], flags[row]):
            continue
        if state.busy_ms > now_ms or flags[row] & FLAG_FROZEN:
            continue
        if state.phase == PHASE_FUNDED:
            written += _come_back(accounts, markets, row, market, state, rows, written)
        elif state.phase == PHASE_HOLDING and lots[row, market] != 0 and state.will & TOPS_UP:
            moved += _top_up(watch, accounts, markets, i, now_ms, moved)
        elif state.phase == PHASE_HOLDING and state.will & COMES_BACK and flags[row] & FLAG_LIQUIDATED:
            state.phase = PHASE_FUNDED
            state.busy_ms = now_ms + int(params[0].comeback_ms)
            if state.budget > 0:
                _put_move(moves, moved, OUTSIDE, row, state.budget, state.busy_ms)
                moved += 1
                state.budget = 0
    return written, moved
