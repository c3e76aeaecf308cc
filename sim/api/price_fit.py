"""The law of a coin's price from recorded prices: what the reduced engine's jumps and concentration are set to."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from ..errors import ConfigError, InputDataError
from ..history.common_file import write_text
from . import _analysis as analysis
from .door import checked, checked_class
from .price_fit_coin import WINDOW_MS, CoinFit, Settings, SideFit, fit_coin
from .price_fit_text import report_text
from .price_fit_yaml import common_comments, fit_yaml

if TYPE_CHECKING:
    CommonFalls = analysis.CommonFalls

SCHEMA_VERSION = 1
_SIDES: dict[str, tuple[Literal["falls", "rises"], ...]] = {
    "both": ("falls", "rises"),
    "falls": ("falls",),
    "rises": ("rises",),
}


@checked_class
class PriceFit:
    """Falls and rises of coins: tails by threshold, shares within delays, events, what coins have in common.

    Tables have a column `coin` (empty for the only one) and `side`. Sizes and thresholds are logs, rates per year of
    365 days.

        fit = clearsim.fit_prices("prices.csv", threshold=0.02)
        print(fit.thresholds, fit.yaml())
    """

    def __init__(self, coins: Sequence[CoinFit], common: "Mapping[str, CommonFalls]", settings: Settings) -> None:
        self._coins, self._common, self._settings = tuple(coins), dict(common), settings

    @cached_property
    def thresholds(self) -> pd.DataFrame:
        """One row per coin, side and threshold: n, rate, xi and beta with intervals; `chosen` marks the one to take."""
        frames = []
        for coin, side in self._sides():
            if side.tail is not None:
                frame = side.tail.table.assign(chosen=range(len(side.tail.table)))
                frame["chosen"] = frame["chosen"] == side.tail.chosen
                frames.append(_labelled(frame, coin, side))
        return _stacked(frames)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """One row per coin, side and delay: mean share with interval, spread, largest possible mean, quantiles."""
        return _stacked([_labelled(side.shares.table, coin, side) for coin, side in self._sides()])

    @cached_property
    def events(self) -> pd.DataFrame:
        """Every fall and rise beyond the chosen threshold, by size: start, end, size, share within each delay."""
        return _stacked([_labelled(side.largest, coin, side) for coin, side in self._sides()])

    @cached_property
    def check(self) -> pd.DataFrame:
        """Recorded and expected numbers beyond some sizes, with the interval of the expected."""
        tails = [(coin, side, side.tail) for coin, side in self._sides()]
        return _stacked([_labelled(tail.check, coin, side) for coin, side, tail in tails if tail is not None])

    @cached_property
    def common_coins(self) -> pd.DataFrame:
        """Of several coins, per side and coin: falls, share in common events, rate of its own ones."""
        return _stacked([common.coins.assign(side=side) for side, common in self._common.items()])

    @cached_property
    def common_pairs(self) -> pd.DataFrame:
        """Of several coins, per side and pair: common events, shares, rank correlation and median ratio of sizes."""
        return _stacked([common.pairs.assign(side=side) for side, common in self._common.items()])

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the files, and what they do not allow."""
        return tuple(f"{coin.name}: {note}" if coin.name else note for coin in self._coins for note in coin.notes)

    def yaml(self, coin: str = "") -> str:
        """The part of a config that holds a coin's law, with its provenance. ConfigError for an unknown coin."""
        for fitted in self._coins:
            if coin == fitted.name or (not coin and len(self._coins) == 1):
                return fit_yaml(fitted, self._settings)
        names = ", ".join(fitted.name for fitted in self._coins)
        raise ConfigError(f"PriceFit.yaml: coin must be one of {names}, found {coin!r}")

    def block(self) -> str:
        """The parts of a config of all coins as one text, one YAML document each; common events as comments."""
        lines = common_comments(self._common)
        return "---\n".join(fit_yaml(coin, self._settings) for coin in self._coins) + lines

    def data(self) -> dict[str, Any]:
        """Everything as plain data, as `clearsim fit prices --json` prints it."""
        settings = self._settings
        return {
            "schema_version": SCHEMA_VERSION,
            "window_minutes": WINDOW_MS // 60_000,
            "gap_minutes": settings.gap_ms / 60_000,
            "level": settings.level,
            "resamples": settings.resamples,
            "seed": settings.seed,
            "coins": [
                {
                    "coin": coin.name,
                    "files": [path.name for path in coin.series.paths],
                    "first": coin.series.span[0],
                    "last": coin.series.span[1],
                    "rows": len(coin.series.start_ms),
                    "step_s": coin.series.step_ms / 1000,
                    "years": coin.years,
                    "notes": list(coin.notes),
                }
                for coin in self._coins
            ],
            "thresholds": _plain(self.thresholds),
            "check": _plain(self.check),
            "shares": _plain(self.shares),
            "events": _plain(self.events),
            "common": {
                side: {
                    "years": common.years,
                    "events": _plain(pd.DataFrame([common.events]))[0],
                    "counts": _plain(common.counts),
                    "coins": _plain(common.coins),
                    "pairs": _plain(common.pairs),
                }
                for side, common in self._common.items()
            },
        }

    def json(self) -> str:
        """The data as JSON."""
        return json.dumps(self.data(), indent=2, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        """The fit as the command line prints it."""
        return report_text(self._coins, self._common, self._settings)

    def __repr__(self) -> str:
        """Coins and files."""
        return f"<PriceFit {'; '.join(f'{coin.name} {coin.source}'.strip() for coin in self._coins)}>"

    def _sides(self) -> list[tuple[CoinFit, SideFit]]:
        return [(coin, side) for coin in self._coins for side in coin.sides]


@checked
def fit_prices(
    files: str | Path | Sequence[str | Path] | Mapping[str, str | Path | Sequence[str | Path]],
    *,
    side: str = "both",
    threshold: float | None = None,
    gap_minutes: float = 60,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> PriceFit:
    """Fit falls and rises within rolling 60 minutes, from the open to the low (high), in recorded prices.

    Args:
        files: CSV files of one coin (plain, .gz or .zip): `ts_ms,price`, or candles of one length; or coin -> its
            files, to see which falls coins have in common.
        side: falls, rises or both.
        threshold: log size beyond which the tail is fitted; default: by the rule of decision note 0047.
        gap_minutes: moves beyond the threshold that end no further apart are one event.
        level: of the intervals.
        resamples: bootstrap samples of blocks of 30 days.
        seed: of the bootstrap.

    Returns the PriceFit. Raises ConfigError for arguments that do not fit, InputDataError with every faulty cell of a
    file, or if nothing can be fitted.

        clearsim.fit_prices("prices.csv", threshold=0.02).shares
    """
    if side not in _SIDES:
        raise ConfigError(f"side must be falls, rises or both, found {side!r}")
    if threshold is not None and not 0 < threshold < 1:
        raise ConfigError(f"threshold must be a log size between 0 and 1, like 0.0275, found {threshold}")
    if not 0 <= gap_minutes <= 1e6:
        raise ConfigError(f"gap_minutes must be 0 or more, found {gap_minutes}")
    if not 0.5 <= level < 1:
        raise ConfigError(f"level must be at least 0.5 and below 1, found {level}")
    if not 100 <= resamples <= 1_000_000:
        raise ConfigError(f"resamples must be 100 to 1,000,000, found {resamples}")
    if seed < 0:
        raise ConfigError(f"seed must not be negative, found {seed}")
    settings = Settings(round(gap_minutes * 60_000), threshold, float(level), int(resamples), int(seed))
    coins = [fit_coin(name, paths, _SIDES[side], settings) for name, paths in _files_of(files).items()]
    common: dict[str, CommonFalls] = {}
    if len(coins) > 1:
        for place, name in enumerate(_SIDES[side]):
            common[name] = _common([(coin, coin.sides[place]) for coin in coins], settings)
    return PriceFit(coins, common, settings)


def write_fit(fit: PriceFit, path: Path) -> None:
    """Write the parts of a config, whole or not at all; ConfigError if the file cannot be written."""
    write_text(path, fit.block())


def _files_of(files: Any) -> dict[str, list[Path]]:
    """Coin -> its files."""
    if not isinstance(files, Mapping):
        files = {"": files}
    found: dict[str, list[Path]] = {}
    for coin, of_coin in files.items():
        single = isinstance(of_coin, str | Path)
        if not single and (not isinstance(of_coin, Sequence) or not all(isinstance(f, str | Path) for f in of_coin)):
            raise ConfigError(f"files: of coin {coin!r} must be paths, found {of_coin!r}")
        found[str(coin)] = [Path(of_coin)] if single else [Path(file) for file in of_coin]
    if not found or not all(found.values()):
        raise ConfigError("files: at least one is needed")
    return found


def _common(sides: list[tuple[CoinFit, SideFit]], settings: Settings) -> "CommonFalls":
    falls = {
        coin.name: analysis.CoinFalls(
            side.rows.end_ms[side.events],
            side.sizes[side.events],
            int(side.rows.start_ms[0]),
            int(side.rows.end_ms[-1]),
        )
        for coin, side in sides
    }
    with analysis.clearsim_errors(InputDataError):
        return analysis.common_falls(
            falls, near_ms=WINDOW_MS, level=settings.level, resamples=settings.resamples, seed=settings.seed
        )


def _labelled(frame: pd.DataFrame, coin: CoinFit, side: SideFit) -> pd.DataFrame:
    labelled = frame.copy()
    labelled.insert(0, "side", side.side)
    labelled.insert(0, "coin", coin.name)
    return labelled


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    held = [frame for frame in frames if len(frame)]
    return pd.concat(held, ignore_index=True) if held else pd.DataFrame(frames[0] if frames else None)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data; NaN as null, times as text."""
    return [{str(name): _value(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _value(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat().replace("+00:00", "Z")
    return None if isinstance(value, float) and not math.isfinite(value) else value
