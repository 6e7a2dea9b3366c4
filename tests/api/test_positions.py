"""Positions over real HTTP: in batches, from three kinds of senders, judged, stored once, and guarded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fleet.errors import StoreUnavailable
from fleet.tracks import Position, Tracks
from tests.api.conftest import NOW


def here(number=0, **changes):
    at = NOW - timedelta(minutes=30) + timedelta(seconds=10 * number)
    body = {
        "vehicle_id": "V-SN-1",
        "at": at.isoformat(),
        "lon_wgs84": 105.5929 + number * 0.001,
        "lat_wgs84": 30.5328,
        "speed_mps": 12.0,
    }
    return {**body, **changes}


def send(world, *positions, login="dispatcher"):
    return world.post("/v1/positions", login, {"positions": list(positions)})


def track(world, login="dispatcher", **more):
    asked = {"begin": (NOW - timedelta(hours=2)).isoformat(), "end": NOW.isoformat(), "reason": "投诉核查", **more}
    return world.client.post("/v1/vehicles/V-SN-1:track", headers=world.as_(login), params=asked)


def test_a_batch_is_stored_once_however_often_it_is_sent(world):
    batch = [here(number) for number in range(5)]
    assert send(world, *batch).json() == {"accepted_count": 5, "new_count": 5, "refused": []}
    assert send(world, *batch).json() == {"accepted_count": 5, "new_count": 0, "refused": []}
    assert world.services.tracks.count() == 5
    items = track(world).json()["items"]
    assert [each["lon_wgs84"] for each in items] == [each["lon_wgs84"] for each in batch]


def test_what_cannot_be_true_is_refused_one_by_one_and_the_rest_is_kept(world):
    answer = send(
        world,
        here(0),
        here(1, lon_wgs84=121.5, lat_wgs84=31.2),
        here(2, at=(NOW + timedelta(hours=1)).isoformat()),
        here(3, speed_mps=90.0),
        here(4, lon_wgs84=106.9),
        here(5, charge_frac=1.4),
        here(6, vehicle_id="V-TN-1"),
        here(7, vehicle_id="V-9"),
        here(8, at=(NOW - timedelta(days=40)).isoformat()),
        here(9),
    ).json()
    assert answer["accepted_count"] == 2
    assert [(each["index"], each["field"]) for each in answer["refused"]] == [
        (1, "lon_wgs84, lat_wgs84"),
        (2, "at"),
        (3, "speed_mps"),
        (4, "lon_wgs84, lat_wgs84"),
        (5, "charge_frac"),
        (6, "vehicle_id"),
        (7, "vehicle_id"),
        (8, "at"),
    ]
    assert "不可能到达" in answer["refused"][3]["message"]
    assert send(world).status_code == 422
    assert send(world, here(), login="asker").status_code == 403


def test_a_track_forwarder_and_a_gateway_speak_their_own_tongues(world):
    forwarded = {
        "position": {
            "deviceId": 7,
            "fixTime": (NOW - timedelta(minutes=5)).isoformat(),
            "latitude": 30.5328,
            "longitude": 105.5929,
            "speed": 20,
            "attributes": {"batteryLevel": 62, "ignition": True},
            "valid": True,
        },
        "device": {"uniqueId": "V-SN-1", "name": "川JD00001"},
    }
    assert world.post("/v1/positions/traccar", "dispatcher", forwarded).json()["accepted_count"] == 1
    broken = {"position": {"latitude": "x"}}
    assert world.post("/v1/positions/traccar", "dispatcher", broken).json()["refused"][0]["field"] == "body"
    report = {
        "terminal": "V-SN-1",
        "protocol": "gb32960",
        "time": "2026-03-02 06:58:00",
        "lat_e6": 30_532_900,
        "lon_e6": 105_593_000,
        "speed_dkmh": 360,
        "soc_percent": 61,
    }
    assert world.post("/v1/positions/gateway", "dispatcher", {"reports": [report]}).json()["accepted_count"] == 1
    first, second = track(world).json()["items"]
    assert (round(first["speed_mps"], 2), first["charge_frac"]) == (10.29, 0.62)
    assert (second["speed_mps"], second["charge_frac"]) == (10.0, 0.61)
    wrong = {**report, "time": "2026-13-02 06:58:00"}
    assert world.post("/v1/positions/gateway", "dispatcher", {"reports": [wrong]}).json()["refused"][0]["index"] == 0


def test_the_map_says_how_old_a_position_is(world):
    send(world, here(0, at=(NOW - timedelta(seconds=20)).isoformat()))
    items = {each["id"]: each for each in world.get("/v1/positions", "dispatcher").json()["items"]}
    assert (items["V-SN-1"]["position"]["age_s"], items["V-SN-1"]["position"]["stale"]) == (20.0, False)
    assert items["V-SN-2"]["position"] is None
    world.clock.pass_by(minutes=1)
    items = {each["id"]: each for each in world.get("/v1/positions", "dispatcher").json()["items"]}
    assert items["V-SN-1"]["position"]["stale"] is True


def test_whoever_looks_at_a_track_is_on_record_and_few_may(world):
    send(world, here())
    head = world.store.head()
    assert track(world).status_code == 200
    looked = [event for event in world.store.events(after=head) if event.type == "track.read"]
    assert [(event.actor, event.data["reason"]) for event in looked] == [("P-dispatcher", "投诉核查")]
    for login in ("asker", "boss", "planner", "driver"):
        assert track(world, login).status_code == 403
    assert track(world, "tn-dispatcher").status_code == 404
    assert track(world, reason="x").status_code == 422
    assert track(world, end=(NOW + timedelta(days=9)).isoformat()).status_code == 422
    assert world.get("/v1/positions", "planner").status_code == 403


def test_tracks_survive_a_restart_and_old_ones_are_deleted(tmp_path):
    def at(minutes):
        return Position(vehicle_id="V1", at=NOW + timedelta(minutes=minutes), lon_wgs84=105.0, lat_wgs84=30.0)

    tracks = Tracks(tmp_path / "tracks.sqlite")
    assert tracks.add([at(0), at(1), at(1)]) == 2
    tracks.close()
    again = Tracks(tmp_path / "tracks.sqlite")
    assert again.newest(["V1", "V2"])["V1"].at == NOW + timedelta(minutes=1)
    assert again.forget(before=NOW + timedelta(seconds=30)) == 1
    assert again.count() == 1
    again.close()
    with pytest.raises(StoreUnavailable):
        again.add([at(2)])
    with pytest.raises(StoreUnavailable):
        Tracks(tmp_path)
