"""The definition of "sufficient": event, horizon, basis of the probability, open interest, replenishment; or a refusal.

A probability without these five is no answer. Conversions between horizons and bases are made only if they are valid,
and refused with the reason elsewhere: a book that ages once has most of its liquidations in its first days, and a fund
that was drawn on is another fund, so thirty days times twelve is not a year.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from clearsim.results import EVENTS

from ..errors import AnalysisError
from ..estimators.estimate import RefusedError

YEAR_DAYS = 365.0

#: The meaning of each event, by its name under `answer.event`.
EVENT_MEANINGS = {event.answer: event.meaning for event in EVENTS if event.answer}
BASES = {
    "within_horizon": "from today, within the horizon",
    "per_event": "per jump of the price",
    "per_year": "within a year from today",
    "given_stress": "given the stress scenario of the config",
}
OPEN_INTEREST = {
    "aged_once": "the opening book ages once: it is not renewed",
    "renewed": "open interest is renewed",
}
REPLENISHMENT = {
    "none": "the fund is not replenished; it keeps its income",
    "lagged": "external money restores the fund after a lag",
    "injected": "external money restores the fund at once",
    "capped": "the fund is not replenished; income above its cap is paid out",
}
_WORDS = {"event": EVENT_MEANINGS, "basis": BASES, "open_interest": OPEN_INTEREST, "replenishment": REPLENISHMENT}


@dataclass(frozen=True)
class Sufficient:
    """The five parts of the definition behind a probability of exhaustion. AnalysisError if one is missing."""

    event: str
    horizon_days: float
    basis: str
    open_interest: str
    replenishment: str

    def __post_init__(self) -> None:
        """Refuse values that are not in the tables, and bases that contradict the horizon."""
        for name, words in _WORDS.items():
            _require_word(name, getattr(self, name), words)
        if not (math.isfinite(self.horizon_days) and self.horizon_days > 0):
            raise AnalysisError(f"answer.horizon_days must be a positive number of days, found {self.horizon_days}")
        if self.basis == "per_year" and not math.isclose(self.horizon_days, YEAR_DAYS):
            raise AnalysisError(
                f"answer.basis per_year needs horizon_days 365, found {self.horizon_days:g}: simulate a year, or use"
                " within_horizon"
            )

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Sufficient":
        """From a mapping with the five keys; AnalysisError names all missing keys and their allowed values."""
        missing = [name for name in ("event", "horizon_days", *list(_WORDS)[1:]) if answer.get(name) is None]
        if missing:
            raise AnalysisError(f'"sufficient" is not defined: {"; ".join(_missing(name) for name in missing)}')
        unknown = sorted(set(answer) - {"event", "horizon_days", *_WORDS})
        if unknown:
            raise AnalysisError(f"answer.{unknown[0]} is not a key: use event, horizon_days, {', '.join(_WORDS)}")
        values = {name: str(answer[name]) for name in _WORDS}
        return cls(horizon_days=float(answer["horizon_days"]), **values)

    @property
    def phrase(self) -> str:
        """The event with its horizon, as in axes and sentences: `ADL begins within 30 days`."""
        text = f"{EVENT_MEANINGS[self.event]} {within(self.horizon_days)}"
        return text + (" of the stress" if self.basis == "given_stress" else "")

    @property
    def sentences(self) -> list[str]:
        """The definition, one sentence per key."""
        return [
            f"event: {EVENT_MEANINGS[self.event]}",
            f"horizon: {span(self.horizon_days)}",
            f"probability: {BASES[self.basis]}",
            f"open interest: {OPEN_INTEREST[self.open_interest]}",
            f"replenishment: {REPLENISHMENT[self.replenishment]}",
        ]

    def why_no_restart(self) -> str:
        """The reason why horizons cannot be converted; empty if they can."""
        if self.basis == "given_stress":
            return "the probability is conditional on one stress, which does not recur"
        if self.open_interest == "aged_once":
            return "the book ages once: most of its liquidations come in the first days and positions are not replaced"
        if self.replenishment != "injected":
            return f"replenishment is {self.replenishment}: a fund that was drawn on starts the next month smaller"
        return ""


def rescaled(p: float, definition: Sufficient, days: float) -> float:
    """The probability within `days` from that within the definition's horizon: 1 - (1 - p)^(ratio).

    Only if every month starts like the first (renewed open interest, fund restored at once); RefusedError with
    the reason otherwise.
    """
    _require_probability(p)
    if math.isclose(days, definition.horizon_days):
        return p
    if reason := definition.why_no_restart():
        raise RefusedError(
            f"a probability within {span(definition.horizon_days)} is not scaled to {span(days)}: {reason};"
            f" simulate {span(days)}"
        )
    return -math.expm1(days / definition.horizon_days * math.log1p(-p))


def span(days: float) -> str:
    """A length of time as text: `30 days`, `1 hour`."""
    for unit, name in ((1.0, "day"), (24.0, "hour"), (1440.0, "minute")):
        count = days * unit
        if count >= 1 or name == "minute":
            return f"{count:.6g} {name}{'' if math.isclose(count, 1) else 's'}"
    raise AssertionError


def within(days: float) -> str:
    """`within 30 days`."""
    return f"within {span(days)}"


def _missing(name: str) -> str:
    if name == "horizon_days":
        return "answer.horizon_days is missing (a number of days)"
    return f"answer.{name} is missing (one of {', '.join(_WORDS[name])})"


def _require_word(name: str, found: str, words: Mapping[str, str]) -> None:
    if found in words:
        return
    near = get_close_matches(found, words, n=1)
    hint = f", did you mean {near[0]}" if near else ""
    raise AnalysisError(f"answer.{name} must be one of {', '.join(words)}, found {found!r}{hint}")


def _require_probability(p: float) -> None:
    if not 0 < p < 1:
        raise AnalysisError(f"a probability must lie between 0 and 1, found {p:g}")
