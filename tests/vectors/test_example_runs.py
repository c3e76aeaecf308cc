"""What exchanges promise to traders, each by running the shipped example that shows it.

Expected values are worked by hand in the comments; slippage against a deep book is the only thing left a tolerance.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from clearsim.config import load_config
from clearsim.engine.simulation import simulate

QUANTUM = 1e-6


@dataclass
class Kept:
    """Event rows of a run, kept in memory."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def append(self, table: str, columns: Any) -> None:
        self.tables.setdefault(table, []).append({name: list(values) for name, values in columns.items()})

    def column(self, table: str, name: str) -> list[Any]:
        return [value for batch in self.tables.get(table, []) for value in batch[name]]


@dataclass
class Outcome:
    """What became of each account, in quote units, and the liquidations."""

    final: dict[tuple[str, str], float]
    initial: dict[tuple[str, str], float]
    events: Kept

    def ends_with(self, name: str, mode: str = "cross") -> float:
        return self.final[name, mode]

    def marks_of_liquidation(self) -> list[float]:
        return [float(mark) for mark in self.events.column("liquidations", "mark_price")]


def run(name: str, *overrides: str) -> Outcome:
    kept = Kept()
    result = simulate(load_config(name, overrides).config, detail="events", progress=None, event_sink=kept)
    table = result.accounts
    names = np.where(np.asarray(table["mode"]) == "reserved", table["name"], table["cohort"])
    keys = [(str(label), str(mode)) for label, mode in zip(names, table["mode"], strict=True)]
    final = [int(value) * QUANTUM for value in table["equity_final_quanta"]]
    initial = [int(value) * QUANTUM for value in table["equity_initial_quanta"]]
    return Outcome(dict(zip(keys, final, strict=True)), dict(zip(keys, initial, strict=True)), kept)


ENTRY = "markets[0].margin.base=entry"
FIRST_TIER = "markets[0].margin.maintenance_ppm=4000"


@pytest.mark.parametrize(
    ("example", "overrides", "price"),
    [
        # 10x from 50,000, bankruptcy 45,000. Entry value: 45,000 + .005 x 50,000. Mark value: 45,000 / (1 - m).
        ("long-10x", (ENTRY,), 45_250.0),
        ("long-10x", (), 45_226.13),
        ("long-10x", (FIRST_TIER,), 45_180.72),
        # 20x, bankruptcy 47,500.
        ("long-20x", (ENTRY,), 47_750.0),
        ("long-20x", (), 47_738.69),
        ("long-20x", (FIRST_TIER,), 47_690.76),
    ],
)
def test_a_long_is_liquidated_at_the_first_mark_below_its_liquidation_price(
    example: str, overrides: tuple[str, ...], price: float
) -> None:
    (mark,) = run(example, *overrides).marks_of_liquidation()
    assert mark < price
    assert mark > price - 11.0  # the price falls by 10 a tick
    if example == "long-20x":
        assert price > 47_625.0  # the often-quoted price lies below all three


def test_an_isolated_position_loses_what_was_assigned_to_it_and_the_wallet_nothing() -> None:
    outcome = run("isolated-eth-500")
    assert outcome.initial["alice", "isolated"] == pytest.approx(500)
    assert outcome.ends_with("alice", "isolated") == 0.0
    assert outcome.ends_with("alice", "cross") == outcome.initial["alice", "cross"] == pytest.approx(4500)


def test_a_cross_account_loses_all_it_has_and_not_a_cent_more() -> None:
    outcome = run("cross-loses-all")
    assert outcome.initial["alice", "cross"] == pytest.approx(5000)
    assert outcome.ends_with("alice") == 0.0
    assert outcome.ends_with("counterparty") == pytest.approx(60_000)


def test_the_fund_pays_a_gap_through_the_bankruptcy_price() -> None:
    outcome = run("gap-through-bankruptcy")
    fund = next(value for (name, _), value in outcome.final.items() if name.startswith("FUND"))
    # 0.2 x (45,000 - 43,000) = 400, and at most a few cents for selling it into the book.
    assert outcome.ends_with("alice") == 0.0
    assert outcome.ends_with("counterparty") == pytest.approx(11_400)
    assert fund == pytest.approx(1_000_000 - 400, abs=1.0)


def test_with_an_empty_fund_winners_are_reduced_in_order_of_profit_times_leverage() -> None:
    outcome = run("fund-empty-adl")
    # Profit % x notional / equity at 43,000: first .173 x 12,900 / 3,480, second .173 x 12,900 / 5,820, third
    # .157 x 12,900 / 10,050, fourth .14 x 4,300 / 5,700. So all 0.3 of first, then 0.2 of second's 0.3, at 45,000.
    assert outcome.ends_with("alice") == 0.0
    assert outcome.ends_with("first") == pytest.approx(3480 - 0.3 * 2000)
    assert outcome.ends_with("second") == pytest.approx(5820 - 0.2 * 2000)
    assert outcome.ends_with("third") == pytest.approx(10_050)
    assert outcome.ends_with("fourth") == pytest.approx(5700)


def test_a_stop_loss_caps_the_loss_when_the_book_has_depth() -> None:
    outcome = run("stop-loss-with-depth")
    assert outcome.ends_with("careful") == pytest.approx(500, abs=5.0)  # stop at 47,500: 0.2 x 2,500 lost
    assert outcome.marks_of_liquidation() == []


def test_a_stop_loss_does_not_cap_the_loss_in_a_gap() -> None:
    assert run("stop-loss-in-a-gap").ends_with("careful") == 0.0


def test_after_liquidation_a_recovery_brings_nothing_back() -> None:
    outcome = run("recovery-brings-nothing-back")
    assert 0.0 < outcome.ends_with("ten") < 0.2 * (45_226.13 - 45_000) + 0.01
    assert outcome.ends_with("three") == pytest.approx(10_000 / 3 + 400, abs=0.01)


def test_a_small_position_at_low_leverage_survives_what_a_large_one_at_fifty_does_not() -> None:
    outcome = run("sizing-survives")
    assert outcome.ends_with("sized") == pytest.approx(10_000)
    assert outcome.ends_with("all-in") < 2500
    (account,) = outcome.events.column("liquidations", "account")
    assert account > 0
