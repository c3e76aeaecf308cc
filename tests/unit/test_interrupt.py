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


def test_a_signal_that_is_held_back_raises_at_the_end_of_the_block(handlers: object) -> None:
    done: list[int] = []

    def block() -> None:
        with interrupt.HeldBack():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(1)

    with pytest.raises(SystemExit) as ended:
        block()
    assert (done, ended.value.code) == ([1], 143)
    with pytest.raises(SystemExit):
        interrupt.stop_if_asked()
    with pytest.raises(KeyboardInterrupt):  # the handlers are back
        os.kill(os.getpid(), signal.SIGINT)


def test_blocks_in_which_signals_are_held_back_may_stand_in_one_another(handlers: object) -> None:
    done: list[int] = []

    def blocks() -> None:
        with interrupt.HeldBack():
            with interrupt.HeldBack():
                os.kill(os.getpid(), signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        blocks()
    assert done == [1]


#: A signal where llvmlite has freed a module and not yet marked it as freed: it would free it again, which may crash.
SIGNAL_WHILE_COMPILING = """
import os, signal, sys
import numpy as np
from llvmlite.binding.module import ModuleRef

from clearsim.interrupt import catch_signals
from clearsim.kernels.jit import kernel

dispose, detach, freed, calls = ModuleRef._dispose, ModuleRef.detach, set(), []


def dispose_once(module):
    if id(module) in freed:
        os._exit(99)
    freed.add(id(module))
    calls.append(module)  # so that no other gets its id
    dispose(module)


def interrupted_detach(module):
    if len(calls) == 1:
        os.kill(os.getpid(), signal.SIGTERM)
    detach(module)


@kernel
def add_up(numbers):
    total = 0
    for number in numbers:
        total += number
    return total


ModuleRef._dispose, ModuleRef.detach = dispose_once, interrupted_detach
catch_signals()
add_up.dispatcher._cache.disable()
try:
    add_up(np.arange(5))
except SystemExit:
    print(len(calls) > 0, add_up(np.arange(5)))
    for module in calls:
        module.close()
    raise
"""


def test_a_signal_while_a_kernel_is_compiled_frees_nothing_twice() -> None:
    """The kernel is compiled all the same, and the process ends with the code of the signal."""
    command = [sys.executable, "-X", "faulthandler", "-c", SIGNAL_WHILE_COMPILING]
    done = subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (143, "True 10\n"), done.stderr


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
