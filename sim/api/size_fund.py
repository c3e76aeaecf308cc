"""`size_fund`: the smallest fund that meets a target, from a config or a study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..config import RunConfig
from ..errors import ConfigError
from . import _analysis as analysis
from .answer import Answer, SizedArm
from .backtest import has_record, readable_history, with_history
from .door import checked
from .inputs import once
from .progress import CountBar, Counted, Note, count_progress, noting
from .sizing import Arm, Sizing, block_runs, code_in, compute_with, joint_with, load_arms
from .study import Study
from .worlds import WorldOf, at_horizon

if TYPE_CHECKING:
    from ..funds.questions import JointDraws
    from ..layout import F64


@checked
def size_fund(
    source: Study | RunConfig | str | Path,
    target: str,
    *,
    budget: int | str | None = None,
    method: str = "auto",
    level: float = 0.95,
    arms: Sequence[str] = (),
    spread: int = 0,
    compare: bool = False,
    capital_cost: float | None = None,
    shortfall_cost: float = 1.0,
    fidelity: Literal["reduced", "full"] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    history: str | Path | None = None,
    executor: str | Path = "local",
    workers: int | None = None,
    trust: bool = False,
    progress: "Literal[True] | Counted | None" = None,
    on_note: Note | None = None,
    on_arm: Callable[[SizedArm], None] | None = None,
    command: str = "",
) -> Answer:
    """Find the smallest fund that meets a target, with its interval, method and assumptions.

    Args:
        source: a Config, a Study, a study folder, the path of a config or study file, or a shipped name. A study is
            sized arm by arm, its uncertainties at their medians.
        target: for example "P(ADL within 30d) < 1e-3".
        budget: maximum paths (full: runs) per method, or seconds like "60s"; default: 2,000,000 paths or 200 runs.
        method: auto, crude, importance, pot, bisection or weighted-bisection.
        level: confidence level of all intervals.  arms: size only these arms of a study, like ["margin=low"].
        spread: number of draws of a study's uncertainties for which whole months are simulated too; 0: none.
        compare: run all estimators on the same question.
        capital_cost: per year and quote unit; also finds the least-cost fund.  shortfall_cost: per quote unit of it.
        fidelity: reduced or full; default: the study's, or reduced where the config allows it.
        settings: config paths and values to set first.  seed: replaces the config's.
        history: file of the fund's daily history (`clearsim history import` writes one) to hold the answer against;
            default: the public record that ships with clearsim. Answers of the reduced engine only.
        executor: "local" (worker processes here, started once the work is worth it), "serial" (this process), the
            address of a Dask scheduler, or the path of the JSON file that it wrote. The answer does not depend on it.
        workers: local worker processes, started at once; default: one per core.
        trust: True: code that comes with a folder of results, the source, may be executed.
        progress: True for lines on standard error, or a function of the number of runs so far.
        on_note: called with notes for the user; default: the logger `clearsim`.
        on_arm: called with each SizedArm as it is found.
        command: reproduces the answer; printed on the page.

    Returns the Answer; a target out of reach is an answer without a fund. Raises ConfigError for an ill-posed question,
    ClearsimError where no method is valid, or, before the first run, where the budget is too small whatever the runs
    show; ClusterError if no worker can be used.

        answer = clearsim.size_fund("btc", "P(ADL within 1d) < 0.05", budget=65_536, spread=0)
    """
    sizing = sizing_of(target, budget=budget, method=method, level=level, spread=spread)
    costs = {"capital_cost": capital_cost, "shortfall_cost": shortfall_cost}
    note = once(noting(on_note), set())
    chosen: dict[str, Any] = {"fidelity": fidelity, "settings": settings, "seed": seed, "arms": arms}
    sized = []
    with analysis.clearsim_errors(ConfigError):
        asked = load_arms(source, sizing, trust=trust, note=note, **chosen)
        with (
            count_progress(progress, _total(asked, sizing), to_come=sum(arm.joint_draws for arm in asked)) as callback,
            block_runs(executor, workers, note=note, on_runs=(counted := _Total(callback))) as blocks,
        ):
            own = None if history is None else readable_history(Path(history))
            makes = compute_with(blocks), counted.joint(joint_with(blocks))
            sizer = _Sizer(sizing, costs, *makes, blocks.n_workers, compare, note, own)
            for arm in asked:
                with code_in(source, arm.question, trust=trust, note=note):
                    found = sizer.sized(arm)
                sized.append(found)
                (on_arm or (lambda arm: None))(found)
    return Answer(tuple(sized), command=command or f"clearsim.size_fund({_named(source)!r}, {target!r})")


def sizing_of(target: str, *, budget: int | str | None, method: str, level: float, spread: int) -> Sizing:
    """The checked arguments that all arms share."""
    if not 0.5 <= level < 1:
        raise ConfigError(f"level must be at least 0.5 and below 1, found {level}")
    with analysis.clearsim_errors(ConfigError):
        return Sizing(analysis.parse_target(target), budget, method, level, spread)


def default_folder(answer: Answer) -> Path:
    """Make the folder of the command line: results/size-fund-<name>-<seed>, with a suffix if that is taken."""
    from ..runs.place import new_folder

    facts = answer.arms[0].solved.facts
    return new_folder(Path("results") / f"size-fund-{facts.name}-{facts.seed}")


class _Total:
    """Adds up the runs of all worlds."""

    def __init__(self, callback: Counted) -> None:
        self._callback = callback
        self._runs = 0

    def __call__(self, runs: int) -> None:
        """Count the runs of a block."""
        self._runs += runs
        self._callback(self._runs)

    def joint(self, compute: "Callable[[JointDraws], F64]") -> "Callable[[JointDraws], F64]":
        """The same function, whose draws are counted as a part of their own."""

        def counted(asked: "JointDraws") -> "F64":
            if not isinstance(self._callback, CountBar):
                return compute(asked)
            with self._callback.joint_draws(len(asked.rows)):
                return compute(asked)

        return counted


def _named(source: Study | RunConfig | str | Path) -> str:
    return source.name if isinstance(source, Study | RunConfig) else str(source)


def _total(asked: Sequence[Arm], sizing: Sizing) -> int | None:
    """About the number of runs of all arms, without joint draws; None with a budget in seconds."""
    budgets = [sizing.runs(arm.question.fidelity) for arm in asked]
    plans = [arm.plan(sizing, budget) for arm, budget in zip(asked, budgets, strict=True) if budget is not None]
    return sum(plan.runs for plan in plans) if len(plans) == len(asked) else None


@dataclass(frozen=True)
class _Sizer:
    """Sizes one arm after another.  compute: makes the blocks, on n_workers processes."""

    sizing: Sizing
    costs: dict[str, Any]
    compute: "analysis.Compute"
    joint: "Callable[[JointDraws], F64]"
    n_workers: int
    compare: bool
    note: Note
    history: Path | None = None

    def sized(self, arm: Arm) -> SizedArm:
        """The answer to one question, the fund over other uncertainties, and the comparison if requested."""
        target, how, world = self.sizing.target, self.sizing, arm.world
        runner = analysis.Runner(world, self.compute)
        allowed = how.runs_at(arm.question.fidelity, runner.pace, self.n_workers)
        found = self._one_event(arm)
        options = {"budget": allowed, "method": how.method, "level": how.level, **self.costs}
        solved = analysis.size_fund(runner, target, arm.meant, **options)
        solved = with_history(replace(solved, one_event=found), runner, world.reduced, self.history)
        solved = replace(solved, joint=self._over_all(arm, solved), spreads=self._spreads(arm, solved))
        if not self.compare:
            return SizedArm(solved, world)
        if solved.fund is None or solved.facts.feeds_back:
            self.note("no comparison of estimators: it needs an answer, and one set of runs for every size")
            return SizedArm(solved, world)
        table, refused = analysis.compare_estimators(
            runner, solved.fund.value, target.p, runs=allowed, level=solved.level, extras=world.reduced
        )
        return SizedArm(solved, world, table, refused)

    def _one_event(self, arm: Arm) -> "analysis.OneEvent | None":
        """The answer that needs no simulation, said at once; None where it is not the question's."""
        reduced = arm.world.reduced
        if reduced is None or arm.meant.basis != "within_horizon":
            return None
        found = analysis.answer_one_event(reduced.one_event, self.sizing.target.p, arm.meant.horizon_days)
        lines = analysis.one_event_lines(found, arm.world.facts.unit)
        if lines:
            self.note(lines[0])
        return found

    def _over_all(self, arm: Arm, solved: "analysis.Answer") -> "analysis.Joint | None":
        """The fund over joint draws of all that the study leaves open.

        Weighted by the history of the answer, unless it is the public record of another market.
        """
        asked = arm.question.joint
        if asked is None or solved.one_event is None:
            return None
        is_own = self.history is not None or has_record(arm.question.config.markets[0].name)
        windows = solved.history.windows if solved.history is not None and is_own else None
        days, p = arm.meant.horizon_days, self.sizing.target.p
        return analysis.joint_answer(self.joint(asked), asked.values, p, days, windows=windows)

    def _spreads(self, arm: Arm, solved: "analysis.Answer") -> "tuple[analysis.Spread, ...]":
        """The required fund over other values of the study's uncertainties."""
        if solved.fund is None:
            return ()
        spreads, target = [], self.sizing.target
        for what, configs in arm.spreads(self.sizing.spread).items():
            worlds = []
            for config in configs:
                question = at_horizon(replace(arm.question, config=config, others=()), target)
                worlds.append(WorldOf(question, target.event))
            level = self.sizing.level
            spreads.append(analysis.spread_over(what, worlds, target.p, level=level, compute=self.compute))
        return tuple(spreads)
