"""Why ADL closes a position: what kept the layers before it from taking the position. Decided when ADL decides.

Takeover is the layer before ADL that can take a position; so the cause is what stopped it, FUND's means or ENGINE's
cap (`takeover.py`), or that it does not stand before ADL. Rule CLR-ADL-018.
"""

import numpy as np
import numpy.typing as npt

from ...kernels.clearing.closes import Closes
from ...layout import CAP_WAS_TIGHTER, STOPPED_BY_CAP, STOPPED_BY_MEANS, AccountMode, AdlCause
from ..desk import Desk, Round

I64 = npt.NDArray[np.int64]


def causes_of(desk: Desk, round_: Round, targets: I64, market: int) -> I64:
    """Return the AdlCause of each of `targets` (rows of the round, or an ENGINE), int64 (T,).

    An ENGINE is a target only if it and FUND are below zero together: the fund is dry.
    """
    value = desk.markets.mark * desk.markets.params["tick_value"]
    equity = desk.accounts.quote[targets] + desk.accounts.lots[targets] @ value
    why = np.where(equity < 0, int(AdlCause.ORDER), int(AdlCause.TRIGGER))
    if round_.stopped is not None:
        place = {row: i for i, row in enumerate(round_.rows.tolist())}
        bits = np.array([round_.stopped[place[row], market] if row in place else 0 for row in targets.tolist()])
        by_cap = (bits & STOPPED_BY_CAP > 0) & ((bits & STOPPED_BY_MEANS == 0) | (bits & CAP_WAS_TIGHTER > 0))
        why = np.where(bits & STOPPED_BY_MEANS > 0, int(AdlCause.FUND_DRY), why)
        why = np.where(by_cap, int(AdlCause.CAP), why)
    is_engine = desk.accounts.mode[targets] == AccountMode.RESERVED
    return np.where(is_engine, int(AdlCause.FUND_DRY), why).astype(np.int64)


def note_causes(desk: Desk, closes: Closes, targets: I64, why: I64, *, market: int, first: int) -> None:
    """Write causes to the matches from `first` on, and count the notional of each.

    Matches of an allocation through the pot are with all targets at once: they get the cause of most contracts.
    """
    unit = int(desk.markets.mark[market] * desk.markets.params["tick_value"][market])
    waited = (desk.limits.held_cycle[targets] >= 0).astype(np.int64)
    of_target = dict(zip(targets.tolist(), zip(why.tolist(), waited.tolist(), strict=True), strict=True))
    lots = np.zeros((len(AdlCause), 2), np.int64)
    for target, closed in zip(closes.target.tolist(), closes.lots.tolist(), strict=True):
        if target in of_target:  # not the pot
            lots[of_target[target]] += closed
    desk.limits.adl_notional += lots.sum(axis=1) * unit
    desk.limits.adl_waited += int(lots[:, 1].sum()) * unit
    most = int(lots.sum(axis=1).argmax()), int(lots[:, 1].sum() > lots[:, 0].sum())
    matches = desk.records.matches[first : desk.n_matches]
    found = [of_target.get(row, most) for row in matches["bankrupt"].tolist()]
    matches["why"] = [cause for cause, _ in found]
    matches["waited"] = [held for _, held in found]
