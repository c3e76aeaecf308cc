"""`clearsim fit prices`: the law of falls and rises of recorded prices, as tables and as a part of a config."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from .options import Debug

FIT_HELP = """Fit a model's inputs to recorded data. `clearsim calibrate` fits positions."""

fit_app = typer.Typer(help=FIT_HELP, no_args_is_help=True, rich_markup_mode=None)


@fit_app.callback()
def _group() -> None:
    """A group, also while it has one command."""


@fit_app.command()
def prices(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="[FILE...]", help="CSV files of one coin: ts_ms,price or candles; also .gz and .zip."),
    ] = [],  # noqa: B006  (typer copies it)
    coin: Annotated[
        list[str], typer.Option(metavar="NAME=FILE", help="A file of a coin, in place of FILE; repeatable.")
    ] = [],  # noqa: B006
    side: Annotated[str, typer.Option(help="falls, rises or both.")] = "both",
    threshold: Annotated[
        float | None, typer.Option(help="Log size beyond which the tail is fitted; default: by the stated rule.")
    ] = None,
    gap_minutes: Annotated[float, typer.Option(help="Moves that end no further apart are one event.")] = 60,
    level: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap samples of blocks of 30 days.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="YAML file to write: the part of a config.")] = None,
    debug: Debug = False,
) -> None:
    """Fit falls and rises within rolling 60 minutes: rate, tail, share within delays, what coins have in common."""
    from ..api.price_fit import fit_prices, write_fit

    if bool(files) == bool(coin):
        raise ConfigError("give either files of one coin, or --coin NAME=FILE for each file of several coins")
    fit = fit_prices(
        files or _of_coins(coin),
        side=side,
        threshold=threshold,
        gap_minutes=gap_minutes,
        level=level,
        resamples=resamples,
        seed=seed,
    )
    if json:
        typer.echo(fit.json())
    else:
        typer.echo(str(fit))
        if out is None:
            typer.echo(f"\nAs a part of a config (write it with --out FILE):\n\n{fit.block()}")
    if out is not None:
        write_fit(fit, out)
        typer.echo(f"{out}: written", err=json)


def _of_coins(texts: list[str]) -> dict[str, list[Path]]:
    """Coin -> its files; ConfigError for a text that is not NAME=FILE."""
    found: dict[str, list[Path]] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not (name.strip() and equals and file):
            raise ConfigError(f"--coin {text}: must be NAME=FILE, like BTC=btc.csv")
        found.setdefault(name.strip(), []).append(Path(file))
    return found
