"""A user's code that gives no answer in time ends the run with an error that names it, compiled code too."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from clearsim.config import config_from_text, config_hash
from clearsim.config.starter import starter_text
from clearsim.errors import AgentError, ConfigError
from clearsim.own_limit import TimeLimitError, limited
from clearsim.studies.execute.executors import ExecutorSettings, open_pool

from tests.sweep_survival.toy_sweep import toy_jobs, toy_row

ROOT = Path(__file__).resolve().parents[2]


def loops():
    while True:
        pass


@pytest.mark.parametrize("code", [loops, lambda: time.sleep(60)], ids=["loops", "sleeps"])
def test_python_code_is_stopped_in_the_main_thread(code):
    started = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"no answer within 0\.3 s \(time_limit_s\)"):
        limited("agent me", 0.3, code)
    assert 0.3 <= time.monotonic() - started < 5


def test_python_code_is_stopped_in_another_thread():
    found = []

    def work():
        try:
            limited("agent me", 0.3, loops)
        except TimeLimitError as error:
            found.append(str(error))
        found.append(limited("agent me", 0.3, lambda: "goes on"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == ["no answer within 0.3 s (time_limit_s)", "goes on"]


def test_code_that_swallows_the_first_exception_is_late_all_the_same():
    def once():
        try:
            loops()
        except BaseException:
            return "an answer, too late"

    with pytest.raises(TimeLimitError):
        limited("agent me", 0.3, once)


def test_many_short_calls_are_never_late():
    for _ in range(20):
        assert limited("agent me", 0.25, lambda: time.sleep(0.05) or 1) == 1


def test_a_call_inside_a_call_counts_to_the_outer_one():
    with pytest.raises(TimeLimitError):
        limited("outer", 0.3, lambda: limited("inner", 100.0, loops))


def test_an_error_of_the_code_passes_unchanged():
    with pytest.raises(ZeroDivisionError):
        limited("agent me", 1.0, lambda: 1 / 0)


PROCESS = """
from clearsim.own_limit import limited
import numba
@numba.njit
def spin(x):
    while x > 0: x += 1.0
    return x
spin(-1.0)
limited("agent me (a.py:Me)", 0.5, spin, 1.0)
"""


def test_compiled_code_is_ended_by_the_watchdog_process_which_names_it():
    done = subprocess.run([sys.executable, "-c", PROCESS], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert done.stderr.startswith("agent me (a.py:Me) gave no answer within 0.5 s (time_limit_s), in code that cannot")


AGENT = """
from clearsim import UserAgent
class Loops(UserAgent):
    def __init__(self, at=0): self.at = at
    def decide(self, view):
        while view.time_ms >= self.at: pass
"""


def config_with(tmp_path, fields=""):
    (tmp_path / "a.py").write_text(AGENT)
    agent = f"agents: [{{kind: user, name: me, file: {tmp_path}/a.py, class: Loops, params: {{at: 2000}}{fields}}}]\n"
    return config_from_text(starter_text() + agent)


def test_a_run_names_the_agent_the_time_and_the_line(tmp_path):
    from clearsim.engine.simulation import simulate

    with pytest.raises(AgentError, match=r"agent me \(.*a\.py:Loops\) at 2000 ms raised TimeLimitError: .*\(line 6\)"):
        simulate(config_with(tmp_path, ", time_limit_s: 0.5"), detail="summary", progress=None, event_sink=None)


def test_the_limit_is_no_part_of_what_a_config_means_and_must_be_positive(tmp_path):
    assert config_hash(config_with(tmp_path)) == config_hash(config_with(tmp_path, ", time_limit_s: 7"))
    with pytest.raises(ConfigError, match=r"time_limit_s.*greater than 0"):
        config_with(tmp_path, ", time_limit_s: 0")


def test_code_that_loops_when_it_is_loaded_is_stopped(tmp_path):
    config = config_with(tmp_path, ", time_limit_s: 0.5")
    (agent,) = config.agents
    with pytest.raises(ConfigError, match=r"agent me: .*a\.py fails to load: TimeLimitError"):
        agent.model_copy(update={"source": "while True: pass"}).load()


def run_that_hangs(job):
    """A run whose user code holds the interpreter in the third job."""
    import re

    from clearsim.studies.design.job import Outcome

    if job.number == 3:
        limited("agent me (a.py:Me)", 0.2, re.match, r"(a+)+$", "a" * 40 + "b")  # takes hours, in C
    return Outcome(job.run_id, toy_row(job), None)


def test_in_a_sweep_the_row_of_the_run_names_the_code_and_the_others_are_done():
    rows = {}

    def keep(outcome):
        rows[outcome.run_id] = outcome.row

    with open_pool(ExecutorSettings("local", workers=1)) as pool:
        pool.execute(toy_jobs(6), on_outcome=keep, run=run_that_hangs)
    assert [row["status"] for _, row in sorted(rows.items())] == ["done"] * 3 + ["failed"] + ["done"] * 2
    error = rows[f"{3:016x}"]["error"]
    assert error.startswith("AgentError: agent me (a.py:Me) gave no answer within 0.2 s (time_limit_s), in code that")
