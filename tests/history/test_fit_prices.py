"""`fit_prices` and its command: made files, the part of a config, recorded data (skipped where that is absent)."""

import gzip
import json
from pathlib import Path

import clearsim
import numpy as np
import pandas as pd
import pytest
import yaml
from clearsim.api.price_fit_yaml import curve_ppm
from clearsim.cli import app
from clearsim.errors import ConfigError, InputDataError
from scipy import stats
from typer.testing import CliRunner

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "market"
needs_data = pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded data not at hand")
T = 1_600_000_000_000 - 1_600_000_000_000 % 86_400_000
HOUR = 3_600_000


def run(*arguments):
    done = CliRunner().invoke(app, ["fit", "prices", *map(str, arguments)])
    return done.exit_code, done.output, done.exception


def hours(path, *, seed, days=1100, common=None):
    """Candles of an hour around 100; at 100 hours a year a fall, at 80 a rise, beyond .03, else .001 of noise."""
    generator = np.random.default_rng(seed)
    n = days * 24
    lows, highs = np.full(n, 0.001), np.full(n, 0.001)
    for sizes, rate in ((lows, 100), (highs, 80)):
        hit = generator.random(n) < rate / 8760
        sizes[hit] = 0.03 + stats.genpareto.rvs(0.2, scale=0.01, size=hit.sum(), random_state=generator)
    if common is not None:
        lows = np.maximum(lows, common)
    rows = zip(range(n), 100 * np.exp(highs), 100 * np.exp(-lows), strict=True)
    text = "".join(f"{T + k * HOUR},100,{high:.6f},{low:.6f},100\n" for k, high, low in rows)
    path.write_bytes(gzip.compress(f"ts_ms,open,high,low,close\n{text}".encode()))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return hours(tmp_path_factory.mktemp("made") / "made.csv.gz", seed=2)


def test_a_made_record_gives_its_law(made):
    """About 300 falls in 3.01 years of the planted law: rate 100 (s.e. 6), xi .2 (.07), beta .01 (.0009); 3 of each."""
    fit = clearsim.fit_prices(made, threshold=0.03, gap_minutes=0, resamples=200)
    falls, rises = (fit.thresholds.query("chosen and side == @side").iloc[0] for side in ("falls", "rises"))
    assert falls["rate"] == pytest.approx(100, abs=18)
    assert rises["rate"] == pytest.approx(80, abs=16)
    for law in (falls, rises):
        assert law["xi"] == pytest.approx(0.2, abs=0.22)
        assert law["beta"] == pytest.approx(0.01, abs=0.003)
        assert law["xi_low"] < law["xi"] < law["xi_high"]
    events = fit.events.query("side == 'falls'")
    assert len(events) == falls["n"]
    assert events["size"].is_monotonic_decreasing


def test_the_part_of_a_config_has_the_law_and_its_provenance(made):
    fit = clearsim.fit_prices([made], threshold=0.03, gap_minutes=0, resamples=200)
    part = yaml.safe_load(fit.yaml())
    jumps = part["reduced"]["jumps"]
    assert set(jumps) == {
        "kind", "falls_per_year", "down_threshold", "down_xi", "down_beta", "rises_per_year", "up_threshold", "up_xi",
        "up_beta",
    }  # fmt: skip
    law = fit.thresholds.query("chosen and side == 'falls'").iloc[0]
    assert (jumps["kind"], jumps["down_threshold"]) == ("threshold", 0.03)
    assert jumps["falls_per_year"] == pytest.approx(law["rate"], rel=5e-3)
    assert jumps["down_xi"] == pytest.approx(law["xi"], rel=5e-3)
    (entry,) = part["provenance"]
    assert entry["path"] == "reduced.jumps"
    assert entry["date"] == "2020-09-13 to 2023-09-17"
    assert "made.csv.gz, 26,400 candles of 3600 s" in entry["source"]
    assert f"{law['n']:.0f} falls beyond 0.03" in entry["source"]
    assert "concentration" not in part["reduced"]
    assert "# concentration: this file's rows are longer than every delay" in fit.yaml()


def test_a_negative_shape_is_written_as_the_exponential_law_of_the_same_mean(tmp_path):
    """Falls of .03 + .01 u, u uniform: xi near -1, mean excess .005."""
    generator = np.random.default_rng(0)
    lows = np.full(400 * 24, 0.001)
    lows[::40] = 0.03 + 0.01 * generator.random(240)
    text = "".join(f"{T + k * HOUR},100,100.1,{100 * np.exp(-low):.6f},100\n" for k, low in enumerate(lows))
    path = tmp_path / "uniform.csv"
    path.write_text(f"ts_ms,open,high,low,close\n{text}")
    fit = clearsim.fit_prices(path, side="falls", threshold=0.03, resamples=100)
    assert fit.thresholds.query("chosen").iloc[0]["xi"] < -0.5
    jumps = yaml.safe_load(fit.yaml())["reduced"]["jumps"]
    assert jumps["down_xi"] == 0
    assert jumps["down_beta"] == pytest.approx(0.005, rel=0.1)
    assert "exponential law of the same mean" in fit.yaml()


def seconds(path):
    """A fall of .10 in 100 s, .04 of it in one second, then a day's quiet."""
    logs = np.concatenate([np.zeros(100), np.linspace(0, -0.03, 50), [-0.07], np.linspace(-0.07, -0.1, 50)])
    lines = (f"{T + 1000 * k},{100 * np.exp(log):.6f}\n" for k, log in enumerate(logs))
    path.write_text("ts_ms,price\n" + "".join(lines))
    return path


def test_a_short_record_gives_shares_and_says_what_it_does_not_give(tmp_path):
    fit = clearsim.fit_prices(seconds(tmp_path / "s.csv"))
    row = fit.shares.query("side == 'falls' and delay_s == 1").iloc[0]
    assert row["mean"] == pytest.approx(0.4, abs=1e-4)
    text = "\n".join(fit.notes)
    assert "falls: no tail: a tail needs 30 events" in text
    assert "no intervals: they need 12 blocks of 30 days; take a record of 360 days" in text
    assert "falls: shares within delays are of 1 only, fewer than 10" in text
    part = yaml.safe_load(fit.yaml())["reduced"]
    assert "jumps" not in part
    only = pytest.approx(400_000, abs=100)
    assert part["concentration"]["curve"][0] == {"delay_s": 1, "low_ppm": only, "middle_ppm": only, "high_ppm": only}


def test_ends_of_the_law_are_beyond_the_tenth_and_the_ninetieth_fall():
    """Median .4: 10% at .2 and 90% at .8 lie four fifths of the way to .15 and .9; ends stay within 0 and 1."""
    assert curve_ppm(0.2, 0.4, 0.8) == (150_000, 400_000, 900_000)
    assert curve_ppm(0.0, 0.4, 1.0) == (0, 400_000, 1_000_000)


def test_rows_too_long_for_a_delay_or_for_the_window_are_named(made, tmp_path):
    notes = "\n".join(clearsim.fit_prices(made, threshold=0.03, resamples=100).notes)
    assert "delays of 1, 5, 10, 30, 60, 300 s are omitted: rows are 3600 s apart" in notes
    assert "windows begin with a row of 3600 s, so what straddles rows is cut" in notes
    days = tmp_path / "days.csv"
    days.write_text("ts_ms,open,high,low,close\n" + "".join(f"{T + k * 24 * HOUR},1,1,1,1\n" for k in range(3)))
    with pytest.raises(InputDataError, match=r"days.csv: rows of 86400 s are longer than the window of 3600 s"):
        clearsim.fit_prices(days)


def test_two_coins_have_common_falls(tmp_path):
    """60 common falls in 1,100 days and 300 own ones each, planted in different hours of a day."""
    common = np.zeros(1100 * 24)
    common[:: 18 * 24][:60] = np.linspace(0.05, 0.15, 60)
    files = {name: hours(tmp_path / f"{name}.csv.gz", seed=k, common=common) for k, name in enumerate(("A", "B"))}
    fit = clearsim.fit_prices(files, side="falls", threshold=0.03, resamples=200)
    (pair,) = fit.common_pairs.to_dict("records")
    assert 60 <= pair["n"] <= 60 + 30  # falls of both within an hour by chance: 300 x 300 x 3 / 26,400 = 10
    assert pair["of_first_low"] < pair["of_first"] < pair["of_first_high"]
    assert fit.common_coins["coin"].tolist() == ["A", "B"]
    with pytest.raises(ConfigError, match="coin must be one of A, B, found ''"):
        fit.yaml()
    assert yaml.safe_load(fit.yaml("B"))["reduced"]["jumps"]["down_threshold"] == 0.03


def test_the_command_prints_writes_and_gives_json(made, tmp_path):
    options = (made, "--threshold", 0.03, "--resamples", 100)
    code, text, _ = run(*options)
    assert code == 0
    assert "As a part of a config" in text
    code, text, _ = run(*options, "--out", tmp_path / "part.yaml")
    assert code == 0
    assert "part.yaml: written" in text
    assert yaml.safe_load((tmp_path / "part.yaml").read_text())["reduced"]["jumps"]["kind"] == "threshold"
    code, text, _ = run(*options, "--json")
    data = json.loads(text)
    assert (data["schema_version"], data["coins"][0]["files"]) == (1, ["made.csv.gz"])
    assert {row["side"] for row in data["thresholds"]} == {"falls", "rises"}


def test_coins_are_written_as_documents_with_their_common_falls(made, tmp_path):
    out = tmp_path / "coins.yaml"
    code, _, _ = run(
        "--coin", f"A={made}", "--coin", f"B={made}", "--threshold", 0.03, "--resamples", 100, "--out", out
    )
    assert code == 0
    assert len(list(yaml.safe_load_all(out.read_text()))) == 2
    assert "# falls of two coins or more within the same hour" in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "give either files of one coin, or --coin NAME=FILE"),
        (("a.csv", "--coin", "A=b.csv"), "give either files of one coin, or --coin NAME=FILE"),
        (("--coin", "b.csv"), "--coin b.csv: must be NAME=FILE, like BTC=btc.csv"),
        (("a.csv", "--side", "up"), "side must be falls, rises or both, found 'up'"),
        (("a.csv", "--threshold", "2.75"), "threshold must be a log size between 0 and 1, like 0.0275, found 2.75"),
        (("a.csv", "--level", "95"), "level must be at least 0.5 and below 1, found 95"),
        (("nowhere.csv",), "nowhere.csv: cannot be read"),
    ],
)
def test_wrong_input_is_refused(arguments, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, exception = run(*arguments)
    assert code == 1
    assert error in str(exception)


HOURLY = "binance_spot_{}USDT_1h_2020-09_2025-09.csv.gz"


@needs_data
@pytest.mark.parametrize(
    ("coin", "n", "rate", "xi", "beta", "beyond"),
    [("BTC", 438, 87.6, 0.277, 0.0099, (71, 10, 4)), ("ETH", 849, 170, 0.285, 0.0113, (158, 31, 11))],
)
def test_recorded_hours_give_the_published_law(coin, n, rate, xi, beta, beyond):
    """Clock hours without declustering: 87.6 falls a year beyond .0275, xi .277, beta .0099; 71, 10, 4 hours beyond 5,
    8.5, 12.3%. ETH: 170 (169.8), .285, .0113; 158, 31, 11."""
    file = RECORDED / HOURLY.format(coin)
    fit = clearsim.fit_prices(file, side="falls", threshold=0.0275, gap_minutes=0, resamples=100)
    law = fit.thresholds.query("chosen").iloc[0]
    assert law["n"] == n
    assert law["rate"] == pytest.approx(rate, rel=2e-3)
    assert law["xi"] == pytest.approx(xi, abs=6e-4)
    assert law["beta"] == pytest.approx(beta, abs=6e-5)
    assert tuple(fit.check["recorded"][1:]) == beyond
    assert all(fit.check["low"] < fit.check["recorded"])
    assert all(fit.check["recorded"] < fit.check["high"])


@needs_data
def test_declustering_changes_the_rate_more_than_the_tail():
    """Hours that follow each other are one: 367 for 438 (-16%), 58, 9, 3 for 71, 10, 4; xi .284, within .007."""
    file = RECORDED / HOURLY.format("BTC")
    fit = clearsim.fit_prices(file, side="falls", threshold=0.0275, resamples=100)
    law = fit.thresholds.query("chosen").iloc[0]
    assert law["n"] == 367
    assert law["xi"] == pytest.approx(0.284, abs=6e-4)
    assert fit.check["recorded"].tolist()[1:] == [58, 9, 3]


@needs_data
def test_rolling_windows_find_falls_that_clock_hours_split(tmp_path):
    """2023 in candles of 5 minutes: 41 falls beyond .0275; clock hours of the same candles: 23, 25 before joining."""
    five = RECORDED / "binance_spot_BTCUSDT_5m_2023.csv.gz"
    fit = clearsim.fit_prices(five, side="falls", threshold=0.0275, resamples=100)
    assert len(fit.events) == 41
    frame = pd.read_csv(five)
    hour = frame.groupby(frame["ts_ms"] // HOUR * HOUR).agg({"high": "max", "low": "min", "close": "last"})
    hour.to_csv(tmp_path / "hours.csv")
    counts = [
        len(clearsim.fit_prices(tmp_path / "hours.csv", side="falls", threshold=0.0275, gap_minutes=gap).events)
        for gap in (60, 0)
    ]
    assert counts == [23, 25]
    row = fit.shares.iloc[0]
    assert (row["delay_s"], row["n"]) == (300, 41)
    assert 0.44 < row["mean"] < 0.55 < row["at_most"]


@needs_data
def test_the_fall_of_october_2025_comes_in_part_within_seconds():
    """OKX's index by the second, 20:44 to 21:20: 10 s .21, 60 s .39, 5 minutes .59; published .21, .40, .61 for a fall
    from 20:40 on, whose window is longer."""
    fit = clearsim.fit_prices(RECORDED / "okx_BTCUSD_index_1s_2025-10-10_crash.csv", side="falls")
    assert f"{fit.events['end'][0]:%H:%M}" == "21:20"
    means = fit.shares.set_index("delay_s")["mean"]
    assert [means[delay] for delay in (10, 60, 300)] == pytest.approx([0.208, 0.385, 0.592], abs=6e-4)
