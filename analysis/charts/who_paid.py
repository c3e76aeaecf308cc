"""Who paid for the crash? The gain or loss of each role, and of the members who gained and who lost in it."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go

from ..money import format_short
from ..named_accounts import NamedAccount
from .chart_context import RunContext
from .compose import axis, compose, empty, join_and, legend
from .theme import BLACK, GAIN, LOSS

QUESTION = "Who paid for the crash?"
#: Names of a role's members that fit below its label.
_MAX_NAMES = 3
#: Room for the results right of the plot, pixels.
_RESULTS = 128


def draw_who_paid(paid: pd.DataFrame, context: RunContext, *, named: Sequence[NamedAccount] = ()) -> go.Figure:
    """Bars of `who_paid.who_paid`: what members of each role gained and lost, and its result, quote units.

    named: accounts whose names stand below their role.
    """
    x_title = f"result: final equity − initial equity − net deposits ({context.asset})"
    moved = paid[(paid["gained_quanta"] != 0) | (paid["lost_quanta"] != 0)]
    if moved.empty:
        text = "Nobody gained or lost anything: the result of every account is 0."
        return empty(context, question=QUESTION, text=text, axes=(x_title, "role"))
    amounts = {name: context.quote(moved[f"{name}_quanta"].to_numpy("int64")) for name in ("result", "gained", "lost")}
    scale = context.scale(*amounts.values())
    result, gained, lost = (scale.of(values) for values in amounts.values())
    labels = [
        f"{role}<br><span style='font-size:11px;color:#777'>{_members(role, traders, rows, named)}</span>"
        for role, traders, rows in zip(moved["role"], moved["n_traders"], moved["n_accounts"], strict=True)
    ]
    hover = f"%{{y}}: %{{x:+,.5~g}} {scale.unit}<extra>%{{fullData.name}}</extra>"
    traces = [
        go.Bar(
            x=values, y=labels, orientation="h", name=name, marker={"color": colour, "opacity": 0.75},
            hovertemplate=hover,
        )
        for values, name, colour in ((gained, "members who gained", GAIN), (-lost, "members who lost", LOSS))
    ]  # fmt: skip
    marks = go.Scatter(
        x=result, y=labels, mode="markers", name="result of the role", hovertemplate=hover,
        marker={"symbol": "diamond", "size": 10, "color": BLACK, "line": {"width": 1, "color": "white"}},
    )  # fmt: skip
    span = float(max(gained.max(), lost.max()))
    low, high = -float(lost.max()) - 0.04 * span, float(gained.max()) + 0.04 * span
    notes = [
        _result_text(int(quanta), label, context) for quanta, label in zip(moved["result_quanta"], labels, strict=True)
    ]
    return compose(
        [*traces, marks],
        context,
        question=QUESTION,
        answer=_summary(paid, context),
        axes={
            "xaxis": axis(x_title.replace(f"({context.asset})", f"({scale.unit})"), range=[low, high]),
            "yaxis": axis("role (members)", autorange="reversed"),
        },
        note=_undrawn(paid, moved),
        height=230 + 38 * len(moved),
        right=_RESULTS,
        barmode="relative",
        legend=legend(),
        notes=notes,
    )


def _result_text(quanta: int, label: str, context: RunContext) -> dict[str, object]:
    """The result of a role right of the plot, with three significant digits and its own unit."""
    amount = float(context.quote(quanta))
    return {
        "text": f"{'+' if amount > 0 else ''}{format_short(amount)}".replace("-", "−"), "x": 1, "y": label,
        "xref": "paper", "yref": "y", "xanchor": "right", "xshift": _RESULTS - 8, "showarrow": False,
        "font": {"size": 13},
    }  # fmt: skip


def _members(role: str, traders: int, rows: int, named: Sequence[NamedAccount]) -> str:
    number, word = (traders, "trader") if traders else (rows, "account")
    count = f"{number:,} {word}{'s' if number != 1 else ''}"
    names = [escape(account.name) for account in named if account.role == role]  # a user's own texts
    if not names:
        return count
    more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
    return f"{count}: {', '.join(names[:_MAX_NAMES])}{more}" if number == len(names) else f"{count}, {names[0]} too"


def _undrawn(paid: pd.DataFrame, moved: pd.DataFrame) -> str | None:
    """The roles in which the result of every account is 0."""
    rest = [role for role in paid["role"] if role not in set(moved["role"])]
    return f"Not drawn, because the result of every account in them is 0: {join_and(rest)}." if rest else None


def _summary(paid: pd.DataFrame, context: RunContext) -> str:
    """What happened first: the liquidated, the fund, the deleveraged; then what the others made."""
    result = dict(zip(paid["role"], paid["result_quanta"], strict=True))

    def told(role: str) -> str:
        amount = int(result[role])
        size = format_short(abs(float(context.quote(amount))), context.asset)
        if role == "insurance fund":
            return f"insurance fund, net result: {'−' if amount < 0 else '+' if amount > 0 else ''}{size}"
        return f"{role} {f'lost {size}' if amount < 0 else f'gained {size}' if amount > 0 else 'net 0'}"

    first = [role for role in ("liquidated traders", "insurance fund", "deleveraged traders") if role in result]
    others = [role for role in ("other losers", "winners", "makers", "hedged traders", "residual account")]
    parts = [told(role) for role in first] + [told(role) for role in others if role in result]
    head = "; ".join(parts)
    return (
        f"{head[:1].upper()}{head[1:]}. Winners and losers by their result at the final mark,"
        f" {context.instant(context.duration_ms)}; all results sum to exactly 0."
    )
