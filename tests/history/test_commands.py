"""`clearsim history` and its functions: import, join, months, record, and what they refuse."""

import csv
import json
from datetime import date, timedelta

import clearsim
import pytest
from clearsim.cli import app
from clearsim.errors import ConfigError, InputDataError


def call(*arguments):
    return app(["history", *map(str, arguments)], standalone_mode=False)


def gate(path, balances, first="2025-01-31"):
    start = date.fromisoformat(first)
    seconds = [(start + timedelta(days=k) - date(1970, 1, 1)).days * 86400 for k in range(len(balances))]
    path.write_text(json.dumps([{"t": t, "b": str(b)} for t, b in zip(seconds, balances, strict=True)]))
    return path


@pytest.fixture
def fund(tmp_path):
    """February 2025 from 100: 90 from the 10th, 120 from the 20th; March flat."""
    balances = [100] * 10 + [90] * 10 + [120] * 40
    call(
        "import",
        gate(tmp_path / "gate.json", balances),
        "--kind",
        "fund",
        "--unit",
        "USDT",
        "--out",
        tmp_path / "f.csv",
    )
    return tmp_path / "f.csv"


def test_import_prints_what_was_done_and_writes_the_history(tmp_path, capsys):
    balances = [100, 100, 250]
    out = tmp_path / "fund.csv"
    call("import", gate(tmp_path / "g.json", balances), "--kind", "fund", "--unit", "USDT", "--out", out,
         "--injected", "2025-02-02=140")  # fmt: skip
    assert out.read_text() == (
        "date_utc,balance (USDT),injected (USDT)\n2025-01-31,100,0\n2025-02-01,100,0\n2025-02-02,250,140\n"
    )
    assert "note: layout: gate (Gate /futures/{settle}/insurance)" in capsys.readouterr().out


def test_a_second_kind_joins_the_file(fund, tmp_path):
    entries = [{"time": f"2025-01-{day}T00:00:00", "coin": "BTC", "open_interest": 1000} for day in (30, 31)]
    path = tmp_path / "open_interest"
    path.write_text(json.dumps({"chart_data": entries}))
    before = fund.read_text()
    with pytest.raises(ConfigError, match="exists; name another"):
        call("import", path, "--kind", "open_interest", "--out", fund)
    assert fund.read_text() == before
    call("import", path, "--kind", "open_interest", "--out", fund, "--join")
    assert fund.read_text().splitlines()[:3] == [
        "date_utc,balance (USDT),open_interest (USD)", "2025-01-30,,1000", "2025-01-31,100,1000"
    ]  # fmt: skip
    (row, _) = clearsim.fund_history(fund).months.to_dict("records")
    assert row["draw_share"] == pytest.approx(0.01)


def test_a_fault_leaves_the_file_as_it_was(fund, tmp_path):
    before = fund.read_text()
    (tmp_path / "bad.json").write_text(json.dumps([{"t": 1738281600, "b": "x"}]))
    with pytest.raises(InputDataError, match=r"bad\.json: row 1: column b"):
        call("import", tmp_path / "bad.json", "--kind", "fund", "--unit", "USDT", "--out", fund, "--overwrite")
    assert fund.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "f.csv", "gate.json"]


def test_a_wrong_injection_says_its_form(tmp_path):
    with pytest.raises(ConfigError, match="must be DATE=AMOUNT, like 2020-05-11=30000000"):
        call("import", tmp_path / "x", "--kind", "fund", "--out", tmp_path / "y", "--injected", "yesterday=1")
    with pytest.raises(ConfigError, match="the history has no balance on that day"):
        call("import", gate(tmp_path / "g.json", [1, 2]), "--kind", "fund", "--unit", "BTC", "--out", tmp_path / "y",
             "--injected", "2020-01-01=1")  # fmt: skip


def test_the_months_of_a_fund_are_printed_and_written(fund, tmp_path, capsys):
    """February: result 20, draw 10, drawdown 10, growth 20%; March: nothing. 0 months of two: [0, 84.2]%."""
    call("fund", fund, "--out", tmp_path / "out", "--months")
    printed = capsys.readouterr().out
    assert "months with a net loss: 0 of 2, 0% [0, 84.2] at 95%" in printed
    assert "worst days: 2025-02-10 -10.0 USDT" in printed
    data = json.loads((tmp_path / "out" / "history.json").read_text())
    assert [data["months"][0][name] for name in ("month", "result", "draw", "drawdown")] == ["2025-02", 20, 10, 10]
    assert data["months"][0]["growth"] == pytest.approx(0.2)
    assert data["months"][0]["draw_share"] is None
    assert "fund-history" in (tmp_path / "out" / "history.html").read_text()
    with (tmp_path / "out" / "months.csv").open() as handle:
        assert [row["month"] for row in csv.DictReader(handle)] == ["2025-02", "2025-03"]


def test_the_figure_and_the_summary_are_there_from_python(fund):
    history = clearsim.fund_history(fund)
    assert history.summary.set_index("quantity").loc["draw", "n"] == 2
    assert clearsim.figure(history, "history").layout.title.text.startswith("<b>How much has the fund paid")
    assert history.months_with_loss["n"] == 2


def test_a_history_without_a_month_is_refused(tmp_path):
    (tmp_path / "h.csv").write_text("date_utc,balance (BTC)\n2025-01-10,1\n2025-01-11,2\n")
    with pytest.raises(InputDataError, match="no calendar month is complete: the balance goes from 2025-01-10"):
        call("fund", tmp_path / "h.csv")


def test_candles_of_an_index_play_as_a_price(tmp_path):
    from clearsim.market.price.replay import read_prices

    start = 1760097600000
    (tmp_path / "k.csv").write_text("".join(f"{start + 60000 * k},100,101,98,99,0\n" for k in range(3)))
    call("import", tmp_path / "k.csv", "--kind", "index", "--out", tmp_path / "index.csv")
    times, prices = read_prices(tmp_path / "index.csv")
    assert len(times) == 12
    assert (prices.min(), prices.max()) == (98, 101)


def test_the_record_lists_every_draw_with_its_scope(capsys):
    call("record")
    printed = capsys.readouterr().out
    assert "Binance: May 2020: 13.3 million USDT; of the fund 63.2%, of open interest 4.9 to 5.3%" in printed
    assert printed.count("scope: ") == printed.count("source: ") == 13
