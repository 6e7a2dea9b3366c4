"""The roads as declared closures leave them: one engine per set of closures, all over the same graph."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.road_lines import RoadLines
from dispatch.legs import LegBook, Roads
from fleet.closures import RoadClosure
from fleet.documents import decode
from fleet.store import FleetStore
from routing.closures import Closure
from routing.engine import RoadEngine

_REMEMBERED = 4
_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class RoadView:
    """The roads under one set of closures: engine, drives remembered for planning, lines remembered for maps."""

    roads: RoadEngine
    legs: Roads
    lines: RoadLines
    closures: tuple[RoadClosure, ...]


def to_road(closure: RoadClosure) -> Closure:
    """The closure as the roads understand it; raises ``InvalidClosure``."""
    return Closure(
        id=closure.id,
        starts_at=closure.starts_at,
        ends_at=closure.ends_at,
        speed_frac=closure.speed_frac,
        refs=frozenset(closure.refs),
        geometry=json.loads(closure.geometry) if closure.geometry else None,
        reason=closure.reason,
    )


def list_closures(store: FleetStore) -> list[RoadClosure]:
    """All closures that were not lifted, by id."""
    found: list[RoadClosure] = []
    after = ""
    while True:
        page = store.list("closure", after=after, limit=_PAGE)
        found += [decode("closure", document.body) for document in page.documents]
        if page.next_after is None:
            return [closure for closure in found if closure.lifted_at is None]
        after = page.next_after


class ClosedRoads:
    """Gives the view of the roads for a period. Safe to share between threads."""

    def __init__(self, roads: RoadEngine, legs: Roads, lines: RoadLines) -> None:
        self._free = RoadView(roads=roads, legs=legs, lines=lines, closures=())
        self._known: OrderedDict[tuple[RoadClosure, ...], RoadView] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def free(self) -> RoadView:
        """The roads without any closure."""
        return self._free

    def between(self, store: FleetStore, begin: datetime, end: datetime) -> RoadView:
        """The roads with every closure that holds at any instant of a period: none of them is counted on in it."""
        return self.under([closure for closure in list_closures(store) if closure.holds_between(begin, end)])

    def under(self, closures: Sequence[RoadClosure]) -> RoadView:
        """The roads under these closures."""
        key = tuple(sorted(closures, key=lambda closure: closure.id))
        if not key:
            return self._free
        with self._lock:
            if key not in self._known:
                roads = self._free.roads.under([to_road(closure) for closure in key])
                self._known[key] = RoadView(roads=roads, legs=LegBook(roads), lines=RoadLines(roads), closures=key)
            self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return self._known[key]
