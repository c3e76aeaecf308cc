"""Tables in the unit that a user asks for: quote units, quote units at venue scale, or quanta."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import ConfigError

Units = Literal["quote", "venue", "quanta"]
_EXACT = 1 << 53


def quote_of(quanta: npt.ArrayLike, quantum: Fraction) -> npt.NDArray[np.float64]:
    """Quanta -> quote units, float64, each the nearest to the exact product."""
    column = np.asarray(quanta)
    top, bottom = quantum.numerator, quantum.denominator
    if column.dtype.kind == "i" and bottom <= _EXACT and not (np.abs(column) > _EXACT // top).any():
        return np.asarray(column * top / float(bottom), np.float64)  # both sides exact, so the quotient is rounded once
    return np.array([int(value) * top / bottom for value in column.tolist()], np.float64)


def in_units(frame: pd.DataFrame, units: str, *, quantum: Decimal, share: Decimal) -> pd.DataFrame:
    """The frame with every `..._quanta` column as `..._quote` in float64; with "quanta" as it is, int64.

    quantum: quote units of a quantum.  share: simulated share of the venue, by which "venue" divides.
    """
    if units not in ("quote", "venue", "quanta"):
        raise ConfigError(f"units must be quote, venue or quanta, found {units!r}")
    names = [name for name in frame.columns if str(name).endswith("_quanta")]
    if units == "quanta":
        whole: dict[Any, Any] = {name: "int64" for name in names if frame[name].dtype == object}
        return frame.astype(whole) if whole else frame.copy()
    size = Fraction(quantum) / (Fraction(share) if units == "venue" else 1)
    converted = {name: quote_of(frame[name].to_numpy(), size) for name in names}
    renamed = {name: f"{str(name).removesuffix('quanta')}quote" for name in names}
    return frame.assign(**converted).rename(columns=renamed)
