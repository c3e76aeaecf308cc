"""`PathsResult`: the results of a run of the reduced engine: many paths, where a full run is one."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from .config import Config
from .door import checked_class
from .pictures import card, line
from .units import Units, in_units

if TYPE_CHECKING:
    from ..reduced.run import Batch


@checked_class
class PathsResult:
    """Paths of the reduced engine: one row per path, and the summary row that a full run also has.

    Units are those of `clearsim.Result`. Money in the summary is a mean over paths, times are the earliest of any path.

        paths = clearsim.run("btc", fidelity="reduced", paths=1_000)
        paths.frame()["required_fund_quote"].quantile(0.99)
    """

    def __init__(self, config: Config, batch: "Batch", *, scenario: int, replication: int) -> None:
        self.config = config
        self.scenario, self.replication = scenario, replication
        self._batch = batch

    def frame(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per path: required fund, shortfall, ADL, first times (ms, -1 if never), jumps, log likelihood ratio.

        Args:
            units: quote, venue or quanta.

            paths.frame()["first_adl_ms"].ge(0).mean()
        """
        columns = self._batch.columns("")
        columns.pop("run_id")
        return self._in_units(pd.DataFrame(columns), units)

    def summary(self, *, units: Units = "quote") -> "pd.Series[Any]":
        """The row that the run has in a study, with the columns of a full run's summary.

        paths.summary()["liquidated_notional_quote"]
        """
        from ..reduced.summary import summarise

        row = summarise(self.config, self._batch, scenario=self.scenario, replication=self.replication)
        return self._in_units(pd.DataFrame([row]), units).iloc[0]

    @property
    def result_hash(self) -> str:
        """SHA-256 of all paths: the same for the same config, seed, scenario, replication, sampler and code."""
        from ..results import STUDY_PATHS
        from ..runs.folder import ColumnHashes, batch_of, schema_of

        hashes = ColumnHashes("paths")
        hashes.update(batch_of(schema_of(STUDY_PATHS), self._batch.columns(""), table="paths"))
        return hashes.digest()

    def _in_units(self, frame: pd.DataFrame, units: str) -> pd.DataFrame:
        return in_units(frame, units, quantum=self.config.quantum, share=self.config.scale.simulated_share)

    def __len__(self) -> int:
        """Number of paths."""
        return len(self._batch.outcomes)

    def __repr__(self) -> str:
        """Name, seed, number of paths."""
        return f"<PathsResult {self.config.name}, seed {self.config.seed}, {len(self):,} paths>"

    def _repr_html_(self) -> str:
        frame, asset = self.frame(), self.config.asset.name
        weights = self._batch.weights / len(frame)
        rows = {
            "paths": f"{len(frame):,}, seed {self.config.seed}",
            "P(ADL)": f"{float(weights[frame['first_adl_ms'] >= 0].sum()):.3g}",
            "P(fund emptied)": f"{float(weights[frame['first_fund_empty_ms'] >= 0].sum()):.3g}",
            "largest required fund": f"{frame['required_fund_quote'].max():,.0f} {asset}",
        }
        picture = line(frame["required_fund_quote"].sort_values().tolist(), label="required fund, paths in its order")
        table = frame.drop(columns="path").describe().to_html(float_format=lambda value: f"{value:,.4g}")
        return card(f"Paths of {self.config.name}", rows, picture, table)
