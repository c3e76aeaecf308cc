"""Small worlds that the fuzzer starts from: trees of configs, a study, tables, agents, folders of results."""

import functools
import shutil

import clearsim
import yaml
from clearsim.config import to_yaml

SHORT = {"duration_s": 20}


def _tree(name, values):
    config = clearsim.load(name).with_(values)
    return yaml.safe_load(to_yaml(config))


@functools.cache
def configs():
    """Trees of small configs: the reference market, two markets, a story of whales, the reduced engine."""
    shock = {"markets[0].price.shock_ms": 5_000, **SHORT, "record.detail": "series", "record.sample_ms": 1_000}
    base = clearsim.load("base").with_(shock)
    names = [f"population.cohorts[{number}].traders" for number in range(len(base.population.cohorts))]
    few = {name: min(cohort.traders, 8) for name, cohort in zip(names, base.population.cohorts, strict=True)}
    two = clearsim.load("two-markets")
    short = {f"population.cohorts[{n}].traders": min(c.traders, 6) for n, c in enumerate(two.population.cohorts)}
    return [
        yaml.safe_load(to_yaml(base.with_(few))),
        _tree("fund-empty-adl", {}),
        _tree("two-markets", short),
        _tree("btc", {}),
    ]


STUDY = {
    "name": "s", "title": "t", "base": "base.yaml", "replications": 2, "design": {"kind": "grid", "n": 2},
    "uncertainties": [
        {"name": "seed_quote", "path": "funds[0].seed_quote",
         "distribution": {"kind": "uniform", "low": 10, "high": 1000}, "unit": "USDT"},
    ],
    "levers": [{"name": "taker", "path": "markets[0].fees.taker_ppm", "values": [400, 500], "labels": ["a", "b"]}],
}  # fmt: skip

POSITIONS = """account,market,side,quantity,entry,margin,mode,collateral,cohort,stop
ann,BTCUSDT,long,0.2,50000,1000,isolated,500,x,45000
bob,BTCUSDT,short,0.2,50000,0,cross,5000,x,
cat,BTCUSDT,long,1.5,48000,0,cross,6000,y,
dan,BTCUSDT,short,1.5,52000,7800,isolated,0,y,60000
eve,,,,,,,250,y,
"""
PRICES = "ts_ms,price\n" + "".join(f"{1000 * t},{50_000 - 10 * t}\n" for t in range(0, 130))

AGENT = """
from clearsim import CancelAll, Order, UserAgent
class Mine(UserAgent):
    def __init__(self, size="0.1"):
        self.size = size
    def decide(self, view):
        {body}
"""
BODIES = [
    "return [Order('BTCUSDT', 'buy', self.size)]",
    "return None",
    "raise ValueError('two\\nlines')",
    "raise SystemExit(3)",
    "import sys; sys.exit()",
    "raise KeyError",
    "return 3",
    "return 'x'",
    "return [3]",
    "return [None] * 5000",
    "return [Order(None, None, None)]",
    "return [Order('BTCUSDT', 'buy', float('nan'))]",
    "return [Order('BTCUSDT', 'buy', 10**30)]",
    "return [Order('BTCUSDT', 'buy', '1e400')]",
    "return [Order('BTCUSDT', 'buy', '0.1', object())]",
    "return [Order('BTCUSDT', 'sell', '0.1', '49999.99999')]",
    "return [Order('BTCUSDT', 'sell', '0.1', 50000, 'NOW')]",
    "return [Order(['x'], {}, [])]",
    "return [CancelAll(3)]",
    "while True: pass",
    "return self.decide(view)",
    "import time; time.sleep(100)",
    "view.accounts.lots[:] = 5",
    "view.time_ms = 3; return []",
    "return (Order('BTCUSDT', 'buy', self.size) for _ in range(3))",
    "return {}",
    "del self.size; return [Order('BTCUSDT', 'buy', self.size)]",
    "class X:\n            def __str__(self): raise RuntimeError('no')\n        return [Order('BTCUSDT', X(), X())]",
    "class X(str):\n            def __eq__(self, o): 1 / 0\n            __hash__ = str.__hash__\n"
    "        return [Order(X('BTCUSDT'), 'buy', 1)]",
]
SOURCES = [
    "", "def", "1 / 0", "while True: pass", "raise SystemExit", "import no_such_module", "Mine = 3", "class Mine: pass",
    "from clearsim import UserAgent\nclass Mine(UserAgent):\n    def __init__(self, a, b, c): pass\n",
    "from clearsim import UserAgent\nclass Mine(UserAgent): pass\n", "\x00", "é = 1\n",
]  # fmt: skip


@functools.cache
def folders(root):
    """A result folder and a study folder, both small, in `root`."""
    run, study = root / "run", root / "study"
    clearsim.run("fund-empty-adl", out=run)
    (root / "base.yaml").write_text(yaml.safe_dump(configs()[1]))
    (root / "study.yaml").write_text(yaml.safe_dump(STUDY))
    clearsim.sweep(root / "study.yaml", out=study, executor="serial")
    return run, study


def tree_of(path):
    """The tree of a YAML or JSON file; None for another file or a damaged one."""
    try:
        return yaml.safe_load(path.read_text()) if path.suffix in (".json", ".yaml") else None
    except (ValueError, yaml.YAMLError):
        return None


def copy_of(folder, target):
    return shutil.copytree(folder, target)
