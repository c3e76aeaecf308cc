"""The example of every public name runs as it is written, with every module of clearsim imported before."""

import inspect
import re
from pathlib import Path

import clearsim
import pandas as pd
import pytest
from clearsim.config.yamlfile import shipped_configs

from tests.api.test_door import example_of, import_every_module

OWNERS = (
    clearsim.Config,
    clearsim.Result,
    clearsim.PathsResult,
    clearsim.Study,
    clearsim.StudyResult,
    clearsim.Answer,
    clearsim.StressFrontier,
    clearsim.FundHistory,
    clearsim.PriceFit,
)


def examples():
    """(where, code) of every example in the docstrings of the public API."""
    for name in clearsim.__all__:
        thing = getattr(clearsim, name)
        if code := example_of(thing):
            yield name, code
    for owner in OWNERS:
        for name, member in vars(owner).items():
            function = getattr(member, "__func__", member)
            if not name.startswith("_") and inspect.isfunction(function) and (code := example_of(function)):
                yield f"{owner.__name__}.{name}", code
    for name in clearsim.designs.__all__:
        yield f"designs.{name}", example_of(getattr(clearsim.designs, name))


EXAMPLES = dict(examples())


@pytest.fixture(scope="module")
def folder(tmp_path_factory, result):
    """A working folder with the results that examples name."""
    import_every_module()
    folder = tmp_path_factory.mktemp("examples")
    result.save(folder / "results" / "base-1")
    small = clearsim.Study.from_yaml("depth-leverage-small").with_({"replications": 1})
    clearsim.sweep(small, out=folder / "results" / "depth-leverage-small", executor="serial")
    entry = '{"timestamp": "2025-%02d-28T12:00:00Z", "currency": "XBt", "walletBalance": 1}'
    (folder / "insurance.json").write_text(f"[{entry % 1}, {entry % 2}]")
    (folder / "prices.csv").write_text("ts_ms,price\n1700000000000,100\n1700000060000,95\n")
    days = (f"{day},1" for day in pd.date_range("2025-01-31", "2025-03-01").strftime("%Y-%m-%d"))
    (folder / "fund-days.csv").write_text("\n".join(["date_utc,balance (BTC)", *days]) + "\n")
    return folder


@pytest.fixture(scope="module")
def frontier():
    return clearsim.reverse_stress("btc", depth=[0], concentration=[0], runs=3, tolerance=0.05)


@pytest.fixture(scope="module")
def paths():
    return clearsim.run("btc", fidelity="reduced", paths=200)


@pytest.mark.parametrize("where", EXAMPLES)
def test_the_example_runs(where, folder, monkeypatch, result, study, answer, frontier, paths):
    monkeypatch.chdir(folder)
    own = clearsim.open_study("results/depth-leverage-small") if where.startswith("StudyResult") else result
    names = {"clearsim": clearsim, "result": own, "study": study, "answer": answer, "frontier": frontier}
    names["paths"] = paths
    names["table"] = pd.read_csv(shipped_configs()["own-book"].with_suffix(".csv"))
    exec(compile(EXAMPLES[where], where, "exec"), names)


def test_the_example_of_the_readme_runs():
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
