"""Sums of what happened: additive numbers only, so that days add up to months and the parts of a sweep to the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

#: Upper bounds of the classes in which waits and delays are counted, in seconds; the last class is open.
CLASSES_S = (0, 60, 120, 300, 600, 900, 1_200, 1_800, 2_700, 3_600, 7_200)


@dataclass(kw_only=True)
class Tally:
    """What a period amounts to. All fields are sums; ``days`` counts the days that went into it.

    ``asked`` splits into ``served``, ``refused`` (by first cause in ``refused_by``), ``no_show`` and ``open`` (not over when
    the run ended). ``by_unit``, ``by_region`` hold [asked, served] of the requests of an office or region, no-shows and open
    ones left out. ``wait_classes``, ``late_classes`` count by :data:`CLASSES_S`. Energy: ``drive_wh`` from the battery,
    ``depot_wh`` and ``on_way_wh`` into it. ``point_busy_s`` out of ``point_open_s`` is the use of charge points;
    ``point_wait_s`` what ``sessions`` waited. ``paused_s`` is charging time withheld in an energy emergency.
    """

    days: int = 0
    emergency_days: int = 0
    asked: int = 0
    served: int = 0
    refused: int = 0
    no_show: int = 0
    open: int = 0
    shared: int = 0
    nev_served: int = 0
    wait_s: float = 0.0
    late: int = 0
    late_s: float = 0.0
    ride_m: int = 0
    direct_m: int = 0
    drive_m: int = 0
    empty_m: int = 0
    nev_m: int = 0
    unverified_m: int = 0
    petrol_ml: float = 0.0
    diesel_ml: float = 0.0
    drive_wh: float = 0.0
    depot_wh: float = 0.0
    on_way_wh: float = 0.0
    toll_fen: int = 0
    wheel_s: float = 0.0
    duty_s: float = 0.0
    vehicle_days: int = 0
    fleet_days: int = 0
    unfit_days: int = 0
    stranded: int = 0
    sessions: int = 0
    point_busy_s: float = 0.0
    point_open_s: float = 0.0
    point_wait_s: float = 0.0
    short_of_charge: int = 0
    plans: int = 0
    mended: int = 0
    rejected: int = 0
    refused_by: Counter[str] = field(default_factory=Counter)
    wait_classes: Counter[str] = field(default_factory=Counter)
    late_classes: Counter[str] = field(default_factory=Counter)
    by_unit: dict[str, list[int]] = field(default_factory=dict)
    by_region: dict[str, list[int]] = field(default_factory=dict)
    by_site: dict[str, list[float]] = field(default_factory=dict)

    def answer(self, unit: str, region: str, *, served: bool) -> None:
        """Count a request that was served or refused for its office and its region."""
        for table, key in ((self.by_unit, unit), (self.by_region, region)):
            row = table.setdefault(key, [0, 0])
            row[0] += 1
            row[1] += served

    def charge(self, site: str, *, busy_s: float, wait_s: float, wh: float) -> None:
        """Count a charging session at a site."""
        self.sessions += 1
        self.point_busy_s += busy_s
        self.point_wait_s += wait_s
        row = self.by_site.setdefault(site, [0.0, 0.0, 0.0])
        for position, value in enumerate((busy_s, wait_s, wh)):
            row[position] += value

    def add(self, other: Tally) -> None:
        """Add another period to this one."""
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif isinstance(mine, dict):
                for key, row in theirs.items():
                    own = mine.setdefault(key, [0] * len(row))
                    mine[key] = [a + b for a, b in zip(own, row, strict=True)]
            else:
                setattr(self, one.name, mine + theirs)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, keys in order, so that equal tallies are equal text."""
        body: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            body[one.name] = dict(sorted(value.items())) if isinstance(value, dict) else value
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Tally:
        """The way back from :meth:`to_json`."""
        known = {one.name: one for one in fields(cls)}
        made = cls()
        for name, value in body.items():
            if name in known:
                present = getattr(made, name)
                setattr(made, name, Counter(value) if isinstance(present, Counter) else value)
        return made


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum."""
    sum_of = Tally()
    for one in tallies:
        sum_of.add(one)
    return sum_of


def class_of(seconds: float) -> str:
    """The class of a wait or delay, named by its upper bound in seconds; ``more`` beyond the last."""
    return next((str(bound) for bound in CLASSES_S if seconds <= bound), "more")


def quantile_s(classes: Counter[str], frac: float) -> float:
    """Upper bound of the class in which the quantile lies; infinity in the open class, 0 with nothing counted."""
    wanted, seen = frac * sum(classes.values()), 0
    for bound in CLASSES_S:
        seen += classes[str(bound)]
        if seen >= wanted:
            return float(bound)
    return float("inf") if sum(classes.values()) else 0.0
