"""Published examples of liquidation and bankruptcy prices and of margins, venue by venue, with their sources.

Every liquidation price goes through the exact closed form (`tests/exact_margin.py`) and through the compiled threshold
on a fine grid. A venue's printed figure is met within the tolerance its digits allow. Inverse contracts are left out:
one settlement asset, linear contracts.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import Tier, TieredMargin
from clearsim.kernels.margin.liquidation_price import distress_price
from clearsim.kernels.margin.requirement import initial_requirement, is_distressed, position_maintenance

from tests.exact_margin import Requirement, bankruptcy_price, liquidation_price
from tests.worlds.margin import FIRST_TRADER as ROW
from tests.worlds.margin import make_markets, make_rows

FREQTRADE_BINANCE = "github.com/freqtrade/freqtrade tests/exchange/test_binance.py (numbers of the Binance FAQ)"
FREQTRADE = "github.com/freqtrade/freqtrade tests/exchange/test_exchange.py test_get_liquidation_price"
BYBIT = "testnet.bybit.com/en-US/help-center/s/article/Liquidation-Price-USDT-Contract"
HYPERLIQUID = "hyperliquid.gitbook.io/hyperliquid-docs/trading/liquidations"
DYDX_DOCS = "github.com/dydxprotocol/v4-documentation concepts/trading/liquidations.mdx @3e475b73"
PHEMEX = "phemex.com/help-center/liq-price-for-USDTM"


@dataclass(frozen=True)
class Example:
    """One printed liquidation price. margin is the wallet balance (cross) or what was assigned (isolated)."""

    id: str
    source: str
    size: str
    entry: str
    margin: str
    rate: str
    printed: str
    tolerance: str
    deduction: str = "0"
    base: str = "mark"
    fee: str = "0"
    other_profit: str = "0"
    other_maintenance: str = "0"

    def requirement(self) -> Requirement:
        return Requirement.flat(
            Fraction(self.rate), deduction=Fraction(self.deduction), base=self.base, close_fee=Fraction(self.fee)
        )

    def price(self) -> Fraction:
        return liquidation_price(
            self.requirement(),
            size=Fraction(self.size),
            entry=Fraction(self.entry),
            margin=Fraction(self.margin),
            other_profit=Fraction(self.other_profit),
            other_maintenance=Fraction(self.other_maintenance),
        )


THIRD = "3.3333333333333333"
EXAMPLES = [
    # Binance USDT-M: LP = (WB - TMM + UPNL + cum - s q E) / (q mmr - s q); cross with the other contract in 04.
    Example("BN-LP-01", FREQTRADE_BINANCE, "3683.979", "1456.84", "1535443.01", "0.1", "1114.78", "0.01", "135365"),
    Example("BN-LP-02", FREQTRADE_BINANCE, "109.488", "32481.98", "1535443.01", "0.025", "18778.73", "0.01", "16300"),
    Example(
        "BN-LP-04-cross-BTC",
        FREQTRADE_BINANCE + "; the other contract is ETHUSDT 3683.979 from 1456.84 at 1335.18, 10%, cum 135365",
        "109.488",
        "32481.98",
        "1535443.01",
        "0.025",
        "26316.89",
        "0.02",
        "16300",
        other_profit="-448192.88514",
        other_maintenance="356512.508",
    ),
    Example("BN-LP-05-isolated-short", FREQTRADE, "-1", "10", "2", "0.01", "11.89108910891089", "1e-6", "0.01"),
    Example("BN-LP-07-isolated-short", FREQTRADE, "-1", "8", "1.6", "0.01", "9.514851485148514", "1e-6", "0.01"),
    Example("BN-LP-08-isolated-short", FREQTRADE, "-0.6", "10", "1.2", "0.01", "11.897689768976898", "1e-6", "0.01"),
    Example("BN-LP-10-isolated-long", FREQTRADE, "1", "8", "1.6", "0.01", "6.454545454545454", "1e-6", "0.01"),
    Example("BN-LP-11-isolated-long", FREQTRADE, "1", "10", THIRD, "0.01", "6.723905723905723", "1e-6", "0.01"),
    # Bybit isolated: LP = E -+ (IM - MM) / size with both on entry value; IM = value / leverage.
    Example("BY-LP-02", BYBIT, "1", "20000", "400", "0.005", "19700", "0", base="entry"),
    Example("BY-LP-04", FREQTRADE, "1", "10", "10", "0.01", "0.1", "1e-9", base="entry"),
    Example("BY-LP-06", FREQTRADE, "1", "10", "2", "0.01", "8.1", "1e-9", base="entry"),
    Example("BY-LP-07", FREQTRADE, "1", "10", "1", "0.01", "9.1", "1e-9", base="entry"),
    Example("BY-LP-09", FREQTRADE, "-1", "10", THIRD, "0.01", "13.233333", "1e-5", base="entry"),
    Example("BY-LP-10", FREQTRADE, "-1", "10", "2", "0.01", "11.9", "1e-9", base="entry"),
    # OKX and Gate: maintenance and closing fee both on the value at the liquidation price.
    Example(
        "OK-LP-01", FREQTRADE, "-1", "10", "2", "0.01", "11.87413417771621", "1e-6", base="mark_plus_fee", fee="0.0006"
    ),
    Example(
        "OK-LP-02",
        FREQTRADE,
        "-1",
        "10",
        THIRD,
        "0.01",
        "13.193482419684678",
        "1e-6",
        base="mark_plus_fee",
        fee="0.0006",
    ),
    Example(
        "OK-LP-03", FREQTRADE, "-1", "8", "1.6", "0.01", "9.499307342172967", "1e-6", base="mark_plus_fee", fee="0.0006"
    ),
    Example(
        "OK-LP-05", FREQTRADE, "1", "10", THIRD, "0.01", "6.738090425173506", "1e-6", base="mark_plus_fee", fee="0.0006"
    ),
    # Phemex: assigned = value / leverage + closing fee at bankruptcy, 200/5 + 160 x 0.06% = 40.096.
    Example("PX-LP-01", PHEMEX, "500", "0.4", "40.096", "0.01", "0.3232", "1e-4", base="mark_plus_fee", fee="0.0006"),
    # Hyperliquid: price - s x available / size / (1 - l s), the same as Binance's form without a deduction.
    Example("HL-LP-01", HYPERLIQUID, "0.2", "50000", "1000", "0.0125", "45569.620253164554", "1e-6"),
    # dYdX v4: p' = (e - s p - MMR of the others) / (|s| MMF - s), from collateral e at price p.
    Example("DX-LP-01", DYDX_DOCS, "-3", "3000", "1000", "0.05", "3174.6", "0.02"),
    Example("DX-LP-02", DYDX_DOCS, "-1.5", "3000", "1000", "0.05", "3380.95", "0.01", other_maintenance="175"),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_printed_liquidation_price_follows_from_the_closed_form(example):
    """CLR-MRG-002: and at that price equity equals the requirement exactly."""
    price = example.price()
    assert abs(price - Fraction(example.printed)) <= Fraction(example.tolerance), (
        f"{example.id} ({example.source}): expected {example.printed}, found {float(price)}"
    )
    size, entry = Fraction(example.size), Fraction(example.entry)
    equity = Fraction(example.margin) + size * (price - entry) + Fraction(example.other_profit)
    needed = example.requirement().maintenance(size=size, entry=entry, mark=price)
    assert equity == needed + Fraction(example.other_maintenance)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_compiled_threshold_brackets_the_printed_price(example):
    """CLR-MRG-008: on a grid of 1/1000 (1/100000 below 100) the closed form lies between safe and distressed.

    The unit of money is 1e-9, the lot 1/1000 of a unit of the base asset; other positions enter as a constant.
    """
    per_price = 1_000 if Fraction(example.entry) >= 100 else 100_000
    lots = int(Fraction(example.size) * 1_000)
    tick_value = 10**9 // (per_price * 1_000)
    cost = lots * int(Fraction(example.entry) * per_price) * tick_value
    others = Fraction(example.other_profit) - Fraction(example.other_maintenance)
    quote = int((Fraction(example.margin) + others) * 10**9) - cost
    rate = int(Fraction(example.rate) * 10**6)
    table = [[0, rate, int(Fraction(example.deduction) * 10**9), 2 * rate]]
    markets = make_markets(
        marks=[1],
        tick_values=[tick_value],
        tiers=[table],
        base={"mark": 0, "entry": 1, "mark_plus_fee": 2}[example.base],
        close_fee_ppm=int(Fraction(example.fee) * 10**6),
    )
    ticks = distress_price(quote, lots, cost, markets.params[0], markets.tiers[0])
    exact = example.price() * per_price
    assert abs(ticks - exact) <= 1
    slack = Fraction(1, 10**4)  # quote was cut to whole units of 1e-9
    assert ticks <= exact + slack if lots > 0 else ticks >= exact - slack


@pytest.mark.parametrize(
    ("notional", "rate", "deduction", "printed", "source"),
    [
        (
            "3500032.458",
            "0.025",
            "16300",
            "71200.81144",
            "BN-MM-01, binance.com support b3c689c1f50a44cabb3a84e663b81d93",
        ),
        ("4918775.081", "0.1", "135365", "356512.508", "BN-MM-02, the same page"),
        ("1000000", "0.0065", "950", "5550", "BN-BRACKET-01, BTCUSDT table of 2024-10-24"),
        ("20000", "0.005", "0", "100", f"BY-LP-02, {BYBIT}"),
    ],
)
def test_maintenance_margin_of_the_published_examples(notional, rate, deduction, printed, source):
    """CLR-MRG-001: in the closed form, and in quanta of 1e-6 rounded up."""
    requirement = Requirement.flat(Fraction(rate), deduction=Fraction(deduction))
    exact = requirement.maintenance(size=1, entry=1, mark=Fraction(notional))
    assert abs(exact - Fraction(printed)) <= Fraction(1, 1_000), source
    ticks = int(Fraction(notional) * 1_000)
    table = [[0, int(Fraction(rate) * 10**6), int(Fraction(deduction) * 10**6), 500_000]]
    markets = make_markets(marks=[ticks], tick_values=[1_000], tiers=[table])
    found = position_maintenance(1, 0, ticks, markets.params[0], markets.tiers[0])
    assert 0 <= found - exact * 10**6 < 1, source


@pytest.mark.parametrize(
    ("entry", "leverage", "side", "printed", "source"),
    [
        (10_000, 50, 1, 9_800, "BY-BP-03, Bybit, Bankruptcy Price (USDT Contract)"),
        (10_000, 50, -1, 10_200, "the same rule, E (1 + 1 / L)"),
    ],
)
def test_bankruptcy_price_of_the_published_examples(entry, leverage, side, printed, source):
    """CLR-MRG-012."""
    margin = Fraction(entry, leverage)
    assert bankruptcy_price(size=side, entry=entry, margin=margin) == printed, source


def test_bankruptcy_price_of_the_dydx_example_and_its_close():
    """CLR-MRG-012: DX-DOC-01, 100 of collateral short 500 from 1: bankrupt at 1.2 (contract-loss-mechanism.mdx)."""
    assert bankruptcy_price(size=-500, entry=1, margin=100) == Fraction("1.2")


@pytest.mark.parametrize(
    ("equity", "requirement", "liquidatable"),
    [
        (100, 0, False),  # dydx-001
        (0, 100, True),  # dydx-002
        (-100, 100, True),  # dydx-004
        (100, 100, False),  # dydx-007: exactly at the requirement is safe
        (125, 100, False),  # dydx-008
    ],
)
def test_dydx_liquidatable_predicate(equity, requirement, liquidatable):
    """CLR-MRG-003: dydxprotocol/v4-chain protocol/lib/margin/risk_test.go @84d4664b.

    dydx-005 (equity -100, requirement 0: not liquidatable) is dYdX's bad debt; here a flat row below zero is found, so
    that the waterfall settles it (CLR-MRG-013).
    """
    accounts = make_rows(1)
    markets = make_markets(marks=[1_000], tick_values=[1], tiers=[[[0, 100_000, 0, 200_000]]])
    accounts.lots[ROW, 0] = requirement // 100
    accounts.quote[ROW] = equity - 1_000 * accounts.lots[ROW, 0]
    assert is_distressed(accounts, markets, ROW) == liquidatable


@pytest.mark.parametrize(("quote", "liquidatable"), [(-4_000, False), (-4_500, False), (-4_501, True)])
def test_dydx_account_at_initial_and_at_maintenance_margin_is_safe(quote, liquidatable):
    """CLR-MRG-003: dydx-010, dydx-011 (x/clob/keeper/liquidations_test.go): 0.1 BTC at 50,000, 20% / 10%."""
    accounts = make_rows(1)
    markets = make_markets(marks=[50_000], tick_values=[1], tiers=[[[0, 100_000, 0, 200_000]]])
    accounts.lots[ROW, 0], accounts.quote[ROW] = 1, quote * 10  # one lot stands for 1 BTC: ten times the example
    assert is_distressed(accounts, markets, ROW) == liquidatable


@pytest.mark.parametrize(
    ("notional", "ppm", "printed", "id"), [(1, 100_000, 1, "dydx-188"), (123_456, 567_243, 70_030, "dydx-189")]
)
def test_dydx_initial_margin_rounds_up(notional, ppm, printed, id):
    """CLR-MRG-005: x/perpetuals/types/liquidity_tier_test.go @84d4664b, quanta of 1e-6."""
    markets = make_markets(marks=[1], tick_values=[1], tiers=[[[0, 1, 0, ppm]]])
    assert initial_requirement(1, notional, ppm, markets.params[0], markets.tiers[0]) == printed, id


def test_binance_trigger_compares_the_margin_balance_with_the_total_requirement():
    """CLR-MRG-003: BN-TRIG-01, wallet 25,923.06 less 17,444.09 is 8,478.97, below 8,501.44 (support reply, quoted)."""
    balance = Fraction("25923.05553202") - Fraction("17444.086776")
    assert balance == Fraction("8478.96875602")
    accounts = make_rows(1)
    markets = make_markets(marks=[10**6], tick_values=[1], tiers=[[[0, 8_501, 0, 20_000]]])
    accounts.lots[ROW, 0], accounts.quote[ROW] = 1, int(balance) - 10**6
    assert is_distressed(accounts, markets, ROW)


def test_binance_cross_example_with_both_contracts_in_one_row():
    """CLR-MRG-010: BN-LP-04 as a row of two markets: distressed below 26,316.89 with ETH at 1,335.18, safe above.

    Prices in cents, lots of 0.001, quanta of 1e-5 USDT; the printed figure is met within 0.02.
    """
    btc, eth = [[0, 25_000, 16_300 * 10**5, 50_000]], [[0, 100_000, 135_365 * 10**5, 200_000]]
    markets = make_markets(marks=[1, 133_518], tick_values=[1, 1], tiers=[btc, eth])
    accounts = make_rows(1, 2)
    accounts.lots[ROW] = (109_488, 3_683_979)
    accounts.quote[ROW] = 153_544_301_000 - 109_488 * 3_248_198 - 3_683_979 * 145_684
    for price, expected in ((2_631_687, True), (2_631_691, False)):
        markets.mark[0] = price
        assert is_distressed(accounts, markets, ROW) == expected


def test_hyperliquid_deduction_of_the_second_btc_tier():
    """CLR-MRG-004: HL-DED-01, 40x to 150M then 20x, maintenance half the initial rate: 1,875,000; 3,125,000 at 200M."""
    tiers = (
        Tier(floor_quote=Decimal(0), maintenance_ppm=12_500, max_leverage=Decimal(40)),
        Tier(floor_quote=Decimal(150_000_000), maintenance_ppm=25_000, max_leverage=Decimal(20)),
    )
    schedule = TieredMargin(tiers=tiers)
    assert schedule.deductions() == [0, 1_875_000]
    requirement = Requirement.of(schedule, FeeSchedule(taker_ppm=450, maker_ppm=150))
    assert requirement.maintenance(size=1, entry=1, mark=200_000_000) == 3_125_000
