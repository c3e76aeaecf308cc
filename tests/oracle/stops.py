"""Stories in which many accounts have stops: some rows several, some with resting orders, in markets of two funds.

What a stop leaves below zero is owed without a liquidation (CLR-FND-006); what it fills can ruin its makers.
"""

from dataclasses import replace
from random import Random

from tests.oracle.generator import PRICES, make_story
from tests.oracle.story import Resting, Rules, Stop, Story
from tests.oracle.waiting import make_waiting_story


def make_stop_story(seed: int) -> Story:
    """The story of this seed, with waits or without, with a stop on most positions and a book that reaches far."""
    random = Random(f"stops {seed}")
    story = (make_waiting_story if random.random() < 0.5 else make_story)(seed)
    rules = with_bands(random, story.rules)
    return replace(
        story,
        rules=rules,
        seeds=tuple(random.choice((0, 300, 20_000, 1_000_000)) for _ in rules.funds),
        resting=(*story.resting, *far_orders(random, story)),
        marks=further(random, story.marks),
        stops=many_stops(random, story),
    )


def with_bands(random: Random, rules: Rules) -> Rules:
    """Markets with a band of their own or none, and mostly a fund each."""
    bands = [random.choice((None, None, 20_000, 80_000, 300_000)) for _ in rules.markets]
    apart = random.random() < 0.7
    markets = tuple(
        replace(market, order_band_ppm=band, scope=number if apart else market.scope)
        for number, (market, band) in enumerate(zip(rules.markets, bands, strict=True))
    )
    count = 1 + max(market.scope for market in markets)
    return replace(
        rules, markets=markets, funds=tuple(rules.funds[number % len(rules.funds)] for number in range(count))
    )


def far_orders(random: Random, story: Story) -> list[Resting]:
    """Orders of the maker and of others at the distance of a large jump, so that a stop fills below bankruptcy."""
    names = sorted({row.owner for row in story.rows})
    orders = []
    for m, market in enumerate(story.rules.markets):
        start = PRICES[market.name]
        for side, sign in (("buy", -1), ("sell", 1)):
            for _ in range(random.choice((0, 1, 3))):
                away = random.uniform(0.1, 0.35)
                owner = "maker" if random.random() < 0.8 else random.choice(names)
                lots = random.randint(20, 400) if owner == "maker" else random.randint(1, 20)
                orders.append(Resting(owner, m, side, max(1, start + int(sign * away * start)), lots))
    return orders


def further(random: Random, marks: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """One cycle more, at the last marks or a little away: debts of the jump before are looked at again."""
    if random.random() < 0.4:
        return marks
    step = random.choice((0.0, random.uniform(-0.1, 0.1)))
    return (*marks, tuple(max(1, round(mark * (1 + step))) for mark in marks[-1]))


def many_stops(random: Random, story: Story) -> tuple[Stop, ...]:
    """Stops on most positions, in whole, in half or in two parts, in an order that is nobody's; triggers repeat."""
    stops = []
    for number, row in enumerate(story.rows):
        for m, lots, _ in row.positions:
            if random.random() < 0.3:
                continue
            start, sign = PRICES[story.rules.markets[m].name], 1 if lots > 0 else -1
            sizes = random.choice(
                ((abs(lots),), (abs(lots),), ((abs(lots) + 1) // 2,), split_in_two(random, abs(lots)))
            )
            for size in sizes:
                away = random.choice((0.01, 0.02, random.uniform(0.005, 0.15)))
                stops.append(Stop(number, m, round(start * (1 - sign * away)), sign * size))
    random.shuffle(stops)
    return tuple(stops)


def split_in_two(random: Random, size: int) -> tuple[int, ...]:
    """Two positive parts of `size`, or all of it if it is one contract."""
    first = random.randint(1, size)
    return (first, size - first) if first < size else (size,)
