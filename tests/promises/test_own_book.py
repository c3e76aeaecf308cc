"""A book of one's own: accounts, open interest, equity and liquidation prices come back to the cent, from the command.

Worked by hand for the reference market (mark 50,000; tier 1: 0.4%, tier 2 from 50,000: 0.5% less 50), price where
equity equals maintenance:
ann  long 0.2 at 50,000, isolated 1,000:    (10,000 - 1,000) / (0.2 x 0.996)         = 45,180.7229
bob  short 0.2 at 50,000, cross 5,000:      (10,000 + 5,000) / (0.2 x 1.004)         = 74,701.1952
cat  long 1.5 at 48,000, cross 6,000:       (72,000 - 6,000 - 50) / (1.5 x 0.995)    = 44,187.6047
dan  short 1.5 at 52,000, isolated 7,800:   (78,000 + 7,800 + 50) / (1.5 x 1.005)    = 56,948.5904
fae  long 0.4 at 49,000, isolated 980:      (19,600 - 980) / (0.4 x 0.996)           = 46,736.9478
gus  short 0.4 at 49,500, cross 4,000:      (19,800 + 4,000) / (0.4 x 1.004)         = 59,262.9482
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

BOOK = """account,market,side,quantity,entry,margin,mode,collateral
ann,BTCUSDT,long,0.2,50000,1000,isolated,500
bob,BTCUSDT,short,0.2,50000,0,cross,5000
cat,BTCUSDT,long,1.5,48000,0,cross,6000
dan,BTCUSDT,short,1.5,52000,7800,isolated,0
eve,,,,,,cross,1000
fae,BTCUSDT,long,0.4,49000,980,isolated,20
gus,BTCUSDT,short,0.4,49500,0,cross,4000
"""
# Equity at the mark of 50,000 and liquidation price of the row that holds the position; isolated rows beside wallets.
EXPECTED = {
    ("ann", "isolated"): (1_000, 45_180.7229),
    ("ann", "cross"): (500, None),
    ("bob", "cross"): (5_000, 74_701.1952),
    ("cat", "cross"): (6_000 + 1.5 * 2_000, 44_187.6047),
    ("dan", "isolated"): (7_800 + 1.5 * 2_000, 56_948.5904),
    ("dan", "cross"): (0, None),
    ("eve", "cross"): (1_000, None),
    ("fae", "isolated"): (980 + 0.4 * 1_000, 46_736.9478),
    ("fae", "cross"): (20, None),
    ("gus", "cross"): (4_000 - 0.4 * 500, 59_262.9482),
}
CENT = 0.01


def clearsim(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clearsim.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def run_book(folder: Path, *arguments: str, book: str = BOOK) -> subprocess.CompletedProcess[str]:
    (folder / "book.csv").write_text(book)
    return clearsim("run", "--positions", "book.csv", "--out", "run", "--no-report", *arguments, cwd=folder)


def read(folder: Path, table: str) -> pd.DataFrame:
    return pd.concat(pd.read_parquet(path) for path in sorted((folder / "run" / table).glob("*.parquet")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own-book")
    done = run_book(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_shipped_example_is_this_book() -> None:
    assert (Path(__file__).parents[2] / "configs" / "own-book.csv").read_text() == BOOK


def test_accounts_equity_and_liquidation_prices_come_back_to_the_cent(folder: Path) -> None:
    accounts = read(folder, "accounts")
    own = accounts[accounts["cohort"] == "own book"]
    found = {(row.name_, row.mode): row for row in own.rename(columns={"name": "name_"}).itertuples()}
    assert set(found) == set(EXPECTED)
    for key, (equity, price) in EXPECTED.items():
        row = found[key]
        assert row.equity_initial_quanta == round(equity * 1e6), key
        if price is None:
            assert pd.isna(row.liquidation_price_initial), key
        else:
            assert abs(row.liquidation_price_initial - price) < CENT / 2, key


def test_open_interest_a_side_is_the_books(folder: Path) -> None:
    accounts = read(folder, "accounts")
    for side in ("long", "short"):  # 0.2 + 1.5 + 0.4 BTC at 50,000
        assert accounts.loc[accounts["side"] == side, "notional_initial_quanta"].sum() == 105_000_000_000, side


def test_the_only_one_liquidated_is_the_one_whose_price_was_passed(folder: Path) -> None:
    accounts, series = read(folder, "accounts"), read(folder, "series")
    low = series["mark_price"].min()
    assert 45_180.7229 < low < 46_736.9478  # a fall of 8% and what trading adds, between fae's price and ann's
    own = accounts[accounts["cohort"] == "own book"]
    assert set(own.loc[own["liquidated"], "name"]) == {"fae"}


def test_unequal_sides_are_refused_or_balanced_by_a_named_account(tmp_path: Path) -> None:
    book = BOOK.replace("gus,BTCUSDT,short,0.4,", "gus,BTCUSDT,short,0.1,")
    done = run_book(tmp_path, book=book)
    assert done.returncode == 2
    assert "longs 2.100 and shorts 1.800 differ by 0.300" in done.stderr
    assert not (tmp_path / "run").exists()
    done = run_book(tmp_path, "--residual", "rest", book=book)
    assert done.returncode == 0, done.stderr
    accounts = read(tmp_path, "accounts")
    rest = accounts[(accounts["name"] == "rest") & (accounts["mode"] == "isolated")].iloc[0]
    # short 0.3 at the mark, with money for the whole of its value
    assert (rest["side"], rest["equity_initial_quanta"]) == ("short", 15_000_000_000)


def test_export_and_import_give_the_same_result(folder: Path, tmp_path: Path) -> None:
    exported = clearsim("positions", "export", str(folder / "run"), "--out", "book.csv", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    text = (tmp_path / "book.csv").read_text()
    done = run_book(tmp_path, book=text)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((path / "run" / "manifest.json").read_text()) for path in (folder, tmp_path))
    assert first["result_hash"] == second["result_hash"]
    assert first["table_hashes"] == second["table_hashes"]


def test_without_a_config_or_a_book_the_command_says_what_it_needs(tmp_path: Path) -> None:
    done = clearsim("run", cwd=tmp_path)
    assert done.returncode != 0
    assert "--positions" in done.stderr
