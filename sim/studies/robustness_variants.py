"""The changes that a check makes to a config, one at a time: numbers of traders, steps, orders of clearing, buckets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from ..clearing.liquidation import FullLiquidation
from ..config import RunConfig, Setting
from ..config.traders import traders_overrides
from ..errors import ConfigError
from ..units import allocate_largest_remainder

TRADERS_TIMES = (0.3, 3.0)


@dataclass(frozen=True)
class Variant:
    """One change: its name in the report, its settings, and the number of pieces each step is cut into."""

    subject: str
    settings: tuple[Setting, ...] = ()
    refine: int = 1
    impossible: str = ""  # why it cannot be run


def variants_of(config: RunConfig, fidelity: str, traders: Sequence[int] = ()) -> list[Variant]:
    """The changes, one at a time. `traders`: totals; default: 0.3 and 3 times the config's."""
    return [*_traders(config, traders, fidelity), *(_reduced(config) if fidelity == "reduced" else _full(config))]


def _traders(config: RunConfig, wanted: Sequence[int], fidelity: str) -> list[Variant]:
    now = sum(cohort.traders for cohort in config.population.cohorts) + len(config.agents)
    ways = [("", _all_ordinary)]
    if fidelity == "full" and any(
        cohort.behaviour.ordinary and not cohort.opening for cohort in config.population.cohorts
    ):
        ways.append((", multiplying only those who open with a position", _openers_only))
    found = []
    for total in wanted or [round(now * times) for times in TRADERS_TIMES]:
        for words, counts_of in ways:
            subject = f"{total:,} traders in place of {now:,}{words}"
            try:
                if config.positions is not None:
                    raise ConfigError("opening positions are read from a file, whose traders cannot be multiplied")
                counts = counts_of(config, total)
                limits = _limits_of_accounts(config, total / now)
                subject += ", limits of accounts in proportion" if limits else ""
                found.append(Variant(subject, (*counts, *limits)))
            except ConfigError as error:
                if wanted and not words:
                    raise
                found.append(Variant(subject, impossible=str(error)))
    return found


def _all_ordinary(config: RunConfig, total: int) -> tuple[Setting, ...]:
    """As `--traders` does it."""
    texts = [text.partition("=") for text in traders_overrides(config, total)]
    return tuple((path, int(value)) for path, _, value in texts)


def _openers_only(config: RunConfig, total: int) -> tuple[Setting, ...]:
    """Cohorts without opening positions stay as they are.

    Their orders keep their size while `--traders` cuts their money into more accounts, which makes each order a greater
    part of its account: their losses then grow with the number of traders, which says nothing about the opening book.
    """
    cohorts = config.population.cohorts
    openers = [cohort.traders if cohort.behaviour.ordinary and cohort.opening else 0 for cohort in cohorts]
    others = sum(cohort.traders for cohort in cohorts) - sum(openers) + len(config.agents)
    n_openers = sum(1 for count in openers if count)
    if not n_openers or total - others < n_openers:
        raise ConfigError(f"{others:,} traders open without a position, or are makers, arbitrageurs or named agents")
    parts = allocate_largest_remainder(total - others - n_openers, openers)
    return tuple(
        (f"population.cohorts[{index}].traders", part + 1)
        for index, (part, own) in enumerate(zip(parts, openers, strict=True))
        if own
    )


def _limits_of_accounts(config: RunConfig, times: float) -> tuple[Setting, ...]:
    """Limits that count accounts, multiplied: otherwise a market cut into more accounts would clear more slowly."""
    limits = {"liquidation.per_second": config.liquidation.per_second} | {
        f"waterfall[{number}].matches_per_cycle": getattr(layer, "matches_per_cycle", None)
        for number, layer in enumerate(config.waterfall)
    }
    return tuple((path, max(1, round(limit * times))) for path, limit in limits.items() if limit is not None)


def _quicker_looks(config: RunConfig) -> tuple[Setting, ...]:
    """Makers look four times as often, so that they still see each step before it is cleared if they did before.

    Changing steps alone also changes who acts first after a jump, makers or the liquidation engine; that is not an
    error of the step.
    """
    return tuple(
        (f"population.cohorts[{cohort.name}].behaviour.look_interval_ms", max(1, interval // 4))
        for cohort in config.population.cohorts
        if (interval := cohort.behaviour.look_ms()) is not None
    )


def _full(config: RunConfig) -> list[Variant]:
    policy = config.liquidation
    found = [Variant("Every step cut into four", refine=4)]
    looks = _quicker_looks(config)
    if looks:
        found.append(Variant("Every step, and the time between makers' looks, cut into four", looks, refine=4))
    for name in ("priority", "mode"):
        now = getattr(policy, name)
        for value in get_args(FullLiquidation.model_fields[name].annotation):
            if value != now:
                found.append(Variant(f"Clearing {value} in place of {now}", ((f"liquidation.{name}", value),)))
    return found


def _reduced(config: RunConfig) -> list[Variant]:
    assert config.reduced is not None
    steps, buckets = config.reduced.steps, config.reduced.buckets
    changes = [
        ("steps", steps, 4 * steps),
        ("buckets", buckets, max(1, buckets // 2)),
        ("buckets", buckets, 2 * buckets),
    ]
    return [
        Variant(f"{new:,} {name} in place of {now:,}", ((f"reduced.{name}", new),))
        for name, now, new in changes
        if new != now
    ]
