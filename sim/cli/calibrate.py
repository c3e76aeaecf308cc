"""`clearsim calibrate`: fit a book of positions, print estimates with intervals, write a config of similar books."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError
from .options import Debug, Mapped, RoundToLot

if TYPE_CHECKING:
    from ..api.calibration import BookFit


def calibrate(
    positions: Annotated[Path, typer.Option(help="CSV of positions, as for `clearsim run --positions`.")],
    config: Annotated[str, typer.Option(help="Config that has the book's markets.")] = "own-book",
    out: Annotated[Path | None, typer.Option(help="Config file (YAML) to write; it draws similar books.")] = None,
    weight: Annotated[str, typer.Option(help="Weight of the written leverage law: notional or account.")] = "notional",
    level: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap draws of the accounts.")] = 1000,
    map_: Mapped = [],  # noqa: B006  (typer copies it)
    round_to_lot: RoundToLot = False,
    debug: Debug = False,
) -> None:
    """Fit the leverage (by account, by notional, and given size), sizes and concentration of a book of positions."""
    from ..api.calibration import calibrate as fit_positions
    from ..api.inputs import columns_of

    if weight not in ("notional", "account"):
        raise ConfigError(f"--weight must be notional or account, found {weight!r}")
    fitted = fit_positions(
        positions, config, level=level, resamples=resamples, columns=columns_of(map_), round_to_lot=round_to_lot
    )
    for note in fitted.notes:
        typer.echo(note, err=True)
    lines = report_lines(positions, fitted.fit, fitted.left_out)
    text = fitted.yaml(weight=weight, comment=lines)
    typer.echo("\n".join(lines))
    if out is None:
        typer.echo("\nAs a config (write it with --out FILE):\n")
        typer.echo(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from error
    typer.echo(f"{out}: written. Try: clearsim run {out}")


def report_lines(path: Path, fit: "BookFit", left_out: int) -> list[str]:
    """The fit as text: one line per estimate, with its interval."""
    lines = []
    for market in fit.markets:
        lines.append(f"{market.market}: {market.positions:,} positions of {market.accounts:,} accounts in {path.name}")
        own = fit.estimates[fit.estimates["market"] == market.market]
        for row in own.to_dict("records"):
            name = f"{row['quantity']}, by {row['counts']}"
            interval = f"{row['value']:.4g} [{row['low']:.4g}, {row['high']:.4g}]"
            lines.append(f"  {name:44} {interval:32} {row['method']}")
        for counts, law in market.leverage.items():
            far = f"distance from Pareto {law.pareto_distance:.3f}, from lognormal {law.lognormal_distance:.3f};"
            far += f" {law.effective:,.0f} effective positions"
            lines.append(f"  leverage law chosen, by {counts:20} {law.kind:32} {far}")
        parameters = {"pareto": f"exponent {market.size.exponent:.4g}", "lognormal": f"sigma {market.size.sigma:.4g}"}
        lines.append(f"  {'size law chosen':44} {market.size.kind} {parameters.get(market.size.kind, '')}".rstrip())
    level = float(fit.estimates["level"].iloc[0])
    lines.append(
        f"Brackets: {level:.0%} intervals from a bootstrap of accounts. Shares of the largest are exact for this book;"
    )
    lines.append(
        "their brackets show how much they vary between books drawn alike, and are rough where tails are heavy."
    )
    if left_out:
        lines.append(f"{left_out:,} positions left out: they have neither margin nor collateral.")
    return lines
