"""`clearsim queue`: who stands where in the ADL queue at a chosen time of a run.

A roof: runs the config up to that time and prints what `sim/engine/queue.py` reads from the world.
"""

import csv
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError
from .options import Debug, Sets
from .terminal import console, teller

if TYPE_CHECKING:
    from rich.table import Table

    from ..config import RunConfig
    from ..engine.queue import Place


def queue(
    source: Annotated[str, typer.Argument(metavar="CONFIG", help="A config, or a result folder (clearsim run's).")],
    at: Annotated[str, typer.Option(help="Seconds after the start, or UTC time as 2025-10-10T21:15:00Z.")],
    market: Annotated[str | None, typer.Option(help="Name of the market; default: the first.")] = None,
    top: Annotated[int, typer.Option(min=0, help="Places of each side to print.")] = 10,
    account: Annotated[list[str], typer.Option(help="Print this account's places too. Repeat.")] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="CSV file for every position.")] = None,
    set_: Sets = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed in place of the config's.")] = None,
    debug: Debug = False,
) -> None:
    """Run CONFIG up to a time and print the ADL queue there: place, light (1 is the front fifth), score."""
    from ..runs.first_start import first_start
    from .run_texts import RunProgress

    config, scenario, replication = _source(source, set_, seed)
    time_ms, number = _time_ms(at, config), _market(market, config)
    errors = console(stderr=True)
    with first_start(teller(errors)), RunProgress(config, errors) as progress:
        places, mark = _run(config, time_ms, number, progress, scenario=scenario, replication=replication)
    unknown = sorted(set(account) - {place.account for place in places})
    if unknown:
        raise ConfigError(f"--account {unknown[0]}: holds no position in {config.markets[number].name} at that time")
    tables = console(width=140)
    typer.echo(f"{config.markets[number].name} at {_utc(config, time_ms)}, mark {mark:,.8g}")
    for side in ("long", "short"):
        tables.print(_table([place for place in places if place.side == side], side, config, top, set(account)))
    if out is not None:
        typer.echo(f"{out}: {_write(places, out):,} positions")


def _source(source: str, overrides: list[str], seed: int | None) -> "tuple[RunConfig, int, int]":
    """The config, scenario and replication that `source` names."""
    from ..config import load_config

    if not Path(source).is_dir():
        return load_config(source, [*overrides, *([] if seed is None else [f"seed={seed}"])]).config, 0, 0
    from ..runs.replay import load_run

    if overrides or seed is not None:
        raise ConfigError("--set and --seed: a result folder is run as it was; give its config instead")
    recorded = load_run(Path(source))
    return recorded.config, int(recorded.manifest["scenario"]), int(recorded.manifest["replication"])


def _time_ms(text: str, config: "RunConfig") -> int:
    """Milliseconds after the start that `--at` names; ConfigError if it is no time of the run."""
    try:
        time_ms = round(float(text) * 1000)
    except (ValueError, OverflowError):
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise ConfigError(f"--at must be seconds or a UTC time like 2025-10-10T21:15:00Z, found {text!r}") from None
        if when.tzinfo is None:
            raise ConfigError(f"--at {text}: say which clock: put Z behind it for UTC") from None
        time_ms = round(when.timestamp() * 1000) - config.start_ms
    if not 0 <= time_ms <= config.duration_ms:
        raise ConfigError(f"--at {text}: the run goes from {_utc(config, 0)} to {_utc(config, config.duration_ms)}")
    return time_ms


def _market(name: str | None, config: "RunConfig") -> int:
    names = list(config.market_names)
    if name is None:
        return 0
    if name not in names:
        raise ConfigError(f"--market {name}: the config's markets are {', '.join(names)}")
    return names.index(name)


def _run(
    config: "RunConfig", time_ms: int, market: int, progress: object, *, scenario: int, replication: int
) -> "tuple[list[Place], float]":
    """The queue of `market` after every cycle up to `time_ms`, and its mark."""
    from ..config import require_runnable
    from ..engine.build import build_world
    from ..engine.queue import queue_of
    from ..engine.simulation import run_until

    require_runnable(config)
    world = build_world(config, detail="summary", sink=None, scenario=scenario, replication=replication)
    world.progress = progress  # type: ignore[assignment]
    run_until(world, time_ms)
    return queue_of(world, market), float(world.markets.mark[market]) * float(config.markets[market].tick_size)


def _utc(config: "RunConfig", time_ms: int) -> str:
    from datetime import UTC

    return datetime.fromtimestamp((config.start_ms + time_ms) / 1000, UTC).isoformat(timespec="seconds")[:19] + "Z"


def _table(places: "list[Place]", side: str, config: "RunConfig", top: int, wanted: set[str]) -> "Table":
    """The first places of a side, and those of wanted accounts."""
    from rich import box
    from rich.table import Table

    quantum, in_profit = float(config.quantum), sum(place.profit_quanta > 0 for place in places)
    title = f"{side}s: {len(places):,} positions, {in_profit:,} in profit (only those are deleveraged)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for header in ("place", "light", "account", "mode", "lots", f"notional {config.asset.name}", "profit", "score"):
        table.add_column(header, justify="left" if header in ("account", "mode") else "right", no_wrap=True)
    for place in places:
        if place.place <= top or place.account in wanted:
            table.add_row(
                f"{place.place:,}",
                str(place.light),
                place.account,
                place.mode,
                f"{place.lots:,}",
                f"{place.notional_quanta * quantum:,.0f}",
                f"{place.profit_quanta * quantum:,.0f}",
                f"{place.score:.4g}",
            )
    return table


def _write(places: "list[Place]", path: Path) -> int:
    """Write all positions as CSV; return how many."""
    from ..engine.queue import Place
    from ..runs.folder import telling_disk_errors

    with telling_disk_errors(path), open(path, "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(Place._fields)
        writer.writerows(places)
    return len(places)
