"""Accounts: kept by admins; everyone may change the own password."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from api.dependencies import Caller, Change, Served, Store, needs
from api.idempotency import Effect, etag, json_response
from api.paging import After, Limit, list_visible
from api.problems import AlreadyExists, FieldError, InvalidInput, WrongPassword
from api.registry import check_exists, check_region
from api.schemas.persons import PasswordChange, PersonInput, PersonPatch
from api.wording import Text
from fleet import documents
from fleet.errors import NotFound
from fleet.people import Person, Role
from fleet.store import Document, FleetStore, Write

router = APIRouter(prefix="/v1", tags=["persons"])

ADMINS = frozenset({Role.ADMIN})


def show_account(document: Document) -> dict[str, Any]:
    """Return an account without its password's hash."""
    body = {name: value for name, value in document.body.items() if name != "password_hash"}
    return {**body, "has_password": bool(document.body.get("password_hash")), "version": document.version}


@router.get("/persons", summary="List accounts")
def list_persons(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(ADMINS)
    return list_visible(
        store,
        "person",
        where=None,
        keep=lambda document: viewer.covers(str(document.body["region"])),
        show=show_account,
        after=after,
        limit=limit,
    )


@router.get("/persons/{id}", summary="One account")
def get_person(id: str, viewer: Caller, store: Store) -> Response:
    viewer.require(ADMINS)
    document = store.find("person", id)
    if document is None or not viewer.covers(str(document.body["region"])):
        raise NotFound(kind="person", id=id)
    return json_response(show_account(document), headers={"ETag": etag(document.version)})


@router.post("/persons", dependencies=[needs(ADMINS)], status_code=201, summary="Register an account")
def create_person(given: PersonInput, change: Change, services: Served, store: Store) -> Response:
    viewer = change.viewer
    viewer.require(ADMINS)
    _check(given.region, given.unit_id, store)
    viewer.require_region(given.region)
    person = given.to_noun(services.new_password_hash(given.password.get_secret_value()))

    def effect() -> Effect:
        if store.find("person", person.id) is not None:
            raise AlreadyExists(kind="person", id=person.id)
        _check_login(person, services.accounts.find_login(person.login))
        written = Document(kind="person", id=person.id, version=1, body=documents.encode(person))
        return Effect(
            type="person.registered",
            region=person.region,
            writes=[Write(kind="person", id=person.id, expected_version=0, body=written.body)],
            status=201,
            body=show_account(written),
            headers={"ETag": etag(1), "Location": f"/v1/persons/{person.id}"},
        )

    return change.perform(effect)


@router.patch("/persons/{id}", dependencies=[needs(ADMINS)], summary="Change an account")
def amend_person(id: str, given: PersonPatch, change: Change, services: Served, store: Store) -> Response:
    viewer = change.viewer
    viewer.require(ADMINS)
    fields = {name: getattr(given, name) for name in given.model_fields_set if name != "password"}
    hashed = None if given.password is None else services.new_password_hash(given.password.get_secret_value())

    def effect() -> Effect:
        document = store.find("person", id)
        if document is None or not viewer.covers(str(document.body["region"])):
            raise NotFound(kind="person", id=id)
        change.check_match(document)
        before: Person = documents.decode("person", document.body)
        changed = {
            name: value for name, value in fields.items() if value is not None or name in ("unit_id", "driver_id")
        }
        person = replace(before, **changed)
        if hashed is not None:
            person = replace(person, password_hash=hashed)
        _check(person.region, person.unit_id, store)
        viewer.require_region(person.region)
        body = documents.encode(person)
        version = document.version + 1
        return Effect(
            type="person.amended",
            region=person.region,
            writes=[Write(kind="person", id=id, expected_version=document.version, body=body)],
            status=200,
            body=show_account(Document(kind="person", id=id, version=version, body=body)),
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)


@router.post("/me:changePassword", status_code=204, summary="Change the own password; other sessions stay open")
def change_password(given: PasswordChange, change: Change, services: Served, store: Store) -> Response:
    person = change.viewer.person
    if not services.accounts.is_password(person, given.old_password.get_secret_value()):
        raise WrongPassword
    hashed = services.new_password_hash(given.new_password.get_secret_value())

    def effect() -> Effect:
        document = store.get("person", person.id)
        body = {**document.body, "password_hash": hashed}
        return Effect(
            type="person.password_changed",
            region=person.region,
            writes=[Write(kind="person", id=person.id, expected_version=document.version, body=body)],
            status=200,
            body=None,
        )

    change.perform(effect)
    return Response(status_code=204)


def _check(region: str, unit_id: str | None, store: FleetStore) -> None:
    found = [
        *(check_region(region) if region else ()),
        *check_exists(store, "unit", unit_id, "unit_id", Text("单位", "unit")),
    ]
    if found:
        raise InvalidInput(found)


def _check_login(person: Person, holder: Person | None) -> None:
    if holder is not None and holder.id != person.id:
        raise InvalidInput(
            [
                FieldError(
                    field="login",
                    value=person.login,
                    message=Text("账号已被使用", "the login is taken"),
                    remedy=Text("换一个账号", "choose another"),
                )
            ]
        )
