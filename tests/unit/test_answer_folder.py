"""The folder of an answer: claimed, never silently overwritten, replaced as a whole."""

import json
import re

import pytest
from clearsim.errors import ResultError
from clearsim.runs import answer_folder
from clearsim.runs.answer_folder import AnswerFolder

NAMES = re.compile(r"answer(-\d+)?\.txt")


def put(folder, *, overwrite=False, say=print, **files):
    with AnswerFolder(folder, NAMES, overwrite=overwrite, say=say) as place:
        return place.put({f"{name.replace('_', '-')}.txt": text.encode() for name, text in files.items()})


def content(folder):
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_files_are_put_into_a_folder_of_other_things_and_only_theirs_are_replaced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert put(tmp_path, answer="one", answer_02="two") == [tmp_path / "answer.txt", tmp_path / "answer-02.txt"]
    with pytest.raises(
        ResultError, match=r"holds answer-02\.txt, answer\.txt; choose another folder, or add --overwrite"
    ):
        put(tmp_path, answer="three")
    assert content(tmp_path) == {"notes.txt": "mine", "answer.txt": "one", "answer-02.txt": "two"}
    put(tmp_path, answer="three", overwrite=True)
    assert content(tmp_path) == {"notes.txt": "mine", "answer.txt": "three"}


def test_a_folder_is_refused_before_the_work_and_while_another_writes_it(tmp_path):
    folder = tmp_path / "a" / "b"
    with AnswerFolder(folder, NAMES), pytest.raises(ResultError, match="is writing to it"):
        put(folder, answer="one")
    assert list(tmp_path.iterdir()) == []  # nothing was put, so nothing is left
    (tmp_path / "manifest.json").write_text(json.dumps({"schema_version": 3, "result_hash": "x"}))
    with pytest.raises(ResultError, match="holds a run, which a later run may replace"):
        put(tmp_path, answer="one")
    with pytest.raises(ResultError, match="is not a folder"):
        put(tmp_path / "manifest.json", answer="one")


def test_an_error_keeps_the_earlier_files(tmp_path, monkeypatch):
    put(tmp_path, answer="one")

    def full(path, data):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(answer_folder, "_write", full)
    with pytest.raises(ResultError, match=r"the disk is full; nothing was kept\. Free space$"):
        put(tmp_path, answer="two", overwrite=True)
    assert content(tmp_path) == {"answer.txt": "one"}


class KilledError(BaseException):
    pass


@pytest.mark.parametrize(("moves", "found"), [(0, "two"), (1, "two"), (None, "one")])
def test_what_a_killed_process_left_is_finished_if_it_was_whole_else_removed(tmp_path, monkeypatch, moves, found):
    """Killed after this many files were moved to their place; None: before the new files were whole."""
    put(tmp_path, answer="one", answer_02="old")
    real_write, real_replace, done = answer_folder._write, answer_folder.os.replace, []

    def write(path, data):
        if moves is None and path.name == ".whole":
            raise KilledError
        real_write(path, data)

    def replace(source, target):
        if len(done) == moves:
            raise KilledError
        done.append(target)
        real_replace(source, target)

    with monkeypatch.context() as killed:
        killed.setattr(answer_folder, "_write", write)
        killed.setattr(answer_folder.os, "replace", replace)
        killed.setattr(AnswerFolder, "_release", lambda self: self._lock.release())
        with pytest.raises(KilledError):
            put(tmp_path, overwrite=True, answer="two", answer_01="two")
    said = []
    with pytest.raises(ResultError, match="holds answer"):
        put(tmp_path, answer="three", say=said.append)
    if found == "one":
        assert content(tmp_path) == {"answer.txt": "one", "answer-02.txt": "old"}
        assert "removed; the process that was writing it had ended" in said[0]
    else:
        assert content(tmp_path) == {"answer.txt": "two", "answer-01.txt": "two"}
        assert "was put in place; the process that wrote it had ended" in said[0]
