"""Input and output of an allocation: targets and winners on a draft of their rows; a list of closes."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ...kernels.clearing.closes import Closes
from ...layout import AccountArrays, MarketArrays

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class Case(NamedTuple):
    """One side of a market to be closed against the queue of the other; rows are those of the draft."""

    accounts: AccountArrays  # a draft, which an allocation may move: reserved rows, targets, winners
    markets: MarketArrays
    market: int
    ids: I64  # account row of each row of the draft
    targets: I64  # rows of the draft, in the order in which they are closed
    winners: I64  # rows of the draft in the order of the queue; a prefix of the queue, or all
    scores: F64  # their scores
    is_whole_queue: bool
    matches_left: int  # maximum number of winners that may be reduced


class Decision(NamedTuple):
    """What an allocation decided."""

    closes: Closes  # rows of the accounts, not of the draft
    matches: int  # winners that are reduced, each counted once a target
    needs_more: bool  # the winners did not suffice and are not the whole queue: nothing is decided yet
    is_postponed: bool  # the limit of matches was reached with contracts left: they wait

    @property
    def reduced(self) -> I64:
        """Winners by close, without the pot."""
        return self.closes.counterparty[self.closes.rank > 0]


class Allocating(Protocol):
    """The interface of an allocation that the layer calls."""

    def ready(self) -> "Allocating":
        """Return the allocation as a run uses it, with the code of your own loaded."""

    @property
    def needs_whole_queue(self) -> bool:
        """True if the whole queue is needed; False if the first winners that hold enough contracts suffice."""

    def decide(self, case: Case) -> Decision:
        """Return the closes of a case; only the draft may change."""
