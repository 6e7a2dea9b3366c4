"""The register of vehicles."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Served, Store, document_response, needs, render
from api.paging import After, Limit, list_visible
from api.problems import FieldError
from api.purchase_checks import check_vehicle
from api.registry import Findings, amend, check_exists, create, move
from api.schemas.facts import VehicleInput
from api.wording import Text
from fleet.rules.model import RuleBook
from fleet.store import FleetStore
from fleet.vehicles import VehicleState, return_to_service, take_out_of_service
from routing.profiles import PROFILES

router = APIRouter(prefix="/v1", tags=["vehicles"])


def _check(book: RuleBook, store: FleetStore, given: VehicleInput) -> Findings:
    findings = [
        *check_exists(store, "unit", given.unit_id, "unit_id", Text("单位", "unit")),
        *check_exists(store, "site", given.home_site_id, "home_site_id", Text("站点", "site")),
    ]
    if given.profile not in PROFILES:
        known = "、".join(sorted(PROFILES))
        findings.append(
            FieldError(
                field="profile",
                value=given.profile,
                message=Text("没有这个行驶参数", "there is no such drive profile"),
                remedy=Text(f"可选：{known}", f"one of {', '.join(sorted(PROFILES))}"),
            )
        )
    battery = given.battery
    if battery is not None and battery.charge_wh > battery.capacity_wh:
        findings.append(
            FieldError(
                field="battery.charge_wh",
                value=battery.charge_wh,
                message=Text("电量超过电池容量", "more than the battery holds"),
                remedy=Text(f"至多 {battery.capacity_wh}", f"at most {battery.capacity_wh}"),
            )
        )
    if not findings:
        findings.extend(check_vehicle(book, store, given.to_noun()))
    return findings


@router.get("/vehicles", summary="List vehicles")
def list_vehicles(
    viewer: Caller,
    store: Store,
    region: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$")] = None,
    state: VehicleState | None = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["vehicle"])
    return list_visible(
        store,
        "vehicle",
        where=None if region is None else ("region", region),
        keep=lambda document: (
            viewer.sees("vehicle", document.body) and (state is None or document.body["state"] == state)
        ),
        show=render,
        after=after,
        limit=limit,
    )


@router.post("/vehicles", dependencies=[needs(REGISTRARS)], status_code=201, summary="Register a vehicle")
def create_vehicle(given: VehicleInput, change: Change, services: Served, store: Store) -> Response:
    return create("vehicle", given, change=change, store=store, check=partial(_check, services.book))


@router.get("/vehicles/{id}", summary="One vehicle")
def get_vehicle(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "vehicle", id))


@router.patch("/vehicles/{id}", summary="Change a vehicle")
def amend_vehicle(
    id: str, patch: Annotated[dict[str, Any], Body()], change: Change, services: Served, store: Store
) -> Response:
    return amend(
        "vehicle", id, patch, model=VehicleInput, change=change, store=store, check=partial(_check, services.book)
    )


@router.post("/vehicles/{id}:takeOutOfService", summary="Repair, inspection or accident: no new trips")
def take_vehicle_out_of_service(id: str, change: Change, store: Store) -> Response:
    return move(
        "vehicle", id, change=change, store=store, type="vehicle.taken_out_of_service", step=take_out_of_service
    )


@router.post("/vehicles/{id}:returnToService", summary="The vehicle takes trips again")
def return_vehicle_to_service(id: str, change: Change, store: Store) -> Response:
    return move("vehicle", id, change=change, store=store, type="vehicle.returned_to_service", step=return_to_service)
