"""The routes that the searches met, kept for the master: by class of slots and set of requests, the cheapest order of stops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from dispatch.search.tables import FIRST, KIND, REQ, FloatTable, HashTable, IntTable, Net, State

CLASS_HASH = np.uint64(0x9E3779B97F4A7C15)
"""What :func:`dispatch.search.anneal.keep_route` multiplies a class with (plus one) before it adds the requests."""

Variants = Callable[[IntTable, IntTable, IntTable], FloatTable]
"""Classes (N,), nodes (N, M) and lengths (N,) of routes to what they cost in every class (N, classes), negative: not at all."""


class RoutePool:
    """Grows over a run. Entry ``at`` serves the requests of column ``at`` of :meth:`cover` with a slot of ``kind[at]``."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.kind: IntTable = np.zeros(0, np.int64)
        self.cost: FloatTable = np.zeros(0)
        self.length: IntTable = np.zeros(0, np.int64)
        self._hash: HashTable = np.zeros(0, np.uint64)
        self._order: IntTable = np.zeros(0, np.int64)
        self._place: IntTable = np.zeros((0, 2), np.int64)
        self._blocks: list[IntTable] = []
        self._rows: list[IntTable] = []
        self._ends: list[IntTable] = [np.zeros(1, np.int64)]
        self._first: npt.NDArray[np.bool_] = (net.node_i[:, KIND] == FIRST) & (net.node_i[:, REQ] >= 0)

    def __len__(self) -> int:
        return len(self.cost)

    def nodes(self, at: int) -> IntTable:
        """Nodes of entry ``at`` with the start and the end of the slot that drove it."""
        block, row = self._place[at]
        found: IntTable = self._blocks[block][row, : self.length[at]].astype(np.int64)
        return found

    def members(self, at: int) -> IntTable:
        """Requests of entry ``at``."""
        nodes = self.nodes(at)
        found: IntTable = self.net.node_i[nodes[self._first[nodes]], REQ]
        return found

    def cover(self) -> sp.csc_matrix:
        """Requests by entries, 1 where the entry serves the request."""
        rows = np.concatenate(self._rows) if self._rows else np.zeros(0, np.int64)
        ends = np.concatenate(self._ends)
        self._rows, self._ends = [rows], [ends]
        return sp.csc_matrix((np.ones(len(rows)), rows, ends), shape=(len(self.net.req_i), len(self)))

    def gather(self, states: list[State], variants: Variants | None) -> None:
        """Take over what the islands have pooled since the last time, and empty their pools.

        ``variants`` prices the routes for the other classes, where that is wanted.
        """
        for state in states:
            count = int(state.pool_count[0])
            if count:
                where = np.flatnonzero(state.pool_hash)
                keys = np.empty(count, np.uint64)
                keys[state.pool_at[where]] = state.pool_hash[where]
                length = state.pool_len[:count].copy()
                nodes = state.pool_seq[:count, : int(length.max())]
                kind, cost = state.pool_class[:count].copy(), state.pool_cost[:count].copy()
                fresh = self._take(keys, kind, cost, nodes, length)
                if variants is not None and len(fresh):
                    self._vary(keys[fresh], kind[fresh], nodes[fresh], length[fresh], variants)
            state.pool_count[0] = 0
            state.pool_hash[:] = 0

    def _vary(self, keys: HashTable, kind: IntTable, nodes: IntTable, length: IntTable, variants: Variants) -> None:
        prices = variants(kind, nodes, length)
        with np.errstate(over="ignore"):
            own = (kind + 1).astype(np.uint64) * CLASS_HASH
            for other in range(prices.shape[1]):
                able = np.flatnonzero((prices[:, other] >= 0.0) & (kind != other))
                if len(able):
                    moved = keys[able] ^ own[able] ^ (np.uint64(other + 1) * CLASS_HASH)
                    kinds = np.full(len(able), other, np.int64)
                    self._take(moved, kinds, prices[able, other], nodes[able], length[able])

    def _take(self, keys: HashTable, kind: IntTable, cost: FloatTable, nodes: IntTable, length: IntTable) -> IntTable:
        """Take what is new or cheaper than what is known; return which that was."""
        known = np.full(len(keys), -1, np.int64)
        if len(self):
            at = np.searchsorted(self._hash, keys, sorter=self._order).clip(max=len(self) - 1)
            at = self._order[at]
            same = self._hash[at] == keys
            known[same] = at[same]
        old = np.flatnonzero(known >= 0)
        old = old[cost[old] < self.cost[known[old]] - 1e-9]
        new = np.flatnonzero(known < 0)
        fresh = np.sort(np.concatenate([old, new]))
        if not len(fresh):
            return fresh
        block = nodes[fresh].astype(np.int32)
        row = np.empty(len(keys), np.int64)
        row[fresh] = np.arange(len(fresh))
        self._blocks.append(block)
        if len(old):
            self.cost[known[old]] = cost[old]
            self._place[known[old]] = np.column_stack([np.full(len(old), len(self._blocks) - 1), row[old]])
            # another order of the same requests may have another number of stops of its own beside them
            self.length[known[old]] = length[old]
        if len(new):
            place = np.column_stack([np.full(len(new), len(self._blocks) - 1), row[new]])
            inside = np.arange(nodes.shape[1])[None, :] < length[new, None]
            picked = self._first[nodes[new]] & inside
            which, column = np.nonzero(picked)
            self._rows.append(self.net.node_i[nodes[new][which, column], REQ])
            self._ends.append(self._ends[-1][-1] + np.cumsum(picked.sum(axis=1)))
            self.kind = np.concatenate([self.kind, kind[new]])
            self.cost = np.concatenate([self.cost, cost[new]])
            self.length = np.concatenate([self.length, length[new]])
            self._place = np.concatenate([self._place, place])
            self._hash = np.concatenate([self._hash, keys[new]])
            self._order = np.argsort(self._hash, kind="stable")
        return fresh
