"""The panel as lines of text and as data for JSON."""

import math
from collections.abc import Iterator
from typing import Any

from ..money import format_percent, format_short
from .binomial import KUPIEC_LIMIT, SILENT_WORD, Power
from .panel import DrawLine, Guard, LiquidationLine, Panel, PriceLine

SCHEMA_VERSION = 1


def headline(panel: Panel, unit: str) -> str:
    """The line that stands before the number if history refutes the model; empty if it does not."""
    line = panel.refuted
    if line is None:
        return ""
    return (
        f"REFUTED BY HISTORY (line 1, p = {line.tails.p:.1g}): draws above {size_text(panel, line, unit)} in"
        f" {expected_text(line)} of {line.n} windows expected, {count_text(line)} on record ({line.tails.side})"
    )


def panel_lines(panel: Panel, unit: str) -> list[str]:
    """The lines that the command prints below the answer."""
    return [
        f"history: {panel.windows.source}; {panel.windows.n} windows of {panel.windows.days:g} days",
        *(f"history 1, draws above {size_text(panel, line, unit)}: {draw_text(line)}" for line in panel.draws),
        *_variants(panel, unit),
        f"history 2, power: {power_text(panel)}",
        *(f"history 3, {rank.what}: {rank_text(panel, rank, unit)}" for rank in panel.sizes),
        *(
            f"history 4, hours that fall beyond {_percent(line.record.beyond)}: {price_text(line)}"
            for line in panel.prices
        ),
        *(f"history 5, liquidated in 30 days: {liquidation_text(line)}" for line in panel.liquidations),
        *(f"history 6, {name}: {_colours(lines)}" for name, lines in panel.rivals.items()),
        *(f"history 7, {guard_text(panel, guard, unit)}" for guard in panel.guards),
        *(f"history: {note}" for note in panel.notes),
    ]


def _variants(panel: Panel, unit: str) -> Iterator[str]:
    for name, lines in panel.variants.items():
        yield f"history 1, {name} ({lines[0].n} windows): {_colours(lines)}"


def _colours(lines: tuple[DrawLine, ...]) -> str:
    """Expected and recorded counts with the colour, size by size."""
    return ", ".join(
        f"{expected_text(line)} against {count_text(line)} {line.tails.colour}"
        + (f" ({line.tails.side})" if line.tails.colour not in ("green", SILENT_WORD) else "")
        for line in lines
    )


def size_text(panel: Panel, line: DrawLine, unit: str) -> str:
    """The size of a draw line: a share of open interest, or an amount; and if it is the fund."""
    text = amount_text(panel, line.size, unit)
    return f"{text} (the fund)" if line.is_fund else text


def amount_text(panel: Panel, amount: float, unit: str) -> str:
    """An amount in the unit of the windows."""
    if panel.windows.are_shares:
        return f"{_percent(amount)} of open interest"
    return format_short(amount, unit)


def draw_text(line: DrawLine) -> str:
    """Expected and recorded count, both tails, the colour, Kupiec's ratio."""
    low, high = line.tails.kupiec
    ratio = f"{low:.1f}" if math.isclose(low, high) else f"{low:.1f} to {high:.1f}"
    return (
        f"{expected_text(line)} windows expected, {count_text(line)} on record: {line.tails.colour};"
        f" P(so few) {_tail(line.tails.too_harsh)}, P(so many) {_tail(line.tails.too_kind)};"
        f" Kupiec {ratio} (limit {KUPIEC_LIMIT:.2f}, information)"
    )


def expected_text(line: DrawLine) -> str:
    """Expected number of windows, three digits; an upper bound where no path had such a draw."""
    if line.p.value == 0 and line.p.high > 0:
        return f"at most {line.n * line.p.high:.2g}"
    return f"{line.expected:.3g}"


def count_text(line: DrawLine) -> str:
    """Recorded number of windows, or its range."""
    low, high = line.x
    return f"{low}" if low == high else f"{low} to {high}"


def power_text(panel: Panel) -> str:
    """What the record can refuse, for each size, and whether it can test the target."""
    parts = []
    for line, band in zip(panel.draws, panel.power, strict=True):
        parts.append(f"{count_text(line)} of {line.n} refuses {band_text(band)}")
    text = "; ".join(dict.fromkeys(parts))
    fund = next((band for line, band in zip(panel.draws, panel.power, strict=True) if line.is_fund), None)
    if fund is None or fund.can_test(panel.target):
        return text
    tested = [line for line, band in zip(panel.draws, panel.power, strict=True) if band.can_test(line.p.value)]
    what = ", ".join(amount_text(panel, line.size, "") for line in tested if not line.is_fund) or "none of these sizes"
    return (
        f"history cannot test P = {panel.target:g} in {panel.windows.days:g} days at the fund; it tests {what}; {text}"
    )


def band_text(band: Power) -> str:
    """`only p > .18 or < 1.7e-6 (red), outside .0004 to .089 (yellow)`."""
    red = f"p > {band.red_high:.2g}" + (f" or < {band.red_low:.2g}" if band.red_low else "")
    return f"only {red} (red), outside {band.green_low:.2g} to {band.green_high:.2g} (yellow)"


def rank_text(panel: Panel, rank: Any, unit: str) -> str:
    """The statistic, its rank, the colour."""
    low, high = amount_text(panel, rank.low, unit), amount_text(panel, rank.high, unit)
    value = high if rank.low == rank.high else f"{low} to {high}"
    place = f"{rank.rank_low:.3f} to {rank.rank_high:.3f}"
    return f"{value}; rank {place} among simulated histories (.025 to .975): {rank.colour}"


def price_text(line: PriceLine) -> str:
    """Recorded and expected hours."""
    record = line.record
    return (
        f"{line.expected:.3g} expected by the law of jumps in {record.years:g} years, {record.count} on record"
        f" [{record.low:g}, {record.high:g}]: {line.colour}"
    )


def liquidation_text(line: LiquidationLine) -> str:
    """Model and record, as a multiple of open interest."""
    record = line.record
    spread = f" [{record.low:.2g}, {record.high:.2g}]" if record.low < record.high else ""
    return (
        f"{line.model:.2g} of open interest, {record.source}: {record.middle:.2g}{spread} (n {record.n}): {line.colour}"
    )


def guard_text(panel: Panel, guard: Guard, unit: str) -> str:
    """The value against the record; beyond it: extrapolation."""
    values = [guard.value, guard.on_record]
    if "fund" in guard.what:
        shown = [amount_text(panel, value, unit) for value in values]
    else:
        shown = [_percent(value) for value in values]
    within = "within the record" if guard.bound == "on record" else f"within the {guard.bound}"
    verdict = f"warning: {within.replace('within', 'beyond')}, the answer is extrapolation" if guard.warns else within
    return f"{guard.what}: {shown[0]}, {guard.bound} {shown[1]} ({guard.source}): {verdict}"


def panel_data(panel: Panel | None) -> dict[str, Any] | None:
    """The panel as plain data; numbers that do not exist are null."""
    if panel is None:
        return None
    refuted = panel.refuted
    return {
        "schema_version": SCHEMA_VERSION,
        "source": panel.windows.source,
        "windows": panel.windows.n,
        "window_days": panel.windows.days,
        "unit": "share of open interest" if panel.windows.are_shares else panel.windows.unit,
        "reporting_threshold": panel.windows.threshold,
        "refuted": None if refuted is None else {"line": 1, "size": refuted.size, "p": refuted.tails.p},
        "draws": [_draw_data(line) for line in panel.draws],
        "variants": {name: [_draw_data(line) for line in lines] for name, lines in panel.variants.items()},
        "power": [vars(band) for band in panel.power],
        "sizes": [{**vars(rank), "colour": rank.colour} for rank in panel.sizes],
        "prices": [{**vars(line.record), "expected": line.expected, "colour": line.colour} for line in panel.prices],
        "liquidations": [
            {**vars(line.record), "model": line.model, "factor": _number(line.factor), "colour": line.colour}
            for line in panel.liquidations
        ],
        "rivals": {name: [_draw_data(line) for line in lines] for name, lines in panel.rivals.items()},
        "guards": [{**vars(guard), "warns": guard.warns} for guard in panel.guards],
        "notes": list(panel.notes),
    }


def _draw_data(line: DrawLine) -> dict[str, Any]:
    return {
        "size": line.size,
        "is_fund": line.is_fund,
        "n": line.n,
        "on_record": list(line.x),
        "expected": line.expected,
        "p": {"value": line.p.value, "low": line.p.low, "high": line.p.high},
        "too_harsh": line.tails.too_harsh,
        "too_kind": line.tails.too_kind,
        "kupiec": [_number(value) for value in line.tails.kupiec],
        "colour": line.tails.colour,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _tail(p: float) -> str:
    return f"{p:.1g}" if p < 0.001 else f"{p:.2g}"


def _percent(share: float) -> str:
    return format_percent(100 * share)
