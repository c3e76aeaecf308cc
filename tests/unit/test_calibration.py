"""What a book of positions says: laws by hand, planted laws recovered, the config it writes is one."""

import csv
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import yaml
from clearsim.agents.distributions import ParetoLeverage, ParetoSizes
from clearsim.analysis.calibration.fit import fit_book, fit_leverage, fit_sizes
from clearsim.analysis.calibration.laws import (
    censored_exponent,
    distance,
    effective_number,
    hill_alpha,
    pareto_cdf,
    truncated_exponent,
)
from clearsim.analysis.calibration.quantities import Quantities
from clearsim.analysis.errors import AnalysisError
from clearsim.cli.calibrate import calibrate
from clearsim.config import load_config
from clearsim.errors import InputDataError
from clearsim.opening import read_positions
from clearsim.opening.book_frame import book_frame

LOG = "lognormal, moments of the logarithm"
PLANTED = ParetoLeverage(
    kind="pareto", weight="account", at="entry", exponent=Decimal("1.69"), minimum=Decimal("2.3"), maximum=Decimal(50)
)
SIZES = ParetoSizes(kind="pareto", exponent=Decimal("1.2"))


def planted_book(n, seed):
    """Independent draws of the config's own distributions: leverage by account, sizes of Pareto 1.2."""
    generator = np.random.default_rng(seed)
    size = SIZES.quantile(generator.random(n))
    leverage = PLANTED.quantile(generator.random(n))
    return pd.DataFrame(
        {
            "account": [f"a{i}" for i in range(n)], "market": "M", "is_long": generator.random(n) < 0.5, "size": size,
            "notional": size * 100, "leverage": leverage, "capital_share": 1.0, "isolated": True,
        }
    )  # fmt: skip


def found(fit, quantity, counts):
    table = fit.estimates
    return table[(table["quantity"] == quantity) & (table["counts"] == counts)].iloc[0]


def test_the_exponent_solves_its_equation():
    """Between 1 and e: at exponent 1 the mean of ln x is 1 - 1/(e - 1); at 0 the law is log-uniform, mean 1/2."""
    assert truncated_exponent(1 - 1 / (np.e - 1), 1.0)[0] == pytest.approx(1, abs=1e-9)
    assert truncated_exponent(0.5, 1.0)[0] == pytest.approx(0, abs=1e-6)
    assert truncated_exponent(0.25, 1e9)[0] == pytest.approx(4, abs=1e-6)  # no upper end: one over the mean
    u = (np.arange(200_000) + 0.5) / 200_000
    planted = np.log(PLANTED.quantile(u) / 2.3).mean()
    assert truncated_exponent(planted, np.log(50 / 2.3))[0] == pytest.approx(1.69, abs=1e-4)


def test_small_laws_by_hand():
    assert censored_exponent(np.exp([0.0, 1.0, 2.0])) == pytest.approx(1)
    assert censored_exponent(np.exp([0.0, 1.0, 2.0, 2.0])) == pytest.approx(2 / 5)  # two stand at the cap
    assert hill_alpha(np.exp([[3.0, 2.0, 1.0, 0.0]]), 2) == pytest.approx([1 / 1.5])
    assert effective_number(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)
    assert pareto_cdf(np.array([1.0, 2.0, 5.0]), 1.0, 1.0, 4.0) == pytest.approx([0, 2 / 3, 1])
    # Weights 1, 3 at 1, 2; a continuous law has 0.5, 1 there: just below 2 the book has 0.25.
    assert distance(np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array([0.5, 1.0])) == pytest.approx(0.75)
    assert distance(np.array([1.0, 1.0]), np.ones(2), np.array([0.5, 0.5])) == pytest.approx(0.5)


def test_a_planted_law_lies_in_its_intervals():
    fit = fit_book(planted_book(2000, seed=1))
    market = fit.markets[0]
    assert market.leverage["account"].kind == "pareto"
    assert market.size.kind == "pareto"
    assert market.size.exponent == pytest.approx(1.2, rel=0.05)
    for counts in ("account", "notional"):
        row = found(fit, "leverage Pareto exponent", counts)
        assert row["low"] <= 1.69 <= row["high"]
    tail = found(fit, "size Hill alpha", "account")
    assert tail["low"] <= 1.2 <= tail["high"]
    assert tail["n"] == 2000
    slope = found(fit, "leverage slope on size", "account")
    assert slope["low"] <= 0 <= slope["high"]


def test_leverage_that_falls_with_size_is_seen():
    book = planted_book(1500, seed=2)
    book["leverage"] = book["leverage"] * (book["notional"] / 100) ** -0.3
    fit = fit_book(book)
    slope = found(fit, "leverage slope on size", "account")
    assert slope["low"] <= -0.3 <= slope["high"] < -0.2
    assert fit.by_size["leverage"].is_monotonic_decreasing
    assert fit.by_size["positions"].tolist() == [375] * 4
    assert fit.by_size["share_of_notional"].sum() == pytest.approx(1)


def test_top_shares_are_facts_of_the_book():
    book = planted_book(100, seed=3)
    share = found(fit_book(book), "share of the ten largest", "notional")
    assert share["value"] == pytest.approx(book["notional"].nlargest(10).sum() / book["notional"].sum())
    assert share["low"] < share["value"] < share["high"]


def test_two_clusters_are_written_as_buckets_and_one_value_as_fixed():
    book = planted_book(1000, seed=4)
    book["leverage"] = np.where(np.arange(1000) % 2, 2.5, 40.0)
    law = fit_leverage(book, "account")
    assert law.kind == "buckets"
    assert sum(share for _, _, share in law.buckets) == pytest.approx(1)
    assert [share for _, _, share in law.buckets if share > 0] == pytest.approx([0.5, 0.5])
    assert fit_leverage(book.assign(leverage=10.0), "notional").kind == "fixed"


def test_sizes_are_judged_within_their_side():
    """Shorts ten times as large as longs, both Pareto: still Pareto of the same exponent."""
    u = (np.arange(1000) + 0.5) / 1000
    one = SIZES.quantile(u)
    sizes = fit_sizes(np.concatenate([one, 10 * one]), np.arange(2000) < 1000)
    assert sizes.kind == "pareto"
    assert sizes.exponent == pytest.approx(1.2, rel=0.02)
    lognormal = fit_sizes(np.exp(np.random.default_rng(0).normal(0, 1.5, 1000)), np.arange(1000) < 500)
    assert lognormal.kind == "lognormal"
    assert lognormal.sigma == pytest.approx(1.5, rel=0.06)


def test_standard_errors_are_those_of_the_textbook():
    """By accounts: of the log mean s/sqrt(n) over the mean (its logarithm); of the slope White's, by hand."""
    book = planted_book(200, seed=8)
    once, place = np.ones((1, 200)), np.arange(200)
    quantities = Quantities(book).from_means
    logs = np.log(book["leverage"].to_numpy() / book["leverage"].min())
    value, error = quantities["leverage log mean", "account", LOG].measured(place, once)
    assert value[0] == pytest.approx(np.log(logs.mean()))
    assert error[0] == pytest.approx(logs.std() / np.sqrt(200) / logs.mean(), rel=1e-6)
    x = np.log(book["notional"].to_numpy())
    x, y = x - x.mean(), logs - logs.mean()
    slope = (x @ y) / (x @ x)
    value, error = quantities["leverage slope on size", "account", "least squares of logarithms"].measured(place, once)
    assert value[0] == pytest.approx(slope)
    assert error[0] == pytest.approx(np.sqrt((x**2 * (y - slope * x) ** 2).sum()) / (x @ x), rel=1e-6)


def test_accounts_are_drawn_not_positions():
    """Each account holds the same position twice: the error is that of accounts, sqrt(2) above that of positions."""
    book = planted_book(100, seed=9)
    twice = pd.concat([book, book], ignore_index=True)
    key = ("leverage log mean", "account", LOG)
    _, one = Quantities(book).from_means[key].measured(np.arange(100), np.ones((1, 100)))
    _, both = Quantities(twice).from_means[key].measured(np.tile(np.arange(100), 2), np.ones((1, 100)))
    _, apart = Quantities(twice).from_means[key].measured(np.arange(200), np.ones((1, 200)))
    assert both[0] == pytest.approx(one[0])
    assert both[0] == pytest.approx(np.sqrt(2) * apart[0])


def test_too_small_a_book_is_refused():
    with pytest.raises(AnalysisError, match="a fit needs 30 positions with leverage, found 29"):
        fit_book(planted_book(29, seed=0))


def write_book(path, rows):
    names = ["account", "market", "side", "quantity", "entry", "margin", "mode", "collateral"]
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([names, *rows])
    return path


def test_leverage_of_a_position_by_hand(tmp_path):
    """Isolated 10,000 / 1,000; cross with margin 5,000 / 500; two cross lines share 3,000 by value 1 : 2."""
    path = write_book(
        tmp_path / "book.csv",
        [
            ["ann", "BTCUSDT", "long", "0.2", "50000", "1000", "isolated", "1000"],
            ["bob", "BTCUSDT", "short", "0.1", "50000", "500", "cross", "2000"],
            ["cat", "BTCUSDT", "long", "0.4", "50000", "", "cross", "4000"],
            ["dan", "BTCUSDT", "short", "0.5", "50000", "", "cross", "0"],
        ],
    )
    instruments = load_config("own-book").config.instruments()
    book, left_out = book_frame(read_positions(path, instruments), instruments)
    assert book["leverage"].tolist() == pytest.approx([10, 10, 5])
    assert book["capital_share"].tolist() == pytest.approx([0.5, 0.25, 1])
    assert book["is_long"].tolist() == [True, False, True]
    assert left_out == 1


def own_book_csv(path, book):
    """The planted book as a CSV whose longs equal its shorts: every account once on each side."""
    rows = []
    for i, (size, leverage) in enumerate(zip(book["size"], book["leverage"], strict=True)):
        quantity = max(0.001, round(size * 0.01, 3))
        margin = round(quantity * 50000 / leverage, 6)
        rows += [
            [f"{side}{i}", "BTCUSDT", side, f"{quantity:.3f}", "50000", f"{margin:.6f}", "isolated", "0"]
            for side in ("long", "short")
        ]
    return write_book(path, rows)


def test_the_written_config_is_valid_and_draws_what_was_planted(tmp_path, capsys):
    path = own_book_csv(tmp_path / "book.csv", planted_book(600, seed=5))
    out = tmp_path / "fitted.yaml"
    calibrate(path, config="own-book", out=out, weight="account", level=0.95, resamples=200, debug=False)
    printed = capsys.readouterr().out
    assert "1,200 positions of 1,200 accounts" in printed
    assert "leverage law chosen, by account              pareto" in printed
    config = load_config(out).config
    cohort = next(cohort for cohort in config.population.cohorts if cohort.name == "fitted")
    item = cohort.opening[0]
    assert config.positions is None
    assert cohort.traders == 1200
    assert item.isolated_ppm == 1_000_000
    assert item.long_accounts_ppm == 500_000
    assert float(item.leverage.exponent) == pytest.approx(1.69, abs=0.25)
    assert float(item.leverage.minimum) == pytest.approx(2.3, abs=0.05)
    assert [c.name for c in config.population.cohorts if c.opening] == ["fitted"]
    assert "makers" in {c.name for c in config.population.cohorts}


def test_a_fitted_config_without_out_is_printed(tmp_path, capsys):
    path = own_book_csv(tmp_path / "book.csv", planted_book(100, seed=6))
    calibrate(path, config="own-book", out=None, weight="notional", level=0.9, resamples=100, debug=False)
    text = capsys.readouterr().out.split("As a config (write it with --out FILE):\n\n")[1]
    assert yaml.safe_load(text.replace("!replace", ""))["extends"] == "own-book"
    assert "Brackets: 90% intervals" in text


def test_a_book_without_money_is_refused(tmp_path):
    path = write_book(tmp_path / "book.csv", [["dan", "BTCUSDT", "short", "0.5", "50000", "", "cross", "0"]])
    with pytest.raises(InputDataError, match="no position of the book has money behind it"):
        calibrate(path, config="own-book", out=None, weight="account", level=0.95, resamples=100, debug=False)


@pytest.mark.slow
def test_intervals_cover_the_planted_law():
    """1,000 books of 500 positions each; 0.95 nominal, standard error 0.007; bands of 3.5 of these below it."""
    truths = {
        ("leverage Pareto exponent", "account"): 1.69,
        ("leverage Pareto exponent", "notional"): 1.69,
        ("size Hill alpha", "account"): 1.2,
        ("leverage slope on size", "account"): 0.0,
    }
    hits = dict.fromkeys(truths, 0)
    for seed in range(1_000):
        fit = fit_book(planted_book(500, seed=10_000 + seed), resamples=400)
        for key, truth in truths.items():
            row = found(fit, *key)
            hits[key] += row["low"] <= truth <= row["high"]
    coverage = {key: count / 1_000 for key, count in hits.items()}
    print(coverage)
    assert all(0.925 <= share <= 0.985 for share in coverage.values()), coverage
