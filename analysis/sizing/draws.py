"""Results of runs for sizing a fund: one array entry per run or path, in quote units at venue scale.

`required` is the largest draw of a fund that never runs dry; everything else belongs to the fund of size `fund`. A
`World` makes them; the caller provides it, because this package does not know the simulator.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import AnalysisError

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

COLUMNS = (
    "required",
    "log_weight",
    "liquidated",
    "shortfall",
    "adl_notional",
    "bad_debt",
    "income",
    "first_adl_days",
    "first_empty_days",
    "control",
)


@dataclass(frozen=True)
class Draws:
    """n runs with a fund of size `fund`. All arrays are (n,) float64; days of events that never happen are NaN.

    required: of a fund that never runs dry.  log_weight: log likelihood ratio, 0 for crude runs.  income: fees and
    surplus paid into the fund.  control: a quantity of known mean (NaN: none).
    """

    fund: float
    required: F64
    log_weight: F64
    liquidated: F64
    shortfall: F64
    adl_notional: F64
    bad_debt: F64
    income: F64
    first_adl_days: F64
    first_empty_days: F64
    control: F64

    @classmethod
    def of(cls, fund: float, columns: Mapping[str, npt.NDArray[np.float64]]) -> "Draws":
        """From the arrays by name; ValueError if one is missing or of another length."""
        arrays = {name: np.asarray(columns[name], np.float64).ravel() for name in COLUMNS}
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) != 1:
            raise ValueError(f"arrays of runs have different lengths: {sorted(lengths)}")
        return cls(fund, **arrays)

    @classmethod
    def joined(cls, parts: Sequence["Draws"]) -> "Draws":
        """Several batches with the same fund as one."""
        return cls(parts[0].fund, **{name: np.concatenate([getattr(p, name) for p in parts]) for name in COLUMNS})

    @property
    def n(self) -> int:
        """Number of runs."""
        return len(self.required)

    @property
    def is_weighted(self) -> bool:
        """Whether any run was drawn under another law."""
        return bool(np.any(self.log_weight))

    @property
    def weights(self) -> F64:
        """Likelihood ratios (n,)."""
        return np.asarray(np.exp(self.log_weight))

    def happened(self, event: str) -> Bool:
        """Whether the event happened, with the fund of these runs, (n,)."""
        if event == "first_adl":
            return np.isfinite(self.first_adl_days)
        if event == "cash_zero":
            return np.isfinite(self.first_empty_days)
        if event == "equity_zero":
            return self.required > self.fund
        if event == "bad_debt":
            return self.bad_debt > 0
        raise AnalysisError(f"event {event!r} is unknown")


@dataclass(frozen=True)
class Facts:
    """Facts about a world; money in quote units.

    feeds_back: reasons why the path before exhaustion depends on the fund's size, empty if it does not.
    nothing_to_size: why no fund size changes anything, empty if one does.  largest_fund: more than any path can draw.
    at_hand: the configured fund.  block: runs per batch.  assumptions: further
    assumptions of the runs.  arm: the arm of a study.  rough_seconds: order of magnitude of the time of a run before
    any has run, 0 if unknown.
    """

    name: str
    fidelity: str
    unit: str
    seed: int
    open_interest: float
    at_hand: float
    largest_fund: float
    can_tilt: bool
    feeds_back: tuple[str, ...] = ()
    nothing_to_size: str = ""
    block: int = 1 << 16
    assumptions: tuple[str, ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    arm: str = ""
    rough_seconds: float = 0.0


class World(Protocol):
    """A simulator of runs. The same arguments always give the same runs; blocks are independent of one another."""

    @property
    def facts(self) -> Facts:
        """The facts."""
        ...

    def block(self, number: int, *, fund: float | None = None, aim: float | None = None) -> Mapping[str, F64]:
        """Block `number` of runs, by the names of `COLUMNS`.

        fund: size of the fund, None for the configured one; it never changes the randomness.  aim: None for crude
        runs, else the probability that the sampling law is tilted towards.
        """
        ...


class Request(NamedTuple):
    """A block of a world: the arguments of its `block`."""

    world: World
    number: int
    fund: float | None = None
    aim: float | None = None


class Block(NamedTuple):
    """The columns of a block, and the seconds of computation that it took."""

    columns: Mapping[str, F64]
    seconds: float


#: Makes blocks, in the order of the requests; the caller of a sizing may provide one that uses many processors.
Compute = Callable[[Sequence[Request]], Sequence[Block]]


def one_by_one(requests: Sequence[Request]) -> list[Block]:
    """The blocks, one after another."""
    blocks = []
    for world, number, fund, aim in requests:
        started = time.perf_counter()
        columns = world.block(number, fund=fund, aim=aim)
        blocks.append(Block(columns, time.perf_counter() - started))
    return blocks
