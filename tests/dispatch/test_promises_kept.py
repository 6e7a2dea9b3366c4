"""What a plan does to promises: it keeps them, and tells every change with its reason."""

from __future__ import annotations

from datetime import timedelta

from dispatch.follow import follow
from dispatch.options import list_options
from dispatch.service import Part, prepare, run_once
from dispatch.solve import StopRule
from dispatch.writes import CHOSEN, Why
from fleet.documents import decode
from fleet.itineraries import AssignmentState, DriverReport, report
from fleet.memory_store import MemoryStore
from fleet.promises import NoticeKind, NoticeReason, PromiseState
from fleet.requests import depart
from fleet.vehicles import take_out_of_service
from tests.dispatch.plain import BASE, BEFORE, DAY, GridRoads, at, driver, greedy, put, request, vehicle
from tests.dispatch.test_service import every, live, run, the

TWO = (*BASE, vehicle("V2"), driver("D2"))


def store_of(*nouns):
    store = MemoryStore()
    put(store, *nouns)
    return store


def tapped(assignment, *taps):
    for action, when, *more in taps:
        said = DriverReport(action=action, at=when, received_at=when, expected_at=more[0] if more else None)
        assignment = report(assignment, said)
    return assignment


def test_the_first_plan_promises_a_window_inside_what_was_asked_for():
    store = store_of(*BASE, request("R1", hour=9))
    outcome = run(store)
    promise = the(store, "promise", "R1")
    assert (promise.pickup_from_at, promise.pickup_to_at) == (at(9), at(9) + timedelta(minutes=10))
    assert (promise.vehicle_id, promise.state) == ("V1", PromiseState.OPEN)
    (change,) = outcome.changes
    assert (change.before_vehicle_id, change.after_vehicle_id, change.after_pickup_at) == (None, "V1", at(9))
    assert the(store, "plan_changes", outcome.plan_id).changes == outcome.changes
    assert outcome.notices == ()


def test_another_vehicle_is_told_with_the_fact_that_explains_it():
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    put(store, take_out_of_service(the(store, "vehicle", live(store, "R1").vehicle_id)))
    outcome = run(store, now=at(7))
    (notice,) = outcome.notices
    assert notice == the(store, "notice", "N-R1-1")
    assert (notice.kind, notice.reason) == (NoticeKind.VEHICLE_CHANGED, NoticeReason.VEHICLE_OUT)
    assert {notice.before_vehicle_id, notice.after_vehicle_id} == {"V1", "V2"}
    assert notice.told_driver_ids == ("D1",), "the car changed, and with it the driver drives the other one"
    assert (notice.before_from_at, notice.before_to_at) == (notice.after_from_at, notice.after_to_at)


def test_a_promise_that_nobody_can_keep_is_taken_back_and_restored_when_somebody_can():
    store = store_of(*BASE, request("R1", hour=9))
    run(store)
    car = the(store, "vehicle", "V1")
    put(store, take_out_of_service(car))
    (notice,) = run(store, now=at(7)).notices
    assert (notice.kind, notice.after_from_at) == (NoticeKind.WITHDRAWN, None)
    assert the(store, "promise", "R1").state is PromiseState.WITHDRAWN
    assert run(store, now=at(7.1)).notices == (), "told once"
    put(store, car)
    (notice,) = run(store, now=at(7.2)).notices
    assert (notice.kind, notice.before_from_at) == (NoticeKind.RESTORED, None)
    assert the(store, "promise", "R1").state is PromiseState.OPEN
    assert the(store, "promise", "R1").notices_count == 2


def test_a_trip_that_runs_late_moves_what_comes_after_it_and_says_so():
    store = store_of(*BASE, request("R1", hour=9), request("R2", hour=9.6, stops=request(hour=9.6).stops))
    run(store)
    first = live(store, "R1")
    put(store, tapped(first, ("accept", at(7)), ("start", at(8.8)), ("pick_up", at(9.25))))
    put(store, depart(the(store, "request", "R1")))
    outcome = run(store, now=at(9.3), go_on=True)
    stops = {s.request_id: s for s in the(store, "itinerary", first.itinerary_id).stops if s.kind == "dropoff"}
    assert stops["R1"].begin_at > first.dropoff_at
    late = [n for n in outcome.notices if n.request_id == "R2"]
    promise = the(store, "promise", "R2")
    if late:
        assert late[0].reason in (NoticeReason.RUNNING_LATE, NoticeReason.REPLANNED)
    else:
        assert promise.holds_at(live(store, "R2").pickup_at)


def test_an_expected_delay_reaches_the_stops_behind_it():
    store = store_of(*BASE, request("R1", hour=9))
    run(store)
    first = live(store, "R1")
    day = the(store, "itinerary", first.itinerary_id)
    waiting = tapped(first, ("accept", at(7)), ("start", at(8.7)), ("arrive", at(9)), ("delay", at(9), at(9.5)))
    after = follow(day, assignments={"R1": waiting}, now=at(9.05))
    assert after.stops[1].depart_at == at(9.5)
    assert after.stops[2].arrive_at == at(9.5) + timedelta(seconds=day.stops[2].leg_s)
    assert follow(day, assignments={"R1": first}, now=at(12)) is day, "who never tapped drives as planned"


def test_a_driver_who_has_not_set_off_in_time_is_expected_later():
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    first = live(store, "R1")
    put(store, tapped(first, ("accept", at(7))))
    day = the(store, "itinerary", first.itinerary_id)
    expected = follow(day, assignments={"R1": tapped(first, ("accept", at(7)))}, now=at(8.95))
    assert expected.stops[1].begin_at == at(8.95) + timedelta(seconds=1_000)
    # Too late for what was asked: the trip goes to whoever can still make it.
    outcome = run(store, now=at(9.2), go_on=True)
    assert live(store, "R1").vehicle_id == first.vehicle_id or outcome.notices


def test_a_chosen_vehicle_is_kept_by_later_plans_while_it_is_in_service():
    store = store_of(*TWO, request("R1", hour=9))
    run(store)
    former = live(store, "R1").vehicle_id
    other = {"V1": "V2", "V2": "V1"}[former]
    options = list_options(store, GridRoads(), the(store, "request", "R1"), now=at(7))
    assert {option.vehicle_id for option in options} == {"V1", "V2"}
    assert all(option.disturbs == () and option.cost_fen > 0 for option in options)
    made = prepare(
        store,
        GridRoads(),
        day=DAY,
        now=at(7),
        seed=1,
        stop=StopRule(iterations=1),
        solver=greedy,
        part=Part(vehicles={"V1", "V2"}, requests={"R1"}, only={"R1": other}),
        why=Why(cause=NoticeReason.CHOSEN, pins={"R1": "P-dispatcher"}),
    )
    writes = [write for bundle in made.bundles for write in bundle.writes]
    assert {write.kind for write in writes} == {"itinerary", "assignment", "promise", "notice"}
    for bundle in made.bundles:
        put(store, *(decode(w.kind, w.body) for w in bundle.writes if w.body is not None))
    assert (live(store, "R1").vehicle_id, live(store, "R1").why) == (other, CHOSEN)
    run(store, now=at(7.1))
    assert live(store, "R1").vehicle_id == other
    put(store, take_out_of_service(the(store, "vehicle", other)))
    run(store, now=at(7.2))
    assert live(store, "R1").vehicle_id == former


def test_options_name_the_trip_that_they_would_disturb():
    store = store_of(*BASE, request("R1", hour=9))
    run(store)
    (option,) = list_options(store, GridRoads(), request("R9", hour=9.1), now=at(7))
    assert (option.vehicle_id, option.disturbs) == ("V1", ("R1",))
    emergency = request("R8", hour=9.1)
    assert list_options(store, GridRoads(), emergency, now=at(11)) == ()


def test_a_round_that_changes_nothing_leaves_no_record():
    store = store_of(*BASE, request("R1", hour=9))
    run(store)
    head = store.head()
    outcome = run_once(
        store, GridRoads(), day=DAY, now=at(7), seed=7, stop=StopRule(iterations=1), solver=greedy, go_on=True
    )
    assert (store.head(), outcome.changes) == (head, ())
    assert every(store, "plan") != []
    assert at(7) > BEFORE
    assert AssignmentState.OFFERED is live(store, "R1").state
