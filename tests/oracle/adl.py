"""Auto-deleveraging: the queue of the cycle, who is closed for whom, and at what price: CLR-ADL-###."""

from collections.abc import Callable
from fractions import Fraction

from tests.oracle.book import withdraw
from tests.oracle.margin import bankruptcy_total, is_distressed, maintenance, requirement
from tests.oracle.story import Exchange, Layer, Record, split
from tests.oracle.waterfall import is_insolvent, price_of_part, refresh

INFINITE = Fraction(10**30)


def profit_leverage(exchange: Exchange, row: int, m: int) -> Fraction:
    """CLR-ADL-009, of a position in profit: PNL% x effective leverage on its share of the equity."""
    share = Fraction(exchange.equity(row) * maintenance(exchange, row, m), requirement(exchange, row))
    if share <= 0:
        return INFINITE
    return Fraction(exchange.gain(row, m), abs(exchange.cost[row][m])) * abs(exchange.value(row, m)) / share


def binance_wallet(exchange: Exchange, row: int, m: int, floor: int) -> Fraction:
    """CLR-ADL-010: profit of the position over the wallet, times maintenance over equity of the account."""
    wallet = exchange.quote[row] + sum(exchange.cost[row])
    if exchange.equity(row) <= 0:
        return Fraction(0)
    ratio = Fraction(requirement(exchange, row), exchange.equity(row))
    return Fraction(max(0, exchange.gain(row, m)), max(floor, wallet)) * ratio


def rank(exchange: Exchange, layer: Layer) -> dict[tuple[int, int], list[int]]:
    """CLR-ADL-002, CLR-ADL-003: winners of every market and side by (score descending, id ascending)."""
    queue: dict[tuple[int, int], list[int]] = {}
    for m in range(len(exchange.mark)):
        for sign in (1, -1):
            rows = [row for row in exchange.traders if exchange.lots[row][m] * sign > 0 and exchange.gain(row, m) > 0]

            def key(row: int, m: int = m) -> tuple[Fraction, int]:
                if layer.ranking == "binance_wallet":
                    return (-binance_wallet(exchange, row, m, layer.wallet_floor), row)
                return (-profit_leverage(exchange, row, m), row)

            queue[m, sign] = sorted(rows, key=key)
    return queue


def deleverage(exchange: Exchange, layer: Layer, left: list[list[Record]]) -> None:
    """CLR-ADL-001, CLR-ADL-007, CLR-ADL-008: markets by name, longs before shorts, ENGINE first."""
    targets = [
        record
        for records in left
        if exchange.held(records[0].row) and is_target(exchange, layer, records[0].row)
        for record in records
    ]
    targets = engine_records(exchange) + targets
    if not targets:
        return
    if exchange.queue is None:
        exchange.queue = rank(exchange, layer)
    for m in sorted(range(len(exchange.mark)), key=lambda m: exchange.rules.markets[m].name):
        for sign in (1, -1):
            side = [record for record in targets if record.market == m and exchange.lots[record.row][m] * sign > 0]
            if not side:
                continue
            refresh(exchange, side)
            winners = [row for row in exchange.queue[m, -sign] if exchange.lots[row][m] * sign < 0]
            if layer.allocation == "greedy":
                for record in side:
                    refresh(exchange, [record])
                    close_greedily(exchange, layer, record, winners)
            else:
                close_through_pot(exchange, layer, side, winners)


def is_target(exchange: Exchange, layer: Layer, row: int) -> bool:
    """CLR-ADL-007."""
    return exchange.equity(row) < 0 or (layer.trigger == "distressed" and is_distressed(exchange, row))


def engine_records(exchange: Exchange) -> list[Record]:
    """CLR-ADL-008: ENGINE's inventory at its own zero-equity price."""
    found = []
    for scope, engine in enumerate(exchange.engine):
        if is_insolvent(exchange, scope) and exchange.held(engine):
            exchange.reached["ENGINE insolvent"] += 1
            for m in exchange.held(engine):
                total = bankruptcy_total(exchange, engine, m)
                found.append(Record(engine, m, exchange.lots[engine][m], total, maintenance(exchange, engine, m)))
    return found


def owners(exchange: Exchange, rows: list[int]) -> set[int]:
    return {exchange.owner[row] for row in rows if row in exchange.owner}


def solvent_choice(
    exchange: Exchange, m: int, sign: int, winners: list[int], choose: Callable[[list[int]], tuple[list[int], int]]
) -> list[tuple[int, int, int]]:
    """CLR-ADL-004: choose; the first that would fall below zero is left out, whole, and the choice is made again.

    `choose` returns the contracts of each of the rows it is given and the total for all of them.
    Returns (row, contracts, quote that the targets get from it).
    """
    rows = list(winners)
    while True:
        sizes, total = choose(rows)
        by_id = sorted(range(len(rows)), key=lambda i: rows[i])
        quotes = [0] * len(rows)
        if sum(sizes):
            for i, part in zip(by_id, split(total, [sizes[i] for i in by_id]), strict=True):
                quotes[i] = part
        for row, size, quote in zip(rows, sizes, quotes, strict=True):
            if size and exchange.equity(row) - quote + sign * size * exchange.unit(m) < 0:
                exchange.reached["skip"] += 1
                rows.remove(row)
                break
        else:
            return [found for found in zip(rows, sizes, quotes, strict=True) if found[1]]


def matches_left(exchange: Exchange, layer: Layer) -> int | None:
    return None if layer.matches is None else layer.matches - exchange.matches


def close_greedily(exchange: Exchange, layer: Layer, record: Record, winners: list[int]) -> None:
    """CLR-ADL-001: the best-ranked is closed in full, the last one partly."""
    m, sign = record.market, 1 if record.lots > 0 else -1
    own = owners(exchange, [record.row])
    limit = matches_left(exchange, layer)

    def choose(rows: list[int]) -> tuple[list[int], int]:
        rest, sizes = abs(exchange.lots[record.row][m]), []
        asked = 0
        for row in rows:
            size = min(rest, abs(exchange.lots[row][m]))
            if limit is not None and asked >= limit:
                size = 0
            asked += size > 0
            sizes.append(size)
            rest -= size
        return sizes, price_of_part(exchange, record, sum(sizes)) if sum(sizes) else 0

    allowed = [row for row in winners if exchange.owner[row] not in own]
    exchange.reached["own row passed over"] += len(allowed) < len(winners)
    found = solvent_choice(exchange, m, sign, allowed, choose)
    taken = {row for row, _, _ in found}
    for row, size, quote in found:
        exchange.transfer(row, record.row, quote, sign * size, m)
        note_close(exchange, m, row, size, quote - sign * size * exchange.unit(m))
    queue = exchange.queue[m, -sign] if exchange.queue else []
    read = max((place + 1 for place, row in enumerate(queue) if row in taken), default=0)
    note_wait(exchange, layer, [record], limit == 0 or read < len(queue))


def close_through_pot(exchange: Exchange, layer: Layer, side: list[Record], winners: list[int]) -> None:
    """CLR-ADL-014: targets pay in, each at its bankruptcy price; winners are paid at the average."""
    m, sign = side[0].market, 1 if side[0].lots > 0 else -1
    own = owners(exchange, [record.row for record in side])
    allowed = [row for row in winners if exchange.owner[row] not in own]
    exchange.reached["own row passed over"] += len(allowed) < len(winners)
    limit = matches_left(exchange, layer)
    taken: list[tuple[Record, int]] = []

    def choose(rows: list[int]) -> tuple[list[int], int]:
        asked = rows if limit is None else rows[:limit]
        held = {row: abs(exchange.lots[row][m]) for row in asked}
        wanted = min(sum(abs(exchange.lots[record.row][m]) for record in side), sum(held.values()))
        allocate = by_contracts if layer.allocation == "pro_rata" else by_leverage
        sizes = allocate(exchange, sorted(asked), held, m, wanted)
        taken[:] = []
        rest, total = wanted, 0
        for record in side:
            size = min(rest, abs(exchange.lots[record.row][m]))
            if size:
                taken.append((record, size))
                total += price_of_part(exchange, record, size)
            rest -= size
        return [sizes.get(row, 0) for row in rows], total

    found = solvent_choice(exchange, m, sign, allowed, choose)
    for record, size in taken if found else []:
        exchange.transfer(
            exchange.rounding, record.row, price_of_part(exchange, record, size), sign * size, m
        )
    for row, size, quote in found:
        exchange.transfer(row, exchange.rounding, quote, sign * size, m)
        note_close(exchange, m, row, size, quote - sign * size * exchange.unit(m))
    note_wait(exchange, layer, side, limit == 0 or (limit is not None and len(allowed) > limit))


def by_contracts(exchange: Exchange, rows: list[int], held: dict[int, int], m: int, wanted: int) -> dict[int, int]:
    """CLR-ADL-012."""
    if not wanted:
        return {}
    return dict(zip(rows, split(wanted, [held[row] for row in rows]), strict=True))


def by_leverage(exchange: Exchange, rows: list[int], held: dict[int, int], m: int, wanted: int) -> dict[int, int]:
    """CLR-ADL-013: contract by contract from the most levered, ties to the lower id."""
    given = dict.fromkeys(rows, 0)
    for _ in range(wanted):
        most = max((row for row in rows if given[row] < held[row]), key=lambda row: (
            Fraction(held[row] - given[row], exchange.equity(row)) if exchange.equity(row) > 0 else INFINITE, -row
        ))  # fmt: skip
        given[most] += 1
    return given


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
    if layer.matches is not None and exchange.matches >= layer.matches and more:
        exchange.reached["matches wait"] += 1
        exchange.waiting = True
    else:
        exchange.reached["queue exhausted"] += 1
