"""Pictures: what an agent saw stays as it was, cannot be written to, and can be compared, copied and pickled."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from clearsim.agents.pictures import MarketPictures, picture

from tests.agents.agent_worlds import MARK, build, levered, make_view, population


@pytest.fixture
def world():
    members = build(population(levered(500)))
    return make_view(members), int(members.opening.positions[0, 0])


def seen_by(world, time_ms=7):
    view, row = world
    return picture(time_ms, MarketPictures.take(view), view.accounts, row)


def test_equity_is_money_plus_positions_at_the_mark(world):
    view, row = world
    view.accounts.quote[row], view.accounts.lots[row, 0] = 5_000_000, -3
    # 5 USDT - .003 x 120,000.0
    assert seen_by(world).account.equity == Decimal("-355")


def test_a_picture_that_is_kept_does_not_change(world):
    view, row = world
    before = seen_by(world)
    equity, held, mark = before.account.equity, before.account.positions["BTCUSDT"], before.markets["BTCUSDT"].mark
    view.accounts.quote[row] += 1
    view.accounts.lots[row, 0] += 5
    view.mark[0] += 100
    view.best_bid[0] = 0
    assert (before.account.equity, before.account.positions["BTCUSDT"]) == (equity, held)
    assert before.markets["BTCUSDT"].mark == mark == MARK * Decimal("0.1")
    assert before.markets["BTCUSDT"].bid is not None
    assert seen_by(world) != before


def test_nothing_can_be_written(world):
    seen = seen_by(world)
    for target, name in ((seen, "time_ms"), (seen.account, "equity"), (seen.markets["BTCUSDT"], "mark")):
        with pytest.raises(FrozenInstanceError, match=name):
            setattr(target, name, 1)
        with pytest.raises(FrozenInstanceError, match=name):
            delattr(target, name)
    with pytest.raises(TypeError):
        seen.account.positions["BTCUSDT"] = 1


def test_pictures_can_be_compared_copied_and_pickled(world):
    seen = seen_by(world)
    assert seen == seen_by(world)
    assert seen != seen_by(world, time_ms=8)
    assert copy.deepcopy(seen) == pickle.loads(pickle.dumps(seen)) == seen
    assert repr(seen.account).startswith("AccountPicture(equity=Decimal(")
    assert hash(seen.markets["BTCUSDT"]) == hash(seen_by(world).markets["BTCUSDT"])
