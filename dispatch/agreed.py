"""The rules of a day out of the store: agreements, measures, budgets, and what drivers worked on other days."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from dispatch.permission import Territory, territory_under
from dispatch.ruling import Ruling, Worked
from dispatch.view import every, local_day, local_midnight
from fleet.budgets import Budget
from fleet.ids import DriverId, PersonId, UnitId
from fleet.itineraries import Itinerary
from fleet.regions import load_regions
from fleet.requests import RequestState, TripRequest
from fleet.rules.jurisdictions import find_jurisdiction
from fleet.rules.load import load
from fleet.rules.model import RuleBook
from fleet.rules.pools import PoolRules
from fleet.store import FleetStore

#: Trips that a unit has decided to make and whose cost is in no account yet (R131).
_COMMITTED = (RequestState.APPROVED, RequestState.ASSIGNED, RequestState.UNDER_WAY)


def territory_on(store: FleetStore, day: date, *, book: RuleBook | None = None) -> Territory:
    """Return how regions relate on a day: by the rules and the agreements in the store alone (R007-R012, R017, R105-R107)."""
    agreements = tuple(every(store, "agreement"))
    return territory_under(load_regions(), PoolRules(book=book or load(), day=day, agreements=agreements))


def ruling_on(
    store: FleetStore,
    day: date,
    *,
    book: RuleBook | None = None,
    dispatcher_id: PersonId | None = None,
    planning: bool = True,
) -> Ruling:
    """Return the rules of a day with what the store knows of it; ``dispatcher_id`` is who has the plan made (R156).

    Without ``planning`` hours and budgets are left unread: a promise at once does not ask them.
    """
    book = book or load()
    begin = local_midnight(day)
    budgets = tuple(own for own in every(store, "budget") if own.year == day.year) if planning else ()
    return Ruling(
        day=day,
        book=book,
        measures=tuple(own for own in every(store, "measure") if own.holds_between(begin, begin + timedelta(days=15))),
        budgets=budgets,
        committed_fen={own.unit_id: committed_fen(store, own, but=day) for own in budgets},
        worked=_worked(store, day, book) if planning else {},
        dispatcher_id=dispatcher_id,
        approvals=True,
    )


def committed_fen(store: FleetStore, budget: Budget, *, but: date | None = None) -> int:
    """What a unit's approved trips of the budget's year are taken to cost, those of one day left out."""
    total_fen = 0
    trip: TripRequest
    for trip in every(store, "request", ("unit_id", budget.unit_id)):
        day = local_day(trip.stops[0].earliest_at)
        if trip.state in _COMMITTED and day.year == budget.year and day != but:
            total_fen += trip.estimate_fen or 0
    return total_fen


def _worked(store: FleetStore, day: date, book: RuleBook) -> dict[DriverId, Worked]:
    """Hours of the drivers on the other days of the week and of the month, as planned, from leaving to being back (R117)."""
    month_from, week_from = day.replace(day=1), day - timedelta(days=day.weekday())
    days = {week_from + timedelta(days=number) for number in range(7)}
    days |= {month_from + timedelta(days=number) for number in range((day - month_from).days)}
    week: defaultdict[DriverId, int] = defaultdict(int)
    overtime: defaultdict[DriverId, int] = defaultdict(int)
    itinerary: Itinerary
    for other in sorted(days - {day}):
        for itinerary in every(store, "itinerary", ("day", other.isoformat())):
            if itinerary.driver_id is None or find_jurisdiction(itinerary.region) is None:
                continue
            seconds = duty_s(itinerary)
            if other >= week_from:
                week[itinerary.driver_id] += seconds
            if (other.year, other.month) == (day.year, day.month):
                normal_s = book.at(day, itinerary.region)["R117.day_s"]
                overtime[itinerary.driver_id] += max(0, seconds - normal_s)
    return {
        driver: Worked(week_s=week[driver], overtime_month_s=overtime[driver]) for driver in sorted({*week, *overtime})
    }


def duty_s(itinerary: Itinerary) -> int:
    """Seconds from leaving to being back; 0 for a vehicle that served nobody."""
    if not any(stop.request_id is not None for stop in itinerary.stops):
        return 0
    begin: datetime = itinerary.stops[0].depart_at
    return round((itinerary.stops[-1].depart_at - begin).total_seconds())


def unit_year(trip: TripRequest) -> tuple[UnitId, int]:
    """The unit and year whose budget a trip uses."""
    return trip.unit_id, local_day(trip.stops[0].earliest_at).year
