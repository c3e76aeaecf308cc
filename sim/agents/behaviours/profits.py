"""Take-profits of traders who hold positions: the mark at which each closes with a gain, and its orders from then on.

Decides: some positions of the opening have a target on their gaining side. From the wake at which the mark has reached
it, the trader closes: immediate-or-cancel, reduce-only, no worse than SLIPPAGE_PPM from the mark, again at every wake
until it is flat. Leaves to others: which positions have targets, and where (the cohort's behaviour). Sources: venues
offer take-profit and stop-loss as one pair of conditional orders; gains are realised sooner than losses (Odean 1998).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ...layout import FLAG_FROZEN, I64, OrderFlag, OrderKind, Side, TimeInForce
from ...units import PPM
from ..view import Intents, MarketView

SLIPPAGE_PPM = 5_000  # worst price, distance from the mark
NEVER_UP, NEVER_DOWN = 2**62, -1  # marks that no market reaches, ticks


@dataclass
class Targets:
    """Take-profits of one market, in the order in which a move reaches them. K positions."""

    market: int
    side: Side  # of the closing orders
    rows: I64  # (K,)
    marks: I64  # (K,) ticks: rising if `side` is a sale, falling if it is a purchase
    keys: I64  # (K,) arrival keys
    reached: int = 0  # number of targets reached so far
    closing: list[int] = field(default_factory=list)  # reached positions not known to be flat
    next_mark: int = field(init=False)  # the next target, ticks

    def __post_init__(self) -> None:
        """Note the first target."""
        self.next_mark = self._next_mark()

    def reach(self, mark: int) -> None:
        """Note the targets that this mark has reached."""
        if mark < self.next_mark if self.side is Side.SELL else mark > self.next_mark:
            return
        marks, sign = self.marks[self.reached :], 1 if self.side is Side.SELL else -1
        until = self.reached + int(np.searchsorted(sign * marks, sign * mark, side="right"))
        self.closing.extend(range(self.reached, until))
        self.reached = until
        self.next_mark = self._next_mark()

    def _next_mark(self) -> int:
        """The target that is reached next, ticks; one that no mark reaches if there is none."""
        if self.reached < len(self.marks):
            return int(self.marks[self.reached])
        return NEVER_UP if self.side is Side.SELL else NEVER_DOWN

    def close(self, view: MarketView, intents: Intents) -> None:
        """Append an order for every position that is not closed yet; forget those that are."""
        mark = int(view.mark[self.market])
        self.reach(mark)
        if not self.closing:
            return
        is_sale = self.side is Side.SELL
        price = -(-mark * (PPM - SLIPPAGE_PPM) // PPM) if is_sale else mark * (PPM + SLIPPAGE_PPM) // PPM
        left = []
        for place in self.closing:
            row = int(self.rows[place])
            held = int(view.accounts.lots[row, self.market])
            if held == 0 or (held > 0) != is_sale:
                continue
            left.append(place)
            if view.accounts.flags[row] & FLAG_FROZEN:
                continue
            intents.append(
                account=row,
                market=self.market,
                side=self.side,
                kind=OrderKind.LIMIT,
                lots=abs(held),
                price=price,
                tif=TimeInForce.IOC,
                flags=OrderFlag.REDUCE_ONLY,
                arrival=int(self.keys[place]),
            )
        self.closing = left


@dataclass
class ProfitTakers:
    """Traders that take profits, and their distances; targets are set at the first wake. K traders, M markets."""

    rows: I64  # (K, M) row that trades market m
    distances: npt.NDArray[np.float64]  # (K,) fraction of the opening mark
    keys: I64  # (K,)
    targets: list[Targets] | None = None

    def decide(self, view: MarketView, intents: Intents) -> None:
        """Append the closing orders that are due."""
        if self.targets is None:
            self.targets = make_targets(view, self.rows, self.distances, self.keys)
        for targets in self.targets:
            targets.close(view, intents)


def make_targets(view: MarketView, rows: I64, distances: npt.NDArray[np.float64], keys: I64) -> list[Targets]:
    """Return the targets of rows that hold a position now, one set per market and side.

    rows: (K, M) row that trades market m.  distances: (K,) fraction of the present mark.  keys: (K,).
    """
    made = []
    for market in range(rows.shape[1]):
        held = view.accounts.lots[rows[:, market], market]
        for side, sign in ((Side.SELL, 1), (Side.BUY, -1)):
            who = np.flatnonzero(np.sign(held) == sign)
            marks = np.rint(int(view.mark[market]) * (1 + sign * distances[who])).astype(np.int64)
            order = np.argsort(sign * marks, kind="stable")
            who = who[order]
            made.append(Targets(market, side, rows[who, market].astype(np.int64), marks[order], keys[who]))
    return made
