"""The example notebook runs from its first cell to its last and prints what is stored in it."""

import pytest

from tests.docs.pages import DOCS

nbformat = pytest.importorskip("nbformat", reason="needs nbformat (extra `test`)")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient (extra `test`)")
pytest.importorskip("ipykernel", reason="needs ipykernel (extra `test`)")

PATH = DOCS / "example.ipynb"
MAX_BYTES = 60_000


def printed(notebook):
    """What each cell prints, without errors of the kernel's own."""
    return [
        "".join(output["text"] for output in cell.get("outputs", []) if output.get("name") == "stdout")
        for cell in notebook.cells
    ]


def test_the_notebook_prints_what_is_stored_in_it(tmp_path):
    stored = nbformat.read(PATH, as_version=4)
    fresh = nbformat.read(PATH, as_version=4)
    for cell in fresh.cells:
        cell["outputs"] = []
    nbclient.NotebookClient(
        fresh, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert printed(fresh) == printed(stored)
    assert sum(map(bool, printed(stored))) >= 5
    assert (tmp_path / "loss.html").is_file()


def test_the_notebook_uses_the_public_api_only_and_is_small():
    text = PATH.read_text(encoding="utf-8")
    assert "from clearsim" not in text
    assert "import clearsim." not in text
    assert len(text) < MAX_BYTES
    assert "Traceback" not in text
