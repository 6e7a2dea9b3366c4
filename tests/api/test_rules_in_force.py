"""Rules that refuse over HTTP: purchases, budgets, separation of duties, closures and emergencies, local rule files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from api.remedies import say_remedy
from api.settings import InvalidSetting, load_settings
from fleet.documents import decode, encode, kind_of
from fleet.errors import InvalidFact
from fleet.people import Person, Role
from fleet.rules.load import load
from fleet.rules.pools import PoolRules
from fleet.store import Commit, Write
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from tests.api.conftest import NOW, SUINING, TONGNAN, trip
from tests.api.test_systems import plan, state_of

DECISIONS = [{"name": name, "document_no": f"{name}-1"} for name in ("quota", "standard", "funds", "procurement")]
OLD = Vehicle(
    id="V-OLD",
    plate="川J00000",
    unit_id="U-SN",
    region=SUINING,
    home_site_id="S-SN",
    kind=VehicleKind.SEDAN,
    energy=Energy.PETROL,
    seats=4,
    profile="sedan_petrol",
    in_service_on=date(2015, 1, 1),
)
BOUGHT = {
    "on": "2026-02-01",
    "kind": "replaced",
    "price_fen": 15_000_000,
    "displacement_ml": 0,
    "decisions": DECISIONS,
    "replaces_id": "V-OLD",
}
CAR = {
    "id": "V-NEW",
    "plate": "川JD77777",
    "unit_id": "U-SN",
    "region": SUINING,
    "home_site_id": "S-SN",
    "kind": "sedan",
    "energy": "bev",
    "seats": 4,
    "profile": "sedan_bev",
    "battery": {"capacity_wh": 60_000, "charge_wh": 50_000},
}
PETROL = {"energy": "petrol", "profile": "sedan_petrol", "battery": None}


def put(world, *nouns):
    writes = [
        Write(
            kind=kind_of(noun),
            id=noun.id,
            expected_version=0 if (held := world.store.find(kind_of(noun), noun.id)) is None else held.version,
            body=encode(noun),
        )
        for noun in nouns
    ]
    world.store.commit(Commit(type="world.made", actor="test", at=NOW, writes=writes))


def register(world, car, language="zh"):
    return world.post(
        "/v1/vehicles", "dispatcher", {k: v for k, v in car.items() if v is not None}, Accept_Language=language
    )


@pytest.mark.parametrize(
    ("rule_id", "car", "bought"),
    [
        ("R034", {}, {"price_fen": 30_000_000}),
        ("R034", PETROL, {"displacement_ml": 2_500, "waiver_reason": "special_use", "waiver_text": "山区"}),
        ("R035", {}, {"decisions": DECISIONS[:3]}),
        ("R022", PETROL, {"displacement_ml": 1_500}),
        ("R038", {}, {"replaces_id": "V-SN-1"}),
        ("R038", {}, {"replaces_id": None}),
        ("R033", {}, {"kind": "added"}),
    ],
)
def test_a_purchase_against_the_rules_is_refused(world, rule_id, car, bought):
    """R022, R033, R034, R035, R038: refused by name in both languages, and nothing is registered."""
    put(world, OLD)
    acquisition = {k: v for k, v in (BOUGHT | bought).items() if v is not None}
    for language in ("zh", "en"):
        refused = register(world, CAR | car | {"acquisition": acquisition}, language)
        assert refused.status_code == 422, refused.text
        assert rule_id in refused.text
    assert world.store.find("vehicle", "V-NEW") is None


def test_a_purchase_by_the_rules_is_taken_until_a_vehicle_is_listed(world):
    """R039: while a vehicle of the unit is on the list nothing is bought."""
    put(world, OLD)
    assert register(world, CAR | {"acquisition": BOUGHT}).status_code == 201
    listed = world.client.patch("/v1/vehicles/V-SN-1", headers=world.as_("dispatcher"), json={"listed": True})
    assert listed.status_code == 200
    refused = register(world, CAR | {"id": "V-NEXT", "plate": "川JD77778", "acquisition": BOUGHT})
    assert refused.status_code == 422
    assert "R039" in refused.text


def test_a_budget_holds_a_trip_back_when_it_is_approved_and_when_it_is_planned(world):
    """R131: above the cap a planner decides; an emergency is never held back."""
    planner = "planner"
    made = world.post("/v1/requests", "asker", trip()).json()
    budget = {"unit_id": "U-SN", "year": 2026, "cap_fen": 1_000}
    assert world.post("/v1/budgets", "dispatcher", budget).status_code == 403
    assert world.post("/v1/budgets", planner, budget).status_code == 201
    refused = world.post(f"/v1/requests/{made['id']}:approve", "boss")
    assert refused.status_code == 422
    assert "R131" in refused.json()["errors"][0]["message"]
    assert world.post(f"/v1/requests/{made['id']}:allowBudget", "boss", {"reason": "x"}).status_code == 403
    allowed = world.post(f"/v1/requests/{made['id']}:allowBudget", planner, {"reason": "年度重点工作"})
    assert allowed.status_code == 200, allowed.text
    assert allowed.json()["waivers"][0]["by"] == "P-planner"
    assert world.post(f"/v1/requests/{made['id']}:approve", "boss").status_code == 200
    urgent = world.post("/v1/requests", "asker", trip(priority="emergency")).json()
    assert world.post(f"/v1/requests/{urgent['id']}:approve", "boss").status_code == 200
    # Approved within a cap that was lowered afterwards: held back when it is planned.
    assert world.post("/v1/budgets", planner, budget | {"cap_fen": 10**9}).status_code == 201
    later = world.post("/v1/requests", "asker", trip()).json()
    assert world.post(f"/v1/requests/{later['id']}:approve", "boss").status_code == 200
    assert world.post("/v1/budgets", planner, budget).status_code == 201
    plan(world)
    held = state_of(world, later["id"])
    assert held["assignment"] is None
    assert held["unserved_reasons"][0]["detail"]["rules"] == "R131"
    assert state_of(world, made["id"])["assignment"] is not None
    shown = world.get("/v1/budgets/B-2026-U-SN", planner).json()
    assert shown["committed_fen"] > 1_000


def test_nobody_dispatches_the_own_trip(world):
    """R156: requester, approver and who has the plan made are three persons; the machine or a colleague plans it."""
    both = Person(
        id="P-both",
        login="both",
        name="兼任",
        roles=frozenset({Role.REQUESTER, Role.DISPATCHER}),
        unit_id="U-SN",
        region=SUINING,
        password_hash=world.store.get("person", "P-asker").body["password_hash"],
    )
    put(world, both)
    made = world.post("/v1/requests", "both", trip()).json()
    assert world.post(f"/v1/requests/{made['id']}:approve", "boss").status_code == 200
    plan(world, "both", SUINING)
    held = state_of(world, made["id"])
    assert held["assignment"] is None
    assert held["unserved_reasons"][0]["detail"]["rules"] == "R156"
    plan(world, "dispatcher", SUINING)
    done = state_of(world, made["id"])["assignment"]
    assert done["dispatcher_id"] == "P-dispatcher"
    assert done["notices"] == ["R045"]


def test_a_closed_region_stops_trips_without_a_permit(world):
    """R176: declared by who dispatches there, heard at once, until it is lifted."""
    closed = {
        "id": "M-1",
        "kind": "closed",
        "region": TONGNAN,
        "reason": "疫情防控",
        "starts_at": "2026-03-01T00:00:00+08:00",
    }
    assert world.post("/v1/measures", "dispatcher", closed).status_code == 403
    assert world.post("/v1/measures", "asker", closed).status_code == 403
    assert world.post("/v1/measures", "tn-dispatcher", closed).status_code == 201
    refused = world.post("/v1/requests", "asker", trip()).json()
    assert refused["answer"]["outcome"] == "refusal"
    assert "R176" in refused["answer"]["message"]
    permit = {"rule_id": "R176", "reason": "permit", "text": "通行证〔2026〕7号"}
    assert world.post("/v1/requests", "asker", trip(waivers=[permit])).json()["answer"]["outcome"] == "promise"
    assert [own["id"] for own in world.get("/v1/measures", "driver").json()["items"]] == ["M-1"]
    assert world.post("/v1/measures/M-1:lift", "dispatcher").status_code == 403
    assert world.post("/v1/measures/M-1:lift", "tn-dispatcher").status_code == 200
    assert world.post("/v1/measures/M-1:lift", "tn-dispatcher").status_code == 409
    assert world.post("/v1/requests", "asker", trip()).json()["answer"]["outcome"] == "promise"


def test_a_prefecture_serves_its_counties_and_takes_only_what_is_pooled(world):
    """R003, R016: its dispatcher sees the county's requests; a car that the county did not pool stays there."""
    county = Unit(id="U-AJ", name="安居区单位", region="510904", level=Level.COUNTY)
    put(world, county, replace(OLD, unit_id="U-AJ", region="510904", pooled=False))
    asker = world.store.get("person", "P-asker").body["password_hash"]
    roles = frozenset({Role.REQUESTER})
    put(
        world,
        Person(id="P-aj", login="aj", name="安居", roles=roles, unit_id="U-AJ", region="510904", password_hash=asker),
    )
    made = world.post("/v1/requests", "aj", trip()).json()
    assert world.get(f"/v1/requests/{made['id']}", "dispatcher").status_code == 200
    assert world.get(f"/v1/requests/{made['id']}", "tn-dispatcher").status_code == 404
    for id in ("V-SN-1", "V-SN-2", "V-TN-1"):
        assert world.post(f"/v1/vehicles/{id}:takeOutOfService", "admin").status_code == 200
    refused = world.post("/v1/requests", "asker", trip()).json()["answer"]
    assert refused["outcome"] == "refusal"
    assert "R070" in refused["message"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"level": 0}, "level"),
        ({"region": "999999"}, "region"),
        ({"region": TONGNAN}, "region"),
        ({"site_id": "S-NONE"}, "site_id"),
        ({"ends_at": "2022-08-20T00:00:00+08:00"}, "ends_at"),
    ],
)
def test_an_energy_emergency_is_declared_where_its_rule_reaches(world, changes, field):
    """R170: level, region and period are judged in both languages."""
    body = {
        "id": "M-E",
        "kind": "energy_emergency",
        "region": SUINING,
        "level": 1,
        "reason": "一级响应",
        "starts_at": "2022-08-21T00:00:00+08:00",
    }
    for language in ("zh", "en"):
        refused = world.post("/v1/measures", "admin", body | changes, Accept_Language=language)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["field"] == field
    assert world.post("/v1/measures", "dispatcher", body).status_code == 201


def test_a_waiver_without_a_reason_is_refused(world):
    """R073, R078: no reason, an unknown one, no words, a rule that knows none: in both languages."""
    for waiver, field in (
        ({"rule_id": "R078", "reason": "", "text": "值班"}, "waivers[0].reason"),
        ({"rule_id": "R073", "reason": "lazy", "text": "x"}, "waivers[0].reason"),
        ({"rule_id": "R073", "reason": "goods", "text": ""}, "waivers[0].text"),
        ({"rule_id": "R107", "reason": "goods", "text": "x"}, "waivers[0].rule_id"),
        ({"rule_id": "R131", "reason": "planner_approval", "text": "x"}, "waivers[0].rule_id"),
    ):
        for language in ("zh", "en"):
            refused = world.post("/v1/requests", "asker", trip(waivers=[waiver]), Accept_Language=language)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["field"] == field


LOCAL = """
overrides = "R021"

[signature]
person = "张三"
on = 2026-01-05
reason = "市政府常务会议决定"

[[values]]
name = "nev_share"
integer = "2*nev > 1*replaced"
unit = "ratio"
regions = ["510100"]
from = 2026-02-01
origin = "local"
"""


def test_the_server_reads_an_offices_own_rules_and_shows_who_signed(world, tmp_path):
    """R021: out of the folder of the setting, with person, day and reason."""
    (tmp_path / "chengdu.toml").write_text(LOCAL, encoding="utf-8")
    settings = load_settings({"CHUANYU_RULES_DIR": str(tmp_path)})
    world.services.book = load(settings.rules_dir)
    values = world.get("/v1/rules/R021", "admin", region="510100", day="2026-03-02").json()["values"]
    (own,) = [value for value in values if value["name"] == "nev_share"]
    assert (own["value"], own["signed_by"], own["signed_on"]) == ("2*nev > 1*replaced", "张三", "2026-01-05")
    assert own["signed_for"] == "市政府常务会议决定"
    with pytest.raises(InvalidSetting):
        load_settings({"CHUANYU_RULES_DIR": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        (('unit = "ratio"', 'unit = "percent"'), "values.nev_share.unit"),
        (('regions = ["510100"]', 'regions = ["999999"]'), "values.nev_share.regions"),
        (('integer = "2*nev > 1*replaced"', 'integer = "nev > 50%"'), "values.nev_share.integer"),
        (('integer = "2*nev > 1*replaced"', 'integer = "10*nev >= 3*replaced"'), "values.nev_share.integer"),
        (("on = 2026-01-05", "on = 2026-03-05"), "values.nev_share.from"),
        (('person = "张三"', 'person = ""'), "signature"),
        (("[[values]]", LOCAL[LOCAL.index("[[values]]") :] + "\n[[values]]"), "values.nev_share"),
    ],
)
def test_a_bad_rule_file_is_refused_by_name_in_both_languages(tmp_path, changed, field):
    """R015, R021: wrong unit, unknown region, a bound without whole numbers, a loosened one, an overlap, no signature."""
    (tmp_path / "chengdu.toml").write_text(LOCAL.replace(*changed), encoding="utf-8")
    with pytest.raises(InvalidFact) as caught:
        load(tmp_path)
    assert (caught.value.id, caught.value.field) == ("chengdu.toml", field)
    said = say_remedy(caught.value.remedy)
    assert said.en == caught.value.remedy
    assert said.zh != said.en or said.en == "ratio"


def test_a_pair_confirmed_by_one_side_permits_nothing(world):
    """R012: of Suining and Hechuan one side's word alone, and the refusal says whose is missing."""
    made = world.post(
        "/v1/agreements",
        "admin",
        {
            "id": "A-HALF",
            "regions": [SUINING, "500117"],
            "coordinator_id": "U-SN",
            "review_on": "2026-12-31",
        },
    )
    assert made.status_code == 201
    assert world.post("/v1/agreements/A-HALF:confirm", "dispatcher", {}).json()["state"] == "proposed"
    pools = PoolRules(
        book=load(),
        day=date(2026, 3, 2),
        agreements=(decode("agreement", world.store.get("agreement", "A-HALF").body),),
    )
    refusal = pools.between_regions(SUINING, "500117").refusal
    assert refusal is not None
    assert (refusal.rule_id, refusal.code) == ("R012", "not_confirmed")
    assert refusal.message_zh
    assert refusal.message_en
