"""A user's own agent: what it sees, what its requests become, its errors; the how-to page runs as written."""

import importlib.util
import re
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from clearsim.agents import NamedAgent, UserAgentConfig
from clearsim.agents.behaviours import OwnBehaviour
from clearsim.errors import AgentError, ConfigError
from clearsim.layout import OrderKind, TimeInForce
from pydantic import TypeAdapter

from tests.agents.agent_worlds import MARK, build, levered, make_view, orders_at, population

HOWTO = Path(__file__).parents[2] / "sim" / "docs" / "how-to" / "write-an-agent.md"
HEAD = "from decimal import Decimal\nfrom clearsim.agents.user import CancelAll, Order, UserAgent\n"


def agent(body: str = "return None", *, head: str = HEAD, **fields) -> UserAgentConfig:
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    source = f"{head}\n\nclass Mine(UserAgent):\n    def decide(self, view):\n{lines}\n"
    entry = {"kind": "user", "name": "mine", "file": "mine.py", "class": "Mine", "deposit_quote": "1000", **fields}
    return TypeAdapter(NamedAgent).validate_python({"source": source, **entry})


def run(config: UserAgentConfig, time_ms: int = 5_000) -> np.ndarray:
    members = build(population(levered(500)), [config])
    return orders_at(members, make_view(members), time_ms)


def test_orders_become_intents():
    orders = run(
        agent(
            "return [CancelAll(), Order('BTCUSDT', 'buy', '0.25', '119999.9'),\n"
            "        Order('BTCUSDT', 'sell', 0.003, reduce_only=True),\n"
            "        Order('BTCUSDT', 'sell', 1, 130000.0, 'POST_ONLY')]"
        )
    )
    assert orders["kind"].tolist() == [OrderKind.CANCEL_ALL, OrderKind.LIMIT, OrderKind.MARKET, OrderKind.LIMIT]
    assert orders["side"][1:].tolist() == [0, 1, 1]
    assert orders["lots"][1:].tolist() == [250, 3, 1000]
    assert orders["price"][1:].tolist() == [1_199_999, 0, 1_300_000]
    assert orders["tif"][1:].tolist() == [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.POST_ONLY]
    assert orders["order_flags"][1:].tolist() == [0, 1, 0]
    assert len(set(orders["account"].tolist())) == 1


def test_a_market_order_keeps_fill_or_kill_and_else_takes_what_there_is():
    wished = ("GTC", "IOC", "FOK")
    orders = run(agent(f"return [Order('BTCUSDT', 'buy', 1, None, tif) for tif in {wished}]"))
    assert orders["kind"].tolist() == [OrderKind.MARKET] * 3
    assert orders["tif"].tolist() == [TimeInForce.IOC, TimeInForce.IOC, TimeInForce.FOK]


def test_none_and_an_empty_list_are_nothing():
    assert len(run(agent("return None"))) == len(run(agent("return []"))) == 0


MISTAKES = {
    "return [Order('BTCUSDT', 'buy', -0.05)]": "request 0: size must be positive and finite, was -0.05",
    "return [Order('BTCUSDT', 'buy', 0)]": "size must be positive and finite, was 0",
    "return [Order('BTCUSDT', 'buy', float('nan'))]": "size must be positive and finite, was nan",
    "return [Order('BTCUSDT', 'buy', float('inf'))]": "size must be positive and finite, was inf",
    "return [Order('BTCUSDT', 'buy', Decimal('sNaN'))]": "size must be positive and finite",
    "return [Order('BTCUSDT', 'buy', 'many')]": "size must be a number, was 'many'",
    "return [Order('BTCUSDT', 'buy', None)]": "size must be a number, was None",
    "return [Order('BTCUSDT', 'buy', True)]": "size must be a number, was True",
    "return [Order('BTCUSDT', 'buy', '0.0005')]": "size 0.0005 is not a whole multiple of the lot 0.001",
    "return [Order('BTCUSDT', 'buy', 1e300)]": "exceeds the maximum that the run can represent",
    "return [Order('BTCUSDT', 'buy', 1, '100.05')]": "not a whole multiple of the tick 0.1; the next below is 100.0",
    "return [Order('BTCUSDT', 'buy', 1, -1)]": "price must be positive and finite, was -1",
    "return [Order('BTCUSDT', 'buy', 1, 0)]": "price must be positive and finite, was 0",
    "return [Order('BTCUSDT', 'buy', 10**9, 10**9)]": "exceeds the maximum that the run can represent",
    "return [Order('DOGEUSDT', 'buy', 1)]": "no market is called 'DOGEUSDT'; the markets are BTCUSDT",
    "return [CancelAll('DOGEUSDT')]": "no market is called 'DOGEUSDT'",
    "return [Order('BTCUSDT', 'long', 1)]": "side must be 'buy' or 'sell', was 'long'",
    "return [Order('BTCUSDT', ['buy'], 1)]": "side must be 'buy' or 'sell'",
    "return [Order('BTCUSDT', 'buy', 1, 1, 'DAY')]": "time_in_force must be one of GTC, IOC, FOK, POST_ONLY, was 'DAY'",
    "return [Order('BTCUSDT', 'buy', 1, 1, ['GTC'])]": "time_in_force must be one of",
    "return [Order('BTCUSDT', 'buy', 1, None, 'POST_ONLY')]": "time_in_force POST_ONLY needs a price",
    "return [Order('BTCUSDT', 'buy', 1, reduce_only=2)]": "reduce_only must be True or False, was 2",
    "return [Order(['BTCUSDT'], 'buy', 1)]": "no market is called",
    "return Order('BTCUSDT', 'buy', 1)": "must return a list of Order and CancelAll, returned Order",
    "return 7": "must return a list of Order and CancelAll, returned int",
    "return [CancelAll(), 'buy']": "request 1: must be an Order or a CancelAll, was str",
    "return [CancelAll()] * 1001": "returned 1001 requests; the maximum is 1000",
    "return 1 / 0": "raised ZeroDivisionError: division by zero (line 7)",
    "return view.markets['ETHUSDT']": "raised KeyError: 'ETHUSDT' (line 7)",
    "view.markets['BTCUSDT'] = None": "raised TypeError",
    "view.account.equity = 1": "raised FrozenInstanceError",
}


@pytest.mark.parametrize("body", MISTAKES)
def test_every_mistake_names_the_agent_the_time_and_what_was_wrong(body):
    with pytest.raises(AgentError) as caught:
        run(agent(body))
    message = str(caught.value)
    assert message.startswith("agent mine (mine.py:Mine) at 5000 ms")
    assert MISTAKES[body] in message
    assert "\n" not in message
    assert caught.value.args == (message,)  # SimPy rebuilds exceptions from one argument


def test_what_the_agent_sees():
    head = HEAD + "SEEN = []\n"
    config = agent("SEEN.append(view)\nself.rng.random()", head=head)
    members = build(population(levered(500)), [config])
    view = make_view(members)
    row = members.opening.agent_rows[0]
    view.accounts.lots[row, 0] = -250
    view.accounts.quote[row] += 250 * MARK * 100
    view.accounts.open_bid[row, 0] = 10
    view.best_ask[0] = 0
    view.index[0] = MARK + 7
    orders_at(members, view, 1234)
    seen = type(members.agents[0].state.agent).decide.__globals__["SEEN"][0]
    market = seen.markets["BTCUSDT"]
    assert (seen.time_ms, market.index, market.mark) == (1234, Decimal("120000.7"), Decimal("120000.0"))
    assert (market.bid, market.ask) == (Decimal("119999.5"), None)
    assert (market.tick_size, market.lot_size) == (Decimal("0.1"), Decimal("0.001"))
    assert seen.account.equity == 1000
    assert seen.account.positions["BTCUSDT"] == Decimal("-0.25")
    assert seen.account.resting_bids["BTCUSDT"] == Decimal("0.01")
    assert not seen.account.was_liquidated


def test_its_money_is_taken_as_written_not_scaled():
    members = build(population(levered(500)), [agent(deposit_quote="1000")], share="0.05")
    assert members.opening.deposit[members.opening.agent_rows[0]] == 1000 * 10**6


def test_the_text_of_the_file_is_part_of_the_config(tmp_path):
    (tmp_path / "mine.py").write_text(
        f"{HEAD}class Mine(UserAgent):\n    def decide(self, view):\n        return None\n"
    )
    fields = {"kind": "user", "name": "mine", "file": "mine.py", "class": "Mine"}
    config = UserAgentConfig.model_validate(fields).with_source(tmp_path)
    before = config.model_dump_json()
    (tmp_path / "mine.py").write_text("changed")
    assert config.with_source(tmp_path).model_dump_json() == before  # read once
    after = UserAgentConfig.model_validate(fields).with_source(tmp_path).model_dump_json()
    assert before != after
    assert config.load().decide(None) is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(:\n", "mine.py fails to load: SyntaxError"),
        ("import nothing_of_that_name\n", "mine.py fails to load: ModuleNotFoundError"),
        (HEAD + "class Other(UserAgent):\n    pass\n", "has no class Mine that extends UserAgent; it has Other"),
        (HEAD + "class Mine:\n    pass\n", "has no class Mine that extends UserAgent; it has none"),
        (
            HEAD + "class Mine(UserAgent):\n    def __init__(self, size):\n        pass\n",
            "Mine(**params) failed: TypeError",
        ),
    ],
)
def test_files_that_cannot_be_used_are_config_errors(source, message):
    config = agent().model_copy(update={"source": source})
    with pytest.raises(ConfigError) as caught:
        build(population(levered(500)), [config])
    assert str(caught.value).startswith("agent mine: ")
    assert message in str(caught.value)


def test_a_missing_file_is_a_config_error(tmp_path):
    config = UserAgentConfig.model_validate({"kind": "user", "name": "mine", "file": "none.py", "class": "Mine"})
    with pytest.raises(ConfigError, match=r"agent mine: cannot read .*none\.py"):
        config.with_source(tmp_path)


def test_the_howto_runs_as_written(tmp_path):
    text = HOWTO.read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S)[1]
    entry = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.S)[1])["agents"][0]
    (tmp_path / entry["file"]).write_text(code)
    config = TypeAdapter(NamedAgent).validate_python(entry).with_source(tmp_path)
    orders = run(config)
    assert orders["kind"].tolist() == [OrderKind.CANCEL_ALL, *([OrderKind.LIMIT] * 3)]
    # Index 120,000.0: rungs .2% apart.
    assert orders["price"][1:].tolist() == [1_197_600, 1_195_200, 1_192_800]
    assert orders["lots"][1:].tolist() == [50, 50, 50]


def code_blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", HOWTO.read_text(), re.S)


def test_the_howto_passes_the_agent_as_an_object(tmp_path, monkeypatch):
    """The class is written to a file and imported, as a user's would be."""
    (tmp_path / "howto_ladder.py").write_text(code_blocks("python")[0])
    spec = importlib.util.spec_from_file_location("howto_ladder", tmp_path / "howto_ladder.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["howto_ladder"] = module
    spec.loader.exec_module(module)
    names = dict(vars(module))
    monkeypatch.setitem(sys.modules, "ladder_buyer", module)
    exec(code_blocks("python")[1], names)
    entry = names["entry"]
    assert "class LadderBuyer(UserAgent)" in entry.source
    assert entry.params == {"step_ppm": 2000, "size": "0.05", "target": "125000"}
    from_file = yaml.safe_load(code_blocks("yaml")[0])["agents"][0]
    (tmp_path / from_file["file"]).write_text(code_blocks("python")[0])
    config = TypeAdapter(NamedAgent).validate_python(from_file).with_source(tmp_path)
    assert np.array_equal(run(entry), run(config))


def test_the_howto_cohort_runs_as_written(tmp_path):
    code, entry = code_blocks("python")[2], yaml.safe_load(code_blocks("yaml")[1])["population"]["cohorts"][0]
    (tmp_path / "drifters.py").write_text(code)
    entry["behaviour"] = OwnBehaviour.model_validate(entry["behaviour"]).with_source(tmp_path)
    members = build(population(entry, levered(500)))
    view = make_view(members)
    orders = orders_at(members, view, 5_000)
    trades = orders[orders["kind"] != OrderKind.CANCEL_ALL]
    # 100 arrivals a second for 5 s, standard deviation 22; half of them market orders.
    assert 400 < len(orders) - len(trades) < 600
    assert 0.4 < np.mean(trades["kind"] == OrderKind.MARKET) < 0.6
    assert np.abs(trades["lots"]).max() <= 25
    bad = code.replace("return Actions(account=who, lots=change", "return Actions(account=who, lots=[1, np.nan]")
    bad = bad.replace(
        "view.arrived\n", "view.arrived\n        who, place, uniforms = who[:2], place[:2], uniforms[:2]\n"
    )
    entry["behaviour"] = entry["behaviour"].model_copy(update={"source": bad})
    members = build(population(entry, levered(500)))
    with pytest.raises(AgentError) as caught:
        orders_at(members, make_view(members), 5_000)
    assert f"    {caught.value}\n" in HOWTO.read_text()


def test_the_howto_shows_messages_that_really_come():
    text = HOWTO.read_text()
    shown = re.findall(r"^    agent ladder-buyer \(ladder_buyer\.py:LadderBuyer\) at 5000 ms(.*)$", text, re.M)
    assert len(shown) == 2
    bad = agent("return [CancelAll(), Order('BTCUSDT', 'buy', -0.05)]")
    with pytest.raises(AgentError) as caught:
        run(bad)
    assert str(caught.value).endswith(shown[0])
    with pytest.raises(AgentError) as caught:
        run(agent("return view.markets['ETHUSDT']"))
    assert str(caught.value).rsplit(" (line", 1)[0].endswith(shown[1].rsplit(" (line", 1)[0])
