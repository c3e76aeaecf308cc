"""`load` and `Config`: a config from a file or a shipped name, and copies with changed values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from ..config import RunConfig, config_hash, load_config, to_yaml, traders_overrides, with_values
from ..config.places import with_places
from ..config.yamlfile import find_config, parse_yaml
from ..config.yamlfile import study_file as study_file
from ..errors import ConfigError
from ..own_parts import OwnPart, refusing_own_code
from ..policy import PublicPolicy
from .arguments import whole_number
from .door import checked, checked_class
from .parts import mechanism_of
from .pictures import card, line

#: A config argument: an object, the path of a config file, or a shipped name.
ConfigLike = RunConfig | str | Path


@checked_class
class Config(RunConfig, metaclass=PublicPolicy):
    """A run, completely described: markets, funds, rules, traders, price. Its fields are the keys of a config file.

    Immutable; `with_` returns a changed copy. Amounts of the venue are quote units at venue scale.

        config = clearsim.load("base")
        config.markets[0].price.shock_fraction
    """

    @classmethod
    def of(cls, config: RunConfig) -> "Config":
        """This config, as a `Config`."""
        if isinstance(config, Config):
            return config
        copy = cls.model_construct(**{name: getattr(config, name) for name in RunConfig.model_fields})
        return with_places(copy, config._places)

    @property
    def hash(self) -> str:
        """SHA-256 of what the config means, contents of input files included."""
        return config_hash(self)

    def with_(self, values: Mapping[str, Any]) -> Self:
        """Return the config with each value set at its dotted path, checked as a file would be.

        Args:
            values: path -> value, like {"markets[0].price.shock_fraction": -0.1}. An item of a list is named by its
                number or its name: `funds[main].seed_quote`. A value may be a mapping, or a part of your own (an
                object or a class, like an AdlRanking), also inside a mapping or a list: it replaces the whole
                mechanism. To add an item, give the whole list: `[*config.population.cohorts, {...}]`.

        Returns the changed config. Raises ConfigError with the path, what was expected and the nearest key.

            config = clearsim.load("base").with_({"funds[0].seed_quote": 1_000_000, "seed": 7})
        """
        return with_values(self, {path: mechanism_of(value) for path, value in values.items()}, source="with_")

    def with_traders(self, n: int) -> Self:
        """Return the config with `n` traders in total; ordinary cohorts keep their proportions, and their money.

        Raises ConfigError if `n` is too few.

            config = clearsim.load("base").with_traders(500)
        """
        texts = traders_overrides(self, whole_number("traders", n))
        return self.with_({path: int(count) for path, _, count in (text.partition("=") for text in texts)})

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The config as YAML, written to `path` if one is given. Raises ConfigError if it cannot be written.

        text = clearsim.load("base").to_yaml()
        """
        text = to_yaml(self)
        if path is not None:
            try:
                Path(path).write_text(text, encoding="utf-8")
            except OSError as error:
                raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
        return text

    def __repr__(self) -> str:
        """Name, markets, length and seed."""
        return f"<Config {self.name}: {', '.join(self.market_names)}, {self.duration_s} s, seed {self.seed}>"

    def _repr_html_(self) -> str:
        from ..config import n_traders

        funds = ", ".join(f"{fund.name} {fund.seed_quote:,} {self.asset.name}" for fund in self.funds)
        rows = {
            "title": self.title,
            "markets": ", ".join(f"{market.name} ({market.price.kind})" for market in self.markets),
            "time": f"{self.duration_s} s from {self.start_utc:%Y-%m-%d %H:%M} UTC, ticks of {self.clock.tick_ms} ms",
            "traders": f"{n_traders(self):,} in {len(self.population.cohorts)} cohorts",
            "funds": funds,
            "waterfall": ", ".join(layer.kind for layer in self.waterfall),
            "seed": self.seed,
            "hash": self.hash[:16],
        }
        return card(f"Config {self.name}", rows, line(_index_path(self), label=f"index of {self.market_names[0]}"))


@checked
def load(source: ConfigLike) -> Config:
    """Read a config.

    Args:
        source: the path of a config file, or a name from `clearsim configs`, or a config, which is returned.

    Returns a valid config; paths of its input files are absolute. Raises ConfigError with one line per problem: file,
    line, path, what was expected.

        config = clearsim.load("base")
    """
    if isinstance(source, RunConfig):
        return Config.of(source)
    return Config.of(load_config(str(source)).config)


def load_with(
    source: str,
    overrides: Sequence[str],
    *,
    traders: int | None = None,
    options: Mapping[str, tuple[str, Any]] | None = None,
) -> Config:
    """The config that `source` names with the values of options and `path=value` texts, then this number of traders.

    options: name of an option -> path and value that it sets.
    """
    loaded = load_config(source, overrides, options)
    if traders is not None:
        loaded = load_config(source, [*overrides, *traders_overrides(loaded.config, traders)], options)
    return Config.of(loaded.config)


def value_of(text: str, *, source: str) -> Any:
    """The value that a text means in a config file."""
    return parse_yaml(text, source=source).plain() if text.strip() else None


def path_of(source: str) -> Path:
    """The file that `source` names: a path, else the name of a shipped config."""
    return find_config(source)


def checked_lines(config: RunConfig, *, draw: bool = False) -> list[str]:
    """Read every input file of a config as the run would; return notes about them and lines about the size of the run.

    No code that comes with the config is executed, unless `draw`: also draw the path and the opening book of
    replication 0, which shows whatever a run refuses at its start.
    """
    from ..runs.inputs import check_inputs, draw_opening
    from ..runs.size import estimate_lines

    with refusing_own_code("check executes no code"):
        facts = check_inputs(config)
    book = None if facts.opening is None else facts.opening.book
    return [*facts.notes, *estimate_lines(config, book), *(draw_opening(config) if draw else [])]


def _index_path(config: RunConfig) -> list[float]:
    """The index of the first market as replication 0 draws it; empty if it is computed by code of the user's own."""
    if any(isinstance(part, OwnPart) and part.runs_code for m in config.markets for part in (m.price, m.margin)):
        return []
    from ..market.price.paths import build_paths
    from ..rng import Streams

    paths = build_paths(
        config.prices,
        [market.price for market in config.markets],
        names=config.market_names,
        duration_ms=config.duration_ms,
        clock=config.clock,
        streams=Streams(seed=config.seed),
        maintenance_ppm=[market.margin.smallest_maintenance_ppm() for market in config.markets],
        start_ms=config.start_ms,
    )
    return [float(price) for price in paths.price[:, 0]]
