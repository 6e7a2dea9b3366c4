"""Every hard rule of time-share and socialised support refusing over HTTP, by its id (R085-R104)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fleet.documents import decode
from fleet.providers import ProviderKind
from fleet.rules.load import load
from fleet.rules.rental_checks import share_refusal
from fleet.units import AuthorisedNumber
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Energy
from tests.api.conftest import at
from tests.api.rental_world import (
    CLAUSES,
    a_provider,
    a_rental_car,
    approved,
    ask,
    evening,
    hold,
    open_points,
    put,
    refused,
    until,
)


@pytest.fixture
def town(world):
    open_points(world)
    return world


def hold_in_suining(world, **changes):
    id = approved(world, evening("SN"), asker="asker", boss="boss")
    return world.post("/v1/rentals", "asker", ask(id, "SN") | {"reason": "urgent"} | changes)


def test_r085_retained_cars_come_first_in_chongqing(town):
    answer = town.post("/v1/rentals", "tn-asker", ask(approved(town, evening(start=9))))
    assert refused(answer) == {"R085": "own_vehicles_first"}
    assert town.get("/v1/rentals", "tn-dispatcher").json()["items"] == []


def test_r103_reasons_are_those_of_the_province(town):
    """R103 and R085: 'grassroots_short' is Sichuan's, 'important' Chongqing's."""
    id = approved(town, evening())
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id, reason="grassroots_short"))) == {"R103": "reason"}
    assert refused(hold_in_suining(town, reason="important")) == {"R103": "reason"}
    assert town.post("/v1/rentals", "tn-asker", ask(id, reason="important")).status_code == 201


def test_r086_one_matter_one_rental(town):
    id = approved(town, evening())
    hold(town, ask(id))
    assert refused(town.post("/v1/rentals:quote", "tn-asker", ask(id))) == {"R086": "one_matter_one_rental"}


def test_a_request_with_an_order_is_cancelled_through_the_order(town):
    id = approved(town, evening())
    order = hold(town, ask(id))
    answer = town.post(f"/v1/requests/{id}:cancel", "tn-asker", {"reason": "取消"})
    assert refused(answer) == {"R086": "has_rental"}
    order.step("cancel", {"reason": "取消"})
    assert town.post(f"/v1/requests/{id}:cancel", "tn-asker", {"reason": "取消"}).status_code == 200


def test_r087_no_second_order_on_a_car_before_its_return(town):
    order = hold(town, ask(approved(town, evening()), vehicle_id="V-TN-R1"))
    order.licence()
    until(town, 20, 50)
    order.heard()
    order.take()
    until(town, 23, 30)  # overdue: the car is not back
    order.heard()
    stops = evening()["stops"]
    for stop in stops:
        stop["earliest_at"], stop["latest_at"] = at(23, 35), at(23, 59)
    answer = town.post("/v1/rentals", "tn-asker", ask(approved(town, evening(stops=stops)), vehicle_id="V-TN-R1"))
    assert refused(answer) == {"R087": "not_returned"}


def test_r088_one_return_one_settlement(town):
    order = hold(town, ask(approved(town, evening())))
    order.licence()
    until(town, 20, 50)
    order.take()
    assert refused(town.post(f"/v1/rentals/{order.id}:settle", "tn-dispatcher")) == {"R087": "not_returned"}
    until(town, 22)
    order.give_back()
    order.step("settle", staff=True)
    assert refused(town.post(f"/v1/rentals/{order.id}:settle", "tn-dispatcher")) == {"R088": "settled_before"}


def test_r088_orders_that_wait_too_long_are_listed(town):
    order = hold(town, ask(approved(town, evening())))
    order.licence()
    until(town, 20, 50)
    order.take()
    until(town, 22)
    order.give_back()
    assert town.get("/v1/rentals:unsettled", "tn-dispatcher").json()["items"] == []
    town.clock.pass_by(days=10, seconds=1)
    town.tokens.clear()
    listed = town.get("/v1/rentals:unsettled", "tn-dispatcher").json()
    assert ([own["id"] for own in listed["items"]], listed["within_days"]) == ([order.id], 10)


def test_r089_only_nevs_in_chongqing(town):
    petrol = Acquisition(on=date(2024, 1, 1), kind=AcquisitionKind.ADDED, price_fen=12_000_000, displacement_ml=1500)
    burning = {"energy": Energy.PETROL, "battery": None, "profile": "sedan_petrol", "acquisition": petrol}
    put(town, *(a_rental_car(f"V-{side}-R{n}", side, **burning) for side in ("TN", "SN") for n in (1, 2)))
    answer = town.post("/v1/rentals", "tn-asker", ask(approved(town, evening())))
    assert refused(answer) == {"R089": "not_nev"}
    assert hold_in_suining(town, public_transport="末班车已过").status_code == 201


def test_r090_a_silent_platform_is_not_assignable(town):
    town.clock.pass_by(seconds=1801)
    answer = town.post("/v1/rentals", "tn-asker", ask(approved(town, evening())))
    assert refused(answer) == {"R090": "feed_missing"}


def test_r091_three_modes_and_no_other(town):
    contract = {"id": "C-9", "mode": "leasing", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    answer = town.post("/v1/providers/PV-SN:addContract", "dispatcher", contract)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "mode")


def test_r092_owned_and_purchased_services_stay_within_the_quota(town):
    unit = decode("unit", town.store.get("unit", "U-SN").body)
    put(town, replace(unit, authorised=(AuthorisedNumber(duty=Duty.POOLED, count=4),)))
    clauses = [{"name": name, "text": "按合同"} for name in CLAUSES]
    for id, count in (("C-8", 3), ("C-9", 2)):
        contract = {
            "id": id,
            "mode": "purchased_service",
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "clauses": clauses,
            "unit_id": "U-SN",
            "purchased_count": count,
        }
        assert town.post("/v1/providers/PV-SN:addContract", "dispatcher", contract).status_code == 200
    # two cars of their own and four authorised: three services are one too many, two are not
    bad = town.post("/v1/providers/PV-SN:activateContract", "dispatcher", {"contract_id": "C-8"})
    assert refused(bad) == {"R092": "over_quota"}
    good = town.post("/v1/providers/PV-SN:activateContract", "dispatcher", {"contract_id": "C-9"})
    assert good.status_code == 200


def test_r093_own_cars_then_public_transport_then_rental_in_sichuan(town):
    assert refused(hold_in_suining(town)) == {"R093": "order_of_means"}
    by_day = approved(town, evening("SN", start=9), asker="asker", boss="boss")
    own_first = town.post("/v1/rentals", "asker", ask(by_day, "SN", public_transport="无班车"))
    assert refused(own_first) == {"R093": "own_vehicles_first"}
    answer = hold_in_suining(town, public_transport="末班车已过")
    assert answer.status_code == 201
    assert [step["means"] for step in answer.json()["proof"]["steps"]][-1] == "public_transport"


def test_r094_the_share_of_nevs_in_yibin(town, world):
    """R094: 5*NEV >= N over the month's orders; the rule is Yibin's alone."""
    petrol = a_rental_car("V-YB-R1", "SN", energy=Energy.PETROL, battery=None, profile="sedan_petrol")
    view = load().at(date(2026, 3, 2), "511500")
    found = share_refusal(view, petrol, nev_count=1, all_count=5)
    assert found is not None
    assert found.rule_id == "R094"
    assert share_refusal(view, petrol, nev_count=1, all_count=4) is None
    assert share_refusal(view, a_rental_car("V-YB-R2", "SN"), nev_count=0, all_count=9) is None
    assert share_refusal(load().at(date(2026, 3, 2), "510900"), petrol, nev_count=0, all_count=9) is None


def test_r096_a_rented_car_obeys_the_standard(town):
    dear = Acquisition(on=date(2024, 1, 1), kind=AcquisitionKind.ADDED, price_fen=40_000_000, displacement_ml=0)
    put(town, *(a_rental_car(f"V-TN-R{n}", "TN", acquisition=dear) for n in (1, 2)))
    id = approved(town, evening())
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id))) == {"R096": "price"}
    put(town, *(a_rental_car(f"V-TN-R{n}", "TN", acquisition=None) for n in (1, 2)))
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id))) == {"R096": "standard_unknown"}


@pytest.mark.parametrize("missing", CLAUSES)
def test_r097_a_contract_without_a_clause_cannot_be_activated(town, missing):
    contract = {
        "id": "C-9",
        "mode": "time_share_rental",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "clauses": [{"name": name, "text": "按合同"} for name in CLAUSES if name != missing],
    }
    assert town.post("/v1/providers/PV-SN:addContract", "dispatcher", contract).status_code == 200
    answer = town.post("/v1/providers/PV-SN:activateContract", "dispatcher", {"contract_id": "C-9"})
    assert answer.status_code == 422
    assert missing in str(answer.json()["errors"][0]["value"])
    assert "R097" in answer.json()["errors"][0]["remedy"]


def test_r097_an_expired_contract_blocks_new_orders(town):
    put(town, a_provider("TN", ends_on=date(2026, 3, 1)))
    answer = town.post("/v1/rentals", "tn-asker", ask(approved(town, evening())))
    assert refused(answer) == {"R097": "no_contract"}


def test_r099_an_unevaluated_provider_does_not_enter_the_next_contract_year(town):
    put(town, a_provider("TN", starts_on=date(2025, 3, 1)))
    id = approved(town, evening())
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id))) == {"R099": "not_evaluated"}
    judged = {"contract_id": "C-TN", "contract_year": 0, "score": 91, "note": "年度考核"}
    assert town.post("/v1/providers/PV-TN:evaluate", "tn-dispatcher", judged).status_code == 200
    assert town.post("/v1/providers/PV-TN:evaluate", "tn-dispatcher", judged).status_code == 409
    assert town.post("/v1/rentals", "tn-asker", ask(id)).status_code == 201


def test_r101_an_order_carries_a_form_and_a_class(town):
    id = approved(town, evening())
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id, form="D"))) == {"R101": "form"}
    own = town.post("/v1/rentals", "tn-asker", ask(id, form="B")).json()
    assert (own["form"], own["rental_class"]) == ("B", "temporary_rental")


def test_s06_the_means_in_order_and_the_right_form(town):
    """S06: own car, public transport, rental; the order prints its form (R101)."""
    answer = hold_in_suining(town, public_transport="末班车已过", form="B")
    own = answer.json()
    means = [step["means"] for step in own["proof"]["steps"]]
    assert means.index("public_transport") == len(means) - 1
    assert means[0] == "own"
    page = town.get(f"/v1/rentals/{own['id']}/form.pdf", "asker")
    assert (page.status_code, page.headers["content-type"]) == (200, "application/pdf")
    assert page.content.startswith(b"%PDF")
    assert town.get(f"/v1/rentals/{own['id']}/form.pdf", "tn-asker").status_code == 404
    assert town.get(f"/v1/rentals/{own['id']}/form.pdf", "asker").content == page.content


def test_r104_a_fleet_company_comes_with_drivers(town):
    put(town, replace(a_provider("TN"), kind=ProviderKind.FLEET_COMPANY))
    answer = town.post("/v1/rentals", "tn-asker", ask(approved(town, evening())))
    assert refused(answer) == {"R104": "with_driver"}


def test_r131_above_the_units_budget_a_planner_must_approve(town):
    budget = {"unit_id": "U-TN", "year": 2026, "cap_fen": 6_000, "line": "2130101"}
    assert town.post("/v1/rentalBudgets", "tn-dispatcher", budget).status_code == 201
    first = hold(town, ask(approved(town, evening())))
    assert town.get("/v1/rentalBudgets", "tn-dispatcher").json()["items"][0]["committed_fen"] == 5_400
    second = approved(town, evening())
    assert refused(town.post("/v1/rentals", "tn-asker", ask(second))) == {"R131": "over_budget"}
    first.step("cancel", {"reason": "取消"})
    assert town.get("/v1/rentalBudgets", "tn-dispatcher").json()["items"][0]["committed_fen"] == 0
    order = hold(town, ask(second))
    order.licence()
    until(town, 20, 50)
    order.take()
    until(town, 22)
    order.give_back()
    order.step("settle", staff=True)
    kept = town.get("/v1/rentalBudgets", "tn-dispatcher").json()["items"][0]
    assert (kept["committed_fen"], kept["booked_fen"]) == (0, 2 * 1500 + 41 * 60)
    assert town.get(f"/v1/rentals/{order.id}", "tn-asker").json()["settlement"]["budget_line"] == "2130101"


def test_a_month_is_batched_and_compared_with_the_providers_file(town):
    order = hold(town, ask(approved(town, evening())))
    order.licence()
    until(town, 20, 50)
    order.take()
    until(town, 22)
    order.give_back()
    order.step("settle", staff=True)
    batch = town.post("/v1/rentalBatches", "tn-dispatcher", {"provider_id": "PV-TN", "month": "2026-03"})
    assert batch.status_code == 201, batch.text
    assert batch.json()["total_fen"] == 2 * 1500 + 41 * 60
    path = "/v1/rentalBatches/PV-TN-2026-03"
    wrong = town.post(f"{path}:reconcile", "tn-dispatcher", {"lines": [{"rental_id": order.id, "amount_fen": 1}]})
    assert [own["kind"] for own in wrong.json()["differences"]] == ["amount"]
    lines = [{"rental_id": order.id, "amount_fen": batch.json()["total_fen"]}]
    right = town.post(f"{path}:reconcile", "tn-dispatcher", {"lines": lines})
    assert (right.json()["state"], right.json()["differences"]) == ("reconciled", [])
    assert town.post(f"{path}:reconcile", "tn-dispatcher", {"lines": lines}).status_code == 409


def test_oversight_shows_alerts_shares_and_levels(town):
    order = hold(town, ask(approved(town, evening())))
    order.licence()
    until(town, 20, 50)
    order.take()
    until(town, 22)
    order.give_back(12_350_000)  # five of forty kilometres
    seen = town.get("/v1/rentals:oversight", "tn-dispatcher").json()
    assert [own["kind"] for own in seen["alerts"]] == ["no_matter"]
    assert seen["nev_shares"][0]["all_count"] == 1
    assert {own["code"] for own in seen["service_levels"]} == {"breakdown", "in_time"}
    assert town.get("/v1/rentals:oversight", "tn-asker").status_code == 403


def test_s09_each_township_with_its_figures(town):
    """Asked, served, unmet and waiting of a month, for every township unit."""
    ids = [
        approved(town, evening(start=start, unit_id="U-TN-T1"), asker="tn-dispatcher", boss="tn-boss")
        for start in (8, 20, 21)
    ]
    hold(town, ask(ids[2]), login="tn-dispatcher")
    until(town, 9)
    lines = town.get("/v1/townships", "tn-dispatcher", month="2026-03").json()["items"]
    assert [(own["name"], own["requests_count"]) for own in lines] == [("双江镇人民政府", 3)]
    assert (lines[0]["served_count"], lines[0]["unmet_count"], lines[0]["waiting_count"]) == (1, 1, 1)
    assert lines[0]["unmet_ids"] == [ids[0]]
