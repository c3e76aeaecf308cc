"""Checks that a study fits its base config: every path exists and is set by one factor, every value can be set.

`study_checks.py` checks that the parts of the study file fit each other.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ...config import RunConfig, Setting, config_hash, with_settings
from ...config.load import build_config
from ...config.overrides import set_value
from ...config.yamlfile import Node
from ...errors import ConfigError
from .designs import Saltelli, Sobol, power_of_two
from .distributions import Choice
from .fidelity import FIDELITY
from .load_study import LoadedStudy, line_of
from .plan import Plan, Point, base_tree
from .study import Lever, Study, Uncertainty, means, shown_as

#: Bounds of a study: the plan is held in memory, and a slip of a key should not cost a year.
MAX_POINTS, MAX_RUNS, MAX_PATHS = 1_000_000, 100_000_000, 100_000_000


def plan_study(loaded: LoadedStudy, *, full: bool = False) -> Plan:
    """The plan of a study, checked: every path exists, every value of a lever and every median can be set."""
    plan = Plan(loaded, loaded.study.in_full() if full else loaded.study)
    plan.notes.extend(check_plan(plan))
    return plan


def check_plan(plan: Plan) -> list[str]:
    """Return notes for the user; ConfigError with file and line for a plan that cannot run."""
    _require_size(plan)
    _require_places(plan)
    notes = [note for number in range(len(plan.study.levers)) for note in _check_lever(plan, number)]
    if not plan.study.levers:
        config_at(plan, plan.point(0), f"{plan.loaded.where}: point 0")
    return [*notes, *_idle_uncertainties(plan.study), *_rounded(plan.study)]


def _require_size(plan: Plan) -> None:
    """ConfigError at the line of the design for a study with more points, runs or paths than can be planned."""
    study, node = plan.study, plan.loaded.node
    rows = study.design.count(len(study.uncertainties))
    zipped = {name for group in study.zip for name in group[1:]}
    arms = math.prod(len(lever.values) for lever in study.levers if lever.name not in zipped)
    for size, bound, name, steps in (
        (rows * arms, MAX_POINTS, "points", ("design",)),
        (rows * arms * study.replications, MAX_RUNS, "runs", ("replications",)),
        (study.paths, MAX_PATHS, "paths of a run", ("paths",)),
    ):
        if size > bound:
            where = line_of(node, *steps)
            raise ConfigError(f"{where}: {steps[0]} must keep the {name} within {bound:,}, found {_figure(size)}")


def _figure(size: int) -> str:
    return f"{size:,}" if size < 10**18 else "more than 10^18"


def _require_places(plan: Plan) -> None:
    """ConfigError at the line of the first path that does not exist, that two factors set, or that is overwritten."""
    study, node = plan.study, plan.loaded.node
    taken: list[tuple[str, Any]] = []
    factors: list[tuple[str, int, Lever | Uncertainty]] = []
    factors += [("levers", number, lever) for number, lever in enumerate(study.levers)]
    factors += [("uncertainties", number, item) for number, item in enumerate(study.uncertainties)]
    for key, number, factor in factors:
        where = line_of(node, key, number)
        tree = _tree_where_it_applies(plan, factor)
        for path, value in _probes(factor):
            if path == FIDELITY and isinstance(factor, Lever):
                continue
            resolved = set_value(tree, path, value, RunConfig, source=f"{where}: {key}[{number}].path")
            for earlier, owner in taken:
                _require_apart(earlier, owner, resolved, factor, where)
            taken.append((resolved, factor))


def _require_apart(earlier: str, owner: Any, path: str, factor: Any, where: str) -> None:
    if owner is factor or _exclude_each_other(owner, factor):
        return
    if earlier == path:
        raise ConfigError(f"{where}: {path} is set by {owner.name} and by {factor.name}; let only one of them set it")
    if earlier.startswith((f"{path}.", f"{path}[")):
        raise ConfigError(
            f"{where}: {factor.name} sets the whole of {path} and overwrites {earlier}, which {owner.name} sets"
            " (levers are applied in order, then uncertainties)"
        )


def _exclude_each_other(first: Any, second: Any) -> bool:
    """True if the conditions of two uncertainties never hold together."""
    one, other = getattr(first, "when", {}), getattr(second, "when", {})
    return any(name in other and other[name] != wanted for name, wanted in one.items())


def _probes(factor: Lever | Uncertainty) -> list[Setting]:
    """Each path of a factor with a value to try."""
    if isinstance(factor, Uncertainty):
        return [(path, factor.value(0.5)) for path in factor.all_paths]
    found = {path: value for index in range(len(factor.values)) for path, value in factor.settings(index)}
    return list(found.items())


def _tree_where_it_applies(plan: Plan, factor: Lever | Uncertainty) -> Node:
    """The base with the levers at a combination in which the factor applies, and the choices that it depends on."""
    tree = base_tree(plan.loaded, plan.study)
    when = getattr(factor, "when", {})
    arm = next((arm for arm in plan.arms if _is_met(plan.study, arm, when)), plan.arms[0])
    settings = [pair for lever in plan.study.levers for pair in lever.settings(arm[lever.name]) if lever is not factor]
    for item in plan.study.uncertainties:
        if item.name in when and isinstance(item.distribution, Choice):
            value = next(value for value in item.distribution.values if means(value, when[item.name]))
            settings += [(path, value) for path in item.all_paths]
    for path, value in settings:
        if isinstance(value, dict | list | tuple):  # only whole mechanisms change which paths exist
            set_value(tree, path, value, RunConfig, source=f"{plan.loaded.where}: {path}")
    return tree


def _is_met(study: Study, arm: dict[str, int], when: dict[str, Any]) -> bool:
    levers = {lever.name: lever for lever in study.levers if lever.name in when}
    return all(lever.has(arm[name], when[name]) for name, lever in levers.items())


def _check_lever(plan: Plan, number: int) -> Iterator[str]:
    """Notes about values that give the same config; ConfigError for one that cannot be set."""
    lever, node = plan.study.levers[number], plan.loaded.node
    hashes: dict[tuple[str, str], int] = {}
    for index in range(len(lever.values)):
        where = f"{line_of(node, 'levers', number, 'values', index)}: levers[{number}].values[{index}]"
        point = plan.point(_arm_of(plan, lever.name, index))
        config = config_at(plan, point, where)
        same = hashes.setdefault((config_hash(config), point.fidelity), index)
        if same != index:
            yield f"lever {lever.name}: {lever.shown(same)} and {lever.shown(index)} give the same config"
    if len(hashes) == 1:
        many = "one value" if len(lever.values) == 1 else "values that are all equal"
        yield f"lever {lever.name} has {many}: it changes nothing"


def _arm_of(plan: Plan, name: str, index: int) -> int:
    """The arm in which this lever, and those zipped with it, have value number `index`, all others the first."""
    together = next((group for group in plan.study.zip if name in group), (name,))
    wanted = {**dict.fromkeys(plan.arms[0], 0), **dict.fromkeys(together, index)}
    return plan.arms.index(wanted)


def config_at(plan: Plan, point: Point, where: str) -> RunConfig:
    """The config of a point, valid for its engine; ConfigError with the prefix `where`."""
    from ...reduced.admit import require_reduced

    try:
        config = with_settings(plan.base, point.settings)
        if point.fidelity == "reduced":
            require_reduced(config)
    except ConfigError as error:
        text = _explained(plan, point.settings, where) or str(error)
        raise ConfigError(text if text.startswith(where) else f"{where}: {text}") from error
    return config


def _explained(plan: Plan, settings: Sequence[Setting], where: str) -> str:
    """The errors of the whole config with these settings, worded as for config files; empty if there are none."""
    tree = base_tree(plan.loaded, plan.study)
    try:
        for path, value in settings:
            set_value(tree, path, value, RunConfig, source=where)
        build_config(tree)
    except ConfigError as error:
        return str(error)
    return ""


def _idle_uncertainties(study: Study) -> Iterator[str]:
    for item in study.uncertainties:
        if shown_as(item.value(1e-6)) == shown_as(item.value(1 - 1e-6)) and not isinstance(item.distribution, Choice):
            yield f"uncertainty {item.name} is {item.value(0.5)} everywhere: it changes nothing"


def _rounded(study: Study) -> Iterator[str]:
    design = study.design
    if isinstance(design, Sobol | Saltelli) and power_of_two(design.n) != design.n:
        yield f"design {design.kind}: n rounded up from {design.n} to {power_of_two(design.n)}"
