"""Who may write a folder where the file system knows no locks: the process id in the lock file decides."""

import errno
import json
import platform
import subprocess
import sys

import pytest
from clearsim.errors import ResultError
from clearsim.runs import lock
from clearsim.runs.lock import FolderLock


@pytest.fixture
def no_system_locks(monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", flock)


def a_dead_pid():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def left_by(folder, *, pid, host):
    (folder / ".lock").write_text(json.dumps({"pid": pid, "host": host}))
    return FolderLock(folder)


def test_what_a_dead_process_left_is_taken_over(tmp_path, no_system_locks):
    taken = left_by(tmp_path, pid=a_dead_pid(), host=platform.node())
    taken.acquire()
    with pytest.raises(ResultError, match="is writing to it"):
        FolderLock(tmp_path).acquire()
    taken.release()
    FolderLock(tmp_path).acquire()


def test_a_process_on_another_machine_is_believed_to_live(tmp_path, no_system_locks):
    with pytest.raises(ResultError, match=r"process 77 on elsewhere is writing to it.*delete .*\.lock"):
        left_by(tmp_path, pid=77, host="elsewhere").acquire()


def test_with_system_locks_an_unlocked_file_is_free_whatever_it_says(tmp_path):
    left_by(tmp_path, pid=77, host="elsewhere").acquire()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ResultError, match="cannot be written"):
        FolderLock(tmp_path / "none").acquire()
