"""Sobol indices from a Saltelli design: the share of the variance of an input alone, and with all interactions.

First order after Saltelli et al. (Computer Physics Communications 181, 2010, table 2 b), total after Jansen (1999;
there table 2 f), outcomes centred; intervals by bootstrap of whole blocks (percentiles).

Randomness inside the model. A block is N's i-th row of A, of B and of each A with one column of B; its points share the
randomness of each replication. With R >= 2 replications the indices are those of the mean response E[Y | inputs]: only
products of different replications enter, so noise biases neither numerator nor denominator, however large it is. The
row `noise` says which share of the variance of a single run no input explains. With one replication the indices are
those of a single run (inputs and noise vary together): an interaction of an input with the noise then counts for
the input, and `noise` holds only what the noise does alone, a lower bound of its share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import AnalysisError
from ..estimators.estimate import RefusedError
from ..estimators.intervals import tail_mass
from .design_table import F64, I64, DesignTable, design_table

MIN_BLOCKS = 16
CHUNK = 200

MEAN_RESPONSE = "Saltelli 2010 / Jansen 1999, mean response"
SINGLE_RUN = "Saltelli 2010 / Jansen 1999, single run"


@dataclass(frozen=True)
class Blocks:
    """Outcomes by block: a, b (N, R), ab (N, k, R). `dropped` blocks had a run that is not done."""

    a: F64
    b: F64
    ab: F64
    names: tuple[str, ...]
    dropped: int

    @property
    def n(self) -> int:
        """Number of blocks: base samples."""
        return len(self.a)


def sobol_indices(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcome: str,
    *,
    inputs: Sequence[str] | None = None,
    arm: int | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row an input and order: input, order (first, total; then one row `noise`), value, low, high, level, n (base
    samples: blocks), method, note.

    Values are NaN where the outcome has no variance. AnalysisError if the points are no Saltelli design, or fewer than
    MIN_BLOCKS blocks have all their runs.
    """
    blocks = saltelli_blocks(design_table(points, runs, outcome, inputs=inputs, arm=arm, exact_for="Sobol indices"))
    return indices_of_blocks(blocks, level=level, resamples=resamples, seed=seed)


def sobol_table(indices: pd.DataFrame) -> pd.DataFrame:
    """One row an input: input, first, first_low, first_high, total, total_low, total_high, n. The noise is left out."""
    rows = []
    for name, own in indices[indices["order"] != "noise"].groupby("input", sort=False):
        row: dict[str, object] = {"input": name}
        for order in ("first", "total"):
            found = own[own["order"] == order].iloc[0]
            row |= {order: found["value"], f"{order}_low": found["low"], f"{order}_high": found["high"]}
        rows.append(row | {"n": own["n"].iloc[0]})
    return pd.DataFrame(rows, columns=["input", *_TABLE, "n"])


_TABLE = ("first", "first_low", "first_high", "total", "total_low", "total_high")


def saltelli_blocks(sample: DesignTable) -> Blocks:
    """Outcomes by block of a Saltelli design; AnalysisError if it is none, or too few blocks have all their runs."""
    values = sample.values[block_order(sample)]
    kept = values[np.isfinite(values).all(axis=(1, 2))]
    if len(kept) < MIN_BLOCKS:
        raise AnalysisError(
            f"Sobol indices need {MIN_BLOCKS} blocks with all their runs, found {len(kept)} of {len(values)}"
        )
    return Blocks(kept[:, 0], kept[:, -1], kept[:, 1:-1], tuple(sample.names), len(values) - len(kept))


def block_order(sample: DesignTable) -> I64:
    """(N, k + 2) places of the points of each block: A, A with each column of B, B, distinguished by what they share.

    Rows of a block stand together in the design, as A, AB_1 .. AB_k, B or as A, B, AB_1 .. AB_k; AnalysisError if not.
    """
    k, n = len(sample.names), len(sample.point)
    size = k + 2
    if k < 1 or n % size:
        raise AnalysisError(
            f"a Saltelli design of {k} inputs has {size} points a block, found {n} points;"
            " name the inputs that the design moves, and the arm"
        )
    places = np.arange(n).reshape(-1, size)
    cube = np.stack([pd.factorize(sample.inputs[name])[0] for name in sample.names], axis=1).reshape(-1, size, k)
    shared = sample.scenario.reshape(-1, size)
    each = np.arange(k)
    for order in ([0, *range(1, size - 1), size - 1], [0, *range(2, size), 1]):
        ordered = cube[:, order]
        mixed = np.repeat(ordered[:, :1], k, axis=1)
        mixed[:, each, each] = ordered[:, -1]
        unused = (mixed < 0) | (ordered[:, 1:-1] < 0)  # a conditional input that does not apply there
        if ((mixed == ordered[:, 1:-1]) | unused).all():
            if (shared != shared[:, :1]).any():
                raise AnalysisError("points of a Saltelli block must share their scenario (randomness); these do not")
            return np.asarray(places[:, order])
    raise AnalysisError(
        "the points are no Saltelli design: in a block each row must be the first with one input of the second base"
        " row; Sobol indices need design kind saltelli (other designs: see importance)"
    )


def indices_of_blocks(blocks: Blocks, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """The frame of `sobol_indices` from outcomes by block.

    Raises RefusedError where the variance of the mean response is indistinguishable from zero.
    """
    replications = blocks.a.shape[1]
    value, low, high = _with_bounds(blocks, level=level, resamples=resamples, seed=seed)
    if replications > 1 and high[-1] >= 1:
        raise RefusedError(
            f"noise hides the effects of the inputs: it is {value[-1]:.0%} [{low[-1]:.0%}, {high[-1]:.0%}] of the"
            " variance"
            f" of a single run, so the mean response may not vary at all; use more replications ({replications} now),"
            f" more blocks ({blocks.n} now) or wider ranges"
        )
    method = MEAN_RESPONSE if replications > 1 else SINGLE_RUN
    note = f"{replications} replication{'s' if replications > 1 else ''}; bootstrap of blocks, {resamples} resamples"
    note += f"; {blocks.dropped} blocks left out (runs not done)" if blocks.dropped else ""
    noise = "share of a single run's variance" if replications > 1 else "noise alone, a lower bound of its share"
    rows = [(name, order) for order in ("first", "total") for name in blocks.names] + [("(noise)", "noise")]
    frame = pd.DataFrame(rows, columns=["input", "order"])
    frame["value"], frame["low"], frame["high"] = value, low, high
    frame["level"], frame["n"], frame["method"] = level, blocks.n, method
    frame["note"] = [note if order != "noise" else f"{noise}; {note}" for order in frame["order"]]
    return frame


def _with_bounds(blocks: Blocks, *, level: float, resamples: int, seed: int) -> tuple[F64, F64, F64]:
    """(2k + 1,) indices, first and total, then the noise share, and their bounds; NaN where there is no variance."""
    k = len(blocks.names)
    nothing = np.full(2 * k + 1, np.nan)
    if np.ptp(blocks.a) == 0 and np.ptp(blocks.b) == 0 and np.ptp(blocks.ab) == 0:
        return nothing, nothing, nothing
    terms, replicated = _terms(blocks), blocks.a.shape[1] > 1
    value = _ratios(terms.mean(axis=0, keepdims=True), k, replicated=replicated)[0]
    generator = np.random.default_rng(seed)
    drawn = []
    for start in range(0, resamples, CHUNK):
        rows = min(CHUNK, resamples - start)
        weights = generator.multinomial(blocks.n, np.full(blocks.n, 1 / blocks.n), size=rows) / blocks.n
        drawn.append(_ratios(weights @ terms, k, replicated=replicated))
    known = np.isfinite(value)
    low, high = nothing.copy(), nothing.copy()
    below, above = tail_mass(level, "two")
    low[known], high[known] = np.nanquantile(np.concatenate(drawn)[:, known], (below, 1 - above), axis=0)
    return value, np.minimum(low, value), np.maximum(high, value)


def _cross(x: F64, y: F64) -> F64:
    """Mean product over the last axis of different replications; of the same where there is one."""
    count = x.shape[-1]
    if count == 1:
        return np.asarray((x * y)[..., 0])
    return np.asarray((x.sum(-1) * y.sum(-1) - (x * y).sum(-1)) / (count * (count - 1)))


def _terms(blocks: Blocks) -> F64:
    """(N, 2k + 6) per block: numerators of first and total order; mean; squares of response and of run; A B, A, B.

    Ratios of their means over blocks are the indices, so that a bootstrap needs only weighted means of them.
    """
    centre = (blocks.a.mean() + blocks.b.mean()) / 2
    a, b, ab = blocks.a - centre, blocks.b - centre, blocks.ab - centre
    first = np.stack([_cross(b, ab[:, i] - a) for i in range(ab.shape[1])], axis=1)
    total = np.stack([_cross(a - ab[:, i], a - ab[:, i]) / 2 for i in range(ab.shape[1])], axis=1)
    pair = np.stack([a, b])
    mean = pair.mean(axis=(0, 2))
    square = _cross(pair, pair).mean(axis=0)
    run_square = (pair**2).mean(axis=(0, 2))
    ab_mean = (a * b).mean(axis=1)
    a_mean, b_mean = a.mean(axis=1), b.mean(axis=1)
    return np.column_stack([first, total, mean, square, run_square, ab_mean, a_mean, b_mean])


def _ratios(means: F64, k: int, *, replicated: bool) -> F64:
    """(rows, 2k + 1) indices, then the noise share, from rows of mean terms; NaN where no variance is left."""
    mean, square, run_square, ab_mean, a_mean, b_mean = means[:, 2 * k :].T
    variance, run_variance = square - mean**2, run_square - mean**2
    indices = means[:, : 2 * k] / np.where(variance > 0, variance, np.nan)[:, None]
    alone = run_variance - variance if replicated else ab_mean - a_mean * b_mean
    return np.column_stack([indices, alone / np.where(run_variance > 0, run_variance, np.nan)])
