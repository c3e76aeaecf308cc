"""`clearsim calibrate`: what law of leverage, size and concentration a book of positions follows.

A roof: reads the book as `run --positions` does, hands it to `analysis/calibration/`, prints estimates with intervals
and writes a config whose drawn population follows the book.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError, InputDataError
from .options import Debug

if TYPE_CHECKING:
    import pandas as pd
    from clearsim.analysis.calibration.fit import BookFit

    from ..instrument import Instrument
    from ..opening import PositionRow


def calibrate(
    positions: Annotated[Path, typer.Option(help="CSV of positions, as for `clearsim run --positions`.")],
    config: Annotated[str, typer.Option(help="Config that has the book's markets.")] = "own-book",
    out: Annotated[Path | None, typer.Option(help="YAML file to write: a config that draws such a book.")] = None,
    weight: Annotated[
        str, typer.Option(help="What the written leverage law counts: notional or account.")
    ] = "notional",
    level: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap draws of the accounts.")] = 1000,
    debug: Debug = False,
) -> None:
    """Fit leverage (by account and by notional, and given size), sizes and concentration of a book of positions."""
    from clearsim.analysis.calibration.fit import fit_book
    from clearsim.analysis.errors import AnalysisError

    from ..config import load_config
    from ..opening import read_positions
    from .fitted import fitted_yaml

    if weight not in ("notional", "account"):
        raise ConfigError(f"--weight must be notional or account, found {weight!r}")
    if not 0.5 <= level < 1:
        raise ConfigError(f"--level must be at least 0.5 and below 1, found {level}")
    loaded = load_config(config)
    instruments = loaded.config.instruments()
    try:
        rows = read_positions(positions, instruments)
        book, left_out = book_frame(rows, instruments)
        fit = fit_book(book, level=level, resamples=resamples)
    except AnalysisError as error:
        raise InputDataError(f"{positions}: {error}") from error
    lines = report_lines(positions, fit, left_out)
    text = fitted_yaml(fit, loaded, weight=weight, comment=lines)
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


def book_frame(rows: "Sequence[PositionRow]", instruments: "Sequence[Instrument]") -> "tuple[pd.DataFrame, int]":
    """(positions with leverage, positions left out because no money stands behind them).

    Leverage of a position: value at entry over the margin put in for it; a cross position whose line states no margin
    shares what is left of its account's collateral with the others like it, by value. capital_share: all margins of
    the account over all its money.
    """
    import pandas as pd

    quantum = instruments[0].quantum
    grouped: dict[str, list[PositionRow]] = {}
    for row in rows:
        grouped.setdefault(row.account, []).append(row)
    found: list[dict[str, Any]] = []
    left_out = 0
    for account, own in grouped.items():
        held = [row for row in own if row.market >= 0]
        margins = _margins(own, instruments)
        collateral = next((row.collateral for row in own if row.collateral is not None), 0)
        money = collateral + sum(row.margin for row in held if row.isolated)
        for row, margin in zip(held, margins, strict=True):
            if margin <= 0:
                left_out += 1
                continue
            instrument = instruments[row.market]
            value = float(abs(row.lots) * row.entry * instrument.tick_value * quantum)
            found.append(
                {
                    "account": account,
                    "market": instrument.name,
                    "is_long": row.lots > 0,
                    "size": float(instrument.size(abs(row.lots))),
                    "notional": value,
                    "leverage": value / (margin * float(quantum)),
                    "capital_share": min(1.0, sum(margins) / money),
                    "isolated": row.isolated,
                }
            )
    if not found:
        raise InputDataError("no position of the book has money behind it: margin or collateral is needed for leverage")
    return pd.DataFrame(found), left_out


def _margins(own: "Sequence[PositionRow]", instruments: "Sequence[Instrument]") -> list[float]:
    """Margin of each position of an account, quanta."""
    held = [row for row in own if row.market >= 0]
    collateral = next((row.collateral for row in own if row.collateral is not None), 0)
    values = [abs(row.lots) * row.entry * instruments[row.market].tick_value for row in held]
    open_ended = [not row.isolated and not row.margin for row in held]
    free = collateral - sum(row.margin for row in held if not row.isolated)
    shared = sum(value for value, alone in zip(values, open_ended, strict=True) if alone)
    return [
        free * value / shared if alone else float(row.margin)
        for row, value, alone in zip(held, values, open_ended, strict=True)
    ]


def report_lines(path: Path, fit: "BookFit", left_out: int) -> list[str]:
    """The fit in words: a line an estimate, with its interval."""
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
            lines.append(f"  leverage law taken, by {counts:21} {law.kind:32} {far}")
        told = {"pareto": f"exponent {market.size.exponent:.4g}", "lognormal": f"sigma {market.size.sigma:.4g}"}
        lines.append(f"  {'size law taken':44} {market.size.kind} {told.get(market.size.kind, '')}".rstrip())
    level = float(fit.estimates["level"].iloc[0])
    lines.append(
        f"Brackets: {level:.0%} intervals, bootstrap of accounts. Shares of the largest are facts of this book;"
    )
    lines.append(
        "their brackets say how much they differ between books drawn alike, and are rough where tails are heavy."
    )
    if left_out:
        lines.append(f"{left_out:,} positions left out: neither margin nor collateral stands behind them.")
    return lines
