"""`clearsim size-fund` and `reverse-stress`: how large a fund must be, and what exhausts a given one.

`size-fund` exits with 1 for a refusal, a target out of reach, or an unconfirmed fund.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError
from .options import ConfigName, Debug, Sets, load, settings_of
from .output import command_line

if TYPE_CHECKING:
    from ..api.answer import SizedArm


def size_fund(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study file or folder, or a config, or a shipped name.")
    ],
    target: Annotated[str, typer.Option(help="Such as 'P(ADL within 30d) < 1e-3'.")],
    out: Annotated[Path | None, typer.Option(help="Folder; default results/size-fund-<name>-<seed>.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Paths (runs if full) of a method at most, or seconds: 500000 or 60s. A second one checks it."
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="auto, crude, importance, pot, bisection or weighted-bisection.")
    ] = "auto",
    compare: Annotated[bool, typer.Option("--compare", help="All estimators on the same question.")] = False,
    arm: Annotated[list[str], typer.Option(metavar="LEVER=LABEL", help="Of a study, only these arms. Repeat.")] = [],  # noqa: B006  (typer copies it)
    spread: Annotated[
        int, typer.Option(min=0, help="Other opening books, and other uncertainties, to find the fund for.")
    ] = 8,
    capital_cost: Annotated[
        float | None, typer.Option(help="Cost of capital a year, e.g. 0.1: also the fund of least cost.")
    ] = None,
    shortfall_cost: Annotated[float, typer.Option(help="Cost of a quote unit of shortfall.")] = 1.0,
    level: Annotated[float, typer.Option(help="Confidence level of all intervals.")] = 0.95,
    fidelity: Annotated[str | None, typer.Option(help="reduced or full; default: the study's.")] = None,
    set_: Sets = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed in place of the config's.")] = None,
    debug: Debug = False,
) -> None:
    """Find how large STUDY's fund must be for --target: the fund, its interval, method and assumptions."""
    from ..api.size_fund import default_folder
    from ..api.size_fund import size_fund as solve

    answer = solve(
        study,
        target,
        budget=budget,
        method=method,
        level=level,
        arms=arm,
        spread=spread,
        compare=compare,
        capital_cost=capital_cost,
        shortfall_cost=shortfall_cost,
        fidelity=fidelity,  # type: ignore[arg-type]  # refused there if it is another word
        settings=settings_of(set_),
        seed=seed,
        progress=True,
        on_note=typer.echo,
        on_arm=_print_arm,
        command=shlex.join(command_line()),
    )
    if len(answer.arms) > 1:
        typer.echo(answer.frame().to_string(index=False, float_format=lambda x: f"{x:,.4g}"))
    folder = Path(study) if (Path(study) / "study.yaml").is_file() else default_folder(answer)
    typer.echo(answer.save(out or folder))
    if not answer.confirmed:
        raise typer.Exit(1)


def _print_arm(arm: "SizedArm") -> None:
    """Print an answer, and the table of estimators with those that refused."""
    from ..api.answer import arm_text

    typer.echo(arm_text(arm) + "\n")


def reverse_stress(
    config: ConfigName,
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
    from ..api.reverse_stress import default_folder
    from ..api.reverse_stress import reverse_stress as search

    chosen = load(config, set_)
    frontier = search(
        chosen,
        fund=fund,
        depth=_numbers(depth, "--depth"),
        concentration=_numbers(concentration, "--concentration"),
        leverage=leverage,
        largest_jump=largest_jump,
        tolerance=tolerance,
        share=share,
        runs=runs,
        fidelity=fidelity,  # type: ignore[arg-type]  # refused there if it is another word
        progress=True,
        on_note=typer.echo,
    )
    typer.echo(str(frontier))
    for path in frontier.save(out or default_folder(chosen)):
        typer.echo(path)


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option} must be numbers with commas, found {text!r}") from None
