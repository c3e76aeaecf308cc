"""Without a terminal the progress of a count is a line in fixed intervals, also while no run ends."""

import io
import time

from clearsim.api import progress
from clearsim.api.progress import CountBar
from rich.console import Console


def test_a_line_comes_in_every_interval_while_one_long_run_computes(monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.05)
    text = io.StringIO()
    with CountBar(Console(file=text, width=100), 1_000) as bar:
        bar(250)
        time.sleep(0.4)
    lines = text.getvalue().splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("250 of about 1,000 runs in 0 s, about ") for line in lines)
    time.sleep(0.1)
    assert text.getvalue().splitlines() == lines


def test_the_time_left_is_not_guessed_from_the_first_runs():
    bar = CountBar(Console(file=io.StringIO()), 1_000)
    for runs, text in ((100, "100 of about 1,000 runs in 0 s"), (1_001, "1,001 runs in 0 s")):
        bar(runs)
        assert bar._text() == text


def test_a_part_of_its_own_has_its_own_pace_and_is_left_out_of_the_others(monkeypatch):
    """900 runs in 90 s, then 64 of 128 draws in 64 s: 64 s are left of the draws; the runs go on at 10 a second."""
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    bar = CountBar(Console(file=io.StringIO()), 1_000, to_come=128)
    now = 90.0
    bar(900)
    assert bar._text() == "900 of about 1,000 runs in 90 s, about 10 s left; besides, 128 joint draws"
    with bar.joint_draws(128):
        now = 154.0
        bar(964)
        assert bar._text() == "64 of about 128 joint draws in 64 s, about 64 s left"
    now = 159.0
    bar(1_014)
    assert bar._text() == "950 of about 1,000 runs in 95 s, about 5 s left"
