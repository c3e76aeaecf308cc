"""`sweep`: all runs of a study, in this process, on local workers or on a cluster; finished runs are reused."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import ConfigError, InputDataError
from . import _analysis as analysis
from .arguments import whole_number
from .door import checked
from .inputs import note_inputs
from .progress import Note, noting, sweep_progress
from .study import Study, load_any_study
from .study_result import StudyResult, open_study
from .trust import code_of, parts_of_plan, reading, received_from

if TYPE_CHECKING:
    from ..studies.execute.executors import ExecutorSettings
    from ..studies.stopping import StoppingRule
    from ..studies.sweep import SweepProgress
    from ..studies.sweep import SweepResult as SweepResult


@checked
def sweep(
    study: Study | str | Path,
    *,
    out: str | Path | None = None,
    executor: str | Path = "local",
    workers: int | None = None,
    until: str | None = None,
    max_runs: int | None = None,
    max_seconds: float | None = None,
    shard: tuple[int, int] = (1, 1),
    retry_failed: bool = False,
    mix_versions: bool = False,
    report: bool = False,
    trust: bool = False,
    progress: "Literal[True] | SweepProgress | None" = None,
    on_note: Note | None = None,
    command: Sequence[str] = (),
) -> StudyResult:
    """Run every point of a study. Rows do not depend on the executor, nor on the order in which runs end.

    Args:
        study: a Study, the path of a study file, or a shipped name.
        out: study folder, resumed if it holds this study; None: a temporary folder, deleted with the result.
        executor: "local" (worker processes here), "serial" (this process), the address of a Dask scheduler, or the
            path of the JSON file that it wrote.
        workers: local worker processes; default: one per core.
        until: add replications until a rule holds in every arm, like "events>=100"; needs max_runs or max_seconds.
        max_runs, max_seconds: stop after this many.  shard: (i, n) runs only every n-th run, starting with the i-th.
        retry_failed: rerun failed and crashed runs.  report: write report.html into the folder.
        trust: True: code that comes with a folder of results, from which the study is read, may be executed.
        mix_versions: add runs to a folder whose runs other versions or another source of clearsim computed.
        progress: True for a bar, or a function (done=, failed=, total=, seconds=).  on_note, command: as in `run`.

    Returns the StudyResult. A run that fails is a row of it, not an error. Works in a notebook and in a script without
    `if __name__ == "__main__":`. Raises ConfigError for arguments that do not fit, ResultError for a folder of another
    study or of other versions, ClusterError if no worker can be used.

        study = clearsim.Study.from_yaml("depth-leverage-small").with_({"design.n": 1, "replications": 1})
        clearsim.sweep(study, executor="serial").frame()
    """
    from ..studies.sweep import SweepOptions, run_sweep

    note = noting(on_note)
    with reading(study):
        chosen = load_any_study(study)
    _note_positions(chosen, note)
    settings = executor_settings(executor, workers)
    _require_bounds(until, max_runs, max_seconds, shard)
    folder, temporary = _folder(out, chosen)
    with sweep_progress(progress) as callback:
        options = SweepOptions(
            out=folder,
            executor=settings,
            shard=shard,
            rule=None if until is None else _rule(until, chosen),
            max_runs=max_runs,
            max_seconds=max_seconds,
            retry_failed=retry_failed,
            mix_versions=mix_versions,
            command=tuple(command),
            progress=callback,
            say=note,
        )
        with code_of(received_from(study), parts_of_plan(chosen.plan), trust=trust, note=note):
            swept = run_sweep(chosen.plan, options)
    result = open_study(folder).with_sweep(swept, temporary)
    result.note_failures()
    if report:
        result.try_report(note)
    return result


def _note_positions(study: Study, note: Note) -> None:
    """Pass on what there is to know about the custom positions of the base config; a point may set another price."""
    if study.plan.base.positions is None:
        return
    try:
        note_inputs(study.plan.base, note)
    except InputDataError as error:
        note(f"warning: the base config: {error}")


def _folder(out: str | Path | None, study: Study) -> "tuple[Path, tempfile.TemporaryDirectory[str] | None]":
    """The study folder, and the temporary folder that contains it, if any."""
    if out is not None:
        return Path(out), None
    temporary = tempfile.TemporaryDirectory(prefix="clearsim-study-")
    return Path(temporary.name) / study.name, temporary


def _require_bounds(until: str | None, max_runs: int | None, max_seconds: float | None, shard: tuple[int, int]) -> None:
    """ConfigError for a rule that may never end, or an invalid shard."""
    if until is not None and max_runs is None and max_seconds is None:
        raise ConfigError("until needs a bound: give max_runs or max_seconds too")
    if not 1 <= shard[0] <= shard[1]:
        raise ConfigError(f"shard must be (i, n) with 1 <= i <= n, found {shard}")


def executor_settings(executor: str | Path, workers: int | None = None) -> "ExecutorSettings":
    """Settings of the executor that these arguments of `sweep` select; ConfigError if they are invalid."""
    from ..studies.execute.pool import ExecutorSettings

    if workers is not None and executor != "local":
        raise ConfigError(f"workers is for executor 'local', found executor {str(executor)!r}")
    if executor == "local":
        return ExecutorSettings(
            kind="local", workers=None if workers is None else whole_number("workers", workers, least=1)
        )
    if executor == "serial":
        return ExecutorSettings(kind="serial", workers=1)
    if isinstance(executor, Path) or executor.endswith(".json"):
        return ExecutorSettings(kind="file", scheduler_file=Path(executor))
    if "://" in executor:
        return ExecutorSettings(kind="address", address=executor)
    raise ConfigError(
        f"executor must be local, serial, the address of a Dask scheduler like tcp://host:8786, or its JSON file; found"
        f" {executor!r}"
    )


def _rule(text: str, study: Study) -> "StoppingRule":
    from ..studies.stopping import parse_rule

    def half_width(events: int, n: int) -> float:
        low, high = analysis.clopper_pearson(events, n)
        return float(high - low) / 2 / (events / n)

    plan = study.plan
    if plan.study.sampler != "crude":
        raise ConfigError(f"until counts events of crude runs; the sampler of the study is {plan.study.sampler}")
    return parse_rule(text, arms=len(plan.arms), half_width=half_width)
