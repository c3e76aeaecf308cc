"""What an endless fund would have needed in a run: the run again with a fund that never runs dry, on its randomness.

A run whose fund ran dry, or whose takeovers stopped at the inventory cap, knows only a lower bound of its required fund
(`required_fund_is_bound`). Up to the moment of the first limit the second pass is the same run; after it ADL is absent
and the engine carries the positions instead. Decides which passes are needed; decision note 0030.
"""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypedDict

from ..config import RunConfig
from ..errors import ResultError
from .config import LARGEST, fund_at_hand, open_interest_quote, with_endless_funds

#: Growth of a fund that did run dry, and the number of attempts.
_GROWTH, _ATTEMPTS = 64, 4


class EndlessFund(TypedDict):
    """Required funds of a run with an endless fund, quanta, and the seconds that it took to find them."""

    required_fund_quanta: int  # with the inventory caps of the config
    without_cap_quanta: int | None  # without them; None if no cap was reached
    seconds: float


def endless_fund(
    config: RunConfig, row: Mapping[str, Any], *, scenario: int = 0, replication: int = 0
) -> EndlessFund | None:
    """The required fund of the run with this row of `runs` if its fund were endless; None if the row is no bound.

    ResultError if every fund that was tried ran dry.
    """
    if not row["required_fund_is_bound"]:
        return None
    started = time.perf_counter()
    first, place = row, (scenario, replication)
    if "fund" in str(row["required_fund_bound_by"]):
        first = _with_endless_fund(config, row, place)
    without_cap = None
    if "cap" in str(first["required_fund_bound_by"]):
        without_cap = int(_with_endless_fund(_without_cap(config), row, place)["required_fund_quanta"])
    return {
        "required_fund_quanta": int(first["required_fund_quanta"]),
        "without_cap_quanta": without_cap,
        "seconds": round(time.perf_counter() - started, 3),
    }


def _with_endless_fund(config: RunConfig, row: Mapping[str, Any], place: tuple[int, int]) -> Mapping[str, Any]:
    """The row of the run with funds so large that none runs dry.  place: scenario and replication."""
    from ..engine.simulation import simulate

    amount = _start(config, row)
    for _ in range(_ATTEMPTS):
        changed = with_endless_funds(config, amount)
        found = simulate(changed, detail="summary", scenario=place[0], replication=place[1]).runs
        if "fund" not in str(found["required_fund_bound_by"]):
            return found
        amount *= _GROWTH
    raise ResultError(f"no required fund with an endless fund: a fund of {amount / _GROWTH:,.0f} ran dry too")


def _start(config: RunConfig, row: Mapping[str, Any]) -> Decimal:
    """The first fund to try, quote units at venue scale: more than the run's own fund, its positions, its ADL."""
    moved = int(row["liquidated_notional_quanta"]) + int(row["adl_notional_quanta"])
    of_run = moved * config.quantum / config.scale.simulated_share
    at_hand = Decimal(repr(fund_at_hand(config)))
    return LARGEST * (open_interest_quote(config) + of_run + at_hand).to_integral_value("ROUND_CEILING")


def _without_cap(config: RunConfig) -> RunConfig:
    funds = tuple(fund.model_copy(update={"inventory_cap_quote": None}) for fund in config.funds)
    return config.model_copy(update={"funds": funds})
