"""Files over HTTP: all of it, or nothing with every finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from api.access import Viewer
from api.import_checks import StoreChecks
from api.intake.read import read
from api.routes.imports import known_facts
from fleet import documents
from fleet.people import Person, Role
from fleet.store import Commit, Write

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=timezone(timedelta(hours=8)))
SUINING = "510900"

GOOD = (
    "单位编号,单位名称,行政区划代码,层级\nU-IMP-1,导入单位一,510900,市（州）级\nU-IMP-2,导入单位二,510900,市（州）级\n"
)
BAD = "单位编号,单位名称,行政区划代码,层级\nU-IMP-1,导入单位一,999999,市（州）级\nU-SN,重复的单位,510900,市（州）级\n"


def send(world, text: bytes, login: str = "dispatcher", kind: str = "units", **headers: str) -> Any:
    return world.client.post(
        "/v1/imports",
        params={"kind": kind},
        headers=world.as_(login, **headers),
        files={"file": ("单位.csv", text, "text/csv")},
    )


def test_a_file_is_taken_in(world):
    answer = send(world, GOOD.encode())
    assert answer.status_code == 201, answer.text
    assert answer.json()["created_count"] == 2
    assert world.store.get("unit", "U-IMP-2").body["name"] == "导入单位二"


def test_a_file_with_errors_changes_nothing(world):
    world.as_("dispatcher")
    head = world.store.head()
    answer = send(world, BAD.encode())
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    rows = {error["row"] for error in told["errors"]}
    assert rows == {2, 3}
    assert all(error["message"] and error["remedy"] for error in told["errors"])
    assert world.store.head() == head


def test_what_lies_outside_the_region_is_named(world):
    text = "单位编号,单位名称,行政区划代码,层级\nU-X,外区单位,500152,区县级\n"
    answer = send(world, text.encode())
    assert answer.status_code == 422
    assert "不在您的管辖区域" in answer.text
    assert world.store.find("unit", "U-X") is None


def test_a_repeated_upload_has_one_effect_although_its_boundary_differs(world):
    first = send(world, GOOD.encode(), **{"Idempotency-Key": "f-1"})
    again = send(world, GOOD.encode(), **{"Idempotency-Key": "f-1"})
    assert first.status_code == again.status_code == 201, again.text
    assert first.content == again.content
    other = send(world, BAD.encode(), **{"Idempotency-Key": "f-1"})
    assert other.status_code == 422


def test_files_that_are_none_are_explained(world):
    for data in (b"", b"PK\x03\x04 not a workbook", b"\xff\xfe\x00"):
        answer = send(world, data)
        assert answer.status_code == 422, (data, answer.text)
    assert send(world, GOOD.encode(), login="asker").status_code == 403


REQUEST_TITLES = (
    "Request id,Unit id,Region code,Requester id,Trip kind,Purpose,Passengers,Pick-up place,Pick-up longitude,"
    "Pick-up latitude,Earliest pick-up,Latest pick-up,Drop-off place,Drop-off longitude,Drop-off latitude,"
    "Latest drop-off,Approver id,Submitted at"
)
REQUEST: dict[str, object] = {
    "Request id": "R-IMP-1",
    "Unit id": "U-SN",
    "Region code": "510900",
    "Requester id": "P-asker",
    "Trip kind": "transfer",
    "Purpose": "赴潼南对接工作",
    "Passengers": 2,
    "Pick-up place": "遂宁市政中心",
    "Pick-up longitude": 105.5929,
    "Pick-up latitude": 30.5328,
    "Earliest pick-up": "2026-03-02 09:00",
    "Latest pick-up": "2026-03-02 09:20",
    "Drop-off place": "潼南区政府",
    "Drop-off longitude": 105.8406,
    "Drop-off latitude": 30.1910,
    "Latest drop-off": "2026-03-02 12:00",
    "Approver id": "",
    "Submitted at": "",
}


def send_request(world, login: str = "dispatcher", **changes: object) -> Any:
    """Import one request in which the columns named (blanks as underscores) are changed."""
    row = {**REQUEST, **{name.replace("_", " "): value for name, value in changes.items()}}
    text = f"{REQUEST_TITLES}\n{','.join(str(row[title]) for title in REQUEST_TITLES.split(','))}\n"
    return send(world, text.encode(), login=login, kind="requests", **{"Accept-Language": "en"})


def refused(world, answer: Any, column: str) -> str:
    """Return the message about the one cell that was refused; nothing may be stored."""
    assert answer.status_code == 422, answer.text
    assert world.store.find("request", "R-IMP-1") is None
    (error,) = answer.json()["errors"]
    assert (error["row"], error["field"]) == (2, column)
    assert error["remedy"]
    return error["message"]


def add_person(world, id: str, *roles: Role, unit: str | None, region: str, active: bool = True) -> None:
    person = Person(
        id=id, login=id, name=id, roles=frozenset(roles), unit_id=unit, region=region, active=active, password_hash=""
    )
    write = Write(kind="person", id=id, expected_version=0, body=documents.encode(person))
    world.store.commit(Commit(type="person.registered", actor="test", at=NOW, writes=[write]))


def test_an_imported_request_waits_for_approval(world):
    assert send_request(world).status_code == 201
    assert world.store.get("request", "R-IMP-1").body["state"] == "submitted"


@pytest.mark.parametrize("unit", ["U-SN", "U-SN-2"])
def test_an_approval_counts_where_the_approver_could_have_given_it(world, unit):
    add_person(world, "P-sub", Role.REQUESTER, unit=unit, region=SUINING)
    answer = send_request(world, Unit_id=unit, Requester_id="P-sub", Approver_id="P-boss")
    assert answer.status_code == 201, answer.text
    body = world.store.get("request", "R-IMP-1").body
    assert (body["state"], body["approver_id"]) == ("approved", "P-boss")


@pytest.mark.parametrize(
    ("approver", "said"),
    [
        ("P-dispatcher", "whoever imports does not approve what they import"),
        ("P-driver", "this person is no approver"),
        ("P-nobody", "no active account has this id"),
        ("P-asleep", "no active account has this id"),
        ("P-tn-boss", "the approver does not decide for this unit"),
        ("P-sub-boss", "the approver does not decide for this unit"),
        ("P-both", "a dispatcher does not approve"),
        ("P-asker", "nobody approves a request of their own"),
    ],
)
def test_an_approval_that_could_not_have_been_given_is_refused(world, approver, said):
    add_person(world, "P-asleep", Role.APPROVER, unit="U-SN", region=SUINING, active=False)
    add_person(world, "P-sub-boss", Role.APPROVER, unit="U-SN-2", region=SUINING)
    add_person(world, "P-both", Role.APPROVER, Role.DISPATCHER, unit="U-SN", region=SUINING)
    assert refused(world, send_request(world, Approver_id=approver), "Approver id") == said


def test_the_importer_may_not_approve_even_with_the_role(world):
    add_person(world, "P-boss-admin", Role.APPROVER, Role.ADMIN, unit=None, region="")
    checks = StoreChecks(
        world.store,
        Viewer(documents.decode("person", world.store.get("person", "P-boss-admin").body), world.store),
        now=NOW,
    )
    row = {**REQUEST, "Approver id": "P-boss-admin"}
    text = f"{REQUEST_TITLES}\n{','.join(str(row[title]) for title in REQUEST_TITLES.split(','))}\n"
    known = replace(known_facts(world.store), check=checks)
    (error,) = read(text.encode(), name="r.csv", kind="requests", lang="en", now=NOW, known=known).errors
    assert error.message == "whoever imports does not approve what they import"


def test_references_of_a_request_are_resolved(world):
    assert refused(world, send_request(world, Unit_id="U-TN", Requester_id="P-dispatcher"), "Region code") == (
        "not the region of the unit"
    )
    add_person(world, "P-sub", Role.REQUESTER, unit="U-SN-2", region=SUINING)
    assert refused(world, send_request(world, Requester_id="P-sub"), "Requester id") == (
        "the requester does not belong to the unit"
    )
    assert refused(world, send_request(world, Requester_id="P-tn-asker"), "Requester id") == (
        "no active account has this id"
    )
    assert refused(world, send_request(world, Requester_id="P-nobody"), "Requester id") == (
        "no active account has this id"
    )
    assert "no row of Units" in refused(
        world, send_request(world, Unit_id="U-NONE", Requester_id="P-dispatcher"), "Unit id"
    )
    answer = send_request(world, Unit_id="U-SN-2", Requester_id="P-dispatcher")
    assert answer.status_code == 201, answer.text


def test_a_request_is_submitted_at_a_plausible_time(world):
    assert "more than a year" in refused(world, send_request(world, Submitted_at="1990-01-01 08:00"), "Submitted at")
    assert "after the time of import" in refused(
        world, send_request(world, Submitted_at="2026-03-02 07:01"), "Submitted at"
    )
    assert send_request(world, Submitted_at="2026-02-27 16:00").status_code == 201


VEHICLE = "Vehicle id,Plate,Unit id,Region code,Home site id,Vehicle kind,Energy,Passenger seats\n"
DRIVER = "Driver id,Name,Unit id,Region code,Home site id,Licence,Shift start,Shift end,Person id\n"
SITE = "Site id,Site name,Region code,Unit id,Longitude,Latitude\n"
UNIT = "Unit id,Unit name,Region code,Level,Parent unit id\n"


@pytest.mark.parametrize(
    ("kind", "text", "column"),
    [
        ("vehicles", VEHICLE + "V-9,川J12345,U-NONE,510900,S-SN,sedan,petrol,4\n", "Unit id"),
        ("vehicles", VEHICLE + "V-9,川J12345,U-TN,510900,S-SN,sedan,petrol,4\n", "Unit id"),
        ("vehicles", VEHICLE + "V-9,川J12345,U-SN,510900,S-NONE,sedan,petrol,4\n", "Home site id"),
        ("drivers", DRIVER + "D-9,王建国,U-NONE,510900,S-SN,C1,08:00,18:00,\n", "Unit id"),
        ("drivers", DRIVER + "D-9,王建国,U-SN,510900,S-NONE,C1,08:00,18:00,\n", "Home site id"),
        ("drivers", DRIVER + "D-9,王建国,U-SN,510900,S-SN,C1,08:00,18:00,P-nobody\n", "Person id"),
        ("drivers", DRIVER + "D-9,王建国,U-SN,510900,S-SN,C1,08:00,18:00,P-tn-asker\n", "Person id"),
        ("sites", SITE + "S-9,停车场,510900,U-NONE,105.59,30.53\n", "Unit id"),
        ("units", UNIT + "U-9,单位,510900,county,U-NONE\n", "Parent unit id"),
    ],
)
def test_references_to_unknown_ids_are_errors(world, kind, text, column):
    world.as_("dispatcher")
    head = world.store.head()
    answer = send(world, text.encode(), kind=kind)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["row"], error["field"]) == (2, column)
    assert world.store.head() == head


def test_a_missing_kind_is_told_its_words(world):
    headers = world.as_("dispatcher", **{"Accept-Language": "en"})
    answer = world.client.post("/v1/imports", headers=headers, files={"file": ("u.csv", GOOD.encode(), "text/csv")})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "kind"
    assert error["remedy"] == "one of vehicles, drivers, sites, units, requests"
