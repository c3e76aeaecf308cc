"""`clearsim report`, `queue`, `audit`, `replay`: inspect results and verify them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError
from .options import CustomPositions, Debug, Mapped, Positions, Residual, RoundToLot, Sets, Trust, load
from .output import command_line, console, note_printer

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

FAILED = 1


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study folder or a run folder.")],
    formats: Annotated[
        str | None, typer.Option("--format", help="Also write the figures as files: png, svg, pdf, comma-separated.")
    ] = None,
    baseline: Annotated[
        bool,
        typer.Option("--baseline/--no-baseline", help="For a study: compute gap risk and balances over time."),
    ] = True,
    debug: Debug = False,
) -> None:
    """Write report.html into DIR; with --format also every figure, into DIR/figures (needs kaleido and Chrome)."""
    from ..api.study_result import StudyResult, open_any

    result = open_any(folder)
    if isinstance(result, StudyResult):
        if result.missing:
            typer.echo(f"incomplete: {result.missing:,} of {result.planned:,} runs are missing", err=True)
        typer.echo(result.report(baseline=baseline, on_note=lambda text: typer.echo(text, err=True)))
    else:
        typer.echo(result.report())
    for path in result.export_figures(formats) if formats is not None else []:
        typer.echo(path)


def queue(
    source: Annotated[str, typer.Argument(metavar="CONFIG", help="A config, or a result folder of `clearsim run`.")],
    at: Annotated[str, typer.Option(help="Seconds after the start, or a UTC time like 2025-10-10T21:15:00Z.")],
    market: Annotated[str | None, typer.Option(help="Name of the market; default: the first.")] = None,
    top: Annotated[int, typer.Option(min=0, help="Number of places to print for each side.")] = 10,
    account: Annotated[list[str], typer.Option(help="Print this account too. Repeatable.")] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="CSV file to write, with every position.")] = None,
    set_: Sets = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed; default: the config's.")] = None,
    positions: Positions = None,
    residual: Residual = None,
    map_: Mapped = [],  # noqa: B006
    round_to_lot: RoundToLot = False,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Run CONFIG up to a time and print the ADL queue at that time: place, light (1 is the front fifth), score."""
    from ..api.adl import adl_queue, write_queue
    from ..api.trust import code_of, parts_of, received_from

    is_folder = Path(source).is_dir()
    custom = CustomPositions(positions, residual, map_, round_to_lot)
    if is_folder and (set_ or seed is not None or custom.are_given):
        raise ConfigError("--set, --seed and --positions do not apply to a result folder; give its config instead")
    chosen = None if is_folder else load(source, set_, seed=seed, positions=custom)
    note = note_printer()
    parts = [] if chosen is None else parts_of(chosen)
    with code_of(None if is_folder else received_from(source), parts, trust=trust, note=note):
        places = adl_queue(chosen or source, at=at, market=market, trust=trust, progress=True, on_note=note)
    facts = places.attrs
    unknown = sorted(set(account) - set(places["account"]))
    if unknown:
        raise ConfigError(f"--account {unknown[0]}: holds no position in {facts['market']} at that time")
    tables = console(width=140)
    typer.echo(f"{facts['market']} at {facts['time_utc']}, mark {facts['mark_price']:,.8g}")
    for side in ("long", "short"):
        tables.print(_table(places[places["side"] == side], side, top, set(account)))
    if out is not None:
        write_queue(places, out)
        typer.echo(f"{out}: {len(places):,} positions")


def _table(places: "pd.DataFrame", side: str, top: int, wanted: set[str]) -> "Table":
    """The first places of a side, and those of the requested accounts."""
    from rich import box
    from rich.table import Table

    in_profit = int((places["profit_quote"] > 0).sum())
    title = f"{side}s: {len(places):,} positions, {in_profit:,} in profit (only those are deleveraged)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for header in ("place", "light", "account", "mode", "lots", "notional", "profit", "score"):
        table.add_column(header, justify="left" if header in ("account", "mode") else "right", no_wrap=True)
    for row in places[(places["place"] <= top) | places["account"].isin(wanted)].to_dict("records"):
        table.add_row(
            f"{row['place']:,}",
            str(row["light"]),
            row["account"],
            row["mode"],
            f"{row['lots']:,}",
            f"{row['notional_quote']:,.0f}",
            f"{row['profit_quote']:,.0f}",
            f"{row['score']:.4g}",
        )
    return table


def audit(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A result folder with events.")],
    debug: Debug = False,
) -> None:
    """Rebuild all balances of RUN_DIR from its event log without the simulator, and print the claims that hold."""
    from ..api.again import audit as audit_run

    audited = audit_run(folder)
    for line in audited.proved:
        typer.echo(f"holds: {line}")
    for line in audited.not_compared:
        typer.echo(f"not compared: {line}")


def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A result folder, or a study folder.")],
    run_id: Annotated[
        str | None, typer.Argument(help="Run of a study folder; it is rerun with its full event log.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Result folder for a study's run; default DIR/replays/RUN_ID.")
    ] = None,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Run one recorded run again and compare all its tables byte for byte; exit code 1 if they differ."""
    from ..api.again import replay as replay_run

    replayed = replay_run(
        folder, run_id, out=out, trust=trust, progress=True, on_note=note_printer(), command=command_line()
    )
    for line in replayed.lines:
        typer.echo(line)
    if not replayed.equal:
        raise typer.Exit(FAILED)
