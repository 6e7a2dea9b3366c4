"""The GBFS feed of the rental cars, open to everybody once an office has named whom to ask about it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.dependencies import Served
from api.feeds import gbfs
from api.idempotency import json_response
from api.rental_desk import Desk
from api.routes.rentals import desk_of
from api.services import LOCAL_ZONE, Services
from fleet.errors import NotFound
from fleet.vehicles import Duty

router = APIRouter(prefix="/gbfs", tags=["feeds"])


def _picture(request: Request, services: Services) -> gbfs.Picture:
    """The service as the feed tells it; raises :class:`NotFound` while no contact is set."""
    contact = services.settings.gbfs_contact
    if not contact:
        raise NotFound(kind="feed", id="gbfs")
    desk: Desk = desk_of(services)
    sites = sorted((site for site in desk.every("site") if site.rental_point), key=lambda own: own.id)
    stands = []
    tariffs: dict[Any, Any] = {}
    for site in sites:
        for vehicle in desk.list_cars(site.id):
            if vehicle.duty is not Duty.RENTAL or vehicle.provider_id is None:
                continue
            if vehicle.provider_id not in tariffs:
                tariffs[vehicle.provider_id] = desk.tariff_for(vehicle.provider_id, desk.today)
            calendar, _ = desk.calendar_of(vehicle.id)
            stands.append(gbfs.Stand(vehicle=vehicle, calendar=calendar, tariff=tariffs[vehicle.provider_id]))
    return gbfs.Picture(
        now=desk.now.astimezone(LOCAL_ZONE),
        points=[(site, desk.point_of(site)) for site in sites],
        stands=stands,
        secret=services.secret,
        base_url=str(request.base_url).rstrip("/"),
        contact=contact,
    )


def _answer(body: dict[str, Any]) -> Response:
    return json_response(body, headers={"Cache-Control": f"public, max-age={gbfs.TTL_S}"})


@router.get("/3.0/gbfs.json", summary="GBFS 3.0: which feeds there are")
def get_discovery(request: Request, services: Served) -> Response:
    return _answer(gbfs.gbfs(_picture(request, services)))


@router.get("/3.0/{name}.json", summary="GBFS 3.0: one feed by its name")
def get_feed(name: str, request: Request, services: Served) -> Response:
    make = gbfs.FEEDS.get(name)
    if make is None:
        raise NotFound(kind="feed", id=name)
    return _answer(make(_picture(request, services)))


@router.get("/3.1-RC3/vehicle_availability.json", summary="GBFS 3.1 draft: free times of the week, where switched on")
def get_availability(request: Request, services: Served) -> Response:
    if not services.settings.gbfs_availability:
        raise NotFound(kind="feed", id="vehicle_availability")
    return _answer(gbfs.vehicle_availability(_picture(request, services)))
