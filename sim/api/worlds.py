"""The world of a question, and what "sufficient" means in it: between the configs to size and `analysis/sizing/`."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import RunConfig
from ..errors import ConfigError
from ..funds.config import LARGEST, fund_at_hand, horizon_days, open_interest_quote, state_of, with_horizon
from ..funds.feedback import fund_feeds_back, nothing_to_size
from ..funds.questions import Question
from ..funds.worlds import BLOCK, FullWorld, ReducedWorld
from ..market.price import SCENARIO_KINDS
from ..runs.size import rough_seconds
from . import _analysis as analysis

#: Opening books over which an answer of the reduced engine is averaged.
BOOKS = 8


def at_horizon(question: Question, target: "analysis.Target") -> Question:
    """The question with paths as long as the target requires; ConfigError where runs cannot be that long."""
    own = horizon_days(question.config, question.fidelity)
    asked = target.days or question.answer.get("horizon_days")
    if asked is None or math.isclose(float(asked), own):
        return question
    if question.fidelity == "full":
        raise ConfigError(
            f"the target asks for {analysis.span(float(asked))}, a run of {question.name} lasts {analysis.span(own)}:"
            " ask for that, set duration_s, or use fidelity reduced for long horizons"
        )
    return replace(question, config=with_horizon(question.config, float(asked)))


def define(question: Question, target: "analysis.Target") -> "analysis.Sufficient":
    """The meaning of "sufficient": from the target, then the study, then the simulation in the config.

    ConfigError where the study states one thing and its config simulates another.
    """
    state = state_of(question.config, question.fidelity)
    for name in ("open_interest", "replenishment"):
        stated = question.answer.get(name)
        if stated is not None and stated != state[name]:
            raise ConfigError(
                f"answer.{name}: the study states {stated}, its config simulates {state[name]}: change one of them"
            )
    basis = target.basis or question.answer.get("basis") or state["basis"]
    if basis in ("within_horizon", "per_event") and state["basis"] == "given_stress":
        basis = "given_stress"  # the simulated scenario is the event: the probability is conditional on it
    if basis == "per_event":
        raise ConfigError(
            "a probability per event needs runs of one event: use a config whose price is one shock (given stress), or"
            " a horizon"
        )
    if basis == "given_stress" and state["basis"] != "given_stress":
        kinds = ", ".join(SCENARIO_KINDS)
        raise ConfigError(f"given stress needs a config whose price is a scenario ({kinds})")
    days = horizon_days(question.config, question.fidelity)
    return analysis.Sufficient(target.event, days, basis, state["open_interest"], state["replenishment"])


class WorldOf:
    """The world of a question, with the interface of `World` and `Extras` of `clearsim.analysis.sizing`."""

    def __init__(self, question: Question, event: str, *, book: int | None = None) -> None:
        """book: the only one; default: paths on BOOKS of them, from the seed."""
        self.question = question
        self.world: ReducedWorld | FullWorld
        if question.fidelity == "reduced":
            several = book is None and question.config.positions is None
            self.world = ReducedWorld(question.config, book or 0, BOOKS if several else 1)
        else:
            self.world = FullWorld(question.config)
        self.facts = _facts(question, event, self.world)

    def block(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Mapping[str, Any]:
        """Block `number` of runs."""
        return self.world.arrays(number, fund=fund, aim=aim)

    @property
    def reduced(self) -> ReducedWorld | None:
        """The reduced world, if it is one."""
        return self.world if isinstance(self.world, ReducedWorld) else None


def _facts(question: Question, event: str, world: ReducedWorld | FullWorld) -> "analysis.Facts":
    config, is_reduced = question.config, question.fidelity == "reduced"
    interest = open_interest_quote(config)
    if interest <= 0:
        raise ConfigError(f"{question.name}: there is no open interest to size a fund for (population.open_interest)")
    reasons = fund_feeds_back(config, fidelity="reduced" if is_reduced else "full", event=event)
    return analysis.Facts(
        name=question.name,
        fidelity=question.fidelity,
        unit=config.asset.name,
        seed=config.seed,
        open_interest=float(interest),
        at_hand=fund_at_hand(config),
        largest_fund=float(LARGEST * interest),
        can_tilt=world.can_tilt,
        feeds_back=tuple(str(reason) for reason in reasons),
        nothing_to_size=nothing_to_size(config, event=event),
        block=BLOCK if is_reduced else 1,
        assumptions=(*_assumptions(config, question.fidelity), *question.notes),
        identity=question.identity,
        arm=question.arm,
        rough_seconds=rough_seconds(config, question.fidelity),
    )


def _assumptions(config: RunConfig, fidelity: str) -> tuple[str, ...]:
    file = None if config.positions is None else Path(config.positions.file).name
    if fidelity == "full":
        book = "a new opening book in every run"
        if file is not None:
            book = f"the positions of {file} in every run: they are fixed, and so is the open interest"
        return (f"fidelity full: order book, all agents, {book}",)
    assert config.reduced is not None
    left_out = ", ".join(config.reduced.leaves_out) or "nothing"
    return (
        "fidelity reduced: no order book; impact curve, threshold index of open interest",
        f"deliberately left out of the config: {left_out}",
        f"marks: {config.reduced.marks}; impact: {config.reduced.impact.kind}; a jump is seen at"
        f" {config.reduced.jump_marks} mark{'s' if config.reduced.jump_marks > 1 else ''}",
        f"{BOOKS} opening books of the population, drawn from the seed, each in as many paths; intervals are given them"
        if file is None
        else f"one opening book, the positions of {file}, in all paths",
    )
