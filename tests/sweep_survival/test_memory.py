"""A long sweep needs no more memory than a short one."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_ten_thousand_tiny_runs_grow_the_parent_by_at_most_50_mb():
    command = [sys.executable, "-m", "tests.sweep_survival.memory_process", "10000"]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    grown_mb = float(done.stdout)
    print(f"the parent grew by {grown_mb:.1f} MB")
    assert grown_mb <= 50
