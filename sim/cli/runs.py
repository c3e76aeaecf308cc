"""`clearsim run`, `check`, `schema`, `init`, `configs`, `replay`, `figures`: one config, one run."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ClearsimError, ConfigError
from .options import ConfigName, Debug, Sets, load
from .studies import replay_study_run
from .terminal import console, teller

if TYPE_CHECKING:
    from rich.console import Console

FAILED = 1


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
    from ..runs.run import RunOptions, run_config

    loaded = load(
        _or_own_book(config, positions),
        set_,
        seed=seed,
        traders=traders,
        positions=positions,
        residual=residual,
        detail=detail,
    )
    screen, errors = console(), console(stderr=True)
    from ..runs.first_start import first_start
    from .run_texts import RunProgress, print_run

    with first_start(teller(errors)), RunProgress(loaded.config, errors) as progress:
        options = RunOptions(
            out=out,
            overwrite=overwrite,
            check_step=check_step,
            step_pairs=step_pairs,
            command=["clearsim", *sys.argv[1:]],
            progress=progress,
            finish=_report_writer(errors) if report else None,
        )
        output = run_config(loaded.config, options)
    print_run(output, loaded.config, screen)


def check(
    config: ConfigName,
    set_: Sets = [],  # noqa: B006
    traders: Annotated[int | None, typer.Option(help="Number of traders.")] = None,
    positions: Annotated[Path | None, typer.Option(help="Own book: CSV of opening positions.")] = None,
    residual: Annotated[str | None, typer.Option(help="Account that balances the own book.")] = None,
    debug: Debug = False,
) -> None:
    """Validate CONFIG and say how large a run it is; nothing is run."""
    from ..runs.inputs import check_inputs
    from ..runs.size import estimate_lines

    loaded = load(config, set_, traders=traders, positions=positions, residual=residual)
    check_inputs(loaded.config)
    typer.echo(f"{loaded.path}: valid; config hash {loaded.hash}")
    for line in estimate_lines(loaded.config):
        typer.echo(line)


def schema(
    study: Annotated[bool, typer.Option("--study", help="Of study files instead.")] = False, debug: Debug = False
) -> None:
    """Print the JSON Schema of configs, or of study files."""
    import json

    from ..config import RunConfig

    if study:
        from ..studies.design.study import Study

        typer.echo(json.dumps(Study.model_json_schema(), indent=2))
        return
    typer.echo(json.dumps(RunConfig.model_json_schema(), indent=2))


def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("my-run.yaml"), debug: Debug = False
) -> None:
    """Write a commented starter config."""
    from ..config.starter import starter_text

    try:
        with path.open("x", encoding="utf-8") as handle:
            handle.write(starter_text())
    except FileExistsError as error:
        raise ConfigError(f"{path}: exists; it is not overwritten. Name another file: clearsim init FILE") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    typer.echo(f"{path}: written. Try: clearsim run {shlex.quote(str(path))}")


def configs(debug: Debug = False) -> None:
    """List the configs that ship with clearsim."""
    from ..config.shipped import list_shipped

    for name, folder, title in list_shipped():
        typer.echo(f"{name:36} {folder:10} {title}".rstrip())


def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A result folder, or a study folder.")],
    run_id: Annotated[str | None, typer.Argument(help="Run of a study folder: run again with its whole log.")] = None,
    out: Annotated[Path | None, typer.Option(help="Of a study's run; default DIR/replays/RUN_ID.")] = None,
    debug: Debug = False,
) -> None:
    """Run RUN_DIR's config again and compare the result tables byte for byte; exit code 1 if they differ."""
    if run_id is not None:
        replay_study_run(folder, run_id, out)
        return
    from ..runs.first_start import first_start
    from ..runs.replay import load_run, replay_run
    from .run_texts import RunProgress

    errors = console(stderr=True)
    recorded = load_run(folder)
    with first_start(teller(errors)), RunProgress(recorded.config, errors) as progress:
        outcome = replay_run(recorded, progress=progress)
    for line in outcome.lines:
        typer.echo(line)
    if not outcome.equal:
        raise typer.Exit(FAILED)


def figures(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A result folder.")],
    formats: Annotated[str, typer.Option("--format", help="png, svg, pdf: one or several, with commas.")] = "png",
    debug: Debug = False,
) -> None:
    """Write every figure of a run's report into RUN_DIR/figures; needs kaleido and an installed Chrome or Chromium."""
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.figure_files import parse_formats
    from clearsim.analysis.reports.run_report import export_run

    try:
        for path in export_run(folder, parse_formats(formats)):
            typer.echo(path)
    except AnalysisError as error:
        raise ClearsimError(f"clearsim figures: {error}") from error


def _or_own_book(config: str | None, positions: Path | None) -> str:
    """The config to run: an own book alone runs on the reference market; UsageError if neither is given."""
    if config is not None:
        return config
    if positions is None:
        raise typer.BadParameter("name a config (see `clearsim configs`), or an own book with --positions")
    typer.echo("no CONFIG given: the own book runs on the reference market (config own-book)", err=True)
    return "own-book"


def _report_writer(console: "Console") -> Any:
    """What writes report.html; if it fails, the results are kept and the reason is told."""

    def write(folder: Path) -> None:
        try:
            from clearsim.analysis.errors import AnalysisError
            from clearsim.analysis.reports.run_report import write_report
        except ImportError as error:
            console.print(f"warning: no report.html: {error}", highlight=False, soft_wrap=True)
            return
        try:
            write_report(folder)
        except (AnalysisError, ClearsimError, ValueError, KeyError, TypeError, OSError) as error:
            (folder / "report.html").unlink(missing_ok=True)
            console.print(f"warning: no report.html: {type(error).__name__}: {error}", highlight=False, soft_wrap=True)

    return write


def register(app: typer.Typer) -> None:
    """Put the commands into the command line, in the order of its help."""
    for command in (run, check, schema, init, configs, replay, figures):
        app.command()(command)
