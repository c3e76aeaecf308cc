"""Users' own positions and prices: plausibility before the run, and what results say about what began below zero."""

import json

import clearsim
import pytest
from clearsim.api.config import checked_lines, load_with
from clearsim.api.inputs import columns_of, positions_value
from clearsim.api.positions import write_opening
from clearsim.cli import app
from clearsim.funds.config import open_interest_quote
from clearsim.runs.inputs import check_inputs
from typer.testing import CliRunner

from tests.worlds.one_fall import BOOK, HEADER, write_world

#: A long of 0.2 from 60,000 with 1,000: at the opening mark of 50,000 it has lost 2,000, so it stands at -1,000.
BANKRUPT = ("a,BTCUSDT,long,0.2,60000,1000,isolated,0", BOOK[1])


def config_of(tmp_path, *lines, residual=None, **how):
    config, book = write_world(tmp_path, *lines, **how)
    return clearsim.load(config).with_({"positions": positions_value(book, residual=residual)})


def command(*arguments):
    return CliRunner().invoke(app, [str(text) for text in arguments])


def test_what_began_below_zero_is_told_before_the_run_and_apart_in_its_results(tmp_path):
    config, notes = config_of(tmp_path, *BANKRUPT), []
    result = clearsim.run(config, out=tmp_path / "run", report=True, on_note=notes.append)
    assert [text for text in notes if "below zero" in text] == [
        "warning: 1 of 2 margin accounts with positions start below zero, together by 1,000.00 USDT: others pay that"
        " whatever the price does (column deficit_initial_quanta); set the first price"
        " (markets[0].price.points[0].price) to the mark at which the positions were recorded, or check entry and"
        " margin"
    ]
    assert notes[0] == checked_lines(config)[0]  # `clearsim check` says the same
    row = result.summary(units="quanta")
    # 1,000 before the start; the engine takes over 0.2 at the bankruptcy price and loses 7,000 x 0.2 = 1,400 more.
    assert (row["bankrupt_initial_accounts"], row["deficit_initial_quanta"]) == (1, 1_000_000_000)
    assert row["fund_draw_quanta"] == 2_400_000_000
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["input_notes"] == notes[:1]
    page = (tmp_path / "run" / "report.html").read_text()
    box = page[page.index("Read this first") : page.index("class='cards'")]
    assert "Accounts below zero at the start: 1, together by 1,000" in box.replace(".000000", "").replace(".00", "")


def test_a_book_that_starts_well_has_no_notes_and_no_deficit(tmp_path):
    config, notes = config_of(tmp_path), []
    result = clearsim.run(config, detail="summary", on_note=notes.append)
    assert notes == []
    assert "input_notes" not in result.manifest
    assert result.summary(units="quanta")["deficit_initial_quanta"] == 0


def test_accounts_below_maintenance_are_counted_with_what_they_lack(tmp_path):
    # 0.2 at 50,000 needs 0.5% of 10,000 = 50; 1,960 lost of 2,000 leaves 40: it lacks 10.
    notes = check_inputs(config_of(tmp_path, "a,BTCUSDT,long,0.2,59800,2000,isolated,0", BOOK[1])).notes
    assert len(notes) == 1
    assert "1 of 2 margin accounts with positions start below maintenance margin, together by 10.00 USDT" in notes[0]


def test_the_residual_account_says_what_it_got_and_has_a_line_of_its_own(tmp_path):
    config, notes = config_of(tmp_path, BOOK[0], BOOK[1].replace("0.2", "0.15"), residual="house"), []
    result = clearsim.run(config, detail="summary", on_note=notes.append)
    # 0.05 short at 50,000: 2,500 of its own; it gains 0.05 x 7,000 = 350
    assert "note: residual account house got short 0.050 BTCUSDT, with 2,500.00 USDT of its own" in notes[0]
    paid = result.who_paid(units="quanta").set_index("role")["result_quanta"]
    assert paid["residual account"] == 350_000_000
    assert paid["winners"] == 1_050_000_000  # b alone: 0.15 x 7,000


def test_a_residual_account_survives_export_and_import(tmp_path):
    config = config_of(tmp_path, BOOK[0], BOOK[1].replace("0.2", "0.15"), residual="house")
    first = clearsim.run(config, detail="summary")
    again = tmp_path / "again.csv"
    write_opening(config, again)
    second = clearsim.run(config.with_({"positions": positions_value(again)}), detail="summary")
    assert first.result_hash == second.result_hash
    assert "residual account" in set(second.accounts()["cohort"])


def test_check_counts_the_traders_of_the_file(tmp_path):
    config, book = write_world(tmp_path)
    done = command("check", config, "--positions", book)
    assert done.exit_code == 0
    # 5 reserved rows (outside, fees, rounding, fund, engine), two wallets, one isolated position
    assert "2 traders in 8 margin rows, 1 market(s)" in done.stdout


def test_sizing_uses_the_open_interest_of_the_file_and_says_that_it_is_fixed(tmp_path):
    from clearsim.api.worlds import _assumptions

    config = config_of(tmp_path)
    assert open_interest_quote(config) == 10_000  # 0.2 x 50,000, not population.open_interest
    assert _assumptions(config, "full")[0].endswith("the positions of book.csv in every run: they are fixed, and so is"
                                                    " the open interest")  # fmt: skip


@pytest.mark.parametrize("name", ["queue", "reverse-stress", "size-fund", "run", "check"])
def test_every_command_that_takes_a_config_takes_positions(tmp_path, name):
    config, book = write_world(tmp_path, "a,BTCUSDT,LONG,x,50000,1000,isolated,0")
    more = {"queue": ["--at", "5"], "size-fund": ["--target", "P(ADL given stress) < 0.5"], "reverse-stress": []}
    done = command(name, config, "--positions", book, "--residual", "house", *more.get(name, []))
    assert type(done.exception).__name__ == "InputDataError"
    assert str(done.exception) == f"{book}: row 2: quantity must be a positive number, found 'x'"


def test_options_about_positions_fail_by_their_own_names(tmp_path):
    config, book = write_world(tmp_path)
    missing = command("check", config, "--positions", tmp_path / "none.csv")
    assert str(missing.exception) == f"--positions {tmp_path / 'none.csv'}: no such file"
    assert "--map account: must be OURS=THEIRS" in str(
        command("check", config, "--positions", book, "--map", "account").exception
    )
    assert columns_of(["account=uid, side=positionSide", "entry=price"]) == {
        "account": "uid", "side": "positionSide", "entry": "price"
    }  # fmt: skip


def test_mapped_columns_and_rounding_are_part_of_the_config(tmp_path):
    header = HEADER.replace("account", "uid").replace("side", "positionSide").replace("market", "symbol")
    config, book = write_world(tmp_path, BOOK[0].replace("0.2", "0.2001"), BOOK[1], header=header)
    value = positions_value(
        book, columns={"account": "uid", "side": "positionSide", "market": "symbol"}, round_to_lot=True
    )
    loaded = load_with(str(config), [], options={"--positions": ("positions", value)})
    notes = []
    result = clearsim.run(loaded, out=tmp_path / "run", detail="summary", on_note=notes.append)
    assert notes == ["note: book.csv: rounded 1 cells of quantity of BTCUSDT, together by -0.0001"]
    assert clearsim.replay(result.folder).equal
    assert loaded.hash != clearsim.load(config).with_({"positions": positions_value(book)}).hash


def test_a_price_file_in_seconds_is_refused_before_the_run(tmp_path):
    rows = "".join(f"{1_759_968_000 + 3_600 * hour},{50_000 - 125 * hour}\n" for hour in range(121))
    (tmp_path / "prices.csv").write_text("ts_ms,price\n" + rows)
    config, book = write_world(tmp_path)
    price = "markets[0].price={kind: replay, file: prices.csv}"
    settings = ["--set", price.replace("prices.csv", str(tmp_path / "prices.csv"))]
    for name in ("check", "run"):
        done = command(name, config, "--positions", book, *settings)
        assert "these look like seconds: multiply by 1000" in str(done.exception), name


@pytest.mark.parametrize("setting", ["duration_s=80", "markets[0].price.points[3].t_s=65"])
def test_check_refuses_prices_that_do_not_fit_the_run(tmp_path, setting):
    config, _ = write_world(tmp_path)
    done = command("check", config, "--set", setting)
    assert "market BTCUSDT: waypoints span 0 s to" in str(done.exception)
    shock = command("check", "base", "--set", "duration_s=60")
    assert "market BTCUSDT: price.shock_ms is" in str(shock.exception)
