"""Rules, compliance and agreements over HTTP."""

from __future__ import annotations

import pytest

from fleet.documents import decode, encode, kind_of
from fleet.store import Commit, Write
from fleet.units import Level, Unit
from tests.api.conftest import NOW, SUINING, TONGNAN


def register(world, *nouns):
    writes = [Write(kind=kind_of(noun), id=noun.id, expected_version=0, body=encode(noun)) for noun in nouns]
    world.store.commit(Commit(type="world.made", actor="test", at=NOW, writes=writes))


def test_rules_are_listed_and_shown(world):
    everything = world.get("/v1/rules", "dispatcher").json()["items"]
    assert len(everything) == 207
    hard = world.get("/v1/rules", "dispatcher", region=SUINING, type="HARD").json()["items"]
    assert "R018" in {own["id"] for own in hard}
    assert "R026" not in {own["id"] for own in hard}
    rule = world.get("/v1/rules/R018", "dispatcher", region=SUINING).json()
    assert rule["values"][0]["value"] == "10*nev > 3*replaced"
    assert rule["values"][0]["carried_over"] is True
    assert ">30%" in rule["citations"][0]["quotation"]
    assert world.get("/v1/rules/R999", "dispatcher").status_code == 404
    assert world.get("/v1/rules", "dispatcher", region="999999").status_code == 422
    assert world.get("/v1/rules", "asker").status_code == 403


def test_compliance_is_told_to_whom_it_concerns(world):
    """S08: three cars and six points in Suining; a region sees its own figures and no others'."""
    answer = world.get("/v1/compliance", "dispatcher").json()
    assert {own["region"] for own in answer["items"]} == {SUINING}
    chargers = next(own for own in answer["items"] if own["rule_id"] == "R052")
    assert (chargers["verdict"], chargers["x"], chargers["y"]) == ("pass", 3, 2)
    assert chargers["citation"]["quotation"]
    both = world.get("/v1/compliance", "admin").json()
    assert {SUINING, TONGNAN} <= {own["region"] for own in both["items"]}
    some = world.get("/v1/compliance", "admin", region=TONGNAN, verdict="info").json()
    assert {(own["region"], own["verdict"]) for own in some["items"]} == {(TONGNAN, "info")}
    assert sum(some["counts"].values()) > len(some["items"])
    assert world.get("/v1/compliance", "asker").status_code == 403
    assert world.get("/v1/compliance", "admin", region="999999").status_code == 422


def test_a_sixth_car_on_a_quota_of_five_is_refused(world):
    """S16, R032: registering beyond the quota is refused by name; changing what is there is not."""
    unit = world.client.patch(
        "/v1/units/U-SN", headers=world.as_("dispatcher"), json={"authorised": [{"duty": "pooled", "count": 3}]}
    )
    assert unit.status_code == 200, unit.text
    body = {name: value for name, value in world.get("/v1/vehicles/V-SN-1", "dispatcher").json().items() if value}
    del body["version"]

    def another(number: int, **changes: object):
        car = {**body, "id": f"V-NEW-{number}", "plate": f"川JD9000{number}", **changes}
        return world.post("/v1/vehicles", "dispatcher", car)

    assert another(1).status_code == 201
    refused = another(2)
    assert refused.status_code == 422
    assert "R032" in refused.json()["errors"][0]["remedy"]
    assert "编制3辆" in refused.json()["errors"][0]["message"]
    assert another(3, duty="confidential").status_code == 422
    assert another(4, duty="rental").status_code == 201
    amended = world.client.patch("/v1/vehicles/V-SN-1", headers=world.as_("dispatcher"), json={"seats": 5})
    assert amended.status_code == 200, amended.text
    moved = world.client.patch("/v1/vehicles/V-NEW-4", headers=world.as_("dispatcher"), json={"duty": "pooled"})
    assert moved.status_code == 422


PAIR = {
    "id": "A-1",
    "regions": ["510900", "500117"],
    "coordinator_id": "U-SN",
    "review_on": "2026-12-31",
    "document_no": "遂机管〔2026〕1号",
}


@pytest.fixture
def hechuan(world):
    """Hechuan touches Suining over the border (R012)."""
    register(world, Unit(id="U-HC", name="合川区机关事务管理局", region="500117", level=Level.COUNTY))


def test_both_sides_confirm_before_it_is_active(world, hechuan):
    """R012: one side's word is not enough, and nobody speaks for the other side."""
    made = world.post("/v1/agreements", "dispatcher", PAIR)
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["basis"]) == ("proposed", "R012")
    first = world.post("/v1/agreements/A-1:confirm", "dispatcher", {})
    assert (first.status_code, first.json()["state"]) == (200, "proposed")
    again = world.post("/v1/agreements/A-1:confirm", "dispatcher", {})
    assert again.status_code == 403
    other = world.post("/v1/agreements/A-1:confirm", "dispatcher", {"region": "500117"})
    assert other.status_code == 403
    assert world.post("/v1/agreements/A-1:confirm", "tn-dispatcher", {}).status_code == 404
    second = world.post("/v1/agreements/A-1:confirm", "admin", {"region": "500117"})
    assert second.json()["state"] == "active"
    assert decode("agreement", world.store.get("agreement", "A-1").body).missing_sides == ()
    off = world.post("/v1/agreements/A-1:suspend", "dispatcher", {"reason": "车辆年检"})
    assert off.json()["state"] == "suspended"
    assert world.post("/v1/agreements/A-1:suspend", "dispatcher", {"reason": "x"}).status_code == 409
    assert world.post("/v1/agreements/A-1:resume", "dispatcher").json()["state"] == "active"
    review = {"review_on": "2027-12-31", "reason": "联席会议复审"}
    assert world.post("/v1/agreements/A-1:renew", "dispatcher", review).json()["state"] == "proposed"
    assert world.post("/v1/agreements/A-1:end", "dispatcher", {"reason": "并入新协议"}).json()["state"] == "ended"
    listed = world.get("/v1/agreements", "dispatcher").json()["items"]
    assert [own["id"] for own in listed] == ["A-1"]
    assert world.get("/v1/agreements", "tn-dispatcher").json()["items"] == []
    assert world.get("/v1/agreements/A-1", "auditor").status_code == 200


@pytest.mark.parametrize(
    ("changes", "login", "status"),
    [
        ({"regions": ["513300", "500237"]}, "admin", 422),
        ({"regions": ["510900", "510900"]}, "admin", 422),
        ({"regions": ["510900", "999999"]}, "dispatcher", 422),
        ({"regions": []}, "dispatcher", 422),
        ({"coordinator_id": "U-NONE"}, "dispatcher", 422),
        ({"review_on": "2026-01-01"}, "dispatcher", 422),
        ({"review_on": "soon"}, "dispatcher", 422),
        ({}, "auditor", 403),
        ({}, "asker", 403),
        ({"regions": ["510700", "500109"]}, "dispatcher", 403),
    ],
)
def test_what_cannot_be_agreed_is_refused(world, hechuan, changes, login, status):
    """R107: Garze and Wushan are never offered; nobody proposes for others; every refusal says what would do."""
    answer = world.post("/v1/agreements", login, PAIR | changes)
    assert answer.status_code == status, answer.text
    assert world.store.find("agreement", "A-1") is None


def test_an_opt_in_is_of_one_region(world):
    """R105."""
    made = world.post("/v1/agreements", "dispatcher", PAIR | {"id": "A-2", "regions": [SUINING]})
    assert (made.json()["kind"], made.json()["basis"]) == ("opt_in", "R105")
    assert world.post("/v1/agreements/A-2:confirm", "dispatcher", {}).json()["state"] == "active"
    assert world.post("/v1/agreements", "dispatcher", PAIR | {"id": "A-2", "regions": [SUINING]}).status_code == 409
