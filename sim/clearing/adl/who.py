"""Previews who would be deleveraged now under a given ranking and allocation. Nothing is changed."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ...kernels.ledger.draft import count_reserved, make_draft
from ...layout import AccountArrays, MarketArrays
from ..desk import NO_LIMIT
from .case import Allocating, Case, Decision
from .queue import EVERYBODY, AdlQueue
from .ranking import Ranking

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


def who_would_be_deleveraged(
    accounts: AccountArrays,
    markets: MarketArrays,
    targets: I64,
    *,
    market: int,
    ranking: Ranking,
    allocation: Allocating,
    quantum: Decimal = Decimal(1),
    matches_left: int = NO_LIMIT,
    scores: F64 | None = None,
) -> Decision:
    """Return how the positions of `targets` in `market` would be closed against the winners of the other side.

    targets: rows, all on one side of the market, in the order in which they are closed; reserved rows (an ENGINE) come
    first.  quantum: quote units of a quantum, for rankings that depend on the currency.  matches_left: maximum number
    of winners that may be reduced.  scores: float64 (A,) of the other side, as of the cycle; None: as of now.
    ValueError if targets are on both sides or hold nothing.
    """
    ranking, allocation = ranking.ready(), allocation.ready()
    lots = accounts.lots[targets, market]
    side = int(np.sign(lots[0])) if len(lots) else 0
    if side == 0 or (np.sign(lots) != side).any():
        raise ValueError(f"targets must hold contracts on one side of market {market}; they hold {lots.tolist()}")
    queue = AdlQueue(
        accounts, markets, market=market, side=-side, ranking=ranking, quantum=quantum,
        need=EVERYBODY if allocation.needs_whole_queue else int(np.abs(lots).sum()), scores=scores,
    )  # fmt: skip
    while True:
        case = _case_of(accounts, markets, targets, queue, market=market, matches_left=matches_left)
        decision = allocation.decide(case)
        if not decision.needs_more:
            return decision
        queue.extend()


def _case_of(
    accounts: AccountArrays, markets: MarketArrays, targets: I64, queue: AdlQueue, *, market: int, matches_left: int
) -> Case:
    """The targets and the sorted part of the queue on a draft."""
    n_reserved = count_reserved(accounts)
    traders = targets[targets >= n_reserved]
    draft, ids = make_draft(accounts, np.concatenate([traders, queue.ids]))
    first_winner = n_reserved + len(traders)
    return Case(
        accounts=draft,
        markets=markets,
        market=market,
        ids=ids,
        targets=np.concatenate([targets[targets < n_reserved], np.arange(n_reserved, first_winner)]),
        winners=np.arange(first_winner, len(ids)),
        scores=queue.scores[queue.ids],
        is_whole_queue=queue.complete,
        matches_left=matches_left,
    )
