"""Turn restrictions of the map in terms of edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_CUTS = 6
"""So many cuts of one road are looked over for turning round behind a restricted junction."""
MOST_VIA_EDGES = 40
"""A via way of more edges than this is taken for an error of the map."""


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """One relation. ``via_node`` or ``via_ways`` says where it holds; the other is None or empty."""

    kind: str
    from_ways: tuple[int, ...]
    via_node: int | None
    via_ways: tuple[int, ...]
    to_ways: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Sequences of edges that nobody may drive, how many restrictions they stand for, and why the others do not count."""

    bans: tuple[tuple[int, ...], ...]
    applied_count: int
    ignored: Counter[str]


class _Network:
    """The edges by their ends and by their way."""

    def __init__(
        self,
        node_ids: npt.NDArray[np.int64],
        tail: npt.NDArray[np.int32],
        head: npt.NDArray[np.int32],
        piece: npt.NDArray[np.int64],
        way: npt.NDArray[np.int64],
    ) -> None:
        self._tail, self._head, self._piece, self._way = tail, head, piece, way
        self._by_id, self._by_tail, self._by_head, self._by_way = (
            (order := np.argsort(key, kind="stable"), key[order].astype(np.int64))
            for key in (node_ids, tail, head, way)
        )

    def find(self, node_id: int) -> int | None:
        """The junction of that id of the map."""
        found = _run(self._by_id, node_id)
        return found[0] if found else None

    def leaving(self, junction: int) -> list[int]:
        return _run(self._by_tail, junction)

    def arriving(self, junction: int) -> list[int]:
        return _run(self._by_head, junction)

    def of_ways(self, ways: Iterable[int]) -> list[int]:
        return [edge for way in ways for edge in _run(self._by_way, way)]

    def head(self, edge: int) -> int:
        return int(self._head[edge])

    def piece(self, edge: int) -> int:
        return int(self._piece[edge])

    def among(self, edges: Iterable[int], ways: Sequence[int]) -> list[int]:
        return [edge for edge in edges if int(self._way[edge]) in ways]

    def twin(self, edge: int) -> int | None:
        """The way back on the same stretch of road."""
        back = [
            other for other in self.leaving(self.head(edge)) if self.piece(other) == self.piece(edge) and other != edge
        ]
        return back[0] if back else None

    def onward(self, edge: int) -> list[int]:
        """What may follow an edge without turning back on it."""
        return [other for other in self.leaving(self.head(edge)) if self.piece(other) != self.piece(edge)]


def _run(table: tuple[npt.NDArray[np.int64], npt.NDArray[Any]], key: int) -> list[int]:
    order, keys = table
    # Keys of another type would be converted as a whole, on every call.
    first, last = np.searchsorted(keys, np.array([key, key + 1], dtype=np.int64))
    return [int(edge) for edge in order[first:last]]


def resolve(
    restrictions: Sequence[Restriction],
    *,
    node_ids: npt.NDArray[np.int64],
    tail: npt.NDArray[np.int32],
    head: npt.NDArray[np.int32],
    piece: npt.NDArray[np.int64],
    way: npt.NDArray[np.int64],
) -> Resolved:
    """Find the edges that each restriction means.

    Parameters
    ----------
    node_ids
        (n,) ids of the map by node.
    tail, head, piece, way
        (m,) by edge: its nodes, the stretch of road that its opposite direction shares, and the way of the map.
    """
    network = _Network(node_ids, tail, head, piece, way)
    bans: set[tuple[int, ...]] = set()
    ignored: Counter[str] = Counter()
    applied = 0
    for restriction in restrictions:
        found = _at_node(restriction, network) if restriction.via_node is not None else _over_ways(restriction, network)
        if isinstance(found, str):
            ignored[found] += 1
        else:
            applied += 1
            bans |= found
    for beginning in {ban[:-1] for ban in bans}:
        bans |= _turning_back(beginning, network)
    return Resolved(bans=tuple(sorted(bans)), applied_count=applied, ignored=ignored)


def _at_node(restriction: Restriction, network: _Network) -> set[tuple[int, ...]] | str:
    junction = network.find(restriction.via_node) if restriction.via_node is not None else None
    if junction is None:
        return "its junction is not in the network"
    came_by = network.among(network.arriving(junction), restriction.from_ways)
    goes_by = network.among(network.leaving(junction), restriction.to_ways)
    if not came_by or not goes_by:
        return "its ways do not meet in the network"
    turns_back = restriction.kind.endswith("u_turn") and set(restriction.from_ways) == set(restriction.to_ways)
    if not turns_back and (len(came_by) > len(restriction.from_ways) or len(goes_by) > len(restriction.to_ways)):
        # A way that runs through the junction is not cut there on the map: which half is meant is not said.
        return "its ways run through the junction"
    bans: set[tuple[int, ...]] = set()
    for came in came_by:
        meant = {edge for edge in goes_by if not turns_back or network.piece(edge) == network.piece(came)}
        if restriction.kind.startswith("only_"):
            bans |= {(came, edge) for edge in network.leaving(junction) if edge not in meant}
        else:
            bans |= {(came, edge) for edge in meant}
    return bans


def _over_ways(restriction: Restriction, network: _Network) -> set[tuple[int, ...]] | str:
    came_by = network.of_ways(restriction.from_ways)
    over = set(network.of_ways(restriction.via_ways))
    bans: set[tuple[int, ...]] = set()
    found = 0
    for came in came_by:
        for way_there in _ways_over(came, over, restriction.to_ways, network):
            found += 1
            junction = network.head(way_there[-1])
            meant = set(network.among(network.leaving(junction), restriction.to_ways))
            if restriction.kind.startswith("only_"):
                bans |= {(*way_there, edge) for edge in network.leaving(junction) if edge not in meant}
            else:
                bans |= {(*way_there, edge) for edge in meant}
    return bans if found else "its ways do not meet in the network"


def _ways_over(came: int, over: set[int], to_ways: Sequence[int], network: _Network) -> list[tuple[int, ...]]:
    """Sequences from an edge over all of the via ways, without turning back, to where one of ``to_ways`` leaves."""
    if came in over:
        return []
    found: list[tuple[int, ...]] = []
    stack: list[tuple[int, ...]] = [(came,)]
    while stack:
        driven = stack.pop()
        last = driven[-1]
        seen = {network.piece(past) for past in driven}
        onward = [edge for edge in network.onward(last) if edge in over and network.piece(edge) not in seen]
        if len(driven) > 1 and not onward and network.among(network.leaving(network.head(last)), to_ways):
            found.append(driven)
        if len(driven) <= MOST_VIA_EDGES:
            stack.extend((*driven, edge) for edge in onward)
    return found


def _turning_back(beginning: tuple[int, ...], network: _Network) -> set[tuple[int, ...]]:
    """Bans that keep a restriction from being evaded by turning round in the road just behind its junction.

    Where nothing is restricted no fastest way ever turns back, so that turning round need not be forbidden elsewhere. The
    road is followed to its next true junction; at a dead end turning round stays possible.
    """
    bans: set[tuple[int, ...]] = set()
    for length in range(2, len(beginning) + 1):
        back = network.twin(beginning[length - 1])
        if back is not None:
            bans.add((*beginning[:length], back))
    for edge in network.onward(beginning[-1]):
        driven = (*beginning, edge)
        while len(driven) - len(beginning) <= MOST_CUTS:
            onward, back = network.onward(driven[-1]), network.twin(driven[-1])
            if not onward:
                break
            if back is not None:
                bans.add((*driven, back))
            if len(onward) > 1:
                break
            driven = (*driven, onward[0])
    return bans
