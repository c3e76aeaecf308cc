"""`clearsim size-fund`: how large the fund must be for a target, from a study or a config.

Part of the roof: reads the questions (`questions.py`), hands their worlds (`worlds.py`) to `analysis/sizing/`,
writes the answers (`answers.py`). A refusal, a target out of reach or an unconfirmed fund exits with 1, bad input
with 2.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ClearsimError, ConfigError
from .options import Debug, Sets

if TYPE_CHECKING:
    from clearsim.analysis.sizing.solve import Answer
    from clearsim.analysis.sizing.spread import Spread
    from clearsim.analysis.sizing.target import Target

    from .answers import Found
    from .questions import Question

#: Paths (reduced) or runs (full) where no budget is given.
BUDGET = {"reduced": 2_000_000, "full": 200}


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
    """Say how large STUDY's fund must be for --target: the fund, its interval, method and assumptions."""
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.estimators.estimate import RefusedError
    from clearsim.analysis.sizing.target import parse_target

    from .answers import print_arms, say, write
    from .questions import load_questions, study_folder

    if not 0.5 <= level < 1:
        raise ConfigError(f"--level must be at least 0.5 and below 1, found {level}")
    options = {"method": method, "level": level, "capital_cost": capital_cost, "shortfall_cost": shortfall_cost}
    try:
        wanted = parse_target(target)
        questions = load_questions(study, set_, seed=seed, fidelity=fidelity, arms=arm, draws=spread)
        found = []
        for question in questions:
            found.append(_answered(question, wanted, budget, compare=compare, spread=spread, options=options))
            say(found[-1])
    except RefusedError as refusal:
        raise ClearsimError(f"clearsim size-fund: refused: {refusal}") from refusal
    except AnalysisError as error:
        raise ConfigError(str(error)) from error
    print_arms(found)
    typer.echo(write(found, out or study_folder(study)))
    if not all(item.answer.fund is not None and item.answer.confirmed for item in found):
        raise typer.Exit(1)


def _answered(
    question: "Question", target: "Target", budget: str | None, *, compare: bool, spread: int, options: dict[str, Any]
) -> "Found":
    """The answer to one question, the fund over other books and uncertainties, and the comparison if asked."""
    from clearsim.analysis.sizing.solve import size_fund as solve
    from clearsim.analysis.sizing.world_runs import Runner

    from .answers import Found, compared
    from .worlds import WorldOf, at_horizon, define

    asked = at_horizon(question, target)
    meant = define(asked, target)
    world = WorldOf(asked, target.event)
    runner = Runner(world)
    allowed = _budget(budget, asked.fidelity, runner)
    answer = solve(runner, target, meant, budget=allowed, **options)
    answer = replace(answer, spreads=_spreads(asked, target, answer, spread))
    table, refused = compared(runner, answer, allowed, world) if compare else (None, {})
    return Found(answer, world, table, refused)


def _spreads(question: "Question", target: "Target", answer: "Answer", count: int) -> "tuple[Spread, ...]":
    """The required fund over other opening books, and over other values of the study's uncertainties."""
    from clearsim.analysis.sizing.spread import spread_over

    from .worlds import WorldOf, at_horizon

    if count < 2 or question.fidelity != "reduced" or answer.facts.feeds_back or answer.fund is None:
        return ()
    books = [WorldOf(question, target.event, book=book) for book in range(1, count + 1)]
    found = [spread_over("other opening books of the same population", books, target.p)]
    if question.others:
        others = [replace(question, config=config, others=()) for config in question.others]
        worlds = [WorldOf(at_horizon(other, target), target.event) for other in others]
        found.append(spread_over("draws of the study's uncertainties", worlds, target.p))
    return tuple(found)


def _budget(text: str | None, fidelity: str, runner: Any) -> int:
    """Runs; seconds are turned into runs by the pace of a first block, so that they depend on the machine."""
    if text is None:
        return BUDGET[fidelity]
    words = text.strip().replace("_", "").replace(",", "")
    try:
        if words.endswith("s"):
            return max(1, int(float(words[:-1]) / runner.pace()))
        count = int(float(words))
    except (ValueError, ZeroDivisionError):
        count = 0
    if count < 1:
        raise ConfigError(f"--budget must be a number of runs, or seconds like 60s, found {text!r}")
    return count
