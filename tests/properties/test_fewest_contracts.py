"""Sizes of liquidation steps against a search that tries every number of contracts: CLR-LIQ-006, CLR-LIQ-007."""

from clearsim.clearing.liquidation.steps import lots_to_comply, lots_to_tier_floor
from clearsim.layout import BASE_ENTRY, BASE_MARK, BASE_MARK_PLUS_FEE
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.worlds.margin import derived_tiers, make_markets, plain_maintenance

TABLES = (
    derived_tiers([(0, 5_000, 10_000)]),
    derived_tiers([(0, 10_000, 20_000), (10_000, 20_000, 40_000), (30_000, 50_000, 100_000)]),
    derived_tiers([(0, 990_000, 999_999)]),
)
BASES = (BASE_MARK, BASE_ENTRY, BASE_MARK_PLUS_FEE)
CLOSE_FEE_PPM = 500
SCALE = 1_000_000


def market_of(table, base, tick_value, penalty_ppm=0, taker_ppm=0):
    """The parameters and tiers of one market whose liquidations pay both fees."""
    markets = make_markets(marks=[1], tick_values=[tick_value], tiers=[table], base=base, close_fee_ppm=CLOSE_FEE_PPM)
    markets.params["liquidation_fee_ppm"], markets.params["taker_ppm"] = penalty_ppm, taker_ppm
    markets.params["liquidation_pays_taker"] = 1
    return markets.params[0], markets.tiers[0]


def cost_left(cost, lots, keep):
    """Entry cost of `keep` contracts of a position of `lots`, rounded down with its sign (CLR-LDG-002)."""
    return cost * keep // abs(lots)


@settings(max_examples=1_500, deadline=None)
@given(
    table=st.sampled_from(TABLES),
    base=st.sampled_from(BASES),
    tick_value=st.sampled_from([1, 3, 100]),
    lots=st.integers(-300, 300).filter(bool),
    entry=st.integers(1, 300),
    mark=st.integers(1, 300),
    penalty_ppm=st.sampled_from([0, 1_000, 9_700, 15_000, 30_000]),
    taker_ppm=st.sampled_from([0, 300, 500]),
    share=st.floats(0, 1.2),
)
@example(table=TABLES[0], base=BASE_MARK_PLUS_FEE, tick_value=100, lots=40, entry=100, mark=100, penalty_ppm=5_200,
         taker_ppm=0, share=0.99)  # fmt: skip
@example(table=TABLES[0], base=BASE_ENTRY, tick_value=100, lots=40, entry=200, mark=100, penalty_ppm=6_000,
         taker_ppm=0, share=0.7)  # fmt: skip
def test_a_step_closes_the_fewest_contracts_after_which_the_account_complies(
    table, base, tick_value, lots, entry, mark, penalty_ppm, taker_ppm, share
):
    """CLR-LIQ-006: each fee is rounded up by itself; the examples' fees lie between two rates of the requirement."""
    params, tiers = market_of(table, base, tick_value, penalty_ppm, taker_ppm)
    cost, size, sign = lots * entry * tick_value, abs(lots), 1 if lots > 0 else -1

    def need(close):
        keep = size - close
        value = close * mark * tick_value
        fees = -(-value * penalty_ppm // SCALE) - (-value * taker_ppm // SCALE)
        return plain_maintenance(sign * keep, cost_left(cost, lots, keep), mark, params, tiers) + fees

    allowed = int(share * need(0)) - 1
    expected = next((close for close in range(1, size) if need(close) <= allowed), size)
    assert lots_to_comply(lots, cost, mark, params, tiers, allowed) == expected


@settings(max_examples=500, deadline=None)
@given(
    base=st.sampled_from(BASES),
    tick_value=st.sampled_from([1, 3, 100]),
    lots=st.integers(-400, 400).filter(bool),
    spare=st.integers(-3, 3),
    entry=st.integers(1, 300),
)
@example(base=BASE_ENTRY, tick_value=1, lots=3, spare=1, entry=5_000)
def test_a_step_to_the_tier_below_leaves_the_most_contracts_below_its_floor(base, tick_value, lots, spare, entry):
    """CLR-LIQ-007: 3 lots for 15,001 keep one, which cost 5,000; of 3 for 29,999 shorted, 1 (9,999.67, rounded up)."""
    params, tiers = market_of(TABLES[1], base, tick_value)
    cost, size = lots * entry * tick_value + (spare if abs(lots) > 3 else 1), abs(lots)

    def base_of(keep):
        return abs(cost_left(cost, lots, keep)) if base == BASE_ENTRY else keep * entry * tick_value

    floor = max(floor for floor, *_ in TABLES[1] if floor <= base_of(size))
    keep = next((keep for keep in range(size - 1, 0, -1) if base_of(keep) < floor), 0) if floor else 0
    assert lots_to_tier_floor(lots, cost, entry, params, tiers) == size - keep
