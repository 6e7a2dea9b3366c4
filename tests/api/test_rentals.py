"""Time-share rental over real HTTP and both stores: S05 whole, and every step's refusals."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from fleet.documents import decode
from fleet.rental_accounts import worked_out_again
from fleet.vehicles import Battery
from tests.api.rental_world import (
    Order,
    a_rental_car,
    approved,
    ask,
    evening,
    hold,
    later,
    open_points,
    put,
    reading,
    refused,
    until,
)


@pytest.fixture
def store_kind(request):
    return getattr(request, "param", "memory")


#: the tests in which several documents change at once run over both stores
both_stores = pytest.mark.parametrize("store_kind", ["memory", "redis"], indirect=True)


@pytest.fixture
def town(world):
    open_points(world)
    return world


def booked(world, **changes) -> Order:
    order = hold(world, ask(approved(world, evening()), **changes))
    order.licence()
    return order


@both_stores
def test_s05_a_retained_car_comes_first_then_an_nev_is_offered_and_closed_by_one_settlement(town):
    """R085, R086, R087, R088: refused while a retained car can; the order closes after return and one settlement."""
    by_day = approved(town, evening(start=9))
    answer = town.post("/v1/rentals", "tn-asker", ask(by_day))
    assert refused(answer) == {"R085": "own_vehicles_first"}

    id = approved(town, evening())
    quote = town.post("/v1/rentals:quote", "tn-asker", ask(id))
    assert quote.status_code == 200, quote.text
    assert quote.json()["quote"]["amount_fen"] == 2 * 1500 + 40 * 60
    assert quote.json()["proof"]["steps"]
    order = hold(town, ask(id))
    own = town.get(f"/v1/rentals/{order.id}", "tn-asker").json()
    assert own["new_energy"]
    assert own["proof"]["vehicles_count"] >= 1
    assert town.get(f"/v1/requests/{id}", "tn-asker").json()["state"] == "assigned"

    order.licence()
    until(town, 20, 50)
    order.heard()
    assert order.take()["state"] == "in_use"
    assert town.get(f"/v1/requests/{id}", "tn-asker").json()["state"] == "under_way"
    assert refused(town.post(f"/v1/rentals/{order.id}:settle", "tn-dispatcher")) == {"R087": "not_returned"}
    until(town, 22, 45)
    returned = order.give_back()
    assert returned["state"] == "returned"
    car = town.get(f"/v1/vehicles/{own['vehicle_id']}", "tn-dispatcher").json()
    assert (car["odometer_m"], car["battery"]["charge_wh"]) == (12_385_500, 35_000)
    settled = order.step("settle", staff=True)
    assert settled["state"] == "settled"
    assert settled["settlement"]["bill"]["amount_fen"] == 2 * 1500 + 41 * 60
    assert refused(town.post(f"/v1/rentals/{order.id}:settle", "tn-dispatcher")) == {"R088": "settled_before"}
    assert town.get(f"/v1/requests/{id}", "tn-asker").json()["state"] == "finished"

    # the settlement is worked out again from the ledger alone
    last: dict = {}
    for event in town.store.events(limit=10_000):
        for document in event.documents:
            last[document.kind, document.id] = document.body
    rental = decode("rental", last["rental", order.id])
    tariff = decode("rental_tariff", last["rental_tariff", rental.tariff_id])
    assert worked_out_again(rental, tariff) == rental.settlement.bill


def test_one_matter_one_rental(town):
    """R086: a request that is not approved, or has an order, gets none."""
    draft = town.post("/v1/requests", "tn-asker", evening()).json()["id"]
    assert refused(town.post("/v1/rentals", "tn-asker", ask(draft))) == {"R086": "not_approved"}
    id = approved(town, evening())
    hold(town, ask(id))
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id))) == {"R086": "one_matter_one_rental"}


@both_stores
def test_a_repeated_hold_is_one_hold(town):
    id = approved(town, evening())
    answers = [town.post("/v1/rentals", "tn-asker", ask(id), Idempotency_Key="k-1") for _ in range(3)]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(town.get("/v1/rentals", "tn-asker").json()["items"]) == 1


def test_a_car_is_let_once_and_the_unit_returns_it_before_it_takes_it_again(town):
    """R087: the third order of the evening finds both cars taken."""
    orders = [hold(town, ask(approved(town, evening()))) for _ in range(2)]
    cars = {town.get(f"/v1/rentals/{order.id}", "tn-asker").json()["vehicle_id"] for order in orders}
    assert cars == {"V-TN-R1", "V-TN-R2"}
    third = approved(town, evening())
    assert refused(town.post("/v1/rentals", "tn-asker", ask(third))) == {"R087": "not_returned"}
    points = town.get("/v1/rentalPoints", "tn-asker", region="500152").json()["items"]
    assert [(point["id"], point["free_count"]) for point in points] == [("S-TN", 2)]


@both_stores
def test_a_hold_that_nobody_confirms_is_released_by_the_next_who_wants_the_car(town):
    first = approved(town, evening())
    order = hold(town, ask(first, vehicle_id="V-TN-R1"))
    second = approved(town, evening())
    assert "R087" in refused(town.post("/v1/rentals", "tn-asker", ask(second, vehicle_id="V-TN-R1")))
    later(town, 16)
    order.heard()
    assert town.get(f"/v1/rentals/{order.id}", "tn-asker").json()["lapsed"]
    hold(town, ask(second, vehicle_id="V-TN-R1"))
    assert town.get(f"/v1/rentals/{order.id}", "tn-asker").json()["state"] == "expired"
    assert town.get(f"/v1/requests/{first}", "tn-asker").json()["state"] == "approved"


def test_who_does_not_come_pays_and_the_request_waits_again(town):
    order = booked(town)
    until(town, 21, 31)
    released = order.step("release")
    assert (released["state"], released["owed_fen"]) == ("no_show", 1500)
    order.step("release", expected=409)


def test_cancelling_late_costs_its_fee(town):
    order = booked(town)
    until(town, 20, 45)
    assert order.step("cancel", {"reason": "雨停了"})["owed_fen"] == 500
    assert order.step("cancel", {"reason": "雨停了"}, expected=409)["type"].endswith("illegal-transition")


def test_the_licence_is_checked_by_staff_and_the_car_opens_to_its_renter_only(town):
    order = hold(town, ask(approved(town, evening())))
    body = {"licence": "C1", "valid_until": "2030-01-01"}
    assert town.post(f"/v1/rentals/{order.id}:checkLicence", "tn-asker", body).status_code == 403
    bad = town.post(f"/v1/rentals/{order.id}:checkLicence", "tn-dispatcher", body | {"licence": "M1"})
    assert bad.status_code == 422
    order.step("unlock", expected=409)
    order.licence()
    until(town, 20, 50)
    order.take()
    token = town.get(f"/v1/rentals/{order.id}/token", "tn-asker").json()["token"]
    assert town.get(f"/v1/rentals/{order.id}/token", "tn-dispatcher").status_code == 404
    assert order.step("open", {"token": "0" * 64}) == {"opened": False}
    assert order.step("open", {"token": token}) == {"opened": True}
    text = str([document.body for event in town.store.events(limit=10_000) for document in event.documents])
    assert token not in text
    later(town, 6)
    assert order.step("open", {"token": token}) == {"opened": False}


def test_a_car_is_looked_over_near_the_start_and_readings_follow(town):
    order = booked(town)
    order.step("inspect", reading(12_345_000, 0.9), expected=422)
    until(town, 20, 50)
    order.step("inspect", reading(12_344_000, 0.9), expected=422)
    order.step("inspect", {"odometer_m": 12_345_000, "charge_frac": 0.9, "photos": []}, expected=422)
    order.take()
    until(town, 22)
    order.step(
        "return",
        {"site_id": "S-TN", "lon_wgs84": 105.8406, "lat_wgs84": 30.191, **reading(12_344_999, 0.7)},
        expected=422,
    )


def test_a_return_counts_at_an_open_point_inside_its_fence(town):
    """R087: elsewhere, or when the point is closed, the order stays open."""
    order = booked(town)
    until(town, 20, 50)
    order.take()
    until(town, 22)
    far = town.post(
        f"/v1/rentals/{order.id}:return",
        "tn-asker",
        {"site_id": "S-TN", "lon_wgs84": 105.85, "lat_wgs84": 30.191, **reading(12_380_000, 0.7)},
    )
    assert refused(far) == {"R087": "outside_geofence"}
    point = decode("rental_point", town.store.get("rental_point", "S-TN").body)
    put(town, replace(point, closes_s=21 * 3600))
    body = {"site_id": "S-TN", "lon_wgs84": 105.8406, "lat_wgs84": 30.191, **reading(12_380_000, 0.7)}
    assert refused(town.post(f"/v1/rentals/{order.id}:return", "tn-asker", body)) == {"R087": "point_closed"}
    put(town, replace(point, takes_returns=False))
    assert refused(town.post(f"/v1/rentals/{order.id}:return", "tn-asker", body)) == {"R087": "no_returns"}
    put(town, point)
    order.give_back(12_380_000)


def test_a_one_way_rental_leaves_the_car_at_the_other_point(town):
    order = hold(town, ask(approved(town, evening()), to_site_id="S-SN"))
    order.licence()
    until(town, 20, 50)
    order.take()
    until(town, 22)
    back = order.give_back(12_400_000, "S-SN")
    car = town.get(f"/v1/vehicles/{back['vehicle_id']}", "tn-dispatcher").json()
    assert car["home_site_id"] == "S-SN"
    lines = {line["code"] for line in order.step("settle", staff=True)["settlement"]["bill"]["lines"]}
    assert "one_way" in lines


def test_a_rental_is_extended_while_nobody_suffers(town):
    order = booked(town)
    until(town, 20, 50)
    order.take()
    later(town, 30)
    longer = order.step("extend", {"until_at": "2026-03-02T23:30:00+08:00"})
    assert longer["until_at"].startswith("2026-03-02T23:30")
    assert longer["quote"]["amount_fen"] == 3 * 1500 + 40 * 60
    order.step("extend", {"until_at": "2026-03-02T23:00:00+08:00"}, expected=422)


def test_an_extension_into_somebody_elses_time_is_refused(town):
    order = booked(town, vehicle_id="V-TN-R1")
    stops = evening()["stops"]
    for stop, earliest, latest in zip(stops, ("23:20", "23:20"), ("23:30", "23:55"), strict=True):
        stop["earliest_at"], stop["latest_at"] = (f"2026-03-02T{clock}:00+08:00" for clock in (earliest, latest))
    hold(town, ask(approved(town, evening(stops=stops)), vehicle_id="V-TN-R1"))
    answer = town.post(f"/v1/rentals/{order.id}:extend", "tn-asker", {"until_at": "2026-03-02T23:30:00+08:00"})
    assert "R087" in refused(answer)


@both_stores
def test_a_breakdown_is_swapped_under_the_same_order(town):
    order = booked(town, vehicle_id="V-TN-R1")
    until(town, 20, 50)
    order.take()
    later(town, 20)
    order.heard()
    broken = {"what": "爆胎", "lon_wgs84": 105.9, "lat_wgs84": 30.2}
    order.step("breakDown", broken, expected=422)
    order.step("breakDown", broken | {"reading": reading(12_360_000, 0.85)})
    assert town.get("/v1/vehicles/V-TN-R1", "tn-dispatcher").json()["state"] == "out_of_service"
    assert "R087" in refused(town.post(f"/v1/rentals/{order.id}:swap", "tn-dispatcher", {"vehicle_id": "V-SN-R1"}))
    order.step("swap", {"vehicle_id": "V-TN-R2"}, staff=True)
    later(town, 15)
    order.take(12_345_000)
    later(town, 30)
    back = order.give_back(12_355_000)
    assert [leg["vehicle_id"] for leg in back["legs"]] == ["V-TN-R1", "V-TN-R2"]
    settled = order.step("settle", staff=True)
    assert settled["settlement"]["drive_m"] == 15_000 + 10_000


def test_a_breakdown_without_another_car_ends_the_order_and_bills_what_was_driven(town):
    order = booked(town)
    until(town, 20, 50)
    order.take()
    later(town, 20)
    order.step("breakDown", {"what": "x", "lon_wgs84": 105.9, "lat_wgs84": 30.2, "reading": reading(12_360_000, 0.85)})
    later(town, 120)
    order.step("endBroken", staff=True)
    bill = order.step("settle", staff=True)["settlement"]["bill"]
    assert bill["amount_fen"] == 1 * 1500 + 15 * 60


@both_stores
def test_a_dispute_stops_the_settlement_until_somebody_else_resolves_it(town):
    order = booked(town)
    until(town, 20, 50)
    order.take()
    until(town, 22)
    order.give_back()
    order.step("dispute", {"reason": "里程不符"})
    order.step("settle", staff=True, expected=409)
    order.step("resolve", {"outcome": "核实无误"}, staff=True)
    order.step("settle", staff=True)
    order.step("dispute", {"reason": "停车费"})
    done = order.step("resolve", {"outcome": "减免", "adjustment_fen": -1000}, staff=True)
    assert done["owed_fen"] == done["settlement"]["bill"]["amount_fen"] - 1000


def test_a_silent_platform_is_not_booked_but_takes_cars_back(town):
    """R090: half an hour without a word from the provider's platform."""
    order = booked(town)
    id = approved(town, evening())
    later(town, 31)
    assert refused(town.post("/v1/rentals", "tn-asker", ask(id))) == {"R090": "feed_missing"}
    assert town.post("/v1/providers/PV-TN:heartbeat", "tn-dispatcher", {"cars_count": 2}).status_code == 200
    hold(town, ask(id))
    until(town, 20, 50)
    order.take()
    until(town, 22)
    assert order.give_back()["returned"]["feed_lost"]


def test_an_order_of_others_is_not_there(town):
    order = hold(town, ask(approved(town, evening())))
    assert town.get(f"/v1/rentals/{order.id}", "asker").status_code == 404
    assert town.post(f"/v1/rentals/{order.id}:cancel", "asker", {"reason": "x"}).status_code == 404
    assert town.get("/v1/rentals", "asker").json()["items"] == []
    assert town.get(f"/v1/rentals/{order.id}", "tn-boss").status_code == 200


@both_stores
def test_many_at_once_never_share_a_car(town):
    """Thirty orders for two cars at the same time: two are held, whoever comes first."""
    ids = [approved(town, evening()) for _ in range(30)]
    codes: list[int] = []

    def reach(id: str) -> None:
        codes.append(town.post("/v1/rentals", "tn-asker", ask(id)).status_code)

    threads = [threading.Thread(target=reach, args=(id,)) for id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(codes)) == [201, 409]
    assert codes.count(201) == 2
    held = town.get("/v1/rentals", "tn-dispatcher", state="held").json()["items"]
    assert sorted(own["vehicle_id"] for own in held) == ["V-TN-R1", "V-TN-R2"]


def test_a_car_with_too_little_charge_is_not_offered(town):
    """R063: the trip must leave the reserve."""
    put(
        town, *(a_rental_car(f"V-TN-R{n}", "TN", battery=Battery(capacity_wh=50_000, charge_wh=11_000)) for n in (1, 2))
    )
    id = approved(town, evening(start=21))
    assert town.post("/v1/rentals", "tn-asker", ask(id)).status_code == 201  # charged at the point until the evening
    until(town, 20, 59)
    put(
        town, *(a_rental_car(f"V-TN-R{n}", "TN", battery=Battery(capacity_wh=50_000, charge_wh=11_000)) for n in (1, 2))
    )
    Order(town, "").heard()
    stops = evening()["stops"]
    soon = approved(town, evening(stops=stops))
    assert "R063" in refused(town.post("/v1/rentals", "tn-asker", ask(soon)))
