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

    As the config states it; else, and with a positions file, that of the opening book: it is then drawn or read, and
    own code that knows the first price is executed.
    """
    covered = {market for fund in config.funds for market in fund.markets}
    stated = {} if config.positions is not None else _stated(config)
    held = {position.market for agent in config.agents for position in agent.positions}
    unstated = {name for name in covered if stated.get(name) is None and (name in stated or name in held)}
    if config.positions is not None:
        unstated = covered
    total = sum((amount for name, amount in stated.items() if name in covered and amount is not None), Decimal(0))
    return total + (_of_the_book(config, unstated) if unstated else 0)


def _stated(config: RunConfig) -> dict[str, Decimal | None]:
    """Open interest of the markets of which the config states it; None where it takes a price that is not stated."""
    opening = {market.name: market.price.start_price() for market in config.markets}
    found: dict[str, Decimal | None] = {}
    for item in config.population.open_interest:
        price = opening[item.market]
        found[item.market] = item.quote
        if item.base is not None:
            found[item.market] = None if price is None else item.base * price
    return found


def _of_the_book(config: RunConfig, markets: set[str]) -> Decimal:
    """Open interest of these markets in the opening book."""
    from ..runs.inputs import opening_interest

    quanta = opening_interest(config)
    total = sum(amount for name, amount in zip(config.market_names, quanta.tolist(), strict=True) if name in markets)
    return Decimal(total) * config.quantum / config.scale.simulated_share


def fund_at_hand(config: RunConfig) -> float:
    """All funds of the config together, quote units at venue scale."""
    return float(sum(fund.seed_quote for fund in config.funds))


def with_fund(config: RunConfig, quote: Decimal) -> RunConfig:
    """The same config with funds of `quote` together, split as the configured seeds are.

    Equally if one is 0: it says nothing about a share, and a fund of nothing would let ADL begin whatever the others
    hold.
    """
    seeds = [fund.seed_quote for fund in config.funds]
    whole = sum(seeds)
    shares = [seed / whole if all(seeds) else Decimal(1) / len(seeds) for seed in seeds]
    funds = tuple(
        fund.model_copy(update={"seed_quote": quote if len(seeds) == 1 else quote * share})
        for fund, share in zip(config.funds, shares, strict=True)
    )
    return config.model_copy(update={"funds": funds})


def with_endless_funds(config: RunConfig, quote: Decimal) -> RunConfig:
    """The same config with `quote` in every fund, enough for each alone never to run dry."""
    funds = tuple(fund.model_copy(update={"seed_quote": quote}) for fund in config.funds)
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
