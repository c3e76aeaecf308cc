"""The commands: listed once, in groups, each with one line of its own; `audit` and `cite`; figures are in `report`."""

import re

import clearsim
import pytest
from clearsim.cli import app
from clearsim.cli.entry import COMMANDS
from clearsim.cli.groups import TITLES
from typer.testing import CliRunner


def printed(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    return done.exit_code, done.output


def test_help_lists_every_command_once_under_its_group():
    code, text = printed("--help")
    sections = re.split(r"^(\S.*):$", text, flags=re.MULTILINE)[1:]
    listed = dict(zip(sections[::2], sections[1::2], strict=True))
    assert code == 0
    assert list(listed)[1:] == list(TITLES.values())
    for group, commands in COMMANDS.items():
        names = re.findall(r"^  ([a-z-]+) ", listed[TITLES[group]], flags=re.MULTILINE)
        expected = [command.__name__.replace("_", "-") for command in commands]
        assert names == expected + {"fund": ["history"], "data": ["positions", "fit"]}.get(group, [])


def test_what_checks_something_says_what_it_alone_does():
    """Six commands that check: config, run, study, log, model, step; no two lines begin alike."""
    lines = {name: command.__doc__.splitlines()[0] for name, command in _commands().items()}
    subjects = {
        "check": "CONFIG", "replay": "recorded run", "verify": "random sample", "audit": "event log",
        "validate": "events", "robustness": "depend on time step",
    }  # fmt: skip
    for name, subject in subjects.items():
        assert subject in lines[name]
    assert len({line[:12] for line in lines.values()}) == len(lines)


def _commands():
    return {command.__name__.replace("_", "-"): command for group in COMMANDS.values() for command in group}


@pytest.mark.parametrize("name", ["checks", "unneeded", "figures"])
def test_a_former_name_is_no_command(name):
    assert printed(name, ".")[0] == 2


def test_audit_prints_what_it_proved(tmp_path):
    config = clearsim.load("base").with_traders(300).with_({"duration_s": 20, "markets[0].price.shock_ms": 10_000})
    clearsim.run(config, out=tmp_path / "run")
    code, text = printed("audit", tmp_path / "run")
    assert code == 0
    lines = text.splitlines()
    assert len(lines) == 6
    assert all(line.startswith("holds: ") for line in lines[:5])
    assert lines[5].startswith("not compared: trades with the orders that caused them")
    assert re.match(r"holds: [\d,]+ transfers replayed", lines[0])


def test_cite_prints_the_reference():
    assert printed("cite") == (0, f"{_reference('text')}\n")
    assert printed("cite", "--bibtex") == (0, f"{_reference('bibtex')}\n")


def _reference(style):
    from clearsim.api.cite import reference

    return reference(style)
