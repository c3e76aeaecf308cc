"""Parts of a user's own, built outside the package in one class each, passed as objects and run."""

from pathlib import Path

import clearsim
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest


class BySize(clearsim.AdlRanking):
    """Largest position first, those below `least` contracts last: a ranking with a parameter of its own."""

    def __init__(self, least=0):
        self.least = least

    def score(self, side):
        return np.where(side.lots >= self.least, side.lots.astype(np.float64), 0.0)


class Equal(clearsim.Allocation):
    """Every winner gives the same, as far as it holds so much: an allocation that is not by score."""

    def allocate(self, targets, winners):
        wanted, given = int(targets.lots.sum()), np.zeros(len(winners.row), np.int64)
        while wanted > 0:
            open_ = np.flatnonzero(given < winners.lots)
            share = max(1, wanted // len(open_))
            for place in open_:
                step = min(share, wanted, int(winners.lots[place] - given[place]))
                given[place] += step
                wanted -= step
        return given


class Steep(clearsim.MarginSchedule):
    """Half a percent, and ten percent beyond 200,000."""

    def tiers(self):
        return [(0, 5_000, 100), (400_000, 10_000, 50)]


class Buyers(clearsim.UserCohort):
    """Everybody buys one lot at the first wake."""

    def start(self, view):
        self.done = False

    def decide(self, view):
        if self.done:
            return None
        self.done = True
        return clearsim.Actions(account=np.arange(view.n), lots=1)


class Seller(clearsim.UserAgent):
    """Sells a little once."""

    sold = False

    def decide(self, view):
        if self.sold:
            return []
        self.sold = True
        return [clearsim.Order("BTCUSDT", "sell", "0.01")]


@pytest.fixture(scope="module")
def stressed():
    """A fall that the fund cannot pay, so that ADL comes."""
    return clearsim.load("base").with_traders(300).with_({"funds[0].seed_quote": 1_000, "duration_s": 400})


def adl_place(config):
    return next(i for i, layer in enumerate(config.waterfall) if layer.kind == "adl")


def test_a_ranking_with_a_parameter_of_its_own_decides_who_is_reduced(stressed):
    path = f"waterfall[{adl_place(stressed)}].ranking"
    own = stressed.with_({path: BySize(least=2)})
    assert own.hash != stressed.with_({path: BySize(least=3)}).hash != stressed.hash
    result = clearsim.run(own)
    closes = result.adl_matches(units="quanta")
    assert len(closes) > 0
    assert (closes.sort_values("seq").groupby(["cycle", "market", "bankrupt"])["score"].is_monotonic_decreasing).all()


def test_an_allocation_that_is_not_by_score(stressed):
    own = stressed.with_({f"waterfall[{adl_place(stressed)}].allocation": Equal})
    result = clearsim.run(own)
    assert len(result.adl_matches()) > len(clearsim.run(stressed).adl_matches())


def test_a_margin_schedule_of_any_tiers(stressed):
    result = clearsim.run(stressed.with_({"markets[0].margin": Steep()}))
    assert result.summary()["liquidated_accounts"] != clearsim.run(stressed).summary()["liquidated_accounts"]


def test_a_price_path_from_a_table(stressed):
    table = pd.DataFrame({"time_s": [0, 100, 400], "price": [50_000.0, 40_000.0, 45_000.0]})
    result = clearsim.run(stressed.with_({"markets[0].price": clearsim.PricePath(table)}))
    assert result.series()["index_price"].min() == pytest.approx(40_000, rel=1e-3)


def test_a_cohort_on_arrays_and_an_agent(stressed):
    place = next(i for i, cohort in enumerate(stressed.population.cohorts) if cohort.behaviour.kind == "noise")
    agent = clearsim.UserAgentConfig.of(Seller, name="seller", deposit_quote=10_000)
    agents = [*(item.model_dump(mode="json", by_alias=True) for item in stressed.agents), agent]
    own = stressed.with_({f"population.cohorts[{place}].behaviour": Buyers, "agents": agents})
    result = clearsim.run(own, detail="orders")
    orders = result.orders()
    accounts = result.accounts()
    seller = accounts.loc[accounts["name"] == "seller", "account"].iloc[0]
    assert (orders.loc[orders["account"] == seller, "side"] == "sell").all()


def test_a_part_may_stand_inside_a_mapping_or_a_list(stressed):
    place = adl_place(stressed)
    alone = stressed.with_({f"waterfall[{place}].allocation": Equal, f"waterfall[{place}].trigger": "distressed"})
    layer = {"kind": "adl", "ranking": {"kind": "profit_leverage"}, "allocation": Equal, "trigger": "distressed"}
    layers = [*stressed.waterfall[:place], layer, *stressed.waterfall[place + 1 :]]
    assert stressed.with_({"waterfall": layers}).hash == alone.hash
    cohort = {"name": "buyers", "traders": 7, "capital": {"quote": 70_000}, "behaviour": Buyers()}
    config = stressed.with_({"population.cohorts": [*stressed.population.cohorts, cohort]})
    accounts = clearsim.run(config, detail="summary").accounts()
    assert (accounts["cohort"] == "buyers").sum() == 7


def test_a_chart_is_a_function_from_a_result_to_a_figure(stressed):
    def mine(result):
        return go.Figure(go.Scatter(y=result.series()["mark_price"]))

    figure = clearsim.figure(clearsim.run(stressed), mine)
    assert len(figure.data[0].y) > 100


def mark_line(result):
    return go.Figure(go.Scatter(y=result.series()["mark_price"], name="</script><b>"))


def test_a_chart_of_your_own_stands_in_the_report_with_the_source_of_its_numbers(stressed, tmp_path):
    result = clearsim.run(stressed.with_({"duration_s": 300, "seed": 4711}))
    html = result.report(tmp_path / "own.html", charts=[mark_line]).read_text()
    _, note, figure = html.partition("Chart of the user's own: mark_line · base · seed 4711 · 300 traders")
    assert note
    assert 'id="figure-own-mark_line"' in figure.partition("<h2")[0]
    assert "</script><b>" not in html
    assert "mark_line" not in result.report(tmp_path / "plain.html").read_text()


@pytest.mark.parametrize(
    ("charts", "message"),
    [
        ([mark_line, mark_line], "two charts are named mark_line"),
        (["price"], "charts must be functions of the result, found str"),
        (mark_line, "charts must be a list of functions"),
        ([lambda result: 3], "must return a plotly figure, not int"),
    ],
)
def test_charts_that_are_none_are_refused(stressed, tmp_path, charts, message):
    result = clearsim.run(stressed, detail="series")
    with pytest.raises(clearsim.ConfigError, match=message):
        result.report(tmp_path / "own.html", charts=charts)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_no_family_is_refused(stressed):
    with pytest.raises(clearsim.ConfigError, match="UserAgentConfig"):
        stressed.with_({"agents": Seller()})


def test_a_part_of_another_family_is_refused(stressed):
    made_at_run_time = type("Made", (clearsim.Allocation,), {})
    with pytest.raises(clearsim.ConfigError, match="ADL ranking Made: Made does not extend AdlRanking"):
        clearsim.run(stressed.with_({f"waterfall[{adl_place(stressed)}].ranking": made_at_run_time}))


def test_fields_of_an_agent_are_refused_in_one_line():
    with pytest.raises(clearsim.ConfigError, match=r"^agent Seller: deposit_quote: Input should be greater.*0$"):
        clearsim.UserAgentConfig.of(Seller, name="seller", deposit_quote=-1)


def test_a_config_as_yaml_carries_code_that_no_file_holds(stressed, tmp_path, monkeypatch):
    own = stressed.with_({f"waterfall[{adl_place(stressed)}].ranking": BySize(least=2)})
    own.to_yaml(tmp_path / "own.yaml")
    monkeypatch.chdir(tmp_path)
    again = clearsim.load("own.yaml")
    assert again.hash == own.hash
    assert clearsim.run(again, detail="summary").result_hash == clearsim.run(own, detail="summary").result_hash


def test_an_argument_that_cannot_be_sent_to_workers_is_refused(stressed):
    with Path(__file__).open() as file, pytest.raises(clearsim.ConfigError, match="cannot be sent"):
        stressed.with_({f"waterfall[{adl_place(stressed)}].ranking": BySize(least=file)})


class InPlace(Equal):
    """The same as Equal, and writes on everything it was given."""

    def allocate(self, targets, winners):
        given = super().allocate(targets, winners)
        for column in (*targets, *winners):
            column[:] = 0
        return given


class BySizeInPlace(BySize):
    """The same as BySize, and writes on everything it was given."""

    def score(self, side):
        scores = super().score(side)
        for column in (side.row, side.lots, side.mark_value, side.entry_cost, side.equity):
            column[:] = 0
        return scores


@pytest.mark.parametrize(
    ("key", "plain", "in_place"), [("allocation", Equal, InPlace), ("ranking", BySize, BySizeInPlace)]
)
def test_a_part_that_writes_on_what_it_is_given_moves_no_money(stressed, key, plain, in_place):
    path = f"waterfall[{adl_place(stressed)}].{key}"
    matches = [clearsim.run(stressed.with_({path: part})).adl_matches(units="quanta") for part in (plain, in_place)]
    pd.testing.assert_frame_equal(*matches)


class Ragged(clearsim.Allocation):
    """Returns no array."""

    def allocate(self, targets, winners):
        return [[1], [1, 2]]


def test_an_allocation_that_is_no_array_is_refused(stressed):
    with pytest.raises(clearsim.ClearsimError, match="ADL allocation Ragged raised ValueError: setting an array"):
        clearsim.run(stressed.with_({f"waterfall[{adl_place(stressed)}].allocation": Ragged}))


def test_parts_of_your_own_answer_who_would_be_deleveraged(stressed):
    whole = clearsim.adl_queue(stressed, at=250, ranking=BySize)
    longs = whole[whole["side"] == "long"]
    assert longs["score"].tolist() == longs["lots"].tolist()
    closes = clearsim.who_would_be_deleveraged(stressed, at=250, ranking=BySize(least=1), allocation=Equal)
    greedy = clearsim.who_would_be_deleveraged(stressed, at=250)
    assert closes["closed_lots"].sum() == greedy["closed_lots"].sum()
    assert len(closes) > len(greedy)
    with pytest.raises(clearsim.ConfigError, match=r"allocation must be text or a mapping or .* found 3"):
        clearsim.who_would_be_deleveraged(stressed, at=250, allocation=3)


class NumpySteep(clearsim.MarginSchedule):
    """Steep, with numbers of NumPy."""

    def tiers(self):
        return [(np.int64(0), np.int64(5_000), np.int64(100)), (np.float64(400_000), np.int64(10_000), np.int64(50))]


def test_tiers_may_be_numbers_of_numpy(stressed):
    hashes = [clearsim.run(stressed.with_({"markets[0].margin": part()})).result_hash for part in (Steep, NumpySteep)]
    assert hashes[0] == hashes[1]
