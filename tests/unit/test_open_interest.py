"""What removed open interest: hand-worked transfers, split by cause and side, exact in lots."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.open_interest import CAUSES, Decline, declines, largest_decline, split_transfers
from clearsim.analysis.run_folder import open_run

from tests.worlds.results import write_part, write_rich

OUTSIDE, ENGINE, ANN, BOB, CAT, DAN = 0, 4, 5, 6, 7, 8
COLUMNS = ["seq", "time_ms", "reason", "payer", "payee", "lots", "market"]
#: The payer receives the lots. Ann is long 10, Bob long 5; Cat is short 15; Dan is flat.
OPENING = [
    (0, 0, "OPENING", ANN, OUTSIDE, 10, "M"),
    (1, 0, "OPENING", BOB, OUTSIDE, 5, "M"),
    (2, 0, "OPENING", CAT, OUTSIDE, -15, "M"),
]


def split(rows, *, forced=(), peak_ms=0, trough_ms=100):
    pieces = [pd.DataFrame(part, columns=COLUMNS) for part in (rows[:4], rows[4:])]
    engines = np.arange(9) == ENGINE
    keys = np.sort(np.array([(seq << 31) + account for seq, account in forced], np.int64))
    return split_transfers(pieces, Decline("M", peak_ms, trough_ms, 0, 0), engines=engines, forced=keys)


def by_cause(side):
    return {cause: int(lots) for cause, lots in zip(CAUSES, side, strict=True) if lots}


def test_the_largest_decline_runs_from_the_last_peak_to_the_first_lowest_sample():
    """10, 12, 12, 7, 9, 7: from 12 (second time) to 7 (first time)."""
    frame = pd.DataFrame({"market": "M", "time_ms": range(6), "open_interest_lots": [10, 12, 12, 7, 9, 7]})
    assert largest_decline(frame) == Decline("M", 2, 3, 12, 7)
    assert largest_decline(frame.iloc[:2]).lots == 0
    assert largest_decline(frame.iloc[:0]) is None


def test_a_liquidation_that_a_new_long_buys_removes_nothing():
    """Ann is liquidated: 4 of her lots go to Dan, who was flat. Longs: -4 +4; shorts: none; the sum is 0."""
    found = split([*OPENING, (3, 10, "LIQUIDATION", DAN, ANN, 4, "M")], forced=[(3, ANN)])
    assert by_cause(found.decline[0]) == {"liquidated into the book": -4, "opened anew": 4}
    assert by_cause(found.decline[1]) == {}


def test_a_liquidation_that_a_short_buys_back_removes_it():
    """Cat buys 4 of Ann's lots to close: the long side was liquidated, the short side closed by choice."""
    found = split([*OPENING, (3, 10, "LIQUIDATION", CAT, ANN, 4, "M")], forced=[(3, ANN)])
    assert by_cause(found.decline[0]) == {"liquidated into the book": -4}
    assert by_cause(found.decline[1]) == {"closed by choice": -4}


def test_every_cause_by_hand():
    """Ann's 10: 3 taken over by ENGINE, which unwinds 1 to Dan; 6 closed by ADL against Cat; 1 torn up against Cat.
    Bob sells 2 to Cat by choice. Long side: 15 -> 3 (Bob) + 1 (Dan) + 2 (ENGINE) = 6; short side: 15 -> 6."""
    rows = [
        *OPENING,
        (3, 10, "TAKEOVER", ENGINE, ANN, 3, "M"),
        (4, 10, "ADL", CAT, ANN, 6, "M"),
        (5, 10, "SOCIALISED_LOSS", CAT, ANN, 1, "M"),
        (6, 20, "UNWIND", DAN, ENGINE, 1, "M"),
        (7, 30, "TRADE", CAT, BOB, 2, "M"),
        (8, 30, "FEE", CAT, BOB, 0, ""),
    ]
    found = split(rows)
    assert found.opening == 15
    assert by_cause(found.decline[0]) == {
        "taken over by ENGINE": -3,
        "closed by ADL": -6,
        "torn up": -1,
        "closed by choice": -2,
        "opened anew": 1,
        "ENGINE: taken over less unwound": 2,
    }
    assert by_cause(found.decline[1]) == {"closed by ADL": -6, "torn up": -1, "closed by choice": -2}
    assert found.decline.sum(axis=1).tolist() == [-9, -9]
    # of the opening book, Dan and ENGINE are left out: Ann and Bob keep 15 - 12 = 3, Cat keeps 6 short
    assert (found.opening + found.book.sum(axis=1)).tolist() == [3, 6]


def test_a_trade_through_zero_closes_one_side_and_opens_the_other():
    """Bob, long 5, sells 8 to Cat, short 15: he ends short 3. Longs -5; shorts +3 (Bob) and -8 (Cat)."""
    found = split([*OPENING, (3, 10, "TRADE", CAT, BOB, 8, "M")])
    assert by_cause(found.decline[0]) == {"closed by choice": -5}
    assert by_cause(found.decline[1]) == {"closed by choice": -8, "opened anew": 3}


def test_only_transfers_between_peak_and_trough_count():
    rows = [*OPENING, (3, 10, "TRADE", CAT, BOB, 1, "M"), (4, 20, "TRADE", CAT, BOB, 2, "M")]
    rows += [(5, 30, "TRADE", CAT, BOB, 1, "M"), (6, 20, "TRADE", CAT, BOB, 1, "OTHER")]
    assert by_cause(split(rows, peak_ms=10, trough_ms=20).decline[0]) == {"closed by choice": -2}


def test_an_unknown_reason_is_refused():
    with pytest.raises(AnalysisError, match="unknown reason GIFT"):
        split([*OPENING, (3, 10, "GIFT", CAT, BOB, 1, "M")])


def test_transfers_that_do_not_make_up_the_samples_are_refused(tmp_path):
    folder = write_rich(tmp_path)
    series = open_run(folder).series
    low = series["open_interest_lots"].where(series["market"] == "ETHUSDT", series["open_interest_lots"] - 1)
    at = series["time_ms"] > 3_500_000
    series["open_interest_lots"] = low.where(at, series["open_interest_lots"])
    write_part(folder, "series", {name: series[name].to_numpy() for name in series})
    with pytest.raises(AnalysisError, match="open interest of BTCUSDT changed by -800000 lots at the samples"):
        declines(open_run(folder))
