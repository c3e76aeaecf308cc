"""Results of a run by account: equity before and after, exact attribution, roles, and the harm of ADL.

Decides nothing about the run itself: it reads the arrays of World at the start and at the end. The attribution
identity is
change of equity = price + slippages + takeover + fees + surplus + funding + fund + ADL + socialised + rounding +
deposits + moves between a trader's rows, in quanta, with residual 0 for every row; a residual raises ConservationError.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import ConservationError
from ..layout import (
    FLAG_BANKRUPT,
    FLAG_DELEVERAGED,
    FLAG_LIQUIDATED,
    I64,
    AccountArrays,
    AccountMode,
    MarketArrays,
    Reason,
)
from ..results import ATTRIBUTION, FLOWS, KINDS, ROLES

#: Reasons that make up each component; `price` is the rest of the change in position value, computed separately.
COMPONENT_REASONS: dict[str, tuple[Reason, ...]] = {
    flow.name: tuple(Reason[name] for name in flow.reasons) for flow in FLOWS if flow.reasons
}
_RESERVED_ROLE = {
    "OUTSIDE": "outside",
    "FEES": "fees",
    "ROUNDING": "rounding",
    "FUND": "insurance fund",
    "ENGINE": "engine",
}


@dataclass(frozen=True)
class Snapshot:
    """Copies of the balances at one instant. Everything is per margin row, quanta at the mark of that instant."""

    equity: I64  # (A,)
    value: I64  # (A,) sum over markets of lots x mark
    notional: I64  # (A,) sum over markets of |lots| x mark
    flows: I64  # (A, R)
    marked_cost: I64  # (A,)
    side: I64  # (A,) sign of the value
    lots: I64  # (A, M)


def take_snapshot(accounts: AccountArrays, markets: MarketArrays) -> Snapshot:
    """Return the balances as they stand."""
    unit = markets.mark * markets.params["tick_value"]
    value = accounts.lots @ unit
    return Snapshot(
        equity=accounts.quote + value,
        value=value,
        notional=np.abs(accounts.lots) @ unit,
        flows=accounts.flows.copy(),
        marked_cost=accounts.marked_cost.copy(),
        side=np.sign(value),
        lots=accounts.lots.copy(),
    )


def attribute(before: Snapshot, after: Snapshot) -> dict[str, I64]:
    """Return the components of each row's change of equity (quanta); ConservationError if any row has a residual."""
    moved = after.flows - before.flows
    components: dict[str, I64] = {
        "price": after.value - before.value - (after.marked_cost - before.marked_cost),
    }
    for name in ATTRIBUTION[1:]:
        reasons = COMPONENT_REASONS[name]
        components[name] = moved[:, list(reasons)].sum(axis=1)
    residual = after.equity - before.equity - sum(components.values())
    if residual.any():
        row = int(np.flatnonzero(residual)[0])
        raise ConservationError(f"attribution of account {row} leaves {int(residual[row])} quanta unexplained")
    for name, column in components.items():
        if int(column.sum()) != 0:
            raise ConservationError(f"attribution component {name} sums to {int(column.sum())} quanta, not to 0")
    return components


def assign_roles(
    accounts: AccountArrays, *, reserved_names: Sequence[str], kinds: npt.NDArray[np.int64], result: I64
) -> npt.NDArray[np.int64]:
    """Return each row's index into ROLES. A trader's rows share one role, the first that fits:

    residual account, liquidated traders, deleveraged traders; then makers and hedged traders; then other losers,
    winners, or flat or unchanged, by the result of all the trader's rows together (change of equity less net deposits)
    at the final mark. Named agents have no role of their own: theirs follows what happened to them. A trader who went
    bankrupt by a fill of its own order, such as a stop in a gap, counts as liquidated: others paid the deficit all the
    same. kinds: (A,) index into KINDS.
    """
    owner = accounts.wallet.astype(np.int64)
    per_owner, flags = np.zeros(len(owner), np.int64), np.zeros(len(owner), np.uint8)
    np.add.at(per_owner, owner, result)
    np.bitwise_or.at(flags, owner, accounts.flags)
    fits = {
        "residual account": kinds == KINDS.index("residual"),
        "liquidated traders": flags & (FLAG_LIQUIDATED | FLAG_BANKRUPT) != 0,
        "deleveraged traders": flags & FLAG_DELEVERAGED != 0,
        "makers": kinds == KINDS.index("maker"),
        "hedged traders": kinds == KINDS.index("hedged"),
        "other losers": per_owner < 0,
        "winners": per_owner > 0,
    }
    numbers = [np.int64(ROLES.index(name)) for name in fits]
    role: npt.NDArray[np.int64] = np.select(list(fits.values()), numbers, np.int64(ROLES.index("flat or unchanged")))
    role = role[owner]
    for row, name in enumerate(reserved_names):
        role[row] = ROLES.index(_RESERVED_ROLE[name.split(":")[0]])
    return role


def accounts_table(
    accounts: AccountArrays,
    before: Snapshot,
    after: Snapshot,
    components: Mapping[str, I64],
    *,
    names: npt.NDArray[np.object_],
    cohorts: npt.NDArray[np.object_],
    kinds: npt.NDArray[np.int64],
    roles: npt.NDArray[np.int64],
    liquidation_prices: npt.NDArray[np.float64],
    market_names: Sequence[str],
    harm: I64,
) -> dict[str, object]:
    """Return the `accounts` table of `sim/results.py` as columns. All arrays are per row; components: `attribute`'s."""
    mode = np.array(["cross", "isolated", "reserved"], dtype=object)[accounts.mode]
    market = np.array([*market_names, ""], dtype=object)[accounts.market]
    return {
        "account": np.arange(accounts.quote.shape[0], dtype=np.int32),
        "trader": accounts.wallet.copy(),
        "name": names,
        "cohort": cohorts,
        "mode": mode,
        "kind": np.array(KINDS, dtype=object)[kinds],
        "role": np.array(ROLES, dtype=object)[roles],
        "market": np.where(accounts.mode == AccountMode.ISOLATED, market, ""),
        "side": np.array(["short", "flat", "long"], dtype=object)[before.side + 1],
        "equity_initial_quanta": before.equity,
        "equity_final_quanta": after.equity,
        "notional_initial_quanta": before.notional,
        "notional_final_quanta": after.notional,
        "liquidation_price_initial": liquidation_prices,
        "liquidated": (accounts.flags & FLAG_LIQUIDATED) != 0,
        "deleveraged": (accounts.flags & FLAG_DELEVERAGED) != 0,
        "bankrupt": (accounts.flags & FLAG_BANKRUPT) != 0,
        "adl_harm_quanta": harm,
        **{f"{name}_quanta": components[name] for name in ATTRIBUTION},
    }


def forgone_profit(
    *,
    time_ms: I64,
    signed_lots: I64,
    quote: I64,
    tick_values: I64,
    market: I64,
    mark_times_ms: I64,
    marks: I64,
    horizon_ms: int | None,
) -> I64:
    """(n,) profit that each deleveraged position would have made up to `horizon_ms` later, quanta; below 0 if its owner
    is better off without it.

    signed_lots: (n,) lots each counterparty gave up, + was long.  quote: (n,) quanta received (+) or paid (-) for them.
    marks: (T, M) ticks at mark_times_ms. A horizon beyond the end of the run, or None, uses the final mark.
    """
    last = len(mark_times_ms) - 1
    if horizon_ms is None:
        step = np.full(time_ms.shape, last)
    else:
        step = np.minimum(np.searchsorted(mark_times_ms, time_ms + horizon_ms, side="right") - 1, last)
    later: I64 = signed_lots * marks[step, market] * tick_values[market]
    return later - quote
