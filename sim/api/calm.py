"""The order flow of a calm market, measured and set beside the literature."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..config import RunConfig, load_config
from ..engine.simulation import simulate
from ..errors import ClearsimError, ConfigError
from ..runs.first_start import first_start
from ..runs.memory import MemoryTables
from ..scenarios.model import MIN_REPLICATIONS
from ..scenarios.run import outcome_of
from . import _analysis as analysis
from .progress import Note, noting
from .validation_tables import calm_csv

DEFAULT = "calm"
TABLE_NAME = "calm.csv"


@dataclass(frozen=True)
class Calm:
    """Every fact of the first market of a config over its runs."""

    config: str
    scores: "tuple[analysis.CalmScore, ...]"
    COLUMNS: ClassVar = ("fact", "measured", "literature", "source")

    def rows(self) -> list[tuple[str, ...]]:
        """Cells of each fact for a table of COLUMNS."""
        return [
            (score.fact.name, analysis.calm_text(score), score.fact.literature, score.fact.source)
            for score in self.scores
        ]

    def save(self, folder: Path) -> Path:
        """Write the table as CSV into a folder that exists; return its path. ClearsimError."""
        table, waiting = folder / TABLE_NAME, folder / f".{TABLE_NAME}.partial"
        try:
            waiting.write_text(calm_csv(self.scores), encoding="utf-8")
            os.replace(waiting, table)
        except OSError as error:
            raise ClearsimError(f"{folder}: cannot be written: {error.strerror or error}") from error
        return table


def calm(source: str = DEFAULT, *, runs: int | None = None, on_note: Note | None = None) -> Calm:
    """Run a config (a path, or a shipped name) and measure the order flow of its first market.

    runs: replications, 3 by default.  ConfigError for a wrong config or too few runs.
    """
    count = MIN_REPLICATIONS if runs is None else runs
    if count < MIN_REPLICATIONS:
        raise ConfigError(f"--runs: must be at least {MIN_REPLICATIONS}, found {count}")
    config = load_config(source, overrides=("record.sample_ms=1000",)).config
    note = noting(on_note)
    found = []
    with first_start(note), analysis.clearsim_errors():
        for replication in range(count):
            note(f"{config.name}: run {replication + 1} of {count}")
            found.append(_measure(config, replication))
        return Calm(config.name, tuple(analysis.calm_scores(found)))


def _measure(config: RunConfig, replication: int) -> dict[str, float]:
    sink = MemoryTables(keep=("fills", "orders"))
    result = simulate(config, detail="orders", progress=None, event_sink=sink, replication=replication)
    market = config.markets[0]
    tables = [sink.table(name).to_pandas() for name in ("fills", "orders")]
    fills, orders = (table[table["market"] == market.name] for table in tables)
    series = outcome_of(config, result.runs, result.series).series
    return analysis.measure_calm(series, fills, orders, tick=float(market.tick_size))
