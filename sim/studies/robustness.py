"""How much a study's results depend on the time step, the number of traders and the order of clearing.

One point is run again with each of them changed, on the same randomness; differences are taken run by run. Every row
of `checks.json` is subject, found, meaning, warns, as the report reads them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..config import with_settings
from ..elementary import exp
from ..errors import ClearsimError, ConfigError, ResultError
from .design.designs import Listed
from .design.job import Job, run_job
from .design.plan import Plan
from .robustness_variants import Variant, variants_of
from .store.part_files import write_whole

CHECKS_FILE = "checks.json"
#: Rows of other checks in the same file have another `by`, or none, and are kept.
BY = "clearsim robustness"
OUTCOMES = {"required_fund_quanta": "required fund", "liquidated_notional_quanta": "liquidated notional"}
#: 1 if the required fund of a full run is only a lower bound: its fund fell short, or its inventory cap was reached.
IS_BOUND = "required_fund_is_bound"
#: A difference matters if its whole interval is farther from zero than this share of the mean.
TOLERANCE = 0.05


class Difference(Protocol):
    """Mean of second - first with its interval."""

    @property
    def value(self) -> float:
        """The mean."""

    @property
    def low(self) -> float:
        """Lower end."""

    @property
    def high(self) -> float:
        """Upper end."""


Paired = Callable[[Sequence[float], Sequence[float]], Difference]
#: Outcomes of a job with every step of the clock cut into this many.
Runner = Callable[[Job, int], Mapping[str, float]]


def middle_point(plan: Plan) -> int:
    """The point whose row is nearest to all medians, in the middle arm; of a list, the middle row."""
    n_rows = len(plan.rows.scenarios)
    quantiles = np.asarray(plan.rows.quantiles, np.float64)
    row = n_rows // 2
    if quantiles.size and not isinstance(plan.study.design, Listed):
        row = int(np.abs(quantiles - 0.5).max(axis=1).argmin())
    return row * len(plan.arms) + len(plan.arms) // 2


def run_outcomes(job: Job, refine: int) -> dict[str, float]:
    """Outcomes of a run; means over its paths where it has paths. ResultError if it fails."""
    if job.fidelity == "full":
        from ..engine.simulation import simulate

        scenario, replication = job.scenario, job.replication
        runs: Mapping[str, Any] = simulate(
            job.config, detail="summary", refine=refine, scenario=scenario, replication=replication
        ).runs
        return {name: float(runs[name]) for name in (*OUTCOMES, IS_BOUND)}
    outcome = run_job(replace(job, keep_paths=True))
    if outcome.paths is None:
        raise ResultError(f"run {job.run_id} failed: {outcome.row['error']}")
    weights = exp(outcome.paths["log_weight"])
    return {name: float((weights * outcome.paths[name]).mean()) for name in OUTCOMES}


def run_checks(
    plan: Plan,
    *,
    paired: Paired,
    point: int | None = None,
    replications: int = 8,
    traders: Sequence[int] = (),
    runner: Runner = run_outcomes,
    say: Callable[[str], None] = lambda text: None,
) -> list[dict[str, Any]]:
    """Rows of `checks.json` of one point. ConfigError for an impossible point or number of traders."""
    number = middle_point(plan) if point is None else point
    if not 0 <= number < plan.n_points:
        raise ConfigError(f"point must be 0 to {plan.n_points - 1}, found {number}")
    chosen = plan.point(number)
    config = with_settings(plan.base, chosen.settings)
    variants = variants_of(config, chosen.fidelity, traders)
    plain = [plan.job(chosen, replication) for replication in range(replications)]
    say(f"point {number}: {replications} replications as configured")
    base = [runner(job, 1) for job in plain]
    where = f"Point {number}, {replications} paired replications."
    rows = []
    for variant in variants:
        say(f"point {number}: {variant.subject}")
        rows.append(_row(variant, plain, base, runner, paired, where))
    return rows


def _row(
    variant: Variant,
    plain: Sequence[Job],
    base: Sequence[Mapping[str, float]],
    runner: Runner,
    paired: Paired,
    where: str,
) -> dict[str, Any]:
    why = variant.impossible
    if not why:
        try:
            jobs = [replace(job, settings=(*job.settings, *variant.settings)) for job in plain]
            changed = [runner(job, variant.refine) for job in jobs]
        except ClearsimError as error:
            why = str(error)
    if why:
        meaning = f"How much the results depend on it is not known: {why.splitlines()[0]}"
        failed = not variant.impossible
        found = "not measured: a run failed" if failed else "not measured"
        return {
            "subject": variant.subject, "found": found, "meaning": meaning, "warns": True, "by": BY, "failed": failed,
        }  # fmt: skip
    measured = [measure([row[name] for row in base], [row[name] for row in changed], paired) for name in OUTCOMES]
    bounds = int(sum(row.get(IS_BOUND, 0) for row in (*base, *changed)))
    if bounds:
        measured[0] = {"mean": None, "difference": None, "low": None, "high": None, "verdict": "unknown"}
        where += (
            f" The required fund is only a lower bound in {bounds} of {2 * len(base)} runs (the fund fell short, or the"
            " inventory cap was reached), so its difference is not known."
        )
    found = "; ".join(f"{name} {_words(one)}" for name, one in zip(OUTCOMES.values(), measured, strict=True))
    verdicts = {one["verdict"] for one in measured}
    if not bounds and all(one["difference"] == one["low"] == one["high"] == 0 for one in measured):
        where += " Equal in every run."
    warns = bool(verdicts & {"differs", "undefined"})
    return {
        "subject": variant.subject,
        "found": found,
        "meaning": f"{_meaning(verdicts)} {where}",
        "warns": warns,
        "by": BY,
        "differences": dict(zip(OUTCOMES, measured, strict=True)),
    }


def measure(first: Sequence[float], second: Sequence[float], paired: Paired) -> dict[str, Any]:
    """Mean paired difference and its ends, in quanta and over the mean of `first`, and whether it matters.

    verdict: differs (the interval lies wholly beyond the tolerance), agrees (wholly within), open (neither), undefined
    (the mean of `first` is 0 and the arms differ).
    """
    gap, mean = paired(first, second), float(np.mean(first))
    found: dict[str, Any] = {"mean": mean, "difference": gap.value, "low": gap.low, "high": gap.high}
    if mean == 0:
        same = all(a == b for a, b in zip(first, second, strict=True))
        return found | {"verdict": "agrees" if same else "undefined"}
    value, low, high = (end / abs(mean) for end in (gap.value, gap.low, gap.high))
    if low > TOLERANCE or high < -TOLERANCE:
        verdict = "differs"
    else:
        verdict = "agrees" if low >= -TOLERANCE and high <= TOLERANCE else "open"
    return found | {"relative": value, "relative_low": low, "relative_high": high, "verdict": verdict}


def _words(one: Mapping[str, Any]) -> str:
    if one["difference"] is None:
        return "not known"
    if "relative" not in one:
        return "0 in both" if one["verdict"] == "agrees" else f"0 as configured, {one['difference']:,.0f} quanta here"
    return f"{one['relative']:+.1%} [{one['relative_low']:+.1%}, {one['relative_high']:+.1%}]"


def _meaning(verdicts: set[str]) -> str:
    if "undefined" in verdicts:
        return "Results depend on it: an outcome that is zero as configured is not zero here."
    if "differs" in verdicts:
        return f"Results depend on it: an interval lies more than {TOLERANCE:.0%} of the mean from zero."
    if "unknown" in verdicts:
        return "Not settled: a difference is not known."
    if verdicts == {"agrees"}:
        return f"Within {TOLERANCE:.0%} of the mean."
    return f"Not settled: some intervals reach beyond {TOLERANCE:.0%} of the mean; use more replications."


def write_checks(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Put the rows into the folder's `checks.json` replacing earlier ones of this check; keep rows of other checks."""
    path = folder / CHECKS_FILE
    kept: list[Any] = []
    if path.is_file():
        try:
            kept = [row for row in json.loads(path.read_text(encoding="utf-8")) if row.get("by") != BY]
        except (ValueError, AttributeError, TypeError) as error:
            raise ResultError(f"{path}: is not a list of checks ({error}); move it away") from error
    write_whole(path, (json.dumps([*kept, *rows], indent=1) + "\n").encode())
    return path
