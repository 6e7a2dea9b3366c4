"""Turn restrictions in a graph whose searches run over nodes: junctions are split so that forbidden turns do not exist.

At a junction with bans, each group of arriving edges that shares the same set of forbidden continuations gets a copy of the
junction from which only the permitted edges leave. Arriving edges lead to their copy, departures start at the junction itself,
and whoever drives *to* the junction goes to an extra arrival node that every copy leads to at no cost. The shortest ways of
the expanded graph are then exactly the shortest permitted ways between the junctions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]

ARRIVAL = -1
"""Origin of an edge from a copy to its arrival node."""


@dataclass(frozen=True, kw_only=True)
class Ban:
    """After ``from_edge`` nobody may go on to ``to_edge``; the first ends where the second begins."""

    from_edge: int
    to_edge: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Expansion:
    """The expanded graph: original edges first, in their order, then copies, then arrivals.

    ``origin`` (m',) is the original edge that an edge repeats, :data:`ARRIVAL` for arrivals; ``base_node`` (n',) the original
    node of every node; ``arrival_node`` (n',) where a drive to a node has to end.
    """

    edge_from: Ints
    edge_to: Ints
    origin: Ints
    base_node: Ints
    arrival_node: Ints


def expand(node_count: int, edge_from: Ints, edge_to: Ints, bans: Iterable[Ban]) -> Expansion:
    """Split the junctions of all bans."""
    forbidden: dict[int, set[int]] = defaultdict(set)
    for ban in bans:
        if edge_to[ban.from_edge] != edge_from[ban.to_edge]:
            raise ValueError(f"edge {ban.to_edge} does not follow edge {ban.from_edge}")
        forbidden[ban.from_edge].add(ban.to_edge)

    base: list[int] = list(range(node_count))
    head = edge_to.copy()
    copies: dict[int, dict[frozenset[int], int]] = defaultdict(dict)
    for arriving in sorted(forbidden):
        junction, banned = int(edge_to[arriving]), frozenset(forbidden[arriving])
        if banned not in copies[junction]:
            copies[junction][banned] = len(base)
            base.append(junction)
        head[arriving] = copies[junction][banned]

    leaving: dict[int, list[int]] = {junction: [] for junction in copies}
    for number in np.flatnonzero(np.isin(edge_from, np.array(sorted(copies), dtype=np.int32))):
        leaving[int(edge_from[number])].append(int(number))
    tails: list[int] = []
    heads: list[int] = []
    origins: list[int] = []
    for junction in sorted(copies):
        for banned, copy in sorted(copies[junction].items(), key=lambda item: item[1]):
            for edge in leaving[junction]:
                if edge not in banned:
                    tails.append(copy)
                    heads.append(int(head[edge]))
                    origins.append(edge)
    arrival = list(range(len(base)))
    for junction in sorted(copies):
        end = len(base)
        base.append(junction)
        arrival.append(end)
        for copy in (junction, *sorted(copies[junction].values())):
            arrival[copy] = end
            tails.append(copy)
            heads.append(end)
            origins.append(ARRIVAL)
    return Expansion(
        edge_from=np.concatenate([edge_from, np.array(tails, dtype=np.int32)]).astype(np.int32),
        edge_to=np.concatenate([head, np.array(heads, dtype=np.int32)]).astype(np.int32),
        origin=np.concatenate([np.arange(len(edge_from)), np.array(origins)]).astype(np.int32),
        base_node=np.array(base, dtype=np.int32),
        arrival_node=np.array(arrival, dtype=np.int32),
    )
