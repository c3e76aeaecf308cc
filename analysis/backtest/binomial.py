"""Counts of windows against a model's probability: exact two-sided binomial tails, their colours, and their power.

Too harsh: P(X <= x), so few draws if the model were right. Too kind: P(X >= x), so many. Green if both are above 2.5%,
red if one is below 0.01%, as in the traffic light of Basel's backtesting, here on both sides. Where the count or the
model's probability is known within a range, each tail takes the end that is kinder to the model. Kupiec's likelihood
ratio (Journal of Derivatives 3(2), 1995) is information: with few windows its distribution is not chi squared.
"""

import math
from dataclasses import dataclass

from scipy import stats

#: Tails above this are green, tails below the other red.
GREEN, RED = 0.025, 1e-4
#: 95% point of chi squared with one degree of freedom.
KUPIEC_LIMIT = 3.841
GREEN_WORD, YELLOW_WORD, RED_WORD, SILENT_WORD = "green", "yellow", "red", "silent"


@dataclass(frozen=True)
class Probability:
    """A model's probability with the interval of its simulation."""

    value: float
    low: float
    high: float

    @classmethod
    def exact(cls, value: float) -> "Probability":
        """A probability that is known."""
        return cls(value, value, value)


@dataclass(frozen=True)
class Tails:
    """Both tails of a count, and the colour.  kupiec: (smallest, largest) likelihood ratio over the range of x."""

    too_harsh: float
    too_kind: float
    colour: str
    kupiec: tuple[float, float]

    @property
    def p(self) -> float:
        """The smaller tail."""
        return min(self.too_harsh, self.too_kind)

    @property
    def side(self) -> str:
        """Which tail is the smaller: too harsh or too kind."""
        return "too harsh" if self.too_harsh <= self.too_kind else "too kind"


def judge(p: Probability, *, n: int, x: tuple[int, int], censored: bool = False) -> Tails:
    """The tails of x (smallest, largest possible) of n windows; ValueError for impossible counts.

    censored: the size lies below what the record reports: a green says nothing then, the colour is "silent".
    """
    if not 0 <= x[0] <= x[1] <= n or n < 1:
        raise ValueError(f"x must be a range in 0..n, found {x} of {n}")
    harsh = float(stats.binom.cdf(x[1], n, p.low))
    kind = float(stats.binom.sf(x[0] - 1, n, p.high))
    ratios = [kupiec(p.value, n=n, x=count) for count in range(x[0], min(x[1], x[0] + 10) + 1)]
    colour = RED_WORD if min(harsh, kind) < RED else GREEN_WORD if min(harsh, kind) > GREEN else YELLOW_WORD
    if censored and colour == GREEN_WORD:
        colour = SILENT_WORD
    return Tails(harsh, kind, colour, (min(ratios), max(ratios)))


def kupiec(p: float, *, n: int, x: int) -> float:
    """-2 ln of the likelihood at p over that at x / n; infinite if p makes x impossible."""

    def log_likelihood(q: float) -> float:
        terms = ((x, q), (n - x, 1 - q))
        if any(count and share <= 0 for count, share in terms):
            return -math.inf
        return sum(count * math.log(share) for count, share in terms if count)

    return max(0.0, -2 * (log_likelihood(p) - log_likelihood(x / n)))


@dataclass(frozen=True)
class Power:
    """What n windows with x draws can refuse: red outside (red_low, red_high), yellow outside (green_low, green_high).

    never: the smallest probability that n windows without any draw would refuse at 5%, one-sided.
    """

    n: int
    red_low: float
    green_low: float
    green_high: float
    red_high: float
    never: float

    def can_test(self, p: float) -> bool:
        """Whether some count of draws that is possible at p would be yellow or red."""
        return not self.green_low <= p <= self.green_high


def power(*, n: int, x: tuple[int, int]) -> Power:
    """The probabilities that x (smallest, largest possible) of n windows do not refuse: Clopper-Pearson ends."""

    def low(tail: float) -> float:
        return float(stats.beta.ppf(tail, x[0], n - x[0] + 1)) if x[0] else 0.0

    def high(tail: float) -> float:
        return float(stats.beta.isf(tail, x[1] + 1, n - x[1])) if x[1] < n else 1.0

    return Power(n, low(RED), low(GREEN), high(GREEN), high(RED), 1 - 0.05 ** (1 / n))
