"""The answer at once: what fits beside the present plan, and what is said when nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.plan import Cause
from dispatch.promise import Outcome, promise
from dispatch.service import run_once
from dispatch.solve import StopRule
from fleet.memory_store import MemoryStore
from fleet.requests import Priority, RequestState, TripKind
from fleet.vehicles import Battery, Duty, Energy, VehicleKind, take_out_of_service
from tests.dispatch.plain import (
    BASE,
    BEFORE,
    DAY,
    TONGNAN,
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


def ask(trip, *nouns, planned=(), now=BEFORE):
    store = MemoryStore()
    put(store, *(nouns or BASE), *planned)
    if planned:
        run_once(store, GridRoads(), day=DAY, now=BEFORE, seed=1, stop=StopRule(iterations=1), solver=greedy)
    before = store.head()
    answer = promise(store, GridRoads(), trip, now=now)
    assert store.head() == before, "nothing is written"
    return answer


NEW = request("R9", hour=10, state=RequestState.SUBMITTED)


def test_a_free_vehicle_is_promised():
    answer = ask(NEW)
    assert answer.outcome is Outcome.PROMISE
    assert answer.pickup_earliest_at == at(10)
    assert answer.pickup_latest_at == at(10.25)
    assert answer.dropoff_at == at(10, 60 + 1_000 + 60)
    assert answer.vehicle_kind is VehicleKind.SEDAN
    assert answer.tier == 1
    assert answer.reasons == ()


def test_it_fits_between_two_planned_trips():
    answer = ask(NEW, *BASE, planned=[request("R1", hour=9), request("R2", hour=11.5)])
    assert answer.outcome is Outcome.PROMISE


def test_a_full_day_is_refused_with_a_later_offer():
    busy = [request("R1", hour=9), request("R2", hour=9.9, passengers=4), request("R3", hour=12)]
    answer = ask(NEW, *BASE, planned=busy)
    assert answer.outcome is Outcome.REFUSAL
    assert [reason.code for reason in answer.reasons] == [Cause.TIME_WINDOWS]
    assert at(10.25) < answer.offer_at < at(12)


def test_what_is_promised_is_found_by_the_plan():
    planned = [request("R1", hour=9), request("R2", hour=11.5)]
    assert ask(NEW, *BASE, planned=planned).outcome is Outcome.PROMISE
    store = MemoryStore()
    put(store, *BASE, *planned, replace(NEW, state=RequestState.APPROVED))
    outcome = run_once(store, GridRoads(), day=DAY, now=BEFORE, seed=1, stop=StopRule(iterations=1), solver=greedy)
    assert outcome.unserved == {}


def test_the_nearer_pool_comes_first():
    ally = unit("U2", region=TONGNAN)
    other = vehicle("V2", unit_id="U2", region=TONGNAN, home_site_id="S2", kind=VehicleKind.MPV, seats=6)
    there = site("S2", region=TONGNAN, lon=105.6)
    wheel = driver("D2", unit_id="U2", region=TONGNAN, home_site_id="S2")
    assert ask(NEW, *BASE, ally, other, there, wheel).tier == 1
    answer = ask(NEW, unit(), site(), take_out_of_service(vehicle()), driver(), ally, other, there, wheel)
    assert (answer.tier, answer.vehicle_kind) == (5, VehicleKind.MPV)


@pytest.mark.parametrize(
    ("trip", "cause"),
    [
        (replace(NEW, passengers=9), Cause.CAPACITY),
        (replace(NEW, vehicle_kind=VehicleKind.MINIBUS), Cause.VEHICLE_NOT_ALLOWED),
        (replace(NEW, equipment=frozenset({"four_wheel_drive"})), Cause.VEHICLE_NOT_ALLOWED),
        (replace(NEW, priority=Priority.CONFIDENTIAL), Cause.NO_VEHICLE),
        (replace(NEW, stops=(stop(10), stop(10, lon=111.0))), Cause.OFF_NETWORK),
        (replace(NEW, stops=(stop(19), stop(19, lon=105.7, wait_s=7_200))), Cause.TIME_WINDOWS),
        (replace(NEW, kind=TripKind.RENTAL), Cause.NO_VEHICLE),
    ],
)
def test_refusals_say_why(trip, cause):
    answer = ask(trip)
    assert answer.outcome is Outcome.REFUSAL
    assert answer.reasons[0].code is cause


def test_the_past_is_refused():
    answer = ask(NEW, now=at(11))
    assert answer.outcome is Outcome.REFUSAL
    assert answer.reasons[0].proven


def test_a_battery_keeps_its_reserve():
    near_empty = Battery(capacity_wh=50_000, charge_wh=13_000)
    car = vehicle(energy=Energy.BEV, profile="sedan_bev", battery=near_empty)
    answer = ask(NEW, unit(), site(), car, driver())
    assert [reason.code for reason in answer.reasons] == [Cause.SOC]
    full = vehicle(energy=Energy.BEV, profile="sedan_bev", battery=replace(near_empty, charge_wh=50_000))
    assert ask(NEW, unit(), site(), full, driver()).outcome is Outcome.PROMISE


def test_a_rental_needs_a_car_that_stands_there():
    car = vehicle("V3", duty=Duty.RENTAL, self_drive=True)
    here = replace(NEW, kind=TripKind.RENTAL, stops=(stop(9, lon=105.5), stop(12, lon=105.6, wait_s=3_600)))
    answer = ask(here, unit(), site(), car)
    assert (answer.outcome, answer.tier) == (Outcome.PROMISE, 6)
    elsewhere = replace(here, stops=(stop(9, lon=105.6), stop(12, lon=105.6, wait_s=3_600)))
    assert ask(elsewhere, unit(), site(), car).outcome is Outcome.REFUSAL


def test_a_charter_of_two_days_can_be_promised():
    trip = replace(NEW, kind=TripKind.CHARTER, stops=(stop(9), stop(33), stop(38, wait_s=3_600)))
    answer = ask(trip)
    assert answer.outcome is Outcome.PROMISE
    assert answer.dropoff_at > at(38)
