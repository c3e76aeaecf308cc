"""How large a run will be: rows, memory, size of the event tables. Rough by design; nothing is simulated.

The constants were measured on the reference market (2,000 and a million traders) and on 10 October 2025 (100,000
traders, 4.1 million orders): with events 350 MB, 2.4 GB and 743 MB resident, 1, 56 and 13 MB on disk. The orders of
that day are 32 MB more.
"""

from ..agents.book import OpeningBook
from ..config import RunConfig, max_orders, n_samples, n_traders, size_lines
from ..results import is_kept

PROCESS_BYTES = 350_000_000
#: Bytes a margin row takes in the struct of arrays: a fixed part (balances, flows, rates, indexes), a part per market.
ROW_BYTES = 410
ROW_MARKET_BYTES = 72
#: The path of the price, for each tick and market.
STEP_BYTES = 40
#: With events: bytes of log buffers a margin row, and of the writer.
LOG_ROW_BYTES = 1_100
WRITER_BYTES = 100_000_000
#: Bytes on disk after compression: a row of the series; an account; with events, the deposits, openings and closes of a
#: margin row, and the fills and transfers of an order; an order itself.
SERIES_ROW_BYTES = 90
ACCOUNT_BYTES = 28
ROW_EVENT_BYTES = 20
ORDER_EVENT_BYTES = 1.5
ORDER_BYTES = 8
#: Processor seconds: a tick of a market with its orders; a margin row, drawn and packed; of the reduced engine a step.
#: Measured on base, two-markets and btc. Agents of the user's own can take any time.
TICK_SECONDS = 1.2e-4
ROW_SECONDS = 3e-6
STEP_SECONDS = 2e-7


def n_margin_rows(config: RunConfig, book: OpeningBook | None = None) -> int:
    """Margin rows: of the custom positions that were read; else reserved ones, wallets, and isolated positions as far
    as the config states their share."""
    if book is not None:
        return book.n_rows
    isolated = sum(
        cohort.traders * item.accounts_ppm * item.isolated_ppm // 1_000_000**2
        for cohort in config.population.cohorts
        for item in cohort.opening
    )
    return 3 + 2 * len(config.funds) + n_traders(config) + isolated


def memory_bytes(config: RunConfig, book: OpeningBook | None = None) -> int:
    """Resident memory of the run."""
    rows = n_margin_rows(config, book)
    events = WRITER_BYTES + rows * LOG_ROW_BYTES if is_kept("transfers", detail=config.record.detail) else 0
    steps = config.duration_ms // config.clock.tick_ms * len(config.markets)
    return PROCESS_BYTES + rows * (ROW_BYTES + len(config.markets) * ROW_MARKET_BYTES) + steps * STEP_BYTES + events


def disk_bytes(config: RunConfig, book: OpeningBook | None = None) -> float:
    """Size of the result tables."""
    rows, orders = n_margin_rows(config, book), max_orders(config)
    parts = {
        "accounts": rows * ACCOUNT_BYTES,
        "series": n_samples(config) * SERIES_ROW_BYTES,
        "transfers": rows * ROW_EVENT_BYTES + orders * ORDER_EVENT_BYTES,
        "orders": orders * ORDER_BYTES,
    }
    return float(sum(size for table, size in parts.items() if is_kept(table, detail=config.record.detail)))


def rough_seconds(config: RunConfig, fidelity: str) -> float:
    """Order of magnitude of the processor seconds of a run, of the reduced engine of a path, before any has run."""
    if fidelity == "reduced":
        assert config.reduced is not None
        return config.reduced.steps * STEP_SECONDS
    ticks = config.duration_ms // config.clock.tick_ms
    return ticks * len(config.markets) * TICK_SECONDS + n_margin_rows(config) * ROW_SECONDS


def estimate_lines(config: RunConfig, book: OpeningBook | None = None) -> list[str]:
    """The lines of `clearsim check` on the size of a run. book: custom positions, as they were read."""
    ticks = config.duration_ms // config.clock.tick_ms
    at_least = "at least " if config.clock.kind == "adaptive" else ""
    markets = len(config.markets)
    traders = n_traders(config) if book is None else book.n_traders
    about = "about " if book is None else ""
    return [
        f"{traders:,} traders in {about}{n_margin_rows(config, book):,} margin rows, {markets} market(s),"
        f" {at_least}{ticks:,} ticks of {config.clock.tick_ms:,} ms or less",
        f"up to {max_orders(config):,.0f} orders from makers and cohorts with a stated rate; other cohorts add to this",
        f"about {memory_bytes(config, book) / 1e9:.2f} GB of memory, {disk_bytes(config, book) / 1e6:,.0f} MB on disk"
        f" with detail {config.record.detail}",
        *size_lines(config),
    ]
