"""When a sweep has enough runs: `events>=385` or `rel_half_width<0.1`, of an event, in every arm.

Counts are paths in a study of the reduced engine, runs in one of the full engine. A number of events is the better
rule: stopping when the interval looks narrow stops early on lucky samples.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import results
from ..config.nearest import nearest_hint
from ..errors import ConfigError

#: Events that both runs and paths record, by name.
EVENTS = {event.name: event for event in results.EVENTS if event.column in {path.name for path in results.STUDY_PATHS}}
_RULE = re.compile(
    r"\s*(?:(?P<event>\w+)\s*:)?\s*(?P<what>events|rel_half_width)\s*(?P<sign>>=|<=?)\s*(?P<number>\S+)\s*$"
)
HalfWidth = Callable[[int, int], float]


@dataclass
class StoppingRule:
    """Counts an event by arm. half_width(events, n): relative half-width of a 95% interval of events / n."""

    event: str
    least_events: int | None
    most_half_width: float | None
    arms: int
    half_width: HalfWidth
    events: dict[int, int] = field(default_factory=dict)
    n: dict[int, int] = field(default_factory=dict)

    def add(self, row: dict[str, Any], paths: Any) -> None:
        """Count an outcome that is done."""
        if row["status"] != "done":
            return
        event = EVENTS[self.event]
        values = np.array([row[event.column]]) if paths is None else np.asarray(paths[event.column])
        arm = int(row["arm"])
        self.events[arm] = self.events.get(arm, 0) + int((values >= event.threshold).sum())
        self.n[arm] = self.n.get(arm, 0) + len(values)

    def is_met(self) -> bool:
        """True if every arm has enough."""
        return len(self.n) == self.arms and all(self._is_met(arm) for arm in self.n)

    def _is_met(self, arm: int) -> bool:
        events = self.events[arm]
        if self.least_events is not None:
            return events >= self.least_events
        assert self.most_half_width is not None
        return events > 0 and self.half_width(events, self.n[arm]) <= self.most_half_width

    def words(self) -> str:
        """The arm that is farthest from meeting the rule, as text."""
        if not self.n:
            return "no run is done"
        arm = min(self.n, key=lambda a: self.events[a] / max(self.n[a], 1))
        asked = f"{self.least_events} events" if self.least_events else f"a half-width of {self.most_half_width:.0%}"
        width = self.half_width(self.events[arm], self.n[arm]) if self.events[arm] else float("inf")
        return (
            f"arm {arm}: {self.events[arm]:,} events ({self.event}) in {self.n[arm]:,},"
            f" relative half-width {width:.0%}; required: {asked}"
        )


def parse_rule(text: str, *, arms: int, half_width: HalfWidth) -> StoppingRule:
    """Read `[EVENT:]events>=N` or `[EVENT:]rel_half_width<W`; ConfigError lists the choices."""
    match = _RULE.match(text)
    if match is None:
        raise ConfigError(
            f"until must be like events>=385, rel_half_width<0.1 or fund_empty:events>=100, found {text!r}"
        )
    event = match["event"] or "adl"
    if event not in EVENTS:
        raise ConfigError(
            f"until: event must be one of {', '.join(EVENTS)}, found {event!r}{nearest_hint(event, EVENTS)}"
        )
    number = _number(match["number"])
    wants_events = match["what"] == "events"
    if wants_events != (match["sign"] == ">=") or number <= 0:
        raise ConfigError("until: give events>=N, or rel_half_width<W with W above 0")
    if wants_events and number != round(number):
        raise ConfigError(f"until: give events>=N with a whole N, found {number:g}")
    if wants_events:
        return StoppingRule(event, round(number), None, arms, half_width)
    return StoppingRule(event, None, number, arms, half_width)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"until: {text!r} is not a number")
    return number
