"""The road network and drives on it, as GeoJSON."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from api.access import access_document
from api.dependencies import Caller, Change, Served, Store, get_viewer
from api.idempotency import Effect, json_response
from api.problems import InvalidInput
from api.schemas.network import MatrixInput
from api.services import LOCAL_ZONE, Services
from api.stops import ACCESS_LIMIT_M, check_coordinates
from fleet.store import Document
from routing.conditions import Conditions
from routing.graph import Confidence, RoadGraph
from routing.network import summarise
from routing.profiles import get_profile
from routing.snap import Point
from routing.traffic import band_at

router = APIRouter(prefix="/v1", tags=["network"])
GEOJSON = "application/geo+json"

Degrees = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]


def geojson_response(request: Request, content: dict[str, Any], *, max_age_s: int = 0) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Cache-Control": f"private, max-age={max_age_s}" if max_age_s else "private, no-cache",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=GEOJSON, headers=headers)


@router.get("/network", summary="The road network", dependencies=[Depends(get_viewer)])
def get_network(request: Request, services: Served) -> Response:
    return geojson_response(request, services.network, max_age_s=3600)


@router.get("/network/route", summary="The fastest drive between two points", dependencies=[Depends(get_viewer)])
def get_route(
    services: Served,
    from_lon: Degrees,
    from_lat: Degrees,
    to_lon: Degrees,
    to_lat: Degrees,
    profile: Annotated[str, Query(max_length=64)] = "sedan_petrol",
    at: Annotated[
        AwareDatetime | None,
        Query(description="Traffic, weather and closures of that instant; without it free flow, now."),
    ] = None,
) -> Response:
    findings = [
        finding
        for at, lon, lat in (("from", from_lon, from_lat), ("to", to_lon, to_lat))
        if (finding := check_coordinates(lon, lat, at=at)) is not None
    ]
    if findings:
        raise InvalidInput(findings)
    view = services.roads_now() if at is None else services.roads_at(at)
    route = view.roads.route(
        Point(lon_wgs84=from_lon, lat_wgs84=from_lat),
        Point(lon_wgs84=to_lon, lat_wgs84=to_lat),
        get_profile(profile),
        access_limit_m=ACCESS_LIMIT_M,
        conditions=_conditions(at, services),
    )
    return json_response(
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [list(position) for position in route.line]},
            "properties": {
                "profile": profile,
                "drive_s": route.drive_s,
                "drive_m": route.drive_m,
                "drive_wh": route.drive_wh,
                "fuel_ml": route.fuel_ml,
                "toll_fen": route.toll_fen,
                "confidence": route.confidence.name.lower(),
                "roads": [
                    {
                        "ref": step.ref,
                        "length_m": step.length_m,
                        "drive_s": step.drive_s,
                        "confidence": step.confidence.name.lower(),
                    }
                    for step in route.steps
                ],
            },
        }
    )


@router.get("/network/info", summary="Size, confidence and critical places", dependencies=[Depends(get_viewer)])
def get_network_info(services: Served) -> dict[str, Any]:
    return _info(services.roads.graph)


@lru_cache(maxsize=2)
def _info(graph: RoadGraph) -> dict[str, Any]:
    summary = summarise(graph)
    return {
        "name": summary.name,
        "node_count": summary.node_count,
        "edge_count": summary.edge_count,
        "length_m": summary.length_m,
        "component_sizes": list(summary.component_sizes[:20]),
        "length_by_confidence_m": {key.name.lower(): value for key, value in summary.length_by_confidence_m.items()},
        "length_by_class_m": dict(summary.length_by_class_m),
        "critical_nodes": [
            {"name": node.name, "betweenness_frac": round(node.betweenness_frac, 6)} for node in summary.critical_nodes
        ],
        "critical_links": [
            {
                "from": link.from_name,
                "to": link.to_name,
                "ref": link.ref,
                "length_m": link.length_m,
                "confidence": link.confidence.name.lower(),
                "cut_off_count": link.cut_off_count,
            }
            for link in summary.critical_links
        ],
        "notes": list(summary.notes),
    }


@router.post("/network/matrix", summary="Drives between every two of some points")
def make_matrix(given: MatrixInput, change: Change, services: Served) -> Response:
    """The points come back as GeoJSON, and beside them ``matrix``: rows leave, columns arrive, null where no way leads.

    Nothing is stored.
    """
    findings = [
        finding
        for number, point in enumerate(given.points)
        if (finding := check_coordinates(point.lon_wgs84, point.lat_wgs84, at=f"points[{number}]")) is not None
    ]
    if findings:
        raise InvalidInput(findings)
    view = services.roads_now() if given.at is None else services.roads_at(given.at)
    legs = view.roads.matrix(
        [Point(lon_wgs84=point.lon_wgs84, lat_wgs84=point.lat_wgs84) for point in given.points],
        get_profile(given.profile),
        access_limit_m=ACCESS_LIMIT_M,
        conditions=_conditions(given.at, services),
    )

    def table(values: Any) -> list[list[int | None]]:
        return [
            [int(value) if reached else None for value, reached in zip(row, row_reached, strict=True)]
            for row, row_reached in zip(values.tolist(), legs.reachable.tolist(), strict=True)
        ]

    body = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": point.id or str(number),
                "geometry": {"type": "Point", "coordinates": [point.lon_wgs84, point.lat_wgs84]},
                "properties": {"row": number},
            }
            for number, point in enumerate(given.points)
        ],
        "profile": given.profile,
        "matrix": {
            **{name: table(getattr(legs, name)) for name in ("drive_s", "drive_m", "drive_wh", "fuel_ml", "toll_fen")},
            "confidence": [
                [Confidence(value).name.lower() if reached else None for value, reached in zip(*rows, strict=True)]
                for rows in zip(legs.confidence.tolist(), legs.reachable.tolist(), strict=True)
            ],
        },
    }
    return change.perform(lambda: Effect(type="network.asked", region="", writes=[], status=200, body=body))


def _conditions(at: datetime | None, services: Services) -> Conditions:
    """Free flow at 20 C unless an instant is given."""
    if at is None:
        return Conditions()
    local = at.astimezone(LOCAL_ZONE)
    if services.settings.ambient_c is not None:
        return Conditions(band=band_at(local), ambient_c=services.settings.ambient_c)
    return Conditions(band=band_at(local), month=local.month)


@router.get("/plans/{id}/routes.geojson", summary="The drives of a plan, one line per leg")
def get_routes_of_plan(id: str, request: Request, viewer: Caller, services: Served, store: Store) -> Response:
    plan = access_document(viewer, store, "plan", id)
    lines = services.roads_on(str(plan.body["day"])).lines
    features: list[dict[str, Any]] = []
    after = ""
    while True:
        page = store.list("itinerary", where=("plan_id", id), after=after)
        for document in page.documents:
            if viewer.sees("itinerary", document.body):
                features += lines.itinerary_features(
                    document.body, _profile_of(store.find("vehicle", str(document.body["vehicle_id"])))
                )
        if page.next_after is None:
            return geojson_response(request, {"type": "FeatureCollection", "features": features})
        after = page.next_after


def _profile_of(vehicle: Document | None) -> str:
    return "sedan_petrol" if vehicle is None else str(vehicle.body["profile"])
