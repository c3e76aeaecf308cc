"""Opens a study folder: manifest, study file, points, runs, paths as frames.

A study in progress is readable: reports name what is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from clearsim.results import STUDY_TABLES

from ..errors import AnalysisError
from ..folder import opened_part, read_manifest, read_parts, read_yaml
from .progress import Progress

_CURE = "rerun the sweep to write it"
_PATH_COLUMNS = (
    "run_id", "path", "log_weight", "required_fund_quanta", "first_adl_ms", "first_fund_empty_ms",
    "liquidated_notional_quanta", "shortfall_quanta", "adl_notional_quanta",
)  # fmt: skip


@dataclass
class StudyFolder:
    """A study folder whose manifest and study file have been read; tables are read on first use and kept."""

    path: Path
    manifest: Mapping[str, Any]
    study: Mapping[str, Any]
    study_text: str

    @cached_property
    def points(self) -> pd.DataFrame:
        """One row per point: its index, scenario, arm, and the values of uncertainties (`u.`) and levers (`l.`)."""
        path = self.path / "points.parquet"
        if not path.is_file():
            return pd.DataFrame(columns=[column.name for column in STUDY_TABLES["points"]])
        with opened_part(path, STUDY_TABLES["points"], cure=_CURE) as handle:
            return handle.read().to_pandas()

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run that ended, with any status, by point, scenario and replication."""
        frame = self._table("runs", [column.name for column in STUDY_TABLES["runs"]])
        return frame.sort_values(["point", "replication", "run_id"], kind="stable").reset_index(drop=True)

    @cached_property
    def paths(self) -> pd.DataFrame:
        """One row per path of the reduced runs, the columns that reports use; no rows in a study of full runs."""
        return self._table("paths", _PATH_COLUMNS)

    @property
    def done(self) -> pd.DataFrame:
        """Runs that completed."""
        return self.runs[self.runs["status"] == "done"].reset_index(drop=True)

    @property
    def name(self) -> str:
        """Name of the study."""
        return str(self.study.get("name") or self.manifest.get("name") or self.path.name)

    @property
    def seed(self) -> int:
        """Seed of the study."""
        found = self.study.get("seed", self.manifest.get("seed"))
        if found is None and len(self.runs):
            found = self.runs["seed"].iloc[0]
        return int(found or 0)

    @property
    def fidelity(self) -> str:
        """full, reduced, or both."""
        kinds = sorted(set(self.runs["fidelity"])) if len(self.runs) else [str(self.study.get("fidelity", ""))]
        return " and ".join(kinds)

    @property
    def asset(self) -> str:
        """Settlement asset as printed."""
        return str(self.manifest.get("asset") or "quote units")

    @property
    def quantum(self) -> float:
        """Size of one quantum at venue scale, quote units: amounts of the simulated share are scaled up."""
        share = Decimal(str(self.manifest.get("simulated_share") or 1))
        return float(Decimal(str(self.manifest.get("quantum") or "0.000001")) / share)

    @cached_property
    def base(self) -> Mapping[str, Any]:
        """The base config of the study, resolved; empty if the folder does not contain it."""
        return read_yaml(self.path / "base.yaml")[0]

    @property
    def open_interest(self) -> float:
        """Open interest of the base config, quote units at venue scale; NaN if unknown, or if the study varies it."""
        if self.manifest.get("open_interest_quote"):
            return float(self.manifest["open_interest_quote"])
        moved = [
            path for kind in ("uncertainties", "levers") for factor in self.factors(kind) for path in paths_of(factor)
        ]
        items = (self.base.get("population") or {}).get("open_interest") or []
        prices = {market["name"]: market.get("price") or {} for market in self.base.get("markets") or []}
        if not items or any("open_interest" in path or "initial_price" in path for path in moved):
            return float("nan")
        return sum(_quote_of(item, prices.get(item.get("market"), {}).get("initial_price")) for item in items)

    @property
    def replications(self) -> int:
        """Replications of each point as planned."""
        return int(self.manifest.get("replications") or self.study.get("replications") or 1)

    @cached_property
    def progress(self) -> Progress:
        """Runs counted against the design."""
        n_points = len(self.points) or int(self.manifest.get("n_points") or 0)
        return Progress.of(self.runs, n_points=n_points, replications=self.replications)

    def factors(self, kind: str) -> list[Mapping[str, Any]]:
        """The `uncertainties` or `levers` of the study file, as mappings."""
        return [factor for factor in self.study.get(kind) or [] if isinstance(factor, Mapping)]

    def unit_of(self, name: str) -> str:
        """Unit of an uncertainty or lever, empty if the study file states none."""
        for factor in (*self.factors("uncertainties"), *self.factors("levers")):
            if factor.get("name") == name:
                return str(factor.get("unit") or "")
        return ""

    def extra(self, name: str, needed: Sequence[str]) -> pd.DataFrame:
        """A table of another command in the study's folder, `NAME.parquet`; no rows if there is none.

        baseline (fund, probability, arm), fund_paths (a fan), reverse_stress, estimators, unneeded (estimates by
        arm): columns as stated by their charts.
        """
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            return pd.DataFrame(columns=list(needed))
        try:
            frame = pq.read_table(path).to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise AnalysisError(f"{path}: cannot be read ({error}); delete it, or rewrite it") from error
        missing = [column for column in needed if column not in frame]
        if missing:
            raise AnalysisError(f"{path}: columns {', '.join(missing)} are missing")
        return frame

    def baseline(self, arm: int) -> pd.DataFrame:
        """The closed form of gap risk for an arm: fund, probability; no rows if none was computed."""
        frame = self.extra("baseline", ("fund", "probability"))
        return frame[frame["arm"] == arm] if "arm" in frame else frame

    def _table(self, table: str, names: Sequence[str]) -> pd.DataFrame:
        parts = sorted((self.path / table).glob("part-*.parquet"))
        return read_parts(parts, STUDY_TABLES[table], cure=_CURE, names=names)


def _quote_of(item: Mapping[str, Any], price: Any) -> float:
    """Open interest of one market in quote units; NaN if the config does not state it."""
    if item.get("quote") is not None:
        return float(item["quote"])
    return float(item["base"]) * float(price) if item.get("base") is not None and price is not None else float("nan")


def paths_of(factor: Mapping[str, Any]) -> list[str]:
    """Every config path that an uncertainty or lever sets."""
    own = [factor["path"]] if factor.get("path") else list(factor.get("paths") or [])
    inside = [key for value in factor.get("values") or [] if isinstance(value, Mapping) and not own for key in value]
    return [str(path) for path in dict.fromkeys([*own, *inside])]


def open_study(path: str | Path) -> StudyFolder:
    """Open a study folder of this schema version; AnalysisError if it is not one."""
    folder = Path(path)
    manifest = read_manifest(folder, kind="study", give="the folder of a study", subject="the study has", cure="")
    if not is_study(folder):
        raise AnalysisError(f"{folder}: is the folder of a run, not of a study")
    study, text = read_yaml(folder / "study.yaml")
    return StudyFolder(folder, manifest, study, text)


def is_study(path: str | Path) -> bool:
    """Whether a folder is a study's, not a run's."""
    return (Path(path) / "study.yaml").is_file()
