"""The life of a rental order after its hold: licence, inspection, unlock, use, return, settlement, dispute."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from api import rental_steps
from api.access import access_document
from api.dependencies import Caller, Change, Served, Store
from api.errors import RuleRefused
from api.idempotency import json_response
from api.locks import digest_of, make_token
from api.odometer import check_reading
from api.rental_desk import get_tariff, planned_bill
from api.rental_steps import Changes, after_return, lapse, move
from api.routes.rentals import desk_of
from api.schemas.rentals import (
    BreakdownInput,
    DisputeInput,
    ExtensionInput,
    InspectionInput,
    LicenceInput,
    OpenInput,
    ResolveInput,
    ReturnInput,
    SwapInput,
)
from api.schemas.requests import ReasonInput
from api.services import Services
from fleet import rental_calendar, rentals
from fleet import requests as trips
from fleet.documents import decode
from fleet.errors import NotFound
from fleet.ids import PersonId, SiteId, VehicleId
from fleet.rental_accounts import fee_settlement, settlement_of
from fleet.rental_points import ground_distance_m
from fleet.rentals import Breakdown, Extension, LicenceCheck, Rental, RentalState, ReturnRecord, Unlock
from fleet.rules.refusals import Refusal
from fleet.rules.rental_checks import settled_refusal
from fleet.sites import Site
from fleet.store import FleetStore
from fleet.tariffs import cancellation
from fleet.vehicles import Vehicle

router = APIRouter(prefix="/v1", tags=["rentals"])


@router.post("/rentals/{id}:checkLicence", summary="The driving licence was seen: the car is booked")
def check_licence(id: str, given: LicenceInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        check = LicenceCheck(
            by=change.viewer.person.id, at=change.now, licence=given.licence, valid_until=given.valid_until
        )
        after = rentals.check_licence(own, check, no_show_s=desk.terms.no_show_s)
        if after.release_at is not None:
            release_at = after.release_at
            changes.change_calendar(own, lambda kept: rental_calendar.keep(kept, own.id, release_at=release_at))
        return after

    return move(id, change, desk, type="rental.booked", step=step, staff_only=True)


@router.post("/rentals/{id}:inspect", summary="The renter has looked over the car")
def inspect_rental(id: str, given: InspectionInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(_changes: Changes, own: Rental) -> Rental:
        vehicle: Vehicle = desk.find("vehicle", own.vehicle_id)
        check_reading(vehicle, given.odometer_m, at=change.now, last_at=None)
        looked = given.to_noun(by=change.viewer.person.id, at=change.now)
        return rentals.inspect(own, looked, early_s=desk.terms.early_s)

    return move(id, change, desk, type="rental.inspected", step=step)


@router.post("/rentals/{id}:unlock", summary="Begin the use; the car's door opens with the token of :token")
def unlock_rental(id: str, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        digest = digest_of(_token(services, own, change.now))
        until_at = change.now + timedelta(seconds=desk.terms.token_s)
        after = rentals.unlock(own, Unlock(token_digest=digest, issued_at=change.now, expires_at=until_at))
        changes.change_calendar(own, lambda kept: rental_calendar.take(kept, own.id))
        if own.taken_at is None:
            changes.change_request(own, trips.depart)
        return after

    answer: Response = move(id, change, desk, type="rental.unlocked", step=step)
    _allow(services, services.store, id)
    return answer


def _token(services: Services, rental: Rental, issued_at: datetime) -> str:
    return make_token(services.secret, rental_id=rental.id, vehicle_id=rental.vehicle_id, issued_at=issued_at)


def _allow(services: Services, store: FleetStore, id: str) -> None:
    document = store.find("rental", id)
    own: Rental | None = None if document is None else decode("rental", document.body)
    if own is not None and own.unlock is not None:
        services.locks.allow(own.vehicle_id, own.unlock.token_digest, until_at=own.unlock.expires_at)


@router.get("/rentals/{id}/token", summary="The token that opens the car, for its renter only")
def get_token(id: str, viewer: Caller, store: Store, services: Served) -> Response:
    document = access_document(viewer, store, "rental", id)
    own: Rental = decode("rental", document.body)
    if own.renter_id != viewer.person.id or own.unlock is None:
        raise NotFound(kind="rental", id=id)
    token = _token(services, own, own.unlock.issued_at)
    return json_response(
        {"token": token, "expires_at": own.unlock.expires_at.isoformat()}, headers={"Cache-Control": "no-store"}
    )


@router.post("/rentals/{id}:open", summary="Ask the car's lock to open with a token")
def open_rental(id: str, given: OpenInput, change: Change, services: Served, store: Store) -> Response:
    document = rental_steps.access_to_rental(change, store, id)
    own: Rental = decode("rental", document.body)
    opened = own.state is RentalState.IN_USE and services.locks.open(own.vehicle_id, given.token, at=change.now)
    return json_response({"opened": opened})


@router.post("/rentals/{id}:extend", summary="Keep the car longer, when nobody suffers")
def extend_rental(id: str, given: ExtensionInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        calendar, _ = desk.calendar_of(own.vehicle_id)
        slot = rental_calendar.find_slot(calendar, own.id)
        vehicle: Vehicle = desk.find("vehicle", own.vehicle_id)
        to_site: Site = desk.find("site", own.to_site_id)
        if not desk.point_of(to_site).is_open(given.until_at):
            raise RuleRefused([_return_refusal("point_closed", to_site, 0, 0)])
        if slot is not None:
            longer = replace(slot, until_at=given.until_at)
            stands_at = vehicle.home_site_id
            code, other = rental_calendar.conflict(
                calendar, longer, stands_at=stands_at, now=desk.now, turnaround_s=desk.terms.turnaround_s
            )
            if code:
                raise RuleRefused([desk.taken_by(own, vehicle, code, other)])
            changes.change_calendar(
                own,
                lambda kept: rental_calendar.book(
                    kept, longer, stands_at=stands_at, now=desk.now, turnaround_s=desk.terms.turnaround_s
                ),
            )
        tariff = get_tariff(desk.store, own.tariff_id)
        one_way = own.from_site_id != own.to_site_id
        quote = planned_bill(tariff, own.from_at, given.until_at, own.expected_m, own.expected_wh, one_way=one_way)
        changes.spend(own, committed_fen=own.quote.amount_fen - quote.amount_fen, amount_fen=0)
        extension = Extension(at=change.now, from_until_at=own.until_at, until_at=given.until_at, reason=given.reason)
        return rentals.extend(own, extension, quote=quote)

    return move(id, change, desk, type="rental.extended", step=step)


def _return_refusal(code: str, site: Site, distance_m: int, radius_m: int) -> Refusal:
    words = {
        "point_closed": (f"网点{site.name}此时不营业", f"{site.name} is closed then"),
        "no_returns": (f"网点{site.name}不接受还车", f"{site.name} takes no returns"),
        "outside_geofence": (
            f"距网点{site.name}{distance_m}米，须在{radius_m}米以内还车",
            f"{distance_m} m from {site.name}: return it within {radius_m} m",
        ),
    }
    zh, en = words[code]
    return Refusal(
        rule_id="R087", code=code, message_zh=zh, message_en=en, detail={"site": site.id, "distance_m": distance_m}
    )


@router.post("/rentals/{id}:return", summary="Return the car at a rental point")
def return_rental(id: str, given: ReturnInput, change: Change, services: Served) -> Response:
    """Refused outside the point's hours and geofence; the readings must follow those of the handover."""
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        site = desk.get_site(given.site_id, "site_id")
        point = desk.point_of(site)
        distance_m = round(ground_distance_m(given.lon_wgs84, given.lat_wgs84, site.lon_wgs84, site.lat_wgs84))
        if not point.takes_returns:
            raise RuleRefused([_return_refusal("no_returns", site, 0, 0)])
        if distance_m > point.radius_m:
            raise RuleRefused([_return_refusal("outside_geofence", site, distance_m, point.radius_m)])
        if not point.is_open(change.now):
            raise RuleRefused([_return_refusal("point_closed", site, 0, 0)])
        provider = desk.find("provider", own.provider_id)
        feed = desk.find("provider_feed", own.provider_id)
        record = ReturnRecord(
            at=change.now,
            by=change.viewer.person.id,
            site_id=SiteId(given.site_id),
            lon_wgs84=given.lon_wgs84,
            lat_wgs84=given.lat_wgs84,
            feed_lost=provider is None or desk.feed_lost(own, provider, feed),
        )
        looked = given.to_noun(by=change.viewer.person.id, at=change.now)
        after = rentals.give_back(own, record, looked, charged_wh=given.charged_wh)
        vehicle: Vehicle = changes.get("vehicle", own.vehicle_id)
        changes.put("vehicle", after_return(vehicle, after))
        changes.free_car(own)
        changes.change_request(own, trips.finish)
        return after

    answer: Response = move(id, change, desk, type="rental.returned", step=step)
    _revoke(services, services.store, id)
    return answer


def _revoke(services: Services, store: FleetStore, id: str) -> None:
    document = store.find("rental", id)
    if document is not None and document.body.get("unlock") is None:
        services.locks.revoke(VehicleId(str(document.body["vehicle_id"])))


@router.post("/rentals/{id}:settle", summary="Settle a returned order, once")
def settle_rental(id: str, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        refusal = settled_refusal(own)
        if refusal is not None:
            raise RuleRefused([refusal])
        cars = [desk.find("vehicle", leg.vehicle_id) for leg in own.legs]
        done = settlement_of(
            own,
            get_tariff(desk.store, own.tariff_id),
            capacity_wh={
                car.id: car.battery.capacity_wh for car in cars if car is not None and car.battery is not None
            },
            paid_year_fen=desk.paid_year_fen(own),
            at=change.now,
            by=change.viewer.person.id,
            rules_on=desk.today,
        )
        after = rentals.settle(own, done)
        changes.spend(own, committed_fen=own.quote.amount_fen, amount_fen=done.bill.amount_fen)
        return after

    return move(id, change, desk, type="rental.settled", step=step, staff_only=True)


@router.post("/rentals/{id}:cancel", summary="Give the car up before taking it")
def cancel_rental(id: str, given: ReasonInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        bill = cancellation(get_tariff(desk.store, own.tariff_id), starts_at=own.from_at, at=change.now)
        fee = None
        if own.state is not RentalState.HELD:
            fee = fee_settlement(own, bill, at=change.now, by=change.viewer.person.id, rules_on=desk.today)
        after = rentals.cancel(own, at=change.now, reason=given.reason, fee=fee)
        changes.free_car(own)
        changes.waits_again(own)
        changes.spend(own, committed_fen=own.quote.amount_fen, amount_fen=after.owed_fen)
        return after

    return move(id, change, desk, type="rental.cancelled", step=step)


@router.post("/rentals/{id}:breakDown", summary="The car has failed")
def report_breakdown(id: str, given: BreakdownInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        report = Breakdown(
            at=change.now,
            reported_by=change.viewer.person.id,
            vehicle_id=own.vehicle_id,
            what=given.what,
            lon_wgs84=given.lon_wgs84,
            lat_wgs84=given.lat_wgs84,
        )
        reading = None
        if given.reading is not None:
            reading = given.reading.to_noun(by=change.viewer.person.id, at=change.now)
        after = rentals.break_down(own, report, reading)
        vehicle: Vehicle = changes.get("vehicle", own.vehicle_id)
        broken = after_return(vehicle, after) if after.legs else vehicle
        changes.put("vehicle", rental_steps.out_of_service(broken))
        changes.free_car(own)
        return after

    return move(id, change, desk, type="rental.broke_down", step=step)


@router.post("/rentals/{id}:swap", summary="Another car in place of the broken one, under the same order")
def swap_rental(id: str, given: SwapInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        vehicle: Vehicle | None = desk.find("vehicle", given.vehicle_id)
        if vehicle is None:
            raise NotFound(kind="vehicle", id=given.vehicle_id)
        refusals = desk.swap_refusals(own, vehicle)
        if refusals:
            raise RuleRefused(refusals)
        release_at = change.now + timedelta(seconds=desk.terms.no_show_s)
        after = rentals.swap(own, vehicle_id=vehicle.id, release_at=release_at)
        changes.change_calendar(
            after,
            lambda kept: rental_calendar.book(
                kept,
                desk.swap_slot(after, vehicle, release_at),
                stands_at=vehicle.home_site_id,
                now=desk.now,
                turnaround_s=desk.terms.turnaround_s,
            ),
        )
        return replace(after, until_at=max(after.until_at, change.now + timedelta(minutes=30)))

    return move(id, change, desk, type="rental.swapped", step=step, staff_only=True)


@router.post("/rentals/{id}:endBroken", summary="No other car: the order ends where the car broke down")
def end_broken(id: str, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        last = own.breakdowns[-1] if own.breakdowns else None
        record = ReturnRecord(
            at=change.now,
            by=change.viewer.person.id,
            site_id=own.from_site_id,
            lon_wgs84=0.0 if last is None else last.lon_wgs84,
            lat_wgs84=0.0 if last is None else last.lat_wgs84,
            breakdown=True,
        )
        after = rentals.end_broken(own, record)
        if after.state is RentalState.CANCELLED:
            changes.waits_again(own)
            changes.spend(own, committed_fen=own.quote.amount_fen, amount_fen=0)
        else:
            changes.change_request(own, trips.finish)
        return after

    return move(id, change, desk, type="rental.ended_broken", step=step, staff_only=True)


@router.post("/rentals/{id}:dispute", summary="Object to the return or the settlement")
def dispute_rental(id: str, given: DisputeInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)
    by: PersonId = change.viewer.person.id
    return move(
        id,
        change,
        desk,
        type="rental.disputed",
        step=lambda _changes, own: rentals.dispute(own, by=by, at=change.now, reason=given.reason),
    )


@router.post("/rentals/{id}:resolve", summary="End a dispute, with an adjustment where one is due")
def resolve_rental(id: str, given: ResolveInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(changes: Changes, own: Rental) -> Rental:
        changes.spend(own, committed_fen=0, amount_fen=given.adjustment_fen)
        return rentals.resolve(
            own,
            by=change.viewer.person.id,
            at=change.now,
            outcome=given.outcome,
            adjustment_fen=given.adjustment_fen,
        )

    return move(id, change, desk, type="rental.resolved", step=step, staff_only=True)


@router.post("/rentals/{id}:release", summary="Release a hold that has run out")
def release_rental(id: str, change: Change, services: Served) -> Response:
    """Holds lapse by themselves: whoever wants the car next releases them. This tells a lapsed order so at once."""
    desk = desk_of(services, change)
    return move(id, change, desk, type="rental.released", step=lambda changes, own: lapse(changes, own, desk=desk))
