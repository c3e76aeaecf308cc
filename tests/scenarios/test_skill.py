"""RMSE, skill and timing on paths made by hand."""

import numpy as np
import pytest
from clearsim.analysis.validation.skill import RecordedPath, at_times, rmse_bp, skill_of
from clearsim.analysis.validation.table import clocks, late_text
from clearsim.analysis.validation.timing import (
    TimingScore,
    busiest_minute_ms,
    is_minutely,
    largest_fall_ms,
    steepest_step,
)

MINUTE = 60_000.0


def record(*prices, step=MINUTE):
    """A record with a price every step, from the first one on."""
    times = step * np.arange(1, len(prices) + 1)
    return RecordedPath("mark", "a source", "all of it", times, np.array(prices, float))


def test_a_run_is_read_at_the_last_sample_at_or_before_a_time():
    times, prices = np.array([0, 10, 20.0]), np.array([1, 2, 3.0])
    assert list(at_times(times, prices, np.array([-5, 0, 9, 10, 25.0]))) == [1, 1, 1, 2, 3]


def test_the_rmse_by_hand():
    """101 / 100 - 1 = 1%, 102 / 100 - 1 = 2%, 194 / 200 - 1 = -3%: root of (1 + 4 + 9) / 3 = 2.1602%."""
    times = MINUTE * np.arange(4)
    path = np.array([100, 101, 102, 194.0])
    assert rmse_bp(times, path, record(100, 100, 200)) == pytest.approx(100 * np.sqrt(14 / 3))


def test_skill_is_zero_for_the_null_model_one_for_the_record_and_below_zero_for_worse():
    assert (skill_of(50.0, 50.0), skill_of(0.0, 50.0), skill_of(99.0, 55.0)) == (0.0, 1.0, pytest.approx(-0.8))
    assert np.isnan(skill_of(1.0, 0.0))


def test_the_steepest_step_is_relative():
    """100 to 90 is -10%, 90 to 82 is -8.9%, 20 to 17 is -15%."""
    assert steepest_step(np.array([100, 90, 82, 20, 17.0])) == 2  # 82 to 20
    assert steepest_step(np.array([100, 90, 82, 81, 20.0, 17.0])) == 3
    assert steepest_step(np.array([100, 90, 82])) == 0


def test_the_largest_fall_of_a_run_is_looked_for_over_the_steps_of_the_record():
    """Between samples at 150 and 170 s the run falls and comes back; at full minutes it falls most from 180 to 240."""
    times = np.array([0, 60, 120, 150, 170, 180, 240, 300]) * 1000.0
    path = np.array([100, 100, 100, 50, 100, 99, 90, 89.0])
    assert largest_fall_ms(times, path, record(1, 1, 1, 1, 1)) == 180_000


def test_only_a_record_of_every_minute_is_asked_for_a_minute():
    assert is_minutely(record(1, 1, 1))
    assert not is_minutely(record(1, 1, 1, step=5 * MINUTE))
    assert not is_minutely(record(1, 1))


def test_the_busiest_minute_is_a_minute_of_the_clock():
    """The run starts at 00:00:30; totals 0 at 00:00:30, 5 at 00:01:00, 6 at 00:01:30, 20 at 00:02:00, 30 at 00:02:30:
    5 in minute 0, 15 in minute 1, 10 in minute 2. A sample at a full minute belongs to the minute before."""
    times = np.array([0, 30, 60, 90, 120]) * 1000.0
    total = np.array([0, 5, 6, 20, 30.0])
    assert busiest_minute_ms(times, total, 30_000) == 60_000
    assert busiest_minute_ms(times, np.zeros(5), 30_000) is None


def test_minutes_in_words():
    times = (75_600_000, 75_660_000, 75_600_000, None)
    assert clocks(times) == "21:00 (2), none, 21:01"
    timing = TimingScore("made-up", "what", "source", 75_600_000, times, {}, None)
    assert late_text(timing) == "no value"
