"""`run`: a config through either engine; a full run in memory or into a result folder."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from ..errors import ClearsimError, ConfigError
from . import _analysis as analysis
from .arguments import whole_number
from .config import Config, ConfigLike, load
from .door import checked
from .inputs import note_inputs
from .paths import PathsResult
from .progress import Note, noting, run_progress
from .result import Result, in_memory, open_folder
from .trust import code_of, parts_of, received_from

if TYPE_CHECKING:
    from ..config import RunConfig
    from ..runs.run import Progress, SecondPass

Detail = Literal["summary", "series", "events", "orders"]
Sampler = Literal["crude", "importance", "sobol"]


@overload
def run(
    config: ConfigLike,
    *,
    fidelity: Literal["full"] = "full",
    out: str | Path | None = None,
    detail: Detail | None = None,
    seed: int | None = None,
    scenario: int = 0,
    replication: int = 0,
    trust: bool = False,
    overwrite: bool = False,
    numbered: bool = False,
    report: bool = False,
    check_step: int = 0,
    second_pass: bool = True,
    progress: "Literal[True] | Progress | None" = None,
    on_note: Note | None = None,
    command: Sequence[str] = (),
) -> Result: ...


@overload
def run(
    config: ConfigLike,
    *,
    fidelity: Literal["reduced"],
    paths: int = ...,
    sampler: Sampler = ...,
    seed: int | None = None,
    scenario: int = 0,
    replication: int = 0,
    trust: bool = False,
) -> PathsResult: ...


@checked
def run(
    config: ConfigLike,
    *,
    fidelity: Literal["full", "reduced"] = "full",
    seed: int | None = None,
    scenario: int = 0,
    replication: int = 0,
    trust: bool = False,
    **options: Any,
) -> Result | PathsResult:
    """Run a config in the full engine (agents on an order book), or many paths of it in the reduced one.

    Args:
        config: a Config, the path of a config file, or a shipped name.
        fidelity: full or reduced.
        seed: replaces the config's.
        scenario, replication: whole numbers that select the randomness of the run, together with the seed.
        trust: True: code that comes with a folder of results, from which the config is read, may be executed.
        options: of the full engine:
            out: result folder to write; None keeps the run in memory.
            detail: which tables are kept: summary, series, events, or orders: events and every order (the config's by
                default).
            overwrite: replace the result folder of a run that exists; never a study.
            numbered: if `out` is taken, write out-2, out-3, ...: the first that is free.
            report: write report.html into the folder.
            check_step: number of replications to compare with runs at a quarter of the time step; 0: none.
            second_pass: if the fund fell short or the inventory cap was reached, run again with an endless fund, on the
                same randomness, to find the required fund (`Result.required_fund`).
            progress: True for a bar on standard error, or a function (time_ms, mark, fund_quanta, liquidated).
            on_note: called with notes for the user; default: the logger `clearsim`.
            command: command line of the caller, for the manifest.
            of the reduced engine:
            paths: number of paths; default: 10,000.
            sampler: crude, importance (of jumps) or sobol.

    Returns the Result, or the PathsResult of the reduced engine. The same config, seed, scenario and replication give
    the same result_hash in memory, in a folder and on the command line. Raises ConfigError for a config that cannot be
    run, ResultError for a folder that cannot be written, AgentError for a custom agent that fails.

        result = clearsim.run(clearsim.load("base").with_traders(300), detail="series")
        result.summary()["adl_accounts"]
    """
    chosen, note = load(config), noting(options.get("on_note"))
    with code_of(received_from(config), parts_of(chosen), trust=trust, note=note):
        return _run(chosen, fidelity, seed, scenario, replication, options)


def _run(
    chosen: Config, fidelity: str, seed: int | None, scenario: int, replication: int, options: dict[str, Any]
) -> Result | PathsResult:
    scenario, replication = whole_number("scenario", scenario), whole_number("replication", replication)
    if seed is not None:
        chosen = chosen.with_({"seed": seed})
    if fidelity not in ("full", "reduced"):
        raise ConfigError(f"fidelity must be full or reduced, found {fidelity!r}")
    known = inspect.signature(_full if fidelity == "full" else _reduced).parameters
    unknown = [name for name in options if name not in known]
    if unknown:
        raise ConfigError(f"{unknown[0]} is not an option of fidelity {fidelity}")
    if fidelity == "reduced":
        return _reduced(chosen, scenario, replication, **options)
    return _full(chosen, scenario, replication, **options)


@partial(checked, name="run")
def _reduced(
    config: Config, scenario: int, replication: int, *, paths: int = 10_000, sampler: Sampler = "crude"
) -> PathsResult:
    from ..reduced.admit import require_reduced
    from ..reduced.run import simulate_batch
    from ..studies.design.plan_checks import MAX_PATHS

    require_reduced(config)
    paths = whole_number("paths", paths, least=1)
    if paths > MAX_PATHS:
        raise ConfigError(f"paths must be at most {MAX_PATHS:,}, found {paths:,}")
    if sampler not in get_args(Sampler):
        raise ConfigError(f"sampler must be one of {', '.join(get_args(Sampler))}; found {sampler!r}")
    batch = simulate_batch(config, scenario=scenario, replication=replication, paths=paths, sampler=sampler)
    return PathsResult(config, batch, scenario=scenario, replication=replication)


@partial(checked, name="run")
def _full(
    config: Config,
    scenario: int,
    replication: int,
    *,
    out: str | Path | None = None,
    detail: Detail | None = None,
    overwrite: bool = False,
    numbered: bool = False,
    report: bool = False,
    check_step: int = 0,
    second_pass: bool = True,
    progress: "Literal[True] | Progress | None" = None,
    on_note: Note | None = None,
    command: Sequence[str] = (),
) -> Result:
    from ..runs.first_start import first_start
    from ..runs.memory import run_in_memory
    from ..runs.run import RunOptions, run_config

    if detail is not None and detail not in get_args(Detail):
        raise ConfigError(f"detail must be one of {', '.join(get_args(Detail))}; found {detail!r}")
    note = noting(on_note)
    input_notes = note_inputs(config, note)
    with first_start(note), run_progress(progress, config) as callback:
        run_options = RunOptions(
            out=None if out is None else Path(out),
            overwrite=overwrite,
            numbered=numbered,
            detail=detail,
            scenario=scenario,
            replication=replication,
            check_step=check_step > 0,
            step_pairs=check_step,
            command=command,
            input_notes=input_notes,
            progress=callback,
            second_pass=_second_pass(note) if second_pass else None,
            say=note,
            finish=report_writer(note) if report and out is not None else None,
        )
        if out is None:
            return in_memory(run_in_memory(config, run_options))
        return open_folder(run_config(config, run_options).folder, config)


def _second_pass(note: Note) -> "SecondPass":
    """The pass with an endless fund; if it fails, the results of the run are kept and the reason is noted."""

    def find(config: "RunConfig", row: Mapping[str, Any], scenario: int, replication: int) -> Mapping[str, Any] | None:
        from ..funds.second_pass import endless_fund

        if row["required_fund_is_bound"]:
            note("the required fund is only a lower bound: running again with an endless fund (second pass)")
        try:
            return endless_fund(config, row, scenario=scenario, replication=replication)
        except ClearsimError as error:
            note(f"warning: no second pass with an endless fund: {error}")
            return None

    return find


def kernel_folder() -> Path:
    """Where compiled kernels are kept."""
    from ..kernels.cacheroot import cache_root

    return cache_root()


def report_writer(note: Note) -> Callable[[Path], None]:
    """A function that writes report.html into a folder; if it fails, the results are kept and the reason is noted."""

    def write(folder: Path) -> None:
        try:
            with analysis.clearsim_errors():
                analysis.write_report(folder)
        except (ImportError, ClearsimError, ValueError, KeyError, TypeError, OSError) as error:
            (folder / "report.html").unlink(missing_ok=True)
            note(f"warning: no report.html: {type(error).__name__}: {error}")

    return write
