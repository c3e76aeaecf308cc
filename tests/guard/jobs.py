"""Lists what both trees are to do: shipped configs, examples and events, scenarios, small studies, random configs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.guard.randomconfigs import draw_config, write_inputs
from tests.guard.studies import small_studies
from tests.guard.trees import Tree
from tests.guard.yamltext import to_text

FAMILIES = ("configs", "events", "studies", "random")
N_RANDOM, N_RANDOM_QUICK = 100, 10
#: Totals of traders at which an event runs; below them its positions do not fit its caps.
EVENT_TRADERS = {"2020-03-12": (4_000, 12_000), "2021-05-19": (4_000, 12_000), "2025-10-10": (12_000,)}
OTHER_EVENT_TRADERS = (1_000, 4_000, 12_000)
#: Seconds of configs that last thirty days, in the full engine.
LONG_CONFIGS = ("base-reduced", "btc", "eth")
TRADERS = {"base": 500, "two-markets": 800, **dict.fromkeys(LONG_CONFIGS, 500)}
QUICK_EXAMPLES = ("cross-loses-all", "fund-empty-adl", "gap-through-bankruptcy", "stop-loss-with-depth")
QUICK_EVENTS = ("2023-11-17-yfi", "2025-03-26-jelly")
#: Scenarios that are not an event run as it is shipped.
SCENARIO_BASES = ("base",)


@dataclass(frozen=True)
class Job:
    """One command for each tree; `--out` comes behind it."""

    name: str
    commands: tuple[tuple[str, ...], tuple[str, ...]]

    def with_out(self, folders: Sequence[Path]) -> list[list[str]]:
        """The commands with the folders that they write."""
        return [[*command, "--out", str(folder)] for command, folder in zip(self.commands, folders, strict=True)]


def same(name: str, *command: str) -> Job:
    """A job that is the same command in both trees."""
    return Job(name, (command, command))


def run_job(name: str, config: str, *options: str) -> Job:
    """A job that runs one config."""
    return same(name, "run", config, "--no-report", *options)


def list_jobs(trees: Sequence[Tree], folder: Path, families: Sequence[str], *, quick: bool, seed: int) -> list[Job]:
    """All jobs of these families; files that they need are written to `folder`."""
    makers: dict[str, Callable[[], Iterator[Job]]] = {
        "configs": lambda: config_jobs(trees, quick=quick),
        "events": lambda: event_jobs(trees, quick=quick),
        "studies": lambda: study_jobs(trees, folder, quick=quick),
        "random": lambda: random_jobs(folder, N_RANDOM_QUICK if quick else N_RANDOM, seed),
    }
    return [job for family in families for job in makers[family]()]


def shipped(trees: Sequence[Tree], folder: str) -> list[str]:
    """Names of the files in a folder of `configs/` of either tree."""
    return sorted({path.stem for tree in trees for path in (tree.source / "configs" / folder).glob("*.yaml")})


def config_jobs(trees: Sequence[Tree], *, quick: bool) -> Iterator[Job]:
    """Every shipped config that is no event, and some variants of the reference market."""
    for name in (*shipped(trees, "."), *(() if quick else shipped(trees, "reduced"))):
        if quick and name in LONG_CONFIGS:
            continue
        options = ["--traders", str(TRADERS[name])] if name in TRADERS else []
        options += ["--set", "duration_s=7200"] if name in LONG_CONFIGS else []
        yield run_job(f"config/{name}", name, *options)
    for name in QUICK_EXAMPLES if quick else shipped(trees, "examples"):
        yield run_job(f"example/{name}", name)
    yield run_job("config/base, seed 7, summary", "base", "--traders", "700", "--seed", "7", "--detail", "summary")
    interleaved = ("--set", "liquidation.mode=interleaved", "--set", "markets[0].price.shock_fraction=-0.15")
    yield run_job("config/base, interleaved", "base", "--traders", "600", *interleaved)
    yield run_job("config/own book alone", "own-book", "--seed", "3", "--set", "markets[0].price.shock_fraction=-0.2")
    if not quick:
        yield from scenario_jobs(trees)


def scenario_jobs(trees: Sequence[Tree]) -> Iterator[Job]:
    """What the scenarios of the reference market lay over it, as single runs."""
    for name in shipped(trees, "scenarios"):
        commands = [_scenario_command(tree.source / "configs" / "scenarios" / f"{name}.yaml") for tree in trees]
        if all(commands):
            yield Job(f"scenario/{name}", (commands[0], commands[1]))


def _scenario_command(path: Path) -> tuple[str, ...]:
    scenario: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    if scenario.get("base") not in SCENARIO_BASES:
        return ()
    sets = [f"{key}={to_text(value, on_one_line=True)}" for key, value in scenario.get("set", {}).items()]
    options = [option for text in sets for option in ("--set", text)]
    return ("run", str(scenario["base"]), "--no-report", "--traders", "1000", *options)


def event_jobs(trees: Sequence[Tree], *, quick: bool) -> Iterator[Job]:
    """Every event at several numbers of traders."""
    for name in QUICK_EVENTS if quick else shipped(trees, "events"):
        sizes = EVENT_TRADERS.get(name[:10], OTHER_EVENT_TRADERS)
        for traders in sizes[:1] if quick else sizes:
            yield run_job(f"event/{name}, {traders:,} traders", name, "--traders", str(traders))


def study_jobs(trees: Sequence[Tree], folder: Path, *, quick: bool) -> Iterator[Job]:
    """Every small study, in one process a side."""
    made = [small_studies(tree.source / "configs" / "studies", quick=quick) for tree in trees]
    for name in sorted({*made[0], *made[1]}):
        commands = []
        for tree, studies in zip(trees, made, strict=True):
            path = folder / "studies" / tree.side / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in studies:
                path.write_text(to_text(studies[name]), encoding="utf-8")
            commands.append(("sweep", str(path), "--serial", "--no-report"))
        yield Job(f"study/{name}", (commands[0], commands[1]))


def random_jobs(folder: Path, count: int, seed: int) -> Iterator[Job]:
    """Random configs number 0 to `count` - 1 of this seed."""
    place = folder / "random"
    write_inputs(place)
    for number in range(count):
        path = place / f"random-{number:03d}.yaml"
        path.write_text(to_text(draw_config(seed, number)), encoding="utf-8")
        yield run_job(f"random/{number:03d}", str(path))
