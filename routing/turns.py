"""Turn restrictions in a graph whose searches run over nodes: junctions are split so that forbidden turns do not exist.

A ban is a sequence of edges that nobody may drive one after the other: two for a turn at a junction, more for one that leads
over a via way. Whoever has driven the beginning of a ban stands on a copy of the junction that remembers it, from which only
what is permitted leaves; the copies are the states of the automaton of Aho and Corasick (1975) over all bans. Departures start
at the junction itself, and whoever drives *to* the junction goes to an extra arrival node that every copy leads to at no cost.
The shortest ways of the expanded graph are then exactly the shortest permitted ways between the junctions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Driven = tuple[int, ...]

ARRIVAL = -1
"""Origin of an edge from a copy to its arrival node."""


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


def expand(node_count: int, edge_from: Ints, edge_to: Ints, bans: Iterable[Driven]) -> Expansion:
    """Split the junctions of all bans; each is a sequence of two or more edges that follow each other.

    Raises
    ------
    ValueError
        If a sequence is shorter, or its edges do not follow each other.
    """
    forbidden = set(bans)
    for ban in forbidden:
        if len(ban) < 2 or any(edge_to[a] != edge_from[b] for a, b in pairwise(ban)):
            raise ValueError(f"{ban} is no sequence of edges that follow each other")
    begun = sorted(
        {ban[:length] for ban in forbidden for length in range(1, len(ban))}, key=lambda one: (len(one), one)
    )
    base: list[int] = list(range(node_count))
    copy_of: dict[Driven, int] = {}
    copies: dict[int, list[int]] = defaultdict(list)
    for beginning in begun:
        junction = int(edge_to[beginning[-1]])
        copy_of[beginning] = len(base)
        copies[junction].append(len(base))
        base.append(junction)

    leaving: dict[int, list[int]] = {junction: [] for junction in copies}
    for number in np.flatnonzero(np.isin(edge_from, np.array(sorted(copies), dtype=np.int32))):
        leaving[int(edge_from[number])].append(int(number))

    def lead(driven: Driven) -> int | None:
        """The node one stands on after these edges; None when they complete a ban."""
        if any(driven[start:] in forbidden for start in range(len(driven) - 1)):
            return None
        for start in range(len(driven)):
            if driven[start:] in copy_of:
                return copy_of[driven[start:]]
        return int(edge_to[driven[-1]])

    head = edge_to.copy()
    for beginning, copy in copy_of.items():
        if len(beginning) == 1:
            head[beginning[0]] = copy
    tails: list[int] = []
    heads: list[int] = []
    origins: list[int] = []
    for beginning, copy in copy_of.items():
        for edge in leaving[base[copy]]:
            node = lead((*beginning, edge))
            if node is not None:
                tails.append(copy)
                heads.append(node)
                origins.append(edge)
    arrival = list(range(len(base)))
    for junction in sorted(copies):
        end = len(base)
        base.append(junction)
        arrival.append(end)
        for copy in (junction, *copies[junction]):
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
