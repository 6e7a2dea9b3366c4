r"""Time-share rental orders: one matter one rental, one rental one return, one return one settlement (R086-R088).

An order is held, its renter's licence is checked, the car is inspected and unlocked, used, returned and settled. Each step is a
pure function from an order to an order; a step that the present state does not allow raises, so that no sequence of calls can
skip the return or settle twice::

    held -> booked -> inspected -> in_use -> returned -> settled
      |       |          |           |           \\          \\
    expired  no_show   cancelled   broken_down    disputed <-> (back to where it was)
                                     |  \\
                                  booked  returned (no other car)

What other documents change in the same commit (the car's calendar, the request, the budget) is said in the routes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import PersonId, ProviderId, RegionCode, RentalId, RequestId, SiteId, TariffId, UnitId, VehicleId
from fleet.tariffs import Bill

_DIGEST = re.compile(r"^[0-9a-f]{64}$")

#: Licence classes with which a car of up to nine seats may be driven (GA/T 16 codes; C2: automatic only).
CAR_LICENCES = frozenset({"A1", "A2", "A3", "B1", "B2", "C1", "C2"})


class RentalState(StrEnum):
    HELD = "held"
    BOOKED = "booked"
    INSPECTED = "inspected"
    IN_USE = "in_use"
    BROKEN_DOWN = "broken_down"
    RETURNED = "returned"
    DISPUTED = "disputed"
    SETTLED = "settled"
    EXPIRED = "expired"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


#: states in which the order has a car kept for it
LIVE_STATES = frozenset(
    {RentalState.HELD, RentalState.BOOKED, RentalState.INSPECTED, RentalState.IN_USE, RentalState.BROKEN_DOWN}
)


class RentalClass(StrEnum):
    """Classes of DB50/T 10004 = DB51/T 10004 by length (R101): 临时, 短期, 长期租赁. The day limits are parameters."""

    TEMPORARY = "temporary_rental"
    SHORT = "short_rental"
    LONG = "long_rental"


class Means(StrEnum):
    """The means of a trip in their order (R069, R093)."""

    OWN = "own"
    POOLED = "pooled"
    PUBLIC_TRANSPORT = "public_transport"
    TIME_SHARE = "time_share"
    HIRED = "hired"


@dataclass(frozen=True, kw_only=True)
class FailedStep:
    """A higher means that could not serve, and why. ``count`` is how many vehicles the cause holds for."""

    means: Means
    cause: str
    count: int = 0
    proven: bool = False


@dataclass(frozen=True, kw_only=True)
class Infeasibility:
    """The stored proof that the means before time-share could not serve this trip (R085, R093).

    ``plan_id`` names the plan whose solution left the request unserved, if one did; ``problem_digest`` is that of the
    problem solved, so that the proof can be worked out again.
    """

    checked_at: datetime
    steps: tuple[FailedStep, ...]
    vehicles_count: int
    plan_id: str = ""
    problem_digest: str = ""


@dataclass(frozen=True, kw_only=True)
class LicenceCheck:
    """The renter's driving licence, seen by a person or a register. No number is kept, only its class and last valid day."""

    by: PersonId
    at: datetime
    licence: str
    valid_until: date

    def __post_init__(self) -> None:
        if self.licence not in CAR_LICENCES:
            raise InvalidFact(
                kind="rental", id="", field="licence", value=self.licence, remedy="one of A1, A2, A3, B1, B2, C1, C2"
            )


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The car at handover or return: readings, photographs by their SHA-256, damage in words."""

    at: datetime
    by: PersonId
    odometer_m: int
    charge_frac: float
    photos: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        def refuse(field: str, value: object, remedy: str) -> InvalidFact:
            return InvalidFact(kind="rental", id="", field=field, value=value, remedy=remedy)

        if self.odometer_m < 0:
            raise refuse("odometer_m", self.odometer_m, "zero or more")
        if not 0 <= self.charge_frac <= 1:
            raise refuse("charge_frac", self.charge_frac, "from 0 to 1")
        if not self.photos or any(not _DIGEST.match(photo) for photo in self.photos):
            raise refuse(
                "photos", list(self.photos), "at least one photograph, each by its SHA-256 in 64 hexadecimal digits"
            )


@dataclass(frozen=True, kw_only=True)
class CarLeg:
    """One car's part in an order: a second one only after a breakdown. ``charged_wh`` is what the renter charged on the way."""

    vehicle_id: VehicleId
    handover: Inspection | None = None
    taken_at: datetime | None = None
    given_back: Inspection | None = None
    charged_wh: int = 0

    @property
    def drive_m(self) -> int:
        """Metres by the odometer; 0 while the car is not back or was never taken."""
        if self.taken_at is None or self.handover is None or self.given_back is None:
            return 0
        return self.given_back.odometer_m - self.handover.odometer_m

    def used_wh(self, capacity_wh: int) -> int:
        """Energy by the states of charge at both ends and what was charged between, never below zero."""
        if self.taken_at is None or self.handover is None or self.given_back is None:
            return 0
        fell = round((self.handover.charge_frac - self.given_back.charge_frac) * capacity_wh)
        return max(0, fell + self.charged_wh)


@dataclass(frozen=True, kw_only=True)
class Unlock:
    """A token that opens the car: only its SHA-256 is kept."""

    token_digest: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Extension:
    """The agreed end moved on."""

    at: datetime
    from_until_at: datetime
    until_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReturnRecord:
    """Where and when the car came back (R087); ``feed_lost`` where the provider's platform did not confirm it."""

    at: datetime
    by: PersonId
    site_id: SiteId
    lon_wgs84: float
    lat_wgs84: float
    feed_lost: bool = False
    breakdown: bool = False


@dataclass(frozen=True, kw_only=True)
class RentalSettlement:
    """What is owed, once: the bill with the tariff and rules it was made by, and the budget line that pays (R088).

    ``drive_m`` and ``used_wh`` with ``begin_at`` and ``end_at`` are the whole input of the bill beside the tariff;
    ``paid_year_fen`` and ``incentive_fen`` the rest of it.
    """

    at: datetime
    by: PersonId
    bill: Bill
    begin_at: datetime
    end_at: datetime
    drive_m: int
    used_wh: int
    paid_year_fen: int
    incentive_fen: int
    rules_on: date
    budget_line: str
    one_way: bool = False


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """An objection and its end. ``adjustment_fen`` is added to the settlement's amount (below zero: a credit)."""

    raised_at: datetime
    raised_by: PersonId
    reason: str
    returns_to: RentalState
    resolved_at: datetime | None = None
    resolved_by: PersonId | None = None
    outcome: str = ""
    adjustment_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    at: datetime
    reported_by: PersonId
    vehicle_id: VehicleId
    what: str
    lon_wgs84: float
    lat_wgs84: float


@dataclass(frozen=True, kw_only=True)
class Rental:
    """One order. ``vehicle_id`` is the present car, ``from_at`` and ``until_at`` the agreed time, ``release_at`` its lapse.

    ``reason`` is a code of the province (R103), ``proof`` the failed higher steps (R085, R093), ``quote`` the bill of the
    planned use.
    """

    id: RentalId
    request_id: RequestId
    unit_id: UnitId
    region: RegionCode
    renter_id: PersonId
    provider_id: ProviderId
    tariff_id: TariffId
    vehicle_id: VehicleId
    rental_class: RentalClass
    form: str
    reason: str
    reason_text: str
    proof: Infeasibility
    from_site_id: SiteId
    to_site_id: SiteId
    from_at: datetime
    until_at: datetime
    expected_m: int
    expected_wh: int
    quote: Bill
    budget_line: str
    held_at: datetime
    release_at: datetime | None
    new_energy: bool
    incentive_fen: int = 0
    state: RentalState = RentalState.HELD
    licence: LicenceCheck | None = None
    legs: tuple[CarLeg, ...] = ()
    unlock: Unlock | None = None
    extensions: tuple[Extension, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    returned: ReturnRecord | None = None
    settlement: RentalSettlement | None = None
    disputes: tuple[Dispute, ...] = ()
    closed_reason: str = ""

    def __post_init__(self) -> None:
        if self.until_at <= self.from_at:
            raise InvalidFact(
                kind="rental", id=self.id, field="until_at", value=self.until_at.isoformat(), remedy="after from_at"
            )
        if self.state is RentalState.SETTLED and (self.settlement is None or self.returned is None):
            raise InvalidFact(
                kind="rental", id=self.id, field="settlement", value=None, remedy="R088: a return and one settlement"
            )

    @property
    def taken_at(self) -> datetime | None:
        """When the renter first had a car."""
        return min((leg.taken_at for leg in self.legs if leg.taken_at is not None), default=None)

    @property
    def drive_m(self) -> int:
        """Metres of all cars of the order, by odometer."""
        return sum(leg.drive_m for leg in self.legs)

    @property
    def owed_fen(self) -> int:
        """What the unit owes in the end: the settlement and the adjustments of resolved disputes; 0 without a settlement."""
        if self.settlement is None:
            return 0
        return self.settlement.bill.amount_fen + sum(own.adjustment_fen for own in self.disputes)


def _require(rental: Rental, action: str, *allowed: RentalState) -> None:
    if rental.state not in allowed:
        raise IllegalTransition(kind="rental", id=rental.id, state=rental.state, action=action)


def _not_lapsed(rental: Rental, action: str, at: datetime) -> None:
    if rental.release_at is not None and rental.release_at <= at:
        raise IllegalTransition(kind="rental", id=rental.id, state="lapsed", action=action)


def _at(rental: Rental, field: str, value: object, remedy: str) -> InvalidFact:
    return InvalidFact(kind="rental", id=rental.id, field=field, value=value, remedy=remedy)


def has_lapsed(rental: Rental, now: datetime) -> bool:
    """Whether the hold has run out without anybody having been told: nobody came, or nobody showed a licence."""
    waiting = rental.state in (RentalState.HELD, RentalState.BOOKED, RentalState.INSPECTED) and rental.taken_at is None
    return waiting and rental.release_at is not None and rental.release_at <= now


def check_licence(rental: Rental, check: LicenceCheck, *, no_show_s: int) -> Rental:
    """The licence was seen: the booking stands until ``no_show_s`` after its start (or after now, if that is later)."""
    _require(rental, "check_licence", RentalState.HELD)
    _not_lapsed(rental, "check_licence", check.at)
    if check.valid_until < rental.until_at.astimezone(check.at.tzinfo).date():
        raise _at(rental, "valid_until", check.valid_until.isoformat(), "valid through the whole rental")
    release_at = max(rental.from_at, check.at) + timedelta(seconds=no_show_s)
    return replace(rental, state=RentalState.BOOKED, licence=check, release_at=release_at)


def inspect(rental: Rental, inspection: Inspection, *, early_s: int) -> Rental:
    """The renter looks over the car before taking it, at most ``early_s`` before the agreed start."""
    _require(rental, "inspect", RentalState.BOOKED)
    _not_lapsed(rental, "inspect", inspection.at)
    if inspection.at < rental.from_at - timedelta(seconds=early_s):
        raise _at(rental, "at", inspection.at.isoformat(), "near the agreed start")
    leg = CarLeg(vehicle_id=rental.vehicle_id, handover=inspection)
    return replace(rental, state=RentalState.INSPECTED, legs=(*rental.legs, leg))


def unlock(rental: Rental, token: Unlock) -> Rental:
    """The car is opened and the use begins."""
    _require(rental, "unlock", RentalState.INSPECTED)
    _not_lapsed(rental, "unlock", token.issued_at)
    last = rental.legs[-1]
    if last.handover is None or token.issued_at < last.handover.at:
        raise _at(rental, "issued_at", token.issued_at.isoformat(), "after the inspection")
    legs = (*rental.legs[:-1], replace(last, taken_at=token.issued_at))
    return replace(rental, state=RentalState.IN_USE, unlock=token, legs=legs, release_at=None)


def extend(rental: Rental, extension: Extension, *, quote: Bill) -> Rental:
    """Move the agreed end on; whether somebody would suffer is asked of the calendar before."""
    _require(rental, "extend", RentalState.BOOKED, RentalState.INSPECTED, RentalState.IN_USE)
    _not_lapsed(rental, "extend", extension.at)
    if extension.from_until_at != rental.until_at or extension.until_at <= rental.until_at:
        raise _at(rental, "until_at", extension.until_at.isoformat(), "after the present end")
    return replace(rental, until_at=extension.until_at, extensions=(*rental.extensions, extension), quote=quote)


def give_back(rental: Rental, record: ReturnRecord, inspection: Inspection, *, charged_wh: int = 0) -> Rental:
    """The car is returned: the readings must follow those of the handover."""
    _require(rental, "give_back", RentalState.IN_USE)
    return replace(_close_leg(rental, inspection, charged_wh), state=RentalState.RETURNED, returned=record, unlock=None)


def break_down(rental: Rental, report: Breakdown, inspection: Inspection | None, *, charged_wh: int = 0) -> Rental:
    """The car fails, before or during use. During use the readings at the breakdown end this car's part."""
    _require(rental, "break_down", RentalState.BOOKED, RentalState.INSPECTED, RentalState.IN_USE)
    if report.vehicle_id != rental.vehicle_id:
        raise _at(rental, "vehicle_id", report.vehicle_id, "the car of this order")
    if rental.state is RentalState.IN_USE:
        if inspection is None:
            raise _at(rental, "odometer_m", None, "the readings at the breakdown")
        rental = _close_leg(rental, inspection, charged_wh)
    return replace(
        rental, state=RentalState.BROKEN_DOWN, breakdowns=(*rental.breakdowns, report), unlock=None, release_at=None
    )


def swap(rental: Rental, *, vehicle_id: VehicleId, release_at: datetime) -> Rental:
    """Another car in place of the broken one; it is inspected and unlocked like the first, under the same order.

    Once the renter was on the way nothing lapses any more: ``release_at`` then counts for nothing.
    """
    _require(rental, "swap", RentalState.BROKEN_DOWN)
    if vehicle_id == rental.vehicle_id:
        raise _at(rental, "vehicle_id", vehicle_id, "another car than the broken one")
    lapses_at = release_at if rental.taken_at is None else None
    return replace(rental, state=RentalState.BOOKED, vehicle_id=vehicle_id, release_at=lapses_at)


def end_broken(rental: Rental, record: ReturnRecord) -> Rental:
    """No other car: the order ends where the car broke down; what was driven until then is settled."""
    _require(rental, "end_broken", RentalState.BROKEN_DOWN)
    if rental.taken_at is None:
        return replace(rental, state=RentalState.CANCELLED, closed_reason="breakdown")
    return replace(rental, state=RentalState.RETURNED, returned=replace(record, breakdown=True))


def settle(rental: Rental, settlement: RentalSettlement) -> Rental:
    """Settle a returned order, exactly once (R088)."""
    _require(rental, "settle", RentalState.RETURNED)
    if rental.settlement is not None:
        raise IllegalTransition(kind="rental", id=rental.id, state="settled", action="settle")
    return replace(rental, state=RentalState.SETTLED, settlement=settlement)


def dispute(rental: Rental, *, by: PersonId, at: datetime, reason: str) -> Rental:
    """Object to the return or the settlement; nothing is settled while it lasts."""
    _require(rental, "dispute", RentalState.RETURNED, RentalState.SETTLED)
    if not reason.strip():
        raise _at(rental, "reason", reason, "say why")
    raised = Dispute(raised_at=at, raised_by=by, reason=reason.strip(), returns_to=rental.state)
    return replace(rental, state=RentalState.DISPUTED, disputes=(*rental.disputes, raised))


def resolve(rental: Rental, *, by: PersonId, at: datetime, outcome: str, adjustment_fen: int = 0) -> Rental:
    """End the dispute by another person than the one who raised it.

    Raises
    ------
    InvalidFact
        If nothing is said, an unsettled order is adjusted, or the amount owed would fall below zero.
    """
    _require(rental, "resolve", RentalState.DISPUTED)
    last = rental.disputes[-1]
    if by == last.raised_by:
        raise IllegalTransition(kind="rental", id=rental.id, state="own", action="resolve")
    if not outcome.strip():
        raise _at(rental, "outcome", outcome, "say why")
    if adjustment_fen and rental.settlement is None:
        raise _at(rental, "adjustment_fen", adjustment_fen, "only a settled order is adjusted")
    if rental.owed_fen + adjustment_fen < 0:
        raise _at(rental, "adjustment_fen", adjustment_fen, "no more than what is owed")
    done = replace(last, resolved_at=at, resolved_by=by, outcome=outcome.strip(), adjustment_fen=adjustment_fen)
    return replace(rental, state=last.returns_to, disputes=(*rental.disputes[:-1], done))


def cancel(rental: Rental, *, at: datetime, reason: str, fee: RentalSettlement | None = None) -> Rental:
    """Give the car up before it was taken; ``fee`` is the settlement of a late cancellation."""
    _require(rental, "cancel", RentalState.HELD, RentalState.BOOKED, RentalState.INSPECTED)
    _not_lapsed(rental, "cancel", at)
    if rental.taken_at is not None:
        raise IllegalTransition(kind="rental", id=rental.id, state="in_use", action="cancel")
    return replace(rental, state=RentalState.CANCELLED, closed_reason=reason, settlement=fee, release_at=None)


def lapse(rental: Rental, *, now: datetime, fee: RentalSettlement | None = None) -> Rental:
    """The hold ran out: a held order expires free of charge, a booked one is a no-show.

    Raises
    ------
    IllegalTransition
        If it has not run out.
    """
    if not has_lapsed(rental, now):
        raise IllegalTransition(kind="rental", id=rental.id, state=rental.state, action="lapse")
    if rental.state is RentalState.HELD:
        return replace(rental, state=RentalState.EXPIRED, release_at=None)
    return replace(rental, state=RentalState.NO_SHOW, settlement=fee, release_at=None)


def _close_leg(rental: Rental, inspection: Inspection, charged_wh: int) -> Rental:
    last = rental.legs[-1]
    if last.handover is None or last.taken_at is None:
        raise IllegalTransition(kind="rental", id=rental.id, state=rental.state, action="give_back")
    if inspection.odometer_m < last.handover.odometer_m:
        raise _at(rental, "odometer_m", inspection.odometer_m, "not below the reading at handover")
    if inspection.at < last.taken_at:
        raise _at(rental, "at", inspection.at.isoformat(), "not before the car was taken")
    if charged_wh < 0:
        raise _at(rental, "charged_wh", charged_wh, "zero or more")
    return replace(rental, legs=(*rental.legs[:-1], replace(last, given_back=inspection, charged_wh=charged_wh)))


def class_of(*, span_s: int, temporary_days: int, short_days: int) -> RentalClass:
    """The class of a rental by its length; the limits in days are parameters until the standard's text is at hand (R101)."""
    if span_s <= temporary_days * 86_400:
        return RentalClass.TEMPORARY
    return RentalClass.SHORT if span_s <= short_days * 86_400 else RentalClass.LONG
