"""Custom parts in place of a mechanism of a config, and the family of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ConfigError
from ..own_parts import OwnPart, UserPart


def _families() -> Iterator[tuple[type, type[OwnPart]]]:
    """Base class of custom parts, and the policy that carries it into a config."""
    from ..agents.behaviours.own import OwnBehaviour
    from ..clearing.adl import OwnAllocation, OwnRanking
    from ..clearing.margin import OwnSchedule
    from ..market.price.own import OwnPath

    for policy in (OwnBehaviour, OwnAllocation, OwnRanking, OwnSchedule, OwnPath):
        yield policy.base, policy


def mechanism_of(value: Any) -> Any:
    """The value as a config takes it: a custom object or class becomes the mechanism that carries its code.

    Also one inside a mapping or a list: the behaviour of a new cohort, a layer of a whole waterfall.

    Raises ConfigError for an agent, which also needs a name and money, and for a class of no known family.
    """
    if isinstance(value, Mapping):
        return {key: mechanism_of(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(mechanism_of, value))
    kind = value if isinstance(value, type) else type(value)
    if not issubclass(kind, UserPart):
        return value
    for base, policy in _families():
        if issubclass(kind, base):
            return policy.of(value)
    raise ConfigError(
        f"{kind.__name__} needs a name and money: pass UserAgentConfig.of({kind.__name__}(...), name=..., ...)"
    )
