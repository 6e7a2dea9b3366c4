"""Registering and changing facts: what units, sites, vehicles and drivers have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from api.access import REGISTRARS, access_to_register
from api.dependencies import render
from api.geography import find_region
from api.idempotency import Effect, Writing, etag
from api.input_errors import from_validation
from api.problems import AlreadyExists, FieldError, InvalidInput
from api.wording import Text
from fleet import documents
from fleet.store import FleetStore, Write

Findings = Sequence[FieldError]


class FactInput(Protocol):
    """An input model that turns itself into a noun."""

    id: str
    region: str

    def to_noun(self) -> Any: ...


Model = TypeVar("Model", bound=BaseModel)
Check = Callable[[FleetStore, Any], Findings]


def check_region(code: str, field: str = "region") -> Findings:
    if find_region(code) is not None:
        return ()
    return (
        FieldError(
            field=field,
            value=code,
            message=Text("没有这个行政区划代码", "no such region code"),
            remedy=Text(
                "使用四川或重庆的 GB/T 2260 代码，清单见 /v1/regions",
                "use a GB/T 2260 code of Sichuan or Chongqing; /v1/regions lists them",
            ),
        ),
    )


def check_exists(store: FleetStore, kind: str, id: str | None, field: str, noun: Text) -> Findings:
    if id is None or store.find(kind, id) is not None:
        return ()
    return (
        FieldError(
            field=field,
            value=id,
            message=Text(f"没有这个{noun.zh}", f"there is no such {noun.en}"),
            remedy=Text(f"先登记{noun.zh}，或改正编号", f"register the {noun.en} first, or correct its id"),
        ),
    )


def create(kind: str, given: FactInput, *, change: Writing, store: FleetStore, check: Check) -> Response:
    """Register a new fact."""
    change.viewer.require(REGISTRARS)
    found = [*check_region(given.region), *check(store, given)]
    if found:
        raise InvalidInput(found)
    change.viewer.require_region(given.region)
    noun = given.to_noun()

    def effect() -> Effect:
        if store.find(kind, given.id) is not None:
            raise AlreadyExists(kind=kind, id=given.id)
        body = documents.encode(noun)
        return Effect(
            type=f"{kind}.registered",
            region=given.region,
            writes=[Write(kind=kind, id=given.id, expected_version=0, body=body)],
            status=201,
            body={**body, "version": 1},
            headers={"ETag": etag(1), "Location": f"/v1/{kind}s/{given.id}"},
        )

    return change.perform(effect)


def amend(
    kind: str, id: str, patch: dict[str, Any], *, model: type[Model], change: Writing, store: FleetStore, check: Check
) -> Response:
    """Change fields of a fact; the patch is a JSON merge patch (RFC 7396) on its top level."""

    def effect() -> Effect:
        document = access_to_register(change.viewer, store, kind, id)
        change.check_match(document)
        if "id" in patch and patch["id"] != id:
            raise InvalidInput(
                [
                    FieldError(
                        field="id",
                        value=patch["id"],
                        message=Text("编号不能更改", "an id never changes"),
                        remedy=Text("去掉该字段，或另行登记", "leave it out, or register a new one"),
                    )
                ]
            )
        merged = {**document.body, **patch}
        try:
            given: Any = model.model_validate({name: value for name, value in merged.items() if value is not None})
        except ValidationError as error:
            raise from_validation([dict(finding) for finding in error.errors()]) from error
        found = [*check_region(given.region), *check(store, given)]
        if found:
            raise InvalidInput(found)
        change.viewer.require_region(given.region)
        body = documents.encode(given.to_noun())
        version = document.version + 1
        return Effect(
            type=f"{kind}.amended",
            region=given.region,
            writes=[Write(kind=kind, id=id, expected_version=document.version, body=body)],
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)


def move(kind: str, id: str, *, change: Writing, store: FleetStore, type: str, step: Callable[[Any], Any]) -> Response:
    """Apply a state transition of ``fleet`` to a fact."""

    def effect() -> Effect:
        document = access_to_register(change.viewer, store, kind, id)
        change.check_match(document)
        body = documents.encode(step(documents.decode(kind, document.body)))
        written = Write(kind=kind, id=id, expected_version=document.version, body=body)
        version = document.version + 1
        return Effect(
            type=type,
            region=str(document.body["region"]),
            writes=[written],
            status=200,
            body={**render(document), **body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)
