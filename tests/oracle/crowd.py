"""Stories of many small accounts that are alike: equal entries, one a multiple of another, few contracts, small funds.

They reach what a few rows of random money seldom do: equal scores, several bankrupt accounts in one round, winners who
owe their equity to gains that are not realised, ENGINE flat by two takeovers, distress that ends and begins anew.
"""

from dataclasses import replace
from random import Random

from tests.oracle.generator import MAKER, PRICES, make_resting, make_rules
from tests.oracle.story import Row, Rules, Story
from tests.oracle.waiting import longer, with_waits


def make_crowd_story(seed: int) -> Story:
    """The story of this seed."""
    random = Random(f"crowd {seed}")
    rules = with_own_terms(random, make_rules(random))
    tick_ms = random.choice((500, 1000))
    if random.random() < 0.3:
        rules = with_waits(random, rules, tick_ms)
    rows = make_crowd(random, rules)
    start = tuple(PRICES[market.name] for market in rules.markets)
    jump = random.choice((-1, 1)) * random.uniform(0.03, 0.15)
    moves = [jump if random.random() < 0.7 else -jump * random.choice((0.3, 1.0)) for _ in start]
    marks = (start, tuple(round(mark * (1 + move)) for mark, move in zip(start, moves, strict=True)))
    return Story(
        seed,
        rules,
        rows,
        make_resting(random, rules, rows),
        tuple(random.choice((0, 0, 50, 400, 3_000)) for _ in rules.funds),
        longer(random, marks),
        tick_ms=tick_ms,
    )


def with_own_terms(random: Random, rules: Rules) -> Rules:
    """Each market with a comparison of its own, mostly a fund each, socialised loss at the end, caps rarely."""
    apart = len(rules.markets) > 1 and random.random() < 0.7
    markets = tuple(
        replace(market, at_or_below=random.random() < 0.3, scope=number if apart else 0)
        for number, market in enumerate(rules.markets)
    )
    funds = tuple(
        replace(rules.funds[0], cap=random.choice((None, None, 5_000)), unwind_ppm=random.choice((100_000, 1_000_000)))
        for _ in range(2 if apart else 1)
    )
    return replace(rules, markets=markets, funds=funds)


def make_crowd(random: Random, rules: Rules) -> tuple[Row, ...]:
    """6 to 12 accounts of 1 to 12 contracts a market, drawn from few models; the last of each side balances."""
    n_markets = len(rules.markets)
    models = [make_model(random, rules) for _ in range(random.randint(2, 4))]
    rows: list[Row] = []
    net = [0] * n_markets
    for number in range(random.randint(6, 12)):
        money, positions = random.choice(models)
        times, sign = random.choice((1, 1, 1, 2, 3)), random.choice((1, 1, -1))
        held = tuple((m, sign * times * lots, mirrored(rules, m, entry, sign)) for m, lots, entry in positions)
        if len(held) == 1 and random.random() < 0.3:
            rows += [Row(f"a{number}", held[0][0], times * money, held), Row(f"a{number}", None, 0, ())]
        else:
            rows.append(Row(f"a{number}", None, times * money, held))
        for m, lots, _ in held:
            net[m] += lots
    for m, lots in enumerate(net):
        if lots:
            entry = PRICES[rules.markets[m].name]
            rows.append(Row(f"b{m}", None, random.choice((300, 3_000, 100_000)) + abs(lots) * 60, ((m, -lots, entry),)))
    rows.append(Row(MAKER, None, random.choice((1_000, 100_000)), ()))
    return tuple(rows)


def mirrored(rules: Rules, m: int, entry: int, sign: int) -> int:
    """The entry price of a long, as far on the other side of the start for a short."""
    start = PRICES[rules.markets[m].name]
    return start + sign * (entry - start)


def make_model(random: Random, rules: Rules) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """Money and positions of one account: an equity of 5.5% to 9% of the notional, whatever the entry was."""
    money, positions = 0, []
    for m, market in enumerate(rules.markets):
        if len(rules.markets) > 1 and random.random() < 0.3:
            continue
        start = PRICES[market.name]
        lots, entry = random.randint(1, 4), round(start * (1 + random.choice((0, -0.02, 0.05, -0.2))))
        money += lots * market.tick_value * (round(start * random.uniform(0.055, 0.09)) + entry - start)
        positions.append((m, lots if m == 0 else random.choice((1, -1)) * lots, entry))
    if not positions:
        positions.append((0, 1, PRICES[rules.markets[0].name]))
        money = 70 * rules.markets[0].tick_value
    return money, tuple(positions)
