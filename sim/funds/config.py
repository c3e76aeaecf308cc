"""The facts of a config that sizing a fund needs, and the config with another fund or horizon.

Amounts are quote units at venue scale. Leaves to others: whether the fund feeds back (`feedback.py`), the runs.
"""

from decimal import Decimal

from ..config import RunConfig
from ..config.reduced import HalfLifeRenewal

#: A fund this many times the open interest is more than any path draws.
LARGEST = Decimal(4)


def open_interest_quote(config: RunConfig) -> Decimal:
    """Open interest of all markets that a fund stands behind, quote units at venue scale, at the opening price.

    That of the positions file where the config names one: reads it, and executes own code that knows the first price.
    """
    covered = {market for fund in config.funds for market in fund.markets}
    if config.positions is not None:
        return _of_positions(config, covered)
    opening = {market.name: market.price.start_price() for market in config.markets}
    total = Decimal(0)
    for item in config.population.open_interest:
        if item.market not in covered:
            continue
        if item.quote is not None:
            total += item.quote
        elif item.base is not None and (price := opening[item.market]) is not None:
            total += item.base * price
    return total


def _of_positions(config: RunConfig, covered: set[str]) -> Decimal:
    from ..runs.inputs import opening_interest

    quanta = opening_interest(config)
    total = sum(amount for name, amount in zip(config.market_names, quanta.tolist(), strict=True) if name in covered)
    return Decimal(total) * config.quantum / config.scale.simulated_share


def fund_at_hand(config: RunConfig) -> float:
    """All funds of the config together, quote units at venue scale."""
    return float(sum(fund.seed_quote for fund in config.funds))


def with_fund(config: RunConfig, quote: Decimal) -> RunConfig:
    """The same config with funds of `quote` together, split as the configured seeds are (equally if all are 0)."""
    seeds = [fund.seed_quote for fund in config.funds]
    whole = sum(seeds)
    shares = [seed / whole if whole else Decimal(1) / len(seeds) for seed in seeds]
    funds = tuple(
        fund.model_copy(update={"seed_quote": quote if len(seeds) == 1 else quote * share})
        for fund, share in zip(config.funds, shares, strict=True)
    )
    return config.model_copy(update={"funds": funds})


def horizon_days(config: RunConfig, fidelity: str) -> float:
    """Length of a run or path, days."""
    if fidelity == "reduced" and config.reduced is not None and config.reduced.horizon_days is not None:
        return float(config.reduced.horizon_days)
    return float(config.duration_s) / 86_400


def with_horizon(config: RunConfig, days: float) -> RunConfig:
    """The same reduced config with paths of this length, its coarse steps as long as before."""
    assert config.reduced is not None
    steps = max(1, round(config.reduced.steps * days / horizon_days(config, "reduced")))
    section = config.reduced.model_copy(update={"horizon_days": Decimal(repr(days)), "steps": steps})
    return config.model_copy(update={"reduced": section})


def state_of(config: RunConfig, fidelity: str) -> dict[str, str]:
    """What the config states about open interest, replenishment and the basis of its probabilities."""
    renewed = replenishment = None
    if fidelity == "reduced" and config.reduced is not None:
        renewed = isinstance(config.reduced.renewal, HalfLifeRenewal)
        rules = config.reduced.fund
        if rules.replenishment is not None:
            at_once = rules.replenishment.lag_days == 0 and rules.replenishment.per_day_quote is None
            replenishment = "injected" if at_once else "lagged"
        elif rules.cap_quote is not None:
            replenishment = "capped"
    stress = any(market.price.is_scenario for market in config.markets)
    return {
        "open_interest": "renewed" if renewed else "aged_once",
        "replenishment": replenishment or "none",
        "basis": "given_stress" if stress else "within_horizon",
    }
