"""Whatever a user brings: no traceback, no hang, nothing half-written, and `check --draw` and `run` agree.

500 inputs always, 10,000 with `-m slow`. Repeat one with `python -m tests.fuzz.one NUMBER`.
"""

import faulthandler
import shutil

import pytest
from clearsim.runs import manifest

from tests.fuzz.harness import faults_of

BATCH = 50


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


def faults_in(numbers, tmp_path, shared):
    found = []
    for number in numbers:
        faulthandler.dump_traceback_later(300, exit=True)  # compiled code does not heed the alarm of the harness
        folder = tmp_path / str(number)
        found += faults_of(number, folder, shared)
        shutil.rmtree(folder)
    faulthandler.cancel_dump_traceback_later()
    return found


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    """In an empty folder; the state of the source tree is not asked for in every run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(manifest, "git_commit", lambda: None)


@pytest.mark.parametrize("start", range(0, 500, BATCH))
def test_an_input_is_used_or_refused_in_words(start, tmp_path, shared):
    assert faults_in(range(start, start + BATCH), tmp_path, shared) == []


@pytest.mark.slow
@pytest.mark.parametrize("start", range(500, 10_000, 10 * BATCH))
def test_many_more_inputs_are_used_or_refused_in_words(start, tmp_path, shared):
    assert faults_in(range(start, start + 10 * BATCH), tmp_path, shared) == []
