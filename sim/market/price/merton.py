"""Merton's jump diffusion: Poisson jumps with normal log sizes (Merton 1976, J. Financial Economics 3)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from .jumps import NormalJump
from .poisson_jumps import PoissonJumps


class Merton(PoissonJumps):
    """Diffusion with Poisson jumps of normal log size.

    A maximum-likelihood fit to returns degenerates to many small jumps (it fits volatility clustering): set jumps from
    threshold exceedances instead.
    """

    kind: Literal["merton"] = Field("merton", description="Diffusion with normal log jumps.")
    jump_log_mean: Decimal = Field(description="Mean of the log size of a jump.")
    jump_log_sd: Annotated[Decimal, Field(ge=0)] = Field(description="Standard deviation of the log size of a jump.")

    @property
    def size(self) -> NormalJump:
        """Distribution of the log size of a jump."""
        return NormalJump(log_mean=self.jump_log_mean, log_sd=self.jump_log_sd)
