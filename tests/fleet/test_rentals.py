"""The life of a rental order: every legal way, no illegal one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fleet import rentals
from fleet.documents import decode, encode
from fleet.errors import FleetError, IllegalTransition, InvalidFact
from fleet.ids import PersonId, SiteId, VehicleId
from fleet.rental_accounts import fee_settlement, settlement_of, standstill_of, use_of, worked_out_again
from fleet.rental_calendar import RentalCalendar, Slot, book, conflict, find_slot, free, keep, take
from fleet.rentals import Breakdown, Extension, Rental, RentalClass, RentalState
from fleet.tariffs import cancellation, no_show
from tests.fleet.rental_cases import AT, a_rental, a_tariff, back, later, looked_over, opened, seen

TARIFF = a_tariff()
CAPACITY = {VehicleId("V-1"): 50_000, VehicleId("V-2"): 50_000}


def booked() -> Rental:
    return rentals.check_licence(a_rental(), seen(later(5)), no_show_s=1800)


def in_use() -> Rental:
    inspected = rentals.inspect(booked(), looked_over(later(58)), early_s=900)
    return rentals.unlock(inspected, opened(later(60)))


def returned() -> Rental:
    return rentals.give_back(in_use(), back(later(170)), looked_over(later(170), 1_042_000, 0.8))


def settled() -> Rental:
    own = returned()
    done = settlement_of(
        own, TARIFF, capacity_wh=CAPACITY, paid_year_fen=0, at=later(200), by=PersonId("P-3"), rules_on=date(2026, 3, 2)
    )
    return rentals.settle(own, done)


def test_the_plain_way_through():
    own = settled()
    assert own.state is RentalState.SETTLED
    assert own.drive_m == 42_000
    assert own.settlement is not None
    assert own.settlement.bill.amount_fen == 2 * 1500 + 42 * 60
    assert worked_out_again(own, TARIFF) == own.settlement.bill
    assert decode("rental", encode(own)) == own


def test_a_hold_that_nobody_confirms_expires_free_of_charge():
    own = a_rental()
    assert not rentals.has_lapsed(own, later(14.9))
    with pytest.raises(IllegalTransition):
        rentals.lapse(own, now=later(14.9))
    with pytest.raises(IllegalTransition):
        rentals.check_licence(own, seen(later(15)), no_show_s=1800)
    assert rentals.lapse(own, now=later(15)).state is RentalState.EXPIRED


def test_who_does_not_come_is_a_no_show_and_pays_the_fee():
    fee = fee_settlement(booked(), no_show(TARIFF), at=later(95), by=PersonId("P-3"), rules_on=date(2026, 3, 2))
    own = rentals.lapse(booked(), now=later(95), fee=fee)
    assert (own.state, own.owed_fen) == (RentalState.NO_SHOW, 1500)
    with pytest.raises(IllegalTransition):
        rentals.unlock(own, opened(later(96)))


def test_cancelling_late_costs_its_fee_and_early_nothing():
    for minutes, owed in ((20, 0), (45, 500)):
        at = later(minutes)
        bill = cancellation(TARIFF, starts_at=booked().from_at, at=at)
        fee = fee_settlement(booked(), bill, at=at, by=PersonId("P-1"), rules_on=date(2026, 3, 2))
        own = rentals.cancel(booked(), at=at, reason="会议取消", fee=fee)
        assert (own.state, own.owed_fen) == (RentalState.CANCELLED, owed)


def test_the_licence_is_of_a_class_and_outlasts_the_rental():
    with pytest.raises(InvalidFact):
        seen(AT, licence="M")
    with pytest.raises(InvalidFact):
        rentals.check_licence(a_rental(), seen(later(1), valid_until=date(2026, 3, 1)), no_show_s=1800)


def test_readings_never_run_backwards():
    with pytest.raises(InvalidFact) as caught:
        rentals.give_back(in_use(), back(later(170)), looked_over(later(170), 999_999))
    assert caught.value.field == "odometer_m"
    with pytest.raises(InvalidFact):
        rentals.give_back(in_use(), back(later(59)), looked_over(later(59), 1_000_001))
    with pytest.raises(InvalidFact):
        replace(looked_over(AT), photos=())
    with pytest.raises(InvalidFact):
        replace(looked_over(AT), photos=("not a digest",))


def test_nobody_settles_before_the_return_nor_twice():
    done = settled().settlement
    assert done is not None
    for state in (a_rental(), booked(), in_use(), settled()):
        with pytest.raises(IllegalTransition):
            rentals.settle(state, done)
    with pytest.raises(InvalidFact):
        use_of(in_use(), capacity_wh=CAPACITY, paid_year_fen=0)


def test_a_breakdown_ends_one_car_and_the_swap_goes_on_under_the_same_order():
    report = Breakdown(
        at=later(90),
        reported_by=PersonId("P-1"),
        vehicle_id=VehicleId("V-1"),
        what="爆胎",
        lon_wgs84=105.9,
        lat_wgs84=30.2,
    )
    broken = rentals.break_down(in_use(), report, looked_over(later(90), 1_015_000, 0.85))
    with pytest.raises(InvalidFact):
        rentals.swap(broken, vehicle_id=VehicleId("V-1"), release_at=later(200))
    swapped = rentals.swap(broken, vehicle_id=VehicleId("V-2"), release_at=later(200))
    again = rentals.unlock(rentals.inspect(swapped, looked_over(later(118), 5_000), early_s=900), opened(later(120)))
    own = rentals.give_back(again, back(later(175)), looked_over(later(175), 25_000, 0.7))
    assert own.drive_m == 15_000 + 20_000
    assert standstill_of(own) == timedelta(minutes=30)
    use = use_of(own, capacity_wh=CAPACITY, paid_year_fen=0)
    assert use.end_at == later(145)
    assert use.used_wh == round(0.05 * 50_000) + round(0.2 * 50_000)
    ended = rentals.end_broken(broken, back(later(150)))
    assert ended.state is RentalState.RETURNED
    assert use_of(ended, capacity_wh=CAPACITY, paid_year_fen=0).end_at == later(90)


def test_a_car_that_breaks_before_it_was_taken_costs_nothing():
    report = Breakdown(
        at=later(50), reported_by=PersonId("P-1"), vehicle_id=VehicleId("V-1"), what="电池", lon_wgs84=0, lat_wgs84=0
    )
    own = rentals.end_broken(rentals.break_down(booked(), report, None), back(later(55)))
    assert (own.state, own.owed_fen) == (RentalState.CANCELLED, 0)


def test_a_dispute_is_resolved_by_somebody_else_and_never_below_zero():
    own = rentals.dispute(settled(), by=PersonId("P-1"), at=later(300), reason="里程不符")
    with pytest.raises(IllegalTransition):
        rentals.resolve(own, by=PersonId("P-1"), at=later(301), outcome="同意")
    with pytest.raises(InvalidFact):
        rentals.resolve(own, by=PersonId("P-3"), at=later(301), outcome="同意", adjustment_fen=-own.owed_fen - 1)
    done = rentals.resolve(own, by=PersonId("P-3"), at=later(301), outcome="减免", adjustment_fen=-1000)
    assert (done.state, done.owed_fen) == (RentalState.SETTLED, 2 * 1500 + 42 * 60 - 1000)
    open_ = rentals.dispute(returned(), by=PersonId("P-1"), at=later(300), reason="车损")
    with pytest.raises(InvalidFact):
        rentals.resolve(open_, by=PersonId("P-3"), at=later(301), outcome="x", adjustment_fen=1)
    assert (
        rentals.resolve(open_, by=PersonId("P-3"), at=later(301), outcome="非承租人责任").state is RentalState.RETURNED
    )


def test_classes_by_length():
    days = [1, 7, 8, 30, 31]
    assert [rentals.class_of(span_s=d * 86_400, temporary_days=7, short_days=30) for d in days] == [
        RentalClass.TEMPORARY,
        RentalClass.TEMPORARY,
        RentalClass.SHORT,
        RentalClass.SHORT,
        RentalClass.LONG,
    ]


# ---- the calendar


def a_slot(
    id: str, begin: float, end: float, *, at: str = "S-1", to: str = "S-1", release: float | None = None
) -> Slot:
    return Slot(
        rental_id=id,
        from_at=later(begin),
        until_at=later(end),
        from_site_id=SiteId(at),
        to_site_id=SiteId(to),
        release_at=None if release is None else later(release),
    )


def put(calendar: RentalCalendar, slot: Slot, now: float = 0) -> RentalCalendar:
    return book(calendar, slot, stands_at=SiteId("S-1"), now=later(now), turnaround_s=600)


def test_a_car_is_let_once_at_a_time_with_a_pause_between():
    calendar = put(RentalCalendar(id=VehicleId("V-1")), a_slot("a", 60, 120, release=90))
    for begin, end in ((100, 110), (0, 55), (125, 200), (0, 300)):
        with pytest.raises(IllegalTransition):
            put(calendar, a_slot("b", begin, end, release=begin + 10))
    both = put(calendar, a_slot("b", 130, 200, release=140))
    assert [slot.rental_id for slot in both.slots] == ["a", "b"]
    assert [slot.rental_id for slot in put(both, a_slot("c", 60, 120, release=200), now=95).slots] == ["c", "b"]


def test_a_car_that_is_out_stays_out_until_it_is_back():
    calendar = take(put(RentalCalendar(id=VehicleId("V-1")), a_slot("a", 60, 120, release=90)), "a")
    with pytest.raises(IllegalTransition):
        put(calendar, a_slot("b", 130, 200, release=140), now=125)
    assert put(free(calendar, "a"), a_slot("b", 130, 200, release=140), now=125).slots[0].rental_id == "b"


def test_one_way_trips_chain_from_point_to_point():
    calendar = put(RentalCalendar(id=VehicleId("V-1")), a_slot("a", 60, 120, to="S-2", release=90))
    assert conflict(
        calendar, a_slot("b", 140, 200, release=150), stands_at=SiteId("S-1"), now=AT, turnaround_s=600
    ) == ("elsewhere", None)
    chained = put(calendar, a_slot("b", 140, 200, at="S-2", to="S-1", release=150))
    with pytest.raises(IllegalTransition):
        put(chained, a_slot("c", 0, 40, to="S-3", release=10))
    kept = keep(chained, "b", release_at=later(500))
    slot = find_slot(kept, "b")
    assert slot is not None
    assert slot.release_at == later(500)
    assert find_slot(kept, "zz") is None


# ---- any sequence of calls


class Life(RuleBasedStateMachine):
    """Anybody calls anything at any time: either it raises and nothing changes, or the order stays sound."""

    @initialize()
    def begin(self) -> None:
        self.own = a_rental()
        self.minutes = 0.0
        self.odometer_m = 1_000_000
        self.settlements = 0
        self.was_over: RentalState | None = None

    def attempt(self, step):
        before = self.own
        try:
            self.own = step(before)
        except FleetError:
            assert self.own is before

    @property
    def now(self):
        return later(self.minutes)

    @rule(minutes=st.sampled_from([0.5, 4, 20, 90]))
    def time_passes(self, minutes):
        self.minutes += minutes

    @rule()
    def licence(self):
        self.attempt(lambda own: rentals.check_licence(own, seen(self.now), no_show_s=1800))

    @rule()
    def inspect(self):
        self.attempt(lambda own: rentals.inspect(own, looked_over(self.now, self.odometer_m), early_s=3600))

    @rule()
    def unlock(self):
        self.attempt(lambda own: rentals.unlock(own, opened(self.now)))

    @rule(minutes=st.sampled_from([-10, 0, 60]))
    def extend(self, minutes):
        self.attempt(
            lambda own: rentals.extend(
                own,
                Extension(
                    at=self.now,
                    from_until_at=own.until_at,
                    until_at=own.until_at + timedelta(minutes=minutes),
                    reason="",
                ),
                quote=own.quote,
            )
        )

    @rule(metres=st.sampled_from([-5_000, 0, 30_000]))
    def give_back(self, metres):
        reading = self.odometer_m + metres
        self.attempt(lambda own: rentals.give_back(own, back(self.now), looked_over(self.now, reading, 0.5)))

    @rule()
    def break_down(self):
        def step(own: Rental) -> Rental:
            report = Breakdown(
                at=self.now, reported_by=own.renter_id, vehicle_id=own.vehicle_id, what="x", lon_wgs84=0, lat_wgs84=0
            )
            return rentals.break_down(own, report, looked_over(self.now, self.odometer_m, 0.5))

        self.attempt(step)

    @rule(car=st.sampled_from(["V-1", "V-2"]))
    def swap(self, car):
        self.attempt(lambda own: rentals.swap(own, vehicle_id=VehicleId(car), release_at=self.now + timedelta(hours=1)))

    @rule()
    def end_broken(self):
        self.attempt(lambda own: rentals.end_broken(own, back(self.now)))

    @rule()
    def settle(self):
        before = self.own.settlement
        self.attempt(
            lambda own: rentals.settle(
                own,
                settlement_of(
                    own,
                    TARIFF,
                    capacity_wh=CAPACITY,
                    paid_year_fen=0,
                    at=self.now,
                    by=PersonId("P-3"),
                    rules_on=date(2026, 3, 2),
                ),
            )
        )
        self.settlements += before is None and self.own.settlement is not None

    @rule()
    def dispute(self):
        self.attempt(lambda own: rentals.dispute(own, by=PersonId("P-1"), at=self.now, reason="x"))

    @rule(by=st.sampled_from(["P-1", "P-3"]), fen=st.sampled_from([0, -500, 500]))
    def resolve(self, by, fen):
        self.attempt(lambda own: rentals.resolve(own, by=PersonId(by), at=self.now, outcome="x", adjustment_fen=fen))

    @rule()
    def cancel(self):
        self.attempt(lambda own: rentals.cancel(own, at=self.now, reason="x"))

    @rule()
    def lapse(self):
        self.attempt(lambda own: rentals.lapse(own, now=self.now))

    @invariant()
    def it_is_sound(self) -> None:
        own = self.own
        assert decode("rental", encode(own)) == own
        assert self.settlements <= 1
        assert own.drive_m >= 0
        assert own.owed_fen >= 0
        if own.state is RentalState.SETTLED:
            assert own.returned is not None
            assert own.settlement is not None
            assert worked_out_again(own, TARIFF) == own.settlement.bill
        if own.state in (RentalState.IN_USE, RentalState.RETURNED, RentalState.SETTLED, RentalState.DISPUTED):
            assert own.licence is not None
            assert own.taken_at is not None
        if own.state is RentalState.IN_USE:
            assert own.legs[-1].vehicle_id == own.vehicle_id
            assert own.legs[-1].given_back is None
        assert all(leg.given_back is not None for leg in own.legs[:-1] if leg.taken_at is not None)
        if self.was_over is not None:
            assert own.state is self.was_over
        if own.state in (RentalState.EXPIRED, RentalState.NO_SHOW, RentalState.CANCELLED):
            self.was_over = own.state


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase
