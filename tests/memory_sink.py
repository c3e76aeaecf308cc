"""Rows of the event tables, kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Columns = Mapping[str, object]


@dataclass
class MemorySink:
    """An EventSink that keeps everything."""

    batches: dict[str, list[dict[str, npt.NDArray[np.generic]]]] = field(default_factory=dict)

    def append(self, table: str, columns: Columns) -> None:
        """Keep a copy of the batch."""
        self.batches.setdefault(table, []).append({name: np.array(column) for name, column in columns.items()})

    def table(self, name: str) -> dict[str, npt.NDArray[np.generic]]:
        """All rows of a table so far; no columns if there was no row."""
        batches = self.batches.get(name, [])
        if not batches:
            return {}
        return {column: np.concatenate([batch[column] for batch in batches]) for column in batches[0]}
