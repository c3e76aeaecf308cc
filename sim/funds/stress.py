"""The config of one stress: a fall of a stated size, a book thinner by a stated share, one account of a stated size.

A reverse stress test searches over these. Leaves to others: the search, and the test of whether a fund is exhausted.
"""

from decimal import Decimal
from typing import TypeVar

from ..agents import Whale
from ..agents.named import NamedPosition
from ..config import RunConfig
from ..config.places import error_at
from ..config.reduced import NoImpact
from ..errors import ConfigError
from ..market.price import Independent, SingleShock
from ..policy import Policy
from .config import open_interest_quote

#: Time of the shock where the config's price is not a single shock already.
SHOCK_MS = 60_000
#: Length of a run or path in that case.
HORIZON_S = 3_600
WHALE = "largest account"
P = TypeVar("P", bound=Policy)


def with_shock(
    config: RunConfig, *, fidelity: str, jump: float, depth_loss: float, concentration: float, leverage: Decimal
) -> RunConfig:
    """The config with its first market's price falling by `jump` (fraction) once, in place of any other price process.

    depth_loss: share of the makers' depth (reduced: of the impact curve's) that is gone from the start, below 1.
    concentration: share of the long open interest that one more cross account holds, with `leverage`; 0: no such
    account. ConfigError where a part does not fit the config.
    """
    if not 0 <= depth_loss < 1:
        raise ConfigError(f"depth loss must be at least 0 and below 1, found {depth_loss:g}")
    thinner = _thinner(config, fidelity, 1 - Decimal(repr(depth_loss)))
    return _with_whale(_with_jump(thinner, jump), Decimal(repr(concentration)), leverage)


def replaces_price(config: RunConfig) -> bool:
    """Whether `with_shock` puts a single shock in place of another price process."""
    return not isinstance(config.markets[0].price, SingleShock)


def _with_jump(config: RunConfig, jump: float) -> RunConfig:
    market, known = config.markets[0], config.markets[0].price
    if isinstance(known, SingleShock):
        price = _changed(known, shock_fraction=-Decimal(repr(jump)))
        return config.model_copy(update={"markets": (_changed(market, price=price), *config.markets[1:])})
    initial = known.start_price()
    if initial is None:
        text = f"{known.kind} states no price at the start; use kind single_shock"
        raise error_at(config, text, "markets", 0, "price")
    price = SingleShock(
        kind="single_shock",
        initial_price=initial,
        annual_volatility=0,
        shock_ms=SHOCK_MS,
        shock_fraction=-Decimal(repr(jump)),
    )
    update = {
        "markets": (_changed(market, price=price), *config.markets[1:]),
        "prices": Independent(kind="independent"),
        "duration_s": min(config.duration_s, HORIZON_S),
    }
    if config.reduced is not None:
        update["reduced"] = _changed(config.reduced, jumps=None, horizon_days=None)
    return config.model_copy(update=update)


def _thinner(config: RunConfig, fidelity: str, factor: Decimal) -> RunConfig:
    """Depth times `factor`: of the impact curve in the reduced engine where it states one, else of all makers."""
    if factor == 1:
        return config
    if fidelity == "reduced":
        assert config.reduced is not None
        impact = config.reduced.impact
        if isinstance(impact, NoImpact):
            text = "none means that there is no depth to lose; use linear or bounded"
            raise error_at(config, text, "reduced", "impact")
        if impact.bid_quote is not None and impact.ask_quote is not None:
            curve = _changed(impact, bid_quote=impact.bid_quote * factor, ask_quote=impact.ask_quote * factor)
            return config.model_copy(update={"reduced": _changed(config.reduced, impact=curve)})
    cohorts = tuple(
        cohort.model_copy(update={"behaviour": cohort.behaviour.with_depth(factor)})
        for cohort in config.population.cohorts
    )
    population = config.population.model_copy(update={"cohorts": cohorts})
    return config.model_copy(update={"population": population})


def _with_whale(config: RunConfig, share: Decimal, leverage: Decimal) -> RunConfig:
    if share == 0:
        return config
    if not 0 < share < 1:
        raise ConfigError(f"concentration must be at least 0 and below 1, found {share}")
    if any(agent.name == WHALE for agent in config.agents):
        text = f"{WHALE!r} is the name of the account that the stress adds; rename yours"
        raise error_at(config, text, "agents", f"[{WHALE}]", "name")
    size = (open_interest_quote(config) * share).quantize(Decimal(1))
    position = NamedPosition(market=config.markets[0].name, side="long", quote=size, leverage=leverage)
    whale = Whale(name=WHALE, positions=(position,))
    return config.model_copy(update={"agents": (*config.agents, whale)})


def _changed(policy: P, **changes: object) -> P:
    """The policy with some fields changed, validated again."""
    return type(policy).model_validate(
        {**{name: getattr(policy, name) for name in type(policy).model_fields}, **changes}
    )
