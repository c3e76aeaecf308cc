"""Makes small studies: the shipped ones with fewer points, replications, paths and traders, and one for each config of
the reduced engine.

Each tree's own study files are shrunken, so that a key renamed in both its model and its files is no difference.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

Study = dict[str, Any]

MAX_POINTS, MAX_PATHS = 2, 400
SMALL_COHORTS: dict[str, dict[str, int]] = {
    "base": {"levered": 240, "noise": 60, "momentum": 10, "fundamentalists": 6, "dip-buyers": 6},
    "two-markets": {"both": 240, "noise-btc": 60, "noise-eth": 60},
}
#: What makes the full engine run a study of the reduced one: two hours instead of thirty days.
FULL_SIZE = {"duration_s": 7200}
REDUCED_CONFIGS = ("base-reduced", "btc", "eth")
SAMPLERS = ("crude", "importance", "sobol")
#: Studies that `--quick` runs.
QUICK = ("adl-fairness", "fund-size-btc", "two-engines")


def shrink(study: Study, *, points: int = MAX_POINTS) -> Study:
    """The study with few points, one replication, few paths and traders; every value of its levers stays."""
    small = deepcopy(study)
    small.update(name=f"small-{study['name']}", replications=1, paths=min(MAX_PATHS, study.get("paths", MAX_PATHS)))
    design = small.get("design", {})
    if design.get("kind") == "list":
        design["points"] = [design["points"][0], design["points"][-1]][:points]
    elif "n" in design:
        design["n"] = min(design["n"], points)
    traders = SMALL_COHORTS.get(study["base"], {})
    sizes = {f"population.cohorts[{cohort}].traders": count for cohort, count in traders.items()}
    small["set"] = {**sizes, **study.get("set", {})}
    return small


def in_full_engine(study: Study) -> Study:
    """A shrunken study of the reduced engine on the full one: without what only the reduced one reads."""
    full = deepcopy(study)
    full.update(name=f"{study['name']}-full", fidelity="full")
    full["uncertainties"] = [u for u in study.get("uncertainties", ()) if not str(u.get("path")).startswith("reduced.")]
    full["set"] = {**FULL_SIZE, **{k: v for k, v in study.get("set", {}).items() if not k.startswith("reduced.")}}
    full.pop("answer", None)
    return full


def of_reduced_config(base: str, sampler: str) -> Study:
    """A study of one reduced run of `base`, drawn by `sampler`."""
    return {
        "name": f"reduced-{base}-{sampler}",
        "title": "Reduced engine",
        "base": base,
        "fidelity": "reduced",
        "paths": 256,
        "sampler": sampler,
        "replications": 2,
        "outcomes": ["required_fund_quanta"],
    }


def small_studies(folder: Path, *, quick: bool) -> dict[str, Study]:
    """Small studies by name, from the study files in `folder`."""
    found: dict[str, Study] = {}
    for path in sorted(folder.glob("*.yaml")):
        if quick and path.stem not in QUICK:
            continue
        study = shrink(yaml.safe_load(path.read_text(encoding="utf-8")), points=1 if quick else MAX_POINTS)
        found[path.stem] = study
        if study.get("fidelity") == "reduced" and not quick:
            found[f"{path.stem}-full"] = in_full_engine(study)
    if not quick:
        for base in REDUCED_CONFIGS:
            found |= {f"reduced-{base}-{sampler}": of_reduced_config(base, sampler) for sampler in SAMPLERS}
    return found
