"""The compliance check: figure, bound, verdict, citation and the smallest change, per region, batch, site and unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fleet.compliance import Oversight, RentalOrders, evaluate, summary
from fleet.errors import InvalidFact
from fleet.ids import RegionCode
from fleet.rules.findings import Verdict
from fleet.rules.jurisdictions import list_prefectures
from fleet.sites import CarPark
from fleet.units import AuthorisedNumber, Level, Population
from fleet.vehicles import AcquisitionKind, Duty, Energy, VehicleState

DAY = date(2025, 6, 30)


@pytest.fixture
def findings(book, a_unit):
    def run(*, units=(), vehicles=(), sites=(), day=DAY, region="510700", rule=None, **fields):
        units = list(units) or [a_unit("u1", region)]
        found = evaluate(units, vehicles, sites, day, book, **fields)
        return [own for own in found if rule is None or own.rule_id == rule]

    return run


def only(findings, **match):
    chosen = [own for own in findings if all(getattr(own, name) == value for name, value in match.items())]
    assert len(chosen) == 1, chosen
    return chosen[0]


def test_three_of_ten_fails_in_mianyang_passes_in_wanzhou_and_is_exempt_in_aba(findings, bought):
    """S07. R018: strictly above 30%. R026: at least 30%. R020: exempt, never failed."""
    mianyang = only(findings(vehicles=bought(nev=3, total=10), rule="R018"), subject="")
    assert (mianyang.verdict, mianyang.x, mianyang.y) == (Verdict.FAIL, 3, 10)
    assert mianyang.bound == "10*nev > 3*replaced"
    assert mianyang.change.count == 1
    assert "再更新1辆" in mianyang.change.message_zh
    assert ">30%" in mianyang.citation.quotation
    assert mianyang.split == {"bev": 3}

    wanzhou = findings(vehicles=bought(nev=3, total=10, region="500101", on=date(2025, 2, 1)), region="500101")
    passed = only([own for own in wanzhou if own.rule_id == "R026"], period="2025")
    assert (passed.verdict, passed.change) == (Verdict.PASS, None)

    aba = findings(vehicles=bought(nev=3, total=10, region="513200"), region="513200", rule="R018")
    assert only(aba, subject="").verdict is Verdict.EXEMPT


def test_one_more_makes_mianyang_pass(findings, bought):
    """R018."""
    assert only(findings(vehicles=bought(nev=4, total=10), rule="R018"), subject="").verdict is Verdict.PASS


def test_a_municipal_batch_needs_five_of_ten_a_districts_three(findings, bought, a_unit):
    """R027 and R028: central procurement of Chongqing by batch."""
    municipal = a_unit("u1", "500000", Level.PROVINCE)
    for nev, verdict in ((4, Verdict.FAIL), (5, Verdict.PASS)):
        found = findings(
            units=[municipal], vehicles=bought(nev=nev, total=10, region="500000", batch="2023-1"), rule="R027"
        )
        assert only(found, subject="2023-1").verdict is verdict
    district = a_unit("u1", "500101", Level.COUNTY)
    for nev, verdict in ((2, Verdict.FAIL), (3, Verdict.PASS)):
        found = findings(
            units=[district], vehicles=bought(nev=nev, total=10, region="500101", batch="2023-2"), rule="R028"
        )
        assert only(found, subject="2023-2").verdict is verdict


def test_meishan_and_leshan_are_reproduced(findings, bought, book):
    """R023 and R024: 111 of 154 is 72%, 62 of 148 is 42%; both pass R018."""
    for rule, region, nev_name, all_name, percent in (
        ("R023", "511400", "planned_nev_count", "replaced_count", 72),
        ("R024", "511100", "nev_count", "bought_count", 42),
    ):
        year = 2022 if rule == "R023" else 2021
        view = book.at(date(year, 12, 31), region)
        nev, total = view[f"{rule}.{nev_name}"], view[f"{rule}.{all_name}"]
        assert round(100 * nev / total) == percent
        found = findings(vehicles=bought(nev=nev, total=total, region=region, on=date(year, 6, 1)), region=region)
        assert only([own for own in found if own.rule_id == "R018"], subject="").verdict is Verdict.PASS


def test_after_the_plan_the_bound_is_carried_over_and_counts_anew(findings, bought):
    """R015: 2026 is held against the value of 2025; what was bought before 2026 does not count."""
    old, new = bought(nev=0, total=10, on=date(2024, 1, 1)), bought(nev=4, total=10, on=date(2026, 2, 1))
    vehicles = [*old, *(replace(own, id=f"n{own.id}") for own in new)]
    found = only(findings(vehicles=vehicles, day=date(2026, 3, 2), rule="R018"), subject="")
    assert (found.verdict, found.x, found.y, found.carried_over) == (Verdict.PASS, 4, 10, True)
    assert found.period == "2026-01-01..2026-03-02"
    before = only(findings(vehicles=vehicles, day=date(2025, 12, 31), rule="R018"), subject="")
    assert (before.verdict, before.x, before.carried_over) == (Verdict.FAIL, 0, False)


def test_organs_and_public_institutions_are_kept_apart(findings, bought, a_unit):
    """R014 and R019: a school's purchases count for institutions only, and a shortfall there is a warning."""
    school = a_unit("u1", population=Population.INSTITUTION)
    found = findings(units=[school], vehicles=bought(nev=2, total=10))
    assert only([own for own in found if own.rule_id == "R018"], subject="").verdict is Verdict.NOT_APPLICABLE
    assert only([own for own in found if own.rule_id == "R019"]).verdict is Verdict.WARN
    added = findings(vehicles=bought(nev=3, total=10, kind=AcquisitionKind.ADDED))
    assert only([own for own in added if own.rule_id == "R018"], subject="").verdict is Verdict.NOT_APPLICABLE
    assert only([own for own in added if own.rule_id == "R019"]).verdict is Verdict.PASS


def test_the_province_is_summed_without_the_four(findings, bought, a_unit):
    """R018: the aggregate stands beside the stricter figure of each prefecture."""
    mianyang = bought(nev=3, total=10)
    deyang = [replace(own, id=f"d{own.id}", unit_id="u2", region="510600") for own in bought(nev=4, total=10)]
    aba = [replace(own, id=f"a{own.id}", unit_id="u3", region="513200") for own in bought(nev=0, total=50)]
    units = [a_unit("u1"), a_unit("u2", "510600"), a_unit("u3", "513200")]
    total = only(findings(units=units, vehicles=[*mianyang, *deyang, *aba], rule="R018"), subject="aggregate")
    assert (total.x, total.y, total.verdict) == (7, 20, Verdict.PASS)


def test_chengdu_without_a_number_of_its_own(findings, bought, a_unit, book):
    """R021: not set until a local file sets it; R018 holds meanwhile."""
    found = findings(vehicles=bought(nev=4, total=10, region="510100"), region="510100")
    assert only([own for own in found if own.rule_id == "R021"]).verdict is Verdict.NOT_SET
    assert only([own for own in found if own.rule_id == "R018"], subject="").verdict is Verdict.PASS


def test_electric_sichuan_wants_every_exception_explained(findings, bought):
    """R022: ten purchases, six of them unexplained; the list names them. R029 likewise in Chongqing."""
    found = only(findings(vehicles=bought(nev=4, total=10), rule="R022"))
    assert (found.verdict, found.x, found.y, len(found.listed)) == (Verdict.WARN, 4, 10, 6)
    explained = [
        replace(own, acquisition=replace(own.acquisition, waiver_reason="special_use", waiver_text="防汛"))
        for own in bought(nev=4, total=10)
    ]
    assert only(findings(vehicles=explained, rule="R022")).verdict is Verdict.PASS
    four = only(findings(vehicles=bought(nev=0, total=3, region="513300"), region="513300", rule="R022"))
    assert four.verdict is Verdict.PASS
    confidential = [replace(own, duty=Duty.CONFIDENTIAL) for own in bought(nev=1, total=2, region="500101")]
    assert only(findings(vehicles=confidential, region="500101", rule="R029")).verdict is Verdict.WARN


def test_a_sixth_car_on_a_quota_of_five(findings, a_unit, a_vehicle):
    """S16. R032: per unit and class; the excess is named with the way out."""
    unit = a_unit("u1", authorised=(AuthorisedNumber(duty=Duty.POOLED, count=5),))
    cars = [a_vehicle(f"v{n}") for n in range(6)]
    failed = only(findings(units=[unit], vehicles=cars, rule="R032"))
    assert (failed.verdict, failed.x, failed.y, failed.subject) == (Verdict.FAIL, 6, 5, "u1/pooled")
    assert failed.change.message_zh == "减少1辆"
    assert only(findings(units=[unit], vehicles=cars[:5], rule="R032")).verdict is Verdict.PASS
    gone = [*cars[:5], replace(cars[5], state=VehicleState.DISPOSED)]
    assert only(findings(units=[unit], vehicles=gone, rule="R032")).verdict is Verdict.PASS
    rented = [*cars[:5], replace(cars[5], duty=Duty.RENTAL)]
    assert only(findings(units=[unit], vehicles=rented, rule="R032")).verdict is Verdict.PASS
    other = [*cars[:5], replace(cars[5], duty=Duty.CONFIDENTIAL)]
    assert only(findings(units=[unit], vehicles=other, rule="R032")).subject == "u1/confidential"
    assert only(findings(vehicles=cars, rule="R032")).verdict is Verdict.NOT_MEASURED


def test_the_exception_list_is_to_be_empty(findings, a_vehicle):
    """R039 and R045."""
    cars = [
        a_vehicle("v1", listed=True, marked=True),
        a_vehicle("v2", marked=False),
        a_vehicle("v3", marking_exempt=True),
    ]
    listed = only(findings(vehicles=cars, rule="R039"))
    assert (listed.verdict, listed.listed) == (Verdict.FAIL, ("v1",))
    marked = only(findings(vehicles=cars, rule="R045"))
    assert (marked.verdict, marked.x, marked.y) == (Verdict.WARN, 1, 2)
    assert only(findings(vehicles=[a_vehicle()], rule="R045")).verdict is Verdict.NOT_MEASURED


@pytest.mark.parametrize(
    ("region", "piles", "nevs", "verdict", "change"),
    [
        ("510700", 3, 9, Verdict.FAIL, 1),
        ("510700", 4, 9, Verdict.PASS, None),
        ("511100", 20, 62, Verdict.FAIL, 1),
        ("511100", 342, 62, Verdict.PASS, None),
        ("510700", 0, 0, Verdict.NOT_APPLICABLE, None),
        ("513200", 0, 9, Verdict.EXEMPT, None),
    ],
)
def test_nine_nevs_need_four_chargers(findings, a_vehicle, a_site, region, piles, nevs, verdict, change):
    """S08. R052, strictly above one third, on piles; R020 exempts the four areas."""
    cars = [a_vehicle(f"v{n}", "u1", region, True) for n in range(nevs)]
    found = only(findings(vehicles=cars, sites=[a_site(region=region, points=piles)], region=region, rule="R052"))
    assert found.verdict is verdict
    assert (found.change.count if found.change else None) == change


def test_piles_are_counted_not_points(findings, a_vehicle, a_site):
    """R053: four points on two piles are two piles."""
    cars = [a_vehicle(f"v{n}", nev=True) for n in range(9)]
    found = only(findings(vehicles=cars, sites=[a_site(points=4, piles_count=2)], rule="R052"))
    assert (found.verdict, found.x) == (Verdict.FAIL, 2)
    assert "4" in found.note_zh


def test_chongqing_shows_chargers_without_a_floor(findings, a_vehicle, a_site):
    """R059."""
    cars = [a_vehicle(f"v{n}", "u1", "500101", True) for n in range(9)]
    found = findings(vehicles=cars, sites=[a_site(region="500101", points=1)], region="500101")
    assert only([own for own in found if own.rule_id == "R059"]).verdict is Verdict.INFO


def park(spaces: int, **fields) -> CarPark:
    return CarPark(spaces_count=spaces, **fields)


@pytest.mark.parametrize(
    ("region", "rule", "piles", "car_park", "verdict"),
    [
        ("511400", "R054", 20, park(101), Verdict.FAIL),
        ("511400", "R054", 21, park(101), Verdict.PASS),
        ("511400", "R054", 20, park(100), Verdict.PASS),
        ("511400", "R055", 21, park(101, nev_spaces_count=20), Verdict.FAIL),
        ("511400", "R055", 21, park(101, nev_spaces_count=21), Verdict.PASS),
        ("510900", "R056", 0, park(100, charging_spaces_count=19), Verdict.FAIL),
        ("510900", "R056", 0, park(100, charging_spaces_count=20), Verdict.PASS),
        ("510900", "R056", 0, park(100, charging_spaces_count=15, venue=True), Verdict.PASS),
        ("510900", "R056", 0, park(100, charging_spaces_count=14, venue=True), Verdict.FAIL),
        ("510900", "R056", 0, park(100, charging_spaces_count=15, venue=True, new=True), Verdict.FAIL),
        ("511900", "R057", 19, park(100, new=True), Verdict.FAIL),
        ("511900", "R057", 20, park(100, new=True), Verdict.PASS),
        ("510700", "R058", 0, park(100, charging_spaces_count=19), Verdict.WARN),
    ],
)
def test_shares_of_spaces(findings, a_site, region, rule, piles, car_park, verdict):
    """R054 and R055 of Meishan, R056 of Suining, R057 of Bazhong (new car parks only), R058 as the province's reference."""
    site = a_site(region=region, points=piles, car_park=car_park)
    found = only(findings(sites=[site], region=region, rule=rule), subject="s1")
    assert found.verdict is verdict
    assert (found.change is None) is (verdict is Verdict.PASS)


def test_an_old_car_park_in_bazhong_is_not_under_its_rule(findings, a_site):
    """R057."""
    site = a_site(region="511900", car_park=park(100, new=False, charging_spaces_count=20))
    assert findings(sites=[site], region="511900", rule="R057") == []
    assert findings(sites=[a_site(region="511900")], region="511900", rule="R057")[0].verdict is Verdict.NOT_MEASURED


def test_yibin_rentals(findings, a_unit):
    """R094: 2 of 14 fail, 3 pass; not measured without orders."""
    for nev, verdict in ((2, Verdict.FAIL), (3, Verdict.PASS)):
        orders = RentalOrders(region=RegionCode("511500"), period="2025-05", all_count=14, nev_count=nev)
        found = findings(region="511500", rule="R094", oversight=Oversight(rentals=(orders,)))
        assert only(found).verdict is verdict
    assert only(findings(region="511500", rule="R094")).verdict is Verdict.NOT_MEASURED


def test_six_of_twenty_one_inspections_fail(findings):
    """S15. R149: seven of twenty-one pass; R148 and R099 name what is missing."""
    codes = [own.code for own in list_prefectures()]
    for count, verdict in ((6, Verdict.FAIL), (7, Verdict.PASS)):
        found = findings(rule="R149", oversight=Oversight(inspected_prefectures=frozenset(codes[:count])))
        assert only(found).verdict is verdict
    facts = Oversight(
        counties={RegionCode("510700"): frozenset({RegionCode("510722"), RegionCode("510723")})},
        inspected_counties={RegionCode("510700"): frozenset({RegionCode("510722")})},
        active_providers={RegionCode("510700"): frozenset({"甲", "乙"})},
        evaluated_providers={RegionCode("510700"): frozenset({"甲", "乙"})},
    )
    county = only(findings(rule="R148", oversight=facts))
    assert (county.verdict, county.listed) == (Verdict.FAIL, ("510723",))
    assert only(findings(rule="R099", oversight=facts)).verdict is Verdict.PASS


def test_a_vehicle_counts_at_home(findings, bought, a_unit):
    """R108: wherever it drives, it counts where it is registered; moving a trip changes no share."""
    found = findings(
        units=[a_unit("u1", "510900"), a_unit("u2", "500152", Level.COUNTY)],
        vehicles=bought(nev=4, total=10, region="510900"),
    )
    assert only([own for own in found if own.rule_id == "R018"], subject="").region == "510900"
    assert only([own for own in found if own.rule_id == "R026"]).y == 0


def test_plug_in_hybrids_are_shown_apart(findings, bought):
    """R031: a plan of plug-in hybrids only passes, and it is visible."""
    hybrids = [replace(own, energy=Energy.PHEV) if own.energy.is_nev else own for own in bought(nev=4, total=10)]
    found = only(findings(vehicles=hybrids, rule="R018"), subject="")
    assert (found.verdict, found.split) == (Verdict.PASS, {"phev": 4})


def test_findings_are_ordered_counted_and_cited(findings, bought):
    found = findings(vehicles=bought(nev=3, total=10))
    assert found == findings(vehicles=list(reversed(bought(nev=3, total=10))))
    assert sum(summary(found).values()) == len(found)
    for own in found:
        assert own.document
        assert own.title_zh
        assert own.region_name_zh


def test_an_unknown_unit_or_region_is_named(findings, a_vehicle, a_site):
    """R001: an unknown region code is refused by name."""
    with pytest.raises(InvalidFact) as caught:
        findings(vehicles=[a_vehicle(unit="nobody")])
    assert caught.value.field == "unit_id"
    with pytest.raises(InvalidFact) as caught:
        findings(sites=[a_site(region="519999")])
    assert caught.value.field == "region"


def test_a_large_fleet_is_checked_at_once(findings, a_unit, bought, a_site):
    units = [a_unit(f"u{n}", own.code) for n, own in enumerate(list_prefectures())]
    vehicles = [
        replace(own, id=f"{own.id}-{n}", unit_id=unit.id, region=unit.region)
        for n, unit in enumerate(units)
        for own in bought(nev=40, total=100)
    ]
    assert len(findings(units=units, vehicles=vehicles, sites=[a_site()])) > 100
