"""The method to size a fund: one set of runs for the whole curve, or a search over fund sizes; crude or weighted runs.

The config decides: if anything before the first exhaustion depends on the fund's size, the curve of one set of
runs is wrong without any sign of it. `solve.py` does the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import AnalysisError
from ..estimators.estimate import RefusedError
from .draws import Facts

#: Methods by name, as accepted by `--method`.
METHODS = {
    "crude": "order statistics of one set of crude runs",
    "importance": "importance sampling of exogenous jumps, one set of runs for every fund size",
    "pot": "peaks over threshold fitted to crude runs",
    "bisection": "bisection over fund sizes on common random numbers",
    "weighted-bisection": "bisection over fund sizes on common random numbers, with importance sampling of jumps",
}
#: Targets from which on crude runs are the first choice, and below which two methods must agree.
CRUDE_FROM, AGREE_BELOW = 1e-3, 1e-4
#: Expected events beyond the fund that crude runs should show: 385 give a probability within 10%.
WANTED_EVENTS = 400
#: Expected events beyond the fund for crude order statistics; below it the target is out of reach.
MIN_EVENTS = 4.0
#: Expected events from which crude runs confirm another method better than a tail fit does.
CONFIRMING_EVENTS = 40.0


#: Initial number of weighted runs.
WEIGHTED_RUNS = 200_000


@dataclass(frozen=True)
class Choice:
    """The method, why, the runs it takes, and the method that must agree with it (empty: none)."""

    method: str
    why: tuple[str, ...]
    runs: int
    second: str = ""


def choose_method(p: float, facts: Facts, *, asked: str = "auto", budget: int) -> Choice:
    """The method for target p within `budget` runs. RefusedError if none is valid, or the requested one is not."""
    if facts.nothing_to_size:
        raise RefusedError(f"no fund size answers the question: {facts.nothing_to_size}")
    if asked == "auto":
        return _auto(p, facts, budget)
    _require_possible(asked, facts)
    return Choice(asked, ("requested by --method",), runs_for(p, asked, budget), _second(p, asked, facts, budget))


def _auto(p: float, facts: Facts, budget: int) -> Choice:
    enough = budget * p >= MIN_EVENTS
    if facts.feeds_back:
        why = ("the path before exhaustion depends on the fund's size", *facts.feeds_back)
        method = "bisection" if enough and (p >= CRUDE_FROM or not facts.can_tilt) else "weighted-bisection"
        if method == "weighted-bisection" and not facts.can_tilt:
            method = "bisection"
    elif (p >= CRUDE_FROM and enough) or not facts.can_tilt:
        method = "crude" if enough else "pot"
        why = ("nothing before the first exhaustion depends on the fund's size", _crude_why(p, facts, enough))
    else:
        method = "importance"
        few = (
            f"{p:g} is rarer than {CRUDE_FROM:g}" if p < CRUDE_FROM else f"{budget:,} crude runs show {p:g} too rarely"
        )
        rare = f"{few}: jumps that exhaust funds are oversampled"
        why = ("nothing before the first exhaustion depends on the fund's size", rare)
    return Choice(method, tuple(why), runs_for(p, method, budget), _second(p, method, facts, budget))


def _crude_why(p: float, facts: Facts, enough: bool) -> str:
    if not enough:
        return f"{p:g} is out of reach of the runs, and there are no jumps to tilt: extrapolated"
    return f"{p:g} is common enough for crude runs" if p >= CRUDE_FROM else "there are no random jumps to tilt"


def _second(p: float, method: str, facts: Facts, budget: int) -> str:
    """The independent second method; it must agree with the first below `AGREE_BELOW`."""
    if method == "crude":
        if facts.can_tilt and p < 10 * CRUDE_FROM:
            return "importance"
        return "pot" if p <= AGREE_BELOW else ""
    if method == "bisection":
        return "weighted-bisection" if facts.can_tilt and p <= AGREE_BELOW else ""
    if method == "weighted-bisection":
        return "weighted-bisection, wider law" if p <= AGREE_BELOW else ""
    if method == "pot":
        return "importance" if facts.can_tilt and not facts.feeds_back else ""
    if budget * p >= CONFIRMING_EVENTS:
        return "crude"
    return "importance, wider law" if p < 1e-5 else "pot"


def runs_for(p: float, method: str, budget: int) -> int:
    """Number of runs for the method: enough for precision, at most the budget."""
    weighted = method.startswith(("importance", "weighted-bisection"))
    wanted = WEIGHTED_RUNS if weighted else round(WANTED_EVENTS / p)
    return max(1, min(budget, wanted))


def _require_possible(asked: str, facts: Facts) -> None:
    if asked not in METHODS:
        raise AnalysisError(f"method must be auto or one of {', '.join(METHODS)}, found {asked!r}")
    if facts.feeds_back and asked in ("crude", "importance", "pot"):
        raise RefusedError(
            f"method {asked} takes all fund sizes from one set of runs, but {_listed(facts.feeds_back)}: use bisection"
        )
    if asked in ("importance", "weighted-bisection") and not facts.can_tilt:
        raise RefusedError(f"method {asked} tilts random jumps of the price: {facts.name} has none")


def _listed(reasons: Sequence[str]) -> str:
    return "; ".join(reasons)
