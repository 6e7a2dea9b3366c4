"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from api.dependencies import Caller, Served, Token
from api.geography import find_region
from api.idempotency import check_key, json_response
from api.schemas.sessions import SignInInput
from api.settings import is_loopback
from fleet.errors import NotFound
from fleet.people import Person
from fleet.store import FleetStore

router = APIRouter(prefix="/v1", tags=["sessions"])


def show_person(person: Person, store: FleetStore) -> dict[str, Any]:
    unit = None if person.unit_id is None else store.find("unit", person.unit_id)
    region = find_region(person.region)
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "roles": sorted(person.roles),
        "unit_id": person.unit_id,
        "unit_name": None if unit is None else unit.body["name"],
        "region": person.region,
        "region_name_zh": "川渝" if region is None else region.name_zh,
        "region_name_en": "Sichuan-Chongqing" if region is None else region.name_en,
        "driver_id": person.driver_id,
    }


@router.post("/sessions", status_code=201, summary="Sign in")
def sign_in(
    given: SignInInput,
    request: Request,
    services: Served,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    address = request.client.host if request.client is not None else ""
    session = services.accounts.sign_in(
        given.login, given.password.get_secret_value(), address=address, repeat_key=check_key(idempotency_key)
    )
    body = {
        "token": session.token,
        "expires_at": session.expires_at.isoformat(),
        "person": show_person(session.person, services.store),
    }
    return json_response(body, status=201, headers={"Cache-Control": "no-store"})


@router.delete("/sessions/current", status_code=204, summary="Sign out")
def sign_out(services: Served, token: Token) -> Response:
    services.accounts.person_of(token)
    services.accounts.sign_out(token)
    return Response(status_code=204)


@router.get("/me", summary="Who the session belongs to")
def get_me(viewer: Caller, services: Served) -> dict[str, Any]:
    return show_person(viewer.person, services.store)


@router.get("/demo-accounts", summary="Accounts of the demo", responses={404: {}})
def list_demo_accounts(request: Request, services: Served) -> list[dict[str, Any]]:
    """Only while the demo runs on a loopback address; otherwise there is no such thing.

    The name in the address must be one of this machine too, so that no page elsewhere can point its own name here.
    """
    access = services.demo_access
    if access is None or not is_loopback(request.url.hostname or ""):
        raise NotFound(kind="demo", id="accounts")
    accounts = []
    for account in access.accounts:
        region = find_region(account.region)
        accounts.append(
            {
                "login": account.login,
                "name": account.name,
                "roles": list(account.roles),
                "region_name_zh": "川渝" if region is None else region.name_zh,
                "region_name_en": "Sichuan-Chongqing" if region is None else region.name_en,
                "password": access.password,
            }
        )
    return accounts
