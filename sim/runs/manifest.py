"""The content of `manifest.json`: config, code and machine. It is stored with the tables and is not in their hash."""

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from ..config import RunConfig, config_hash, run_id
from ..errors import ResultError
from ..manifest_fields import problem_of_manifest
from ..results import SCHEMA_VERSION
from .environment import environment, processor

PACKAGES = (
    "clearsim",
    "numpy",
    "numba",
    "simpy",
    "scipy",
    "pydantic",
    "pyyaml",
    "pyarrow",
    "networkx",
    "pandas",
    "plotly",
)


def describe_run(config: RunConfig, *, scenario: int = 0, replication: int = 0) -> dict[str, Any]:
    """The entries of a manifest on the config, the code and the machine."""
    digest = config_hash(config)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": config.name,
        "title": config.title,
        "config_hash": digest,
        "run_id": run_id(digest, seed=config.seed, scenario=scenario, replication=replication),
        "seed": config.seed,
        "scenario": scenario,
        "replication": replication,
        "start_utc": config.start_utc.isoformat().replace("+00:00", "Z"),
        "asset": config.asset.name,
        "quantum": f"{config.quantum:f}",
        "simulated_share": f"{config.scale.simulated_share:f}",
        "markets": list(config.market_names),
        "tick_sizes": {market.name: f"{market.tick_size:f}" for market in config.markets},
        "lot_sizes": {market.name: f"{market.lot_size:f}" for market in config.markets},
        "depth_bands_ppm": list(config.record.depth_bands_ppm),
        "sample_ms": config.record.sample_ms,
        "versions": dict(package_versions()),
        "python": platform.python_version(),
        "host": {"system": platform.platform(), "machine": platform.machine(), "processor": processor()},
        "environment": environment(),
        "git_commit": git_commit(),
    }


@cache
def package_versions() -> Mapping[str, str]:
    """Versions of the packages that can change numbers, by name; packages that are not installed are left out."""
    versions = {}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def git_commit() -> str | None:
    """The commit of the source tree, `-dirty` if it has changes; None if the package is not in a source tree."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return f"{commit}-dirty" if _git(root, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """The manifest as JSON with sorted keys."""
    return json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_manifest(folder: Path, *, required: Sequence[str] = ()) -> dict[str, Any]:
    """The manifest of a result folder; ResultError if there is none, it cannot be read, or an entry is wrong."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{folder}: is not a result folder (no manifest.json: {error.strerror})") from error
    except ValueError as error:
        raise ResultError(f"{path}: is not valid JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ResultError(f"{path}: must be a mapping")
    if problem := problem_of_manifest(manifest, required=required):
        raise ResultError(f"{path}: {problem}; it was changed or damaged")
    return manifest
