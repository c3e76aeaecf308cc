"""A file of recorded data as it was downloaded: CSV or JSON, alone, gzipped, or the one file of a zip.

Decides what a file is and where its rows are. Leaves to others: what the rows mean (`json_layouts.py`,
`csv_layouts.py`). Numbers of JSON are decimals, so no digit is lost.
"""

import csv
import gzip
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import InputDataError

#: Maximum size of a file after unpacking, bytes.
MAX_BYTES = 1 << 30
_TOO_LARGE = f"is larger than {MAX_BYTES:,} bytes after unpacking"


@dataclass(frozen=True)
class Source:
    """The text of a file.  inner: its name, or that of the file inside the zip."""

    path: Path
    inner: str
    text: str

    @cached_property
    def data(self) -> Any:
        """The value of a JSON file; None for other text."""
        if not self.text.lstrip().startswith(("{", "[")):
            return None
        try:
            return json.loads(self.text, parse_float=Decimal, parse_constant=_no_number)
        except ValueError as error:
            raise InputDataError(f"{self.path}: cannot be read as JSON: {error}") from error

    @cached_property
    def rows(self) -> list[tuple[int, list[str]]]:
        """(line, cells) of a CSV file, blank lines left out; the first is the header, or data."""
        try:
            lines = csv.reader(io.StringIO(self.text, newline=""), strict=True)
            return [(lines.line_num, [cell.strip() for cell in row]) for row in lines if any(map(str.strip, row))]
        except csv.Error as error:
            raise InputDataError(f"{self.path}: cannot be read as CSV: {error}") from error

    @property
    def header(self) -> list[str]:
        """The first row of a CSV file in lower case; empty for JSON."""
        return [cell.lower() for cell in self.rows[0][1]] if self.data is None and self.rows else []


def open_source(path: Path) -> Source:
    """The text of a file; InputDataError if it cannot be read."""
    try:
        inner, data = _unpacked(path)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputDataError(f"{path}: cannot be read: {error}") from error
    try:
        return Source(path, inner, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputDataError(f"{path}: must be UTF-8 text: {error}") from error


def _unpacked(path: Path) -> tuple[str, bytes]:
    """(name, content) of the file, or of what is packed in it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [item for item in archive.infolist() if not item.is_dir()]
            if len(names) != 1:
                raise InputDataError(f"{path}: must hold one file, found {len(names)}")
            if names[0].file_size > MAX_BYTES:
                raise InputDataError(f"{path}: {_TOO_LARGE}")
            return names[0].filename, archive.read(names[0])
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as handle:
        data = handle.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputDataError(f"{path}: {_TOO_LARGE}")
    return path.name, data


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a finite number")
