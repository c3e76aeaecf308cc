"""Rankings, allocations and margin schedules of users: passed, named in a config, checked: CLR-ADL-016, CLR-ADL-017."""

import textwrap
from decimal import Decimal

import numpy as np
import pytest
from clearsim.clearing.adl import (
    AdlLayer,
    AdlRanking,
    Allocation,
    OwnAllocation,
    OwnRanking,
    ProfitLeverageRanking,
    ProRata,
)
from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import MarginSchedule, OwnSchedule
from clearsim.config import config_hash, load_config
from clearsim.engine.simulation import simulate
from clearsim.errors import AgentError, ConfigError
from clearsim.kernels.margin.requirement import position_maintenance
from clearsim.layout import MARKET_DTYPE

from tests.unit.test_adl import gap_with_three_shorts
from tests.worlds.records import fields

FILE = textwrap.dedent(
    '''
    import numpy as np
    from clearsim.clearing.adl import AdlRanking, Allocation

    class BySize(AdlRanking):
        """The largest position first, or the smallest."""

        def __init__(self, sign=1):
            self.sign = sign

        def score(self, side):
            return self.sign * side.lots.astype(float)

    class FromTheEnd(Allocation):
        """The last of the queue gives all it has, then the one before."""

        def allocate(self, targets, winners):
            left, lots = int(targets.lots.sum()), np.zeros(len(winners.row), np.int64)
            for i in range(len(lots) - 1, -1, -1):
                lots[i] = min(left, int(winners.lots[i]))
                left -= lots[i]
            return lots
    '''
)


class BySize(AdlRanking):
    def score(self, side):
        self.seen = side
        return side.lots.astype(float)


class Halves(Allocation):
    """Ten of the first and of the last."""

    def allocate(self, targets, winners):
        lots = np.zeros(len(winners.row), np.int64)
        lots[[0, -1]] = 10
        return lots


def closed(world):
    return list(zip(world.matches("counterparty"), world.matches("lots"), strict=True))


def test_a_ranking_of_your_own_orders_the_queue_ties_by_id_and_losers_stay():
    """CLR-ADL-016: by size, shorts of 10, 10 and 15 in profit: 15, then 5 of the lower id of the two."""
    world, victim, shorts = gap_with_three_shorts(AdlLayer(ranking=OwnRanking.of(BySize())))
    world.clear(victim)
    assert closed(world) == [(shorts[2], 15), (shorts[0], 5)]
    assert world.matches("rank") == [1, 2]
    assert world.lots(shorts[3]) == -10, "in loss"
    world.assert_conserved()


def test_a_ranking_sees_the_rows_of_its_side_in_quanta():
    """CLR-ADL-016: the second short: 100 of money, 10 from 104 at 98: profit 60, equity 160, requirement 5."""
    world, _, shorts = gap_with_three_shorts()
    ranking = BySize()
    ready = OwnRanking.of(BySize).ready()
    object.__setattr__(ready, "part", ranking)
    ready.score_side(world.accounts, world.markets, market=0, side=-1, only_profit=True, quantum=1)
    seen = ranking.seen
    assert seen.row.tolist() == shorts[:3]
    at = 1
    assert (seen.side, seen.market, seen.mark) == (-1, 0, 98)
    assert (seen.lots[at], seen.mark_value[at], seen.entry_cost[at], seen.profit[at]) == (10, -980, -1_040, 60)
    assert (seen.equity[at], seen.maintenance[at], seen.wallet[at]) == (160, 5, 100)


def test_an_allocation_of_your_own_is_carried_out_through_the_pot():
    """CLR-ADL-017: (10, 0, 10) of 10, 15 and 10 in the order of the queue, each at 100."""
    layer = AdlLayer(ranking=ProfitLeverageRanking(), allocation=OwnAllocation.of(Halves()))
    world, victim, shorts = gap_with_three_shorts(layer)
    world.clear(victim)
    assert closed(world) == [(shorts[1], 10), (shorts[0], 10)]
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    world.assert_conserved()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("side.lots[:-1]", "ADL ranking Mine: score must return 3 numbers; its shape is \\(2,\\)"),
        ("side.lots * float('nan')", "ADL ranking Mine: score returned NaN for row 5"),
        ("side.lost", "ADL ranking Mine raised AttributeError.*lost.*line 4"),
        ("'high'", "ADL ranking Mine raised ValueError"),
    ],
)
def test_scores_that_cannot_be_are_refused(answer, message):
    """CLR-ADL-016."""
    head = "from clearsim.clearing.adl import AdlRanking\nclass Mine(AdlRanking):\n    def score(self, side):\n"
    source = f"{head}        return {answer}\n"
    ranking = OwnRanking.model_validate({"file": "mine.py", "class": "Mine", "source": source})
    world, victim, shorts = gap_with_three_shorts(AdlLayer(ranking=ranking))
    with pytest.raises(AgentError, match=message.replace("row 5", f"row {shorts[0]}")):
        world.clear(victim)


def test_a_ranking_may_score_in_a_compiled_function_of_its_own():
    """CLR-ADL-016: by equity, shorts with 220, 160 and 680: the third gives 15, the first 5."""
    source = textwrap.dedent(
        """
        import numba
        import numpy as np
        from clearsim.clearing.adl import AdlRanking

        @numba.njit
        def richest(equity, out):
            for i in range(len(equity)):
                out[i] = equity[i]

        class Mine(AdlRanking):
            def score(self, side):
                out = np.empty(len(side.row))
                richest(side.equity, out)
                return out
        """
    )
    ranking = OwnRanking.model_validate({"file": "mine.py", "class": "Mine", "source": source})
    world, victim, shorts = gap_with_three_shorts(AdlLayer(ranking=ranking))
    world.clear(victim)
    assert closed(world) == [(shorts[2], 15), (shorts[0], 5)]


WATERFALL = (
    "waterfall=[{{kind: insurance_fund}}, {{kind: adl, ranking: {{kind: own, file: {file}, class: BySize,"
    " params: {{sign: {sign}}}}}, allocation: {{kind: own, file: {file}, class: FromTheEnd}}}}]"
)


def config_of(tmp_path, sign):
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    return load_config("fund-empty-adl", [WATERFALL.format(file=file, sign=sign)]).config


def shorts_at_end(config):
    """Contracts of first, second, third and fourth, in tenths of a BTC."""
    world = simulate(config).world
    tenth = float(world.instruments[0].lot_size) * 10
    return [round(-lots * tenth) for lots in world.accounts.lots[-4:, 0].tolist()]


def test_a_config_names_them_by_file_and_class_and_can_be_run_again_without_the_file(tmp_path):
    """CLR-ADL-016, CLR-ADL-017: smallest first is fourth, first, second, third; 0.5 from the end: 0.3 and 0.2."""
    config = config_of(tmp_path, sign=-1)
    (tmp_path / "mine.py").unlink()
    assert shorts_at_end(config) == [3, 1, 0, 1]
    assert shorts_at_end(config) == [3, 1, 0, 1], "nothing of a run reaches the next"
    assert shorts_at_end(load_config("fund-empty-adl").config) == [0, 1, 3, 1]


def test_their_code_and_parameters_count_for_the_hash_of_a_config(tmp_path):
    hashes = {config_hash(config_of(tmp_path, sign)) for sign in (1, -1)}
    hashes.add(config_hash(load_config("fund-empty-adl").config))
    assert len(hashes) == 3


def test_the_allocation_of_before_keeps_its_hash_and_another_changes_it():
    adl = "{{kind: adl, ranking: {{kind: profit_leverage}}{}}}"
    hashes = [
        config_hash(load_config("fund-empty-adl", [f"waterfall=[{adl.format(more)}]"]).config)
        for more in ("", ", allocation: {kind: greedy}", ", allocation: {kind: pro_rata}")
    ]
    assert hashes[0] == hashes[1] != hashes[2]
    assert AdlLayer(ranking=ProfitLeverageRanking(), allocation=ProRata()).allocation.kind == "pro_rata"


def test_a_class_that_is_not_there_is_reported_with_the_nearest_name(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    ranking = f"waterfall=[{{kind: adl, ranking: {{kind: own, file: {file}, class: BySiz}}}}]"
    with pytest.raises(ConfigError, match="did you mean BySize"):
        simulate(load_config("fund-empty-adl", [ranking]).config)


class Doubling(MarginSchedule):
    """Half a percent, then one percent from 10,000 on."""

    def __init__(self, floor=10_000):
        self.floor = floor

    def tiers(self):
        return [(0, 5_000, 100), (self.floor, 10_000, 50)]


def test_a_schedule_of_your_own_is_lowered_to_its_tiers():
    """CLR-MRG-014: 20,000 need 1% of it less 50: 150; and a config with it is that of the same tiers written out."""
    own = OwnSchedule.of(Doubling())
    params, table = own.lower(quantum=Decimal(1), fees=FeeSchedule(taker_ppm=500, maker_ppm=0))
    assert fields(table) == [[0, 5_000, 0, 10_000], [10_000, 10_000, 50, 20_000]]
    assert params["n_tiers"] == 2
    row = np.zeros(1, MARKET_DTYPE)[0]
    row["tick_value"], row["n_tiers"] = 1, 2
    assert position_maintenance(200, 20_000, 100, row, table) == 150
    assert own.smallest_maintenance_ppm() == 5_000


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("[(0, 5_000, 100), (10_000, 4_000, 50)]", "margin schedule Mine: .*must rise with size"),
        ("[(5, 5_000, 100)]", "margin schedule Mine: .*floor_quote must be 0"),
        ("[(0, 5_000)]", "margin schedule Mine: each tier must be floor_quote, maintenance_ppm, max_leverage"),
        ("1 / 0", "margin schedule Mine raised ZeroDivisionError.*line 4"),
    ],
)
def test_tiers_that_cannot_be_are_refused(rows, message):
    """CLR-MRG-014."""
    head = "from clearsim.clearing.margin import MarginSchedule\nclass Mine(MarginSchedule):\n    def tiers(self):\n"
    own = OwnSchedule.model_validate({"file": "m.py", "class": "Mine", "source": f"{head}        return {rows}\n"})
    with pytest.raises(ConfigError, match=message):
        own.lower(quantum=Decimal(1), fees=FeeSchedule(taker_ppm=500, maker_ppm=0))


class OneTier(MarginSchedule):
    def __init__(self, rate, leverage):
        self.row = (0, rate, leverage)

    def tiers(self):
        return [self.row]


def test_a_run_with_a_schedule_of_your_own_equals_the_run_with_its_tiers():
    """CLR-MRG-014: the flat schedule of the example, 0.5% at 125x, as a class of one tier."""
    config = load_config("fund-empty-adl").config
    flat = config.markets[0].margin

    market = config.markets[0].model_copy(
        update={"margin": OwnSchedule.of(OneTier(flat.maintenance_ppm, str(flat.max_leverage)))}
    )
    own = config.model_copy(update={"markets": (market,)})
    assert shorts_at_end(own) == shorts_at_end(config) == [0, 1, 3, 1]
    assert np.array_equal(simulate(own).world.accounts.quote, simulate(config).world.accounts.quote)
