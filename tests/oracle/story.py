"""The nouns of the oracle: the rules of a venue, a story that is told under them, and the state of the exchange.

The oracle is a second reading of sim/clearing/RULES.md in plain Python integers and Fractions. It imports nothing of
clearsim. Money is in quanta, prices in ticks, sizes in lots; + is long.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

MILLION = 1_000_000


@dataclass(frozen=True)
class Market:
    """Rules of one market. tiers: (floor quanta, maintenance ppm, deduction quanta), by rising floor."""

    name: str
    tick_value: int
    tiers: tuple[tuple[int, int, int], ...]
    base: str = "mark"
    at_or_below: bool = False
    taker_ppm: int = 0
    maker_ppm: int = 0
    penalty_ppm: int = 0
    scope: int = 0
    order_band_ppm: int | None = None


@dataclass(frozen=True)
class Fund:
    """Rules of one scope. cap: quanta of inventory at mark, or None."""

    share_ppm: int = MILLION
    cap: int | None = None
    unwind_ppm: int = 100_000
    unwind_ms: int = 1000
    unwind_band_ppm: int = 5_000


@dataclass(frozen=True)
class Liquidation:
    """How distressed accounts are closed in the book: CLR-LIQ-###."""

    kind: str = "full"
    order: str = "bankruptcy_limit"
    band_ppm: int | None = None
    priority: str = "riskiest_first"
    mode: str = "batch"
    surplus: str = "fund"
    rounds_max: int = 8
    taker_fee: str = "exempt"
    penalty_base: str = "mark"
    reduce_to: str = "compliant"
    fraction_ppm: int = 0
    rounding: str = "up"
    cooldown_ms: int = 0
    whole_below: int = 0
    then_whole: bool = False
    latency_ms: int = 0
    per_second: int | None = None


@dataclass(frozen=True)
class Layer:
    """A layer of the waterfall: takeover, insurance_fund, adl or socialised_loss; the rest is ADL's and loss's."""

    kind: str
    ranking: str = "profit_leverage"
    wallet_floor: int = 0
    allocation: str = "greedy"
    trigger: str = "bankrupt"
    matches: int | None = None
    basis: str = "unrealised_gain"


@dataclass(frozen=True)
class Rules:
    """The whole rule book of a run. Markets stand in the order of the config."""

    markets: tuple[Market, ...]
    funds: tuple[Fund, ...]
    liquidation: Liquidation
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Row:
    """A margin row at the start: `market` is the market of an isolated row. positions: (market, lots, entry ticks)."""

    owner: str
    market: int | None
    money: int
    positions: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Resting:
    """A limit order in the book before the first jump, of an owner's wallet."""

    owner: str
    market: int
    side: str
    price: int
    lots: int


@dataclass(frozen=True)
class Stop:
    """A reduce-only stop on a position of a row (its number in the story): all of the lots, at this trigger, ticks."""

    row: int
    market: int
    trigger: int
    lots: int  # of the position, signed


@dataclass(frozen=True)
class Story:
    """Accounts, resting orders, and the marks of the start and of every cycle after it, `tick_ms` apart."""

    seed: int
    rules: Rules
    rows: tuple[Row, ...]
    resting: tuple[Resting, ...]
    seeds: tuple[int, ...]
    marks: tuple[tuple[int, ...], ...]
    stops: tuple[Stop, ...] = ()
    tick_ms: int = 1000


@dataclass
class Order:
    """A resting order as the book holds it."""

    row: int
    market: int
    buy: bool
    price: int
    lots: int


@dataclass
class Record:
    """One position of an account in liquidation: what it was when it was planned, and what became of it."""

    row: int
    market: int
    lots: int  # signed, when planned
    total: int  # what the whole position is worth to the account at bankruptcy, quanta
    maintenance: int
    planned: int = 0  # contracts to close in the book
    filled: int = 0
    paid: int = 0  # value of the fills


@dataclass
class Exchange:
    """All balances of the exchange, by row id. Reserved rows have no owner."""

    rules: Rules
    fees: int
    rounding: int
    fund: list[int]
    engine: list[int]
    quote: dict[int, int]
    lots: dict[int, list[int]]
    cost: dict[int, list[int]]
    owner: dict[int, int]
    mark: list[int]
    now_ms: int = 0
    book: list[Order] = field(default_factory=list)
    moved: int = 0  # transfers so far
    start: dict[int, int] = field(default_factory=dict)  # equity when the run began
    own_moves: Counter[int] = field(default_factory=Counter)
    closed_in: dict[int, int] = field(default_factory=dict)  # row -> market in which it last closed a position in full
    debts: dict[int, dict[int, int]] = field(default_factory=dict)  # row -> market -> quanta owed
    fresh: list[int] = field(default_factory=list)  # rows whose debt no layer has seen yet
    stops: list[Stop] = field(default_factory=list)  # rows by their ids
    since: dict[int, int] = field(default_factory=dict)  # row -> when its present distress was first found, ms
    found: set[int] = field(default_factory=set)  # rows found distressed in this cycle, in whichever round
    tokens: Fraction | None = None  # liquidations that may be started now; None: nothing was asked yet
    filled_ms: int = 0  # when tokens were last added
    draws: dict[int, float] = field(default_factory=dict)  # row -> its number of this cycle, where priority is random
    last_step: dict[int, int] = field(default_factory=dict)
    steps: Counter[int] = field(default_factory=Counter)
    last_unwind: dict[int, int] = field(default_factory=dict)
    queue: dict[tuple[int, int], list[int]] | None = None
    matches: int = 0  # of this cycle
    waiting: bool = False  # matches wait in this run of the layers
    closes: list[tuple[int, int, int, int]] = field(default_factory=list)  # market, row, contracts, harm
    reached: Counter[str] = field(default_factory=Counter)

    @property
    def traders(self) -> list[int]:
        return sorted(self.owner)

    def unit(self, market: int) -> int:
        """Quanta that a lot is worth at mark."""
        return self.mark[market] * self.rules.markets[market].tick_value

    def value(self, row: int, market: int) -> int:
        return self.lots[row][market] * self.unit(market)

    def equity(self, row: int) -> int:
        return self.quote[row] + sum(self.value(row, m) for m in range(len(self.mark)))

    def gain(self, row: int, market: int) -> int:
        """Unrealised profit against entry."""
        return self.value(row, market) - self.cost[row][market]

    def held(self, row: int) -> list[int]:
        """Markets in which the row has a position, in the order of the config."""
        return [m for m, lots in enumerate(self.lots[row]) if lots]

    def transfer(self, payer: int, payee: int, quote: int, lots: int = 0, market: int = 0) -> None:
        """CLR-LDG-001: quote from payer to payee, lots from payee to payer."""
        assert payer != payee
        self.quote[payer] -= quote
        self.quote[payee] += quote
        if lots:
            self._change(payer, market, lots, quote)
            self._change(payee, market, -lots, -quote)
        self.moved += 1

    def move_own(self, row: int, wallet: int, quote: int) -> None:
        """Money between two rows of one trader: no gain of either (CLR-LOS-003)."""
        self.transfer(row, wallet, quote)
        self.own_moves[row] -= quote
        self.own_moves[wallet] += quote

    def _change(self, row: int, market: int, change: int, value: int) -> None:
        """CLR-LDG-002: average entry, rounded down."""
        before, cost = self.lots[row][market], self.cost[row][market]
        after = before + change
        if before == 0 or (before > 0) == (change > 0):
            cost += value
        elif after == 0:
            cost, self.closed_in[row] = 0, market
        elif (after > 0) == (before > 0):
            cost = cost * abs(after) // abs(before)
        else:
            cost = value * abs(after) // abs(change)
        self.lots[row][market], self.cost[row][market] = after, cost


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def share_ppm(amount: int, ppm: int) -> int:
    """Amount x rate, rounded up."""
    return ceil_div(amount * ppm, MILLION)


def split(amount: int, weights: list[int]) -> list[int]:
    """Largest remainder; ties go to the one that stands first."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    rest = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in rest[: amount - sum(parts)]:
        parts[i] += 1
    return parts
