"""The traders: cohorts of like traders, named agents, and their holdings when the run begins."""

from typing import Annotated

from pydantic import Field

from .behaviours.whale import Whale
from .user import UserAgentConfig

NamedAgent = Annotated[Whale | UserAgentConfig, Field(discriminator="kind")]

__all__ = ["NamedAgent", "UserAgentConfig", "Whale"]
