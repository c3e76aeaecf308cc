"""Own book: strict reading with row and column in every error, balance, layout, and an exact round trip."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from clearsim.agents import Whale
from clearsim.agents.behaviours import Levered, Noise
from clearsim.agents.cohort import Cohort, PopulationConfig
from clearsim.agents.shares import Venue
from clearsim.errors import InputDataError
from clearsim.instrument import Instrument
from clearsim.layout import MARKET_DTYPE, TIER_DTYPE, MarketArrays
from clearsim.opening import (
    ImportedOpening,
    opening_from_positions,
    positions_of_opening,
    read_positions,
    scan_positions,
    write_positions,
)
from clearsim.rng import Streams

HEADER = "account,market,side,quantity,entry,margin,mode,collateral"
# One tick (0.1) on one lot (0.001) is 0.0001 USDT = 100 quanta of 1e-6.
BTC = Instrument.build(name="BTCUSDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), quantum=Decimal("0.000001"))
ETH = Instrument.build(name="ETHUSDT", tick_size=Decimal("0.01"), lot_size=Decimal("0.01"), quantum=Decimal("0.000001"))
FIRST = 5
NOISE = Noise(kind="noise", market="BTCUSDT", orders_per_s=Decimal(1), volume_quote_per_s=Decimal(1000))
POPULATION = PopulationConfig(cohorts=(Cohort(name="noise", traders=3, behaviour=NOISE),))


def venue() -> Venue:
    params = np.zeros(2, MARKET_DTYPE)
    params["tick_value"] = (BTC.tick_value, ETH.tick_value)
    markets = MarketArrays(np.array([500_000, 300_000]), params, np.zeros((2, 1), TIER_DTYPE))
    return Venue((BTC, ETH), markets, Decimal("0.000001"), Decimal(1), FIRST)


def write(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "book.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def opening(path: Path, residual: str | None = None, population: PopulationConfig = POPULATION) -> ImportedOpening:
    return opening_from_positions(
        path,
        read_positions(path, (BTC, ETH)),
        residual_account=residual,
        population=population,
        agents=(),
        venue=venue(),
        streams=Streams(seed=1),
    )


LONG = "ann,BTCUSDT,long,0.2,50000,1000,isolated,500"
SHORT = "bob,BTCUSDT,short,0.2,50000,0,cross,5000"


def test_positions_are_read_in_whole_lots_ticks_and_quanta(tmp_path: Path) -> None:
    ann, bob = read_positions(write(tmp_path, LONG, SHORT), (BTC, ETH))
    # 0.2 / 0.001 = 200 lots; 50000 / 0.1 = 500000 ticks; 1000 / 1e-6 = 1e9 quanta
    assert (ann.lots, ann.entry, ann.margin, ann.isolated, ann.collateral) == (200, 500_000, 10**9, True, 5 * 10**8)
    assert (bob.lots, bob.margin, bob.isolated, bob.collateral) == (-200, 0, False, 5 * 10**9)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ann,BTCUSDT,long,-0.2,50000,1000,isolated,0", "row 2: quantity must be a positive number, found '-0.2'"),
        ("ann,BTCUSDT,long,0,50000,1000,isolated,0", "row 2: quantity must be a positive number, found '0'"),
        ("ann,BTCUSDT,long,nan,50000,1000,isolated,0", "row 2: quantity must be a positive number, found 'nan'"),
        ("ann,BTCUSDT,long,,50000,1000,isolated,0", "row 2: quantity must be a positive number, found nothing"),
        ("ann,BTCUSDT,long,0.0005,50000,1000,isolated,0", "row 2: quantity must be a whole multiple of the lot 0.001"),
        ("ann,BTCUSDT,long,0.2,50000.05,1000,isolated,0", "row 2: entry must be a whole multiple of the tick 0.1"),
        ("ann,BTCUSDT,long,0.2,-1,1000,isolated,0", "row 2: entry must be a positive number, found '-1'"),
        ("ann,BTCUSDT,long,0.2,50000,0,isolated,0", "row 2: margin must be a positive number, found '0'"),
        ("ann,BTCUSDT,long,0.2,50000,-1,cross,0", "row 2: margin must be a number, zero or more, found '-1'"),
        ("ann,BTCUSDT,long,0.2,50000,1000,isolated,inf", "row 2: collateral must be a number, zero or more"),
        ("ann,BTCUSDT,long,0.2,50000,1000,isolated,0.0000001", "row 2: collateral must be whole quanta of 0.000001"),
        (
            "ann,BTCUSD,long,0.2,50000,1000,isolated,0",
            "row 2: market must be one of BTCUSDT, ETHUSDT (did you mean BTCUSDT?)",
        ),
        ("ann,BTCUSDT,buy,0.2,50000,1000,isolated,0", "row 2: side must be long or short, found 'buy'"),
        ("ann,BTCUSDT,long,0.2,50000,1000,both,0", "row 2: mode must be cross or isolated, found 'both'"),
        (",BTCUSDT,long,0.2,50000,1000,isolated,0", "row 2: account must be a name, found nothing"),
        ("ann,,long,,,,,0", "row 2: side must be empty if market is empty, found 'long'"),
        ("ann,BTCUSDT,long,0.2", "row 2: must have 8 cells, found 4"),
        ("ann,BTCUSDT,long,1e12,50000,1000,isolated,0", "exceeds the int64 head-room"),
        # Numbers: plain ASCII within a limit of length, whatever Python's own readers take. No cell gives a traceback.
        ("ann,BTCUSDT,long,1e30,50000,1000,isolated,0", "row 2: quantity exceeds the int64 head-room"),
        ("ann,BTCUSDT,long,1e999,50000,1000,isolated,0", "row 2: quantity exceeds the int64 head-room"),
        ("ann,BTCUSDT,long,1e9999,50000,1000,isolated,0", "row 2: quantity must be a positive number, found '1e9999'"),
        ("ann,BTCUSDT,long,0.2,1e30,1000,isolated,0", "row 2: entry exceeds the int64 head-room"),
        ("ann,BTCUSDT,long,0.2,50000,1e30,isolated,0", "row 2: margin must be within the head-room"),
        ("ann,BTCUSDT,long,0.2,50000,1000,isolated,1e-40", "row 2: collateral must be whole quanta of 0.000001"),
        ("ann,BTCUSDT,long,１,50000,1000,isolated,0", "row 2: quantity must be a positive number, found '１'"),
        ("ann,BTCUSDT,long,1_0,50000,1000,isolated,0", "row 2: quantity must be a positive number, found '1_0'"),
        ("ann,BTCUSDT,long," + "1" * 61 + ",50000,1000,isolated,0", "row 2: quantity must be a positive number"),
        # Names: those of the exchange's own accounts, and what a spreadsheet would execute.
        ("FUND:main,BTCUSDT,long,0.2,50000,1000,isolated,0", "row 2: account must not be a name of the exchange's own"),
        ("outside,BTCUSDT,long,0.2,50000,1000,isolated,0", "row 2: account must not be a name of the exchange's own"),
        ("=1+1,BTCUSDT,long,0.2,50000,1000,isolated,0", "row 2: account must not start with = + - @"),
        ("a\x07b,BTCUSDT,long,0.2,50000,1000,isolated,0", "row 2: account must be up to 80 printable characters"),
    ],
)
def test_a_wrong_cell_is_told_with_row_and_column(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path, line)
    with pytest.raises(InputDataError) as caught:
        read_positions(path, (BTC, ETH))
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "the file is empty; expected a header account,"),
        (HEADER.replace("entry", "entree"), "row 1: column 'entree' is unknown (did you mean entry?)"),
        (HEADER.replace(",margin", ""), "row 1: column margin is missing"),
        (HEADER + ",side", "row 1: column side is a duplicate"),
        (HEADER.replace("account", "uid").replace("side", "positionSide"), "row 1: columns 'uid', 'positionSide' are"),
        (HEADER.replace("account", "uid"), "expected account,market,side,quantity,entry,margin,mode,collateral, opt"),
    ],
)
def test_a_wrong_header_is_told(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(InputDataError, match=r"book\.csv") as caught:
        read_positions(write(tmp_path, header=header), (BTC, ETH))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["²", "1.5", "0", "1000001", "٣", "-1"])
def test_an_initial_rate_is_a_whole_number_of_ppm(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"{LONG},{text}", header=f"{HEADER},initial_ppm")
    with pytest.raises(InputDataError, match="row 2: initial_ppm must be a whole number from 1 to 1,000,000, found"):
        read_positions(path, (BTC, ETH))


NASTY = (
    *("1e30", "1e-30", "1e999", "1e+1000", "-0", "+5", "²", "１２", "٣", "1_000", "0x10", "nan", "-inf", "Infinity"),
    *("1,5", "1.2.3", "1e", "--1", "9" * 30, "9" * 5_000, "0." + "1" * 50, " ", "\t1", "'", "=1+1", "\u202e1", "\x00"),
    *("sNaN", "NULL", "true", "long", "BTCUSDT", "cross"),
)


def refusal(path: Path, *, round_to_lot: bool) -> str:
    """The text of the error that reading a file raises; empty if it is read."""
    try:
        read_positions(path, (BTC, ETH), round_to_lot=round_to_lot)
    except InputDataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("place", range(12))
def test_no_cell_of_any_column_gives_a_traceback(tmp_path: Path, place: int) -> None:
    header = f"{HEADER},cohort,initial_ppm,stop,stop_quantity"
    for round_to_lot in (False, True):
        for cell in NASTY:
            cells = [*LONG.split(","), "", "100000", "49000", "0.1"]
            cells[place] = f'"{cell}"' if "," in cell else cell
            path = write(tmp_path, ",".join(cells), f"{SHORT},,,,", header=header)
            text = refusal(path, round_to_lot=round_to_lot)
            assert text == "" or text.startswith(str(path))
            assert len(text) < 2_000


def test_all_faults_are_in_one_error_by_kind_with_counts_and_rows(tmp_path: Path) -> None:
    lines = [f"a{n},BTCUSDT,buy,0.0005,50000,1000,isolated,0" for n in range(7)]
    path = write(tmp_path, *lines, LONG, LONG, "bob,BTCUSDT,short,0.2,50000,x,cross,5000")
    with pytest.raises(InputDataError) as caught:
        read_positions(path, (BTC, ETH))
    seven = "(7 rows: 2, 3, 4, 5, 6, ...)"
    assert str(caught.value).splitlines() == [
        f"{path}: row 2: side must be long or short, found 'buy' {seven}",
        f"{path}: row 2: quantity must be a whole multiple of the lot 0.001, found '0.0005' {seven}",
        f"{path}: row 11: margin must be a number, zero or more, found 'x'",
        f"{path}: row 10: an account has a second line for a market: 'ann' for BTCUSDT (first at row 9)",
    ]


def test_sides_are_read_in_any_case_or_from_the_sign_of_the_quantity(tmp_path: Path) -> None:
    lines = ["a,BTCUSDT,LONG,0.2,50000,1000,ISOLATED,0", "b,BTCUSDT,Both,-0.1,50000,0,crossed,5000",
             "c,BTCUSDT,,-0.1,50000,0,Cross,5000", "d,ETHUSDT,SHORT,-1,3000,0,cross,5000"]  # fmt: skip
    rows = read_positions(write(tmp_path, *lines), (BTC, ETH))
    assert [row.lots for row in rows] == [200, -100, -100, -100]
    assert [row.isolated for row in rows] == [True, False, False, False]
    without = write(tmp_path, "a,BTCUSDT,0.2,50000,1000,isolated,0", header=HEADER.replace(",side", ""))
    with pytest.raises(InputDataError, match="column side is missing, and no quantity is negative"):
        read_positions(without, (BTC, ETH))
    write(
        tmp_path, "a,BTCUSDT,0.2,50000,0,cross,9", "b,BTCUSDT,-0.2,50000,0,cross,9", header=HEADER.replace(",side", "")
    )
    assert [row.lots for row in read_positions(without, (BTC, ETH))] == [200, -200]


EXPORT = "uid,symbol,positionSide,positionAmt,entryPrice,marginType,isolatedWallet,walletBalance,markPrice"
THEIRS = {
    "account": "uid", "market": "symbol", "side": "positionSide", "quantity": "positionAmt", "entry": "entryPrice",
    "mode": "marginType", "margin": "isolatedWallet", "collateral": "walletBalance",
}  # fmt: skip


def test_columns_of_other_names_are_mapped_and_the_rest_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "1001,BTCUSDT,LONG,0.2,50000,isolated,1000,500,50000", header=EXPORT)
    scan = scan_positions(path, (BTC, ETH), columns=THEIRS)
    row = scan.rows[0]
    assert (row.account, row.lots, row.margin, row.collateral) == ("1001", 200, 10**9, 5 * 10**8)
    assert scan.notes == ["note: book.csv: columns that are not read: markPrice"]
    with pytest.raises(InputDataError, match="column 'userId', to be read as account, is missing; the file has uid,"):
        read_positions(path, (BTC, ETH), columns={**THEIRS, "account": "userId"})
    with pytest.raises(InputDataError, match=r"no column is called 'acount' \(did you mean account\?\)"):
        read_positions(path, (BTC, ETH), columns={**THEIRS, "acount": "uid"})


def test_rounding_to_the_grid_is_by_request_and_reports_what_it_changed(tmp_path: Path) -> None:
    lines = ["a,BTCUSDT,long,0.2004,51020.37,1000.0000009,isolated,0", "b,BTCUSDT,short,0.1996,50000,0,cross,5000",
             "c,BTCUSDT,long,0.0002,50000,0,cross,7"]  # fmt: skip
    path = write(tmp_path, *lines)
    with pytest.raises(InputDataError, match=r"row 2: quantity must be a whole multiple of the lot 0\.001"):
        read_positions(path, (BTC, ETH))
    scan = scan_positions(path, (BTC, ETH), round_to_lot=True)
    assert [(row.market, row.lots, row.entry, row.margin) for row in scan.rows] == [
        (0, 200, 510_204, 1_000_000_000),  # 0.2004 -> 0.200; 51,020.37 -> 51,020.4; money down to a quantum
        (0, -200, 500_000, 0),  # 0.1996 -> 0.200
        (-1, 0, 0, 0),  # less than half a lot: only its money stays
    ]
    assert scan.rows[2].collateral == 7_000_000
    assert scan.notes == [  # -0.0004 + 0.0004 - 0.0002; +0.03; -9e-7
        "note: book.csv: rounded 3 cells of quantity of BTCUSDT, together by -0.0002",
        "note: book.csv: rounded 1 cells of entry of BTCUSDT, together by +0.03",
        "note: book.csv: rounded 1 cells of margin, together by -9e-07",
        "note: book.csv: left out 1 positions smaller than half a lot",
    ]


def test_stops_that_would_fire_at_once_are_refused_with_their_rows(tmp_path: Path) -> None:
    header = f"{HEADER},stop,stop_quantity"
    lines = ["a,BTCUSDT,long,0.2,50000,1000,isolated,0,55000,0.2",
             "b,BTCUSDT,short,0.2,50000,0,cross,5000,50000,", "c,BTCUSDT,long,0.1,50000,0,cross,900,49999.9,",
             "d,BTCUSDT,short,0.1,50000,0,cross,900,50000.1,"]  # fmt: skip
    with pytest.raises(InputDataError) as caught:
        opening(write(tmp_path, *lines, header=header))
    path = tmp_path / "book.csv"
    assert str(caught.value).splitlines() == [
        f"{path}: row 2: stop of a long must be below the opening mark 50000.0 of BTCUSDT, found 55000.0",
        f"{path}: row 3: stop of a short must be above the opening mark 50000.0 of BTCUSDT, found 50000.0",
    ]
    assert len(opening(write(tmp_path, *lines[2:], header=header)).book.stops) == 2


def test_names_of_drawn_traders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputDataError, match="row 2: account must not have the name of a trader of the config: 'noise#0'"
    ):
        opening(write(tmp_path, LONG.replace("ann", "noise#0"), SHORT))


def test_a_book_of_another_price_level_is_refused_with_counts_and_both_prices(tmp_path: Path) -> None:
    # At a mark of 50,000 a long of 0.1 from 111,863 with 1,000 has lost 6,186.30: two of three accounts are below zero.
    lines = ["a,BTCUSDT,long,0.1,111863,1000,isolated,0", "b,BTCUSDT,long,0.1,111863,1000,isolated,0",
             "c,BTCUSDT,short,0.2,111863,0,cross,5000"]  # fmt: skip
    with pytest.raises(InputDataError) as caught:
        opening(write(tmp_path, *lines))
    assert str(caught.value) == (
        f"{tmp_path / 'book.csv'}: 2 of 3 margin accounts with positions are below zero at the opening mark 50000.0 of"
        " BTCUSDT; their median entry is 111863.0; set the first price of the config to the mark at which the positions"
        " were recorded"
    )


def test_a_header_alone_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="has a header but no positions"):
        read_positions(write(tmp_path), (BTC, ETH))
    with pytest.raises(InputDataError, match="cannot be read as CSV"):
        read_positions(tmp_path / "nowhere.csv", (BTC, ETH))


def test_duplicates_and_contradictions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputDataError, match=r"row 3: an account has a second line .*: 'ann' for BTCUSDT \(first at row 2\)"
    ):
        read_positions(write(tmp_path, LONG, LONG), (BTC, ETH))
    other = "ann,ETHUSDT,long,1,3000,100,isolated,600"
    message = (
        "row 3: collateral of an account must be the same on all its lines, or stated once: 'ann' differs from row 2"
    )
    with pytest.raises(InputDataError, match=message):
        read_positions(write(tmp_path, LONG, other), (BTC, ETH))


def test_longs_that_differ_from_shorts_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, LONG, SHORT.replace("0.2", "0.15"))
    with pytest.raises(InputDataError, match=r"BTCUSDT: longs 0\.200 and shorts 0\.150 differ by 0\.050"):
        opening(path)


def test_a_residual_account_takes_the_difference_at_the_mark_with_money_for_all_of_it(tmp_path: Path) -> None:
    book = opening(write(tmp_path, LONG, SHORT.replace("0.2", "0.15")), residual="house").book
    positions = book.positions.tolist()
    assert sum(lots for _, _, lots, _ in positions) == 0
    row, market, lots, entry = positions[-1]
    assert (market, lots, entry) == (0, -50, 500_000)  # 0.05 BTC short at the mark of 50,000
    assert book.deposit[row] == 50 * 500_000 * 100  # its whole value: 2,500 USDT
    assert book.cohort_names == ("noise", "own book", "residual account")  # a line of its own in results


def test_a_residual_account_must_have_no_position_of_its_own_there(tmp_path: Path) -> None:
    path = write(tmp_path, LONG, SHORT.replace("0.2", "0.15"))
    with pytest.raises(InputDataError, match="residual account bob already has a position"):
        opening(path, residual="bob")


def test_accounts_without_a_cohort_hold_and_other_cohorts_keep_their_traders(tmp_path: Path) -> None:
    imported = opening(write(tmp_path, LONG, SHORT))
    book = imported.book
    assert book.cohort_names == ("noise", "own book")
    assert book.n_traders == 5  # three noise traders, ann, bob
    ann, bob = FIRST + 3, FIRST + 4
    isolated = FIRST + 5
    assert book.wallet.tolist() == [*range(isolated), ann]
    assert book.market[isolated] == 0
    assert (book.deposit[ann], book.deposit[bob], book.deposit[isolated]) == (5 * 10**8, 5 * 10**9, 10**9)
    assert book.positions.tolist() == [[bob, 0, -200, 500_000], [isolated, 0, 200, 500_000]]
    assert book.initial_ppm[isolated] == 100_000  # 1,000 of 10,000
    assert book.open_interest.tolist() == [200, 0]


def test_a_cohort_that_opens_positions_is_replaced_by_the_file(tmp_path: Path) -> None:
    opened = PopulationConfig.model_validate(
        {
            "open_interest": [{"market": "BTCUSDT", "base": "1"}],
            "cohorts": [
                {
                    "name": "levered",
                    "traders": 9,
                    "behaviour": {"kind": "levered"},
                    "opening": [
                        {
                            "market": "BTCUSDT", "long_weight": 1, "short_weight": 1, "largest_share_ppm": 500000,
                            "size": {"kind": "equal"},
                            "leverage": {"kind": "fixed", "weight": "account", "at": "entry", "leverage": 2},
                            "ageing": {"mean_age_days": 1, "volatility_per_day_ppm": 1000},
                        }
                    ],
                }
            ],
        }
    )  # fmt: skip
    assert opening(write(tmp_path, LONG, SHORT), population=opened).book.cohort_names == ("own book",)
    named = write(tmp_path, f"{LONG},levered", f"{SHORT},levered", header=f"{HEADER},cohort")
    imported = opening(named, population=opened)
    assert imported.book.cohort_names == ("levered",)
    assert imported.population.cohorts[0].traders == 2
    wrong = write(tmp_path, f"{LONG},leverd", f"{SHORT},levered", header=f"{HEADER},cohort")
    with pytest.raises(InputDataError, match=r"row 2: cohort must be one of levered or empty.*did you mean levered\?"):
        opening(wrong, population=opened)


def test_margin_of_cross_positions_must_be_in_the_collateral(tmp_path: Path) -> None:
    path = write(tmp_path, LONG, "bob,BTCUSDT,short,0.2,50000,6000,cross,5000")
    with pytest.raises(InputDataError, match="must not exceed its collateral"):
        opening(path)
    imported = opening(write(tmp_path, LONG, "bob,BTCUSDT,short,0.2,50000,3000,cross,5000"))
    assert imported.capital[1].tolist() == [5 * 10**8, 2 * 10**9]  # ann's wallet; bob's 5,000 less 3,000


def test_what_is_written_reads_back_to_the_same_book(tmp_path: Path) -> None:
    header = f"{HEADER},cohort,initial_ppm,stop,stop_quantity"
    lines = [
        "n1,,,,,,cross,700,noise,100000,,",
        "ann,BTCUSDT,long,0.2,50000,1000,isolated,500.5,,50000,49000,0.1",
        "ann,ETHUSDT,short,2.5,3000.01,100,cross,500.5,,200000,,",
        "bob,BTCUSDT,short,0.2,50000.1,0,cross,5000,,,51000,",
        "cat,ETHUSDT,long,2.5,2999,10,cross,5000,,,,",
    ]
    first = opening(write(tmp_path, *lines, header=header))
    again = tmp_path / "again.csv"
    write_positions(again, positions_of_opening(first.book, first.capital, venue()), (BTC, ETH))
    second = opening(again)
    for name in (
        "wallet",
        "market",
        "mode",
        "initial_ppm",
        "deposit",
        "cohort",
        "positions",
        "stops",
        "open_interest",
        "own_names",
    ):
        assert np.array_equal(getattr(first.book, name), getattr(second.book, name)), name
    assert [part.tolist() for part in first.capital] == [part.tolist() for part in second.capital]
    bob, isolated = FIRST + 2, FIRST + 4  # wallets n1, ann, bob, cat, then ann's isolated position
    assert first.book.stops.tolist() == [[bob, 0, 0, 510_000, 200], [isolated, 0, 1, 490_000, 100]]


def test_a_named_agent_is_found_by_its_name_and_must_not_have_positions_elsewhere(tmp_path: Path) -> None:
    assert Levered(kind="levered").is_maker is False
    whale = Whale.model_validate(
        {
            "kind": "whale", "name": "ann",
            "positions": [{"market": "BTCUSDT", "side": "long", "base": 1, "leverage": 2}],
        }
    )  # fmt: skip
    path = write(tmp_path, LONG, SHORT)
    rows = read_positions(path, (BTC, ETH))
    book = opening_from_positions(
        path,
        rows,
        residual_account=None,
        population=POPULATION,
        agents=(whale,),
        venue=venue(),
        streams=Streams(seed=1),
    ).book
    assert book.cohort_names == ("noise", "own book", "ann")
    assert book.deposit[book.agent_rows[0]] == 5 * 10**8
    stranger = whale.model_copy(update={"name": "zoe"})
    with pytest.raises(InputDataError, match="agent zoe has positions in the config but no line here"):
        opening_from_positions(
            path, rows, residual_account=None, population=POPULATION, agents=(stranger,), venue=venue(),
            streams=Streams(seed=1),
        )  # fmt: skip
