"""The scores of a validation as CSV: targets, skill on recorded prices, timing."""

import csv
import io
from collections.abc import Iterable, Sequence

from . import _analysis as analysis

_TARGETS = (
    "scenario", "metric", "low", "high", "mean", "mean_low", "mean_high", "bounds", "values", "verdict", "firm",
    "status", "used_for", "source", "date", "reason",
)  # fmt: skip


def tables_of(
    scores: "Sequence[analysis.TargetScore]",
    skills: "Sequence[analysis.SkillScore]",
    timings: "Sequence[analysis.TimingScore]",
    nulls: Sequence[str],
) -> dict[str, str]:
    """File name -> CSV text; the values of the runs are separated by blanks, minutes are UTC."""
    target_header = (*_TARGETS, *(f"{name} values" for name in nulls), "nearer")
    skill_header = (
        "scenario", "record", "window", "points", *_spread_names("rmse_bp"), *(f"{name} rmse_bp" for name in nulls),
        *_spread_names("skill"), "runs_nearer", "runs", "used_for",
    )  # fmt: skip
    timing_header = (
        "scenario", "what", "recorded", "minutes", *(f"{name} minutes" for name in nulls), *_spread_names("late_min"),
        "source",
    )  # fmt: skip
    return {
        "targets.csv": _text(target_header, (_target(score, nulls) for score in scores)),
        "skill.csv": _text(skill_header, (_skill(score, nulls) for score in skills)),
        "timing.csv": _text(timing_header, (_timing(score, nulls) for score in timings)),
    }


def calm_csv(scores: "Sequence[analysis.CalmScore]") -> str:
    """The facts of a calm market as CSV."""
    header = ("fact", "unit", *_spread_names("mean"), "bounds", "values", "literature", "source")
    return _text(header, map(_calm, scores))


def _calm(score: "analysis.CalmScore") -> tuple[object, ...]:
    fact = score.fact
    return (
        fact.name, fact.unit, *_spread(score.spread), _bounds(score.spread), _values(score.values), fact.literature,
        fact.source,
    )  # fmt: skip


def _text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name.replace(" ", "_") for name in header)
    for row in rows:
        writer.writerow(analysis.defused(cell) for cell in row)
    return text.getvalue()


def _spread_names(name: str) -> tuple[str, ...]:
    return name, f"{name}_low", f"{name}_high"


def _spread(spread: "analysis.MeanSpread | None") -> tuple[object, ...]:
    return ("", "", "") if spread is None else (spread.value, spread.low, spread.high)


def _bounds(spread: "analysis.MeanSpread | None") -> str:
    return "" if spread is None else "95% interval" if spread.is_interval else "range of runs"


def _values(values: Sequence[float]) -> str:
    return " ".join(f"{value:.10g}" for value in values)


def _target(score: "analysis.TargetScore", names: Sequence[str]) -> tuple[object, ...]:
    nulls = [_values(null.values) for null in score.nulls] or [""] * len(names)
    return (
        score.scenario, score.metric, score.low, score.high, *_spread(score.spread), _bounds(score.spread),
        _values(score.values),
        score.verdict, score.is_firm, "input" if score.is_input else score.status, " ".join(score.used_for),
        score.source, score.date, score.reason, *nulls, analysis.beside_text(score) if score.nulls else "",
    )  # fmt: skip


def _skill(score: "analysis.SkillScore", nulls: Sequence[str]) -> tuple[object, ...]:
    beside = [_spread(score.nulls.get(name))[0] for name in nulls]
    return (
        score.scenario, score.record, score.window, score.n_points, *_spread(score.model), *beside,
        *_spread(score.skill), score.runs_nearer, score.n, " ".join(score.used_for),
    )  # fmt: skip


def _timing(score: "analysis.TimingScore", nulls: Sequence[str]) -> tuple[object, ...]:
    beside = [" ".join(map(analysis.clock, score.nulls.get(name, ()))) for name in nulls]
    minutes = " ".join(map(analysis.clock, score.minutes))
    return (
        score.scenario, score.what, analysis.clock(score.recorded_ms), minutes, *beside, *_spread(score.late),
        score.source,
    )  # fmt: skip
