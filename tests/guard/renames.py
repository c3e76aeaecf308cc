"""What is called otherwise here than in the base commit, and is meant to be: tables, columns, values of text columns.

Names are of result folders and study folders alike. Empty where nothing was renamed since the base commit.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Renames:
    """Old name -> new name. A column that is None was dropped; `added` are columns that the base does not have."""

    tables: dict[str, str] = field(default_factory=dict)
    #: By old table: old column -> new column.
    columns: dict[str, dict[str, str | None]] = field(default_factory=dict)
    #: By new table: new columns.
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: By (new table, new column): old text -> new text.
    values: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)


RENAMES = Renames()
