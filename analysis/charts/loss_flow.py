"""Who lost to whom, and why? Flows from the roles that lost, through the reason, to the roles that gained."""

from typing import Any

import networkx as nx
import plotly.graph_objects as go

from ..money import format_short
from .chart_context import RunContext
from .compose import compose, empty
from .theme import GROUP_COLOURS, MAX_HEIGHT, ROLE_COLOURS

_KINDS = ("lost", "reason", "gained")
_HEADINGS = ("lost", "through", "gained")


def draw_loss_flow(graph: nx.DiGraph, context: RunContext, *, question: str, nothing: str) -> go.Figure:
    """A Sankey diagram of `flows.loss_flows`; `nothing` is the text if no money moved between any two accounts."""
    if graph.number_of_edges() == 0:
        inside = graph.graph["inside_quanta"]
        text = f"Net by role and reason nothing moved; {_inside(inside, context)}." if inside else nothing
        return empty(context, question=question, text=text, axes=("", f"flow ({context.asset})"))
    nodes = _ordered(graph)
    number = {node: i for i, node in enumerate(nodes)}
    edges = list(graph.edges(data="quanta"))
    quote = [float(context.quote(quanta)) for _, _, quanta in edges]
    x, y = _positions(graph, nodes)
    sankey = go.Sankey(
        arrangement="fixed",
        node={
            "label": [_label(graph, node, context) for node in nodes],
            "color": [_colour(node) for node in nodes],
            "x": x,
            "y": y,
            "pad": 22,
            "thickness": 16,
            "line": {"width": 0},
            "hovertemplate": "%{label}<extra></extra>",
        },
        link={
            "source": [number[tail] for tail, _, _ in edges],
            "target": [number[head] for _, head, _ in edges],
            "value": quote,
            "color": [_fade(_colour(tail if tail[1] == "reason" else head)) for tail, head, _ in edges],
            "customdata": [format_short(amount, context.asset) for amount in quote],
            "hovertemplate": "%{source.label} → %{target.label}<br>%{customdata}<extra></extra>",
        },
        textfont={"size": 12},
    )
    height = min(240 + 42 * max(sum(kind == node[1] for node in nodes) for kind in _KINDS), MAX_HEIGHT)
    figure = compose(
        [sankey],
        context,
        question=question,
        answer=_summary(graph, context),
        axes={},
        height=height,
        notes=[_heading(place, heading) for place, heading in zip((0, 0.5, 1), _HEADINGS, strict=True)],
    )
    figure.layout.margin.update(l=20, r=20)  # title and caption begin at the edge of the diagram
    return figure


def _heading(place: float, text: str) -> dict[str, Any]:
    """The heading of a column of nodes."""
    return {
        "text": f"<i>{text}</i>", "x": place, "y": 1.0, "yshift": 8, "xref": "paper", "yref": "paper",
        "showarrow": False, "xanchor": ("left", "center", "right")[int(place * 2)], "yanchor": "bottom",
        "font": {"color": "#555555"},
    }  # fmt: skip


def _volume(graph: nx.DiGraph, node: tuple[str, str]) -> int:
    into = sum(quanta for _, _, quanta in graph.in_edges(node, data="quanta"))
    out = sum(quanta for _, _, quanta in graph.out_edges(node, data="quanta"))
    return int(max(into, out))


def _ordered(graph: nx.DiGraph) -> list[tuple[str, str]]:
    """Nodes column by column, the largest first, ties by name."""
    return sorted(graph, key=lambda node: (_KINDS.index(node[1]), -_volume(graph, node), node[0]))


def _positions(graph: nx.DiGraph, nodes: list[tuple[str, str]]) -> tuple[list[float], list[float]]:
    """Places in [0, 1]: each column from top to bottom, with height by volume and a minimum height for the label."""
    x, y = [], []
    for kind, place in zip(_KINDS, (0.001, 0.5, 0.999), strict=True):
        column = [node for node in nodes if node[1] == kind]
        volumes = [max(_volume(graph, node), 1) for node in column]
        gap = 0.45 / max(len(column), 1)
        unit = 0.55 / sum(volumes) if volumes else 0.0
        top = 0.0
        for volume in volumes:
            height = volume * unit
            x.append(place)
            y.append(min(max(top + (height + gap) / 2, 0.001), 0.999))
            top += height + gap
    return x, y


def _label(graph: nx.DiGraph, node: tuple[str, str], context: RunContext) -> str:
    return f"{node[0]} · {format_short(float(context.quote(_volume(graph, node))), context.asset)}"


def _colour(node: tuple[str, str]) -> str:
    return GROUP_COLOURS[node[0]] if node[1] == "reason" else ROLE_COLOURS[node[0]]


def _fade(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.42)"


def _summary(graph: nx.DiGraph, context: RunContext) -> str:
    total = format_short(float(context.quote(graph.graph["total_quanta"])), context.asset)
    text = f"{total} changed hands, net by role and reason"
    if graph.graph["inside_quanta"]:
        text += f"; {_inside(graph.graph['inside_quanta'], context)}"
    omitted = graph.graph["omitted_edges"]
    if omitted:
        rest = format_short(float(context.quote(graph.graph["omitted_quanta"])), context.asset)
        flows, are = ("flow", "is") if omitted == 1 else ("flows", "are")
        text += f"; {omitted} {flows} too small to draw {are} left out ({rest} in total)"
    return text + "."


def _inside(quanta: int, context: RunContext) -> str:
    amount = format_short(float(context.quote(quanta)), context.asset)
    return f"{amount} moved between accounts of the same role and is not drawn"
