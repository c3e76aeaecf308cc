"""Twins: every cohort kernel equals a plain-Python form written apart from it, on random inputs."""

import math

import numpy as np
import pytest
from clearsim.elementary import expm1, log, log1p
from clearsim.kernels.agents.arbitrage import ArbitrageArrays, arbitrage_orders
from clearsim.kernels.agents.cohorts import NoiseArrays, SignalArrays, noise_orders, signal_orders
from clearsim.kernels.agents.makers import MakerArrays, maker_ladders
from clearsim.kernels.agents.user_orders import FAULTS, ActionArrays, append_actions, due_arrivals
from clearsim.kernels.book.arrivals import RADIX_SIZE, sort_by_arrival
from clearsim.kernels.exchange import make_exchange
from clearsim.layout import (
    ARBITRAGE_PARAMS_DTYPE,
    CLOCK_DTYPE,
    INTENT_DTYPE,
    MAKER_DTYPE,
    MAKER_PARAMS_DTYPE,
    NOISE_PARAMS_DTYPE,
    OUTSIDE_DTYPE,
    SIGNAL_PARAMS_DTYPE,
)
from clearsim.ledger.accounts import make_accounts

from tests.worlds.book import make_log, make_markets, make_venue
from tests.worlds.records import as_records, fields

KEYS = 1 << 20
BUY, SELL, LIMIT, MARKET, CANCEL_ALL, GTC, IOC, FOK, POST_ONLY = 0, 1, 0, 1, 3, 0, 1, 2, 3
MARK = 100_000


def brief(rows) -> list[tuple]:
    """What a twin must reproduce of each intent."""
    columns = ("account", "side", "kind", "tif", "price", "lots", "order_flags", "arrival")
    return [tuple(int(row[column]) for column in columns) for row in rows]


def key_of(at, last, now):
    return min(max(int((at - last) / (now - last) * KEYS), 0), KEYS - 1)


def exchange_of(n_rows, *, mark=MARK, tick_value=1, **accounts):
    """One market, and rows with these columns."""
    rows = make_accounts(n_rows=n_rows, n_markets=1, scopes=["all"])
    for name, values in accounts.items():
        getattr(rows, name)[:] = values
    return make_exchange(rows, make_markets(make_venue(marks=[mark], unit=[tick_value])), make_log())


@pytest.mark.parametrize("n", [0, 1, 2, 7, 500])
def test_sort_by_arrival_is_the_stable_sort(n):
    rng = np.random.default_rng(n)
    rows = as_records(rng.integers(0, 100, (n + 3, len(INTENT_DTYPE.names))), INTENT_DTYPE)
    rows["arrival"][:n] = rng.choice([0, 1, 5, 1023, 1024, 77_777, KEYS - 1], n)
    expected = rows.copy()
    expected[:n] = rows[np.argsort(rows["arrival"][:n], kind="stable")]
    sort_by_arrival(rows[:n], np.empty_like(rows), np.zeros(RADIX_SIZE, np.int64))
    assert np.array_equal(rows, expected)


def plain_noise(slots, clock, ring, home, params, bids, asks, frozen, now):
    """Orders of noise traders; `ring` is a list of (expiry, row)."""
    scale, market_share, distance, lifetime, per_ms = params
    orders, last = [], clock["last"]
    while ring and ring[0][0] <= now:
        expiry, row = ring.pop(0)
        if bids[row] or asks[row]:
            orders.append((row, BUY, CANCEL_ALL, GTC, 0, 0, 0, key_of(expiry, last, now)))
    while clock["next"] <= now and slots:
        gap, who, side, kind, size, away = slots.pop(0)
        at = clock["next"]
        clock["next"] = at - log1p(-gap) / per_ms
        row = home[int(who * len(home))]
        if row in frozen:
            continue
        key = key_of(at, last, now)
        if bids[row] or asks[row]:
            orders.append((row, BUY, CANCEL_ALL, GTC, 0, 0, 0, key))
        side = BUY if side < 0.5 else SELL
        lots = 1 + int(-log1p(-size) * scale)
        if kind < market_share:
            orders.append((row, side, MARKET, IOC, 0, lots, 0, key))
            continue
        away = int(-log1p(-away) * distance * MARK)
        orders.append((row, side, LIMIT, GTC, MARK - away if side == BUY else MARK + away, lots, 0, key))
        ring.append((int(at + lifetime), row))
    clock["last"] = now
    return orders


def test_noise_kernel_equals_its_twin():
    rng = np.random.default_rng(3)
    uniforms = rng.random((600, 6))
    home = np.arange(5, 45, dtype=np.int32)
    params = np.array([(12.5, 0.15, 0.001, 900.0, 0.04)], NOISE_PARAMS_DTYPE)
    bids, asks = (rng.integers(0, 2, (50, 1)) for _ in range(2))
    flags = np.zeros(50, np.uint8)
    flags[[7, 11]] = 1
    cursor, clock = np.zeros(1, np.int64), np.array([(3.5, 0.0)], CLOCK_DTYPE)
    ring, ends = np.zeros((4096, 2), np.int64), np.zeros(2, np.int64)
    rows = np.zeros(4000, INTENT_DTYPE)
    noise = NoiseArrays(
        uniforms=uniforms, cursor=cursor, clock=clock, ring=ring, ring_ends=ends, home=home, params=params
    )
    exchange = exchange_of(50, open_bid=bids, open_ask=asks, flags=flags)
    slots, plain_clock, plain_ring = uniforms.tolist(), {"next": 3.5, "last": 0.0}, []
    for now in (250, 500, 1000, 1001, 4000, 9000):
        n, is_used_up = noise_orders(noise, exchange, 0, now, rows)
        assert not is_used_up
        expected = plain_noise(
            slots, plain_clock, plain_ring, home.tolist(), params[0].tolist(), bids[:, 0], asks[:, 0], {7, 11}, now
        )
        assert brief(rows[:n]) == expected
    assert cursor[0] == 600 - len(slots) > 100


def plain_signal(slots, clock, home, averages, horizons, traits, largest, params, held, frozen, price, elapsed, now):
    direction, long_only, step, slippage, per_ms = params
    averages[:] = [a + (price - a) * -expm1(-elapsed / h) for a, h in zip(averages, horizons, strict=True)]
    orders, last = [], clock["last"]
    while clock["next"] <= now and slots:
        gap, who, _ = slots.pop(0)
        at = clock["next"]
        clock["next"] = at - log1p(-gap) / per_ms
        trader = int(who * len(home))
        row, threshold, opinion = home[trader], *traits[trader]
        signal = log(MARK / averages[trader % len(averages)]) - opinion
        if row in frozen or largest[trader] == 0:
            continue
        towards = direction * (1 if signal > 0 else -1)
        if abs(signal) >= threshold:
            wanted = 0 if towards < 0 and long_only else towards * largest[trader]
        elif abs(signal) >= threshold / 2 and held[row] * towards >= 0:
            wanted = held[row]
        else:
            wanted = 0
        change = wanted - held[row]
        if change:
            size = min(abs(change), max(1, int(step * largest[trader])))
            limit = math.floor(MARK * (1 + slippage)) if change > 0 else math.ceil(MARK * (1 - slippage))
            flags = 1 if wanted == 0 else 0
            orders.append((row, BUY if change > 0 else SELL, LIMIT, IOC, limit, size, flags, key_of(at, last, now)))
    clock["last"] = now
    return orders


@pytest.mark.parametrize(("direction", "long_only"), [(1, 0), (-1, 0), (-1, 1)])
def test_signal_kernel_equals_its_twin(direction, long_only):
    rng = np.random.default_rng(4 + direction)
    uniforms = rng.random((500, 3))
    home = np.arange(5, 25, dtype=np.int32)
    lots = rng.integers(-60, 60, (30, 1))
    traits = np.column_stack([rng.uniform(0.001, 0.02, 20), 0.005 * rng.standard_normal(20)])
    largest = rng.integers(0, 100, 20)
    params = np.array([(direction, long_only, 0.3, 0.004, 0.05)], SIGNAL_PARAMS_DTYPE)
    flags = np.zeros(30, np.uint8)
    flags[9] = 1
    averages, horizons = np.array([MARK * 1.0, MARK * 0.99]), np.array([5_000.0, 60_000.0])
    cursor, clock = np.zeros(1, np.int64), np.array([(1.0, 0.0)], CLOCK_DTYPE)
    rows = np.zeros(1000, INTENT_DTYPE)
    signals = SignalArrays(
        uniforms=uniforms, cursor=cursor, clock=clock, home=home, averages=averages, horizons_ms=horizons,
        traits=traits, largest=largest, params=params,
    )  # fmt: skip
    exchange = exchange_of(30, lots=lots, flags=flags)
    slots, plain_clock, plain_averages = uniforms.tolist(), {"next": 1.0, "last": 0.0}, averages.tolist()
    found = 0
    for now, index in ((1000, 98_000), (2000, 97_000), (6000, 103_000)):
        elapsed, price = now - clock["last_ms"][0], float(MARK if direction > 0 else index)
        n, is_used_up = signal_orders(signals, exchange, 0, index, False, now, rows)
        assert not is_used_up
        expected = plain_signal(
            slots, plain_clock, home.tolist(), plain_averages, horizons.tolist(), traits.tolist(), largest.tolist(),
            params[0].tolist(), lots[:, 0].tolist(), {9}, price, elapsed, now,
        )  # fmt: skip
        assert brief(rows[:n]) == expected
        assert averages.tolist() == plain_averages
        found += n
    assert found > 50


def plain_maker(
    memory, p, held, quote, cost, unit, limit, capacity, distances, bids, asks, resting, quantile, index, now
):
    """One maker's intents as (side, kind, price, lots); memory is a dict, updated."""
    calm, tolerance, power, wide, skew, _, aversion, half_life, move, size_off, leverage, _ = p
    if memory["seen"] < 0:
        memory.update(lots=held, seen=now)
    decay = 2.0 ** (-(now - memory["seen"]) / half_life)
    taken = held - memory["lots"]
    memory["bid"] = memory["bid"] * decay
    memory["ask"] = memory["ask"] * decay
    if taken > 0:
        memory["bid"] = min(1.0, memory["bid"] + taken / sum(bids))
    if taken < 0:
        memory["ask"] = min(1.0, memory["ask"] - taken / sum(asks))
    memory.update(lots=held, seen=now)
    equity, gross = quote + held * unit, abs(held * unit)
    ratio = memory["volatility"] / calm
    both = (tolerance / ratio) ** power if ratio > tolerance else 1.0
    both *= max(0.0, 1.0 - aversion * quantile * min(1.0, max(0.0, (held * unit - cost) / equity)))
    adding = both * min(1.0, max(0.0, (equity * leverage - gross) / capacity)) * (1.0 - min(1.0, abs(held / limit)))
    reducing = both * min(1.0, (equity * leverage + gross) / capacity)
    bid, ask = (adding, reducing) if held > 0 else (reducing, adding) if held < 0 else (adding, adding)
    bid, ask = bid * (1.0 - memory["bid"]), ask * (1.0 - memory["ask"])
    middle = index * (1.0 - skew * min(1.0, max(-1.0, held / limit)))
    off = [
        abs(r - w) > size_off * max(w, 1.0) for r, w in zip(resting, (bid * sum(bids), ask * sum(asks)), strict=True)
    ]
    if memory["middle"] and abs(middle - memory["middle"]) <= move * memory["middle"] and not any(off):
        return []
    memory["middle"] = middle
    orders = [(BUY, CANCEL_ALL, 0, 0)] if any(resting) else []
    for d, b, a in zip(distances, bids, asks, strict=True):
        away = min(0.9, d * max(1.0, ratio) ** wide)
        if int(b * bid):
            orders.append((BUY, LIMIT, math.floor(middle * (1 - away)), int(b * bid)))
        if int(a * ask):
            orders.append((SELL, LIMIT, math.ceil(middle * (1 + away)), int(a * ask)))
    return orders


def test_maker_kernel_equals_its_twin():
    rng = np.random.default_rng(5)
    n, levels, unit_value = 6, 5, 10
    values = (1e-4, 2.0, 1.3, 0.5, 0.002, 0.0, 1.0, 8_000.0, 1e-4, 0.25, 20.0, 1_000.0)
    parameters = np.array([values], MAKER_PARAMS_DTYPE)
    distances = np.sort(rng.uniform(1e-4, 0.03, (n, levels)), axis=1)
    bids, asks = rng.uniform(0, 40, (n, levels)), rng.uniform(0, 40, (n, levels))
    totals = np.column_stack([bids.sum(axis=1), asks.sum(axis=1)])
    limits = np.column_stack([np.full(n, 150.0), np.full(n, 4e9)])
    memory = np.zeros(n, MAKER_DTYPE)
    memory["seen_ms"] = -1.0
    plain = [{"lots": 0, "seen": -1.0, "bid": 0.0, "ask": 0.0, "middle": 0.0} for _ in range(n)]
    home = np.arange(5, 5 + n, dtype=np.int32)
    rows = np.zeros(400, INTENT_DTYPE)
    makers = MakerArrays(
        home=home, memory=memory, limits=limits, distances=distances, bids=bids, asks=asks, totals=totals,
        parameters=parameters, keys=np.zeros(3 + n, np.int64), adl_quantile=np.zeros(20),
    )  # fmt: skip
    written = 0
    for now, volatility in ((1000, 0.0), (2000, 1e-4), (3000, 5e-4), (4000, 9e-4), (5000, 1e-4), (6000, 1e-4)):
        lots = rng.integers(-120, 120, (20, 1)) * int(rng.integers(0, 2))
        cost = lots * MARK * unit_value - (lots != 0) * rng.integers(0, 10**8, (20, 1))
        quote = 2 * 10**8 - lots[:, 0] * MARK * unit_value + rng.integers(0, 10**7, 20)
        open_bid, open_ask = rng.integers(0, 120, (20, 1)), rng.integers(0, 120, (20, 1))
        quantile = rng.random(20)
        keys = rng.integers(0, KEYS, n)
        index = MARK + int(rng.integers(-100, 100))
        makers.keys[3:], makers.adl_quantile[:] = keys, quantile
        exchange = exchange_of(
            20, tick_value=unit_value, lots=lots, quote=quote, cost=cost, open_bid=open_bid, open_ask=open_ask
        )
        count = maker_ladders(makers, exchange, 3, 0, index, volatility, now, rows)
        expected = []
        for i, row in enumerate(home.tolist()):
            plain[i]["volatility"] = volatility
            orders = plain_maker(
                plain[i], values, int(lots[row, 0]), int(quote[row]), int(cost[row, 0]), MARK * unit_value,
                150.0, 4e9, distances[i], bids[i], asks[i], (int(open_bid[row, 0]), int(open_ask[row, 0])),
                quantile[row], index, float(now),
            )  # fmt: skip
            expected += [(row, *order, int(keys[i])) for order in orders]
        found = [(a, s, k, p, lot, key) for a, s, k, _, p, lot, _, key in brief(rows[:count])]
        assert found == expected
        assert np.all(rows[:count]["tif"][rows["kind"][:count] == LIMIT] == POST_ONLY)
        written += count
    assert written > 100


def test_arbitrage_kernel_equals_its_twin():
    rng = np.random.default_rng(6)
    entry, leave, step_share, low_water, delay, leverage, per_ms = 0.001, 0.0002, 0.2, 0.5, 5_000.0, 4.0, 0.02
    params = np.array([(entry, leave, step_share, low_water, delay, leverage, per_ms)], ARBITRAGE_PARAMS_DTYPE)
    tick_value, n = 10, 8
    home = np.arange(5, 5 + n, dtype=np.int32)
    uniforms = rng.random((400, 2))
    outside = np.zeros(n, OUTSIDE_DTYPE)
    outside["cash"] = rng.integers(10**8, 10**9, n)
    purses = [{"cash": int(cash), "hedge": 0, "sent": 0, "due": 0} for cash in outside["cash"]]
    cursor, clock = np.zeros(1, np.int64), np.array([(2.0, 0.0)], CLOCK_DTYPE)
    slots, at_next, last = uniforms.tolist(), 2.0, 0.0
    rows, moves = np.zeros(500, INTENT_DTYPE), np.zeros((500, 3), np.int64)
    arbitrage = ArbitrageArrays(
        uniforms=uniforms, cursor=cursor, clock=clock, home=home, outside=outside, params=params, moves=moves
    )
    total_orders = total_moves = 0
    for now in (500, 1000, 2500, 7000, 9000):
        index = MARK + int(rng.integers(-2000, 2000))
        mark = np.array([index + int(rng.integers(-300, 300))])
        bid, ask = int(mark[0]) - 5, int(mark[0]) + 5
        lots = rng.integers(-400, 400, (20, 1))
        quote = rng.integers(10**6, 10**8, 20) - lots[:, 0] * MARK * tick_value
        exchange = exchange_of(20, mark=int(mark[0]), tick_value=tick_value, lots=lots, quote=quote)
        written, moved = arbitrage_orders(arbitrage, exchange, 0, index, bid, ask, now, rows)
        orders, sends = [], []
        while at_next <= now:
            gap, who = slots.pop(0)
            at, at_next = at_next, at_next - log1p(-gap) / per_ms
            row = 5 + int(who * n)
            purse, held = purses[row - 5], int(lots[row, 0])
            if purse["sent"] and purse["due"] <= now:
                purse["sent"] = 0
            purse["cash"] -= (-held - purse["hedge"]) * index * tick_value
            purse["hedge"] = -held
            abroad = purse["cash"] - held * index * tick_value
            worth = int(quote[row]) + held * int(mark[0]) * tick_value
            needed = int(abs(held) * index * tick_value / leverage)
            if not purse["sent"] and needed > 0 and worth < low_water * needed and abroad > worth:
                amount = (abroad - max(0, worth)) // 2
                if amount > 0:
                    purse.update(cash=purse["cash"] - amount, sent=amount, due=now + int(delay))
                    sends.append((row, amount, now + int(delay)))
            largest = max(0, int(leverage * min(worth, abroad) / (index * tick_value)))
            step = max(1, int(step_share * max(largest, abs(held))))
            change, limit = 0, 0
            if abs(held) > largest:
                change = int(math.copysign(min(step, abs(held) - largest), -held))
                limit = math.ceil(index * (1 - 10 * entry)) if change < 0 else math.floor(index * (1 + 10 * entry))
            elif ask < index * (1 - entry):
                change, limit = min(step, largest - held), math.floor(index * (1 - leave))
            elif bid > index * (1 + entry):
                change, limit = -min(step, largest + held), math.ceil(index * (1 + leave))
            elif held > 0 and bid >= index * (1 - leave):
                change, limit = -min(step, held), math.ceil(index * (1 - leave))
            elif held < 0 and ask <= index * (1 + leave):
                change, limit = min(step, -held), math.floor(index * (1 + leave))
            if change:
                reduces = int(held * change < 0 and abs(change) <= abs(held))
                side = BUY if change > 0 else SELL
                orders.append((row, side, LIMIT, IOC, limit, abs(change), reduces, key_of(at, last, now)))
        last = float(now)
        assert brief(rows[:written]) == orders
        assert [tuple(move) for move in moves[:moved].tolist()] == sends
        total_orders, total_moves = total_orders + written, total_moves + moved
    assert total_orders > 30
    assert total_moves > 3


@pytest.mark.parametrize("seed", range(3))
def test_due_arrivals_are_the_slots_up_to_now(seed):
    rng = np.random.default_rng(seed)
    slots, per_ms, traders = rng.random((200, 4)), 0.05, 7
    first, last, expected = 12.5, 10.0, []
    clock, cursor = np.array([(first, last)], CLOCK_DTYPE), np.zeros(1, np.int64)
    at, used = first, 0
    for now in (20, 700, 701, 2_500):
        while at <= now:
            gap, who, *own = slots[used]
            expected.append((int(who * traders), key_of(at, last, now), *own))
            at -= log(1.0 - gap) / per_ms
            used += 1
        last = now
        room = np.empty(200, np.int64), np.empty(200, np.int64), np.empty((200, 2))
        count, more = due_arrivals(slots, cursor, clock, per_ms, traders, now, *room)
        assert not more
        found = list(zip(room[0][:count].tolist(), room[1][:count].tolist(), *room[2][:count].T.tolist(), strict=True))
        assert found == expected[len(expected) - count :]
        assert (cursor[0], clock["last_ms"][0]) == (used, now)
    assert used > 80


def test_due_arrivals_stop_where_the_slots_or_the_room_end():
    slots = np.full((5, 2), 0.5)
    clock, cursor = np.array([(0.0, 0.0)], CLOCK_DTYPE), np.zeros(1, np.int64)
    room = np.empty(3, np.int64), np.empty(3, np.int64), np.empty((3, 0))
    assert due_arrivals(slots, cursor, clock, 1.0, 2, 1_000, *room) == (3, True)
    assert due_arrivals(slots, cursor, clock, 1.0, 2, 1_000, *room) == (2, True)
    assert clock["last_ms"][0] == 0.0  # not done: places in the tick are still counted from the last wake


def plain_actions(actions, home):
    rows = []
    for who, market, lots, price, tif, reduce_only, cancel, arrival in actions:
        row = int(home[who, market])
        if cancel:
            rows.append((row, BUY, CANCEL_ALL, GTC, 0, 0, 0, arrival))
        if lots:
            kind, time = (LIMIT, tif) if price else (MARKET, FOK if tif == FOK else IOC)
            rows.append((row, BUY if lots > 0 else SELL, kind, time, price, abs(lots), int(bool(reduce_only)), arrival))
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_actions_of_users_cohorts_equal_their_twin(seed):
    rng = np.random.default_rng(seed)
    n, home = 300, np.arange(40, dtype=np.int32).reshape(20, 2) + 9
    highs = (20, 2, 5, 3, 4, 2, 2, KEYS)
    actions = np.stack([rng.integers(-2 if k == 2 else 0, high, n) for k, high in enumerate(highs)], axis=1)
    untouched = [-9] * len(INTENT_DTYPE.names)
    rows = as_records([untouched] * (2 * n + 3), INTENT_DTYPE)
    actions[(actions[:, 3] == 0) & (actions[:, 4] == POST_ONLY), 4] = FOK  # POST_ONLY needs a price
    columns = [np.ascontiguousarray(column) for column in actions.T]
    written, at, fault = append_actions(ActionArrays(*columns), home, np.array([100, 100]), rows[3:])
    assert (at, fault) == (-1, 0)
    assert brief(rows[3 : 3 + written]) == plain_actions(actions.tolist(), home)
    assert set(map(tuple, fields(rows[:3]) + fields(rows[3 + written :]))) == {tuple(untouched)}


def test_post_only_without_a_price_is_a_fault_and_fill_or_kill_is_kept():
    home = np.array([[9]], np.int32)
    rows = as_records([[0] * len(INTENT_DTYPE.names)] * 4, INTENT_DTYPE)

    def of(tif):
        columns = [np.array([value]) for value in (0, 0, 3, 0, tif, 0, 0, 5)]
        return append_actions(ActionArrays(*columns), home, np.array([100]), rows)

    assert of(POST_ONLY) == (0, 0, FAULTS.index("post_only"))
    assert of(FOK) == (1, -1, 0)
    assert (rows["kind"][0], rows["tif"][0]) == (MARKET, FOK)
