"""Files of prices as series: layouts, holes, several files, and what is refused with its row."""

import gzip

import numpy as np
import pytest
from clearsim.errors import InputDataError
from clearsim.history.price_series import read_series

T = 1_700_000_000_000
MINUTE = 60_000


def file(tmp_path, text, name="prices.csv"):
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def rows(*minutes, header="ts_ms,open,high,low,close", price="10,12,9,11"):
    return "\n".join([header, *(f"{T + minute * MINUTE},{price}" for minute in minutes)]) + "\n"


def test_candles_cover_their_step(tmp_path):
    series = read_series([file(tmp_path, rows(0, 1, 2), "candles.csv.gz")])
    assert series.is_candles
    assert series.step_ms == MINUTE
    assert (series.end_ms - series.start_ms).tolist() == [MINUTE] * 3
    assert series.covered_ms.sum() == 3 * MINUTE
    assert series.prices[0].tolist() == [10, 12, 9, 11]
    assert series.notes == ()


def test_other_columns_and_spellings_do_not_matter(tmp_path):
    header = 'Open_Time,volume,"LOW",High,open,close'
    series = read_series([file(tmp_path, rows(0, 1, header=header, price="5,9,12,10,11"))])
    assert series.prices.tolist() == [[10, 12, 9, 11]] * 2


def test_binance_files_without_a_header_are_read_by_order(tmp_path):
    text = "".join(f"{(T + k * MINUTE) * 1000},10,12,9,11,5,0,0,0,0,0,0\n" for k in range(3))
    series = read_series([file(tmp_path, text)])
    assert series.start_ms.tolist() == [T, T + MINUTE, T + 2 * MINUTE]  # from us


def test_single_prices_end_when_they_begin(tmp_path):
    series = read_series([file(tmp_path, f"ts_ms,price\n{T},10\n{T + 1000},9\n{T + 2000},8\n")])
    assert not series.is_candles
    assert np.array_equal(series.start_ms, series.end_ms)
    assert series.prices[1].tolist() == [9, 9, 9, 9]
    assert series.covered_ms.sum() == 2000


def test_holes_are_named_and_do_not_count(tmp_path):
    """Five minutes of candles and, after a hole of 28, one more: the time of six is covered."""
    series = read_series([file(tmp_path, rows(0, 1, 2, 3, 4, 33))])
    assert series.covered_ms.sum() == 6 * MINUTE
    (note,) = series.notes
    assert note.startswith("1 hole, 0.467 hours together, the longest 0.467 hours after 2023-11-14 22:17")


def test_a_hole_of_single_prices_is_ten_times_their_spacing(tmp_path):
    lines = "".join(f"{T + 1000 * k},10\n" for k in (0, 1, 2, 3, 13, 24, 25))
    series = read_series([file(tmp_path, f"ts_ms,price\n{lines}")])
    assert series.covered_ms.sum() == 14_000  # 10 s is no hole, 11 s is
    assert series.notes[0].startswith("1 hole, 0.00306 hours")


def test_candles_without_open_begin_at_the_close_before(tmp_path):
    series = read_series([file(tmp_path, rows(0, 1, 3, header="ts_ms,high,low,close", price="12,9,11"))])
    assert np.isnan(series.prices[:, 0]).tolist() == [True, False, True]
    assert series.prices[1, 0] == 11
    assert "no column open" in series.notes[0]


def test_files_are_joined_in_order_and_equal_rows_are_one(tmp_path):
    late, early = file(tmp_path, rows(2, 3), "b.csv"), file(tmp_path, rows(0, 1, 2), "a.csv")
    series = read_series([late, early])
    assert (series.start_ms - T).tolist() == [0, MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert series.notes == ("1 repeated rows left out",)
    other = file(tmp_path, rows(2, 3, price="10,12,8,11"), "c.csv")
    with pytest.raises(InputDataError, match=f"another file has other prices at {T + 2 * MINUTE} ms"):
        read_series([early, other])


def test_files_of_another_step_or_kind_are_refused(tmp_path):
    minutes, hours = file(tmp_path, rows(0, 1, 2), "a.csv"), file(tmp_path, rows(60, 120), "b.csv")
    with pytest.raises(InputDataError, match=r"b.csv: candles are 3600 s, those of .*a.csv 60 s"):
        read_series([minutes, hours])
    single = file(tmp_path, f"ts_ms,price\n{T},10\n{T + 1000},9\n", "c.csv")
    with pytest.raises(InputDataError, match="other columns"):
        read_series([minutes, single])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (rows(0, 1).replace("10,12", "x,12"), "row 2: open must be a positive number, found 'x' (2 rows: 2, 3)"),
        (rows(0, 1).replace("12,9", "12,0"), "row 2: low must be a positive number, found '0' (2 rows: 2, 3)"),
        (rows(0, 1) + f"\n{T + 2 * MINUTE},10,12,,11\n", "row 5: low must be a positive number, found ''"),
        (rows(0, 1) + f"{T + 2 * MINUTE},10,12,9,inf\n", "row 4: close must be a positive number, found 'inf'"),
        (rows(0, 1, price="10,9.5,9,11"), "row 2: open and close must be between low and high (2 rows: 2, 3)"),
        (rows(0, 2, 1), f"row 4: times must rise, found {T + MINUTE} after {T + 2 * MINUTE}"),
        (rows(0, 1).replace(f"{T + MINUTE}", "noon"), "row 3: time must be whole milliseconds or microseconds"),
        (rows(0, 1).replace("000,10", ",10"), "row 2: times must be milliseconds since 1970; these look like seconds"),
        (rows(0), "expected at least 2 rows of prices, found 1"),
        (rows(0, 1).replace("low", "lowest"), "row 1: expected columns ts_ms,price or ts_ms (open_time),open,high"),
        (rows(0, 1) + f"{T + 2 * MINUTE},10,12,9,11,7\n", "cannot be read as CSV: "),
        ("", "must be a CSV with columns"),
        ('{"a": 1}', "must be a CSV with columns"),
        ("1,2,3\n4,5,6\n", "row 1: without a header expected open_time,open,high,low,close,..."),
    ],
)  # fmt: skip
def test_faults_are_named_with_their_rows(tmp_path, text, error):
    path = file(tmp_path, text)
    with pytest.raises(InputDataError) as caught:
        read_series([path])
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: {error}")


def test_candles_that_overlap_are_refused(tmp_path):
    text = rows(0, 1, 2, 3) + f"{T + 4 * MINUTE - 1000},10,12,9,11\n"
    with pytest.raises(InputDataError, match="candles of 60 s overlap"):
        read_series([file(tmp_path, text)])
