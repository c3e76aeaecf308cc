"""Auto-deleveraging: the queue of the cycle, who is closed for whom, and at what price: CLR-ADL-###."""

from fractions import Fraction

from tests.oracle.book import withdraw
from tests.oracle.margin import is_distressed, maintenance, requirement
from tests.oracle.story import Exchange, Layer, Record, ceil_div, split
from tests.oracle.waterfall import is_insolvent, price_of_part, refresh

INFINITE = Fraction(10**30)


def profit_leverage(exchange: Exchange, row: int, m: int) -> float:
    """CLR-ADL-009, of a position in profit, in float64: PNL% x effective leverage on its share of the equity."""
    share = float(exchange.equity(row))
    if len(exchange.held(row)) > 1 and requirement(exchange, row):
        share *= float(maintenance(exchange, row, m)) / float(requirement(exchange, row))
    if share <= 0 or not exchange.cost[row][m]:
        return float("inf")
    gained = float(exchange.gain(row, m)) / float(abs(exchange.cost[row][m]))
    return gained * (float(abs(exchange.value(row, m))) / share)


def binance_wallet(exchange: Exchange, row: int, m: int, floor: int) -> float:
    """CLR-ADL-010, in float64: profit of the position over the wallet, times maintenance over equity of the account."""
    wallet = exchange.quote[row] + sum(exchange.cost[row])
    if exchange.equity(row) <= 0:
        return 0.0
    ratio = float(requirement(exchange, row)) / float(exchange.equity(row))
    return float(max(0, exchange.gain(row, m))) / float(max(floor, wallet)) * ratio


def rank(exchange: Exchange, layer: Layer) -> dict[tuple[int, int], list[int]]:
    """CLR-ADL-002, CLR-ADL-003: winners of every market and side by (score descending, id ascending)."""
    queue: dict[tuple[int, int], list[int]] = {}
    for m in range(len(exchange.mark)):
        for sign in (1, -1):
            rows = [row for row in exchange.traders if exchange.lots[row][m] * sign > 0 and exchange.gain(row, m) > 0]

            def key(row: int, m: int = m) -> tuple[float, int]:
                if layer.ranking == "binance_wallet":
                    return (-binance_wallet(exchange, row, m, layer.wallet_floor), row)
                return (-profit_leverage(exchange, row, m), row)

            queue[m, sign] = sorted(rows, key=key)
    return queue


def deleverage(exchange: Exchange, layer: Layer, left: list[list[Record]]) -> None:
    """CLR-ADL-001, CLR-ADL-007, CLR-ADL-008: markets by name, longs before shorts, ENGINE first."""
    targets = engine_records(exchange) + [
        record
        for records in left
        if exchange.held(records[0].row) and is_target(exchange, layer, records[0].row)
        for record in records
    ]
    if not targets:
        return
    if exchange.queue is None:
        exchange.queue = rank(exchange, layer)
    for m in sorted(range(len(exchange.mark)), key=lambda m: exchange.rules.markets[m].name):
        for sign in (1, -1):
            side = [record for record in targets if record.market == m and exchange.lots[record.row][m] * sign > 0]
            if layer.allocation == "greedy":
                for record in side:
                    close_greedily(exchange, layer, record, exchange.queue[m, -sign])
            elif side:
                close_through_pot(exchange, layer, side, exchange.queue[m, -sign])


def is_target(exchange: Exchange, layer: Layer, row: int) -> bool:
    """CLR-ADL-007."""
    return exchange.equity(row) < 0 or (layer.trigger == "distressed" and is_distressed(exchange, row))


def engine_records(exchange: Exchange) -> list[Record]:
    """CLR-ADL-008: ENGINE's inventory, if FUND's cash plus ENGINE's equity is below zero."""
    found = []
    for scope, engine in enumerate(exchange.engine):
        if is_insolvent(exchange, scope) and exchange.held(engine):
            exchange.reached["ENGINE insolvent"] += 1
            found += [Record(engine, m, exchange.lots[engine][m], 0, 0) for m in exchange.held(engine)]
    return found


def able_winners(exchange: Exchange, targets: list[int], m: int, sign: int, queue: list[int]) -> list[int]:
    """CLR-ADL-002, CLR-ADL-005: who still holds contracts on the side, and is of another trader than the targets."""
    own = {exchange.owner[row] for row in targets if row in exchange.owner}
    able = [row for row in queue if exchange.lots[row][m] * sign < 0]
    exchange.reached["own row passed over"] += any(exchange.owner[row] in own for row in able)
    return [row for row in able if exchange.owner[row] not in own]


def matches_left(exchange: Exchange, layer: Layer) -> int | None:
    return None if layer.matches is None else max(0, layer.matches - exchange.matches)


def survives(exchange: Exchange, row: int, quote: int, value: int) -> bool:
    """CLR-ADL-004: the row pays `quote` for contracts worth `value`; exactly zero is allowed."""
    good = exchange.equity(row) - quote + value >= 0
    exchange.reached["skip"] += not good
    return good


def close_greedily(exchange: Exchange, layer: Layer, record: Record, queue: list[int]) -> None:
    """CLR-ADL-001: the best-ranked is closed in full, the last one partly; who cannot bear it is skipped, whole."""
    refresh(exchange, [record])
    m, sign, wanted = record.market, 1 if record.lots > 0 else -1, abs(record.lots)
    limit, whole = matches_left(exchange, layer), price_of_part(exchange, record, wanted)
    taken: dict[int, int] = {}
    for row in able_winners(exchange, [record.row], m, sign, queue):
        size = min(wanted - sum(taken.values()), abs(exchange.lots[row][m]))
        if size == 0 or (limit is not None and len(taken) == limit):
            break
        if survives(exchange, row, ceil_div(whole * size, wanted), sign * size * exchange.unit(m)):
            taken[row] = size
    if taken:
        rows = sorted(taken)
        total = price_of_part(exchange, record, sum(taken.values()))
        quotes = dict(zip(rows, split(total, [taken[row] for row in rows]), strict=True))
        for row, size in taken.items():
            exchange.transfer(row, record.row, quotes[row], sign * size, m)
            note_close(exchange, m, row, size, quotes[row] - sign * size * exchange.unit(m))
    read = max((place + 1 for place, row in enumerate(queue) if row in taken), default=0)
    note_wait(exchange, layer, [record], limit == 0 or read < len(queue))


def close_through_pot(exchange: Exchange, layer: Layer, side: list[Record], queue: list[int]) -> None:
    """CLR-ADL-014: targets pay in, each at its bankruptcy price; winners are paid at the average."""
    refresh(exchange, side)
    m, sign = side[0].market, 1 if side[0].lots > 0 else -1
    able = able_winners(exchange, [record.row for record in side], m, sign, queue)
    limit = matches_left(exchange, layer)
    while True:
        asked = sorted(able if limit is None else able[:limit])
        paid_in = from_targets(exchange, side, sum(abs(exchange.lots[row][m]) for row in asked))
        wanted, total = sum(size for _, size, _ in paid_in), sum(quote for _, _, quote in paid_in)
        allocate = by_contracts if layer.allocation == "pro_rata" else by_leverage
        sizes = allocate(exchange, asked, m, wanted) if wanted else [0] * len(asked)
        quotes = split(total, sizes) if wanted else sizes
        fall = {
            row
            for row, size, quote in zip(asked, sizes, quotes, strict=True)
            if size and not survives(exchange, row, quote, sign * size * exchange.unit(m))
        }
        if not fall:
            break
        able = [row for row in able if row not in fall]
    for record, size, quote in paid_in:
        exchange.transfer(exchange.rounding, record.row, quote, sign * size, m)
    for row, size, quote in zip(asked, sizes, quotes, strict=True):
        if size:
            exchange.transfer(row, exchange.rounding, quote, sign * size, m)
            note_close(exchange, m, row, size, quote - sign * size * exchange.unit(m))
    note_wait(exchange, layer, side, len(able) > len(asked))


def from_targets(exchange: Exchange, side: list[Record], winners_hold: int) -> list[tuple[Record, int, int]]:
    """(target, contracts, quote it gets): in the order of the records, no more than the winners hold together."""
    found = []
    for record in side:
        size = min(winners_hold, abs(record.lots))
        if size:
            found.append((record, size, price_of_part(exchange, record, size)))
        winners_hold -= size
    return found


def by_contracts(exchange: Exchange, rows: list[int], m: int, wanted: int) -> list[int]:
    """CLR-ADL-012."""
    return split(wanted, [abs(exchange.lots[row][m]) for row in rows])


def by_leverage(exchange: Exchange, rows: list[int], m: int, wanted: int) -> list[int]:
    """CLR-ADL-013: contract by contract from the most levered, ties to the lower id; rows without equity first."""
    left = {row: abs(exchange.lots[row][m]) for row in rows}

    def leverage(row: int) -> tuple[Fraction, int]:
        worth = exchange.equity(row)
        return (Fraction(left[row], worth) if worth > 0 else INFINITE, -row)

    for _ in range(wanted):
        left[max((row for row in rows if left[row]), key=leverage)] -= 1
    return [abs(exchange.lots[row][m]) - left[row] for row in rows]


def note_close(exchange: Exchange, m: int, row: int, size: int, harm: int) -> None:
    """harm: what the close took from the row against the mark."""
    exchange.matches += 1
    exchange.closes.append((m, row, size, harm))
    withdraw(exchange, row, m)
    exchange.reached["ADL"] += 1


def note_wait(exchange: Exchange, layer: Layer, side: list[Record], more: bool) -> None:
    """CLR-ADL-006: contracts are left, and the limit of the cycle was used up before the end of the queue."""
    if not any(exchange.lots[record.row][record.market] for record in side):
        return
    used_up = layer.matches is not None and exchange.matches >= layer.matches and more
    exchange.reached["matches wait" if used_up else "queue exhausted"] += 1
    exchange.waiting |= used_up
