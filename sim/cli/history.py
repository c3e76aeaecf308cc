"""`clearsim history`: import downloaded histories of a fund, summarise them, list the public record."""

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from .options import Debug
from .output import command_line, console

HISTORY_HELP = """A fund's recorded history: import it from downloads, summarise it, list what is on public record.

\b
The file of a history is a CSV with one line per UTC day and the unit of each column in the header:
date_utc          day
balance           of the fund at the end of the day; (USD, from 0) for a sum of daily results
injected          money that came from outside on that day, negative if it was taken out
open_interest     at the end of the day
liquidated, adl   notional of the day

For example: date_utc,balance (USDT),injected (USDT),open_interest (USDT). Only date_utc and balance are required; an
empty cell is not known. `clearsim size-fund --history FILE` holds an answer against it.
"""

history_app = typer.Typer(help=HISTORY_HELP, no_args_is_help=True, rich_markup_mode=None)


@history_app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Downloaded files of one kind and layout.")],
    kind: Annotated[str, typer.Option(help="fund, open_interest, liquidations or index.")],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    layout: Annotated[str | None, typer.Option(help="Layout of the files; default: detected.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Coin, symbol or pool, where the files have several.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the values, where the files do not name it.")] = None,
    injected: Annotated[
        list[str],
        typer.Option(metavar="DATE=AMOUNT", help="Money from outside on a day; negative: taken out. Repeatable."),
    ] = [],  # noqa: B006  (typer copies it)
    opening_balance: Annotated[
        str | None, typer.Option(help="Balance before the first day, for files of daily results.")
    ] = None,
    join: Annotated[bool, typer.Option("--join", help="Add the column to the history in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --out.")] = False,
    debug: Debug = False,
) -> None:
    """Turn downloaded files into one daily history; of an index, into candles for `kind: replay`."""
    from ..api.history import import_history

    notes = import_history(
        files,
        kind,
        out,
        layout=layout,
        symbol=symbol,
        unit=unit,
        injected=dict(map(_injection, injected)),
        opening_balance=opening_balance,
        join=join,
        overwrite=overwrite,
    )
    for note in notes:
        typer.echo(f"note: {note}")
    typer.echo(f"{out}: written")


def _injection(text: str) -> tuple[date, str]:
    """Day and amount of a text like 2020-05-11=30000000; ConfigError for another form."""
    day, equals, amount = text.partition("=")
    try:
        if not equals:
            raise ValueError
        return date.fromisoformat(day.strip()), amount.strip()
    except ValueError:
        raise ConfigError(f"--injected {text}: must be DATE=AMOUNT, like 2020-05-11=30000000") from None


@history_app.command()
def fund(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A daily history, as `history import` writes it.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write: history.html with the figure, history.json, months.csv.")
    ] = None,
    months: Annotated[bool, typer.Option("--months", help="Print every month, too.")] = False,
    debug: Debug = False,
) -> None:
    """Print a fund's months: results, draws, drawdowns, growth, shares of open interest, with n and intervals."""
    from ..api.history import fund_history

    history = fund_history(file)
    typer.echo(str(history))
    summary, all_months = history.tables()
    _print_table(*summary)
    if months:
        _print_table(*all_months)
    if out is not None:
        for path in history.save(out, command=shlex.join(command_line())):
            typer.echo(path)


@history_app.command()
def record(debug: Debug = False) -> None:
    """List the reported draws of the public record with their scope and source."""
    from ..api.history import record_rows

    header, *rows = record_rows()
    for row in rows:
        event, venue, first, last, amount, of_fund, of_interest, scope, source = row
        typer.echo(f"{first} to {last}  {venue}: {event}: {amount}; {header[5]} {of_fund}, {header[6]} {of_interest}")
        typer.echo(f"    scope: {scope}\n    source: {source}")


def _print_table(header: Sequence[str], rows: list[list[str]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    console(width=160).print(table, highlight=False)
