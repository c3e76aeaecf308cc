"""`clearsim positions export`: write the opening book of a config as a file that `run --positions` reads."""

from pathlib import Path
from typing import Annotated

import typer

from .options import ConfigName, CustomPositions, Debug, Mapped, Positions, Residual, RoundToLot, Sets, load

POSITIONS_HELP = """Opening positions as a CSV file: one line per position; a line without a market holds money only.

\b
account      name; lines of the same account share one wallet
market       name of a market of the config
side         long or short, in any case; empty, both or no column: the sign of quantity
quantity     base units, a multiple of the lot (--round-to-lot rounds); negative only for a short
entry        entry price, a positive multiple of the tick
margin       isolated: money of the position; cross: part of the collateral assigned to it, may be 0
mode         cross or isolated
collateral   money in the wallet, isolated margins excluded; one line per account is enough
cohort       optional: cohort of the config whose behaviour the account follows; empty: it only holds
initial_ppm  optional: initial-margin rate of the account, parts per million
stop, stop_quantity   optional: trigger price and size of a stop-loss

Leverage is no column: it follows from money and position. The first price of the config is the opening mark, where
positions are valued: set it to the mark at which they were recorded. --map account=uid,side=positionSide reads columns
of other names; --residual NAME adds an account that balances longs and shorts. `clearsim check CONFIG --positions FILE`
lists all faults.
"""

positions_app = typer.Typer(help=POSITIONS_HELP, no_args_is_help=True, rich_markup_mode=None)


@positions_app.command()
def export(
    config: ConfigName,
    out: Annotated[Path, typer.Option(help="CSV file to write.")] = Path("positions.csv"),
    set_: Sets = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed; default: the config's.")] = None,
    traders: Annotated[int | None, typer.Option(help="Number of traders.")] = None,
    positions: Positions = None,
    residual: Residual = None,
    map_: Mapped = [],  # noqa: B006
    round_to_lot: RoundToLot = False,
    debug: Debug = False,
) -> None:
    """Write the opening book of CONFIG (or of a result folder) as CSV, for `clearsim run --positions`."""
    from ..api.positions import write_opening

    source = str(Path(config) / "config.yaml") if Path(config).is_dir() else config
    custom = CustomPositions(positions, residual, map_, round_to_lot)
    n_rows = write_opening(load(source, set_, seed=seed, traders=traders, positions=custom), out)
    typer.echo(f"{out}: {n_rows:,} rows written")
