"""What a sizing will draw, before anything is drawn: the least runs that can answer, and the batches of each step.

The least number is arithmetic: below it the interval has no upper end whatever the runs show. The number of fund sizes
that a search tries depends on what it finds, so steps of a search are estimates.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..estimators.estimate import RefusedError
from ..estimators.importance_sampling import WeightLimits
from ..estimators.quantiles import runs_for_quantile
from ..estimators.tails import MIN_EXCEEDANCES
from .choose_method import Choice, runs_for
from .draws import Facts
from .spread import RUNS as SPREAD_RUNS

#: Fund sizes that a search tries, typically (22 to 25, 4, 5 in the tests): of crude runs, of weighted ones, of their
#: first batch alone.
CRUDE_SIZES, WEIGHTED_SIZES, ROUGH_SIZES = 23, 4, 5


@dataclass(frozen=True)
class Step:
    """A part of a sizing: its batches, and the runs in all of them."""

    what: str
    batches: int
    runs: int


@dataclass(frozen=True)
class Plan:
    """The steps of a sizing. is_exact: no step is an estimate."""

    choice: Choice
    steps: tuple[Step, ...]
    is_exact: bool

    @property
    def runs(self) -> int:
        """Runs of all steps."""
        return sum(step.runs for step in self.steps)

    @property
    def batches(self) -> int:
        """Batches of all steps."""
        return sum(step.batches for step in self.steps)


def least_runs(method: str, p: float, *, level: float) -> int:
    """The runs below which a method cannot answer for target p, whatever they show."""
    if method in ("crude", "bisection"):
        return runs_for_quantile(p, level=level)
    if method == "pot":
        return MIN_EXCEEDANCES + 1
    return math.ceil(WeightLimits().effective_sample)  # no set of runs counts for more than its number


def require_enough(choice: Choice, p: float, facts: Facts, *, budget: int, level: float, is_auto: bool) -> None:
    """RefusedError, with the runs needed, if no set of runs within the budget can answer.

    is_auto: the second method may answer in place of the first.
    """
    allowed = -(-budget // facts.block) * facts.block  # batches are drawn whole
    methods = [choice.method, *([choice.second] if is_auto and choice.second else [])]
    needed = {method: least_runs(method, p, level=level) for method in methods}
    if any(allowed >= least for least in needed.values()):
        return
    method, least = min(needed.items(), key=lambda item: item[1])
    what = "paths" if facts.fidelity == "reduced" else "runs"
    raise RefusedError(
        f"{least:,} {what} are needed and {allowed:,} are allowed: with fewer, method {method} cannot bound the fund"
        f" for a probability of {p:g} at level {level:g}, whatever they show; give a budget of at least {least:,}"
        f"{_time_text(method, least, facts)}, or a target of at least {supported(allowed, level=level):.2g}, which"
        f" {allowed:,} {what} can bound",
        runs_needed=least,
    )


def supported(runs: int, *, level: float) -> float:
    """About the smallest target that crude runs can bound: the largest of them is then an upper bound."""
    return -math.expm1(math.log((1 - level) / 2) / runs)


def _time_text(method: str, least: int, facts: Facts) -> str:
    """The expected time of that many runs, where the world states that of one."""
    if not facts.rough_seconds:
        return ""
    sizes = CRUDE_SIZES if method == "bisection" else 1
    each = f" for each of about {sizes} fund sizes" if sizes > 1 else ""
    seconds = least * sizes * facts.rough_seconds
    return f"{each} (roughly {duration(seconds)} on one processor; --dry-run measures it)"


def plan_sizing(
    choice: Choice, p: float, facts: Facts, *, budget: int, draws: Mapping[str, int], is_held: bool = False
) -> Plan:
    """The steps of `solve.size_fund` and of the spread.  draws: name of a spread -> number of its worlds.

    is_held: the answer is held against history, which takes a batch of crude runs where no method draws any.

    Methods that are refused and draw more runs, up to the budget, are not foreseen.
    """
    drawn: dict[str, int] = {}
    steps = _of_method(choice.method, choice.runs, facts, drawn)
    if choice.second:
        steps += _of_method(choice.second, runs_for(p, choice.second, budget), facts, drawn)
    steps.append(_step("the fund itself, for what follows from it", 1, choice.runs, facts))
    steps += [_step(f"{worlds} {what}", worlds, SPREAD_RUNS, facts) for what, worlds in draws.items() if worlds]
    if is_held and not drawn.get(_law("crude")):
        steps.append(_step("windows to hold against history", 1, 1, facts))
    return Plan(choice, tuple(step for step in steps if step.batches), "bisection" not in choice.method)


def _of_method(method: str, runs: int, facts: Facts, drawn: dict[str, int]) -> list[Step]:
    """The steps of a method.  drawn: batches of each sampling law so far, which methods share."""
    law = _law(method)
    batches = -(-runs // facts.block)
    fresh = max(0, batches - drawn.get(law, 0))
    is_first = not drawn
    drawn[law] = max(batches, drawn.get(law, 0))
    steps = [_step(f"method {method}", 1, fresh * facts.block, facts)]
    if "bisection" not in method:
        return steps
    if is_first:
        steps.append(_step("whether any fund suffices", 1, min(runs, max(facts.block, 20)), facts))
    if method == "bisection":
        return [*steps, _step(f"about {CRUDE_SIZES} fund sizes", CRUDE_SIZES, runs, facts)]
    rough = _step(f"about {ROUGH_SIZES} fund sizes, roughly", ROUGH_SIZES, 1, facts)
    return [*steps, rough, _step(f"about {WEIGHTED_SIZES} fund sizes", WEIGHTED_SIZES, runs, facts)]


def _law(method: str) -> str:
    if method.endswith("wider law"):
        return "wider"
    return "tilted" if method in ("importance", "weighted-bisection") else "crude"


def _step(what: str, times: int, runs: int, facts: Facts) -> Step:
    batches = times * -(-runs // facts.block)
    return Step(what, batches, batches * facts.block)


def duration(seconds: float) -> str:
    """Seconds as a short text."""
    for limit, unit, name in ((7200, 3600, "hours"), (120, 60, "minutes")):
        if seconds >= limit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{seconds:.2g} s"
