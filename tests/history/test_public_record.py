"""The shipped record: its shares by hand, its sources, and the data that it was typed from where they are at hand."""

import csv
import gzip
from pathlib import Path

import pytest
from clearsim.errors import ConfigError
from clearsim.history.public_record import public_record, read_record, record_path

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "market"


def test_the_draws_of_btcusdt_are_the_three_on_record():
    """6.637 / 257 = 2.58%; 13.274 / 270 to / 252 = 4.92 to 5.27%; at most 113 / 10,600 = 1.07%."""
    found = {draw.event: draw.shares for draw in public_record().draws_of("binance-btcusdt")}
    assert list(found) == ["March 2020", "May 2020", "October 2025"]
    assert found["March 2020"] == pytest.approx((0.0258, 0.0258), abs=5e-5)
    assert found["May 2020"] == pytest.approx((0.0492, 0.0527), abs=5e-5)
    assert found["October 2025"] == pytest.approx((0, 0.01066), abs=5e-6)


def test_balances_agree_with_the_amounts():
    """What a report gives twice must agree, but for the rounding of 188 million to 1.23 and 1.04 billion."""
    for draw in public_record().draws:
        if draw.fund and draw.amount:
            assert draw.fund.before - draw.fund.after == pytest.approx(draw.amount.high, rel=0.011), draw.event


def test_shares_of_funds_are_those_of_the_press():
    """Binance -51.6% and -63.2% (2020), -15.3% (2025); Deribit -53.2%; BitMEX -4.58%; dYdX -40%."""
    found = {(draw.venue, draw.event): draw.share_of_fund for draw in public_record().draws}
    assert found["Binance", "March 2020"] == pytest.approx(0.516, abs=5e-4)
    assert found["Binance", "May 2020"] == pytest.approx(0.632, abs=5e-4)
    assert found["Binance", "October 2025, whole fund"] == pytest.approx(0.153, abs=2e-3)
    assert found["Deribit", "March 2020"] == pytest.approx(0.532, abs=5e-4)
    assert found["BitMEX", "March 2020"] == pytest.approx(0.0458, abs=5e-5)
    assert found["dYdX v3", "YFI, November 2023"] == pytest.approx(0.40, abs=5e-4)


@pytest.mark.parametrize("base", ["BTC", "ETH"])
def test_hours_of_falls_are_those_of_the_series(base):
    path = RECORDED / f"binance_spot_{base}USDT_1h_2020-09_2025-09.csv.gz"
    if not path.is_file():
        pytest.skip("the hourly series is not at hand")
    with gzip.open(path, "rt") as handle:
        falls = [1 - float(row["low"]) / float(row["open"]) for row in csv.DictReader(handle)]
    (recorded,) = (item for item in public_record().falls if item.base == base)
    assert len(falls) / 24 / 365.25 == pytest.approx(recorded.years, abs=0.01)
    assert {item.beyond: item.count for item in recorded.counts} == {
        item.beyond: sum(fall > item.beyond for fall in falls) for item in recorded.counts
    }
    assert max(falls) <= recorded.largest.fall


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("series: binance-btcusdt", "series: binance-btc", r":\d+: draws\[0\]\.series must be one of binance-btcusdt"),
        ("low: 252000000", "low: 352000000", r"draws\[1\]\.open_interest low must be at most high"),
        ("scope: BTCUSDT\n", "scop: BTCUSDT\n", "did you mean scope"),
        ("to_utc: 2020-05-11", "to_utc: 2020-05-01", r"draws\[1\]\.to_utc must not be before date_utc"),
    ],
)
def test_a_faulty_record_names_line_and_key(tmp_path, old, new, message):
    text = record_path().read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "record.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_record(path)
