"""Consistency checks of a study file: names, conditions, zipped levers, listed points.

Each check returns problems with their paths, so that all are reported at once with file and line.
`plan_checks.py` checks that a study fits its base config.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...config.nearest import nearest_hint
from ...config.problems import Problem
from .designs import Listed
from .distributions import Choice, Integers
from .study import Lever, Study, Uncertainty, means, shown_as

Problems = Iterator[Problem]


def check_study(study: Study) -> list[Problem]:
    """Every problem across the parts of a study that is valid part by part."""
    checks: tuple[Callable[[Study], Problems], ...] = (
        _names_are_unique,
        _conditions_can_hold,
        _zipped_levers_fit,
        _listed_points_are_known,
    )
    return [problem for check in checks for problem in check(study)]


def _names_are_unique(study: Study) -> Problems:
    seen: set[str] = set()
    for key, factors in (("uncertainties", study.uncertainties), ("levers", study.levers)):
        for number, factor in enumerate(factors):
            if factor.name in seen:
                yield Problem((key, number, "name"), f"must be unique, {factor.name} is taken")
            seen.add(factor.name)


def _conditions_can_hold(study: Study) -> Problems:
    factors: dict[str, Lever | Uncertainty] = {item.name: item for item in study.uncertainties}
    factors |= {lever.name: lever for lever in study.levers}
    for number, item in enumerate(study.uncertainties):
        for other, wanted in item.when.items():
            place = ("uncertainties", number, "when")
            if other not in factors or other == item.name:
                names = [name for name in factors if name != item.name]
                hint = nearest_hint(other, names) or f"; there are {', '.join(names) or 'none'}"
                yield Problem(place, f"names {other}, but no other uncertainty or lever has that name{hint}")
            elif (text := _never(factors[other], wanted)) is not None:
                yield Problem((*place, other), text)
    if not any(True for _ in _unknown_conditions(study, factors)) and (ring := _ring(study)):
        yield Problem(("uncertainties",), f"depend on each other in a circle: {' -> '.join(ring)}")


def _unknown_conditions(study: Study, factors: Mapping[str, Any]) -> Iterator[str]:
    return (other for item in study.uncertainties for other in item.when if other not in factors)


def _never(factor: Lever | Uncertainty, wanted: Any) -> str | None:
    """Why a factor never has the value that a condition requires; None if it may."""
    law = getattr(factor, "distribution", None)
    if isinstance(law, Integers):
        met = isinstance(wanted, int) and law.low <= wanted <= law.high
        return None if met else f"must be a whole number from {law.low} to {law.high}, found {wanted}"
    if law is not None and not isinstance(law, Choice):
        return f"must be on a choice or integers; {factor.name} is {law.kind}, which has no single values"
    values = law.values if law is not None else factor.values  # type: ignore[union-attr]
    labels = getattr(factor, "labels", None) or [shown_as(value) for value in values]
    if any(means(value, wanted) for value in (*labels, *values)):
        return None
    texts = [str(label) for label in labels]
    return f"must be one of {', '.join(texts)}, found {wanted}{nearest_hint(str(wanted), texts)}"


def _ring(study: Study) -> list[str]:
    """Names of uncertainties whose conditions form a circle; empty if none do."""
    conditions = {item.name: list(item.when) for item in study.uncertainties}

    def walk(path: list[str]) -> list[str]:
        for other in conditions.get(path[-1], ()):
            if other in path:
                return [*path[path.index(other) :], other]
            if found := walk([*path, other]):
                return found
        return []

    return next((found for name in conditions if (found := walk([name]))), [])


def _zipped_levers_fit(study: Study) -> Problems:
    counts = {lever.name: len(lever.values) for lever in study.levers}
    used = Counter(name for group in study.zip for name in group)
    for number, group in enumerate(study.zip):
        unknown = [name for name in group if name not in counts]
        for name in unknown:
            hint = nearest_hint(name, counts) or f"; levers are {', '.join(counts) or 'none'}"
            yield Problem(("zip", number), f"names {name}, which is not a lever{hint}")
        for name in dict.fromkeys(group):
            if used[name] > 1:
                yield Problem(("zip", number), f"must not contain {name} twice")
        if not unknown and len({counts[name] for name in group}) > 1:
            sizes = ", ".join(f"{name} {counts[name]}" for name in group)
            yield Problem(("zip", number), f"must contain levers with equal numbers of values, found {sizes}")


def _listed_points_are_known(study: Study) -> Problems:
    if not isinstance(study.design, Listed):
        return
    names = [item.name for item in study.uncertainties]
    for number, point in enumerate(study.design.points):
        for name in point:
            if name not in names:
                hint = nearest_hint(name, names) or f"; they are {', '.join(names) or 'none'}"
                yield Problem(("design", "points", number, name), f"is not an uncertainty{hint}")
