"""A user's own price path: an array, a table, a function of time, or a class that computes its points.

Data travel with the config as a CSV text (`ts_ms,price`, times since the start of the run), a class as its source.
Prices are read through their logarithm as those of every process; the index in ticks is the nearest tick, ties to even.
"""

import csv
import io
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, StrictBool

from ...cells import decimal_of, whole_of
from ...errors import ConfigError
from ...own_parts import FAILURES, OwnPart, UserPart, one_line, where
from .recorded import Between, skeleton_of_points
from .skeleton import F64, I64, PathContext, PriceProcessBase, Skeleton

MAX_POINTS = 20_000_000
#: Columns of a table that may hold its times, and how long one unit is in ms (None: times of the calendar).
TIME_COLUMNS = {"time_s": 1000.0, "ts_ms": 1.0, "time": None}


class PricePath(UserPart):
    """Prices at given times: data as they are, or the base class of a path that is computed.

    PricePath(prices, step_s=60): an array, one price every `step_s` seconds from the start of the run.
    PricePath(prices, times_s=times): an array of prices and one of times since the start, seconds, whole milliseconds.
    PricePath(table): a DataFrame with `price` and one of `time_s` and `ts_ms` (since the start of the run) or `time`
    (of the calendar; its first row is the start of the run).
    A subclass has a constructor of its own and overrides `points`.
    """

    def __init__(self, prices: Any, times_s: Any = None, *, step_s: float = 1.0) -> None:
        if hasattr(prices, "columns"):
            times_s, prices = _of_table(prices)
        self.prices: F64 = _column("prices", prices)
        steps: F64 = np.arange(len(self.prices), dtype=np.float64) * _positive("step_s", step_s)
        self.times_s: F64 = steps if times_s is None else _column("times_s", times_s)

    @classmethod
    def sampled(cls, price: Callable[[F64], Any], *, duration_s: float, step_s: float = 1.0) -> "PricePath":
        """Return the values of a function of time (an array of seconds in, prices out) every `step_s` seconds."""
        if not callable(price):
            raise ConfigError(f"price path: price must be a function of an array of seconds, found {price!r}")
        n_steps = np.ceil(_positive("duration_s", duration_s) / _positive("step_s", step_s))
        if n_steps >= MAX_POINTS:
            raise ConfigError(f"price path: {n_steps:,.0f} steps; the maximum is {MAX_POINTS - 1:,}")
        times: F64 = np.arange(int(n_steps) + 1, dtype=np.float64) * step_s
        try:
            prices = np.broadcast_to(np.asarray(price(times), np.float64), times.shape)
        except FAILURES as error:
            raise ConfigError(
                f"price path: price(seconds) must return {len(times)} prices: {one_line(error)}"
            ) from error
        return PricePath(prices, times)

    def points(self, duration_s: float, rng: np.random.Generator) -> tuple[Any, Any]:
        """Return times since the start of the run (seconds, whole milliseconds, rising from 0 or before to `duration_s`
        or after) and the price at each, quote units per base unit.

        rng: the market's own stream, another in each replication; the only randomness that keeps a run reproducible.
        """
        return self.times_s, self.prices


def _column(name: str, values: Any) -> F64:
    """Values as an array (n,); ConfigError if they are not numbers in a row."""
    try:
        array: F64 = np.asarray(values, np.float64)
    except FAILURES as error:
        raise ConfigError(f"price path: {name} must be an array of numbers: {one_line(error)}") from error
    if array.ndim != 1:
        raise ConfigError(f"price path: {name} must be an array of numbers (n,), found {type(values).__name__}")
    return array


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < float("inf"):
        raise ConfigError(f"price path: {name} must be a positive number of seconds, found {value!r}")
    return float(value)


def _of_table(table: Any) -> tuple[F64, F64]:
    """Times in seconds and prices of a DataFrame; ConfigError if it has other columns."""
    names = [name for name in TIME_COLUMNS if name in table.columns]
    if "price" not in table.columns or len(names) != 1:
        found = ", ".join(map(str, table.columns))
        raise ConfigError(f"price path: a table needs price and one of {', '.join(TIME_COLUMNS)}; found {found}")
    column, unit = table[names[0]], TIME_COLUMNS[names[0]]
    prices = _column("price", table["price"])
    if unit is None:
        if column.dtype.kind != "M":
            raise ConfigError(f"price path: time must be times of the calendar, found {column.dtype}; use time_s")
        times = column.to_numpy("datetime64[ns]")
        return (times - times[0]) / np.timedelta64(1, "ms") / 1000.0, prices
    return _column(names[0], column) * (unit / 1000.0), prices


class OwnPath(OwnPart, PriceProcessBase):
    """A user's own path; sigma is |log move| / sqrt(length) between neighbouring points."""

    base: ClassVar[type] = PricePath
    noun: ClassVar[str] = "price path"
    sees_exchange: ClassVar[bool] = False
    plays_event: ClassVar[bool] = True

    kind: Literal["path"] = Field("path", description="A path of your own: a Python class, or data passed from Python.")
    between: Between = Field(
        "line",
        description="Between points: a straight line in log price, or the last price held (each change is a jump).",
    )
    scenario: StrictBool = Field(
        True, description="True: the path is one event that is played; false: it is drawn anew in each replication."
    )

    @classmethod
    def of(cls, part: Any, /, **fields: Any) -> Self:
        """Return the process of a PricePath, of an instance of a subclass, or of a subclass itself."""
        if type(part) is not PricePath:
            return super().of(part, **fields)
        times, prices = checked_points("price path", *part.points(0.0, np.random.default_rng(0)))
        text = "ts_ms,price\n" + "".join(f"{t},{p!r}\n" for t, p in zip(times.tolist(), prices.tolist(), strict=True))
        return cls.model_validate({"file": "prices.csv", "class": "PricePath", "source": text, **fields})

    @property
    def is_scenario(self) -> bool:
        """As stated."""
        return self.scenario

    @property
    def _is_data(self) -> bool:
        return self.file.endswith(".csv")

    @property
    def runs_code(self) -> bool:
        """False for data."""
        return not self._is_data

    def check(self) -> None:
        """ConfigError if data are not rows of ts_ms,price, or code is not Python; nothing is executed."""
        if self._is_data:
            self.load()
        else:
            super().check()

    def load(self) -> PricePath:
        """Return the path; ConfigError if its code or its data cannot be used."""
        if not self._is_data:
            path: PricePath = super().load()
            return path
        if self.source is None:
            raise ConfigError(f"{self.who}: the text of {self.file} was not read; call with_source(folder) first")
        times, prices = self._read_data(self.source)
        return PricePath(prices, times / 1000.0)

    def _read_data(self, text: str) -> tuple[F64, F64]:
        """Times in ms and prices of a text of rows ts_ms,price; ConfigError with the first row that is not one."""
        read: list[tuple[float, float]] = []
        for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
            time, price = (whole_of(row[0]), decimal_of(row[1])) if len(row) == 2 else (None, None)
            if time is not None and price is not None:
                read.append((float(time), float(price)))
            elif number > 1 and row:
                raise ConfigError(
                    f"{self.who}: {self.file}: row {number}: must be ts_ms,price, found {','.join(row)!r}"
                )
        times, prices = np.array(read, np.float64).reshape(-1, 2).T
        return times, prices

    def start_price(self) -> Decimal | None:
        """The first price of data that begin at the start of the run."""
        if not self._is_data or self.source is None:
            return None
        path = self.load()
        return Decimal(repr(float(path.prices[0]))) if len(path.prices) and path.times_s[0] == 0 else None

    def pinned(self) -> bool:
        """True: the path is given from outside."""
        return True

    def points(self, context: PathContext) -> tuple[I64, F64]:
        """Times since the start of the run in ms and log prices; ConfigError if they do not span the run."""
        who = f"market {context.name}: {self.who}"
        path = self.load()
        try:
            answer = self.limited(path.points, context.duration_ms / 1e3, context.stream("own"))
        except FAILURES as error:
            raise ConfigError(f"{who} raised {where(error, self.file)}") from error
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ConfigError(f"{who}: points must return two arrays, times and prices, not {type(answer).__name__}")
        times, prices = checked_points(who, *answer)
        if times[0] > 0 or times[-1] < context.duration_ms:
            raise ConfigError(
                f"{who}: its points span {times[0] / 1e3:g} s to {times[-1] / 1e3:g} s since the start; the run needs"
                f" 0 s to {context.duration_ms / 1e3:g} s"
            )
        return times, np.log(prices)

    def require_inputs(self, context: PathContext) -> None:
        """ConfigError if the path cannot be used."""
        self.points(context)

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid."""
        return skeleton_of_points(context, *self.points(context), self.between)


def checked_points(who: str, times_s: Iterable[float], prices: Iterable[float]) -> tuple[I64, F64]:
    """Times in whole ms and prices; ConfigError naming the first point that is wrong."""
    try:
        seconds, values = np.asarray(times_s, np.float64), np.asarray(prices, np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{who}: times and prices must be numbers: {one_line(error)}") from error
    if seconds.ndim != 1 or seconds.shape != values.shape or not 2 <= len(seconds) <= MAX_POINTS:
        raise ConfigError(
            f"{who}: needs as many times as prices, 2 to {MAX_POINTS:,} of them, found shapes {seconds.shape} and"
            f" {values.shape}"
        )
    exact = seconds * 1000.0
    whole = np.rint(exact)
    with np.errstate(invalid="ignore"):  # inf - inf, which is no time
        near = np.abs(exact - whole) <= 1e-3
    _require(who, "times must be whole milliseconds", seconds, near)
    _require(who, "times must rise", seconds, np.concatenate([[True], np.diff(whole) > 0]))
    _require(who, "prices must be positive and finite", values, np.isfinite(values) & (values > 0))
    return whole.astype(np.int64), values


def _require(who: str, what: str, values: F64, good: Any) -> None:
    if not good.all():
        at = int(np.argmin(good))
        raise ConfigError(f"{who}: {what}; number {at} is {values[at]}")
