"""`python -m tests.golden.same_bytes` prints hashes of small results as JSON: equal on every processor.

Runs of the full engine, a batch of the reduced one, paths of every kind of price process, and laws of a study.
"""

import hashlib
import json
from decimal import Decimal
from typing import Any

import numpy as np
from clearsim.config import config_hash, load_config, run_id
from clearsim.config.traders import traders_overrides
from clearsim.engine.simulation import simulate
from clearsim.market.clock import AdaptiveClock
from clearsim.market.price.bates import Bates
from clearsim.market.price.hawkes_jumps import HawkesJumps
from clearsim.market.price.jumps import DoubleExponentialJump, NormalJump
from clearsim.market.price.paths import build_paths
from clearsim.market.price.system import Correlated
from clearsim.reduced.run import simulate_batch
from clearsim.rng import Streams
from clearsim.studies.design.distributions import LogNormal, LogUniform, Normal

#: Name -> config, traders (None: as written) and settings.
FULL: dict[str, tuple[str, int | None, tuple[str, ...]]] = {
    "base": ("base", 3_500, ("duration_s=90", "markets[0].price.shock_ms=45000")),
    "two-markets": ("two-markets", 1_000, ("duration_s=120",)),
    "event": ("2025-10-10-btcusdt-stressed", 8_000, ("duration_s=120", "clock.min_tick_ms=500")),
    "custom positions": ("own-book", None, ("duration_s=60", "markets[0].price.shock_ms=30000")),
}
REDUCED = {"crude": 400, "importance": 400, "sobol": 64}


def result_hashes() -> dict[str, str]:
    """Hash of each result by its name."""
    found = {name: run_hash(*terms) for name, terms in FULL.items()}
    config = load_config("base-reduced", []).config
    for sampler, paths in REDUCED.items():
        columns = simulate_batch(config, paths=paths, sampler=sampler).columns(
            run_id(config_hash(config), seed=config.seed, scenario=0, replication=0)
        )
        found[f"reduced, {sampler}"] = digest(columns)
    return {**found, "price paths": paths_hash(), "laws of a study": laws_hash()}


def run_hash(source: str, traders: int | None, settings: tuple[str, ...]) -> str:
    """Hash of a run's summary row and its series."""
    config = load_config(source, settings).config
    if traders is not None:
        config = load_config(source, [*settings, *traders_overrides(config, traders)]).config
    result = simulate(config, detail="series")
    columns = {f"series/{name}": np.asarray(values) for name, values in result.series.items()}
    return digest(columns | {name: np.asarray(value) for name, value in result.runs.items()})


def paths_hash() -> str:
    """Hash of correlated paths with clustered jumps and with stochastic volatility, on a refined grid."""
    processes = (
        HawkesJumps(
            initial_price=Decimal(50_000), annual_volatility=Decimal("0.8"), base_jumps_per_year=Decimal(90_000),
            branching_ppm=600_000, excitation_half_life_s=Decimal(60),
            size=DoubleExponentialJump(down_share_ppm=600_000, down_eta=Decimal(80), up_eta=Decimal(120)),
        ),
        Bates(
            initial_price=Decimal(3_000), initial_annual_volatility=Decimal("0.9"),
            long_run_annual_volatility=Decimal("0.8"), reversion_per_year=Decimal(50),
            volatility_of_variance=Decimal(3), leverage_correlation=Decimal("-0.6"), jumps_per_year=Decimal(90_000),
            size=NormalJump(log_mean=Decimal("-0.01"), log_sd=Decimal("0.02")),
        ),
    )  # fmt: skip
    paths = build_paths(
        Correlated(correlation=((Decimal(1), Decimal("0.7")), (Decimal("0.7"), Decimal(1)))),
        processes, names=("BTC", "ETH"), duration_ms=3_600_000,
        clock=AdaptiveClock(tick_ms=1000, min_tick_ms=100, min_step_ratio=Decimal(40)),
        streams=Streams(seed=5), maintenance_ppm=(4_000, 5_000), refine=2,
    )  # fmt: skip
    return digest(paths._asdict())


def laws_hash() -> str:
    """Hash of quantiles of the laws of uncertainties."""
    laws = (LogUniform(low=0.1, high=30.0), LogNormal(median=2.0, sigma=0.7), Normal(mean=1.0, sd=2.0, low=-1.5))
    return digest({law.kind: np.array([law.value((i + 0.5) / 100) for i in range(100)]) for law in laws})


def digest(columns: dict[str, Any]) -> str:
    """SHA-256 of named arrays, in order of their names, without the hashes of a config, which move with its wording."""
    total = hashlib.sha256()
    for name in sorted(columns.keys() - {"run_id", "config_hash"}):
        array = np.ascontiguousarray(columns[name])
        total.update(f"{name} {array.shape} {array.tolist()!r}".encode())
    return total.hexdigest()


if __name__ == "__main__":
    print(json.dumps(result_hashes(), indent=1))
