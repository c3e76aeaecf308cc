"""The loss-flow graphs: who lost to whom, and why, aggregated to a readable size.

`loss_flows` is exact for every run, because each component of the attribution sums to zero: the losses of some roles
through a component are the gains of others. Flows pass through the component, so that no pairing is invented (a price
move has no payee).
`money_flows` pairs payer and payee, and so needs the `transfers` table; it counts transfers of money only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from clearsim.results import FLOWS, ROLES

from .money import exact_sum
from .who_paid import GROUPS

#: Groups in which the clearing house, not the market, moves money.
CLEARING_GROUPS = tuple(dict.fromkeys(flow.group for flow in FLOWS if flow.moved_by == "clearing"))
MAX_NODES = 30
#: Columns of `transfers` that money_flows reads.
MONEY_COLUMNS = ("reason", "payer", "payee", "quote_quanta", "lots")
_FUNDING_AN_ACCOUNT = tuple(reason for flow in FLOWS if flow.moved_by == "owner" for reason in flow.reasons)


def loss_flows(accounts: pd.DataFrame, groups: tuple[str, ...] = tuple(GROUPS), min_share: float = 0.002) -> nx.DiGraph:
    """Graph from roles that lost, through the reason, to roles that gained.

    Nodes: (role, "lost"), (reason, "reason"), (role, "gained"), with label and kind; edges carry `quanta` > 0.
    Flows into a reason equal flows out of it, exactly, before edges below `min_share` of the whole flow are left out;
    graph.graph has total_quanta, omitted_edges, omitted_quanta, and inside_quanta: what moved between accounts of one
    role and so is in no edge. The graph has at most MAX_NODES nodes.
    """
    edges: list[tuple[str, str, int]] = []
    number, names = pd.factorize(accounts["role"])
    rows = {role: np.flatnonzero(number == place) for place, role in enumerate(names)}
    for group in groups:
        net = _net_by_role(accounts, rows, group)
        edges += [(role, group, amount) for role, amount in net.items() if amount != 0]
    total = sum(-amount for _, _, amount in edges if amount < 0)
    kept, omitted = _prune(edges, total, min_share)
    graph = nx.DiGraph(
        total_quanta=total,
        omitted_edges=len(omitted),
        omitted_quanta=sum(abs(amount) for _, _, amount in omitted),
        inside_quanta=sum(_moved(accounts, group) for group in groups) - total,
    )
    for role, group, amount in kept:
        _add_edge(graph, role, group, amount)
    return graph


def _net_by_role(accounts: pd.DataFrame, rows: Mapping[str, npt.NDArray[np.intp]], group: str) -> dict[str, int]:
    """The gain (+) or loss (-) of each role through a group of components, quanta, in the order of ROLES.

    rows: the places of each role's accounts.
    """
    columns = [accounts[f"{name}_quanta"].to_numpy() for name in GROUPS[group]]
    return {role: sum(exact_sum(column[rows[role]]) for column in columns) if role in rows else 0 for role in ROLES}


def _moved(accounts: pd.DataFrame, group: str) -> int:
    """What accounts lost through a group of components, quanta: equal to what others gained, nothing netted by role."""
    change = accounts[[f"{name}_quanta" for name in GROUPS[group]]].sum(axis=1).to_numpy(dtype="int64")
    return -exact_sum(change[change < 0])


def _prune(
    edges: list[tuple[str, str, int]], total: int, min_share: float
) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
    kept = [edge for edge in edges if abs(edge[2]) >= min_share * total]
    while _count_nodes(kept) > MAX_NODES:
        kept.remove(min(kept, key=lambda edge: abs(edge[2])))
    return kept, [edge for edge in edges if edge not in kept]


def _count_nodes(edges: list[tuple[str, str, int]]) -> int:
    return len({(role, amount > 0) for role, _, amount in edges} | {group for _, group, _ in edges})


def _add_edge(graph: nx.DiGraph, role: str, group: str, amount: int) -> None:
    side = "gained" if amount > 0 else "lost"
    ends = ((role, side), (group, "reason"))
    for label, kind in ends:
        graph.add_node((label, kind), label=label, kind=kind)
    tail, head = (ends[1], ends[0]) if amount > 0 else ends
    graph.add_edge(tail, head, quanta=abs(amount))


def money_flows(transfers: Iterable[pd.DataFrame], roles: pd.Series) -> nx.MultiDiGraph:
    """Graph payer role -> payee role, one edge per reason, of transfers of money only; deposits are left out.

    transfers: pieces of the table with MONEY_COLUMNS.  roles: role by account.  Edges carry `reason`, `quanta`
    (net, > 0) and `transfers`; those inside a role are left out.
    """
    net: dict[tuple[str, str, str], list[int]] = {}
    for piece in transfers:
        for (source, target, reason), rows in _between_roles(piece, roles):
            forward = source < target
            entry = net.setdefault((*sorted((source, target)), reason), [0, 0])
            entry[0] += exact_sum(rows["quote_quanta"]) * (1 if forward else -1)
            entry[1] += len(rows)
    graph = nx.MultiDiGraph()
    for (first, second, reason), (amount, count) in sorted(net.items()):
        if amount:
            ends = (first, second) if amount > 0 else (second, first)
            graph.add_edge(*ends, reason=reason, quanta=abs(amount), transfers=count)
    return graph


def _between_roles(piece: pd.DataFrame, roles: pd.Series) -> Any:
    """Transfers of money only between two roles, grouped by payer's role, payee's role and reason."""
    money = piece[(piece["lots"] == 0) & ~piece["reason"].isin(_FUNDING_AN_ACCOUNT)]
    money = money.assign(payer=money["payer"].map(roles), payee=money["payee"].map(roles))
    money = money[money["payer"] != money["payee"]]
    return money.groupby(["payer", "payee", "reason"], sort=True, observed=True)
