"""Reads a target such as `P(ADL within 30d) < 1e-3`. The meaning of event and basis is in `definition.py`."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import AnalysisError
from .definition import YEAR_DAYS

#: Usual names of the events, in lower case without articles.
EVENT_WORDS = {
    "adl": "first_adl",
    "first adl": "first_adl",
    "adl begins": "first_adl",
    "deleveraging": "first_adl",
    "first_adl": "first_adl",
    "cash 0": "cash_zero",
    "cash zero": "cash_zero",
    "cash_zero": "cash_zero",
    "cash gone": "cash_zero",
    "equity 0": "equity_zero",
    "equity zero": "equity_zero",
    "equity_zero": "equity_zero",
    "fund exhausted": "equity_zero",
    "exhausted": "equity_zero",
    "exhaustion": "equity_zero",
    "ruin": "equity_zero",
    "bad debt": "bad_debt",
    "bad_debt": "bad_debt",
}
_UNIT_DAYS = {"min": 1 / 1440, "minute": 1 / 1440, "h": 1 / 24, "hour": 1 / 24, "d": 1.0, "day": 1.0, "w": 7.0}
_UNIT_DAYS |= {"week": 7.0, "month": 30.0, "y": YEAR_DAYS, "year": YEAR_DAYS}
_BASES = {
    "per event": "per_event",
    "per jump": "per_event",
    "given stress": "given_stress",
    "given the stress": "given_stress",
}
EXAMPLE = "P(ADL within 30d) < 1e-3"

_TARGET = re.compile(
    r"^\s*[Pp]\s*\(\s*(?P<inside>[^()]*?)\s*\)\s*(?P<sign><=|>=|<|>|=|≤|≥)\s*(?P<number>\S+?)\s*(?P<percent>%?)\s*$"
)
_WITHIN = re.compile(r"\bwithin\s+(?:(?P<count>[0-9.eE+]+)\s*)?(?:a\s+|an\s+|one\s+)?(?P<unit>[a-z]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """A target: event, horizon (None: the study's), basis (None: the study's), probability, and the text itself."""

    event: str
    days: float | None
    basis: str | None
    p: float
    text: str


def parse_target(text: str) -> Target:
    """The target that a text states. AnalysisError quotes the text and shows an example."""
    match = _TARGET.match(text)
    if match is None:
        raise AnalysisError(f"target must look like {EXAMPLE!r}, found {text!r}")
    if match["sign"] not in ("<", "<=", "≤"):
        raise AnalysisError(f"target bounds a probability from above: use < in place of {match['sign']} in {text!r}")
    p = _probability(match["number"], bool(match["percent"]), text)
    words, days, basis = _split(match["inside"], text)
    return Target(event=_event(words, text), days=days, basis=basis, p=p, text=f"P({match['inside']}) < {p:g}")


def _probability(number: str, percent: bool, text: str) -> float:
    try:
        p = float(number) / (100 if percent else 1)
    except ValueError:
        raise AnalysisError(f"target needs a number after <, found {number!r} in {text!r}") from None
    if not 0 < p < 1:
        raise AnalysisError(f"target probability must lie between 0 and 1, found {p:g} in {text!r}")
    return p


def _split(inside: str, text: str) -> tuple[str, float | None, str | None]:
    """(words of the event, days, basis)."""
    rest, days, basis = inside, None, None
    if found := _WITHIN.search(rest):
        days = _days(found, text)
        rest = rest[: found.start()] + rest[found.end() :]
        basis = "within_horizon"
    for words, name in _BASES.items():
        if re.search(rf"\b{words}\b", rest, re.IGNORECASE):
            rest = re.sub(rf"\b{words}\b", " ", rest, flags=re.IGNORECASE)
            basis = name
    if re.search(r"\bper year\b", rest, re.IGNORECASE):
        if days is not None:
            raise AnalysisError(f"target states two horizons, within and per year: {text!r}")
        rest, days, basis = re.sub(r"\bper year\b", " ", rest, flags=re.IGNORECASE), YEAR_DAYS, "per_year"
    return rest, days, basis


def _days(found: re.Match[str], text: str) -> float:
    unit = found["unit"].lower()
    unit = unit if unit in _UNIT_DAYS else unit.removesuffix("s")
    if unit not in _UNIT_DAYS:
        raise AnalysisError(f"target horizon needs a unit (min, h, d, w, y), found {found['unit']!r} in {text!r}")
    try:
        count = float(found["count"] or 1)
    except ValueError:
        count = 0.0
    if not count > 0:
        raise AnalysisError(f"target horizon must be a positive number, found {found['count']!r} in {text!r}")
    return count * _UNIT_DAYS[unit]


def _event(words: str, text: str) -> str:
    name = " ".join(words.lower().replace("the ", " ").replace("=", " ").split())
    if name in EVENT_WORDS:
        return EVENT_WORDS[name]
    if not name:
        raise AnalysisError(f"target names no event: {EXAMPLE!r} names ADL; found {text!r}")
    near = get_close_matches(name, EVENT_WORDS, n=1)
    hint = f"; did you mean {near[0]!r}" if near else ""
    raise AnalysisError(f"target event must be ADL, cash 0, equity 0 or bad debt, found {name!r} in {text!r}{hint}")
