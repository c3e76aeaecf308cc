"""Runs one story through the product and through the oracle, and says where they differ."""

from collections import Counter

from tests.oracle.cycle import run_cycle
from tests.oracle.generator import make_story
from tests.oracle.product import Balances, Product, balances_of
from tests.oracle.stops import make_stop_story
from tests.oracle.story import Exchange, Rules, Story
from tests.oracle.waiting import make_waiting_story

#: Stories by kind. waiting: with latency, throttle, random order, few stops and an order band; stops: with many.
STORIES = {"plain": make_story, "waiting": make_waiting_story, "stops": make_stop_story}


def differences(exchange: Exchange, found: Balances) -> list[str]:
    """Lines that name each value in which the product differs from the oracle."""
    expected = balances_of(exchange)
    lines = []
    for row in range(len(expected.quote)):
        for name, left, right in (
            ("quote", expected.quote[row], found.quote[row]),
            ("lots", expected.lots[row], found.lots[row]),
            ("entry cost", expected.cost[row], found.cost[row]),
        ):
            if left != right:
                lines.append(f"row {row} {name}: oracle {left}, product {right}")
    if expected.closes != found.closes:
        lines.append(f"ADL: oracle only {dict(expected.closes - found.closes)}")
        lines.append(f"ADL: product only {dict(found.closes - expected.closes)}")
    return lines


def compare(story: Story, *, read_as: Rules | None = None) -> tuple[list[str], Counter[str]]:
    """Differences of the first cycle that has any, and what the oracle reached.

    read_as: rules for the oracle in place of the story's, to see that a difference is found.
    """
    product = Product(story)
    exchange = product.opening()
    exchange.rules = read_as or story.rules
    lines = [f"opening: {line}" for line in differences(exchange, product.balances())]
    for number, marks in enumerate(story.marks[1:], 1):
        if lines:
            break
        exchange.draws = product.draws()
        run_cycle(exchange, marks, story.tick_ms * number)
        product.tick(marks)
        lines = [f"cycle {number}: {line}" for line in differences(exchange, product.balances())]
    return lines, exchange.reached


def compare_seed(seed: int, kind: str = "plain") -> tuple[list[str], Counter[str]]:
    """`compare` the story of a seed.  kind: one of STORIES."""
    return compare(STORIES[kind](seed))
