"""How large a run will be: rows, memory, size of the event tables. Rough on purpose; nothing is simulated."""

from sim.config import RunConfig

#: Bytes a margin row takes in the struct of arrays: a fixed part (balances, flows, rates, indexes) and a part a market.
ROW_BYTES = 320
ROW_MARKET_BYTES = 72
PROCESS_BYTES = 350_000_000
#: Bytes a row takes on disk after compression, measured on the reference market.
SERIES_ROW_BYTES = 90
EVENT_BYTES_PER_ORDER = 40


def n_traders(config: RunConfig) -> int:
    """Traders of all cohorts, and named agents."""
    return sum(cohort.traders for cohort in config.population.cohorts) + len(config.agents)


def n_margin_rows(config: RunConfig) -> int:
    """Margin rows: reserved ones, wallets, and isolated positions as far as the config tells their share."""
    isolated = sum(
        cohort.traders * item.accounts_ppm * item.isolated_ppm // 1_000_000**2
        for cohort in config.population.cohorts
        for item in cohort.opening
    )
    return 3 + 2 * len(config.funds) + n_traders(config) + isolated


def orders_per_second(config: RunConfig) -> float:
    """Orders a second that behaviours with a stated rate send."""
    rates = (getattr(cohort.behaviour, "orders_per_s", 0) for cohort in config.population.cohorts)
    return float(sum(rates))


def estimate_lines(config: RunConfig) -> list[str]:
    """What `clearsim check` says of the size of a run."""
    rows, markets = n_margin_rows(config), len(config.markets)
    memory = PROCESS_BYTES + rows * (ROW_BYTES + markets * ROW_MARKET_BYTES) * 2
    orders = orders_per_second(config) * float(config.duration_s)
    samples = config.duration_ms // max(config.record.sample_ms, config.clock.tick_ms) * markets
    disk = samples * SERIES_ROW_BYTES + (orders * EVENT_BYTES_PER_ORDER if config.record.detail == "events" else 0)
    return [
        f"{n_traders(config):,} traders in about {rows:,} margin rows, {markets} market(s),"
        f" {config.duration_ms // config.clock.tick_ms:,} ticks of {config.clock.tick_ms:,} ms",
        f"about {orders:,.0f} orders from cohorts with a stated rate, makers and liquidations beside",
        f"about {memory / 1e9:.2f} GB of memory, {disk / 1e6:,.0f} MB on disk with detail {config.record.detail}",
    ]
