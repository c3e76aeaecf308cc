"""The generated pages are what the code says now, and say something about everything."""

import clearsim
import pytest
from clearsim.docs.generate import FOLDER, pages
from clearsim.docs.generate.markdown import prose, table
from clearsim.results import TABLES


@pytest.fixture(scope="module")
def now():
    return pages()


NAMES = [
    "explanation/decisions.md",
    *(f"reference/{name}.md" for name in ("commands", "config", "python-api", "results", "study")),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_in_date(now, name):
    stored = (FOLDER / name).read_text(encoding="utf-8")
    assert stored == now[name], f"{name}: run python -m clearsim.docs.generate"


def test_all_generated_pages_are_compared(now):
    assert sorted(now) == sorted(NAMES)


def test_every_public_name_and_every_column_has_its_line(now):
    for name in clearsim.__all__:
        assert f"## `{name}`" in now["reference/python-api.md"]
    for columns in TABLES.values():
        for column in columns:
            assert f"| `{column.name}` |" in now["reference/results.md"]


def test_every_key_of_a_config_has_a_meaning(now):
    rows = [line for line in now["reference/config.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 250
    assert [line for line in rows if not line.split(" | ")[1].strip()] == []


def test_docstrings_become_lists_and_examples():
    text = "One line.\n\nArgs:\n    out: folder; None\n        keeps nothing.\n    seed: whole.\n\nf(1)\n"
    assert prose(text) == "One line.\n\n- `out`: folder; None keeps nothing.\n- `seed`: whole.\n\n```python\nf(1)\n```"


def test_cells_cannot_break_a_table():
    assert table(("a",), [("x | y <z> `<w>`",)]).splitlines()[-1] == r"| x \| y &lt;z> `<w>` |"
