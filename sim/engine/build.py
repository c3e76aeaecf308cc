"""Makes a World from a config: instruments, lowered rules, paths, population, opening balances, books, thresholds.

Decides sizes of buffers and the order of the opening: deposits, fund seeds, opening positions, stops,
thresholds.
"""

from collections.abc import Sequence

import numpy as np

from ..agents.opening import OpeningBook, Venue
from ..agents.population import Population
from ..agents.view import Intents, MarketView
from ..clearing.house import ClearingHouse
from ..clearing.margin.liquidation_price import liquidation_prices
from ..clearing.margin.maintenance import margin_of_all
from ..clearing.required_fund import RequiredFund
from ..config import RunConfig
from ..config.places import naming_places
from ..errors import ConfigError, ConservationError, at_key
from ..instrument import Instrument
from ..kernels.book.levels import BookArrays, make_books
from ..kernels.book.stops import add_stops, make_stops
from ..kernels.exchange import Exchange, make_exchange, reindex_all
from ..kernels.samples import SampleArrays
from ..kernels.step import REPORT_LOTS, TickArrays
from ..layout import (
    F64,
    FILL_DTYPE,
    HEADER_DTYPE,
    I64,
    MARKET_DTYPE,
    OUTSIDE,
    TIER_DTYPE,
    TRANSFER_DTYPE,
    AccountArrays,
    LogArrays,
    MarketArrays,
    OrderFlag,
    Reason,
)
from ..ledger.accounts import Rows, make_accounts
from ..ledger.ledger import Ledger, transfer_rows
from ..market.price import PathSet, build_paths
from ..opening import choose_opening
from ..results import is_kept
from ..rng import Streams
from ..units import INT64_MAX, QUANTA_LIMIT
from .lights import watching_rows
from .price_range import require_ticks, set_limits
from .recorder import EventSink, EventTables, SeriesTable
from .summary import take_snapshot
from .world import MarketState, World


def lower_markets(config: RunConfig, instruments: Sequence[Instrument], opening: PathSet, rows: Rows) -> MarketArrays:
    """Return the markets as kernels read them, at the opening price."""
    n_markets = len(instruments)
    params = np.zeros(n_markets, MARKET_DTYPE)
    tables = []
    for number, (item, instrument) in enumerate(zip(config.markets, instruments, strict=True)):
        with at_key("markets", number, "margin"):
            values, table = item.margin.lower(quantum=config.quantum, fees=item.fees, lot_size=item.lot_size)
        tables.append(table)
        scope = next(i for i, fund in enumerate(config.funds) if item.name in fund.markets)
        for name, value in values.items():
            params[name][number] = value
        params["tick_value"][number] = instrument.tick_value
        params["taker_ppm"][number] = item.fees.taker_ppm
        params["maker_ppm"][number] = item.fees.maker_ppm
        params["liquidation_fee_ppm"][number] = item.fees.liquidation_ppm
        params["liquidation_pays_taker"][number] = config.liquidation.taker_fee == "charged"
        params["penalty_on_fill"][number] = config.liquidation.penalty_base == "fill"
        params["order_band_ppm"][number] = item.order_band_ppm or 0
        params["fund_row"][number] = rows.fund(scope)
        params["engine_row"][number] = rows.engine(scope)
    n_tiers = max(len(table) for table in tables)
    tiers = np.zeros((n_markets, n_tiers), TIER_DTYPE)
    tiers["floor"] = INT64_MAX
    for number, table in enumerate(tables):
        tiers[number, : len(table)] = table
    mark = np.array(
        [round(float(opening.price[0, m]) / float(i.tick_size)) for m, i in enumerate(instruments)], np.int64
    )
    return MarketArrays(mark=mark, params=params, tiers=tiers)


def make_log(*, capacity: int, log_on: bool) -> LogArrays:
    """Return empty logs; without the log one row suffices."""
    rows = capacity if log_on else 1
    header = np.zeros(1, HEADER_DTYPE)
    header["log_on"][0] = int(log_on)
    header["cause"][0] = -1
    header["next_order"][0] = 1
    return LogArrays(header, np.zeros(rows, TRANSFER_DTYPE), np.zeros(rows, FILL_DTYPE))


def open_accounts(opening: OpeningBook, *, n_markets: int, scopes: Sequence[str]) -> AccountArrays:
    """Return the rows of the opening book, still empty."""
    accounts = make_accounts(n_rows=opening.n_rows, n_markets=n_markets, scopes=scopes)
    accounts.wallet[:] = opening.wallet
    accounts.market[:] = opening.market
    accounts.mode[:] = opening.mode
    first = opening.first_trader
    accounts.initial_ppm[first:] = opening.initial_ppm[first:]
    return accounts


def post_opening(world: World, opening: OpeningBook) -> None:
    """Deposit all traders' money and post the positions opened before the run, at their entry prices, against
    OUTSIDE."""
    unit = world.markets.params["tick_value"]
    rows, market, lots, entry = opening.positions.T
    largest = np.abs(lots.astype(np.float64)) * entry * unit[market]
    if len(largest) and largest.max() > QUANTA_LIMIT:
        text = f"the opening position of account {int(rows[largest.argmax()])} exceeds the int64 head-room"
        raise ConfigError(text).at("population" if world.config.positions is None else "positions")
    paying = np.flatnonzero(opening.deposit)
    deposits = transfer_rows(payer=paying, payee=OUTSIDE, quote=-opening.deposit[paying], reason=Reason.DEPOSIT)
    positions = transfer_rows(
        payer=rows, payee=OUTSIDE, quote=lots * entry * unit[market], reason=Reason.OPENING, lots=lots, market=market,
        price=entry,
    )  # fmt: skip
    for batch in (deposits, positions):
        done = 0
        while done < len(batch):
            done = world.ledger.transfer_batch(batch, done)
            if done < len(batch):
                spill(world.log, world.events)


def seed_funds(world: World, rows: Rows) -> None:
    """Pay the seeds of the funds in, from OUTSIDE."""
    config = world.config
    for scope, fund in enumerate(config.funds):
        seed = fund.seed_quanta(config.quantum, config.scale.simulated_share)
        if seed:
            world.ledger.transfer(payer=OUTSIDE, payee=rows.fund(scope), quote=seed, reason=Reason.DEPOSIT)


def spill(log: LogArrays, events: EventTables) -> None:
    """Hand the filled part of the transfer and fill logs to the event tables and empty them."""
    header = log.header
    n_transfers, n_fills = int(header["n_transfers"][0]), int(header["n_fills"][0])
    if n_transfers:
        events.transfers(log.transfers[:n_transfers].copy())
    if n_fills:
        events.fills(log.fills[:n_fills].copy())
    header["n_transfers"][0] = 0
    header["n_fills"][0] = 0


def make_population(
    config: RunConfig, instruments: Sequence[Instrument], markets: MarketArrays, rows: Rows, streams: Streams
) -> Population:
    """Draw or read the opening book and start every cohort and agent."""
    venue = Venue(tuple(instruments), markets, config.quantum, config.scale.simulated_share, rows.first_trader)
    chosen = choose_opening(config, venue, streams)
    return Population.build(
        chosen.population,
        config.agents,
        instruments=instruments,
        markets=markets,
        quantum=config.quantum,
        simulated_share=config.scale.simulated_share,
        first_trader=rows.first_trader,
        streams=streams,
        drawn=(chosen.book, chosen.capital),
    )


@naming_places
def build_world(
    config: RunConfig,
    *,
    detail: str,
    sink: EventSink | None,
    scenario: int = 0,
    replication: int = 0,
    refine: int = 1,
) -> World:
    """Return a run about to begin: the book is open, all traders have their money, the clock has not ticked."""
    streams = Streams(seed=config.seed, scenario=scenario, replication=replication)
    instruments = tuple(config.instruments())
    rows = Rows(tuple(fund.name for fund in config.funds))
    paths = _draw_paths(config, instruments, streams, refine)
    markets = lower_markets(config, instruments, paths, rows)
    population = make_population(config, instruments, markets, rows, streams)
    opening = population.opening
    n_rows, n_markets, n_times = opening.n_rows, len(instruments), len(paths.times_ms)
    events_on = sink is not None and is_kept("transfers", detail=detail)
    log = make_log(capacity=3 * book_capacity(n_rows) + (1 << 16), log_on=events_on)
    accounts = open_accounts(opening, n_markets=n_markets, scopes=rows.scopes)
    funds = {rows.fund(scope): name for scope, name in enumerate(rows.scopes)}
    with_orders = is_kept("orders", detail=detail)
    events = EventTables(instruments, sink if events_on else None, funds=funds, with_orders=with_orders)
    stops = make_stops(n_markets, len(opening.stops) + STOP_ROOM)
    exchange = make_exchange(accounts, markets, log, books=_empty_books(markets, n_rows), stops=stops)
    ledger = Ledger(exchange, n_scopes=len(rows.scopes))
    view = MarketView.make(instruments=instruments, exchange=exchange)
    index_path = np.zeros((n_times, n_markets))
    world = World(
        config=config,
        instruments=instruments,
        rows=rows,
        exchange=exchange,
        tick=_tick_arrays(ledger, view, n_rows),
        sampled=_sample_arrays(config, view, index_path, ledger.open_interest),
        ledger=ledger,
        paths=paths,
        population=population,
        view=view,
        intents=Intents(),
        clearing=make_house(config, exchange, events, streams),
        market_states=[_market_state(config, market, instruments[market], markets) for market in range(n_markets)],
        events=events,
        series=SeriesTable(config.market_names, expected_rows(config, n_markets))
        if is_kept("series", detail=detail)
        else None,
        mark_path=np.zeros((n_times, n_markets), np.int64),
        index_path=index_path,
        adl_harm=np.zeros(n_rows, np.int64),
        always_awake=_always_awake(population, paths),
        events_on=events_on,
    )
    _open(world, opening)
    return world


def _draw_paths(config: RunConfig, instruments: tuple[Instrument, ...], streams: Streams, refine: int) -> PathSet:
    """The prices of the whole run; ConfigError if one is below a tick."""
    paths = build_paths(
        config.prices,
        [market.price for market in config.markets],
        names=config.market_names,
        duration_ms=config.duration_ms,
        clock=config.clock,
        streams=streams,
        maintenance_ppm=smallest_rates(config),
        start_ms=config.start_ms,
        refine=refine,
    )
    require_ticks(paths, instruments)
    return paths


def smallest_rates(config: RunConfig) -> list[int]:
    """The smallest maintenance rate of each market, ppm; ConfigError for a schedule that cannot be used."""
    rates = []
    for number, market in enumerate(config.markets):
        with at_key("markets", number, "margin"):
            rates.append(market.margin.smallest_maintenance_ppm())
    return rates


def _empty_books(markets: MarketArrays, n_rows: int) -> BookArrays:
    """One book per market, with its grid around the opening mark."""
    return make_books(
        len(markets.mark),
        capacity=book_capacity(n_rows),
        n_rows=n_rows,
        base_ticks=[max(1, int(mark) - (1 << (GRID_BITS - 1))) for mark in markets.mark],
        grid_bits=GRID_BITS,
    )


def _tick_arrays(ledger: Ledger, view: MarketView, n_rows: int) -> TickArrays:
    """Arrays that the kernels of a tick compare with and write to."""
    n_markets = len(view.mark)
    return TickArrays(
        quote_seen=ledger.quote_seen,
        lots_seen=ledger.lots_seen,
        open_interest=ledger.open_interest,
        reserved=ledger.reserved,
        rows=np.zeros(n_rows * n_markets, np.int64),
        report=np.zeros(REPORT_LOTS + n_markets, np.int64),
        best_bid=view.best_bid,
        best_ask=view.best_ask,
    )


def _sample_arrays(config: RunConfig, view: MarketView, index_path: F64, open_interest: I64) -> SampleArrays:
    """Arrays that the samples of the run read."""
    return SampleArrays(
        index_path=index_path,
        tick_size=np.array([float(instrument.tick_size) for instrument in view.instruments]),
        volatility=view.volatility,
        funding_ppb=np.zeros(len(view.mark), np.int64),
        best_bid=view.best_bid,
        best_ask=view.best_ask,
        open_interest=open_interest,
        bands_ppm=np.array(config.record.depth_bands_ppm, np.int64),
        depth=np.zeros((2, len(config.record.depth_bands_ppm)), np.int64),
    )


#: Ticks of a book's grid: at 0.1 USDT, 104,858 USDT around the opening price.
GRID_BITS = 20
#: Stops that may be added while a run lasts, beyond those of the opening.
STOP_ROOM = 1024


def book_capacity(n_rows: int) -> int:
    """Resting orders that the books can hold: two a row and room for makers' ladders."""
    return min(2 * n_rows + (1 << 16), (1 << 24) - 1)


def expected_rows(config: RunConfig, n_markets: int) -> int:
    """Rows of the series table."""
    return n_markets * (config.duration_ms // config.record.sample_ms + 2)


def make_house(config: RunConfig, exchange: Exchange, events: EventTables, streams: Streams) -> ClearingHouse:
    """Return the clearing house of the run."""
    return ClearingHouse(
        exchange,
        liquidation=config.liquidation,
        funds=config.funds,
        fund_of_market=[
            next(i for i, fund in enumerate(config.funds) if name in fund.markets) for name in config.market_names
        ],
        waterfall=config.waterfall,
        names=config.market_names,
        quantum=config.quantum,
        spill=lambda: spill(exchange.log, events),
        scale=config.scale.simulated_share,
        random_key=int(streams.get("clearing/priority").integers(2**62)),
    )


def _market_state(config: RunConfig, market: int, instrument: Instrument, markets: MarketArrays) -> MarketState:
    item = config.markets[market]
    return MarketState(
        item.mark.initial_state(),
        item.funding.initial_state(),
        item.impact.initial_state(),
        tick_size=float(instrument.tick_size),
        tick_value=instrument.tick_value,
        quantum=float(instrument.quantum),
        last_trade=markets.params["last_trade" if item.mark.sees_liquidation_trades else "last_trade_calm"],
    )


def _always_awake(population: Population, paths: PathSet) -> tuple[list[int], list[int]]:
    """Cohorts and agents whose interval is no longer than the shortest step: they wake at every step."""
    shortest = int(np.diff(paths.times_ms).min())
    return (
        [i for i, member in enumerate(population.cohorts) if member.interval_ms <= shortest],
        [i for i, member in enumerate(population.agents) if member.interval_ms <= shortest],
    )


def _open(world: World, opening: OpeningBook) -> None:
    """Post the opening, enter the stops, index every row, and take the snapshot from which results are measured."""
    world.log.header["stamp"][0] = 1
    seed_funds(world, world.rows)
    post_opening(world, opening)
    add_stops(world.exchange.stops, opening.stops, int(OrderFlag.REDUCE_ONLY))
    reindex_all(world.exchange)
    world.ledger.check_touched()
    world.ledger.check_full()
    if world.accounts.lots[OUTSIDE].any():
        raise ConservationError(f"the opening book does not balance: {world.accounts.lots[OUTSIDE].tolist()} lots")
    for market in range(len(world.instruments)):
        world.mark_path[0, market] = world.markets.mark[market]
        world.index_path[0, market] = world.paths.price[0, market]
        world.market_states[market].index = float(world.paths.price[0, market])
    set_limits(world)
    world.watchers = watching_rows(world)
    if len(world.watchers):
        world.view.adl_quantile = np.zeros(len(world.accounts.quote))
    world.start = take_snapshot(world.accounts, world.markets)
    tick_sizes = np.array([float(instrument.tick_size) for instrument in world.instruments])
    world.liquidation_prices = liquidation_prices(world.accounts, world.markets, tick_sizes)
    world.margin_initial = margin_of_all(world.accounts, world.markets)
    world.funds_initial = [int(world.accounts.quote[world.rows.fund(s)]) for s in range(len(world.rows.scopes))]
    world.fund_initial = sum(world.funds_initial)
    world.required_fund = RequiredFund.of(world.funds_initial)
    world.extremes.fund_min = world.fund_initial
