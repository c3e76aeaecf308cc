"""Figures as files: which formats, and the one-line help where no browser or no kaleido is installed."""

import importlib.util
import shutil

import plotly.graph_objects as go
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.figure_files import export_figures, parse_formats

FIGURE = go.Figure(go.Bar(x=["a"], y=[1]), {"width": 420, "height": 210})
BROWSER = next((path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None)


def test_formats_are_read_and_wrong_ones_named():
    assert parse_formats("png, SVG,png") == ("png", "svg")
    with pytest.raises(AnalysisError, match="must be among png, svg, pdf; found gif"):
        parse_formats("png,gif")
    with pytest.raises(AnalysisError, match="found nothing"):
        parse_formats("")


@pytest.mark.skipif(importlib.util.find_spec("kaleido") is None, reason="kaleido is not installed")
def test_without_a_browser_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-such-browser"))
    with pytest.raises(AnalysisError, match=r"apt-get install chromium.*BROWSER_PATH.*report\.html is complete"):
        export_figures({"bar": FIGURE}, tmp_path / "out", ("png",))
    assert not (tmp_path / "out").exists()
    with pytest.raises(AnalysisError) as caught:
        export_figures({"bar": FIGURE}, tmp_path / "out", ("png",))
    assert "kaleido" not in str(caught.value)


def test_without_kaleido_the_message_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AnalysisError, match=r"pip install 'kaleido>=1,<2'") as caught:
        export_figures({"bar": FIGURE}, tmp_path, ("svg",))
    assert "Chrom" not in str(caught.value)  # the browser was not looked for, so nothing is said of it


@pytest.mark.slow
@pytest.mark.skipif(
    BROWSER is None or importlib.util.find_spec("kaleido") is None, reason="needs kaleido and a browser"
)
def test_figures_are_written_in_every_format(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(BROWSER))
    paths = export_figures({"bar": FIGURE}, tmp_path, ("png", "svg", "pdf"))
    assert [path.name for path in paths] == ["bar.png", "bar.svg", "bar.pdf"]
    starts = [path.read_bytes()[:4] for path in paths]
    assert starts == [b"\x89PNG", b"<svg", b"%PDF"]
    png = paths[0].read_bytes()
    assert [int.from_bytes(png[i : i + 4]) for i in (16, 20)] == [840, 420]  # the figure's own size, twice as sharp
