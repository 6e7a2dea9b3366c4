"""Starting from a plan: its routes as the kernels hold them."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.plan import Route
from dispatch.problem import Problem
from dispatch.search.engine import Engine
from dispatch.search.lifting import head_owners
from dispatch.search.lowering import Lowered
from dispatch.search.tables import IntTable


def routes_of(problem: Problem, lowered: Lowered, engine: Engine, routes: Sequence[Route]) -> tuple[IntTable, IntTable]:
    """Return sequences and lengths by slot of the given routes.

    Requests that the model does not hold are left out; so are routes that fit no slot.
    """
    model, net = lowered.model, engine.net
    node_of: dict[tuple[int, int], int] = {}
    for r, request in enumerate(lowered.requests):
        for i in range(len(problem.requests[request].stops)):
            node_of[request, i] = model.first_node[r] + i
    by_vehicle: dict[int, list[int]] = {}
    for k, slot in enumerate(model.slots):
        by_vehicle.setdefault(slot.vehicle, []).append(k)
        node_of.update(zip(head_owners(problem, problem.vehicles[slot.vehicle]), model.heads[k], strict=False))
    seq, length = engine.heads()
    for route in routes:
        nodes = [
            node_of[s.request, s.stop]
            for s in route.stops
            if s.request is not None and s.stop is not None and (s.request, s.stop) in node_of
        ]
        slots = [
            k
            for k in by_vehicle.get(route.vehicle, [])
            if spans(model.slots[k].start.early, model.slots[k].end.late, route)
        ]
        if not nodes or not slots or len(nodes) + 2 > seq.shape[1]:
            continue
        k = slots[0]
        if not set(model.heads[k]) <= set(nodes):
            continue  # what was begun is not all there: the slot keeps what it must do
        row = [int(net.slot_i[k, 0]), *nodes, int(net.slot_i[k, 1])]
        seq[k, : len(row)] = row
        length[k] = len(row)
    return seq, length


def spans(begin: float, end: float, route: Route) -> bool:
    """Whether the route's own stops lie between two instants."""
    served = [s for s in route.stops if s.request is not None]
    return bool(served) and served[-1].begin_s <= end and (begin <= served[0].begin_s or begin <= served[-1].begin_s)
