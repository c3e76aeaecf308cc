"""`clearsim size-fund`: how large the fund must be for a target, from a study or a config.

A roof: it hands the worlds of `fundworlds.py` to `analysis/sizing/`, which knows nothing of them, and writes the
answer. Decides exit codes by the errors it raises: a refusal or an unreached target is 1, bad input 2.
"""

import json
import math
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import ClearsimError, ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from analysis.charts.study.context import StudyContext
    from analysis.sizing.definition import Sufficient
    from analysis.sizing.draws import Facts
    from analysis.sizing.solve import Answer
    from analysis.sizing.target import Target
    from sim.config import RunConfig
    from sim.fundworlds import FullWorld, ReducedWorld

#: Paths (reduced) or runs (full) where no budget is given.
BUDGET = {"reduced": 2_000_000, "full": 200}


@dataclass(frozen=True)
class Question:
    """What is sized: a config with its fidelity, the study's own definition of "sufficient", and where it came from."""

    name: str
    config: "RunConfig"
    fidelity: str
    answer: Mapping[str, Any]
    identity: Mapping[str, str]
    notes: tuple[str, ...] = ()


def size_fund(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study file, or a config, or a shipped name.")],
    target: Annotated[str, typer.Option(help="Such as 'P(ADL within 30d) < 1e-3'.")],
    out: Annotated[Path | None, typer.Option(help="Result folder; default results/size-fund-<name>-<seed>.")] = None,
    budget: Annotated[str | None, typer.Option(help="Paths (runs if full) at most, or seconds: 500000 or 60s.")] = None,
    method: Annotated[
        str, typer.Option(help="auto, crude, importance, pot, bisection or weighted-bisection.")
    ] = "auto",
    compare: Annotated[bool, typer.Option("--compare", help="All estimators on the same question.")] = False,
    capital_cost: Annotated[
        float | None, typer.Option(help="Cost of capital a year, e.g. 0.1: also the fund of least cost.")
    ] = None,
    shortfall_cost: Annotated[float, typer.Option(help="Cost of a quote unit of shortfall.")] = 1.0,
    level: Annotated[float, typer.Option(help="Confidence level of all intervals.")] = 0.95,
    fidelity: Annotated[str | None, typer.Option(help="reduced or full; default: the study's.")] = None,
    set_: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="Override a config value. Repeat.")
    ] = [],  # noqa: B006  (typer copies it)
    seed: Annotated[int | None, typer.Option(help="Seed in place of the config's.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")] = False,
) -> None:
    """Say how large STUDY's fund must be for --target: the fund, its interval, method and assumptions."""
    from analysis.errors import AnalysisError
    from analysis.estimators.estimate import RefusedError
    from analysis.sizing.answer import answer_lines
    from analysis.sizing.runner import Runner
    from analysis.sizing.solve import size_fund as solve
    from analysis.sizing.target import parse_target

    if not 0.5 <= level < 1:
        raise ConfigError(f"--level must be at least 0.5 and below 1, found {level}")
    try:
        wanted = parse_target(target)
        question = at_horizon(load_question(study, set_, seed=seed, fidelity=fidelity), wanted)
        meant = define(question, wanted)
        world = WorldOf(question, wanted.event)
        runner = Runner(world)
        allowed = _budget(budget, question.fidelity, runner)
        found = solve(
            runner,
            wanted,
            meant,
            budget=allowed,
            method=method,
            level=level,
            capital_cost=capital_cost,
            shortfall_cost=shortfall_cost,
        )
    except RefusedError as refusal:
        raise ClearsimError(f"clearsim size-fund: refused: {refusal}") from refusal
    except AnalysisError as error:
        raise ConfigError(str(error)) from error
    typer.echo("\n".join(answer_lines(found)))
    table, refused = _compared(runner, found, allowed, world) if compare else (None, {})
    folder = _write(found, world, out, table, refused)
    typer.echo(f"{folder}/answer.html")
    if found.fund is None or not found.confirmed:
        raise typer.Exit(1)


def load_question(source: str, sets: list[str], *, seed: int | None, fidelity: str | None) -> Question:
    """The question that a study file or a config poses; ConfigError if it cannot be read or played."""
    from sim.config import config_hash, load_config
    from sim.reduced.admit import require_reduced

    overrides = [*sets, *([] if seed is None else [f"seed={seed}"])]
    loaded = load_config(source, overrides)
    config = loaded.config
    chosen = fidelity or ("reduced" if config.reduced is not None else "full")
    if chosen not in ("reduced", "full"):
        raise ConfigError(f"--fidelity must be reduced or full, found {chosen!r}")
    if chosen == "reduced":
        require_reduced(config)
    return Question(config.name, config, chosen, {}, {"config": source, "config hash": config_hash(config)})


def at_horizon(question: Question, target: "Target") -> Question:
    """The question with paths as long as the target says; ConfigError where runs cannot be that long."""
    from dataclasses import replace

    from analysis.sizing.definition import span
    from sim.fundconfig import horizon_days, with_horizon

    own = horizon_days(question.config, question.fidelity)
    asked = target.days or question.answer.get("horizon_days")
    if asked is None or math.isclose(float(asked), own):
        return question
    if question.fidelity == "full":
        raise ConfigError(
            f"the target asks for {span(float(asked))}, a run of {question.name} lasts {span(own)}: say within"
            f" {own * 86_400:g} s' worth, set duration_s, or use fidelity reduced for long horizons"
        )
    return replace(question, config=with_horizon(question.config, float(asked)))


def define(question: Question, target: "Target") -> "Sufficient":
    """What "sufficient" means here: the target's words, then the study's, then what the config simulates.

    ConfigError where the study says one thing and its config simulates another.
    """
    from analysis.sizing.definition import Sufficient
    from sim.fundconfig import horizon_days, state_of

    state = state_of(question.config, question.fidelity)
    for name in ("open_interest", "replenishment"):
        stated = question.answer.get(name)
        if stated is not None and stated != state[name]:
            raise ConfigError(
                f"answer.{name}: the study says {stated}, its config simulates {state[name]}: change one of them"
            )
    basis = target.basis or question.answer.get("basis") or state["basis"]
    if basis == "within_horizon" and state["basis"] == "given_stress":
        basis = "given_stress"  # a scenario is simulated: its probability is given that it comes
    if basis == "per_event":
        raise ConfigError(
            "a probability per event needs runs of one event: use a config whose price is one shock (given stress), or"
            " a horizon"
        )
    if basis == "given_stress" and state["basis"] != "given_stress":
        raise ConfigError("given stress needs a config whose price is a scenario (single_shock, waypoints, replay)")
    days = horizon_days(question.config, question.fidelity)
    return Sufficient(target.event, days, basis, state["open_interest"], state["replenishment"])


class WorldOf:
    """The world of a question, as `analysis.sizing.draws.World` and `analysis.sizing.compare.Extras`."""

    def __init__(self, question: Question, event: str) -> None:
        from sim.fundworlds import FullWorld, ReducedWorld

        self.question = question
        self.world: ReducedWorld | FullWorld
        if question.fidelity == "reduced":
            self.world = ReducedWorld(question.config)
        else:
            self.world = FullWorld(question.config)
        self.facts = _facts(question, event, self.world)

    def block(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Mapping[str, Any]:
        """Block `number` of runs."""
        return self.world.arrays(number, fund=fund, aim=aim)

    @property
    def reduced(self) -> "ReducedWorld | None":
        """The reduced world, if it is one."""
        from sim.fundworlds import ReducedWorld

        return self.world if isinstance(self.world, ReducedWorld) else None


def _facts(question: Question, event: str, world: "ReducedWorld | FullWorld") -> "Facts":
    from analysis.sizing.draws import Facts
    from sim.feedback import fund_feeds_back, nothing_to_size
    from sim.fundconfig import LARGEST, open_interest_quote
    from sim.fundworlds import BLOCK

    config, reduced = question.config, question.fidelity == "reduced"
    interest = open_interest_quote(config)
    if interest <= 0:
        raise ConfigError(f"{question.name}: there is no open interest to size a fund for (population.open_interest)")
    reasons = fund_feeds_back(config, fidelity="reduced" if reduced else "full", event=event)
    return Facts(
        name=question.name,
        fidelity=question.fidelity,
        unit=config.asset.name,
        seed=config.seed,
        open_interest=float(interest),
        at_hand=float(sum(fund.seed_quote for fund in config.funds)),
        largest_fund=float(LARGEST * interest),
        can_tilt=world.can_tilt,
        feeds_back=tuple(str(reason) for reason in reasons),
        nothing_to_size=nothing_to_size(config, event=event),
        block=BLOCK if reduced else 1,
        assumptions=(*_assumptions(config, question.fidelity), *question.notes),
        identity=question.identity,
    )


def _assumptions(config: "RunConfig", fidelity: str) -> tuple[str, ...]:
    if fidelity == "full":
        return ("fidelity full: order book, all agents, the opening book drawn anew in every run",)
    assert config.reduced is not None
    left_out = ", ".join(config.reduced.leaves_out) or "nothing"
    return (
        "fidelity reduced: no order book; impact curve, threshold index of open interest",
        f"left out of the config knowingly: {left_out}",
        f"marks: {config.reduced.marks}; impact: {config.reduced.impact.kind}; a jump is seen at"
        f" {config.reduced.jump_marks} mark{'s' if config.reduced.jump_marks > 1 else ''}",
        "one opening book, drawn from the seed, in all paths",
    )


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


def _compared(
    runner: Any, found: "Answer", budget: int, world: WorldOf
) -> "tuple[pd.DataFrame | None, dict[str, str]]":
    """The table of estimators, printed; None where there is no fund to ask about, or it feeds back."""
    from analysis.sizing.compare import compare_estimators

    if found.fund is None or found.facts.feeds_back:
        typer.echo("no comparison of estimators: it needs a fund that was found, and one set of runs for every size")
        return None, {}
    reduced = world.reduced
    table, refused = compare_estimators(
        runner, found.fund.value, found.target.p, runs=budget, level=found.level, extras=reduced
    )
    typer.echo(f"\nP({found.definition.phrase}) with a fund of {found.fund.value:,.0f} {found.facts.unit}, by method:")
    shown = ["method", "value", "low", "high", "n", "events", "seconds", "variance_reduction"]
    typer.echo(table[shown].to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    for name, reason in refused.items():
        typer.echo(f"{name}: refused: {reason}")
    return table, refused


def _write(
    found: "Answer", world: WorldOf, out: Path | None, table: "pd.DataFrame | None", refused: dict[str, str]
) -> Path:
    """Write answer.json, answer.md, curve.csv, answer.html (and estimators.csv); return the folder."""
    from analysis.reports.size_report import build_size_report
    from analysis.sizing.answer import answer_json, answer_markdown
    from sim.resultfolder import free_folder

    folder = out or free_folder(Path("results"), f"size-fund-{found.facts.name}-{found.facts.seed}")
    html = build_size_report(
        found,
        context=_context(found),
        baseline=_baseline(found, world),
        estimators=table,
        refused=refused,
        command=shlex.join(["clearsim", *sys.argv[1:]]),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "answer.json").write_text(answer_json(found), encoding="utf-8")
        (folder / "answer.md").write_text(answer_markdown(found), encoding="utf-8")
        (folder / "timing.json").write_text(json.dumps({"seconds": found.seconds}) + "\n", encoding="utf-8")
        if not found.curve.empty:
            found.curve.to_csv(folder / "curve.csv", index=False)
        if table is not None:
            table.to_csv(folder / "estimators.csv", index=False)
        (folder / "answer.html").write_text(html, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return folder


def _context(found: "Answer") -> "StudyContext":
    from analysis.charts.study.context import StudyContext

    facts, reduced = found.facts, found.facts.fidelity == "reduced"
    return StudyContext(
        name=facts.name,
        seed=facts.seed,
        n_runs=1 if reduced else found.runs,
        n_paths=found.runs if reduced else 0,
        asset=facts.unit,
        fidelity=facts.fidelity,
        level=found.level,
        open_interest=facts.open_interest,
    )


def _baseline(found: "Answer", world: WorldOf) -> "pd.DataFrame | None":
    """Gap risk alone over the curve's funds, where jumps are random and the law is known."""
    import numpy as np
    import pandas as pd

    reduced = world.reduced
    if reduced is None or not reduced.can_tilt or found.curve.empty:
        return None
    funds = np.linspace(0, float(found.curve["fund"].max()), 400)
    return pd.DataFrame({"fund": funds, "probability": reduced.gap_risk(funds)})
