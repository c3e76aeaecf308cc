"""The folder of a study: what is added is there, whole, once, whatever happened to the process that added it."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clearsim.errors import ResultError
from clearsim.results import SCHEMA_VERSION, STUDY_PATHS, STUDY_RUNS
from clearsim.studies.store import part_files as parts
from clearsim.studies.store import store
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.toy_sweep import run_toy, toy_jobs

MANIFEST = {"study_hash": "aaaa", "name": "toy"}


def make(folder, **manifest):
    return StudyStore.create(folder, study_yaml="name: toy\n", manifest={**MANIFEST, **manifest})


def outcomes(n, what="paths", first=0):
    return [run_toy(job) for job in list(toy_jobs(first + n, what=what))[first:]]


def fill(folder, n=4, what="paths"):
    with make(folder) as made:
        for outcome in outcomes(n, what):
            made.add(outcome)
    return folder


def test_a_study_folder_holds_study_manifest_points_and_empty_tables(tmp_path):
    points = pa.table({"point": [0, 1], "l.fund": [1.5, 2.5]})
    files = {"points.parquet": parts.parquet_bytes(points).to_pybytes()}
    StudyStore.create(tmp_path / "s", study_yaml="name: toy\n", manifest=MANIFEST, files=files).close()
    assert (tmp_path / "s/study.yaml").read_text() == "name: toy\n"
    assert json.loads((tmp_path / "s/manifest.json").read_text()) == {**MANIFEST, "schema_version": SCHEMA_VERSION}
    assert pq.read_table(tmp_path / "s/points.parquet").equals(points)
    store = StudyStore.open(tmp_path / "s", read_only=True)
    assert (store.done_ids(), store.rows().num_rows, store.path_parts()) == (frozenset(), 0, [])


def test_rows_and_paths_come_back_exactly_as_they_were_added(tmp_path):
    fill(tmp_path / "s", n=3)
    store = StudyStore.open(tmp_path / "s", read_only=True)
    wanted = outcomes(3)
    rows = store.rows()
    assert rows.schema.names == [column.name for column in STUDY_RUNS]
    assert rows.column("run_id").to_pylist() == [outcome.run_id for outcome in wanted]
    assert rows.column("required_fund_quanta").to_pylist() == [o.row["required_fund_quanta"] for o in wanted]
    (part,) = store.path_parts()
    paths = pq.read_table(part)
    assert paths.schema.names == [column.name for column in STUDY_PATHS]
    for number, outcome in enumerate(wanted):
        mine = paths.slice(5 * number, 5)
        assert mine.column("run_id").to_pylist() == [outcome.run_id] * 5
        np.testing.assert_array_equal(mine.column("control").to_numpy(), outcome.paths["control"])


def test_columns_of_rows_can_be_chosen(tmp_path):
    fill(tmp_path / "s", n=2)
    assert StudyStore.open(tmp_path / "s", read_only=True).rows(["point"]).to_pydict() == {"point": [7, 7]}


def test_what_waits_is_written_after_enough_runs_or_bytes_or_seconds(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(store, "FLUSH_RUNS", 3)
    made = make(tmp_path / "s")
    many = outcomes(10, "done")
    made.add(many[0])
    made.add(many[1])
    assert made.run_parts() == []
    made.add(many[2])
    assert len(made.run_parts()) == 1
    made.add(many[3])
    now[0] += store.FLUSH_SECONDS
    made.tick()
    assert len(made.run_parts()) == 2
    monkeypatch.setattr(store, "FLUSH_BYTES", 100)
    made.add(outcomes(1, "paths", first=20)[0])
    assert len(made.run_parts()) == 3
    made.close()


def test_in_a_long_sweep_rows_wait_longer_but_not_more_than_a_minute(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    with make(tmp_path / "s") as made:
        for number, (started, waited, parts_then) in enumerate([(2000, 19, 0), (2000, 21, 1), (10**6, 59, 1)]):
            now[0] = started
            made.add(outcomes(1, "done", first=number)[0])
            now[0] = started + waited
            made.tick()
            assert len(made.run_parts()) == parts_then
        now[0] += 1
        made.tick()
        assert len(made.run_parts()) == 2


def test_failed_runs_can_be_forgotten_and_run_again(tmp_path):
    whole = StudyStore.open(fill(tmp_path / "whole", n=6), read_only=True).result_hash()
    with make(tmp_path / "s") as made:
        for number, outcome in enumerate(outcomes(4)):
            made.add(replace(outcome, row={**outcome.row, "status": "failed"}) if number in (1, 2) else outcome)
        made.flush()
        for outcome in outcomes(2, first=4):
            made.add(replace(outcome, row={**outcome.row, "status": "crashed"}, paths=None))
        assert made.forget(["failed", "crashed"]) == 4
        assert made.forget(["failed", "crashed"]) == 0
    with StudyStore.open(tmp_path / "s") as again:
        assert again.done_ids() == {outcomes(6)[number].run_id for number in (0, 3)}
        for number in (1, 2, 4, 5):
            again.add(outcomes(6)[number])
        assert again.result_hash() == whole


def test_a_run_is_stored_once(tmp_path):
    with make(tmp_path / "s") as made:
        made.add(outcomes(1)[0])
        with pytest.raises(ResultError, match="stored already"):
            made.add(outcomes(1)[0])
    with StudyStore.open(tmp_path / "s") as again, pytest.raises(ResultError, match="stored already"):
        again.add(outcomes(1)[0])


def test_a_row_with_another_column_is_refused_before_it_waits(tmp_path):
    with make(tmp_path / "s") as made:
        good, bad = outcomes(2, "done")
        del bad.row["point"]
        with pytest.raises(ResultError, match="point"):
            made.add(bad)
        made.add(good)
    assert StudyStore.open(tmp_path / "s", read_only=True).rows().num_rows == 1


def test_the_result_hash_does_not_see_order_parts_or_seconds(tmp_path, monkeypatch):
    fill(tmp_path / "one", n=6)
    monkeypatch.setattr(store, "FLUSH_RUNS", 2)
    with make(tmp_path / "two") as made:
        for outcome in reversed(outcomes(6)):
            made.add(outcome)
    one, two = (StudyStore.open(tmp_path / name, read_only=True) for name in ("one", "two"))
    assert (len(one.run_parts()), len(two.run_parts())) == (1, 3)
    assert one.rows().column("seconds") != two.rows().column("seconds")
    assert one.result_hash() == two.result_hash()


@pytest.mark.parametrize("change", ["row", "path", "run"])
def test_the_result_hash_sees_a_changed_number(tmp_path, change):
    before = StudyStore.open(fill(tmp_path / "s", n=3), read_only=True).result_hash()
    with make(tmp_path / "t") as made:
        for number, outcome in enumerate(outcomes(3)):
            if number == 1 and change == "row":
                outcome.row["n_fills"] += 1
            if number == 1 and change == "path":
                outcome.paths["control"][4] += 1e-9
            if number < 2 or change != "run":
                made.add(outcome)
    assert StudyStore.open(tmp_path / "t", read_only=True).result_hash() != before


def test_leftovers_of_a_killed_writer_are_removed_and_do_not_count(tmp_path):
    folder = fill(tmp_path / "s", n=2)
    (folder / "runs/.part-dead-000000.parquet.partial").write_bytes(b"half")
    (part,) = (folder / "paths").glob("part-*")
    orphan = folder / "paths/part-dead-000001.parquet"  # its process ended before it wrote the runs
    orphan.write_bytes(part.read_bytes())
    reader = StudyStore.open(folder, read_only=True)
    assert reader.path_parts() == [part]
    with StudyStore.open(folder) as again:
        assert sorted(path.name for path in folder.rglob("*part*")) == [part.name] * 2
        assert again.result_hash() == reader.result_hash()


def damage(path, where):
    data = bytearray(path.read_bytes())
    if where == "end cut off":
        data = data[: len(data) // 2]
    else:
        data[40:44] = bytes(255 - byte for byte in data[40:44])
    path.write_bytes(data)


@pytest.mark.parametrize("where", ["end cut off", "a page"])
@pytest.mark.parametrize("table", ["runs", "paths"])
def test_a_damaged_part_is_named_put_in_quarantine_and_its_runs_are_not_done(tmp_path, table, where):
    folder = fill(tmp_path / "s", n=2)
    whole = StudyStore.open(folder, read_only=True).result_hash()
    with StudyStore.open(folder) as made:
        made.add(outcomes(1, first=2)[0])
    bad = next(path for path in (folder / table).iterdir() if pq.read_table(path).num_rows in (2, 10))
    damage(bad, where)
    with pytest.raises(ResultError, match=bad.name):
        StudyStore.open(folder, read_only=True).result_hash()
    with StudyStore.open(folder) as again:
        (problem,) = again.problems
        assert bad.name in problem
        assert "quarantine" in problem
        assert again.done_ids() == {outcomes(3)[2].run_id}
        assert (folder / "quarantine/runs" / bad.name).exists()
        assert (folder / "quarantine/paths" / bad.name).exists()
        for outcome in outcomes(2):
            again.add(outcome)
        assert again.done_ids() == {outcome.run_id for outcome in outcomes(3)}
        assert again.result_hash() != whole


def test_another_study_is_refused(tmp_path):
    fill(tmp_path / "s")
    with pytest.raises(ResultError, match=r"holds another study.*aaaa there, bbbb now"):
        StudyStore.open(tmp_path / "s", study_hash="bbbb")
    StudyStore.open(tmp_path / "s", study_hash="aaaa").close()


def test_another_schema_version_is_refused(tmp_path):
    fill(tmp_path / "s")
    path = tmp_path / "s/manifest.json"
    path.write_text(json.dumps({**MANIFEST, "schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(
        ResultError, match=f"schema version {SCHEMA_VERSION + 1}, this version of clearsim writes {SCHEMA_VERSION}"
    ):
        StudyStore.open(tmp_path / "s")


def test_the_folder_of_a_run_and_no_folder_are_refused(tmp_path):
    with pytest.raises(ResultError, match="not a result folder"):
        StudyStore.open(tmp_path / "nothing")
    (tmp_path / "manifest.json").write_text('{"schema_version": 1}')
    with pytest.raises(ResultError, match="not of a study"):
        StudyStore.open(tmp_path)


def test_an_existing_folder_is_not_made_anew(tmp_path):
    fill(tmp_path / "s")
    with pytest.raises(ResultError, match="exists"):
        make(tmp_path / "s")


class FullDisk:
    """Makes writing fail after some bytes, as a full disk does."""

    def __init__(self, monkeypatch, *, room):
        self.room = room
        self.real = os.fsync
        monkeypatch.setattr(parts.os, "fsync", self.fsync)

    def fsync(self, descriptor):
        self.room -= os.fstat(descriptor).st_size if self.room < 10**9 else 0
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.real(descriptor)


def test_a_full_disk_is_told_and_keeps_what_was_stored_and_nothing_half(tmp_path, monkeypatch):
    folder = fill(tmp_path / "s", n=2)
    with StudyStore.open(folder) as again:
        before = again.result_hash()
        for outcome in outcomes(3, first=2):
            again.add(outcome)
        with monkeypatch.context() as patch:
            FullDisk(patch, room=0)
            with pytest.raises(
                ResultError, match=r"disk is full; finished runs that are not stored: 3.*repeat the command"
            ):
                again.flush()
            assert not list(folder.rglob("*.partial"))
            assert StudyStore.open(folder, read_only=True).result_hash() == before
        again.flush()
    assert StudyStore.open(folder, read_only=True).rows().num_rows == 5


def fill_until_the_disk_is_full(folder, patch):
    with make(folder) as made:
        made.add(outcomes(1)[0])
        FullDisk(patch, room=0)


def test_a_full_disk_at_the_end_is_told_too(tmp_path, monkeypatch):
    with pytest.raises(ResultError, match="disk is full; finished runs that are not stored: 1"):
        fill_until_the_disk_is_full(tmp_path / "s", monkeypatch)


def test_two_writers_are_refused_and_readers_are_not(tmp_path):
    folder = fill(tmp_path / "s")
    with StudyStore.open(folder), pytest.raises(ResultError, match=f"process {os.getpid()} on .* is writing to it"):
        StudyStore.open(folder)
    with StudyStore.open(folder):
        assert len(StudyStore.open(folder, read_only=True).done_ids()) == 4


def test_another_process_that_writes_is_refused_until_it_is_killed(tmp_path):
    folder = fill(tmp_path / "s")
    code = (
        "import pathlib, sys; from clearsim.studies.store.store import StudyStore; "
        "store = StudyStore.open(pathlib.Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(ResultError, match=f"process {other.pid} on"):
            StudyStore.open(folder)
        other.kill()
        other.wait()
        StudyStore.open(folder).close()


def test_reading_does_not_write(tmp_path):
    folder = fill(tmp_path / "s")
    reader = StudyStore.open(folder, read_only=True)
    with pytest.raises(ValueError, match="open for reading"):
        reader.add(outcomes(1, first=9)[0])
