"""A signal whose exception was swallowed stops a run at its next step."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from clearsim import interrupt


@pytest.fixture
def handlers() -> object:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    hook = sys.unraisablehook
    interrupt.catch_signals()
    yield None
    interrupt._pending.clear()
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_stops_a_run_that_nobody_interrupts(handlers: object) -> None:
    interrupt.stop_if_asked()


@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_a_swallowed_signal_is_raised_again(handlers: object, number: int, kind: type[BaseException]) -> None:
    with pytest.raises(kind):  # a library's callback would print this one and go on
        os.kill(os.getpid(), number)
    with pytest.raises(kind):
        interrupt.stop_if_asked()


def test_a_signal_inside_a_callback_prints_no_traceback(handlers: object, capsys: pytest.CaptureFixture[str]) -> None:
    class Ends:
        def __del__(self) -> None:  # Python prints what is raised here, and goes on
            os.kill(os.getpid(), signal.SIGINT)

    Ends()
    assert capsys.readouterr().err == ""
    with pytest.raises(KeyboardInterrupt):
        interrupt.stop_if_asked()


INTERRUPTED_IN_EXEC = """
import os, signal, sys
from clearsim.interrupt import INTERRUPTED, catch_signals
catch_signals()
try:
    exec("os.kill(os.getpid(), signal.SIGINT)")
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)
"""


def test_the_exit_code_stands_also_if_the_signal_came_inside_an_exec(tmp_path: Path) -> None:
    (tmp_path / "interrupted_in_exec.py").write_text(INTERRUPTED_IN_EXEC)  # only "python -m" looks at the flag
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), str(tmp_path)])}
    command = [sys.executable, "-m", "interrupted_in_exec"]
    done = subprocess.run(command, cwd=tmp_path, env=found, check=False, timeout=60)
    assert done.returncode == interrupt.INTERRUPTED
