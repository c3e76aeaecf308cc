"""Every law of an uncertainty against quantiles worked out by hand or read from the table of the normal law."""

import math

import pytest
from clearsim.studies.design.distributions import Distribution
from pydantic import TypeAdapter, ValidationError

READ = TypeAdapter(Distribution)
Z75, Z975 = 0.674489750196082, 1.959963984540054  # standard normal table

CASES = [
    ({"kind": "uniform", "low": 2, "high": 10}, [(0.25, 4.0), (0.5, 6.0), (0.875, 9.0)]),
    ({"kind": "uniform", "low": -0.14, "high": -0.02}, [(1 / 6, -0.12), (0.5, -0.08)]),
    ({"kind": "log_uniform", "low": 1, "high": 10_000}, [(0.25, 10.0), (0.5, 100.0), (0.75, 1000.0)]),
    ({"kind": "normal", "mean": 10, "sd": 2}, [(0.5, 10.0), (0.75, 10 + 2 * Z75), (0.025, 10 - 2 * Z975)]),
    # The upper half of a normal law: its median is the upper quartile of the whole.
    ({"kind": "normal", "mean": 10, "sd": 2, "low": 10}, [(0.5, 10 + 2 * Z75), (0.95, 10 + 2 * Z975)]),
    ({"kind": "normal", "mean": 10, "sd": 2, "high": 10}, [(0.5, 10 - 2 * Z75), (0.05, 10 - 2 * Z975)]),
    ({"kind": "normal", "mean": 10, "sd": 2, "low": 7, "high": 13}, [(0.5, 10.0)]),
    ({"kind": "lognormal", "median": 100, "sigma": math.log(2) / Z75}, [(0.5, 100.0), (0.75, 200.0), (0.25, 50.0)]),
    # Rises over 2 of 10, so the mode is the fifth; below it F(x) = x^2 / 20, above it 1 - (10 - x)^2 / 80.
    ({"kind": "triangular", "low": 0, "mode": 2, "high": 10}, [(0.05, 1.0), (0.2, 2.0), (0.8, 6.0)]),
    ({"kind": "triangular", "low": 0, "mode": 0, "high": 1}, [(0.75, 0.5)]),
    ({"kind": "triangular", "low": 0, "mode": 1, "high": 1}, [(0.25, 0.5)]),
    ({"kind": "integers", "low": 3, "high": 6}, [(0.01, 3), (0.249, 3), (0.251, 4), (0.5, 5), (0.999, 6)]),
    ({"kind": "choice", "values": ["a", "b"], "weights": [1, 3]}, [(0.24, "a"), (0.26, "b"), (0.99, "b")]),
    ({"kind": "choice", "values": [{"kind": "full"}, 7, [1, 2]]}, [(0.1, {"kind": "full"}), (0.5, 7), (0.9, [1, 2])]),
]


@pytest.mark.parametrize(("law", "quantiles"), CASES, ids=lambda part: part["kind"] if isinstance(part, dict) else "")
def test_values_at_quantiles_are_those_worked_out_by_hand(law, quantiles):
    distribution = READ.validate_python(law)
    for quantile, expected in quantiles:
        found = distribution.value(quantile)
        if isinstance(expected, float):
            assert found == pytest.approx(expected, rel=1e-12), quantile
        else:
            assert found == expected, quantile
            assert type(found) is type(expected)


@pytest.mark.parametrize("side", [1, -1])
def test_a_normal_law_cut_far_out_keeps_its_shape_and_its_bounds(side):
    """Nine standard deviations out the density is nearly exp(-9 x), so the median lies ln 2 / 9 farther."""
    low, high = sorted((9.0 * side, 12.0 * side))
    law = READ.validate_python({"kind": "normal", "mean": 0, "sd": 1, "low": low, "high": high})
    assert side * law.value(0.5) == pytest.approx(9 + math.log(2) / 9, abs=2e-3)
    for quantile in (1e-12, 0.5, 1 - 1e-12):
        assert low <= law.value(quantile) <= high


@pytest.mark.parametrize("law", [law for law, _ in CASES if law["kind"] != "choice"], ids=lambda law: law["kind"])
def test_values_never_fall_and_stay_within_bounds(law):
    distribution = READ.validate_python(law)
    values = [distribution.value(q) for q in (1e-12, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-12)]
    assert values == sorted(values)
    assert law.get("low", -math.inf) <= values[0]
    assert values[-1] <= law.get("high", math.inf)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        ({"kind": "uniform", "low": 3, "high": 2}, "low must be below high, found 3 and 2"),
        ({"kind": "uniform", "low": 2, "high": 2}, "low must be below high, found 2 and 2"),
        ({"kind": "log_uniform", "low": 5, "high": 1}, "low must be below high, found 5 and 1"),
        ({"kind": "log_uniform", "low": 0, "high": 1}, "greater than 0"),
        ({"kind": "normal", "mean": 0, "sd": 0}, "greater than 0"),
        ({"kind": "normal", "mean": 0, "sd": 1, "low": 1, "high": -1}, "low must be below high, found 1 and -1"),
        ({"kind": "normal", "mean": 0, "sd": 1, "low": 50}, "the law has no probability between low and high"),
        ({"kind": "triangular", "low": 0, "mode": 4, "high": 3}, "mode must lie between low and high, found 4"),
        ({"kind": "integers", "low": 6, "high": 3}, "low must be below high, found 6 and 3"),
        ({"kind": "integers", "low": 1.5, "high": 3}, "valid integer"),
        ({"kind": "choice", "values": ["a", "b"], "weights": [1]}, "weights must be as many as values: 2, found 1"),
        ({"kind": "choice", "values": ["a"]}, "at least 2 items"),
        ({"kind": "uniform", "low": 0, "high": math.inf}, "finite number"),
    ],
)
def test_a_law_that_cannot_be_is_refused(law, message):
    with pytest.raises(ValidationError, match=message):
        READ.validate_python(law)
