"""Positions of vehicles: taken in by the batch, shown to those who dispatch, and every look at a track is on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from api.access import REGISTRARS, Viewer, access_document
from api.dependencies import Caller, Change, Served, Spoken, Store, needs
from api.idempotency import json_response
from api.paging import After, Limit, list_visible
from api.positions import Refused, from_gateway, from_traccar, sort_out
from api.problems import FieldError, InvalidInput
from api.schemas.positions import GatewayInput, PositionsInput, TraccarInput
from api.services import Services
from api.wording import Language, Text
from fleet.ids import VehicleId
from fleet.people import Role
from fleet.store import FleetStore
from fleet.tracks import Position

router = APIRouter(prefix="/v1", tags=["positions"])

LONGEST = timedelta(days=2)
_READERS = frozenset({Role.DISPATCHER, Role.AUDITOR, Role.ADMIN})
"""Where a vehicle was tells where people were: planners and approvers have no need to know."""

_UNKNOWN = Text("没有这辆车，或不在您的管辖范围", "there is no such vehicle, or it is not yours to see")
_UNREADABLE = Text("缺少必要字段或格式不对", "a field is missing or malformed")


@router.post("/positions", dependencies=[needs(REGISTRARS)], status_code=202, summary="Take in positions in a batch")
def take_positions(given: PositionsInput, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    """What is accepted is on disk when the answer comes; a batch that is sent twice is stored once.

    Implausible positions are refused one by one; the others are kept.
    """
    read = [
        (
            number,
            Position(
                vehicle_id=VehicleId(each.vehicle_id),
                at=each.at,
                lon_wgs84=each.lon_wgs84,
                lat_wgs84=each.lat_wgs84,
                speed_mps=each.speed_mps,
                charge_frac=each.charge_frac,
            ),
        )
        for number, each in enumerate(given.positions)
    ]
    return _take(read, [], viewer, services, store, language)


@router.post(
    "/positions/traccar", dependencies=[needs(REGISTRARS)], status_code=202, summary="Take in what Traccar forwards"
)
def take_traccar(given: TraccarInput, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    """The device's unique id is the vehicle's id here."""
    return _read_and_take([given.model_dump()], from_traccar, viewer, services, store, language)


@router.post(
    "/positions/gateway",
    dependencies=[needs(REGISTRARS)],
    status_code=202,
    summary="Take in reports of a gateway for JT/T 808 and GB/T 32960",
)
def take_gateway(given: GatewayInput, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    """The terminal's name at the gateway is the vehicle's id here."""
    return _read_and_take(
        [report.model_dump() for report in given.reports], from_gateway, viewer, services, store, language
    )


def _read_and_take(
    bodies: Sequence[Mapping[str, Any]],
    read: Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]],
    viewer: Viewer,
    services: Services,
    store: FleetStore,
    language: Language,
) -> Response:
    found: list[tuple[int, Position]] = []
    refused: list[Refused] = []
    for number, body in enumerate(bodies):
        try:
            vehicle_id, fields = read(body)
            position = Position(vehicle_id=VehicleId(vehicle_id), **fields)
        except (KeyError, TypeError, ValueError):
            refused.append(Refused(index=number, field="body", message=_UNREADABLE))
            continue
        if position.at.tzinfo is None:
            refused.append(Refused(index=number, field="at", message=_UNREADABLE))
            continue
        found.append((number, position))
    return _take(found, refused, viewer, services, store, language)


def _take(
    read: list[tuple[int, Position]],
    refused: list[Refused],
    viewer: Viewer,
    services: Services,
    store: FleetStore,
    language: Language,
) -> Response:
    viewer.require(REGISTRARS)
    known = {id for id in {p.vehicle_id for _, p in read} if services.knows_vehicle(id, viewer, store)}
    strangers = [
        Refused(index=number, field="vehicle_id", message=_UNKNOWN) for number, p in read if p.vehicle_id not in known
    ]
    tracks = services.tracks
    good, bad = sort_out(
        [entry for entry in read if entry[1].vehicle_id in known], now=services.clock(), newest=tracks.newest(known)
    )
    added = tracks.add(good) if good else 0
    services.metrics.positions.inc(added)
    wrong = sorted([*refused, *strangers, *bad], key=lambda each: each.index)
    return json_response(
        {
            "accepted_count": len(good),
            "new_count": added,
            "refused": [
                {"index": each.index, "field": each.field, "message": each.message.say(language)} for each in wrong
            ],
        },
        status=202,
    )


@router.get("/positions", summary="Where the vehicles of the region are now")
def list_positions(
    viewer: Caller, services: Served, store: Store, limit: Limit = 100, after: After = ""
) -> dict[str, Any]:
    """``age_s`` tells how old each is; above 60 s it is ``stale`` (R167)."""
    viewer.require(_READERS)
    now = services.clock()
    tracks = services.tracks

    def show(document: Any) -> dict[str, Any]:
        newest = tracks.newest([VehicleId(document.id)]).get(VehicleId(document.id))
        shown: dict[str, Any] = {"id": document.id, "plate": document.body["plate"], "position": None}
        if newest is not None:
            age_s = max(0.0, (now - newest.at).total_seconds())
            shown["position"] = {**_show(newest), "age_s": round(age_s, 1), "stale": age_s > _STALE_S}
        return shown

    return list_visible(
        store,
        "vehicle",
        where=None,
        keep=lambda document: viewer.sees("vehicle", document.body),
        show=show,
        after=after,
        limit=limit,
    )


_STALE_S = 60


@router.post(
    "/vehicles/{id}:track", dependencies=[needs(_READERS)], summary="Look at the track of a vehicle, with a reason"
)
def read_track(
    id: str,
    change: Change,
    services: Served,
    store: Store,
    begin: Annotated[AwareDatetime, Query(description="From this instant on.")],
    end: Annotated[AwareDatetime, Query(description="Until before this one; at most two days later.")],
    reason: Annotated[str, Query(min_length=2, max_length=200, description="Why; kept with who asked.")],
) -> Response:
    """A vehicle's track is its driver's as well: every look is an event of the ledger, with person and reason."""
    document = access_document(change.viewer, store, "vehicle", id)
    change.viewer.require(_READERS)
    if not begin < end <= begin + LONGEST:
        raise InvalidInput(
            [
                FieldError(
                    field="end",
                    value=end.isoformat(),
                    message=Text("时间段无效", "not a usable period"),
                    remedy=Text("晚于 begin，且不超过两天", "after begin, at most two days later"),
                )
            ]
        )
    found = services.tracks.track(VehicleId(id), begin=begin, end=end)
    region = str(document.body["region"])
    note = {"vehicle_id": id, "begin": begin.isoformat(), "end": end.isoformat(), "reason": reason}

    change.note(type="track.read", region=region, data=note)
    return json_response(
        {"vehicle_id": id, "items": [_show(each) for each in found]}, headers={"Cache-Control": "no-store"}
    )


def _show(position: Position) -> dict[str, Any]:
    return {
        "vehicle_id": position.vehicle_id,
        "at": position.at.isoformat(),
        "lon_wgs84": position.lon_wgs84,
        "lat_wgs84": position.lat_wgs84,
        "speed_mps": position.speed_mps,
        "charge_frac": position.charge_frac,
    }
