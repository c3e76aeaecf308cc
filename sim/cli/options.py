"""Arguments and options that several commands share, and how overrides reach a config."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..api.config import Config

ConfigName = Annotated[str, typer.Argument(metavar="CONFIG", help="A config file, or a name from `clearsim configs`.")]
Sets = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Override, e.g. markets[0].fees.taker_ppm=500. Repeatable."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")]


def load(
    source: str,
    sets: list[str],
    *,
    seed: int | None = None,
    traders: int | None = None,
    positions: Path | None = None,
    residual: str | None = None,
    detail: str | None = None,
) -> "Config":
    """The config that a command line names, with the overrides of its options."""
    from ..api.config import load_with

    overrides = list(sets)
    if seed is not None:
        overrides.append(f"seed={seed}")
    if detail is not None:
        overrides.append(f"record.detail={detail}")
    if positions is not None:
        overrides.append(f"positions={{file: '{positions.resolve()}', residual_account: {residual or 'null'}}}")
    elif residual is not None:
        overrides.append(f"positions.residual_account={residual}")
    return load_with(source, overrides, traders=traders)


def settings_of(sets: list[str]) -> dict[str, Any]:
    """Path and value of each `path=value`; ConfigError for any other form."""
    from ..api.config import value_of

    settings = {}
    for text in sets:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise ConfigError(f"--set {text}: must be path=value, like --set seed=7")
        settings[path.strip()] = value_of(value, source=f"--set {text}")
    return settings
