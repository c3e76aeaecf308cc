"""Code that comes with configs and folders: what only reads executes none, what reruns a folder asks first."""

import pytest
from clearsim import own_parts
from clearsim.clearing.margin.own import OwnSchedule
from clearsim.cli import app
from clearsim.errors import ConfigError
from click.testing import Result
from typer.testing import CliRunner

from tests.worlds.one_fall import write_world

MARKER = "from pathlib import Path\n\nPath({path!r}).write_text('executed')\n\n"
AGENT = (
    "from clearsim.agents.user import UserAgent\n\n\nclass Quiet(UserAgent):\n    def decide(self, view):\n"
    "        return []\n"
)
SCHEDULE = (
    "from clearsim import MarginSchedule\n\n\nclass Mine(MarginSchedule):\n    def tiers(self):\n"
    "        return [(0, 5000, 100)]\n"
)
PATH = (
    "import numpy as np\nfrom clearsim import PricePath\n\n\nclass Flat(PricePath):\n"
    "    def __init__(self):\n        pass\n\n"
    "    def points(self, duration_s, rng):\n        return np.array([0.0, duration_s]), np.array([50000.0, 50000.0])\n"
)


def command(*arguments: object) -> Result:
    """A command as a new process would run it: no code was executed before."""
    own_parts._EXECUTED.clear()
    return CliRunner().invoke(app, [str(text) for text in arguments])


@pytest.fixture(scope="module")
def received(tmp_path_factory):
    """A folder that a run of a config with an agent, a price path and a margin schedule wrote, and the marker file."""
    home = tmp_path_factory.mktemp("sender")
    marker = home / "executed.txt"
    for name, text in (("quiet", AGENT), ("mine", SCHEDULE), ("flat", PATH)):
        (home / f"{name}.py").write_text(MARKER.format(path=str(marker)) + text)
    config, _ = write_world(home)
    own = [
        "agents: [{kind: user, name: quiet, file: quiet.py, class: Quiet, deposit_quote: 100}]",
        "markets:",
        "  - name: BTCUSDT",
        "    margin: !replace {kind: own, file: mine.py, class: Mine}",
        "    price: !replace {kind: path, file: flat.py, class: Flat}",
    ]
    (home / "own.yaml").write_text("\n".join(["extends: one-fall.yaml", "name: own", "duration_s: 5", *own, ""]))
    done = command("run", home / "own.yaml", "--out", home / "run")
    assert done.exit_code == 0, done.exception
    assert marker.exists()
    marker.unlink()
    return home / "run", marker, config


def test_check_and_report_execute_nothing(received, tmp_path):
    folder, marker, _ = received
    for arguments in (("check", folder.parent / "own.yaml"), ("check", folder / "config.yaml"), ("report", folder)):
        done = command(*arguments)
        assert done.exit_code == 0, done.exception
        assert not marker.exists(), arguments


@pytest.mark.parametrize("name", ["run", "queue", "replay"])
def test_a_received_folder_is_rerun_only_if_it_is_trusted(received, tmp_path, name):
    folder, marker, _ = received
    arguments = {
        "run": ["run", folder / "config.yaml", "--out", tmp_path / "again", "--no-report"],
        "queue": ["queue", folder, "--at", "2"],
        "replay": ["replay", folder],
    }[name]
    refused = command(*arguments)
    assert type(refused.exception).__name__ == "ConfigError"
    lines = str(refused.exception).splitlines()
    assert (
        lines[0]
        == f"{folder}: its code would be executed on this machine; read it, then repeat with --trust (trust=True)"
    )
    assert [line.split(": class")[0].strip() for line in lines[1:]] == [
        "price path Flat", "margin schedule Mine", "agent quiet"
    ]  # fmt: skip
    assert "lines, SHA-256" in lines[1]
    assert not marker.exists()
    assert not (tmp_path / "again").exists()
    trusted = command(*arguments, "--trust")
    assert trusted.exit_code == 0, trusted.exception
    assert marker.exists()
    assert "note: executes agent quiet: class Quiet of" in trusted.stderr.replace("\n", " ")
    marker.unlink()


def test_code_that_check_cannot_use_is_still_an_error(received, tmp_path):
    _, _, config = received
    entry = "agents=[{{kind: user, name: quiet, file: {file}, class: {name}, deposit_quote: 100}}]"
    for name, text, message in (
        ("Quiet", "class Quiet(:\n", "agent quiet: quiet.py is not Python: SyntaxError"),
        ("Quit", AGENT, "has no class Quit that extends UserAgent; it has Quiet (did you mean Quiet?)"),
    ):
        (tmp_path / "quiet.py").write_text(text)
        setting = entry.format(file=tmp_path / "quiet.py", name=name)
        done = command("check", config, "--set", setting)
        assert message in str(done.exception).replace(f"{tmp_path}/", "")


def test_code_is_refused_wherever_it_would_be_loaded_unless_this_process_ran_it_before():
    part = OwnSchedule.model_validate({"file": "mine.py", "class": "Mine", "source": SCHEDULE})
    own_parts._EXECUTED.clear()
    with (
        own_parts.refusing_own_code("reading executes no code"),
        pytest.raises(ConfigError, match="reading executes no"),
    ):
        part.smallest_maintenance_ppm()
    assert part.smallest_maintenance_ppm() == 5000
    with own_parts.refusing_own_code("reading executes no code"):
        assert part.smallest_maintenance_ppm() == 5000  # nothing new is executed
