"""What `clearsim run` prints under its table: where what was liquidated went."""

from collections.abc import Mapping
from types import SimpleNamespace

import pandas as pd
from clearsim.cli.run_texts import MAX_NAMED, fund_lines, memo_lines, named_lines

QUANTUM = 0.01
CONFIG = SimpleNamespace(quantum=QUANTUM, asset=SimpleNamespace(name="USDT"))
FLOATS = ("index_low", "mark_low", "dislocation_max", "step_ratio_worst")
COUNTS = (
    *("bankrupt_initial_accounts", "liquidated_accounts", "adl_accounts", "adl_matches"),
    *("step_ms_at_worst", "rounds_max_reached"),
)
AMOUNTS = (
    *("fund_initial", "fund_final", "fund_min", "required_fund", "adl_notional", "adl_harm", "adl_forgone_1m"),
    *("adl_forgone_10m", "adl_forgone_60m", "adl_forgone_close", "socialised_loss", "bad_debt", "residual"),
    "deficit_initial",
)


def lines_of(counts: Mapping[str, float] | None = None, **quanta: int) -> str:
    runs: dict[str, float] = {**dict.fromkeys(FLOATS, 3.0), **dict.fromkeys(COUNTS, 0), **(counts or {})}
    runs.update({f"{name}_quanta": 0 for name in AMOUNTS})
    runs.update({f"{name}_quanta": value for name, value in quanta.items()})
    return "\n".join(memo_lines(runs, CONFIG))  # type: ignore[arg-type]


def test_what_neither_book_nor_engine_took_is_told_too() -> None:
    """3,801,703 = 104,107 + 889,670 + 2,807,926 USDT."""
    text = lines_of(liquidated_notional=380_170_300, book_liquidated=10_410_700, taken_over=88_967_000)
    assert "3,801,703 USDT (book 104,107, taken over 889,670, by ADL and tear-up 2,807,926)" in text


def test_money_missing_before_the_first_price_move_is_told_apart() -> None:
    text = lines_of(
        deficit_initial=100_000, **dict.fromkeys(("liquidated_notional", "book_liquidated", "taken_over"), 0)
    )
    assert "warning: 0 accounts started below zero, together by 1,000 USDT: that part" in text


def test_balances_that_do_not_sum_to_zero_are_warned_of() -> None:
    nothing = dict.fromkeys(("liquidated_notional", "book_liquidated", "taken_over"), 0)
    assert "warning" not in lines_of(**nothing)
    assert "warning: balances sum to 7 quanta, not to 0" in lines_of(**nothing, residual=7)


def test_a_step_that_one_move_can_cross_the_margin_in_is_warned_of() -> None:
    nothing = dict.fromkeys(("liquidated_notional", "book_liquidated", "taken_over"), 0)
    for ratio, warns in ((2.99, True), (3.0, False), (float("inf"), False), (float("nan"), False), (0.0, False)):
        assert ("warning: r is below 3" in lines_of({"step_ratio_worst": ratio}, **nothing)) == warns


def test_the_harm_of_adl_is_printed_with_both_signs() -> None:
    """Closes lost 100.00 and gained 40.00 against the mark; ten minutes later nobody had gained."""
    nothing = dict.fromkeys(("liquidated_notional", "book_liquidated", "taken_over"), 0)
    gained = {f"{name}_gained": 0 for name in AMOUNTS if name.startswith("adl_") and name != "adl_notional"}
    text = lines_of(**nothing, **{**gained, "adl_harm": 6_000, "adl_harm_gained": 4_000, "adl_forgone_10m": 500})
    assert "lost - gained = net" not in text  # without ADL there is no harm to print
    text = lines_of(
        counts={"adl_matches": 1},
        **nothing,
        **{**gained, "adl_harm": 6_000, "adl_harm_gained": 4_000, "adl_forgone_10m": 500},
    )
    assert "lost - gained = net: at execution 100 - 40 = 60, after 1 min 0 - 0 = 0, 10 min 5 - 0 = 5" in text


def test_a_fund_that_did_nothing_is_one_line_and_others_add_up() -> None:
    frame = pd.DataFrame(
        [("gross payments", -8_000, True), ("received from ENGINE: its gains", 1_200, False)],
        columns=["label", "amount_quanta", "is_total"],
    )
    assert fund_lines(frame, CONFIG, "80") == [  # type: ignore[arg-type]
        "account of the fund (USDT, rounded, + into the fund):",
        "  -80  = gross payments",
        "   12  received from ENGINE: its gains",
    ]
    [line] = fund_lines(frame.assign(amount_quanta=0), CONFIG, "at least 0 (there was no fund)")  # type: ignore[arg-type]
    assert (
        line
        == "account of the fund: it paid nothing and received nothing; required fund at least 0 (there was no fund)"
    )


def test_named_accounts_beyond_the_limit_are_counted() -> None:
    row = {"name": "ann", "what_happened": "liquidated", "equity_initial_quanta": 10_000, "equity_final_quanta": 0}
    frame = pd.DataFrame([row | {"result_quanta": -10_000}] * (MAX_NAMED + 2))
    lines = named_lines(frame, CONFIG)  # type: ignore[arg-type]
    assert lines[0] == "ann: liquidated, equity 100 -> 0 USDT, result -100"
    assert lines[-1] == "and 2 more accounts with a name: accounts table"
