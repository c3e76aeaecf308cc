"""What a sizing asks and what it will draw: questions with their worlds, plans, and what computes their blocks.

Everything that can be refused is refused here, for all arms, before anything runs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import RunConfig
from ..errors import ConfigError
from ..layout import F64
from . import _analysis as analysis
from .backtest import why_not_held
from .inputs import note_inputs
from .progress import Note
from .study import Study
from .sweep import executor_settings
from .trust import code_of, parts_of, received_from
from .worlds import WorldOf, at_horizon, define

if TYPE_CHECKING:
    from ..funds.block_runs import BlockRuns
    from ..funds.questions import JointDraws, Question

#: Paths (reduced) or runs (full) where no budget is given.
BUDGET = {"reduced": 2_000_000, "full": 200}
Source = Study | RunConfig | str | Path


@dataclass(frozen=True)
class Sizing:
    """How to size, the same in all arms.

    level: of all intervals.  budget: paths or runs, or seconds like "60s".  spread: other uncertainties.
    """

    target: "analysis.Target"
    budget: int | str | None
    method: str
    level: float
    spread: int

    def runs(self, fidelity: str) -> int | None:
        """The budget in runs; None if it is in seconds. ConfigError if it is neither."""
        if self.budget is None:
            return BUDGET[fidelity]
        count, is_seconds = self._number()
        if not (0 < count < float("inf")) or (count < 1 and not is_seconds):
            raise ConfigError(f"budget must be a number of runs, or seconds like 60s, found {self.budget!r}")
        return None if is_seconds else int(count)

    def runs_at(self, fidelity: str, pace: Callable[[], float], workers: int) -> int:
        """The budget in runs; seconds are converted by the time that a run takes and the number of workers, so the
        result depends on the machine."""
        runs = self.runs(fidelity)
        if runs is not None:
            return runs
        return max(1, int(self._number()[0] * workers / pace()))

    def _number(self) -> tuple[float, bool]:
        """(the number in the budget, whether it is in seconds); NaN if there is no number."""
        text = str(self.budget).strip().replace("_", "").replace(",", "")
        try:
            return float(text.removesuffix("s")), text.endswith("s")
        except ValueError:
            return float("nan"), False


@dataclass(frozen=True)
class Arm:
    """A question with its world and the meaning of "sufficient"."""

    question: "Question"
    meant: "analysis.Sufficient"
    world: WorldOf

    def spreads(self, count: int) -> dict[str, list[RunConfig]]:
        """What to spread over, by name -> configs."""
        question = self.question
        if count < 2 or question.fidelity != "reduced" or self.world.facts.feeds_back:
            return {}
        return {DRAWS: list(question.others)} if question.others else {}

    @property
    def joint_draws(self) -> int:
        """Number of joint draws of what the study leaves open; 0 where the answer has none."""
        joint, has_events = self.question.joint, self.world.reduced is not None
        return len(joint.rows) if joint and has_events and self.meant.basis == "within_horizon" else 0

    def plan(self, sizing: Sizing, budget: int) -> "analysis.Plan":
        """What will be drawn; ClearsimError if nothing within the budget can answer."""
        facts, p = self.world.facts, sizing.target.p
        choice = analysis.choose_method(p, facts, asked=sizing.method, budget=budget)
        is_auto = sizing.method == "auto"
        analysis.require_enough(choice, p, facts, budget=budget, level=sizing.level, is_auto=is_auto)
        draws = {name: len(configs) for name, configs in self.spreads(sizing.spread).items()}
        is_held = not why_not_held(self.meant, is_reduced=self.question.fidelity == "reduced")
        return analysis.plan_sizing(choice, p, facts, budget=budget, draws=draws, is_held=is_held)


#: Joint draws of what a study leaves open.
DRAWS_OF_JOINT = 2_048
#: Name of the spread.
DRAWS = "draws of the study's uncertainties"


def load_arms(
    source: Source,
    sizing: Sizing,
    *,
    fidelity: str | None,
    settings: Mapping[str, Any] | None,
    seed: int | None,
    arms: Sequence[str],
    trust: bool,
    note: Note,
) -> list[Arm]:
    """The questions of a source, refused where one cannot be answered."""
    from ..config.settings import native
    from ..funds.questions import load_questions

    asked = source.plan if isinstance(source, Study) else str(source) if isinstance(source, Path) else source
    pairs = [(path, native(value)) for path, value in (settings or {}).items()]
    found = []
    chosen: dict[str, Any] = {"seed": seed, "fidelity": fidelity, "arms": arms}
    for question in load_questions(asked, pairs, **chosen, draws=sizing.spread, joint=DRAWS_OF_JOINT):
        said = note_inputs(question.config, note)
        warnings = tuple(text.removeprefix("warning: ") for text in said if text.startswith("warning: "))
        question = at_horizon(replace(question, notes=(*question.notes, *warnings)), sizing.target)
        with code_in(source, question, trust=trust, note=note):
            world = WorldOf(question, sizing.target.event)
            if world.reduced is not None:
                world.reduced.draw_book()
        arm = Arm(question, define(question, sizing.target), world)
        budget = sizing.runs(question.fidelity)
        if budget is not None:
            arm.plan(sizing, budget)
        found.append(arm)
    return found


@contextmanager
def code_in(source: Source, question: "Question", *, trust: bool, note: Note) -> Iterator[None]:
    """Inside, code of the question's config runs if it may."""
    with code_of(received_from(source), parts_of(question.config), trust=trust, note=note):
        yield


def block_runs(executor: str | Path, workers: int | None, *, note: Note, on_runs: Callable[[int], None]) -> "BlockRuns":
    """What computes blocks: the arguments of `sweep`. ConfigError if they are invalid.

    Local workers start when they are worth it, unless their number is given.
    """
    from ..funds.block_runs import BlockRuns

    settings = replace(executor_settings(executor, workers), if_lost="nothing was kept; repeat the command")
    early = workers is not None or settings.kind != "local"
    return BlockRuns(settings, starts_early=early, say=note, on_runs=on_runs)


def joint_with(runs: "BlockRuns") -> "Callable[[JointDraws], F64]":
    """The function that makes the curves of joint draws, on the sizes of the analysis."""
    from ..funds.joint import joint_jobs

    def compute(asked: "JointDraws") -> F64:
        shares = np.array(analysis.JOINT_SIZES)
        return runs.compute_joint(joint_jobs(asked.config, asked.rows, shares))[0]

    return compute


def compute_with(runs: "BlockRuns") -> "analysis.Compute":
    """The function that makes the blocks of a sizing."""
    from ..funds.block_runs import Asked

    def compute(requests: "Sequence[analysis.Request]") -> "list[analysis.Block]":
        asked = []
        for world, number, fund, aim in requests:
            assert isinstance(world, WorldOf)
            asked.append(Asked(world.world, number, fund, aim))
        return [analysis.Block(*computed) for computed in runs.compute(asked)]

    return compute
