"""The ZI workload gives the published checksum on the compiled book, batch by batch, and on the plain book."""

import numpy as np
import pytest
from clearsim.kernels.book.levels import make_books
from clearsim.kernels.book.matching import match_actions
from clearsim.kernels.exchange import bare_books

from tests.plain_book import PlainZi
from tests.worlds.book import make_log
from tests.worlds.records import fields
from tests.zi_workload import CHECKSUMS, draw_workload

SMALL, MIDDLE, LARGE = CHECKSUMS


def compiled_checksum(key, *, log_on):
    workload = draw_workload(traders=key[0], steps=key[1], share=key[2])
    books = make_books(1, capacity=key[0], n_rows=key[0], base_ticks=[1], grid_bits=18)
    log = make_log(fills=16)
    log.header["log_on"][0] = int(log_on)
    exchange, done = bare_books(books, log), 0
    while done < len(workload.actions):
        done = match_actions(exchange, 0, workload.actions, done)
        log.header["n_fills"][0] = 0
    resting = int(np.count_nonzero(books.orders["id"]))
    return (*fields(log.header, "fill_count", "filled_lots", "volume")[0], resting)


@pytest.mark.parametrize("key", [SMALL, MIDDLE])
@pytest.mark.parametrize("log_on", [True, False])
def test_zi_checksum_of_the_compiled_book(key, log_on):
    assert compiled_checksum(key, log_on=log_on) == CHECKSUMS[key]


@pytest.mark.slow
def test_zi_checksum_of_the_compiled_book_over_a_million_actions():
    assert compiled_checksum(LARGE, log_on=True) == CHECKSUMS[LARGE]


def test_zi_checksum_of_the_plain_book():
    workload = draw_workload(traders=SMALL[0], steps=SMALL[1], share=SMALL[2])
    plain = PlainZi()
    for kind, side, _, _, owner, price, lots in workload.actions.tolist():
        plain.act(owner, side, kind == 1, price, lots)
    assert plain.checksum() == CHECKSUMS[SMALL]
