"""One cycle of the clearing house, in the order of its steps, and the opening of a story."""

from fractions import Fraction

from tests.oracle.adl import deleverage
from tests.oracle.book import cancel_all, take, take_as_trader
from tests.oracle.liquidation import in_priority, is_left, note_debt, note_own_debt, plan, send, settle
from tests.oracle.loss import socialise
from tests.oracle.margin import is_distressed
from tests.oracle.story import MILLION, Exchange, Record
from tests.oracle.waterfall import has_fund_layer, pay_engines, pay_from_fund, sweep, take_over, unwind_orders


def run_cycle(exchange: Exchange, marks: tuple[int, ...], now_ms: int) -> None:
    """Mark, then rounds of clearing: CLR-LIQ-012."""
    exchange.mark, exchange.now_ms = list(marks), now_ms
    exchange.queue, exchange.matches = None, 0
    exchange.since = {row: first for row, first in exchange.since.items() if row in exchange.found}
    exchange.found = set()
    held = holders(exchange)
    fire_stops(exchange)
    release_isolated(exchange, held)
    for number in range(exchange.rules.liquidation.rounds_max):
        moved, held = exchange.moved, holders(exchange)
        distressed = find_distressed(exchange)
        note_distress(exchange, distressed)
        active = within_limit(exchange, [row for row in distressed if not waits(exchange, row)])
        if active:
            exchange.reached["rounds"] += 1
            exchange.reached["second rounds"] += number == 1
            run_round(exchange, active)
        elif (distressed or number == 0) and any(exchange.held(engine) for engine in exchange.engine):
            run_waterfall(exchange, [], [])
        unwind(exchange)
        release_isolated(exchange, held)
        if not distressed or exchange.moved == moved:
            break
    note_end(exchange)


def find_distressed(exchange: Exchange) -> list[int]:
    """Distressed rows in the order of liquidation."""
    return in_priority(exchange, [row for row in exchange.traders if is_distressed(exchange, row)])


def waits(exchange: Exchange, row: int) -> bool:
    """Recorded bad debt that no FUND can pay now, or a pause after a step: CLR-FND-001, CLR-LIQ-008."""
    if row not in exchange.debts:
        return pauses(exchange, row)
    funds = [
        exchange.fund[exchange.rules.markets[market].scope] for market, owed in exchange.debts[row].items() if owed
    ]
    return not has_fund_layer(exchange) or not any(exchange.quote[fund] for fund in funds)


def pauses(exchange: Exchange, row: int) -> bool:
    """CLR-LIQ-008: the pause after a step, which ends when equity falls below zero."""
    rules = exchange.rules.liquidation
    if rules.kind != "fraction" or exchange.equity(row) < 0 or row not in exchange.last_step:
        return False
    waiting = exchange.now_ms - exchange.last_step[row] < rules.cooldown_ms
    exchange.reached["pause"] += waiting
    return waiting


def note_distress(exchange: Exchange, distressed: list[int]) -> None:
    """CLR-LIQ-009: when the unbroken distress of a row began."""
    exchange.found.update(distressed)
    for row in distressed:
        exchange.since.setdefault(row, exchange.now_ms)


def is_late(exchange: Exchange, row: int) -> bool:
    """CLR-LIQ-009: the time from the first distress to the first order is over."""
    over = exchange.now_ms - exchange.since[row] >= exchange.rules.liquidation.latency_ms
    exchange.reached["latency"] += not over
    return over


def within_limit(exchange: Exchange, due: list[int]) -> list[int]:
    """CLR-LIQ-009: those whose latency is over, in order, as many as the bucket of one second's worth has."""
    due = [row for row in due if is_late(exchange, row)]
    rate = exchange.rules.liquidation.per_second
    if rate is None:
        return due
    if exchange.tokens is None:
        exchange.tokens = Fraction(rate)
    added = Fraction(rate * (exchange.now_ms - exchange.filled_ms), 1000)
    exchange.tokens, exchange.filled_ms = min(Fraction(rate), exchange.tokens + added), exchange.now_ms
    started = due[: int(exchange.tokens)]
    exchange.tokens -= len(started)
    exchange.reached["throttle"] += len(started) < len(due)
    return started


def fire_stops(exchange: Exchange) -> None:
    """CLR-MRG-015: stops that the mark has reached sell or buy at the market, within the band of their market."""
    for stop in sorted(exchange.stops, key=lambda stop: stop.market):  # in a market as they were entered
        selling = stop.lots > 0
        mark = exchange.mark[stop.market]
        if (mark > stop.trigger) if selling else (mark < stop.trigger):
            continue
        exchange.stops.remove(stop)
        held = exchange.lots[stop.row][stop.market]
        size = min(abs(stop.lots), max(0, held if selling else -held))
        band, limit = exchange.rules.markets[stop.market].order_band_ppm, None
        if band is not None:
            distance = mark * band // MILLION
            limit = mark - distance if selling else mark + distance
        filled = 0
        if size:
            filled = take_as_trader(exchange, stop.row, stop.market, -size if selling else size, limit)
        exchange.reached["stop"] += filled > 0
        exchange.reached["order band"] += limit is not None and filled < size


def holders(exchange: Exchange) -> set[int]:
    """Traders' rows with contracts."""
    return {row for row in exchange.traders if exchange.held(row)}


def release_isolated(exchange: Exchange, before: set[int]) -> None:
    """CLR-MRG-017: what is left on an isolated row that held contracts `before` and is flat goes to its wallet."""
    for row in sorted(before):
        wallet, left = exchange.owner[row], exchange.quote[row]
        if wallet != row and left > 0 and not exchange.held(row):
            exchange.move_own(row, wallet, left)
            exchange.reached["released"] += 1


def run_round(exchange: Exchange, due: list[int]) -> None:
    """Book, settlement, and the waterfall with what is left."""
    plans: list[list[Record]] = []
    if exchange.rules.liquidation.mode == "batch":
        for row in due:
            cancel_all(exchange, row)
        planned = {row: plan(exchange, row) for row in due if exchange.held(row)}
        plans = list(planned.values())
        for records in plans:
            for record in records:
                send(exchange, record)
        for records in plans:
            finish_account(exchange, records)
        for row in due:
            if row in planned:
                note_debt(exchange, planned[row])
            else:
                note_own_debt(exchange, row)
    else:
        for row in due:
            if not is_distressed(exchange, row):
                exchange.reached["recovered"] += 1
                continue
            if not exchange.held(row):
                note_own_debt(exchange, row)
                run_waterfall(exchange, [], [row])
                continue
            cancel_all(exchange, row)
            records = plan(exchange, row)
            for record in records:
                send(exchange, record)
            finish_account(exchange, records)
            note_debt(exchange, records)
            run_waterfall(exchange, [records] if is_left(exchange, records) else [], [row])
        return
    run_waterfall(exchange, [records for records in plans if is_left(exchange, records)], due)


def finish_account(exchange: Exchange, records: list[Record]) -> None:
    row = records[0].row
    exchange.reached["liquidated"] += 1
    settle(exchange, records)
    exchange.last_step[row] = exchange.now_ms
    exchange.steps[row] += 1


def run_waterfall(exchange: Exchange, left: list[list[Record]], due: list[int]) -> None:
    """The layers in the order of the config; who is compliant again is left alone by the layers that follow."""
    exchange.waiting = False
    for layer in exchange.rules.layers:
        if layer.kind == "takeover":
            take_over(exchange, left)
        elif layer.kind == "insurance_fund":
            pay_from_fund(exchange, due)
        elif layer.kind == "adl":
            deleverage(exchange, layer, left)
        else:
            socialise(exchange, layer, left)
    exchange.fresh.clear()


def unwind(exchange: Exchange) -> None:
    """CLR-FND-005, CLR-FND-004."""
    for engine, market, lots, limit in unwind_orders(exchange):
        filled, _ = take(exchange, engine, market, lots, limit, charged=False)
        exchange.reached["unwind"] += filled > 0
    pay_engines(exchange)
    sweep(exchange)


def note_end(exchange: Exchange) -> None:
    """What the cycle leaves, for the counts of what was reached; and that nothing was made or lost."""
    assert sum(exchange.quote.values()) == 0
    assert all(sum(lots[m] for lots in exchange.lots.values()) == 0 for m in range(len(exchange.mark)))
    assert all(exchange.quote[fund] >= 0 for fund in exchange.fund)
    for row in exchange.traders:
        if exchange.quote[row] < 0 and not exchange.held(row):
            exchange.reached["bad debt"] += 1
        elif exchange.equity(row) < 0:
            exchange.reached["bankrupt and open"] += 1
        elif is_distressed(exchange, row):
            exchange.reached["distressed and open"] += 1
