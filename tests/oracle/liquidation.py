"""Who is liquidated in which order, how much, at what limit, and what is settled afterwards: CLR-LIQ-###."""

from collections.abc import Sequence

from tests.oracle.book import take
from tests.oracle.margin import bankruptcy_total, base_of, is_distressed, maintenance, requirement_on, tier_of
from tests.oracle.margin import requirement as requirement_of
from tests.oracle.story import MILLION, Exchange, Liquidation, Record, ceil_div, share_ppm, split


def in_priority(exchange: Exchange, rows: Sequence[int]) -> list[int]:
    """CLR-LIQ-005."""
    if exchange.rules.liquidation.priority == "by_account_id":
        return sorted(rows)
    if exchange.rules.liquidation.priority == "random":
        exchange.reached["random order"] += len(rows) > 1
        return sorted(rows, key=lambda row: (exchange.draws[row], row))

    def key(row: int) -> tuple[int, float, int]:
        needed = requirement_of(exchange, row)
        if not exchange.held(row):
            return (0, 0.0, row)
        return (1, exchange.equity(row) / needed if needed else float("inf"), row)

    return sorted(rows, key=key)


def plan(exchange: Exchange, row: int) -> list[Record]:
    """CLR-LIQ-001, CLR-LIQ-002: one record a position, in the order in which they are closed."""
    records = [
        Record(row, m, exchange.lots[row][m], bankruptcy_total(exchange, row, m), maintenance(exchange, row, m))
        for m in exchange.held(row)
    ]
    rules = exchange.rules.liquidation
    if rules.kind == "full" or exchange.equity(row) < 0:
        for record in records:
            record.planned = abs(record.lots)
    elif rules.kind == "fraction":
        plan_fraction(exchange, rules, records)
    elif rules.reduce_to == "tier_floor":
        for record in records:
            record.planned = abs(record.lots) - below_floor(exchange, record)
    else:
        records.sort(key=lambda record: (-record.maintenance, record.market))
        plan_compliant(exchange, row, records)
    return records


def plan_fraction(exchange: Exchange, rules: Liquidation, records: list[Record]) -> None:
    """CLR-LIQ-008: a share of each position; small ones, and all on the second step of `then_whole`, in full."""
    for record in records:
        size = abs(record.lots)
        small = abs(exchange.value(record.row, record.market)) <= rules.whole_below
        if small or (rules.then_whole and exchange.steps[record.row] > 0):
            record.planned = size
        elif rules.rounding == "up":
            record.planned = ceil_div(size * rules.fraction_ppm, MILLION)
        else:
            record.planned = max(1, size * rules.fraction_ppm // MILLION)
            exchange.reached["share rounded down"] += 1


def below_floor(exchange: Exchange, record: Record) -> int:
    """CLR-LIQ-007: the most contracts whose base is below the floor of the present tier; 0 in the lowest."""
    market = exchange.rules.markets[record.market]
    floor = tier_of(market, base_of(exchange, record.row, record.market))[0]
    if floor == 0:
        return 0
    for keep in range(abs(record.lots) - 1, 0, -1):
        if base_left(exchange, record, keep) < floor:
            return keep
    return 0


def base_left(exchange: Exchange, record: Record, keep: int) -> int:
    """CLR-MRG-002 of `keep` contracts of the position; entry cost follows CLR-LDG-002."""
    if exchange.rules.markets[record.market].base == "entry":
        return abs(exchange.cost[record.row][record.market] * keep // abs(record.lots))
    return keep * exchange.unit(record.market)


def plan_compliant(exchange: Exchange, row: int, records: list[Record]) -> None:
    """CLR-LIQ-006: the fewest contracts after whose close at mark equity covers requirement plus fees."""
    equity, needed = exchange.equity(row), sum(record.maintenance for record in records)
    at_or_below = any(exchange.rules.markets[m].at_or_below for m in exchange.held(row))
    for record in records:
        market, size = exchange.rules.markets[record.market], abs(record.lots)
        others = needed - record.maintenance
        for close in range(size + 1):
            after = equity - fees_at_mark(exchange, record, close)
            left = others + requirement_on(market, base_left(exchange, record, size - close))
            if after > left or (after == left and not at_or_below):
                record.planned = close
                return
        record.planned = size
        needed = others
        equity -= fees_at_mark(exchange, record, size)


def fees_at_mark(exchange: Exchange, record: Record, lots: int) -> int:
    """Penalty, and the taker fee where it is charged, of `lots` contracts that fill at mark."""
    market, value = exchange.rules.markets[record.market], lots * exchange.unit(record.market)
    charged = exchange.rules.liquidation.taker_fee == "charged"
    return share_ppm(value, market.penalty_ppm) + (share_ppm(value, market.taker_ppm) if charged else 0)


def limit_of(exchange: Exchange, record: Record) -> int | None:
    """CLR-LIQ-002, CLR-LIQ-003: the worst price, ticks; None takes what the book pays."""
    rules, mark = exchange.rules.liquidation, exchange.mark[record.market]
    selling = record.lots > 0
    if rules.order == "market":
        if rules.band_ppm is None:
            return None
        distance = mark * rules.band_ppm // MILLION
        return mark - distance if selling else mark + distance
    per = abs(record.lots) * exchange.rules.markets[record.market].tick_value
    return ceil_div(record.total, per) if selling else -record.total // per


def send(exchange: Exchange, record: Record) -> None:
    """The order of one record."""
    charged = exchange.rules.liquidation.taker_fee == "charged"
    lots = -record.planned if record.lots > 0 else record.planned
    record.filled, record.paid = take(exchange, record.row, record.market, lots, limit_of(exchange, record), charged)
    exchange.reached["filled in part"] += 0 < record.filled < record.planned


def settle(exchange: Exchange, records: list[Record]) -> None:
    """CLR-LIQ-010, CLR-LIQ-011: penalties by record, then the surplus of an account that the book closed."""
    row = records[0].row
    for record in records:
        market = exchange.rules.markets[record.market]
        value = record.filled * exchange.unit(record.market)
        if exchange.rules.liquidation.penalty_base == "fill":
            value = record.paid
        fee = min(share_ppm(value, market.penalty_ppm), max(0, exchange.equity(row)))
        if fee < share_ppm(value, market.penalty_ppm):
            exchange.reached["penalty capped"] += 1
        to_fund = fee * exchange.rules.funds[market.scope].share_ppm // MILLION
        if to_fund:
            exchange.transfer(row, exchange.fund[market.scope], to_fund)
        if fee - to_fund:
            exchange.transfer(row, exchange.fees, fee - to_fund)
    if not exchange.held(row):
        keep_surplus(exchange, records)


def by_market(records: list[Record], amount: int) -> dict[int, int]:
    """CLR-FND-006: by the maintenance margin of the positions closed, ties to the lower market."""
    ordered = sorted(records, key=lambda record: record.market)
    parts = split(amount, [record.maintenance for record in ordered])
    return {record.market: part for record, part in zip(ordered, parts, strict=True)}


def keep_surplus(exchange: Exchange, records: list[Record]) -> None:
    """CLR-LIQ-011: to FUND, or to the trader's wallet."""
    row = records[0].row
    left = exchange.quote[row]
    if left <= 0:
        return
    exchange.reached["surplus"] += 1
    if exchange.rules.liquidation.surplus == "fund":
        for market, part in by_market(records, left).items():
            if part:
                exchange.transfer(row, exchange.fund[exchange.rules.markets[market].scope], part)
    elif exchange.owner[row] != row:
        exchange.move_own(row, exchange.owner[row], left)


def note_debt(exchange: Exchange, records: list[Record]) -> None:
    """CLR-FND-006: what a flat account owes, by market."""
    row = records[0].row
    if exchange.quote[row] < 0 and row not in exchange.debts and not exchange.held(row):
        exchange.debts[row] = by_market(records, -exchange.quote[row])
        exchange.fresh.append(row)
        exchange.reached["deficit"] += 1


def note_own_debt(exchange: Exchange, row: int) -> None:
    """CLR-FND-006: what an account owes that was flat when its turn came, all in the market it left last."""
    if row not in exchange.debts:
        exchange.debts[row] = {exchange.closed_in[row]: -exchange.quote[row]}
        exchange.fresh.append(row)
        exchange.reached["deficit without liquidation"] += 1


def is_left(exchange: Exchange, records: list[Record]) -> bool:
    """CLR-LIQ-006, CLR-LIQ-008: whether the whole rest of the account goes to the waterfall."""
    row, rules = records[0].row, exchange.rules.liquidation
    if not exchange.held(row):
        return False
    short = any(record.filled < record.planned for record in records)
    waits = rules.kind == "fraction" and rules.cooldown_ms > 0 and exchange.equity(row) >= 0
    if short and not is_distressed(exchange, row):
        exchange.reached["compliant after the book"] += 1
    return is_distressed(exchange, row) and not waits
