"""Laws of leverage, size and concentration of a book of positions, and the config that draws such a book."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import LoadedConfig, load_config
from ..errors import ConfigError, InputDataError
from ..opening import scan_positions
from ..opening.book_frame import book_frame
from . import _analysis as analysis
from .fitted import fitted_yaml

if TYPE_CHECKING:
    BookFit = analysis.BookFit


@dataclass(frozen=True)
class Calibration:
    """Fitted laws of a book; left_out: positions without margin or collateral."""

    path: Path
    fit: "analysis.BookFit"
    left_out: int
    base: LoadedConfig
    notes: tuple[str, ...] = ()  # how the file was read

    def yaml(self, *, weight: str, comment: list[str]) -> str:
        """A config that extends the base and opens with a drawn book; weight: notional or account."""
        return fitted_yaml(self.fit, self.base, weight=weight, comment=comment)


def calibrate(
    path: Path,
    config: str,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    columns: Mapping[str, str] | None = None,
    round_to_lot: bool = False,
) -> Calibration:
    """Fit the book in a CSV of positions, in the markets of `config`.

    columns: our name of a column -> the file's, where they differ.  round_to_lot: as the config key.
    ConfigError for a level out of range; InputDataError for a file that cannot be read or fitted.
    """
    if not 0.5 <= level < 1:
        raise ConfigError(f"level must be at least 0.5 and below 1, found {level}")
    loaded = load_config(config)
    instruments = loaded.config.instruments()
    scan = scan_positions(path, instruments, columns=columns, round_to_lot=round_to_lot)
    scan.faults.require_none()
    try:
        with analysis.clearsim_errors(InputDataError):
            book, left_out = book_frame(scan.rows, instruments)
            fit = analysis.fit_book(book, level=level, resamples=resamples)
    except InputDataError as error:
        raise InputDataError(f"{path}: {error}") from error
    return Calibration(path, fit, left_out, loaded, tuple(scan.notes))
