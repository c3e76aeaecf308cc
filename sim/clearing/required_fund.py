"""The required fund of a run: the cash with which FUND would never have run dry, net of its income.

required fund = max over time of (F0 - E(t))+, F0 the cash at the start, E the equity of FUND and ENGINE at mark.
Until FUND first runs dry the path does not depend on its size, unless a rule reads it. So the amount is exact in a run
whose FUND never ran dry, and a lower bound otherwise: `sim/funds/second_pass.py` runs again with an endless fund,
`sim/api/required_fund.py` prints both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self


@dataclass
class RequiredFund:
    """The greatest shortfalls so far, quanta: of all funds together, and of each alone. Both start at 0."""

    initial: Sequence[int]  # F0 of each fund
    together: int = 0
    of_fund: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, initial: Sequence[int]) -> Self:
        """Return the state at the start of a run.  initial: cash of each fund, quanta."""
        return cls(initial, 0, [0] * len(initial))

    def note(self, equity: Sequence[int]) -> None:
        """Take in one instant.  equity: of each fund with its ENGINE at mark, quanta."""
        self.together = max(self.together, sum(self.initial) - sum(equity))
        for number, (before, now) in enumerate(zip(self.initial, equity, strict=True)):
            self.of_fund[number] = max(self.of_fund[number], before - now)
