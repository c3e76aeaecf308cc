"""The shortfall of a run: what others paid for bankrupt accounts, and what nobody paid."""

from collections.abc import Mapping
from typing import Any

from ..results import SHORTFALL


def shortfall_quanta(runs: Mapping[str, Any]) -> int:
    """Fund draws, harm of ADL at the mark, socialised loss and the like, and bad debt, from the row of `runs`.

    The harm of ADL counts as 0 if the deleveraged gained by it: it then covers nothing.
    """
    return sum(max(0, int(runs[name])) for name in SHORTFALL)
