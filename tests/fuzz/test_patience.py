"""The fuzzer tells a command that hangs from one on a machine that is busy with others."""

import time

import pytest
from clearsim.cli import entry

from tests.fuzz import harness


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A second stands for half a minute."""
    monkeypatch.setattr(harness, "PATIENCE_SECONDS", 1)


def seconds_of(monkeypatch, command):
    monkeypatch.setattr(entry, "main", command)
    return harness.command("x")[2]


def work():
    while True:
        pass


def test_a_command_that_works_without_end_is_given_up(monkeypatch):
    with pytest.raises(harness.HangError):
        seconds_of(monkeypatch, work)


def test_a_command_that_waits_without_end_is_given_up_too(monkeypatch):
    with pytest.raises(harness.HangError):
        seconds_of(monkeypatch, lambda: time.sleep(60))


def test_a_command_that_had_no_processor_for_a_while_is_waited_for(monkeypatch):
    assert seconds_of(monkeypatch, lambda: time.sleep(2.2)) > 2
