"""Prints and writes the answers of `clearsim size-fund`: answer.json, .md and .html, curve.csv, estimators.csv.

answer.json, answer.md and curve.csv are the same bytes for the same seed and budget; seconds stand in timing.json.
With several arms every file carries its number, and arms.csv compares them. Part of the roof.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from clearsim.analysis.charts.chart_context import StudyContext
    from clearsim.analysis.sizing.solve import Answer

    from .worlds import WorldOf


@dataclass(frozen=True)
class Found:
    """One answer, its world, and the comparison of estimators, if one was asked for."""

    answer: "Answer"
    world: "WorldOf"
    table: "pd.DataFrame | None"
    refused: dict[str, str]


def say(found: Found) -> None:
    """Print an answer."""
    from clearsim.analysis.sizing.answer_text import answer_lines

    typer.echo("\n".join(answer_lines(found.answer)) + "\n")
    _print_comparison(found)


def print_arms(found: Sequence[Found]) -> None:
    """Print the funds of several arms as a table."""
    if len(found) > 1:
        typer.echo(_arms(found).to_string(index=False, float_format=lambda x: f"{x:,.4g}"))


def write(found: Sequence[Found], out: Path | None) -> str:
    """Write all answers; return the path of the first page. ConfigError where the folder cannot be written."""
    from ..runs.folder import free_folder

    facts = found[0].answer.facts
    folder = out or free_folder(Path("results"), f"size-fund-{facts.name}-{facts.seed}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, item in enumerate(found):
            _write_one(folder, "" if len(found) == 1 else f"-{number + 1:02d}", item)
        if len(found) > 1:
            _arms(found).to_csv(folder / "arms.csv", index=False)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return str(folder / ("answer.html" if len(found) == 1 else "answer-01.html"))


def _write_one(folder: Path, suffix: str, found: Found) -> None:
    from clearsim.analysis.reports.size_report import build_size_report
    from clearsim.analysis.sizing.answer_text import answer_json, answer_markdown

    answer = found.answer
    html = build_size_report(
        answer,
        context=_context(answer),
        baseline=_baseline(found),
        estimators=found.table,
        refused=found.refused,
        command=shlex.join(["clearsim", *sys.argv[1:]]),
    )
    texts = {
        "answer{}.json": answer_json(answer),
        "answer{}.md": answer_markdown(answer),
        "timing{}.json": json.dumps({"seconds": answer.seconds}) + "\n",
        "answer{}.html": html,
    }
    for name, text in texts.items():
        (folder / name.format(suffix)).write_text(text, encoding="utf-8")
    if not answer.curve.empty:
        answer.curve.to_csv(folder / f"curve{suffix}.csv", index=False)
    if found.table is not None:
        found.table.to_csv(folder / f"estimators{suffix}.csv", index=False)


def _arms(found: Sequence[Found]) -> "pd.DataFrame":
    """One row an arm: fund and interval, quote units, share of open interest, method, whether it is confirmed."""
    import pandas as pd

    rows = []
    for item in found:
        answer, fund = item.answer, item.answer.fund
        value, low, high = (float("nan"),) * 3 if fund is None else (fund.value, fund.low, fund.high)
        share = value / answer.facts.open_interest
        rows.append((answer.facts.arm, value, low, high, share, answer.choice.method, answer.confirmed))
    names = ["arm", "fund", "low", "high", "share_of_open_interest", "method", "confirmed"]
    return pd.DataFrame(rows, columns=names)


def _runs(answer: "Answer") -> int:
    """Runs that the fund itself rests on."""
    return answer.runs if answer.fund is None else answer.fund.n


def compared(
    runner: Any, found: "Answer", budget: int, world: "WorldOf"
) -> "tuple[pd.DataFrame | None, dict[str, str]]":
    """The table of estimators, printed; None where there is no fund to ask about, or it feeds back."""
    from clearsim.analysis.sizing.compare import compare_estimators

    if found.fund is None or found.facts.feeds_back:
        typer.echo("no comparison of estimators: it needs a fund that was found, and one set of runs for every size")
        return None, {}
    return compare_estimators(
        runner, found.fund.value, found.target.p, runs=budget, level=found.level, extras=world.reduced
    )


def _print_comparison(found: Found) -> None:
    """Print the table of estimators, and who refused why."""
    from clearsim.analysis.money import format_short

    answer, table = found.answer, found.table
    if table is None or answer.fund is None:
        return
    size = format_short(answer.fund.value, answer.facts.unit)
    typer.echo(f"P({answer.definition.phrase}) with a fund of {size}, by method:")
    shown = ["method", "value", "low", "high", "n", "events", "seconds", "variance_reduction"]
    typer.echo(table[shown].to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    for name, reason in found.refused.items():
        typer.echo(f"{name}: refused: {reason}")
    typer.echo("")


def _context(found: "Answer") -> "StudyContext":
    from clearsim.analysis.charts.chart_context import StudyContext

    facts, reduced = found.facts, found.facts.fidelity == "reduced"
    return StudyContext(
        name=facts.name,
        seed=facts.seed,
        n_runs=1 if reduced else _runs(found),
        n_paths=_runs(found) if reduced else 0,
        asset=facts.unit,
        fidelity=facts.fidelity,
        level=found.level,
        open_interest=facts.open_interest,
    )


def _baseline(found: "Found") -> "pd.DataFrame | None":
    """Gap risk alone, where jumps are random: the closed form beside the curve."""
    import pandas as pd

    reduced = found.world.reduced
    if reduced is None or not reduced.can_tilt or found.answer.curve.empty:
        return None
    funds, probability = reduced.gap_risk()
    return pd.DataFrame({"fund": funds, "probability": probability})
