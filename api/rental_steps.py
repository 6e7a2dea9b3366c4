"""One step of a rental order with what it changes elsewhere: the car's calendar, the request, the car, the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from api.access import REGISTRARS, access_document
from api.errors import Forbidden, RuleRefused
from api.idempotency import Effect, Writing, etag
from api.rental_desk import Desk, get_tariff
from api.services import LOCAL_ZONE
from fleet import rental_budgets, rental_calendar, rentals
from fleet import requests as trips
from fleet.documents import decode, encode
from fleet.ids import PersonId
from fleet.rental_accounts import fee_settlement
from fleet.rental_budgets import RentalBudget, rental_budget_id
from fleet.rental_calendar import RentalCalendar
from fleet.rentals import LIVE_STATES, Rental, RentalSettlement, RentalState
from fleet.requests import RequestState, TripRequest
from fleet.rules.refusals import Refusal
from fleet.store import Document, FleetStore, Write
from fleet.tariffs import no_show
from fleet.vehicles import Vehicle, VehicleState, take_out_of_service

OVER = frozenset({RentalState.CANCELLED, RentalState.EXPIRED, RentalState.NO_SHOW})


@dataclass
class Changes:
    """The writes of one commit, each document once, against the version that was read."""

    store: FleetStore
    _kept: dict[tuple[str, str], tuple[Any, int]] = field(default_factory=dict)
    _new: dict[tuple[str, str], Any] = field(default_factory=dict)

    def get(self, kind: str, id: str) -> Any:
        """The noun as this commit has it so far; None where there is none."""
        if (kind, id) in self._new:
            return self._new[kind, id]
        if (kind, id) not in self._kept:
            document = self.store.find(kind, id)
            read = (None, 0) if document is None else (decode(kind, document.body), document.version)
            self._kept[kind, id] = read
        return self._kept[kind, id][0]

    def know(self, kind: str, noun: Any, version: int) -> None:
        """Take what was read before: the commit is then held against that very version."""
        self._kept[kind, noun.id] = (noun if version else None, version)

    def put(self, kind: str, noun: Any) -> None:
        self.get(kind, noun.id)
        self._new[kind, noun.id] = noun

    def version_after(self, kind: str, id: str) -> int:
        self.get(kind, id)
        return self._kept[kind, id][1] + ((kind, id) in self._new)

    def writes(self) -> list[Write]:
        return [
            Write(kind=kind, id=id, expected_version=self._kept[kind, id][1], body=encode(noun))
            for (kind, id), noun in sorted(self._new.items(), key=lambda item: item[0])
            if noun != self._kept[kind, id][0]
        ]

    # -- what the steps have in common

    def change_calendar(self, rental: Rental, step: Callable[[RentalCalendar], RentalCalendar]) -> None:
        calendar = self.get("rental_calendar", rental.vehicle_id) or RentalCalendar(id=rental.vehicle_id)
        self.put("rental_calendar", step(calendar))

    def free_car(self, rental: Rental) -> None:
        self.change_calendar(rental, lambda own: rental_calendar.free(own, rental.id))

    def change_request(self, rental: Rental, step: Callable[[TripRequest], TripRequest]) -> None:
        request: TripRequest | None = self.get("request", rental.request_id)
        if request is not None:
            self.put("request", step(request))

    def waits_again(self, rental: Rental) -> None:
        """The order came to nothing: the request waits for a vehicle again, unless it was cancelled itself."""
        self.change_request(rental, lambda own: trips.withdraw(own) if own.state is RequestState.ASSIGNED else own)

    def spend(self, rental: Rental, *, committed_fen: int, amount_fen: int) -> None:
        """Move the order's money from committed to booked, where the unit has a budget."""
        year = rental.from_at.astimezone(LOCAL_ZONE).year
        budget: RentalBudget | None = self.get("rental_budget", rental_budget_id(rental.unit_id, year))
        if budget is not None:
            done = rental_budgets.book(budget, committed_fen=committed_fen, amount_fen=amount_fen)
            self.put("rental_budget", done)


def lapse(changes: Changes, rental: Rental, *, desk: Desk) -> Rental:
    """Release a hold that has run out, with its fee where it was booked."""
    fee: RentalSettlement | None = None
    if rental.state is not RentalState.HELD:
        bill = no_show(get_tariff(desk.store, rental.tariff_id))
        fee = fee_settlement(rental, bill, at=desk.now, by=PersonId("dispatch"), rules_on=desk.today)
    done = rentals.lapse(rental, now=desk.now, fee=fee)
    changes.put("rental", done)
    changes.free_car(rental)
    changes.waits_again(rental)
    changes.spend(rental, committed_fen=rental.quote.amount_fen, amount_fen=done.owed_fen)
    return done


def lapse_others(changes: Changes, calendar: RentalCalendar, *, desk: Desk) -> None:
    """Release the lapsed holds on a car that somebody else is about to take."""
    for slot in calendar.slots:
        if slot.lapsed(desk.now):
            own: Rental | None = changes.get("rental", slot.rental_id)
            if own is not None and rentals.has_lapsed(own, desk.now):
                lapse(changes, own, desk=desk)


def access_to_rental(change: Writing, store: FleetStore, id: str, *, staff_only: bool = False) -> Document:
    """Return an order that the caller may act on: the renter's own, or one of the region for a dispatcher."""
    document = access_document(change.viewer, store, "rental", id)
    own = document.body.get("renter_id") == change.viewer.person.id
    if own and not staff_only:
        return document
    if not change.viewer.has(REGISTRARS):
        raise Forbidden(needs=sorted(REGISTRARS))
    change.viewer.require_region(str(document.body.get("region") or ""))
    return document


def show_rental(rental: Rental, version: int, store: FleetStore, now: datetime) -> dict[str, Any]:
    """An order as callers see it, with the car's plate and whether its hold has run out unnoticed."""
    vehicle = store.find("vehicle", rental.vehicle_id)
    return {
        **encode(rental),
        "version": version,
        "plate": "" if vehicle is None else vehicle.body["plate"],
        "owed_fen": rental.owed_fen,
        "lapsed": rentals.has_lapsed(rental, now),
    }


def move(
    id: str,
    change: Writing,
    desk: Desk,
    *,
    type: str,
    step: Callable[[Changes, Rental], Rental],
    staff_only: bool = False,
    data: Mapping[str, Any] | None = None,
) -> Response:
    """Apply a step to an order; a hold that has run out meanwhile is released instead, and the caller is told."""

    def effect() -> Effect:
        document = access_to_rental(change, desk.store, id, staff_only=staff_only)
        change.check_match(document)
        before: Rental = decode("rental", document.body)
        changes = Changes(store=desk.store)
        changes.get("rental", id)
        after = step(changes, before)
        changes.put("rental", after)
        version = changes.version_after("rental", id)
        return Effect(
            type=type,
            region=after.region,
            writes=changes.writes(),
            status=200,
            body=show_rental(after, version, desk.store, desk.now),
            headers={"ETag": etag(version)},
            data=dict(data or {}),
        )

    return change.perform(effect)


def after_return(vehicle: Vehicle, rental: Rental) -> Vehicle:
    """The car as it stands after its last leg: reading, charge, and the point where it is now."""
    last = rental.legs[-1].given_back
    if last is None:
        return vehicle
    battery = vehicle.battery
    if battery is not None:
        battery = replace(battery, charge_wh=round(last.charge_frac * battery.capacity_wh))
    site_id = vehicle.home_site_id if rental.returned is None or rental.returned.breakdown else rental.returned.site_id
    return replace(vehicle, odometer_m=max(vehicle.odometer_m, last.odometer_m), battery=battery, home_site_id=site_id)


def out_of_service(vehicle: Vehicle) -> Vehicle:
    """A broken car is let to nobody until it is back in service."""
    return vehicle if vehicle.state is not VehicleState.AVAILABLE else take_out_of_service(vehicle)


def refuse_while_rented(store: FleetStore, request_id: str) -> None:
    """A request with an order that is not over is cancelled through the order: only so is the car free again.

    Raises
    ------
    RuleRefused
        With the order's id (R086).
    """
    for document in store.list("rental", where=("request_id", request_id), limit=200).documents:
        if document.body["state"] in LIVE_STATES:
            raise RuleRefused(
                [
                    Refusal(
                        rule_id="R086",
                        code="has_rental",
                        message_zh=f"该申请有租赁订单{document.id}，请先取消订单",
                        message_en=f"the request has the order {document.id}: cancel that first",
                        detail={"rental": document.id},
                    )
                ]
            )
