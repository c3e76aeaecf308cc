"""`--traders N`: the number of traders of each cohort for a given total."""

from ..agents.shares import trader_counts
from .model import RunConfig


def traders_overrides(config: RunConfig, traders: int) -> list[str]:
    """Overrides that make all cohorts and named agents together `traders`; ConfigError if that is too few.

    Ordinary cohorts keep their proportions; makers, arbitrageurs and named agents keep their numbers; money stays.
    """
    counts = trader_counts(config.population, n_agents=len(config.agents), traders=traders)
    return [f"population.cohorts[{index}].traders={count}" for index, count in enumerate(counts)]
