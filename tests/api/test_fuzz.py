"""Whatever is sent, the answer is a success or a problem in words; never a crash, and no change with a refusal."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import at, trip

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from([at(9), "2026-02-30", "510900", "999999", "-1", "\u0000", "🚗", "1e999", "sedan", "transfer"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
ADDRESSES = (
    "/v1/units",
    "/v1/sites",
    "/v1/vehicles",
    "/v1/drivers",
    "/v1/persons",
    "/v1/requests",
    "/v1/plans",
    "/v1/plans:solve",
    "/v1/plans:check",
    "/v1/sessions",
    "/v1/me:changePassword",
    "/v1/requests/R-1:approve",
    "/v1/requests/R-1:cancel",
    "/v1/assignments/A-1:finish",
)


@st.composite
def mutated_trips(draw: st.DrawFn) -> object:
    """Draw a good trip in which one or two values were exchanged for anything."""
    body = trip()
    for _ in range(draw(st.integers(1, 2))):
        place: dict[str, object] = draw(st.sampled_from([body, body["stops"][0], body["stops"][1]]))
        place[draw(st.sampled_from([*place, "unknown", "place", "service_s"]))] = draw(JSON)
        if not isinstance(body.get("stops"), list) or not all(isinstance(stop, dict) for stop in body["stops"]):
            break
        if len(body["stops"]) != 2:
            break
    return body


def judge(world, answer, head: int) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["title"]
        assert problem["detail"]
        assert world.store.head() == head


@pytest.mark.parametrize("address", ADDRESSES)
def test_any_json_anywhere(world, address):
    headers = world.as_("admin", **{"Content-Type": "application/json"})

    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=JSON)
    def run(body: object) -> None:
        head = world.store.head()
        judge(world, world.client.post(address, headers=headers, content=json.dumps(body).encode()), head)

    run()


def test_trips_with_anything_in_them(world):
    headers = world.as_("asker", **{"Content-Type": "application/json"})

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=mutated_trips())
    def run(body: object) -> None:
        head = world.store.head()
        judge(world, world.client.post("/v1/requests", headers=headers, content=json.dumps(body).encode()), head)

    run()


@pytest.mark.parametrize(
    "path", ["/v1/requests", "/v1/vehicles", "/v1/assignments", "/v1/itineraries", "/v1/plans", "/v1/places"]
)
def test_any_query(world, path):
    headers = world.as_("admin")

    @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        params=st.dictionaries(
            st.sampled_from(["limit", "after", "state", "day", "region", "q", "mine", "vehicle_id"]),
            st.text(max_size=12) | st.integers().map(str),
            max_size=4,
        )
    )
    def run(params: dict[str, str]) -> None:
        head = world.store.head()
        answer = world.client.get(path, headers=headers, params=params)
        judge(world, answer, head)

    run()
