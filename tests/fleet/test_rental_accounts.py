"""Batches, the provider's file, unsettled orders, and what oversight looks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fleet import rentals
from fleet.errors import InvalidFact
from fleet.ids import PersonId, ProviderId, RegionCode, RentalId, VehicleId
from fleet.rental_accounts import (
    DifferenceKind,
    ProviderLine,
    compare,
    list_unsettled,
    make_batch,
    settlement_of,
)
from fleet.rental_audit import chained, nev_orders, same_person_same_car, service_levels, without_matter
from fleet.rentals import Rental, RentalState
from tests.fleet.rental_cases import a_rental, a_tariff, back, later, looked_over, opened, seen

TARIFF = a_tariff()


def one(number: int, *, start: float = 60, minutes: float = 110, km: float = 42, settle: bool = True, **more) -> Rental:
    own = a_rental(
        id=RentalId(f"RO-{number}"),
        held_at=later(start - 60),
        from_at=later(start),
        until_at=later(start + max(minutes, 1)),
        release_at=later(start),
        **more,
    )
    own = rentals.check_licence(own, seen(later(start - 30)), no_show_s=1800)
    own = rentals.inspect(own, looked_over(later(start)), early_s=900)
    own = rentals.unlock(own, opened(later(start)))
    end = later(start + minutes)
    own = rentals.give_back(own, back(end), looked_over(end, 1_000_000 + round(km * 1000), 0.8))
    if not settle:
        return own
    done = settlement_of(
        own,
        TARIFF,
        capacity_wh={VehicleId("V-1"): 50_000},
        paid_year_fen=0,
        at=end + timedelta(hours=1),
        by=PersonId("P-3"),
        rules_on=date(2026, 3, 2),
    )
    return rentals.settle(own, done)


def batch_of(*own: Rental):
    return make_batch(
        own,
        provider_id=ProviderId("PV-1"),
        region=RegionCode("500152"),
        month="2026-03",
        at=later(99),
        by=PersonId("P-3"),
    )


def test_a_month_has_a_line_per_order_and_disputed_ones_wait():
    a, b, c = one(1), one(2, km=10), one(3)
    c = rentals.dispute(c, by=PersonId("P-1"), at=later(400), reason="x")
    other = replace(one(4), provider_id=ProviderId("PV-2"))
    april = one(5, start=60 * 24 * 40)
    batch = batch_of(b, a, c, other, april, one(6, settle=False))
    assert [line.rental_id for line in batch.lines] == ["RO-1", "RO-2"]
    assert batch.total_fen == a.owed_fen + b.owed_fen == sum(line.amount_fen for line in batch.lines)
    with pytest.raises(InvalidFact):
        replace(batch, total_fen=batch.total_fen + 1)


def test_a_resolved_dispute_is_in_the_line():
    own = rentals.dispute(one(1), by=PersonId("P-1"), at=later(400), reason="x")
    own = rentals.resolve(own, by=PersonId("P-3"), at=later(500), outcome="减免", adjustment_fen=-520)
    assert batch_of(own).total_fen == 5520 - 520


def test_the_providers_file_agrees_or_the_difference_is_listed():
    batch = batch_of(one(1), one(2, km=10), one(3, km=20))
    same = [ProviderLine(rental_id=line.rental_id, amount_fen=line.amount_fen) for line in batch.lines]
    assert compare(batch, same) == ()
    theirs = [
        same[0],
        ProviderLine(rental_id=RentalId("RO-2"), amount_fen=same[1].amount_fen + 7),
        ProviderLine(rental_id=RentalId("RO-9"), amount_fen=100),
        same[0],
    ]
    found = compare(batch, theirs)
    assert [(own.kind, own.rental_id) for own in found] == [
        (DifferenceKind.TWICE, "RO-1"),
        (DifferenceKind.AMOUNT, "RO-2"),
        (DifferenceKind.MISSING_THERE, "RO-3"),
        (DifferenceKind.MISSING_HERE, "RO-9"),
    ]
    assert found[0].theirs_fen == 2 * same[0].amount_fen
    assert found[1].theirs_fen - found[1].ours_fen == 7


def test_orders_that_wait_too_long_for_their_settlement_are_listed():
    own = one(1, settle=False)
    assert own.returned is not None
    at = own.returned.at
    assert list_unsettled([own, one(2)], now=at + timedelta(days=10), within_days=10) == ()
    assert list_unsettled([own, one(2)], now=at + timedelta(days=10, seconds=1), within_days=10) == (own,)


DAY = 24 * 60


def test_chained_rentals_of_a_unit_are_a_hidden_car():
    short = [one(n, start=60 + n * DAY, minutes=600) for n in range(30)]
    assert chained(short, limit_days=30) == ()
    found = chained([*short, *(one(n, start=60 + n * DAY, minutes=600) for n in range(30, 33))], limit_days=30)
    assert [(alert.subject, alert.vehicle_id, alert.value, alert.rule_id) for alert in found] == [
        ("U-1", "V-1", 32, "R095")
    ]
    gap = [one(n, start=60 + n * DAY * 2.1, minutes=60) for n in range(40)]
    assert chained(gap, limit_days=30) == ()
    assert chained([one(1, minutes=31 * DAY)], limit_days=30)[0].value == 31


def test_the_same_person_in_the_same_car():
    own = [one(n, start=60 + n * DAY * 3) for n in range(6)]
    assert same_person_same_car(own, most=6) == ()
    found = same_person_same_car(own, most=5)
    assert (found[0].subject, found[0].value, len(found)) == ("P-1", 6, 1)
    assert same_person_same_car([one(n, start=60 + n * DAY * 20) for n in range(6)], most=5) == ()


def test_a_rental_that_never_was_where_the_matter_was():
    assert [alert.rental_ids for alert in without_matter([one(1, km=19.9), one(2, km=20)])] == [("RO-1",)]


def test_shares_and_service_levels():
    own = [one(1), one(2, new_energy=False), replace(one(3), state=RentalState.CANCELLED)]
    assert nev_orders(own) == {("500152", "2026-03"): (1, 2)}
    assert service_levels(own) == {"PV-1": {"breakdown": (3, 3), "in_time": (3, 3)}}
