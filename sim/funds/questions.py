"""From a source (a study file or folder, a config, a shipped name, or these as objects) to the configs to size.

A study poses one question per arm of its levers, with its uncertainties at their medians; where a lever or uncertainty
is not a number with a median, at the value of quantile one half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config import RunConfig, Setting, config_hash, load_config, with_settings
from ..config.nearest import nearest_hint
from ..config.yamlfile import parse_yaml, shipped_configs
from ..errors import ConfigError
from ..layout import F64
from ..reduced.admit import require_reduced
from ..studies.design.designs import LatinHypercube
from ..studies.design.load_study import load_study, shipped_studies
from ..studies.design.plan import Plan, Point
from ..studies.design.plan_checks import plan_study
from ..studies.store.folder import BASE_FILE

#: Maximum number of arms that are sized without being named.
MAX_ARMS = 12


@dataclass(frozen=True)
class Question:
    """A config to size, with its fidelity, the study's definition of "sufficient", and its origin.

    arm: labels of the levers.  others: the same question with other draws of the uncertainties from the design.
    joint: many draws at random, None where nothing is uncertain.
    """

    name: str
    config: RunConfig
    fidelity: str
    answer: Mapping[str, Any]
    identity: Mapping[str, str]
    notes: tuple[str, ...] = ()
    arm: str = ""
    others: tuple[RunConfig, ...] = ()
    joint: "JointDraws | None" = None


@dataclass(frozen=True)
class JointDraws:
    """Joint draws of a study's uncertainties around a config.

    config: that they change.  rows: settings of each draw.  values: of each uncertainty by name, NaN where it does not
    apply; what is not a number is numbered.
    """

    config: RunConfig
    rows: tuple[tuple[Setting, ...], ...]
    values: Mapping[str, F64]


def load_questions(
    source: str | RunConfig | Plan,
    settings: Sequence[Setting] = (),
    *,
    seed: int | None = None,
    fidelity: str | None = None,
    arms: Sequence[str] = (),
    draws: int = 0,
    joint: int = 0,
) -> list[Question]:
    """The questions that `source` poses; ConfigError if it cannot be read or run.

    settings: (path, value) pairs set in every config.  arms: `lever=label`, keep only these.  draws: number of
    other values of the uncertainties to prepare.  joint: number of joint draws.
    """
    changes = [*settings, *([] if seed is None else [("seed", seed)])]
    if fidelity not in (None, "full", "reduced"):
        raise ConfigError(f"fidelity must be reduced or full, found {fidelity!r}")
    plan = _plan(source) if isinstance(source, str) else source if isinstance(source, Plan) else None
    if plan is not None:
        questions = _of_study(plan, changes, fidelity, arms, draws, joint)
    elif isinstance(source, RunConfig):
        questions = [_of_config(source, source.name, changes, fidelity)]
    else:
        questions = [_of_config(load_config(str(source)).config, str(source), changes, fidelity)]
    for question in questions:
        if question.fidelity == "reduced":
            require_reduced(question.config)
    return questions


def study_folder(source: str) -> Path | None:
    """The study folder that `source` is, if it is one."""
    folder = Path(source)
    return folder if (folder / "study.yaml").is_file() else None


def _plan(source: str) -> Plan | None:
    """The plan of a study, or None where `source` names a config."""
    if folder := study_folder(source):
        base = folder / BASE_FILE
        return plan_study(load_study(folder / "study.yaml", base=base if base.is_file() else None))
    path = Path(source).expanduser()
    if path.is_file():
        value = parse_yaml(path.read_text(encoding="utf-8"), source=str(path)).value
        return plan_study(load_study(path)) if isinstance(value, dict) and "base" in value else None
    name = source.removesuffix(".yaml")
    if name in shipped_studies():
        return plan_study(load_study(source))
    known = [*shipped_studies(), *shipped_configs()]
    if name not in known:
        hint = nearest_hint(path.name, known) or " (`clearsim studies` and `clearsim configs` list the shipped ones)"
        raise ConfigError(f"{source}: no such study, study folder or config{hint}")
    return None


def _of_config(base: RunConfig, source: str, settings: list[Setting], fidelity: str | None) -> Question:
    config = _with(base, settings)
    chosen = fidelity or ("reduced" if config.reduced is not None else "full")
    return Question(config.name, config, chosen, {}, {"config": source, "config hash": config_hash(config)})


def _of_study(
    plan: Plan, settings: list[Setting], fidelity: str | None, arms: Sequence[str], draws: int, joint: int
) -> list[Question]:
    study, base = plan.study, _with(plan.base, settings)
    chosen = [arm for arm in range(len(plan.arms)) if _is_asked(plan, arm, arms)]
    if not chosen:
        known = "; ".join(_label(plan, arm) for arm in range(min(len(plan.arms), 6)))
        raise ConfigError(f"arms {', '.join(arms)}: {study.name} has no such arm; arms are {known}")
    if len(chosen) > MAX_ARMS:
        raise ConfigError(
            f"{study.name} has {len(chosen)} arms, more than the maximum of {MAX_ARMS}: name some as lever=label,"
            f" such as {_label(plan, 0).split(', ')[0]!r}"
        )
    questions = []
    for arm in chosen:
        point = plan.at_medians(arm)
        rows = [plan.point(row * len(plan.arms) + arm) for row in _rows(plan, draws)]
        questions.append(
            Question(
                name=study.name,
                config=_with(base, point.settings),
                fidelity=fidelity or point.fidelity,
                answer=study.answer or {},
                identity={"study": study.name, "study hash": plan.hash, "arm": _label(plan, arm) or "the only one"},
                notes=(*_held(point), *study.assumes),
                arm=_label(plan, arm),
                others=tuple(_with(base, row.settings) for row in rows),
                joint=_joint(plan, arm, base, joint) if joint else None,
            )
        )
    return questions


def _joint(plan: Plan, arm: int, base: RunConfig, count: int) -> JointDraws | None:
    """`count` draws of the uncertainties, a Latin hypercube whatever the study's own design; seed: the study's."""
    items = plan.study.uncertainties
    if not items:
        return None
    quantiles, _ = LatinHypercube(n=count).rows(len(items), base.seed)
    points = [
        plan.at_values(arm, {item.name: item.value(float(u)) for item, u in zip(items, row, strict=True)})
        for row in quantiles
    ]
    values = {item.name: _numbered([point.shown[f"u.{item.name}"] for point in points]) for item in items}
    return JointDraws(base, tuple(tuple(point.settings) for point in points), values)


def _numbered(values: Sequence[Any]) -> F64:
    """Numbers as they are, None as NaN, anything else by its place among the different ones."""
    if all(value is None or isinstance(value, int | float) for value in values):
        return np.array([np.nan if value is None else float(value) for value in values])
    known = sorted({str(value) for value in values})
    return np.array([float(known.index(str(value))) for value in values])


def _rows(plan: Plan, draws: int) -> list[int]:
    """Rows of the design, evenly through it; none where nothing is uncertain."""
    n = len(plan.rows.scenarios) if plan.study.uncertainties and draws else 0
    return sorted({round(place * (n - 1) / max(draws - 1, 1)) for place in range(min(draws, n))})


def _held(point: Point) -> list[str]:
    """The text of the answer on the uncertainties of an arm, without those that do not apply in it."""
    named = ((name.removeprefix("u."), value) for name, value in point.shown.items() if name.startswith("u."))
    medians = ", ".join(f"{name} {_shown(value)}" for name, value in named if value is not None)
    return [f"uncertainties of the study at their medians: {medians}"] if medians else []


def _label(plan: Plan, arm: int) -> str:
    """`lever=label` of each lever of an arm."""
    chosen = plan.arms[arm]
    return ", ".join(f"{lever.name}={lever.shown(chosen[lever.name])}" for lever in plan.study.levers)


def _is_asked(plan: Plan, arm: int, arms: Sequence[str]) -> bool:
    parts = set(_label(plan, arm).split(", "))
    return all(text.strip() in parts for text in arms)


def _with(config: RunConfig, settings: Sequence[Setting]) -> RunConfig:
    return with_settings(config, settings) if settings else config


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value.get("kind", value) if isinstance(value, dict) else value)
