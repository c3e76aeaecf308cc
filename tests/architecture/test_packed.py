"""A struct that is packed once: kernels read its parts, follow what is put in their place, and are never given a stale
or wrong address."""

import copy
import pickle
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from clearsim.kernels import addresses, jit
from clearsim.kernels.exchange import Exchange, make_exchange
from clearsim.kernels.jit import kernel
from clearsim.kernels.packed import Packed
from clearsim.kernels.structs import by_address
from clearsim.layout import I64

from tests.worlds.book import make_log, make_markets, make_venue, open_accounts

compiled_only = pytest.mark.skipif(jit.PLAIN, reason="kernels are plain Python")


@by_address
class Pair(NamedTuple):
    left: I64
    right: I64


class Box(Packed):
    first: Pair
    second: Pair | None
    rows: I64


@kernel
def read(box, i):
    box.rows[0] += 1
    return box.first.left[i] + 100 * box.first.right[i, 1] + 10_000 * box.rows[1]


@kernel
def left_of(pair, i):
    return pair.left[i]


@kernel
def read_second(box, i):
    return left_or(box, box.second, i)


@kernel
def left_or(box, pair, i):
    if pair is None:
        return box.rows[i]
    return left_of(pair, i)


def pair(start):
    return Pair(np.arange(start, start + 4), np.arange(start, start + 8).reshape(4, 2))


def box(**parts):
    return Box(**{"first": pair(1), "second": pair(20), "rows": np.array([0, 7]), **parts})


def test_kernels_read_and_write_the_arrays_of_all_parts():
    """left[2] = 3, right[2, 1] = 1 + 5, rows[1] = 7."""
    packed = box()
    assert read(packed, 2) == 3 + 100 * 6 + 10_000 * 7
    assert packed.rows.tolist() == [1, 7]
    packed.first.left[2] = 5
    assert read(packed, 2) == 5 + 100 * 6 + 10_000 * 7


def test_a_part_can_be_none_and_kernels_see_it():
    assert read_second(box(), 3) == 23
    assert read_second(box(second=None, rows=np.array([4, 9])), 1) == 9
    assert read_second(box(), 3) == 23


def test_a_part_passed_on_equals_the_same_struct_taken_apart():
    packed = box(first=pair(40))
    assert left_of(packed.first, 1) == 41
    assert read(packed, 1) % 100 == 41


def test_what_replaces_a_part_is_read_by_the_next_call():
    packed = box()
    packed.replace(second=pair(60), rows=np.array([3, 8]))
    assert read_second(packed, 0) == 60
    assert read(packed, 0) == 1 + 100 * 2 + 10_000 * 8
    assert packed.rows.tolist() == [4, 8]


@compiled_only
def test_arrays_of_another_kind_are_not_put_in_the_place_of_some():
    packed = box()
    with pytest.raises(TypeError, match=r"rows was packed as .*int64, 1d.* not as .*float64"):
        packed.replace(rows=np.zeros(2))
    assert read(packed, 0) == 1 + 100 * 2 + 10_000 * 7


@compiled_only
def test_one_class_with_arrays_of_other_kinds_is_another_compiled_type():
    """Halves survive: the words of one are never read as those of the other."""
    assert read(box(rows=np.array([0.0, 7.5])), 0) == 1 + 100 * 2 + 10_000 * 7.5
    assert read(box(), 0) == 1 + 100 * 2 + 10_000 * 7


def test_a_missing_or_unknown_part_is_named():
    with pytest.raises(TypeError, match="Box takes first, second, rows; given were first, rows"):
        Box(first=pair(1), rows=np.zeros(2, np.int64))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="rows must be an array, a struct of arrays or None, not list"):
        box(rows=[1, 2])


def test_a_part_cannot_be_assigned_and_a_struct_not_copied():
    packed = box()
    with pytest.raises(AttributeError, match=r"use Box.replace\(rows=...\)"):
        packed.rows = np.zeros(2, np.int64)
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="Box holds addresses"):
            duplicate(packed)


@compiled_only
def test_the_address_is_found_by_the_slower_way_too(monkeypatch):
    """Where a NumPy keeps the address of a record elsewhere, it is asked for it."""

    @kernel
    def read_again(box, i):
        return box.first.left[i]

    monkeypatch.setattr(addresses, "_is_data_at", lambda offset: False)
    assert read_again(box(first=pair(40)), 3) == 43


def test_an_exchange_without_books_of_its_own_has_empty_ones():
    log, markets = make_log(), make_markets(make_venue())
    exchange = make_exchange(open_accounts(markets, log, deposits=[5]), markets, log)
    assert repr(exchange) == f"<Exchange: {', '.join(Exchange._fields)}>"
    assert exchange.accounts.quote.tolist() == [-5, 0, 0, 0, 0, 5]
    assert len(exchange.books.orders) == 2  # slot 0 means "none"
    assert exchange.records.counts["liquidations"][0] == 0


def test_without_numba_a_struct_is_the_plain_object():
    program = """
import numpy as np, sys
from clearsim.kernels.packed import Packed
class Rows(Packed):
    rows: object
packed = Rows(rows=np.arange(3))
packed.replace(rows=np.arange(4))
print(packed.rows.sum(), "numba" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"NUMBA_DISABLE_JIT": "1"}
    )
    assert (done.stdout, done.stderr) == ("6 False\n", "")
