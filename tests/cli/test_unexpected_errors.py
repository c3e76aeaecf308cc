"""What nobody foresaw ends with one line, the command that replays it, and exit code 1, also on a disk that is full."""

import errno
import signal
import sys
import tempfile
from typing import Any, NoReturn

import pytest
from clearsim import interrupt
from clearsim.cli import entry as cli
from clearsim.errors import AgentError


def stderr_of(error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    def fail(**_: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "catch_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["clearsim", "run", "base"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert text.endswith("replay with: clearsim run base\n")
    return text


def test_what_a_signal_made_fail_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Users' and compiled code turn the exception of a signal into others."""

    def fail(**_: Any) -> NoReturn:
        interrupt._pending.append(signal.SIGTERM)
        raise AgentError("agent me raised SystemExit: 143")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "catch_signals", lambda: None)
    monkeypatch.setattr(interrupt, "_pending", [])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 143
    assert capsys.readouterr().err == "interrupted; nothing was kept\n"


def test_a_disk_too_full_for_compiled_kernels_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = stderr_of(OSError(errno.ENOSPC, "No space left on device"), monkeypatch, capsys)
    assert text.startswith("the disk is full: the folder of results, or of compiled kernels (")
    assert "CLEARSIM_CACHE_DIR" in text


def test_a_traceback_that_cannot_be_kept_is_no_second_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(**_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    text = stderr_of(ValueError("two\nlines"), monkeypatch, capsys)
    assert text.startswith("unexpected ValueError: two lines; traceback in no file")
