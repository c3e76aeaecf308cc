"""What exchanges tell traders, each promise on its config in `configs/examples`, to the cent.

All numbers are computed in the docstrings from the config's; the venue is `simple-flat`: mark = index, no fees, 0.5%
maintenance on mark value, liquidation orders limited at the bankruptcy price.
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from clearsim.layout import Side

from tests.promises.stories import TICK, Story, money, price
from tests.worlds.exchange import Exchange, make_config

D = Decimal
ON_ENTRY = "markets[0].margin.base=entry"
FIRST_TIER = "markets[0].margin.maintenance_ppm=4000"


@pytest.mark.parametrize(
    ("name", "setting", "threshold", "bankruptcy", "lots"),
    [
        ("long-10x", ON_ENTRY, D("45250"), D("45000"), 200),
        ("long-10x", None, D("45226.13"), D("45000"), 200),
        ("long-10x", FIRST_TIER, D("45180.72"), D("45000"), 200),
        ("long-20x", ON_ENTRY, D("47750"), D("47500"), 400),
        ("long-20x", None, D("47738.69"), D("47500"), 400),
        ("long-20x", FIRST_TIER, D("47690.76"), D("47500"), 400),
    ],
)
def test_liquidation_comes_with_the_first_tick_below_the_threshold_and_not_before(
    name: str, setting: str | None, threshold: Decimal, bankruptcy: Decimal, lots: int
) -> None:
    """CLR-MRG-002, CLR-MRG-003, CLR-MRG-012, CLR-LIQ-001.

    1,000 USDT at 10x long from 50,000 is 0.2 BTC: equity is 0.2 x mark - 9,000, zero at 45,000. The requirement is 50
    on entry value (0.5% of 10,000): 45,250; 0.5% of 0.2 x mark: 9,000 / 0.199 = 45,226.13; 0.4%: 9,000 / 0.1992 =
    45,180.72. At 20x it is 0.4 BTC, equity 0.4 x mark - 19,000, zero at 47,500: 47,750, 19,000 / 0.398 = 47,738.69,
    19,000 / 0.3984 = 47,690.76. At 47,625, the often-quoted 4.75%, all three were liquidated already.
    """
    story = Story(name, *([setting] if setting else []))
    alice = story.row("alice")
    time_ms, mark = story.first_mark(below=threshold)
    size = lots * D("0.001")

    [liquidation] = story.events("liquidations")
    assert (liquidation["time_ms"], price(liquidation["mark_price"])) == (time_ms, mark)
    assert (liquidation["account"], liquidation["lots"]) == (alice, lots)
    assert price(liquidation["bankruptcy_price"]) == bankruptcy
    assert money(liquidation["equity_before_quanta"]) == size * (mark - bankruptcy)
    assert all(earlier >= threshold for time, earlier in story.marks() if time < time_ms)
    assert mark > D("47625") or name == "long-10x"
    # The book was there: all of it was sold above the bankruptcy price, and what is left is the trader's.
    assert liquidation["lots_book"] == lots
    assert story.get(alice, "equity_final") == story.proceeds(alice) - size * bankruptcy > 0
    assert story.draws() == []


@pytest.mark.parametrize("gap", [2370, 2000, 1500, 500, 1])
def test_500_isolated_on_eth_never_lose_more_than_500(gap: int) -> None:
    """CLR-MRG-011, CLR-FND-002, CLR-ADL-005.

    500 USDT at 20x from 2,500 are 4 ETH, bankrupt at 2,375. The price gaps through it to `gap` within one tick: the row
    ends at exactly 0 (-500), the wallet's 4,500 do not move, the fund pays 4 x (2,375 - gap): 3,500 at 1,500, 9,496 at
    1. The opening fee would come from the wallet: see `test_the_opening_fee_is_paid_by_the_wallet`.
    """
    story = Story(
        "isolated-eth-500", f"markets[0].price.points[2].price={gap}", f"markets[0].price.points[3].price={gap}"
    )
    position, wallet = story.row("alice", "isolated"), story.row("alice", "cross")

    assert story.get(position, "equity_initial") == D(500)
    assert story.get(position, "equity_final") == 0
    assert story.change(position) == D(-500)
    assert story.get(wallet, "equity_initial") == story.get(wallet, "equity_final") == D(4500)
    assert story.draws() == [4 * (D(2375) - gap)]
    assert story.change(story.row("counterparty")) == 4 * (D(2500) - gap)
    assert story.change(story.row("FEES")) == 0


def test_the_opening_fee_is_paid_by_the_wallet() -> None:
    """CLR-MRG-011.

    An isolated ETH short sells 10 lots more at 200 ticks of 5 quanta: 10,000 quanta; the taker fee of 0.053% is 5.3,
    rounded up to 6, and leaves the wallet. The position's own balance is the 10,000 of the sale, its equity unchanged.
    """
    exchange = Exchange(make_config())
    position, wallet, maker = exchange.row("i0", 1), exchange.row("i0"), exchange.row("m0")
    exchange.move_margin(wallet, position, 1_000)
    exchange.order(maker, 1, Side.BUY, 10, 200)
    quote = exchange.world.accounts.quote
    before, equity = quote[[position, wallet]].copy(), exchange.auditor.equity(position)

    exchange.order(position, 1, Side.SELL, 10, 200)

    assert exchange.auditor.lots[position, "ETH"] == -110
    assert (quote[[position, wallet]] - before).tolist() == [10_000, -6]
    assert exchange.auditor.equity(position) == equity


@pytest.mark.parametrize("gap", [44_900, 44_000, 40_000, 10_000])
def test_5000_on_cross_margin_lose_exactly_5000_at_worst(gap: int) -> None:
    """CLR-MRG-012, CLR-FND-002, CLR-FND-004.

    5,000 USDT hold 1 BTC from 50,000: bankrupt at 45,000. Whatever the gap below it, the account ends at exactly 0; the
    fund pays 1 x (45,000 - gap) at once, 5,000 at 40,000, and then only what selling the BTC costs against the mark.
    """
    story = Story(
        "cross-loses-all", f"markets[0].price.points[2].price={gap}", f"markets[0].price.points[3].price={gap}"
    )
    alice = story.row("alice")

    assert story.get(alice, "equity_initial") == D(5000)
    assert story.get(alice, "equity_final") == 0
    assert story.change(story.row("counterparty")) == D(50_000) - gap
    assert story.draws()[0] == D(45_000) - gap
    assert sum(story.draws()[1:]) == -story.get(story.row("ENGINE:main"), "unwind") < 1
    assert sum(story.draws()) == -story.change(story.row("FUND:main"))


def test_in_a_gap_through_bankruptcy_the_fund_pays_and_the_trader_ends_at_exactly_zero() -> None:
    """CLR-FND-002, CLR-LIQ-002.

    0.2 BTC at 10x from 50,000, bankrupt at 45,000, gaps to 43,000: equity 0.2 x (43,000 - 45,000) = -400. The trader
    loses its 1,000, the fund 400, the short gains 0.2 x 7,000 = 1,400 = 1,000 + 400.
    """
    story = Story("gap-through-bankruptcy")
    alice = story.row("alice")

    [liquidation] = story.events("liquidations")
    assert liquidation["time_ms"] == 61_000
    assert price(liquidation["mark_price"]) == D(43_000)
    assert money(liquidation["equity_before_quanta"]) == D(-400)
    assert story.change(alice) == D(-1000)
    assert story.get(alice, "equity_final") == 0
    assert story.flag(alice, "bankrupt")
    assert story.draws()[0] == D(400)
    assert story.change(story.row("counterparty")) == D(1400)


SHORTS = {
    "first": ("0.3", 52_000, 20),
    "second": ("0.3", 52_000, 5),
    "third": ("0.3", 51_000, 2),
    "fourth": ("0.1", 50_000, 1),
}


def score_of_short(size: str, entry: int, leverage: int) -> Fraction:
    """PNL% x effective leverage at 43,000: pnl / entry value x mark value / equity, margin = entry / leverage."""
    lots = Fraction(size)
    pnl = lots * (entry - 43_000)
    equity = lots * entry / leverage + pnl
    return (pnl / (lots * entry)) * (lots * 43_000 / equity)


@pytest.mark.parametrize("second_leverage", [5, 20, 50])
def test_with_an_empty_fund_the_most_profitable_opposing_traders_are_reduced_in_order(second_leverage: int) -> None:
    """CLR-ADL-001, CLR-ADL-002, CLR-ADL-003, CLR-ADL-009.

    0.5 BTC bankrupt at 45,000 stand at 43,000 with nobody to buy and no fund. Scores at 43,000: first 2,700 / 15,600 x
    12,900 / 3,480 = .6416, second (5x) 2,700 / 15,600 x 12,900 / 5,820 = .3836, third .2013, fourth .1056. First gives
    up 0.3, second 0.2, at 45,000 instead of 43,000: 600 and 400. At 50x second comes before first; at 20x they tie, and
    the lower id goes first.
    """
    story = Story("fund-empty-adl", f"agents[3].positions[0].leverage={second_leverage}")
    shorts = {name: terms for name, terms in SHORTS.items()}
    shorts["second"] = ("0.3", 52_000, second_leverage)
    scores = {story.row(name): score_of_short(*terms) for name, terms in shorts.items()}
    queue = sorted(scores, key=lambda row: (-scores[row], row))

    matches = story.events("adl_matches")
    assert [match["counterparty"] for match in matches] == queue[:2]
    assert [match["rank"] for match in matches] == [1, 2]
    assert [match["lots"] for match in matches] == [300, 200]
    assert [match["partial"] for match in matches] == [False, True]
    assert [price(match["price"]) for match in matches] == [D(45_000), D(45_000)]
    assert [money(match["harm_quanta"]) for match in matches] == [D(600), D(400)]
    for match in matches:
        assert match["score"] == pytest.approx(float(scores[match["counterparty"]]), rel=1e-12)
    # Each reduced short keeps its whole gain to 43,000 less its harm; the others all of theirs; nobody pays for alice.
    for name, (size, _, _) in shorts.items():
        given_up = {queue[0]: D(600), queue[1]: D(400)}.get(story.row(name), D(0))
        assert story.change(story.row(name)) == D(size) * 7000 - given_up
        assert story.flag(story.row(name), "deleveraged") == (given_up > 0)
    assert story.get(story.row("alice"), "equity_final") == 0
    assert story.change(story.row("holder")) == D("0.5") * -7000
    assert story.draws() == []


def test_a_stop_loss_caps_the_loss_when_the_book_has_depth() -> None:
    """0.2 BTC at 10x from 50,000 with a stop at 47,500, the price falling by 10 to 11 a tick through a deep book.

    The stop fires at the first mark at or below 47,500 and sells within a few ticks of it: the loss is 500 plus at most
    0.2 x (11 + 1) = 2.40, and the account never comes near its liquidation at 45,226.13.
    """
    story = Story("stop-loss-with-depth")
    trader = story.row("careful")
    time_ms, _ = story.first_mark(below=D("47500") + TICK)

    assert {fill["time_ms"] for fill in story.events("fills", taker=trader)} == {time_ms}
    loss = -story.change(trader)
    assert loss == D(10_000) - story.proceeds(trader)
    assert D(500) <= loss <= D("502.40")
    assert not story.flag(trader, "liquidated")
    assert story.events("liquidations") == []


def test_a_stop_loss_does_not_cap_the_loss_in_a_gap() -> None:
    """CLR-FND-001, CLR-MRG-013.

    The same position and stop, but the price is 50,000 and one tick later 43,000: nobody stood at 47,500. The stop
    sells 0.2 at what the book pays there, 42,999.80: 8,599.96, when 9,000 were needed to end at 0. All 1,000 are lost
    instead of 500, the fund pays the missing 400.04, and not a cent is owed.
    """
    story = Story("stop-loss-in-a-gap")
    trader = story.row("careful")

    assert story.proceeds(trader) == D("0.2") * D("42999.8") == D("8599.96")
    assert story.change(trader) == D(-1000)
    assert story.get(trader, "equity_final") == 0
    assert story.draws() == [D("400.04")]
    assert story.flag(trader, "bankrupt")
    assert story.result.accounts["role"][trader] == "liquidated traders", "somebody else paid for the hole"


def test_after_liquidation_a_recovery_of_the_price_brings_nothing_back() -> None:
    """CLR-LIQ-011.

    Two longs of 0.2 BTC from 50,000; the price falls to 44,000 and returns to 52,000. At 10x the position is closed on
    the way down, below 45,226.13, and keeps what that close left, under 45.23 (0.2 x 226.13); not a cent is added
    later. At 3x (bankrupt at 33,333) it stands, and gains 0.2 x 2,000 = 400.
    """
    story = Story("recovery-brings-nothing-back")
    ten, three = story.row("ten"), story.row("three")
    time_ms, _ = story.first_mark(below=D("45226.13"))

    assert {fill["time_ms"] for fill in story.events("fills", taker=ten)} == {time_ms}
    assert story.marks()[-1][1] == D(52_000)
    left = story.proceeds(ten) - D(9000)
    assert 0 < left < D("45.23")
    assert story.get(ten, "equity_final") == left
    assert story.get(ten, "notional_final") == 0
    later = [move for move in story.events("transfers") if ten in (move["payer"], move["payee"])]
    assert max(move["time_ms"] for move in later) == time_ms
    assert story.change(three) == D(400)
    assert not story.flag(three, "liquidated")


@pytest.mark.parametrize(("share_percent", "leverage"), [(10, 3), (15, 4), (20, 5), (10, 5), (20, 3)])
def test_a_position_of_10_to_20_percent_at_3_to_5x_survives_what_50x_does_not(
    share_percent: int, leverage: int
) -> None:
    """CLR-MRG-003, CLR-MRG-010.

    Both have 10,000 USDT and buy at 50,000; the price falls by 12% and returns. 15% at 4x is a position of 6,000 that
    loses 720 on the way; the largest here, 20% at 5x, is 10,000 and loses 1,200. All end with exactly 10,000. The whole
    10,000 at 50x are 10 BTC, bankrupt at 49,000 and liquidated below 490,000 / 9.95 = 49,246.23: what is left is the
    close less 490,000, under 2,462.32.
    """
    margin = 100 * share_percent
    base = D(margin * leverage) / 50_000
    story = Story(
        "sizing-survives",
        f"agents[0].deposit_quote={10_000 - margin}",
        f"agents[0].positions[0].base={base}",
        f"agents[0].positions[0].leverage={leverage}",
        f"agents[2].positions[0].base={10 + base}",
    )
    sized, all_in = story.row("sized"), story.row("all-in")
    time_ms, mark = story.first_mark(below=D("49246.23"))

    assert story.get(sized, "equity_initial") == story.get(all_in, "equity_initial") == D(10_000)
    assert min(mark for _, mark in story.marks()) == D(44_000)
    assert story.get(sized, "equity_final") == D(10_000)
    assert not story.flag(sized, "liquidated")
    [liquidation] = story.events("liquidations")
    assert (liquidation["account"], liquidation["time_ms"]) == (all_in, time_ms)
    assert money(liquidation["equity_before_quanta"]) == 10 * (mark - 49_000)
    assert story.get(all_in, "equity_final") == story.proceeds(all_in) - 490_000 < D("2462.32")
