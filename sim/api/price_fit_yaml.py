"""The part of a config that a fit of prices fills in: `reduced.jumps` and `reduced.concentration`, with provenance.

A config takes no negative xi: where the estimate is negative the exponential law of the same mean is written, and said.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from . import _analysis as analysis
from .price_fit_coin import CoinFit, Settings, SideFit
from .price_fit_text import between, common_lines, short

_KEYS = {"falls": "down", "rises": "up"}
#: What prices do not say.
VENUE = "the venue's own; it is not in prices"


def fit_yaml(coin: CoinFit, settings: Settings) -> str:
    """The block of a coin: comments, `reduced`, `provenance`."""
    first, last = coin.series.span
    lines = [
        f"# {coin.name + ': ' if coin.name else ''}clearsim fit prices {coin.source}; {first} to {last}",
        f"# {settings.level:.0%} intervals in brackets; for a config with price.kind gbm",
        "reduced:",
    ]
    entries: list[dict[str, Any]] = []
    fitted = [side for side in coin.sides if side.tail is not None]
    if fitted:
        lines += ["  jumps:", "    kind: threshold"]
        for side in fitted:
            lines += _jump_lines(side)
        entries.append(_jump_entry(coin, fitted, settings))
    lines += [f"  # jumps: no tail of {side.side}: {side.refusal}" for side in coin.sides if side.tail is None]
    falls = next((side for side in coin.sides if side.side == "falls"), None)
    points = [] if falls is None else _points(falls)
    if falls is not None and points:
        lines += ["  concentration:", f"    # liquidation_delay_s: {VENUE}", "    curve:", *points]
        entries.append(_concentration_entry(coin, falls))
    elif falls is not None:
        lines.append(
            "  # concentration: this file's rows are longer than every delay; fit a file of seconds or minutes"
        )
    text = yaml.safe_dump({"provenance": entries}, sort_keys=False, allow_unicode=True, width=110) if entries else ""
    return "\n".join(lines) + "\n" + text


def common_comments(common: "Mapping[str, analysis.CommonFalls]") -> str:
    """What coins have in common, as comments: a config has no key for it."""
    if not common:
        return ""
    lines = [line for side, found in common.items() for line in common_lines(side, found)]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines if line)


def _law(side: SideFit) -> tuple[float, float, str]:
    """(xi, beta, remark) as a config takes them."""
    assert side.tail is not None
    xi, beta = float(side.tail.law["xi"]), float(side.tail.law["beta"])
    if xi >= 0:
        return xi, beta, ""
    mean = float((side.sizes[side.events] - side.threshold).mean())
    return 0.0, mean, f"; the estimate is {xi:.3g} with beta {beta:.3g}: the exponential law of the same mean is taken"


def _jump_lines(side: SideFit) -> list[str]:
    assert side.tail is not None
    law, key = side.tail.law, _KEYS[side.side]
    xi, beta, remark = _law(side)
    low, high = side.tail.over_thresholds("xi")
    span = f", {low:.3g} to {high:.3g} over thresholds{remark}"
    rate = f"    {side.side}_per_year: {short(law['rate'])}"
    return [
        f"{rate}  # {between(law['rate'], law['rate_low'], law['rate_high'])}, n {law['n']:.0f}",
        f"    {key}_threshold: {side.threshold:g}",
        f"    {key}_xi: {xi:.3g}  # {between(law['xi'], law['xi_low'], law['xi_high'])}{span}",
        f"    {key}_beta: {beta:.3g}  # {between(law['beta'], law['beta_low'], law['beta_high'])}",
    ]


def _points(falls: SideFit) -> list[str]:
    """Points of the curve where at least one fall is known. Shares do not fall with the delay."""
    lines, before = [], (0, 0, 0)
    for row in falls.shares.table.to_dict("records"):
        if not row["n"]:
            continue
        before = tuple(map(max, before, curve_ppm(row["low"], row["median"], row["high"])))  # type: ignore[assignment]
        keys = ", ".join(f"{name}_ppm: {share}" for name, share in zip(("low", "middle", "high"), before, strict=True))
        mean = between(row["mean"], row["mean_low"], row["mean_high"])
        lines.append(
            f"      - {{delay_s: {row['delay_s']:g}, {keys}}}  # n {row['n']:.0f}, mean {row['mean']:.3g} {mean}"
        )
    return lines


def curve_ppm(low: float, median: float, high: float) -> tuple[int, int, int]:
    """Ends and middle of the config's law of shares from the 10%, 50% and 90% points of falls, ppm.

    The law is even on either side of its median, so its 10% point lies four fifths of the way down to its low end.
    """
    ends = max(0.0, median - (median - low) / 0.8), median, min(1.0, median + (high - median) / 0.8)
    first, middle, last = (round(1e6 * share) for share in ends)
    return first, middle, last


def _jump_entry(coin: CoinFit, sides: list[SideFit], settings: Settings) -> dict[str, Any]:
    counts = " and ".join(f"{len(side.events):,} {side.side} beyond {side.threshold:g}" for side in sides)
    ranges = []
    for side in sides:
        assert side.tail is not None
        law = side.tail.law
        for name in ("rate", "xi", "beta"):
            ranges.append(f"{side.side} {name} {between(law[name], law[f'{name}_low'], law[f'{name}_high'])}")
        ranges.append("xi over thresholds {:.3g} to {:.3g}".format(*side.tail.over_thresholds("xi")))
        if side.at_most is not None:
            ranges.append(f"in finer rows at most {side.at_most:,} {side.side}")
    gap = f"one event where they end within {settings.gap_ms / 60_000:g} minutes"
    return {
        "path": "reduced.jumps",
        "status": "scaled",
        "source": f"{_rows(coin)}; {counts} (log) within rolling 60 minutes, {gap}; generalised Pareto fits",
        "date": " to ".join(coin.series.span),
        "note": f"{settings.level:.0%} intervals, bootstrap of blocks of 30 days: {'; '.join(ranges)}",
    }


def _concentration_entry(coin: CoinFit, falls: SideFit) -> dict[str, Any]:
    numbers = sorted({int(n) for n in falls.shares.table["n"] if n})
    n = " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
    return {
        "path": "reduced.concentration",
        "status": "scaled",
        "source": f"{_rows(coin)}; largest part within a delay of {n} falls beyond {falls.threshold:g} (log)",
        "date": " to ".join(coin.series.span),
        "note": "10, 50 and 90% points are those of the falls; which delay applies is the venue's, not in prices",
    }


def _rows(coin: CoinFit) -> str:
    kind = "candles" if coin.series.is_candles else "prices"
    return f"{coin.source}, {len(coin.series.start_ms):,} {kind} of {coin.series.step_ms / 1000:g} s"
