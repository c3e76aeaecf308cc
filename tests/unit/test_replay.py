"""Recorded prices: what is read, how it is laid on the clock, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from clearsim.errors import ConfigError, InputDataError
from clearsim.market.clock import FixedClock
from clearsim.market.price import Independent, Replay, build_paths
from clearsim.market.price.replay import read_prices, spacing_notes
from clearsim.rng import Streams

START_MS = 1_760_130_000_000

#: A bar of one minute, in the twelve columns of Binance's spot candles.
BARE = "1735689660000000,100,112,94,110,5.1,1735689719999999,520.3,77,2.5,260.1,0\n"


def write(tmp_path, text):
    (tmp_path / "prices.csv").write_text(text)
    return tmp_path / "prices.csv"


def path_of(folder, *, duration_ms=4_000, start_ms=None, refine=1, tick_ms=1_000, **fields):
    return build_paths(
        Independent(),
        [Replay(file="prices.csv", **fields)],
        names=["X"],
        duration_ms=duration_ms,
        clock=FixedClock(tick_ms=tick_ms),
        streams=Streams(seed=1),
        start_ms=start_ms,
        folder=folder,
        refine=refine,
    )


def test_ticks_with_a_straight_line_in_log_price_between(tmp_path):
    write(tmp_path, f"ts_ms,price\n{START_MS},100\n{START_MS + 2_000},121\n{START_MS + 4_000},121\n")
    path = path_of(tmp_path)
    assert path.price[:, 0] == pytest.approx([100, 110, 121, 121, 121])
    assert path.sigma[1:, 0] == pytest.approx([np.log(1.21) / 2**0.5] * 2 + [0, 0])
    assert not path.jump.any()


def test_ticks_with_the_last_price_held_are_jumps(tmp_path):
    write(tmp_path, "ts_ms,price\n0,100\n1500,90\n2000,90\n3000,95\n5000,1\n")
    path = path_of(tmp_path, between="last")
    assert path.price[:, 0] == pytest.approx([100, 100, 90, 95, 95])
    assert np.flatnonzero(path.jump[:, 0]).tolist() == [2, 3]
    fine = path_of(tmp_path, between="last", refine=2)
    assert fine.price[3, 0] == pytest.approx(90)


def test_a_finer_grid_reads_points_between_the_ticks(tmp_path):
    write(tmp_path, "ts_ms,price\n0,100\n500,80\n1000,100\n4000,100\n")
    assert path_of(tmp_path).price[:, 0] == pytest.approx([100] * 5)
    assert path_of(tmp_path, refine=2).price[1, 0] == pytest.approx(80)
    assert path_of(tmp_path).sigma[1, 0] == pytest.approx(np.log(1.25) / 0.5**0.5)  # the coarse step knows of it


def test_candles_go_open_low_high_close_when_rising_and_open_high_low_close_when_falling(tmp_path):
    write(
        tmp_path,
        "open_time,open,high,low,close,volume\n"
        "60000,100,112,94,110,5\n"
        "120000,110,111,90,95,7\n",
    )  # fmt: skip
    times, prices = read_prices(tmp_path / "prices.csv")
    assert times.tolist() == [60_000, 80_000, 100_000, 119_999, 120_000, 140_000, 160_000, 179_999]
    assert prices.tolist() == [100, 94, 112, 110, 110, 111, 90, 95]


def test_candles_without_header_in_microseconds_as_binance_publishes_spot(tmp_path):
    later = BARE.replace("1735689660000000", "1735689720000000").replace("1735689719999999", "1735689779999999")
    write(tmp_path, BARE + later)
    times, prices = read_prices(tmp_path / "prices.csv")
    start = 1_735_689_660_000  # 1 January 2025, 00:01 UTC
    assert times.tolist()[:5] == [start, start + 20_000, start + 40_000, start + 59_999, start + 60_000]
    assert prices.tolist() == [100, 94, 112, 110] * 2


def test_align_to_the_start_of_the_run(tmp_path):
    write(tmp_path, f"ts_ms,price\n{START_MS - 2_000},100\n{START_MS + 2_000},100\n{START_MS + 4_000},121\n")
    path = path_of(tmp_path, align="start_utc", start_ms=START_MS)
    assert path.price[:, 0] == pytest.approx([100, 100, 100, 110, 121])
    with pytest.raises(ConfigError, match="start_utc"):
        path_of(tmp_path, align="start_utc")


def test_record_must_span_the_run(tmp_path):
    write(tmp_path, "ts_ms,price\n0,100\n3000,100\n")
    with pytest.raises(InputDataError, match=r"prices\.csv: the prices span 0 s to 3 s.*the run needs 0 s to 4 s"):
        path_of(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("ts_ms,price\n", "at least 2 rows of prices, found 0"),
        ("ts_ms,price\n0,1\n", "at least 2 rows of prices, found 1"),
        ("time,price\n0,1\n", "row 1: expected columns"),
        ("ts_ms,open,high,close\n0,1,1,1\n", "row 1: expected columns"),
        ("ts_ms,price\n0,1\n0,1\n", "row 3: times must increase, found 0 after 0"),
        ("ts_ms,price\n5,1\n4,1\n", "row 3: times must increase"),
        ("ts_ms,price\n0,1\n1,nan\n", "row 3: price must be a positive number, found 'nan'"),
        ("ts_ms,price\n0,1\n1,inf\n", "row 3: price must be a positive number"),
        ("ts_ms,price\n0,1\n1,0\n", "row 3: price must be a positive number, found '0'"),
        ("ts_ms,price\n0,1\n1,-2\n", "row 3: price must be a positive number, found '-2'"),
        ("ts_ms,price\n0,1\n1,\n", "row 3: price must be a positive number, found ''"),
        ("ts_ms,price\n0,1\n1\n", "row 3: expected at least 2 columns, found 1"),
        ("ts_ms,price\n0,50000\n1,50,001\n", r"row 3: expected 2 columns as in the header, found 3 \(a comma"),
        ("ts_ms,price\n0.5,1\n1,1\n", "row 2: time must be whole milliseconds, found '0.5'"),
        ("ts_ms,price\n1760130000000000,1\n1760130000001001,1\n", "row 3: a time in microseconds is not whole"),
        ("ts_ms,price\n1760130000000000000,1\n2,1\n", "these look like nanoseconds: divide by 1000000"),
        ("ts_ms,price\n0,1\n99999999999999999999,1\n", "row 3: time must be milliseconds within 3,000 years"),
        ("ts_ms,price\n0,１\n1,1\n", "row 2: price must be a positive number, found '１'"),
        ("ts_ms,price\n0,1_0\n1,1\n", "row 2: price must be a positive number, found '1_0'"),
        ("ts_ms,price\n0,1e999\n1,1\n", "row 2: price must be a positive number, found '1e999'"),
        ("ts_ms,price\n٣,1\n4,1\n", "row 2: time must be whole milliseconds, found '٣'"),
        (BARE.replace("94", "0") + BARE, "row 1: low must be a positive number, found '0'"),
        ("ts_ms,open,high,low,close\n0,1,1,1,1\n9,3,2,1,1\n", "row 3: open and close must be between low and high"),
        ("ts_ms,open,high,low,close\n0,1,1,1,1\n2,1,1,1,1\n", "bars of 2 ms are too short"),
    ],
)
def test_bad_files_are_refused_with_file_and_row(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(InputDataError, match=message) as error:
        read_prices(path)
    assert str(path) in str(error.value)


HOURLY_S = [1_759_968_000 + 3_600 * hour for hour in range(121)]  # Unix seconds, as many exchanges publish them


def test_seconds_since_1970_are_refused_with_the_factor(tmp_path):
    path = write(tmp_path, "ts_ms,price\n" + "".join(f"{time},50000\n" for time in HOURLY_S))
    with pytest.raises(InputDataError) as error:
        read_prices(path)
    assert str(error.value) == (
        f"{path}: row 2: times must be milliseconds since 1970; these look like seconds: multiply by 1000"
    )
    write(tmp_path, "ts_ms,price\n" + "".join(f"{1000 * time},50000\n" for time in HOURLY_S))
    assert read_prices(path)[0][:2].tolist() == [1_759_968_000_000, 1_759_971_600_000]


def test_a_change_of_unit_inside_a_file_is_refused_with_its_rows(tmp_path):
    mixed = [1_735_689_600_000, 1_735_689_660_000, 1_735_689_720_000_000, 1_735_689_780_000_000]
    path = write(tmp_path, "ts_ms,price\n" + "".join(f"{time},1\n" for time in mixed))
    message = r"row 4: times must have one unit; .* starts in milliseconds, .* microseconds .*\(2 rows: 4, 5\)"
    with pytest.raises(InputDataError, match=message):
        read_prices(path)
    since_start = [0, 60, 120, 180, 240_000, 300_000, 360_000]  # seconds, then milliseconds, since the start
    write(tmp_path, "ts_ms,price\n" + "".join(f"{time},1\n" for time in since_start))
    # spacings 60 60 60 | 239,820 60,000 60,000: a thousandfold, from row 5 on
    with pytest.raises(InputDataError, match=r"row 6: .*1000 times as far apart as before: multiply"):
        read_prices(path)


def test_times_from_zero_are_milliseconds_and_gaps_in_them_are_reported(tmp_path):
    minutes = [60_000 * n for n in range(10)]
    path = write(tmp_path, "ts_ms,price\n" + "".join(f"{time},1\n" for time in minutes))
    assert read_prices(path)[0].tolist() == minutes
    assert spacing_notes(path) == []
    later = [*minutes, 540_000 + 3_600_000, 540_000 + 3_660_000]
    write(tmp_path, "ts_ms,price\n" + "".join(f"{time},1\n" for time in later))
    (note,) = spacing_notes(path)  # the tenth price stands in row 11, an hour passes after it
    assert "jumps 1 time: it is usually 60 s, at most 3600 s (after row 11)" in note
    write(tmp_path, "ts_ms,open,high,low,close\n" + "".join(f"{t},1,1,1,1\n" for t in (0, 60_000, 180_000)))
    assert "(after row 3)" in spacing_notes(path)[0]  # one bar is missing


def test_all_faults_of_a_file_are_in_one_error(tmp_path):
    path = write(tmp_path, "ts_ms,price\n0,1\n1,x\n2,-1\n3,1,1\nnoon,1\n")
    with pytest.raises(InputDataError) as error:
        read_prices(path)
    assert str(error.value).splitlines() == [
        f"{path}: row 3: price must be a positive number, found 'x' (2 rows: 3, 4)",
        f"{path}: row 5: expected 2 columns as in the header, found 3 (a comma inside a number?)",
        f"{path}: row 6: time must be whole milliseconds, found 'noon'",
    ]


@pytest.mark.parametrize("column", [0, 1])
def test_no_cell_of_a_price_file_gives_a_traceback(tmp_path, column):
    for cell in (
        "1e30",
        "1e999",
        "²",
        "１",
        "1_0",
        "nan",
        "",
        "9" * 19,
        "9" * 20,
        "9" * 400,
        "-9" * 3,
        "0x1",
        "1.5",
        "\x00",
        "+7",
    ):
        row = ["5", "1"]
        row[column] = cell
        path = write(tmp_path, f"ts_ms,price\n0,1\n{','.join(row)}\n9,1\n")
        if cell == "+7" or (cell == "1.5" and column == 1):
            assert read_prices(path)[0].tolist() == [0, 7 if column == 0 else 5, 9]
            continue
        if column == 1 and cell in ("1e30", "9" * 19, "9" * 20):
            assert np.isfinite(read_prices(path)[1]).all()
            continue
        with pytest.raises(InputDataError, match=r"prices\.csv: row "):
            read_prices(path)


def test_missing_file(tmp_path):
    with pytest.raises(InputDataError, match="cannot be read as CSV"):
        read_prices(tmp_path / "none.csv")


RECORDED = Path(__file__).parents[3] / "shared" / "data" / "market"


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded market data is not here")
@pytest.mark.parametrize(
    ("name", "rows", "low"),
    [
        ("gemini_BTCUSD_1m_2025-10-10.csv", None, 107_000.0),
        ("binance_BTCUSD_PERP_markprice_1m_2025-10-09_10.csv", 2 * 1_440, 102_497.0),
        ("gemini_BTCUSD_1h_2020-01-17_2020-04-09.csv", None, 3_901.0),
    ],
)
def test_recorded_candles_are_read(name, rows, low):
    times, prices = read_prices(RECORDED / name)
    assert rows is None or len(times) == 4 * rows
    assert prices.min() == pytest.approx(low, rel=1e-3)
    assert np.all(np.diff(times) > 0)
