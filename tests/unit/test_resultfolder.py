"""Result folders are complete or not there, byte for byte reproducible, and their hash is over values, not batches."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clearsim.cli.run_texts import step_check_line
from clearsim.config import config_from_text
from clearsim.config.starter import starter_text
from clearsim.errors import ConservationError, ResultError
from clearsim.results import TABLES, TRANSFERS
from clearsim.runs import folder as resultfolder
from clearsim.runs.folder import ResultFolder, combine_hashes
from clearsim.runs.replay import compare_folders, load_run, replay_run
from clearsim.runs.run import RunOptions, run_config, write_run

from tests.fake_engine import FakeEngine, accounts_table, blank

CONFIG = config_from_text(starter_text())


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(folder: Path, **options: Any) -> Path:
    engine = FakeEngine(options.pop("during", None))
    return run_config(CONFIG, RunOptions(out=folder, **options), simulate=engine).folder


def test_a_run_writes_every_table_with_its_schema(tmp_path: Path) -> None:
    folder = run(tmp_path / "out")
    assert left_behind(folder) == ["accounts", "config.yaml", "events", "funds", "manifest.json", "runs", "series"]
    for table, place in (
        ("runs", "runs"),
        ("funds", "funds"),
        ("series", "series"),
        ("accounts", "accounts"),
        ("transfers", "events/transfers"),
    ):
        schema = pq.read_schema(folder / place / "part-0000.parquet")
        assert schema.names == [column.name for column in TABLES[table]]
        assert schema.field(0).metadata is not None
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["row_counts"] == {"accounts": 3, "funds": 1, "runs": 1, "series": 10, "transfers": 4000}
    assert manifest["quantum"] == "0.000001"
    assert manifest["lot_sizes"] == {"BTCUSDT": "0.001"}
    assert manifest["start_utc"] == "2026-01-05T12:00:00Z"
    assert manifest["seed"] == 1


def test_detail_decides_which_tables_there_are(tmp_path: Path) -> None:
    assert "events" not in left_behind(run(tmp_path / "series", detail="series"))
    assert "series" not in left_behind(run(tmp_path / "summary", detail="summary"))


def test_the_same_run_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    one, two = run(tmp_path / "one"), run(tmp_path / "two")
    assert compare_folders(one, two) == []
    other = run(tmp_path / "other", replication=1)
    differences = compare_folders(one, other)
    assert [line.split(":")[0] for line in differences] == ["runs", "series", "transfers"]
    assert "row 0, column run_id" in differences[0]


def test_the_hash_does_not_depend_on_where_batches_end(tmp_path: Path) -> None:
    rows = blank(TRANSFERS, 1000)
    rows["quote_quanta"] = np.arange(1000)
    rows["market"] = np.array([f"M{i % 7}" for i in range(1000)], dtype=object)
    rows["price"] = np.where(np.arange(1000) % 3 == 0, np.nan, -0.0)
    digests = []
    for size in (1000, 1, 333):
        with ResultFolder(tmp_path / f"out{size}") as folder:
            for start in range(0, 1000, size):
                folder.append("transfers", {name: column[start : start + size] for name, column in rows.items()})
            digests.append(folder.close_tables()["transfers"])
    assert len(set(digests)) == 1
    rows["price"] = np.where(np.isnan(rows["price"]), np.nan, 0.0)  # -0 equals 0
    rows["market"][5] = "M"
    with ResultFolder(tmp_path / "changed") as folder:
        folder.append("transfers", rows)
        assert folder.close_tables()["transfers"] != digests[0]


def test_texts_that_only_run_together_alike_hash_differently(tmp_path: Path) -> None:
    digests = []
    for markets in (["ab", "c"], ["a", "bc"]):
        rows = blank(TRANSFERS, 2) | {"market": markets}
        with ResultFolder(tmp_path / markets[0]) as folder:
            folder.append("transfers", rows)
            digests.append(folder.close_tables()["transfers"])
    assert digests[0] != digests[1]


def test_names_of_the_run_do_not_count_for_the_result_hash(tmp_path: Path) -> None:
    renamed = CONFIG.model_copy(update={"name": "another"})
    one = run_config(CONFIG, RunOptions(out=tmp_path / "a"), simulate=FakeEngine()).manifest
    two = run_config(renamed, RunOptions(out=tmp_path / "b"), simulate=FakeEngine()).manifest
    assert one["config_hash"] != two["config_hash"]
    assert one["result_hash"] == two["result_hash"]


def test_many_rows_spill_into_row_groups_while_the_run_goes_on(tmp_path: Path) -> None:
    n = resultfolder.ROWS_PER_GROUP + 10
    with ResultFolder(tmp_path / "out") as folder:
        folder.append("transfers", blank(TRANSFERS, n))
        end = time.monotonic() + 60  # another thread writes it
        while not (found := list(folder.folder.rglob("*.parquet"))) and time.monotonic() < end:
            time.sleep(0.01)
        assert found, "a full row group is on disk before the run ends"
        folder.close_tables()
        folder.commit()
    file = pq.ParquetFile(tmp_path / "out" / "events" / "transfers" / "part-0000.parquet")
    assert (file.num_row_groups, file.metadata.num_rows) == (2, n)


@pytest.mark.parametrize(
    "change",
    [
        {"lots": np.array([0.5, 1.0])},
        {"lots": pa.array([1, None])},
        {"payer": np.array([2**40, 0])},
        {"lots": np.zeros(3, np.int64)},
        {"market": np.array([1, 2])},
    ],
)
def test_columns_that_do_not_fit_the_schema_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with ResultFolder(tmp_path / "out") as folder, pytest.raises(ResultError, match="table transfers"):
        folder.append("transfers", blank(TRANSFERS, 2) | change)


def test_missing_and_unknown_columns_and_tables_are_refused(tmp_path: Path) -> None:
    rows = blank(TRANSFERS, 2)
    with ResultFolder(tmp_path / "out") as folder:
        with pytest.raises(ResultError, match=r"unknown columns \['extra'\]"):
            folder.append("transfers", rows | {"extra": rows["lots"]})
        with pytest.raises(ResultError, match=r"missing columns \['lots'\]"):
            folder.append("transfers", {name: column for name, column in rows.items() if name != "lots"})
        with pytest.raises(ResultError, match="there is no table transfer"):
            folder.append("transfer", rows)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _lose_money() -> None:
    raise ConservationError("lost")


@pytest.mark.parametrize(("during", "error"), [(_interrupt, KeyboardInterrupt), (_lose_money, ConservationError)])
def test_a_run_that_ends_early_leaves_nothing(tmp_path: Path, during: Any, error: type[BaseException]) -> None:
    with pytest.raises(error):
        run(tmp_path / "out", during=during)
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def write_table(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pq.ParquetWriter, "write_table", write_table)
    with pytest.raises(ResultError, match="the disk is full; nothing was kept"):
        run(tmp_path / "out")
    assert left_behind(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_on_a_small_file_is_said_too(tmp_path: Path) -> None:
    with ResultFolder(tmp_path / "out") as folder:
        (folder.folder / "manifest.json").symlink_to("/dev/full")
        with pytest.raises(ResultError, match="the disk is full"):
            folder.write_text("manifest.json", "{}")
    assert left_behind(tmp_path) == []


def test_a_failing_report_maker_leaves_nothing(tmp_path: Path) -> None:
    def finish(folder: Path) -> None:
        assert (folder / "manifest.json").is_file()
        raise ValueError("no report")

    with pytest.raises(ValueError, match="no report"):
        run(tmp_path / "out", finish=finish)
    assert left_behind(tmp_path) == []


def test_an_existing_folder_is_refused_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    folder = run(tmp_path / "out")
    (folder / "old").write_text("x")
    with pytest.raises(ResultError, match="exists; choose another --out, or add --overwrite"):
        run(folder)
    assert (folder / "old").exists()
    run(folder, overwrite=True)
    assert not (folder / "old").exists()
    assert left_behind(tmp_path) == ["out"]


def test_overwriting_keeps_the_old_folder_until_the_new_one_is_complete(tmp_path: Path) -> None:
    folder = run(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        run(folder, overwrite=True, during=_interrupt)
    assert (folder / "manifest.json").exists()
    assert left_behind(tmp_path) == ["out"]


def test_a_folder_that_holds_something_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("x")
    with pytest.raises(ResultError, match="is not a result folder; it is not overwritten"):
        run(tmp_path / "precious", overwrite=True)
    assert left_behind(tmp_path / "precious") == ["thesis.txt"]


def test_a_folder_replays_equal_and_a_changed_table_is_found(tmp_path: Path) -> None:
    folder = run(tmp_path / "out")
    assert replay_run(load_run(folder), simulate=FakeEngine()).equal
    path = folder / "series" / "part-0000.parquet"
    table = pq.read_table(path)
    marks = table["mark_price"].to_pylist()
    marks[7] += 1.0
    place = table.schema.get_field_index("mark_price")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(marks)), path)
    outcome = replay_run(load_run(folder), simulate=FakeEngine())
    assert not outcome.equal
    assert outcome.lines[1].startswith("series: row 7, column mark_price: ")
    assert outcome.lines[2].startswith("versions, source and processor are those on record: the folder was changed")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["environment"]["numpy"] = "1.0"
    manifest["host"]["processor"] = "x86_64 another"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    cause = replay_run(load_run(folder), simulate=FakeEngine()).lines[2]
    assert cause.startswith("cause: numpy was 1.0, is ")
    assert "the processor was x86_64 another, is " in cause


def test_a_folder_whose_config_was_edited_is_not_replayed(tmp_path: Path) -> None:
    folder = run(tmp_path / "out")
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("seed: 1\n", "seed: 2\n"))
    with pytest.raises(ResultError, match="was changed after the run"):
        load_run(folder)


def test_what_is_not_a_result_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="is not a result folder"):
        load_run(tmp_path)


def test_input_files_are_kept_so_that_the_folder_replays_anywhere(tmp_path: Path) -> None:
    agent = tmp_path / "agent.py"
    agent.write_text("class Mine: ...\n")
    config = config_from_text(starter_text() + f"agents: [{{kind: user, name: me, file: {agent}, class: Mine}}]\n")
    folder = run_config(config, RunOptions(out=tmp_path / "out"), simulate=FakeEngine()).folder
    agent.unlink()
    moved = folder.rename(tmp_path / "moved")
    assert replay_run(load_run(moved), simulate=FakeEngine()).equal


def test_check_step_says_which_share_of_the_shortfall_vanishes(tmp_path: Path) -> None:
    """600 and 480 in all: 20%. Differences over the mean of 200: 25%, 0, 35%, deviation 18.03%; t(2) = 4.3027."""
    engine = FakeEngine(shortfalls=(200, 100, 300), refined_shortfalls=(150, 100, 230))
    output = run_config(CONFIG, RunOptions(out=tmp_path / "out", check_step=True), simulate=engine)
    found = output.manifest["step_check"]
    assert (found["pairs"], found["shortfall_quanta"], found["shortfall_refined_quanta"]) == (3, 600, 480)
    assert found["vanishing_share"] == pytest.approx(0.2)
    assert found["vanishing_share_low"] == pytest.approx(0.2 - 0.44784, abs=1e-4)
    assert found["vanishing_share_high"] == pytest.approx(0.2 + 0.44784, abs=1e-4)
    assert (
        "20.0% of the shortfall vanishes at a quarter of the step, pairs of runs: 3, 95% interval -24.8% to 64.8%"
        in step_check_line(found)
    )
    assert "does not exclude 5%" in step_check_line(found)


def test_one_pair_of_runs_gives_no_interval(tmp_path: Path) -> None:
    engine = FakeEngine(shortfalls=(200,), refined_shortfalls=(196,))
    output = run_config(CONFIG, RunOptions(out=tmp_path / "out", check_step=True, step_pairs=1), simulate=engine)
    line = step_check_line(output.manifest["step_check"])
    assert line == (
        "time-step check: 2.0% of the shortfall vanishes at a quarter of the step, pairs of runs: 1,"
        " no interval from one pair"
    )


def test_write_run_takes_tables_in_memory(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "out", CONFIG, {"accounts": accounts_table()}, {"detail": "summary"})
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["result_hash"] == combine_hashes(manifest["table_hashes"])
