"""An estimate is an interval that holds its value, printed on one line; a refusal keeps its number of runs."""

import math
import pickle

import pytest
from clearsim.analysis.estimators.estimate import Estimate, RefusedError


def make(**changes):
    fields = {"value": 1e-3, "low": 5e-4, "high": 2e-3, "level": 0.95, "method": "Wilson", "n": 10_000, "events": 10}
    return Estimate(**(fields | changes))


def test_the_text_says_value_interval_method_and_size():
    text = str(make(seconds=2.5, variance_reduction=12.0, note="per event"))
    expected = "0.001 [0.0005, 0.002] at 0.95; Wilson; n 10,000, 10 events; 2.5 s; variance reduction 12; per event"
    assert text == expected


def test_a_unit_stands_behind_the_value():
    assert str(make(unit="USDT")).startswith("0.001 USDT [")


def test_counts_without_events_and_weights_are_printed():
    text = str(make(events=-1, effective_sample_size=1234.4, largest_weight_share=0.0123))
    assert text.endswith("n 10,000; effective sample 1,234; largest weight 1.23%")


@pytest.mark.parametrize(
    "changes",
    [
        {"value": 0.003},
        {"value": math.nan},
        {"low": math.nan},
        {"level": 95.0},
        {"n": -1},
        {"events": -2},
        {"largest_weight_share": 1.5},
    ],
)
def test_what_is_no_interval_is_refused(changes):
    with pytest.raises(ValueError, match="Wilson"):
        make(**changes)


def test_half_widths_and_membership():
    estimate = make()
    assert estimate.half_width == pytest.approx(0.00075)
    assert estimate.relative_half_width == pytest.approx(0.75)
    assert estimate.holds(0.002)
    assert not estimate.holds(0.0021)
    assert make(value=0.0, low=0.0).relative_half_width == math.inf
    assert estimate.row()["method"] == "Wilson"


def test_a_refusal_survives_a_pickle_with_its_number_of_runs():
    refusal = pickle.loads(pickle.dumps(RefusedError("too few runs", runs_needed=2995)))
    assert (str(refusal), refusal.runs_needed) == ("too few runs", 2995)
