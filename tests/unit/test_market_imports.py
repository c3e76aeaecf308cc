"""Checking a config must be fast: the market's policies import neither numba nor scipy nor pandas nor plotly."""

import subprocess
import sys

import pytest

MODULES = [
    "clearsim.market.price",
    "clearsim.market.clock",
    "clearsim.market.mark",
    "clearsim.market.funding",
    "clearsim.market.impact",
]


@pytest.mark.parametrize("module", MODULES)
def test_policies_import_nothing_heavy(module):
    code = f"import sys, {module}; print({{'numba', 'scipy', 'pandas', 'plotly'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.strip() == "set()"
