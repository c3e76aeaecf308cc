"""The base of every mechanism that a config can choose: a frozen value with pure methods, and no state."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from .errors import ConfigError


class Policy(BaseModel):
    """Frozen, strict about unknown keys, defaults validated. What a policy must remember is kept in World."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    #: Fields that the canonical form leaves out while they have their default. They were added when configs had hashes
    #: already, and a config that does not name them keeps its hash.
    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset()
    #: Fields that can change no number of a run, and are left out of the hash.
    UNHASHED_FIELDS: ClassVar[frozenset[str]] = frozenset()


class PublicPolicy(type(BaseModel)):  # type: ignore[misc]
    """Class of those policies that users construct by name: what does not fit is a ConfigError."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make the instance; ConfigError names the field."""
        try:
            return super().__call__(*args, **kwargs)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            text = first["msg"].removeprefix("Value error, ")
            raise ConfigError(f"{cls.__name__}: {place + ': ' if place else ''}{text}") from error
        except TypeError as error:  # arguments without names
            raise ConfigError(f"{cls.__name__}: {error}") from error


#: Names of markets, cohorts, agents, assets and funds. They become names of accounts and columns, and stand in pages
#: and CSV files: nothing that HTML, a spreadsheet or a file system reads as more than text, and neither of the marks of
#: accounts' names (`FUND:main`, `makers#3`).
NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9._-])?$"
#: The name of a config, which also names folders: without spaces.
SLUG_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=80)]
PositiveInt = Annotated[StrictInt, Field(gt=0)]
NonNegativeInt = Annotated[StrictInt, Field(ge=0)]
#: A share or rate in parts per million, 0..1_000_000.
SharePpm = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
PositiveDecimal = Annotated[Decimal, Field(gt=0)]
NonNegativeDecimal = Annotated[Decimal, Field(ge=0)]
