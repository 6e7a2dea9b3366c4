"""The systems that the rule table names, each by its "works when", over HTTP on a real Redis with its ledger."""

from __future__ import annotations

from datetime import date

import pytest

from api import trip_waivers
from fleet.documents import encode, kind_of
from fleet.drivers import Driver, Shift
from fleet.people import Person, Role
from fleet.sites import CarPark, ChargeGroup, Site
from fleet.store import Commit, Write
from fleet.units import AuthorisedNumber, Level, Population, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Battery, Energy, Vehicle, VehicleKind
from routing.geography import load_geography
from tests.api.conftest import NOW, SUINING, TONGNAN, at

ZIGONG, LUZHOU, GARZE, WUSHAN = "510300", "510500", "513300", "500237"
DAY = "2026-03-02"


@pytest.fixture
def store_kind() -> str:
    return "redis"


def put(world, *nouns):
    writes = []
    for noun in nouns:
        kind = kind_of(noun)
        present = world.store.find(kind, noun.id)
        version = 0 if present is None else present.version
        writes.append(Write(kind=kind, id=noun.id, expected_version=version, body=encode(noun)))
    world.store.commit(Commit(type="world.made", actor="test", at=NOW, writes=writes))


def seat(code):
    place = load_geography().find(code)
    assert place is not None
    return place.lon_wgs84, place.lat_wgs84


def office(world, code, password_hash, *, cars=1, unit="U", compound=None, parent=None):
    """An office at its region's seat with cars, drivers, and people who ask, approve and dispatch."""
    lon, lat = seat(code)
    level = Level.COUNTY if code.startswith("50") else Level.PREFECTURE
    id = f"{unit}-{code}"
    people = [
        Person(
            id=f"P-{role}-{id}",
            login=f"{role}-{id}",
            name=f"{role} {id}",
            roles=frozenset({role}),
            unit_id=id,
            region=code,
            password_hash=password_hash,
        )
        for role in (Role.REQUESTER, Role.APPROVER, Role.DISPATCHER)
    ]
    home = {"unit_id": id, "region": code, "home_site_id": f"S-{code}"}
    fleet = [
        Vehicle(
            id=f"V-{id}-{n}",
            plate=f"川T{code[2:4]}{n:03d}",
            kind=VehicleKind.SEDAN,
            energy=Energy.PETROL,
            seats=4,
            profile="sedan_petrol",
            marked=True,
            **home,
        )
        for n in range(cars)
    ]
    drivers = [
        Driver(id=f"D-{id}-{n}", name=f"司机{n}", licence="C1", shift=Shift(start_s=6 * 3600, end_s=22 * 3600), **home)
        for n in range(cars)
    ]
    site = Site(id=f"S-{code}", name=f"站点{code}", region=code, unit_id=None, lon_wgs84=lon, lat_wgs84=lat)
    put(
        world,
        Unit(id=id, name=f"单位{id}", region=code, level=level, compound=compound),
        *people,
        site,
        *fleet,
        *drivers,
    )
    return id


def trip(code, to, *, begin=10, wait_min=30):
    (lon, lat), (lon2, lat2) = seat(code), seat(to)
    return {
        "kind": "transfer",
        "purpose": "赴外地对接工作",
        "passengers": 2,
        "stops": [
            {
                "name": "起点",
                "lon_wgs84": lon,
                "lat_wgs84": lat,
                "earliest_at": at(begin),
                "latest_at": at(begin, wait_min),
            },
            {"name": "终点", "lon_wgs84": lon2, "lat_wgs84": lat2, "earliest_at": at(begin), "latest_at": at(20)},
        ],
    }


def ask(world, unit_id, body, *, expected=201):
    made = world.post("/v1/requests", f"requester-{unit_id}", body)
    assert made.status_code == expected, made.text
    if expected != 201:
        return made.json()
    done = world.post(f"/v1/requests/{made.json()['id']}:approve", f"approver-{unit_id}")
    assert done.status_code == 200, done.text
    return made.json()


def plan(world, login="admin", region="", day=DAY):
    world.clock.pass_by(seconds=1)  # of two plans of one instant neither is the newer
    body = {"day": day, "seconds": 0.5, "seed": 1} | ({"region": region} if region else {})
    job = world.post("/v1/plans", login, body)
    assert job.status_code == 202, job.text
    while True:
        head = world.store.head()
        told = world.get(f"/v1/jobs/{job.json()['id']}", login).json()
        if told["state"] not in ("queued", "running"):
            assert told["state"] == "done", told
            return told["result"]
        assert world.store.wait(after=head, timeout_s=60)


def agree(world, *regions, coordinator, people, **more):
    body = {
        "id": "A-" + "-".join(regions),
        "regions": list(regions),
        "coordinator_id": coordinator,
        "review_on": "2026-12-31",
        **more,
    }
    made = world.post("/v1/agreements", "admin", body)
    assert made.status_code == 201, made.text
    for region, login in zip(regions, people, strict=True):
        said = world.post(f"/v1/agreements/{body['id']}:confirm", login, {"region": region})
        assert said.status_code == 200, said.text
    return body["id"]


def state_of(world, id):
    return world.get(f"/v1/requests/{id}", "admin").json()


def test_s02_two_organs_pooled_serve_no_less_with_no_more_vehicles(world, password_hash):
    """S02, R071: one day of two organs in one compound, each for itself and then together; each trip says why."""
    code = "510700"
    one = office(world, code, password_hash, cars=1, unit="U1", compound="市级机关办公区")
    two = office(world, code, password_hash, cars=1, unit="U2", compound="市级机关办公区")
    asked = [
        ask(world, unit, trip(code, "510722", begin=hour, wait_min=20))
        for unit, hour in ((one, 9), (one, 9), (two, 13), (two, 16))
    ]
    for document in world.store.list("vehicle", where=("region", code)).documents:
        world.client.patch(f"/v1/vehicles/{document.id}", headers=world.as_("admin"), json={"pooled": False})
    plan(world)
    apart = assignments(world, asked)
    for document in world.store.list("vehicle", where=("region", code)).documents:
        world.client.patch(f"/v1/vehicles/{document.id}", headers=world.as_("admin"), json={"pooled": True})
    plan(world)
    pooled = assignments(world, asked)
    assert len(pooled) >= len(apart)
    assert len({a["vehicle_id"] for a in pooled}) <= len({a["vehicle_id"] for a in apart})
    assert {a["why"] for a in pooled} <= {"R069_TIER_1"}


def assignments(world, asked):
    found = [state_of(world, own["id"])["assignment"] for own in asked]
    return [own for own in found if own is not None]


def test_s03_a_zigong_request_gets_a_luzhou_car_and_with_the_opt_in_off_hears_why(world, password_hash):
    """S03, R105."""
    zigong = office(world, ZIGONG, password_hash, cars=0)
    luzhou = office(world, LUZHOU, password_hash, cars=1)
    for region, unit in ((ZIGONG, zigong), (LUZHOU, luzhou)):
        agree(world, region, coordinator=unit, people=[f"dispatcher-{unit}"])
    asked = ask(world, zigong, trip(ZIGONG, LUZHOU))
    plan(world)
    shown = state_of(world, asked["id"])
    assert (shown["state"], shown["assignment"]["vehicle_id"]) == ("assigned", f"V-{luzhou}-0")
    assert shown["assignment"]["why"] == "R069_TIER_4"
    # The asking side reads by name what comes to fetch its people, for this trip.
    seen = world.get(f"/v1/requests/{asked['id']}", f"requester-{zigong}").json()
    assert seen["assignment"]["plate"]
    off = world.post(f"/v1/agreements/A-{LUZHOU}:suspend", f"dispatcher-{luzhou}", {"reason": "本地保障紧张"})
    assert off.status_code == 200
    plan(world)
    refused = state_of(world, asked["id"])
    assert (refused["state"], refused["assignment"]) == ("approved", None)
    (reason,) = [own for own in refused["unserved_reasons"] if own["code"] == "VEHICLE_NOT_ALLOWED"]
    assert "R105" in reason["detail"]["rules"]
    assert "未加入片区" in reason["message"]
    assert "R105" in reason["message"]


def test_s04_suining_is_served_by_tongnan_under_one_number_and_the_settlement_balances(world):
    """S04, R010, R106, R109: both sides see the one order, its vehicle and its amount; Garze-Wushan is never offered."""
    tariff = {"matter_fen": 3_000, "km_fen": 120, "minute_fen": 50, "share_per_mille": 500}
    agree(
        world,
        SUINING,
        TONGNAN,
        coordinator="U-SN",
        people=["dispatcher", "tn-dispatcher"],
        settlement="川渝互助",
        tariff=tariff,
    )
    driver = Person(
        id="P-tn-driver",
        login="tn-driver",
        name="潼南司机",
        roles=frozenset({Role.DRIVER}),
        unit_id="U-TN",
        region=TONGNAN,
        driver_id="D-TN-1",
        password_hash=world.store.get("person", "P-asker").body["password_hash"],
    )
    put(world, driver)
    for id in ("V-SN-1", "V-SN-2"):
        assert world.post(f"/v1/vehicles/{id}:takeOutOfService", "dispatcher").status_code == 200
    made = world.post("/v1/requests", "asker", trip(SUINING, TONGNAN)).json()
    assert made["answer"]["outcome"] == "promise"
    assert world.post(f"/v1/requests/{made['id']}:approve", "boss").status_code == 200
    plan(world)
    own = world.get(f"/v1/requests/{made['id']}", "dispatcher").json()["assignment"]
    other = next(a for a in world.get("/v1/assignments", "tn-dispatcher").json()["items"] if a["id"] == own["id"])
    assert (own["id"], own["state"]) == (other["id"], other["state"])
    assert own["vehicle_id"] == "V-TN-1"
    assert own["plate"] == other["plate"] == "渝AD00001"
    world.clock.pass_by(hours=4)
    for action, sent in (
        ("accept", None),
        ("start", None),
        ("pickUp", {"passengers": 2}),
        ("dropOff", None),
        ("finish", {"odometer_m": 10_090_000, "charge_frac": 0.5}),
    ):
        told = world.post(f"/v1/assignments/{own['id']}:{action}", "tn-driver", sent)
        assert told.status_code == 200, told.text
    sheets = [
        world.get("/v1/settlements", login, **{"from": DAY, "to": DAY}).json()
        for login in ("dispatcher", "tn-dispatcher")
    ]
    assert sheets[0] == sheets[1]
    (line,) = sheets[0]["lines"]
    assert (line["request_id"], line["payer"], line["receiver"]) == (made["id"], SUINING, TONGNAN)
    assert line["amount_fen"] > 0
    assert sheets[0]["balance_fen"] == 0
    assert sheets[0]["payable_fen"] == {SUINING: line["amount_fen"]}
    assert sheets[0]["receivable_fen"] == {TONGNAN: line["amount_fen"]}


def test_s04_garze_and_wushan_are_never_offered(world, password_hash):
    """S04, R107."""
    garze = office(world, GARZE, password_hash, cars=0)
    office(world, WUSHAN, password_hash, cars=2)
    pair = {"id": "A-X", "regions": [GARZE, WUSHAN], "coordinator_id": garze, "review_on": "2026-12-31"}
    made = world.post("/v1/agreements", "admin", pair)
    assert made.status_code == 422
    assert "R107" in made.text
    asked = ask(world, garze, trip(GARZE, "513322", begin=8, wait_min=59))
    assert asked["answer"]["outcome"] == "refusal"
    plan(world)
    refused = state_of(world, asked["id"])
    assert refused["assignment"] is None
    assert "R107" in refused["unserved_reasons"][0]["detail"]["rules"]


def bought(id, unit_id, region, energy, *, batch=None, on=date(2026, 2, 1)):
    battery = Battery(capacity_wh=60_000, charge_wh=60_000) if energy is Energy.BEV else None
    return Vehicle(
        id=id,
        plate=id,
        unit_id=unit_id,
        region=region,
        home_site_id=f"S-{region}",
        kind=VehicleKind.SEDAN,
        energy=energy,
        seats=4,
        profile="sedan_bev" if battery else "sedan_petrol",
        battery=battery,
        acquisition=Acquisition(on=on, kind=AcquisitionKind.REPLACED, central_batch=batch),
    )


def findings(world, rule_id, region, **query):
    items = world.get("/v1/compliance", "admin", day=DAY, region=region, **query).json()["items"]
    return [own for own in items if own["rule_id"] == rule_id]


@pytest.mark.parametrize(
    ("region", "rule_id", "verdict"),
    [("510700", "R018", "fail"), ("500101", "R026", "pass"), ("513200", "R018", "exempt")],
)
def test_s07_three_nevs_of_ten(world, password_hash, region, rule_id, verdict):
    """S07, R018, R020, R026: 3 of 10 fails in Mianyang, passes in Wanzhou, is exempt in Aba."""
    unit = office(world, region, password_hash, cars=0)
    put(world, *(bought(f"V{n}", unit, region, Energy.BEV if n < 3 else Energy.PETROL) for n in range(10)))
    found = [own for own in findings(world, rule_id, region) if not own["subject"]]
    assert [own["verdict"] for own in found] == [verdict]
    if verdict == "fail":
        assert (found[0]["x"], found[0]["y"], found[0]["change"]["count"]) == (3, 10, 1)
        assert ">30%" in found[0]["citation"]["quotation"]
        assert found[0]["carried_over"] is True


@pytest.mark.parametrize(("nevs", "verdict"), [(4, "fail"), (5, "pass")])
def test_s07_a_municipal_batch_of_chongqing_needs_half(world, password_hash, nevs, verdict):
    """S07, R027: 5 of 10."""
    put(world, Unit(id="U-CQ", name="市级单位", region="500000", level=Level.PROVINCE))
    put(
        world,
        *(
            bought(f"V{n}", "U-CQ", "500000", Energy.BEV if n < nevs else Energy.PETROL, batch="CG-2026-1")
            for n in range(10)
        ),
    )
    found = findings(world, "R027", "500000")
    assert [(own["x"], own["y"], own["verdict"]) for own in found] == [(nevs, 10, verdict)]


def test_s07_the_meishan_plan_is_reproduced(world):
    """S07, R023: 111 of 154 is 72%."""
    values = {own["name"]: own["value"] for own in world.get("/v1/rules/R023", "admin").json()["values"]}
    assert values["replaced_count"] == 154
    assert round(100 * values["planned_nev_count"] / values["replaced_count"]) == 72


@pytest.mark.parametrize(("piles", "verdict"), [(3, "fail"), (4, "pass")])
def test_s08_nine_nevs_need_four_chargers(world, password_hash, piles, verdict):
    """S08, R052; the plan side (points and site power, R061) is in tests/dispatch/test_rules_hold.py."""
    region = "510700"
    unit = office(world, region, password_hash, cars=0)
    groups = (ChargeGroup(points=piles, power_w=7_000, dc=False),)
    lon, lat = seat(region)
    site = Site(
        id=f"S-{region}", name="站", region=region, unit_id=unit, lon_wgs84=lon, lat_wgs84=lat, charge_groups=groups
    )
    put(world, site, *(bought(f"V{n}", unit, region, Energy.BEV) for n in range(9)))
    (found,) = findings(world, "R052", region)
    assert (found["x"], found["y"], found["verdict"]) == (piles, 9, verdict)


@pytest.mark.parametrize(
    ("spaces", "piles", "verdict"), [(100, 20, "pass"), (100, 19, "fail"), (101, 20, "fail"), (101, 21, "pass")]
)
def test_s08_meishan_needs_a_pile_at_every_fifth_space(world, password_hash, spaces, piles, verdict):
    """S08, R054."""
    region = "511400"
    unit = office(world, region, password_hash, cars=0)
    lon, lat = seat(region)
    site = Site(
        id=f"S-{region}",
        name="站",
        region=region,
        unit_id=unit,
        lon_wgs84=lon,
        lat_wgs84=lat,
        charge_groups=(ChargeGroup(points=piles, power_w=7_000, dc=False),),
        car_park=CarPark(spaces_count=spaces),
    )
    hospital = Unit(id="U-H", name="医院", region=region, level=Level.PREFECTURE, population=Population.INSTITUTION)
    put(world, site, hospital)
    (found,) = [own for own in findings(world, "R054", region) if own["subject"] == site.id]
    assert (found["x"], found["y"], found["verdict"]) == (piles, spaces, verdict)


@pytest.mark.parametrize(("kilometres", "mode"), [(0.8, "walk"), (2.5, "bicycle"), (5.0, "public_transport")])
def test_s10_short_trips_are_advised_and_go_on_with_a_reason(world, monkeypatch, kilometres, mode):
    """S10, R073: the advice comes before the request is taken; a reason lets it through and is on record."""
    real = trip_waivers.advise
    monkeypatch.setattr(trip_waivers, "advise", lambda view, _metres: real(view, round(kilometres * 1_000)))
    body = trip(SUINING, TONGNAN)
    told = world.post("/v1/requests", "asker", body)
    assert told.status_code == 422
    (error,) = told.json()["errors"]
    assert (error["field"], error["value"]) == ("waivers", mode)
    assert "R073" in error["remedy"]
    english = world.post("/v1/requests", "asker", body, Accept_Language="en").json()["errors"][0]
    assert "is advised" in english["message"]
    wrong = world.post("/v1/requests", "asker", body | {"waivers": [{"rule_id": "R073", "reason": "", "text": "x"}]})
    assert wrong.status_code == 422
    given = {"rule_id": "R073", "reason": "goods", "text": "携带会议材料两箱"}
    made = world.post("/v1/requests", "asker", body | {"waivers": [given]})
    assert made.status_code == 201, made.text
    assert [own["rule_id"] for own in made.json()["waivers"]] == ["R073"]
    overrides = findings(world, "R073", SUINING)
    assert [(own["x"], own["y"], own["verdict"]) for own in overrides] == [(1, 1, "info")]


def test_s16_a_sixth_car_on_a_quota_of_five_is_refused(world, password_hash):
    """S16, R032, R039."""
    region = "510700"
    unit = office(world, region, password_hash, cars=5)
    put(
        world,
        Unit(
            id=unit,
            name="单位",
            region=region,
            level=Level.PREFECTURE,
            authorised=(AuthorisedNumber(duty="pooled", count=5),),
        ),
    )
    car = {
        "id": "V-6",
        "plate": "川B00006",
        "unit_id": unit,
        "region": region,
        "home_site_id": f"S-{region}",
        "kind": "sedan",
        "energy": "petrol",
        "seats": 4,
        "profile": "sedan_petrol",
    }
    refused = world.post("/v1/vehicles", f"dispatcher-{unit}", car)
    assert refused.status_code == 422
    assert "R032" in refused.json()["errors"][0]["remedy"]


def test_s16_holidays_seal_vehicles_unless_an_exception_was_given(world):
    """S16, R078: nothing is dispatched on a public holiday; an exception with its reason lets a trip pass."""
    body = trip(SUINING, TONGNAN)
    for stop in body["stops"]:
        for name in ("earliest_at", "latest_at"):
            stop[name] = stop[name].replace("2026-03-02", "2026-04-05")
    plain = world.post("/v1/requests", "asker", body).json()
    assert plain["answer"]["outcome"] == "refusal"
    assert "R078" in plain["answer"]["message"]
    given = {"rule_id": "R078", "reason": "approved_exception", "text": "假日值守"}
    excepted = world.post("/v1/requests", "asker", body | {"waivers": [given]}).json()
    for own in (plain, excepted):
        assert world.post(f"/v1/requests/{own['id']}:approve", "boss").status_code == 200
    plan(world, day="2026-04-05")
    assert state_of(world, excepted["id"])["state"] == "assigned"
    refused = state_of(world, plain["id"])
    assert refused["state"] == "approved"
    assert "R078" in refused["unserved_reasons"][0]["detail"]["rules"]
