"""Arrival slots: a Poisson process in continuous time, with a row of pre-drawn uniforms for each arrival.

Slot k arrives at the same millisecond whatever the clock's step, and always gets the same uniforms; only the market it
sees differs. So the flow per second does not depend on the step, and two arms of a study share their arrivals. Column
0 of a slot is its gap to the next; the others belong to the kernel that consumes it.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..elementary import log1p
from ..layout import CLOCK_DTYPE, Records

CHUNK = 2048


@dataclass
class Arrivals:
    """The stream of one cohort: `uniforms[cursor[0]:]` are unused; `clock` holds the next arrival and the last
    wake."""

    rng: np.random.Generator
    per_ms: float  # arrivals per millisecond
    width: int  # uniforms per slot, column 0 included
    start_ms: int = 0
    uniforms: npt.NDArray[np.float64] = field(init=False)
    cursor: npt.NDArray[np.int64] = field(init=False)
    clock: Records = field(init=False)  # (1,) CLOCK_DTYPE

    def __post_init__(self) -> None:
        """Draw the first chunk and the first arrival."""
        self.cursor = np.zeros(1, np.int64)
        self.uniforms = np.empty((CHUNK, self.width))
        self.refill()
        first = -log1p(-self.rng.random()) / self.per_ms if self.per_ms > 0 else np.inf
        self.clock = np.array([(self.start_ms + first, self.start_ms)], CLOCK_DTYPE)

    def refill(self) -> None:
        """Draw the next chunk of slots into the same memory."""
        self.rng.random(out=self.uniforms)
        self.cursor[0] = 0

    @property
    def is_used_up(self) -> bool:
        """True if the chunk has no slot left."""
        return int(self.cursor[0]) == CHUNK
