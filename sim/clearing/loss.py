"""Socialised loss: what nobody else paid is taken from winners, and positions nobody took are torn up.

Rules CLR-LOS-### in RULES.md.
"""

from typing import Literal

from pydantic import Field

from ..policy import Policy


class SocialisedLossLayer(Policy):
    """Standing bankrupt positions close at mark against all opposing holders pro rata.

    The debt is a haircut of gains.
    """

    kind: Literal["socialised_loss"] = "socialised_loss"
    basis: Literal["unrealised_gain", "equity_change"] = Field(
        default="unrealised_gain",
        description="gains that can be taken: unrealised profit against entry in the fund's markets, or the change of"
        " equity since the run began less deposits (catches profit already realised)",
    )

    @property
    def basis_code(self) -> int:
        """Code that the kernels read."""
        return 0 if self.basis == "unrealised_gain" else 1
