"""The ZI workload with a clearing house: margin checked on every order, marks published and rows cleared at every step.

SimPy keeps the time. At each step the drawn orders meet the book: each passes the initial-margin check, its fills move
money, lots and fees. Then the mark becomes the middle of the book, touched rows are indexed again, their sums checked,
and the distressed looked for; there are none, since every trader is endowed so that no order is refused and the
checksum holds. One compiled function calls the engine's kernels: unpacking the arrays costs more than some of them do.
`python -m tests.benchmarks.zi_accounts` prints the figures: seconds are processor time, medians of several runs.
"""

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import simpy
from clearsim.kernels.book.levels import make_books
from clearsim.kernels.book.matching import match_orders
from clearsim.kernels.exchange import Exchange as PackedExchange
from clearsim.kernels.exchange import make_exchange, reindex_all
from clearsim.kernels.jit import kernel
from clearsim.kernels.ledger.post_batch import settle_touched
from clearsim.kernels.margin.thresholds import find_distressed, reindex
from clearsim.layout import INTENT_DTYPE, OUTSIDE, OrderKind, Reason
from clearsim.ledger.ledger import Ledger, transfer_rows

from tests.worlds.book import FIRST, make_log, make_markets, make_venue, open_accounts
from tests.zi_workload import ANCHOR_TICKS, CHECKSUMS, Workload, draw_workload

RUNS = 5
KEY = (1000, 10_000, 0.1)
ENDOWMENT = 10**9  # quanta; the largest position costs about 10**6

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Exchange:
    """One exchange with endowed traders, and what clearing needs."""

    packed: PackedExchange
    ledger: Ledger
    found: I64


def intents_of(workload: Workload) -> I64:
    """Two intents an action: cancel all, then the order."""
    rows = np.zeros(2 * len(workload.actions), INTENT_DTYPE)
    actions = workload.actions
    rows["account"][0::2] = rows["account"][1::2] = actions["owner"].astype(np.int64) + FIRST
    rows["kind"][0::2] = OrderKind.CANCEL_ALL
    for column, name in (("kind", "kind"), ("side", "side"), ("tif", "tif"), ("price", "price"), ("lots", "lots")):
        rows[column][1::2] = actions[name]
    return rows


def open_exchange(traders: int) -> Exchange:
    """An exchange at the anchor price with two margin tiers, a taker fee of 5 and a maker fee of 2 basis points."""
    venue = make_venue(
        marks=[ANCHOR_TICKS], unit=[1], taker_ppm=500, maker_ppm=200, cap=2**50, tiers=[(0, 10_000), (10**8, 20_000)]
    )
    log, markets = make_log(), make_markets(venue)
    log.header["log_on"][0] = 0
    accounts = open_accounts(markets, log, deposits=[0] * traders)
    n_rows = len(accounts.quote)
    books = make_books(1, capacity=traders, n_rows=n_rows, base_ticks=[1], grid_bits=18)
    exchange = make_exchange(accounts, markets, log, books=books)
    ledger = Ledger(exchange, n_scopes=1)
    rows = np.arange(FIRST, FIRST + traders)
    ledger.transfer_batch(transfer_rows(payer=OUTSIDE, payee=rows, quote=ENDOWMENT, reason=Reason.DEPOSIT))
    reindex_all(exchange)
    return Exchange(exchange, ledger, np.zeros(n_rows, np.int64))


@kernel
def run_step(exchange, intents, start, found, quote_seen, lots_seen, open_interest, lots_sum):
    """Match intents[start:], then clear; return how many rows are distressed, -1 if the step did not conserve."""
    header, books = exchange.log.header, exchange.books
    match_orders(exchange, intents, start)
    bid, ask = books.tops[0].bid, books.tops[0].ask
    if bid >= 0 and ask < books.levels.shape[1]:
        exchange.markets.mark[0] = books.tops[0].base_ticks + (bid + ask) // 2
    touched = exchange.accounts.touched[: header[0].n_touched]
    reindex(exchange, touched)
    gap = settle_touched(exchange.accounts, touched, quote_seen, lots_seen, open_interest, lots_sum)
    header[0].n_touched = 0
    header[0].stamp += 1
    if gap != 0 or lots_sum[0] != 0:
        return -1
    return find_distressed(exchange, found)


def run(workload: Workload, intents: I64) -> tuple[float, Exchange, int]:
    """Processor seconds of all steps, the exchange afterwards, and how many rows were ever found distressed."""
    exchange = open_exchange(workload.traders)
    width, distressed = 2 * workload.per_step, 0
    accounts = exchange.packed.accounts
    seen = accounts.quote.copy(), accounts.lots.copy(), np.zeros(1, np.int64), np.zeros(1, np.int64)
    environment = simpy.Environment()

    def clock() -> Iterator[simpy.Event]:
        nonlocal distressed
        for start in range(0, len(intents), width):
            count = run_step(exchange.packed, intents[: start + width], start, exchange.found, *seen)
            assert count >= 0, f"step {start // width} made or lost money"
            distressed += count
            yield environment.timeout(1)

    environment.process(clock())
    begin = time.process_time()
    environment.run()
    return time.process_time() - begin, exchange, distressed


def measure(key: tuple[int, int, float] = KEY, runs: int = RUNS) -> dict[str, Any]:
    """Speed in million actions per processor second, and the evidence that every order was checked and none refused."""
    workload = draw_workload(traders=key[0], steps=key[1], share=key[2])
    intents = intents_of(workload)
    seconds, exchange, distressed = run(workload, intents)
    seconds = statistics.median(run(workload, intents)[0] for _ in range(runs))
    header, accounts = exchange.packed.log.header, exchange.packed.accounts
    exchange.ledger.check_full()
    resting = int(np.count_nonzero(exchange.packed.books.orders["id"]))
    return {
        "checksum": (*(int(header[name][0]) for name in ("fill_count", "filled_lots", "volume")), resting),
        "actions": len(workload.actions),
        "orders": int(header["order_count"][0]),
        "refused": int(header["reject_count"][0]),
        "distressed": distressed,
        "quote_sum": int(accounts.quote.sum()),
        "lots_sum": int(accounts.lots.sum()),
        "actions_per_s_millions": round(1e-6 * len(workload.actions) / seconds, 2),
    }


@pytest.mark.benchmark
def test_zi_with_accounts_reaches_its_goal() -> None:
    figures = measure()
    assert figures["checksum"] == CHECKSUMS[KEY]
    assert (figures["refused"], figures["distressed"], figures["quote_sum"], figures["lots_sum"]) == (0, 0, 0, 0)
    assert figures["actions_per_s_millions"] >= 2


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
