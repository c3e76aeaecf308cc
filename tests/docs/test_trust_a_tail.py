"""The how-to page's code runs as it is written, top to bottom, and prints what its comments say."""

import re
from pathlib import Path

import clearsim.analysis.estimators

from tests.docs.pages import DOCS

FOLDER = Path(clearsim.analysis.estimators.__file__).parent
PAGE = DOCS / "how-to" / "trust-a-tail.md"


def test_the_page_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 3
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "0 [0, 0.0009981]" in printed
    assert "at least 36,887 are needed" in printed
    assert "importance sampling; n 20,000" in printed


def test_every_module_it_names_exists():
    text = PAGE.read_text(encoding="utf-8")
    for name in set(re.findall(r"`(\w+)\.\w+(?:\(.*?\))?`", text)):
        assert (FOLDER / f"{name}.py").is_file(), name
