"""Levels of detail: what each keeps of one run, and runs of older versions, which kept the orders among the events."""

import json

import clearsim
import pytest
from clearsim.results import ADDED_TABLES, DETAILS, TABLES, detail_of, is_kept
from clearsim.runs.replay import load_run, replay_run


@pytest.fixture(scope="module")
def config():
    return clearsim.load("base").with_({"duration_s": 60, "markets[0].price.shock_ms": 30_000}).with_traders(300)


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    return clearsim.run(config, out=tmp_path_factory.mktemp("detail") / "run", detail="orders")


def test_every_table_of_a_run_belongs_to_one_level():
    assert sorted(name for added in ADDED_TABLES.values() for name in added) == sorted(TABLES)
    assert [detail_of(name) for name in ("accounts", "series", "fills", "orders")] == list(DETAILS)
    assert is_kept("fills", detail="orders")
    assert not is_kept("orders", detail="events")


def test_the_default_keeps_all_events_but_the_orders(config, whole):
    plain = clearsim.run(config)
    assert plain.detail == "events"
    hashes = dict(whole.manifest["table_hashes"])
    hashes.pop("orders")
    assert plain.manifest["table_hashes"] == hashes  # `orders` changes nothing else
    with pytest.raises(clearsim.ResultError, match=r"kept no orders .* run it with detail='orders'"):
        plain.orders()


def test_orders_are_kept_when_asked_for(whole):
    assert len(whole.orders()) == whole.summary()["n_orders"]


def test_a_folder_of_an_older_version_is_read_and_replayed_with_its_orders(whole):
    path = whole.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"detail": "events"}))
    old = clearsim.open_run(whole.folder)
    assert len(old.orders()) == manifest["row_counts"]["orders"]
    assert replay_run(load_run(whole.folder)).equal
