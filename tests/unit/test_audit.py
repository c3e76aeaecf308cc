"""The audit of a result folder: a real run adds up, and a folder that was tampered with does not."""

import shutil

import clearsim
import numpy as np
import pyarrow.parquet as pq
import pytest
from clearsim.config import load_config
from clearsim.errors import ConservationError, ResultError
from clearsim.kernels.book.levels import SLOT_BITS
from clearsim.layout import Reason
from clearsim.ledger.audit import audit_folder, replay_folder
from clearsim.results import SERIAL_SHIFT
from clearsim.runs.run import RunOptions, run_config

SMALL = ["duration_s=300", "seed=7"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("audit") / "run"
    config = load_config("base", overrides=SMALL).config
    return run_config(config, RunOptions(out=out, detail="orders")).folder


def change(folder, table, column, row, by):
    """Add to one number of a table, in place."""
    path = next((folder / table).glob("*.parquet"))
    whole = pq.read_table(path)
    values = whole[column].to_numpy().copy()
    values[row] += by
    place = whole.schema.get_field_index(column)
    pq.write_table(whole.set_column(place, whole.schema.field(place), [values]), path)


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_the_transfers_of_a_run_lead_to_every_stated_final_equity(folder):
    """CLR-LDG-001, CLR-LDG-003: by a path that shares no code with the ledger."""
    balances = audit_folder(folder).balances
    assert balances.quote.any()
    assert np.abs(balances.lots).sum() > 0
    assert balances.received[:, Reason.TRADE].any()
    assert balances.received.sum(axis=0).tolist() == [0] * len(Reason)


def test_a_changed_transfer_is_found(copy):
    change(copy, "events/transfers", "quote_quanta", 10, 1)
    with pytest.raises(ConservationError, match=r"leave account \d+ with -?1 quanta more"):
        audit_folder(copy)


def test_a_changed_equity_is_found_and_named(copy):
    change(copy, "accounts", "equity_final_quanta", 17, 5)
    with pytest.raises(ConservationError, match="leave account 17 with -5 quanta more than the accounts table states"):
        audit_folder(copy)


def test_a_lost_part_of_the_log_is_found(copy):
    path = next((copy / "events" / "transfers").glob("*.parquet"))
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(ConservationError):
        audit_folder(copy)


def test_a_folder_without_transfers_says_how_to_get_them(tmp_path):
    with pytest.raises(ResultError, match="--detail events"):
        replay_folder(tmp_path)


def test_serial_numbers_in_order_ids_are_where_the_book_puts_them():
    assert SERIAL_SHIFT == SLOT_BITS


def test_every_order_that_traded_at_once_has_its_fills(folder):
    audited = audit_folder(folder)
    orders = pq.read_table(folder / "events" / "orders")["filled"].to_numpy()
    assert audited.orders == np.count_nonzero(orders)
    assert audited.fills == len(pq.read_table(folder / "events" / "fills"))


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [
        ("fills", "lots", r"the fill with seq \d+ and its transfer differ in lots: \d+ and \d+"),
        ("fills", "maker", r"the fill with seq \d+ and its transfer differ in pay(er|ee)"),
        ("fills", "taker_order", r"state that they traded|states \d+ lots filled"),
        ("orders", "filled", r"state that they traded|states \d+ lots filled"),
    ],
)
def test_a_changed_trade_is_found(copy, table, column, message):
    change(copy, f"events/{table}", column, 3, 1)
    with pytest.raises(ConservationError, match=message):
        audit_folder(copy)


def test_a_lost_fill_is_found(copy):
    path = next((copy / "events" / "fills").glob("*.parquet"))
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(ConservationError, match=r"[\d,]+ transfers are trades, but there are [\d,]+ fills"):
        audit_folder(copy)


def test_the_audit_of_a_run_without_orders_says_what_it_could_not_compare(copy):
    shutil.rmtree(copy / "events" / "orders")
    audited = clearsim.audit(copy)
    assert "the transfers, with the same parties, lots and price" in audited.proved[-1]
    assert audited.not_compared == (
        "trades with the orders that caused them, because the run kept no orders (--detail orders keeps them)",
    )


def test_the_audit_of_a_run_with_orders_compares_everything(folder):
    audited = clearsim.audit(folder)
    assert audited.not_compared == ()
    assert "has fills of as many lots" in audited.proved[-1]
