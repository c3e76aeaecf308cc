"""The time that is stated before any run is of the right order of magnitude."""

from clearsim.config import load_config
from clearsim.runs.size import rough_seconds


def test_the_seconds_of_a_run_are_ticks_and_margin_rows_of_a_path_its_steps():
    """base: 600 ticks x 120 us + 2,485 rows x 3 us = 0.079 s, measured 0.078 to 0.098; btc: 60 steps, measured 5 to
    5 to 11 us."""
    assert 0.07 < rough_seconds(load_config("base").config, "full") < 0.1
    assert 5e-6 < rough_seconds(load_config("btc").config, "reduced") < 2e-5
