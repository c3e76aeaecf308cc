"""RunConfig: everything a run depends on, apart from seed, scenario and replication. It is the sum of the unions.

Decides the shape of a config and nothing else: mechanisms are the policies of `market/`, `clearing/` and `agents/`;
they lower themselves to integers; consistency across them is checked in `check.py`. Amounts of the venue
(fund seed, inventory cap, open interest, depth) are written at venue scale; `scale.simulated_share` is the one place
that sets the simulated part of the venue. A key called `file` names an input file; its content is hashed too.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, PrivateAttr, StrictBool, StrictInt, field_validator

from ..agents import NamedAgent
from ..agents.cohort import PopulationConfig
from ..clearing.fees import FeeSchedule
from ..clearing.fund import FundPolicy
from ..clearing.liquidation import LiquidationPolicy
from ..clearing.margin import MarginPolicy
from ..clearing.waterfall import DefaultWaterfall
from ..errors import at_key
from ..instrument import Instrument
from ..market.clock import Clock
from ..market.funding import FundingRule
from ..market.impact import ImpactRule
from ..market.mark import MarkRule
from ..market.price import PriceProcess, PriceSystem
from ..policy import SLUG_PATTERN, Name, Policy, PositiveDecimal, PositiveInt
from .provenance import Provenance
from .reduced import Reduced

Slug = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=80)]
_MILLISECOND = timedelta(milliseconds=1)
Seed = Annotated[StrictInt, Field(ge=0, lt=2**63)]


class Asset(Policy):
    """The settlement asset of the run: money is counted in whole quanta of it."""

    name: Name = Field(description="Name as printed, e.g. USDT.")
    quantum: PositiveDecimal = Field(description="Smallest unit of money, quote units.")


class Scale(Policy):
    """The simulated part of the venue."""

    simulated_share: PositiveDecimal = Field(
        Decimal(1), le=1, description="Every amount at venue scale is multiplied by this when the run is built."
    )


class Market(Policy):
    """One linear perpetual market and its rules."""

    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset({"order_band_ppm"})

    name: Name = Field(description="Name of the market; other parts of the config refer to it.")
    tick_size: PositiveDecimal = Field(description="Smallest price step, quote units per base unit.")
    lot_size: PositiveDecimal = Field(description="Smallest size step, base units.")
    price: PriceProcess = Field(description="Source of the index price.")
    impact: ImpactRule = Field(description="Whether the venue's net taker flow moves the index.")
    mark: MarkRule = Field(description="Derivation of the mark price from index and book.")
    funding: FundingRule = Field(description="Payments from longs to shorts, and their times.")
    margin: MarginPolicy = Field(description="Initial and maintenance margin.")
    fees: FeeSchedule = Field(description="Trading and liquidation fees.")
    order_band_ppm: Annotated[StrictInt, Field(gt=0, lt=1_000_000)] | None = Field(
        None,
        description="Worst price of traders' orders without a limit (market orders, triggered stops), as a distance"
        " from the mark, ppm; what the book does not offer within it is cancelled. null: no band.",
    )

    def instrument(self, quantum: Decimal) -> Instrument:
        """The market's integer grid; ConfigError if one tick on one lot is not whole quanta."""
        return Instrument.build(name=self.name, tick_size=self.tick_size, lot_size=self.lot_size, quantum=quantum)


class PositionsFile(Policy):
    """Opening positions from a CSV file in place of the population's."""

    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset({"columns", "round_to_lot"})

    file: str = Field(min_length=1, description="CSV file, relative to the config's folder.")
    residual_account: Name | None = Field(
        None, description="Account that takes the difference if longs and shorts are not equal; null: refuse."
    )
    columns: dict[str, str] = Field(
        {},
        description="Columns that have other names in the file: our name -> the file's, like {account: uid}.",
    )
    round_to_lot: StrictBool = Field(
        False,
        description="True: sizes are rounded to the lot, prices to the tick, money down to the quantum; false: refuse.",
    )


class Record(Policy):
    """The recorded tables."""

    detail: Literal["summary", "series", "events", "orders"] = Field(
        "events",
        description="Level of detail, each with the tables of those before it: summary (runs, funds, accounts), series,"
        " events (all that audit and report read), orders (every order: most of the bytes).",
    )
    sample_ms: PositiveInt = Field(1_000, description="Time between two samples of the series, ms.")
    depth_bands_ppm: tuple[PositiveInt, PositiveInt, PositiveInt] = Field(
        (10_000, 20_000, 50_000),
        description="Near, middle and far distance from the mark at which depth is summed, ppm.",
    )

    @field_validator("depth_bands_ppm")
    @classmethod
    def _widening(cls, bands: tuple[int, int, int]) -> tuple[int, int, int]:
        if not bands[0] < bands[1] < bands[2] < 1_000_000:
            raise ValueError(f"must widen from near to far and stay below 1,000,000, found {list(bands)}")
        return bands


class RecordedPrice(Policy):
    """One recorded price."""

    utc: AwareDatetime = Field(description="Time, e.g. 2025-10-10T21:15:00Z.")
    price: PositiveDecimal = Field(description="Price at that time, quote units per base unit.")


class Comparison(Policy):
    """A recorded series for comparison with the run. The simulation never reads it."""

    name: Name = Field(description="Name of the series.")
    market: Name = Field(description="Name of the market.")
    quantity: Literal["mark", "index"] = Field(description="Quantity of the run for the comparison.")
    source: str = Field(min_length=1, description="Document or data set.")
    date: str | None = Field(None, description="Date at which the source was valid or was read.")
    note: str | None = Field(None, description="Doubts, and gaps in the points.")
    points: Annotated[tuple[RecordedPrice, ...], Field(min_length=1)] = Field(description="Prices in order of time.")

    @field_validator("points")
    @classmethod
    def _in_order(cls, points: tuple[RecordedPrice, ...]) -> tuple[RecordedPrice, ...]:
        for earlier, later in pairwise(points):
            if later.utc <= earlier.utc:
                raise ValueError(f"must be in order of time: {later.utc} does not follow {earlier.utc}")
        return points


class Places(dict[str, str]):
    """Path of a key, as text -> file and line where it was written. Configs from several files may be equal."""

    def __eq__(self, other: object) -> bool:
        """Always equal: a place is no part of what a config means."""
        return isinstance(other, Places)

    __hash__ = None


class RunConfig(Policy):
    """A run, completely described."""

    _places: Places = PrivateAttr(default_factory=Places)

    schema_version: Literal[1] = Field(1, description="Version of this file format.")
    name: Slug = Field(description="Short name: letters, digits, dot, dash, underscore. Result folders use it.")
    title: str = Field("", description="One line for lists and reports.")
    description: str = Field("", description="Subject of the run.")
    seed: Seed = Field(description="Seed of all random streams.")
    start_utc: AwareDatetime = Field(description="UTC time of the start, like 2025-10-10T20:30:00Z.")
    duration_s: PositiveDecimal = Field(description="Simulated time, seconds.")
    clock: Clock = Field(description="Ticks of the exchange.")
    asset: Asset = Field(description="Settlement asset.")
    scale: Scale = Field(default_factory=Scale, description="Simulated part of the venue.")
    prices: PriceSystem = Field(description="Dependence between the markets' prices.")
    markets: Annotated[tuple[Market, ...], Field(min_length=1)] = Field(description="Markets.")
    funds: Annotated[tuple[FundPolicy, ...], Field(min_length=1)] = Field(
        description="Insurance funds; every market has exactly one."
    )
    liquidation: LiquidationPolicy = Field(description="Closing of distressed accounts.")
    waterfall: DefaultWaterfall
    population: PopulationConfig = Field(description="Cohorts of traders and their positions at the start.")
    agents: tuple[NamedAgent, ...] = Field((), description="Named agents: whales, and user-defined agents.")
    positions: PositionsFile | None = Field(
        None, description="Custom positions; null: the population's opening positions."
    )
    record: Record = Field(default_factory=Record, description="Recorded tables.")
    reduced: Reduced | None = Field(None, description="Further settings of the reduced engine; null: full engine only.")
    comparisons: tuple[Comparison, ...] = Field((), description="Recorded series for comparison with the run.")
    requires_provenance: StrictBool = Field(False, description="True: every number must be covered by provenance.")
    provenance: tuple[Provenance, ...] = Field((), description="Sources of the numbers.")

    @field_validator("start_utc")
    @classmethod
    def _to_utc(cls, value: datetime) -> datetime:
        return value.astimezone(UTC)

    @property
    def duration_ms(self) -> int:
        """Simulated time in whole milliseconds."""
        return int(self.duration_s * 1000)

    @property
    def start_ms(self) -> int:
        """Start of the run, milliseconds since 1970-01-01 UTC."""
        return (self.start_utc - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND

    @property
    def quantum(self) -> Decimal:
        """The settlement asset's quantum."""
        return self.asset.quantum

    @property
    def market_names(self) -> tuple[str, ...]:
        """Names of the markets, in order."""
        return tuple(market.name for market in self.markets)

    def instruments(self) -> list[Instrument]:
        """The markets' integer grids, in order."""
        found = []
        for number, market in enumerate(self.markets):
            with at_key("markets", number):
                found.append(market.instrument(self.quantum))
        return found
