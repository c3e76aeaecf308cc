"""Compound Poisson jumps sampled so that large losses are common, with the exact likelihood ratio of each run.

Jump counts are Poisson, log sizes normal. Tilting every jump gives heavy-tailed weights as soon as two jumps
coincide: estimates look good and are wrong. So most runs draw at least one jump and tilt ONE of them, chosen
uniformly (the big one); some tilt all; some may stay nominal, which bounds every weight by 1 / their share. All
weights are those of the mixture as a whole (Veach & Guibas 1995; Owen & Zhou 2000), so they are valid for any part
that drew a run. Only exogenous noise is tilted, so the ratio is exact for any response of the simulation to the jumps.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class JumpLaw:
    """Poisson(expected) jumps with normal log sizes."""

    expected: float
    log_mean: float
    log_sd: float

    def log_density(self, size: F64) -> F64:
        """Log density of log sizes."""
        z = (size - self.log_mean) / self.log_sd
        return np.asarray(-0.5 * z**2 - math.log(self.log_sd) - 0.5 * math.log(2 * math.pi))


@dataclass(frozen=True)
class JumpRuns:
    """Jumps of n runs: counts (n,), their log sizes laid end to end, log_weight (n,) the log of dP/dQ."""

    counts: I64
    sizes: F64
    log_weight: F64

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.counts)

    @property
    def run_of_jump(self) -> I64:
        """The run of each jump."""
        return np.repeat(np.arange(self.runs), self.counts)

    def total(self, per_jump: npt.ArrayLike) -> F64:
        """Sum over each run's jumps of a number per jump: (n,)."""
        weights = np.asarray(per_jump, np.float64)
        return np.asarray(np.bincount(self.run_of_jump, weights, self.runs), np.float64)


@dataclass(frozen=True)
class OneBigJump:
    """The mixture: shares of runs that tilt one jump, all jumps, or nothing; they sum to 1.

    big: law of the one tilted jump (its `expected` is not used).  all_jumps: law of counts and sizes where all are
    tilted, best set for events made by several medium jumps.
    With nothing_share 0 a run always has a jump: suitable for events that need one, and total_mass is P(any jump).
    """

    nominal: JumpLaw
    big: JumpLaw
    all_jumps: JumpLaw
    one_share: float = 0.7
    all_share: float = 0.3
    nothing_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares that do not form a mixture, and a big jump too narrow for bounded weights."""
        shares = (self.one_share, self.all_share, self.nothing_share)
        if min(shares) < 0 or not math.isclose(sum(shares), 1):
            raise ValueError(f"shares of a mixture must not be negative and sum to 1, found {shares}")
        if not self.nothing_share and min(self.big.log_sd, self.all_jumps.log_sd) < self.nominal.log_sd:
            raise ValueError("a tilted law narrower than the nominal one has unbounded weights: give nothing_share > 0")

    @property
    def total_mass(self) -> float:
        """The expected mean of the weights: the nominal probability of the runs that can be drawn."""
        return 1.0 if self.nothing_share else -math.expm1(-self.nominal.expected)

    def draw(self, generator: np.random.Generator, runs: int) -> JumpRuns:
        """`runs` independent runs, parts mixed in fixed proportion (which only lowers the variance)."""
        n_one, n_all = round(runs * self.one_share), round(runs * self.all_share)
        n_all = min(n_all, runs - n_one)
        part = np.repeat([0, 1, 2], [n_one, n_all, runs - n_one - n_all])
        counts = np.empty(runs, np.int64)
        counts[part == 0] = positive_poisson(generator, self.nominal.expected, n_one)
        counts[part == 1] = positive_poisson(generator, self.all_jumps.expected, n_all)
        counts[part == 2] = generator.poisson(self.nominal.expected, runs - n_one - n_all)
        law = np.repeat(np.where(part == 1, 2, 0), counts)
        starts = np.cumsum(counts) - counts
        law[starts[part == 0] + (generator.random(n_one) * counts[part == 0]).astype(np.int64)] = 1
        laws = (self.nominal, self.big, self.all_jumps)
        mean, sd = np.array([[item.log_mean for item in laws], [item.log_sd for item in laws]])
        sizes = mean[law] + sd[law] * generator.standard_normal(len(law))
        return JumpRuns(counts, sizes, self.log_weight(counts, sizes))

    def log_weight(self, counts: I64, sizes: F64) -> F64:
        """log dP/dQ of runs with these counts (n,) and sizes laid end to end."""
        run = np.repeat(np.arange(len(counts)), counts)
        nominal = self.nominal.log_density(sizes)
        log_ratio = self.big.log_density(sizes) - nominal
        summed = np.bincount(run, weights=self.all_jumps.log_density(sizes) - nominal, minlength=len(counts))
        largest = np.full(len(counts), -np.inf)
        np.maximum.at(largest, run, log_ratio)
        scaled = np.bincount(run, weights=np.exp(log_ratio - largest[run]), minlength=len(counts))
        has_jump = counts > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_ratio = largest + np.log(scaled) - np.log(counts)
            one = np.where(has_jump, mean_ratio - _log_any(self.nominal.expected), -np.inf)
            log_counts = counts * math.log(self.all_jumps.expected / self.nominal.expected)
            log_counts = (
                log_counts - self.all_jumps.expected + self.nominal.expected - _log_any(self.all_jumps.expected)
            )
            every = np.where(has_jump, summed + log_counts, -np.inf)
            shares = np.log([[self.one_share], [self.all_share], [self.nothing_share]])
        return np.asarray(-special.logsumexp(np.stack([one, every, np.zeros(len(counts))]) + shares, axis=0))


def _log_any(expected: float) -> float:
    """log P(a Poisson number is not 0)."""
    return math.log(-math.expm1(-expected))


def positive_poisson(generator: np.random.Generator, expected: float, size: int) -> I64:
    """Poisson numbers given that they are not 0: the first point falls before 1, then the rest are Poisson again."""
    first = -np.log1p(generator.random(size) * math.expm1(-expected)) / expected
    return np.asarray(1 + generator.poisson(expected * (1 - first)), np.int64)
