"""How much open interest a fall removed: its largest decline, and what removed it, exact in lots.

The decline of a market runs from a peak of open interest at the samples to the lowest sample after it; of all such
pairs the one with the largest difference (the earliest if several are equal). Every contract has a long and a short
side, and open interest is the sum of either. So the decline is split twice, over the positions of the long side and
over those of the short side: by the reason of each transfer, and by whether its party closed by force or by choice.
Each split sums to the decline exactly. The same is done for the opening book, from the start to the end of the run:
the accounts that held positions at the start, which are a user's own if the run has custom positions. Both need every
transfer from the start, so a run that stored events.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .errors import AnalysisError
from .run_folder import RunFolder

I64 = npt.NDArray[np.int64]
#: Row of the account outside the venue.
OUTSIDE = 0

#: What changes the open interest of one side, in the order of a report. Of ENGINE's contracts, those that ADL closed
#: count as closed by ADL.
CAUSES = (
    "liquidated into the book",
    "taken over by ENGINE",
    "closed by ADL",
    "torn up",
    "closed by choice",
    "opened anew",
    "ENGINE: taken over less unwound",
)
_LIQUIDATED, _TAKEN_OVER, _ADL, _TORN_UP, _CHOICE, _OPENED, _INVENTORY = range(len(CAUSES))
_REASONS = ("OPENING", "TRADE", "LIQUIDATION", "TAKEOVER", "UNWIND", "ADL", "SOCIALISED_LOSS")
_TRANSFER_COLUMNS = ("seq", "time_ms", "reason", "payer", "payee", "lots", "market")
_FILL_COLUMNS = ("seq", "taker", "reason")
_NOBODY: I64 = np.zeros(0, np.int64)


class Decline(NamedTuple):
    """The largest decline of a market's open interest between two samples, lots and ms."""

    market: str
    peak_ms: int
    trough_ms: int
    peak: int
    trough: int

    @property
    def lots(self) -> int:
        """Open interest at the trough less that at the peak, <= 0."""
        return self.trough - self.peak


class Split(NamedTuple):
    """What changed the long and the short positions, lots by cause: (side, cause) int64.

    decline: of all accounts, from peak to trough; each side sums to the decline.  opening: open interest at the start.
    book: of the accounts that held positions then, from the start to the end; opening + sum is what they hold at the
    end, by side.
    """

    decline: I64
    opening: int
    book: I64


def largest_decline(samples: pd.DataFrame) -> Decline | None:
    """The largest decline in one market's samples, in time order; None without samples."""
    if samples.empty:
        return None
    lots, time = (samples[name].to_numpy(dtype=np.int64) for name in ("open_interest_lots", "time_ms"))
    fall = np.maximum.accumulate(lots) - lots
    trough = int(np.argmax(fall))
    before = lots[: trough + 1]
    peak = int(len(before) - 1 - np.argmax(before[::-1]))  # the last sample at the peak
    return Decline(
        str(samples["market"].iloc[0]), int(time[peak]), int(time[trough]), int(lots[peak]), int(lots[trough])
    )


def split_decline(run: RunFolder, decline: Decline) -> Split | None:
    """What made up a decline; None if the run stored no transfers. AnalysisError if the parts do not sum to it."""
    if not run.has("transfers"):
        return None
    accounts = run.accounts
    forced = _forced_takers(run.batches("fills", _FILL_COLUMNS)) if run.has("fills") else _NOBODY
    engines = np.zeros(len(accounts), np.bool_)
    engines[accounts["account"].to_numpy()[(accounts["role"] == "engine").to_numpy()]] = True
    split = split_transfers(run.batches("transfers", _TRANSFER_COLUMNS), decline, engines=engines, forced=forced)
    for total in split.decline.sum(axis=1).tolist():
        if total != decline.lots:
            raise AnalysisError(
                f"{run.path}: open interest of {decline.market} changed by {decline.lots} lots at the samples, but the"
                f" transfers between them add up to {total}"
            )
    return split


def declines(run: RunFolder) -> list[tuple[Decline, Split | None]]:
    """The largest decline of every market and what made it up, in the order of the config; found once per folder."""
    if "declines" not in run.derived:
        found = [largest_decline(run.of_market(market)) for market in run.markets]
        run.derived["declines"] = [(item, split_decline(run, item)) for item in found if item is not None]
    kept: list[tuple[Decline, Split | None]] = run.derived["declines"]
    return kept


def _forced_takers(fills: Iterable[pd.DataFrame]) -> I64:
    """Sequence numbers of liquidation fills, each as seq * 2**31 + taker: who was liquidated by which transfer."""
    parts = [_NOBODY]
    for piece in fills:
        own = piece[piece["reason"] == "LIQUIDATION"]
        parts.append((own["seq"].to_numpy(np.int64) << 31) + own["taker"].to_numpy(np.int64))
    return np.sort(np.concatenate(parts))


def split_transfers(
    transfers: Iterable[pd.DataFrame], decline: Decline, *, engines: npt.NDArray[np.bool_], forced: I64 = _NOBODY
) -> Split:
    """Split the change in open interest over transfers with peak_ms < time_ms <= trough_ms.

    transfers: pieces of the table, in order, from the start of the run.  engines: (account,) true for ENGINE rows.
    forced: sorted keys seq * 2**31 + account of the liquidated party of each liquidation fill.
    """
    held, in_book = np.zeros(len(engines), np.int64), np.zeros(len(engines), np.bool_)
    total, book = np.zeros((2, 2, len(CAUSES)), np.int64)
    opening = 0
    for piece in transfers:
        moved = piece[(piece["lots"] != 0) & (piece["market"] == decline.market)]
        if moved.empty:
            continue
        legs = _legs(moved, held)
        is_opening = legs.reason == _REASONS.index("OPENING")
        in_book[legs.account[is_opening]] = True
        in_book[OUTSIDE] = False  # the counterparty of every opening position, flat once the book is open
        inside = (legs.time_ms > decline.peak_ms) & (legs.time_ms <= decline.trough_ms)
        for side, sign in enumerate((1, -1)):
            change = np.maximum(sign * legs.after, 0) - np.maximum(sign * legs.before, 0)
            cause = _causes(legs, change, engines, forced)
            opening += int(change[is_opening].sum()) if sign > 0 else 0
            for sums, counted in ((total, inside), (book, in_book[legs.account] & ~is_opening)):
                np.add.at(sums[side], cause[counted], change[counted])
    return Split(total, opening, book)


class _Legs(NamedTuple):
    """The two parties of each transfer, one after the other: (2n,) each."""

    seq: I64
    time_ms: I64
    reason: I64  # index into _REASONS
    account: I64
    before: I64  # lots, + long
    after: I64


def _legs(moved: pd.DataFrame, held: I64) -> _Legs:
    """Both parties' positions before and after each transfer; `held` (account,) is carried forward."""
    reason, names = pd.factorize(moved["reason"])
    unknown = sorted(set(names) - set(_REASONS))
    if unknown:
        raise AnalysisError(f"table transfers: contracts moved for an unknown reason {', '.join(unknown)}")
    lots = moved["lots"].to_numpy(np.int64)
    change = np.stack([lots, -lots], axis=1).reshape(-1)
    account = moved[["payer", "payee"]].to_numpy(np.int64).reshape(-1)
    order = np.argsort(account, kind="stable")
    grouped, moves = account[order], change[order]
    running = np.cumsum(moves)
    first = np.flatnonzero(np.diff(grouped, prepend=-1))
    base = np.repeat(running[first] - moves[first] - held[grouped[first]], np.diff(np.append(first, len(grouped))))
    after = np.empty_like(change)
    after[order] = running - base
    np.add.at(held, account, change)
    return _Legs(
        seq=np.repeat(moved["seq"].to_numpy(np.int64), 2),
        time_ms=np.repeat(moved["time_ms"].to_numpy(np.int64), 2),
        reason=np.repeat(np.array([_REASONS.index(name) for name in names], np.int64)[reason], 2),
        account=account,
        before=after - change,
        after=after,
    )


def _causes(legs: _Legs, change: I64, engines: npt.NDArray[np.bool_], forced: I64) -> I64:
    """Index into CAUSES of each party's change."""
    key = (legs.seq << 31) + legs.account
    at = np.searchsorted(forced, key)
    is_forced = np.zeros(len(key), np.bool_)
    is_forced[at < len(forced)] = forced[at[at < len(forced)]] == key[at < len(forced)]
    reason = [legs.reason == place for place in range(len(_REASONS))]
    _, _, _, takeover, unwind, adl, torn_up = reason
    fits = [
        (adl, _ADL),
        (torn_up, _TORN_UP),
        ((takeover | unwind) & engines[legs.account], _INVENTORY),
        (takeover, _TAKEN_OVER),
        (change > 0, _OPENED),
        (is_forced, _LIQUIDATED),
    ]
    found: I64 = np.select([fit for fit, _ in fits], [np.int64(cause) for _, cause in fits], np.int64(_CHOICE))
    return found
