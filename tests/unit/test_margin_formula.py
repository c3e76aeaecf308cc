"""A margin requirement of any form: CLR-MRG-016 in sim/clearing/RULES.md."""

import math

import clearsim
import numpy as np
import pytest
from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import MarginFormula, MarginSchedule, OwnSchedule
from clearsim.clearing.margin.liquidation_price import liquidation_ticks
from clearsim.errors import ConfigError
from clearsim.kernels.margin.liquidation_price import ALWAYS_DOWN, NEVER_UP, distress_price
from clearsim.kernels.margin.requirement import initial_requirement, is_distressed, position_maintenance
from clearsim.layout import MARKET_DTYPE

FEES = FeeSchedule(taker_ppm=500, maker_ppm=200)


class Root(MarginSchedule):
    """Maintenance of 4 x size x sqrt(size) quanta, whatever the price, and twice as much initial margin at 1,000."""

    def formula(self, units):
        def maintenance(lots, mark_value, entry_value):
            return min(4.0 * lots * math.sqrt(lots), 0.5 * mark_value)

        def initial_ppm(lots, mark_value):
            return 1_000_000

        return MarginFormula(maintenance, initial_ppm)


class Linear(MarginSchedule):
    """1% of the notional and a tenth of a percent more for each thousand contracts, in floats; initial margin twice."""

    def formula(self, units):
        size = units.lot_size

        def maintenance(lots, mark_value, entry_value):
            return min(0.5, 0.01 + 0.001 * lots * size / 1_000) * mark_value

        def initial_ppm(lots, mark_value):
            return 2e6 * min(0.5, 0.01 + 0.001 * lots * size / 1_000)

        return MarginFormula(maintenance, initial_ppm)


class OnEntry(MarginSchedule):
    """A tenth of the entry value, below the value itself: whole numbers, without a float."""

    distressed_at_or_below = True

    def formula(self, units):
        def maintenance(lots, mark_value, entry_value):
            return min(entry_value // 10, mark_value // 2)

        def initial_ppm(lots, mark_value):
            return 500_000

        return MarginFormula(maintenance, initial_ppm)


def lowered(part, *, tick_value=1):
    """Parameters and tiers of a market with this schedule."""
    values, tiers = OwnSchedule.of(part).lower(quantum=1, fees=FEES)
    params = np.zeros(1, MARKET_DTYPE)
    params["tick_value"] = tick_value
    for name, value in values.items():
        params[name] = value
    return params[0], tiers


def test_the_worked_number():
    """CLR-MRG-016: 100 contracts long from 1,000 on 10,000: equity 4,000 at 940, safe; distressed at 939."""
    params, tiers = lowered(Root())
    assert position_maintenance(100, 100_000, 940, params, tiers) == 4_000
    assert distress_price(10_000 - 100_000, 100, 100_000, params, tiers) == 939


def plain(part, lots, mark, entry):
    """The requirement in Python's own numbers, rounded up."""
    units = type("Units", (), {"lot_size": 1.0, "quantum": 1.0})()
    return math.ceil(part.formula(units).maintenance(abs(lots), abs(lots) * mark, abs(lots) * entry))


@pytest.mark.parametrize("part", [Root(), Linear(), OnEntry()], ids=lambda part: type(part).__name__)
def test_the_threshold_is_the_exact_solution_of_the_requirement(part):
    """CLR-MRG-016, CLR-MRG-008: 400 random positions: the last price on the distressed side, in plain numbers."""
    params, tiers = lowered(part)
    rng = np.random.default_rng(5)
    for _ in range(400):
        lots = int(rng.integers(1, 500)) * int(rng.choice([-1, 1]))
        entry = int(rng.integers(200, 3_000))
        quote = int(abs(lots) * entry * rng.uniform(0.02, 1.5)) - lots * entry
        found = distress_price(quote, lots, lots * entry, params, tiers)

        def is_short_of(mark, quote=quote, lots=lots, entry=entry):
            left = quote + lots * mark - plain(part, lots, mark, entry)
            return left < 0 or (left == 0 and part.distressed_at_or_below)

        if found in (ALWAYS_DOWN, NEVER_UP):
            continue
        inside, outside = (found, found + 1) if lots > 0 else (found, found - 1)
        assert found == 0 or is_short_of(inside)
        assert outside == 0 or not is_short_of(outside)


def test_initial_margin_follows_the_formula():
    """CLR-MRG-016: 2,000 contracts at 5: 10,000 x 2.4% = 240; a trader's own rate of 10% is larger."""
    params, tiers = lowered(Linear())
    assert initial_requirement(2_000, 10_000, 1, params, tiers) == 240
    assert initial_requirement(2_000, 10_000, 100_000, params, tiers) == 1_000


def test_liquidation_prices_of_many_positions_are_those_of_one():
    """CLR-MRG-016: for reports too."""
    params, tiers = lowered(Linear())
    lots, cost = np.array([100, -100]), np.array([100_000, -100_000])
    quote = 10_000 - cost
    ticks, tier = liquidation_ticks(params, tiers, lots=lots, quote=quote, cost=cost)
    assert ticks.tolist() == [distress_price(q, n, c, params, tiers) for q, n, c in zip(quote, lots, cost, strict=True)]
    assert tier.tolist() == [0, 0]


def made(maintenance, initial_ppm=lambda lots, mark_value: 1_000_000):
    class Mine(MarginSchedule):
        def formula(self, units):
            return MarginFormula(maintenance, initial_ppm)

    return Mine()


@pytest.mark.parametrize(
    ("maintenance", "message"),
    [
        (lambda lots, mark_value, entry_value: 2.0 * mark_value, "grows faster than their value"),
        (lambda lots, mark_value, entry_value: max(0.0, 1e6 * lots - 0.1 * mark_value), "falls when their price rises"),
        (lambda lots, mark_value, entry_value: 0.5 * mark_value / lots**2, "falls when 1 contracts become twice"),
        (lambda lots, mark_value, entry_value: lots.nonsense, "must return functions that numba can compile"),
    ],
)
def test_a_formula_that_cannot_be_a_requirement_is_refused(maintenance, message):
    """CLR-MRG-016."""
    with pytest.raises(ConfigError, match=message):
        lowered(made(maintenance))


def test_maintenance_above_initial_margin_is_refused():
    """CLR-MRG-016."""
    with pytest.raises(ConfigError, match="exceeds their initial margin"):
        lowered(made(lambda lots, mark_value, entry_value: 0.2 * mark_value, lambda lots, mark_value: 100_000))


def test_a_run_with_a_formula_equals_a_run_with_the_same_tier():
    """CLR-MRG-016: the flat schedule as a formula; every table of the run but the config hash is the same."""
    tier = {"kind": "flat", "maintenance_ppm": 5_000, "max_leverage": 100}
    config = clearsim.load("base").with_traders(400)

    class Flat(MarginSchedule):
        def formula(self, units):
            def maintenance(lots, mark_value, entry_value):
                whole, rest = mark_value // 1_000_000, mark_value % 1_000_000  # no product leaves int64
                return whole * 5_000 + (rest * 5_000 + 999_999) // 1_000_000

            def initial_ppm(lots, mark_value):
                return 10_000

            return MarginFormula(maintenance, initial_ppm)

    runs = [clearsim.run(config.with_({"markets[0].margin": margin})) for margin in (tier, Flat())]
    for name in ("series", "transfers", "liquidations", "fills"):
        first, second = (result.table(name, units="quanta") for result in runs)
        assert first.equals(second), name


def test_rows_with_two_positions_are_found():
    """CLR-MRG-016, CLR-MRG-010: the band of a row in two markets is cautious."""
    from tests.worlds.clearing import ClearingWorld

    world = ClearingWorld([], marks=(1_000, 1_000))
    params, tiers = lowered(Linear())
    for market in (0, 1):
        for name in ("maintenance_formula", "initial_formula", "n_tiers", "notional_cap", "at_or_below"):
            world.markets.params[name][market] = params[name]
        world.markets.tiers[market, 0] = tiers[0]
    row = world.trader(0, money=20_100, lots=1_000, price=1_000, market=0)
    world.open(row, -50, 1_000, market=1)
    needed = plain(Linear(), 1_000, 1_000, 1_000) + plain(Linear(), 50, 1_000, 1_000)
    assert world.equity(row) == 20_100
    assert is_distressed(world.accounts, world.markets, row) == (needed > 20_100)
