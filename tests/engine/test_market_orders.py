"""Time in force of users' orders without a price: fill-or-kill is honoured, post-only is refused."""

import clearsim
import pytest
from clearsim.agents.user import Order, UserAgent, UserAgentConfig
from clearsim.errors import AgentError

from tests.worlds.one_fall import write_world


class Scripted(UserAgent):
    """Sends each order of its list once, at its time."""

    def __init__(self, orders):
        self.orders = orders
        self.sent = 0

    def decide(self, view):
        due = [Order(*order) for time_ms, *order in self.orders[self.sent :] if time_ms <= view.time_ms]
        self.sent += len(due)
        return due


def orders_of(tmp_path, *wishes):
    """Orders of an agent that sends these against 0.4 on offer at 50,100: (tif, status, filled lots)."""
    config, _ = write_world(tmp_path)
    lists = {"seller": [[1000, "BTCUSDT", "sell", "0.4", "50100", "GTC"]], "taker": [[t, *rest] for t, *rest in wishes]}
    agents = [
        UserAgentConfig.of(Scripted, name=name, deposit_quote=1_000_000, params={"orders": orders})
        for name, orders in lists.items()
    ]
    chosen = clearsim.load(config).with_({"agents": agents, "duration_s": 70})
    orders = clearsim.run(chosen, detail="orders").orders()
    mine = orders[(orders["side"] == "buy") & (orders["kind"] == "MARKET")]
    return list(zip(mine["tif"], mine["status"], mine["filled"], strict=True))


def test_fill_or_kill_without_a_price_fills_all_or_nothing(tmp_path):
    orders = orders_of(
        tmp_path,
        [3000, "BTCUSDT", "buy", "3", None, "FOK"],
        [5000, "BTCUSDT", "buy", "0.3", None, "GTC"],
        [7000, "BTCUSDT", "buy", "0.1", None, "FOK"],
    )
    assert orders == [("FOK", "REJECTED_FOK", 0), ("IOC", "DONE", 300), ("FOK", "DONE", 100)]


def test_post_only_without_a_price_stops_the_run(tmp_path):
    with pytest.raises(AgentError, match=r"taker .* at 3000 ms, request 0: time_in_force POST_ONLY needs a price"):
        orders_of(tmp_path, [3000, "BTCUSDT", "buy", "0.1", None, "POST_ONLY"])
