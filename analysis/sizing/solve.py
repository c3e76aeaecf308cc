"""The whole procedure: choose a method, draw runs, find the fund, check it by another method, state the consequences.

Budgets are in runs. Below 1e-4 a fund counts as confirmed only if a second, independent method agrees.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..backtest.panel import Panel
from ..estimators.agreement import gap_in_errors
from ..estimators.estimate import Estimate, RefusedError
from ..estimators.newsvendor import Costs, best_fund
from ..estimators.quantiles import runs_for_quantile
from ..estimators.tails import fit_tail
from .choose_method import AGREE_BELOW, Choice, choose_method, runs_for
from .consequences import Consequences, consequences
from .curve import fund_for, smallest_probability, sufficiency_curve
from .definition import YEAR_DAYS, Sufficient
from .draws import Draws, Facts
from .fund_search import UnattainableError, crude_root, require_attainable, rough_root, weighted_root
from .joint import Joint
from .one_event import OneEvent
from .plan import require_enough
from .spread import Spread
from .target import Target
from .world_runs import CRUDE_LAW, Law, Runner, tilted, wider

#: Runs that show whether any fund can meet the target.
_TRIAL_RUNS = 20
#: Estimates this many standard errors apart contradict each other.
MAX_GAP = 3.0


@dataclass(frozen=True)
class Answer:
    """The answer. fund is None if there is no answer: `verdict` then has the reason and the runs needed.

    confirmed: a second method agrees, or none is needed.  curve: columns of `curve.CURVE`, empty where the fund feeds
    back.  seconds is outside everything that is reproducible.  spreads: the fund over other books, other uncertainties.
    one_event: the fund for one event at a time, None where jumps have no law.  joint: over all
    that a study leaves open, None for a config.
    history: the model held against a record of draws, None where it cannot be; no_history: why not.
    """

    target: Target
    definition: Sufficient
    facts: Facts
    choice: Choice
    level: float
    fund: Estimate | None
    second: Estimate | None
    confirmed: bool
    verdict: str
    curve: pd.DataFrame
    consequences: Consequences | None
    least_cost: Estimate | None
    notes: tuple[str, ...]
    runs: int
    seconds: float
    spreads: tuple[Spread, ...] = ()
    one_event: OneEvent | None = None
    joint: Joint | None = None
    history: Panel | None = None
    no_history: str = ""

    @property
    def is_refuted(self) -> bool:
        """Whether history refutes the model behind the fund."""
        return self.history is not None and self.history.refuted is not None


def size_fund(
    runner: Runner,
    target: Target,
    definition: Sufficient,
    *,
    budget: int,
    method: str = "auto",
    level: float = 0.95,
    capital_cost: float | None = None,
    shortfall_cost: float = 1.0,
) -> Answer:
    """The smallest fund that meets the target. RefusedError if no method is valid, and before the first run if the
    budget cannot answer; a target that turns out to be out of reach is an answer without a fund.

    capital_cost: of a quote unit a year, shortfall_cost: of a quote unit of shortfall; with both, the cheapest fund.
    """
    facts = runner.world.facts
    choice = choose_method(target.p, facts, asked=method, budget=budget)
    require_enough(choice, target.p, facts, budget=budget, level=level, is_auto=method == "auto")
    finder = _Finder(runner, target.p, definition.event, level, facts.unit, budget)
    fund, problem = finder.tried(choice.method, choice.runs)
    if fund is None and choice.second and method == "auto":
        choice, fund, problem = _fall_back(finder, choice, problem, runs_for(target.p, choice.second, budget))
    second, confirmed, verdict = _second_opinion(finder, choice, fund, problem)
    follows, notes = _followed(finder, choice, fund, definition)
    cheapest = None
    if capital_cost is not None:
        over_horizon = capital_cost * definition.horizon_days / YEAR_DAYS
        cheapest, why = _cheapest(finder, choice.method, over_horizon, shortfall_cost)
        notes += [why] if why else []
    return Answer(
        target=target,
        definition=definition,
        facts=facts,
        choice=choice,
        level=level,
        fund=fund,
        second=second,
        confirmed=confirmed,
        verdict=verdict,
        curve=finder.curve(choice.method),
        consequences=follows,
        least_cost=cheapest,
        notes=tuple(notes),
        runs=runner.runs,
        seconds=runner.seconds,
    )


def with_panel(answer: Answer, panel: Panel | None, reason: str) -> Answer:
    """The answer held against history, or with the reason why it is not."""
    return replace(answer, history=panel, no_history=reason)


def _second_opinion(
    finder: "_Finder", choice: Choice, fund: Estimate | None, problem: str
) -> tuple[Estimate | None, bool, str]:
    """(second estimate, confirmed, verdict); without a second method a fund is confirmed from 1e-4 upwards."""
    if fund is None or not choice.second:
        return None, fund is not None and finder.p > AGREE_BELOW, problem
    second, why_not = finder.tried(choice.second, runs_for(finder.p, choice.second, finder.budget))
    return (second, *_compare(finder.p, fund, second, choice, why_not))


def _followed(
    finder: "_Finder", choice: Choice, fund: Estimate | None, definition: Sufficient
) -> tuple[Consequences | None, list[str]]:
    """The consequences of the fund, from runs with it, and a warning if they contradict the curve."""
    if fund is None:
        return None, []
    runner, facts = finder.runner, finder.runner.world.facts
    draws = runner.with_fund(fund.value, finder.runs_of[choice.method], finder.law_of(choice.method))
    follows = consequences(
        draws, definition.event, horizon_days=definition.horizon_days, level=finder.level, unit=facts.unit
    )
    return follows, [] if facts.feeds_back else _self_check(draws, definition.event)


class _Finder:
    """Finds the fund by one method or another, on the runs of one runner."""

    def __init__(self, runner: Runner, p: float, event: str, level: float, unit: str, budget: int) -> None:
        self.runner, self.p, self.event, self.level, self.unit, self.budget = runner, p, event, level, unit, budget
        self.runs_of: dict[str, int] = {}
        self.start = 0.0  # where a search over sizes begins

    def law_of(self, method: str) -> Law:
        if method.endswith("wider law"):
            return wider(self.p)
        return tilted(self.p) if method in ("importance", "weighted-bisection") else CRUDE_LAW

    def tried(self, method: str, runs: int) -> tuple[Estimate | None, str]:
        """The estimate, or None and the reason; runs are raised to the budget until they suffice."""
        while True:
            self.runs_of[method] = runs
            try:
                return self._find(method, runs), ""
            except UnattainableError as refusal:
                return None, str(refusal)
            except RefusedError as refusal:
                if runs >= self.budget:
                    return None, self._out_of_reach(method, runs, refusal)
                runs = min(4 * runs, self.budget)

    def _find(self, method: str, runs: int) -> Estimate:
        law = self.law_of(method)
        if method.startswith(("crude", "importance")):
            return fund_for(self.runner.draws(runs, law), self.p, level=self.level, unit=self.unit)
        if method == "pot":
            return self._tail(self.runner.draws(runs, law))
        return self._search(method, runs, law)

    def _tail(self, draws: Draws) -> Estimate:
        k = tail_count(draws, self.p)
        return fit_tail(draws.required, k).quantile(self.p, level=self.level, unit=self.unit)

    def _search(self, method: str, runs: int, law: Law) -> Estimate:
        facts = self.runner.world.facts
        blocks = -(-runs // facts.block)
        n = blocks * facts.block
        few = min(max(facts.block, _TRIAL_RUNS), n)
        if not self.start:
            self.start = self._guess(facts, runs, law)
            reasons = "; ".join(facts.feeds_back) or "bisection was requested"
            require_attainable(
                lambda fund: self.runner.happened(fund, self.event, few),
                self.p,
                largest=facts.largest_fund,
                why=reasons,
            )

        def happened(fund: float) -> np.ndarray:
            return self.runner.happened(fund, self.event, n, law)

        if method == "bisection":
            return crude_root(
                happened, self.p, runs=n, largest=facts.largest_fund, level=self.level, unit=self.unit, start=self.start
            )
        weights = self.runner.draws(n, law).log_weight
        near = rough_root(
            lambda fund: self.runner.happened(fund, self.event, facts.block, law),
            weights[: facts.block],
            self.p,
            largest=facts.largest_fund,
            start=self.start,
        )
        return weighted_root(
            happened, weights, self.p, largest=facts.largest_fund, level=self.level, unit=self.unit, near=near
        )

    def _guess(self, facts: Facts, runs: int, law: Law) -> float:
        """Twice the fund that one set of runs would give: only a place to start from."""
        draws = self.runner.draws(runs, law)
        order = np.argsort(-draws.required, kind="stable")
        share = np.cumsum(draws.weights[order]) / draws.n
        at = min(int(np.searchsorted(share, self.p)), draws.n - 1)
        return min(2 * float(draws.required[order[at]]), facts.largest_fund)

    def _out_of_reach(self, method: str, runs: int, refusal: RefusedError) -> str:
        """The target reached, and the runs needed."""
        text = f"{refusal}"
        if method in ("crude", "importance"):
            text += f". {self._reached(self.runner.draws(runs, self.law_of(method)))}"
        needed = refusal.runs_needed or (runs_for_quantile(self.p) if method in ("crude", "bisection") else 4 * runs)
        if needed > runs:
            text += f". Needed: about {needed:,} runs (--dry-run estimates the time), or more runs in each tail"
        return text

    def _reached(self, draws: Draws) -> str:
        try:
            p = smallest_probability(draws, level=self.level) * 1.05
            fund = fund_for(draws, p, level=self.level, unit=self.unit)
        except RefusedError:
            return f"Reached: nothing below {self.p:g} from {draws.n:,} runs"
        return f"Reached: {draws.n:,} runs support a target of {p:.2g}, for which the fund is {fund}"

    def curve(self, method: str) -> pd.DataFrame:
        """The whole curve from the runs of the method; empty if it would be wrong or there are none."""
        if self.runner.world.facts.feeds_back:
            return pd.DataFrame()
        return sufficiency_curve(self.runner.draws(self.runs_of[method], self.law_of(method)), level=self.level)


def _fall_back(finder: _Finder, choice: Choice, problem: str, runs: int) -> tuple[Choice, Estimate | None, str]:
    """The second method in place of the first, which was refused; the first refusal stands if it is refused too."""
    fund, _ = finder.tried(choice.second, runs)
    if fund is None:
        return choice, None, problem
    why = (*choice.why, f"{choice.method} was refused ({problem})")
    return Choice(choice.second, why, runs), fund, ""


def tail_count(draws: Draws, p: float) -> int:
    """Number of losses in a tail fit: 2% of the runs that draw on the fund, at least 20 times the number beyond p."""
    positive = int(np.count_nonzero(draws.required > 0))
    return max(50, min(positive // 5, max(positive // 50, round(20 * draws.n * p))))


def _compare(p: float, fund: Estimate, second: Estimate | None, choice: Choice, why_not: str) -> tuple[bool, str]:
    """(confirmed, verdict) of two methods."""
    must = p <= AGREE_BELOW
    if second is None:
        return not must, f"{choice.second} gives no second estimate: {why_not}"
    gap = gap_in_errors(fund, second)
    apart = f"{choice.method} and {choice.second} are {gap:.1f} standard errors apart"
    if gap <= MAX_GAP:
        return True, f"two methods agree: {apart}"
    return False, f"two methods contradict each other: {apart}; at least one misses part of the event"


def _self_check(draws: Draws, event: str) -> list[str]:
    """Whether the event in runs with the fund itself agrees with the curve."""
    expected = draws.required > draws.fund
    differ = int(np.count_nonzero(draws.happened(event) != expected))
    if differ <= max(1, 0.002 * np.count_nonzero(expected)):
        return []
    return [
        f"warning: in {differ:,} of {draws.n:,} runs the event disagrees with the curve: something"
        " before the first exhaustion depends on the fund's size after all; use --method bisection"
    ]


def _cheapest(finder: _Finder, method: str, capital: float, shortfall: float) -> tuple[Estimate | None, str]:
    """The fund of least expected cost from the same runs, or None and the reason."""
    if finder.runner.world.facts.feeds_back:
        return (
            None,
            "no fund of least cost: it needs one set of runs for all sizes, but the fund's size changes the runs",
        )
    draws = finder.runner.draws(finder.runs_of[method], finder.law_of(method))
    try:
        costs = Costs(capital=capital, shortfall=shortfall)
        log_weight = draws.log_weight if draws.is_weighted else None
        return best_fund(draws.required, costs, log_weight=log_weight, level=finder.level, unit=finder.unit), ""
    except (RefusedError, ValueError) as error:
        return None, f"no fund of least cost: {error}"
