"""Random stories: a rule book, accounts, a resting book and one to three marks. The seed fixes everything."""

from random import Random

from tests.oracle.story import Fund, Layer, Liquidation, Market, Resting, Row, Rules, Story

LOW, HIGH = ((0, 5_000, 0),), ((0, 40_000, 0),)
#: (floor, maintenance ppm, deduction), CLR-MRG-004: 100,000 x 1.5% = 1,500 and 300,000 x 3% more.
TIERS = ((0, 5_000, 0), (100_000, 20_000, 1_500), (300_000, 50_000, 10_500))
PRICES = {"BTC": 1000, "ETH": 200}  # ticks at the start
TICK_VALUES = {"BTC": 1, "ETH": 5}  # quanta per tick per lot
LAYERS = ("takeover", "insurance_fund", "adl")
#: Taker and maker rates, ppm; a config refuses a pair whose sum is negative.
FEES = ((0, 0), (400, 200), (400, -250), (1_000, -250), (1_000, 0))
MAKER = "maker"


def make_story(seed: int) -> Story:
    """The story of this seed."""
    random = Random(seed)
    rules = make_rules(random)
    rows = make_rows(random, rules)
    start = tuple(PRICES[market.name] for market in rules.markets)
    marks = make_marks(random, start)
    seeds = tuple(random.choice((0, 0, 300, 3_000, 20_000, 1_000_000)) for _ in rules.funds)
    return Story(seed, rules, rows, make_resting(random, rules, rows), seeds, marks)


# -- rules -------------------------------------------------------------------------------------------------------------


def make_rules(random: Random) -> Rules:
    """A rule book of any kind that a config allows."""
    names = random.choice((("BTC",), ("ETH",), ("BTC", "ETH"), ("BTC", "ETH"), ("ETH", "BTC")))
    shared = len(names) == 1 or random.random() < 0.5
    at_or_below = random.random() < 0.2
    fees = {name: random.choice(FEES) for name in names}
    markets = tuple(
        Market(
            name=name,
            tick_value=TICK_VALUES[name],
            tiers=random.choice((LOW, HIGH, HIGH, TIERS, TIERS)),
            base=random.choice(("mark", "mark", "entry", "mark_plus_fee")),
            at_or_below=at_or_below,
            taker_ppm=fees[name][0],
            maker_ppm=fees[name][1],
            penalty_ppm=random.choice((0, 1_250, 10_000, 50_000)),
            scope=0 if shared else number,
        )
        for number, name in enumerate(names)
    )
    funds = tuple(
        Fund(
            share_ppm=random.choice((0, 300_000, 1_000_000)),
            cap=random.choice((None, None, 0, 40_000, 150_000)),
            unwind_ppm=random.choice((100_000, 1_000_000)),
            unwind_band_ppm=random.choice((5_000, 100_000)),
        )
        for _ in range(1 if shared else 2)
    )
    return Rules(markets, funds, make_liquidation(random), make_layers(random))


def make_liquidation(random: Random) -> Liquidation:
    """Any kind of step, any kind of order."""
    order = random.choice(("bankruptcy_limit", "bankruptcy_limit", "market"))
    kind = random.choice(("full", "tier_down", "fraction"))
    fraction = kind == "fraction"
    return Liquidation(
        kind=kind,
        order=order,
        band_ppm=random.choice((None, 20_000)) if order == "market" else None,
        priority=random.choice(("riskiest_first", "riskiest_first", "by_account_id")),
        mode=random.choice(("batch", "interleaved")),
        surplus=random.choice(("fund", "trader")),
        rounds_max=random.choice((1, 2, 8)),
        taker_fee=random.choice(("exempt", "charged")),
        penalty_base=random.choice(("mark", "fill")),
        reduce_to=random.choice(("compliant", "tier_floor")) if kind == "tier_down" else "compliant",
        fraction_ppm=random.choice((100_000, 330_000, 500_000)) if fraction else 0,
        rounding=random.choice(("up", "down")) if fraction else "up",
        cooldown_ms=random.choice((0, 1_000, 2_000)) if fraction else 0,
        whole_below=random.choice((0, 30_000)) if fraction else 0,
        then_whole=random.random() < 0.3 if fraction else False,
    )


def make_layers(random: Random) -> tuple[Layer, ...]:
    """Any set of layers in any order; socialised loss, if it is there, is the last."""
    if random.random() < 0.3:
        kinds = list(LAYERS)
    else:
        kinds = [kind for kind in LAYERS if random.random() < 0.65]
        random.shuffle(kinds)
    adl = Layer(
        "adl",
        ranking=random.choice(("profit_leverage", "binance_wallet")),
        wallet_floor=random.choice((1, 1_000)),
        allocation=random.choice(("greedy", "greedy", "pro_rata", "water_filling")),
        trigger=random.choice(("bankrupt", "distressed")),
        matches=random.choice((None, None, 1, 2)),
    )
    layers = [adl if kind == "adl" else Layer(kind) for kind in kinds]
    if random.random() < 0.5:
        layers.append(Layer("socialised_loss", basis=random.choice(("unrealised_gain", "equity_change"))))
    return tuple(layers)


# -- accounts ----------------------------------------------------------------------------------------------------------


def make_rows(random: Random, rules: Rules) -> tuple[Row, ...]:
    """3 to 8 rows; wallets and isolated rows; the last wallet holds the other side of all of them."""
    n_markets = len(rules.markets)
    rows: list[Row] = []
    net = [0] * n_markets
    for number in range(random.randint(2, 5)):
        owner, isolated = f"a{number}", random.random() < 0.4
        markets = [m for m in range(n_markets) if random.random() < 0.6] or [random.randrange(n_markets)]
        cross: list[tuple[int, int, int]] = []
        for m in markets:
            lots = random.choice((1, -1)) * random.choice((random.randint(1, 20), random.randint(20, 400)))
            position = (m, lots, entry_near(random, rules, m))
            net[m] += lots
            if isolated and random.random() < 0.7:
                rows.append(Row(owner, m, money_for(random, rules, [position]), (position,)))
                if random.random() < 0.3:
                    cross.append((m, -lots, entry_near(random, rules, m)))
                    net[m] -= lots
            else:
                cross.append(position)
        free = random.choice((0, 2_000, 100_000)) if not cross else 0
        rows.append(Row(owner, None, money_for(random, rules, cross) + free, tuple(cross)))
    rest = [(m, -lots, entry_near(random, rules, m)) for m, lots in enumerate(net) if lots]
    others: list[list[tuple[int, int, int]]] = [[], []]
    for m, lots, entry in rest:
        half = lots // 2 if random.random() < 0.5 else lots
        for held, part in zip(others, (half, lots - half), strict=True):
            if part:
                held.append((m, part, entry))
    for number, held in enumerate(others):
        rows.append(Row(f"b{number}", None, money_for(random, rules, held) + random.choice((0, 300_000)), tuple(held)))
    rows.append(Row(MAKER, None, random.choice((100_000, 3_000_000)), ()))
    return tuple(rows)


def entry_near(random: Random, rules: Rules, m: int) -> int:
    """An entry price within a tenth of the first mark."""
    mark = PRICES[rules.markets[m].name]
    return mark + random.randint(-mark // 10, mark // 10)


def money_for(random: Random, rules: Rules, positions: list[tuple[int, int, int]]) -> int:
    """Money that leaves an equity of a few percent of the notional at the first mark, thin or comfortable."""
    money = 0
    for m, lots, entry in positions:
        market = rules.markets[m]
        mark = PRICES[market.name]
        notional = abs(lots) * mark * market.tick_value
        low, high = random.choice(((0.055, 0.08), (0.055, 0.08), (0.055, 0.12), (0.06, 0.4), (0.2, 1.0)))
        share = random.uniform(low, high)
        money += int(notional * share) + lots * (entry - mark) * market.tick_value
    return money


# -- market ------------------------------------------------------------------------------------------------------------


def make_resting(random: Random, rules: Rules, rows: tuple[Row, ...]) -> tuple[Resting, ...]:
    """An empty, thin or rich book; most orders are the maker's, some another account's."""
    names = sorted({row.owner for row in rows} - {MAKER})
    orders = []
    for m, market in enumerate(rules.markets):
        mark = PRICES[market.name]
        kind = random.choice(("empty", "thin", "thin", "rich"))
        for side, sign in (("buy", -1), ("sell", 1)):
            first = random.uniform(0.002, 0.2)
            for _ in range({"empty": 0, "thin": 3, "rich": 6}[kind]):
                away = first + random.uniform(0, 0.25)
                lots = random.randint(1, 60) if kind == "thin" else random.randint(20, 300)
                owner = MAKER if random.random() < 0.7 else random.choice(names)
                if owner != MAKER:
                    lots = min(lots, 20)
                orders.append(Resting(owner, m, side, max(1, mark + int(sign * away * mark)), lots))
    return tuple(orders)


def make_marks(random: Random, start: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The first marks, then one or two jumps, or one jump and a cycle in which the marks stay."""
    marks = [start]
    for number in range(random.choice((1, 2, 2, 3))):
        if number and random.random() < 0.3:
            marks.append(marks[-1])
            continue
        low, high = random.choice(((0.02, 0.08), (0.03, 0.15), (0.1, 0.3)))
        common = random.choice((-1, 1)) * random.uniform(low, high)
        own = [common if random.random() < 0.8 else -common / 2 for _ in start]
        marks.append(tuple(max(1, round(mark * (1 + move))) for mark, move in zip(marks[-1], own, strict=True)))
    return tuple(marks)
