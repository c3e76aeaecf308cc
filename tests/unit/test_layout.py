"""Records: a field is an attribute of a scalar in Python as in kernels."""

import numpy as np
import pytest
from clearsim import layout
from clearsim.reduced import layout as reduced_layout

DTYPES = {
    f"{module.__name__}.{name}": value
    for module in (layout, reduced_layout)
    for name, value in vars(module).items()
    if name.endswith("_DTYPE") and value.type is np.record
}


@pytest.mark.parametrize("name", DTYPES)
def test_no_field_is_hidden_by_a_method_of_scalars(name):
    """`record.mean` of a field called mean would be NumPy's method where kernels are plain Python."""
    assert [field for field in DTYPES[name].names if hasattr(np.void, field)] == []


def test_writes_to_a_scalar_reach_the_array():
    ledger = np.zeros(1, reduced_layout.LEDGER_DTYPE)
    row = ledger[0]
    row.fund, row.reached[1] = 7, 3
    assert (ledger["fund"][0], ledger["reached"][0].tolist()) == (7, [0, 3])
