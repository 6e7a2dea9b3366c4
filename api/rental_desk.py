"""The desk of time-share rental: which car, under which rules, at which price. Everything here reads; the routes commit.

A hold is offered when the request is approved and has no order yet, the reason is one of the province's, the retained cars
were tried and cannot serve, the provider may be booked, and a car that obeys its own rules stands at the point for that time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, TypeVar

from api.errors import RuleRefused
from api.problems import FieldError, InvalidInput
from api.services import LOCAL_ZONE
from api.wording import Text
from dispatch.legs import Roads
from dispatch.policy import DispatchPolicy
from dispatch.retained import try_retained
from dispatch.snapshot import as_point
from fleet.documents import decode
from fleet.ids import ProviderId, RentalId, SiteId, TariffId, VehicleId
from fleet.providers import Provider, ProviderFeed, SupportMode
from fleet.rental_accounts import month_of
from fleet.rental_audit import nev_orders
from fleet.rental_budgets import RentalBudget, rental_budget_id
from fleet.rental_calendar import RentalCalendar, Slot, conflict
from fleet.rental_points import RentalPoint
from fleet.rentals import LIVE_STATES, FailedStep, Infeasibility, Means, Rental
from fleet.requests import TripKind, TripRequest
from fleet.rules import rental_checks
from fleet.rules.budgets import BudgetAnswer, BudgetState, check_budget
from fleet.rules.energy import reserve_refusal
from fleet.rules.load import load
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.rules.rentals import eligibility_refusal, reason_refusal, vehicle_refusal
from fleet.sites import Site
from fleet.store import FleetStore
from fleet.tariffs import Bill, RentalTariff, RentalUse, bill
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle, VehicleState
from routing.engine import MILD
from routing.matrix import UNREACHABLE
from routing.profiles import PROFILES

_Noun = TypeVar("_Noun")


@dataclass(frozen=True, kw_only=True)
class RentalTerms:
    """Times of the desk, each an assumption of ours that an office is expected to set.

    ``hold_s``: how long an unconfirmed hold keeps the car. ``no_show_s``: how long a booked car waits after the agreed start.
    ``early_s``: how long before it the car may be looked over. ``turnaround_s``: pause between two renters. ``token_s``:
    how long an unlock token opens the car. ``temporary_days``, ``short_days``: lengths of the joint standard's classes
    (its text was not at hand, R101). ``same_person_most``: rentals of one car by one person in 30 days before somebody
    looks at it (R154).
    """

    hold_s: int = 900
    no_show_s: int = 1_800
    early_s: int = 900
    turnaround_s: int = 600
    token_s: int = 300
    temporary_days: int = 7
    short_days: int = 30
    same_person_most: int = 8


TERMS = RentalTerms()


@dataclass(frozen=True, kw_only=True)
class RentalAsk:
    """What a renter wants, with the facts behind it."""

    request: TripRequest
    unit: Unit
    from_site: Site
    to_site: Site
    from_at: datetime
    until_at: datetime
    reason: str
    reason_text: str
    public_transport: str
    form: str
    expected_m: int | None
    vehicle_id: VehicleId | None


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """An ask that passed everything that does not depend on the car."""

    ask: RentalAsk
    view: RuleView
    proof: Infeasibility


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A car for an ask, with its price. ``calendar_version`` is that which the hold is written against."""

    vehicle: Vehicle
    provider: Provider
    tariff: RentalTariff
    calendar: RentalCalendar
    calendar_version: int
    slot: Slot
    quote: Bill
    expected_m: int
    expected_wh: int


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The store and the roads at one instant."""

    store: FleetStore
    roads: Roads
    now: datetime
    terms: RentalTerms = TERMS

    @property
    def today(self) -> date:
        return self.now.astimezone(LOCAL_ZONE).date()

    def view(self, region: str) -> RuleView:
        return load().at(self.today, region)

    def find(self, kind: str, id: str) -> Any:
        document = self.store.find(kind, id)
        return None if document is None else decode(kind, document.body)

    def every(self, kind: str, where: tuple[str, str] | None = None) -> Iterator[Any]:
        after = ""
        while True:
            page = self.store.list(kind, where=where, after=after)
            for document in page.documents:
                yield decode(kind, document.body)
            if page.next_after is None:
                return
            after = page.next_after

    # -- reading

    def point_of(self, site: Site) -> RentalPoint:
        """The rental point at a site; a site marked as one without further words is open day and night."""
        found: RentalPoint | None = self.find("rental_point", site.id)
        return found or RentalPoint(id=site.id, region=site.region)

    def get_site(self, id: str, field: str) -> Site:
        """Return a rental point's site; raises :class:`InvalidInput` for one that is none."""
        site: Site | None = self.find("site", id)
        if site is None or not site.rental_point:
            raise InvalidInput(
                [
                    FieldError(
                        field=field,
                        value=id,
                        message=Text("不是租车网点", "not a rental point"),
                        remedy=Text("网点清单见 /v1/rentalPoints", "/v1/rentalPoints lists them"),
                    )
                ]
            )
        return site

    def list_cars(self, site_id: SiteId) -> tuple[Vehicle, ...]:
        """Rental cars in service that stand at, or belong to, a point."""
        cars: Iterator[Vehicle] = self.every("vehicle", ("home_site_id", site_id))
        return tuple(
            own for own in cars if own.duty is Duty.RENTAL and own.self_drive and own.state is VehicleState.AVAILABLE
        )

    def calendar_of(self, vehicle_id: VehicleId) -> tuple[RentalCalendar, int]:
        """The car's calendar with its version; an empty one at version 0 before the first hold."""
        document = self.store.find("rental_calendar", vehicle_id)
        if document is None:
            return RentalCalendar(id=vehicle_id), 0
        return decode("rental_calendar", document.body), document.version

    def find_live(self, request_id: str) -> Rental | None:
        """The order that stands on a request and is not over."""
        for own in self.every("rental", ("request_id", request_id)):
            if own.state in LIVE_STATES:
                found: Rental = own
                return found
        return None

    def budget_of(self, unit: Unit, at: datetime) -> tuple[RentalBudget | None, int]:
        document = self.store.find("rental_budget", rental_budget_id(unit.id, at.astimezone(LOCAL_ZONE).year))
        return (None, 0) if document is None else (decode("rental_budget", document.body), document.version)

    def tariff_for(self, provider_id: ProviderId, day: date) -> RentalTariff | None:
        """The provider's tariff of a day, the one valid from the latest day on."""
        valid = [own for own in self.every("rental_tariff", ("provider_id", provider_id)) if own.holds_on(day)]
        return max(valid, key=lambda own: (own.valid_from, own.id), default=None)

    def paid_year_fen(self, rental: Rental) -> int:
        """Time and distance that the unit's settled orders on this car cost in the year of the return (R098)."""
        year = (rental.returned.at if rental.returned else self.now).astimezone(LOCAL_ZONE).year
        total = 0
        for own in self.every("rental", ("vehicle_id", rental.vehicle_id)):
            if own.id == rental.id or own.unit_id != rental.unit_id or own.settlement is None:
                continue
            if own.settlement.end_at.astimezone(LOCAL_ZONE).year == year:
                total += own.settlement.bill.capped_fen
        return total

    # -- judging

    def clear(self, ask: RentalAsk) -> Cleared:
        """Judge what does not depend on the car.

        Raises
        ------
        RuleRefused
            With everything that stands against it.
        """
        view = self.view(ask.unit.region)
        live = self.find_live(ask.request.id)
        found = [
            rental_checks.matter_refusal(ask.request, live_rental_id="" if live is None else live.id),
            reason_refusal(view, ask.reason),
            rental_checks.mode_refusal(view, SupportMode.TIME_SHARE_RENTAL),
            rental_checks.form_refusal(ask.form),
            self._opening(ask.from_site, ask.from_at),
            self._opening(ask.to_site, ask.until_at),
        ]
        _raise(found)
        proof = self._prove(ask, view)
        _raise(
            [
                eligibility_refusal(view, reason=ask.reason, infeasibility_record=proof.checked_at.isoformat()),
                rental_checks.order_refusal(view, [step.means for step in proof.steps]),
            ]
        )
        return Cleared(ask=ask, view=view, proof=proof)

    def _prove(self, ask: RentalAsk, view: RuleView) -> Infeasibility:
        """The record that retained cars, and in Sichuan public transport, cannot serve; raises if they can."""
        answer = try_retained(self.store, self.roads, ask.request, now=self.now)
        if answer.forbidden:
            raise RuleRefused([_forbidden(rule) for rule in answer.forbidden])
        if answer.offer is not None or answer.proof is None:
            refusal = eligibility_refusal(view, reason=ask.reason, infeasibility_record="")
            offer = answer.offer
            when = "" if offer is None or offer.pickup_earliest_at is None else offer.pickup_earliest_at.isoformat()
            if refusal is not None:
                refusal = replace(
                    refusal,
                    message_zh="保留车辆可以满足该出行，请先派保留车辆",
                    message_en="a retained vehicle can carry this trip: that comes first",
                    detail={"pickup_at": when, "tier": 0 if offer is None or offer.tier is None else offer.tier},
                )
            raise RuleRefused([refusal] if refusal is not None else [])
        steps = answer.proof.steps or (FailedStep(means=Means.OWN, cause="NO_VEHICLE"),)
        if ask.public_transport.strip():
            steps += (FailedStep(means=Means.PUBLIC_TRANSPORT, cause=ask.public_transport.strip()),)
        return replace(answer.proof, steps=steps)

    def _opening(self, site: Site, at: datetime) -> Refusal | None:
        point = self.point_of(site)
        if point.is_open(at):
            return None
        clock = at.astimezone(LOCAL_ZONE).strftime("%H:%M")
        return Refusal(
            rule_id="R087",
            code="point_closed",
            message_zh=f"网点{site.name}在{clock}不营业",
            message_en=f"the point {site.name} is closed at {clock}",
            detail={"site": site.id},
        )

    def offer(self, cleared: Cleared) -> Offer:
        """Choose a car for an ask: the one named, else any at the point, spread over the cars by the request's id.

        Raises
        ------
        RuleRefused
            If no car can be had, with what stands against the one that came nearest.
        """
        ask = cleared.ask
        if ask.vehicle_id is not None:
            named: Vehicle | None = self.find("vehicle", ask.vehicle_id)
            cars: Sequence[Vehicle] = () if named is None or named.duty is not Duty.RENTAL else (named,)
        else:
            cars = sorted(self.list_cars(ask.from_site.id), key=lambda own: _spread(ask.request.id, own.id))
        providers: dict[ProviderId | None, tuple[Provider | None, RentalTariff | None, list[Refusal]]] = {}
        legs: dict[str, tuple[int, int]] = {}
        worst: list[list[Refusal]] = []
        for vehicle in cars:
            if vehicle.provider_id not in providers:
                providers[vehicle.provider_id] = self._provider(vehicle.provider_id, cleared.view)
            provider, tariff, refusals = providers[vehicle.provider_id]
            found = list(refusals)
            if vehicle.profile not in legs:
                legs[vehicle.profile] = self._way(ask, vehicle)
            expected_m, expected_wh = legs[vehicle.profile]
            found += self._car_refusals(cleared, vehicle, expected_wh)
            calendar, version = self.calendar_of(vehicle.id)
            slot = Slot(
                rental_id=RentalId("new"),
                from_at=ask.from_at,
                until_at=ask.until_at,
                from_site_id=ask.from_site.id,
                to_site_id=ask.to_site.id,
                release_at=self.now + timedelta(seconds=self.terms.hold_s),
                need_wh=expected_wh,
            )
            code, other = conflict(
                calendar,
                slot,
                stands_at=vehicle.home_site_id,
                now=self.now,
                turnaround_s=self.terms.turnaround_s,
            )
            if code:
                found.append(self._taken(ask, vehicle, code, other))
            if self._is_planned(vehicle.id, ask):
                found.append(self._taken(ask, vehicle, "taken", None))
            if found or provider is None or tariff is None:
                worst.append(found)
                continue
            return Offer(
                vehicle=vehicle,
                provider=provider,
                tariff=tariff,
                calendar=calendar,
                calendar_version=version,
                slot=slot,
                quote=planned_bill(tariff, ask.from_at, ask.until_at, expected_m, expected_wh, one_way=_one_way(ask)),
                expected_m=expected_m,
                expected_wh=expected_wh,
            )
        raise RuleRefused(min(worst, key=len, default=[self._no_car(ask)]) or [self._no_car(ask)])

    def _provider(
        self, id: ProviderId | None, view: RuleView
    ) -> tuple[Provider | None, RentalTariff | None, list[Refusal]]:
        provider: Provider | None = None if id is None else self.find("provider", id)
        if provider is None:
            return None, None, [_no_provider()]
        feed: ProviderFeed | None = self.find("provider_feed", provider.id)
        tariff = self.tariff_for(provider.id, self.today)
        found = [
            rental_checks.contract_refusal(view, provider, SupportMode.TIME_SHARE_RENTAL),
            rental_checks.provider_kind_refusal(view, provider, with_driver=False),
            rental_checks.feed_refusal(view, provider, feed, now=self.now),
            None if tariff is not None else _no_tariff(provider),
        ]
        return provider, tariff, [own for own in found if own is not None]

    def _car_refusals(self, cleared: Cleared, vehicle: Vehicle, expected_wh: int) -> list[Refusal]:
        view, ask = cleared.view, cleared.ask
        found = [
            vehicle_refusal(view, vehicle),
            rental_checks.rented_standard_refusal(view, vehicle),
            self._share(view, vehicle, ask),
            self._energy(view, vehicle, ask, expected_wh),
        ]
        if ask.request.passengers > vehicle.seats + 1:
            found.append(_too_small(vehicle))
        return [own for own in found if own is not None]

    def _share(self, view: RuleView, vehicle: Vehicle, ask: RentalAsk) -> Refusal | None:
        if vehicle.energy.is_nev or view.find("R094.nev_share") is None:
            return None
        orders = nev_orders(self.every("rental", ("region", ask.unit.region)))
        nev_count, all_count = orders.get((ask.unit.region, month_of(ask.from_at)), (0, 0))
        return rental_checks.share_refusal(view, vehicle, nev_count=nev_count, all_count=all_count)

    def _energy(self, view: RuleView, vehicle: Vehicle, ask: RentalAsk, expected_wh: int) -> Refusal | None:
        """The charge at the start, with what the point's charger adds until then, less the trip, keeps the reserve (R063)."""
        if vehicle.battery is None:
            return None
        powers = [group.power_w for group in ask.from_site.charge_groups if group.points > 0 and not group.dc]
        idle_s = max(0.0, (ask.from_at - self.now).total_seconds())
        gain_wh = int(min(max(powers, default=0), vehicle.battery.max_ac_w) * idle_s / 3_600)
        arrival_wh = min(vehicle.battery.capacity_wh, vehicle.battery.charge_wh + gain_wh) - expected_wh
        return reserve_refusal(view, charge_wh=arrival_wh, capacity_wh=vehicle.battery.capacity_wh)

    def _taken(self, ask: RentalAsk, vehicle: Vehicle, code: str, other: Slot | None) -> Refusal:
        own: Rental | None = None if other is None else self.find("rental", other.rental_id)
        same_unit = own is not None and own.unit_id == ask.unit.id
        return rental_checks.taken_refusal(vehicle, other, code=code, same_unit=same_unit)

    def taken_by(self, rental: Rental, vehicle: Vehicle, code: str, other: Slot | None) -> Refusal:
        """Why an order cannot have its car longer, or another car."""
        own: Rental | None = None if other is None else self.find("rental", other.rental_id)
        same_unit = own is not None and own.unit_id == rental.unit_id
        return rental_checks.taken_refusal(vehicle, other, code=code, same_unit=same_unit)

    def feed_lost(self, rental: Rental, provider: Provider, feed: ProviderFeed | None) -> bool:
        """Whether the provider's platform is silent, so that nobody confirms a return (R090)."""
        return rental_checks.feed_refusal(self.view(rental.region), provider, feed, now=self.now) is not None

    def swap_slot(self, rental: Rental, vehicle: Vehicle, release_at: datetime) -> Slot:
        """The time of a replacement car: from now to the agreed end, half an hour at least."""
        return Slot(
            rental_id=rental.id,
            from_at=self.now,
            until_at=max(rental.until_at, self.now + timedelta(minutes=30)),
            from_site_id=vehicle.home_site_id,
            to_site_id=rental.to_site_id,
            release_at=release_at if rental.taken_at is None else None,
        )

    def swap_refusals(self, rental: Rental, vehicle: Vehicle) -> list[Refusal]:
        """What stands against a replacement car: another provider's, no rental car, out of service, taken."""
        view = self.view(rental.region)
        found = [vehicle_refusal(view, vehicle), rental_checks.rented_standard_refusal(view, vehicle)]
        wrong = vehicle.provider_id != rental.provider_id or vehicle.duty is not Duty.RENTAL
        if wrong or vehicle.state is not VehicleState.AVAILABLE:
            found.append(_not_for_swap(vehicle))
        calendar, _ = self.calendar_of(vehicle.id)
        code, other = conflict(
            calendar,
            self.swap_slot(rental, vehicle, self.now + timedelta(seconds=self.terms.no_show_s)),
            stands_at=vehicle.home_site_id,
            now=self.now,
            turnaround_s=self.terms.turnaround_s,
        )
        if code:
            found.append(self.taken_by(rental, vehicle, code, other))
        return [own for own in found if own is not None]

    def _is_planned(self, vehicle_id: VehicleId, ask: RentalAsk) -> bool:
        """Whether dispatch has given the car to another request in that time."""
        day = ask.from_at.astimezone(LOCAL_ZONE).date().isoformat()
        itinerary = self.find("itinerary", f"I-{day}-{vehicle_id}")
        if itinerary is None:
            return False
        busy = [stop for stop in itinerary.stops if stop.request_id not in (None, ask.request.id)]
        return bool(busy) and busy[0].begin_at < ask.until_at and ask.from_at < busy[-1].depart_at

    def _no_car(self, ask: RentalAsk) -> Refusal:
        return Refusal(
            rule_id="R087",
            code="no_car",
            message_zh=f"网点{ask.from_site.name}没有可租车辆",
            message_en=f"no rental car stands at {ask.from_site.name}",
            detail={"site": ask.from_site.id},
        )

    def _way(self, ask: RentalAsk, vehicle: Vehicle) -> tuple[int, int]:
        """Metres and Wh from the point over the request's stops to the point of return; a stated distance goes before."""
        if ask.expected_m is not None:
            return ask.expected_m, ask.expected_m * _WH_PER_KM // 1_000
        stops = ask.request.stops if ask.request.kind is not TripKind.RENTAL else ()
        points = [
            as_point(ask.from_site.lon_wgs84, ask.from_site.lat_wgs84),
            *(as_point(stop.lon_wgs84, stop.lat_wgs84) for stop in stops),
            as_point(ask.to_site.lon_wgs84, ask.to_site.lat_wgs84),
        ]
        unique = list(dict.fromkeys(points))
        limit_m = DispatchPolicy().access_limit_m
        profile = PROFILES[vehicle.profile]
        matrix = self.roads.matrix(unique, profile, access_limit_m=limit_m, conditions=MILD)
        metres = wh = 0
        for a, b in pairwise(points):
            pair = unique.index(a), unique.index(b)
            if matrix.drive_s[pair] != UNREACHABLE:
                metres += int(matrix.drive_m[pair])
                wh += int(matrix.drive_wh[pair])
        return metres, max(0, wh)

    def check_budget(self, unit: Unit, quote: Bill, ask: RentalAsk) -> BudgetAnswer | None:
        """Where the unit's budget of the year stands with this order (R131); None where it has none."""
        budget, _ = self.budget_of(unit, ask.from_at)
        if budget is None:
            return None
        return check_budget(
            self.view(unit.region),
            cap_fen=budget.cap_fen,
            booked_fen=budget.booked_fen,
            committed_fen=budget.committed_fen,
            trip_fen=quote.amount_fen,
            priority=ask.request.priority,
        )


_WH_PER_KM = 160
"""Mixed consumption of a compact battery car where no way is known: inside the 136-200 Wh/km of rule R064."""


def planned_bill(
    tariff: RentalTariff, from_at: datetime, until_at: datetime, expected_m: int, expected_wh: int, *, one_way: bool
) -> Bill:
    """The quote: the bill of the planned use. The year's cap is left aside, which can only make the real one cheaper."""
    use = RentalUse(
        begin_at=from_at,
        end_at=until_at,
        agreed_end_at=until_at,
        drive_m=expected_m,
        used_wh=expected_wh,
        one_way=one_way,
    )
    return bill(tariff, use)


def over_budget(answer: BudgetAnswer | None) -> Refusal | None:
    """The refusal of an order above the year's cap; a planner's approval lifts it."""
    if answer is None or answer.state is not BudgetState.NEEDS_APPROVAL:
        return None
    return Refusal(
        rule_id="R131",
        code="over_budget",
        message_zh=answer.message_zh,
        message_en=answer.message_en,
        detail={"cap_fen": answer.cap_fen, "excess_fen": answer.excess_fen},
    )


def _raise(found: Sequence[Refusal | None]) -> None:
    refusals = [own for own in found if own is not None]
    if refusals:
        raise RuleRefused(refusals)


def _spread(request_id: str, vehicle_id: str) -> str:
    """An order of cars that differs from request to request, so that many at once do not all reach for the same one."""
    return sha256(f"{request_id}/{vehicle_id}".encode()).hexdigest()


def _one_way(ask: RentalAsk) -> bool:
    return ask.from_site.id != ask.to_site.id


def _forbidden(rule_id: str) -> Refusal:
    return Refusal(
        rule_id=rule_id,
        code="trip_forbidden",
        message_zh="该出行本身不被允许，租车也不行",
        message_en="the trip itself is not allowed, by rental neither",
    )


def _no_provider() -> Refusal:
    return Refusal(
        rule_id="R097",
        code="no_provider",
        message_zh="该车未登记供应商",
        message_en="the car belongs to no registered provider",
    )


def _no_tariff(provider: Provider) -> Refusal:
    return Refusal(
        rule_id="R097",
        code="no_tariff",
        message_zh=f"{provider.name}没有当日有效的价目",
        message_en=f"{provider.name} has no tariff that holds today",
        detail={"provider": provider.id},
    )


def _not_for_swap(vehicle: Vehicle) -> Refusal:
    return Refusal(
        rule_id="R087",
        code="not_for_swap",
        message_zh=f"{vehicle.plate}不是同一供应商的可租车辆",
        message_en=f"{vehicle.plate} is no rental car of the same provider in service",
        detail={"vehicle": vehicle.id},
    )


def _too_small(vehicle: Vehicle) -> Refusal:
    return Refusal(
        rule_id="R087",
        code="too_small",
        message_zh=f"{vehicle.plate}座位不足",
        message_en=f"{vehicle.plate} has too few seats",
        detail={"vehicle": vehicle.id, "seats": vehicle.seats},
    )


def get_tariff(store: FleetStore, id: TariffId) -> RentalTariff:
    """Return a tariff; raises :class:`fleet.errors.NotFound`."""
    tariff: RentalTariff = decode("rental_tariff", store.get("rental_tariff", id).body)
    return tariff
