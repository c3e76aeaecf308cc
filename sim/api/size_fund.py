"""`size_fund`: the smallest fund that meets a target, from a config or a study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..config import RunConfig
from ..errors import ConfigError
from . import _analysis as analysis
from .answer import Answer, SizedArm
from .door import checked
from .inputs import note_inputs, once
from .progress import Counted, Note, count_progress, noting
from .study import Study
from .trust import code_of, parts_of, received_from
from .worlds import WorldOf, at_horizon, define

if TYPE_CHECKING:
    from ..funds.questions import Question

#: Paths (reduced) or runs (full) where no budget is given.
BUDGET = {"reduced": 2_000_000, "full": 200}


@checked
def size_fund(
    source: Study | RunConfig | str | Path,
    target: str,
    *,
    budget: int | str | None = None,
    method: str = "auto",
    level: float = 0.95,
    arms: Sequence[str] = (),
    spread: int = 8,
    compare: bool = False,
    capital_cost: float | None = None,
    shortfall_cost: float = 1.0,
    fidelity: Literal["reduced", "full"] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
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
        spread: number of other opening books, and of other values of the uncertainties, to size; 0: none.
        compare: run all estimators on the same question.
        capital_cost: per year and quote unit; also finds the least-cost fund.  shortfall_cost: per quote unit of it.
        fidelity: reduced or full; default: the study's, or reduced where the config allows it.
        settings: config paths and values to set first.  seed: replaces the config's.
        trust: True: code that comes with a folder of results, the source, may be executed.
        progress: True for lines on standard error, or a function of the number of runs so far.
        on_note: called with notes for the user; default: the logger `clearsim`.
        on_arm: called with each SizedArm as it is found.
        command: reproduces the answer; printed on the page.

    Returns the Answer; a target out of reach is an answer without a fund. Raises ConfigError for an ill-posed question,
    ClearsimError where no method is valid.

        answer = clearsim.size_fund("btc-30d", "P(ADL within 1d) < 0.05", budget=65_536, spread=0)
    """
    from ..config.settings import native
    from ..funds.questions import load_questions

    if not 0.5 <= level < 1:
        raise ConfigError(f"level must be at least 0.5 and below 1, found {level}")
    options = {"method": method, "level": level, "capital_cost": capital_cost, "shortfall_cost": shortfall_cost}
    asked = source.plan if isinstance(source, Study) else str(source) if isinstance(source, Path) else source
    pairs = [(path, native(value)) for path, value in (settings or {}).items()]
    sized = []
    with analysis.clearsim_errors(ConfigError), count_progress(progress) as callback:
        wanted, on_runs = analysis.parse_target(target), _Total(callback)
        seen, note = set[str](), noting(on_note)
        for asked_question in load_questions(asked, pairs, seed=seed, fidelity=fidelity, arms=arms, draws=spread):
            found = note_inputs(asked_question.config, once(note, seen))
            warnings = tuple(text.removeprefix("warning: ") for text in found if text.startswith("warning: "))
            question = replace(asked_question, notes=(*asked_question.notes, *warnings))
            with code_of(received_from(source), parts_of(question.config), trust=trust, note=once(note, seen)):
                arm = _answered(question, wanted, budget, compare, spread, options, note, on_runs)
            sized.append(arm)
            (on_arm or (lambda arm: None))(arm)
    return Answer(tuple(sized), command=command or f"clearsim.size_fund({_named(source)!r}, {target!r})")


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


def _named(source: Study | RunConfig | str | Path) -> str:
    return source.name if isinstance(source, Study | RunConfig) else str(source)


def _answered(
    question: "Question",
    target: "analysis.Target",
    budget: int | str | None,
    compare: bool,
    spread: int,
    options: dict[str, Any],
    note: Note,
    on_runs: Counted,
) -> SizedArm:
    """The answer to one question, the fund over other books and uncertainties, and the comparison if requested."""
    asked = at_horizon(question, target)
    meant = define(asked, target)
    world = WorldOf(asked, target.event, on_runs=on_runs)
    runner = analysis.Runner(world)
    allowed = _budget(budget, asked.fidelity, runner)
    solved = analysis.size_fund(runner, target, meant, budget=allowed, **options)
    solved = replace(solved, spreads=_spreads(asked, target, solved, spread, on_runs))
    if not compare:
        return SizedArm(solved, world)
    if solved.fund is None or solved.facts.feeds_back:
        note("no comparison of estimators: it needs an answer, and one set of runs for every size")
        return SizedArm(solved, world)
    table, refused = analysis.compare_estimators(
        runner, solved.fund.value, solved.target.p, runs=allowed, level=solved.level, extras=world.reduced
    )
    return SizedArm(solved, world, table, refused)


def _spreads(
    question: "Question", target: "analysis.Target", solved: "analysis.Answer", count: int, on_runs: Counted
) -> "tuple[analysis.Spread, ...]":
    """The required fund over other opening books, and over other values of the study's uncertainties."""
    if count < 2 or question.fidelity != "reduced" or solved.facts.feeds_back or solved.fund is None:
        return ()
    spreads = []
    if question.config.positions is None:  # custom positions are the same in every book
        books = [WorldOf(question, target.event, book=book, on_runs=on_runs) for book in range(1, count + 1)]
        spreads.append(analysis.spread_over("other opening books of the same population", books, target.p))
    if question.others:
        others = [replace(question, config=config, others=()) for config in question.others]
        worlds = [WorldOf(at_horizon(other, target), target.event, on_runs=on_runs) for other in others]
        spreads.append(analysis.spread_over("draws of the study's uncertainties", worlds, target.p))
    return tuple(spreads)


def _budget(budget: int | str | None, fidelity: str, runner: "analysis.Runner") -> int:
    """Number of runs; seconds are converted by the speed of a first block, so the number depends on the machine."""
    if budget is None:
        return BUDGET[fidelity]
    text = str(budget).strip().replace("_", "").replace(",", "")
    try:
        count = max(1, int(float(text[:-1]) / runner.pace())) if text.endswith("s") else int(float(text))
    except (ValueError, ZeroDivisionError):
        count = 0
    if count < 1:
        raise ConfigError(f"budget must be a number of runs, or seconds like 60s, found {budget!r}")
    return count
