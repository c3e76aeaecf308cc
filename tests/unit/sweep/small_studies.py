"""Study files of a few lines, for the tests beside this file."""

from pathlib import Path

from clearsim.studies.design.load_study import load_study
from clearsim.studies.design.plan import Plan
from clearsim.studies.design.plan_checks import plan_study

HEAD = """name: small
title: A small study
base: base
"""
SHOCK = (
    "  - {name: shock, path: 'markets[0].price.shock_fraction',"
    " distribution: {kind: uniform, low: -0.12, high: -0.04}}\n"
)
TAKER = "  - {name: taker, path: 'markets[0].fees.taker_ppm', values: [400, 500]}\n"
RULE = "  - {name: rule, path: liquidation, values: [{kind: full}, {kind: tier_down, reduce_to: compliant}]}\n"


def write(folder: Path, body: str, head: str = HEAD) -> Path:
    """The study file of this text; its body begins at line 4."""
    path = folder / "study.yaml"
    path.write_text(head + body)
    return path


def plan_of(folder: Path, body: str, *, full: bool = False, overrides=(), head: str = HEAD) -> Plan:
    """The plan of a study of this text."""
    return plan_study(load_study(write(folder, body, head), overrides), full=full)
