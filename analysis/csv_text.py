"""CSV that a spreadsheet shows as text: cells that it would execute as formulas begin with an apostrophe.

Excel, LibreOffice and Google Sheets execute a cell that begins with = + - @, a tab or a carriage return. Numbers
begin with a sign too, and stay as they are, alone or with blanks between them.
"""

import re
from typing import Any

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
#: A number, or several with blanks between them.
_NUMBERS = re.compile(rf"{_NUMBER}(?: {_NUMBER})*")


def defused(value: Any) -> Any:
    """A cell that no spreadsheet executes: a text like =1+1 gets an apostrophe, anything else stays."""
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBERS.fullmatch(value):
        return f"'{value}"
    return value


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV without its index, texts and headers defused."""
    safe = frame.rename(columns={name: defused(name) for name in frame.columns})
    for place, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            column = safe.iloc[:, place]
            if isinstance(kind, pd.CategoricalDtype):
                column = column.astype(object)
            safe.isetitem(place, column.map(defused))
    text: str = safe.to_csv(index=False)
    return text
