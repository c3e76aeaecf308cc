"""A user's own price path: data, tables and functions become points; wrong ones are refused; the path is exact."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from clearsim.config import config_from_text, config_hash, to_yaml
from clearsim.errors import ConfigError
from clearsim.funds.config import open_interest_quote, state_of
from clearsim.market.clock import FixedClock
from clearsim.market.price import SCENARIO_KINDS, Independent, OwnPath, PricePath, Replay, build_paths
from clearsim.rng import Streams
from pydantic import TypeAdapter

from tests.engine.runs import config_of

PRICES = [100.0, 101.0, 99.0, 99.0, 98.1]


def built(process, *, duration_ms=4_000, tick_ms=1_000, refine=1):
    return build_paths(
        Independent(),
        [process],
        names=["M"],
        duration_ms=duration_ms,
        clock=FixedClock(tick_ms=tick_ms),
        streams=Streams(seed=1),
        maintenance_ppm=[5_000],
        refine=refine,
    )


def test_an_array_is_read_at_its_times_to_the_last_digits():
    path = built(OwnPath.of(PricePath(PRICES)))
    assert np.allclose(path.price[:, 0], PRICES, rtol=1e-14)
    half = built(OwnPath.of(PricePath(PRICES[:3], step_s=2)), tick_ms=1_000)
    # Between points a straight line in log price: the geometric mean.
    assert half.price[1, 0] == pytest.approx((100 * 101) ** 0.5, rel=1e-14)


TABLES = {
    "seconds": pd.DataFrame({"time_s": [0, 1, 2, 3, 4.0], "price": PRICES}),
    "milliseconds": pd.DataFrame({"ts_ms": [0, 1000, 2000, 3000, 4000], "price": PRICES, "volume": 1}),
    "calendar": pd.DataFrame({"time": pd.date_range("2025-10-10T21:00Z", periods=5, freq="s"), "price": PRICES}),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_array(name):
    assert OwnPath.of(PricePath(TABLES[name])) == OwnPath.of(PricePath(PRICES))


def test_a_function_of_time_is_sampled():
    path = PricePath.sampled(lambda t: 100.0 + t, duration_s=4)
    assert OwnPath.of(path) == OwnPath.of(PricePath([100.0, 101.0, 102.0, 103.0, 104.0]))
    assert PricePath.sampled(lambda t: 7.0, duration_s=1).prices.tolist() == [7.0, 7.0]


def test_it_is_the_replay_of_the_same_rows(tmp_path):
    file = tmp_path / "p.csv"
    file.write_text("ts_ms,price\n" + "".join(f"{1000 * k},{price}\n" for k, price in enumerate(PRICES)))
    for between in ("line", "last"):
        replay = built(Replay(file=str(file), between=between), refine=4)
        own = built(OwnPath.of(PricePath(PRICES), between=between), refine=4)
        for a, b in zip(own, replay, strict=True):
            assert np.array_equal(a, b)


def test_the_step_ratio_sees_the_moves_of_the_path():
    """A fall of 3% within a second at 0.5% maintenance: r = ln(1/.995) / (ln(1/.97) sqrt(1)) = .165."""
    worst = built(OwnPath.of(PricePath([100.0, 97.0, 97.0, 97.0, 97.0]))).worst_step([5_000])
    assert worst.ratio == pytest.approx(np.log(1 / 0.995) / np.log(1 / 0.97), rel=1e-9)
    jumped = built(OwnPath.of(PricePath([100.0, 97.0, 97.0, 97.0, 97.0]), between="last")).worst_step([5_000])
    assert (jumped.n_jump_steps, round(jumped.largest_jump, 6)) == (1, 0.030459)


class Wave(PricePath):
    """A path that is computed, on a grid of its own."""

    def __init__(self, height=1.0):
        self.height = height

    def points(self, duration_s, rng):
        times = np.arange(0.0, duration_s + 0.5, 0.5)
        return times, 100.0 + self.height * np.sin(times)


def test_a_class_computes_its_points():
    path = built(OwnPath.of(Wave(height=2.0)))
    assert np.allclose(path.price[:, 0], 100.0 + 2.0 * np.sin(np.arange(5)), rtol=1e-14)
    assert OwnPath.of(Wave(height=2.0)).params == {"height": 2.0}


MISTAKES = [
    ([1.0, -1.0], None, "prices must be positive and finite; number 1 is -1.0"),
    ([1.0, float("nan")], None, "prices must be positive and finite; number 1 is nan"),
    ([1.0, 2.0], [0.0, 0.0], "times must rise; number 1 is 0.0"),
    ([1.0, 2.0], [0.0, 1.00051], "times must be whole milliseconds; number 1 is 1.00051"),
    ([1.0, 2.0], [0.0, float("inf")], "times must be whole milliseconds; number 1 is inf"),
    ([1.0], None, "needs as many times as prices, 2 to 20,000,000 of them, found shapes (1,) and (1,)"),
    ([1.0, 2.0], [0.0], "found shapes (1,) and (2,)"),
]


@pytest.mark.parametrize(("prices", "times", "message"), MISTAKES)
def test_points_that_make_no_path_are_refused(prices, times, message):
    with pytest.raises(ConfigError) as caught:
        OwnPath.of(PricePath(prices, times))
    assert message in str(caught.value)


def test_a_path_that_is_too_short_is_refused():
    with pytest.raises(ConfigError, match=r"market M: price path PricePath: its points span 0 s to 4 s .* 0 s to 5 s"):
        built(OwnPath.of(PricePath(PRICES)), duration_ms=5_000)


def test_a_table_without_times_is_refused():
    with pytest.raises(ConfigError, match="a table needs price and one of time_s, ts_ms, time; found a, price"):
        PricePath(pd.DataFrame({"a": [1], "price": [2]}))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1 / 0", "market M: price path P raised ZeroDivisionError: division by zero (line 4)"),
        ("return 7", "points must return two arrays, times and prices, not int"),
        ("return [0, 9], ['a', 'b']", "times and prices must be numbers"),
    ],
)
def test_code_that_fails_names_market_and_line(body, message):
    source = (
        "from clearsim.market.price import PricePath\nclass P(PricePath):\n    def points(self, duration_s, rng):\n"
    )
    entry = {
        "kind": "path",
        "file": "p.py",
        "class": "P",
        "params": {"prices": []},
        "source": f"{source}        {body}\n",
    }
    with pytest.raises(ConfigError) as caught:
        built(TypeAdapter(OwnPath).validate_python(entry))
    assert message in str(caught.value)


def on_base(process):
    config = config_of("base", "duration_s=4", traders=300)
    market = config.markets[0].model_copy(update={"price": process})
    return config.model_copy(update={"markets": (market,)})


def test_a_config_with_a_path_survives_its_yaml_and_counts_for_the_hash(tmp_path):
    config = on_base(OwnPath.of(PricePath(PRICES)))
    (tmp_path / "prices.csv").write_text(config.markets[0].price.source)
    again = config_from_text(to_yaml(config, lambda file: str(tmp_path / file.path)))
    assert config_hash(again) == config_hash(config)
    assert config_hash(on_base(OwnPath.of(PricePath([*PRICES[:-1], 98.2])))) != config_hash(config)


def test_a_path_is_a_scenario_unless_it_says_otherwise():
    played = on_base(OwnPath.of(PricePath(PRICES)))
    assert state_of(played, "full")["basis"] == "given_stress"
    drawn = on_base(OwnPath.of(Wave(), scenario=False))
    assert state_of(drawn, "full")["basis"] == "within_horizon"
    assert SCENARIO_KINDS == ("waypoints", "single_shock", "replay", "path")


def test_open_interest_in_contracts_is_valued_at_the_first_price():
    config = on_base(OwnPath.of(PricePath(PRICES)))
    entry = config.population.open_interest[0].model_copy(update={"quote": None, "base": 3})
    population = config.population.model_copy(update={"open_interest": (entry,)})
    assert open_interest_quote(config.model_copy(update={"population": population})) == 300


HOWTO = Path(__file__).parents[2] / "sim" / "docs" / "how-to" / "bring-your-own-price-path.md"


def test_the_howto_runs_as_written():
    data, code = re.findall(r"```python\n(.*?)```", HOWTO.read_text(), re.S)
    names = {}
    exec(data, names)
    line, held = (built(names[name], duration_ms=180_000, tick_ms=60_000) for name in ("price", "held"))
    assert np.allclose(line.price[:, 0], [50000, 49000, 46000, 47500], rtol=1e-14)
    assert np.array_equal(held.jump[:, 0], [False, True, True, True])
    entry = yaml.safe_load(re.search(r"```yaml\n(.*?)```", HOWTO.read_text(), re.S)[1])["price"]
    slide = built(OwnPath.model_validate({**entry, "source": code}), duration_ms=600_000)
    # 15% down; the noise is 1e-5 sqrt(600), .00024.
    assert slide.price[-1, 0] / slide.price[0, 0] == pytest.approx(0.85, abs=0.001)
