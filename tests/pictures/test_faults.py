"""The checks of pictures find the faults they are for: figures made wrong on purpose, and their like without fault."""

import plotly.graph_objects as go
import pytest
from clearsim.analysis.reports.page import embed, page, save_page

from tests.pictures.browser import find_browser
from tests.pictures.faults import faults_of, overlap

DAY = 86_400_000.0
START = 1_760_128_200_000.0  # 2025-10-10 20:30 UTC
#: Axes without lines that a trace could paint over.
BARE = {name: {"showgrid": False, "zeroline": False, "ticks": ""} for name in ("xaxis", "yaxis")}
LINE = {"x": [0, 1, 2], "y": [1.0, 3.0, 2.0], "mode": "lines"}


def draw(*traces, notes=(), **layout):
    look = {"width": 500, "height": 320, "template": "none", "annotations": list(notes), **layout}
    return go.Figure(list(traces) or [go.Scatter(LINE)], look)


def note(text, x=0.5, y=0.5, **more):
    return {"text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False, **more}


@pytest.fixture
def found(browser, tmp_path):
    """The faults of one figure, drawn on a page of ours."""

    def faults(figure, **facts):
        path = save_page(tmp_path / "page.html", page(title="t", body=embed("made", figure)))
        return faults_of(browser, browser.open(path), **facts)

    return faults


def test_a_figure_without_fault_has_none(found):
    bars = go.Bar(x=["a", "b"], y=[1, 2], name="bars")
    assert found(draw(bars, notes=[note("up", y=0.9), note("down", y=0.1)], title={"text": "Which is larger?"})) == []
    assert found(draw()) == []


@pytest.mark.parametrize(
    ("trace", "layout"),
    [
        (go.Bar(x=[0, 1], y=[0, 0], name="lost"), {}),
        (go.Scatter(x=[5, 6], y=[1, 2], name="lost"), {"xaxis": {"range": [0, 2]}}),
        (go.Scatter(x=[0, 1], y=[1, 2], name="lost", mode="lines", line={"color": "white"}), {}),
        (go.Scatter(x=[0, None, 1], y=[1, 2, 3], name="lost", mode="lines"), {}),
        (go.Scatter(x=[0, 1], y=[-1, 2], name="lost", mode="markers"), {"yaxis": {"type": "log", "range": [1, 2]}}),
    ],
    ids=["bars of no height", "outside the range", "white on white", "a gap at every point", "log axis"],
)
def test_a_trace_without_a_pixel(found, trace, layout):
    faults = found(draw(trace, **(BARE | layout)))
    assert [fault for fault in faults if "draws no pixel" in fault and "“lost”" in fault]


def test_a_trace_without_data_is_a_fault_only_in_a_legend(found):
    nothing = go.Scatter(x=[None], y=[None], name="nothing")
    assert found(draw(go.Scatter(LINE), go.Scatter(nothing, showlegend=False))) == []
    [fault] = found(draw(go.Scatter(LINE), nothing))
    assert "“nothing”) stands in the legend and has no data" in fault


def test_a_trace_under_another_is_drawn(found):
    assert found(draw(go.Scatter({**LINE, "line": {"width": 1}}), go.Scatter({**LINE, "line": {"width": 5}}))) == []


def test_a_time_axis_that_leaves_the_run(found):
    """A panel without a trace on a shared time axis: plotly takes the axis to 1970 or 2000."""
    dates = go.Scatter(x=[START, START + DAY], y=[1, 2])
    run = (START, START + DAY)
    wide = draw(dates, xaxis={"type": "date", "range": [-0.25e12, START + DAY]})
    faults = found(wide, span_ms=run)
    assert [fault for fault in faults if "runs from 1962-01-29" in fault]
    assert [fault for fault in faults if "times its data" in fault]
    assert found(draw(dates, xaxis={"type": "date", "range": list(run)}), span_ms=run) == []


def test_an_axis_far_wider_than_its_data(found):
    """Data over 1, axes over 100 and 101: only the second is too wide. An axis that has to show zero spans its data."""
    line = go.Scatter(x=[0, 1], y=[9.0, 10.0])
    assert found(draw(line, yaxis={"range": [0, 100]})) == []
    wide = draw(line, yaxis={"range": [0, 101], "title": {"text": "amount"}})
    assert found(wide) == ["made: yaxis (“amount”) spans 101 times its data"]
    assert found(draw(go.Scatter(x=[0, 1], y=[9.99, 10.0]), yaxis={"rangemode": "tozero"})) == []


def test_texts_that_overlap(found):
    faults = found(draw(notes=[note("a first text"), note("another text")]))
    assert faults == ["made: the texts “a first text” and “another text” overlap"]


def test_a_text_over_a_second_line(found):
    below = note("below", y=0.5, yshift=-9)
    assert found(draw(notes=[note("one<br>two"), below])) == [
        "made: the texts “one<br>two” and “below” overlap".replace("<br>", " ")
    ]


def test_slanted_labels_side_by_side_do_not_overlap(found):
    labels = [f"a long label {i}" for i in range(9)]
    assert found(draw(go.Bar(x=labels, y=list(range(1, 10))), xaxis={"tickangle": 45, "automargin": True})) == []


def test_a_text_that_leaves_the_figure(found):
    [fault] = found(draw(notes=[note("a text at the edge", x=1.1, xanchor="left")]))
    assert "the text “a text at the edge” leaves the figure by" in fault


def test_overlap_of_boxes_by_hand():
    """A square of side 2; one that shares a corner region, one that touches, a turned one beside its corner."""
    square = ((0, 0), (2, 0), (2, 2), (0, 2))
    assert overlap(square, ((1, 1), (3, 1), (3, 3), (1, 3)))
    assert not overlap(square, ((2, 0), (4, 0), (4, 2), (2, 2)))
    turned = ((3, 1.5), (4.5, 3), (3, 4.5), (1.5, 3))  # its upper left side runs along x + y = 4.5, beyond (2, 2)
    assert not overlap(square, turned)


def test_a_browser_named_by_the_environment_must_exist(monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    assert find_browser() is None
