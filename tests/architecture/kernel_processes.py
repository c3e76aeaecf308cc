"""Python programs in processes of their own, with a folder of kernels of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_python(program: str, *, cache: Path, root: Path = ROOT, **variables: str) -> list[str]:
    """Run a program with the package of `root`; return the lines it prints. Raises AssertionError if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"CLEARSIM_CACHE_DIR": str(cache), "PYTHONPATH": str(root), **variables}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
