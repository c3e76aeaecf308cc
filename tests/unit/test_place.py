"""A folder is claimed when a run starts: no result replaces another unasked; leftovers of killed processes go."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clearsim.api.reverse_stress import default_folder
from clearsim.api.validation import folder_for_page
from clearsim.config import config_from_text
from clearsim.config.starter import starter_text
from clearsim.errors import ConfigError, ResultError
from clearsim.runs import place
from clearsim.runs.folder import ResultFolder
from clearsim.runs.run import RunOptions, RunOutput, run_config
from clearsim.studies.store.store import StudyStore

from tests.fake_engine import FakeEngine

CONFIG = config_from_text(starter_text())


def run(folder: Path, *, during: Any = None, **options: Any) -> RunOutput:
    return run_config(CONFIG, RunOptions(out=folder, **options), simulate=FakeEngine(during))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def study(folder: Path) -> Path:
    StudyStore.create(folder, study_yaml="name: s\n", manifest={"study_hash": "a"}).close()
    return folder


def test_two_runs_of_one_name_get_two_folders(tmp_path: Path) -> None:
    inner: list[RunOutput] = []
    outer = run(
        tmp_path / "out",
        numbered=True,
        during=lambda: inner.append(run(tmp_path / "out", numbered=True, replication=1)),
    )
    assert (outer.folder, inner[0].folder) == (tmp_path / "out", tmp_path / "out-2")
    assert names(tmp_path) == ["out", "out-2"]
    for done in (outer, inner[0]):
        assert json.loads((done.folder / "manifest.json").read_text())["result_hash"] == done.manifest["result_hash"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_of_two_runs_into_one_folder_the_second_is_refused_at_its_start(tmp_path: Path, overwrite: bool) -> None:
    def second() -> None:
        with pytest.raises(ResultError, match=f"out: process {os.getpid()} on .* is writing to it"):
            run(tmp_path / "out", overwrite=overwrite)

    first = run(tmp_path / "out", during=second)
    assert names(tmp_path) == ["out"]
    assert json.loads((first.folder / "manifest.json").read_text())["result_hash"] == first.manifest["result_hash"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_came_to_be_at_the_place_during_the_run_is_left_alone(tmp_path: Path, kind: str, overwrite: bool) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"

    def make() -> None:
        elsewhere.mkdir()
        (elsewhere / "thesis.txt").write_text("precious")
        if kind == "folder":
            elsewhere.rename(out)
        elif kind == "file":
            out.write_text("precious")
        else:
            out.symlink_to(elsewhere)

    notes: list[str] = []
    done = run(out, during=make, overwrite=overwrite, say=notes.append)
    assert done.folder == tmp_path / "out-2"
    assert (done.folder / "manifest.json").is_file()
    assert notes == [f"{out} was made by something else during the run; the results are in {out}-2"]
    assert (out if kind == "file" else out / "thesis.txt").read_text() == "precious"


def test_overwrite_replaces_a_run_and_never_a_study(tmp_path: Path) -> None:
    study(tmp_path / "st")
    with pytest.raises(ResultError, match=r"st: holds a study; a run does not replace it"):
        run(tmp_path / "st", overwrite=True)
    run(tmp_path / "r")
    with (
        pytest.raises(ResultError, match=r"r: holds a run; a study does not replace it"),
        ResultFolder(tmp_path / "r", kind="study", overwrite=True),
    ):
        pass
    assert names(tmp_path) == ["r", "st"]


def test_overwrite_spares_a_folder_whose_manifest_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manifest.json").write_text('{"name": "an extension", "manifest_version": 3}')
    with pytest.raises(ResultError, match="is not a result folder; it is not overwritten"):
        run(tmp_path / "site", overwrite=True)


def test_a_study_that_is_being_written_is_not_replaced(tmp_path: Path) -> None:
    with (
        StudyStore.create(tmp_path / "st", study_yaml="name: s\n", manifest={"study_hash": "a"}),
        ResultFolder(tmp_path / "st", kind="study", overwrite=True) as made,
    ):
        made.write_text("manifest.json", "{}")
        with pytest.raises(ResultError, match="is writing to it"):
            made.commit()
    assert (tmp_path / "st" / "study.yaml").is_file()


def test_a_link_stays_a_link_and_its_folder_is_replaced(tmp_path: Path) -> None:
    run(tmp_path / "real")
    (tmp_path / "real" / "old").touch()
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "latest"
    link.symlink_to(tmp_path / "real")
    assert run(link, overwrite=True).folder == link
    assert link.is_symlink()
    assert not (tmp_path / "real" / "old").exists()
    assert (names(tmp_path), names(tmp_path / "links")) == (["links", "real"], ["latest"])


def test_a_link_to_nothing_gets_its_folder_and_one_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ResultError, match="link: exists"):
        run(tmp_path / "link" / ".." / "link")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ResultError, match=r"loop: "):
        run(tmp_path / "loop")


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.test_place import run
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "renames":
    from clearsim.runs import place
    rename = os.rename
    def once(a, b):
        if str(a).endswith(".partial"): die()
        rename(a, b)
    place.os.rename = once
    run(Path(sys.argv[1]), overwrite=True)
else:
    run(Path(sys.argv[1]), overwrite=True, during=die)
"""


def killed(folder: Path, when: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), when], cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL


def test_what_a_killed_run_left_is_named_and_removed_by_the_next_run_beside_it(tmp_path: Path) -> None:
    killed(tmp_path / "out", "runs")
    assert names(tmp_path) == [".out.claim", ".out.partial"]
    (tmp_path / ".mine.claim").write_text("not a claim")
    (tmp_path / ".mine.partial").mkdir()
    notes: list[str] = []
    run(tmp_path / "another", say=notes.append)
    assert notes == [f"{tmp_path}/.out.partial: removed; the process that was writing it had ended"]
    assert names(tmp_path) == [".mine.claim", ".mine.partial", "another"]


def test_a_run_killed_between_the_two_renames_of_a_replacement_loses_nothing(tmp_path: Path) -> None:
    before = run(tmp_path / "out").manifest
    killed(tmp_path / "out", "renames")
    assert names(tmp_path) == [".out.claim", ".out.old", ".out.partial"]
    notes: list[str] = []
    run(tmp_path / "another", say=notes.append)
    assert notes[0] == f"{tmp_path}/out: was put back; the process that was replacing it had ended"
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == before
    assert names(tmp_path) == ["another", "out"]


def test_a_run_that_is_being_written_is_not_cleaned_away(tmp_path: Path) -> None:
    first = run(tmp_path / "one", during=lambda: run(tmp_path / "two"))
    assert (first.folder / "manifest.json").is_file()
    assert names(tmp_path) == ["one", "two"]


def test_default_folders_of_answers_and_pages_are_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [default_folder(CONFIG).name for _ in range(2)] == [  # type: ignore[arg-type]
        f"reverse-stress-{CONFIG.name}-{CONFIG.seed}{end}" for end in ("", "-2")
    ]
    assert [str(folder_for_page(None, overwrite=False)) for _ in range(2)] == [
        f"results/validation{end}" for end in ("", "-2")
    ]
    with pytest.raises(ConfigError, match="exists; name another"):
        folder_for_page(Path("results/validation"), overwrite=False)


def test_names_run_on_without_end() -> None:
    found = place.free_names(Path("a/b"))
    assert [str(next(found)) for _ in range(3)] == ["a/b", "a/b-2", "a/b-3"]
