"""What a sweep survives: runs that raise, workers and parents that are killed, Ctrl-C, a full disk, a damaged part."""

import errno
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from clearsim.errors import ResultError
from clearsim.studies.execute import local_workers
from clearsim.studies.execute.executors import ExecutorSettings, open_pool
from clearsim.studies.store import part_files as parts
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.sweep_process import sweep
from tests.sweep_survival.toy_sweep import run_toy, toy_jobs

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def two_workers():
    with open_pool(ExecutorSettings("local", workers=2)) as pool:
        yield pool


def rows_of(pool, jobs, **options):
    """run_id -> row without its seconds; the paths as lists under "paths"."""
    found = {}

    def keep(outcome):
        assert outcome.run_id not in found
        paths = {name: column.tolist() for name, column in (outcome.paths or {}).items()}
        found[outcome.run_id] = {**outcome.row, "seconds": None, "paths": paths}

    pool.execute(jobs, on_outcome=keep, run=run_toy, **options)
    return found


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return value


def serial_rows(jobs):
    with open_pool(ExecutorSettings("serial")) as pool:
        return rows_of(pool, jobs)


def same(one, other):
    return {run: repr(row) for run, row in one.items()} == {run: repr(row) for run, row in other.items()}


def test_local_workers_give_the_rows_of_the_serial_executor(two_workers):
    assert same(rows_of(two_workers, toy_jobs(300, what="paths")), serial_rows(toy_jobs(300, what="paths")))


@pytest.mark.parametrize("what", ["raises", "leaks", "exits"])
def test_a_run_that_raises_is_a_row_and_the_sweep_goes_on(two_workers, what):
    jobs = list(toy_jobs(20, special={3: what}))
    rows = rows_of(two_workers, jobs)
    assert [run for run, row in rows.items() if row["status"] == "failed"] == [jobs[3].run_id]
    assert rows[jobs[3].run_id]["error"]
    assert same(rows, serial_rows(jobs))


def test_a_run_whose_worker_is_killed_is_run_again_elsewhere(two_workers, tmp_path):
    jobs = list(toy_jobs(20, special={5: "waits"}, notes=tmp_path, seconds=0.01))

    def kill_its_worker():
        pid = wait_until(lambda: next((int(path.read_text()) for path in tmp_path.glob("*.tried")), None))
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_its_worker)
    killer.start()
    rows = rows_of(two_workers, jobs)
    killer.join()
    assert {row["status"] for row in rows.values()} == {"done"}
    assert same(rows, serial_rows(toy_jobs(20)))


def test_a_run_that_always_kills_its_worker_is_blamed_alone(two_workers):
    jobs = list(toy_jobs(40, special={0: "kills", 25: "kills"}))
    rows = rows_of(two_workers, jobs)
    assert len(rows) == 40
    crashed = {run: row for run, row in rows.items() if row["status"] == "crashed"}
    assert sorted(crashed) == [jobs[0].run_id, jobs[25].run_id]
    row = crashed[jobs[25].run_id]
    assert "ended its worker process" in row["error"]
    assert (row["replication"], row["point"], row["seed"]) == (25, 7, 11)
    assert {row["status"] for run, row in rows.items() if run not in crashed} == {"done"}


def test_once_told_to_stop_nothing_more_comes_and_the_pool_can_be_used_again(two_workers):
    got = []
    endless = (job for _ in iter(int, 1) for job in toy_jobs(10**9))
    two_workers.execute(endless, on_outcome=got.append, run=run_toy, stop=lambda: len(got) >= 50)
    assert len(got) == 50
    assert len(rows_of(two_workers, toy_jobs(8))) == 8
    assert len(got) == 50


def test_an_error_of_the_caller_ends_the_sweep_with_that_error(two_workers):
    def refuse(outcome):
        raise ResultError("the disk is full")

    with pytest.raises(ResultError, match="the disk is full"):
        two_workers.execute(toy_jobs(100), on_outcome=refuse, run=run_toy)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Result hash of the sweep of 30 runs that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed") / "s"
    sweep(folder, n=30)
    return StudyStore.open(folder, read_only=True).result_hash()


def start(folder, *, kind="local", seconds):
    command = [sys.executable, "-m", "tests.sweep_survival.sweep_process", str(folder), "30", kind, str(seconds)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def n_stored(folder):
    with suppress(ResultError):
        return len(StudyStore.open(folder, read_only=True).done_ids())
    return 0


def gone(processes):
    return not any(lives(process) for process in processes)


def lives(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_sweep_whose_parent_is_killed_goes_on_to_the_same_result(tmp_path, undisturbed):
    folder = tmp_path / "s"
    parent = start(folder, seconds=0.15)
    wait_until(lambda: n_stored(folder) >= 4)
    family = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.communicate()
    wait_until(lambda: gone(family))
    assert 4 <= n_stored(folder) < 30
    assert 0 < sweep(folder, n=30) < 30
    assert StudyStore.open(folder, read_only=True).result_hash() == undisturbed


@pytest.mark.parametrize(
    ("number", "kind", "code"), [(signal.SIGINT, "local", 130), (signal.SIGTERM, "serial", 143)], ids=str
)
def test_ctrl_c_and_sigterm_keep_what_is_finished_and_end_quietly(tmp_path, undisturbed, number, kind, code):
    folder = tmp_path / "s"
    parent = start(folder, kind=kind, seconds=0.2)
    wait_until(lambda: n_stored(folder) >= 4)
    family = psutil.Process(parent.pid).children(recursive=True)
    os.killpg(parent.pid, number)
    signalled = time.monotonic()
    out, err = parent.communicate(timeout=PATIENCE_SECONDS)
    assert time.monotonic() - signalled < 15
    assert (parent.returncode, out, err) == (code, "started\ninterrupted\n", "")
    wait_until(lambda: gone(family))
    assert 4 <= n_stored(folder) < 30
    assert not list(folder.rglob("*.partial"))
    sweep(folder, n=30)
    assert StudyStore.open(folder, read_only=True).result_hash() == undisturbed


def test_a_sweep_that_met_a_full_disk_goes_on_to_the_same_result(tmp_path, monkeypatch, undisturbed):
    folder = tmp_path / "s"
    sweep(folder, n=10)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(parts.os, "fsync", full)
        with pytest.raises(ResultError, match="disk is full; finished runs that are not stored: 20"):
            sweep(folder, n=30)
    assert n_stored(folder) == 10
    assert sweep(folder, n=30) == 20
    assert StudyStore.open(folder, read_only=True).result_hash() == undisturbed


def test_a_sweep_with_a_damaged_part_runs_its_runs_again(tmp_path, undisturbed):
    folder = tmp_path / "s"
    sweep(folder, n=12)
    sweep(folder, n=30)
    part = min((folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    part.write_bytes(part.read_bytes()[:-100])
    assert sweep(folder, n=30) == 12
    assert StudyStore.open(folder, read_only=True).result_hash() == undisturbed
    assert (folder / "quarantine/runs" / part.name).exists()


def server_drops(sock):
    """True if the other side ends the connection, with an alert or without; False if it sends something or waits."""
    sock.settimeout(PATIENCE_SECONDS)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:  # an alert of TLS, or a reset
        return True


def test_local_workers_take_connections_with_credentials_only(two_workers):
    """By sockets of the standard library: a Dask client has threads of its own, which a busy machine starves."""
    pytest.importorskip("cryptography", exc_type=ImportError)
    client = two_workers._cluster.client
    scheme, _, place = client.scheduler.address.partition("://")
    host, port = place.rsplit(":", 1)
    assert (scheme, host) == ("tls", "127.0.0.1")

    def connect():
        return socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)

    with connect() as plain:
        plain.sendall(bytes(8) + b"not a handshake of TLS")
        assert server_drops(plain)
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with connect() as stranger, suppress(ssl.SSLError), anyone.wrap_socket(stranger) as encrypted:
        assert server_drops(encrypted)
    ours = client.security.get_connection_args("client")["ssl_context"]
    with connect() as worker, ours.wrap_socket(worker, server_hostname=host) as encrypted:
        assert encrypted.recv(1)  # the scheduler's half of Dask's handshake


def test_without_the_package_for_credentials_a_sweep_says_so(monkeypatch):
    def missing():
        raise ImportError

    monkeypatch.setattr(local_workers.Security, "temporary", missing)
    said = []
    assert local_workers._credentials(said.append) is None
    assert "pip install cryptography" in said[0]
