"""Charts of a study: what is plotted is the frame, axes say their units, captions n and seed, intervals are drawn."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.charts.chart_context import StudyContext
from clearsim.analysis.charts.marks import rounded
from clearsim.analysis.charts.study.arm_outcomes import draw_arm_outcomes
from clearsim.analysis.charts.study.arms import draw_arms
from clearsim.analysis.charts.study.estimators import draw_estimators
from clearsim.analysis.charts.study.exceedance import draw_exceedance, tail_frame
from clearsim.analysis.charts.study.factor_importance import draw_importance
from clearsim.analysis.charts.study.fund_fan import draw_fund_fan, fan_frame
from clearsim.analysis.charts.study.heat_map import draw_heat_map
from clearsim.analysis.charts.study.prim import draw_prim
from clearsim.analysis.charts.study.reverse_stress import draw_reverse_stress
from clearsim.analysis.charts.study.sobol import draw_sobol
from clearsim.analysis.charts.study.sufficiency import draw_sufficiency
from clearsim.analysis.charts.study.threshold_stability import draw_threshold_stability
from clearsim.analysis.charts.study.tornado import draw_tornado
from clearsim.analysis.charts.study.trade_off import draw_frontier
from clearsim.analysis.estimators.estimate import Estimate
from clearsim.analysis.estimators.tails import fit_tail

CONTEXT = StudyContext("made-up", 7, 12, 4_800, fidelity="reduced", study_hash="5" * 64, open_interest=1e9)
MILLION = 1e6


def frame(columns, *rows):
    return pd.DataFrame(list(rows), columns=columns.split())


CURVE = frame(
    "fund probability low high events n",
    (0.0, 0.4, 0.3, 0.5, 40, 100),
    (2 * MILLION, 0.1, 0.05, 0.18, 10, 100),
    (5 * MILLION, 0.01, 0.0003, 0.054, 1, 100),
    (9 * MILLION, 0.0, 0.0, 0.036, 0, 100),
)
TARGETS = frame(
    "target fund low high note",
    (0.1, 2 * MILLION, 1 * MILLION, 4 * MILLION, ""),
    (0.001, np.nan, np.nan, np.nan, "at least 3,688 outcomes are needed"),
)
BASELINE = frame("fund probability", (0.0, 0.2), (9 * MILLION, 0.001))
TAIL = frame("fund probability low high", (2 * MILLION, 0.1, 0.08, 0.12), (20 * MILLION, 1e-4, 0.0, 1e-3))
STABILITY = frame(
    "k threshold xi xi_low xi_high scale loss loss_low loss_high",
    (50, 4 * MILLION, 0.2, 0.0, 0.5, 1.0, 8 * MILLION, 6 * MILLION, 12 * MILLION),
    (90, 2 * MILLION, 0.3, 0.1, 0.4, 1.0, 9 * MILLION, 7 * MILLION, 11 * MILLION),
)
CELLS = frame(
    "x y value low high events n",
    (1, 10, 0.2, 0.1, 0.3, 20, 100),
    (2, 10, 0.02, 0.01, 0.05, 2, 100),
    (1, 20, 0.05, 0.02, 0.1, 5, 100),
    (2, 20, 0.0, 0.0, 0.036, 0, 100),
)
SWINGS = frame(
    "input unit input_low input_high at_low at_low_low at_low_high at_high at_high_low at_high_high n",
    ("latency", "ms", 0, 5000, 0.021, 0.018, 0.024, 0.02, 0.017, 0.023, 60),
    ("jump", "%", 3, 6, 0.01, 0.008, 0.012, 0.05, 0.04, 0.06, 60),
)
INDICES = frame(
    "input first first_low first_high total total_low total_high n",
    ("jump", 0.5, 0.4, 0.6, 0.7, 0.6, 0.8, 256),
    ("depth", 0.1, 0.0, 0.2, 0.3, 0.2, 0.4, 256),
)
BOXES = frame(
    "box input unit low high range_low range_high",
    (1, "depth", "times", 0.2, 1.0, 0.2, 3.0),
    (1, "jump", "%", 5, 8, 2, 8),
)
MEASURES = frame("box coverage density density_low density_high mass n cases", (1, 0.8, 0.9, 0.6, 0.97, 0.1, 200, 22))
POINTS = frame("depth jump case", (0.4, 7.0, True), (2.5, 3.0, False), (1.5, 7.5, False))
ARMS = frame(
    "arm group capital probability low high events n unneeded unneeded_low unneeded_high efficient",
    ("fund 1m", "flat", 1 * MILLION, 0.2, 0.1, 0.3, 20, 100, 0.1, 0.05, 0.2, True),
    ("fund 5m", "flat", 5 * MILLION, 0.0, 0.0, 0.036, 0, 100, 0.1, 0.05, 0.2, True),
)
FRONTIER = frame(
    "depth_loss concentration jump jump_low jump_high searched_to n",
    (0.0, 0.1, np.nan, np.nan, np.nan, 0.3, 5),
    (0.5, 0.1, 0.2, 0.18, 0.22, 0.3, 5),
    (0.9, 0.1, 0.1, 0.08, 0.12, 0.3, 5),
)
ARM_TABLE = frame(
    "arm probability low high events n fund fund_low fund_high",
    ("pro rata", 0.2, 0.1, 0.3, 20, 100, 4 * MILLION, 3 * MILLION, 6 * MILLION),
    ("ranked", 0.0, 0.0, 0.036, 0, 100, 2 * MILLION, 1 * MILLION, np.inf),
)
ESTIMATES = pd.DataFrame(
    [
        Estimate(
            0.01, 0.005, 0.02, 0.95, "crude, Clopper-Pearson", 1000, 10, seconds=2.0, variance_reduction=1.0
        ).row(),
        Estimate(
            0.011, 0.01, 0.012, 0.95, "importance sampling", 1000, 300, seconds=3.0, variance_reduction=40.0
        ).row(),
    ]
)
FAN = fan_frame([0.0, 3.0], [[5 * MILLION, 4 * MILLION], [5 * MILLION, 6 * MILLION]])
EMPTIED = frame(
    "time_days probability low high events n", (0.0, 0.0, 0.0, 0.04, 0, 100), (3.0, 0.1, 0.05, 0.18, 10, 100)
)

IMPORTANCE = frame(
    "input measure value low high n",
    ("depth", "variance share", 0.6, 0.4, 0.8, 64),
    ("depth", "rank correlation", -0.7, -0.8, -0.5, 64),
    ("jump", "variance share", 0.02, -0.1, 0.1, 64),
    ("jump", "rank correlation", 0.1, -0.1, 0.3, 64),
)

MEANS = frame(
    "arm outcome unit is_money value low high n",
    ("ranked", "harm", "USDT", True, 2 * MILLION, 1 * MILLION, 3 * MILLION, 8),
    ("pro rata", "harm", "USDT", True, 5 * MILLION, 4 * MILLION, 6 * MILLION, 8),
    ("ranked", "accounts hit (%)", "", False, 10.0, 8.0, 12.0, 8),
    ("pro rata", "accounts hit (%)", "", False, 90.0, 80.0, 95.0, 8),
)

EVENT = "fund exhausted within 30 days"
#: For each chart: how it is drawn from its main frame.
CHARTS = {
    "sufficiency": (CURVE, lambda f: draw_sufficiency(f, CONTEXT, event=EVENT, targets=TARGETS, baseline=BASELINE)),
    "exceedance": (CURVE, lambda f: draw_exceedance(f, CONTEXT, event=EVENT, tail=TAIL, threshold=2e6,
                                                     xi=(0.2, 0, 0.4))),
    "stability": (STABILITY, lambda f: draw_threshold_stability(f, CONTEXT, p=1e-4, chosen_k=90)),
    "fan": (FAN, lambda f: draw_fund_fan(f, CONTEXT, n_fan=2)),
    "heat": (CELLS, lambda f: draw_heat_map(f, CONTEXT, question="Where?", x_title="jump (%)", y_title="depth (times)",
                                            value_title="P(fund exhausted)")),
    "tornado": (SWINGS, lambda f: draw_tornado(f, CONTEXT, outcome="P(ADL)", unit="", base=0.02, base_low=0.017,
                                               base_high=0.023)),
    "sobol": (INDICES, lambda f: draw_sobol(f, CONTEXT, outcome="required fund")),
    "importance": (IMPORTANCE, lambda f: draw_importance(f, CONTEXT, outcome="required fund")),
    "outcomes": (MEANS, lambda f: draw_arm_outcomes(f, CONTEXT)),
    "prim": (BOXES, lambda f: draw_prim(f, MEASURES, POINTS, CONTEXT, event="does the fund fail")),
    "frontier": (ARMS, lambda f: draw_frontier(f, CONTEXT, event="ADL", event_axis="ADL within 30 days")),
    "estimators": (ESTIMATES, lambda f: draw_estimators(f, CONTEXT, what="P(ADL)", reference=0.0105)),
    "reverse": (FRONTIER, lambda f: draw_reverse_stress(f, CONTEXT, fund=5e6)),
    "arms": (ARM_TABLE, lambda f: draw_arms(f, CONTEXT, event=EVENT, target=1e-3)),
}  # fmt: skip
#: What counts as a unit, or says that there is none.
UNITS = ("USDT", "P(", "%", "times", "fraction", "days", "(s)", "no unit", "share of", "run (no order)")


def traces(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def words_of(figure):
    return " ".join(str(note.text).replace("<br>", " ") for note in figure.layout.annotations)


def title_of(figure):
    return figure.layout.title.text.replace("<br>", " ")


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_asks_a_question_and_says_n_and_seed(name):
    data, draw = CHARTS[name]
    figure = draw(data)
    assert "?</b>" in title_of(figure)
    assert "seed 7" in words_of(figure)
    assert "n = 12 runs with 4,800 paths" in words_of(figure)
    assert "95% interval" in words_of(figure) + title_of(figure) + " ".join(str(t.name) for t in figure.data)


@pytest.mark.parametrize("name", CHARTS)
def test_every_axis_with_numbers_says_its_unit(name):
    data, draw = CHARTS[name]
    figure = draw(data)
    titles = 0
    for key in figure.to_dict()["layout"]:
        if not key.startswith(("xaxis", "yaxis")):
            continue
        axis = figure.layout[key]
        title = axis.title.text or ""
        if axis.showticklabels is False or (not title and axis.ticktext is not None) or not title:
            continue  # shares its numbers with another panel, or is a list of words
        assert any(unit in title for unit in UNITS), (key, title)
        titles += 1
    assert titles


@pytest.mark.parametrize("name", CHARTS)
def test_a_frame_without_rows_gives_a_panel_that_says_why(name):
    data, draw = CHARTS[name]
    figure = draw(data.iloc[:0])
    assert len(words_of(figure)) > len(CONTEXT.caption) + 20
    assert "?</b>" in title_of(figure)
    assert figure.layout.height < 330


@pytest.mark.parametrize("name", CHARTS)
def test_a_frame_with_one_row_is_drawn(name):
    data, draw = CHARTS[name]
    figure = draw(data.iloc[:1])
    assert any(trace.type in ("scatter", "bar", "heatmap") for trace in figure.data)
    assert figure.to_json()


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "fan"])
def test_a_frame_that_lacks_a_column_is_refused_by_name(name):
    data, draw = CHARTS[name]
    gone = "fund" if "fund" in data else data.columns[2]
    if name == "exceedance":
        gone = "events"
    with pytest.raises((ValueError, KeyError), match=gone):
        draw(data.drop(columns=gone))


def test_the_sufficiency_curve_is_the_frame_in_millions():
    figure = CHARTS["sufficiency"][1](CURVE)
    (line,) = traces(figure, "simulated")
    assert line.x[:3].tolist() == [0.0, 2.0, 5.0]
    assert line.y[:3].tolist() == [0.4, 0.1, 0.01]
    assert (line.x[-1], line.y[-1]) == (9.0, 0.01)  # the last step ends at the largest draw
    upper = traces(figure, "95% interval")[0]
    assert upper.y.tolist() == [0.5, 0.18, 0.054, 0.036, 0.036]


def test_never_seen_is_drawn_at_the_upper_bound_and_not_as_zero():
    (mark,) = traces(CHARTS["sufficiency"][1](CURVE), "0 of n: at most")
    assert (mark.x[0], mark.y[0], mark.customdata[0]) == (9.0, 0.036, 100)
    assert mark.marker.symbol == "triangle-down"
    (never,) = traces(CHARTS["frontier"][1](ARMS), "flat")[:1]
    assert never.y.tolist() == [0.2, 0.036]
    assert "0 of 100" in CHARTS["heat"][1](CELLS).data[0].customdata[1][1]


def test_targets_are_lines_and_refused_ones_say_what_is_needed():
    figure = CHARTS["sufficiency"][1](CURVE)
    assert sorted(shape.y0 for shape in figure.layout.shapes) == [0.001, 0.1]
    (found,) = traces(figure, "fund for a target")
    assert (found.x[0], found.error_x.array[0], found.error_x.arrayminus[0]) == (2.0, 2.0, 1.0)
    assert "target 0.001: at least 3,688 outcomes are needed" in words_of(figure)
    assert "2 million USDT [1, 4], 0.2% of open interest" in title_of(figure)


def test_the_closed_form_is_drawn_with_the_simulation():
    (line,) = traces(CHARTS["sufficiency"][1](CURVE), "gap risk only (closed form)")
    assert line.y.tolist() == [0.2, 0.001]


def test_a_long_question_is_folded_and_fits():
    arm = "maintenance margin 3,000 ppm, fund 20.0 million USDT, ADL by profit and leverage"
    short, long = (draw_sufficiency(CURVE, CONTEXT, event=EVENT, arm=name) for name in ("", arm))
    question = long.layout.title.text.split("</b>")[0]
    assert max(len(line) for line in question.removeprefix("<b>").split("<br>")) <= 82
    assert long.layout.margin.t - short.layout.margin.t == 23


def test_a_configured_fund_beyond_the_curve_is_named_in_a_note():
    figure = draw_sufficiency(CURVE, CONTEXT, event=EVENT, at_hand=50 * MILLION)
    assert "configured fund, off the chart: 50.0 million USDT (5% of open interest)" in words_of(figure)


def test_the_tail_fit_begins_at_its_threshold_and_ends_beyond_the_sample():
    losses = np.random.default_rng(3).pareto(3.0, 4_000) + 1
    fit = fit_tail(losses, 200, resamples=100)
    tail = tail_frame(fit)
    assert tail["fund"].iloc[0] == pytest.approx(fit.threshold)
    assert tail["probability"].iloc[0] == pytest.approx(200 / 4_000)
    assert tail["probability"].iloc[-1] == pytest.approx(1 / 12_000, rel=1e-6)
    assert (tail["low"] <= tail["probability"]).all()
    assert (tail["probability"] <= tail["high"]).all()


def test_a_tail_whose_interval_holds_zero_is_not_called_a_power_law():
    words = title_of(draw_exceedance(CURVE, CONTEXT, event=EVENT, xi=(0.1, -0.1, 0.3), threshold=2e6))
    assert "compatible with an exponential tail" in words
    heavy = title_of(draw_exceedance(CURVE, CONTEXT, event=EVENT, xi=(0.9, 0.7, 1.1), threshold=2e6))
    assert "a power law; the mean may not exist" in heavy


def test_no_required_fund_at_all_is_reported_with_its_bound():
    nothing = CURVE.assign(fund=0.0).iloc[-1:]
    assert "0 of 100: P(a fund is needed) is at most 0.036" in words_of(draw_exceedance(nothing, CONTEXT, event=EVENT))


def test_stability_shows_both_panels_with_bands_and_marks_the_fit_used():
    figure = CHARTS["stability"][1](STABILITY)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [line.y.tolist() for line in lines] == [[0.3, 0.2], [9.0, 8.0]]
    assert lines[0].marker.size.tolist() == [11, 6]
    assert sum(trace.fill == "tonexty" for trace in figure.data) == 2


def test_the_fan_has_its_quantiles_and_the_share_its_interval():
    frame_ = fan_frame([0.0], [[float(value)] for value in range(1, 101)])
    assert frame_.set_index("quantile")["fund"][[0.05, 0.5, 0.95]].tolist() == [5.0, 50.0, 95.0]
    figure = draw_fund_fan(FAN, CONTEXT, emptied=EMPTIED, n_fan=2)
    assert traces(figure, "median")[0].y.tolist() == [5.0, 4.0]
    assert traces(figure, "95% interval")[0].y.tolist() == [0.04, 0.18]
    assert traces(figure, "empty by then")[0].y.tolist() == [0.0, 0.1]


def test_without_balances_the_share_alone_is_drawn_and_why():
    figure = draw_fund_fan(FAN.iloc[:0], CONTEXT, emptied=EMPTIED)
    assert not traces(figure, "median")
    assert "Balances over time are not drawn" in words_of(figure)


def test_cells_of_the_heat_map_show_value_interval_and_missing_runs():
    figure = draw_heat_map(
        CELLS.iloc[:3], CONTEXT, question="Where?", x_title="x (1)", y_title="y (1)", value_title="P"
    )
    assert figure.data[0].z.tolist()[0] == [0.2, 0.02]
    assert figure.data[0].text[0][0] == "0.2<br>[0.1, 0.3]"
    assert figure.data[0].text[1][1] == "no run"
    wide = draw_heat_map(CELLS, CONTEXT, question="Where?", x_title="x (1)", y_title="y (1)", value_title="P",
                         contours=(0.1,), logarithmic=True)  # fmt: skip
    contour = traces(wide, "contour at 0.1")[0]
    assert contour.contours.start == pytest.approx(-1)


def heat(cells, **more):
    titles = {"question": "Where?", "x_title": "x (1)", "y_title": "y (1)", "value_title": "P"}
    return draw_heat_map(cells, CONTEXT, **titles, **more)


def test_one_cell_concludes_nothing_and_its_colour_bar_ends_at_one():
    figure = heat(CELLS.iloc[:1].assign(value=1.0, low=0.2, high=1.0), is_chance=True)
    assert "Only one cell has runs: nothing follows" in title_of(figure)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 1)


def test_the_colour_bar_of_a_probability_is_that_of_its_values():
    figure = heat(CELLS, is_chance=True)
    assert 0 <= figure.data[0].zmin == CELLS["value"].min()
    assert 1 >= figure.data[0].zmax == CELLS["value"].max()


def test_cells_with_the_same_value_show_no_difference():
    assert "Every cell shows 0.5: no difference between cells was found." in title_of(heat(CELLS.assign(value=0.5)))


def test_cells_are_named_highest_and_lowest_only_if_their_intervals_are_apart():
    apart = CELLS.iloc[:3].assign(value=[0.9, 0.1, 0.9], low=[0.8, 0.0, 0.8], high=[1.0, 0.2, 1.0])
    title = title_of(heat(apart.drop(columns="events", errors="ignore")))
    assert "Highest: 0.9 [0.8, 1] at x " in title
    assert " and in 1 more cell; lowest: 0.1 [0, 0.2] at x " in title
    overlap = apart.assign(high=[1.0, 0.85, 1.0])
    assert "Values from 0.1 to 0.9; the intervals of the two overlap, so no cell is named" in title_of(heat(overlap))
    assert "they have no intervals, so no cell is named" in title_of(heat(apart.assign(low=np.nan, high=np.nan)))


def test_an_incomplete_grid_concludes_nothing():
    figure = heat(CELLS, incomplete="Runs are missing.")
    assert "Runs are missing." in title_of(figure)
    assert "ighest" not in title_of(figure)
    assert [trace.type for trace in figure.data] == ["heatmap"]


@pytest.mark.parametrize(("high", "end"), [(0.2, 0.22), (0.95, 1.0), (1.0, 1.0), (0.0, 1.0)])
def test_axes_of_probabilities_stay_within_their_bounds(high, end):
    rows = MEANS.iloc[:2].assign(is_money=False, unit="", is_chance=True, value=high, low=0.0, high=high)
    assert draw_arm_outcomes(rows, CONTEXT).layout.xaxis.range == pytest.approx((0, end))
    assert draw_arm_outcomes(rows, CONTEXT, than="ranked").layout.xaxis.range == pytest.approx((-end, end))
    swings = SWINGS.assign(at_low_high=high, at_high_high=high)
    figure = draw_tornado(swings, CONTEXT, outcome="P(ADL)", unit="", base=0, base_high=0.0, is_chance=True)
    assert figure.layout.xaxis.range == pytest.approx((0, min(1.0, 1.05 * high) or 1.0))


def test_targets_far_below_what_the_runs_can_show_are_text_and_not_lines():
    known = pd.DataFrame({"target": [0.1, 0.01, 0.001], "fund": [2e6, np.nan, np.nan], "low": [1e6, np.nan, np.nan],
                          "high": [3e6, np.nan, np.nan], "note": ["", "few", "fewer"]})  # fmt: skip
    figure = draw_sufficiency(CURVE, CONTEXT, event=EVENT, targets=known)
    assert [shape.y0 for shape in figure.layout.shapes if shape.yref == "y"] == [0.1, 0.01]
    assert "for 0.001: fewer" in title_of(figure)


def test_the_tornado_is_ordered_by_width_and_its_whiskers_are_the_frame():
    figure = CHARTS["tornado"][1](SWINGS)
    assert [text.split("<br>")[0] for text in figure.layout.yaxis.ticktext] == ["latency", "jump"]
    low, high = (trace for trace in figure.data if trace.type == "scatter")
    assert low.x.tolist() == [0.021, 0.01]
    assert high.error_x.array.tolist() == pytest.approx([0.003, 0.01])
    bars = next(trace for trace in figure.data if trace.type == "bar")
    assert (bars.base, bars.x.tolist()) == (0.02, pytest.approx([0.001, -0.01]))
    assert "0.05 [0.04, 0.06] at its high end" in title_of(figure)


def test_sobol_bars_are_the_frame_and_the_sum_of_first_order_indices_is_shown():
    figure = CHARTS["sobol"][1](INDICES)
    (first,) = traces(figure, "first order (alone)")
    assert dict(zip(first.y, first.x, strict=True)) == {"depth": 0.1, "jump": 0.5}
    assert first.error_x.arrayminus.tolist() == pytest.approx([0.1, 0.1])
    assert "sum to 0.60" in title_of(figure)


def test_importance_shows_share_and_direction_and_names_clear_factors():
    figure = CHARTS["importance"][1](IMPORTANCE)
    share, rank = figure.data
    assert dict(zip(share.text, share.x, strict=True)) == {"depth": 0.6, "jump": 0.02}
    assert rank.error_x.array.tolist() == pytest.approx([0.2, 0.2])
    assert "depth 0.6 [0.4, 0.8]. The others are indistinguishable from 0." in title_of(figure)


def test_outcomes_of_arms_are_shown_side_by_side_in_the_order_of_the_study():
    figure = CHARTS["outcomes"][1](MEANS)
    harm, hit = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["pro rata", "ranked"]
    assert dict(zip(harm.text, harm.x, strict=True)) == {"ranked": 2.0, "pro rata": 5.0}
    assert hit.error_x.arrayminus.tolist() == pytest.approx([2.0, 10.0])
    assert "highest pro rata, 5 million USDT [4, 6]" in title_of(figure)


def test_an_outcome_without_variance_has_no_indices():
    flat = INDICES.assign(**dict.fromkeys(INDICES.columns[1:7], np.nan))
    assert "the same in every run" in words_of(CHARTS["sobol"][1](flat))


def test_a_box_is_described_by_limits_with_coverage_and_density():
    words = title_of(CHARTS["prim"][1](BOXES))
    assert "Box 1: depth ≤ 1 times and jump ≥ 5 %." in words
    assert "0.9 [0.6, 0.97] of the runs inside are cases" in words
    figure = CHARTS["prim"][1](BOXES)
    (box,) = traces(figure, "box 1")
    assert box.base.tolist() == pytest.approx([0.0, 0.5])
    assert box.x.tolist() == pytest.approx([0.8 / 2.8, 0.5])


def test_estimators_say_whether_they_agree():
    assert "All 2 intervals contain [0.01, 0.012]" in title_of(CHARTS["estimators"][1](ESTIMATES))
    apart = ESTIMATES.assign(low=[0.005, 0.03], value=[0.01, 0.031], high=[0.02, 0.032])
    assert "no common range: do not quote any of them alone" in title_of(CHARTS["estimators"][1](apart))
    figure = CHARTS["estimators"][1](ESTIMATES)
    assert [trace.x.tolist() for trace in figure.data[1:]] == [[3.0, 2.0], [40.0, 1.0]]


def test_shocks_that_were_survived_are_marks_and_not_points_of_the_line():
    figure = CHARTS["reverse"][1](FRONTIER)
    line, beyond = figure.data
    assert line.y.tolist() == [20.0, 10.0]
    assert line.error_y.array.tolist() == pytest.approx([2.0, 2.0])
    assert beyond.y.tolist() == [30.0]
    assert "1 of 3 combinations survive every jump tried" in title_of(figure)


def test_an_unbounded_interval_has_no_whisker_on_that_side():
    figure = CHARTS["arms"][1](ARM_TABLE)
    funds = figure.data[1]
    assert funds.x.tolist() == [2.0, 4.0]
    assert funds.error_x.array.tolist() == [0.0, 2.0]


def test_numbers_are_printed_in_common_notation():
    assert [rounded(value) for value in (0.00123, 1.2e-6, 3000, 2e7)] == ["0.00123", "1.2e-06", "3,000", "20.0 million"]
    assert CONTEXT.money_with(2e6, 1e6, np.inf) == "2 million USDT [1, no bound], 0.2% of open interest"


def test_a_box_of_labels_alone_is_described_in_text():
    kept = frame("box input labels", (1, "ADL rule", "pro rata"))
    figure = draw_prim(BOXES.iloc[:0], MEASURES, POINTS, CONTEXT, event="does the fund fail", kept=kept)
    assert "ADL rule in (pro rata)" in title_of(figure)
    assert "which have no position on an axis" in words_of(figure)


def test_a_short_horizon_is_drawn_in_minutes():
    figure = draw_fund_fan(FAN.iloc[:0], CONTEXT, emptied=EMPTIED.assign(time_days=[0.0, 0.01]))
    assert figure.layout.xaxis2.title.text == "time (minutes)"
    assert traces(figure, "empty by then")[0].x.tolist() == pytest.approx([0.0, 14.4])
