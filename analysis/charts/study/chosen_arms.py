"""Which arms a figure shows if a study has more than fit: the first, and those with the lowest and highest values."""

import math
from collections.abc import Mapping, Sequence

#: Number of arms that a figure shows.
MAX_ARMS = 24
#: Number of arms left out that a note names.
_NAMED = 6


def chosen_arms(
    arms: Sequence[str], values: Mapping[str, float], by: str, most: int = MAX_ARMS
) -> tuple[list[str], str]:
    """The arms to show, in their order, and a note that says how they were chosen and which are left out.

    values: of each arm that has one.  by: what these values are, as text.  The note is empty if all arms fit.
    """
    if len(arms) <= most:
        return list(arms), ""
    known = sorted((arm for arm in arms[1:] if not math.isnan(values.get(arm, math.nan))), key=lambda arm: values[arm])
    n_low = (most - 1) // 2
    ends = {arms[0], *known[:n_low], *known[max(n_low, len(known) - (most - 1 - n_low)) :]}
    for arm in arms:  # arms without a value, while there is room
        if len(ends) < most:
            ends.add(arm)
    shown, rest = [arm for arm in arms if arm in ends], [arm for arm in arms if arm not in ends]
    more = f"; {len(rest) - _NAMED:,} more" if len(rest) > _NAMED else ""
    return shown, (
        f"Shown: {len(shown):,} of {len(arms):,} arms, the first and those with the lowest and the highest {by}."
        f" Left out: {'; '.join(rest[:_NAMED])}{more}."
    )
