"""Oversight of rentals: hidden extra cars, same person same car, no matter, shares and service levels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fleet.ids import ProviderId, RegionCode, RentalId, VehicleId
from fleet.rental_accounts import month_of
from fleet.rentals import Rental, RentalState


class RentalAlertKind(StrEnum):
    """``NO_MATTER``: driven too little to have been where the matter was; the others: R095 and R154."""

    CHAINED = "chained"
    SAME_PERSON_SAME_CAR = "same_person_same_car"
    NO_MATTER = "no_matter"


@dataclass(frozen=True, kw_only=True)
class RentalAlert:
    """A pattern to be looked at by a person; it proves nothing by itself."""

    kind: RentalAlertKind
    region: RegionCode
    subject: str
    vehicle_id: VehicleId
    rental_ids: tuple[RentalId, ...]
    value: int
    limit: int
    rule_id: str


def _used(rentals: Iterable[Rental]) -> list[Rental]:
    return sorted((own for own in rentals if own.taken_at is not None), key=lambda own: (own.from_at, own.id))


def _end(rental: Rental) -> datetime:
    return rental.returned.at if rental.returned is not None else rental.until_at


def chained(rentals: Iterable[Rental], *, limit_days: int, gap_s: int = 86_400) -> tuple[RentalAlert, ...]:
    """Rentals of one car by one unit with less than ``gap_s`` between them, together longer than the limit (R095)."""
    chains: dict[tuple[str, VehicleId], list[list[Rental]]] = defaultdict(list)
    for own in _used(rentals):
        of_pair = chains[own.unit_id, own.vehicle_id]
        if of_pair and own.from_at - _end(of_pair[-1][-1]) <= timedelta(seconds=gap_s):
            of_pair[-1].append(own)
        else:
            of_pair.append([own])
    found: list[RentalAlert] = []
    for (unit_id, vehicle_id), of_pair in sorted(chains.items()):
        for chain in of_pair:
            span = max(_end(own) for own in chain) - chain[0].from_at
            if span > timedelta(days=limit_days):
                found.append(
                    RentalAlert(
                        kind=RentalAlertKind.CHAINED,
                        region=chain[0].region,
                        subject=unit_id,
                        vehicle_id=vehicle_id,
                        rental_ids=tuple(own.id for own in chain),
                        value=span.days,
                        limit=limit_days,
                        rule_id="R095",
                    )
                )
    return tuple(found)


def same_person_same_car(rentals: Iterable[Rental], *, most: int, within_days: int = 30) -> tuple[RentalAlert, ...]:
    """More than ``most`` rentals of one car by one person within so many days (R154)."""
    pairs: dict[tuple[str, VehicleId], list[Rental]] = defaultdict(list)
    for own in _used(rentals):
        pairs[own.renter_id, own.vehicle_id].append(own)
    found: list[RentalAlert] = []
    for (renter_id, vehicle_id), its in sorted(pairs.items()):
        first = 0
        for last in range(len(its)):
            while its[last].from_at - its[first].from_at > timedelta(days=within_days):
                first += 1
            if last - first + 1 > most:
                found.append(
                    RentalAlert(
                        kind=RentalAlertKind.SAME_PERSON_SAME_CAR,
                        region=its[last].region,
                        subject=renter_id,
                        vehicle_id=vehicle_id,
                        rental_ids=tuple(one.id for one in its[first : last + 1]),
                        value=last - first + 1,
                        limit=most,
                        rule_id="R154",
                    )
                )
                break
    return tuple(found)


def without_matter(rentals: Iterable[Rental], *, least_per_mille: int = 500) -> tuple[RentalAlert, ...]:
    """Returned rentals driven less than this share of the planned way: they cannot have been where the matter was."""
    return tuple(
        RentalAlert(
            kind=RentalAlertKind.NO_MATTER,
            region=own.region,
            subject=own.renter_id,
            vehicle_id=own.vehicle_id,
            rental_ids=(own.id,),
            value=own.drive_m,
            limit=own.expected_m * least_per_mille // 1_000,
            rule_id="R154",
        )
        for own in _used(rentals)
        if own.returned is not None and not own.breakdowns and own.drive_m * 1_000 < own.expected_m * least_per_mille
    )


def nev_orders(rentals: Iterable[Rental]) -> Mapping[tuple[RegionCode, str], tuple[int, int]]:
    """By region and month: orders on new-energy cars, and all orders, of those that were not called off (R094)."""
    counts: dict[tuple[RegionCode, str], list[int]] = defaultdict(lambda: [0, 0])
    for own in rentals:
        if own.state in (RentalState.EXPIRED, RentalState.CANCELLED, RentalState.NO_SHOW):
            continue
        pair = counts[own.region, month_of(own.from_at)]
        pair[0] += own.new_energy
        pair[1] += 1
    return {key: (pair[0], pair[1]) for key, pair in sorted(counts.items())}


def service_levels(
    rentals: Iterable[Rental], *, late_s: int = 900
) -> Mapping[ProviderId, Mapping[str, tuple[int, int]]]:
    """By provider: of so many orders taken, how many without ``breakdown`` and how many taken ``in_time`` (good, all)."""
    good: dict[ProviderId, dict[str, list[int]]] = defaultdict(lambda: {"breakdown": [0, 0], "in_time": [0, 0]})
    for own in _used(rentals):
        taken = own.taken_at
        counts = good[own.provider_id]
        for code, fine in (
            ("breakdown", not own.breakdowns),
            ("in_time", taken is not None and taken - own.from_at <= timedelta(seconds=late_s)),
        ):
            counts[code][0] += fine
            counts[code][1] += 1
    return {
        provider: {code: (pair[0], pair[1]) for code, pair in counts.items()}
        for provider, counts in sorted(good.items())
    }
