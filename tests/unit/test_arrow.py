"""Arrow arrays by their buffers are those that pyarrow makes, and pandas stays unloaded."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from clearsim.arrow import arrow_array, arrow_strings, numbers_of, text_buffers


@pytest.mark.parametrize(
    "values",
    [
        np.arange(-3, 9, dtype=np.int64),
        np.arange(10, dtype=np.int32)[::3],
        np.array([0.5, np.nan, -0.0, np.inf]),
        np.array([True, False, True] * 7),
        np.array(["a", "", "ü€", "long words"]),
        np.array(["x", "yy"], dtype=object),
        np.array([], dtype=np.int64),
        np.array([], dtype=bool),
        [1, 2, 3],
    ],
    ids=repr,
)
def test_equals_what_pyarrow_makes(values: object) -> None:
    made, wanted = arrow_array(values), pa.array(np.asarray(values), from_pandas=False)
    made.validate(full=True)
    assert made.type == wanted.type
    assert made.null_count == 0
    assert repr(made.to_pylist()) == repr(wanted.to_pylist())


def test_objects_that_are_not_text_keep_their_nulls() -> None:
    assert arrow_array(np.array(["a", None], dtype=object)).to_pylist() == ["a", None]


def test_strings() -> None:
    assert arrow_strings(["BTCUSDT", "", "ß"]).to_pylist() == ["BTCUSDT", "", "ß"]
    assert arrow_strings([]).type == pa.string()


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.float64, np.bool_])
def test_numbers_come_back_from_whole_arrays_slices_and_empty_ones(kind: type) -> None:
    values = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1], dtype=kind)
    array = arrow_array(values)
    for found, wanted in ((array, values), (array.slice(3, 5), values[3:8]), (array.slice(0, 0), values[:0])):
        assert numbers_of(found).dtype == wanted.dtype
        assert numbers_of(found).tolist() == wanted.tolist()


def test_a_run_and_its_folder_need_no_pandas(tmp_path: Path) -> None:
    """Workers of a sweep start quicker without it."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from clearsim.config import load_config\nfrom clearsim.runs.run import RunOptions, run_config\n"
        "config = load_config('base', ['duration_s=20', 'markets[0].price.shock_ms=10000']).config\n"
        f"run_config(config, RunOptions(out=Path({str(tmp_path / 'run')!r})))\n"
        "print('pandas' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "False\n"


def test_strings_are_the_same_bytes_with_and_without_pandas(monkeypatch):
    """Where pandas is loaded, pyarrow's own loop is used."""
    values = ["", "a", "Zürich", "levered#12", "", "€"]
    monkeypatch.setitem(sys.modules, "pandas", sys)
    fast = arrow_strings(values)
    monkeypatch.delitem(sys.modules, "pandas")
    plain = arrow_strings(values)
    assert fast.equals(plain)
    assert fast.to_pylist() == plain.to_pylist() == values
    assert fast.null_count == plain.null_count == 0


def test_only_strings_are_taken_for_strings():
    assert arrow_array(np.array(["a", 1], object)[:1]).type == pa.string()
    assert arrow_array(np.array([None, None], object)).null_count == 2


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["a", "", "Zürich", "€"], ["x" * 40, "y"]])
def test_the_buffers_of_texts_hold_their_characters_also_of_a_part(texts):
    """Lengths are in bytes: 7 for Zürich, 3 for the euro sign."""
    array = pa.array(["before", *texts, "after"], pa.string()).slice(1, len(texts))
    offsets, characters = text_buffers(array)
    assert bytes(characters) == "".join(texts).encode()
    assert np.diff(offsets).tolist() == [len(text.encode()) for text in texts]
