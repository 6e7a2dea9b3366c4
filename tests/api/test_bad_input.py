"""Every bad input of the issue over HTTP: a clear answer in both languages, and a store that did not move."""

from __future__ import annotations

import json

import pytest

from tests.api.conftest import at, trip


@pytest.fixture(params=["memory", "redis and ledger"])
def store_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


VEHICLE = {
    "id": "V-NEW",
    "plate": "川JD99999",
    "unit_id": "U-SN",
    "region": "510900",
    "home_site_id": "S-SN",
    "kind": "sedan",
    "energy": "petrol",
    "seats": 4,
    "profile": "sedan_petrol",
}


def stop(number: int, **changes: object) -> dict[str, object]:
    stops = trip()["stops"]
    stops[number] = {**stops[number], **changes}
    return trip(stops=stops)


CASES = {
    "unknown region code": (
        "/v1/vehicles",
        "dispatcher",
        {**VEHICLE, "region": "999999"},
        422,
        "region",
        "没有这个行政区划代码",
        "no such region code",
    ),
    "drop-off before pick-up": (
        "/v1/requests",
        "asker",
        stop(1, earliest_at=at(7, 30), latest_at=at(8)),
        422,
        "stops[1].latest_at",
        "下车时间早于上车时间",
        "the drop-off is before the pick-up",
    ),
    "window ends before it begins": (
        "/v1/requests",
        "asker",
        stop(0, latest_at=at(8, 30)),
        422,
        "stops[0].latest_at",
        "最晚时间早于最早时间",
        "the latest time is before the earliest",
    ),
    "unreachable place": (
        "/v1/requests",
        "asker",
        stop(1, lon_wgs84=99.3, lat_wgs84=32.8),
        422,
        "stops[1]",
        "此地点附近没有道路，无法到达",
        "no road leads there",
    ),
    "negative passengers": (
        "/v1/requests",
        "asker",
        trip(passengers=-2),
        422,
        "passengers",
        "应在 1 到 60 之间",
        "must be between 1 and 60",
    ),
    "more passengers than any vehicle seats": (
        "/v1/requests",
        "asker",
        trip(passengers=61),
        422,
        "passengers",
        "应在 1 到 60 之间",
        "must be between 1 and 60",
    ),
    "a transfer to where it begins": (
        "/v1/requests",
        "asker",
        stop(1, lon_wgs84=105.592901, lat_wgs84=30.5328),
        422,
        "stops[1]",
        "上车地点与下车地点相同",
        "pick-up and drop-off are the same place",
    ),
    "negative seats": ("/v1/vehicles", "dispatcher", {**VEHICLE, "seats": -4}, 422, "seats", "数值过小", "too small"),
    "swapped coordinates": (
        "/v1/requests",
        "asker",
        stop(0, lon_wgs84=30.5328, lat_wgs84=105.5929),
        422,
        "stops[0].lon_wgs84",
        "经纬度看起来填反了",
        "look swapped",
    ),
    "swapped coordinates of a site": (
        "/v1/sites",
        "dispatcher",
        {"id": "S-X", "name": "站点", "region": "510900", "lon_wgs84": 30.5, "lat_wgs84": 105.6},
        422,
        "lon_wgs84",
        "经纬度看起来填反了",
        "look swapped",
    ),
    "place in another country": (
        "/v1/requests",
        "asker",
        stop(0, lon_wgs84=139.7, lat_wgs84=35.7),
        422,
        "stops[0].lon_wgs84",
        "坐标不在川渝范围内",
        "the point lies outside Sichuan and Chongqing",
    ),
    "unknown place name": (
        "/v1/requests",
        "asker",
        stop(1, lon_wgs84=None, lat_wgs84=None, place="乌托邦县"),
        422,
        "stops[1].place",
        "找不到唯一的地点",
        "not the name of exactly one known place",
    ),
    "the past": (
        "/v1/requests",
        "asker",
        stop(0, earliest_at=at(5), latest_at=at(5, 30)),
        422,
        "stops[0].latest_at",
        "上车时间已经过去",
        "the pick-up time has passed",
    ),
    "no time zone": (
        "/v1/requests",
        "asker",
        stop(0, earliest_at="2026-03-02T09:00:00"),
        422,
        "stops[0].earliest_at",
        "不是有效的时刻",
        "not an instant",
    ),
    "a field that does not exist": (
        "/v1/requests",
        "asker",
        trip(passenger_count=3),
        422,
        "passenger_count",
        "没有这个字段",
        "there is no such field",
    ),
    "a purpose of blanks": ("/v1/requests", "asker", trip(purpose="   "), 422, "purpose", "文字过短", "too short"),
    "three stops of a transfer": (
        "/v1/requests",
        "asker",
        trip(stops=[*trip()["stops"], trip()["stops"][1]]),
        422,
        "stops",
        "取值无效",
        "not a possible value",
    ),
    "a vehicle of an unknown unit": (
        "/v1/vehicles",
        "dispatcher",
        {**VEHICLE, "unit_id": "U-NONE"},
        422,
        "unit_id",
        "没有这个单位",
        "there is no such unit",
    ),
    "a battery car without a battery": (
        "/v1/vehicles",
        "dispatcher",
        {**VEHICLE, "energy": "bev"},
        422,
        "battery",
        "取值无效",
        "not a possible value",
    ),
    "an unknown profile": (
        "/v1/vehicles",
        "dispatcher",
        {**VEHICLE, "profile": "rocket"},
        422,
        "profile",
        "没有这个行驶参数",
        "there is no such drive profile",
    ),
    "a line break in a purpose": (
        "/v1/requests",
        "asker",
        trip(purpose="赴潼南\n对接"),
        422,
        "purpose",
        "含有控制字符",
        "contains a control character",
    ),
    "a bell in a stop's name": (
        "/v1/requests",
        "asker",
        stop(1, name="潼南\x07"),
        422,
        "stops[1].name",
        "含有控制字符",
        "contains a control character",
    ),
    "a deletion among the equipment": (
        "/v1/requests",
        "asker",
        trip(equipment=["担架", "a\x7fb"]),
        422,
        "equipment",
        "含有控制字符",
        "contains a control character",
    ),
    "a number of passengers as text": (
        "/v1/requests",
        "asker",
        trip(passengers="2"),
        422,
        "passengers",
        "不是整数",
        "not a whole number",
    ),
    "true for a number of seats": (
        "/v1/vehicles",
        "dispatcher",
        {**VEHICLE, "seats": True},
        422,
        "seats",
        "不是整数",
        "not a whole number",
    ),
    "a coordinate as text": (
        "/v1/requests",
        "asker",
        stop(0, lon_wgs84="105.5929"),
        422,
        "stops[0].lon_wgs84",
        "不是数值",
        "not a number",
    ),
    "a lone surrogate": (
        "/v1/requests",
        "asker",
        json.dumps(trip(purpose="\ud800")).encode(),
        422,
        "purpose",
        "含有无效字符",
        "invalid characters",
    ),
}


def test_bad_input_is_explained_and_changes_nothing(world):
    for login in ("asker", "dispatcher"):
        world.as_(login)
    for name, case in CASES.items():
        refuse(world, name, *case)


def refuse(world, name, path, login, body, status, field, zh, en):
    """Send bad input in both languages and look at the answer."""
    head = world.store.head()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    for language, expected in (("zh-CN", zh), ("en", en)):
        headers = world.as_(login, **{"Accept-Language": language, "Content-Type": "application/json"})
        answer = world.client.post(path, headers=headers, content=content)
        assert answer.status_code == status, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["title"]
        errors = [entry for entry in problem["errors"] if entry["field"] == field]
        assert errors, (name, problem)
        assert expected in errors[0]["message"], name
        assert errors[0]["remedy"], name
    assert world.store.head() == head, name


def test_swapped_coordinates_are_recognised_and_the_remedy_names_the_right_order(world):
    body = stop(0, lon_wgs84=30.5328, lat_wgs84=89.0)
    assert "坐标不在" in world.post("/v1/requests", "asker", body).text
    head = world.store.head()
    swapped = stop(0, lon_wgs84=30.5328, lat_wgs84=105.5929)
    answer = world.post("/v1/requests", "asker", swapped)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "经纬度看起来填反了"
    assert answer.json()["errors"][0]["remedy"] == "改为 lon_wgs84=105.5929，lat_wgs84=30.5328"
    english = world.post("/v1/requests", "asker", swapped, Accept_Language="en").json()
    assert english["errors"][0]["message"] == "longitude and latitude look swapped"
    assert world.store.head() == head


def test_a_body_of_ten_megabytes_is_refused_unread(world):
    headers = world.as_("asker")
    head = world.store.head()
    answer = world.client.post("/v1/requests", headers=headers, content=b'"' + b"x" * 10_000_000 + b'"')
    assert answer.status_code == 413
    assert "8388608" in answer.json()["detail"]

    def chunks():
        for _ in range(10):
            yield b"x" * 1_000_000

    chunked = world.client.post("/v1/requests", headers={**headers, "Accept-Language": "en"}, content=chunks())
    assert chunked.status_code == 413
    assert "too large" in chunked.json()["title"]
    assert world.store.head() == head


NOT_JSON = (
    ('{"purpose": "公务"}'.encode("gbk"), "not-utf8"),
    (b'{"purpose": "\xff\xfe"}', "not-utf8"),
    (b"{", "malformed-body"),
    (b'{"passengers": NaN}', "malformed-body"),
    (b"[" * 100_000, "malformed-body"),
    (b"9" * 10_000, "malformed-body"),
)


def test_a_body_that_is_not_utf8_json_is_refused(world):
    headers = world.as_("asker", **{"Content-Type": "application/json"})
    head = world.store.head()
    for content, slug in NOT_JSON:
        answer = world.client.post("/v1/requests", headers=headers, content=content)
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == f"urn:chuanyu:problem:{slug}"
        english = world.client.post("/v1/requests", headers={**headers, "Accept-Language": "en"}, content=content)
        assert english.json()["title"].isascii()
    assert world.store.head() == head


def test_a_duplicate_id_is_refused(world):
    assert world.post("/v1/vehicles", "dispatcher", VEHICLE).status_code == 201
    head = world.store.head()
    answer = world.post("/v1/vehicles", "dispatcher", {**VEHICLE, "plate": "川JD00009"})
    assert answer.status_code == 409
    assert "V-NEW" in answer.json()["detail"]
    english = world.post("/v1/vehicles", "dispatcher", VEHICLE, Accept_Language="en")
    assert english.json()["title"] == "The id is taken"
    assert world.store.head() == head
    assert world.store.get("vehicle", "V-NEW").body["plate"] == "川JD99999"


def test_a_stale_if_match_is_refused(world):
    assert world.post("/v1/vehicles", "dispatcher", VEHICLE).status_code == 201
    url, headers = "/v1/vehicles/V-NEW", world.as_("dispatcher")
    first = world.client.patch(url, headers={**headers, "If-Match": '"1"'}, json={"seats": 5})
    assert first.status_code == 200, first.text
    assert first.headers["etag"] == '"2"'
    head = world.store.head()
    stale = world.client.patch(url, headers={**headers, "If-Match": '"1"'}, json={"seats": 6})
    assert stale.status_code == 412
    assert "版本是 2" in stale.json()["detail"]
    assert world.store.head() == head
    assert world.store.get("vehicle", "V-NEW").body["seats"] == 5
    for action in (":takeOutOfService",):
        answer = world.post(url + action, "dispatcher", If_Match='"1"')
        assert answer.status_code == 412
    assert world.store.head() == head


def test_unknown_addresses_and_methods_are_problems_too(world):
    missing = world.client.get("/v1/nothing")
    assert missing.status_code == 404
    assert missing.json()["type"].endswith("no-such-address")
    wrong = world.client.put("/v1/requests")
    assert wrong.status_code == 405
    assert "PUT" in wrong.json()["detail"]
