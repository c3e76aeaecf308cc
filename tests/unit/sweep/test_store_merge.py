"""Shards of a study, put together, are the study."""

import pyarrow as pa
import pytest
from clearsim.errors import ResultError
from clearsim.studies.store.folder import note_result
from clearsim.studies.store.merge import merge
from clearsim.studies.store.part_files import parquet_bytes
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.toy_sweep import run_toy, toy_jobs


def shard(folder, numbers, *, study_hash="aaaa", change=None):
    manifest = {"study_hash": study_hash, "host": {"system": folder.name}}
    files = {"points.parquet": parquet_bytes(pa.table({"point": [0]})).to_pybytes()}
    with StudyStore.create(folder, study_yaml="name: toy\n", manifest=manifest, files=files) as store:
        for job in [job for job in toy_jobs(20, what="paths") if job.number in numbers]:
            outcome = run_toy(job)
            if change and job.number == change[0]:
                change[1](outcome)
            store.add(outcome)
    return folder


def test_merged_shards_hash_as_one_sweep(tmp_path):
    whole = shard(tmp_path / "whole", range(20))
    parts = [shard(tmp_path / f"s{i}", range(i, 20, 3)) for i in range(3)]
    merged = StudyStore.open(merge(tmp_path / "out", parts), study_hash="aaaa")
    assert merged.result_hash() == StudyStore.open(whole, read_only=True).result_hash()
    assert (tmp_path / "out/study.yaml").read_text() == "name: toy\n"
    assert (tmp_path / "out/points.parquet").read_bytes() == (whole / "points.parquet").read_bytes()
    assert [shard["host"]["system"] for shard in merged.manifest["shards"].values()] == ["s0", "s1", "s2"]
    merged.close()


def test_the_manifest_tells_of_all_shards_not_of_the_first(tmp_path):
    parts = [shard(tmp_path / f"s{i}", range(i, 20, 3)) for i in range(3)]
    for number, part in enumerate(parts):
        with StudyStore.open(part) as store:
            store.manifest["shard"] = [number + 1, 3]
            note_result(store)
    merged = StudyStore.open(merge(tmp_path / "out", parts), read_only=True)
    assert merged.manifest["result_hash"] == merged.result_hash()
    assert (merged.manifest["n_stored"], merged.manifest["shard"]) == (20, [1, 1])
    assert [part["n_stored"] for part in merged.manifest["shards"].values()] == [7, 7, 6]


def test_shards_of_the_same_name_are_told_apart_by_their_path(tmp_path):
    parts = [shard(tmp_path / host / "study", range(i, 20, 2)) for i, host in enumerate(("one", "two"))]
    merged = StudyStore.open(merge(tmp_path / "out", parts), read_only=True)
    assert list(merged.manifest["shards"]) == [str(part) for part in parts]


def test_a_run_in_two_shards_counts_once(tmp_path):
    parts = [shard(tmp_path / "a", range(12)), shard(tmp_path / "b", range(8, 20))]
    whole = shard(tmp_path / "whole", range(20))
    merged = StudyStore.open(merge(tmp_path / "out", parts), read_only=True)
    assert merged.rows().num_rows == 20
    assert merged.result_hash() == StudyStore.open(whole, read_only=True).result_hash()


def change_row(outcome):
    outcome.row["n_fills"] += 1


def change_path(outcome):
    outcome.paths["control"][2] += 1.0


@pytest.mark.parametrize("change", [change_row, change_path])
def test_a_run_with_two_results_is_refused_and_nothing_is_written(tmp_path, change):
    parts = [shard(tmp_path / "a", range(12)), shard(tmp_path / "b", range(8, 20), change=(9, change))]
    with pytest.raises(ResultError, match="with other numbers"):
        merge(tmp_path / "out", parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_shards_of_two_studies_are_refused(tmp_path):
    parts = [shard(tmp_path / "a", [0]), shard(tmp_path / "b", [1], study_hash="bbbb")]
    with pytest.raises(ResultError, match="b: holds another study"):
        merge(tmp_path / "out", parts)


def test_an_output_folder_that_exists_is_refused(tmp_path):
    with pytest.raises(ResultError, match="exists"):
        merge(shard(tmp_path / "a", [0]), [tmp_path / "a"])
