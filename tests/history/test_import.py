"""Files as venues publish them become days: one made file per layout, every value worked out by hand."""

import gzip
import json
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from clearsim.errors import ConfigError, InputDataError
from clearsim.history.common_file import read_history, write_history
from clearsim.history.daily import joined
from clearsim.history.importing import import_candles, import_days
from clearsim.history.layouts import KINDS, LAYOUTS

D1, D2, D3 = date(2025, 10, 9), date(2025, 10, 10), date(2025, 10, 11)
MS1, MS2 = 1760011200000, 1760097600000  # 2025-10-09 12:00, 2025-10-10 12:00 UTC


def written(folder, name, value):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def okx_entry(ts, balance, kind="regular_update", amount=""):
    return {"adlType": "", "amt": amount, "balance": balance, "ccy": "BTC", "ts": str(ts), "type": kind}


#: layout -> (file name, content, kind, column, unit, {day: value}, options)
FILES = {
    "bitmex": (
        "insurance.json",
        [
            {"currency": "XBt", "timestamp": "2025-10-09T12:00:00.000Z", "walletBalance": 3550800000000},
            {"currency": "XBt", "timestamp": "2025-10-10T12:00:00.000Z", "walletBalance": 3388100000001},
        ],
        "fund", "balance", "BTC", {D1: "35508", D2: "33881.00000001"}, {},
    ),
    "bitmex-csv": (
        "insurance.csv",
        'timestamp,currency,walletBalance\n"2025-10-09T12:00:00.000Z","USDt",5000000\n'
        "2025-10-10T12:00:00.000Z,USDt,4500001\n",
        "fund", "balance", "USDT", {D1: "5", D2: "4.500001"}, {},
    ),
    "bybit": (
        "bybit.json",
        {"retCode": 0, "result": {"updatedTime": str(MS2), "list": [
            {"coin": "USDT", "symbols": "BTCUSDT,ETHUSDT", "balance": "400.5", "value": "400.4"},
            {"coin": "BTC", "symbols": "", "balance": "7", "value": "1"}]}},
        "fund", "balance", "USDT", {D2: "400.5"}, {"symbol": "BTCUSDT"},
    ),
    "okx": (
        "okx.json",
        {"code": "0", "data": [{"instFamily": "BTC-USD", "instType": "SWAP", "total": "9", "details": [
            okx_entry(MS2, "95", "platform_revenue", "15"), okx_entry(MS1, "100")]}]},
        "fund", "balance", "BTC", {D1: "100", D2: "95"}, {},
    ),
    "htx": (
        "htx.json",
        {"status": "ok", "data": {"symbol": "BTC", "contract_code": "BTC-USD", "tick": [
            {"insurance_fund": 1121.5, "ts": MS1}, {"insurance_fund": 1327, "ts": MS2}]}},
        "fund", "balance", "BTC", {D1: "1121.5", D2: "1327"}, {},
    ),
    "gate": (
        "gate.json",
        [{"t": MS1 // 1000, "b": "83.0031"}, {"t": MS2 // 1000, "b": 84}],
        "fund", "balance", "USDT", {D1: "83.0031", D2: "84"}, {"unit": "USDT"},
    ),
    "cryptocom": (
        "cryptocom.json",
        {"result": {"instrument_name": "USD_Stable_Coin", "data": [{"v": "50000000.5", "t": MS1}]}},
        "fund", "balance", "USD", {D1: "50000000.5"}, {},
    ),
    "hyperliquid-pnl": (
        "hlp_liquidator_pnl",
        {"chart_data": [{"time": "2025-10-09T00:00:00", "total_pnl": 10.5},
                        {"time": "2025-10-10T00:00:00", "total_pnl": -4}]},
        "fund", "balance", "USD", {D1: "10.5", D2: "6.5"}, {},
    ),
    "hyperliquid-open-interest": (
        "open_interest",
        {"chart_data": [{"time": "2025-10-09T00:00:00", "coin": "BTC", "open_interest": 100},
                        {"time": "2025-10-09T00:00:00", "coin": "ETH", "open_interest": 20.25}]},
        "open_interest", "open_interest", "USD", {D1: "120.25"}, {},
    ),
    "hyperliquid-liquidated": (
        "daily_notional_liquidated_by_coin",
        {"chart_data": [{"time": "2025-10-09T00:00:00", "coin": "BTC", "daily_notional_liquidated": 3},
                        {"time": "2025-10-09T00:00:00", "coin": "ETH", "daily_notional_liquidated": 4}]},
        "liquidations", "liquidated", "USD", {D1: "3"}, {"symbol": "BTC"},
    ),
    "binance-metrics": (
        "BTCUSDT-metrics-2025-10-10.csv",
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio\n"
        "2025-10-10 00:05:00,BTCUSDT,91000,10637900000,1\n2025-10-10 23:55:00,BTCUSDT,80000,9000000000.5,1\n",
        "open_interest", "open_interest", "USDT", {D2: "9000000000.5"}, {},
    ),
    "binance-liquidations": (
        "BTCUSDT-liquidationSnapshot-2025-10-10.csv",
        "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
        f"accumulated_fill_quantity\n{MS2},SELL,LIMIT,IOC,2,99,100,FILLED,2,2\n{MS2},SELL,LIMIT,IOC,2,99,50,FILLED,1,1\n",
        "liquidations", "liquidated", "USDT", {D2: "250"}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", FILES)
def test_each_layout_is_detected_and_read(tmp_path, layout):
    name, content, kind, column, unit, expected, options = FILES[layout]
    history = import_days([written(tmp_path, name, content)], kind, **options)
    assert history.units[column] == unit
    assert {day: values[column] for day, values in history.days.items()} == {
        day: Decimal(value) for day, value in expected.items()
    }
    assert any(layout in note for note in history.notes)


def test_every_layout_has_a_made_file():
    assert set(FILES) == {layout.name for layout in LAYOUTS}


def test_what_the_platform_paid_in_is_injected(tmp_path):
    """OKX: 100 on the 9th, 95 on the 10th after 15 of revenue were paid in: the draw is 20."""
    history = import_days([written(tmp_path, "okx.json", FILES["okx"][1])], "fund")
    assert history.days[D2] == {"balance": Decimal(95), "injected": Decimal(15)}


def test_contracts_of_coin_margined_symbols_count_in_usd(tmp_path):
    """BTC contracts are 100 USD, all others 10: 7 and 3 contracts are 700 and 30 USD."""
    header = "time,symbol,side,average_price,accumulated_fill_quantity\n"
    rows = f"{MS2},BTCUSD_PERP,SELL,110000,7\n{MS2},ETHUSD_PERP,SELL,4000,3\n"
    path = written(tmp_path, "liq.csv", header + rows)
    assert import_days([path], "liquidations").days[D2] == {"liquidated": Decimal(730)}


def test_several_files_are_one_series_and_zips_and_gzips_are_opened(tmp_path):
    first, second = FILES["bitmex"][1]
    packed = tmp_path / "a.json.gz"
    packed.write_bytes(gzip.compress(json.dumps([first]).encode()))
    archive = tmp_path / "b.zip"
    with zipfile.ZipFile(archive, "w") as handle:
        handle.writestr("insurance.json", json.dumps([first, second]))
    history = import_days([packed, archive], "fund")
    assert list(history.days) == [D1, D2]
    assert any("1 repeated" in note for note in history.notes)


def test_times_with_an_offset_are_converted_and_days_are_utc(tmp_path):
    """2025-10-11 07:00 at +08:00 is 2025-10-10 23:00 UTC."""
    entry = {"currency": "XBt", "timestamp": "2025-10-11T07:00:00+08:00", "walletBalance": 100000000}
    assert list(import_days([written(tmp_path, "a.json", [entry])], "fund").days) == [D2]


def test_the_last_balance_of_a_day_counts_whatever_the_order_of_the_file(tmp_path):
    late = {"t": MS2 // 1000 + 60, "b": "5"}
    path = written(tmp_path, "gate.json", [late, {"t": MS2 // 1000, "b": "9"}])
    assert import_days([path], "fund", unit="BTC").days[D2] == {"balance": Decimal(5)}


def test_two_values_at_one_time_are_refused_with_their_row(tmp_path):
    path = written(tmp_path, "gate.json", [{"t": MS2 // 1000, "b": "5"}, {"t": MS2 // 1000, "b": "6"}])
    with pytest.raises(InputDataError, match=r"gate\.json: row 2: a time has two values: 6 at .*, but 5 in row 1"):
        import_days([path], "fund", unit="BTC")


def test_gaps_stay_and_are_said(tmp_path):
    """From the 9th to the 14th: four days are missing."""
    path = written(tmp_path, "gate.json", [{"t": MS1 // 1000, "b": "5"}, {"t": MS1 // 1000 + 5 * 86400, "b": "6"}])
    history = import_days([path], "fund", unit="BTC")
    assert len(history.days) == 2
    assert any("4 days are missing in 1 gaps; the longest is after 2025-10-09" in note for note in history.notes)


def test_a_fall_to_nothing_counts_as_a_draw_and_says_how_to_state_a_reset(tmp_path):
    path = written(tmp_path, "gate.json", [{"t": MS1 // 1000, "b": "100"}, {"t": MS2 // 1000, "b": "4"}])
    history = import_days([path], "fund", unit="BTC")
    assert any("a reset of the fund?" in note and "--injected 2025-10-10=-96" in note for note in history.notes)
    stated = import_days([path], "fund", unit="BTC", injected={D2: Decimal(-96)})
    assert stated.days[D2] == {"balance": Decimal(4), "injected": Decimal(-96)}
    assert not any("reset" in note for note in stated.notes)


def test_daily_results_have_no_level_unless_it_is_given(tmp_path):
    path = written(tmp_path, "hlp.json", FILES["hyperliquid-pnl"][1])
    assert not import_days([path], "fund").has_level
    given = import_days([path], "fund", opening=Decimal(200))
    assert given.has_level
    assert given.days[D2] == {"balance": Decimal("206.5")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": "5,1"}, r"row 2: column b: must be a number, found '5,1'"),
        ({"b": None}, r"row 2: column b: must be a number, found None"),
        ({"b": True}, r"row 2: column b: must be a number, found True"),
        ({"t": "yesterday"}, r"row 2: column t: must be an ISO time"),
        ({"t": 12}, r"row 2: column t: must be an ISO time"),
    ],
)
def test_a_bad_cell_is_refused_with_file_row_and_column(tmp_path, change, message):
    entries = [{"t": MS1 // 1000, "b": "1"}, {"t": MS2 // 1000, "b": "2"} | change]
    with pytest.raises(InputDataError, match=rf"gate\.json: {message}"):
        import_days([written(tmp_path, "gate.json", entries)], "fund", unit="BTC")


def test_a_short_row_of_csv_is_refused_with_its_line(tmp_path):
    path = written(tmp_path, "m.csv", FILES["binance-metrics"][1] + "2025-10-10 23:55:00,BTCUSDT\n")
    with pytest.raises(InputDataError, match=r"m\.csv: row 4: must have 5 cells, found 2"):
        import_days([path], "open_interest")


def test_what_must_be_chosen_is_asked_for(tmp_path):
    gate = written(tmp_path, "gate.json", FILES["gate"][1])
    bybit = written(tmp_path, "bybit.json", FILES["bybit"][1])
    with pytest.raises(ConfigError, match="--unit USDT"):
        import_days([gate], "fund")
    with pytest.raises(ConfigError, match=r"choose one by --symbol: 'BTC', 'USDT BTCUSDT,ETHUSDT'"):
        import_days([bybit], "fund")
    with pytest.raises(ConfigError, match="--symbol SOLUSDT: is not in the file"):
        import_days([bybit], "fund", symbol="SOLUSDT")
    with pytest.raises(ConfigError, match=r"--unit BTC: the file is in USDT"):
        import_days([bybit], "fund", symbol="BTCUSDT", unit="BTC")


def test_an_unknown_kind_or_layout_names_the_nearest(tmp_path):
    path = written(tmp_path, "gate.json", FILES["gate"][1])
    with pytest.raises(ConfigError, match="did you mean liquidations"):
        import_days([path], "liquidation")
    with pytest.raises(ConfigError, match="did you mean bitmex"):
        import_days([path], "fund", layout="bitmx")
    assert KINDS == ("fund", "open_interest", "liquidations", "index")


def test_a_file_of_another_kind_says_which(tmp_path):
    path = written(tmp_path, "gate.json", FILES["gate"][1])
    with pytest.raises(InputDataError, match=r"it is Gate .*, kind fund"):
        import_days([path], "open_interest")
    with pytest.raises(InputDataError, match="is not in layout bybit; expected bybit"):
        import_days([path], "fund", layout="bybit")


def test_the_common_file_gives_back_what_was_written(tmp_path):
    first = import_days([written(tmp_path, "okx.json", FILES["okx"][1])], "fund")
    second = import_days([written(tmp_path, "m.csv", FILES["binance-metrics"][1])], "open_interest")
    whole = joined(first, second, path=tmp_path / "x.csv")
    write_history(whole, tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text()
    assert text == (
        "date_utc,balance (BTC),injected (BTC),open_interest (USDT)\n2025-10-09,100,0,\n2025-10-10,95,15,9000000000.5\n"
    )
    assert read_history(tmp_path / "x.csv") == whole


def test_histories_that_contradict_are_not_joined(tmp_path):
    first = import_days([written(tmp_path, "a.json", FILES["gate"][1])], "fund", unit="BTC")
    other = import_days([written(tmp_path, "b.json", [{"t": MS1 // 1000, "b": "1"}])], "fund", unit="BTC")
    with pytest.raises(InputDataError, match=r"2025-10-09, column balance: 83\.0031 there, 1 in the new file"):
        joined(first, other, path=tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date_utc,balance\n2025-10-10,1\n", r"row 1: a column needs its unit in the header: write balance \(USDT\)"),
        ("date_utc,balanse (BTC)\n2025-10-10,1\n", "did you mean balance"),
        ("balance (BTC)\n1\n", "column date_utc is missing"),
        ("date_utc,balance (BTC),injected (USDT)\n2025-10-10,1,1\n", "must have the same unit; found BTC and USDT"),
        ("date_utc,balance (BTC)\n2025-10-10,1\n2025-10-10,2\n", "row 3: column date_utc: dates must rise"),
        ("date_utc,balance (BTC)\n10.10.2025,1\n", "row 2: column date_utc: must be a date like 2025-10-10"),
        ("date_utc,balance (BTC)\n2025-10-10,one\n", "row 2: column balance: must be a number, or empty, found 'one'"),
        ("date_utc,liquidated (BTC)\n2025-10-10,-1\n", "row 2: column liquidated: must not be negative"),
        ("date_utc,balance (BTC)\n", "has a header but no days"),
        ("date_utc,balance (BTC)\n2025-10-10,1,2\n", "row 2: must have 2 cells, found 3"),
    ],
)
def test_a_faulty_common_file_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(InputDataError, match=message):
        read_history(written(tmp_path, "h.csv", text))


def test_candles_of_several_files_become_one_series_in_milliseconds(tmp_path):
    """A headerless file in microseconds after one with a header in milliseconds; the minute between is missing."""
    first = written(tmp_path, "a.csv", f"open_time,open,high,low,close,volume\n{MS2},100,101.5,99,100.25,0\n")
    second = written(
        tmp_path, "b.csv", "".join(f"{(MS2 + 60000 * k) * 1000},100,102,98,99,0,0,0,0,0,0,0\n" for k in (1, 2, 4))
    )
    candles = import_candles([second, first])
    assert candles.text().splitlines()[:3] == [
        "ts_ms,open,high,low,close", f"{MS2},100,101.5,99,100.25", f"{MS2 + 60000},100,102,98,99"
    ]  # fmt: skip
    assert candles.notes == ("1 candles of 60 s are missing; they stay missing",)


def test_a_candle_whose_low_is_not_the_lowest_is_refused(tmp_path):
    path = written(tmp_path, "a.csv", f"open_time,open,high,low,close\n{MS1},100,101,99,98\n{MS2},100,101,99,100\n")
    with pytest.raises(InputDataError, match=r"a\.csv: row 2: prices must be positive, low the lowest"):
        import_candles([path])
