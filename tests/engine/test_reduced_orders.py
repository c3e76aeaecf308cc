"""Whoever ADL or tear-up reduces has no order left in that market, also where only ENGINE's inventory had to go."""

from clearsim.config import load_config
from clearsim.config.traders import traders_overrides
from clearsim.engine import simulation
from clearsim.engine.build import build_world
from clearsim.engine.cycle import run_cycle

SETTINGS = ["duration_s=600", "seed=3"]  # in cycle 330 nobody is distressed, and ENGINE's inventory is torn up


def test_who_is_reduced_has_no_order_left_in_that_market(monkeypatch):
    few = traders_overrides(load_config("two-markets", SETTINGS).config, 1_000)
    world = build_world(load_config("two-markets", [*SETTINGS, *few]).config, detail="summary", sink=None)
    house, reduced, for_engine = world.clearing, [], 0

    def run_waterfall(rows, run=house.run_waterfall):
        nonlocal for_engine
        outcome = run(rows)
        reduced.extend(outcome.reduced)
        for_engine += len(outcome.reduced) if len(rows) == 0 else 0
        return outcome

    def cycle_then_look(world, step):
        run_cycle(world, step)
        for market, rows in reduced:
            resting = world.accounts.open_bid[rows, market] + world.accounts.open_ask[rows, market]
            assert not resting.any(), f"cycle {step}: {rows[resting > 0].tolist()} still have orders"
        reduced.clear()

    monkeypatch.setattr(house, "run_waterfall", run_waterfall)
    monkeypatch.setattr(simulation, "run_cycle", cycle_then_look)
    simulation.run_to_end(world)
    assert for_engine > 0
