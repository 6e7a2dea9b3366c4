"""The interface's description: OpenAPI 3.1, with an example for everything that is posted."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import TypeAdapter

from api.schemas import agreements, assignments, closures, facts, optimiser, persons, plans, rentals, requests, sessions
from tests.api.conforms import wrongs


@pytest.fixture
def schema(world) -> dict:
    return world.client.get("/openapi.json").json()


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_it_is_openapi_3_1_and_every_operation_is_named(schema):
    assert schema["openapi"].startswith("3.1.")
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(schema):
        assert operation["summary"], f"{method} {path}"


def test_every_post_with_a_body_has_an_example_that_holds(schema):
    for method, path, operation in operations(schema):
        if method != "post" or "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]
        if "application/json" not in content:
            continue
        body = content["application/json"]["schema"]
        references = [body, *body.get("anyOf", [])]
        found = [
            example
            for reference in references
            if "$ref" in reference
            for example in schema["components"]["schemas"][reference["$ref"].rsplit("/", 1)[1]].get("examples", [])
        ]
        assert found, f"{method} {path} has no example"


def test_every_json_answer_to_a_post_has_a_schema_and_an_example_that_holds(schema):
    components = schema["components"]["schemas"]
    plain = {"/readyz", "/metrics", "/v1/network", "/v1/network/route", "/v1/plans/{id}/routes.geojson"}
    count = 0
    for method, path, operation in operations(schema):
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json")
            if not status.startswith("2") or content is None:
                continue
            assert content["schema"] or path in plain, f"{method} {path}"
            if method != "post":
                continue
            model = components[content["schema"]["$ref"].rsplit("/", 1)[1]]
            assert model["properties"], path
            assert model["required"], path
            assert wrongs(content["example"], content["schema"], components) == [], path
            assert wrongs({}, content["schema"], components) != [], path
            count += 1
    assert count >= 30


def test_every_example_of_an_answer_holds(schema):
    components = schema["components"]["schemas"]
    for method, path, operation in operations(schema):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                if "example" in content:
                    assert wrongs(content["example"], content["schema"], components) == [], f"{method} {path}"


def test_no_schema_points_nowhere(schema):
    text = json.dumps(schema)
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= set(schema["components"]["schemas"])


def test_the_reference_shows_every_operation_and_loads_nothing_from_elsewhere(world, schema):
    page = world.client.get("/docs")
    assert page.status_code == 200
    for _, path, operation in operations(schema):
        assert f"<code>{path}</code>" in page.text
        assert operation["summary"].split(";")[0].replace("'", "&#x27;") in page.text
    assert "<script" not in page.text
    assert "https://" not in page.text


SAME_BY_CONTENT = ("/v1/positions", "/v1/positions/traccar", "/v1/positions/gateway")
"""A position is known by its vehicle and instant: told twice, it is kept once (tests/api/test_positions.py)."""


def test_every_post_takes_an_idempotency_key(schema):
    for method, path, operation in operations(schema):
        if method == "post" and path not in SAME_BY_CONTENT:
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert "idempotency-key" in names, path


def test_examples_are_accepted_by_their_models():
    count = 0
    for module in (agreements, assignments, closures, facts, optimiser, persons, plans, rentals, requests, sessions):
        for value in vars(module).values():
            extra = getattr(value, "model_config", {}).get("json_schema_extra") if isinstance(value, type) else None
            for example in (extra or {}).get("examples", []):
                TypeAdapter(value).validate_json(json.dumps(example))
                count += 1
    assert count >= 8
