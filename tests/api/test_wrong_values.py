"""Whatever is passed to a public name, it works or raises an error of clearsim's that names the argument.

Every function, constructor, public method and class method that `clearsim.__all__` leads to is called with each of its
arguments wrong in turn, and the others right.
"""

import inspect
from pathlib import Path

import clearsim
import numpy as np
import pandas as pd
import pytest
from clearsim.errors import ClearsimError

WRONG = [
    None, 3, -1, 1.5, True, "x", "", b"x", [], [3], (), {}, {"x": 1}, {3: 4}, object(), float("nan"), 10**30, str,
    Path("nowhere"), lambda: None, np.zeros((2, 2)), pd.DataFrame({"x": [1]}),
]  # fmt: skip
#: Classes that a user extends: their methods are the user's, their constructors take nothing.
EXTENDED = {"AdlRanking", "Allocation", "MarginSchedule", "UserAgent", "UserCohort", "PricePath"}
#: Right arguments of what costs time: refused because of them, after the types were checked.
NO_SUCH = {"run": "no-such-config", "config": "no-such-config", "source": "no-such-config", "study": "no-such-study"}
RIGHT = {
    "adl_queue": {"run": "no-such-config", "at": 1},
    "who_would_be_deleveraged": {"run": "no-such-config", "at": 1},
    "audit": {"run": "no-such-folder"},
    "replay": {"folder": "no-such-folder"},
    "reverse_stress": {"config": "no-such-config"},
    "run": {"config": "no-such-config"},
    "size_fund": {"source": "no-such-config", "target": "P(ADL within 1d) < 0.05"},
    "sweep": {"study": "no-such-study"},
    "open_run": {"folder": "nowhere"},
    "open_study": {"folder": "nowhere"},
    "load": {"source": "base"},
    "positions": {"table": pd.DataFrame({"account": ["a"]})},
    "Config": {},
    "Order": {"market": "B", "side": "buy", "size": 1},
    "Actions": {"account": [0]},
    "CancelAll": {},
    "Lever": {"name": "fund", "path": "funds[0].seed_quote", "values": [1, 2]},
    "Uncertainty": {"name": "u", "path": "markets[0].price.shock_fraction", "low": -0.2, "high": -0.1},
    "Study": {"base": "base"},
    "UserAgentConfig": {"name": "me", "file": "a.py", "class": "Me"},
    "PricePath": {"prices": [1.0, 2.0]},
    "Result": {"run": 3},
    "StudyResult": {"study": 3},
    "PathsResult": {"config": 3, "batch": 3, "scenario": 0, "replication": 0},
    "Answer": {"arms": ()},
    "StressFrontier": {"frame": pd.DataFrame(), "runs": 3, "share": 0.5},
    "Audit": {"folder": Path(), "transfers": 0, "accounts": 0, "markets": 0, "equities_compared": True, "proved": ()},
    "Replay": {"equal": True, "lines": ()},
    "RequiredFund": {
        "quote": 1.0, "is_bound": False, "bound_by": "none", "endless_quote": None, "without_cap_quote": None,
        "text": "",
    },
    "MarginFormula": {"maintenance": abs, "initial_ppm": abs},
    "import_history": {"files": ["no-such-file"], "kind": "fund", "out": "no-such-history.csv"},
    "fund_history": {"path": "no-such-history.csv"},
    "FundHistory": {"path": Path("no-such-history.csv")},
    "fit_prices": {"files": ["no-such-prices.csv"]},
    "PriceFit": {"coins": [], "common": {}, "settings": 3},
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny():
    return clearsim.load("base").with_({"duration_s": 30, "markets[0].price.shock_ms": 10_000}).with_traders(300)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    path = tmp_path_factory.mktemp("history") / "fund.csv"
    days = (f"{day},1" for day in pd.date_range("2025-01-31", "2025-03-01").strftime("%Y-%m-%d"))
    path.write_text("\n".join(["date_utc,balance (BTC)", *days]) + "\n")
    return clearsim.fund_history(path)


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    path = tmp_path_factory.mktemp("prices") / "prices.csv"
    path.write_text("ts_ms,price\n1700000000000,100\n1700000060000,95\n")
    return path


@pytest.fixture(scope="module")
def objects(tiny, history, prices):
    """An object of each public class that has methods."""
    study = clearsim.Study(
        tiny,
        uncertainties=[clearsim.Uncertainty("shock", path="markets[0].price.shock_fraction", low=-0.2, high=-0.1)],
        levers=[clearsim.Lever("fund", path="funds[0].seed_quote", values=[50_000, 500_000])],
    )
    return {
        "Config": tiny,
        "Result": clearsim.run(tiny, detail="series"),
        "PathsResult": clearsim.run("btc", fidelity="reduced", paths=20),
        "Study": study,
        "StudyResult": clearsim.sweep(study, executor="serial"),
        "Lever": clearsim.Lever("fund", path="funds[0].seed_quote", values=[1, 2]),
        "Uncertainty": clearsim.Uncertainty("u", path="seed", low=0, high=1),
        "Answer": clearsim.size_fund("btc", "P(ADL within 1d) < 0.05", budget=2_000, spread=0),
        "FundHistory": history,
        "PriceFit": clearsim.fit_prices(prices),
        "StressFrontier": clearsim.reverse_stress("btc", depth=[0], concentration=[0], runs=1, tolerance=0.2),
    }


#: Right arguments of methods.
OF_METHODS = {
    "name": "no-such-figure", "formats": "no-such-format", "to": "no-such-tool", "path": None, "folder": "out",
    "values": {}, "n": 100, "quantile": 0.5, "config": "base", "source": "depth-leverage-small",
    "price": lambda seconds: seconds + 1, "duration_s": 10, "part": clearsim.UserAgent,
}  # fmt: skip
#: Methods for clearsim itself.
INTERNAL = {"with_sweep", "from_loaded"}


def arguments_of(function):
    return [
        parameter for name, parameter in inspect.signature(function).parameters.items() if name not in ("self", "cls")
    ]


def wrong_calls(function, right):
    """(argument, value, keyword arguments) with one wrong value; the argument by keyword, or in its place."""
    for parameter in arguments_of(function):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        name = "unknown" if parameter.kind is inspect.Parameter.VAR_KEYWORD else parameter.name
        for value in WRONG:
            yield name, value, {**right, name: value}


def call(function, keywords):
    """Call with those arguments in their places that cannot be named."""
    places = [p.name for p in arguments_of(function) if p.kind is inspect.Parameter.POSITIONAL_ONLY]
    return function(*[keywords[name] for name in places], **{k: v for k, v in keywords.items() if k not in places})


def faults(who, function, right):
    found, refused = [], set()
    for argument, value, keywords in wrong_calls(function, right):
        try:
            call(function, keywords)
        except ClearsimError as error:
            refused.add(argument)
            if not str(error):
                found.append(f"{who}({argument}={value!r}): an error without text")
        except Exception as error:
            found.append(f"{who}({argument}={value!r}): {type(error).__name__}: {error}")
    required = {p.name for p in arguments_of(function) if p.default is p.empty and p.kind not in (2, 4)}
    return found, required - refused


PUBLIC = [name for name in clearsim.__all__ if name != "designs"]
#: Plain records that are checked where they are used, and what only clearsim constructs.
LENIENT = {"Order", "Actions", "CancelAll", "Audit", "Replay", "StressFrontier", "PathsResult", "RequiredFund"}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_function_and_constructor_names_the_wrong_argument(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    public = getattr(clearsim, name)
    if isinstance(public, type) and issubclass(public, Exception):
        return
    if name in EXTENDED - {"PricePath"}:
        for value in WRONG:
            with pytest.raises(ClearsimError, match="takes no arguments"):
                public(value)
        return
    right = {"result": None, "name": "x"} if name == "figure" else RIGHT[name]
    found, accepted = faults(name, public, right)
    assert found == []
    if name not in LENIENT | {"UserAgentConfig", "Config"}:
        assert accepted == set(), f"{name} refused no value of these"


@pytest.mark.parametrize("name", clearsim.designs.__all__)
def test_every_design_names_the_wrong_argument(name):
    right = {"points": [{"a": 1}]} if name == "listed" else {} if name == "one_at_a_time" else {"n": 4}
    found, accepted = faults(name, getattr(clearsim.designs, name), right)
    assert (found, accepted) == ([], set())


def methods():
    """(class, method) of all public methods and class methods."""
    for name in PUBLIC:
        public = getattr(clearsim, name)
        if isinstance(public, type) and name not in EXTENDED and not issubclass(public, Exception):
            for member, value in vars(public).items():
                if (
                    not member.startswith("_")
                    and member not in INTERNAL
                    and (inspect.isfunction(value) or isinstance(value, classmethod))
                ):
                    yield name, member


@pytest.mark.parametrize(("name", "member"), [*methods(), ("PricePath", "sampled")])
def test_every_method_names_the_wrong_argument(name, member, objects, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name == "UserAgentConfig" and member != "of":
        return  # the run calls these
    method = getattr(objects.get(name, getattr(clearsim, name)), member)
    required = [parameter for parameter in arguments_of(method) if parameter.default is parameter.empty]
    parameters = [parameter.name for parameter in required] + ["formats"] * (member == "export_figures")
    found, _ = faults(f"{name}.{member}", method, {key: OF_METHODS.get(key) for key in parameters if key != "fields"})
    assert found == []


def test_the_examples_of_the_report():
    for wrong in (
        lambda: clearsim.PricePath(3),
        lambda: clearsim.Study(levers=[3]),
        lambda: clearsim.open_run(None),
        lambda: clearsim.load("base").with_("x"),
        lambda: clearsim.figure(clearsim.run, None),
    ):
        with pytest.raises(ClearsimError, match=r"must be|missing"):
            wrong()


def test_an_argument_is_named_with_what_was_expected_and_found():
    with pytest.raises(ClearsimError, match=r"^open_run: folder must be text or a path, found None \(NoneType\)$"):
        clearsim.open_run(None)
    with pytest.raises(ClearsimError, match=r"^run: progress must be True or a function or None, found 3 \(int\)$"):
        clearsim.run("base", progress=3)
    with pytest.raises(ClearsimError, match=r"^Study: levers must be a list, each item a Lever, found \[3\] \(list\)$"):
        clearsim.Study("base", levers=[3])
