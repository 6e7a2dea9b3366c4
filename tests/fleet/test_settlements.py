"""Settlement between regions: to the fen, balanced, one order number for both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InvalidFact
from fleet.ids import AgreementId, RegionCode, RequestId, VehicleId
from fleet.settlements import Drive, Ride, Tariff, price_fen, settle, split

SUINING, TONGNAN = RegionCode("510900"), RegionCode("500152")
TARIFF = Tariff(name="遂潼2026", matter_fen=2_000, km_fen=180, minute_fen=50)
AGREEMENT = AgreementId("A-SN-TN")


def a_ride(id: str = "q1", region: RegionCode = SUINING, **fields) -> Ride:
    defaults = {"passengers_count": 2, "ride_m": 40_000}
    return Ride(request_id=RequestId(id), region=region, **(defaults | fields))


def a_drive(*rides: Ride, **fields) -> Drive:
    defaults = {
        "vehicle_id": VehicleId("v-tn"),
        "region": TONGNAN,
        "agreement_id": AGREEMENT,
        "day": date(2026, 3, 2),
        "drive_m": 90_001,
        "duty_s": 7_201,
        "toll_fen": 1_500,
        "energy_fen": 900,
        "rides": rides or (a_ride(),),
    }
    return Drive(**(defaults | fields))


def test_suining_pays_tongnan_for_its_car():
    """S04, R109: one order number, one line, and it balances; the empty way counts (R112)."""
    sheet = settle([a_drive()], {AGREEMENT: TARIFF})
    amount_fen = 2_000 + 91 * 180 + 121 * 50 + 1_500 + 900
    (line,) = sheet.lines
    assert (line.request_id, line.payer, line.receiver, line.amount_fen) == ("q1", SUINING, TONGNAN, amount_fen)
    assert sheet.payable_fen == {SUINING: amount_fen}
    assert sheet.receivable_fen == {TONGNAN: amount_fen}
    assert sheet.balance_fen == 0


def test_half_and_half():
    half = replace(TARIFF, share_per_mille=500)
    drive = a_drive()
    assert settle([drive], {AGREEMENT: half}).lines[0].amount_fen == (price_fen(drive, half) + 1) // 2


def test_ones_own_people_on_ones_own_car_are_no_debt():
    own, other = a_ride("q1", TONGNAN), a_ride("q2", SUINING)
    drive = a_drive(own, other)
    sheet = settle([drive], {AGREEMENT: TARIFF})
    assert [line.request_id for line in sheet.lines] == ["q2"]
    assert sheet.lines[0].amount_fen in (price_fen(drive, TARIFF) // 2, -(-price_fen(drive, TARIFF) // 2))


@given(amount=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=9).filter(any))
def test_a_split_loses_no_fen(amount, weights):
    parts = split(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    assert all(abs(part * total - amount * weight) < total for part, weight in zip(parts, weights, strict=True))


@given(
    rides=st.lists(
        st.tuples(st.sampled_from([SUINING, TONGNAN]), st.integers(1, 40), st.integers(0, 10**6)),
        min_size=1,
        max_size=6,
    ),
    share=st.integers(0, 1_000),
    drive_m=st.integers(0, 10**6),
)
def test_every_sheet_balances(rides, share, drive_m):
    """R109."""
    made = [
        a_ride(f"q{n}", region, passengers_count=people, ride_m=ride_m)
        for n, (region, people, ride_m) in enumerate(rides)
    ]
    forth = a_drive(*made, drive_m=drive_m)
    back = a_drive(*made, vehicle_id=VehicleId("v-sn"), region=SUINING, drive_m=drive_m)
    sheet = settle([forth, back], {AGREEMENT: replace(TARIFF, share_per_mille=share)})
    assert sheet.balance_fen == 0
    assert len(sheet.lines) == len(rides)
    assert all(line.payer != line.receiver and line.amount_fen >= 0 for line in sheet.lines)


def test_what_cannot_be_settled_is_refused():
    with pytest.raises(InvalidFact, match="R109"):
        settle([a_drive()], {})
    with pytest.raises(InvalidFact, match="R109"):
        settle([replace(a_drive(), rides=())], {AGREEMENT: TARIFF})
    for change in ({"km_fen": -1}, {"share_per_mille": 1_001}):
        with pytest.raises(InvalidFact):
            replace(TARIFF, **change)
    with pytest.raises(ValueError, match="weights"):
        split(10, [0, 0])
