"""Consistency across the parts of a config: names, markets and funds, ticks and quantum, provenance.

Each check returns problems with their paths, so that all are reported at once with file and line.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from ..agents.cohort import OWN_BOOK, RESIDUAL
from ..errors import ConfigError
from ..ledger.accounts import is_reserved_name
from ..units import INT64_MAX, QUANTA_LIMIT
from .canonical import leaves
from .facts import problems_of_provenance
from .model import RunConfig
from .problems import Problem
from .sizes import problems_of_size
from .yamlfile import Step

Problems = Iterator[Problem]
#: Every value of a config with its path.
Values = Sequence[tuple[tuple[Step, ...], Any]]

#: Times in milliseconds stay far below what an integer holds.
MAX_DURATION_S = 10_000_000_000


def check_config(config: RunConfig) -> list[Problem]:
    """Every problem across the parts of a config that is valid part by part; empty if it can be run."""
    values = leaves(config)
    checks: tuple[Callable[[RunConfig], Problems], ...] = (
        partial(_whole_numbers_fit, values=values),
        _names_are_unique,
        _names_are_free,
        _times_fit,
        problems_of_size,
        _ticks_fit_the_quantum,
        partial(_money_has_headroom, values=values),
        _funds_cover_every_market_once,
        partial(_markets_are_known, values=values),
        _prices_fit_the_markets,
        _funding_makes_sense,
        partial(problems_of_provenance, values=values),
    )
    return [problem for check in checks for problem in check(config)]


def _repeated(names: list[str]) -> Iterator[tuple[int, str]]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield index, name


def _whole_numbers_fit(config: RunConfig, values: Values) -> Problems:
    """Kernels hold whole numbers in int64."""
    for path, value in values:
        if isinstance(value, int) and abs(value) > INT64_MAX and "params" not in path:
            yield Problem(path, f"must be at most {INT64_MAX:,}, found a number of more digits")


def _names_are_unique(config: RunConfig) -> Problems:
    for key, items in (("markets", config.markets), ("funds", config.funds), ("agents", config.agents)):
        for index, name in _repeated([item.name for item in items]):
            yield Problem((key, index, "name"), f"must be unique, {name} is a duplicate")
    for index, name in _repeated([cohort.name for cohort in config.population.cohorts]):
        yield Problem(("population", "cohorts", index, "name"), f"must be unique, {name} is a duplicate")
    cohorts = {cohort.name for cohort in config.population.cohorts}
    for index, agent in enumerate(config.agents):
        if agent.name in cohorts:
            yield Problem(("agents", index, "name"), f"must differ from the names of cohorts, {agent.name} is one")


def _names_are_free(config: RunConfig) -> Problems:
    """Accounts of the exchange, and cohorts that custom positions add, keep their names."""
    for index, agent in enumerate(config.agents):
        if is_reserved_name(agent.name):
            yield Problem(("agents", index, "name"), f"must not be an account of the exchange, {agent.name} is one")
    for index, cohort in enumerate(config.population.cohorts):
        if cohort.name in (OWN_BOOK, RESIDUAL):
            place = ("population", "cohorts", index, "name")
            yield Problem(place, f"must not be a cohort of custom positions, {cohort.name!r} is one")


def _times_fit(config: RunConfig) -> Problems:
    if config.duration_s > MAX_DURATION_S:
        yield Problem(("duration_s",), f"must be at most {MAX_DURATION_S:,} (300 years), found {config.duration_s}")
        return
    if config.duration_s * 1000 % 1 != 0:
        yield Problem(("duration_s",), f"must be whole milliseconds, found {config.duration_s}")
        return
    tick_ms = config.clock.tick_ms
    if config.duration_ms % tick_ms != 0:
        yield Problem(("duration_s",), f"must be a whole number of ticks of {tick_ms} ms, found {config.duration_s} s")
    if config.start_utc.microsecond % 1000:
        yield Problem(("start_utc",), f"must be whole milliseconds, found {config.start_utc.isoformat()}")
    if config.record.sample_ms < tick_ms:
        return  # sampled at every tick
    if config.record.sample_ms % tick_ms != 0:
        yield Problem(
            ("record", "sample_ms"), f"must be a whole number of ticks of {tick_ms} ms, found {config.record.sample_ms}"
        )


def _ticks_fit_the_quantum(config: RunConfig) -> Problems:
    for index, market in enumerate(config.markets):
        try:
            market.instrument(config.quantum)
        except ConfigError as error:
            yield Problem(("markets", index, "tick_size"), f"must fit asset.quantum: {error}")


def _money_has_headroom(config: RunConfig, values: Values) -> Problems:
    limit = QUANTA_LIMIT * config.quantum
    share = config.scale.simulated_share
    for path, value in values:
        is_money = isinstance(value, Decimal) and path[0] != "provenance" and str(path[-1]).endswith("quote")
        if is_money and value * share > limit:
            yield Problem(
                path, f"must stay within the int64 head-room of {limit:,.0f} {config.asset.name}, found {value}"
            )


def _funds_cover_every_market_once(config: RunConfig) -> Problems:
    owner: dict[str, str] = {}
    for index, fund in enumerate(config.funds):
        for place, name in enumerate(fund.markets):
            if name not in config.market_names:
                known = ", ".join(config.market_names)
                yield Problem(("funds", index, "markets", place), f"must be one of the markets {known}, found {name!r}")
            elif name in owner:
                yield Problem(
                    ("funds", index, "markets", place), f"must be in one fund only, {name} is also in {owner[name]}"
                )
            owner.setdefault(name, fund.name)
    for index, name in enumerate(config.market_names):
        if name not in owner:
            yield Problem(("markets", index, "name"), f"must be in exactly one fund, no fund names {name}")


def _markets_are_known(config: RunConfig, values: Values) -> Problems:
    """Every value under a key called `market` names a market of the run."""
    known = config.market_names
    for path, value in values:
        of_a_file = path[:2] == ("positions", "columns")
        if (
            path[-1] == "market"
            and "params" not in path
            and not of_a_file
            and isinstance(value, str)
            and value not in known
        ):
            yield Problem(path, f"must be one of the markets {', '.join(known)}, found {value!r}")


def _prices_fit_the_markets(config: RunConfig) -> Problems:
    n_markets = len(config.markets)
    for key, method in (("correlation", config.prices.factor), ("common_jumps", config.prices.shared)):
        try:
            method(n_markets)
        except ConfigError as error:
            yield Problem(("prices", key), f"must fit the {n_markets} markets: {error}")


def _funding_makes_sense(config: RunConfig) -> Problems:
    tick_ms = config.clock.tick_ms
    for index, market in enumerate(config.markets):
        interval_ms = market.funding.interval_ms
        if interval_ms is not None and interval_ms < tick_ms:
            yield Problem(
                ("markets", index, "funding", "interval_ms"),
                f"must be at least a tick of {tick_ms} ms, found {interval_ms}",
            )
