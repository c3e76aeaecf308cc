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
from ..results import ATTRIBUTION, ROLES

#: Reasons that make up each component; `price` is the rest of the change in position value, computed separately.
COMPONENT_REASONS: dict[str, tuple[Reason, ...]] = {
    "trade_slippage": (Reason.TRADE,),
    "liquidation_slippage": (Reason.LIQUIDATION,),
    "takeover": (Reason.TAKEOVER,),
    "unwind": (Reason.UNWIND,),
    "fee": (Reason.FEE,),
    "liquidation_fee": (Reason.LIQUIDATION_FEE,),
    "surplus": (Reason.SURPLUS,),
    "funding": (Reason.FUNDING,),
    "fund": (Reason.FUND_DRAW, Reason.FUND_GAIN),
    "adl": (Reason.ADL,),
    "socialised_loss": (Reason.SOCIALISED_LOSS,),
    "rounding": (Reason.ROUNDING,),
    "deposit": (Reason.DEPOSIT, Reason.OPENING),
    "margin_move": (Reason.MARGIN_MOVE,),
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
    accounts: AccountArrays,
    *,
    n_reserved: int,
    reserved_names: Sequence[str],
    is_maker: npt.NDArray[np.bool_],
    is_named: npt.NDArray[np.bool_],
    is_residual: npt.NDArray[np.bool_],
    result: I64,
) -> npt.NDArray[np.int64]:
    """Return each row's index into ROLES. A trader's rows share one role, the first that fits:

    named agents, the residual account of custom positions, makers, liquidated traders, deleveraged traders, then
    winners (result >= 0) and other losers, by the result of all the trader's rows together (change of equity less net
    deposits). A trader who went bankrupt by a fill of its own order, such as a stop in a gap, counts as liquidated:
    others paid the deficit all the same.
    """
    n_rows = accounts.quote.shape[0]
    owner = accounts.wallet.astype(np.int64)
    per_owner = np.zeros(n_rows, np.int64)
    np.add.at(per_owner, owner, result)
    flags = np.zeros(n_rows, np.uint8)
    np.bitwise_or.at(flags, owner, accounts.flags)
    trader = np.where(per_owner >= 0, ROLES.index("winners"), ROLES.index("other losers"))
    trader = np.where(flags & FLAG_DELEVERAGED, ROLES.index("deleveraged traders"), trader)
    trader = np.where(flags & (FLAG_LIQUIDATED | FLAG_BANKRUPT), ROLES.index("liquidated traders"), trader)
    trader = np.where(is_maker, ROLES.index("makers"), trader)
    trader = np.where(is_residual, ROLES.index("residual account"), trader)
    trader = np.where(is_named, ROLES.index("named agents"), trader)
    role = trader[owner]
    prefix = {
        "OUTSIDE": "outside",
        "FEES": "fees",
        "ROUNDING": "rounding",
        "FUND": "insurance fund",
        "ENGINE": "engine",
    }
    for row in range(n_reserved):
        role[row] = ROLES.index(prefix[reserved_names[row].split(":")[0]])
    return role


def accounts_table(
    accounts: AccountArrays,
    before: Snapshot,
    after: Snapshot,
    components: Mapping[str, I64],
    *,
    names: npt.NDArray[np.object_],
    cohorts: npt.NDArray[np.object_],
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
) -> int:
    """Profit that deleveraged positions would have made up to `horizon_ms` later, in quanta.

    signed_lots: (n,) lots each counterparty gave up, + was long.  quote: (n,) quanta received (+) or paid (-) for them.
    marks: (T, M) ticks at mark_times_ms. A horizon beyond the end of the run, or None, uses the final mark.
    """
    if time_ms.size == 0:
        return 0
    last = len(mark_times_ms) - 1
    if horizon_ms is None:
        step = np.full(time_ms.shape, last)
    else:
        step = np.minimum(np.searchsorted(mark_times_ms, time_ms + horizon_ms, side="right") - 1, last)
    later = signed_lots * marks[step, market] * tick_values[market]
    return int((later - quote).sum())
