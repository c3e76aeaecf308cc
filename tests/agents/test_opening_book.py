"""Conformance of the opening book: balances, caps, nobody distressed, stated distributions, invariance to numbers."""

import clearsim
import numpy as np
import pytest
from clearsim.agents import Whale
from clearsim.errors import ConfigError
from clearsim.layout import AccountMode

from tests.agents.agent_worlds import (
    BRACKETS,
    FIRST_TRADER,
    MARK,
    build,
    equity,
    instruments,
    levered,
    market_arrays,
    opening_item,
    population,
    post,
)

UNIT = MARK * instruments()[0].tick_value


def plain_maintenance(notional: int) -> float:
    """Maintenance of one position straight from the published brackets (deduction by continuity), quanta."""
    margin, ppm_before = 0.0, 0
    for floor, ppm, _ in BRACKETS:
        floor *= 1_000_000
        if notional > floor:
            margin += (notional - floor) * (ppm - ppm_before) / 1e6
            ppm_before = ppm
    return margin


@pytest.mark.parametrize("traders", [50, 5_000])
@pytest.mark.parametrize("at", ["now", "entry"])
def test_longs_equal_shorts_equal_the_open_interest_exactly(traders, at):
    leverage = {**opening_item()["leverage"], "at": at}
    item = opening_item(leverage=leverage, largest_share_ppm=300_000)
    opening = build(population(levered(traders, opening=[item]))).opening
    lots = opening.positions[:, 2]
    # 2e9 USDT x 5% = 1e8 USDT at 120 USDT a lot is 833,333 whole lots.
    assert lots[lots > 0].sum() == -lots[lots < 0].sum() == opening.open_interest[0] == 833_333


def test_shares_of_accounts_differ_by_side_as_stated_while_lots_balance():
    opening = build(population(levered(5_000))).opening
    assert (opening.positions[:, 2] > 0).sum() == 3_100
    assert (opening.positions[:, 2] < 0).sum() == 1_900


def test_no_position_exceeds_its_share_of_open_interest_and_none_is_empty():
    opening = build(population(levered(5_000))).opening
    size = np.abs(opening.positions[:, 2])
    assert size.max() == 833_333 * 20_000 // 1_000_000  # the tail is heavy enough to reach the cap
    assert size.min() >= 1


@pytest.mark.parametrize("at", ["now", "entry"])
@pytest.mark.parametrize("isolated_ppm", [0, 400_000, 1_000_000])
def test_nobody_starts_below_1_2_times_maintenance(at, isolated_ppm):
    leverage = {"kind": "pareto", "weight": "account", "at": at, "exponent": "0.8", "minimum": "2", "maximum": "125"}
    item = opening_item(leverage=leverage, isolated_ppm=isolated_ppm, stops=None)
    opening = build(population(levered(3_000, opening=[item]))).opening
    markets = market_arrays()
    accounts = post(opening, markets)
    held = np.flatnonzero(accounts.lots[:, 0])
    assert len(held) == 3_000
    needed = [1.2 * plain_maintenance(abs(int(lots)) * UNIT) for lots in accounts.lots[held, 0]]
    assert np.all(equity(accounts, markets)[held] >= needed)
    assert opening.n_remargined == 0


def test_entry_prices_are_aged_away_from_the_opening_price_on_both_sides():
    opening = build(population(levered(5_000))).opening
    moved = np.log(opening.positions[:, 3] / MARK)
    assert (moved > 0.001).mean() > 0.3
    assert (moved < -0.001).mean() > 0.3
    assert abs(moved).max() < 0.5


def test_no_ageing_opens_everybody_at_the_mark():
    item = opening_item(ageing={"mean_age_days": "0", "volatility_per_day_ppm": 25_000})
    opening = build(population(levered(500, opening=[item]))).opening
    assert np.all(opening.positions[:, 3] == MARK)


def drawn(weight: str, at: str, traders: int = 20_000, **size):
    """(leverage recomputed from deposits, notional) of isolated positions: quote + entry value is the margin put in."""
    leverage = {**opening_item()["leverage"], "weight": weight, "at": at}
    item = opening_item(leverage=leverage, isolated_ppm=1_000_000, stops=None, **size)
    opening = build(population(levered(traders, opening=[item]))).opening
    row, _, lots, entry = opening.positions.T
    notional = np.abs(lots) * UNIT
    if at == "now":
        accounts = post(opening, market_arrays())
        return notional / equity(accounts, market_arrays())[row], notional, opening
    return np.abs(lots) * entry * instruments()[0].tick_value / opening.deposit[row], notional, opening


@pytest.mark.parametrize("at", ["now", "entry"])
@pytest.mark.parametrize("weight", ["notional", "account"])
def test_leverage_shares_follow_the_config_by_the_stated_weight(weight, at):
    """Stratified: a bucket misses by at most the largest single weight at each of its edges, per class of cap."""
    leverage, notional, opening = drawn(weight, at)
    weights = notional / notional.sum() if weight == "notional" else np.full(len(notional), 1 / len(notional))
    classes = len(
        np.unique([np.searchsorted([floor * 10**6 for floor, _, _ in BRACKETS], n, "right") for n in notional])
    )
    tolerance = 2 * classes * weights.max()
    for low, high, share in ((0, 3, 0.36), (3, 7, 0.49), (7, 126, 0.15)):
        inside = weights[(leverage >= low * 0.99999) & (leverage < high * 0.99999)].sum()
        assert inside == pytest.approx(share, abs=tolerance), (low, high, opening.n_remargined)


def test_the_two_weights_give_different_books():
    """At full scale tiers hold large positions to low leverage: shares by account leave less by notional."""
    by_weight = {}
    for weight in ("notional", "account"):
        buckets = [{"low": "1", "high": "7", "share_ppm": 500_000}, {"low": "7", "high": "100", "share_ppm": 500_000}]
        leverage = {"kind": "buckets", "weight": weight, "at": "entry", "buckets": buckets}
        item = opening_item(leverage=leverage, largest_share_ppm=300_000, stops=None)
        opening = build(population(levered(5_000, opening=[item])), share="1").opening
        notional = np.abs(opening.positions[:, 2]) * UNIT
        high = opening.leverage > 7
        by_weight[weight] = high.mean(), notional[high].sum() / notional.sum()
    assert by_weight["account"][0] == pytest.approx(0.5, abs=0.001)
    assert by_weight["account"][1] < 0.35
    assert by_weight["notional"][0] > 0.55
    assert by_weight["account"][1] < by_weight["notional"][1] < 0.52


def test_leverage_never_exceeds_the_tier():
    leverage, notional, _ = drawn("account", "now")
    highest = [max_leverage for _, _, max_leverage in BRACKETS]
    floors = [floor * 10**6 for floor, _, _ in BRACKETS]
    caps = np.array([highest[np.searchsorted(floors, n, "right") - 1] for n in notional])
    assert np.all(leverage <= caps * 1.000001)


def test_isolated_positions_have_a_row_each_and_the_rest_of_the_money_is_in_the_wallet():
    opening = build(population(levered(5_000))).opening
    isolated = np.flatnonzero(opening.mode == AccountMode.ISOLATED)
    share, se = len(isolated) / 5_000, (0.4 * 0.6 / 5_000) ** 0.5
    assert abs(share - 0.4) < 4 * se  # seed 1
    assert np.all(opening.market[isolated] == 0)
    assert np.all(opening.wallet[isolated] < FIRST_TRADER + 5_000)
    assert len(set(opening.wallet[isolated])) == len(isolated)
    assert np.all(opening.deposit[isolated] > 0)
    beside = opening.deposit[opening.wallet[isolated]]
    assert np.all(beside >= 0)
    # Margin over capital is uniform in .2 .. 1, measured on equity now: none below, and the mean .6 within 4 s.e.
    accounts = post(opening, market_arrays())
    worth = equity(accounts, market_arrays())
    portion = worth[isolated] / (worth[isolated] + worth[opening.wallet[isolated]])
    assert portion.min() > 0.1999
    assert abs(portion.mean() - 0.6) < 4 * (0.8 / 12**0.5) / len(isolated) ** 0.5


def test_home_rows_are_the_isolated_row_or_the_wallet():
    opening = build(population(levered(50, opening=[opening_item(largest_share_ppm=300_000)]))).opening
    home = opening.home(0)[:, 0]
    for trader, row in enumerate(home):
        if row == FIRST_TRADER + trader:
            assert opening.mode[row] == AccountMode.CROSS
        else:
            assert opening.mode[row] == AccountMode.ISOLATED
            assert opening.wallet[row] == FIRST_TRADER + trader
    assert set(opening.positions[:, 0]) == set(home)


def test_stops_lie_on_the_losing_side_within_their_distances():
    opening = build(population(levered(5_000))).opening
    row, market, side, trigger, lots = opening.stops.T
    position = dict(zip(opening.positions[:, 0].tolist(), opening.positions[:, 2].tolist(), strict=True))
    assert abs(len(row) / 5_000 - 0.15) < 4 * (0.15 * 0.85 / 5_000) ** 0.5
    for r, s, t, size in zip(row.tolist(), side.tolist(), trigger.tolist(), lots.tolist(), strict=True):
        assert size == abs(position[r])
        distance = (MARK - t) / MARK if position[r] > 0 else (t - MARK) / MARK
        assert 0.00999 <= distance <= 0.08001
        assert s == (1 if position[r] > 0 else 0)
    assert np.all(market == 0)


def test_totals_do_not_depend_on_the_number_of_agents():
    books = [build(population(levered(n))).opening for n in (1_000, 10_000)]
    assert books[0].open_interest[0] == books[1].open_interest[0]
    margin, notional_share = [], []
    for opening in books:
        accounts = post(opening, market_arrays())
        held = np.flatnonzero(accounts.lots[:, 0])
        worth = equity(accounts, market_arrays())
        size = np.abs(accounts.lots[held, 0])
        margin.append(worth.sum() / (size.sum() * UNIT))
        notional_share.append(np.sort(size)[-50:].sum() / size.sum())
    # Total equity per open interest agrees within 5%, the part of the 50 largest accounts within a fifth.
    assert margin[0] == pytest.approx(margin[1], rel=0.05)
    assert notional_share[0] == pytest.approx(notional_share[1], rel=0.2)


def test_traders_option_rescales_ordinary_cohorts_and_keeps_open_interest():
    makers = {
        "name": "makers",
        "traders": 4,
        "capital": {"quote": "1000000000"},
        "behaviour": {
            "kind": "market_maker",
            "market": "BTCUSDT",
            "calm_volatility_ppm": 100,
            "inventory_limit_quote": "100000000",
            "depth": [{"within_ppm": 10_000, "bid_quote": "10000000", "ask_quote": "10000000"}],
        },
    }
    wide = [opening_item(largest_share_ppm=300_000)]
    config = population(levered(600, opening=wide), levered(300, name="others", opening=wide), makers)
    opening = build(config, traders=100).opening
    counts = np.diff(opening.cohort_starts)
    assert counts.tolist() == [64, 32, 4]
    assert opening.n_traders == 100
    assert opening.open_interest[0] == build(config).opening.open_interest[0]
    with pytest.raises(ConfigError, match="--traders 5 is too few: 4 traders"):
        build(config, traders=5)


def test_a_whale_takes_its_part_of_its_side_and_cohorts_hold_the_rest():
    position = {"market": "BTCUSDT", "side": "long", "quote": "300000000", "leverage": "5", "mode": "isolated"}
    whale = Whale.model_validate({"kind": "whale", "name": "whale", "positions": [position]})
    opening = build(population(levered(500)), [whale]).opening
    row = opening.agent_rows[0]
    isolated = int(np.flatnonzero((opening.wallet == row) & (opening.mode == AccountMode.ISOLATED))[0])
    mine = opening.positions[opening.positions[:, 0] == isolated][0]
    assert mine[2] == 125_000  # 300M x 5% / 120 USDT a lot
    assert opening.deposit[isolated] == 3_000_000 * 10**6  # 15M / 5x
    lots = opening.positions[:, 2]
    assert lots.sum() == 0
    assert lots[lots > 0].sum() == opening.open_interest[0]
    assert opening.cohort_names[opening.cohort[isolated]] == "whale"
    assert opening.is_named[isolated]


def test_same_seed_same_book_and_another_seed_another():
    first, again, other = (build(population(levered(500)), seed=seed).opening for seed in (1, 1, 2))
    assert np.array_equal(first.positions, again.positions)
    assert np.array_equal(first.deposit, again.deposit)
    assert not np.array_equal(first.positions, other.positions)


def test_capital_of_a_cohort_is_shared_out_to_the_quantum():
    noise = {
        "name": "noise",
        "traders": 77,
        "capital": {"quote": "1000000", "split": {"kind": "lognormal", "sigma": "1.5"}},
        "behaviour": {"kind": "noise", "market": "BTCUSDT", "orders_per_s": "1", "volume_quote_per_s": "100000"},
    }
    opening = build(population(levered(1_000), noise)).opening
    mine = opening.cohort == 1
    assert opening.deposit[mine].sum() == 50_000 * 10**6
    assert opening.deposit[mine].min() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"largest_share_ppm": 100}, "cannot hold exactly"),
        ({"short_weight": "0"}, "short open interest have no holder"),
    ],
)
def test_impossible_books_are_refused_with_the_reason(change, message):
    with pytest.raises(ConfigError, match=message):
        build(population(levered(100, opening=[opening_item(**change)])))


def test_every_leverage_distribution_must_say_its_weight():
    leverage = {key: value for key, value in opening_item()["leverage"].items() if key != "weight"}
    with pytest.raises(ValueError, match="weight"):
        population(levered(10, opening=[opening_item(leverage=leverage)]))


def test_leverage_beyond_every_tier_ends_exactly_at_the_tier():
    leverage = {"kind": "fixed", "weight": "account", "at": "entry", "leverage": "200"}
    item = opening_item(leverage=leverage, stops=None, ageing={"mean_age_days": "0", "volatility_per_day_ppm": 0})
    opening = build(population(levered(2_000, opening=[item]))).opening
    notional = np.abs(opening.positions[:, 2]) * UNIT
    caps = [[cap for floor, _, cap in BRACKETS if floor * 10**6 <= value][-1] for value in notional.tolist()]
    assert len(set(caps)) >= 3
    assert np.all(np.isclose(opening.leverage, caps, rtol=1e-4))


@pytest.mark.parametrize("entry", [10**19, 10**14])
def test_an_entry_price_beyond_the_head_room_is_refused_by_name(entry):
    """10^14 a coin for 0.5 coins is 5 x 10^19 quanta of a millionth, beyond 2^63 = 9.2 x 10^18."""
    config = clearsim.load("fund-empty-adl").with_({"agents[0].positions[0].entry_price": entry})
    with pytest.raises(ConfigError, match="agent alice: its position in BTCUSDT exceeds the int64 head-room"):
        clearsim.run(config)
