"""Named streams."""

import pytest
from clearsim.rng import Streams


def test_a_stream_depends_on_its_name_and_the_root_only():
    one, two = Streams(seed=7), Streams(seed=7)
    two.get("something else").random(100)
    assert (one.get("price").random(5) == two.get("price").random(5)).all()


@pytest.mark.parametrize("other", [dict(seed=8), dict(seed=7, scenario=1), dict(seed=7, replication=1)])
def test_seed_scenario_and_replication_change_every_stream(other):
    assert Streams(seed=7).get("price").random() != Streams(**other).get("price").random()


def test_names_with_one_key_are_refused():
    # "plumless" and "buckeroo" are the classic pair with equal CRC-32.
    streams = Streams(seed=1)
    streams.get("plumless")
    with pytest.raises(ValueError, match=r"plumless.*buckeroo|buckeroo.*plumless"):
        streams.get("buckeroo")
