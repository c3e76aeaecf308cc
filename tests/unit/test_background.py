"""The thread that writes: tasks in order, never too many at once, and no error is lost."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest
from clearsim.errors import ResultError
from clearsim.results import TRANSFERS
from clearsim.runs.background import MAX_WAITING, BackgroundWriter
from clearsim.runs.folder import ResultFolder, TableWriter

from tests.fake_engine import blank


def fail() -> None:
    raise OSError(5, "Input/output error")


def add_for_ever(writer: BackgroundWriter) -> None:
    while True:
        writer.add(fail)


def run_for_ever(out: Path) -> None:
    with ResultFolder(out) as folder:
        while True:
            folder.append("transfers", blank(TRANSFERS, 3))


def test_tasks_are_carried_out_in_their_order_in_one_other_thread() -> None:
    writer, done, threads = BackgroundWriter(), [], set()

    def task(number: int) -> None:
        done.append(number)
        threads.add(threading.get_ident())

    for number in range(100):
        writer.add(partial(task, number))
    writer.finish()
    assert done == list(range(100))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_a_run_that_is_faster_than_its_disk_waits() -> None:
    writer, gate = BackgroundWriter(), threading.Event()
    writer.add(lambda: gate.wait(60) and None)
    for _ in range(MAX_WAITING):
        writer.add(lambda: None)
    adding = threading.Thread(target=writer.add, args=(lambda: None,))
    adding.start()
    adding.join(0.2)
    assert adding.is_alive()
    gate.set()
    adding.join(60)
    assert not adding.is_alive()
    writer.finish()


def test_an_error_is_raised_by_whoever_adds_or_finishes() -> None:
    writer = BackgroundWriter()
    writer.add(fail)
    with pytest.raises(OSError, match="Input/output"):
        writer.finish()
    writer = BackgroundWriter()
    with pytest.raises(OSError, match="Input/output"):
        add_for_ever(writer)
    writer.drop()


def test_what_is_dropped_is_not_done_and_raises_nothing() -> None:
    writer, gate, done = BackgroundWriter(), threading.Event(), []
    writer.add(lambda: gate.wait(60) and None)
    for number in range(MAX_WAITING - 1):
        writer.add(partial(done.append, number))
    threading.Timer(0.2, gate.set).start()
    writer.drop()
    assert len(done) == 0
    writer.finish()


@pytest.fixture
def interrupted() -> Iterator[None]:
    """Ctrl-C again and again, from 0.1 s on."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.05)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def begin_slow_task(writer: BackgroundWriter, done: list[int]) -> None:
    """Have a task carried out that takes longer than several signals."""
    begun: SimpleQueue[None] = SimpleQueue()

    def task() -> None:
        begun.put(None)
        time.sleep(1.0)
        done.append(1)

    writer.add(task)
    begun.get()


@pytest.mark.usefixtures("interrupted")
def test_no_signal_ends_the_wait_for_the_task_at_hand() -> None:
    """Else the files would be closed while the thread writes to them."""
    writer, done = BackgroundWriter(), []
    begin_slow_task(writer, done)
    writer.drop()
    assert done == [1]


@pytest.mark.usefixtures("interrupted")
def test_after_an_interrupted_finish_the_task_at_hand_is_waited_for() -> None:
    writer, done = BackgroundWriter(), []
    begin_slow_task(writer, done)
    with pytest.raises(KeyboardInterrupt):
        writer.finish()
    assert done == []
    writer.drop()
    assert done == [1]


ENDS_AT_ONCE = """
import sys, time
import pyarrow as pa, pyarrow.parquet as pq
from clearsim.runs.background import BackgroundWriter

table = pa.table({"a": list(range(300_000)), "b": [str(n) for n in range(300_000)]})
writer = BackgroundWriter()
for number in range(4):
    writer.add(lambda number=number: pq.write_table(table, f"{sys.argv[1]}/{number}.parquet", compression="zstd"))
time.sleep(0.05)
sys.exit(7)
"""


def test_an_interpreter_that_ends_without_dropping_the_writer_waits_for_its_thread(tmp_path: Path) -> None:
    """No thread is in compiled code while the interpreter and the libraries are taken down."""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", ENDS_AT_ONCE, tmp_path], timeout=60, check=False)
    assert done.returncode == 7
    assert len(list(tmp_path.iterdir())) == 4


def test_a_disk_that_fails_while_the_run_goes_on_ends_it_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TableWriter, "append_batch", lambda writer, batch: fail())
    with pytest.raises(ResultError, match="out: cannot be written: Input/output error"):
        run_for_ever(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    assert all(thread.name != "clearsim writer" for thread in threading.enumerate())
