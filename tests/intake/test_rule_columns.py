"""What rules ask of a register: read from a workbook, written back, refused by cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from api.intake.cells import day
from api.intake.findings import CellProblem
from api.intake.read import read
from api.intake.write import write_workbook
from fleet.sites import CarPark, Site
from fleet.units import AuthorisedNumber, Level, Population, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Energy, Vehicle, VehicleKind

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

UNIT = Unit(
    id="U1",
    name="某中学",
    region="511400",
    level=Level.PREFECTURE,
    population=Population.INSTITUTION,
    authorised=(AuthorisedNumber(duty=Duty.POOLED, count=5), AuthorisedNumber(duty=Duty.EMERGENCY, count=0)),
)
SITE = Site(
    id="S1",
    name="停车场",
    region="511400",
    unit_id="U1",
    lon_wgs84=103.83,
    lat_wgs84=30.05,
    piles_count=20,
    car_park=CarPark(spaces_count=101, nev_spaces_count=21, charging_spaces_count=20, new=True, underground=True),
    protected=True,
)
CAR = Vehicle(
    id="V1",
    plate="川Z12345",
    unit_id="U1",
    region="511400",
    home_site_id="S1",
    kind=VehicleKind.SEDAN,
    energy=Energy.PETROL,
    seats=4,
    profile="sedan_petrol",
    pooled=False,
    listed=True,
    marked=False,
    fixed_route=True,
    in_service_on=date(2018, 3, 2),
    acquisition=Acquisition(
        on=date(2018, 2, 1),
        kind=AcquisitionKind.REPLACED,
        central_batch="2018-1",
        price_fen=17_999_900,
        displacement_ml=1_798,
        waiver_reason="special_use",
        waiver_text="防汛涉水",
    ),
)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_rules_ask_for_survives_the_workbook(lang):
    plain = replace(CAR, id="V2", plate="川Z12346", acquisition=None, marked=None, in_service_on=None)
    data = write_workbook(lang=lang, units=[UNIT], sites=[SITE], vehicles=[CAR, plain])
    intake = read(data, name="f.xlsx", lang=lang, now=NOW)
    assert intake.errors == ()
    assert intake.units == (UNIT,)
    assert intake.sites == (SITE,)
    assert intake.vehicles == (CAR, plain)


@pytest.mark.parametrize(
    ("site", "car", "column"),
    [
        (SITE, replace(CAR, acquisition=replace(CAR.acquisition, price_fen=2 * 10**9)), "购置价格 (元)"),
        (SITE, replace(CAR, acquisition=replace(CAR.acquisition, displacement_ml=30_000)), "排量 (ml)"),
    ],
)
def test_what_cannot_be_is_named_by_cell(site, car, column):
    data = write_workbook(lang="zh", units=[UNIT], sites=[site], vehicles=[car])
    intake = read(data, name="f.xlsx", lang="zh", now=NOW)
    assert [error.column for error in intake.errors] == [column]
    assert intake.count == 0


def test_parts_of_a_record_go_together():
    csv = "单位编号,单位名称,行政区划代码,层级\nU1,某局,511400,市级\n"
    sites = "站点编号,站点名称,行政区划代码,经度,纬度,车位总数,专属新能源车位\nS1,停车场,511400,103.8,30.0,10,11\n"
    cars = (
        "车辆编号,车牌号,单位编号,行政区划代码,停放站点编号,车型,能源类型,乘客座位数,购置日期\n"
        "V1,川Z12345,U1,511400,S1,轿车,汽油,4,2023年5月1日\n"
    )
    assert read(csv.encode(), name="u.csv", lang="zh", now=NOW, kind="units").errors == ()
    (error,) = read(sites.encode(), name="s.csv", lang="zh", now=NOW, kind="sites").errors
    assert error.column == "专属新能源车位"
    errors = read(cars.encode(), name="v.csv", lang="zh", now=NOW, kind="vehicles").errors
    assert "购置方式" in [error.column for error in errors]


@pytest.mark.parametrize(
    "cell", ["2023-05-01", "2023/5/1", "2023年5月1日", 45047, datetime(2023, 5, 1, tzinfo=UTC), date(2023, 5, 1)]
)
def test_days_in_many_spellings(cell):
    assert day(cell) == date(2023, 5, 1)


@pytest.mark.parametrize("cell", ["2023-02-30", "5月1日", 12, True, datetime(2023, 5, 1, 8, tzinfo=UTC), "soon"])
def test_what_is_no_day(cell):
    with pytest.raises(CellProblem):
        day(cell)
