"""When the sums over all rows are checked in full, and what only they can find."""

import pytest
from clearsim.config import load_config
from clearsim.engine import record
from clearsim.engine.build import build_world
from clearsim.engine.simulation import run_to_end, simulate
from clearsim.errors import ConservationError

CONFIG = load_config("two-markets", ["duration_s=65"]).config


def test_sums_are_checked_in_full_at_every_tenth_sample_and_at_the_end(monkeypatch):
    """CLR-LDG-004: samples come every second."""
    times, check = [], record.check_sums

    def noting(world):
        times.append(world.time_ms)
        check(world)

    monkeypatch.setattr(record, "check_sums", noting)
    simulate(CONFIG)
    assert times == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 65_000]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((0, -5), r"sum to 0 quanta and \[0, -5\] lots"),
        ((5, -5), r"open interest of \[\d+, \d+\] lots, the touched accounts lead to \[\d+, \d+\]"),
    ],
)
def test_a_row_that_was_changed_without_being_touched_is_found_at_the_latest_at_the_end(change, message):
    """CLR-LDG-004: a long's and a short's position, changed by hand; the second change sums to 0."""
    world = build_world(CONFIG, detail="summary", sink=None)
    lots = world.accounts.lots
    idle = [next(row for row in range(len(lots)) if sign * lots[row, 1] > 0) for sign in (1, -1)]
    lots[idle, 1] += change
    world.ledger.lots_seen[idle] = lots[idle]  # as if the rows had never been touched
    with pytest.raises(ConservationError, match=message):
        run_to_end(world)
