"""Takeover by ENGINE and the payments of FUND: CLR-FND-###."""

from fractions import Fraction

from tests.oracle.liquidation import note_debt
from tests.oracle.margin import bankruptcy_total, is_distressed
from tests.oracle.story import MILLION, Exchange, Record, ceil_div, split


def price_of_part(exchange: Exchange, record: Record, lots: int) -> int:
    """CLR-LIQ-002: what the row gets for `lots` contracts; the last of its last position leaves exactly (0, 0)."""
    last = exchange.held(record.row) == [record.market] and lots == abs(exchange.lots[record.row][record.market])
    return -exchange.quote[record.row] if last else record.total * lots // abs(record.lots)


def refresh(exchange: Exchange, records: list[Record]) -> None:
    """CLR-LIQ-002: what is left of the positions, at the bankruptcy totals of this moment."""
    for record in records:
        record.lots = exchange.lots[record.row][record.market]
        record.total = bankruptcy_total(exchange, record.row, record.market)


def inventory(exchange: Exchange, scope: int) -> int:
    """ENGINE's contracts at mark, quanta."""
    engine = exchange.engine[scope]
    return sum(abs(exchange.value(engine, m)) for m in range(len(exchange.mark)))


def admits(exchange: Exchange, record: Record, lots: int) -> bool:
    """CLR-FND-003: within the cap, and FUND's cash plus ENGINE's equity not below zero."""
    scope = exchange.rules.markets[record.market].scope
    engine, fund, cap = exchange.engine[scope], exchange.fund[scope], exchange.rules.funds[scope].cap
    signed = lots if record.lots > 0 else -lots
    now = exchange.lots[engine][record.market]
    unit = exchange.unit(record.market)
    after = inventory(exchange, scope) + (abs(now + signed) - abs(now)) * unit
    loss = Fraction(record.total * lots, abs(record.lots)) - signed * unit
    reduces = now * signed < 0 and lots <= abs(now)
    return (cap is None or after <= cap or reduces) and exchange.quote[fund] + exchange.equity(engine) - loss >= 0


def take_over(exchange: Exchange, left: list[list[Record]]) -> None:
    """CLR-FND-002: accounts in the order of liquidation, positions in the order of the markets."""
    for records in left:
        for record in sorted(records, key=lambda record: record.market):
            refresh(exchange, records)
            size = abs(exchange.lots[record.row][record.market])
            if not size:
                continue
            sizes = range(size, 0, -1) if len(exchange.held(record.row)) == 1 else range(size, size - 1, -1)
            lots = next((lots for lots in sizes if admits(exchange, record, lots)), 0)
            exchange.reached["takeover in part"] += 0 < lots < size
            exchange.reached["takeover refused"] += lots == 0
            if lots:
                engine = exchange.engine[exchange.rules.markets[record.market].scope]
                signed = lots if record.lots > 0 else -lots
                exchange.transfer(engine, record.row, price_of_part(exchange, record, lots), signed, record.market)
                exchange.reached["takeover"] += 1
        note_debt(exchange, records)
        row = records[0].row
        if exchange.held(row) and not is_distressed(exchange, row):
            exchange.reached["compliant after takeover"] += 1


def pay_from_fund(exchange: Exchange, order: list[int]) -> None:
    """CLR-FND-001: a flat ENGINE's money comes in; flat accounts in the order of the records, then negative ENGINEs."""
    if not has_fund_layer(exchange):
        return
    sweep(exchange)
    for row in order:
        for market, owed in debts_of(exchange, row).items():
            fund = exchange.fund[exchange.rules.markets[market].scope]
            part = min(owed, exchange.quote[fund])
            if part:
                exchange.transfer(fund, row, part)
                exchange.debts[row][market] -= part
                exchange.reached["fund draw"] += 1
            exchange.reached["fund empty"] += part < owed
    pay_engines(exchange)


def debts_of(exchange: Exchange, row: int) -> dict[int, int]:
    """What a flat row owes by market; money that it received meanwhile lowers all parts in proportion."""
    recorded = exchange.debts.get(row, {})
    owed = max(0, -exchange.quote[row])
    if owed < sum(recorded.values()):
        parts = split(owed, [recorded[market] for market in sorted(recorded)])
        exchange.debts[row] = dict(zip(sorted(recorded), parts, strict=True))
    return dict(exchange.debts.get(row, {}))


def has_fund_layer(exchange: Exchange) -> bool:
    """CLR-FND-001: without the layer FUND pays nothing."""
    return any(layer.kind == "insurance_fund" for layer in exchange.rules.layers)


def pay_engines(exchange: Exchange) -> None:
    """CLR-FND-004: ENGINE's negative equity at mark, as far as FUND has cash."""
    if not has_fund_layer(exchange):
        return
    for scope, engine in enumerate(exchange.engine):
        owed = max(0, -exchange.equity(engine))
        part = min(owed, exchange.quote[exchange.fund[scope]])
        if part:
            exchange.transfer(exchange.fund[scope], engine, part)
            exchange.reached["fund pays engine"] += 1
        exchange.reached["fund empty"] += part < owed


def is_insolvent(exchange: Exchange, scope: int) -> bool:
    """CLR-ADL-008: FUND's cash plus ENGINE's equity is below zero."""
    return exchange.quote[exchange.fund[scope]] + exchange.equity(exchange.engine[scope]) < 0


def sweep(exchange: Exchange) -> None:
    """CLR-FND-004: ENGINE's money goes to FUND when its inventory is flat."""
    for scope, engine in enumerate(exchange.engine):
        if not exchange.held(engine) and exchange.quote[engine] > 0:
            exchange.transfer(engine, exchange.fund[scope], exchange.quote[engine])
            exchange.reached["sweep"] += 1


def unwind_orders(exchange: Exchange) -> list[tuple[int, int, int, int]]:
    """CLR-FND-005: (ENGINE, market, signed lots, limit) of what is offered now."""
    orders = []
    for scope, engine in enumerate(exchange.engine):
        rules = exchange.rules.funds[scope]
        for m in exchange.held(engine):
            last = exchange.last_unwind.get(m)
            if last is not None and exchange.now_ms - last < rules.unwind_ms:
                continue
            exchange.last_unwind[m] = exchange.now_ms
            lots, mark = exchange.lots[engine][m], exchange.mark[m]
            size = ceil_div(abs(lots) * rules.unwind_ppm, MILLION)
            distance = mark * rules.unwind_band_ppm // MILLION
            orders.append((engine, m, -size if lots > 0 else size, mark - distance if lots > 0 else mark + distance))
    return orders
