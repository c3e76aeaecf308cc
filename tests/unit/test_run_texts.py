"""What `clearsim run` prints under its table: where what was liquidated went."""

from types import SimpleNamespace

from clearsim.cli.run_texts import memo_lines

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


def lines_of(**quanta: int) -> str:
    runs: dict[str, float] = {**dict.fromkeys(FLOATS, 1.0), **dict.fromkeys(COUNTS, 0)}
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
