"""Which vehicles may not drive where and when because of their number plates (:mod:`fleet.rules.plates`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from fleet.requests import TripRequest
from fleet.rules.plates import PlateRule, load_plate_rules
from fleet.sites import Site
from fleet.vehicles import Vehicle
from routing.conditions import Barred

_WEEK = tuple(date(2024, 1, 1) + timedelta(days=number) for number in range(7))


@dataclass(frozen=True, kw_only=True)
class PlateLimits:
    """The rules as dispatch asks them.

    A *key* is a rule and a weekday, ``T01:0`` for Monday under T01. A vehicle has the keys under which its plate is kept out, a
    request those under which somebody is kept out where and when it asks for a vehicle: a common key rules the pair out. When a
    window touches the hours at all it counts as within them.
    """

    rules: tuple[PlateRule, ...] = field(default_factory=load_plate_rules)

    def of_vehicle(self, vehicle: Vehicle) -> tuple[str, ...]:
        """The keys of its plate under rules for an area."""
        return tuple(
            f"{rule.id}:{weekday}"
            for rule in self.rules
            if rule.ring
            for weekday in range(7)
            if vehicle.energy not in rule.exempt_energies
            and vehicle.duty not in rule.exempt_duties
            and rule.has_digit(vehicle.plate, weekday)
        )

    def of_home(self, vehicle: Vehicle, home: Site | None) -> tuple[str, ...]:
        """The keys among these whose area it stands in: in those hours it cannot even leave."""
        if home is None:
            return ()
        inside = {rule.id for rule in self.rules if rule.contains(home.lon_wgs84, home.lat_wgs84)}
        return tuple(key for key in self.of_vehicle(vehicle) if key.partition(":")[0] in inside)

    def of_places(self, request: TripRequest) -> tuple[str, ...]:
        """The keys of the areas and days in which one of its stops lies."""
        found = {
            f"{rule.id}:{day.weekday()}"
            for rule in self.rules
            for stop in request.stops
            if rule.contains(stop.lon_wgs84, stop.lat_wgs84)
            for day in rule.days_touched(stop.earliest_at, stop.latest_at + timedelta(seconds=stop.service_s))
        }
        return tuple(sorted(found))

    def of_hours(self, request: TripRequest) -> tuple[str, ...]:
        """The keys of the hours that it touches anywhere between its first and its last stop."""
        begin, end = request.stops[0].earliest_at, request.stops[-1].latest_at
        found = {
            f"{rule.id}:{day.weekday()}" for rule in self.rules if rule.ring for day in rule.days_touched(begin, end)
        }
        return tuple(sorted(found))

    def rules_against(self, vehicle: Vehicle, day: date) -> tuple[PlateRule, ...]:
        """The rules that keep this vehicle off some roads on a day."""
        return tuple(rule for rule in self.rules if rule.bars(vehicle, day))


def barred_by(rules: Sequence[PlateRule]) -> Barred:
    """The roads that these rules speak of."""
    return Barred(
        refs=frozenset(road for rule in rules for road in rule.roads),
        rings=tuple(rule.ring for rule in rules if rule.ring),
    )


def touches_hours(rules: Sequence[PlateRule], begin: datetime, end: datetime) -> tuple[bool, bool]:
    """Whether [begin, end] touches the hours of one of these rules, and whether it also reaches outside of them all."""
    touched = any(rule.days_touched(begin, end) for rule in rules)
    inside = any(rule.covers(begin, end) for rule in rules)
    return touched, not inside
