"""Checks a config for the reduced engine: what it reads, what it refuses, and if one run gives the whole fund curve.

It reads: one market's price process (gbm, kou, merton, single_shock), margin schedule and liquidation fee, one fund's
seed and fee share, who keeps the surplus, the mode of clearing, the layers of the waterfall, and the opening positions
of all cohorts and named agents; makers' depth where the impact curve states none. A mechanism without a counterpart is
refused by name, unless the study lists it in `reduced.leaves_out`. The clock, `record` and the unwinding of ENGINE do
not apply: the section states its own steps, and positions taken over are sold at once.
"""

from collections.abc import Iterator

from ..agents import Whale
from ..agents.behaviours import Levered, MarketMaker
from ..clearing.liquidation import FractionLiquidation, FullLiquidation
from ..clearing.margin import OwnSchedule
from ..config import RunConfig
from ..config.problems import Problem, raise_problems
from ..config.reduced import Feature, NoImpact
from ..config.yamlfile import Step
from ..market.funding import NoFunding
from ..market.impact import ExogenousIndex
from ..market.mark import IndexMark
from ..market.price import Gbm, Independent, Kou, Merton, SingleShock

Path = tuple[Step, ...]
#: A refusal: the feature that may be left out (None: never), its path, and the replacement.
Refusal = tuple[Feature | None, Path, str]
Refusals = Iterator[Refusal]

PRICES = (Gbm, Kou, Merton, SingleShock)
LAYERS = ["takeover", "insurance_fund", "adl", "socialised_loss"]


def require_reduced(config: RunConfig) -> None:
    """Raise ConfigError naming each mechanism that the reduced engine cannot simulate, and its replacement."""
    if config.reduced is None:
        raise_problems(
            [Problem(("reduced",), "must be given for fidelity reduced, found nothing")], None, config._places
        )
        return
    allowed = config.reduced.leaves_out
    problems = []
    for feature, path, text in refusals(config):
        if feature is None:
            problems.append(Problem(path, f"must fit the reduced engine: {text}"))
        elif feature not in allowed:
            hint = f"or add {feature!r} to reduced.leaves_out to run without it, or use fidelity full"
            problems.append(Problem(path, f"must fit the reduced engine: {text}, {hint}"))
    raise_problems(problems, None, config._places)


def refusals(config: RunConfig) -> Refusals:
    """Every mechanism in use without a counterpart in the reduced engine."""
    yield from _markets(config)
    yield from _liquidation(config)
    yield from _waterfall(config)
    yield from _traders(config)


def _markets(config: RunConfig) -> Refusals:
    if len(config.markets) != 1 or len(config.funds) != 1:
        yield None, ("markets",), f"it simulates one market with one fund, found {len(config.markets)} markets"
    if not isinstance(config.prices, Independent):
        yield None, ("prices",), "it simulates one market: use {kind: independent}"
    market, where = config.markets[0], ("markets", 0)
    assert config.reduced is not None
    if isinstance(market.margin, OwnSchedule) and market.margin.is_formula:
        yield None, (*where, "margin"), "it solves liquidation prices tier by tier: use a schedule with tiers"
    jumps = config.reduced.jumps
    if not isinstance(market.price, PRICES):
        kinds = ", ".join(price.model_fields["kind"].default for price in PRICES)
        yield None, (*where, "price"), f"use one of {kinds} (gbm with reduced.jumps) in place of {market.price.kind}"
    elif jumps is not None and not isinstance(market.price, Gbm):
        yield (
            None,
            ("reduced", "jumps"),
            f"{market.price.kind} has jumps of its own: use gbm, or leave reduced.jumps out",
        )
    if not isinstance(market.impact, ExogenousIndex):
        yield "index_impact", (*where, "impact"), "its only impact is reduced.impact: use {kind: exogenous}"
    if not isinstance(market.mark, IndexMark):
        yield "mark_rule", (*where, "mark"), "its mark is the price itself: use {kind: index}"
    if not isinstance(market.funding, NoFunding):
        yield "funding", (*where, "funding"), "it pays no funding: use {kind: none}"


def _liquidation(config: RunConfig) -> Refusals:
    policy, where = config.liquidation, ("liquidation",)
    if not isinstance(policy, FullLiquidation):
        yield "partial_liquidation", where, f"it closes positions whole: use kind full in place of {policy.kind}"
    if isinstance(policy, FractionLiquidation) and policy.cooldown_ms:
        yield "latency", (*where, "cooldown_ms"), "it liquidates at once: use 0"
    if policy.order != "bankruptcy_limit":
        yield (
            None,
            (*where, "order"),
            "the part that the fund cannot pay is closed at the bankruptcy price: use bankruptcy_limit",
        )
    if policy.taker_fee != "exempt":
        yield None, (*where, "taker_fee"), "it charges liquidations no taker fee: use exempt"
    if policy.penalty_base != "mark":
        yield None, (*where, "penalty_base"), "its penalty is on the value at mark: use mark"
    if policy.priority != "riskiest_first":
        yield None, (*where, "priority"), "levels are liquidated as the price reaches them: use riskiest_first"
    if policy.latency_ms:
        yield "latency", (*where, "latency_ms"), "it liquidates at once: use 0"
    if policy.per_second is not None:
        yield "throttle", (*where, "per_second"), "it has no limit per second: use null"


def _waterfall(config: RunConfig) -> Refusals:
    kinds = [layer.kind for layer in config.waterfall]
    if kinds != [kind for kind in LAYERS if kind in kinds]:
        yield None, ("waterfall",), f"its layers must be in the order {', '.join(LAYERS)}, found {', '.join(kinds)}"
    if ("takeover" in kinds) != ("insurance_fund" in kinds):
        yield (
            None,
            ("waterfall",),
            "the fund pays for positions it takes over: use takeover and insurance_fund together",
        )
    for number, layer in enumerate(config.waterfall):
        if layer.kind == "adl" and layer.matches_per_cycle is not None:
            yield "throttle", ("waterfall", number, "matches_per_cycle"), "it does not limit matches: use null"
    if config.funds[0].inventory_cap_quote is not None:
        text = "positions taken over are sold at once, so there is no inventory: use null"
        yield "inventory_cap", ("funds", 0, "inventory_cap_quote"), text


def _traders(config: RunConfig) -> Refusals:
    for number, cohort in enumerate(config.population.cohorts):
        behaviour, where = cohort.behaviour, ("population", "cohorts", number)
        if isinstance(behaviour, Levered):
            if behaviour.topup_accounts_ppm or behaviour.comeback_accounts_ppm:
                text = "traders neither top up nor come back: use 0 accounts (comebacks: reduced.renewal)"
                yield "topups", (*where, "behaviour"), text
        elif not isinstance(behaviour, MarketMaker):
            text = f"{behaviour.kind} cohorts do not trade in it: remove {cohort.name}"
            yield "flow_traders", (*where, "behaviour"), text
        if any(item.stops is not None and item.stops.accounts_ppm for item in cohort.opening):
            yield "stops", (*where, "opening"), "it has no stop-losses: remove the stops"
    for number, agent in enumerate(config.agents):
        if not isinstance(agent, Whale):
            yield None, ("agents", number), f"it runs no code of your own: remove {agent.name} or use fidelity full"
        elif agent.programs:
            yield "programs", ("agents", number, "programs"), "agents do not trade in it: remove the programs"


def reasons_against_one_run(config: RunConfig) -> tuple[str, ...]:
    """Reasons why P(fund of size F is exhausted) must NOT be read from `required_fund` of one run; empty if it may be.

    It may while the path until exhaustion does not depend on the fund's size. Where this is not empty, run
    each fund size (common random numbers: paths are the same) and bisect.
    """
    assert config.reduced is not None
    rules = config.reduced.fund
    reasons = []
    if rules.cap_quote is not None:
        reasons.append("reduced.fund.cap_quote: income above the cap leaves the fund")
    if rules.adl_drawdown_ppm is not None:
        reasons.append("reduced.fund.adl_drawdown_ppm: ADL begins before the fund is empty")
    if rules.replenishment is not None:
        reasons.append("reduced.fund.replenishment: money comes because the fund has fallen")
    return tuple(reasons)


def needs_depth(config: RunConfig) -> bool:
    """True if the impact curve reads the makers' depth."""
    assert config.reduced is not None
    curve = config.reduced.impact
    return not isinstance(curve, NoImpact) and curve.within_ppm is None
