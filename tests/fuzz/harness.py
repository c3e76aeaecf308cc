"""Calls the command line in this process on one input, and reports what must never be: a traceback, a hang, leftovers.

Each input is a number: the same number is the same input, in the same version of this folder.
"""

import contextlib
import io
import random
import re
import signal
import sys
import time
from pathlib import Path

from clearsim import interrupt
from clearsim.cli import entry

from tests.fuzz import mutations as m
from tests.fuzz import worlds

PATIENCE_SECONDS = 30
#: So many times that long may pass on the clock while the process has worked for less than half of it: the machine is
#: busy with others. (Input 2185, a replay of half a second, once took more than 30 s.)
BUSY_TIMES = 4
#: Runs of configs beyond these sizes are checked, not run.
MAX_STEPS, MAX_TRADERS, MAX_ORDERS = 1_000, 1_000, 100_000


class HangError(BaseException):
    """The command took too long."""


def give_up_later():
    """Have HangError raised once a command has worked, or waited, for too long; returns how to call that off."""
    worked, begun = time.process_time(), time.monotonic()

    def look(number, frame):
        has_worked, has_waited = time.process_time() - worked, time.monotonic() - begun
        if has_worked < PATIENCE_SECONDS / 2 and has_waited < (BUSY_TIMES - 0.5) * PATIENCE_SECONDS:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
            return
        raise HangError

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
    return lambda: signal.setitimer(signal.ITIMER_REAL, 0)


def command(*arguments):
    """(exit code, text on both outputs, seconds) of a command."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    before, started = sys.argv, time.monotonic()
    sys.argv = ["clearsim", *map(str, arguments)]
    call_off = give_up_later()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            entry.main()
    except SystemExit as stopped:
        code = stopped.code or 0
    finally:
        call_off()
        sys.argv = before
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if interrupt._pending:  # somebody ends the fuzzer, not the command
        raise KeyboardInterrupt
    return code, out.getvalue() + err.getvalue(), time.monotonic() - started


class Trial:
    """One input in an empty folder: commands on it, and the faults that they showed."""

    def __init__(self, folder, shared):
        self.folder, self.shared, self.faults = folder, shared, []
        self.made = folder / "out"

    def run(self, *arguments, makes=False):
        """Run a command; note a fault. `makes`: it writes `out`, which must be absent or whole afterwards."""
        shown = " ".join(map(str, arguments))
        try:
            code, text, _ = command(*arguments)
        except HangError:
            self.faults.append(f"{shown}: no end within {PATIENCE_SECONDS} s")
            return -1, ""
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.faults.append(f"{shown}: {type(error).__name__} left main(): {error}")
            return -1, ""
        if code not in (0, 1, 2):
            self.faults.append(f"{shown}: exit code {code}")
        if code and not text.strip():
            self.faults.append(f"{shown}: exit code {code} without a word")
        if "Traceback" in text or re.search(r"^unexpected [A-Z]\w+: ", text, re.MULTILINE):
            self.faults.append(f"{shown}: {_with_traceback(text)}")
        left = [path.name for path in self.folder.rglob("*") if path.name.endswith((".partial", ".claim", ".old"))]
        if left:
            self.faults.append(f"{shown}: left {left}")
        if makes and self.made.exists() and (code or not (self.made / "manifest.json").is_file()):
            self.faults.append(f"{shown}: exit code {code}, and a folder: {text[-300:]}")
        return code, text

    def config(self, path, *more):
        """Check a config, draw it and run it: what `check --draw` calls valid must not be refused by `run`."""
        code, text = self.run("check", path, *more)
        if code or not _is_small(text):
            return
        drawn, _ = self.run("check", path, *more, "--draw")
        ran, text = self.run("run", path, *more, "--out", self.made, "--no-report", makes=True)
        if drawn == 0 and ran == 2:
            self.faults.append(f"check --draw calls valid what run refuses: {text[-300:]}")


def _with_traceback(text):
    found = re.search(r"traceback in (\S+\.txt)", text)
    if found and Path(found[1]).is_file():
        trace = Path(found[1]).read_text()
        Path(found[1]).unlink()
        return f"{text[-200:]}\n{trace[-900:]}"
    return text[-1500:]


def _is_small(text):
    def size(name):
        found = re.search(rf"{name} ([\d,]+) of", text)
        return int(found[1].replace(",", "")) if found else 0

    return (
        size("ticks times markets") <= MAX_STEPS
        and size("traders") <= MAX_TRADERS
        and size("wakes of cohorts and agents") <= 100 * MAX_STEPS
        and size("orders of makers and rates") <= MAX_ORDERS
    )


def a_config(rng, trial):
    tree = rng.choice(worlds.configs()[:3])
    data = m.dumped(m.changed_tree(rng, tree))
    if rng.random() < 0.3:
        data = m.changed_text(rng, data)
    path = trial.folder / rng.choice(["c.yaml", "c d.yaml", "é.yaml"])
    path.write_bytes(data)
    trial.config(path)


def a_check(rng, trial):
    data = m.dumped(m.changed_tree(rng, rng.choice(worlds.configs())))
    (trial.folder / "c.yaml").write_bytes(m.changed_text(rng, data) if rng.random() < 0.5 else data)
    trial.run("check", trial.folder / "c.yaml")


def an_override(rng, trial):
    tree = rng.choice(worlds.configs()[:3])
    (trial.folder / "c.yaml").write_bytes(m.dumped(tree))
    path = ".".join(map(str, rng.choice(list(m.places(tree)))[0])) or "seed"
    path = re.sub(r"\.(\d+)", r"[\1]", path)
    path = rng.choice([path, path, path + ".x", path.upper(), path + "[0]", "[", "a..b", path[:-1]])
    value = str(rng.choice(m.WEIRD)).replace("\x00", "")
    trial.config(trial.folder / "c.yaml", "--set", f"{path}={value}")


def a_study(rng, trial):
    (trial.folder / "base.yaml").write_bytes(m.dumped(worlds.configs()[1]))
    data = m.dumped(m.changed_tree(rng, worlds.STUDY))
    (trial.folder / "s.yaml").write_bytes(m.changed_text(rng, data) if rng.random() < 0.3 else data)
    trial.run(
        "sweep",
        trial.folder / "s.yaml",
        "--out",
        trial.made,
        "--serial",
        "--no-report",
        "--max-runs",
        2,
        "--max-time",
        "5s",
    )
    if trial.made.exists() and not (trial.made / "manifest.json").is_file():
        trial.faults.append("sweep left a folder without a manifest")


def a_positions_file(rng, trial):
    path = trial.folder / "p.csv"
    path.write_bytes(m.changed_table(rng, worlds.POSITIONS))
    tree = {**worlds.configs()[1], "agents": []}
    (trial.folder / "c.yaml").write_bytes(m.dumped(tree))
    trial.config(trial.folder / "c.yaml", "--positions", path)


def a_price_file(rng, trial):
    (trial.folder / "x.csv").write_bytes(m.changed_table(rng, worlds.PRICES))
    tree = {**worlds.configs()[1], "start_utc": "1970-01-01T00:00:00Z"}
    price = {"kind": "replay", "file": "x.csv", "align": rng.choice(["first_row", "start_utc"])}
    tree["markets"] = [{**tree["markets"][0], "price": price}]
    (trial.folder / "c.yaml").write_bytes(m.dumped(m.changed_tree(rng, tree) if rng.random() < 0.2 else tree))
    trial.config(trial.folder / "c.yaml")


def an_agent(rng, trial):
    source = worlds.AGENT.format(body=rng.choice(worlds.BODIES)) if rng.random() < 0.8 else rng.choice(worlds.SOURCES)
    (trial.folder / "a.py").write_text(source)
    agent = {
        "kind": "user",
        "name": "me",
        "file": "a.py",
        "class": "Mine",
        "deposit_quote": 100_000,
        "time_limit_s": 0.3,
    }
    if rng.random() < 0.3:
        agent = m.changed_tree(rng, {**agent, "params": {"size": rng.choice(m.WEIRD)}})
        limit = agent.get("time_limit_s")
        if isinstance(limit, int | float) and limit > 1:  # it may be an hour
            agent["time_limit_s"] = 0.3
        agent.setdefault("time_limit_s", 0.3)
    tree = worlds.configs()[1]
    (trial.folder / "c.yaml").write_bytes(m.dumped({**tree, "agents": [*tree["agents"], agent]}))
    trial.config(trial.folder / "c.yaml")


def a_folder(rng, trial):
    run, study = worlds.folders(trial.shared)
    is_run = rng.random() < 0.5
    folder = worlds.copy_of(run if is_run else study, trial.folder / "f")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for _ in range(rng.choice([1, 1, 2, 5])):
        path = rng.choice(files)
        change = rng.randrange(4)
        if not path.is_file():
            continue
        if change == 0:
            path.unlink()
        elif change == 1 and (tree := worlds.tree_of(path)) is not None:
            path.write_bytes(m.dumped(m.changed_tree(rng, tree)))
        else:
            path.write_bytes(m.changed_bytes(rng, path.read_bytes()))
    of_run = [("replay", folder), ("audit", folder), ("queue", folder, "--at", "70"), ("report", folder)]
    of_study = [
        ("status", folder), ("verify", folder, "--runs", 1),
        ("export", folder, "--to", rng.choice(["csv", "ema", "salib"])),
        ("merge", trial.made, folder), ("report", folder, "--no-baseline"), ("replay", folder, "0"),
        ("sweep", folder / "study.yaml", "--out", folder, "--serial", "--no-report"),
    ]  # fmt: skip
    weights = [4, 4, 4, 1] if is_run else [4, 2, 2, 2, 1, 1, 3]
    trial.run(*rng.choices(of_run if is_run else of_study, weights)[0])


KINDS = {
    a_config: 22, a_check: 26, an_override: 12, a_study: 12, a_positions_file: 10, a_price_file: 6, an_agent: 5,
    a_folder: 7,
}  # fmt: skip


def faults_of(number, folder, shared):
    """The faults of one input, as text; none: []."""
    rng = random.Random(number)
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    folder.mkdir()
    trial = Trial(folder, shared)
    kind(rng, trial)
    return [f"input {number} ({kind.__name__}): {fault}" for fault in trial.faults]
