"""All the state of a run, in one place: state that the cycle mutates and state that it only reads.

Nothing here decides. `sim/engine/build.py` makes a World from a config; `sim/engine/cycle.py` is the only code that
advances it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..agents.population import Population
from ..agents.view import CashMove, Intents, MarketView
from ..clearing.house import ClearingHouse
from ..clearing.required_fund import RequiredFund
from ..instrument import Instrument
from ..kernels.book.levels import BookArrays
from ..kernels.exchange import Exchange
from ..kernels.samples import SampleArrays
from ..kernels.step import TickArrays
from ..layout import F64, I64, AccountArrays, LogArrays, MarketArrays, Records
from ..ledger.accounts import Rows
from ..ledger.ledger import Ledger
from ..market.funding import FundingState
from ..market.impact import ImpactState
from ..market.mark import MarkState
from ..market.price import PathSet
from .processes import DueWork
from .recorder import EventTables, SeriesTable
from .summary import Snapshot

if TYPE_CHECKING:
    from ..config import RunConfig


@dataclass
class MarketState:
    """State of one market between cycles."""

    mark: MarkState
    funding: FundingState
    impact: ImpactState
    tick_size: float  # quote units
    tick_value: int  # quanta per tick per lot
    quantum: float  # quote units
    last_trade: I64  # (M,) ticks by market: the last trades that the mark rule sees
    funding_rate_ppb: int = 0
    next_funding_ms: int = 0
    index: float = 0.0  # quote units, with impact
    index_limit: float = float("inf")  # above it the open interest does not fit int64
    variance: float = 0.0  # EWMA of squared log returns of the index per second
    taker_net_seen: int = 0  # lots of net taker flow already fed into the index


@dataclass
class Extremes:
    """Running extremes that a summary row reports."""

    index_low: float = float("inf")
    mark_low: float = float("inf")
    dislocation_max: float = 0.0
    fund_min: int = 0
    inventory_peak: int = 0
    backlog_peak: int = 0
    first_adl_ms: int = -1
    first_fund_empty_ms: int = -1
    rounds_max_reached: int = 0


@dataclass
class World:
    """A run in progress. A margin rows, M markets, T steps of the clock."""

    config: "RunConfig"
    instruments: tuple[Instrument, ...]
    rows: Rows
    exchange: Exchange  # what kernels take; `accounts`, `markets`, `log` and `books` below are its parts
    tick: TickArrays  # what the checks of a tick compare with and write to
    sampled: SampleArrays  # what a sample reads
    ledger: Ledger
    paths: PathSet
    population: Population
    view: MarketView
    intents: Intents
    clearing: ClearingHouse
    market_states: list[MarketState]
    events: EventTables
    series: SeriesTable | None
    mark_path: I64  # (T+1, M) ticks
    index_path: F64  # (T+1, M) quote units, with impact
    always_awake: tuple[list[int], list[int]]  # cohorts and agents whose interval no step exceeds
    adl_harm: I64  # (A,) (mark - execution) x quantity given up so far, quanta
    adl_matches: list[Records] = field(default_factory=list)
    progress: Callable[[int, float, int, int], None] | None = None
    watchers: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # rows that watch their place in the ADL queue
    next_look_ms: int = 0
    marks_looked_at: list[int] = field(default_factory=list)  # ticks by market, at the last look at the queue
    start: Snapshot | None = None  # balances once the book is open
    liquidation_prices: F64 = field(default_factory=lambda: np.zeros(0))  # (A,) of rows then, quote units, or NaN
    moves: list[tuple[int, int, CashMove]] = field(default_factory=list)  # heap of requested money moves
    n_moves: int = 0
    due: DueWork = field(default_factory=DueWork)
    extremes: Extremes = field(default_factory=Extremes)
    step: int = 0
    time_ms: int = 0
    cycle: int = 0
    dt_ms: int = 0
    backlog: int = 0
    fund_initial: int = 0
    funds_initial: list[int] = field(default_factory=list)  # of each fund
    required_fund: RequiredFund = field(default_factory=lambda: RequiredFund.of(()))
    margin_initial: int = 0  # quanta, maintenance of all positions at the start
    events_on: bool = False

    accounts: AccountArrays = field(init=False)
    markets: MarketArrays = field(init=False)
    log: LogArrays = field(init=False)
    books: BookArrays = field(init=False)
    standings: I64 = field(init=False)  # (S, 3) work space, see `stand_of_all`

    def __post_init__(self) -> None:
        """Name the parts of the exchange that are never replaced."""
        exchange = self.exchange
        self.accounts, self.markets, self.log, self.books = (
            exchange.accounts, exchange.markets, exchange.log, exchange.books,
        )  # fmt: skip
        self.standings = np.zeros((len(self.rows.scopes), 3), np.int64)

    def unit_values(self) -> list[int]:
        """Value of one lot at mark, quanta, by market."""
        return [
            mark * state.tick_value for mark, state in zip(self.markets.mark.tolist(), self.market_states, strict=True)
        ]
