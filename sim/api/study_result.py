"""`StudyResult` and `open_study`: the runs of a study as one frame, its figures and its report."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import ClearsimError, ConfigError, ResultError
from ..own_parts import refusing_own_code
from ..studies.store.part_files import write_whole
from . import _analysis as analysis
from .door import checked, checked_class
from .pictures import card, dots
from .progress import Note
from .result import Result, chosen_figure, copied, copied_folder, open_run
from .study import Study
from .units import Units, in_units

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..studies.sweep import SweepResult


@checked_class
class StudyResult:
    """The runs of a study that are stored, finished or not.

    Tables are pandas frames with money in quote units; see `clearsim.Result` for `units`.

        result = clearsim.open_study("results/depth-leverage-small")
        result.frame().groupby("l.depth")["adl_accounts"].mean()
    """

    def __init__(self, study: "analysis.StudyFolder") -> None:
        self._study = study
        self._figures: dict[str, go.Figure] = {}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.swept: SweepResult | None = None  # how the sweep ended, if this process ran it

    def with_sweep(
        self, swept: "SweepResult", temporary: "tempfile.TemporaryDirectory[str] | None" = None
    ) -> "StudyResult":
        """This result with the outcome of its sweep; `temporary` is deleted together with it."""
        self.swept, self._temporary = swept, temporary
        return self

    @property
    def folder(self) -> Path:
        """The study folder."""
        return self._study.path

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Study hash, sizes, versions, processor."""
        return self._study.manifest

    @property
    def result_hash(self) -> str:
        """SHA-256 of all rows: the same for the same study and code, whatever ran it."""
        return str(self.manifest["result_hash"])

    @property
    def planned(self) -> int:
        """Runs of the whole study: points x replications."""
        return self._progress.planned

    @property
    def missing(self) -> int:
        """Planned runs that have not ended; 0 in a finished study."""
        return self._progress.missing

    @property
    def _progress(self) -> "analysis.Progress":
        with analysis.clearsim_errors(ResultError):
            return self._study.progress

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about the study, and levers that changed nothing."""
        rows = self.swept.notes if self.swept is not None else ()
        return (*self.manifest.get("notes", ()), *rows)

    @cached_property
    def study(self) -> Study:
        """The study that was run, on the base config that the folder keeps."""
        from ..studies.design.load_study import load_study

        return Study.from_loaded(load_study(self.folder / "study.yaml", base=self.folder / "base.yaml"))

    def frame(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per finished run: values of uncertainties (`u.`) and levers (`l.`), then the columns of `runs`.

        The required fund of a run is only a lower bound where `required_fund_is_bound`.

        Args:
            units: quote, venue or quanta.

            result.frame()[["l.depth", "adl_accounts"]]
        """
        with analysis.clearsim_errors(ResultError):
            return self._in_units(analysis.study_frame(self._study.points, self._study.runs), units)

    def points(self) -> pd.DataFrame:
        """One row per point: scenario, arm, values of uncertainties and levers."""
        with analysis.clearsim_errors(ResultError):
            return self._study.points.copy()

    def paths(self, *, units: Units = "quote") -> pd.DataFrame:
        """One row per path of the reduced engine; no rows in a study of full runs."""
        with analysis.clearsim_errors(ResultError):
            return self._in_units(self._study.paths, units)

    def failures(self) -> pd.DataFrame:
        """One row per run that failed or crashed: run_id, point, arm, replication, status, error."""
        with analysis.clearsim_errors(ResultError):
            runs = self._study.runs
        shown = ["run_id", "point", "arm", "replication", "status", "error"]
        return runs.loc[runs["status"] != "done", shown].reset_index(drop=True)

    @property
    def failures_file(self) -> Path:
        """A table of `failures`, which the end of a sweep writes; absent if no run failed."""
        return self.folder / "failed.csv"

    def note_failures(self) -> None:
        """Write `failures_file`, or remove it if no run failed. ResultError if it cannot be written."""
        failed = self.failures()
        try:
            if failed.empty:
                self.failures_file.unlink(missing_ok=True)
            else:
                write_whole(self.failures_file, analysis.csv_text(failed).encode())
        except OSError as error:
            raise ResultError(f"{self.failures_file}: cannot be written: {error.strerror or error}") from error

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` takes, in the order of the report."""
        return tuple(self._panels())

    def figure(self, name: str) -> "go.Figure":
        """A figure of the study's report by its name or the beginning of it (first match).

        Returns a plotly figure. Raises ConfigError naming the available figures.

            result.figure("heat-map")
        """
        return chosen_figure(self._panels(), name)

    def report(self, path: str | Path | None = None, *, baseline: bool = True, on_note: Note | None = None) -> Path:
        """Write the report of the study, one self-contained HTML file; return its path.

        Args:
            path: file to write besides report.html in the study folder.
            baseline: compute gap risk and balances over time, which the report shows in addition to the runs.
            on_note: called with notes for the user; default: the logger `clearsim`.

        Raises ClearsimError if it cannot be written.

            result.report()
        """
        from .report_tables import add_tables

        with analysis.clearsim_errors():
            if baseline:
                with nullcontext() if self.swept is not None else refusing_own_code("report executes no code"):
                    add_tables(self.folder, on_note)
            written = analysis.write_study_report(self.folder)
        return written if path is None else copied(written, Path(path))

    def try_report(self, note: Note) -> None:
        """Write the report; if it fails, the runs are kept and the reason is noted."""
        try:
            self.report(on_note=note)
        except (ClearsimError, ValueError, KeyError, TypeError, OSError) as error:
            note(f"warning: no report.html: {type(error).__name__}: {error}")

    def export_figures(self, formats: str = "png", folder: str | Path | None = None) -> list[Path]:
        """Write every figure as a file (png, svg, pdf; comma-separated); needs kaleido and Chrome.

        Args:
            formats: kinds of files.
            folder: folder to write; default: `figures` in the study folder.

        Returns the paths. Raises ClearsimError if they cannot be drawn.
        """
        with analysis.clearsim_errors():
            kinds = analysis.parse_formats(formats)
            return analysis.export_figures(self._panels(), folder or self.folder / "figures", kinds)

    def export(
        self, to: str, path: str | Path | None = None, *, outcomes: Sequence[str] = (), arm: int | None = None
    ) -> list[str]:
        """Write the study for another tool.

        Args:
            to: ema (EMA Workbench), salib, csv, parquet, pandas or polars.
            path: file to write (salib: folder); default in the study folder.
            outcomes: only these; default: all.
            arm: salib: number of the combination of levers.

        Returns lines that report what was written and how to read it. Raises ConfigError for an unknown tool,
        ClearsimError if it cannot be written.

            result.export("csv", "runs.csv")
        """
        from .study_export import export_study

        target = None if path is None else Path(path)
        return export_study(self._study, to, target, outcomes=list(outcomes) or None, arm=arm)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Copy the study folder; return the copy. `clearsim.open_study` opens it.

        Raises ResultError if it exists or cannot be written.
        """
        return copied_folder(self.folder, Path(folder), kind="study", overwrite=overwrite)

    def _in_units(self, frame: pd.DataFrame, units: str) -> pd.DataFrame:
        quantum, share = (Decimal(str(self.manifest[name])) for name in ("quantum", "simulated_share"))
        return in_units(frame, units, quantum=quantum, share=share)

    def _panels(self) -> "dict[str, go.Figure]":
        if not self._figures:
            with analysis.clearsim_errors(ResultError):
                samples = analysis.arm_samples(self._study, analysis.event_of(self._study))
                context = analysis.study_context(self._study, samples)
                panels = analysis.study_panels(self._study, samples, context)
                self._figures = {panel.name: panel.figure for panel in panels}
        return self._figures

    def __repr__(self) -> str:
        """Name, runs, folder."""
        return f"<StudyResult {self._study.name}: {self._progress.short} in {self.folder}>"

    def _repr_html_(self) -> str:
        frame = self.frame()
        rows = {"runs": self._progress.text, "folder": self.folder}
        rows["result hash"] = self.result_hash[:16]
        inputs = [name for name in frame if name.startswith(("u.", "l."))]
        shown = [*inputs, "liquidated_accounts", "adl_accounts", "required_fund_quote", "required_fund_is_bound"]
        numbers = [name for name in inputs if frame[name].dtype.kind in "if"]
        picture = ""
        if numbers and len(frame):
            column, name = "required_fund_quote", "required fund"
            if frame["required_fund_is_bound"].any():  # a lower bound is no point of a picture
                column, name = "adl_accounts", "deleveraged accounts"
            label = f"{name} (up) by {numbers[0][2:]} (across)"
            picture = dots(frame[numbers[0]].tolist(), frame[column].tolist(), label=label)
        table = frame[shown].head(10).to_html(index=False, float_format=lambda value: f"{value:,.4g}")
        return card(f"Study {self._study.name}", rows, picture, table)


@checked
def open_study(folder: str | Path) -> StudyResult:
    """Open a study folder that `clearsim.sweep` or the command line wrote, finished or not.

    Args:
        folder: of the study.

    Returns its StudyResult. Raises ResultError if it is not a study folder of this version.

        result = clearsim.open_study("results/depth-leverage-small")
    """
    with analysis.clearsim_errors(ResultError):
        return StudyResult(analysis.open_study(folder))


def open_any(folder: str | Path) -> StudyResult | Result:
    """A study folder as StudyResult, a result folder as Result."""
    path = Path(folder)
    if not path.is_dir():
        raise ConfigError(f"{path}: is not a folder; give the folder of a run or a study")
    return open_study(path) if analysis.is_study(path) else open_run(path)
