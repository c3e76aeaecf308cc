"""The curve from one set of runs equals runs with the fund itself, run by run and in both engines, without feedback."""

from decimal import Decimal

import numpy as np
import pytest
from clearsim.analysis.sizing.draws import COLUMNS, Draws
from clearsim.config import load_config
from clearsim.funds.config import horizon_days, open_interest_quote, state_of, with_fund, with_horizon
from clearsim.funds.worlds import FullWorld, ReducedWorld

from tests.reduced.reduced_worlds import KOU, config, longs_of

TWO_FUNDS = (
    "funds=[{name: a, markets: [BTCUSDT], seed_quote: 0, fee_share_ppm: 0},"
    " {name: b, markets: [ETHUSDT], seed_quote: 9, fee_share_ppm: 0}]"
)
LONGS = longs_of((5, 0.5), (20, 0.5))


def world(**rules):
    return config(KOU, LONGS, seed_quote=1000, reduced={"steps": 4, **rules})


@pytest.mark.parametrize("aim", [None, 1e-3])
def test_in_the_reduced_engine_adl_begins_in_exactly_the_paths_that_need_more_than_the_fund(aim):
    runs = ReducedWorld(world())
    needed = runs.arrays(3, aim=aim)["required"]
    for fund in (0.0, 100.0, float(np.quantile(needed, 0.99)), float(needed.max())):
        draws = Draws.of(fund, runs.arrays(3, fund=fund, aim=aim))
        np.testing.assert_array_equal(draws.required, needed)
        np.testing.assert_array_equal(draws.happened("first_adl"), needed > fund)
        np.testing.assert_array_equal(draws.happened("equity_zero"), needed > fund)


def test_in_the_reduced_engine_a_trigger_breaks_that_identity():
    runs = ReducedWorld(world(fund={"adl_drawdown_ppm": 300_000}))
    needed = runs.arrays(3)["required"]
    fund = float(np.quantile(needed, 0.98))
    draws = Draws.of(fund, runs.arrays(3, fund=fund))
    assert np.count_nonzero(draws.happened("first_adl")) > 1.1 * np.count_nonzero(needed > fund)


def storm():
    """The reference market without a cap on ENGINE's inventory, five minutes of storm: about five jumps a run."""
    kou = (
        "{kind: kou, initial_price: 50000, annual_volatility: 3, jumps_per_year: 500000, down_share_ppm: 700000,"
        " down_eta: 25, up_eta: 60}"
    )
    return load_config(
        "base",
        [
            "duration_s=120", f"markets[0].price={kou}", "funds[0].inventory_cap_quote=null", "agents=[]",
            "record.detail=summary",
        ],
    ).config  # fmt: skip


def test_in_the_full_engine_the_fund_is_exhausted_in_exactly_the_runs_that_need_more():
    runs = FullWorld(storm())
    abundant = [Draws.of(0.0, runs.arrays(number)) for number in range(6)]
    needed = np.array([float(draws.required[0]) for draws in abundant])
    assert needed.max() > 0, "no run draws on the fund: the storm is too weak to tell anything"
    assert not any(draws.happened("first_adl")[0] for draws in abundant)
    worst = int(np.argmax(needed))
    for share, exhausted in ((0.9, True), (1.0001, False)):
        fund = share * float(needed[worst])
        draws = Draws.of(fund, runs.arrays(worst, fund=fund))
        assert draws.required[0] == needed[worst]
        assert draws.happened("first_adl")[0] == exhausted, share


def test_columns_are_complete_and_alike():
    for runs in (ReducedWorld(world()), FullWorld(storm())):
        arrays = runs.arrays(0)
        assert set(arrays) == set(COLUMNS)
        assert len({len(array) for array in arrays.values()}) == 1


def test_other_books_have_other_funds_and_the_same_jumps():
    own, other = (ReducedWorld(many_traders(), book).arrays(0, aim=1e-3) for book in (0, 1))
    assert not np.array_equal(own["required"], other["required"])
    assert own["log_weight"].std() > 0
    np.testing.assert_array_equal(own["log_weight"], other["log_weight"])


def many_traders():
    leverage = {"kind": "pareto", "weight": "notional", "at": "entry", "exponent": 1.5, "minimum": 2, "maximum": 50}
    drawn = {"leverage": leverage, "size": {"kind": "pareto", "exponent": 1.2}}
    cohort = LONGS[0] | {"traders": 50, "opening": [LONGS[0]["opening"][0] | drawn]}
    return config(KOU, [cohort, LONGS[-1]], reduced={"steps": 4})


def test_a_fund_is_split_as_the_configured_ones_are():
    two = load_config("two-markets").config
    total = sum(fund.seed_quote for fund in two.funds)
    changed = with_fund(two, Decimal(3) * total)
    assert [fund.seed_quote for fund in changed.funds] == [3 * fund.seed_quote for fund in two.funds]


def test_a_fund_of_nothing_gets_an_equal_share_for_its_seed_states_none():
    two = load_config("two-markets", [TWO_FUNDS]).config
    assert [fund.seed_quote for fund in with_fund(two, Decimal(300)).funds] == [150, 150]


def test_every_fund_is_endless_where_required_funds_are_measured():
    """The fund with a seed of 0 of two is as endless as the other, so that what it needs is no bound."""
    runs = FullWorld(load_config("two-markets", [TWO_FUNDS, "duration_s=60"]).config)
    seen = []
    runs._run = lambda config, number: seen.append(config) or {"required_fund_quanta": 0}
    runs._columns = lambda row, required: {}
    runs.arrays(0)
    assert [fund.seed_quote for fund in seen[0].funds] == [runs.abundant] * 2
    assert runs.abundant > 0


def test_open_interest_of_named_agents_alone_is_that_of_their_positions():
    """Two longs of 0.5 at 50,000, and shorts of 1 in all: 50,000 on one side."""
    story = load_config("fund-empty-adl").config
    assert sum(p.base for a in story.agents for p in a.positions if p.side == "long") == 1
    assert open_interest_quote(story) == 50_000
    assert FullWorld(story).abundant == 200_000


def test_whether_jumps_can_be_tilted_is_known_without_an_opening_book():
    runs = ReducedWorld(world())
    assert runs.can_tilt
    assert "lowered" not in vars(runs)
    assert not ReducedWorld(config({**KOU, "jumps_per_year": 0}, LONGS, reduced={"steps": 4})).can_tilt


def test_open_interest_is_told_in_quote_units_whichever_way_it_is_given():
    assert open_interest_quote(world()) == 1_000_000
    assert open_interest_quote(load_config("btc").config) == 10_400_000_000
    assert open_interest_quote(load_config("2025-10-10-btcusdt").config) == 91_000 * Decimal("116903.4")


def test_a_longer_horizon_keeps_the_length_of_a_step():
    longer = with_horizon(world(), 21.0)
    assert horizon_days(longer, "reduced") == 21
    assert longer.reduced.steps == 12


def test_the_config_says_what_it_simulates():
    assert state_of(world(), "reduced") == {
        "open_interest": "aged_once",
        "replenishment": "none",
        "basis": "within_horizon",
    }
    renewed = world(renewal={"kind": "half_life", "half_life_days": 7}, fund={"replenishment": {"lag_days": 0}})
    assert state_of(renewed, "reduced")["open_interest"] == "renewed"
    assert state_of(renewed, "reduced")["replenishment"] == "injected"
    lagged = world(fund={"replenishment": {"lag_days": 0, "per_day_quote": 5}})
    assert state_of(lagged, "reduced")["replenishment"] == "lagged"
    assert state_of(world(fund={"cap_quote": 5000}), "reduced")["replenishment"] == "capped"
    assert state_of(load_config("base").config, "full")["basis"] == "given_stress"
