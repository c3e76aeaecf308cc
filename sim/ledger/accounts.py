"""Builds the struct of arrays of margin rows, and names the reserved ones. Balances change only in `ledger.py` and
its twin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..layout import FEES, FIRST_SCOPE_ROW, N_REASONS, OUTSIDE, ROUNDING, AccountArrays, AccountMode

#: Names of the reserved rows, and of those of each scope before a colon. No trader may have one.
RESERVED_NAMES = ("OUTSIDE", "FEES", "ROUNDING")
SCOPE_NAMES = ("FUND", "ENGINE")


def is_reserved_name(name: str) -> bool:
    """True for a name that a reserved row has in some run, in any case of its letters."""
    whole = name.upper().partition(":")[0].strip()
    return whole in (*RESERVED_NAMES, *SCOPE_NAMES)


@dataclass(frozen=True)
class Rows:
    """Layout of margin rows: fixed reserved rows, one FUND and one ENGINE row per scope, then traders' rows."""

    scopes: tuple[str, ...]

    @property
    def first_trader(self) -> int:
        """Row of the first trader."""
        return FIRST_SCOPE_ROW + 2 * len(self.scopes)

    def fund(self, scope: int) -> int:
        """Row of the FUND of scope number `scope`."""
        return FIRST_SCOPE_ROW + 2 * scope

    def engine(self, scope: int) -> int:
        """Row of the ENGINE of scope number `scope`."""
        return FIRST_SCOPE_ROW + 2 * scope + 1

    def name(self, row: int) -> str:
        """Name of a reserved row; empty for a trader's."""
        if row >= self.first_trader:
            return ""
        fixed = dict(zip((OUTSIDE, FEES, ROUNDING), RESERVED_NAMES, strict=True))
        if row in fixed:
            return fixed[row]
        scope, kind = divmod(row - FIRST_SCOPE_ROW, 2)
        return f"{SCOPE_NAMES[kind]}:{self.scopes[scope]}"


def make_accounts(*, n_rows: int, n_markets: int, scopes: Sequence[str]) -> AccountArrays:
    """Return `n_rows` empty rows; reserved rows are marked, all others are cross rows that are their own wallets."""
    rows = Rows(tuple(scopes))
    mode = np.full(n_rows, AccountMode.CROSS, np.uint8)
    mode[: rows.first_trader] = AccountMode.RESERVED
    return AccountArrays(
        quote=np.zeros(n_rows, np.int64),
        lots=np.zeros((n_rows, n_markets), np.int64),
        cost=np.zeros((n_rows, n_markets), np.int64),
        flows=np.zeros((n_rows, N_REASONS), np.int64),
        marked_cost=np.zeros(n_rows, np.int64),
        open_bid=np.zeros((n_rows, n_markets), np.int64),
        open_ask=np.zeros((n_rows, n_markets), np.int64),
        initial_ppm=np.full(n_rows, 1_000_000, np.int64),
        wallet=np.arange(n_rows, dtype=np.int32),
        market=np.full(n_rows, -1, np.int32),
        mode=mode,
        flags=np.zeros(n_rows, np.uint8),
        stamp=np.full(n_rows, -1, np.int64),
        touched=np.zeros(n_rows, np.int32),
    )
