"""`Result` and `open_run`: the results of a run, as tables in quote units and as figures."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa

from ..errors import ClearsimError, ConfigError, ResultError
from ..results import TABLES, detail_of, is_kept
from . import _analysis as analysis
from .config import Config, load
from .door import checked, checked_class
from .figure import own_charts
from .money_tables import MoneyTables
from .pictures import card, line
from .required_fund import RequiredFund, required_fund_of
from .units import Units

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..runs.memory import MemoryRun


@dataclass
class MemoryFolder(analysis.RunFolder):
    """Tables in memory, read like those of a result folder."""

    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    def has(self, table: str) -> bool:
        """True if the run wrote `table`."""
        return table in self.tables

    def table(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows of a table; no rows if the run's detail does not write it."""
        names = list(columns) if columns is not None else [column.name for column in TABLES[table]]
        if table not in self.tables:
            return pd.DataFrame(columns=names)
        frame: pd.DataFrame = self.tables[table].select(names).to_pandas()
        return frame

    def arrays(self, table: str, columns: Sequence[str]) -> dict[str, Any]:
        """Columns of a table as arrays."""
        if table not in self.tables:
            return {name: self.table(table, columns)[name].to_numpy() for name in columns}
        return analysis.arrays_of(self.tables[table].select(list(columns)))

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows of a table, in one piece."""
        yield self.table(table, columns)


@checked_class
class Result(MoneyTables):
    """The results of a run: one summary row, who paid, accounts, series over time, events; and figures of it.

    Tables are pandas frames. Money is in `..._quote` columns (float64, each the nearest to the exact amount); with
    units="quanta" in `..._quanta` columns (int64, exact), with units="venue" in quote units at venue scale (divided by
    the simulated share). Columns are those of the result schema; times are milliseconds since the start.

        result = clearsim.run(clearsim.load("base").with_traders(300))
        result.who_paid()
    """

    def __init__(
        self, run: "analysis.RunFolder", *, memory: "MemoryRun | None" = None, config: Config | None = None
    ) -> None:
        self._run = run
        self._config = config
        self._memory = memory
        self._figures: dict[str, go.Figure] = {}

    @cached_property
    def config(self) -> Config:
        """The resolved config of the run."""
        if self._config is not None:
            return self._config
        return Config.of(self._memory.config) if self._memory is not None else load(self._run.path / "config.yaml")

    @property
    def folder(self) -> Path | None:
        """The result folder; None for a run in memory."""
        return None if self._memory is not None else self._run.path

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Config hash, versions, processor, seconds, hashes of the tables."""
        return self._run.manifest

    @property
    def result_hash(self) -> str:
        """SHA-256 of all tables: the same for the same config, seed, scenario, replication, detail and code."""
        return str(self.manifest["result_hash"])

    @property
    def detail(self) -> str:
        """Which tables were written: summary, series, events or orders."""
        return str(self.manifest["detail"])

    def table(self, name: str, *, units: Units = "quote") -> pd.DataFrame:
        """A table by its name in the result schema: runs, series, accounts, transfers, fills, orders, liquidations, ...

        Args:
            name: of the table.
            units: quote, venue or quanta; see the class.

        Raises ConfigError for an unknown name, ResultError for a table that the run's detail does not write.

            result.table("fills")
        """
        if name not in TABLES:
            raise ConfigError(f"there is no table {name!r}; tables are {', '.join(TABLES)}")
        if not is_kept(name, detail=self.detail) and not self._run.has(name):  # older runs kept orders among events
            raise ResultError(f"the run kept no {name} (detail {self.detail}); run it with detail={detail_of(name)!r}")
        with analysis.clearsim_errors(ResultError):
            return self._in_units(self._run.table(name), units)

    def summary(self, *, units: Units = "quote") -> "pd.Series[Any]":
        """The one row of `runs`: headline numbers of the run.

        Its required fund is a lower bound if `required_fund_is_bound`; see `required_fund`.

        result.summary()["adl_accounts"]
        """
        return self.table("runs", units=units).iloc[0]

    @property
    def required_fund(self) -> RequiredFund:
        """The required fund, whether it is only a lower bound, and what an endless fund would have needed.

        print(result.required_fund)
        """
        return required_fund_of(self.summary(units="quanta"), self.manifest, self._run.quantum)

    @property
    def why_adl(self) -> tuple[str, ...]:
        """Why ADL came, the largest part first; empty if it did not.

        print(result.why_adl)
        """
        row, quantum = self.summary(units="quanta"), self._run.quantum
        return tuple(analysis.adl_cause_texts(row, lambda quanta: f"{quanta * quantum:,.0f}"))

    def funds(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per fund: cash at the start and the end, payments, required fund, whether that is a bound."""
        return self.table("funds", units=units)

    def series(self, market: str | None = None, *, units: Units = "quote") -> pd.DataFrame:
        """Samples over time: prices, depth, fund, open interest; of one market, or of all.

        result.series()["mark_price"].min()
        """
        frame = self.table("series", units=units)
        if market is None:
            return frame
        if market not in self._run.markets:
            raise ConfigError(f"market {market}: the run's markets are {', '.join(self._run.markets)}")
        return frame[frame["market"] == market].reset_index(drop=True)

    def accounts(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per margin account: owner, role, equity before and after, changes by cause."""
        return self.table("accounts", units=units)

    def liquidations(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per liquidation of a position in a cycle."""
        return self.table("liquidations", units=units)

    def transfers(self, *, units: Units = "quote") -> pd.DataFrame:
        """The event log: every movement of money and contracts, with its reason and its cause."""
        return self.table("transfers", units=units)

    def fills(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per trade."""
        return self.table("fills", units=units)

    def orders(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per order that reached the book or was refused; of a run with detail `orders`."""
        return self.table("orders", units=units)

    def adl_matches(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per close by auto-deleveraging: the account closed, the account it was closed for, the price."""
        return self.table("adl_matches", units=units)

    def fund_moves(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per payment into or out of a fund."""
        return self.table("fund_moves", units=units)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` takes, in the order of the report."""
        return tuple(self._panels())

    def figure(self, name: str) -> "go.Figure":
        """A figure of the run's report by its name or the beginning of it (first match).

        Returns a plotly figure. Raises ConfigError naming the available figures.

            result.figure("price")
        """
        return chosen_figure(self._panels(), name)

    def report(self, path: str | Path | None = None, *, charts: "Sequence[Callable[[Result], go.Figure]]" = ()) -> Path:
        """Write the report of the run, one self-contained HTML file; return its path.

        Args:
            path: file to write; default: report.html in the result folder.
            charts: functions that make a plotly figure of the result: charts of your own, shown after those of the
                report, each with the name of its function and the source of its numbers.

        Raises ClearsimError if it cannot be written, ConfigError without a path for a run in memory, or for charts that
        make no figure or have the same name.

            result.report("crash.html")
        """
        own = own_charts(self, charts)
        if self.folder is not None and path is None:
            with analysis.clearsim_errors():
                return analysis.write_report(self.folder, own=own)
        if path is None:
            raise ConfigError("report: a run in memory has no folder; give the path of the file")
        with tempfile.TemporaryDirectory(prefix="clearsim-report-") as temporary:
            copy = self.save(Path(temporary) / "run")
            with analysis.clearsim_errors():
                return copied(analysis.write_report(copy, own=own), Path(path))

    def export_figures(self, formats: str = "png", folder: str | Path | None = None) -> list[Path]:
        """Write every figure as a file (png, svg, pdf; comma-separated); needs kaleido and Chrome.

        Args:
            formats: kinds of files.
            folder: folder to write; default: `figures` in the result folder.

        Returns the paths. Raises ClearsimError if they cannot be drawn.
        """
        target = folder or (self._run.path / "figures" if self.folder is not None else None)
        if target is None:
            raise ConfigError("export_figures: a run in memory has no folder; give one")
        with analysis.clearsim_errors():
            kinds = analysis.parse_formats(formats)
            return analysis.export_figures(self._panels(), target, kinds)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write a result folder of this run; return it. `clearsim.open_run` opens it again.

        Args:
            folder: to write.
            overwrite: replace a result folder that exists.

        Raises ResultError if it exists or cannot be written.

            result.save("results/my-run")
        """
        target = Path(folder)
        if self._memory is not None:
            return self._memory.write(target, overwrite=overwrite)
        return copied_folder(self._run.path, target, kind="run", overwrite=overwrite)

    def _panels(self) -> "dict[str, go.Figure]":
        if not self._figures:
            if self.detail == "summary":
                raise ResultError("the run kept no series (detail summary); run it with detail='series' for figures")
            with analysis.clearsim_errors(ResultError):
                self._figures = {panel.name: panel.figure for panel in analysis.run_panels(self._run)}
        return self._figures

    def __repr__(self) -> str:
        """Name, seed, where it is, start of its hash."""
        where = "in memory" if self.folder is None else str(self.folder)
        return f"<Result {self.manifest['name']}, seed {self.manifest['seed']}, {where}, {self.result_hash[:16]}>"

    def _repr_html_(self) -> str:
        row, asset = self.summary(), self._run.asset
        rows = {
            "seed, scenario, replication": f"{row['seed']}, {row['scenario']}, {row['replication']}",
            "liquidated": f"{row['liquidated_accounts']:,} accounts, {row['liquidated_notional_quote']:,.0f} {asset}",
            "fund": f"{row['fund_initial_quote']:,.0f} -> {row['fund_final_quote']:,.0f} {asset},"
            f" lowest {row['fund_min_quote']:,.0f}",
            "required fund": str(self.required_fund),
            "ADL": f"{row['adl_accounts']:,} accounts, {row['adl_notional_quote']:,.0f} {asset}",
            **({"why ADL came": "; ".join(self.why_adl)} if self.why_adl else {}),
            "result hash": self.result_hash[:16],
        }
        picture = ""
        if self.detail != "summary":
            market = self._run.markets[0]
            picture = line(self.series(market)["mark_price"].tolist(), label=f"mark price of {market}")
        table = self.who_paid().to_html(index=False, float_format=lambda value: f"{value:,.2f}")
        return card(f"Run {self.manifest['name']}", rows, picture, table)


@checked
def open_run(folder: str | Path) -> Result:
    """Open a result folder that `clearsim.run` or the command line wrote.

    Args:
        folder: of the run.

    Returns the same class as `clearsim.run`. Raises ResultError if it is not a result folder of this version.

        result = clearsim.open_run("results/base-1")
    """
    return open_folder(folder)


def open_folder(folder: str | Path, config: Config | None = None) -> Result:
    """Open a result folder, with the config of the run where it is at hand and need not be read."""
    if analysis.is_study(folder):
        raise ResultError(f"{folder}: is the folder of a study; use open_study")
    with analysis.clearsim_errors(ResultError):
        return Result(analysis.open_run(folder), config=config)


def in_memory(run: "MemoryRun") -> Result:
    """A run in memory as a Result."""
    import yaml

    text = run.config_text
    folder = MemoryFolder(
        path=Path("run in memory"),
        manifest=run.manifest,
        config=yaml.safe_load(text),
        config_text=text,
        tables=run.tables,
    )
    return Result(folder, memory=run)


def chosen_figure(figures: "Mapping[str, go.Figure]", name: str) -> "go.Figure":
    """The figure of this name, or the first whose name begins with it; ConfigError names those available."""
    if name in figures:
        return figures[name]
    matches = [key for key in figures if name and key.startswith(name)]
    if not matches:
        raise ConfigError(f"there is no figure {name!r}; figures are {', '.join(figures) or 'none'}")
    return figures[matches[0]]


def copied(source: Path, target: Path) -> Path:
    """Copy a file; ClearsimError if that fails."""
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise ClearsimError(f"{target}: cannot be written: {error.strerror}") from error
    return target


def copied_folder(source: Path, target: Path, *, kind: Literal["run", "study"], overwrite: bool) -> Path:
    """Copy a folder of results; ResultError if the target exists already (overwrite: unless it is of the same kind), or
    cannot be written."""
    from ..runs.folder import ResultFolder

    try:
        with ResultFolder(target, kind=kind, overwrite=overwrite) as made:
            shutil.copytree(source, made.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".lock"))
            return made.commit()
    except shutil.Error as error:
        raise ResultError(f"{target}: cannot be written: {error.args[0][0][2]}") from error
    except OSError as error:
        raise ResultError(f"{target}: cannot be written: {error.strerror}") from error
