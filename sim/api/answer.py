"""`Answer`: the required fund with its interval, method and assumptions."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import ClearsimError
from ..runs.answer_folder import AnswerFolder
from . import _analysis as analysis
from .door import checked_class
from .pictures import card, interval
from .result import chosen_figure
from .worlds import WorldOf

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: The files that `Answer.save` writes.
FILES = re.compile(
    r"(answer(-\d+)?\.(json|md|html))|((curve|estimators)(-\d+)?\.csv)|(timing(-\d+)?\.json)|(arms\.csv)"
)


@dataclass(frozen=True)
class SizedArm:
    """The answer for one arm of a study, or for a config: its world, and the comparison of estimators if requested."""

    solved: "analysis.Answer"
    world: WorldOf
    comparison: pd.DataFrame | None = None
    refused: Mapping[str, str] | None = None  # estimators that gave no number, and why

    @property
    def name(self) -> str:
        """Labels of the levers, or the name of the config."""
        return self.solved.facts.arm or self.solved.facts.name

    @property
    def triple(self) -> tuple[float, float, float]:
        """Fund, low and high end, quote units at venue scale; NaN where there is none."""
        fund = self.solved.fund
        return (math.nan,) * 3 if fund is None else (fund.value, fund.low, fund.high)

    def context(self) -> "analysis.StudyContext":
        """The origin of the numbers, as charts print it."""
        solved, facts = self.solved, self.solved.facts
        runs, is_reduced = solved.runs if solved.fund is None else solved.fund.n, facts.fidelity == "reduced"
        return analysis.StudyContext(
            name=facts.name,
            seed=facts.seed,
            n_runs=1 if is_reduced else runs,
            n_paths=runs if is_reduced else 0,
            asset=facts.unit,
            fidelity=facts.fidelity,
            level=solved.level,
            open_interest=facts.open_interest,
        )

    def baseline(self) -> pd.DataFrame | None:
        """Gap risk alone, where jumps are random: the closed form, for comparison with the curve."""
        reduced = self.world.reduced
        if reduced is None or not reduced.can_tilt or self.solved.curve.empty:
            return None
        funds, probability = reduced.gap_risk()
        return pd.DataFrame({"fund": funds, "probability": probability})

    def figures(self) -> "dict[str, go.Figure]":
        """The curve of all fund sizes, and the comparison of estimators."""
        solved = self.solved
        figures: dict[str, go.Figure] = {}
        if not solved.curve.empty and not solved.facts.feeds_back:
            figures["curve"] = analysis.curve_figure(solved, self.context(), self.baseline())
        if self.comparison is not None and len(self.comparison):
            what = f"P({solved.definition.phrase})"
            figures["estimators"] = analysis.draw_estimators(self.comparison, self.context(), what=what)
        return figures

    def page(self, command: str) -> str:
        """The answer as a self-contained HTML page; `command`: reproduces it."""
        return analysis.build_size_report(
            self.solved,
            context=self.context(),
            baseline=self.baseline(),
            estimators=self.comparison,
            refused=dict(self.refused or {}),
            command=command,
        )


def arm_text(arm: SizedArm) -> str:
    """The answer as text, then the table of estimators and the reasons of those that refused."""
    solved, lines = arm.solved, ["\n".join(analysis.answer_lines(arm.solved))]
    if arm.comparison is not None and solved.fund is not None:
        size = analysis.format_short(solved.fund.value, solved.facts.unit)
        shown = ["method", "value", "low", "high", "n", "events", "seconds", "variance_reduction"]
        lines += ["", f"P({solved.definition.phrase}) with a fund of {size}, by method:"]
        lines.append(arm.comparison[shown].to_string(index=False, float_format=lambda x: f"{x:.3g}"))
        lines += [f"{name}: refused: {reason}" for name, reason in (arm.refused or {}).items()]
    return "\n".join(lines)


@checked_class
class Answer:
    """How large the fund must be for a target: one answer per arm of a study, or one for a config.

    Amounts are quote units at venue scale.

        answer = clearsim.size_fund("btc", "P(ADL within 1d) < 0.05", budget=65_536, spread=0)
        answer.fund, answer.low, answer.high
    """

    def __init__(self, arms: tuple[SizedArm, ...], *, command: str = "") -> None:
        self.arms = arms
        self._command = command

    @property
    def fund(self) -> float:
        """The smallest fund that meets the target; NaN if none was found. ClearsimError with several arms."""
        return self._only.triple[0]

    @property
    def low(self) -> float:
        """Lower end of its interval."""
        return self._only.triple[1]

    @property
    def high(self) -> float:
        """Upper end of its interval."""
        return self._only.triple[2]

    @property
    def confirmed(self) -> bool:
        """True if every arm has a fund, and a second method agrees where one is needed."""
        return all(arm.solved.fund is not None and arm.solved.confirmed for arm in self.arms)

    @property
    def refuted(self) -> bool:
        """True if history refutes the model behind an arm's fund."""
        return any(arm.solved.is_refuted for arm in self.arms)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The assumptions behind the numbers: definition of the event, engine, simplifications."""
        return tuple(dict.fromkeys(text for arm in self.arms for text in analysis.assumptions(arm.solved)))

    def frame(self) -> pd.DataFrame:
        """One row per arm: fund, low, high, share_of_open_interest, method, confirmed."""
        rows = []
        for arm in self.arms:
            solved = arm.solved
            share = arm.triple[0] / solved.facts.open_interest
            rows.append((solved.facts.arm, *arm.triple, share, solved.choice.method, solved.confirmed))
        names = ["arm", "fund", "low", "high", "share_of_open_interest", "method", "confirmed"]
        return pd.DataFrame(rows, columns=names)

    def curve(self) -> pd.DataFrame:
        """P(event) for every size of the fund, with its interval; no rows where the fund feeds back on the path.

        ClearsimError with several arms.
        """
        return self._only.solved.curve.copy()

    def data(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Everything as plain data, as in answer.json; a list with several arms."""
        data = [analysis.answer_data(arm.solved) for arm in self.arms]
        return data[0] if len(data) == 1 else data

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` takes."""
        return tuple(self._figures())

    def figure(self, name: str) -> "go.Figure":
        """A figure by its name or the beginning of it: curve or estimators; with several arms curve-01, ...

        Returns a plotly figure. Raises ConfigError naming the available figures.

            answer.figure("curve")
        """
        return chosen_figure(self._figures(), name)

    def report(self, path: str | Path) -> Path:
        """Write the answer as one self-contained HTML file; return its path. With several arms: the first one.

        Raises ClearsimError if it cannot be written.
        """
        target = Path(path)
        try:
            target.write_text(self.arms[0].page(self._command), encoding="utf-8")
        except OSError as error:
            raise ClearsimError(f"{target}: cannot be written: {error.strerror}") from error
        return target

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write answer.json, answer.md, answer.html, curve.csv and timing.json into a folder; return the first page.

        With several arms each file name has the number of the arm, and arms.csv compares them. answer.json, answer.md
        and curve.csv are the same bytes for the same question, seed and budget. Raises ResultError if the folder has
        files of an earlier answer (overwrite: replaces them) or cannot be written.
        """
        with AnswerFolder(Path(folder), FILES, overwrite=overwrite) as place:
            return self.put_in(place)

    def put_in(self, place: AnswerFolder) -> Path:
        """Write the files of `save` into a folder that was claimed before; return the first page."""
        files: dict[str, str] = {}
        for number, arm in enumerate(self.arms, start=1):
            files |= self._files(arm, "" if len(self.arms) == 1 else f"-{number:02d}")
        if len(self.arms) > 1:
            files["arms.csv"] = analysis.csv_text(self.frame())
        place.put({name: text.encode() for name, text in files.items()})
        return place.folder / ("answer.html" if len(self.arms) == 1 else "answer-01.html")

    def _files(self, arm: SizedArm, suffix: str) -> dict[str, str]:
        """The texts of an arm by the names of their files."""
        solved = arm.solved
        texts = {
            f"answer{suffix}.json": analysis.answer_json(solved),
            f"answer{suffix}.md": analysis.answer_markdown(solved),
            f"timing{suffix}.json": json.dumps({"seconds": solved.seconds}) + "\n",
            f"answer{suffix}.html": arm.page(self._command),
        }
        if not solved.curve.empty:
            texts[f"curve{suffix}.csv"] = analysis.csv_text(solved.curve)
        if arm.comparison is not None:
            texts[f"estimators{suffix}.csv"] = analysis.csv_text(arm.comparison)
        return texts

    @property
    def _only(self) -> SizedArm:
        if len(self.arms) > 1:
            raise ClearsimError(f"the answer has {len(self.arms)} arms: use .frame(), or name one with arms=")
        return self.arms[0]

    def _figures(self) -> "dict[str, go.Figure]":
        if len(self.arms) == 1:
            return self.arms[0].figures()
        figures: dict[str, go.Figure] = {}
        for number, arm in enumerate(self.arms, start=1):
            figures |= {f"{name}-{number:02d}": figure for name, figure in arm.figures().items()}
        return figures

    def __str__(self) -> str:
        """The answer as the command line prints it."""
        return "\n\n".join(map(arm_text, self.arms))

    def __repr__(self) -> str:
        """Target and funds."""
        funds = ", ".join(f"{arm.name} {arm.triple[0]:,.0f}" for arm in self.arms)
        return f"<Answer {self.arms[0].solved.target.text}: {funds}>"

    def _repr_html_(self) -> str:
        first = self.arms[0].solved
        rows = {"target": first.target.text, "meaning": first.definition.phrase, "confirmed": self.confirmed}
        rows |= {f"assumes {number}": text for number, text in enumerate(self.assumptions, start=1)}
        label = f"required fund, {first.facts.unit}, {first.level:.0%} interval"
        picture = interval([(arm.name, *arm.triple) for arm in self.arms], label=label)
        table = self.frame().to_html(index=False, float_format=lambda value: f"{value:,.4g}")
        return card("How large must the fund be?", rows, picture, table)
