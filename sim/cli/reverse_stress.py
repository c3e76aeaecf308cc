"""`clearsim reverse-stress`: the smallest fall that exhausts a given fund, by depth lost and by the largest account.

A roof: turns shocks into runs and hands them to `analysis/sensitivity/reverse_stress.py`, which searches.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ClearsimError, ConfigError
from .options import Debug, Sets

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..config import RunConfig

#: Runs of each shock where none are stated.
RUNS = {"reduced": 20, "full": 7}


def reverse_stress(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A config file, or a name from `clearsim configs`.")],
    fund: Annotated[float | None, typer.Option(help="Fund to exhaust, quote units; default: the config's.")] = None,
    depth: Annotated[str, typer.Option(help="Shares of depth lost, with commas.")] = "0,0.5,0.8",
    concentration: Annotated[
        str, typer.Option(help="Shares of open interest of one more long account, with commas.")
    ] = "0,0.1",
    leverage: Annotated[float, typer.Option(help="Leverage of that account.")] = 5,
    largest_jump: Annotated[float, typer.Option(help="Largest fall tried, fraction of the price.")] = 0.6,
    tolerance: Annotated[float, typer.Option(help="Width of the last bracket, fraction of the price.")] = 0.005,
    share: Annotated[float, typer.Option(help="Share of the runs that the shock must exhaust.")] = 0.5,
    runs: Annotated[int | None, typer.Option(min=1, help="Runs of each shock; default 20 reduced, 7 full.")] = None,
    fidelity: Annotated[str | None, typer.Option(help="reduced or full; default: reduced if the config can.")] = None,
    set_: Sets = [],  # noqa: B006  (typer copies it)
    out: Annotated[
        Path | None, typer.Option(help="Folder; a study's takes it into its report. Default results/reverse-stress-...")
    ] = None,
    debug: Debug = False,
) -> None:
    """Search the smallest fall that exhausts CONFIG's fund, for thinner books and for one larger account."""
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.sensitivity.reverse_stress import frontier

    from ..config import load_config
    from ..funds.stress import replaces_price

    loaded = load_config(config, set_).config
    chosen = fidelity or ("reduced" if loaded.reduced is not None else "full")
    if chosen not in ("reduced", "full"):
        raise ConfigError(f"--fidelity must be reduced or full, found {chosen!r}")
    if not 0 < tolerance < largest_jump < 1 or not 0 < share < 1:
        raise ConfigError("expected 0 < --tolerance < --largest-jump < 1 and a --share between 0 and 1")
    if fund is not None and not 0 <= fund < float("inf"):
        raise ConfigError(f"--fund must be at least 0, found {fund:g}")
    if not 1 <= leverage <= 1000:
        raise ConfigError(f"--leverage must lie between 1 and 1000, found {leverage:g}")
    world = ShockWorld(loaded, chosen, fund, runs or RUNS[chosen], Decimal(repr(leverage)), typer.echo)
    if replaces_price(loaded):
        typer.echo(f"the price of {loaded.markets[0].name} is one fall after a minute, in place of the config's law")
    try:
        found = frontier(
            world.exhausts,
            depth_losses=_shares(depth, "--depth"),
            concentrations=_shares(concentration, "--concentration"),
            largest_jump=largest_jump,
            tolerance=tolerance,
            share=share,
        )
    except AnalysisError as error:
        raise ClearsimError(f"clearsim reverse-stress: {error}") from error
    typer.echo(
        f"fund {world.seed:,.0f} {loaded.asset.name}; {chosen}; smallest fall that exhausts it in {share:.0%} of runs"
    )
    shown = ["depth_loss", "concentration", "jump", "jump_low", "jump_high", "searched_to", "n"]
    typer.echo(found[shown].to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep="none"))
    for path in _write(found, world, out):
        typer.echo(path)


@dataclass
class ShockWorld:
    """Runs of a config under shocks, always with the randomness of replications 0 .. runs - 1."""

    config: "RunConfig"
    fidelity: str
    fund: float | None
    runs: int
    leverage: Decimal
    say: Callable[[str], None] = field(repr=False)
    played: int = 0

    @property
    def seed(self) -> float:
        """The fund, quote units at venue scale."""
        own = float(sum(fund.seed_quote for fund in self.config.funds))
        return own if self.fund is None else self.fund

    def exhausts(self, jump: float, depth_loss: float, concentration: float) -> "list[bool]":
        """(runs,) whether a fund stands at zero after a draw."""
        from ..funds.config import with_fund
        from ..funds.stress import with_shock

        stressed = with_shock(
            with_fund(self.config, Decimal(repr(self.seed))),
            fidelity=self.fidelity,
            jump=jump,
            depth_loss=depth_loss,
            concentration=concentration,
            leverage=self.leverage,
        )
        play = _reduced_run if self.fidelity == "reduced" else _full_run
        self.played += self.runs
        return [play(stressed, replication) for replication in range(self.runs)]


def _full_run(config: "RunConfig", replication: int) -> bool:
    from ..engine.simulation import simulate

    found: Any = simulate(config, detail="summary", replication=replication).runs["first_fund_empty_ms"]
    return int(found) >= 0


def _reduced_run(config: "RunConfig", replication: int) -> bool:
    """One path on an opening book of its own."""
    from ..reduced.run import simulate_batch

    batch = simulate_batch(config, replication=replication, paths=1)
    empty: np.ndarray = batch.columns("")["first_fund_empty_ms"]
    return bool(empty[0] >= 0)


def _shares(text: str, option: str) -> list[float]:
    try:
        found = sorted({float(part) for part in text.split(",")})
    except ValueError:
        found = []
    if not found or found[0] < 0 or found[-1] >= 1:
        raise ConfigError(f"{option} must be shares from 0 to below 1, with commas, found {text!r}")
    return found


def _write(found: "pd.DataFrame", world: ShockWorld, out: Path | None) -> list[Path]:
    """Write the frontier as Parquet and CSV, and its figure as a page; return the paths."""
    from clearsim.analysis.charts.chart_context import StudyContext
    from clearsim.analysis.charts.study.reverse_stress import draw_reverse_stress
    from clearsim.analysis.reports.page import embed, page

    from ..runs.folder import free_folder

    config = world.config
    folder = out or free_folder(Path("results"), f"reverse-stress-{config.name}-{config.seed}")
    context = StudyContext(config.name, config.seed, world.played, asset=config.asset.name, fidelity=world.fidelity)
    figure = draw_reverse_stress(found, context, fund=world.seed, concentration_title="share of one more account")
    title = f"What is the smallest shock that exhausts the fund? {config.name}"
    paths = [folder / f"reverse_stress.{ending}" for ending in ("parquet", "csv", "html")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found.to_parquet(paths[0], index=False)
        found.to_csv(paths[1], index=False)
        paths[2].write_text(page(title=title, body=embed("reverse-stress", figure)), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return paths
