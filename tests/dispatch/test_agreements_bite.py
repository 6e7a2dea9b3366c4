"""Regions and pools end to end: agreements in the store decide whom a plan may serve, and every refusal names its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import event, given, settings
from hypothesis import strategies as st

from dispatch.agreed import territory_on
from dispatch.check import Breach, check
from dispatch.permission import territory_under
from dispatch.plan import Plan, Route
from dispatch.policy import DispatchPolicy
from dispatch.problem import FORBIDDEN, TierRefusal
from dispatch.promise import Outcome, promise
from dispatch.service import run_once
from dispatch.snapshot import build
from dispatch.solve import StopRule, solve
from fleet.agreements import confirm, suspend
from fleet.documents import decode, encode
from fleet.ids import AgreementId, PersonId, RegionCode, UnitId
from fleet.memory_store import MemoryStore
from fleet.regions import load_regions
from fleet.rules.load import load
from fleet.rules.pools import PoolRules, propose
from fleet.store import Commit, Write
from fleet.units import Level
from fleet.vehicles import Duty
from tests.dispatch.plain import (
    BEFORE,
    DAY,
    SUINING,
    TONGNAN,
    GridRoads,
    driver,
    greedy,
    put,
    request,
    site,
    unit,
    vehicle,
    view,
)

ZIGONG, LUZHOU, GARZE, WUSHAN = "510300", "510500", "513300", "500237"


STOP = StopRule(iterations=1)


def agreed(*regions, sides=2, review_on=date(2026, 12, 31)):
    agreement = propose(
        id=AgreementId("-".join(regions)),
        book=load(),
        day=date(2026, 1, 5),
        regions=tuple(map(RegionCode, regions)),
        coordinator_id=UnitId("U1"),
        review_on=review_on,
    )
    for number, region in enumerate(regions[:sides]):
        at = datetime(2026, 1, 5, tzinfo=UTC)
        agreement = confirm(agreement, region=RegionCode(region), by=PersonId(f"p{number}"), at=at)
    return agreement


def world(asks, owns, *agreements, **fields):
    """One office that asks in a region, one with a car in another, and what they agreed."""
    store = MemoryStore()
    level = Level.COUNTY if asks.startswith("50") else Level.PREFECTURE
    put(
        store,
        unit("asks", asks, level),
        unit("owns", owns),
        site(region=owns),
        vehicle(unit_id="owns", region=owns, **fields),
        driver(unit_id="owns", region=owns),
        request(unit_id="asks", region=asks),
        *agreements,
    )
    return store


def run(store, solver=greedy):
    return run_once(store, GridRoads(), day=DAY, now=BEFORE, seed=7, stop=StopRule(iterations=1), solver=solver)


def served(store, solver=greedy):
    run(store, solver)
    return [document.body["request_id"] for document in store.list("assignment").documents]


def refusal(store):
    """What the problem says of the one pair of groups, as its name and its rule."""
    territory = territory_on(store, DAY)
    nouns = [
        decode(k, d.body) for k in ("unit", "site", "vehicle", "driver", "request") for d in store.list(k).documents
    ]
    problem = build(view(*nouns), GridRoads(), territory=territory, policy=DispatchPolicy(), now=BEFORE).problem
    said = TierRefusal(int(problem.tier_refusal[0, 0]))
    assert (int(problem.tier[0, 0]) == FORBIDDEN) is (said is not TierRefusal.ALLOWED)
    return said, said.rule_id


def test_a_zigong_request_gets_a_luzhou_car_while_both_opted_in():
    """S03, R105: with either opt-in off it is refused with that reason."""
    both = agreed(ZIGONG), agreed(LUZHOU)
    assert served(world(ZIGONG, LUZHOU, *both)) == ["R1"]
    for opt_in in both:
        store = world(ZIGONG, LUZHOU, opt_in)
        assert served(store) == []
        assert refusal(store) == (TierRefusal.NOT_OPTED_IN, "R105")
    off = world(ZIGONG, LUZHOU, both[0], suspend(both[1], reason="停用"))
    assert refusal(off) == (TierRefusal.NOT_OPTED_IN, "R105")


def test_suining_is_served_by_tongnan_under_one_order_number():
    """S04, R010, R106: the base zone is open without more ado, until its agreement is suspended."""
    store = world(SUINING, TONGNAN, agreed(ZIGONG))
    assert served(store) == ["R1"]
    (assignment,) = store.list("assignment").documents
    assert (assignment.body["region"], store.get("request", "R1").body["region"]) == (TONGNAN, SUINING)
    assert served(world(TONGNAN, SUINING, agreed(ZIGONG))) == ["R1"]
    off = world(SUINING, TONGNAN, suspend(agreed(SUINING, TONGNAN), reason="停用"))
    assert served(off) == []
    assert refusal(off) == (TierRefusal.NO_AGREEMENT, "R107")


def test_garze_and_wushan_are_never_offered():
    """S04, R107: with every agreement in force that can be made."""
    many = [agreed(ZIGONG), agreed(LUZHOU), agreed("510700", "500109"), agreed("510900", "500117")]
    for asks, owns in ((GARZE, WUSHAN), (WUSHAN, GARZE)):
        store = world(asks, owns, *many)
        assert served(store) == []
        assert refusal(store) == (TierRefusal.NO_AGREEMENT, "R107")
        asked = decode("request", store.get("request", "R1").body)
        answer = promise(store, GridRoads(), asked, now=BEFORE)
        assert answer.outcome is Outcome.REFUSAL


def test_alliances_work_when_both_sides_confirmed_in_time():
    """R007, R008, R011, R012 and R017: half a word and a missed review permit nothing."""
    for a, b in (("510700", "500109"), (ZIGONG, "500118"), ("511700", "500101"), (SUINING, "500117")):
        assert served(world(a, b, agreed(a, b))) == ["R1"]
        half = world(a, b, agreed(a, b, sides=1))
        assert served(half) == []
        assert refusal(half) == (TierRefusal.NOT_CONFIRMED, "R012")
        late = world(a, b, agreed(a, b, review_on=date(2026, 3, 3)))
        assert served(late) == []
        assert refusal(late) == (TierRefusal.EXPIRED, "R017")


def test_only_pooled_vehicles_leave_their_unit():
    """R070, R039: not lent ad hoc, not from the exception list, whatever was agreed or not."""
    for agreements in ((), (agreed(SUINING),)):
        for fields, said in (({"pooled": False}, TierRefusal.NOT_POOLED), ({"listed": True}, TierRefusal.OVER_QUOTA)):
            store = world(SUINING, SUINING, *agreements, **fields)
            assert served(store) == []
            assert refusal(store) == (said, said.rule_id)
        assert served(world(SUINING, SUINING, *agreements)) == ["R1"]
    own = MemoryStore()
    put(own, unit(), site(), vehicle(pooled=False, listed=True), driver(), request())
    assert served(own) == ["R1"]


def test_an_agreement_made_today_opens_the_next_plan():
    """R106: the store's agreements are read anew by every run."""
    store = world("510700", "500109", agreed(ZIGONG))
    assert served(store) == []
    made = agreed("510700", "500109")
    write = Write(kind="agreement", id=made.id, expected_version=0, body=encode(made))
    store.commit(Commit(type="agreement.confirmed", actor="test", at=BEFORE, writes=[write]))
    assert served(store) == ["R1"]


REGIONS = st.sampled_from([SUINING, TONGNAN, "510700", "500109", ZIGONG, LUZHOU, WUSHAN])
CARS = st.tuples(
    REGIONS,
    st.sampled_from([Duty.POOLED] * 9 + list(Duty)),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([False, False, False, True]),
)
AGREED = st.lists(
    st.sampled_from([(ZIGONG,), (LUZHOU,), (SUINING,), ("510700",), ("510700", "500109"), (SUINING, TONGNAN)]),
    unique=True,
    min_size=2,
)


@settings(max_examples=40)
@given(asks=st.lists(REGIONS, min_size=3, max_size=6), cars=st.lists(CARS, min_size=3, max_size=6), pairs=AGREED)
def test_no_plan_gives_a_trip_to_whom_the_rules_forbid(asks, cars, pairs):
    """R070, R072, R105, R107: every pair of request and vehicle in a plan is one that the rules permit; the checker catches
    any other when it is put in by hand.
    """
    agreements = tuple(agreed(*pair) for pair in pairs)
    units = [unit(f"asks{n}", region) for n, region in enumerate(asks)]
    units += [unit(f"owns{n}", region) for n, (region, *_) in enumerate(cars)]
    fleet = [
        vehicle(
            f"V{n}",
            unit_id=f"owns{n}",
            region=region,
            duty=duty,
            pooled=pooled,
            listed=listed,
            self_drive=duty is Duty.RENTAL,
        )
        for n, (region, duty, pooled, listed) in enumerate(cars)
    ]
    trips = [request(f"R{n}", unit_id=f"asks{n}", region=region, hour=9 + n) for n, region in enumerate(asks)]
    drivers = [driver(f"D{n}", unit_id=f"owns{n}", region=region) for n, (region, *_) in enumerate(cars)]
    pools = PoolRules(book=load(), day=DAY, agreements=agreements)
    territory = territory_under(load_regions(), pools)
    facts = view(*units, site(), *fleet, *drivers, *trips)
    snapshot = build(facts, GridRoads(), territory=territory, policy=DispatchPolicy(), now=BEFORE)
    problem = snapshot.problem
    plan = (
        solve(problem, seed=1, stop=StopRule(iterations=20)) if problem.vehicles else greedy(problem, seed=1, stop=STOP)
    )
    assert check(problem, plan) == ()
    by_id = {own.id: own for own in units}
    pairs_served = [
        (snapshot.requests[stop.request], snapshot.crews[route.vehicle].vehicle)
        for route in plan.routes
        for stop in route.stops
        if stop.request is not None
    ]
    event(f"served {bool(pairs_served)}")
    for trip, car in pairs_served:
        answer = pools.answer(requester=by_id[trip.unit_id], owner=by_id[car.unit_id], vehicle=car)
        assert answer.refusal is None
        assert car.duty is Duty.POOLED
    for route in plan.routes:
        for number, other in enumerate(problem.vehicles):
            asked = {stop.request for stop in route.stops if stop.request is not None}
            if any(problem.tier[problem.requests[r].group, other.group] == FORBIDDEN for r in asked):
                causes = {found.cause for found in check(problem, moved(plan, route, number))}
                assert Breach.NOT_ALLOWED in causes


def moved(plan: Plan, route: Route, vehicle_number: int) -> Plan:
    """The plan with one route given by hand to another vehicle."""
    kept = tuple(own for own in plan.routes if own is not route and own.vehicle != vehicle_number)
    return replace(plan, routes=(*kept, replace(route, vehicle=vehicle_number)))


def test_two_offices_pooled_serve_no_less_with_no_more_vehicles():
    """S02, R071: pooled, the real solver serves at least as many trips with no more vehicles than apart."""

    def plan_of(*names, pooled):
        nouns = [unit(n, "510000", Level.PROVINCE) for n in names]
        nouns += [vehicle(f"V{n}", unit_id=n, region="510000", pooled=pooled) for n in names]
        nouns += [driver(f"D{n}", unit_id=n) for n in names]
        hours = {"A": (9.0, 9.1, 9.2), "B": (13.0,)}
        nouns += [
            request(f"R{n}{h}", unit_id=n, region="510000", hour=h, shareable=False) for n in names for h in hours[n]
        ]
        facts = view(site(region="510000"), *nouns)
        snapshot = build(
            facts,
            GridRoads(),
            territory=territory_under(load_regions(), PoolRules(book=load(), day=DAY)),
            policy=DispatchPolicy(),
            now=BEFORE,
        )
        plan = solve(snapshot.problem, seed=1, stop=StopRule(iterations=200))
        assert check(snapshot.problem, plan) == ()
        return len(snapshot.requests) - len(plan.unserved), len(plan.routes)

    apart = [sum(figures) for figures in zip(plan_of("A", pooled=False), plan_of("B", pooled=False), strict=True)]
    together = plan_of("A", "B", pooled=True)
    assert together[0] >= apart[0]
    assert together[1] <= apart[1]
