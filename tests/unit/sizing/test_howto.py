"""The how-to page's code runs and prints what its comments say; its commands ask what can be asked; its paths exist."""

import re
import shlex
from pathlib import Path

import clearsim.analysis.sizing
from clearsim.analysis.sizing.target import parse_target
from clearsim.funds.questions import load_questions

TEXT = (Path(clearsim.analysis.sizing.__file__).parent / "HOWTO.md").read_text(encoding="utf-8")


def test_the_code_runs_and_prints_what_it_says(capsys):
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "HOWTO.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "0.1151" in printed
    assert "is not scaled to 365 days: the book ages once" in printed
    assert "crude, order statistics; n 50,000, 50 events" in printed


def test_its_commands_name_studies_that_ship_and_targets_that_are_read():
    commands = [shlex.split(line) for line in re.findall(r"^    (clearsim size-fund .*)$", TEXT, flags=re.MULTILINE)]
    assert len(commands) == 3
    for words in commands:
        assert load_questions(words[2])[0].fidelity == "reduced"
        assert parse_target(words[words.index("--target") + 1]).event == "first_adl"


def test_every_way_to_write_a_target_in_its_table_is_read():
    for words in ("ADL", "cash 0", "equity 0", "exhausted", "bad debt"):
        assert f"`{words}`" in TEXT
        for horizon in ("within 30d", "within 12h", "within 2 weeks", "within a year", "per year", "given stress"):
            assert parse_target(f"P({words} {horizon}) < 1e-3").p == 1e-3
