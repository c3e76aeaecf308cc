"""Arrow arrays from NumPy arrays and strings, and back, by their buffers.

`pyarrow.array` and `Array.to_numpy` do the same and more, but import pandas (a third of a
second) to ask whether they were given a series.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def arrow_strings(values: Sequence[str]) -> pa.StringArray:
    """Strings as an Arrow array of the same length, without nulls."""
    if "pandas" in sys.modules:  # then nothing is imported, and the loop runs in compiled code
        return pa.array(values if isinstance(values, list) else list(values), pa.string())
    encoded = [value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def arrow_array(values: Any) -> pa.Array:
    """Whole numbers, floats (NaN stays NaN), truths or strings of one dimension as an Arrow array without nulls.

    Numbers are not copied where they lie side by side: whoever changes the array afterwards changes both. What is of
    another kind (objects, dates) goes the way of `pyarrow.array`.
    """
    column = np.ascontiguousarray(values)
    if column.ndim == 1 and column.dtype.kind in "iufb":
        return _by_buffer(column, len(column))
    if "pandas" not in sys.modules and column.ndim == 1 and len(column) and _are_strings(values := column.tolist()):
        return arrow_strings(values)
    return pa.array(column, from_pandas=False)


def _are_strings(values: Sequence[object]) -> bool:
    return set(map(type, values)) <= {str, np.str_}


def _by_buffer(column: npt.NDArray[Any], length: int) -> pa.Array:
    kind = pa.from_numpy_dtype(column.dtype)
    if column.dtype.kind == "b":
        column = np.packbits(column, bitorder="little")
    return pa.Array.from_buffers(kind, length, [None, pa.py_buffer(column)])


def numbers_of(array: pa.Array) -> npt.NDArray[Any]:
    """The values of an Arrow array of whole numbers, floats or truths without nulls; numbers are a read-only view."""
    if pa.types.is_boolean(array.type):
        return numbers_of(array.cast(pa.uint8())).astype(np.bool_)
    values = np.frombuffer(array.buffers()[1] or b"", array.type.to_pandas_dtype())
    return values[array.offset : array.offset + len(array)]


def text_buffers(array: pa.StringArray) -> tuple[npt.NDArray[np.int32], memoryview]:
    """Where each text of an Arrow array without nulls begins, with the end of the last; the characters, in UTF-8."""
    _, starts, characters = array.buffers()
    if not len(array):
        return np.zeros(1, np.int32), memoryview(b"")
    offsets = np.frombuffer(starts, np.int32)[array.offset : array.offset + len(array) + 1]
    return offsets, memoryview(characters or b"")[offsets[0] : offsets[-1]]
