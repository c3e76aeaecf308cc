"""The guard itself: what it counts as a difference, its renames, its random configs. Nothing is installed or run."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clearsim.config import load_config
from clearsim.runs.inputs import check_inputs

from tests.guard.compare import comparable, counts_of, differences, read_tables, rename, without_added
from tests.guard.jobs import random_jobs
from tests.guard.pool import DIED, Outcome
from tests.guard.randomconfigs import PRICE_KINDS, draw_config
from tests.guard.renames import Renames
from tests.guard.studies import shrink
from tests.guard.verdict import judge

NO_RENAMES = Renames()
FILLS = {"time_ms": [10, 20, 30], "price": [1.0, float("nan"), 3.0], "side": ["buy", "sell", "buy"]}
SERIES = {"time_ms": [5, 15], "mark": [1.0, 2.0]}


def tables(**columns: dict[str, list[object]]) -> dict[str, pa.Table]:
    return {name: pa.table(values) for name, values in columns.items()}


def write_run(folder: Path, fills: dict[str, list[object]]) -> Path:
    (folder / "events" / "fills").mkdir(parents=True)
    pq.write_table(pa.table(fills), folder / "events" / "fills" / "part-0000.parquet")
    (folder / "manifest.json").write_text(json.dumps({"result_hash": "x"}))
    return folder


def test_equal_tables_have_no_difference_and_nan_equals_nan():
    assert differences(tables(fills=FILLS), tables(fills=FILLS)) == []


def test_no_tables_on_either_side_are_not_called_equal():
    assert differences({}, {}) != []


@pytest.mark.parametrize(
    ("changed", "column", "row", "values"),
    [
        ({"price": [1.0, float("nan"), 3.0000000000000004]}, "price", 2, (3.0, 3.0000000000000004)),
        ({"side": ["buy", "buy", "buy"]}, "side", 1, ("sell", "buy")),
        ({"time_ms": [10, 20, 31]}, "time_ms", 2, (30, 31)),
    ],
)
def test_a_changed_value_is_found_with_its_table_column_and_row(changed, column, row, values):
    (found,) = differences(tables(fills=FILLS), tables(fills={**FILLS, **changed}))
    assert (found.table, found.column, found.row, (found.base, found.here)) == ("fills", column, row, values)


def test_the_difference_that_is_earliest_in_time_comes_first():
    here = tables(fills={**FILLS, "price": [1.0, 2.0, 3.0]}, series={**SERIES, "mark": [1.0, 2.5]})
    found = differences(tables(fills=FILLS, series=SERIES), here)
    assert [(item.table, item.time_ms) for item in found] == [("series", 15.0), ("fills", 20.0)]


def test_a_missing_row_a_missing_column_and_a_missing_table_differ():
    short = {name: values[:2] for name, values in FILLS.items()}
    assert differences(tables(fills=FILLS), tables(fills=short))[0].column == "(number of rows)"
    narrow = {name: FILLS[name] for name in ("time_ms", "price")}
    assert differences(tables(fills=FILLS), tables(fills=narrow))[0].column == "side"
    assert differences(tables(fills=FILLS), tables(series=SERIES)) != []


def test_whole_numbers_and_floats_are_not_the_same_column():
    assert differences(tables(t={"a": [1, 2]}), tables(t={"a": [1.0, 2.0]}))[0].base == "int64"


def test_renamed_tables_columns_and_texts_are_equal_under_the_map_alone():
    here = tables(trades={"time_ms": FILLS["time_ms"], "price_quote": FILLS["price"], "new": [0, 0, 0]})
    old = {**FILLS, "side": ["buy", "sell", "buy"]}
    renames = Renames(
        tables={"fills": "trades"},
        columns={"fills": {"price": "price_quote", "side": None}},
        added={"trades": ("new",)},
    )
    assert differences(rename(tables(fills=old), renames), without_added(here, renames)) == []
    assert differences(tables(fills=old), here) != []
    texts = Renames(values={("fills", "side"): {"buy": "bid"}})
    bids = {**FILLS, "side": ["bid", "sell", "bid"]}
    assert differences(rename(tables(fills=FILLS), texts), tables(fills=bids)) == []


def study(order: list[int], required: list[int], prefix: str) -> dict[str, pa.Table]:
    runs = {
        "run_id": [f"{prefix}{point}" for point in order],
        "config_hash": [prefix for _ in order],
        "point": order,
        "replication": [0 for _ in order],
        "arm": [0 for _ in order],
        "error": [f"failed\n{prefix}/file.py" for _ in order],
        "seconds": [float(len(prefix)) for _ in order],
        "required": [required[point] for point in order],
    }
    paths = {"run_id": [f"{prefix}{point}" for point in order for _ in range(2)], "path": [0, 1] * len(order)}
    paths["value"] = [10 * point + path for point in order for path in range(2)]
    return tables(runs=runs, paths=paths, points={"point": sorted(order), "config_hash": [prefix for _ in order]})


def test_studies_are_compared_by_point_whatever_the_order_and_names_of_runs():
    base, here = study([0, 1, 2], [7, 8, 9], "a"), study([2, 0, 1], [7, 8, 9], "bb")
    assert differences(comparable(base), comparable(here)) == []
    (found,) = differences(comparable(base), comparable(study([2, 0, 1], [7, 8, 10], "bb")))
    assert (found.column, found.row, found.base, found.here) == ("required", 2, 9, 10)


def test_tables_are_read_from_parts_and_single_files(tmp_path):
    folder = write_run(tmp_path / "run", FILLS)
    pq.write_table(pa.table(FILLS), folder / "events" / "fills" / "part-0001.parquet")
    pq.write_table(pa.table({"point": [1]}), folder / "points.parquet")
    read = read_tables(folder)
    assert {name: table.num_rows for name, table in read.items()} == {"fills": 6, "points": 1}


@pytest.mark.parametrize(
    ("codes", "fills", "differs"),
    [
        ((0, 0), FILLS, False),
        ((0, 0), {**FILLS, "side": ["buy"] * 3}, True),
        ((0, 2), FILLS, True),
        ((DIED, DIED), FILLS, True),
    ],
)
def test_a_job_differs_by_its_values_its_exit_code_or_a_death(tmp_path, codes, fills, differs):
    folders = [write_run(tmp_path / "1-base", FILLS), write_run(tmp_path / "1-here", fills)]
    assert judge("job", [Outcome(code, "", 1.0) for code in codes], folders, NO_RENAMES).differs is differs


def test_refusals_by_both_are_no_difference_and_other_words_are_a_note(tmp_path):
    folders = [tmp_path / "1-base", tmp_path / "1-here"]
    told = [Outcome(2, f"{folders[0]}: must be whole", 0.1), Outcome(2, f"{folders[1]}: must be whole", 0.1)]
    same = judge("job", told, folders, NO_RENAMES)
    other = judge("job", [told[0], Outcome(2, "must be positive", 0.1)], folders, NO_RENAMES)
    assert (same.refused, same.differs, same.notes) == (True, False, ())
    assert (other.refused, other.differs, len(other.notes)) == (True, False, 1)


def test_what_runs_exercised_is_summed():
    transfers = {"reason": ["SOCIALISED_LOSS", "TRADE", "SOCIALISED_LOSS"], "lots": [-3, 5, 2]}
    runs = {"adl_matches": [2, 3], "bad_debt_quanta": [0, 0]}
    expected = {"adl_matches": 5, "bad_debt_quanta": 0, "torn_up_lots": 5}
    assert counts_of(tables(runs=runs, transfers=transfers)) == expected


def test_random_configs_depend_on_seed_and_number_alone():
    assert draw_config(1, 5) == draw_config(1, 5)
    assert draw_config(1, 5) != draw_config(2, 5)
    assert draw_config(1, 5) != draw_config(1, 6)


def test_random_configs_have_every_kind_of_price_and_two_markets():
    drawn = [draw_config(1, number) for number in range(24)]
    assert {market["price"]["kind"] for config in drawn for market in config["markets"]} == {*PRICE_KINDS}
    assert {len(config["markets"]) for config in drawn} == {1, 2}


def test_random_configs_are_valid(tmp_path):
    jobs = list(random_jobs(tmp_path, 30, 1))
    for job in jobs:
        check_inputs(load_config(job.commands[0][1]).config)
    assert len(jobs) == 30


def test_a_shrunken_study_keeps_every_value_of_its_levers():
    levers = [{"name": "fund", "path": "funds[0].seed_quote", "values": [1, 2, 3]}]
    big = {"name": "s", "base": "base", "design": {"kind": "saltelli", "n": 256}, "replications": 60, "paths": 20_000}
    small = shrink({**big, "levers": levers, "set": {"duration_s": 300}})
    assert (small["design"]["n"], small["replications"], small["paths"]) == (2, 1, 400)
    assert small["levers"] == levers
    assert small["set"]["duration_s"] == 300
    assert big["design"]["n"] == 256
