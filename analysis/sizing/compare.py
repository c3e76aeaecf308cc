"""Every estimator on the same question in one run: P(a fund of this size is exhausted), its interval, cost, variance.

A method that refuses is listed with its reason. Times are those of the method's runs; the variance
reduction is versus crude Monte Carlo with the same number of runs.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..estimators.control import control_variate
from ..estimators.estimate import Estimate, RefusedError
from ..estimators.importance_sampling import weighted_probability
from ..estimators.intervals import probability
from ..estimators.replicates import from_replicates
from ..estimators.splitting import splitting_in_steps
from ..estimators.stopping import events_for, stopped_at_events
from ..estimators.subset import subset_simulation
from ..estimators.tails import fit_tail
from .solve import tail_count
from .world_runs import Runner, tilted, wider

F64 = npt.NDArray[np.float64]

#: Replicates of multilevel splitting, and the limits on the particles of each.
_SPLITS, _MIN_PARTICLES, _MAX_PARTICLES = 12, 200, 4_000
#: Number of independent scramblings of Sobol points for an interval.
_SCRAMBLINGS = 16
#: Relative half-width at which inverse sampling stops.
_STOP = 0.1


class Extras(Protocol):
    """Methods of a world that some estimators need in addition to its blocks."""

    @property
    def control_mean(self) -> float:
        """Mean of the control variate."""
        ...

    @property
    def dimension(self) -> int:
        """Uniforms that `shocked` takes."""
        ...

    def scrambled(self, number: int, points: int) -> F64:
        """Required funds from scrambled Sobol points."""
        ...

    def shocked(self, uniforms: F64, number: int) -> F64:
        """Required funds of given uniforms, other noise from `number`."""
        ...

    @property
    def steps(self) -> int:
        """Steps of a path."""
        ...

    def branched(self, keys: npt.NDArray[np.uint64]) -> F64:
        """Required funds by the end of each step of paths that are rows of keys."""
        ...


def compare_estimators(
    runner: Runner, fund: float, p: float, *, runs: int, level: float = 0.95, extras: Extras | None = None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """(one row per estimate, the fields of `Estimate`; method -> reason of its refusal).

    fund: quote units.  p: about the probability, which sampling laws aim at.  runs: of crude methods; weighted ones
    take an eighth, more where so few are refused. The fund must not feed back.
    """
    asked = _Asked(runner, fund, p, runs, level)
    methods: dict[str, Callable[[], Estimate]] = {
        "crude, Clopper-Pearson": asked.crude,
        "crude, stopped at events": asked.stopped,
        "peaks over threshold, bootstrap": asked.tail,
    }
    if runner.world.facts.can_tilt:
        methods["importance sampling"] = lambda: asked.weighted(wide=False)
        methods["importance sampling, wider law"] = lambda: asked.weighted(wide=True)
    if extras is not None and runner.world.facts.can_tilt:
        methods["control variate"] = lambda: asked.control(extras)
        methods["randomised Sobol"] = lambda: asked.sobol(extras)
        methods["subset simulation"] = lambda: asked.subset(extras)
    if extras is not None:
        methods["multilevel splitting"] = lambda: asked.split(extras)
    rows, refused = [], {}
    for name, method in methods.items():
        try:
            rows.append(replace(method(), method=name).row())
        except (RefusedError, ValueError) as reason:
            refused[name] = str(reason)
    return pd.DataFrame(rows), refused


class _Asked:
    """The question, and each method's answer to it."""

    def __init__(self, runner: Runner, fund: float, p: float, runs: int, level: float) -> None:
        self.runner, self.fund, self.p, self.runs, self.level = runner, fund, p, runs, level

    def crude(self) -> Estimate:
        draws, seconds = self.runner.timed(self.runs)
        events = int(np.count_nonzero(draws.required > self.fund))
        return probability(events, draws.n, level=self.level, seconds=seconds)

    def stopped(self) -> Estimate:
        draws, seconds = self.runner.timed(self.runs)
        wanted = events_for(_STOP, level=self.level)
        places = np.flatnonzero(draws.required > self.fund)
        if len(places) < wanted:
            raise RefusedError(f"{len(places):,} of {wanted} events in {draws.n:,} runs")
        n = int(places[wanted - 1]) + 1
        return stopped_at_events(wanted, n, level=self.level, seconds=seconds * n / draws.n)

    def tail(self) -> Estimate:
        draws, seconds = self.runner.timed(max(self.runs // 8, 1))
        fit = fit_tail(draws.required, tail_count(draws, self.p), seconds=seconds)
        return _with_reduction(fit.exceedance(self.fund, level=self.level))

    def weighted(self, *, wide: bool) -> Estimate:
        law = wider(self.p) if wide else tilted(self.p)
        runs = max(self.runs // 8, 1)
        while True:
            draws, seconds = self.runner.timed(runs, law)
            hits = draws.required > self.fund
            try:
                return weighted_probability(hits, draws.log_weight, level=self.level, seconds=seconds)
            except RefusedError:
                if runs >= self.runs:
                    raise
                runs = min(2 * runs, self.runs)

    def control(self, extras: Extras) -> Estimate:
        draws, seconds = self.runner.timed(self.runs)
        hits = (draws.required > self.fund).astype(np.float64)
        return control_variate(hits, draws.control, extras.control_mean, level=self.level, seconds=seconds)

    def sobol(self, extras: Extras) -> Estimate:
        points = 1 << max(8, int(np.log2(max(self.runs // 2 // _SCRAMBLINGS, 1))))
        started = time.perf_counter()
        hits = [extras.scrambled(number, points) > self.fund for number in range(_SCRAMBLINGS)]
        events = int(np.sum(hits))
        if events < _SCRAMBLINGS:
            raise RefusedError(f"{events} events in {_SCRAMBLINGS} scramblings of {points:,}: use importance sampling")
        return from_replicates(
            np.mean(hits, axis=1),
            method="randomised Sobol",
            n=points * _SCRAMBLINGS,
            min_replicates=_SCRAMBLINGS,
            level=self.level,
            events=events,
            is_probability=True,
            seconds=time.perf_counter() - started,
            note=f"{_SCRAMBLINGS} scramblings of {points:,} points",
        )

    def subset(self, extras: Extras) -> Estimate:
        from scipy import special

        calls = iter(range(1 << 30))
        started = time.perf_counter()

        def losses(noise: F64) -> F64:
            return extras.shocked(np.asarray(special.ndtr(noise)), next(calls))

        estimate = subset_simulation(losses, self.fund, dimension=extras.dimension, level=self.level)
        return replace(estimate, seconds=time.perf_counter() - started)

    def split(self, extras: Extras) -> Estimate:
        particles = min(max(self.runs // 100, _MIN_PARTICLES), _MAX_PARTICLES)
        started = time.perf_counter()
        seed = self.runner.world.facts.seed
        estimate = splitting_in_steps(
            extras, self.fund, particles=particles, replicates=_SPLITS, seed=seed, level=self.level
        )
        return replace(estimate, seconds=time.perf_counter() - started)


def _with_reduction(estimate: Estimate) -> Estimate:
    """A probability with the variance reduction that its interval implies."""
    p = estimate.value
    error = estimate.half_width / 1.96
    return replace(estimate, variance_reduction=p * (1 - p) / estimate.n / error**2 if error else float("nan"))
