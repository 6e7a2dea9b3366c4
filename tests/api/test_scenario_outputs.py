"""A scenario's report as a page and as a workbook: whole, without network needs, in both languages."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
from openpyxl import load_workbook

from api.outputs.scenario_html import write_scenario_html
from api.outputs.scenario_xlsx import write_filing_xlsx, write_scenario_xlsx
from fleet.ids import RegionCode, SiteId, UnitId, VehicleId
from fleet.rules.load import load
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from scenarios.replacement import Waiver, Wishes, judge_plan, plan_replacements
from tests.scenarios.small import SMALL, small_report


@pytest.fixture(scope="module")
def report():
    return small_report()


def test_the_page_needs_no_network_and_holds_both_languages(report):
    page = write_scenario_html(report, SMALL, language="zh")
    assert not re.search(r"(src|href)=", page)
    assert "http" not in page
    assert "{{" not in page
    assert '<html lang="zh">' in page
    assert "小型&lt;情景&gt;" in page
    assert "Small &lt;scenario&gt;" in page
    assert page.count("<svg") == 4
    assert '<html lang="en">' in write_scenario_html(report, SMALL, language="en")


def test_the_answer_comes_first_and_names_the_cost_of_the_step(report):
    page = write_scenario_html(report, SMALL, language="en")
    assert page.index("a year") < page.index("<table")
    assert "NEV 30% → 60%" in page
    first, other = report.fleets
    difference = other.yearly_fen(report.days) - first.yearly_fen(report.days)
    sign = "+" if difference >= 0 else "−"
    assert f"{sign}{abs(difference) / 100_000:,.0f} k yuan a year" in page


def test_the_workbook_has_every_figure_with_its_formula(report):
    for language, sheets in (
        ("zh", ["指标", "比较", "逐日", "合规", "假设"]),
        ("en", ["Figures", "Comparison", "Days", "Compliance", "Assumptions"]),
    ):
        book = load_workbook(io.BytesIO(write_scenario_xlsx(report, SMALL, language=language)))
        assert book.sheetnames == sheets
        figures = book[sheets[0]]
        formulas = {row[2].value for row in figures.iter_rows(min_row=6)}
        assert "petrol x factor + diesel x factor + grid electricity x factor" in formulas
        assert book[sheets[2]].max_row == 1 + 2 * 2


def test_the_filing_adds_up_and_leaves_room_for_the_four_decisions():
    unit = Unit(id=UnitId("U1"), name="=单位", region=RegionCode("510700"), level=Level.PREFECTURE)
    cars = [
        Vehicle(
            id=VehicleId(f"V{n}"),
            plate=f"川B{n:05d}",
            unit_id=unit.id,
            region=unit.region,
            home_site_id=SiteId("S1"),
            kind=VehicleKind.SEDAN,
            energy=Energy.PETROL,
            seats=4,
            profile="sedan_petrol",
            in_service_on=date(2010, 1, 1),
        )
        for n in range(4)
    ]
    wishes = Wishes(
        first_year=2024,
        last_year=2025,
        longest_years=14,
        budget_fen={2024: 100_000_000},
        combustion={cars[0].id: Waiver(reason="special_use", text="高原")},
    )
    plan = plan_replacements([unit], cars, load(), wishes)
    findings = judge_plan([unit], cars, [], plan, wishes, load(), year=2025)
    book = load_workbook(io.BytesIO(write_filing_xlsx(plan, wishes, findings, language="zh")))
    assert book.sheetnames == ["更新明细", "按单位", "按地区", "按省", "年度预算", "不得更新", "合规"]
    details = book["更新明细"]
    assert [cell.value for cell in details[1]][-4:] == ["编制文号", "标准文号", "经费文号", "采购文号"]
    assert details["C2"].value == "=单位"
    assert details["C2"].data_type == "s"
    spent = sum(row[8].value for row in details.iter_rows(min_row=2))
    by_province = sum(row[6].value for row in book["按省"].iter_rows(min_row=2))
    by_office = sum(row[6].value for row in book["按单位"].iter_rows(min_row=2))
    assert spent == by_province == by_office == sum(one.price_fen for one in plan.replacements) / 100
