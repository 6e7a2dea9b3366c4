"""The live loop on the reference store: what it writes, respects, withdraws and refuses to overwrite."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch import service
from dispatch.check import Breach, Violation, check
from dispatch.plan import Cause
from dispatch.service import PlanRejected, run_once
from dispatch.solve import StopRule
from fleet.documents import decode
from fleet.itineraries import AssignmentState, DriverReport, StopKind, report
from fleet.memory_store import MemoryStore
from fleet.requests import RequestState, TripKind, cancel, depart
from fleet.requests import withdraw as withdraw_request
from fleet.vehicles import Duty, take_out_of_service
from tests.dispatch.plain import (
    BASE,
    BEFORE,
    DAY,
    GridRoads,
    at,
    driver,
    greedy,
    put,
    request,
    site,
    stop,
    unit,
    vehicle,
)


def store_of(*nouns):
    store = MemoryStore()
    put(store, *nouns)
    return store


def run(store, *, now=BEFORE, solver=greedy, **more):
    return run_once(store, GridRoads(), day=DAY, now=now, seed=7, stop=StopRule(iterations=1), solver=solver, **more)


def every(store, kind):
    return [decode(kind, document.body) for document in store.list(kind).documents]


def the(store, kind, id):
    return decode(kind, store.get(kind, id).body)


def live(store, request_id):
    (found,) = [
        a
        for a in every(store, "assignment")
        if a.request_id == request_id and a.state not in (AssignmentState.WITHDRAWN, AssignmentState.DECLINED)
    ]
    return found


TWO = (*BASE, vehicle("V2"), driver("D2"))


def test_a_plan_becomes_itineraries_assignments_and_a_record():
    store = store_of(*BASE, request("R1", hour=9), request("R2", hour=11))
    before = store.head()
    outcome = run(store, clock=iter((10.0, 12.5)).__next__)
    (itinerary,) = every(store, "itinerary")
    assert itinerary.id == f"I-{DAY}-V1"
    assert itinerary.plan_id == outcome.plan_id
    kinds = [s.kind for s in itinerary.stops]
    assert kinds == [
        StopKind.START,
        StopKind.PICKUP,
        StopKind.DROPOFF,
        StopKind.PICKUP,
        StopKind.DROPOFF,
        StopKind.END,
    ]
    first = itinerary.stops[1]
    assert first.request_id == "R1"
    assert first.name == "(105.6, 30.5)"
    assert first.begin_at == at(9)
    assert (first.leg_s, first.leg_m, first.leg_fuel_ml) == (1_000, 10_000, 600)
    assert first.leg_confidence == "inferred"
    assert itinerary.stops[0].name == itinerary.stops[-1].name == "site S1"
    assert {r.state for r in every(store, "request")} == {RequestState.ASSIGNED}
    assignment = live(store, "R1")
    assert assignment.id == "A-R1-1"
    assert assignment.state is AssignmentState.OFFERED
    assert (assignment.vehicle_id, assignment.driver_id) == ("V1", "D1")
    assert assignment.pickup_at == at(9)
    assert assignment.why == "R069_TIER_1"
    assert assignment.offered_at == BEFORE
    record = the(store, "plan", outcome.plan_id)
    assert record == outcome.record
    assert record.figures.served_count == 2
    assert record.figures.unserved_count == 0
    assert record.figures.vehicles_used_count == 1
    assert record.figures.drive_m == sum(s.leg_m for s in itinerary.stops)
    assert record.figures.seconds == 2.5
    assert [event.type for event in store.events(after=before)] == ["plan.itineraries_committed", "plan.made"]
    assert not outcome.needs_replan


def test_the_same_run_twice_changes_nothing_but_the_record():
    store = store_of(*BASE, request("R1"))
    run(store)
    versions = {d.id: d.version for d in store.list("assignment").documents}
    again = run(store, now=at(7))
    assert {d.id: d.version for d in store.list("assignment").documents} == versions
    assert the(store, "request", "R1").state is RequestState.ASSIGNED
    assert {d.id: d.version for d in store.list("itinerary").documents} == {f"I-{DAY}-V1": 1}
    assert again.changes == ()
    assert again.committed == (f"I-{DAY}-V1",)


def test_a_plan_with_violations_is_never_committed(monkeypatch):
    store = store_of(*BASE, request("R1"))
    before = store.head()
    wrong = Violation(cause=Breach.COST)
    monkeypatch.setattr(service, "check", lambda *_: (wrong,))
    with pytest.raises(PlanRejected) as caught:
        run(store)
    assert caught.value.violations == (wrong,)
    assert store.head() == before


def test_a_vehicle_that_was_planned_wrongly_keeps_what_it_has(monkeypatch):
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    before = the(store, "itinerary", f"I-{DAY}-V1").stops
    put(store, request("R2", hour=11))
    asked = []

    def strict(problem, plan):
        asked.append([len(car.pinned) for car in problem.vehicles])
        wrong = Violation(cause=Breach.REST, vehicle=0)
        return (wrong,) if len(asked) == 1 else check(problem, plan)

    monkeypatch.setattr(service, "check", strict)
    outcome = run(store, now=at(7))
    assert asked == [[0, 0], [2, 0]]
    assert [v.cause for v in outcome.mended] == [Breach.REST]
    assert the(store, "itinerary", f"I-{DAY}-V1").stops[1:3] == before[1:3]
    assert outcome.record.figures.served_count == 2


def test_a_second_violation_is_the_end(monkeypatch):
    store = store_of(*BASE, request("R1"))
    wrong = Violation(cause=Breach.REST, vehicle=0)
    calls = []
    monkeypatch.setattr(service, "check", lambda problem, _: calls.append(len(problem.vehicles)) or (wrong,))
    with pytest.raises(PlanRejected):
        run(store)
    assert calls == [1, 0]


def test_mending_one_vehicle_may_spoil_another_which_then_keeps_what_it_has_too(monkeypatch):
    store = store_of(*TWO, request("R1", hour=9), request("R2", hour=9, passengers=4))
    run(store)
    put(store, request("R3", hour=11))
    asked = []

    def strict(problem, plan):
        # as when the first vehicle's kept charge point was what the second one counted on
        asked.append([len(car.pinned) > 0 for car in problem.vehicles])
        if len(asked) <= 2:
            return (Violation(cause=Breach.BATTERY_RESERVE, vehicle=len(asked) - 1),)
        return check(problem, plan)

    monkeypatch.setattr(service, "check", strict)
    outcome = run(store, now=at(7))
    assert asked[:2] == [[False, False], [True, False]]
    assert len(asked) == 3
    assert len(outcome.mended) == 2


def test_whoever_is_not_served_is_in_the_record_with_causes():
    far = request("R2", stops=(stop(9), stop(9, lon=113.0, wait_s=7_200)))
    store = store_of(*BASE, request("R1"), far, request("R3", passengers=9))
    outcome = run(store)
    assert {id: reasons[0].code for id, reasons in outcome.unserved.items()} == {
        "R2": Cause.OFF_NETWORK,
        "R3": Cause.UNPROVEN,
    }
    record = the(store, "plan", outcome.plan_id)
    assert [(u.request_id, u.reasons[0].code) for u in record.unserved] == [
        ("R2", "X_OFF_NETWORK"),
        ("R3", "X_UNPROVEN"),
    ]
    assert the(store, "request", "R2").state is RequestState.APPROVED


def test_submitted_and_rejected_requests_are_not_planned():
    store = store_of(*BASE, request("R1", state=RequestState.SUBMITTED), request("R2", state=RequestState.REJECTED))
    outcome = run(store)
    assert outcome.record.figures.served_count == 0
    assert outcome.unserved == {}


def test_a_cancellation_in_between_is_not_overwritten():
    store = store_of(*TWO, request("R1", hour=9), request("R2", hour=9, passengers=4))

    def meanwhile(problem, *, seed, stop):
        put(store, cancel(the(store, "request", "R1"), reason="会议取消"))
        return greedy(problem, seed=seed, stop=stop)

    outcome = run(store, solver=meanwhile)
    assert outcome.stale_requests == ("R1",)
    assert outcome.needs_replan
    assert the(store, "request", "R1").state is RequestState.CANCELLED
    assert [i.vehicle_id for i in every(store, "itinerary")] == ["V2"]
    assert outcome.record.figures.served_count == 1
    again = run(store)
    assert not again.needs_replan
    assert [i.vehicle_id for i in every(store, "itinerary")] == ["V2"]


def test_an_accepted_trip_stays_with_its_driver():
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    accepted = report(live(store, "R1"), DriverReport(action="accept", at=at(7), received_at=at(7)))
    put(store, accepted)
    put(store, request("R0", hour=9.1))
    run(store, now=at(7))
    assert live(store, "R1").vehicle_id == "V1"
    assert live(store, "R1").state is AssignmentState.ACCEPTED
    assert live(store, "R0").vehicle_id == "V2"


def test_a_declined_trip_goes_to_somebody_else():
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    assert live(store, "R1").vehicle_id == "V1"
    put(
        store,
        report(live(store, "R1"), DriverReport(action="decline", at=at(7), received_at=at(7), reason="身体不适")),
        withdraw_request(the(store, "request", "R1")),
    )
    run(store, now=at(7))
    assignment = live(store, "R1")
    assert assignment.vehicle_id == "V2"
    assert assignment.id == "A-R1-2"
    assert the(store, "request", "R1").state is RequestState.ASSIGNED
    assert [i.vehicle_id for i in every(store, "itinerary")] == ["V2"]


def test_a_vehicle_out_of_service_gives_its_trips_back():
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    put(store, take_out_of_service(vehicle("V1")))
    outcome = run(store, now=at(7))
    assert outcome.left_out == {"V1": "out_of_service"}
    assert live(store, "R1").vehicle_id == "V2"
    withdrawn = the(store, "assignment", "A-R1-1")
    assert withdrawn.state is AssignmentState.WITHDRAWN
    assert [i.vehicle_id for i in every(store, "itinerary")] == ["V2"]


def test_a_trip_that_loses_its_vehicle_waits_again():
    store = store_of(*BASE, request("R1", hour=9))
    run(store)
    put(store, take_out_of_service(vehicle("V1")))
    outcome = run(store, now=at(7))
    assert list(outcome.unserved) == ["R1"]
    assert the(store, "request", "R1").state is RequestState.APPROVED
    assert the(store, "assignment", "A-R1-1").state is AssignmentState.WITHDRAWN
    assert every(store, "itinerary") == []


def test_a_moved_trip_is_committed_with_both_vehicles():
    """When one of the two changed in between, neither itinerary is touched."""
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    put(store, take_out_of_service(vehicle("V1")))

    def meanwhile(problem, *, seed, stop):
        accepted = report(live(store, "R1"), DriverReport(action="accept", at=at(7), received_at=at(7)))
        put(store, accepted)
        return greedy(problem, seed=seed, stop=stop)

    outcome = run(store, now=at(7), solver=meanwhile)
    assert outcome.stale_vehicles == ("V1", "V2")
    assert [i.vehicle_id for i in every(store, "itinerary")] == ["V1"]
    assert live(store, "R1").state is AssignmentState.ACCEPTED


def test_what_is_under_way_stays_and_the_day_goes_on_behind_it():
    store = store_of(*BASE, request("R1", hour=9), request("R2", hour=11))
    run(store)
    trip = live(store, "R1")
    for action in ("accept", "start", "pick_up"):
        trip = report(trip, DriverReport(action=action, at=at(9), received_at=at(9)))
    put(store, trip, depart(the(store, "request", "R1")))
    before = the(store, "itinerary", f"I-{DAY}-V1")
    put(store, request("R3", hour=13))
    run(store, now=at(9.1))
    after = the(store, "itinerary", f"I-{DAY}-V1")
    assert after.stops[:3] == before.stops[:3]
    assert [s.request_id for s in after.stops] == [None, "R1", "R1", "R2", "R2", "R3", "R3", None]
    assert live(store, "R1") == trip
    assert the(store, "request", "R1").state is RequestState.UNDER_WAY


def test_a_finished_morning_stays_on_the_itinerary():
    store = store_of(*BASE, request("R1", hour=9))
    run(store)
    morning = the(store, "itinerary", f"I-{DAY}-V1")
    put(store, request("R2", hour=15))
    outcome = run(store, now=at(13))
    whole = the(store, "itinerary", f"I-{DAY}-V1")
    assert whole.stops[:3] == morning.stops[:3]
    assert [s.kind for s in whole.stops] == [
        StopKind.START,
        StopKind.PICKUP,
        StopKind.DROPOFF,
        StopKind.VISIT,
        StopKind.PICKUP,
        StopKind.DROPOFF,
        StopKind.END,
    ]
    assert whole.cost_fen > morning.cost_fen
    assert outcome.record.figures.served_count == 2
    quiet = run(store, now=at(17))
    assert quiet.record.figures.served_count == 2
    assert [s.request_id for s in the(store, "itinerary", whole.id).stops if s.request_id] == ["R1", "R1", "R2", "R2"]


def test_only_the_asked_region_is_planned():
    other = unit("U2", region="510700")
    store = store_of(
        *BASE,
        other,
        site("S2", region="510700"),
        vehicle("V2", unit_id="U2", region="510700", home_site_id="S2"),
        driver("D2", unit_id="U2", region="510700", home_site_id="S2"),
        request("R1"),
        request("R2", unit_id="U2", region="510700"),
    )
    outcome = run(store, region="510900")
    assert [i.vehicle_id for i in every(store, "itinerary")] == ["V1"]
    assert outcome.record.region == "510900"
    assert the(store, "request", "R2").state is RequestState.APPROVED
    run(store, region="510000")
    assert len(every(store, "itinerary")) == 2


def test_rental_cars_stay_where_they_are_returned():
    car = vehicle("V3", duty=Duty.RENTAL, self_drive=True)
    trip = request(
        "R1", kind=TripKind.RENTAL, stops=(stop(9, lon=105.5), stop(13, lon=105.6, wait_s=3_600)), shareable=False
    )
    store = store_of(unit(), site(), car, trip)
    run(store)
    (itinerary,) = every(store, "itinerary")
    assert itinerary.driver_id is None
    assert itinerary.stops[-1].lon_wgs84 == 105.6
    assert live(store, "R1").why == "R069_TIER_6"


def test_a_rental_car_goes_on_from_where_it_was_returned():
    car = vehicle("V3", duty=Duty.RENTAL, self_drive=True)
    taken = request("R1", kind=TripKind.RENTAL, stops=(stop(9, lon=105.5), stop(11, lon=105.6, wait_s=600)))
    store = store_of(unit(), site(), car, taken)
    run(store)
    put(store, request("R2", kind=TripKind.RENTAL, stops=(stop(12, lon=105.6), stop(14, lon=105.5, wait_s=600))))
    run(store, now=at(10))
    put(store, request("R3", kind=TripKind.RENTAL, stops=(stop(15, lon=105.5), stop(16, lon=105.5, wait_s=600))))
    outcome = run(store, now=at(11.9))  # the first is over, the second begins within the freeze horizon
    assert outcome.unserved == {}
    (itinerary,) = every(store, "itinerary")
    assert [s.request_id for s in itinerary.stops if s.request_id] == ["R1", "R1", "R2", "R2", "R3", "R3"]
    assert itinerary.stops[0].kind is StopKind.START
    assert outcome.record.figures.served_count == 3


def test_a_charter_of_two_days_keeps_its_vehicle_on_the_second():
    trip = request("R1", kind=TripKind.CHARTER, stops=(stop(9), stop(33), stop(38, wait_s=3_600)))
    store = store_of(*TWO, trip)
    run(store)
    first = live(store, "R1")
    next_day = DAY + timedelta(days=1)
    put(store, request("R2", stops=(stop(34), stop(34, lon=105.7, wait_s=7_200))))
    outcome = run_once(store, GridRoads(), day=next_day, now=at(20), seed=1, stop=StopRule(iterations=1), solver=greedy)
    assert outcome.record.figures.served_count == 1
    assert live(store, "R2").vehicle_id != first.vehicle_id


def test_two_runs_from_the_same_state_write_the_same():
    def one():
        store = store_of(*TWO, request("R1", hour=9), request("R2", hour=9.1), request("R3", hour=15))
        run(store)
        return [(e.type, [(d.id, d.version, d.body) for d in e.documents]) for e in store.events()]

    assert one() == one()
