"""The `accounts` table of the made-up runs: a story of a crash told in exact quanta, and a blank one.

Components are moved from payers to payees, never set, so that each sums to zero over all accounts.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from clearsim.results import ATTRIBUTION

I64 = npt.NDArray[np.int64]
QUANTUM = 1_000_000  # quanta per USDT
MARKETS = ("BTCUSDT", "ETHUSDT")
LOT = {"BTCUSDT": 0.001, "ETHUSDT": 0.01}
START_PRICE = {"BTCUSDT": 116_000.0, "ETHUSDT": 4_100.0}
END_PRICE = {"BTCUSDT": 111_000.0, "ETHUSDT": 3_800.0}
DURATION_MS = 3_600_000
OUTSIDE, FEES, ROUNDING, FUND, ENGINE, FIRST = range(6)
RESERVED = ("OUTSIDE", "FEES", "ROUNDING", "FUND:shared", "ENGINE:shared")
RESERVED_ROLES = ("outside", "fees", "rounding", "insurance fund", "engine")
COHORTS = (
    ("makers", 12),
    ("noise", 80),
    ("momentum", 60),
    ("levered longs", 170),
    ("levered shorts", 110),
    ("whale", 1),
)


def make_blank_accounts(cohorts: list[tuple[str, int]]) -> dict[str, Any]:
    names = [name for name, count in cohorts for _ in range(count)]
    n = FIRST + len(names)
    table: dict[str, Any] = {f"{name}_quanta": np.zeros(n, np.int64) for name in ATTRIBUTION}
    for name in ("equity_initial", "equity_final", "notional_initial", "notional_final", "adl_harm"):
        table[f"{name}_quanta"] = np.zeros(n, np.int64)
    for name in ("liquidated", "deleveraged", "bankrupt"):
        table[name] = np.zeros(n, bool)
    table["account"] = np.arange(n, dtype=np.int32)
    table["trader"] = np.arange(n, dtype=np.int32)
    table["name"] = list(RESERVED) + ["whale" if name == "whale" else "" for name in names]
    table["cohort"] = [""] * FIRST + names
    table["mode"] = ["reserved"] * FIRST + ["cross"] * len(names)
    table["kind"] = ["reserved"] * FIRST + [
        {"whale": "named agent", "makers": "maker"}.get(name, "trader") for name in names
    ]
    table["role"] = list(RESERVED_ROLES) + ["other losers"] * len(names)
    table["market"] = [""] * n
    table["side"] = ["flat"] * n
    table["liquidation_price_initial"] = np.full(n, np.nan)
    return table


def _rows_of(accounts: dict[str, Any], *cohorts: str) -> I64:
    return np.flatnonzero(np.isin(np.array(accounts["cohort"]), cohorts))


def _share(amount: int, weights: I64) -> I64:
    """Split `amount` >= 0 over weights: whole parts that sum to it, the rest to the first."""
    parts = np.array([amount * int(weight) // int(weights.sum()) for weight in weights], np.int64)
    parts[0] += amount - int(parts.sum())
    return parts


def make_rich_accounts() -> dict[str, Any]:
    table = make_blank_accounts(list(COHORTS))
    rng = np.random.default_rng(20251010)
    traders = np.arange(FIRST, len(table["account"]))
    equity = (np.exp(rng.normal(7.6, 1.1, len(traders))) * QUANTUM).astype(np.int64)
    leverage = np.ones(len(traders))
    cohort = np.array(table["cohort"])[FIRST:]
    for name, low, high in (
        ("noise", 1, 4),
        ("momentum", 2, 8),
        ("levered longs", 6, 60),
        ("levered shorts", 3, 25),
        ("whale", 4, 5),
        ("makers", 0.5, 2),
    ):
        leverage[cohort == name] = rng.uniform(low, high, int((cohort == name).sum()))
    equity[cohort == "makers"] *= 30
    equity[cohort == "whale"] = 400_000 * QUANTUM
    table["equity_initial_quanta"][traders] = equity
    table["equity_initial_quanta"][FUND] = 120_000 * QUANTUM
    table["equity_initial_quanta"][OUTSIDE] = -int(equity.sum()) - 120_000 * QUANTUM
    table["notional_initial_quanta"][traders] = (equity * leverage).astype(np.int64)
    _isolate(table)
    _tell_story(table, rng)
    table["equity_final_quanta"] = table["equity_initial_quanta"] + sum(table[f"{name}_quanta"] for name in ATTRIBUTION)
    _assign_roles(table)
    return table


def _isolate(table: dict[str, Any]) -> None:
    """Every third levered long row becomes an isolated position of the row before it."""
    for row in _rows_of(table, "levered longs")[2::3]:
        table["mode"][row], table["market"][row] = "isolated", "BTCUSDT"
        table["trader"][row] = row - 1


def _tell_story(table: dict[str, Any], rng: np.random.Generator) -> None:
    longs, shorts = _rows_of(table, "levered longs", "momentum"), _rows_of(table, "levered shorts", "whale", "noise")
    makers = _rows_of(table, "makers")
    table["side"] = np.array(table["side"], dtype=object)
    table["side"][longs], table["side"][shorts] = "long", "short"
    notional, equity = table["notional_initial_quanta"], table["equity_initial_quanta"]
    fall = notional[longs] * 45 // 1_000
    _move(table, "price", longs, fall, shorts)
    broke = longs[equity[longs] - fall < notional[longs] // 100]
    table["liquidated"][broke] = True
    notional_final = notional.copy()
    notional_final[broke] = 0
    _move(table, "liquidation_slippage", broke, notional[broke] * 9 // 1_000, makers)
    _move(table, "trade_slippage", shorts, notional[shorts] // 3_000, makers)
    _move(
        table,
        "fee",
        np.concatenate([longs, shorts]),
        notional[np.concatenate([longs, shorts])] // 2_000,
        np.array([FEES]),
    )
    _move(table, "liquidation_fee", broke, notional[broke] // 500, np.array([FUND]))
    _move(table, "funding", longs, notional[longs] // 10_000, shorts)
    _move(table, "rounding", np.array([ROUNDING]), np.array([17]), makers[:1])
    top_up = longs[~table["liquidated"][longs]][:5]
    _move(table, "deposit", np.array([OUTSIDE]), np.array([250 * QUANTUM]), top_up)
    _cover(table, broke, shorts)
    notional_final[table["deleveraged"]] //= 4
    table["notional_final_quanta"] = notional_final * 94 // 100


def _move(table: dict[str, Any], name: str, payers: I64, amounts: I64, payees: I64) -> None:
    column = table[f"{name}_quanta"]
    np.subtract.at(column, payers, amounts)
    weights = np.maximum(table["notional_initial_quanta"][payees], 1)
    np.add.at(column, payees, _share(int(amounts.sum()), weights))


def _cover(table: dict[str, Any], broke: I64, shorts: I64) -> None:
    """Deficits: a third closed out by ADL, the rest taken over; the engine's loss is paid by fund, then by winners."""
    standing = table["equity_initial_quanta"] + sum(table[f"{name}_quanta"] for name in ATTRIBUTION)
    deficit = np.maximum(-standing[broke], 0)
    table["bankrupt"][broke] = deficit > 0
    by_adl = np.arange(len(broke)) % 3 == 0
    table["takeover_quanta"][broke] += np.where(by_adl, 0, deficit)
    taken = int(deficit[~by_adl].sum())
    table["takeover_quanta"][ENGINE] -= taken
    _move(table, "unwind", np.array([ENGINE]), np.array([taken // 9]), _rows_of(table, "makers"))
    table["adl_quanta"][broke] += np.where(by_adl, deficit, 0)
    winners = shorts[np.argsort(-table["notional_initial_quanta"][shorts], kind="stable")][:60]
    table["deleveraged"][winners] = True
    parts = _share(int(deficit[by_adl].sum()), table["notional_initial_quanta"][winners])
    table["adl_quanta"][winners] -= parts
    table["adl_harm_quanta"][winners] = parts
    owed = taken + taken // 9
    from_fund = min(owed * 2 // 3, 120_000 * QUANTUM + int(table["liquidation_fee_quanta"][FUND]))
    _move(table, "fund", np.array([FUND]), np.array([from_fund]), np.array([ENGINE]))
    rest = owed - from_fund
    table["socialised_loss_quanta"][ENGINE] += rest
    table["socialised_loss_quanta"][shorts] -= _share(rest, table["notional_initial_quanta"][shorts])


def _assign_roles(table: dict[str, Any]) -> None:
    roles = np.array(table["role"], dtype=object)
    result = table["equity_final_quanta"] - table["equity_initial_quanta"] - table["deposit_quanta"]
    owner = np.array(table["trader"])
    per_owner = np.zeros(len(owner), np.int64)
    np.add.at(per_owner, owner, result)
    for row in range(FIRST, len(roles)):
        mates = owner == owner[row]
        cohort = table["cohort"][owner[row]]
        roles[row] = (
            "liquidated traders"
            if table["liquidated"][mates].any()
            else "deleveraged traders"
            if table["deleveraged"][mates].any()
            else "makers"
            if cohort == "makers"
            else "winners"
            if per_owner[owner[row]] > 0
            else "other losers"
            if per_owner[owner[row]] < 0
            else "flat or unchanged"
        )
    table["role"] = roles
