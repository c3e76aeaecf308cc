"""The command line: `clearsim run`, `check`, `schema`, `init`, `configs`, `replay`, `report`, `positions`.

Decides exit codes (0 done, 1 failed or differs, 2 bad input, 130 Ctrl-C) and that an error is one line on stderr. What
commands need is imported when they run, so that `--help` is quick.
"""

import errno
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sim import cli_checks, cli_study
from sim.cli_calibrate import calibrate
from sim.cli_export import export_study
from sim.cli_queue import queue
from sim.cli_report import report
from sim.cli_size import size_fund
from sim.cli_stress import reverse_stress
from sim.cli_unneeded import unneeded
from sim.cli_validate import validate
from sim.errors import AgentError, ClearsimError, ConfigError, ConservationError, InputDataError, InvariantError
from sim.interrupt import INTERRUPTED, catch_signals

if TYPE_CHECKING:
    from rich.console import Console

    from sim.config import LoadedConfig

FAILED, BAD_INPUT = 1, 2
#: Columns of what is written to a file or pipe.
WIDTH = 110

POSITIONS_HELP = """Opening positions as a CSV file: one line a position, or one without a market for money alone.

\b
account      name; lines of the same account share one wallet
market       name of a market of the config
side         long or short
quantity     base units, a positive multiple of the lot
entry        entry price, a positive multiple of the tick
margin       isolated: money of the position; cross: part of collateral that stands for it, may be 0
mode         cross or isolated
collateral   money in the wallet, isolated margins not counted; once an account is enough
cohort       optional: cohort of the config whose behaviour the account follows; empty: it only holds
initial_ppm  optional: initial-margin rate it chose, parts per million
stop, stop_quantity   optional: trigger price and size of a stop-loss
"""

app = typer.Typer(
    name="clearsim",
    help="Simulate how a derivatives exchange clears leveraged positions when the price jumps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
positions_app = typer.Typer(help=POSITIONS_HELP, no_args_is_help=True, rich_markup_mode=None)
app.add_typer(positions_app, name="positions")

ConfigName = Annotated[str, typer.Argument(metavar="CONFIG", help="A config file, or a name from `clearsim configs`.")]
Sets = Annotated[
    list[str], typer.Option("--set", metavar="PATH=VALUE", help="Override, e.g. markets[0].fees.taker_ppm=500. Repeat.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")]


@app.command()
def run(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A config file, or a name from `clearsim configs`; base for an own book."
        ),
    ] = None,
    set_: Sets = [],  # noqa: B006  (typer copies it)
    seed: Annotated[int | None, typer.Option(help="Seed in place of the config's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Result folder; default results/<name>-<seed>.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing result folder.")] = False,
    detail: Annotated[str | None, typer.Option(help="summary, series or events; default: the config's.")] = None,
    traders: Annotated[int | None, typer.Option(help="Number of traders, shared among cohorts as before.")] = None,
    positions: Annotated[Path | None, typer.Option(help="Own book: CSV of opening positions.")] = None,
    residual: Annotated[str | None, typer.Option(help="Account that balances the own book.")] = None,
    check_step: Annotated[bool, typer.Option("--check-step", help="Run again at a quarter of the step.")] = False,
    step_pairs: Annotated[int, typer.Option(min=1, help="Replications that --check-step compares.")] = 3,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    debug: Debug = False,
) -> None:
    """Run CONFIG and write a result folder with report.html."""
    from sim.run import RunOptions, run_config

    loaded = _load(
        _or_own_book(config, positions),
        set_,
        seed=seed,
        traders=traders,
        positions=positions,
        residual=residual,
        detail=detail,
    )
    console, errors = _console(), _console(stderr=True)
    from sim.console import RunProgress, print_run
    from sim.firststart import first_start

    with first_start(_say(errors)), RunProgress(loaded.config, errors) as progress:
        options = RunOptions(
            out=out,
            overwrite=overwrite,
            check_step=check_step,
            step_pairs=step_pairs,
            command=_command(),
            progress=progress,
            finish=_report_writer(errors) if report else None,
        )
        output = run_config(loaded.config, options)
    print_run(output, loaded.config, console)


@app.command()
def check(
    config: ConfigName,
    set_: Sets = [],  # noqa: B006
    traders: Annotated[int | None, typer.Option(help="Number of traders.")] = None,
    positions: Annotated[Path | None, typer.Option(help="Own book: CSV of opening positions.")] = None,
    residual: Annotated[str | None, typer.Option(help="Account that balances the own book.")] = None,
    debug: Debug = False,
) -> None:
    """Validate CONFIG and say how large a run it is; nothing is run."""
    from sim.estimate import estimate_lines
    from sim.inputs import check_inputs

    loaded = _load(config, set_, traders=traders, positions=positions, residual=residual)
    check_inputs(loaded.config)
    typer.echo(f"{loaded.path}: valid; config hash {loaded.hash}")
    for line in estimate_lines(loaded.config):
        typer.echo(line)


@app.command()
def schema(
    study: Annotated[bool, typer.Option("--study", help="Of study files instead.")] = False, debug: Debug = False
) -> None:
    """Print the JSON Schema of configs, or of study files."""
    import json

    from sim.config import RunConfig

    if study:
        from sim.sweep.study import Study

        typer.echo(json.dumps(Study.model_json_schema(), indent=2))
        return
    typer.echo(json.dumps(RunConfig.model_json_schema(), indent=2))


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("my-run.yaml"), debug: Debug = False
) -> None:
    """Write a commented starter config."""
    from sim.config.starter import starter_text

    try:
        with path.open("x", encoding="utf-8") as handle:
            handle.write(starter_text())
    except FileExistsError as error:
        raise ConfigError(f"{path}: exists; it is not overwritten. Name another file: clearsim init FILE") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    typer.echo(f"{path}: written. Try: clearsim run {shlex.quote(str(path))}")


@app.command()
def configs(debug: Debug = False) -> None:
    """List the configs that ship with clearsim."""
    from sim.config.shipped import list_shipped

    for name, folder, title in list_shipped():
        typer.echo(f"{name:36} {folder:10} {title}".rstrip())


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A result folder, or a study folder.")],
    run_id: Annotated[str | None, typer.Argument(help="Run of a study folder: run again with its whole log.")] = None,
    out: Annotated[Path | None, typer.Option(help="Of a study's run; default DIR/replays/RUN_ID.")] = None,
    debug: Debug = False,
) -> None:
    """Run RUN_DIR's config again and compare the result tables byte for byte; exit code 1 if they differ."""
    if run_id is not None:
        cli_study.replay_study_run(folder, run_id, out)
        return
    from sim.console import RunProgress
    from sim.firststart import first_start
    from sim.replay import load_run, replay_run

    errors = _console(stderr=True)
    recorded = load_run(folder)
    with first_start(_say(errors)), RunProgress(recorded.config, errors) as progress:
        outcome = replay_run(recorded, progress=progress)
    for line in outcome.lines:
        typer.echo(line)
    if not outcome.equal:
        raise typer.Exit(FAILED)


@app.command()
def figures(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A result folder.")],
    formats: Annotated[str, typer.Option("--format", help="png, svg, pdf: one or several, with commas.")] = "png",
    debug: Debug = False,
) -> None:
    """Write every figure of a run's report into RUN_DIR/figures; needs kaleido and an installed Chrome or Chromium."""
    from analysis.errors import AnalysisError
    from analysis.export import parse_formats
    from analysis.reports.run_report import export_run

    try:
        for path in export_run(folder, parse_formats(formats)):
            typer.echo(path)
    except AnalysisError as error:
        raise ClearsimError(f"clearsim figures: {error}") from error


@positions_app.command()
def export(
    config: ConfigName,
    out: Annotated[Path, typer.Option(help="CSV file to write.")] = Path("positions.csv"),
    set_: Sets = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed in place of the config's.")] = None,
    traders: Annotated[int | None, typer.Option(help="Number of traders.")] = None,
    debug: Debug = False,
) -> None:
    """Write the opening book of CONFIG (or of a result folder) as CSV, for `clearsim run --positions`."""
    from sim.run import export_positions

    source = str(Path(config) / "config.yaml") if Path(config).is_dir() else config
    loaded = _load(source, set_, seed=seed, traders=traders)
    n_rows = export_positions(loaded.config, out)
    typer.echo(f"{out}: {n_rows:,} rows written")


# The order of `clearsim --help`: what runs one config first, then studies, then what asks more of them.
app.command("queue")(queue)
app.command("report")(report)
cli_study.register(app)
app.command("size-fund")(size_fund)
app.command("export")(export_study)
app.command("reverse-stress")(reverse_stress)
app.command("unneeded")(unneeded)
app.command("validate")(validate)
app.command("calibrate")(calibrate)
cli_checks.register(app)


def _or_own_book(config: str | None, positions: Path | None) -> str:
    """The config to run: an own book alone runs on the reference market; UsageError if neither is given."""
    if config is not None:
        return config
    if positions is None:
        raise typer.BadParameter("name a config (see `clearsim configs`), or an own book with --positions")
    typer.echo("no CONFIG given: the own book runs on the reference market (config own-book)", err=True)
    return "own-book"


def _load(
    source: str,
    sets: list[str],
    *,
    seed: int | None = None,
    traders: int | None = None,
    positions: Path | None = None,
    residual: str | None = None,
    detail: str | None = None,
) -> "LoadedConfig":
    from sim.config import load_config, traders_overrides

    overrides = list(sets)
    if seed is not None:
        overrides.append(f"seed={seed}")
    if detail is not None:
        overrides.append(f"record.detail={detail}")
    if positions is not None:
        overrides.append(f"positions={{file: '{positions.resolve()}', residual_account: {residual or 'null'}}}")
    elif residual is not None:
        overrides.append(f"positions.residual_account={residual}")
    loaded = load_config(source, overrides)
    if traders is None:
        return loaded
    return load_config(source, [*overrides, *traders_overrides(loaded.config, traders)])


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=WIDTH)


def _say(console: "Console") -> Callable[[str], None]:
    return lambda text: console.print(text, highlight=False)


def _report_writer(console: "Console") -> Any:
    """What writes report.html; if it fails, the results are kept and the reason is told."""

    def write(folder: Path) -> None:
        try:
            from analysis.errors import AnalysisError
            from analysis.reports.run_report import write_report
        except ImportError as error:
            console.print(f"warning: no report.html: {error}", highlight=False, soft_wrap=True)
            return
        try:
            write_report(folder)
        except (AnalysisError, ClearsimError, ValueError, KeyError, TypeError, OSError) as error:
            (folder / "report.html").unlink(missing_ok=True)
            console.print(f"warning: no report.html: {type(error).__name__}: {error}", highlight=False, soft_wrap=True)

    return write


def _command() -> list[str]:
    return ["clearsim", *sys.argv[1:]]


def _stop(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.stdout.flush()
    raise SystemExit(code)


def main() -> None:
    """Run the command line; never shows a traceback unless asked with --debug."""
    catch_signals()
    replay_with = shlex.join(_command())
    try:
        code = app(standalone_mode=False)  # typer returns the code of an Exit, and 130 for Ctrl-C
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if isinstance(code, int) and code:
            raise SystemExit(code)
    except (ConfigError, InputDataError) as error:
        _stop(BAD_INPUT, str(error))
    except ClearsimError as error:
        happened_in_a_run = isinstance(error, (AgentError, ConservationError, InvariantError))
        _stop(FAILED, f"{error}; replay with: {replay_with}" if happened_in_a_run else str(error))
    except KeyboardInterrupt:
        _stop(INTERRUPTED, "interrupted; nothing was kept")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(FAILED) from None
    except MemoryError:
        _stop(FAILED, f"out of memory; try --detail summary or fewer --traders; replay with: {replay_with}")
    except Exception as error:
        _tell_unexpected(error, replay_with)


def _tell_unexpected(error: Exception, replay_with: str) -> NoReturn:
    """Usage errors of typer are printed as they are; anything else is one line, its traceback saved (or --debug)."""
    import traceback

    show = getattr(error, "show", None)
    if callable(show):  # click's usage errors and aborts
        show()
        raise SystemExit(int(getattr(error, "exit_code", BAD_INPUT)))
    if type(error).__name__ == "Abort":
        _stop(INTERRUPTED, "interrupted; nothing was kept")
    if "--debug" in sys.argv:
        traceback.print_exception(error)
        raise SystemExit(FAILED)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        from sim.kernels.jit import cache_directory

        place = error.filename or f"of results, or of compiled kernels ({cache_directory()}; set CLEARSIM_CACHE_DIR)"
        _stop(FAILED, f"the disk is full: {place}; free space; replay with: {replay_with}")
    try:
        descriptor, name = tempfile.mkstemp(prefix="clearsim-error-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8") as handle:
            handle.write("".join(traceback.format_exception(error)))
    except OSError:
        name = "no file, for none can be written (see it with --debug)"
    summary = " ".join(str(error).split())[:200]
    _stop(FAILED, f"unexpected {type(error).__name__}: {summary}; traceback in {name}; replay with: {replay_with}")


if __name__ == "__main__":
    main()
