"""The golden runs give exactly the stored rows: integers equal, floats to the last digit."""

import pytest

from tests.golden.refresh import COMMAND, RUNS, golden_row, stored


@pytest.mark.parametrize("name", RUNS)
def test_a_golden_run_gives_exactly_the_stored_row(name: str) -> None:
    kept, found = stored()["rows"][name], golden_row(name)
    moved = [
        f"  {key}: stored {kept.get(key)!r}, found {found.get(key)!r}"
        for key in sorted(kept.keys() | found.keys())
        if kept.get(key) != found.get(key)
    ]
    assert not moved, (
        f"golden run {name!r} moved:\n"
        + "\n".join(moved)
        + f"\nIf that is meant: {COMMAND}, and say why in the commit."
    )


def test_the_golden_runs_exercise_the_whole_waterfall() -> None:
    """A golden file in which nothing happens would guard nothing."""
    rows = stored()["rows"]
    assert set(rows) == set(RUNS)
    for name in (
        "liquidated_accounts",
        "book_liquidated_quanta",
        "taken_over_quanta",
        "adl_matches",
        "fund_draw_quanta",
        "fund_gain_quanta",
        "socialised_loss_quanta",
        "n_rejected",
    ):
        assert any(row[name] > 0 for row in rows.values()), name
