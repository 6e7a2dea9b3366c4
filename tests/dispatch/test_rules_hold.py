"""Every HARD rule that bites dispatch: no plan of the solver breaks it, and the judge of orders catches any that is made to.

The judge (:mod:`fleet.rules.order_check`) reads facts and written orders; it shares no code with the search, the problem or the
permissions that are put into it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dispatch.check import check
from dispatch.judged import facts_of, judge
from dispatch.orders import write_orders
from dispatch.permission import territory_under
from dispatch.policy import DispatchPolicy
from dispatch.ruling import Ruling, Worked
from dispatch.snapshot import build
from dispatch.solve import StopRule, solve
from fleet.agreements import confirm
from fleet.itineraries import StopKind
from fleet.measures import Measure, MeasureKind
from fleet.regions import load_regions
from fleet.requests import Priority, TripKind, Waiver
from fleet.rules.load import load
from fleet.rules.order_check import judge_orders
from fleet.rules.pools import PoolRules, propose
from fleet.sites import CarPark, ChargeGroup
from fleet.vehicles import Battery, Duty, Energy, VehicleState
from tests.dispatch.plain import (
    BEFORE,
    DAY,
    MIDNIGHT,
    SUINING,
    TONGNAN,
    GridRoads,
    driver,
    greedy,
    request,
    site,
    stop,
    unit,
    vehicle,
    view,
)

ZIGONG, LUZHOU = "510300", "510500"
REGIONS = [SUINING, TONGNAN, ZIGONG, LUZHOU]
ONE_THREAD = partial(solve, threads=1)
GROUPS = (ChargeGroup(points=1, power_w=60_000, dc=True),)


def agreed(*regions):
    at = datetime(2026, 1, 5, tzinfo=UTC)
    made = propose(
        id="-".join(regions),
        book=load(),
        day=date(2026, 1, 5),
        regions=regions,
        coordinator_id="U",
        review_on=date(2026, 12, 31),
    )
    for number, region in enumerate(regions):
        made = confirm(made, region=region, by=f"p{number}", at=at)
    return made


def measure(kind, region, **more):
    level = 1 if kind is MeasureKind.ENERGY_EMERGENCY else 0
    fields = {"reason": "试", "starts_at": MIDNIGHT - timedelta(days=2), "declared_by": "P", "level": level}
    return Measure(id=f"M-{kind}-{region}", kind=kind, region=region, **(fields | more))


def made(nouns, *, agreements=(), ruling=None, solver=ONE_THREAD, now=BEFORE):
    """The plan of a world with its snapshot, written orders and the facts that the judge reads."""
    ruling = ruling or Ruling(day=DAY, approvals=True)
    territory = territory_under(load_regions(), PoolRules(book=ruling.book, day=DAY, agreements=tuple(agreements)))
    snapshot = build(view(*nouns), GridRoads(), territory=territory, policy=DispatchPolicy(), now=now, ruling=ruling)
    use = solver if snapshot.problem.vehicles else greedy
    plan = use(snapshot.problem, seed=1, stop=StopRule(iterations=25))
    assert check(snapshot.problem, plan) == ()
    orders = write_orders(snapshot, plan, plan_id="PL")
    return snapshot, orders, facts_of(snapshot, territory), territory


CARS = st.tuples(
    st.sampled_from(REGIONS),
    st.sampled_from([Duty.POOLED] * 4 + [Duty.EMERGENCY, Duty.EMERGENCY, Duty.CONFIDENTIAL, Duty.ENFORCEMENT]),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(list(VehicleState)[:1] * 4 + list(VehicleState)),
    st.booleans(),
    st.sampled_from([0, 20 * 3_600, 38 * 3_600, 44 * 3_600]),
)
TRIPS = st.tuples(
    st.sampled_from(REGIONS),
    st.sampled_from([Priority.ORDINARY] * 3 + list(Priority)),
    st.sampled_from(["P9", "P9", "P9", "P1", "P8", None]),
    st.sampled_from([(), (), (Waiver(rule_id="R176", reason="permit", text="通行证1号"),)]),
    st.floats(min_value=0.02, max_value=1.2),
    st.floats(min_value=8.0, max_value=15.0),
)
MODES = st.lists(
    st.sampled_from(
        [
            measure(MeasureKind.ENERGY_EMERGENCY, "510000"),
            measure(MeasureKind.CLOSED, "510900"),
            measure(MeasureKind.CLOSED, SUINING, site_id="S-510900"),
            measure(MeasureKind.CLOSED, "500152"),
        ]
    ),
    unique_by=lambda own: own.id,
    max_size=2,
)
AGREED = st.lists(st.sampled_from([(ZIGONG,), (LUZHOU,), (SUINING, TONGNAN), (SUINING,)]), unique=True)


@settings(max_examples=25)
@given(
    cars=st.lists(CARS, min_size=3, max_size=6),
    trips=st.lists(TRIPS, min_size=3, max_size=7),
    modes=MODES,
    pairs=AGREED,
    hours_ahead=st.sampled_from([9, -7]),
)
def test_no_plan_of_the_solver_breaks_a_hard_rule(cars, trips, modes, pairs, hours_ahead):
    """R037, R039, R061, R063, R068, R070, R072, R105, R107, R116, R117, R118, R156, R161, R170, R171, R175, R176."""
    nouns = [unit(f"A{n}", region) for n, (region, *_) in enumerate(trips)]
    nouns += [unit(f"O{n}", region) for n, (region, *_) in enumerate(cars)]
    nouns += [
        site(
            f"S-{region}",
            region,
            charge_groups=GROUPS,
            site_power_w=60_000,
            protected=region == LUZHOU,
            car_park=CarPark(spaces_count=10, underground=region == ZIGONG),
        )
        for region in REGIONS
    ]
    worked = {}
    for n, (region, duty, pooled, listed, state, electric, week_s) in enumerate(cars):
        energy = {
            "energy": Energy.BEV,
            "profile": "sedan_bev",
            "battery": Battery(capacity_wh=30_000, charge_wh=24_000),
        }
        home = {"unit_id": f"O{n}", "region": region, "home_site_id": f"S-{region}"}
        nouns.append(
            vehicle(
                f"V{n}", **home, duty=duty, pooled=pooled, listed=listed, state=state, **(energy if electric else {})
            )
        )
        nouns.append(driver(f"D{n}", **home, overtime_consent_on=DAY if n % 2 else None))
        worked[f"D{n}"] = Worked(week_s=week_s, overtime_month_s=week_s // 2)
    for n, (region, priority, approver, waivers, far, hour) in enumerate(trips):
        ends = stop(hour), stop(hour, lon=105.5 + far, wait_s=14_400)
        nouns.append(
            request(
                f"R{n}",
                unit_id=f"A{n}",
                region=region,
                priority=priority,
                approver_id=approver,
                waivers=waivers,
                stops=ends,
            )
        )
    ruling = Ruling(day=DAY, measures=tuple(modes), worked=worked, dispatcher_id="P8", approvals=True)
    agreements = [agreed(*pair) for pair in pairs]
    now = MIDNIGHT - timedelta(hours=hours_ahead)
    snapshot, orders, facts, territory = made(nouns, agreements=agreements, ruling=ruling, now=now)
    served = sum(len(order.assignments) for order in orders)
    event(
        f"served {min(served, 4)}, charged {any(s.kind is StopKind.CHARGE for o in orders for s in o.itinerary.stops)}"
    )
    assert judge_orders(facts, [order.itinerary for order in orders]) == ()
    assert judge(snapshot, orders, territory) == ()


# ---- each rule broken by hand


@pytest.fixture(scope="module")
def plain_day():
    """One car of Luzhou that serves an ordinary trip of Zigong, both opted in."""
    nouns = (
        unit("A", ZIGONG),
        unit("O", LUZHOU),
        site(region=LUZHOU, charge_groups=GROUPS, site_power_w=60_000),
        vehicle(unit_id="O", region=LUZHOU),
        driver(unit_id="O", region=LUZHOU),
        request(unit_id="A", region=ZIGONG),
    )
    _, orders, facts, _ = made(nouns, agreements=(agreed(ZIGONG), agreed(LUZHOU)))
    itineraries = [order.itinerary for order in orders]
    assert [stop.request_id for stop in itineraries[0].stops if stop.request_id] == ["R1", "R1"]
    assert judge_orders(facts, itineraries) == ()
    return facts, itineraries


def with_(facts, **nouns):
    """The facts with one noun changed: ``vehicle={"state": ...}``."""
    changed = {}
    for kind, fields in nouns.items():
        ((id, noun),) = ((i, n) for i, n in getattr(facts, f"{kind}s").items() if i in ("V1", "D1", "R1", "S1"))
        changed[f"{kind}s"] = {**getattr(facts, f"{kind}s"), id: replace(noun, **fields)}
    return replace(facts, **changed)


OFF_DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("rule_id", "broken"),
    [
        ("R037", lambda facts: with_(facts, vehicle={"state": VehicleState.SEALED})),
        ("R037", lambda facts: with_(facts, vehicle={"state": VehicleState.DISPOSED})),  # R051
        ("R039", lambda facts: with_(facts, vehicle={"listed": True})),
        ("R070", lambda facts: with_(facts, vehicle={"pooled": False})),
        ("R072", lambda facts: with_(facts, vehicle={"duty": Duty.CONFIDENTIAL})),
        ("R161", lambda facts: with_(facts, vehicle={"duty": Duty.EMERGENCY})),
        ("R105", lambda facts: replace(facts, agreements=facts.agreements[:1])),
        ("R107", lambda facts: replace(facts, units={**facts.units, "A": unit("A", "500237")})),
        ("R068", lambda facts: with_(facts, request={"approver_id": None})),
        ("R156", lambda facts: with_(facts, request={"approver_id": "P1"})),
        ("R156", lambda facts: replace(facts, dispatcher_id="P9")),
        ("R117", lambda facts: replace(facts, worked={"D1": (44 * 3_600, 36 * 3_600)})),
        (
            "R078",
            lambda facts: with_(
                facts,
                request={
                    "stops": tuple(
                        replace(
                            own,
                            earliest_at=own.earliest_at + (OFF_DAY - DAY),
                            latest_at=own.latest_at + (OFF_DAY - DAY),
                        )
                        for own in facts.requests["R1"].stops
                    )
                },
            ),
        ),
        ("R176", lambda facts: replace(facts, measures=(measure(MeasureKind.CLOSED, SUINING),))),
        ("R176", lambda facts: replace(facts, measures=(measure(MeasureKind.CLOSED, LUZHOU),))),
        ("R176", lambda facts: replace(facts, measures=(measure(MeasureKind.CLOSED, LUZHOU, site_id="S1"),))),
    ],
)
def test_an_order_that_breaks_a_rule_is_caught(plain_day, rule_id, broken):
    """R037, R039, R051, R068, R070, R072, R078, R105, R107, R117, R156, R161, R176: the same orders under other facts."""
    facts, itineraries = plain_day
    assert rule_id in {found.refusal.rule_id for found in judge_orders(broken(facts), itineraries)}


def test_a_drive_without_rest_is_caught(plain_day):
    """R116, and in an emergency too (R118): the way there made longer by hand."""
    facts, (itinerary,) = plain_day
    stops = list(itinerary.stops)
    first, second = stops[1], stops[2]
    stops[1] = replace(first, leg_s=3 * 3_600)
    stops[2] = replace(second, leg_s=2 * 3_600)
    slow = replace(itinerary, stops=tuple(stops))
    urgent = with_(facts, request={"priority": Priority.EMERGENCY}, vehicle={"duty": Duty.EMERGENCY})
    assert "R116" in {found.refusal.rule_id for found in judge_orders(facts, [slow])}
    assert "R116" in {found.refusal.rule_id for found in judge_orders(urgent, [slow])}


def test_charging_against_the_rules_is_caught():
    """R061, R063, R171, R173, R175: a plan with charging, held against fewer points, less power, a higher reserve."""
    electric = {"energy": Energy.BEV, "profile": "sedan_bev"}
    battery = Battery(capacity_wh=30_000, charge_wh=27_000)
    far = tuple(
        request(f"R{n}", hour=8.5 + 3 * n, stops=(stop(8.5 + 3 * n), stop(8.5 + 3 * n, lon=106.3, wait_s=9_000)))
        for n in range(3)
    )
    park = site(charge_groups=GROUPS, site_power_w=60_000, car_park=CarPark(spaces_count=9, underground=True))
    _, orders, facts, _ = made((unit(), park, vehicle(battery=battery, **electric), driver(), *far))
    itineraries = [order.itinerary for order in orders]
    charges = [own for own in itineraries[0].stops if own.kind is StopKind.CHARGE]
    assert charges
    assert judge_orders(facts, itineraries) == ()

    def rules(changed, written=itineraries):
        return {found.refusal.rule_id for found in judge_orders(changed, written)}

    assert rules(with_(facts, site={"site_power_w": 1_000})) == {"R061"}
    assert rules(with_(facts, site={"charge_groups": (replace(GROUPS[0], points=0),)})) == {"R061"}
    assert rules(with_(facts, vehicle={"battery": replace(battery, capacity_wh=150_000)})) == {"R063"}
    drawn_w = max(int(own.charged_wh * 3_600 / (own.depart_at - own.begin_at).total_seconds()) for own in charges)
    narrow = with_(facts, site={"site_power_w": drawn_w})
    assert rules(narrow) == set()
    emergency = replace(narrow, measures=(measure(MeasureKind.ENERGY_EMERGENCY, SUINING),))
    assert rules(emergency) == {"R061"}  # half the site's power by day (R171)
    assert rules(with_(emergency, site={"protected": True})) == set()  # R175
    late = MIDNIGHT + timedelta(hours=23, minutes=30) - charges[0].begin_at
    night = [replace(itineraries[0], stops=tuple(moved(own, late) for own in itineraries[0].stops))]
    assert "R173" in rules(emergency, night)


def moved(own, late):
    return replace(own, arrive_at=own.arrive_at + late, begin_at=own.begin_at + late, depart_at=own.depart_at + late)


def test_a_rental_car_that_burns_fuel_is_caught_in_chongqing():
    """R089."""
    car = vehicle(region=TONGNAN, duty=Duty.RENTAL, self_drive=True)
    ends = stop(9, lon=105.5), stop(9, lon=105.5, wait_s=7_200)
    trip = request(region=TONGNAN, kind=TripKind.RENTAL, shareable=False, stops=ends)
    nouns = (unit(region=TONGNAN), site(region=TONGNAN), car, trip)
    _, orders, facts, _ = made(nouns)
    assert orders == ()
    electric = replace(
        car, energy=Energy.BEV, profile="sedan_bev", battery=Battery(capacity_wh=60_000, charge_wh=60_000)
    )
    _, orders, facts, _ = made((*nouns[:2], electric, trip))
    assert judge_orders(facts, [own.itinerary for own in orders]) == ()
    petrol = replace(facts, vehicles={"V1": car})
    assert "R089" in {own.refusal.rule_id for own in judge_orders(petrol, [own.itinerary for own in orders])}


def test_a_closed_border_and_a_sealed_day_leave_the_trip_unserved_with_the_rule():
    """R176 and R078: what the plan says of a trip that a rule stops."""
    nouns = (unit(), site(), vehicle(), driver(), request())
    closed = Ruling(day=DAY, measures=(measure(MeasureKind.CLOSED, SUINING),), approvals=True)
    snapshot, orders, _, _ = made(nouns, ruling=closed)
    assert orders == ()
    (reason,) = snapshot.answered["R1"]
    assert (reason.code.value, reason.detail["rules"], reason.proven) == ("X_RULE", "R176", True)
    permit = Waiver(rule_id="R176", reason="permit", text="通行证")
    free = Ruling(day=DAY, approvals=True)
    assert len(made((*nouns[:4], request(waivers=(permit,))), ruling=free)[1]) == 1
