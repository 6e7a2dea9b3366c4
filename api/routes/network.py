"""The road network and drives on it, as GeoJSON."""

from __future__ import annotations

import gzip
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import access_document
from api.dependencies import Caller, Served, Store, get_viewer
from api.idempotency import json_response
from api.problems import InvalidInput
from api.stops import ACCESS_LIMIT_M, check_coordinates
from fleet.store import Document
from routing.profiles import get_profile
from routing.snap import Point

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
) -> Response:
    findings = [
        finding
        for at, lon, lat in (("from", from_lon, from_lat), ("to", to_lon, to_lat))
        if (finding := check_coordinates(lon, lat, at=at)) is not None
    ]
    if findings:
        raise InvalidInput(findings)
    route = services.roads_now().roads.route(
        Point(lon_wgs84=from_lon, lat_wgs84=from_lat),
        Point(lon_wgs84=to_lon, lat_wgs84=to_lat),
        get_profile(profile),
        access_limit_m=ACCESS_LIMIT_M,
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
