"""`clearsim validate`: run scenarios and say which of their targets are met.

A roof: `sim/scenarios/` reads and runs, the analysis judges and writes the page. A miss is a result and no failure:
exit code 0 unless --strict.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ClearsimError, ConfigError
from .options import Debug
from .terminal import console, teller

if TYPE_CHECKING:
    from clearsim.analysis.reports.validation_page import ScenarioFacts
    from clearsim.analysis.validation.score import TargetScore

    from ..scenarios.model import LoadedScenario
    from ..scenarios.run import Measured

MISSED = 1
TABLE_NAME = "targets.csv"


def validate(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Scenario files or names; default: all shipped.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the page; default results/validation.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write into a folder that exists.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer traders where a scenario says how many.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 if a target is missed.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List scenarios and metrics; nothing is run.")] = False,
    debug: Debug = False,
) -> None:
    """Run validation scenarios and compare them with what was written down before: pass or miss for each target."""
    from ..scenarios.model import load_scenario, shipped_scenarios

    if list_:
        _list()
        return
    loaded = [load_scenario(name) for name in scenarios or list(shipped_scenarios())]
    if not scenarios:
        loaded.sort(key=lambda item: item.scenario.kind != "historical")
    for item in loaded:
        item.config(quick=quick)  # every fault is told before the first run
    folder = _folder(out, overwrite=overwrite)
    scores, facts = _run(loaded, quick=quick)
    _print(scores)
    for path in _write(folder, scores, facts, quick=quick):
        typer.echo(path)
    if strict and not all(score.passed for score in scores):
        raise typer.Exit(MISSED)


def _list() -> None:
    from ..scenarios.metrics import METRICS
    from ..scenarios.model import load_scenario, shipped_scenarios

    for name, path in shipped_scenarios().items():
        typer.echo(f"{name:20} {load_scenario(path).scenario.title}")
    typer.echo("\nmetrics")
    for name, metric in METRICS.items():
        typer.echo(f"{name:32} {metric.unit:14} {metric.meaning}")


def _folder(out: Path | None, *, overwrite: bool) -> Path:
    """The folder of the page, made; ConfigError for one that holds something already, unless it may be written into."""
    from ..runs.folder import free_folder

    folder = out or free_folder(Path("results"), "validation")
    try:
        if folder.exists() and not overwrite and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(f"{folder}: exists and is not empty; name another with --out, or add --overwrite")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made: {error.strerror or error}") from error
    return folder


def _run(loaded: "Sequence[LoadedScenario]", *, quick: bool) -> "tuple[list[TargetScore], list[ScenarioFacts]]":
    from ..runs.first_start import first_start
    from ..scenarios.run import measure

    say = teller(console(stderr=True))
    scores: list[TargetScore] = []
    facts: list[ScenarioFacts] = []
    with first_start(say):
        for item in loaded:
            measured = measure(item, quick=quick, say=say)
            scores += score_scenario(item, measured)
            facts.append(_facts(item, measured))
    return scores, facts


def score_scenario(loaded: "LoadedScenario", measured: "Measured") -> "list[TargetScore]":
    """Every target of a scenario with what was measured."""
    from clearsim.analysis.validation.score import TargetScore, estimate_mean, judge, reason_of

    from ..scenarios.metrics import METRICS

    scores = []
    for target in loaded.scenario.targets:
        metric = METRICS[target.metric]
        values = tuple(measured.values.get(target.metric, ()))
        estimate = estimate_mean(values, is_yes_or_no=metric.is_yes_or_no)
        passed, is_firm = judge(estimate, low=target.low, high=target.high)
        scores.append(
            TargetScore(
                scenario=loaded.scenario.name,
                kind=loaded.scenario.kind,
                meaning=metric.meaning,
                unit=metric.unit,
                values=values,
                estimate=estimate,
                passed=passed,
                is_firm=is_firm,
                reason=reason_of(estimate, error=measured.error),
                **target.model_dump(),
            )
        )
    return scores


def _facts(loaded: "LoadedScenario", measured: "Measured") -> "ScenarioFacts":
    from clearsim.analysis.reports.validation_page import ScenarioFacts

    scenario = loaded.scenario
    return ScenarioFacts(
        name=scenario.name,
        title=scenario.title,
        kind=scenario.kind,
        config=scenario.base,
        bands_written=scenario.bands_written,
        assumes=scenario.assumes,
        n_traders=measured.n_traders,
        replications=scenario.replications,
        seed=measured.seed,
        seconds=measured.seconds,
        config_hash=measured.config_hash,
        error=measured.error,
    )


def _print(scores: "Sequence[TargetScore]") -> None:
    from clearsim.analysis.validation.table import band, measured, summary, verdict
    from rich.table import Table

    screen = console()
    table = Table(box=None, pad_edge=False)
    for column in ("scenario", "target", "band", "measured [95%]", "status", "verdict"):
        table.add_column(column, overflow="fold", no_wrap=column in ("scenario", "target", "verdict"))
    shown = ""
    for score in scores:
        name, shown = ("" if score.scenario == shown else score.scenario), score.scenario
        cells = (
            name,
            score.metric,
            band(score),
            measured(score),
            "input" if score.is_input else score.status,
            verdict(score),
        )
        table.add_row(*(cell.replace("[", "\\[") for cell in cells), style=None if score.passed else "bold")
    screen.print(table, highlight=False)
    screen.print(summary(list(scores)), highlight=False)


def _write(
    folder: Path, scores: "Sequence[TargetScore]", facts: "Sequence[ScenarioFacts]", *, quick: bool
) -> list[Path]:
    """Write the page and the table of targets; return both paths."""
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.reports.validation_page import write_page

    from ..runs.manifest import git_commit

    about = {
        "size": "the smaller size (--quick)" if quick else "the default size",
        "command": f"clearsim validate {' '.join(fact.name for fact in facts)}{' --quick' if quick else ''}",
        "git commit": git_commit() or "none (installed package)",
    }
    try:
        page = write_page(folder, scores, facts, about=about)
        table, waiting = folder / TABLE_NAME, folder / f".{TABLE_NAME}.partial"
        waiting.write_text(targets_csv(scores), encoding="utf-8")
        os.replace(waiting, table)
    except (AnalysisError, OSError) as error:
        raise ClearsimError(f"clearsim validate: {error}") from error
    return [table, page]


def targets_csv(scores: "Sequence[TargetScore]") -> str:
    """The targets as CSV, one line each; the values of the runs are separated by blanks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("scenario", "metric", "low", "high", "mean", "mean_low", "mean_high", "values", "verdict", "firm", "status",
         "source", "date", "reason")
    )  # fmt: skip
    for score in scores:
        found = score.estimate
        mean = (found.value, found.low, found.high) if found else ("", "", "")
        values = " ".join(f"{value:.10g}" for value in score.values)
        writer.writerow(
            (score.scenario, score.metric, score.low, score.high, *mean, values, score.verdict, score.is_firm,
             score.status, score.source, score.date, score.reason)
        )  # fmt: skip
    return text.getvalue()
