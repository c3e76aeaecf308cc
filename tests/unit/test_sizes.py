"""Sizes have bounds that `check` prints, and `check --draw` refuses what a run refuses at its start."""

import clearsim
import pytest
from clearsim.api.config import checked_lines
from clearsim.config.sizes import SIZES, max_orders_per_tick, n_steps
from clearsim.errors import ConfigError

BASE = clearsim.load("base")


def test_the_sizes_of_the_reference_market_by_hand():
    """600 s, one market, adaptive ticks down to 250 ms: 2,400. Ladders: makers x 2 sides x levels x bands; noise."""
    assert n_steps(BASE) == 600 / 0.25
    makers = BASE.population.cohorts[0]
    ladder = makers.traders * 2 * makers.behaviour.levels_per_band * len(makers.behaviour.depth)
    noise = next(c.behaviour for c in BASE.population.cohorts if c.behaviour.kind == "noise")
    assert (ladder, float(noise.orders_per_s)) == (160, 20)
    assert max_orders_per_tick(BASE) == 160 + 20  # ticks of at most a second


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"duration_s": 10**12}, r"duration_s must be at most 10,000,000,000"),
        ({"duration_s": 10**9}, r"duration_s must keep the ticks times markets within 1,000,000,000, found 4,000,000"),
        ({"population.cohorts[0].behaviour.levels_per_band": 400_000}, r"orders of makers and rates, in a tick within"),
        ({"population.cohorts[3].traders": 20_000_000}, r"population.cohorts must keep the traders within 10,000,000"),
        ({"population.cohorts[0].interval_ms": 1, "duration_s": 10**7 * 3}, r"wakes of cohorts and agents within"),
    ],
)
def test_a_size_beyond_its_bound_is_refused_with_the_key_and_the_bound(values, message):
    with pytest.raises(ConfigError, match=message):
        BASE.with_(values)


def test_check_prints_the_sizes_with_their_bounds():
    line = next(line for line in checked_lines(BASE) if line.startswith("within bounds: "))
    assert "traders 2,000 of 10,000,000" in line
    assert "ticks times markets 2,400 of 1,000,000,000" in line
    assert len(SIZES) == 9


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"design": clearsim.designs.random(2_000_000)}, r"design must keep the points within 1,000,000, found 2,000,"),
        ({"design": clearsim.designs.grid(10**9)}, r"design must keep the points within 1,000,000"),
        ({"replications": 10**9}, r"replications must keep the runs within 100,000,000, found 1,000,000,000"),
    ],
)
def test_a_study_beyond_its_bounds_is_refused_at_once(fields, message):
    shock = clearsim.Uncertainty("shock", path="markets[0].price.shock_fraction", low=-0.2, high=-0.1)
    with pytest.raises(ConfigError, match=message):
        clearsim.Study("base", uncertainties=[shock], **fields)


def test_a_run_of_too_many_paths_is_refused():
    with pytest.raises(ConfigError, match="paths must be at most 100,000,000, found 1,000,000,000"):
        clearsim.run("btc", fidelity="reduced", paths=10**9)


def test_drawing_the_opening_book_finds_what_only_the_run_refuses():
    small = clearsim.load("base").with_traders(300)
    assert any("open interest" in line for line in checked_lines(small, draw=True))
    unbuildable = small.with_({"population.cohorts[0].max_leverage": 1})  # makers who cannot carry their depth
    checked_lines(unbuildable)
    with pytest.raises(ConfigError) as drawn:
        checked_lines(unbuildable, draw=True)
    with pytest.raises(ConfigError) as ran:
        clearsim.run(unbuildable)
    assert str(drawn.value) == str(ran.value)
