"""The page of `clearsim validate`: missed targets first, then all targets with band, source and measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..charts.validation_bands import figure
from ..validation.score import LEVEL, TargetScore
from ..validation.table import band, measured, summary, verdict
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


def write_page(
    folder: Path, scores: Sequence[TargetScore], facts: Sequence[ScenarioFacts], *, about: Mapping[str, str]
) -> Path:
    """Write `validation.html` into `folder`, whole or not at all; return its path. AnalysisError if that fails."""
    return save_page(folder / PAGE_NAME, build_page(scores, facts, about=about))


def build_page(scores: Sequence[TargetScore], facts: Sequence[ScenarioFacts], *, about: Mapping[str, str]) -> str:
    """The page as HTML; the same content gives the same bytes."""
    body = [
        "<h1>Does clearsim meet its validation targets?</h1>",
        f"<p class='sub'>{escape(summary(list(scores)))}. {len(facts)} scenarios, {escape(about['size'])}</p>",
        _misses(scores),
        _legend(),
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
        f" brackets hold the {LEVEL:.0%} interval of that mean (Student's t; Clopper-Pearson for shares of runs)."
        " <i>Not firm</i>: the interval crosses an end of the band. Bands were written before the first run."
        " <i>Recorded</i>: a published number; <i>derived</i>: computed from one, or from a closed form;"
        " <i>expectation</i>: reasoned, without a record. <i>Input</i>: checks that the price path is"
        " the intended one, and is no evidence for the model.</p>"
    )


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
