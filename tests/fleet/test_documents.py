from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.documents import INDEXES, KINDS, decode, encode, kind_of
from fleet.errors import FleetError, InvalidFact
from fleet.ids import DriverId, PersonId, RegionCode, RequestId, SiteId, UnitId, VehicleId
from fleet.people import Person, Role
from fleet.requests import Priority, TripKind, TripRequest, TripStop
from fleet.vehicles import Battery, Energy, Vehicle, VehicleKind

SHANGHAI = timezone(timedelta(hours=8))
AT = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI)


def a_request(**changes: Any) -> TripRequest:
    stop = TripStop(name="遂宁市政府", lon_wgs84=105.57, lat_wgs84=30.51, earliest_at=AT, latest_at=AT)
    fields: dict[str, Any] = {
        "id": RequestId("q1"),
        "unit_id": UnitId("u1"),
        "region": RegionCode("510900"),
        "requester_id": PersonId("p1"),
        "kind": TripKind.TRANSFER,
        "purpose": "会议",
        "passengers": 2,
        "stops": (stop, stop),
        "submitted_at": AT,
        "equipment": frozenset({"wheelchair", "child_seat", "projector"}),
    }
    return TripRequest(**(fields | changes))


def a_vehicle(**changes: Any) -> Vehicle:
    fields: dict[str, Any] = {
        "id": VehicleId("v1"),
        "plate": "川A00001",
        "unit_id": UnitId("u1"),
        "region": RegionCode("510100"),
        "home_site_id": SiteId("s1"),
        "kind": VehicleKind.SEDAN,
        "energy": Energy.BEV,
        "seats": 4,
        "profile": "sedan_bev",
        "battery": Battery(capacity_wh=60_000, charge_wh=50_000),
    }
    return Vehicle(**(fields | changes))


def test_a_noun_survives_json():
    for noun in (a_request(), a_vehicle(), a_request(priority=Priority.EMERGENCY, max_ride_s=600)):
        body = json.loads(json.dumps(encode(noun)))
        assert decode(kind_of(noun), body) == noun
        assert encode(decode(kind_of(noun), body)) == encode(noun)


def test_sets_are_sorted_and_instants_carry_their_offset():
    body = encode(a_request())
    assert body["equipment"] == ["child_seat", "projector", "wheelchair"]
    assert body["stops"][0]["earliest_at"] == "2026-03-02T08:00:00+08:00"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seats": "4"}, "seats"),
        ({"seats": True}, "seats"),
        ({"seats": 4.5}, "seats"),
        ({"seats": 0}, "seats"),
        ({"kind": "tank"}, "kind"),
        ({"colour": "black"}, "colour"),
        ({"battery": {"capacity_wh": 1, "charge_wh": 1, "chemistry": "LFP"}}, "battery.chemistry"),
        ({"battery": {"capacity_wh": 1}}, "battery.charge_wh"),
        ({"battery": {"capacity_wh": 1, "charge_wh": "x"}}, "battery.charge_wh"),
        ({"battery": None}, "battery"),
        ({"equipment": "wheelchair"}, "equipment"),
        ({"equipment": [1]}, "equipment[0]"),
        ({"id": 7}, "id"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, field):
    with pytest.raises(InvalidFact) as caught:
        decode("vehicle", encode(a_vehicle()) | change)
    assert caught.value.field == field
    assert caught.value.kind == "vehicle"
    assert caught.value.remedy


def test_a_missing_field_is_named():
    body = encode(a_vehicle())
    del body["plate"]
    with pytest.raises(InvalidFact) as caught:
        decode("vehicle", body)
    assert (caught.value.field, caught.value.remedy) == ("plate", "required")


@pytest.mark.parametrize("text", ["2026-03-02T08:00:00", "2026-03-02", "yesterday", "", 1772409600, None])
def test_an_instant_needs_its_zone(text):
    body = encode(a_request())
    body["submitted_at"] = text
    with pytest.raises(InvalidFact) as caught:
        decode("request", body)
    assert caught.value.field == "submitted_at"


def test_an_instant_deep_inside_is_named():
    body = encode(a_request())
    body["stops"][1]["latest_at"] = "2026-03-02T09:00:00"
    with pytest.raises(InvalidFact) as caught:
        decode("request", body)
    assert caught.value.field == "stops[1].latest_at"
    assert caught.value.value == "2026-03-02T09:00:00"
    body["stops"][1] |= {"latest_at": "2026-03-02T09:00:00Z", "colour": "red"}
    with pytest.raises(InvalidFact) as caught:
        decode("request", body)
    assert caught.value.field == "stops[1].colour"


def test_encoding_refuses_what_decoding_would_refuse():
    with pytest.raises(InvalidFact) as caught:
        encode(a_request(submitted_at=datetime(2026, 3, 2)))  # noqa: DTZ001
    assert caught.value.field == "submitted_at"
    stop = TripStop(name="x", lon_wgs84=float("nan"), lat_wgs84=30.0, earliest_at=AT, latest_at=AT)
    with pytest.raises(InvalidFact) as caught:
        encode(a_request(stops=(stop, stop)))
    assert caught.value.field == "stops[0].lon_wgs84"


def test_unknown_kinds_and_shapes():
    with pytest.raises(InvalidFact) as caught:
        decode("spaceship", {})
    assert caught.value.field == "kind"
    with pytest.raises(InvalidFact):
        decode("vehicle", [])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        kind_of(object())


def test_every_index_is_a_field_of_its_noun():
    for kind, fields in INDEXES.items():
        assert set(fields) <= set(KINDS[kind].__dataclass_fields__), kind


def nouns() -> st.SearchStrategy[Any]:
    def instants(_: type) -> st.SearchStrategy[datetime]:
        return st.datetimes(timezones=st.sampled_from([UTC, SHANGHAI]))

    st.register_type_strategy(datetime, instants)
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

    def build(cls: type) -> st.SearchStrategy[Any]:
        def attempt(draw: st.DrawFn) -> Any:
            try:
                return draw(st.from_type(cls))
            except FleetError:
                return None  # the noun itself refused what was drawn

        return st.composite(attempt)().filter(lambda noun: noun is not None)

    return st.sampled_from(sorted(KINDS)).flatmap(lambda kind: build(KINDS[kind]))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_noun_survives_json(data):
    noun = data.draw(nouns())
    body = json.loads(json.dumps(encode(noun)))
    assert decode(kind_of(noun), body) == noun


def test_a_person_is_checked():
    fields: dict[str, Any] = {
        "id": PersonId("p"),
        "login": "li.wei",
        "name": "李伟",
        "roles": frozenset({Role.DRIVER}),
        "unit_id": None,
        "region": RegionCode("510100"),
        "driver_id": DriverId("d"),
    }
    person = Person(**fields)
    assert decode("person", encode(person)) == person
    for change in ({"login": " x"}, {"login": ""}, {"roles": frozenset()}, {"driver_id": None}, {"region": ""}):
        with pytest.raises(InvalidFact) as caught:
            Person(**(fields | change))
        assert caught.value.field in change
