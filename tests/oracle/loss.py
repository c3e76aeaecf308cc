"""Tear-up at mark, and the haircut of gains: CLR-LOS-###."""

from tests.oracle.book import withdraw
from tests.oracle.liquidation import note_debt
from tests.oracle.story import Exchange, Layer, Record, split
from tests.oracle.waterfall import has_fund_layer, is_insolvent, pay_from_fund


def socialise(exchange: Exchange, layer: Layer, left: list[list[Record]], due: list[int]) -> None:
    """CLR-LOS-001 to -003: gains are measured, positions torn up, FUND pays once more, winners pay what is left."""
    scopes = range(len(exchange.fund))
    gains = [{row: gain_of(exchange, layer, row, scope) for row in exchange.traders} for scope in scopes]
    if not exchange.waiting:
        tear_up(exchange, left)
    for records in left:
        note_debt(exchange, records)
    pay_from_fund(exchange, due)
    for scope in scopes:
        paid = take_from_winners(exchange, scope, gains[scope])
        if layer.basis == "equity_change":
            gains = [{row: gain - paid.get(row, 0) for row, gain in of.items()} for of in gains]


def gain_of(exchange: Exchange, layer: Layer, row: int, scope: int) -> int:
    """CLR-LOS-003: unrealised profit in the fund's markets, or the change of equity since the run began."""
    if layer.basis == "equity_change":
        return max(0, exchange.equity(row) - exchange.start[row] - exchange.own_moves[row])
    markets = [m for m in exchange.held(row) if exchange.rules.markets[m].scope == scope]
    return max(0, sum(exchange.gain(row, m) for m in markets))


def tear_up(exchange: Exchange, left: list[list[Record]]) -> None:
    """CLR-LOS-001: all bankrupt accounts of a market and side together, longs first, in the order of the config."""
    rows = [records[0].row for records in left if exchange.equity(records[0].row) < 0]
    engines = [engine for scope, engine in enumerate(exchange.engine) if is_insolvent(exchange, scope)]
    for m in range(len(exchange.mark)):
        for sign in (1, -1):
            side = [row for row in engines + rows if exchange.lots[row][m] * sign > 0]
            if side:
                tear_up_side(exchange, m, sign, side)


def tear_up_side(exchange: Exchange, m: int, sign: int, side: list[int]) -> None:
    """CLR-LOS-001: pro rata to contracts over all holders of the other side."""
    exchange.reached["tear-up"] += 1
    total = sum(abs(exchange.lots[row][m]) for row in side)
    holders = [row for row in sorted(exchange.lots) if exchange.lots[row][m] * sign < 0]
    parts = split(total, [abs(exchange.lots[row][m]) for row in holders])
    for row in side:
        lots = exchange.lots[row][m]
        exchange.transfer(exchange.rounding, row, lots * exchange.unit(m), lots, m)
    for row, part in zip(holders, parts, strict=True):
        if part:
            exchange.transfer(row, exchange.rounding, sign * part * exchange.unit(m), sign * part, m)
            withdraw(exchange, row, m)


def take_from_winners(exchange: Exchange, scope: int, gains: dict[int, int]) -> dict[int, int]:
    """CLR-LOS-002, CLR-LOS-003: pro rata to gains, none above its gain or its equity; returns who paid how much."""
    owing = owed_in(exchange, scope)
    owed = sum(part for _, _, part in owing)
    weights = {row: min(gain, max(0, exchange.equity(row))) for row, gain in gains.items() if row not in exchange.debts}
    rows = [row for row in sorted(weights) if weights[row]]
    taken = min(owed, sum(weights.values()))
    exchange.reached["haircut"] += taken > 0
    exchange.reached["gains too small"] += taken < owed
    if not taken:
        return {}
    given = dict(zip(rows, split(taken, [weights[row] for row in rows]), strict=True))
    for row, part in given.items():
        if part:
            exchange.transfer(row, exchange.rounding, part)
    for creditor, market, need in owing:
        part = min(need, taken)
        if part:
            exchange.transfer(exchange.rounding, creditor, part)
        if creditor in exchange.debts:
            exchange.debts[creditor][market] -= part
        taken -= part
    return given


def owed_in(exchange: Exchange, scope: int) -> list[tuple[int, int, int]]:
    """(row, market, quanta): new debts of flat accounts in the order of the records, then ENGINE's if it is flat."""
    owing = [
        (row, market, owed)
        for row in sorted(exchange.fresh, key=exchange.due.index)
        for market, owed in exchange.debts[row].items()
        if owed and exchange.rules.markets[market].scope == scope
    ]
    engine = exchange.engine[scope]
    cash = exchange.quote[exchange.fund[scope]] if has_fund_layer(exchange) else 0
    needed = -exchange.quote[engine] - cash
    return [*owing, (engine, -1, needed)] if needed > 0 and not exchange.held(engine) else owing
