"""Kou's jump diffusion: Poisson jumps with two-sided exponential log sizes (Kou 2002, Management Science 48)."""

from typing import Literal

from pydantic import Field, model_validator

from ...policy import PositiveDecimal, SharePpm
from .jumps import DoubleExponentialJump
from .poisson_jumps import PoissonJumps


class Kou(PoissonJumps):
    """Diffusion with Poisson jumps, down with probability `down_share_ppm` and exponential log size either way."""

    kind: Literal["kou"] = Field("kou", description="Diffusion with two-sided exponential log jumps.")
    down_share_ppm: SharePpm = Field(description="Probability that a jump is down, ppm.")
    down_eta: PositiveDecimal = Field(description="1 / mean log size of down jumps: 35 is a mean fall of 2.9%.")
    up_eta: PositiveDecimal = Field(description="1 / mean log size of up jumps; above 1.")

    @model_validator(mode="after")
    def _size_is_valid(self) -> "Kou":
        _ = self.size
        return self

    @property
    def size(self) -> DoubleExponentialJump:
        """Distribution of the log size of a jump."""
        return DoubleExponentialJump(down_share_ppm=self.down_share_ppm, down_eta=self.down_eta, up_eta=self.up_eta)
