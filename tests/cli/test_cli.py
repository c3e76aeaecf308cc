"""The command line in real processes: exit codes, one-line errors, speed of --help, Ctrl-C, replay, own book."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

CLEARSIM = [sys.executable, "-m", "clearsim.cli"]
ROOT = Path(__file__).resolve().parents[2]


def clearsim(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*CLEARSIM, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=580
    )


def refused(*arguments: str, cwd: Path, code: int = 2) -> str:
    """The one line on stderr of a command that is refused."""
    done = clearsim(*arguments, cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def _children_seconds() -> float:
    return os.times().children_user + os.times().children_system


@pytest.mark.benchmark
def test_help_takes_at_most_half_a_second(tmp_path: Path) -> None:
    seconds = []
    for _ in range(5):
        started = _children_seconds()
        assert clearsim("--help", cwd=tmp_path).returncode == 0
        seconds.append(_children_seconds() - started)
    assert min(seconds) <= 0.5  # processor time of the command: the wall clock of a busy machine says nothing


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numba", "scipy", "pandas", "plotly", "pyarrow", "pydantic")
    code = f"import sys, clearsim.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_configs_are_listed_and_found_from_any_folder(tmp_path: Path) -> None:
    lines = clearsim("configs", cwd=tmp_path).stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert {"base", "2025-10-10-btcusdt", "2025-10-10-btcusdt-stressed", "2020-03-12-btcusdt"} <= set(names)
    assert clearsim("check", "base", cwd=tmp_path).returncode == 0


def test_every_shipped_config_is_valid(tmp_path: Path) -> None:
    for line in clearsim("configs", cwd=tmp_path).stdout.splitlines():
        if "(overlay)" not in line:
            done = clearsim("check", line.split()[0], cwd=tmp_path)
            assert done.returncode == 0, done.stderr


def test_schema_is_json_schema_that_knows_the_kinds(tmp_path: Path) -> None:
    schema = json.loads(clearsim("schema", cwd=tmp_path).stdout)
    assert schema["properties"]["markets"]["type"] == "array"
    assert "Kou" in schema["$defs"]
    assert schema["$defs"]["Market"]["properties"]["tick_size"]["description"]


def test_init_writes_a_valid_config_once(tmp_path: Path) -> None:
    assert clearsim("init", "mine.yaml", cwd=tmp_path).returncode == 0
    assert clearsim("check", "mine.yaml", cwd=tmp_path).returncode == 0
    before = (tmp_path / "mine.yaml").read_text()
    assert refused("init", "mine.yaml", cwd=tmp_path).startswith("mine.yaml: exists and is not overwritten")
    assert (tmp_path / "mine.yaml").read_text() == before
    assert "cannot be written" in refused("init", "no/such/folder.yaml", cwd=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "bas"], "bas: no such config file or shipped config (did you mean base?)"),
        (["check", "concentration", "--traders", "500"], "is a study; of the options of `check` it takes --set only"),
        (["check", "concentration", "--set", "replication=8"], "(did you mean replications?)"),
        (["run", "base", "--set", "markets[0].fees.taker_pp=1"], "(did you mean markets[0].fees.taker_ppm?)"),
        (["run", "base", "--set", "seed=1.5"], "seed must be a whole number, found 1.5"),
        (["run", "base", "--seed", "-1"], "seed must be at least 0, found -1"),
        (["run", "base", "--detail", "event"], "must be one of summary, series, events, orders"),
        (["run", "base", "--traders", "3"], "--traders 3 is too few"),
        (["run", "base", "--positions", "nowhere.csv"], "--positions nowhere.csv: no such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert message in refused(*arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_check_tells_a_study_from_a_config(tmp_path: Path) -> None:
    """A study is checked as one, by name or file, with the size of its plan; `run` names the right command."""
    shipped = clearsim("check", "concentration", cwd=tmp_path)
    assert shipped.returncode == 0
    assert "valid study; study hash" in shipped.stdout
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: Mine\nquestion: Which?\nbase: base\ndesign: {kind: grid, n: 3}\nreplications: 2\n"
        "uncertainties:\n  - {name: fall, path: 'markets[0].price.shock_fraction',"
        " distribution: {kind: uniform, low: -0.2, high: -0.1}}\n"
        "levers:\n  - {name: fund, path: 'funds[0].seed_quote', values: [50000, 90000]}\n"
    )
    mine = clearsim("check", "mine.yaml", cwd=tmp_path)
    assert mine.returncode == 0, mine.stderr
    assert "6 points (3 of the design x 2 arms) x 2 replications = 12 full runs" in mine.stdout
    assert "mine.yaml: is a study, not a config: clearsim sweep mine.yaml" in refused("run", "mine.yaml", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_check_of_a_study_executes_none_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(
        "open('executed.txt', 'w').close()\nfrom clearsim import AdlRanking\n\n\n"
        "class Loud(AdlRanking):\n    def score(self, side):\n        return side.equity * 1.0\n"
    )
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: Mine\nquestion: Which?\nbase: base\nlevers:\n  - name: rule\n"
        "    path: waterfall[2].ranking\n"
        "    values: [{kind: profit_leverage}, {kind: own, file: loud.py, class: Loud}]\n"
    )
    done = clearsim("check", "mine.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 points (1 of the design x 2 arms) x 1 replication = 2 full runs" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loud.py", "mine.yaml"]


def test_an_unknown_option_is_exit_code_2(tmp_path: Path) -> None:
    done = clearsim("run", "base", "--sed", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("", "the file is empty"),
        ("ts_ms,price\n0,100\n", "expected at least 2 rows"),
        ("ts_ms,price\n1000,100\n0,101\n", "row 3: times must increase, found 0 after 1000"),
        ("ts_ms,price\n0,100\n1000,nan\n", "row 3: price must be a positive number, found 'nan'"),
        ("ts_ms,price\n0,100\n1000,0\n", "row 3: price must be a positive number, found '0'"),
        (
            "ts_ms,price\n0,100\n60000,101\n",
            "the prices span 0 s to 60 s since the start of the run; the run needs 0 s to 600 s",
        ),
    ],
)
def test_a_bad_price_file_is_told_with_its_row(tmp_path: Path, csv: str, message: str) -> None:
    (tmp_path / "prices.csv").write_text(csv)
    override = "markets[0].price={kind: replay, file: prices.csv}"
    line = refused("check", "base", "--set", override, cwd=tmp_path)
    assert message in line
    assert "prices.csv" in line


def test_what_is_not_a_result_folder_is_not_replayed(tmp_path: Path) -> None:
    assert "is not a result folder" in refused("replay", ".", cwd=tmp_path, code=1)


@pytest.fixture(scope="module")
def base_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of the reference market."""
    folder = tmp_path_factory.mktemp("runs")
    done = clearsim("run", "base", "--out", "base", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Who paid" in done.stdout
    assert re.search(r"sum +[\d,]+ +0 +0 +0 +0\b", done.stdout), done.stdout
    return folder / "base"


def test_a_run_leaves_a_complete_folder(base_run: Path) -> None:
    assert {path.name for path in base_run.iterdir()} >= {
        "config.yaml", "manifest.json", "report.html", "runs", "series", "accounts", "events"
    }  # fmt: skip
    assert [path.name for path in base_run.parent.iterdir()] == ["base"]
    assert yaml.safe_load((base_run / "config.yaml").read_text())["name"] == "base"


def test_a_run_replays_byte_for_byte(base_run: Path) -> None:
    done = clearsim("replay", str(base_run), cwd=base_run.parent)
    assert (done.returncode, "equal, byte for byte" in done.stdout) == (0, True), done.stdout + done.stderr


def test_export_and_import_of_the_opening_book_give_the_same_result_hash(base_run: Path, tmp_path: Path) -> None:
    assert clearsim("positions", "export", str(base_run), "--out", "book.csv", cwd=tmp_path).returncode == 0
    done = clearsim("run", "base", "--positions", "book.csv", "--out", "again", "--no-report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((path / "manifest.json").read_text()) for path in (base_run, tmp_path / "again"))
    assert first["config_hash"] != second["config_hash"]
    assert first["table_hashes"] == second["table_hashes"]


def test_an_existing_folder_is_not_overwritten(base_run: Path) -> None:
    line = refused("run", "base", "--out", "base", cwd=base_run.parent, code=1)
    assert line.startswith("base: exists; choose another --out, or add --overwrite")


AGENT = """
from clearsim.agents.user import UserAgent

class Broken(UserAgent):
    def decide(self, view):
        if view.time_ms < 5000:
            return None
        %s
"""


@pytest.mark.parametrize(
    ("body", "message"), [("raise ValueError('boom')", "ValueError: boom"), ("return 42", "must return a list")]
)
def test_a_users_agent_that_fails_is_told_with_the_replay_command(tmp_path: Path, body: str, message: str) -> None:
    (tmp_path / "agent.py").write_text(AGENT % body)
    config = "extends: base\nagents: [{kind: user, name: me, file: agent.py, class: Broken, deposit_quote: 1000}]\n"
    (tmp_path / "mine.yaml").write_text(config)
    done = clearsim("run", "mine.yaml", "--out", "out", "--seed", "4", cwd=tmp_path)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert "agent me" in line
    assert message in line
    assert "clearsim run mine.yaml --out out --seed 4" in line
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agent.py", "mine.yaml"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, base_run: Path, number: int, code: int) -> None:
    arguments = ["run", "base", "--set", "duration_s=864000", "--out", "out"]
    process = subprocess.Popen(
        [*CLEARSIM, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    waited_until = time.monotonic() + 120
    while not list(tmp_path.glob(".out.partial")) and time.monotonic() < waited_until:
        time.sleep(0.05)
    assert list(tmp_path.glob(".out.partial")), "the run has begun"
    time.sleep(1.0)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_pipe_or_disk_for_output_is_no_traceback(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*CLEARSIM, "schema"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_a_replay_that_differs_is_exit_code_1(base_run: Path, tmp_path: Path) -> None:
    shutil.copytree(base_run, tmp_path / "copy")
    part = tmp_path / "copy" / "runs" / "part-0000.parquet"
    table = pq.read_table(part)
    place = table.schema.get_field_index("n_fills")
    wrong = pa.array([table["n_fills"][0].as_py() + 1], pa.int64())
    pq.write_table(table.set_column(place, table.schema.field(place), wrong), part)
    done = clearsim("replay", "copy", cwd=tmp_path)
    assert done.returncode == 1
    assert "copy: differs" in done.stdout
    assert "runs: row 0, column n_fills" in done.stdout
