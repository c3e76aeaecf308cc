"""A fit of prices as text: per side thresholds, shares within delays and the largest events; common events."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _analysis as analysis
from .price_fit_coin import CoinFit, Settings, SideFit

if TYPE_CHECKING:
    CommonFalls = analysis.CommonFalls

SHOWN_EVENTS = 5


def report_text(coins: Sequence[CoinFit], common: "Mapping[str, CommonFalls]", settings: Settings) -> str:
    """The whole report."""
    lines = []
    for coin in coins:
        lines += _coin_lines(coin, settings)
    for side, found in common.items():
        lines += common_lines(side, found)
    method = (
        f"Brackets: {settings.level:.0%} intervals, bootstrap of blocks of 30 days ({settings.resamples} samples, seed"
        f" {settings.seed}). Sizes and thresholds are logs."
    )
    return "\n".join([*lines, method])


def _coin_lines(coin: CoinFit, settings: Settings) -> list[str]:
    kind = "candles" if coin.series.is_candles else "prices"
    first, last = coin.series.span
    head = f"{coin.name}: " if coin.name else ""
    lines = [
        f"{head}{coin.source}: {len(coin.series.start_ms):,} {kind} of {coin.series.step_ms / 1000:g} s,"
        f" {first} to {last}, {coin.years:.3g} years"
    ]
    lines += [f"  note: {note}" for note in coin.notes]
    for side in coin.sides:
        lines += ["", *_side_lines(side, settings)]
    return [*lines, ""]


def _side_lines(side: SideFit, settings: Settings) -> list[str]:
    low = "low" if side.side == "falls" else "high"
    lines = [
        f"{side.side} within rolling 60 minutes, from open to {low}; those that end within"
        f" {settings.gap_ms / 60_000:g} minutes of each other are one"
    ]
    if side.tail is not None:
        lines += _tail_lines(side.side, side.tail)
    if side.shares.delays_s:
        lines += _share_lines(side)
    if len(side.events):
        lines += _largest_lines(side)
    return lines


def _tail_lines(name: str, tail: "analysis.TailFit") -> list[str]:
    rows: list[tuple[str, ...]] = [("", "threshold", "n", "per year", "xi", "beta")]
    for place, row in enumerate(tail.table.to_dict("records")):
        mark = "*" if place == tail.chosen else ""
        intervals = [between(row[q], row[f"{q}_low"], row[f"{q}_high"]) for q in ("rate", "xi", "beta")]
        rows.append((mark, f"{row['threshold']:g}", f"{row['n']:.0f}", *intervals))
    low, high = tail.over_thresholds("xi")
    rule = f"the lowest with {analysis.MAX_PER_YEAR} a year or fewer whose xi lies in the intervals of higher ones"
    why = "as stated" if tail.is_stated else rule
    if not tail.is_stable:
        why = f"{'as stated' if tail.is_stated else 'the lowest allowed'}, but NOT stable: xi differs at higher ones"
    lines = [*aligned(rows), f"  * {why}; there and beyond xi is {low:.3g} to {high:.3g}"]
    for row in tail.check.to_dict("records"):
        expected = between(row["expected"], row["low"], row["high"])
        lines.append(f"  {name} beyond {100 * row['size']:.3g}%: recorded {row['recorded']}, expected {expected}")
    return lines


def _share_lines(side: SideFit) -> list[str]:
    rows: list[tuple[str, ...]] = [("delay", "n", "mean", "spread", "10%", "50%", "90%", "mean at most")]
    for row in side.shares.table.to_dict("records"):
        mean = between(row["mean"], row["mean_low"], row["mean_high"])
        quantiles = [short(row[name]) for name in ("spread", "low", "median", "high", "at_most")]
        rows.append((f"{row['delay_s']:g} s", f"{row['n']:.0f}", mean, *quantiles))
    holes = int(side.shares.table["holes"].max())
    left = f" (up to {holes} left out: a hole is longer than the delay)" if holes else ""
    return [f"  share of the move beyond {side.threshold:g} that comes within a delay{left}:", *aligned(rows)]


def _largest_lines(side: SideFit) -> list[str]:
    frame = side.largest.head(SHOWN_EVENTS)
    shown = (f"{row.start:%Y-%m-%d %H:%M} to {row.end:%H:%M} {row.size:.3g}" for row in frame.itertuples())
    return [f"  largest of {len(side.events):,}: {'; '.join(shown)}"]


def common_lines(side: str, common: "CommonFalls") -> list[str]:
    """What coins have in common."""
    events = common.events
    rate = between(events["per_year"], events["low"], events["high"])
    lines = [
        f"{side} of two coins or more within the same hour: {events['n']:.0f} in {common.years:.3g} years,"
        f" {rate} a year"
    ]
    rows: list[tuple[str, ...]] = [("coin", side, "share in common", "joins a common one", "own, a year")]
    for row in common.coins.to_dict("records"):
        share = between(row["common_share"], row["common_share_low"], row["common_share_high"])
        joins = between(row["joins"], row["joins_low"], row["joins_high"])
        own = between(row["own_per_year"], row["own_low"], row["own_high"])
        rows.append((str(row["coin"]), f"{row['falls']}", share, joins, own))
    lines += aligned(rows)
    rows = [("pair", "n", "share of the first's", "of the second's", "rank correlation", "size ratio")]
    for row in common.pairs.to_dict("records"):
        values = [between(row[q], row[f"{q}_low"], row[f"{q}_high"]) for q in ("of_first", "of_second", "rank")]
        rows.append((str(row["coins"]), f"{row['n']:.0f}", *values, short(row["ratio"])))
    return [*lines, *aligned(rows), ""]


def between(value: float, low: float, high: float) -> str:
    """A value with its interval, where there is one."""
    return short(value) if math.isnan(low) else f"{short(value)} [{short(low)}, {short(high)}]"


def short(value: float) -> str:
    """Three digits; a dash for what is not known."""
    return "–" if math.isnan(value) else f"{value:.3g}"


def aligned(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Rows of cells as lines with columns of one width."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
