"""`Study`, `Uncertainty`, `Lever`: many runs over uncertainties and choices, built in Python or read from a file."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..config import RunConfig, build_config, config_hash, to_yaml
from ..config.settings import native
from ..config.yamlfile import read_nodes, shipped_configs
from ..errors import ConfigError
from ..own_parts import refusing_own_code
from ..policy import Policy
from ..studies.design import study as parts
from ..studies.design.load_study import LoadedStudy, load_study, study_of, study_text, with_keys
from ..studies.design.plan import Plan
from ..studies.design.plan_checks import plan_study
from .config import Config, ConfigLike
from .designs import validated
from .door import checked_class
from .parts import mechanism_of
from .pictures import card, dots

if TYPE_CHECKING:
    import pandas as pd

    from ..studies.execute.pilot import Pilot


@checked_class
class Uncertainty:
    """An uncertain number or mechanism: the design draws it from a distribution.

    Args:
        name: column `u.NAME` in tables; letters, digits, dash, underscore.
        path: dotted path into the config, like "markets[0].price.shock_fraction".
        paths: several paths that all get the value.
        low, high: ends of a uniform distribution; with log=True uniform in the logarithm.
        values: one of these, equally likely or with `weights` (whole numbers).
        distribution: another distribution as a mapping, like {"kind": "normal", "mean": 0, "sd": 1}.
        whole: round to whole numbers (ppm, ms).
        unit: as printed on axes.
        when: applies only where these uncertainties or levers have these values.

    Raises ConfigError that names the argument.

        clearsim.Uncertainty("shock", path="markets[0].price.shock_fraction", low=-0.3, high=-0.05)
    """

    def __init__(
        self,
        name: str,
        *,
        path: str | None = None,
        paths: Sequence[str] = (),
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        values: Sequence[Any] | None = None,
        weights: Sequence[int] | None = None,
        distribution: Mapping[str, Any] | Policy | None = None,
        whole: bool = False,
        unit: str = "",
        when: Mapping[str, Any] | None = None,
    ) -> None:
        source = f"Uncertainty({name!r})"
        law = _law(source, low, high, log, values, weights, distribution)
        fields = {
            "name": name, "path": path, "paths": list(paths), "distribution": law, "unit": unit,
            "whole": whole or None, "when": dict(when or {}),
        }  # fmt: skip
        self.keys = _kept(native(fields))
        self._model: parts.Uncertainty = validated(parts.Uncertainty, self.keys, source=source)

    @property
    def name(self) -> str:
        """Its name."""
        return self._model.name

    def value(self, quantile: float) -> Any:
        """The value at a quantile between 0 and 1."""
        return self._model.value(quantile)

    def __repr__(self) -> str:
        """Name, paths, distribution."""
        return f"<Uncertainty {self.name}: {', '.join(self._model.all_paths)}, {self._model.distribution!r}>"


@checked_class
class Lever:
    """Something that can be chosen: every value is run under the same randomness.

    Args:
        name: column `l.NAME` in tables; letters, digits, dash, underscore.
        path: dotted path into the config; or `fidelity`, with values full and reduced.
        paths: several paths that all get the value.
        values: the values; without a path each is a mapping of paths to values.
        labels: names of the values in tables.
        unit: as printed on axes.

    Raises ConfigError that names the argument.

        clearsim.Lever("fund", path="funds[0].seed_quote", values=[50_000, 500_000])
    """

    def __init__(
        self,
        name: str,
        *,
        values: Sequence[Any],
        path: str | None = None,
        paths: Sequence[str] = (),
        labels: Sequence[str] | None = None,
        unit: str = "",
    ) -> None:
        named = None if labels is None else list(labels)
        fields = {"name": name, "path": path, "paths": list(paths), "labels": named, "unit": unit}
        self.keys = {**_kept(native(fields)), "values": native([mechanism_of(value) for value in values])}
        self._model: parts.Lever = validated(parts.Lever, self.keys, source=f"Lever({name!r})")

    @property
    def name(self) -> str:
        """Its name."""
        return self._model.name

    def __repr__(self) -> str:
        """Name and values as tables show them."""
        shown = [str(self._model.shown(index)) for index in range(len(self._model.values))]
        return f"<Lever {self.name}: {', '.join(shown)}>"


@checked_class
class Study:
    """Uncertainties x levers x replications over a base config.

    Args:
        base: a Config, the path of a config file, or a shipped name.
        uncertainties: what is uncertain.
        levers: what can be chosen.
        design: which combinations of the uncertainties are run, from `clearsim.designs`; default: their medians.
        replications: runs of each point, each with its own randomness.
        name, title, question: of the report.
        settings: config paths and values that hold in all points.
        fidelity: full (agents on a book) or reduced.
        seed: of runs and design; default: the config's.
        zip: groups of names of levers that change together.
        options: other keys of a study file: paths, sampler, target, keep_paths, outcomes, answer, assumes, full.

    Raises ConfigError, one line per problem, naming the argument and the nearest path.

        study = clearsim.Study(
            "base",
            uncertainties=[clearsim.Uncertainty("shock", path="markets[0].price.shock_fraction", low=-0.2, high=-0.1)],
            levers=[clearsim.Lever("fund", path="funds[0].seed_quote", values=[50_000, 500_000])],
            design=clearsim.designs.grid(n=2),
        )
    """

    def __init__(
        self,
        base: ConfigLike,
        *,
        uncertainties: Sequence[Uncertainty] = (),
        levers: Sequence[Lever] = (),
        design: Policy | Mapping[str, Any] | None = None,
        replications: int = 1,
        name: str = "study",
        title: str = "",
        question: str = "",
        settings: Mapping[str, Any] | None = None,
        fidelity: Literal["full", "reduced"] = "full",
        seed: int | None = None,
        zip: Sequence[Sequence[str]] = (),
        **options: Any,
    ) -> None:
        config = base if isinstance(base, RunConfig) else None
        fields = {
            "name": name,
            "title": title or name,
            "question": question,
            "base": str(base) if config is None else config.name,
            "set": dict(settings or {}),
            "fidelity": fidelity,
            "seed": seed,
            "replications": replications,
            "design": design,
            "uncertainties": [item.keys for item in uncertainties],
            "levers": [lever.keys for lever in levers],
            "zip": [list(group) for group in zip],
            **options,
        }
        self._loaded = study_of(_kept(native(fields)), base=config, source="Study")
        self.plan  # noqa: B018  (a study that does not fit its base config is refused here)

    @classmethod
    def from_loaded(cls, loaded: LoadedStudy) -> "Study":
        """The study of a tree of keys that is already valid; for internal use."""
        study = cls.__new__(cls)
        study._loaded = loaded
        return study

    @classmethod
    def from_yaml(cls, source: str | Path, overrides: Sequence[str] = ()) -> "Study":
        """Read a study.

        Args:
            source: the path of a study file, or a name from `clearsim studies`.
            overrides: `path=value` texts, values as in YAML; `with_` takes Python values.

        Raises ConfigError with file and line.

            study = clearsim.Study.from_yaml("depth-leverage-small")
        """
        return cls.from_loaded(load_study(source, overrides))

    def with_(self, values: Mapping[str, Any]) -> "Study":
        """Return the study with other values of its keys, by dotted path, like {"replications": 8, "design.n": 16}.

        Raises ConfigError for a key that does not exist, and for `base`.

            study = clearsim.Study.from_yaml("depth-leverage-small").with_({"replications": 2})
        """
        return Study.from_loaded(with_keys(self._loaded, native(dict(values)), source="Study.with_"))

    def in_full(self) -> "Study":
        """The study at its larger size, as its file states it."""
        changed = self._loaded.study.in_full()
        return Study.from_loaded(LoadedStudy(changed, self._loaded.node, self._loaded.base, self._loaded.path))

    @cached_property
    def plan(self) -> Plan:
        """Points, arms and jobs; ConfigError if a path or a value does not fit the base config."""
        return plan_study(self._loaded)

    @property
    def name(self) -> str:
        """Its name."""
        return self._loaded.study.name

    @property
    def base(self) -> Config:
        """The base config, with what the study sets in all points."""
        return Config.of(self.plan.base)

    @property
    def n_points(self) -> int:
        """Points: combinations of uncertainties and levers."""
        return self.plan.n_points

    @property
    def n_runs(self) -> int:
        """Runs: points x replications."""
        return self.plan.n_runs

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about the study: levers and uncertainties that change nothing, sizes that were rounded."""
        return tuple(self.plan.notes)

    @property
    def hash(self) -> str:
        """SHA-256 of everything that the numbers of a run depend on, besides its point and replication."""
        return self.plan.hash

    def pilot(self) -> "Pilot":
        """Time a few runs spread over the points: seconds and bytes per run."""
        from ..studies.execute.pilot import time_pilots

        return time_pilots(self.plan)

    def points(self) -> "pd.DataFrame":
        """One row per point: scenario, arm, values of uncertainties (`u.`) and levers (`l.`).

        study.points()[["u.shock", "l.fund"]]
        """
        frame: pd.DataFrame = self.plan.table().to_pandas()
        return frame

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The study as YAML; with a path it is written there, with a base config that has no file next to it.

        Returns the text. Raises ConfigError if it cannot be written.

            study.to_yaml("my-study.yaml")
        """
        text = study_text(self._loaded, self._loaded.study)
        if path is None:
            return text
        target = Path(path)
        if not target.name:
            raise ConfigError(f"to_yaml: path must name a file, found {str(path)!r}")
        try:
            if not self._is_on_a_shipped_config():
                beside = target.with_name(f"{target.stem}-base.yaml")
                named = self._loaded.study.model_copy(update={"base": beside.name})
                text = to_yaml(named.model_dump(mode="json", exclude_unset=True))
                beside.write_text(self._base_text(), encoding="utf-8")
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{target}: cannot be written: {error.strerror}") from error
        return text

    def _is_on_a_shipped_config(self) -> bool:
        """True if the name of the base config means this base config in every installation."""
        path = shipped_configs().get(self._loaded.study.base)
        own = build_config(self._loaded.base)
        return path is not None and config_hash(build_config(read_nodes(path))) == config_hash(own)

    def _base_text(self) -> str:
        """The base config without what the study sets in it."""
        return to_yaml(build_config(self._loaded.base))

    def __repr__(self) -> str:
        """Name and numbers of points and runs."""
        return f"<Study {self.name}: {self.n_points:,} points, {self.n_runs:,} runs, base {self._loaded.study.base}>"

    def _repr_html_(self) -> str:
        study = self._loaded.study
        rows = {
            "title": study.title,
            "base": study.base,
            "uncertainties": ", ".join(item.name for item in study.uncertainties) or "none",
            "levers": ", ".join(lever.name for lever in study.levers) or "none",
            "design": study.design.kind,
            "size": f"{self.n_points:,} points x {study.replications:,} replications, engine {study.fidelity}",
        }
        points = self.points()
        numbers = [name for name in points if name.startswith(("u.", "l.")) and points[name].dtype.kind in "if"]
        picture = ""
        if numbers:
            x, y = numbers[0], numbers[min(1, len(numbers) - 1)]
            picture = dots(points[x].tolist(), points[y].tolist(), label=f"points: {x[2:]} (across), {y[2:]} (up)")
        return card(f"Study {study.name}", rows, picture)


def load_any_study(study: "Study | str | Path") -> Study:
    """The study itself, or the one that a path or a shipped name refers to."""
    return study if isinstance(study, Study) else Study.from_yaml(study)


def checked_study(path: Path, overrides: Sequence[str]) -> Study:
    """The study of a file, with its plan; no code that came with it is executed. ConfigError if it is invalid."""
    with refusing_own_code("check executes no code"):
        study = Study.from_yaml(path, overrides)
        study.plan  # noqa: B018  (made here, once)
    return study


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that are not empty, as a study file would contain them."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and not (isinstance(value, str | list | dict) and not value)
    }


def _law(
    source: str,
    low: float | None,
    high: float | None,
    log: bool,
    values: Sequence[Any] | None,
    weights: Sequence[int] | None,
    distribution: Mapping[str, Any] | Policy | None,
) -> Any:
    """The distribution that the arguments define; ConfigError unless they define exactly one."""
    has_ends = low is not None or high is not None
    if [has_ends, values is not None, distribution is not None].count(True) == 1 and (low is None) == (high is None):
        if values is not None:
            return {"kind": "choice", "values": list(values)} | ({} if weights is None else {"weights": list(weights)})
        return distribution or {"kind": "log_uniform" if log else "uniform", "low": low, "high": high}
    raise ConfigError(f"{source}: expected low and high, or values, or distribution: exactly one of the three")
