"""Steps 8 to 13 of the cycle: margin, cancel, liquidate, waterfall, unwind, repeat while any account is distressed.

The clearing house (`sim/clearing/house.py`) decides and applies; this file sets the order, and sends orders to
the books.
"""

import numpy as np
import numpy.typing as npt

from ..kernels.book.matching import cancel_account_orders
from ..kernels.ledger.standing import stand_of_all
from ..kernels.ledger.totals import release_isolated
from ..kernels.step import REPORT_FUND, REPORT_LOTS, REPORT_QUOTE, settle_tick
from ..layout import FLAG_FROZEN
from .trading import match, publish_mark, refresh_quotes, sample_funding, spill_logs
from .world import World

I64 = npt.NDArray[np.int64]

NOBODY: I64 = np.zeros(0, np.int64)


def look_at_mark(world: World, *, ask_stops: bool = False) -> tuple[int, bool]:
    """Step 8: find the distressed rows at the published mark, in `world.tick.rows`; return how many, and whether an
    ENGINE holds contracts.

    The thresholds of the rows touched so far are recomputed, their sums are checked, and a new list of them begins.
    ask_stops: if the mark triggers a stop, nothing is done and STOPS_ARE_DUE returned.
    """
    count, holds, conserves = settle_tick(world.exchange, world.tick, ask_stops)
    if not conserves:
        found: list[int] = world.tick.report.tolist()
        world.ledger.require_conserved(found[REPORT_QUOTE], found[REPORT_LOTS:], fund=found[REPORT_FUND])
    return count, holds


def close_touched(world: World) -> None:
    """Recompute the thresholds of the rows touched so far, check that they conserve, and start a new list."""
    if world.log.header["n_touched"][0]:
        look_at_mark(world)


def is_calm(world: World) -> bool:
    """Steps 6 to 14 of a tick in which nothing is due: no stop, no funding, no distressed account, no inventory.

    False if something is due: the steps must then be taken one by one, and the work done here remains valid.
    """
    if world.due.funding or look_at_mark(world, ask_stops=True) != (0, False):
        return False
    world.clearing.backlog = NOBODY
    sample_funding(world)
    return True


def clear(world: World) -> None:
    """Steps 8 to 13. Costs one scan if no account is distressed and ENGINE holds nothing.

    A round may ruin other accounts: buyers from a liquidation, or counterparties of ADL. So rounds continue while an
    account is distressed and the last round changed something; the accounts that remain go to the backlog.
    """
    house, rounds_max = world.clearing, world.config.liquidation.rounds_max
    has_moved = True
    for done in range(rounds_max + 1):
        count, holds = look_at_mark(world)
        rows = world.tick.rows[:count]
        if len(rows) == 0 and not (holds and has_moved):
            house.backlog = NOBODY
            if done == 0:
                return
            break
        if done == rounds_max:
            house.hold_back(rows.copy())
            world.extremes.rounds_max_reached += 1
            break
        before = _moves_so_far(world)
        due = house.admit(rows, now_ms=world.time_ms)
        if len(due):
            liquidate(world, due)
        elif holds:
            _run_layers(world, NOBODY)
        unwound = unwind(world)
        release_flat(world)
        if not unwound and not len(due):
            break
        refresh_quotes(world)
        has_moved = publish_mark(world, elapsed_ms=0)
        if not has_moved and _moves_so_far(world) == before:
            break
    note_extremes(world)


def _moves_so_far(world: World) -> int:
    """Transfers and fills so far: events that are not the record of a planned liquidation (CLR-LIQ-012)."""
    return int(world.log.header["seq"][0]) - world.clearing.n_liquidations


def liquidate(world: World, due: I64) -> None:
    """Steps 9 to 11 for the rows that are due, all on one walk of the book or one after the other."""
    groups = [due]
    if world.config.liquidation.mode == "interleaved":
        groups = [due[i : i + 1] for i in range(len(due))]
    for rows in groups:
        _liquidate_together(world, rows)


def _liquidate_together(world: World, rows: I64) -> None:
    house = world.clearing
    world.accounts.flags[rows] |= FLAG_FROZEN
    cancel_account_orders(world.exchange, rows, -1)
    world.intents.clear()
    world.intents.reserve(len(rows) * len(world.instruments))
    n_orders, still = house.plan(rows, world.intents.rows)
    match(world, world.intents.rows, n_orders)
    _run_layers(world, house.settle(still, world.intents.rows[:n_orders]))
    house.finish(rows)


def _run_layers(world: World, left: I64) -> None:
    """Step 11; accounts whose positions it reduced have their orders in that market cancelled."""
    outcome = world.clearing.run_waterfall(left)
    for market, reduced in outcome.reduced:
        cancel_account_orders(world.exchange, reduced, market)
    if outcome.reduced:
        refresh_quotes(world)


def unwind(world: World) -> bool:
    """Step 12: ENGINE's inventory is unwound through the book; FUND and ENGINE settle. True if orders were
    sent."""
    house = world.clearing
    if not house.holds_inventory():
        house.settle_engines()
        return False
    world.intents.clear()
    world.intents.reserve(len(world.instruments))
    count = house.plan_unwind(world.intents.rows, now_ms=world.time_ms)
    if count:
        match(world, world.intents.rows, count)
    house.settle_engines()
    return bool(count)


def release_flat(world: World) -> None:
    """Return the money of isolated rows that the round left flat to their wallets (CLR-MRG-017)."""
    start, end = 0, int(world.log.header["n_touched"][0])
    while start < end:
        start = int(release_isolated(world.exchange, world.tick.lots_seen, start))
        if start < end:
            spill_logs(world)


def note_extremes(world: World) -> None:
    """Keep the running extremes of funds, inventory and backlog that a summary reports, and the required fund."""
    extremes, house = world.extremes, world.clearing
    extremes.backlog_peak = max(extremes.backlog_peak, len(house.backlog))
    cash, equity, inventory = zip(*positions_of_funds(world), strict=True)
    extremes.fund_min = min(extremes.fund_min, sum(cash))
    world.required_fund.note(equity)
    extremes.inventory_peak = max(extremes.inventory_peak, sum(inventory))
    counters = house.records.counters
    if extremes.first_adl_ms < 0 and any(counters["adl_matches"].tolist()):
        extremes.first_adl_ms = world.time_ms
    if extremes.first_fund_empty_ms < 0 and any(counters["fund_draw"].tolist()) and _a_fund_is_empty(world):
        extremes.first_fund_empty_ms = world.time_ms


def _a_fund_is_empty(world: World) -> bool:
    """True if a fund that has paid out is at zero."""
    counters, funds = world.clearing.records.counters, world.markets.params["fund_row"]
    return bool(((counters["fund_draw"] > 0) & (world.accounts.quote[funds] == 0)).any())


def fund_cash(world: World) -> int:
    """Cash of all funds together, quanta."""
    return sum(cash for cash, _, _ in positions_of_funds(world))


def positions_of_funds(world: World) -> list[list[int]]:
    """Cash of each fund, its equity with ENGINE's at mark, and ENGINE's inventory at mark, quanta, in the order of the
    config."""
    stand_of_all(world.exchange, world.tick.reserved, world.standings)
    found: list[list[int]] = world.standings.tolist()
    return found
