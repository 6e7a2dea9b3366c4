"""Charging plans: enough points for the rules and the night, within the grid, at least cost."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from fleet.ids import RegionCode, SiteId, UnitId, VehicleId
from fleet.rules.findings import Verdict
from fleet.rules.load import load
from fleet.sites import CarPark, ChargeGroup, Site
from fleet.units import Level, Unit
from fleet.vehicles import Battery, Energy, Vehicle, VehicleKind
from scenarios.charging import Needs, judge_charging, plan_charging
from scenarios.prices import Prices

BOOK, ON = load(), date(2025, 6, 30)


def nevs(count: int, region: str, site: str = "S1") -> list[Vehicle]:
    return [
        Vehicle(
            id=VehicleId(f"V{site}{n:03d}"),
            plate=f"川AD{n:05d}",
            unit_id=UnitId("U1"),
            region=RegionCode(region),
            home_site_id=SiteId(site),
            kind=VehicleKind.SEDAN,
            energy=Energy.BEV,
            seats=4,
            profile="sedan_bev",
            battery=Battery(capacity_wh=60_000, charge_wh=50_000),
        )
        for n in range(count)
    ]


def site(region: str, id: str = "S1", *, points: int = 0, power_w: int | None = None, **fields: object) -> Site:
    groups = (ChargeGroup(points=points, power_w=7_000, dc=False),) if points else ()
    return Site(
        id=SiteId(id),
        name=id,
        region=RegionCode(region),
        unit_id=None,
        lon_wgs84=104.0,
        lat_wgs84=30.0,
        charge_groups=groups,
        site_power_w=power_w,
        **fields,
    )


def unit(region: str) -> Unit:
    return Unit(id=UnitId("U1"), name="单位", region=RegionCode(region), level=Level.PREFECTURE)


@pytest.mark.parametrize(
    ("region", "has", "built"),
    [
        ("510700", 3, 1),  # 9 NEVs need 4 chargers, 3 fail (S08)
        ("510700", 4, 0),
        ("500101", 0, 0),  # Chongqing has no floor (R059)
        ("513200", 0, 0),  # Aba is exempt (R020)
    ],
)
def test_nine_nevs_need_four_chargers(region, has, built):
    places, cars = [site(region, points=has)], nevs(9, region)
    plan = plan_charging(places, cars, BOOK, on=ON, needs=Needs(usual_wh=0))
    assert sum(one.slow + one.fast for one in plan.sites) == built
    findings = judge_charging([unit(region)], places, cars, plan, BOOK, on=ON)
    assert not [own for own in findings if own.verdict is Verdict.FAIL]


def test_meishan_builds_twenty_piles_for_a_hundred_spaces():
    places = [site("511400", points=3, car_park=CarPark(spaces_count=100, nev_spaces_count=20))]
    plan = plan_charging(places, [], BOOK, on=ON)
    assert plan.sites[0].slow == 17
    findings = judge_charging([unit("511400")], places, [], plan, BOOK, on=ON)
    assert not [own for own in findings if own.verdict is Verdict.FAIL]
    before = judge_charging([unit("511400")], places, [], plan_charging([], [], BOOK, on=ON), BOOK, on=ON)
    assert [own.rule_id for own in before if own.verdict is Verdict.FAIL] == ["R054"]


def test_the_night_needs_power_and_the_connection_bears_it_or_is_enlarged():
    cars = nevs(20, "500101")  # 20 x 20 kWh in 10 h: 40 kW
    plan = plan_charging([site("500101", power_w=20_000)], cars, BOOK, on=ON)
    (one,) = plan.sites
    assert one.slow * 7_000 + one.fast * 60_000 >= 40_000
    assert one.after.site_power_w is not None
    assert one.after.site_power_w >= one.slow * 7_000 + one.fast * 60_000
    assert one.cost_fen == one.slow * 400_000 + one.fast * 4_500_000 + one.enlarged_kw * 60_000
    weak = plan_charging([site("500101", power_w=20_000)], cars, BOOK, on=ON, needs=Needs(may_enlarge=False))
    assert weak.infeasible == {SiteId("S1"): "grid_too_weak_at_night"}
    assert weak.sites == ()


def test_no_new_point_exceeds_the_grid():
    places = [site("510700", id="S1", power_w=14_000), site("510700", id="S2", power_w=100_000)]
    cars = nevs(12, "510700", "S1")
    plan = plan_charging(places, cars, BOOK, on=ON, needs=Needs(usual_wh=5_000, may_enlarge=False))
    for one in plan.sites:
        assert one.site.site_power_w is not None
        assert one.slow * 7_000 + one.fast * 60_000 <= one.site.site_power_w
    assert sum(one.slow + one.fast for one in plan.sites) == 5, "12 NEVs need 5 piles"


@pytest.mark.parametrize(("night_wh", "limit_w"), [(300_000, 10_000), (650_000, 80_000), (90_000, 7_000)])
def test_the_plan_is_the_cheapest_of_all(night_wh, limit_w):
    places, cars, prices = [site("510700", power_w=limit_w)], nevs(9, "510700"), Prices()
    needs = Needs(night_wh={SiteId("S1"): night_wh})
    plan = plan_charging(places, cars, BOOK, on=ON, needs=needs, prices=prices)
    wanted_w = -(-night_wh // 10)
    best = min(
        slow * prices.slow_point_fen + fast * prices.fast_point_fen + kw * prices.grid_fen_per_kw
        for slow, fast, kw in product(range(14), range(4), range(90))
        if slow * 7_000 + fast * 60_000 >= wanted_w
        and limit_w + kw * 1_000 >= wanted_w
        and slow * 7_000 + fast * 60_000 <= limit_w + kw * 1_000
        and slow + fast >= 4
    )
    assert plan.cost_fen == best
