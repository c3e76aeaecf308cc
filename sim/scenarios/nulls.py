"""Null models of a run: what is predicted without the part of the model that is under test.

- index alone: the mark is the index of the model's own run; only metrics of prices have a value.
- no liquidations: the same config with a latency of liquidation that is longer than the run: the distressed wait.
- no market: the same config without anybody who only trades, so that the book is empty: the index goes through the
  margin and clearing rules, and every liquidation passes to the layers after the book.
"""

from dataclasses import replace

import numpy as np

from ..agents.behaviours.carry import Carry
from ..agents.behaviours.levered import Levered
from ..config import RunConfig
from .metrics import Outcome

INDEX_ALONE = "index alone"
NO_LIQUIDATIONS = "no liquidations"
NO_MARKET = "no market"
NULLS = (INDEX_ALONE, NO_LIQUIDATIONS, NO_MARKET)


def index_alone(run: Outcome) -> Outcome:
    """The run with the index for its mark, and nothing else of its series: for metrics of prices only."""
    series = {name: run.series[name] for name in ("time_ms", "index_price")}
    return replace(run, row={"dislocation_max": 0.0}, series={**series, "mark_price": np.copy(series["index_price"])})


def no_liquidations(config: RunConfig) -> RunConfig:
    """The config with liquidations that come after the end of the run; accounts below zero wait for them."""
    policy = config.liquidation.model_copy(update={"latency_ms": config.duration_ms + 1})
    return config.model_copy(update={"liquidation": policy})


def no_market(config: RunConfig) -> RunConfig | str:
    """The config with its holders of positions alone; or why it cannot be had.

    A cohort without an opening position goes, and so do the programs of whales. Holders keep their stops and top-ups.
    """
    for cohort in config.population.cohorts:
        if cohort.opening and not isinstance(cohort.behaviour, Levered | Carry):
            return f"cohort {cohort.name} holds positions and quotes: without it the book of positions is another"
    for agent in config.agents:
        if agent.kind != "whale":
            return f"agent {agent.name} is a user's own and may trade"
    cohorts = tuple(cohort for cohort in config.population.cohorts if cohort.opening)
    return config.model_copy(
        update={
            "population": config.population.model_copy(update={"cohorts": cohorts}),
            "agents": tuple(agent.model_copy(update={"programs": ()}) for agent in config.agents if agent.positions),
        }
    )
