"""The clearing rules read a second time: random stories through the product and through the oracle, compared exactly.

After every cycle: quote, lots and entry cost of every row (traders, FUND, ENGINE, FEES, the pot), hence bad debt, and
the list of ADL closes. The seed is the story: `compare_seed(N)` runs it again.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle.compare import compare, compare_seed
from tests.oracle.generator import make_story

HERE = Path(__file__).resolve().parent
#: Files that may import clearsim: the ones that put a story through the product.
PRODUCT_SIDE = {"product.py", "compare.py", "test_oracle.py"}
#: Seeds that reach what few stories reach: recoveries, skips, self-trades, gains that are too small.
RARE = (
    506, 523, 569, 583, 586, 613, 631, 632, 633, 671, 673, 676, 713, 718, 752, 776, 805, 837, 848, 851, 878,
    915, 1000, 1016, 1026, 1110, 1115, 1156, 1273, 1324, 1333, 1337, 1520, 2056, 2117, 2225, 2441, 2444, 2583,
    2618, 2681, 2838, 2902, 3088, 3482, 3665, 3852, 3855, 3903, 4630, 5180, 5379,
)  # fmt: skip
SEEDS = [*range(450), *RARE]
#: Of these stories, at least so many in which the oracle reaches a mechanism.
MIN_STORIES = {
    "liquidated": 300, "second rounds": 40, "filled in part": 50, "orders of a distressed row": 40,
    "self-trade": 8, "compliant after the book": 8, "recovered": 2, "pause": 6, "share rounded down": 10,
    "penalty capped": 50, "surplus": 15, "taker fee": 12, "taker fee capped": 15, "rebate": 8,
    "rebate capped": 30, "deficit": 60, "fund draw": 30, "fund pays engine": 60, "fund empty": 40, "sweep": 5,
    "unwind": 35, "takeover": 100, "takeover in part": 50, "takeover refused": 100,
    "compliant after takeover": 8, "ADL": 150, "skip": 10, "own row passed over": 20, "matches wait": 40,
    "queue exhausted": 30, "ENGINE insolvent": 12, "orders of the deleveraged": 40, "tear-up": 40,
    "haircut": 40, "gains too small": 6, "bad debt": 12, "bankrupt and open": 60, "distressed and open": 35,
}  # fmt: skip


def run_stories(seeds: Sequence[int], kind: str = "plain") -> Counter[str]:
    """Compare these stories; AssertionError names those that differ. Returns in how many stories each was reached."""
    failed, reached = [], Counter[str]()
    for seed in seeds:
        lines, seen = compare_seed(seed, kind)
        reached.update(name for name, times in seen.items() if times)
        if lines:
            failed.append(f"story {seed}: " + "; ".join(lines[:4]))
    assert not failed, f"{len(failed)} of {len(seeds)} stories differ:\n" + "\n".join(failed[:10])
    return reached


def test_the_product_and_the_oracle_agree_on_500_stories_that_reach_every_mechanism():
    """All of CLR-LIQ, CLR-FEE, CLR-FND, CLR-ADL, CLR-LOS, and CLR-MRG-001 to -003, -010, -011, -013."""
    assert too_few(run_stories(SEEDS), MIN_STORIES) == {}, "too few stories reach these"
    assert len(SEEDS) >= 500


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_the_product_and_the_oracle_agree_on_5000_further_stories(block):
    run_stories(range(450 + 500 * block, 950 + 500 * block))


def too_few(reached: Counter[str], least: dict[str, int]) -> dict[str, int]:
    return {name: reached[name] for name, stories in least.items() if reached[name] < stories}


#: Of 300 stories in which somebody waits, at least so many in which the oracle reaches it.
MIN_WAITING = {"latency": 150, "throttle": 40, "random order": 60, "stop": 50, "order band": 60}


def test_the_product_and_the_oracle_agree_on_who_waits():
    """CLR-LIQ-005, CLR-LIQ-009 and CLR-MRG-015: latency, liquidations a second, random order, some stops."""
    assert too_few(run_stories(range(300), "waiting"), MIN_WAITING) == {}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_the_product_and_the_oracle_agree_on_2000_further_stories_of_waits(block):
    run_stories(range(300 + 500 * block, 800 + 500 * block), "waiting")


#: Of the first 120 stories with many stops, at least so many in which the oracle reaches it.
MIN_STOPS = {
    "stop": 80, "order band": 40, "deficit without liquidation": 25, "released": 8, "self-trade": 4, "ADL": 30,
    "haircut": 15, "fund draw": 15, "bad debt": 15,
}  # fmt: skip


def test_the_product_and_the_oracle_agree_on_stops_within_a_band():
    """CLR-MRG-015, CLR-MRG-017 and CLR-FND-006: which stop is sent first, what it leaves, and which fund owes it."""
    assert too_few(run_stories(range(120), "stops"), MIN_STOPS) == {}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_the_product_and_the_oracle_agree_on_2000_further_stories_of_stops(block):
    run_stories(range(120 + 500 * block, 620 + 500 * block), "stops")


def swap_surplus(rules):
    other = {"fund": "trader", "trader": "fund"}[rules.liquidation.surplus]
    return replace(rules, liquidation=replace(rules.liquidation, surplus=other))


def raise_penalty(rules):
    return replace(rules, markets=tuple(replace(m, penalty_ppm=m.penalty_ppm + 100) for m in rules.markets))


def drop_first_layer(rules):
    return replace(rules, layers=rules.layers[1:])


def swap_ranking(rules):
    other = {"profit_leverage": "binance_wallet", "binance_wallet": "profit_leverage"}
    return replace(rules, layers=tuple(replace(layer, ranking=other[layer.ranking]) for layer in rules.layers))


@pytest.mark.parametrize("change", [swap_surplus, raise_penalty, drop_first_layer, swap_ranking])
def test_an_oracle_that_reads_another_rule_book_disagrees(change):
    """The comparison can fail: the product is told one rule and the oracle another."""
    stories = (make_story(seed) for seed in range(100))
    assert any(compare(story, read_as=change(story.rules))[0] for story in stories)


def test_the_oracle_shares_no_code_with_the_product():
    """Its files import the standard library and one another."""
    allowed = {"collections", "dataclasses", "fractions", "random", "tests", "typing"}
    for path in sorted(HERE.glob("*.py")):
        if path.name in PRODUCT_SIDE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in allowed, f"{path.name} imports {name}"
                if name.startswith("tests"):
                    assert name.startswith("tests.oracle.")
                    assert f"{name.split('.')[-1]}.py" not in PRODUCT_SIDE
