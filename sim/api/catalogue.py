"""Files that ship with clearsim: configs, studies, scenarios and their metrics, a starter config, and schemas."""

from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One config, study, scenario or metric: its name, its kind, and one line about it."""

    name: str
    kind: str
    title: str


def configs() -> list[Entry]:
    """Every config: name, folder, title; by folder."""
    from ..config.shipped import list_shipped

    return [Entry(*row) for row in list_shipped()]


def studies() -> list[Entry]:
    """Every study: name, engine with its stated run time, title; by name."""
    from ..studies.design.load_study import load_study, shipped_studies

    loaded = [load_study(name).study for name in sorted(shipped_studies())]
    return [Entry(study.name, f"{study.fidelity:8} {study.run_time or '-':28}", study.title) for study in loaded]


def scenarios() -> list[Entry]:
    """Every validation scenario: name, kind, title."""
    from ..scenarios.model import load_scenario, shipped_scenarios

    loaded = [(name, load_scenario(path).scenario) for name, path in shipped_scenarios().items()]
    return [Entry(name, scenario.kind, scenario.title) for name, scenario in loaded]


def metrics() -> list[Entry]:
    """Every metric that a scenario may have a target for: name, unit, meaning."""
    from ..scenarios.metrics import METRICS

    return [Entry(name, metric.unit, metric.meaning) for name, metric in METRICS.items()]


def starter_config() -> str:
    """A commented config to start from, as YAML."""
    from ..config.starter import starter_text

    return starter_text()


def schema(*, study: bool = False) -> dict[str, Any]:
    """The JSON Schema of config files, or of study files."""
    if study:
        from ..studies.design.study import Study

        return Study.model_json_schema()
    from ..config import RunConfig

    return RunConfig.model_json_schema()
