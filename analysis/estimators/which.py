"""Which estimator when: the table, and a choice from it.

Crude Monte Carlo for 1e-3 and above, importance sampling with a tail fit that agrees for 1e-4, importance sampling
alone below 1e-5; what must hold for each stands in its row. HOWTO.md is the same in words.
"""

from dataclasses import asdict, dataclass

import pandas as pd


@dataclass(frozen=True)
class Estimator:
    """A row of the table."""

    name: str
    module: str
    use_when: str
    needs: str
    interval: str
    refuses_when: str


ESTIMATORS = (
    Estimator(
        "crude, Clopper-Pearson",
        "intervals",
        "P >= 1e-3, or a claim that P is below a target",
        "independent runs; 3 / P of them without an event, 385 events for 10%",
        "exact, never covers less than its level; Wilson for charts",
        "never: 0 of n has an upper bound",
    ),
    Estimator(
        "crude, order statistics",
        "quantiles",
        "the fund for P >= 1e-3, and the whole curve, from one set of runs",
        "nothing before first exhaustion depends on the fund's size",
        "exact, ranks of the binomial",
        "n below ln(0.025) / ln(1 - P): 3,688 for 1e-3",
    ),
    Estimator(
        "bisection on common random numbers",
        "bisection",
        "the fund where caps, pools, drawdown triggers or agents read it",
        "the same randomness for every size; runs as for order statistics",
        "order statistics of the root",
        "larger funds exhaust runs that smaller ones survive, or the range holds no root",
    ),
    Estimator(
        "crude, stopped at events",
        "stopping",
        "a stated precision without knowing P: stop at the 385th event for 10%",
        "runs one at a time, or events counted inside the last batch",
        "exact, unbiased (k-1)/(n-1)",
        "fewer than 2 events",
    ),
    Estimator(
        "importance sampling",
        "importance, one_big_jump",
        "P <= 1e-4 driven by exogenous jumps",
        "log likelihood ratio of each run; only exogenous noise tilted; a mixture that reaches every way to the event",
        "normal",
        "one run over 2% of the estimate, fewer than 100 effective runs, weights with too heavy a tail",
    ),
    Estimator(
        "tilted ruin",
        "tilted_ruin",
        "a fund of Poisson claims and premiums alone: baselines down to 1e-9",
        "light-tailed claims",
        "normal, relative error bounded in the fund",
        "a tilt without a law",
    ),
    Estimator(
        "peaks over threshold, bootstrap",
        "tails",
        "extrapolating crude runs by a factor of 10 to 100; a second opinion for 1e-4",
        "50 losses above a threshold at which the stability table is level",
        "percentile bootstrap of the whole procedure; covers less than it says (HOWTO.md)",
        "means where the interval of xi reaches 1, ties at the threshold, P inside the sample",
    ),
    Estimator(
        "multilevel splitting",
        "splitting, splitting_steps",
        "rare by many small steps, no likelihood ratio; not where one jump decides, there crude runs are better",
        "a state that can be resumed with fresh randomness, or a run that is a function of one key a step",
        "t over 10 or more replicates",
        "over half of the replicates died out",
    ),
    Estimator(
        "subset simulation",
        "subset",
        "rare, black box: the full engine fed with a vector of Gaussian shocks",
        "losses as a function of the shock vector; 2,000 runs a level",
        "t over 10 or more replicates; biased of order 1/n",
        "chains that do not move, or replicates that lost the event",
    ),
    Estimator(
        "randomised Sobol",
        "rqmc",
        "smooth means (expected shortfall) and P >= 1e-2",
        "uniforms in; number of jumps and largest jumps in the first dimensions",
        "t over 16 or more scramblings",
        "fewer events than scramblings",
    ),
    Estimator(
        "control variate",
        "control",
        "means, beside a result with a known mean: jump-only shortfall",
        "correlation: 0.95 gives 10 times less variance",
        "t",
        "the control's mean is five standard errors from the stated one",
    ),
    Estimator(
        "paired difference",
        "paired",
        "two levers, one question: does it help?",
        "both arms on the same randomness (the same scenario and replication)",
        "t; Agresti & Min for probabilities",
        "never: arms that agree in all runs still have an interval",
    ),
    Estimator(
        "newsvendor",
        "newsvendor",
        "no target probability, but costs of capital and of shortfall",
        "a mean shortfall that exists (xi below 1)",
        "that of a quantile; normal for the cost",
        "as order statistics, or as importance sampling",
    ),
)


def table() -> pd.DataFrame:
    """The table: name, module, use_when, needs, interval, refuses_when."""
    return pd.DataFrame([asdict(row) for row in ESTIMATORS])


def choose(
    p: float,
    *,
    fund_feeds_back: bool = False,
    has_likelihood_ratio: bool = False,
    has_clonable_state: bool = False,
    has_shock_vector: bool = False,
) -> list[str]:
    """Names of the estimators for a probability near `p`, best first; those that must agree with it follow.

    fund_feeds_back: the path before exhaustion depends on the fund's size. ValueError where nothing reaches p.
    """
    if not 0 < p < 1:
        raise ValueError(f"a probability must lie between 0 and 1, found {p}")
    if fund_feeds_back:
        if p < 1e-3 and not has_likelihood_ratio:
            raise ValueError(
                f"a fund that feeds back is searched run by run: {p:g} takes {4 / p:,.0f} runs a fund size"
            )
        return ["bisection on common random numbers"]
    if p >= 1e-3:
        return ["crude, order statistics", "crude, Clopper-Pearson"]
    tail = ["peaks over threshold, bootstrap"] if p >= 1e-5 else []
    rare = [
        name
        for name, possible in (
            ("importance sampling", has_likelihood_ratio),
            ("multilevel splitting", has_clonable_state),
            ("subset simulation", has_shock_vector),
        )
        if possible
    ]
    if not rare + tail:
        raise ValueError(
            f"{p:g} needs weighted runs, a state to branch from, or a shock vector: crude runs do not reach"
        )
    return rare + tail
