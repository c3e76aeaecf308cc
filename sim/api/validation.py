"""Validation scenarios: run them, compare each target with what was measured, write the page and the table."""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..errors import ClearsimError, ConfigError
from ..runs.first_start import first_start
from ..runs.manifest import git_commit
from ..runs.place import new_folder
from ..scenarios.metrics import METRICS
from ..scenarios.model import LoadedScenario, load_scenario, shipped_scenarios
from ..scenarios.run import Measured, measure
from . import _analysis as analysis
from .progress import Note, noting

TABLE_NAME = "targets.csv"


@dataclass(frozen=True)
class Validation:
    """Every target with its verdict, and the facts of each scenario."""

    scores: "tuple[analysis.TargetScore, ...]"
    facts: "tuple[analysis.ScenarioFacts, ...]"
    quick: bool
    COLUMNS: ClassVar = ("scenario", "target", "band", "measured [95%]", "status", "verdict")

    def rows(self) -> list[tuple[tuple[str, ...], bool]]:
        """Cells of each target for a table of COLUMNS, and whether it is met; a scenario's name appears once."""
        rows: list[tuple[tuple[str, ...], bool]] = []
        shown = ""
        for score in self.scores:
            name, shown = ("" if score.scenario == shown else score.scenario), score.scenario
            status = "input" if score.is_input else score.status
            cells = (
                name, score.metric, analysis.band(score), analysis.measured(score), status, analysis.verdict(score),
            )  # fmt: skip
            rows.append((cells, bool(score.passed)))
        return rows

    def summary(self) -> str:
        """The number of targets met, as text."""
        return analysis.summary(list(self.scores))

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the scenarios of which a run failed."""
        return tuple(fact.name for fact in self.facts if fact.error)

    @property
    def passed(self) -> bool:
        """True if every target is met."""
        return all(score.passed for score in self.scores)

    def save(self, folder: Path) -> list[Path]:
        """Write the table of targets and the page into a folder that exists; return both paths. ClearsimError."""
        names = " ".join(fact.name for fact in self.facts)
        about = {
            "size": "the smaller size (--quick)" if self.quick else "the default size",
            "command": f"clearsim validate {names}{' --quick' if self.quick else ''}",
            "git commit": git_commit() or "none (installed package)",
        }
        try:
            with analysis.clearsim_errors():
                page = analysis.write_page(folder, self.scores, self.facts, about=about)
            table, waiting = folder / TABLE_NAME, folder / f".{TABLE_NAME}.partial"
            waiting.write_text(targets_csv(self.scores), encoding="utf-8")
            os.replace(waiting, table)
        except OSError as error:
            raise ClearsimError(f"{folder}: cannot be written: {error.strerror or error}") from error
        return [table, page]


def load_scenarios(names: Sequence[str], *, quick: bool = False) -> list[LoadedScenario]:
    """The scenarios of these names or files, or all shipped ones, historical first; ConfigError for a wrong one."""
    loaded = [load_scenario(name) for name in names or list(shipped_scenarios())]
    if not names:
        loaded.sort(key=lambda item: item.scenario.kind != "historical")
    for item in loaded:
        item.config(quick=quick)  # every fault is reported before the first run
    return loaded


def validate(scenarios: Sequence[LoadedScenario], *, quick: bool = False, on_note: Note | None = None) -> Validation:
    """Run scenarios and judge their targets. quick: fewer traders, where a scenario states a smaller size."""
    note = noting(on_note)
    scores: list[analysis.TargetScore] = []
    facts: list[analysis.ScenarioFacts] = []
    with first_start(note):
        for item in scenarios:
            measured = measure(item, quick=quick, say=note)
            scores += score_scenario(item, measured)
            facts.append(_facts(item, measured))
    return Validation(tuple(scores), tuple(facts), quick)


def folder_for_page(out: Path | None, *, overwrite: bool) -> Path:
    """The folder of the page, made; ConfigError for one that exists, unless overwriting is allowed."""
    if out is None:
        return new_folder(Path("results") / "validation")
    try:
        out.mkdir(parents=True, exist_ok=overwrite)
    except FileExistsError:
        raise ConfigError(f"{out}: exists; name another with --out, or add --overwrite") from None
    except OSError as error:
        raise ConfigError(f"{out}: cannot be made: {error.strerror or error}") from error
    return out


def score_scenario(loaded: LoadedScenario, measured: Measured) -> "list[analysis.TargetScore]":
    """Every target of a scenario with what was measured."""
    scores = []
    for target in loaded.scenario.targets:
        metric = METRICS[target.metric]
        values = tuple(measured.values.get(target.label, ()))
        estimate = analysis.estimate_mean(values, is_yes_or_no=metric.is_yes_or_no)
        passed, is_firm = analysis.judge(estimate, low=target.low, high=target.high)
        scores.append(
            analysis.TargetScore(
                scenario=loaded.scenario.name,
                kind=loaded.scenario.kind,
                meaning=metric.meaning,
                unit=metric.unit,
                values=values,
                estimate=estimate,
                passed=passed,
                is_firm=is_firm,
                reason=analysis.reason_of(estimate, error=measured.error),
                **{**target.model_dump(exclude={"at"}), "metric": target.label},
            )
        )
    return scores


def _facts(loaded: LoadedScenario, measured: Measured) -> "analysis.ScenarioFacts":
    scenario = loaded.scenario
    return analysis.ScenarioFacts(
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


def targets_csv(scores: "Sequence[analysis.TargetScore]") -> str:
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
            analysis.defused(cell)
            for cell in (score.scenario, score.metric, score.low, score.high, *mean, values, score.verdict,
                         score.is_firm, score.status, score.source, score.date, score.reason)
        )  # fmt: skip
    return text.getvalue()
