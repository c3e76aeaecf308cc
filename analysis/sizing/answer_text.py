"""An answer as text and as data: the question, the fund with its interval, the method, the assumptions.

`answer_data` contains nothing that depends on the machine's speed, so the same seed and budget give the same bytes.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from ..backtest.panel_text import headline, panel_data, panel_lines
from ..estimators.estimate import Estimate
from ..money import format_percent, format_short
from .choose_method import AGREE_BELOW, METHODS
from .consequences import Consequences
from .joint import joint_data, joint_lines
from .one_event import one_event_data, one_event_lines
from .solve import Answer
from .spread import Spread

SCHEMA_VERSION = 1
_NOT_REPRODUCIBLE = ("seconds",)


def answer_data(answer: Answer) -> dict[str, Any]:
    """The answer as plain data for JSON; numbers that do not exist are null."""
    facts, definition = answer.facts, answer.definition
    return {
        "schema_version": SCHEMA_VERSION,
        "name": facts.name,
        "fidelity": facts.fidelity,
        "identity": dict(facts.identity),
        "seed": facts.seed,
        "arm": facts.arm,
        "target": {"text": _asked(answer), "probability": answer.target.p},
        "sufficient": {name: getattr(definition, name) for name in definition.__dataclass_fields__},
        "unit": facts.unit,
        "open_interest": _number(facts.open_interest),
        "fund_at_hand": _number(facts.at_hand),
        "one_event": one_event_data(answer.one_event),
        "joint": joint_data(answer.joint),
        "fund": _estimate(answer.fund),
        "fund_share_of_open_interest": _shares(answer.fund, facts.open_interest),
        "confirmed": answer.confirmed,
        "verdict": answer.verdict,
        "method": answer.choice.method,
        "why": list(answer.choice.why),
        "second_method": answer.choice.second,
        "second": _estimate(answer.second),
        "consequences": _follows(answer.consequences),
        "least_cost": _estimate(answer.least_cost),
        "spreads": [_spread(spread) for spread in answer.spreads],
        "history": panel_data(answer.history),
        "no_history": answer.no_history,
        "assumptions": assumptions(answer),
        "notes": list(answer.notes),
        "runs": answer.runs,
    }


def answer_json(answer: Answer) -> str:
    """`answer_data` as text; the same for the same seed and budget."""
    return json.dumps(answer_data(answer), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def assumptions(answer: Answer) -> list[str]:
    """The assumptions behind the number, apart from the config."""
    facts, text = answer.facts, list(answer.definition.sentences)
    if not answer.facts.feeds_back:
        text.append("until first exhaustion paths do not depend on the fund's size: one set of runs covers all sizes")
    if answer.choice.method == "pot":
        text.append("beyond the largest draws the tail is a generalised Pareto law: an extrapolation")
    return [*text, *facts.assumptions]


def answer_lines(answer: Answer) -> list[str]:
    """The lines that the command prints: one event at a time, the fund, the method, the consequences, the
    assumptions."""
    facts = answer.facts
    lines = [f"{_asked(answer)}: {answer.definition.phrase}", ""]
    lines += one_event_lines(answer.one_event, facts.unit)
    lines += joint_lines(answer.joint, facts.open_interest, facts.unit)
    if answer.history is not None and (refuted := headline(answer.history, facts.unit)):
        lines.append(refuted)
    lines += _fund_lines(answer)
    lines += [line for spread in answer.spreads if (line := _spread_line(spread, facts.unit))]
    lines += spread_warnings(answer)
    choice = answer.choice
    lines.append(f"method: {choice.method} ({METHODS.get(choice.method, '')}), because {'; '.join(choice.why)}")
    if answer.choice.second:
        found = "nothing" if answer.second is None else money(answer.second, facts.unit)
        lines.append(f"second method: {answer.choice.second}: {found}; {answer.verdict}")
    lines += consequence_lines(answer.consequences, facts.unit)
    if answer.least_cost is not None:
        lines.append(f"fund of least cost: {money(answer.least_cost, facts.unit)}; {answer.least_cost.note}")
    lines += history_lines(answer)
    lines += [f"assumes: {text}" for text in assumptions(answer)]
    lines += list(answer.notes)
    lines.append(f"runs {answer.runs:,}, seed {facts.seed}, {answer.seconds:.1f} s of simulation")
    return lines


def history_lines(answer: Answer) -> list[str]:
    """The answer held against history, or the reason why it cannot be."""
    if answer.history is not None:
        return panel_lines(answer.history, answer.facts.unit)
    return [f"not held against history: {answer.no_history}"] if answer.no_history else []


def _fund_lines(answer: Answer) -> list[str]:
    facts = answer.facts
    if answer.fund is None:
        return ["no answer: no fund size can be given", answer.verdict]
    lines = [f"required fund: {money(answer.fund, facts.unit)}"]
    if share := _shares(answer.fund, facts.open_interest):
        low, high = (format_percent(100 * x) if x is not None else "no bound" for x in (share["low"], share["high"]))
        lines.append(f"share of open interest: {format_percent(100 * (share['value'] or 0))} [{low}, {high}]")
    hand = facts.at_hand
    if math.isfinite(hand):
        lines.append(f"configured fund: {format_short(hand, facts.unit)}, {_verdict_at_hand(answer.fund, hand)}")
    if not answer.confirmed and answer.target.p <= AGREE_BELOW:
        lines.append(f"NOT CONFIRMED: below {AGREE_BELOW:g} a fund is quoted only if two methods agree")
    return lines


def _asked(answer: Answer) -> str:
    """The target, and the arm of the study that it applies to."""
    return answer.target.text + (f" ({answer.facts.arm})" if answer.facts.arm else "")


def spread_warnings(answer: Answer) -> list[str]:
    """Warnings if inputs shared by all runs move the fund by more than its interval: then quote the range."""
    fund, lines = answer.fund, []
    for spread in answer.spreads:
        if fund is None or len(spread.funds) < 2 or not math.isfinite(fund.high):
            continue
        if spread.funds[-1] - spread.funds[0] > fund.high - fund.low:
            lines.append(f"warning: {spread.what} move the fund by more than its interval: quote this range")
    return lines


def _spread_line(spread: Spread, unit: str) -> str:
    """The range of the required fund over draws of the inputs that all runs share."""
    if len(spread.funds) < 2:
        return ""
    low, middle, high = (format_short(x, unit) for x in (spread.funds[0], spread.middle, spread.funds[-1]))
    left = f"; {spread.refused} more refused" if spread.refused else ""
    text = f"over {len(spread.funds)} {spread.what}: {low} to {high}, median {middle}{left}"
    return text if spread.averaged is None else f"{text}; for their average: {money(spread.averaged, unit)}"


def _spread(spread: Spread) -> dict[str, Any]:
    averaged = _estimate(spread.averaged)
    return {"what": spread.what, "funds": list(spread.funds), "refused": spread.refused, "averaged": averaged}


def _verdict_at_hand(fund: Estimate, hand: float) -> str:
    if hand >= fund.high:
        return "sufficient (above the interval)"
    if hand < fund.low:
        return "not sufficient (below the interval)"
    return "undecided (inside the interval)"


def consequence_lines(found: Consequences | None, unit: str) -> list[str]:
    """The consequences of the fund, one line per number."""
    if found is None:
        return []
    rows = consequence_rows(found, unit)
    lines = [f"{name}: {money(value, unit_)}" for name, value, unit_ in rows]
    if found.days_to_rebuild is None:
        lines.append("time to rebuild it: income alone never does (the fund has none)")
    return [*lines, *(f"left out: {text}" for text in found.left_out)]


def consequence_rows(found: Consequences, unit: str) -> list[tuple[str, Estimate, str]]:
    """(name, number, unit) of the consequences of the fund."""
    rows = [
        ("probability with this fund", found.probability, ""),
        ("expected shortfall beyond the fund", found.expected_shortfall, unit),
        ("shortfall beyond the fund, given exhaustion", found.shortfall_given_exhausted, unit),
        ("expected ADL notional", found.expected_adl_notional, unit),
        ("ADL notional given ADL", found.adl_notional_given_adl, unit),
        ("median time to exhaustion, given exhaustion", found.days_to_exhaustion, "days"),
        ("income of the fund", found.income_per_day, f"{unit}/day"),
        ("time to rebuild the fund from empty, by income alone", found.days_to_rebuild, "days"),
    ]
    return [(name, value, unit_) for name, value, unit_ in rows if value is not None]


def answer_markdown(answer: Answer) -> str:
    """The printed lines as a page, without the parts that depend on the machine's speed."""
    lines = [line for line in answer_lines(answer) if line][1:-1]
    head = f"# How large must the fund be? {answer.facts.name}\n\n{_asked(answer)}: {answer.definition.phrase}.\n"
    return (
        head + "\n" + "\n".join(f"- {line}" for line in lines) + f"\n- runs {answer.runs:,}, seed {answer.facts.seed}\n"
    )


def money(estimate: Estimate, unit: str) -> str:
    """An estimate as text: three digits, its interval, level and sample."""
    value, low, high = value_texts(estimate, unit)
    return f"{value} [{low}, {high}] at {estimate.level:.0%}; {estimate.method}; {sample_text(estimate)}"


def value_texts(estimate: Estimate, unit: str) -> tuple[str, str, str]:
    """Value and bounds with three digits; the value has its unit, bounds of money theirs."""
    if unit in ("", "days"):
        times, name = _span_unit(estimate.value) if unit else (1.0, "")
        value, low, high = (_short(times * x) if math.isfinite(x) else "no bound" for x in _triple(estimate))
        return f"{value} {name}".strip(), low, high
    value, low, high = (format_short(x, unit) if math.isfinite(x) else "no bound" for x in _triple(estimate))
    return value, low, high


def _span_unit(days: float) -> tuple[float, str]:
    """Number of units per day, and the unit in which this number of days is readable."""
    return next(
        (item for item in ((1.0, "days"), (24.0, "hours"), (1440.0, "minutes")) if days * item[0] >= 1),
        (86_400.0, "seconds"),
    )


def _short(x: float) -> str:
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}"


def sample_text(estimate: Estimate) -> str:
    """Sample size, events, and the state of the weights."""
    size = f"n {estimate.n:,}" + (f", {estimate.events:,} events" if estimate.events >= 0 else "")
    effective, largest = estimate.effective_sample_size, estimate.largest_weight_share
    weights = "" if math.isnan(largest) else f", effective sample {effective:,.0f}, largest weight {largest:.2%}"
    return size + weights


def _triple(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _shares(fund: Estimate | None, open_interest: float) -> dict[str, float | None] | None:
    if fund is None or not open_interest > 0:
        return None
    return {name: _number(getattr(fund, name) / open_interest) for name in ("value", "low", "high")}


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    row = estimate.row()
    return {name: _number(value) for name, value in row.items() if name not in _NOT_REPRODUCIBLE}


def _follows(found: Consequences | None) -> dict[str, Any] | None:
    if found is None:
        return None
    fields: Mapping[str, Any] = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return {
        name: _estimate(value) if isinstance(value, Estimate) else list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
    }


def _number(value: Any) -> Any:
    """Finite floats as they are; NaN and infinity as null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
