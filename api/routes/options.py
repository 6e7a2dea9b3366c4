"""A dispatcher's choice for one request: see what is possible, choose, pin, undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import REGISTRARS, Viewer, access_document, find_assignment_of
from api.dependencies import Caller, Change, Served, Store, needs, render
from api.errors import CannotServe, WouldDisturb
from api.idempotency import Effect, Writing, etag, json_response
from api.plan_views import say_reason
from api.problems import InvalidInput
from api.registry import check_exists
from api.schemas.requests import ChoiceInput
from api.services import Services, local_day
from api.wording import Text
from dispatch.agreed import ruling_on
from dispatch.options import list_options
from dispatch.service import Part, Prepared, prepare
from dispatch.solve import StopRule
from dispatch.writes import CHOSEN, Why
from fleet.documents import decode, encode
from fleet.errors import IllegalTransition
from fleet.ids import PersonId, RequestId, VehicleId
from fleet.itineraries import GONE, MOVABLE, Assignment
from fleet.promises import NoticeReason
from fleet.requests import RequestState, TripRequest
from fleet.store import Document, FleetStore, Write

router = APIRouter(prefix="/v1", tags=["requests"])

CHOICE_ITERATIONS = 400
"""Search steps of a plan over the two vehicles that a choice concerns; by steps, so that a repetition finds the same."""


@router.get("/requests/{id}/options", dependencies=[needs(REGISTRARS)], summary="Vehicles for a request, best first")
def list_request_options(
    id: str,
    viewer: Caller,
    services: Served,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=50, description="At most this many.")] = 10,
) -> Response:
    """Each with its times, what it costs more, and whose trip it would disturb; nothing is reserved by asking."""
    document = _to_dispatch(viewer, store, id)
    request: TripRequest = decode("request", document.body)
    legs = services.roads_on(local_day(request.stops[0].earliest_at)).legs
    present = find_assignment_of(store, id)
    serving = None if present is None else str(present.body["vehicle_id"])
    items = []
    for rank, option in enumerate(list_options(store, legs, request, now=services.clock(), limit=limit), 1):
        vehicle = store.get("vehicle", option.vehicle_id)
        body = asdict(option) | {
            "rank": rank,
            "plate": vehicle.body["plate"],
            "pickup_at": option.pickup_at.isoformat(),
            "dropoff_at": option.dropoff_at.isoformat(),
            "vehicle_kind": option.vehicle_kind.value,
            "disturbs": [_disturbed(store, other) for other in option.disturbs],
            "present": option.vehicle_id == serving,
        }
        items.append(body)
    return json_response({"request_id": id, "items": items})


def _disturbed(store: FleetStore, id: RequestId) -> dict[str, Any]:
    request = store.get("request", id)
    person = store.find("person", str(request.body["requester_id"]))
    return {
        "request_id": id,
        "purpose": request.body["purpose"],
        "requester_name": "" if person is None else person.body["name"],
        "unit_id": request.body["unit_id"],
        "pickup_earliest_at": request.body["stops"][0]["earliest_at"],
    }


def _to_dispatch(viewer: Viewer, store: FleetStore, id: str) -> Document:
    document = access_document(viewer, store, "request", id)
    viewer.require(REGISTRARS)
    viewer.require_region(str(document.body["region"]))
    return document


@router.post(
    "/requests/{id}:assign", dependencies=[needs(REGISTRARS)], summary="Give a request to a vehicle of one's choice"
)
def assign_request(id: str, given: ChoiceInput, change: Change, services: Served, store: Store) -> Response:
    """Also moves a trip that has a vehicle. Whoever is changed by it is told; trips without a vehicle are planned anew."""

    def effect() -> Effect:
        document = _to_dispatch(change.viewer, store, id)
        change.check_match(document)
        if found := check_exists(store, "vehicle", given.vehicle_id, "vehicle_id", Text("车辆", "vehicle")):
            raise InvalidInput(found)
        pins = {RequestId(id): change.viewer.person.id if given.pin else None}
        return _choose(services, store, document, given.vehicle_id, pins, change, given.displace)

    return change.perform(effect)


def _choose(
    services: Services,
    store: FleetStore,
    document: Document,
    vehicle_id: str,
    pins: Mapping[RequestId, PersonId | None],
    change: Writing,
    displace: bool,
) -> Effect:
    request: TripRequest = decode("request", document.body)
    if request.state not in (RequestState.APPROVED, RequestState.ASSIGNED):
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="assign")
    present = find_assignment_of(store, request.id)
    vehicles = {VehicleId(vehicle_id)}
    if present is not None:
        vehicles.add(VehicleId(str(present.body["vehicle_id"])))
    day = local_day(request.stops[0].earliest_at)
    made = prepare(
        store,
        services.roads_on(day).legs,
        day=date.fromisoformat(day),
        now=change.now,
        seed=0,
        stop=StopRule(iterations=CHOICE_ITERATIONS),
        part=Part(vehicles=vehicles, requests={request.id}, only={request.id: VehicleId(vehicle_id)}),
        why=Why(cause=NoticeReason.CHOSEN, pins=pins),
        ruling=ruling_on(store, date.fromisoformat(day), dispatcher_id=change.viewer.person.id),
    )
    if request.id in made.unserved:
        raise CannotServe(
            id=request.id,
            reasons=[
                Text(*(say_reason(_reason(each), spoken)["message"] for spoken in ("zh", "en")))
                for each in made.unserved[request.id]
            ],
        )
    left = sorted(
        moved.request_id
        for bundle in made.bundles
        for moved in bundle.changes
        if moved.before_vehicle_id is not None and moved.after_vehicle_id is None
    )
    if left and not displace:
        raise WouldDisturb(id=request.id, request_ids=left)
    return effect_of(made, document, type="request.assigned")


def _reason(reason: Any) -> dict[str, Any]:
    return {"code": reason.code.value, "proven": reason.proven, "detail": reason.detail}


def effect_of(made: Prepared, document: Document, *, type: str) -> Effect:
    """Return the effect of a small plan: all its writes in one commit, and the request as it is then."""
    writes = [write for bundle in made.bundles for write in bundle.writes]
    notices = [notice for bundle in made.bundles for notice in bundle.notices]
    body, version = document.body, document.version
    assignment: dict[str, Any] | None = None
    for write in writes:
        if write.kind == "request" and write.id == document.id and write.body is not None:
            body, version = write.body, write.expected_version + 1
        if write.kind == "assignment" and write.body is not None and write.body["request_id"] == document.id:
            if write.body["state"] not in GONE:
                assignment = {**write.body, "version": write.expected_version + 1}
    if assignment is None:
        kept = made.snapshot.view.assignments.get(RequestId(document.id))
        if kept is not None and kept.state in MOVABLE:
            assignment = {**encode(kept), "version": made.snapshot.view.version("assignment", kept.id)}
    return Effect(
        type=type,
        region=str(document.body["region"]),
        writes=writes,
        status=200,
        body={
            **body,
            "version": version,
            "assignment": assignment,
            "notices": [{**encode(notice), "version": 1} for notice in notices],
        },
        headers={"ETag": etag(version)},
        data={"request_id": document.id},
    )


@router.post("/requests/{id}:pin", dependencies=[needs(REGISTRARS)], summary="Keep a trip on its vehicle in every plan")
def pin_request(id: str, change: Change, store: Store) -> Response:
    return _pin(id, change, store, pinned=True)


@router.post("/requests/{id}:unpin", dependencies=[needs(REGISTRARS)], summary="Let plans move the trip again")
def unpin_request(id: str, change: Change, store: Store) -> Response:
    return _pin(id, change, store, pinned=False)


def _pin(id: str, change: Writing, store: FleetStore, *, pinned: bool) -> Response:
    def effect() -> Effect:
        request = _to_dispatch(change.viewer, store, id)
        found = find_assignment_of(store, id)
        state = str(request.body["state"])
        if found is None or found.body["state"] not in MOVABLE:
            raise IllegalTransition(kind="request", id=id, state=state, action="pin" if pinned else "unpin")
        assignment: Assignment = decode("assignment", found.body)
        after = replace(assignment, pinned_by=change.viewer.person.id if pinned else None)
        body = encode(after)
        same = after == assignment
        version = found.version + (not same)
        writes = [] if same else [Write(kind="assignment", id=found.id, expected_version=found.version, body=body)]
        return Effect(
            type="assignment.pinned" if pinned else "assignment.unpinned",
            region=str(request.body["region"]),
            writes=writes,
            status=200,
            body={**render(request), "assignment": {**body, "version": version}, "notices": []},
            headers={"ETag": etag(request.version)},
        )

    return change.perform(effect)


@router.post("/requests/{id}:undo", dependencies=[needs(REGISTRARS)], summary="Take back the last choice of a vehicle")
def undo_choice(id: str, change: Change, services: Served, store: Store) -> Response:
    """The trip goes back to the vehicle that it had before, if that can still serve it."""

    def effect() -> Effect:
        document = _to_dispatch(change.viewer, store, id)
        state = str(document.body["state"])
        present = find_assignment_of(store, id)
        if present is None or present.body["state"] not in MOVABLE or present.body["why"] != CHOSEN:
            raise IllegalTransition(kind="request", id=id, state=state, action="undo")
        before = [
            each
            for each in store.list("assignment", where=("request_id", id)).documents
            if each.id != present.id and each.body["state"] in GONE
        ]
        former = max(before, key=_number, default=None)
        if former is None:
            raise IllegalTransition(kind="request", id=id, state=state, action="undo")
        pins: dict[RequestId, PersonId | None] = {RequestId(id): None}
        vehicle_id = str(former.body["vehicle_id"])
        return _choose(services, store, document, vehicle_id, pins, change, displace=False)

    return change.perform(effect)


def _number(document: Document) -> tuple[datetime, int]:
    tail = document.id.rpartition("-")[2]
    return datetime.fromisoformat(str(document.body["offered_at"])), int(tail) if tail.isdigit() else 0
