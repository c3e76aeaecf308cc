"""Small exchanges and populations for the tests of agents: real BTC tiers, an opening posted without a ledger."""

from decimal import Decimal

import numpy as np
from clearsim.agents.book import OpeningBook
from clearsim.agents.cohort import PopulationConfig
from clearsim.agents.population import Population
from clearsim.agents.view import Intents, MarketView
from clearsim.instrument import Instrument
from clearsim.kernels.book.arrivals import sort_by_arrival
from clearsim.kernels.exchange import make_exchange
from clearsim.layout import (
    FILL_DTYPE,
    HEADER_DTYPE,
    MARKET_DTYPE,
    TIER_DTYPE,
    TRANSFER_DTYPE,
    AccountArrays,
    LogArrays,
    MarketArrays,
)
from clearsim.ledger.accounts import make_accounts
from clearsim.rng import Streams

QUANTUM = Decimal("0.000001")
MARK = 1_200_000  # 120,000.0
FIRST_TRADER = 5

# Binance BTCUSDT, 2024-10-24: floor in USDT, maintenance ppm, highest leverage; deductions follow from continuity.
BRACKETS = (
    (0, 4_000, 125), (50_000, 5_000, 100), (600_000, 6_500, 75), (3_000_000, 10_000, 50), (12_000_000, 20_000, 25),
    (70_000_000, 25_000, 20), (100_000_000, 50_000, 10), (230_000_000, 100_000, 5), (480_000_000, 125_000, 4),
    (600_000_000, 150_000, 3), (800_000_000, 250_000, 2), (1_200_000_000, 500_000, 1),
)  # fmt: skip


def instruments(n: int = 1) -> tuple[Instrument, ...]:
    names = ("BTCUSDT", "ETHUSDT")[:n]
    tick, lot = Decimal("0.1"), Decimal("0.001")
    return tuple(Instrument.build(name=name, tick_size=tick, lot_size=lot, quantum=QUANTUM) for name in names)


def market_arrays(n: int = 1, mark: int = MARK) -> MarketArrays:
    tiers = np.zeros((n, len(BRACKETS)), TIER_DTYPE)
    deduction = 0
    for k, (floor, ppm, leverage) in enumerate(BRACKETS):
        deduction += floor * (ppm - BRACKETS[k - 1][1]) if k else 0
        tiers[:, k] = (floor * 1_000_000, ppm, deduction, -(-1_000_000 // leverage))
    params = np.zeros(n, MARKET_DTYPE)
    params["tick_value"] = [instrument.tick_value for instrument in instruments(n)]
    params["n_tiers"] = len(BRACKETS)
    params["notional_cap"] = 1_800_000_000 * 1_000_000
    return MarketArrays(np.full(n, mark, np.int64), params, tiers)


def opening_item(**changes) -> dict:
    item = {
        "market": "BTCUSDT",
        "long_weight": "1",
        "short_weight": "1",
        "long_accounts_ppm": 620_000,
        "size": {"kind": "pareto", "exponent": "0.85"},
        "largest_share_ppm": 20_000,
        "leverage": {
            "kind": "buckets",
            "weight": "notional",
            "at": "now",
            "buckets": [
                {"low": "1", "high": "3", "share_ppm": 360_000},
                {"low": "3", "high": "7", "share_ppm": 490_000},
                {"low": "7", "high": "50", "share_ppm": 150_000},
            ],
        },
        "isolated_ppm": 400_000,
        "capital_share_per_position": {"low_ppm": 200_000, "high_ppm": 1_000_000},
        "ageing": {"mean_age_days": "3", "volatility_per_day_ppm": 25_000},
        "stops": {"accounts_ppm": 150_000, "distance": {"low_ppm": 10_000, "high_ppm": 80_000}},
    }
    return {**item, **changes}


def levered(traders: int = 5_000, **changes) -> dict:
    cohort = {"name": "levered", "traders": traders, "behaviour": {"kind": "levered"}, "opening": [opening_item()]}
    return {**cohort, **changes}


def population(*cohorts: dict, open_interest: str = "2000000000", **changes) -> PopulationConfig:
    stated = [{"market": "BTCUSDT", "quote": open_interest}]
    return PopulationConfig.model_validate({"open_interest": stated, "cohorts": list(cohorts), **changes})


def build(config: PopulationConfig, agents=(), *, seed=1, share="0.05", traders=None, n_markets=1) -> Population:
    return Population.build(
        config,
        agents,
        instruments=instruments(n_markets),
        markets=market_arrays(n_markets),
        quantum=QUANTUM,
        simulated_share=Decimal(share),
        first_trader=FIRST_TRADER,
        streams=Streams(seed=seed),
        traders=traders,
    )


def post(opening: OpeningBook, markets: MarketArrays) -> AccountArrays:
    """Accounts after the opening, written directly: no ledger is needed to ask behaviours for orders."""
    accounts = make_accounts(n_rows=opening.n_rows, n_markets=len(markets.mark), scopes=["fund"])
    accounts.wallet[:] = opening.wallet
    accounts.market[:] = opening.market
    accounts.mode[:] = opening.mode
    accounts.initial_ppm[:] = opening.initial_ppm
    accounts.quote[:] = opening.deposit
    row, market, lots, entry = opening.positions.T
    value = lots * entry * markets.params["tick_value"][market]
    np.add.at(accounts.quote, row, -value)
    accounts.lots[row, market] = lots
    accounts.cost[row, market] = value
    return accounts


def equity(accounts: AccountArrays, markets: MarketArrays) -> np.ndarray:
    return accounts.quote + accounts.lots @ (markets.mark * markets.params["tick_value"])


def make_view(config_or_population: Population, n_markets: int = 1) -> MarketView:
    markets = market_arrays(n_markets)
    accounts = post(config_or_population.opening, markets)
    header = np.zeros(1, HEADER_DTYPE)
    log = LogArrays(header, np.zeros(1, TRANSFER_DTYPE), np.zeros(1, FILL_DTYPE))
    view = MarketView.make(instruments=instruments(n_markets), exchange=make_exchange(accounts, markets, log))
    view.best_bid[:] = MARK - 5
    view.best_ask[:] = MARK + 5
    view.volatility[:] = 1e-4
    return view


def orders_at(members: Population, view: MarketView, time_ms: int) -> np.ndarray:
    """Rows of all intents at `time_ms`, in the order of arrival."""
    intents = Intents()
    view.dt_ms, view.time_ms = time_ms - view.time_ms, time_ms
    members.decide(view, intents)
    sort_by_arrival(intents.rows[: intents.count], *intents.scratch())
    return intents.rows[: intents.count].copy()


UNIT = MARK * instruments()[0].tick_value
DEPTH = [
    {"within_ppm": 10_000, "bid_quote": "306000000", "ask_quote": "241000000"},
    {"within_ppm": 20_000, "bid_quote": "700000000", "ask_quote": "393000000"},
    {"within_ppm": 30_000, "bid_quote": "1003000000", "ask_quote": "482000000"},
    {"within_ppm": 40_000, "bid_quote": "1119000000", "ask_quote": "611000000"},
    {"within_ppm": 50_000, "bid_quote": "1200000000", "ask_quote": "723000000"},
]


def makers(**changes) -> dict:
    behaviour = {
        "kind": "market_maker",
        "market": "BTCUSDT",
        "depth": DEPTH,
        "calm_volatility_ppm": 100,
        "inventory_limit_quote": "500000000",
    }
    capital = {"quote": "2000000000"}
    return {
        "name": "makers", "traders": 8, "max_leverage": 10, "capital": capital, "behaviour": {**behaviour, **changes}
    }  # fmt: skip


def noise(**changes) -> dict:
    behaviour = {"kind": "noise", "market": "BTCUSDT", "orders_per_s": "40", "volume_quote_per_s": "2000000"}
    capital = {"quote": "500000000"}
    return {"name": "noise", "traders": 400, "capital": capital, "behaviour": {**behaviour, **changes}}


def signal(kind: str, **changes) -> dict:
    behaviour = {
        "kind": kind,
        "market": "BTCUSDT",
        "threshold": {"low_ppm": 1_000, "high_ppm": 5_000},
        "decision_interval_s": "5",
    }
    extra = {"horizons_s": ["30", "300"]} if kind == "momentum" else {"dispersion_ppm": 0}
    capital = {"quote": "300000000"}
    return {"name": kind, "traders": 100, "capital": capital, "behaviour": {**behaviour, **extra, **changes}}


def arbitrageurs(**changes) -> dict:
    behaviour = {
        "kind": "arbitrageur",
        "market": "BTCUSDT",
        "entry_ppm": 1_000,
        "decision_interval_s": "2",
        "outside_quote": "100000000",
    }
    capital = {"quote": "100000000"}
    return {"name": "arbs", "traders": 20, "capital": capital, "behaviour": {**behaviour, **changes}}


def carry(**changes) -> dict:
    behaviour = {
        "kind": "carry",
        "market": "BTCUSDT",
        "unwind_ppm": 2_000,
        "rebuild_ppm": 3_000,
        "decision_interval_s": "10",
        "step_ppm": 10_000,
    }
    leverage = {"kind": "fixed", "weight": "notional", "at": "now", "leverage": "2"}
    opening = opening_item(long_weight="0", long_accounts_ppm=0, leverage=leverage, isolated_ppm=0)
    return {"name": "carry", "traders": 200, "behaviour": {**behaviour, **changes}, "opening": [opening]}
