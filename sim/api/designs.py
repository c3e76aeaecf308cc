"""Designs of a study: which combinations of its uncertain inputs are run. `clearsim.designs.latin_hypercube(n=64)`.

Each function returns a design for `clearsim.Study(design=...)`; a wrong number raises ConfigError. Every arm of the
levers runs at every point, on the same randomness.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from ..config.problems import problems_of, raise_problems
from ..config.settings import native
from ..config.yamlfile import node_of
from ..policy import Policy
from ..studies.design import designs as kinds
from .door import checked

__all__ = ["grid", "latin_hypercube", "listed", "one_at_a_time", "random", "saltelli", "sobol"]
D = TypeVar("D", bound=Policy)


@checked
def grid(n: int = 1) -> kinds.Grid:
    """Every combination of `n` equally spaced quantiles of each uncertainty, (i + 1/2) / n.

    clearsim.designs.grid(n=3)
    """
    return _made(kinds.Grid, "grid", n=n)


@checked
def listed(points: Sequence[Mapping[str, Any]]) -> kinds.Listed:
    """These points: mappings of names of uncertainties to values; a name left out is at its median.

    clearsim.designs.listed([{"shock": -0.1}, {"shock": -0.2}])
    """
    return _made(kinds.Listed, "listed", points=list(points))


@checked
def random(n: int) -> kinds.Random:
    """`n` independent random points.

    clearsim.designs.random(n=100)
    """
    return _made(kinds.Random, "random", n=n)


@checked
def latin_hypercube(n: int) -> kinds.LatinHypercube:
    """`n` points; each uncertainty has one value in each of `n` equally likely parts.

    clearsim.designs.latin_hypercube(n=64)
    """
    return _made(kinds.LatinHypercube, "latin_hypercube", n=n)


@checked
def sobol(n: int) -> kinds.Sobol:
    """`n` points of a scrambled Sobol sequence, rounded up to a power of two.

    clearsim.designs.sobol(n=64)
    """
    return _made(kinds.Sobol, "sobol", n=n)


@checked
def saltelli(n: int) -> kinds.Saltelli:
    """`n` blocks of k + 2 points for Sobol indices of k uncertainties; `n` is rounded up to a power of two.

    clearsim.designs.saltelli(n=32)
    """
    return _made(kinds.Saltelli, "saltelli", n=n)


@checked
def one_at_a_time(low: float = 0.05, high: float = 0.95) -> kinds.OneAtATime:
    """All medians, then each uncertainty alone at its quantiles `low` and `high`.

    clearsim.designs.one_at_a_time()
    """
    return _made(kinds.OneAtATime, "one_at_a_time", low=low, high=high)


def _made(kind: type[D], name: str, **values: Any) -> D:
    return validated(kind, native(values), source=f"designs.{name}")


def validated(model: type[D], values: dict[str, Any], *, source: str) -> D:
    """The model with these values; ConfigError with the prefix `source` and the name of each wrong argument."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        node = node_of(values, source)
        raise_problems(problems_of(error, model, node), node)
        raise
