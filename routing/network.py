"""The road network as a networkx model, and what it tells: components, weakest links, critical places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from routing.graph import Confidence, RoadGraph

ANALYSED_NODES = 30_000
"""Critical places are searched in Python; above this many nodes that takes minutes."""


@dataclass(frozen=True, kw_only=True)
class CriticalNode:
    """A node that much of the fastest traffic passes; ``betweenness_frac`` is its share of all pairs' fastest ways."""

    node: int
    name: str
    betweenness_frac: float


@dataclass(frozen=True, kw_only=True)
class CriticalLink:
    """A road between two nodes whose closure cuts the network in two; ``cut_off_count`` nodes lie on the smaller side."""

    from_name: str
    to_name: str
    ref: str
    length_m: int
    confidence: Confidence
    cut_off_count: int


@dataclass(frozen=True, kw_only=True)
class NetworkSummary:
    """What ``chuanyu network info`` says. ``component_sizes`` are those of strong connection, largest first."""

    name: str
    node_count: int
    edge_count: int
    length_m: int
    component_sizes: tuple[int, ...]
    length_by_confidence_m: Mapping[Confidence, int]
    length_by_class_m: Mapping[str, int]
    critical_nodes: tuple[CriticalNode, ...]
    critical_links: tuple[CriticalLink, ...]
    notes: tuple[str, ...]


def to_networkx(graph: RoadGraph) -> nx.DiGraph[int]:
    """The graph with nodes by index and the attributes ``time_s, length_m, toll_fen, climb_m, ref, confidence, edge``.

    Of parallel edges the fastest stays, of equally fast ones the first.
    """
    model: nx.DiGraph[int] = nx.DiGraph(name=graph.name)
    for node in range(graph.node_count):
        model.add_node(
            node,
            name=node_name(graph, node),
            lon_wgs84=float(graph.node_lon_wgs84[node]),
            lat_wgs84=float(graph.node_lat_wgs84[node]),
        )
    time_s = graph.length_m / graph.speed_mps
    for edge in range(graph.edge_count):
        tail, head = int(graph.edge_from[edge]), int(graph.edge_to[edge])
        if model.has_edge(tail, head) and model.edges[tail, head]["time_s"] <= time_s[edge]:
            continue
        model.add_edge(
            tail,
            head,
            time_s=float(time_s[edge]),
            length_m=int(graph.length_m[edge]),
            toll_fen=int(graph.toll_fen[edge]),
            climb_m=float(graph.climb_m[edge]),
            ref=graph.refs[graph.ref_index[edge]],
            confidence=Confidence(int(graph.confidence[edge])),
            edge=edge,
        )
    return model


def node_name(graph: RoadGraph, node: int) -> str:
    """Its name, else its id, else its number."""
    if graph.node_names and graph.node_names[node]:
        return graph.node_names[node]
    return graph.node_ids[node] if graph.node_ids else str(node)


def list_components(graph: RoadGraph) -> list[list[int]]:
    """Strongly connected components, largest first; within one every place reaches every other. Isolated nodes are ones too."""
    components = [sorted(component) for component in nx.strongly_connected_components(to_networkx(graph))]
    return sorted(components, key=lambda component: (-len(component), component[0]))


def summarise(graph: RoadGraph, *, top: int = 10, samples: int = 200, seed: int = 0) -> NetworkSummary:
    """Work out the summary.

    Betweenness is exact up to ``samples`` nodes and estimated from that many sources above; beyond :data:`ANALYSED_NODES` nodes
    critical places are left out, and a note says so.
    """
    by_class: Counter[str] = Counter()
    if graph.class_index is not None:
        for number, name in enumerate(graph.road_classes):
            by_class[name] = int(graph.length_m[graph.class_index == number].sum(dtype=np.int64))
    critical_nodes: tuple[CriticalNode, ...] = ()
    critical_links: tuple[CriticalLink, ...] = ()
    notes = graph.notes
    if graph.node_count <= ANALYSED_NODES:
        model = to_networkx(graph)
        sources = samples if graph.node_count > samples else None
        between = nx.betweenness_centrality(model, k=sources, weight="time_s", seed=seed)
        ranked = sorted(between.items(), key=lambda item: (-item[1], item[0]))[:top]
        critical_nodes = tuple(
            CriticalNode(node=node, name=node_name(graph, node), betweenness_frac=float(share))
            for node, share in ranked
        )
        critical_links = _critical_links(graph, model, top)
    else:
        notes = (*notes, f"critical places are worked out up to {ANALYSED_NODES} nodes; this network has more")
    return NetworkSummary(
        name=graph.name,
        node_count=graph.node_count,
        edge_count=graph.edge_count,
        length_m=int(graph.length_m.sum(dtype=np.int64)),
        component_sizes=_component_sizes(graph),
        length_by_confidence_m={
            confidence: int(graph.length_m[graph.confidence == confidence].sum(dtype=np.int64))
            for confidence in Confidence
        },
        length_by_class_m=dict(by_class),
        critical_nodes=critical_nodes,
        critical_links=critical_links,
        notes=notes,
    )


def _component_sizes(graph: RoadGraph) -> tuple[int, ...]:
    links = sparse.csr_matrix(
        (np.ones(graph.edge_count, dtype=np.int8), (graph.edge_from, graph.edge_to)),
        shape=(graph.node_count, graph.node_count),
    )
    _, component = csgraph.connected_components(links, directed=True, connection="strong")
    # Arrival nodes of split junctions lead nowhere by design: they are no components of their own.
    counted = component if graph.base_node is None else component[graph.base_node == np.arange(graph.node_count)]
    return tuple(sorted((int(size) for size in np.bincount(counted) if size), reverse=True))


def _critical_links(graph: RoadGraph, model: nx.DiGraph[int], top: int) -> tuple[CriticalLink, ...]:
    undirected = model.to_undirected()
    found: list[CriticalLink] = []
    # The stub says that a bridge is a node; it is a pair of nodes.
    bridges = [(int(a), int(b)) for a, b in np.array(list(nx.bridges(undirected)), dtype=np.int64).reshape(-1, 2)]
    blocks = undirected.copy()
    blocks.remove_edges_from(bridges)
    # Without its bridges the network falls into blocks that form a forest; a bridge cuts off one side of its tree.
    block_of = {node: number for number, block in enumerate(nx.connected_components(blocks)) for node in block}
    size = Counter(block_of.values())
    forest: nx.Graph[int] = nx.Graph()
    forest.add_nodes_from(size)
    forest.add_edges_from((block_of[a], block_of[b]) for a, b in bridges)
    below: dict[tuple[int, int], int] = {}
    for tree in nx.connected_components(forest):
        root = min(tree)
        total = sum(size[block] for block in tree)
        weight = {block: size[block] for block in tree}
        for parent, child in reversed(list(nx.bfs_edges(forest, root))):
            weight[parent] += weight[child]
            smaller = min(weight[child], total - weight[child])
            below[parent, child] = below[child, parent] = smaller
    for a, b in bridges:
        data = model.edges[a, b] if model.has_edge(a, b) else model.edges[b, a]
        found.append(
            CriticalLink(
                from_name=node_name(graph, a),
                to_name=node_name(graph, b),
                ref=data["ref"],
                length_m=data["length_m"],
                confidence=data["confidence"],
                cut_off_count=below[block_of[a], block_of[b]],
            )
        )
    found.sort(key=lambda link: (-link.cut_off_count, link.from_name, link.to_name))
    return tuple(found[:top])
