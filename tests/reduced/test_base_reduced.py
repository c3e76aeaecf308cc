"""The base of sizing studies: two ways to draw its jumps agree, and a probability of 1e-4 is cheap."""

import math
from pathlib import Path

import numpy as np
import pytest
from clearsim.config import load_config
from clearsim.reduced.run import simulate_batch
from clearsim.reduced.summary import residuals

BASE = Path(__file__).resolve().parents[2] / "configs" / "base-reduced.yaml"


@pytest.fixture(scope="module")
def base():
    return load_config(BASE).config


def exceedance(batch, fund):
    """(P(required fund > fund), its standard error), weighted."""
    parts = batch.weights * (batch.outcomes["required"] > fund)
    return parts.mean(), parts.std() / math.sqrt(len(parts))


def test_crude_and_weighted_paths_give_the_same_curve(base):
    crude = simulate_batch(base, paths=20_000)
    weighted = simulate_batch(base, paths=20_000, sampler="importance", target=1e-3)
    for p in (0.1, 0.01, 0.002):
        fund = np.quantile(crude.outcomes["required"], 1 - p)
        (plain, plain_error), (tilted, error) = exceedance(crude, fund), exceedance(weighted, fund)
        assert tilted == pytest.approx(plain, abs=4 * math.hypot(plain_error, error))


def test_one_in_ten_thousand_is_known_to_a_tenth_from_30_000_paths(base):
    """Half of the 95% interval over the probability at the fund that is exhausted with probability 1e-4."""
    batch = simulate_batch(base, paths=30_000, sampler="importance", target=1e-4)
    required = np.sort(batch.outcomes["required"])[::-1]
    weights = batch.weights[np.argsort(-batch.outcomes["required"], kind="stable")]
    fund = required[np.searchsorted(np.cumsum(weights) / len(weights), 1e-4)]
    p, error = exceedance(batch, fund)
    assert p == pytest.approx(1e-4, rel=0.05)
    assert 1.96 * error < 0.1 * p


def test_every_quantum_of_every_path_is_accounted_for(base):
    for sampler in ("crude", "importance", "sobol"):
        batch = simulate_batch(base, paths=512, sampler=sampler)
        assert (residuals(batch) == 0).all()
        assert batch.flow("notional").sum() > 0
