"""An instant of a run as text: UTC if the run has a start time, else time since its start."""

from datetime import datetime, timedelta


def instant_text(time_ms: int, start_utc: datetime | None) -> str:
    """`2025-10-10 21:13:29 UTC`, or `3 min 59 s after the start`; thousandths only if there are any."""
    if start_utc is not None:
        at = start_utc + timedelta(milliseconds=time_ms)
        part = f".{time_ms % 1000:03d}" if time_ms % 1000 else ""
        return f"{at:%Y-%m-%d %H:%M:%S}{part} UTC"
    seconds = time_ms / 1000
    if seconds < 120:
        return f"{seconds:g} s after the start"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f} min{f' {rest:g} s' if rest else ''} after the start"
