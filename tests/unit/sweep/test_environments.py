"""Rows of several versions do not mix unasked; damaged files of a study are written again; a difference has a cause."""

import pyarrow.parquet as pq
import pytest
from clearsim.errors import ResultError
from clearsim.runs.environment import environment, environment_id, processor
from clearsim.studies.execute.executors import ExecutorSettings
from clearsim.studies.store.folder import POINTS_FILE
from clearsim.studies.store.merge import merge
from clearsim.studies.store.store import StudyStore
from clearsim.studies.store.verify import status_of, verify
from clearsim.studies.sweep import SweepOptions, run_sweep

from tests.sweep_survival.test_real_runs import REDUCED, plan_of

SERIAL = ExecutorSettings("serial")
OLD, NEW = "1" * 64, "2" * 64


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path, REDUCED)


@pytest.fixture
def source(monkeypatch):
    """A function that changes what this process takes for its own source."""
    return lambda digest: monkeypatch.setitem(environment(), "clearsim source", digest)


def sweep(plan, folder, **options):
    return run_sweep(plan, SweepOptions(out=folder, executor=SERIAL, **options))


def made_by(folder):
    return StudyStore.open(folder, read_only=True).rows(["made_by"])["made_by"].to_pylist()


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_is_not_resumed_by_other_code_unless_asked_and_then_each_row_says_which(plan, tmp_path, source):
    source(OLD)
    first = environment_id(environment())
    sweep(plan, tmp_path / "s", max_runs=2)
    source(NEW)
    second = environment_id(environment())
    before = files(tmp_path / "s")
    with pytest.raises(ResultError, match=r"clearsim source 222222222222 here, 111111111111 there.*--mix-versions"):
        sweep(plan, tmp_path / "s")
    assert files(tmp_path / "s") == before
    sweep(plan, tmp_path / "s", mix_versions=True)
    assert sorted(made_by(tmp_path / "s")) == sorted([f"{first} {processor()}"] * 2 + [f"{second} {processor()}"] * 4)
    environments = StudyStore.open(tmp_path / "s", read_only=True).manifest["environments"]
    assert {name: known["clearsim source"] for name, known in environments.items()} == {first: OLD, second: NEW}


def test_a_complete_study_may_be_opened_by_other_code_because_nothing_is_added(plan, tmp_path, source):
    source(OLD)
    done = sweep(plan, tmp_path / "s")
    source(NEW)
    assert sweep(plan, tmp_path / "s").result_hash == done.result_hash
    assert len({*made_by(tmp_path / "s")}) == 1


def test_shards_of_other_code_are_not_merged_unless_asked(plan, tmp_path, source):
    for number, digest in enumerate([OLD, NEW], start=1):
        source(digest)
        sweep(plan, tmp_path / f"s{number}", shard=(number, 2))
    shards = [tmp_path / "s1", tmp_path / "s2"]
    with pytest.raises(ResultError, match=r"s2: its runs were computed by another environment than those of .*s1"):
        merge(tmp_path / "out", shards)
    assert not (tmp_path / "out").exists()
    merge(tmp_path / "out", shards, mix_versions=True)
    assert sorted(made_by(tmp_path / "out")) == sorted([*made_by(shards[0]), *made_by(shards[1])])
    store = StudyStore.open(tmp_path / "out", read_only=True)
    assert sorted(known["clearsim source"] for known in store.manifest["environments"].values()) == [OLD, NEW]


def test_what_made_a_row_is_not_part_of_the_result_hash(plan, tmp_path, source):
    one = sweep(plan, tmp_path / "a")
    source(NEW)
    assert sweep(plan, tmp_path / "b").result_hash == one.result_hash
    assert made_by(tmp_path / "a") != made_by(tmp_path / "b")


@pytest.mark.parametrize("damage", [b"x", b"", None])
def test_damaged_points_are_noticed_and_written_again_from_the_plan(plan, tmp_path, damage):
    folder = tmp_path / "s"
    sweep(plan, folder)
    whole = pq.read_table(folder / POINTS_FILE)
    (folder / POINTS_FILE).unlink() if damage is None else (folder / POINTS_FILE).write_bytes(damage)
    assert any(POINTS_FILE in problem for problem in status_of(folder).problems)
    assert any(POINTS_FILE in note for note in verify(folder, runs=1).notes)
    with pytest.raises(ResultError, match=POINTS_FILE):
        merge(tmp_path / "out", [folder])
    notes = []
    sweep(plan, folder, say=notes.append)
    assert any(POINTS_FILE in note and "written again" in note for note in notes)
    assert pq.read_table(folder / POINTS_FILE).equals(whole)
    assert status_of(folder).problems == ()


def test_a_damaged_base_config_is_written_again(plan, tmp_path):
    sweep(plan, tmp_path / "s")
    whole = (tmp_path / "s/base.yaml").read_bytes()
    (tmp_path / "s/base.yaml").write_bytes(whole[:100])
    sweep(plan, tmp_path / "s")
    assert (tmp_path / "s/base.yaml").read_bytes() == whole


def changed(folder, run):
    """Store another required fund for a run, as another version would have."""
    with StudyStore.open(folder) as store:
        row = next(row for row in store.rows().to_pylist() if row["run_id"] == run)
        store.forget(("done",))
        from clearsim.studies.design.job import Outcome

        row["required_fund_quanta"] += 1
        store.add(Outcome(run, row, None))


def test_verify_names_the_cause_of_a_difference(plan, tmp_path, source):
    source(OLD)
    sweep(plan, tmp_path / "s", max_runs=1)
    run = StudyStore.open(tmp_path / "s", read_only=True).rows(["run_id"])["run_id"][0].as_py()
    assert verify(tmp_path / "s").different == []
    changed(tmp_path / "s", run)
    (line,) = verify(tmp_path / "s").different
    assert "required_fund_quanta" in line
    assert "the folder was changed, or clearsim has a defect" in line
    source(NEW)
    (line,) = verify(tmp_path / "s").different
    assert line.endswith("cause: clearsim source was 111111111111, is 222222222222")


def test_verify_says_that_runs_are_equal_although_the_code_is_another(plan, tmp_path, source):
    source(OLD)
    sweep(plan, tmp_path / "s", max_runs=1)
    source(NEW)
    found = verify(tmp_path / "s")
    assert (found.checked, found.different) == (1, [])
    assert found.notes == ["equal although clearsim source was 111111111111, is 222222222222"]
