"""Golden runs: small runs whose summary rows are kept, exactly, in `runs.json`.

`python -m tests.golden.refresh` runs them anew and rewrites the file; the commit that does so says why the numbers
moved. They are the same on every processor and in every version of Python (`sim/elementary.py`).
"""

import json
from pathlib import Path
from typing import Any

from clearsim.config import RunConfig, load_config
from clearsim.config.traders import traders_overrides
from clearsim.engine.simulation import simulate

STORED = Path(__file__).with_name("runs.json")
COMMAND = "python -m tests.golden.refresh"

#: Name of a golden run -> config, traders (None: as written) and settings.
RUNS: dict[str, tuple[str, int | None, tuple[str, ...]]] = {
    "base": ("base", None, ("duration_s=120", "markets[0].price.shock_ms=60000")),
    "two-markets": ("two-markets", 1_000, ("duration_s=600", "seed=3")),
    # 20:40 to 21:21 UTC: up to the bottom of the fall.
    "stressed": ("2025-10-10-btcusdt-stressed", 8_000, ("duration_s=2460", "clock.min_tick_ms=500")),
}


def golden_config(name: str) -> RunConfig:
    """The config of a golden run."""
    source, traders, settings = RUNS[name]
    if traders is None:
        return load_config(source, settings).config
    few = traders_overrides(load_config(source, settings).config, traders)
    return load_config(source, [*settings, *few]).config


def golden_row(name: str) -> dict[str, Any]:
    """The summary row of a golden run as JSON keeps it: integers as they are, floats to their last digit.

    Without the hashes of the config, which move with every word of its description.
    """
    runs = simulate(golden_config(name)).runs
    plain = {key: value.item() if hasattr(value, "item") else value for key, value in runs.items()}
    return {key: value for key, value in plain.items() if key not in ("run_id", "config_hash")}


def stored() -> dict[str, Any]:
    """What `runs.json` holds: `rows` by name of the run."""
    content: dict[str, Any] = json.loads(STORED.read_text())
    return content


def refresh() -> None:
    """Run all golden runs and store their rows."""
    content = {"rows": {name: golden_row(name) for name in RUNS}}
    STORED.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    refresh()
