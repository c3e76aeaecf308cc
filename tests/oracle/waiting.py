"""Stories in which somebody waits: latency, a limit a second, random order; and stops within an order band."""

from dataclasses import replace
from random import Random

from tests.oracle.generator import PRICES, make_story
from tests.oracle.story import Rules, Stop, Story


def make_waiting_story(seed: int) -> Story:
    """The story of this seed with more cycles, under rules that let some of them wait."""
    random, story = Random(f"waiting {seed}"), make_story(seed)
    tick_ms = random.choice((250, 500, 1000))
    return replace(
        story,
        rules=with_waits(random, story.rules, tick_ms),
        marks=longer(random, story.marks),
        stops=make_stops(random, story),
        tick_ms=tick_ms,
    )


def with_waits(random: Random, rules: Rules, tick_ms: int) -> Rules:
    """The rules with latency, throttle and order of their own, and a band for stops."""
    liquidation = replace(
        rules.liquidation,
        latency_ms=random.choice((0, 1, tick_ms, 2 * tick_ms, 700)),
        per_second=random.choice((None, 1, 2, 3)),
        priority=random.choice((rules.liquidation.priority, "random")),
    )
    markets = tuple(replace(market, order_band_ppm=random.choice((None, 20_000, 80_000))) for market in rules.markets)
    return replace(rules, liquidation=liquidation, markets=markets)


def longer(random: Random, marks: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """Two to five more cycles: the marks stay, come back, or drift, so that distress lasts, ends and begins anew."""
    found = list(marks)
    for _ in range(random.randint(2, 5)):
        kind = random.choice(("stay", "stay", "back", "drift"))
        if kind == "back":
            found.append(random.choice(found))
        else:
            step = 0.0 if kind == "stay" else random.uniform(-0.05, 0.05)
            found.append(tuple(max(1, round(mark * (1 + step))) for mark in found[-1]))
    return tuple(found)


def make_stops(random: Random, story: Story) -> tuple[Stop, ...]:
    """At most one stop in a market, of a trader without resting orders: half of the positions' sizes or all of them."""
    quoting, stops = {order.owner for order in story.resting}, []
    for m, market in enumerate(story.rules.markets):
        holders = [
            (number, lots)
            for number, row in enumerate(story.rows)
            if row.owner not in quoting
            for place, lots, _ in row.positions
            if place == m
        ]
        if holders and random.random() < 0.6:
            number, lots = random.choice(holders)
            size = lots if random.random() < 0.5 else (abs(lots) + 1) // 2 * (1 if lots > 0 else -1)
            away = random.uniform(0.005, 0.08)
            trigger = round(PRICES[market.name] * (1 - away if lots > 0 else 1 + away))
            stops.append(Stop(number, m, trigger, size))
    return tuple(stops)
