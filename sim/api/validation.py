"""Validation scenarios: run them, compare each target with what was measured, write the page and the table."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..errors import ClearsimError, ConfigError
from ..runs.first_start import first_start
from ..runs.manifest import git_commit
from ..runs.place import new_folder
from ..scenarios.model import MIN_REPLICATIONS, LoadedScenario, load_scenario, shipped_scenarios
from ..scenarios.nulls import NULLS
from ..scenarios.run import Measured, measure
from . import _analysis as analysis
from .progress import Note, noting
from .validation_scores import score_scenario, skill_scores, timing_scores
from .validation_tables import tables_of


@dataclass(frozen=True)
class Validation:
    """Every target with its verdict, the skill and timing on recorded prices, and the facts of each scenario."""

    scores: "tuple[analysis.TargetScore, ...]"
    skills: "tuple[analysis.SkillScore, ...]"
    timings: "tuple[analysis.TimingScore, ...]"
    facts: "tuple[analysis.ScenarioFacts, ...]"
    quick: bool
    replications: int | None = None
    COLUMNS: ClassVar = ("scenario", "target", "band", "measured", "status", "verdict")
    BESIDE_COLUMNS: ClassVar = ("scenario", "target", "band", "model", *NULLS, "model nearer than the best of them")
    SKILL_COLUMNS: ClassVar = ("record", "window", "points", "model", *NULLS, "skill against index alone")
    TIMING_COLUMNS: ClassVar = ("what", "recorded", "model", *NULLS, "late")

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

    def beside_rows(self) -> list[tuple[str, ...]]:
        """Cells of each target that has null models, for a table of BESIDE_COLUMNS."""
        held = [score for score in self.scores if score.nulls]
        before = ["", *(score.scenario for score in held)]
        names = ["" if score.scenario == last else score.scenario for score, last in zip(held, before, strict=False)]
        return [(name, *analysis.beside_cells(score)) for name, score in zip(names, held, strict=True)]

    def skill_rows(self) -> list[tuple[str, ...]]:
        """Cells of each recorded series, for a table of SKILL_COLUMNS; RMSE in bp."""
        return [analysis.skill_cells(score, NULLS) for score in self.skills]

    def timing_rows(self) -> list[tuple[str, ...]]:
        """Cells of each recorded minute, for a table of TIMING_COLUMNS; start of minutes, UTC."""
        return [analysis.timing_cells(score, NULLS) for score in self.timings]

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
        """Write the tables and the page into a folder that exists; return their paths, the targets first, the page
        last. ClearsimError."""
        names = " ".join(fact.name for fact in self.facts)
        about = {
            "size": "the smaller size (--quick)" if self.quick else "the default size",
            "command": f"clearsim validate {names}{self._options()}",
            "git commit": git_commit() or "none (installed package)",
        }
        try:
            with analysis.clearsim_errors():
                page = analysis.write_page(
                    folder, self.scores, self.facts, skills=self.skills, timings=self.timings, nulls=NULLS, about=about
                )
            tables = []
            for name, text in tables_of(self.scores, self.skills, self.timings, NULLS).items():
                table, waiting = folder / name, folder / f".{name}.partial"
                waiting.write_text(text, encoding="utf-8")
                os.replace(waiting, table)
                tables.append(table)
        except OSError as error:
            raise ClearsimError(f"{folder}: cannot be written: {error.strerror or error}") from error
        return [*tables, page]

    def _options(self) -> str:
        runs = f" --runs {self.replications}" if self.replications else ""
        return runs + (" --quick" if self.quick else "")


def load_scenarios(names: Sequence[str], *, quick: bool = False) -> list[LoadedScenario]:
    """The scenarios of these names or files, or all shipped ones, historical first; ConfigError for a wrong one."""
    loaded = [load_scenario(name) for name in names or list(shipped_scenarios())]
    if not names:
        loaded.sort(key=lambda item: item.scenario.kind != "historical")
    for item in loaded:
        item.config(quick=quick)  # every fault is reported before the first run
    return loaded


def validate(
    scenarios: Sequence[LoadedScenario],
    *,
    quick: bool = False,
    replications: int | None = None,
    on_note: Note | None = None,
) -> Validation:
    """Run scenarios and judge their targets; recorded events beside their null models.

    quick: fewer traders, where a scenario states a smaller size.  replications: runs of each; None: as it says.
    ConfigError if they are too few for a spread.
    """
    if replications is not None and replications < MIN_REPLICATIONS:
        raise ConfigError(f"--runs: must be at least {MIN_REPLICATIONS}, found {replications}")
    note = noting(on_note)
    scores: list[analysis.TargetScore] = []
    skills: list[analysis.SkillScore] = []
    timings: list[analysis.TimingScore] = []
    facts: list[analysis.ScenarioFacts] = []
    with first_start(note):
        for item in scenarios:
            config = item.config(quick=quick)
            is_event = item.scenario.kind == "historical"
            measured = measure(item, quick=quick, nulls=is_event, replications=replications, say=note)
            scores += score_scenario(item, measured)
            skills += skill_scores(item, config, measured)
            timings += timing_scores(item, config, measured)
            facts.append(_facts(item, measured))
    return Validation(tuple(scores), tuple(skills), tuple(timings), tuple(facts), quick, replications)


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
        replications=measured.replications,
        seed=measured.seed,
        seconds=measured.seconds,
        config_hash=measured.config_hash,
        error=measured.model.error,
        null_errors={name: runs.error for name, runs in measured.nulls.items() if runs.error},
    )
