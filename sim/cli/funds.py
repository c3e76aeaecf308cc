"""`clearsim size-fund` and `reverse-stress`: how large a fund must be, and what exhausts a given one.

`size-fund` exits with 1 for a refusal, a target out of reach, or an unconfirmed fund; with --strict, with 3 if history
refutes the model.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError
from .exit_codes import FAILED, REFUTED
from .options import (
    ConfigName,
    CustomPositions,
    Debug,
    Mapped,
    Overwrite,
    Positions,
    Residual,
    RoundToLot,
    Scheduler,
    SchedulerFile,
    Serial,
    Sets,
    Trust,
    Workers,
    executor_of,
    load,
    settings_of,
)
from .output import command_line

if TYPE_CHECKING:
    from ..api.answer import SizedArm


def size_fund(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study file, study folder, config file, or shipped name.")
    ],
    target: Annotated[str, typer.Option(help="For example 'P(ADL within 30d) < 1e-3'.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write; default results/size-fund-<name>-<seed>.")] = None,
    overwrite: Overwrite = False,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Maximum paths (full: runs) per method, or seconds: 500000 or 60s. A second method checks it."
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="auto, crude, importance, pot, bisection or weighted-bisection.")
    ] = "auto",
    compare: Annotated[bool, typer.Option("--compare", help="Run all estimators on the same question.")] = False,
    arm: Annotated[
        list[str], typer.Option(metavar="LEVER=LABEL", help="Size only these arms of a study. Repeatable.")
    ] = [],  # noqa: B006  (typer copies it)
    spread: Annotated[int, typer.Option(min=0, help="Draws of a study's uncertainties to simulate too.")] = 0,
    capital_cost: Annotated[
        float | None, typer.Option(help="Annual cost of capital, e.g. 0.1; also finds the least-cost fund.")
    ] = None,
    shortfall_cost: Annotated[float, typer.Option(help="Cost per quote unit of shortfall.")] = 1.0,
    level: Annotated[float, typer.Option(help="Confidence level of all intervals.")] = 0.95,
    fidelity: Annotated[str | None, typer.Option(help="reduced or full; default: the study's.")] = None,
    set_: Sets = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(help="Seed; default: the config's.")] = None,
    positions: Positions = None,
    residual: Residual = None,
    map_: Mapped = [],  # noqa: B006
    round_to_lot: RoundToLot = False,
    history: Annotated[
        Path | None,
        typer.Option(help="Daily history of your fund, as `history import` writes it; default: the public record."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 3 if history refutes the model.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print batches and runs of each step; estimate the time from two batches.")
    ] = False,
    workers: Workers = None,
    serial: Serial = False,
    scheduler: Scheduler = None,
    scheduler_file: SchedulerFile = None,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Find how large STUDY's fund must be for --target; print the fund, its interval, method and assumptions."""
    from ..api.answer import FILES
    from ..api.claim import claimed
    from ..api.size_fund import default_folder
    from ..api.size_fund import size_fund as solve

    chosen: dict[str, Any] = {
        "arms": arm,
        "fidelity": fidelity,
        "settings": settings_of(set_, CustomPositions(positions, residual, map_, round_to_lot)),
        "seed": seed,
        "executor": executor_of(workers, serial, scheduler, scheduler_file),
        "workers": workers,
        "trust": trust,
        "on_note": typer.echo,
    }
    how: dict[str, Any] = {"budget": budget, "method": method, "level": level, "spread": spread}
    if dry_run:
        _print_plan(study, target, how, chosen, compare)
        return
    of_study = Path(study) if (Path(study) / "study.yaml").is_file() else None
    with claimed(out or of_study, FILES, overwrite=overwrite, say=typer.echo) as place:
        answer = solve(
            study,
            target,
            **how,
            **chosen,
            compare=compare,
            history=history,
            capital_cost=capital_cost,
            shortfall_cost=shortfall_cost,
            progress=True,
            on_arm=_print_arm,
            command=shlex.join(command_line()),
        )
        if len(answer.arms) > 1:
            typer.echo(answer.frame().to_string(index=False, float_format=lambda x: f"{x:,.4g}"))
        typer.echo(answer.save(default_folder(answer)) if place is None else answer.put_in(place))
    if strict and answer.refuted:
        raise typer.Exit(REFUTED)
    if not answer.confirmed:
        raise typer.Exit(FAILED)


def _print_plan(study: str, target: str, how: dict[str, Any], chosen: dict[str, Any], compare: bool) -> None:
    """Print what every arm would draw, and the time of all of it."""
    from ..api.progress import span
    from ..api.size_fund import sizing_of
    from ..api.size_plan import plan_size_fund

    plans, workers = plan_size_fund(study, sizing_of(target, **how), **chosen)
    for plan in plans:
        for line in plan.lines():
            typer.echo(line)
    seconds = sum(plan.seconds for plan in plans)
    left_out = "; --compare comes on top" if compare else ""
    typer.echo(f"time of two batches: all of it takes about {span(seconds / workers)} on {workers} workers{left_out}")


def _print_arm(arm: "SizedArm") -> None:
    """Print an answer, then the table of estimators, including those that refused."""
    from ..api.answer import arm_text

    typer.echo(arm_text(arm) + "\n")


def reverse_stress(
    config: ConfigName,
    fund: Annotated[float | None, typer.Option(help="Fund to exhaust, quote units; default: the config's.")] = None,
    depth: Annotated[str, typer.Option(help="Shares of depth lost, comma-separated.")] = "0,0.5,0.8",
    concentration: Annotated[
        str | None,
        typer.Option(help="Shares of open interest of one more long account, comma-separated; default 0,0.1."),
    ] = None,
    leverage: Annotated[float, typer.Option(help="Leverage of that account.")] = 5,
    largest_jump: Annotated[float, typer.Option(help="Largest fall tried, fraction of the price.")] = 0.6,
    tolerance: Annotated[float, typer.Option(help="Width of the last bracket, fraction of the price.")] = 0.005,
    share: Annotated[float, typer.Option(help="Share of the runs in which the fund must be exhausted.")] = 0.5,
    runs: Annotated[int | None, typer.Option(min=1, help="Runs per shock; default: 20 reduced, 7 full.")] = None,
    fidelity: Annotated[str | None, typer.Option(help="reduced or full; default: reduced where possible.")] = None,
    set_: Sets = [],  # noqa: B006  (typer copies it)
    positions: Positions = None,
    residual: Residual = None,
    map_: Mapped = [],  # noqa: B006
    round_to_lot: RoundToLot = False,
    trust: Trust = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; a study folder shows it in its report. Default results/reverse-stress-..."),
    ] = None,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Find the smallest fall that exhausts CONFIG's fund, for thinner books and for one more large account."""
    from ..api.claim import claimed
    from ..api.reverse_stress import FILES, default_folder
    from ..api.reverse_stress import reverse_stress as search
    from ..api.trust import code_of, parts_of, received_from

    chosen = load(config, set_, positions=CustomPositions(positions, residual, map_, round_to_lot))
    with (
        claimed(out, FILES, overwrite=overwrite, say=typer.echo) as place,
        code_of(received_from(config), parts_of(chosen), trust=trust, note=typer.echo),
    ):
        frontier = search(
            chosen,
            fund=fund,
            depth=_numbers(depth, "--depth"),
            concentration=None if concentration is None else _numbers(concentration, "--concentration"),
            leverage=leverage,
            largest_jump=largest_jump,
            tolerance=tolerance,
            share=share,
            runs=runs,
            fidelity=fidelity,  # type: ignore[arg-type]  # refused there if it is anything else
            progress=True,
            on_note=typer.echo,
        )
        typer.echo(str(frontier))
        for path in frontier.save(default_folder(chosen)) if place is None else frontier.put_in(place):
            typer.echo(path)


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option} must be comma-separated numbers, found {text!r}") from None
