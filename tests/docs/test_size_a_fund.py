"""The how-to page's code runs and prints what its comments say; its commands ask what can be asked; its paths exist."""

import shlex

from clearsim.analysis.sizing.target import parse_target
from clearsim.funds.questions import load_questions

from tests.docs.pages import DOCS, blocks, commands

PAGE = DOCS / "how-to" / "size-a-fund.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_code_runs_and_prints_what_it_says(capsys):
    names = {}
    for block in blocks(PAGE):
        if block.language == "python" and "size_fund(" not in block.text:
            exec(compile(block.text, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "0.1151" in printed
    assert "is not scaled to 365 days: the book ages once" in printed
    assert "crude, order statistics; n 50,000, 50 events" in printed


def test_its_commands_name_studies_that_ship_and_targets_that_are_read():
    lines = [line for block in blocks(PAGE) if block.language == "sh" for line in commands(block.text)]
    assert len(lines) == 5
    for words in (shlex.split(line, comments=True) for line in lines):
        assert load_questions(words[2])[0].fidelity == "reduced"
        assert parse_target(words[words.index("--target") + 1]).event == "first_adl"


def test_every_way_to_write_a_target_in_its_table_is_read():
    for words in ("ADL", "cash 0", "equity 0", "exhausted", "bad debt"):
        assert f"`{words}`" in TEXT
        for horizon in ("within 30d", "within 12h", "within 2 weeks", "within a year", "per year", "given stress"):
            assert parse_target(f"P({words} {horizon}) < 1e-3").p == 1e-3
