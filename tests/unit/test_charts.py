"""Every chart of a run: axes with units, captions, at most 2,000 points a trace, words in empty panels."""

import numpy as np
import pytest
from clearsim.analysis.charts.chart_context import RunContext
from clearsim.analysis.charts.deleveraged import by_counterparty
from clearsim.analysis.charts.leverage import LABELS, leverage_bins
from clearsim.analysis.charts.time_axis import choose_span, span_label, sum_increments
from clearsim.analysis.downsample import MAX_POINTS
from clearsim.analysis.reports.run_panels import run_panels
from clearsim.analysis.run_folder import open_run

from tests.worlds.results import write_quiet, write_rich

NAMES = [
    "price-BTCUSDT", "price-ETHUSDT", "who-paid", "loss-waterfall", "fund-shared", "deleveraged", "depth-BTCUSDT",
    "depth-ETHUSDT", "open-interest", "open-interest-split-BTCUSDT", "open-interest-split-ETHUSDT", "leverage",
    "attribution", "loss-flow", "loss-flow-clearing",
]  # fmt: skip
#: What counts as a unit in an axis title; the axes of these names are lists of words.
UNITS = ("USDT", "UTC", "BTC", "ETH", "%", "times", "units of the rule")
CATEGORIES = ("role", "cohort", "cause")


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    worlds = {"rich": write_rich, "quiet": write_quiet, "summary": lambda folder: write_rich(folder, detail="summary")}
    return {name: dict(run_panels(open_run(write(tmp_path_factory.mktemp(name))))) for name, write in worlds.items()}


def words_of(figure):
    return " ".join(str(note.text).replace("<br>", " ") for note in figure.layout.annotations)


def axes_of(figure):
    """All axes of a figure, by name."""
    for name in figure.layout:
        if name.startswith(("xaxis", "yaxis")):
            yield name, figure.layout[name]


def test_all_charts_are_drawn_in_order(panels):
    assert list(panels["rich"]) == NAMES


@pytest.mark.parametrize("world", ["rich", "quiet", "summary"])
def test_every_axis_says_its_unit(panels, world):
    checked = 0
    for name, figure in panels[world].items():
        if figure.data[0].type == "sankey":
            assert all("USDT" in label for label in figure.data[0].node.label)
            continue
        for axis_name, axis in axes_of(figure):
            title = axis.title.text or ""
            if axis_name.startswith("x") and (axis.showticklabels is False or (axis.type is None and not title)):
                continue  # shared with the panel below, without numbers, or a list of words
            assert any(unit in title for unit in UNITS) or title.startswith(CATEGORIES), (name, axis_name, title)
            checked += 1
    assert checked > 12


@pytest.mark.parametrize("world", ["rich", "quiet", "summary"])
def test_every_chart_asks_a_question_and_names_its_run(panels, world):
    for figure in panels[world].values():
        assert "?</b>" in figure.layout.title.text
        caption = words_of(figure)
        for part in ("made-up", "seed 7", "traders", "simulated share of the venue 5%", "config 0123456789"):
            assert part in caption


@pytest.mark.parametrize("world", ["rich", "quiet"])
def test_no_trace_has_more_points_than_the_limit(panels, world):
    for figure in panels[world].values():
        assert all(len(trace.x) <= MAX_POINTS for trace in figure.data if getattr(trace, "x", None) is not None)


def test_the_lowest_mark_is_drawn(panels, tmp_path):
    lowest = open_run(write_rich(tmp_path)).of_market("BTCUSDT")["mark_price"].min()
    mark = next(trace for trace in panels["rich"]["price-BTCUSDT"].data if trace.name == "mark")
    assert np.min(mark.y) == lowest


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        ("price-BTCUSDT", "No account was liquidated in this market"),
        ("who-paid", "Nobody gained or lost anything: the result of every account is 0"),
        ("loss-waterfall", "No account was liquidated: there is no loss to cover"),
        ("fund-shared", "The fund was not used"),
        ("fund-shared", "ENGINE held no position at any sample"),
        ("deleveraged", "No account was deleveraged"),
        ("attribution", "No account's equity changed"),
        ("loss-flow", "No money changed hands"),
        ("loss-flow-clearing", "The clearing house moved no money"),
    ],
)
def test_a_panel_without_content_says_so(panels, chart, words):
    assert words in words_of(panels["quiet"][chart])


@pytest.mark.parametrize(
    ("chart", "label"),
    [
        ("fund-shared", "gross, received"),
        ("fund-shared", "net result"),
        ("who-paid", "insurance fund, net result: −120 thousand USDT"),
        ("loss-waterfall", "fund, net of ENGINE paid"),
        ("loss-flow", "fund, net of ENGINE"),
        ("loss-flow-clearing", "fund, net of ENGINE"),
        ("attribution", "fund, net of ENGINE"),
    ],
)
def test_each_figure_names_which_payments_of_the_fund_it_shows(panels, chart, label):
    figure = panels["rich"][chart]
    nodes = [name for trace in figure.data if trace.type == "sankey" for name in trace.node.label]
    names = [*(str(trace.name) for trace in figure.data), *nodes]
    assert label in " ".join([figure.layout.title.text.replace("<br>", " "), *names])


def test_the_peak_and_the_trough_are_marked_and_told(panels):
    """Open interest of the made-up run falls from 2,000,000 to 1,200,001 lots in both markets: -40%."""
    figure = panels["rich"]["open-interest"]
    title = figure.layout.title.text.replace("<br>", " ")
    assert (
        "BTCUSDT: 2,000 BTC at the start; the same accounts held 1,200 BTC long and 1,200 BTC short at the end" in title
    )
    assert title.count("largest decline -40%, from a peak of") == 2
    ends = [trace for trace in figure.data if trace.mode == "markers"]
    assert [list(trace.text) for trace in ends] == [["peak", "trough"]] * 2


def test_the_split_of_a_decline_has_one_bar_of_each_side_a_cause(panels):
    long, short = panels["rich"]["open-interest-split-BTCUSDT"].data
    assert list(long.y) == list(short.y) == ["closed by choice", "decline"]
    assert list(long.x) == list(short.x) == pytest.approx([-799.999, -799.999])


@pytest.mark.parametrize("chart", ["price-BTCUSDT", "fund-shared", "depth-ETHUSDT", "open-interest"])
def test_a_run_without_samples_says_how_to_get_them(panels, chart):
    assert "run with --detail series or events" in words_of(panels["summary"][chart])


def test_adl_without_events_says_that_it_happened(panels):
    assert "60 accounts were deleveraged, but closes were not stored" in words_of(panels["summary"]["deleveraged"])


def test_the_side_given_up_follows_from_price_and_harm(tmp_path):
    run = open_run(write_rich(tmp_path))
    points = by_counterparty(run.table("adl_matches"), RunContext.of(run))
    assert set(points["side"]) == {"short"}  # bought back above mark, at a loss
    assert points["harm_quanta"].sum() == run.run["adl_harm_quanta"]


def test_increments_are_summed_into_spans_and_lose_nothing():
    middle, sums = sum_increments([0, 1_000, 2_000, 3_000, 4_000], [5, 5, 7, 7, 10], 2_000)
    assert middle.tolist() == [1_000, 3_000]
    assert sums.tolist() == [7, 3]  # a sample at the end of a span belongs to it
    assert (choose_span(3_600_000), span_label(30_000), span_label(300_000)) == (30_000, "30 s", "5 min")


def test_leverage_classes_hold_their_lower_edge():
    equity = np.array([100, 100, 100, 100, 0, -5])
    notional = np.array([99, 300, 10_000, 50_000, 10, 10])
    assert [LABELS[i] for i in leverage_bins(equity, notional)] == [
        "0–1", "3–5", "≥ 100", "≥ 100", "equity ≤ 0", "equity ≤ 0",
    ]  # fmt: skip


def test_without_a_start_time_the_axis_counts_minutes(tmp_path):
    context = RunContext.of(open_run(write_quiet(tmp_path, start_utc="")))
    assert context.time_title == "time since the start (minutes)"
    assert context.times([90_000]).tolist() == [1.5]
    assert context.base_unit("BTCUSDT") == "BTC"
    assert context.base_unit("SOMETHING") == "base units of SOMETHING"
