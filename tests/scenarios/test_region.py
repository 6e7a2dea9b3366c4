"""The demo region: proportions, consistency and reproducibility."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest

from dispatch.crews import may_drive
from fleet.documents import decode, encode, kind_of
from fleet.people import Role
from fleet.regions import load_regions
from fleet.requests import Priority, RequestState, TripKind
from fleet.vehicles import Duty
from scenarios.areas import CHONGQING, SICHUAN, Spot, apportion, crow_m
from scenarios.demand import DemandMix
from scenarios.places import load_places
from scenarios.region import DemoRegion, build_demo

DAY = date(2026, 3, 4)


@pytest.fixture(scope="module")
def demo() -> DemoRegion:
    return build_demo(20260304, day=DAY)


def nouns(demo: DemoRegion) -> list[object]:
    return [*demo.units, *demo.sites, *demo.vehicles, *demo.drivers, *demo.persons, *demo.requests]


def test_sizes_are_those_asked_for(demo):
    assert len(demo.vehicles) == 400
    assert len(demo.sites) == 60
    assert len(demo.requests) == 1_200
    assert sum(vehicle.energy.is_nev for vehicle in demo.vehicles) == 120
    assert all(site.charge_groups and all(g.points > 0 for g in site.charge_groups) for site in demo.sites)


def test_every_prefecture_and_district_has_its_share(demo):
    by_code = {place.adcode: place for place in load_places()}
    areas = {code for code, place in by_code.items() if place.parent_adcode in (SICHUAN, CHONGQING)}
    assert len(areas) == 59
    fleet = Counter(vehicle.region for vehicle in demo.vehicles)
    assert set(fleet) == areas
    total = sum(by_code[code].public_admin_employees_2020 for code in areas)
    for code, count in fleet.items():
        quota = 400 * by_code[code].public_admin_employees_2020 / total
        assert count == 1 or abs(count - quota) < 1.5, (code, count, quota)


def test_ids_plates_and_logins_are_unique(demo):
    for group in (demo.units, demo.sites, demo.vehicles, demo.drivers, demo.persons, demo.requests):
        ids = [noun.id for noun in group]
        assert len(set(ids)) == len(ids)
    assert len({vehicle.plate for vehicle in demo.vehicles}) == 400
    assert len({person.login for person in demo.persons}) == len(demo.persons)


def test_plates_say_what_they_should(demo):
    for vehicle in demo.vehicles:
        assert len(vehicle.plate) == (8 if vehicle.energy.is_nev else 7)
        assert vehicle.plate[0] == ("川" if vehicle.region.startswith("51") else "渝")


def test_references_hold(demo):
    units = {unit.id for unit in demo.units}
    sites = {site.id: site for site in demo.sites}
    persons = {person.id: person for person in demo.persons}
    drivers = {driver.id: driver for driver in demo.drivers}
    regions = load_regions()
    for vehicle in demo.vehicles:
        assert vehicle.unit_id in units
        assert sites[vehicle.home_site_id].region == vehicle.region
    for driver in demo.drivers:
        assert persons[driver.person_id].driver_id == driver.id
        assert driver.home_site_id in sites
    for person in demo.persons:
        assert person.driver_id is None or person.driver_id in drivers
        assert person.region == "" or regions.find(person.region) is not None
    for request in demo.requests:
        assert request.unit_id in units
        assert Role.REQUESTER in persons[request.requester_id].roles
        assert persons[request.requester_id].unit_id == request.unit_id
    assert all(unit.parent_id is None or unit.parent_id in units for unit in demo.units)
    assert all(id in persons for id in demo.featured)


def test_requests_are_approved_by_somebody_else(demo):
    persons = {person.id: person for person in demo.persons}
    for request in demo.requests:
        assert request.state is RequestState.APPROVED
        assert request.approver_id != request.requester_id
        assert Role.APPROVER in persons[request.approver_id].roles
        assert request.submitted_at < request.decided_at < request.stops[0].earliest_at


def test_every_role_can_sign_in(demo):
    persons = {person.id: person for person in demo.persons}
    assert {role for id in demo.featured for role in persons[id].roles} == set(Role)


def test_each_vehicle_has_a_driver_who_may_drive_it(demo):
    drivers = {driver.id.replace("D-", "V-", 1): driver for driver in demo.drivers}
    for vehicle in demo.vehicles:
        assert vehicle.self_drive == (vehicle.id not in drivers)
        assert vehicle.self_drive or may_drive(drivers[vehicle.id], vehicle)
        assert vehicle.self_drive == (vehicle.duty is Duty.RENTAL)


def test_the_mix_of_trips(demo):
    kinds = Counter(request.kind for request in demo.requests)
    assert kinds[TripKind.TRANSFER] > 950
    assert kinds[TripKind.CHARTER] > 80
    assert kinds[TripKind.RENTAL] == 48
    assert {request.priority for request in demo.requests} == set(Priority)
    long = [r for r in demo.requests if r.stops[-1].earliest_at - r.stops[0].earliest_at > timedelta(hours=16)]
    assert len(long) > 5, "charters of two days"
    transfers = [r for r in demo.requests if r.kind is TripKind.TRANSFER]
    assert sum(r.shareable for r in transfers) > 0.75 * len(transfers)
    reach = [crow_m(spot(r.stops[0]), spot(r.stops[-1])) for r in transfers]
    assert 0.15 * len(reach) < sum(metres > 20_000 for metres in reach) < 0.5 * len(reach)


def spot(stop) -> Spot:
    return Spot(name=stop.name, county="", lon_wgs84=stop.lon_wgs84, lat_wgs84=stop.lat_wgs84)


def test_trips_cross_the_border_between_suining_and_tongnan(demo):
    seat = {
        place.adcode: Spot(name="", county="", lon_wgs84=place.lon_wgs84, lat_wgs84=place.lat_wgs84)
        for place in load_places()
    }

    def near(stop, code):
        return crow_m(spot(stop), seat[code]) < 25_000

    crossing = [
        r
        for r in demo.requests
        if (near(r.stops[0], "510900") and near(r.stops[-1], "500152"))
        or (near(r.stops[0], "500152") and near(r.stops[-1], "510900"))
    ]
    assert len(crossing) >= 15
    assert {r.region[:2] for r in crossing} == {"50", "51"}


def test_documents_survive_the_codec(demo):
    for noun in nouns(demo):
        assert decode(kind_of(noun), encode(noun)) == noun


def test_the_same_seed_gives_the_same_bytes_in_another_process(demo, repository):
    script = (
        "import json, sys\n"
        "from datetime import date\n"
        "from fleet.documents import encode\n"
        "from scenarios.region import build_demo\n"
        "d = build_demo(20260304, day=date(2026, 3, 4))\n"
        "all = [*d.units, *d.sites, *d.vehicles, *d.drivers, *d.persons, *d.requests]\n"
        "sys.stdout.buffer.write(json.dumps([encode(n) for n in all], ensure_ascii=False).encode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    here = json.dumps([encode(noun) for noun in nouns(demo)], ensure_ascii=False).encode()
    assert done.stdout == here


def test_another_seed_gives_other_people():
    one = build_demo(1, day=DAY, vehicles=80, requests=100)
    two = build_demo(2, day=DAY, vehicles=80, requests=100)
    assert [d.name for d in one.drivers] != [d.name for d in two.drivers]


def test_more_requests_leave_the_fleet_as_it_is():
    few = build_demo(3, day=DAY, requests=100)
    many = build_demo(3, day=DAY, requests=400)
    assert few.vehicles == many.vehicles
    assert few.drivers == many.drivers


def test_requests_of_the_day_come_with_notice():
    mix = DemandMix(same_day_frac=1.0)
    demo = build_demo(4, day=DAY, requests=300, mix=mix)
    same_day = [r for r in demo.requests if r.submitted_at.date() == DAY]
    assert len(same_day) > 150
    for request in same_day:
        assert request.stops[0].earliest_at - request.submitted_at >= timedelta(seconds=mix.notice_s)
        assert request.decided_at < request.stops[0].earliest_at


def test_too_few_vehicles_for_the_areas_is_refused():
    with pytest.raises(ValueError, match="cannot give"):
        build_demo(1, day=DAY, vehicles=58)


def test_apportion_is_exact_and_fair():
    assert apportion(10, {"a": 1.0, "b": 1.0, "c": 1.0}) == {"a": 4, "b": 3, "c": 3}
    assert apportion(5, {"a": 100.0, "b": 0.1}, at_least=1) == {"a": 4, "b": 1}
    assert apportion(0, {"a": 2.0}) == {"a": 0}
    assert apportion(3, {"a": 0.0, "b": 0.0, "c": 0.0}, at_least=1) == {"a": 1, "b": 1, "c": 1}


def test_every_area_has_a_request_that_waits_for_an_approver(demo: DemoRegion) -> None:
    approvers = {person.region for person in demo.persons if Role.APPROVER in person.roles}
    assert len(demo.waiting) == 59
    assert {request.region[:4] for request in demo.waiting} <= {region[:4] for region in approvers}
    assert all(request.state is RequestState.SUBMITTED and request.approver_id is None for request in demo.waiting)
    assert len({request.id for request in (*demo.requests, *demo.waiting)}) == 1_259
