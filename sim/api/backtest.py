"""Holds an answer of `size_fund` against a history: the user's own, or the public record that ships with clearsim."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputDataError
from ..history.common_file import read_history
from ..history.daily import DailyHistory
from ..history.public_record import Draw, PublicRecord, public_record
from ..layout import F64
from . import _analysis as analysis

if TYPE_CHECKING:
    from ..funds.worlds import ReducedWorld

#: The series of the public record whose draws are windows.
SERIES = "binance-btcusdt"
LEAST_DAYS = 1.0
#: Smallest fund of a rival's curve above 0, as a part of open interest; number of points.
RIVAL_FROM, RIVAL_POINTS = 1e-5, 400


def with_history(
    solved: "analysis.Answer", runner: "analysis.Runner", world: "ReducedWorld | None", history: Path | None
) -> "analysis.Answer":
    """The answer with its panel, or with the reason why there is none.

    history: a file of the user's; None: the public record. InputDataError for a file that cannot be used.
    """
    reason = why_not_held(solved.definition, is_reduced=world is not None)
    if reason:
        if history is not None:
            raise InputDataError(f"{history}: the answer cannot be held against a history: {reason}")
        return analysis.with_panel(solved, None, reason)
    assert world is not None
    base = world.config.markets[0].name
    days = solved.definition.horizon_days
    try:
        record = _public(base, days) if history is None else _own(history, base, days, solved.facts.unit)
    except analysis.AnalysisError as error:
        if history is not None:
            raise InputDataError(str(error)) from error
        return analysis.with_panel(solved, None, str(error))
    held = analysis.with_panel(solved, analysis.hold(_model(solved, runner, world), record), "")
    return replace(held, runs=runner.runs, seconds=runner.seconds)


def readable_history(path: Path) -> Path:
    """The path of a history that can be read; InputDataError with its faults if not, before anything is simulated."""
    if "balance" not in read_history(path).units:
        raise InputDataError(f"{path}: needs a column balance to hold an answer against")
    return path


def has_record(market: str) -> bool:
    """Whether the public record's draws are of this market."""
    return market.upper().startswith("BTC")


def why_not_held(definition: "analysis.Sufficient", *, is_reduced: bool) -> str:
    """Why no history has windows like those of an answer; empty if one may."""
    if not is_reduced:
        return "the full engine simulates too few windows for it"
    if definition.basis == "given_stress":
        return "the probability is given a stress, and no history has windows of it"
    if definition.horizon_days < LEAST_DAYS:
        return f"the horizon is {analysis.span(definition.horizon_days)}, a history has one value a day"
    return ""


def _model(solved: "analysis.Answer", runner: "analysis.Runner", world: "ReducedWorld") -> "analysis.Model":
    """The model of the answer: crude paths, those of the estimate where it used them."""
    facts = solved.facts
    draws = runner.draws(facts.block)
    return analysis.Model(
        required=draws.required,
        liquidated=draws.liquidated,
        open_interest=facts.open_interest,
        unit=facts.unit,
        days=solved.definition.horizon_days,
        p=solved.target.p,
        fund=float("nan") if solved.fund is None else solved.fund.value,
        falls_per_year=world.falls_per_year if world.can_tilt else None,
        half_a_side=_half_a_side(world, facts.open_interest, solved.definition.horizon_days),
        rivals=_rivals(world, facts.open_interest, solved.definition.horizon_days),
    )


def _half_a_side(world: "ReducedWorld", interest: float, days: float) -> float | None:
    """P(one jump liquidates more than half of a side of open interest); None where jumps have no law."""
    jumps = world.one_event()
    if jumps is None:
        return None
    half = np.array([interest / 2])
    return float(analysis.probability_beyond(jumps["rate"], jumps["liquidated"], half, days)[0])


def _rivals(world: "ReducedWorld", interest: float, days: float) -> dict[str, tuple[F64, F64]]:
    """Simpler models as curves: one event at a time, without impact in the gap, and with all of a fall at once."""
    funds = np.concatenate([[0.0], np.geomspace(RIVAL_FROM, 1.0, RIVAL_POINTS)]) * interest
    rivals = {}
    for name, options in (
        ("one event at a time, no impact", {"has_impact": False}),
        ("one event at a time, the whole fall at once", {"is_whole": True}),
    ):
        jumps = world.one_event(**options)
        if jumps is not None:
            rivals[name] = (funds, analysis.probability_beyond(jumps["rate"], jumps["draw"], funds, days))
    return rivals


def _public(market: str, days: float) -> "analysis.Record":
    """The public record, with its shorter reading and without each event."""
    record = public_record()
    (series,) = (item for item in record.series if item.name == SERIES)
    draws = record.draws_of(SERIES)
    source = f"public record of {series.venue} {series.market}, reports and not a balance series (read {record.read})"
    threshold = series.reporting_threshold_ppm / 1e6

    def windows(start: date) -> "analysis.Windows":
        return analysis.of_reports(
            [_report(draw) for draw in draws],
            start=start,
            end=series.to_utc,
            days=days,
            threshold=threshold,
            source=source,
        )

    whole = windows(series.from_utc)
    variants = {f"without {draw.event}": whole.without(draw.event) for draw in draws}
    if (series.to_utc - series.recent_from_utc).days >= days:
        variants = {series.recent_title: windows(series.recent_from_utc), **variants}
    notes = [f"{draw.event}: {_shares(draw)} of open interest; {draw.scope} ({draw.source})" for draw in draws]
    notes.append(f"below {series.reporting_threshold_ppm / 1e4:g}% of open interest: {series.threshold_note}")
    if not has_record(market):
        notes.append(f"{market} has no public record of its own: give the fund's history by --history")
    return _record(record, whole, variants, market, tuple(notes))


def _own(path: Path, market: str, days: float, unit: str) -> "analysis.Record":
    """A user's history; prices of the public record."""
    history = read_history(path)
    frame = history_frame(history)
    units = dict(history.units)
    windows = analysis.of_balances(frame, days=days, source=path.name, units=units, asset=unit)
    own = analysis.own_liquidations(frame, units=units, source=path.name)
    notes = tuple(analysis.gap_notes(frame))
    return _record(public_record(), windows, {}, market, notes, own)


def _record(
    record: PublicRecord,
    windows: "analysis.Windows",
    variants: "dict[str, analysis.Windows]",
    market: str,
    notes: tuple[str, ...],
    own: "analysis.RecordedLiquidations | None" = None,
) -> "analysis.Record":
    falls = next((item for item in record.falls if market.upper().startswith(item.base)), None)
    venues = tuple(
        analysis.RecordedLiquidations(item.low, item.middle, item.high, item.n, item.venue)
        for item in record.liquidations
    )
    if falls is None:
        notes = (*notes, f"no record of hourly falls of {market}")
    return analysis.Record(
        windows=windows,
        variants=variants,
        falls=()
        if falls is None
        else tuple(
            analysis.RecordedFalls(item.beyond, item.count, item.low, item.high, falls.years, falls.source)
            for item in falls.counts
        ),
        largest_fall=None if falls is None else analysis.LargestFall(falls.largest.fall, falls.largest.source),
        liquidations=venues if own is None else (own, *venues),
        notes=notes,
    )


def history_frame(history: DailyHistory) -> pd.DataFrame:
    """A history as a table: index of days, a float column for each that the file has, NaN where not known."""
    days = sorted(history.days)
    columns = {
        name: np.array([float(history.days[day].get(name, "nan")) for day in days], np.float64)
        for name in history.units
    }
    return pd.DataFrame(columns, index=pd.DatetimeIndex(days, name="date_utc"))


def _report(draw: Draw) -> "analysis.Report":
    low, high = draw.shares
    return analysis.Report(draw.date_utc, low, high, draw.event)


def _shares(draw: Draw) -> str:
    low, high = (f"{100 * share:.2g}%" for share in draw.shares)
    return high if low == high else f"{low} to {high}"
