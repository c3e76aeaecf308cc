"""The tutorial and the how-to pages run as they are written, and print what they quote."""

import pytest

from tests.docs.pages import BROWSER, ELSEWHERE, RUN_PAGES, SLOW, Reader, blocks, commands


@pytest.fixture
def reader_folder(tmp_path, monkeypatch):
    """A new folder; without a browser images are not drawn, all else is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    if BROWSER is None:
        monkeypatch.setattr("plotly.basedatatypes.BaseFigure.write_image", lambda figure, path: None)
    else:
        monkeypatch.setenv("BROWSER_PATH", BROWSER)
    return tmp_path


@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.stem)
def test_the_page_runs_as_written(page, reader_folder, capsys):
    Reader(page, slow=False).follow(capsys)


def pages_with_slow_lines():
    return [page for page in RUN_PAGES if SLOW.search(page.read_text(encoding="utf-8"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with_slow_lines(), ids=lambda page: page.stem)
def test_the_page_runs_with_its_long_commands(page, reader_folder, capsys):
    Reader(page, slow=True).follow(capsys)


def test_only_marked_lines_are_left_out(tmp_path, monkeypatch):
    """The reader itself: what it leaves out is long, on a cluster, or an image without a browser."""
    monkeypatch.setattr(Reader, "call", lambda self, arguments, target: None)
    monkeypatch.setattr("runpy.run_path", lambda path, run_name: None)
    for page in RUN_PAGES:
        reader = Reader(page, slow=False)
        for block in blocks(page):
            if block.language == "sh":
                for line in commands(block.text):
                    reader.run(line)
        for line in reader.left_out:
            assert SLOW.search(line) or ELSEWHERE in line or "--format" in line, line


def test_a_page_that_quotes_another_number_fails():
    reader = Reader(RUN_PAGES[0], slow=False)
    reader.printed = "ADL   72 accounts"
    reader.compare("ADL 72 accounts\n")
    with pytest.raises(AssertionError, match="73 accounts"):
        reader.compare("ADL 73 accounts\n")
