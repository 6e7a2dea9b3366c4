"""When a rental car is spoken for: one small document per car, so that compare-and-set alone forbids double booking.

Whoever holds a car writes its calendar in the same commit as the order; of two who saw it free, the second meets a newer
version.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleet.errors import IllegalTransition
from fleet.ids import RentalId, SiteId, VehicleId


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One order's time with the car, from point to point.

    ``release_at`` is when the hold lapses if the renter does not come (None: the car is out, and stays so until it is
    back, also beyond ``until_at``). ``need_wh`` is the energy that the trip takes.
    """

    rental_id: RentalId
    from_at: datetime
    until_at: datetime
    from_site_id: SiteId
    to_site_id: SiteId
    release_at: datetime | None = None
    need_wh: int = 0

    def lapsed(self, now: datetime) -> bool:
        return self.release_at is not None and self.release_at <= now


@dataclass(frozen=True, kw_only=True)
class RentalCalendar:
    """The slots of a car that are not over, by their begin. ``id`` is the car's."""

    id: VehicleId
    slots: tuple[Slot, ...] = ()


def conflict(
    calendar: RentalCalendar, slot: Slot, *, stands_at: SiteId, now: datetime, turnaround_s: int
) -> tuple[str, Slot | None]:
    """Say what stands against a slot: ``taken`` (another order's time, with the turnaround around it) or ``elsewhere``.

    ``elsewhere``: the car is not at ``from_site_id`` then, or its return there would leave the next renter without it. The
    first of the pair is empty where nothing stands against it. Lapsed holds count for nothing.
    """
    pause = timedelta(seconds=turnaround_s)
    others = [own for own in calendar.slots if own.rental_id != slot.rental_id and not own.lapsed(now)]
    for other in others:
        until_at = other.until_at if other.release_at is not None else max(other.until_at, now)
        if slot.from_at < until_at + pause and other.from_at < slot.until_at + pause:
            return "taken", other
    before = [own for own in others if own.from_at < slot.from_at]
    after = [own for own in others if own.from_at >= slot.from_at]
    place = max(before, key=lambda own: own.from_at).to_site_id if before else stands_at
    if place != slot.from_site_id:
        return "elsewhere", None
    following = min(after, key=lambda own: own.from_at, default=None)
    if following is not None and following.from_site_id != slot.to_site_id:
        return "elsewhere", following
    return "", None


def book(
    calendar: RentalCalendar, slot: Slot, *, stands_at: SiteId, now: datetime, turnaround_s: int
) -> RentalCalendar:
    """Enter a slot, or put another in its place if the order has one; lapsed holds of others are dropped.

    Raises
    ------
    IllegalTransition
        If the car is taken or elsewhere then.
    """
    code, _ = conflict(calendar, slot, stands_at=stands_at, now=now, turnaround_s=turnaround_s)
    if code:
        raise IllegalTransition(kind="vehicle", id=calendar.id, state=code, action="hold")
    kept = [own for own in calendar.slots if own.rental_id != slot.rental_id and not own.lapsed(now)]
    return replace(calendar, slots=tuple(sorted([*kept, slot], key=lambda own: (own.from_at, own.rental_id))))


def take(calendar: RentalCalendar, rental_id: RentalId) -> RentalCalendar:
    """The renter has the car: the slot no longer lapses."""
    slots = tuple(replace(own, release_at=None) if own.rental_id == rental_id else own for own in calendar.slots)
    return replace(calendar, slots=slots)


def keep(calendar: RentalCalendar, rental_id: RentalId, *, release_at: datetime) -> RentalCalendar:
    """The hold now lapses at another instant."""
    slots = tuple(replace(own, release_at=release_at) if own.rental_id == rental_id else own for own in calendar.slots)
    return replace(calendar, slots=slots)


def free(calendar: RentalCalendar, rental_id: RentalId) -> RentalCalendar:
    """The order is over, cancelled or lapsed: its time is free again. Nothing happens where it has none."""
    return replace(calendar, slots=tuple(own for own in calendar.slots if own.rental_id != rental_id))


def find_slot(calendar: RentalCalendar, rental_id: RentalId) -> Slot | None:
    return next((own for own in calendar.slots if own.rental_id == rental_id), None)
