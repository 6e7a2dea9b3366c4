"""The network, drives and pages."""

from __future__ import annotations

from api.pages import find_file


def test_the_network_is_geojson_with_confidence(world):
    answer = world.get("/v1/network", "planner")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    roads = [feature for feature in features if feature["geometry"]["type"] == "LineString"]
    places = [feature for feature in features if feature["geometry"]["type"] == "Point"]
    assert len(places) == 690
    assert len(roads) >= 1_000
    assert {road["properties"]["confidence"] for road in roads} <= {"sourced", "inferred", "unverified"}
    assert all(road["properties"]["road_class"] for road in roads)


def test_a_drive_from_suining_to_tongnan(world):
    answer = world.get(
        "/v1/network/route",
        "planner",
        from_lon=105.5929,
        from_lat=30.5328,
        to_lon=105.8406,
        to_lat=30.1910,
        profile="sedan_bev",
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()["properties"]
    assert 30_000 < told["drive_m"] < 90_000
    assert told["drive_wh"] > 0
    assert answer.json()["geometry"]["coordinates"][0] == [105.5929, 30.5328]


def test_impossible_drives_are_explained(world):
    swapped = world.get("/v1/network/route", "planner", from_lon=30.5, from_lat=105.6, to_lon=105.84, to_lat=30.19)
    assert swapped.status_code == 422
    assert swapped.json()["errors"][0]["field"] == "from.lon_wgs84"
    unknown = world.get(
        "/v1/network/route", "planner", from_lon=105.6, from_lat=30.5, to_lon=105.84, to_lat=30.19, profile="x"
    )
    assert unknown.status_code == 422
    assert "sedan_bev" in unknown.json()["detail"]


def test_places_and_regions(world):
    items = world.get("/v1/places", "asker", q="潼南").json()["items"]
    assert items[0]["adcode"] == "500152"
    regions = {item["adcode"]: item for item in world.get("/v1/regions", "asker").json()["items"]}
    assert regions["510900"]["name_zh"] == "遂宁市"


def test_every_other_address_is_the_page_and_no_path_leads_out(world, tmp_path):
    for path in ("/", "/driver", "/console/plans"):
        answer = world.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert world.client.get("/missing.js").status_code == 404
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.js").write_text("1")
    (tmp_path / "secret").write_text("x")
    assert find_file(tmp_path / "static", "a.js") is not None
    for path in ("../secret", "a.js/../../secret", "\x00", "", "..", "static"):
        assert find_file(tmp_path / "static", path) is None


SUINING, TONGNAN = {"lon_wgs84": 105.5929, "lat_wgs84": 30.5328}, {"lon_wgs84": 105.8406, "lat_wgs84": 30.1910}


def test_a_matrix_agrees_with_the_drive_and_follows_the_hour(world):
    asked = {"points": [{"id": "a", **SUINING}, TONGNAN], "profile": "sedan_bev"}
    free = world.post("/v1/network/matrix", "planner", asked)
    assert free.status_code == 200, free.text
    told = free.json()
    assert [feature["id"] for feature in told["features"]] == ["a", "1"]
    way = {"from_lon": 105.5929, "from_lat": 30.5328, "to_lon": 105.8406, "to_lat": 30.1910, "profile": "sedan_bev"}
    drive = world.get("/v1/network/route", "planner", **way).json()["properties"]
    for name in ("drive_s", "drive_m", "drive_wh", "fuel_ml", "toll_fen", "confidence"):
        assert told["matrix"][name][0][1] == drive[name]
    peak = {**asked, "at": "2026-01-05T08:00:00+08:00"}
    winter = world.post("/v1/network/matrix", "planner", peak).json()["matrix"]
    assert winter["drive_s"][0][1] > drive["drive_s"]
    assert winter["drive_wh"][0][1] > drive["drive_wh"]
    same = world.get("/v1/network/route", "planner", **way, at=peak["at"]).json()["properties"]
    assert same["drive_s"] == winter["drive_s"][0][1]


def test_a_matrix_over_bad_points_is_refused_by_name(world):
    sea = world.post("/v1/network/matrix", "planner", {"points": [SUINING, {"lon_wgs84": 125.0, "lat_wgs84": 28.0}]})
    assert sea.status_code == 422
    assert sea.json()["errors"][0]["field"].startswith("points[1]")
    assert world.post("/v1/network/matrix", "planner", {"points": []}).status_code == 422
    unknown = world.post("/v1/network/matrix", "planner", {"points": [SUINING], "profile": "tank"})
    assert unknown.status_code == 422
    assert "sedan_bev" in unknown.json()["detail"]


def test_the_network_tells_its_size_and_what_it_hangs_on(world):
    told = world.get("/v1/network/info", "auditor").json()
    assert told["node_count"] == 690
    assert sum(told["length_by_confidence_m"].values()) == told["length_m"]
    assert told["critical_nodes"]
    assert told["critical_links"]
