"""What is on record beside the draws, as the panel takes it: falls of the price, liquidations."""

from collections.abc import Mapping
from dataclasses import dataclass

from .windows import Windows


@dataclass(frozen=True)
class RecordedFalls:
    """Hours that fell further than `beyond` (fraction, open to low) in `years`, with a 95% interval of the count."""

    beyond: float
    count: int
    low: float
    high: float
    years: float
    source: str


@dataclass(frozen=True)
class LargestFall:
    """The largest fall within an hour on record, a fraction."""

    fall: float
    source: str


@dataclass(frozen=True)
class RecordedLiquidations:
    """Liquidated notional of thirty days over open interest: range and middle of what a venue published.

    is_rule: whether the model must be near it; venues' figures differ too much for a rule, a user's own do not.
    """

    low: float
    middle: float
    high: float
    n: int
    source: str
    is_rule: bool = False


@dataclass(frozen=True)
class Record:
    """All that a model is held against.  windows: of draws; variants: other readings of the same record, by name."""

    windows: Windows
    variants: Mapping[str, Windows]
    falls: tuple[RecordedFalls, ...] = ()
    largest_fall: LargestFall | None = None
    liquidations: tuple[RecordedLiquidations, ...] = ()
    notes: tuple[str, ...] = ()
