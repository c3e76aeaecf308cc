"""The facts about a run or study that charts need: units, time axis, and the caption with the source of the numbers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..instants import instant_text
from ..money import Scale, choose_scale, format_short
from ..run_folder import RunFolder

F64 = npt.NDArray[np.float64]


class Captioned(Protocol):
    """The source of a figure's numbers: one line below the figure."""

    @property
    def caption(self) -> str:
        """Name, seed, sample size, hash."""


@dataclass(frozen=True)
class RunContext:
    """Units and identity of a run, as charts print them."""

    name: str
    asset: str
    quantum: Decimal
    seed: int
    n_traders: int
    simulated_share: Decimal
    config_hash: str
    duration_ms: int
    start_utc: datetime | None
    lot_sizes: dict[str, Decimal] = field(default_factory=dict)
    depth_bands_ppm: tuple[int, ...] = ()

    @classmethod
    def of(cls, run: RunFolder) -> "RunContext":
        """The context of a result folder."""
        row = run.run
        return cls(
            name=str(row["name"]),
            asset=run.asset,
            quantum=run.quantum,
            seed=int(row["seed"]),
            n_traders=int(row["n_traders"]),
            simulated_share=Decimal(run.text("simulated_share", "1")),
            config_hash=str(row["config_hash"]),
            duration_ms=int(row["duration_ms"]),
            start_utc=run.start_utc,
            lot_sizes={market: run.lot_size(market) for market in run.markets},
            depth_bands_ppm=tuple(int(band) for band in run.manifest.get("depth_bands_ppm", ())),
        )

    @property
    def caption(self) -> str:
        """Run, seed, number of traders, simulated share, start of the config hash."""
        share = f"{self.simulated_share * 100:f}".rstrip("0").rstrip(".") if self.simulated_share != 1 else "100"
        return (
            f"{self.name} · seed {self.seed} · {self.n_traders:,} traders · simulated share of the venue {share}%"
            f" · config {self.config_hash[:10]}"
        )

    def instant(self, time_ms: int) -> str:
        """An instant of the run as text, without the date if the run has only one, which the axis shows."""
        text = instant_text(time_ms, self.start_utc)
        if self.start_utc is None or (self.start_utc + timedelta(milliseconds=self.duration_ms)).date() != (
            self.start_utc.date()
        ):
            return text
        return text.split(" ", 1)[1]

    def quote(self, quanta: Any) -> F64:
        """Quanta -> quote units as float64, for drawing only."""
        return np.asarray(quanta, dtype=np.float64) * float(self.quantum)

    def scale(self, *amounts: F64) -> Scale:
        """The unit in which the largest of these amounts (quote units) is readable."""
        largest = max((float(np.nanmax(np.abs(a))) for a in amounts if a.size and not np.isnan(a).all()), default=0.0)
        return choose_scale(largest, self.asset)

    def times(self, time_ms: Any) -> F64:
        """Milliseconds since the start -> values of the time axis: milliseconds since 1970 if it shows UTC."""
        column = np.asarray(time_ms, dtype=np.int64)
        if self.start_utc is None:
            return np.asarray(column / (60_000.0 if self._in_minutes else 1_000.0), dtype=np.float64)
        return np.asarray(column + self.start_utc.timestamp() * 1_000.0, dtype=np.float64)

    @property
    def _in_minutes(self) -> bool:
        return self.duration_ms > 600_000

    @property
    def time_title(self) -> str:
        """Title of the time axis, with its unit."""
        if self.start_utc is None:
            return f"time since the start ({'minutes' if self._in_minutes else 'seconds'})"
        end = self.start_utc + timedelta(milliseconds=self.duration_ms)
        days = f"{self.start_utc:%d %b %Y}"
        if end.date() != self.start_utc.date():
            days += f" to {end:%d %b %Y}"
        return f"time (UTC, {days.lstrip('0')})"

    @property
    def time_type(self) -> str:
        """Kind of the time axis."""
        return "linear" if self.start_utc is None else "date"

    def base_unit(self, market: str) -> str:
        """The unit in which sizes of a market are counted: BTC for BTCUSDT settled in USDT."""
        short = market.removesuffix("-PERP").removesuffix("_PERP")
        base = short.removesuffix(self.asset).rstrip("-_/")
        return base if base and base != short else f"base units of {market}"

    def base(self, lots: Any, market: str) -> F64:
        """Lots -> base units as float64, for drawing only."""
        return np.asarray(lots, dtype=np.float64) * float(self.lot_sizes[market])


@dataclass(frozen=True)
class StudyContext:
    """Identity and units of a study, as charts print them.

    n_runs, n_paths: sample size; paths belong to reduced runs, 0 for a study of full runs.  level: of all intervals.
    open_interest: quote units, NaN if the study varies it; amounts are then not shown as a share of it.
    n_planned: runs of the whole design if some of them are missing, else 0.
    """

    name: str
    seed: int
    n_runs: int
    n_paths: int = 0
    asset: str = "USDT"
    fidelity: str = ""
    study_hash: str = ""
    level: float = 0.95
    open_interest: float = float("nan")
    n_planned: int = 0

    @property
    def caption(self) -> str:
        """Study, seed, sample size, fidelity, start of the study hash."""
        of = f" of {self.n_planned:,}" if self.n_planned else ""
        size = f"{self.n_runs:,}{of} run{'' if (self.n_planned or self.n_runs) == 1 else 's'}"
        if self.n_paths:
            size += f" with {self.n_paths:,} paths"
        parts = [self.name, f"seed {self.seed}", f"n = {size}"]
        parts += [f"fidelity {self.fidelity}"] if self.fidelity else []
        parts += [f"study {self.study_hash[:10]}"] if self.study_hash else []
        return " · ".join(parts)

    @property
    def interval(self) -> str:
        """The level as text: `95% interval`."""
        return f"{self.level * 100:g}% interval"

    def scale(self, *amounts: F64) -> Scale:
        """The unit in which the largest of these amounts (quote units) is readable."""
        finite = [np.abs(a[np.isfinite(a)]) for a in amounts]
        return choose_scale(max((float(a.max()) for a in finite if a.size), default=0.0), self.asset)

    def money(self, amount: float) -> str:
        """An amount as text, with its share of open interest if that is known."""
        text = format_short(amount, self.asset)
        if not np.isfinite(self.open_interest) or self.open_interest <= 0:
            return text
        return f"{text} ({100 * amount / self.open_interest:.3g}% of open interest)"

    def money_with(self, value: float, low: float, high: float) -> str:
        """An amount with its interval and its share: `105 million USDT [101, 109], 10.5% of open interest`."""
        text = self.money_interval(value, low, high)
        if not np.isfinite(self.open_interest) or self.open_interest <= 0:
            return text
        return f"{text}, {100 * value / self.open_interest:.3g}% of open interest"

    def money_interval(self, value: float, low: float, high: float) -> str:
        """An amount with its interval, in one unit: `105 million USDT [101, 109]`."""
        finite = [x for x in (value, low, high) if np.isfinite(x)]
        scale = self.scale(np.array(finite))
        ends = [f"{scale.of(np.array(x)):,.3g}" if np.isfinite(x) else "no bound" for x in (low, high)]
        return f"{scale.of(np.array(value)):,.3g} {scale.unit} [{ends[0]}, {ends[1]}]"
