"""Rules before a vehicle is bought or rented."""

from __future__ import annotations

from datetime import date

import pytest

from fleet.errors import InvalidFact
from fleet.rules.purchases import age_refusal, decisions_refusal, energy_refusal, standard_refusal, total_refusal
from fleet.rules.rentals import eligibility_refusal, reason_refusal, vehicle_refusal
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Energy, VehicleKind

YUAN = 100


def standard(view, **fields):
    defaults = {
        "duty": Duty.POOLED,
        "kind": VehicleKind.SEDAN,
        "energy": Energy.PETROL,
        "seats": 4,
        "price_fen": 180_000 * YUAN,
        "displacement_ml": 1_800,
    }
    return standard_refusal(view, **(defaults | fields))


@pytest.mark.parametrize(
    ("fields", "most_yuan"),
    [
        ({"duty": Duty.CONFIDENTIAL, "displacement_ml": 1_600}, 120_000),
        ({"duty": Duty.EMERGENCY}, 180_000),
        ({}, 180_000),
        ({"duty": Duty.ENFORCEMENT, "displacement_ml": 1_600}, 120_000),
        ({"duty": Duty.ENFORCEMENT, "special_case": True}, 180_000),
        ({"kind": VehicleKind.MINIBUS, "seats": 10}, 250_000),
        ({"kind": VehicleKind.COACH, "seats": 30}, 450_000),
        ({"energy": Energy.BEV, "displacement_ml": 0}, 180_000),
    ],
)
def test_price_standard(at, fields, most_yuan):
    """R034: price of the class, to the fen."""
    view = at("510700")
    assert standard(view, **(fields | {"price_fen": most_yuan * YUAN})) is None
    refusal = standard(view, **(fields | {"price_fen": most_yuan * YUAN + 1}))
    assert (refusal.rule_id, refusal.code) == ("R034", "price")


def test_displacement_standard(at):
    """R034: 1.8 l for ordinary vehicles, 1.6 l for confidential and enforcement ones."""
    view = at("500101")
    assert standard(view, displacement_ml=1_801).code == "displacement"
    low = standard(view, duty=Duty.CONFIDENTIAL, displacement_ml=1_601, price_fen=1)
    assert low.rule_id == "R034"
    assert standard(view, duty=Duty.SPECIAL, price_fen=10**10, displacement_ml=9_000) is None


def test_replaced_after_eight_full_years_or_for_safety(at, a_vehicle):
    """R038: eight full years; a promotion is never a reason; not knowing the date is no licence."""
    view = at("510700", date(2026, 3, 2))
    assert age_refusal(view, a_vehicle(in_service_on=date(2018, 3, 2))) is None
    assert age_refusal(view, a_vehicle(in_service_on=date(2018, 3, 3))).rule_id == "R038"
    assert age_refusal(view, a_vehicle()).code == "service_date_missing"
    young = a_vehicle(in_service_on=date(2024, 2, 29))
    assert age_refusal(view, young, waiver_reason="safety", waiver_text="重大事故报废") is None
    with pytest.raises(InvalidFact, match="R038"):
        age_refusal(view, young, waiver_reason="promotion", waiver_text="领导升职")


def test_a_combustion_purchase_is_explained(at, a_vehicle):
    """R022: in Sichuan every one; R029: in Chongqing confidential vehicles and enforcement on fixed routes."""

    def refusal(region, vehicle, reason=None, text="", kind=AcquisitionKind.REPLACED):
        acquisition = Acquisition(on=date(2025, 1, 1), kind=kind, waiver_reason=reason, waiver_text=text)
        return energy_refusal(at(region), vehicle, acquisition)

    petrol, nev = a_vehicle(), a_vehicle(nev=True)
    assert refusal("510700", petrol).rule_id == "R022"
    assert refusal("510700", petrol, "special_use").rule_id == "R022"
    assert refusal("510700", petrol, "special_use", "防汛涉水") is None
    assert refusal("510700", petrol, "price", "便宜").rule_id == "R022"
    assert refusal("510700", nev) is None
    assert refusal("510700", petrol, kind=AcquisitionKind.TRANSFERRED) is None
    assert refusal("500101", petrol) is None
    assert refusal("500101", a_vehicle(duty=Duty.CONFIDENTIAL)).rule_id == "R029"
    assert refusal("500101", a_vehicle(duty=Duty.ENFORCEMENT)) is None
    assert refusal("500101", a_vehicle(duty=Duty.ENFORCEMENT, fixed_route=True)).rule_id == "R029"


def test_four_decisions(at):
    """R035: quota, standard, funds, procurement, each with its document."""
    numbers = dict.fromkeys(("quota", "standard", "funds", "procurement"), "川机管〔2025〕1号")
    assert decisions_refusal(at("510700"), numbers) is None
    refusal = decisions_refusal(at("510700"), numbers | {"funds": " "})
    assert (refusal.rule_id, refusal.detail["missing"]) == ("R035", "funds")


def test_the_fleet_does_not_grow(at):
    """R033: not without a document that raises the quota."""
    view = at("510700")
    assert total_refusal(view, before_count=100, after_count=100) is None
    assert total_refusal(view, before_count=100, after_count=101).rule_id == "R033"
    assert total_refusal(view, before_count=100, after_count=101, quota_document_no="川编〔2025〕3号") is None


def test_time_share_after_own_cars_and_for_a_reason_of_the_province(at):
    """R085, R093 and R103: the proof first, then a code of the province's own list."""
    cq, sc = at("500101"), at("510700")
    assert eligibility_refusal(cq, reason="urgent", infeasibility_record="").rule_id == "R085"
    assert eligibility_refusal(sc, reason="urgent", infeasibility_record="").rule_id == "R093"
    assert eligibility_refusal(cq, reason="urgent", infeasibility_record="plan-7/q1") is None
    assert reason_refusal(cq, "grassroots_short").rule_id == "R103"
    assert reason_refusal(sc, "grassroots_short") is None
    assert reason_refusal(sc, "long_distance").rule_id == "R103"


def test_time_share_in_chongqing_is_electric(at, a_vehicle):
    """R089."""
    petrol = a_vehicle(duty=Duty.RENTAL)
    assert vehicle_refusal(at("500101"), petrol).rule_id == "R089"
    assert vehicle_refusal(at("500101"), a_vehicle(duty=Duty.RENTAL, nev=True)) is None
    assert vehicle_refusal(at("510700"), petrol) is None
