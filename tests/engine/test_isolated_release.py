"""Where the money of an isolated row goes when its position ends: CLR-MRG-017 in sim/clearing/RULES.md."""

import pytest

from tests.oracle.product import Product
from tests.oracle.story import Fund, Layer, Liquidation, Market, Resting, Row, Rules, Stop, Story

MARKET = Market("BTC", 1, ((0, 5_000, 0),))


def make_story(*, marks, layers=(), resting=(), stops=(), long_money=1_000):
    """Ann is short 10 lots from 1,000 with 500, isolated; Bob is long them."""
    rules = Rules((MARKET,), (Fund(),), Liquidation(), tuple(layers))
    rows = (
        Row("ann", 0, 500, ((0, -10, 1_000),)),
        Row("ann", None, 0, ()),
        Row("bob", None, long_money, ((0, 10, 1_000),)),
        Row("maker", None, 1_000_000, ()),
    )
    return Story(0, rules, rows, tuple(resting), (0,), tuple((mark,) for mark in marks), stops=tuple(stops))


def money_of_ann(story):
    """(isolated row, wallet) after the story's cycles, and the isolated row's lots."""
    product = Product(story)
    for marks in story.marks[1:]:
        product.tick(marks)
    row, wallet = product.ids[:2]
    balances = product.balances()
    return balances.quote[row], balances.quote[wallet], balances.lots[row][0]


def test_what_adl_leaves_on_an_isolated_row_goes_to_its_wallet():
    """CLR-MRG-017: Bob, with 1,000, is bankrupt at 900; at 880 Ann buys back 10 lots there: 500 + 1,000."""
    assert money_of_ann(make_story(marks=(1_000, 880), layers=[Layer("adl")])) == (0, 1_500, 0)


def test_what_a_tear_up_leaves_on_an_isolated_row_goes_to_its_wallet():
    """CLR-MRG-017: torn up at 880, Ann has 500 + 1,200; of Bob's debt of 200 her gain pays 200."""
    assert money_of_ann(make_story(marks=(1_000, 880), layers=[Layer("socialised_loss")])) == (0, 1_500, 0)


@pytest.mark.parametrize(("lots", "expected"), [(10, (0, 450, 0)), (4, (10_500 - 4_020, 0, -6))])
def test_what_a_stop_leaves_on_an_isolated_row_goes_to_its_wallet_once_it_is_flat(lots, expected):
    """CLR-MRG-017: bought back at 1,005, 10 lots leave 500 - 50; of 4 lots the row keeps all: 10,500 - 4,020."""
    story = make_story(
        marks=(1_000, 1_005),
        resting=[Resting("maker", 0, "sell", 1_005, 20)],
        stops=[Stop(0, 0, 1_003, -lots)],
        long_money=10_000,
    )
    assert money_of_ann(story) == expected
