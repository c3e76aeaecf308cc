"""The page of `clearsim validate`: missed targets first, then all targets with band, source and measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..charts.validation_bands import figure
from ..validation.score import TargetScore
from ..validation.skill import SkillScore
from ..validation.spread import LEVEL, MIN_RUNS
from ..validation.table import band, beside_cells, measured, skill_cells, summary, timing_cells, verdict
from ..validation.timing import TimingScore
from .page import Cell, embed, escape, page, save_page, table

PAGE_NAME = "validation.html"


@dataclass(frozen=True)
class ScenarioFacts:
    """The facts about a scenario that the page shows in addition to its targets."""

    name: str
    title: str
    kind: str
    config: str
    bands_written: str
    assumes: tuple[str, ...]
    n_traders: int
    replications: int
    seed: int
    seconds: float
    config_hash: str
    error: str = ""
    null_errors: Mapping[str, str] = field(default_factory=dict)  # null model -> why it has no runs


def write_page(
    folder: Path,
    scores: Sequence[TargetScore],
    facts: Sequence[ScenarioFacts],
    *,
    skills: Sequence[SkillScore],
    timings: Sequence[TimingScore],
    nulls: Sequence[str],
    about: Mapping[str, str],
) -> Path:
    """Write `validation.html` into `folder`, whole or not at all; return its path. AnalysisError if that fails."""
    html = build_page(scores, facts, skills=skills, timings=timings, nulls=nulls, about=about)
    return save_page(folder / PAGE_NAME, html)


def build_page(
    scores: Sequence[TargetScore],
    facts: Sequence[ScenarioFacts],
    *,
    skills: Sequence[SkillScore],
    timings: Sequence[TimingScore],
    nulls: Sequence[str],
    about: Mapping[str, str],
) -> str:
    """The page as HTML; the same content gives the same bytes.  nulls: names of the null models, in order."""
    body = [
        "<h1>Does clearsim meet its validation targets?</h1>",
        f"<p class='sub'>{escape(summary(list(scores)))}. {len(facts)} scenarios, {escape(about['size'])}</p>",
        _misses(scores),
        _legend(),
        _skill(skills, timings, nulls),
        embed("bands", figure(scores)),
        *(_scenario(fact, [score for score in scores if score.scenario == fact.name]) for fact in facts),
        _again(about),
    ]
    return page(title="Validation · clearsim", body="\n".join(body))


def _misses(scores: Sequence[TargetScore]) -> str:
    missed = [score for score in scores if not score.passed]
    if not missed:
        return (
            "<div class='answer'><h2>No target was missed</h2><p>Read the definitions of the targets before you rely"
            " on this.</p></div>"
        )
    lines = "".join(
        f"<li><b>{escape(score.scenario)}, {escape(score.metric)}: {escape(measured(score))}, band"
        f" {escape(band(score))}</b> ({escape(score.status)}{'' if score.is_firm else ', not firm'})."
        f" {escape(score.source)}</li>"
        for score in missed
    )
    return f"<div class='box'><h2>Missed: {len(missed)} of {len(scores)}</h2><ul>{lines}</ul></div>"


def _legend() -> str:
    return (
        "<p class='note'>A target is met if the mean over the replications lies in its band, ends included. Square"
        f" brackets hold the {LEVEL:.0%} interval of that mean (bootstrap, from {MIN_RUNS} runs on; Clopper-Pearson for"
        " shares of runs); round ones the smallest and largest run, because so few runs give no interval."
        " <i>Not firm</i>: these cross an end of the band. <i>Tests nothing</i>: the record chose a number of the"
        " config. Bands were written before the first run."
        " <i>Recorded</i>: a published number; <i>derived</i>: computed from one, or from a closed form;"
        " <i>expectation</i>: reasoned, without a record. <i>Input</i>: checks that the price path is"
        " the intended one, and is no evidence for the model.</p>"
    )


def _skill(skills: Sequence[SkillScore], timings: Sequence[TimingScore], nulls: Sequence[str]) -> str:
    """RMSE and minutes against the records by the minute; nothing if no scenario has one."""
    if not skills and not timings:
        return ""
    path_header = ("record", "window", "points", "model", *nulls, "skill against index alone")
    time_header = ("what", "recorded", "model", *nulls, "late")
    return (
        "<h2>Does the model know more than its inputs?</h2><p class='note'>Root mean squared distance of the run's mark"
        " from the recorded one at the times of the record. Skill is 1 - model / index alone: below 0 the index, which"
        " went in, is nearer to the record than the mark that came out. Minutes are named by their start, UTC.</p>"
        + table(path_header, [skill_cells(score, nulls) for score in skills])
        + (table(time_header, [timing_cells(score, nulls) for score in timings]) if timings else "")
    )


def _beside(fact: ScenarioFacts, scores: Sequence[TargetScore]) -> str:
    """The targets beside the null models; nothing for what did not happen."""
    held = [score for score in scores if score.nulls]
    if not held:
        return ""
    names = [null.name for null in held[0].nulls]
    errors = "".join(f"<p class='note'>{escape(name)}: {escape(why)}</p>" for name, why in fact.null_errors.items())
    header = ("target", "band", "model", *names, "model nearer than the best of them")
    return "<h3>Beside null models</h3>" + table(header, [beside_cells(score) for score in held]) + errors


def _scenario(fact: ScenarioFacts, scores: Sequence[TargetScore]) -> str:
    header = ("target", "band", "measured", "verdict", "status", "source")
    rows = [[*_cells(score)] for score in scores]
    assumes = "".join(f"<li>{escape(text)}</li>" for text in fact.assumes)
    line = (
        f"{fact.kind} · config {fact.config} ({fact.config_hash[:10]}) · {fact.n_traders:,} traders ·"
        f" {fact.replications} runs from seed {fact.seed} · {fact.seconds:.0f} s · bands written {fact.bands_written}"
    )
    failed = f"<div class='box'><p>Runs failed: {escape(fact.error)}</p></div>" if fact.error else ""
    return (
        f"<h2 id='{escape(fact.name)}'>{escape(fact.title)}</h2><p class='note'>{escape(line)}</p>{failed}"
        + table(header, rows)
        + _beside(fact, scores)
        + (f"<ul class='note'>{assumes}</ul>" if assumes else "")
    )


def _cells(score: TargetScore) -> Iterator[object]:
    yield Cell(f"<b>{escape(score.metric)}</b><br><span class='dim'>{escape(score.meaning)}</span>")
    yield band(score)
    yield measured(score)
    yield Cell(f"<b>{escape(verdict(score))}</b>")
    yield Cell(f"<span class='tag'>{escape('input' if score.is_input else score.status)}</span>")
    yield " · ".join(text for text in (score.source, score.date, score.note) if text)


def _again(about: Mapping[str, str]) -> str:
    rows = [(name, text) for name, text in about.items() if name != "size"]
    return "<h2>How to reproduce this</h2>" + table(("", ""), rows)
