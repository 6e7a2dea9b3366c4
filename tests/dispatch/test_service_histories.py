"""Random days: whatever drivers, requesters and vehicles do between two plans, the store's facts stay consistent."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.service import run_once
from dispatch.solve import StopRule
from dispatch.view import local_day
from fleet.documents import decode
from fleet.itineraries import DRIVER_ACTIONS, AssignmentState, DriverReport, report
from fleet.itineraries import withdraw as withdraw_assignment
from fleet.memory_store import MemoryStore
from fleet.promises import PromiseState
from fleet.requests import RequestState, cancel, depart, finish
from fleet.requests import withdraw as withdraw_request
from fleet.vehicles import VehicleState, return_to_service, take_out_of_service
from tests.dispatch.plain import BASE, DAY, GridRoads, at, driver, greedy, put, request, stop, vehicle

LIVE = frozenset(AssignmentState) - {AssignmentState.WITHDRAWN, AssignmentState.DECLINED}
MOVABLE = (AssignmentState.OFFERED, AssignmentState.ACCEPTED)

steps = st.lists(
    st.tuples(
        st.integers(5, 120),  # minutes that pass
        st.sampled_from(["ask", "ask", "tap", "tap", "tap", "decline", "cancel", "break", "mend", "wait"]),
        st.integers(0, 20),  # whom it concerns
    ),
    min_size=3,
    max_size=12,
)


class Day:
    """A small office's day, and what the test knows of it."""

    def __init__(self):
        self.store = MemoryStore()
        self.now = at(6)
        self.count = 0
        put(self.store, *BASE, vehicle("V2"), driver("D2"), vehicle("V3", seats=2), driver("D3"))

    def every(self, kind):
        return [decode(kind, document.body) for document in self.store.list(kind).documents]

    def act(self, action, number):
        assignments = [a for a in self.every("assignment") if a.state in LIVE]
        chosen = assignments[number % len(assignments)] if assignments else None
        if action == "ask":
            self.count += 1
            hour = (self.now - at(0)).total_seconds() / 3_600 + 0.2 + number / 4
            lon = 105.5 + number % 5 / 20
            stops = (stop(hour, lon=lon), stop(hour, lon=lon + 0.15, wait_s=9_000))
            put(self.store, request(f"R{self.count:02d}", stops=stops, passengers=1 + number % 4))
        elif action == "tap" and chosen is not None:
            self.tap(chosen)
        elif action == "decline" and chosen is not None and chosen.state in MOVABLE:
            said = DriverReport(action="decline", at=self.now, received_at=self.now, reason="冲突")
            put(self.store, report(chosen, said), withdraw_request(self.request(chosen.request_id)))
        elif action == "cancel" and chosen is not None and chosen.state in MOVABLE:
            put(
                self.store,
                withdraw_assignment(chosen),
                cancel(self.request(chosen.request_id), reason="取消"),
            )
        elif action in ("break", "mend"):
            car = self.every("vehicle")[number % 3]
            if action == "break" and car.state is VehicleState.AVAILABLE:
                put(self.store, take_out_of_service(car))
            elif action == "mend" and car.state is VehicleState.OUT_OF_SERVICE:
                put(self.store, return_to_service(car))

    def tap(self, assignment):
        for action, (states, _) in DRIVER_ACTIONS.items():
            if assignment.state in states and action != "decline":
                early = action == "pick_up" and self.now < assignment.pickup_at
                early |= action == "drop_off" and self.now < assignment.dropoff_at
                early |= action == "start" and self.now < assignment.pickup_at - timedelta(minutes=40)
                if early:
                    return
                after = report(assignment, DriverReport(action=action, at=self.now, received_at=self.now))
                asked = self.request(assignment.request_id)
                if action == "pick_up":
                    asked = depart(asked)
                elif action == "finish":
                    asked = finish(asked)
                put(self.store, after, asked)
                return

    def request(self, id):
        return decode("request", self.store.get("request", id).body)

    def plan(self):
        return run_once(
            self.store, GridRoads(), day=DAY, now=self.now, seed=1, stop=StopRule(iterations=1), solver=greedy
        )


def assert_consistent(day, outcome):
    requests = {r.id: r for r in day.every("request")}
    live = {}
    for assignment in day.every("assignment"):
        if assignment.state in LIVE:
            assert assignment.request_id not in live, "one live assignment a request"
            live[assignment.request_id] = assignment
    on_road = {}
    for itinerary in day.every("itinerary"):
        begins = [s.begin_at for s in itinerary.stops]
        assert begins == sorted(begins)
        for entry in itinerary.stops:
            if entry.request_id is not None:
                assert on_road.setdefault(entry.request_id, itinerary.vehicle_id) == itinerary.vehicle_id
    for id, asked in requests.items():
        if asked.state in (RequestState.ASSIGNED, RequestState.UNDER_WAY, RequestState.FINISHED):
            assert id in live, "whoever is assigned has an assignment"
            assert on_road.get(id) == live[id].vehicle_id, "and stops on that vehicle's itinerary"
        elif asked.state is RequestState.APPROVED:
            assert id not in live
            if local_day(asked.stops[0].earliest_at) > DAY:
                continue  # for the plan of its own day
            assert id in outcome.unserved, "whoever waits is told why"
    planned = {id for id in on_road if requests[id].state is not RequestState.CANCELLED}
    assert planned <= set(live) | {id for id in on_road if requests[id].state is RequestState.APPROVED}


def assert_promises_kept(day, before):
    """A promise moves only with a notice, and every open one holds for what is planned."""
    live = {a.request_id: a for a in day.every("assignment") if a.state in MOVABLE}
    told = {}
    for notice in day.every("notice"):
        told.setdefault(notice.request_id, []).append(notice)
    for promise in day.every("promise"):
        assert promise.notices_count == len(told.get(promise.id, []))
        if promise.state is PromiseState.OPEN and promise.id in live:
            assert promise.holds_at(live[promise.id].pickup_at)
            assert promise.vehicle_id == live[promise.id].vehicle_id
        former = before.get(promise.id)
        window = (promise.pickup_from_at, promise.pickup_to_at, promise.vehicle_id)
        if former is not None and (former.pickup_from_at, former.pickup_to_at, former.vehicle_id) != window:
            assert promise.notices_count > former.notices_count
            last = max(told[promise.id], key=lambda n: int(n.id.rpartition("-")[2]))
            assert (last.after_from_at, last.after_to_at, last.after_vehicle_id) == window


@settings(max_examples=40)
@given(steps)
def test_random_days_stay_consistent(script):
    day = Day()
    promised = {}
    for minutes, action, number in script:
        day.now += timedelta(minutes=minutes)
        before = {
            i.vehicle_id: [s for s in i.stops if s.depart_at <= day.now and s.request_id]
            for i in day.every("itinerary")
        }
        live = {a.request_id: a.vehicle_id for a in day.every("assignment") if a.state in LIVE}
        day.act(action, number)
        outcome = day.plan()
        assert not outcome.needs_replan
        assert outcome.mended == ()
        assert_consistent(day, outcome)
        after = {i.vehicle_id: list(i.stops) for i in day.every("itinerary")}
        for vehicle_id, done in before.items():
            for entry in done:
                if live.get(entry.request_id) == vehicle_id and entry.request_id in {
                    a.request_id for a in day.every("assignment") if a.state in LIVE
                }:
                    kept = [s for s in after.get(vehicle_id, []) if s.request_id == entry.request_id]
                    later = [s for s in kept if s.begin_at >= entry.begin_at]
                    assert later, "what was done stays on record; a driver who reports nothing may be late"
        assert_promises_kept(day, promised)
        promised = {p.id: p for p in day.every("promise")}
