"""Rules of one trip: fitness of the vehicle, hours, energy, advice, approval, budget, precedence and reserve."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InvalidFact
from fleet.ids import PersonId, RegionCode, RequestId, UnitId
from fleet.measures import Measure, MeasureKind, find_emergency
from fleet.requests import Priority, TripKind, TripRequest, TripStop, approve
from fleet.rules.approvals import field_refusal, late_approval_refusal, separation_refusal
from fleet.rules.budgets import BudgetState, check_budget
from fleet.rules.energy import (
    charging_class,
    charging_refusal,
    emergency_charging_refusal,
    emergency_site_power_w,
    reserve_refusal,
    reserve_wh,
    suspends_nev_targets,
)
from fleet.rules.fitness import (
    closure_refusal,
    duty_refusal,
    is_holiday,
    marking_warning,
    sealing_refusal,
    state_refusal,
)
from fleet.rules.hours import Span, drive_limits, drive_refusal, working_refusal
from fleet.rules.load import load
from fleet.rules.priorities import fairness_refusal, precedence, ready_reserve_count
from fleet.rules.priorities import reserve_refusal as ready_refusal
from fleet.rules.travel import Mode, advise, check_override
from fleet.units import Level
from fleet.vehicles import Duty, VehicleState

SHANGHAI = timezone(timedelta(hours=8))
AT = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI)
UNIT = UnitId("u1")


def a_request(**fields):
    stop = TripStop(name="市政府", lon_wgs84=104.7, lat_wgs84=31.5, earliest_at=AT, latest_at=AT)
    defaults = {
        "id": RequestId("q1"),
        "unit_id": UNIT,
        "region": RegionCode("510700"),
        "requester_id": PersonId("p1"),
        "kind": TripKind.TRANSFER,
        "purpose": "会议",
        "passengers": 2,
        "stops": (stop, stop),
        "submitted_at": AT,
    }
    return TripRequest(**(defaults | fields))


# ---- fitness


def test_only_vehicles_in_service_are_dispatched(at, a_vehicle):
    """R037 and R051: repair, sealed and disposed vehicles are refused by state."""
    assert state_refusal(at("510700"), a_vehicle()) is None
    for state in set(VehicleState) - {VehicleState.AVAILABLE}:
        assert state_refusal(at("510700"), a_vehicle(state=state)).rule_id == "R037"


@pytest.mark.parametrize(
    ("duty", "unit", "priority", "equipment", "fits"),
    [
        (Duty.POOLED, "u2", Priority.ORDINARY, set(), True),
        (Duty.RENTAL, "u2", Priority.ORDINARY, set(), True),
        (Duty.CONFIDENTIAL, "u1", Priority.CONFIDENTIAL, set(), True),
        (Duty.CONFIDENTIAL, "u2", Priority.CONFIDENTIAL, set(), True),
        (Duty.POOLED, "u1", Priority.CONFIDENTIAL, set(), False),
        (Duty.RENTAL, "u1", Priority.CONFIDENTIAL, set(), False),
        (Duty.CONFIDENTIAL, "u1", Priority.ORDINARY, set(), False),
        (Duty.EMERGENCY, "u1", Priority.EVENT, set(), False),
        (Duty.EMERGENCY, "u2", Priority.EMERGENCY, set(), True),
        (Duty.ENFORCEMENT, "u1", Priority.ORDINARY, set(), True),
        (Duty.ENFORCEMENT, "u2", Priority.ORDINARY, set(), False),
        (Duty.SPECIAL, "u2", Priority.ORDINARY, {"crane"}, True),
        (Duty.SPECIAL, "u1", Priority.ORDINARY, set(), False),
        (Duty.CONFIDENTIAL, "u2", Priority.EMERGENCY, set(), True),
    ],
)
def test_class_against_task(a_vehicle, duty, unit, priority, equipment, fits):
    """R072; R162 lets an emergency order use any class."""
    vehicle = a_vehicle(unit="u1", duty=duty, equipment=frozenset({"crane"}))
    refusal = duty_refusal(vehicle, unit_id=UnitId(unit), priority=priority, equipment=equipment)
    assert (refusal is None) is fits
    assert fits or refusal.rule_id == "R072"


def test_holidays_seal_all_but_emergency_vehicles(at, a_vehicle):
    """R078: sealed on 1 October; an exception needs a reason of the rule and a text; an unknown year says so."""
    view = at("510700", date(2026, 10, 1))
    refusal = sealing_refusal(view, a_vehicle(), priority=Priority.ORDINARY)
    assert refusal.rule_id == "R078"
    assert sealing_refusal(view, a_vehicle(duty=Duty.EMERGENCY), priority=Priority.ORDINARY) is None
    assert sealing_refusal(view, a_vehicle(), priority=Priority.EMERGENCY) is None
    excepted = sealing_refusal(
        view, a_vehicle(), priority=Priority.EVENT, exception_reason="duty", exception_text="国庆值班"
    )
    assert excepted is None
    for reason, text in (("holiday", "出游"), ("duty", " ")):
        with pytest.raises(InvalidFact, match="R078"):
            sealing_refusal(view, a_vehicle(), priority=Priority.EVENT, exception_reason=reason, exception_text=text)
    assert sealing_refusal(at("510700", date(2026, 10, 9)), a_vehicle(), priority=Priority.ORDINARY) is None
    assert is_holiday(view, date(2026, 10, 8)) is False
    assert is_holiday(at("510700", date(2027, 1, 1)), date(2027, 1, 1)) is None
    assert is_holiday(at("510700", date(2025, 10, 1)), date(2025, 10, 1)) is None


def test_closed_places_need_a_permit():
    """R176: a trip through a closed region or site is refused unless it has a permit."""
    assert closure_refusal({"510722"}, {"510722"}).rule_id == "R176"
    assert closure_refusal({"510722"}, {"510722"}, permit="绵防指2022-15") is None
    assert closure_refusal({"510700"}, {"510722"}) is None


def test_unmarked_vehicles_are_warned_of(a_vehicle):
    """R045."""
    assert marking_warning(a_vehicle(marked=False)).rule_id == "R045"
    assert marking_warning(a_vehicle()).code == "marking_unknown"
    assert marking_warning(a_vehicle(marked=True)) is None
    assert marking_warning(a_vehicle(marking_exempt=True)) is None


# ---- hours


@pytest.mark.parametrize(
    ("minutes", "holds"),
    [
        ((240,), True),
        ((241,), False),
        ((240, -19, 10), False),
        ((240, -20, 10), True),
        ((120, -10, 120, -10, 1), False),
    ],
)
def test_four_hours_then_twenty_minutes(at, minutes, holds):
    """R116: 241 min fail; 240 + 19 + 10 fail; 240 + 20 + 10 pass. Stops shorter than the rest do not add up."""
    spans = [Span(driving=m > 0, seconds=abs(m) * 60) for m in minutes]
    refusal = drive_refusal(at("510700"), spans)
    assert (refusal is None) is holds
    assert holds or refusal.rule_id == "R116"


@given(minutes=st.lists(st.integers(-40, 130), max_size=12))
def test_driving_is_refused_exactly_when_some_stretch_is_too_long(minutes):
    spans = [Span(driving=m > 0, seconds=abs(m) * 60) for m in minutes if m]
    seconds = [span.driving for span in spans for _ in range(span.seconds // 60)]
    worst = driven = stopped = 0
    for driving in seconds:
        if driving:
            driven = (0 if stopped >= 20 else driven) + 1
            stopped, worst = 0, max(worst, driven)
        else:
            stopped += 1
    assert (drive_refusal(load().at(date(2025, 1, 1), "510700"), spans) is None) is (worst <= 240)


def test_emergencies_lift_overtime_but_never_the_rest(at):
    """R118 and R117: ten hours need consent or an emergency; the four hours stay."""
    view = at("510700")
    limits = drive_limits(view, emergency=True)
    assert limits.day_s is None
    assert (limits.max_continuous_drive_s, limits.rest_s) == (14_400, 1_200)
    assert drive_limits(view).day_s == 8 * 3_600
    assert drive_limits(view, overtime_consent=True).day_s == 11 * 3_600


def test_working_time(at):
    """R117: 8 h and 1 h of usual overtime, 3 h by consent; 44 h a week; 36 h of overtime a month."""
    view = at("510700")
    hour = 3_600
    assert working_refusal(view, day_s=9 * hour) is None
    assert working_refusal(view, day_s=9 * hour + 1).rule_id == "R117"
    assert working_refusal(view, day_s=11 * hour, consent=True) is None
    assert working_refusal(view, day_s=11 * hour + 1, consent=True).code == "day"
    assert working_refusal(view, day_s=8 * hour, week_s=44 * hour + 1).code == "week"
    assert working_refusal(view, day_s=8 * hour, overtime_month_s=36 * hour + 1).code == "overtime_month"
    assert working_refusal(view, day_s=20 * hour, emergency=True) is None


# ---- energy


def test_the_reserve_is_a_fifth_rounded_up(at):
    """R063: 12 kWh of 60 pass, one Wh less is refused; an empty battery too."""
    view = at("510700")
    assert reserve_wh(view, 60_000) == 12_000
    assert reserve_wh(view, 60_001) == 12_001
    assert reserve_refusal(view, charge_wh=12_000, capacity_wh=60_000) is None
    assert reserve_refusal(view, charge_wh=11_999, capacity_wh=60_000).rule_id == "R063"
    assert reserve_refusal(view, charge_wh=-1, capacity_wh=60_000).rule_id == "R063"


def test_points_and_power_of_a_site(at):
    """R061: a fourth car at three points is refused, and so is a watt more than the site may draw."""
    view = at("510700")
    fine = {"charging_count": 3, "points_count": 3, "drawn_w": 21_000, "site_w": 21_000}
    assert charging_refusal(view, **fine) is None
    assert charging_refusal(view, **(fine | {"charging_count": 4})).code == "points"
    assert charging_refusal(view, **(fine | {"drawn_w": 21_001})).code == "power"
    assert charging_refusal(view, **(fine | {"drawn_w": 10**9, "site_w": None})) is None
    assert charging_refusal(view, **(fine | {"charging_count": 4})).rule_id == "R061"


MINUTE = timedelta(minutes=1)
AUGUST = Measure(
    id="M-2022",
    kind=MeasureKind.ENERGY_EMERGENCY,
    region=RegionCode("510000"),
    level=1,
    reason="突发事件能源供应保障一级响应",
    starts_at=datetime(2022, 8, 21, 0, 0, tzinfo=SHANGHAI),
    declared_by="P1",
)


def test_the_energy_emergency_of_august_2022(at):
    """R170-R175: from 21 August 2022 00:00; class 3 waits at peak, half the power by day, protected sites excepted."""
    view = at("510700", date(2022, 8, 21))
    noon, night = datetime(2022, 8, 21, 12, tzinfo=SHANGHAI), datetime(2022, 8, 21, 23, 30, tzinfo=SHANGHAI)
    assert view.codes("R170.historic_periods") == ("2022-08-21",)
    assert find_emergency([AUGUST], begin=noon, end=noon + MINUTE, region="510722") is AUGUST
    assert find_emergency([AUGUST], begin=noon, end=noon + MINUTE, region="500101") is None
    assert find_emergency([AUGUST], begin=AUGUST.starts_at - MINUTE, end=AUGUST.starts_at, region="510700") is None

    def kind(duty=Duty.POOLED, priority=Priority.ORDINARY, leaves=None):
        return charging_class(view, duty=duty, priority=priority, approved_departure_at=leaves, at=noon)

    assert kind(duty=Duty.EMERGENCY) == kind(priority=Priority.CONFIDENTIAL) == 1
    assert kind(leaves=noon + timedelta(hours=24)) == 2
    assert kind(leaves=noon + timedelta(hours=25)) == kind() == 3
    assert emergency_charging_refusal(view, charging_class=3, at=noon).rule_id == "R171"
    assert emergency_charging_refusal(view, charging_class=2, at=noon) is None
    assert emergency_charging_refusal(view, charging_class=3, at=night) is None
    assert emergency_charging_refusal(view, charging_class=2, at=night, underground=True).rule_id == "R173"
    assert emergency_site_power_w(view, 99_999, at=noon) == 49_999
    assert emergency_site_power_w(view, 99_999, at=night) == 99_999
    assert emergency_site_power_w(view, 99_999, at=noon, protected=True) == 99_999
    assert suspends_nev_targets(AUGUST)  # R172
    assert not suspends_nev_targets(None)


# ---- advice


@pytest.mark.parametrize(
    ("distance_m", "mode"),
    [(800, Mode.WALK), (1_000, Mode.WALK), (2_500, Mode.BICYCLE), (5_000, Mode.PUBLIC_TRANSPORT), (5_001, None)],
)
def test_one_three_five(at, distance_m, mode):
    """R073: 0.8 km, 2.5 km and 5 km are answered walk, bicycle, public transport."""
    advice = advise(at("510700"), distance_m)
    assert (advice.mode if advice else None) is mode


def test_a_reason_lets_the_requester_go_on(at):
    """R073: one of the rule's reasons, with a text; anything else is refused."""
    view = at("510700")
    check_override(view, "goods", "携带会议材料三箱")
    for reason, text in (("comfort", "热"), ("goods", ""), ("", "x")):
        with pytest.raises(InvalidFact, match="R073"):
            check_override(view, reason, text)
    with pytest.raises(InvalidFact, match="cannot be waived"):
        view.check_waiver("R018", "goods", "x")


# ---- approval and budget


def test_mandatory_fields(at):
    """R068: without an approver nothing is dispatchable, except that an emergency's may follow."""
    view = at("510700")
    assert field_refusal(view, a_request()).rule_id == "R068"
    assert field_refusal(view, approve(a_request(), by=PersonId("p2"), at=AT)) is None
    assert field_refusal(view, a_request(priority=Priority.EMERGENCY)) is None
    with pytest.raises(InvalidFact, match="R068"):
        a_request(purpose=" ")


def test_three_persons():
    """R156: requester, approver and dispatcher differ; R068 without an approver."""

    def refusal(requester, approver, dispatcher, priority=Priority.ORDINARY):
        return separation_refusal(
            requester_id=requester, approver_id=approver, dispatcher_id=dispatcher, priority=priority
        )

    assert refusal("a", "b", "c") is None
    assert refusal("a", "b", None) is None
    for persons in (("a", "a", "c"), ("a", "b", "a"), ("a", "b", "b")):
        assert refusal(*persons).rule_id == "R156"
        assert refusal(*persons, priority=Priority.EMERGENCY).rule_id == "R156"
    assert refusal("a", None, "c").rule_id == "R068"
    assert refusal("a", None, "c", Priority.EMERGENCY) is None


def test_approval_may_follow_an_emergency_within_a_day(at):
    """R177: emergencies only, within 24 h, else an audit case."""
    view, left = at("510700"), AT.astimezone(UTC)

    def refusal(priority, approved_at, now):
        return late_approval_refusal(view, priority=priority, departed_at=left, approved_at=approved_at, now=now)

    day = timedelta(days=1)
    assert refusal(Priority.ORDINARY, left, left) is None
    assert refusal(Priority.ORDINARY, left + day, left + day).code == "not_an_emergency"
    assert refusal(Priority.EMERGENCY, None, left + day) is None
    assert refusal(Priority.EMERGENCY, None, left + day + timedelta(seconds=1)).rule_id == "R177"
    assert refusal(Priority.EMERGENCY, left + day, left + 3 * day) is None


@pytest.mark.parametrize(
    ("total", "priority", "state"),
    [
        (899, Priority.ORDINARY, BudgetState.WITHIN),
        (900, Priority.ORDINARY, BudgetState.WARNING),
        (1_000, Priority.ORDINARY, BudgetState.WARNING),
        (1_001, Priority.ORDINARY, BudgetState.NEEDS_APPROVAL),
        (1_001, Priority.EMERGENCY, BudgetState.WARNING),
    ],
)
def test_budget(at, total, priority, state):
    """R131: a warning from nine tenths, a planner's approval above the cap, emergencies shown and not held back."""
    answer = check_budget(
        at("510700"), cap_fen=1_000, booked_fen=500, committed_fen=300, trip_fen=total - 800, priority=priority
    )
    assert answer.state is state
    assert answer.excess_fen == max(0, total - 1_000)


# ---- precedence and reserve


def test_who_goes_first(at, a_unit):
    """R077: class, then (R076) the township, then the earlier approved, then the id."""
    view = at("510700")
    town, office = a_unit("t", level=Level.TOWNSHIP), a_unit("u")

    def key(unit, **fields):
        return precedence(view, a_request(**fields), unit)

    order = [
        key(office, priority=Priority.EMERGENCY),
        key(office, priority=Priority.CONFIDENTIAL),
        key(town, priority=Priority.EVENT, decided_at=AT),
        key(office, priority=Priority.EVENT, decided_at=AT - timedelta(hours=1)),
        key(office, priority=Priority.EVENT, decided_at=AT),
        key(office, decided_at=AT - timedelta(days=1)),
    ]
    assert order == sorted(order)


def test_the_grass_roots_are_not_dropped(at, a_unit):
    """R076: not for a higher level's trip of the same priority."""
    view = at("510700")
    town, office = a_unit("t", level=Level.TOWNSHIP), a_unit("u")
    assert fairness_refusal(view, served=office, dropped=town, same_priority=True).rule_id == "R076"
    assert fairness_refusal(view, served=office, dropped=town, same_priority=False) is None
    assert fairness_refusal(view, served=town, dropped=office, same_priority=True) is None


@pytest.mark.parametrize(("vehicles", "reserve"), [(0, 1), (1, 1), (10, 1), (11, 2), (25, 3)])
def test_ready_reserve(at, vehicles, reserve):
    """R161: a tenth of the emergency class, rounded up, at least one; what leaves fewer is refused."""
    view = at("510700")
    assert ready_reserve_count(view, vehicles) == reserve
    assert ready_refusal(view, emergency_vehicles_count=vehicles, ready_count=reserve) is None
    refusal = ready_refusal(view, emergency_vehicles_count=vehicles, ready_count=reserve - 1)
    assert refusal.rule_id == "R161"
