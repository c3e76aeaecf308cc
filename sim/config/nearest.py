"""Names the nearest valid name to a mistyped one."""

import difflib
from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name most similar to `name`, or None if none is similar."""
    by_lower = {option.lower(): option for option in valid}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[close[0]] if close else None


def nearest_hint(name: str, valid: Iterable[str]) -> str:
    """Return ` (did you mean X?)`, or an empty string."""
    found = nearest(name, valid)
    return f" (did you mean {found}?)" if found else ""
