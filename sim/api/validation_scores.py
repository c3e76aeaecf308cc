"""From the runs of a scenario to its scores: targets beside null models, skill on recorded prices, timing."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from ..config import RunConfig
from ..config.model import Comparison
from ..scenarios.metrics import METRICS
from ..scenarios.model import LoadedScenario, PathWindow, RecordedMinute, utc_ms
from ..scenarios.nulls import INDEX_ALONE
from ..scenarios.run import Measured, Runs, Trace
from . import _analysis as analysis


def score_scenario(loaded: LoadedScenario, measured: Measured) -> "list[analysis.TargetScore]":
    """Every target of a scenario with what was measured."""
    scores = []
    for target in loaded.scenario.targets:
        metric = METRICS[target.metric]
        values = tuple(measured.model.values.get(target.label, ()))
        spread = analysis.spread_of(values, is_yes_or_no=metric.is_yes_or_no)
        passed, is_firm = analysis.judge(spread, low=target.low, high=target.high)
        nulls = () if target.is_input else tuple(_null_values(measured, target.label, is_yes_or_no=metric.is_yes_or_no))
        scores.append(
            analysis.TargetScore(
                scenario=loaded.scenario.name,
                kind=loaded.scenario.kind,
                meaning=metric.meaning,
                unit=metric.unit,
                values=values,
                spread=spread,
                passed=passed,
                is_firm=is_firm,
                reason=analysis.reason_of(spread, error=measured.model.error),
                nulls=nulls,
                **{**target.model_dump(exclude={"at"}), "metric": target.label},
            )
        )
    return scores


def _null_values(measured: Measured, label: str, *, is_yes_or_no: bool) -> "Iterator[analysis.NullValue]":
    for null, runs in measured.nulls.items():
        values = tuple(runs.values.get(label, ()))
        spread = analysis.spread_of(values, is_yes_or_no=is_yes_or_no)
        reason = "" if spread else runs.error or "it says nothing of this"
        yield analysis.NullValue(null, values if spread else (), spread, reason)


def skill_scores(loaded: LoadedScenario, config: RunConfig, measured: Measured) -> "list[analysis.SkillScore]":
    """RMSE and skill of the mark of the first market on each recorded series, whole and over the stated stretches."""
    scores = []
    for record, used_for in _records(loaded, config):
        rmse = partial(_rmse, record)
        model = rmse(measured.model)
        nulls = {name: rmse(runs) for name, runs in measured.nulls.items()}
        pairs = list(zip(model, nulls.get(INDEX_ALONE, ()), strict=False))
        scores.append(
            analysis.SkillScore(
                scenario=loaded.scenario.name,
                record=record.name,
                source=record.source,
                window=record.window,
                n_points=len(record.time_ms),
                used_for=used_for,
                model=analysis.spread_of(model),
                nulls={name: analysis.spread_of(values) for name, values in nulls.items()},
                skill=analysis.spread_of([analysis.skill_of(mine, its) for mine, its in pairs]),
                runs_nearer=sum(mine < its for mine, its in pairs),
                n=len(pairs),
            )
        )
    return scores


def _rmse(record: "analysis.RecordedPath", runs: Runs) -> list[float]:
    return [analysis.rmse_bp(trace.time_ms, trace.mark, record) for trace in runs.traces]


def _records(loaded: LoadedScenario, config: RunConfig) -> "Iterator[tuple[analysis.RecordedPath, tuple[str, ...]]]":
    """Every recorded mark of the first market inside the run, as a whole and by the scenario's windows."""
    for comparison in _marks(config):
        windows = [window for window in loaded.scenario.paths if window.comparison == comparison.name]
        for window in (PathWindow(comparison=comparison.name), *windows):
            record = recorded_path(comparison, window, config)
            if len(record.time_ms):
                yield record, window.used_for


def _marks(config: RunConfig) -> list[Comparison]:
    first = config.markets[0].name
    return [each for each in config.comparisons if each.market == first and each.quantity == "mark"]


def recorded_path(comparison: Comparison, window: PathWindow, config: RunConfig) -> "analysis.RecordedPath":
    """The recorded prices inside the run and the window, ends included."""
    since, until = config.start_ms, config.start_ms + config.duration_ms
    words = "all of it"
    if window.from_utc is not None:
        since = max(since, utc_ms(window.from_utc))
    if window.until_utc is not None:
        until = min(until, utc_ms(window.until_utc))
    if window.from_utc is not None or window.until_utc is not None:
        words = f"{analysis.clock(since)}-{analysis.clock(until)}"
    points = [(utc_ms(point.utc), float(point.price)) for point in comparison.points]
    inside = [(moment - config.start_ms, price) for moment, price in points if since <= moment <= until]
    times, prices = np.array(inside, np.float64).reshape(-1, 2).T
    return analysis.RecordedPath(comparison.name, comparison.source, words, times, prices)


def timing_scores(loaded: LoadedScenario, config: RunConfig, measured: Measured) -> "list[analysis.TimingScore]":
    """The minute of the largest fall of each recorded mark by the minute, and of the stated records of liquidations."""
    scores = []
    for comparison in _marks(config):
        record = recorded_path(comparison, PathWindow(comparison=comparison.name), config)
        if analysis.is_minutely(record):
            fall = partial(_fall_minute, record, config.start_ms)
            recorded = int(record.time_ms[analysis.steepest_step(record.price)]) + config.start_ms
            what = f"largest fall of the mark in a minute ({record.name})"
            scores.append(_timing(loaded, measured, what, record.source, recorded, fall))
    for stated in loaded.scenario.minutes:
        busiest = partial(_busiest, config.start_ms)
        scores.append(_timing(loaded, measured, "most liquidated", _source(stated), utc_ms(stated.minute_utc), busiest))
    return scores


def _fall_minute(record: "analysis.RecordedPath", start_ms: int, trace: Trace) -> int | None:
    return analysis.largest_fall_ms(trace.time_ms, trace.mark, record) + start_ms


def _busiest(start_ms: int, trace: Trace) -> int | None:
    return analysis.busiest_minute_ms(trace.time_ms, trace.liquidated, start_ms)


def _source(stated: RecordedMinute) -> str:
    return " · ".join(text for text in (stated.source, stated.date, stated.note) if text)


def _timing(
    loaded: LoadedScenario,
    measured: Measured,
    what: str,
    source: str,
    recorded: int,
    minute_of: "partial[int | None]",
) -> "analysis.TimingScore":
    def minutes(traces: Sequence[Trace]) -> tuple[int | None, ...]:
        return tuple(minute_of(trace) for trace in traces)

    own = minutes(measured.model.traces)
    late = [float("nan") if minute is None else (minute - recorded) / analysis.MINUTE_MS for minute in own]
    return analysis.TimingScore(
        scenario=loaded.scenario.name,
        what=what,
        source=source,
        recorded_ms=recorded,
        minutes=own,
        nulls={name: minutes(runs.traces) for name, runs in measured.nulls.items()},
        late=analysis.spread_of(late),
    )
