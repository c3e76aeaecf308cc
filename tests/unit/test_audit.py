"""The audit of a result folder: a real run adds up, and a folder that was tampered with does not."""

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from clearsim.config import load_config
from clearsim.errors import ConservationError, ResultError
from clearsim.layout import Reason
from clearsim.ledger.audit import audit_folder, replay_folder
from clearsim.runs.run import RunOptions, run_config

SMALL = ["duration_s=300", "seed=7"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("audit") / "run"
    config = load_config("base", overrides=SMALL).config
    return run_config(config, RunOptions(out=out, detail="events")).folder


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
