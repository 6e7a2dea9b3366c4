"""Orders held against the rules once more before they are committed, by a judge that knows neither problem nor search."""

from __future__ import annotations

from collections.abc import Iterable

from dispatch.check import Breach, Violation
from dispatch.orders import Order
from dispatch.permission import Territory
from dispatch.ruling import RESERVE_RELEASE, county_of
from dispatch.snapshot import Snapshot
from fleet.rules.order_check import OrderFacts, judge_orders
from fleet.units import Level, Unit


def facts_of(snapshot: Snapshot, territory: Territory) -> OrderFacts:
    """Return the facts of a snapshot as the judge of orders reads them; a unit without a document is an office there."""
    view, ruling = snapshot.view, snapshot.ruling
    named = [(trip.unit_id, trip.region) for trip in snapshot.requests]
    named += [(crew.vehicle.unit_id, crew.vehicle.region) for crew in snapshot.crews]
    units = {id: Unit(id=id, name=id, region=region, level=Level.COUNTY) for id, region in named}
    return OrderFacts(
        book=ruling.book,
        day=view.day,
        units={**units, **view.units},
        sites=view.sites,
        vehicles=view.vehicles,
        drivers=view.drivers,
        requests=view.requests,
        urgent_until=snapshot.now + RESERVE_RELEASE,
        county_of=county_of,
        agreements=() if territory.pools is None else territory.pools.agreements,
        measures=ruling.measures,
        worked={id: (own.week_s, own.overtime_month_s) for id, own in ruling.worked.items()},
        dispatcher_id=ruling.dispatcher_id,
        approvals=ruling.approvals,
    )


def judge(snapshot: Snapshot, orders: Iterable[Order], territory: Territory) -> tuple[Violation, ...]:
    """Return the rules that new orders break, as violations of the vehicle.

    What was begun or frozen before is not judged again: it cannot be undone. A territory without agreements asks no rules.
    """
    if territory.pools is None:
        return ()
    number = {crew.vehicle.id: index for index, crew in enumerate(snapshot.crews)}
    fresh = [
        order.itinerary
        for order in orders
        if not snapshot.standings[number[order.itinerary.vehicle_id]].frozen
        and not snapshot.standings[number[order.itinerary.vehicle_id]].history
    ]
    return tuple(
        Violation(
            cause=Breach.RULE,
            vehicle=number[found.vehicle_id],
            detail=" ".join(part for part in (found.refusal.rule_id, found.refusal.code, found.request_id) if part),
        )
        for found in judge_orders(facts_of(snapshot, territory), fresh)
    )
