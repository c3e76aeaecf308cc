"""The table names modules that exist; the choice follows the probability and what the world allows."""

import importlib

import pytest
from clearsim.analysis.estimators.which import ESTIMATORS, choose, table


def test_every_row_names_modules_that_exist():
    for row in ESTIMATORS:
        for module in row.module.split(", "):
            assert importlib.import_module(f"clearsim.analysis.estimators.{module}").__doc__
    assert len(table()) == len({row.name for row in ESTIMATORS})


def test_the_choice_follows_the_probability():
    assert choose(1e-2)[0] == "crude, order statistics"
    assert choose(1e-4, has_likelihood_ratio=True) == ["importance sampling", "peaks over threshold, bootstrap"]
    assert choose(1e-6, has_likelihood_ratio=True) == ["importance sampling"]
    assert choose(1e-6, has_clonable_state=True, has_shock_vector=True)[0] == "multilevel splitting"
    assert choose(1e-4) == ["peaks over threshold, bootstrap"]
    names = {row.name for row in ESTIMATORS}
    assert set(choose(1e-4, has_likelihood_ratio=True, has_clonable_state=True, has_shock_vector=True)) <= names


def test_a_fund_that_feeds_back_is_bisected():
    assert choose(1e-2, fund_feeds_back=True) == ["bisection on common random numbers"]
    with pytest.raises(ValueError, match="40,000 runs a fund size"):
        choose(1e-4, fund_feeds_back=True)


def test_what_cannot_be_reached_is_said():
    with pytest.raises(ValueError, match="crude runs do not reach"):
        choose(1e-6)
    with pytest.raises(ValueError, match="between 0 and 1"):
        choose(0)
