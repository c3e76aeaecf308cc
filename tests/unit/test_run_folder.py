"""Opening result folders: what is read, what is refused and how it is said; exact money; thinning."""

import json
from decimal import Decimal

import numpy as np
import pytest
from clearsim.analysis.downsample import MAX_POINTS, keep_extremes
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.money import choose_scale, exact_sum, format_exact, format_short
from clearsim.analysis.run_folder import open_run
from clearsim.results import SCHEMA_VERSION

from tests.worlds.results import write_quiet, write_rich


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return write_rich(tmp_path_factory.mktemp("rich"))


def test_a_folder_is_read_with_its_units(rich):
    run = open_run(rich)
    assert (run.asset, run.quantum, run.markets) == ("USDT", Decimal("0.000001"), ["BTCUSDT", "ETHUSDT"])
    assert run.lot_size("ETHUSDT") == Decimal("0.01")
    assert run.funds == {"shared": ["BTCUSDT", "ETHUSDT"]}
    assert len(run.of_market("ETHUSDT")) == 3_601
    assert run.of_market("ETHUSDT")["mark_price"].iloc[0] == pytest.approx(4_100)


def test_a_table_not_written_at_this_detail_is_empty_with_its_columns(tmp_path):
    run = open_run(write_rich(tmp_path, detail="summary"))
    assert run.series.empty
    assert "mark_price" in run.series
    assert run.table("adl_matches").empty


def test_a_required_table_that_is_missing_is_named(tmp_path):
    folder = write_rich(tmp_path)
    for part in (folder / "series").iterdir():
        part.unlink()
    with pytest.raises(AnalysisError, match=r"table series is missing \(7202 rows are expected.*clearsim replay"):
        _ = open_run(folder).series


def test_a_missing_part_is_found_by_the_row_count(tmp_path):
    folder = write_rich(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["row_counts"]["accounts"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AnalysisError, match="table accounts must have 439 rows according to the manifest, found 438"):
        _ = open_run(folder).accounts


def test_a_corrupt_part_is_named(tmp_path):
    folder = write_rich(tmp_path)
    part = folder / "series" / "part-0000.parquet"
    part.write_bytes(part.read_bytes()[:2_000])
    with pytest.raises(AnalysisError, match=r"series/part-0000\.parquet: the part is corrupt"):
        _ = open_run(folder).series


def test_another_schema_version_is_refused(tmp_path):
    folder = write_quiet(tmp_path, schema_version=99)
    with pytest.raises(AnalysisError, match=f"schema version 99, this program reads version {SCHEMA_VERSION}"):
        open_run(folder)


@pytest.mark.parametrize(("name", "text"), [("manifest.json", "{"), ("config.yaml", "a: [")])
def test_a_file_that_does_not_parse_is_named(tmp_path, name, text):
    folder = write_quiet(tmp_path)
    (folder / name).write_text(text)
    with pytest.raises(AnalysisError, match=name):
        open_run(folder)


def test_a_folder_without_manifest_is_no_result_folder(tmp_path):
    with pytest.raises(AnalysisError, match="is not a result folder"):
        open_run(tmp_path)


def test_a_quantum_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(AnalysisError, match="quantum must be a positive number, found 'many'"):
        _ = open_run(write_quiet(tmp_path, quantum="many")).quantum


def test_thinning_keeps_first_last_and_every_extreme():
    values = np.sin(np.arange(50_000) / 7_000)
    values[31_234], values[31_235], values[7] = 9.0, -9.0, 5.0
    kept = keep_extremes(values)
    assert len(kept) <= MAX_POINTS
    assert {0, 7, 31_234, 31_235, 49_999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_thinning_keeps_gaps_and_leaves_short_traces_alone():
    values = np.full(10_000, np.nan)
    values[5_000] = 1.0
    assert 5_000 in keep_extremes(values, 100)
    assert keep_extremes([3.0, 1.0]).tolist() == [0, 1]
    with pytest.raises(ValueError, match="at least 4"):
        keep_extremes(values, 3)


@pytest.mark.parametrize(
    ("quanta", "quantum", "text"),
    [
        (-1_234_500_000, "0.000001", "-1,234.500000"),
        (2**62, "0.000001", "4,611,686,018,427.387904"),
        (0, "0.01", "0.00"),
        (7, "1", "7"),
        (-1, "0.000000000001", "-0.000000000001"),
    ],
)
def test_money_is_printed_exactly(quanta, quantum, text):
    assert format_exact(quanta, Decimal(quantum)) == text


def test_sums_beyond_int64_are_exact():
    assert exact_sum([2**61, 2**61, 2**61, 2**61, -1]) == 4 * 2**61 - 1
    assert exact_sum(np.array([-(2**62)] * 3)) == -3 * 2**62
    assert exact_sum([]) == 0


def test_readable_amounts():
    assert format_short(12_345_678.0, "USDT") == "12.3 million USDT"
    assert format_short(-999.4, "USDT") == "-999 USDT"
    assert format_short(0.0, "USDT") == "0 USDT"
    assert format_short(0.0004) == "0.0004"
    assert choose_scale(4.2e9, "USDT").unit == "billion USDT"
