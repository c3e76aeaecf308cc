"""`clearsim run`, `check`, `schema`, `init`, `configs`: one config, one run."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from .options import ConfigName, CustomPositions, Debug, Mapped, Positions, Residual, RoundToLot, Sets, Trust, load
from .output import command_line, console, note_printer


def run(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]",
            help="A config file, or a name from `clearsim configs`; default with --positions: own-book.",
        ),
    ] = None,
    set_: Sets = [],  # noqa: B006  (typer copies it)
    seed: Annotated[int | None, typer.Option(help="Seed; default: the config's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Result folder; default results/<name>-<seed>.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run's existing result folder.")] = False,
    detail: Annotated[
        str | None,
        typer.Option(help="summary, series, events, or orders: events and every order; default: the config's."),
    ] = None,
    traders: Annotated[int | None, typer.Option(help="Number of traders; cohorts keep their proportions.")] = None,
    positions: Positions = None,
    residual: Residual = None,
    map_: Mapped = [],  # noqa: B006
    round_to_lot: RoundToLot = False,
    check_step: Annotated[
        bool, typer.Option("--check-step", help="Repeat the run at a quarter of the time step.")
    ] = False,
    step_pairs: Annotated[int, typer.Option(min=1, help="Number of replications that --check-step compares.")] = 3,
    second_pass: Annotated[
        bool,
        typer.Option(
            "--second-pass/--no-second-pass",
            help="If the fund fell short or the inventory cap was reached, run again with an endless fund.",
        ),
    ] = True,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Run CONFIG and write a result folder with report.html."""
    from ..api.run import run as run_config
    from ..api.trust import code_of, parts_of, received_from
    from .run_texts import print_run

    source = _or_custom_positions(config, positions)
    chosen = load(
        source,
        set_,
        seed=seed,
        traders=traders,
        positions=CustomPositions(positions, residual, map_, round_to_lot),
        detail=detail,
    )
    note = note_printer()
    with code_of(received_from(source), parts_of(chosen), trust=trust, note=note):
        result = run_config(
            chosen,
            out=out or Path("results") / f"{chosen.name}-{chosen.seed}",
            numbered=out is None,
            overwrite=overwrite,
            check_step=step_pairs if check_step else 0,
            second_pass=second_pass,
            report=report,
            progress=True,
            on_note=note,
            command=command_line(),
        )
    print_run(result, console())


def check(
    config: ConfigName,
    set_: Sets = [],  # noqa: B006
    traders: Annotated[int | None, typer.Option(help="Number of traders.")] = None,
    positions: Positions = None,
    residual: Residual = None,
    map_: Mapped = [],  # noqa: B006
    round_to_lot: RoundToLot = False,
    draw: Annotated[
        bool,
        typer.Option(
            "--draw", help="Also draw the price path and the opening book, as a run does first; executes own parts."
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Check that CONFIG (or a study) and its input files are valid, and print its size; nothing is run."""
    from ..api.config import checked_lines, path_of, study_file

    custom = CustomPositions(positions, residual, map_, round_to_lot)
    if (study := study_file(config)) is not None:
        _check_study(study, set_, is_plain=traders is None and not draw and not custom.are_given)
        return
    chosen = load(config, set_, traders=traders, positions=custom)
    lines = checked_lines(chosen, draw=draw)
    typer.echo(f"{path_of(config)}: valid; config hash {chosen.hash}")
    for line in lines:
        typer.echo(line)


def _check_study(path: Path, sets: list[str], *, is_plain: bool) -> None:
    """Print that a study is valid, with the number of its runs; ConfigError if it is not."""
    from ..api.study import checked_study
    from .study_texts import plan_text

    if not is_plain:
        raise ConfigError(f"{path}: is a study; of the options of `check` it takes --set only, for keys of the study")
    study = checked_study(path, sets)
    typer.echo(f"{path}: valid study; study hash {study.hash}")
    for text in study.notes:
        typer.echo(f"note: {text}")
    typer.echo(plan_text(study))


def schema(
    study: Annotated[bool, typer.Option("--study", help="Print the schema of study files.")] = False,
    debug: Debug = False,
) -> None:
    """Print the JSON Schema of configs, or of study files."""
    import json

    from ..api.catalogue import schema as schema_of

    typer.echo(json.dumps(schema_of(study=study), indent=2))


def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("my-run.yaml"), debug: Debug = False
) -> None:
    """Write a commented starter config."""
    from ..api.catalogue import starter_config

    try:
        with path.open("x", encoding="utf-8") as handle:
            handle.write(starter_config())
    except FileExistsError as error:
        raise ConfigError(f"{path}: exists and is not overwritten; name another file: clearsim init FILE") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    typer.echo(f"{path}: written. Try: clearsim run {shlex.quote(str(path))}")


def configs(debug: Debug = False) -> None:
    """List the configs that ship with clearsim."""
    from ..api.catalogue import configs as shipped

    for name, folder, title in shipped():
        typer.echo(f"{name:36} {folder:10} {title}".rstrip())


def _or_custom_positions(config: str | None, positions: Path | None) -> str:
    """The config to run: positions alone run on the reference market; a usage error if neither is given."""
    if config is not None:
        return config
    if positions is None:
        raise typer.BadParameter("name a config (see `clearsim configs`), or give --positions FILE")
    typer.echo("no CONFIG given: the positions run on the reference market (config own-book)", err=True)
    return "own-book"
