"""The register of vehicles."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Store, document_response, needs, render
from api.paging import After, Limit, list_visible
from api.problems import FieldError
from api.registry import Findings, amend, check_exists, create, move
from api.schemas.facts import VehicleInput
from api.wording import Text
from fleet.documents import decode
from fleet.rules.fleet_checks import quota_refusal
from fleet.rules.jurisdictions import find_jurisdiction
from fleet.rules.load import load
from fleet.store import FleetStore
from fleet.vehicles import VehicleState, return_to_service, take_out_of_service
from routing.profiles import PROFILES

router = APIRouter(prefix="/v1", tags=["vehicles"])


def _check(store: FleetStore, given: VehicleInput) -> Findings:
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
    findings.extend(_check_quota(store, given))
    return findings


def _check_quota(store: FleetStore, given: VehicleInput) -> Findings:
    """A vehicle beyond the quota of its unit and class is refused (R032)."""
    unit = store.find("unit", given.unit_id)
    if unit is None or find_jurisdiction(given.region) is None or given.state is VehicleState.DISPOSED:
        return ()
    others = 0
    after = ""
    while True:
        page = store.list("vehicle", where=("unit_id", given.unit_id), after=after)
        others += sum(
            own.id != given.id and own.body["duty"] == given.duty and own.body["state"] != VehicleState.DISPOSED
            for own in page.documents
        )
        if page.next_after is None:
            break
        after = page.next_after
    before = store.find("vehicle", given.id)
    same = before is not None and (before.body["unit_id"], before.body["duty"]) == (given.unit_id, given.duty)
    view = load().at(date.max, given.region)  # the rule has no end; what a register holds counts whenever it began
    refusal = None if same else quota_refusal(view, decode("unit", unit.body), duty=given.duty, others_count=others)
    if refusal is None:
        return ()
    return (
        FieldError(
            field="unit_id",
            value=given.unit_id,
            message=Text(refusal.message_zh, refusal.message_en),
            remedy=Text("R032：先核增编制，或先处置一辆", "R032: have the quota raised, or dispose of one first"),
        ),
    )


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
def create_vehicle(given: VehicleInput, change: Change, store: Store) -> Response:
    return create("vehicle", given, change=change, store=store, check=_check)


@router.get("/vehicles/{id}", summary="One vehicle")
def get_vehicle(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "vehicle", id))


@router.patch("/vehicles/{id}", summary="Change a vehicle")
def amend_vehicle(id: str, patch: Annotated[dict[str, Any], Body()], change: Change, store: Store) -> Response:
    return amend("vehicle", id, patch, model=VehicleInput, change=change, store=store, check=_check)


@router.post("/vehicles/{id}:takeOutOfService", summary="Repair, inspection or accident: no new trips")
def take_vehicle_out_of_service(id: str, change: Change, store: Store) -> Response:
    return move(
        "vehicle", id, change=change, store=store, type="vehicle.taken_out_of_service", step=take_out_of_service
    )


@router.post("/vehicles/{id}:returnToService", summary="The vehicle takes trips again")
def return_vehicle_to_service(id: str, change: Change, store: Store) -> Response:
    return move("vehicle", id, change=change, store=store, type="vehicle.returned_to_service", step=return_to_service)
