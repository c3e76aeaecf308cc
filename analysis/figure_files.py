"""Figures as files (png, svg, pdf) through kaleido, which drives an installed Chrome or Chromium."""

import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import plotly.graph_objects as go

from .errors import AnalysisError

FORMATS = ("png", "svg", "pdf")
_NO_KALEIDO = (
    "exporting figures needs the Python package kaleido: pip install 'kaleido>=1,<2' (clearsim's extra `export`)."
    " report.html is complete without it"
)
_NO_BROWSER = (
    "exporting figures needs Chrome or Chromium: install it (for example: apt-get install chromium), or set the"
    " environment variable BROWSER_PATH to its executable. report.html is complete without it"
)


def parse_formats(text: str) -> tuple[str, ...]:
    """`png,svg` -> ("png", "svg"); AnalysisError names unknown formats."""
    wanted = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    unknown = [word for word in wanted if word not in FORMATS]
    if unknown or not wanted:
        raise AnalysisError(f"formats must be among {', '.join(FORMATS)}; found {', '.join(unknown) or 'nothing'}")
    return wanted


def export_figures(figures: Mapping[str, go.Figure], out_dir: str | Path, formats: Sequence[str]) -> list[Path]:
    """Write every figure in every format as out_dir/<name>.<format>; return the paths in that order.

    AnalysisError, before anything is drawn, without a browser or without kaleido.
    """
    kinds = parse_formats(",".join(formats))
    _require_browser()
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(figure, folder / f"{name}.{kind}", kind) for name, figure in figures.items() for kind in kinds]
    import plotly.io as pio

    try:
        pio.write_images(
            fig=[figure for figure, _, _ in jobs],
            file=[path for _, path, _ in jobs],
            format=[kind for _, _, kind in jobs],
            width=[figure.layout.width for figure, _, _ in jobs],  # otherwise plotly uses 700 x 500 for all
            height=[figure.layout.height for figure, _, _ in jobs],
            scale=[2 if kind == "png" else 1 for _, _, kind in jobs],
        )
    except Exception as error:  # kaleido's errors have no common base
        if _is_no_browser(error):
            raise AnalysisError(_NO_BROWSER) from error
        raise AnalysisError(f"the browser could not draw the figures: {error}; report.html is complete") from error
    return [path for _, path, _ in jobs]


def _require_browser() -> None:
    """AnalysisError for what is clearly missing, kaleido or the browser; kaleido finds browsers in unusual places."""
    if importlib.util.find_spec("kaleido") is None:
        raise AnalysisError(_NO_KALEIDO)
    path = os.environ.get("BROWSER_PATH")
    if path is not None and not Path(path).is_file():
        raise AnalysisError(f"{_NO_BROWSER} (BROWSER_PATH is {path!r}, which is not a file)")


def _is_no_browser(error: Exception) -> bool:
    return type(error).__name__ == "ChromeNotFoundError" or "requires Chrome" in str(error)
