"""Arguments and options that several commands share, and how overrides reach a config."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..api.config import Config

ConfigName = Annotated[str, typer.Argument(metavar="CONFIG", help="A config file, or a name from `clearsim configs`.")]
Sets = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Override, e.g. 'markets[0].fees.taker_ppm=500'. Repeatable."),
]
Positions = Annotated[
    Path | None, typer.Option("--positions", help="CSV of opening positions (clearsim positions --help).")
]
Residual = Annotated[
    str | None,
    typer.Option("--residual", metavar="NAME", help="Account that balances longs and shorts of the positions."),
]
Mapped = Annotated[
    list[str],
    typer.Option(
        "--map", metavar="OURS=THEIRS", help="Columns of --positions of other names: account=uid,side=positionSide."
    ),
]
RoundToLot = Annotated[
    bool, typer.Option("--round-to-lot", help="Round sizes of --positions to the lot, prices to the tick.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")]


@dataclass(frozen=True)
class CustomPositions:
    """The options of a command about opening positions."""

    file: Path | None = None
    residual: str | None = None
    mapped: Sequence[str] = ()
    round_to_lot: bool = False

    @property
    def are_given(self) -> bool:
        """True if any of the options is."""
        return bool(self.file or self.residual or self.mapped or self.round_to_lot)

    def settings(self) -> dict[str, tuple[str, Any]]:
        """Option -> path and value of the config that it sets; ConfigError for options that need --positions."""
        from ..api.inputs import columns_of, positions_value

        columns = columns_of(self.mapped)
        if self.file is not None:
            if not self.file.is_file():
                raise ConfigError(f"--positions {self.file}: no such file")
            value = positions_value(self.file, residual=self.residual, columns=columns, round_to_lot=self.round_to_lot)
            return {f"--positions {self.file}": ("positions", value)}
        found: dict[str, tuple[str, Any]] = {}
        if self.residual is not None:
            found[f"--residual {self.residual}"] = ("positions.residual_account", self.residual)
        if columns:
            found[f"--map {','.join(self.mapped)}"] = ("positions.columns", columns)
        if self.round_to_lot:
            found["--round-to-lot"] = ("positions.round_to_lot", True)
        return found


Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the files of an earlier answer in the folder.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Local worker processes; default: one per core.")]
Serial = Annotated[bool, typer.Option("--serial", help="Run in this process, for debugging.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Address of a Dask scheduler, e.g. tcp://host:8786.")
]
SchedulerFile = Annotated[Path | None, typer.Option(help="File that a Dask scheduler wrote.")]


def executor_of(workers: int | None, serial: bool, scheduler: str | None, scheduler_file: Path | None) -> str | Path:
    """The executor that the options name; ConfigError if they name several."""
    given = {
        "--serial": serial,
        "--scheduler": scheduler is not None,
        "--scheduler-file": scheduler_file is not None,
        "--workers": workers is not None,
    }
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise ConfigError(f"{' and '.join(chosen)} exclude each other")
    return "serial" if serial else scheduler or scheduler_file or "local"


Trust = Annotated[
    bool, typer.Option("--trust", help="Execute code that comes with a folder of results; it is listed first.")
]
NO_POSITIONS = CustomPositions()


def load(
    source: str,
    sets: list[str],
    *,
    seed: int | None = None,
    traders: int | None = None,
    positions: CustomPositions = NO_POSITIONS,
    detail: str | None = None,
) -> "Config":
    """The config that a command line names, with the overrides of its options."""
    from ..api.config import load_with

    overrides = list(sets)
    if seed is not None:
        overrides.append(f"seed={seed}")
    if detail is not None:
        overrides.append(f"record.detail={detail}")
    return load_with(source, overrides, traders=traders, options=positions.settings())


def settings_of(sets: list[str], positions: CustomPositions = NO_POSITIONS) -> dict[str, Any]:
    """Path and value of the options about positions and of each `path=value`; ConfigError for any other form."""
    from ..api.config import value_of

    settings = dict(positions.settings().values())
    for text in sets:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise ConfigError(f"--set {text}: must be path=value, like --set seed=7")
        settings[path.strip()] = value_of(value, source=f"--set {text}")
    return settings
