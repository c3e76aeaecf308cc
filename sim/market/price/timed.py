"""A price at a time: in UTC or in seconds since the start of the run."""

from decimal import Decimal

from pydantic import AwareDatetime, Field, model_validator

from ...errors import ConfigError
from ...policy import Policy, PositiveDecimal
from ...units import INT64_MAX
from .skeleton import PathContext


class TimedPrice(Policy):
    """A recorded (or assumed) price at a time."""

    utc: AwareDatetime | None = Field(None, description="Time, e.g. 2025-10-10T21:15:00Z; or give t_s.")
    t_s: Decimal | None = Field(None, description="Time in seconds since the start of the run; or give utc.")
    price: PositiveDecimal = Field(description="Price at that time, quote units per base unit.")

    @model_validator(mode="after")
    def _one_time(self) -> "TimedPrice":
        if (self.utc is None) == (self.t_s is None):
            raise ValueError("a waypoint needs exactly one of utc and t_s")
        return self

    def time_ms(self, context: PathContext) -> int:
        """Milliseconds since the start of the run; ConfigError if not whole, or if utc is used without a start."""
        if self.t_s is not None:
            value = self.t_s * 1000
        elif self.utc is not None and context.start_ms is not None:
            value = Decimal(str(self.utc.timestamp())) * 1000 - context.start_ms
        else:
            raise ConfigError(f"market {context.name}: waypoints in utc need start_utc in the run's config")
        if value != int(value):
            raise ConfigError(f"market {context.name}: waypoint at {self.utc or self.t_s} is not a whole millisecond")
        if abs(value) > INT64_MAX:
            raise ConfigError(f"market {context.name}: waypoint at {self.utc or self.t_s} is beyond any run")
        return int(value)
