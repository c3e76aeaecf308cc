"""Rankings of the counterparties of an ADL: one class per ranking, with its formula, its source and its kernel.

Margin rows are ranked, not traders. A ranking scores every row on one side of a market; the queue is by score, highest
first, ties to the lower id (CLR-ADL-002). To add a ranking: write a class with a rule id in its docstring, and add its
name to `RankingPolicy` below. Scores are float64, and never an input to money.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ...errors import AgentError
from ...kernels.jit import kernel
from ...kernels.margin.bankruptcy import count_positions, lot_value
from ...kernels.margin.requirement import equity, maintenance, maintenance_in, measure_rows
from ...layout import AccountArrays, AccountMode, MarketArrays
from ...own_parts import OwnPart, UserPart, guarded
from ...policy import Policy

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_RESERVED = int(AccountMode.RESERVED)


class SideView(NamedTuple):
    """The rows on one side of a market that are to be ranked, ascending by id; money in quanta."""

    side: int  # +1: they are long, -1: short
    market: int
    mark: int  # ticks
    quantum: Decimal  # quote units of a quantum
    row: I64  # (n,) ids
    lots: I64  # (n,) contracts in this market, absolute
    mark_value: I64  # (n,) value of the position at mark, signed
    entry_cost: I64  # (n,) value at entry, signed; profit is mark_value - entry_cost
    equity: I64  # (n,) of the row, all markets
    maintenance: I64  # (n,) maintenance margin of the row, all markets
    wallet: I64  # (n,) quote balance with entry costs added back

    @property
    def profit(self) -> I64:
        """(n,) unrealised profit of the position against entry."""
        return self.mark_value - self.entry_cost


class Ranking(Protocol):
    """The interface of a ranking that the queue calls."""

    def ready(self) -> "Ranking":
        """Return the ranking as a run uses it, with the code of your own loaded."""

    def score_side(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        *,
        market: int,
        side: int,
        only_profit: bool,
        quantum: Decimal,
    ) -> F64:
        """Return the score of every row on `side` (+1 long, -1 short) of `market`, NaN elsewhere: float64 (A,).

        only_profit: leave out rows without unrealised profit. Reserved rows have no score.
        """


class RankingBase(Policy):
    """Base of the shipped rankings, which score a side in a kernel of their own."""

    def ready(self) -> Self:
        """Return itself: there is no code to load."""
        return self


def _view_of(
    accounts: AccountArrays, markets: MarketArrays, rows: I64, *, market: int, side: int, quantum: Decimal
) -> SideView:
    worth, required = np.empty((2, len(rows)), np.int64)
    measure_rows(accounts, markets, rows, worth, required)
    mark = int(markets.mark[market])
    lots = accounts.lots[rows, market]
    return SideView(
        side=side,
        market=market,
        mark=mark,
        quantum=quantum,
        row=rows,
        lots=np.abs(lots),
        mark_value=lots * (mark * int(markets.params["tick_value"][market])),
        entry_cost=accounts.cost[rows, market],
        equity=worth,
        maintenance=required,
        wallet=accounts.quote[rows] + accounts.cost[rows].sum(axis=1),
    )


@kernel
def is_ranked(accounts, markets, row, market, side, only_profit):
    """True if the row is on `side` of `market`, in profit if that is asked, and is not reserved (CLR-ADL-003)."""
    lots = accounts.lots[row, market]
    if lots * side <= 0 or accounts.mode[row] == _RESERVED:
        return False
    return not only_profit or lots * lot_value(markets, market) > accounts.cost[row, market]


@kernel
def gather_side(accounts, markets, market, side, only_profit, out):
    """Write the ids of the rows that are ranked to `out`, ascending; return how many."""
    n = 0
    for row in range(accounts.lots.shape[0]):
        if is_ranked(accounts, markets, row, market, side, only_profit):
            out[n] = row
            n += 1
    return n


def _scores(kernel_of_side: Callable[..., None], accounts: AccountArrays, *terms: object) -> F64:
    scores = np.empty(len(accounts.quote))
    kernel_of_side(accounts, *terms, scores)
    return scores


# -- profit x leverage -------------------------------------------------------------------------------------------------


class ProfitLeverageRanking(RankingBase):
    """BitMEX and its family: profit % x effective leverage; losers by profit % / leverage (CLR-ADL-009).

    Losers are never reduced; they are ranked for the lights only.
    Source: BitMEX, What is Auto-Deleveraging, read 2026-11.
    """

    kind: Literal["profit_leverage"] = "profit_leverage"

    def score_side(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        *,
        market: int,
        side: int,
        only_profit: bool,
        quantum: Decimal,
    ) -> F64:
        """Return the scores of one side by `profit_leverage_score`."""
        return _scores(profit_leverage_side, accounts, markets, market, side, only_profit)


@kernel
def profit_leverage_score(accounts, markets, row, market):
    """PNL% x effective leverage if in profit, PNL% / effective leverage if in loss; inf at zero equity in profit.

    PNL% = (mark value - entry value) / |entry value|; effective leverage = |mark value| / (mark value - bankruptcy
    value), whose divisor is the equity that belongs to the position.
    """
    value = accounts.lots[row, market] * lot_value(markets, market)
    cost = accounts.cost[row, market]
    profit = np.float64(value - cost)
    entry = np.abs(np.float64(cost))
    if entry == 0.0:
        return np.inf if profit > 0.0 else -np.inf
    own = np.float64(equity(accounts, markets, row))
    if accounts.lots.shape[1] > 1 and count_positions(accounts, row) > 1:
        here, total = maintenance_in(accounts, markets, row, market), maintenance(accounts, markets, row)
        own *= np.float64(here) / np.float64(total) if total > 0 else 1.0
    if profit > 0.0:
        return np.inf if own <= 0.0 else profit / entry * (np.abs(np.float64(value)) / own)
    leverage_inverse = max(own, 0.0) / np.abs(np.float64(value))
    return profit / entry * leverage_inverse


@kernel
def profit_leverage_side(accounts, markets, market, side, only_profit, scores):
    """Score one side; see `Ranking.score_side`."""
    for row in range(accounts.lots.shape[0]):
        scores[row] = np.nan
        if is_ranked(accounts, markets, row, market, side, only_profit):
            scores[row] = profit_leverage_score(accounts, markets, row, market)


# -- profit / wallet ---------------------------------------------------------------------------------------------------


class BinanceWalletRanking(RankingBase):
    """Binance: profit / wallet balance x margin ratio; losers score 0 (CLR-ADL-010). Withdrawn profit raises the rank.

    Source: Binance FAQ 360033525471; formula dev.binance.vision/t/17801, read 2026-11.
    """

    kind: Literal["binance_wallet"] = "binance_wallet"
    wallet_floor_quote: Decimal = Field(
        default=Decimal(1),
        gt=0,
        description="minimum wallet balance in the quotient: the score depends on the currency",
    )

    def wallet_floor(self, quantum: Decimal) -> int:
        """Minimum wallet balance, quanta."""
        return max(1, int(self.wallet_floor_quote / quantum))

    def score_side(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        *,
        market: int,
        side: int,
        only_profit: bool,
        quantum: Decimal,
    ) -> F64:
        """Return the scores of one side by `binance_wallet_score`."""
        floor = self.wallet_floor(quantum)
        return _scores(binance_wallet_side, accounts, markets, market, side, only_profit, floor)


@kernel
def binance_wallet_score(accounts, markets, row, market, wallet_floor):
    """max(0, UPNL) / max(1, WB) x maintenance / (WB + UPNL), 0 if WB + UPNL <= 0. Losers score 0.

    WB is the row's quote with the entry value of its positions added back; `wallet_floor` is one unit of quote, quanta.
    """
    profit = accounts.lots[row, market] * lot_value(markets, market) - accounts.cost[row, market]
    worth = equity(accounts, markets, row)
    if profit <= 0 or worth <= 0:
        return 0.0
    wallet = accounts.quote[row]
    for other in range(accounts.lots.shape[1]):
        wallet += accounts.cost[row, other]
    share = np.float64(profit) / np.float64(max(wallet, wallet_floor))
    return share * (np.float64(maintenance(accounts, markets, row)) / np.float64(worth))


@kernel
def binance_wallet_side(accounts, markets, market, side, only_profit, wallet_floor, scores):
    """Score one side; see `Ranking.score_side`."""
    for row in range(accounts.lots.shape[0]):
        scores[row] = np.nan
        if is_ranked(accounts, markets, row, market, side, only_profit):
            scores[row] = binance_wallet_score(accounts, markets, row, market, wallet_floor)


# -- your own ----------------------------------------------------------------------------------------------------------


class AdlRanking(UserPart):
    """A ranking of your own: extend it, and name the class in the config (or pass it from Python).

    `ranking: {kind: own, file: mine.py, class: MyRanking, params: {...}}`, or `OwnRanking.of(MyRanking(...))`.
    """

    def score(self, side: SideView) -> F64:
        """Return a float64 score of each row of `side`, not NaN; the highest is deleveraged first, ties by id.

        Called once per cycle, market and side with positions to close, and for lights and places in the queue. It may
        call a compiled function of yours. It gets copies: nothing it changes reaches the exchange.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method score(side)")


class OwnRanking(OwnPart):
    """A ranking of your own, named by file and class; its scores are checked, its order is stable (CLR-ADL-016)."""

    kind: Literal["own"] = "own"
    base: ClassVar[type] = AdlRanking
    noun: ClassVar[str] = "ADL ranking"

    def ready(self) -> "LoadedRanking":
        """Load the class; ConfigError if it cannot be."""
        return LoadedRanking(self.load(), self.who, self.file)

    def score_side(self, accounts: AccountArrays, markets: MarketArrays, **terms: Any) -> F64:
        """Return the scores of one side by a fresh instance of the class."""
        return self.ready().score_side(accounts, markets, **terms)


@dataclass(frozen=True)
class LoadedRanking:
    """A ranking of your own in a run."""

    part: AdlRanking
    who: str
    file: str

    def ready(self) -> Self:
        """Return itself: its code is loaded."""
        return self

    def score_side(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        *,
        market: int,
        side: int,
        only_profit: bool,
        quantum: Decimal,
    ) -> F64:
        """Return the scores of one side; AgentError if `score` raises or returns no number for a row."""
        rows = np.empty(len(accounts.quote), np.int64)
        rows = rows[: gather_side(accounts, markets, market, side, only_profit, rows)]
        view = _view_of(accounts, markets, rows.copy(), market=market, side=side, quantum=quantum)
        answer = guarded(self.who, self.file, self.part.score, view, error=AgentError)
        found = guarded(self.who, self.file, np.asarray, answer, np.float64, error=AgentError)
        if found.shape != rows.shape:
            raise AgentError(f"{self.who}: score must return {len(rows)} numbers; its shape is {found.shape}")
        if np.isnan(found).any():
            raise AgentError(f"{self.who}: score returned NaN for row {int(rows[np.isnan(found)][0])}")
        scores = np.full(len(accounts.quote), np.nan)
        scores[rows] = found
        return scores


RankingPolicy = Annotated[
    ProfitLeverageRanking | BinanceWalletRanking | OwnRanking,
    Field(discriminator="kind", description="how counterparties are ranked"),
]
