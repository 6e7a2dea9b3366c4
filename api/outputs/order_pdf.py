"""The dispatch order (派车单) as a page to print: A4, in Chinese, with the lines that people fill in by hand.

The typeface is STSong-Light, one of the Asian fonts that every PDF reader brings or replaces by its own (ISO 32000-1, 9.7.5.2,
predefined CMap UniGB-UCS2-H): nothing is downloaded, and no font file has to be kept.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

FONT = "STSong-Light"
_LABEL_MM, _WIDTH_MM = 26, 174
_TITLE = "公务用车派车单"
_GREY = colors.HexColor("#eef2f6")


@dataclass(frozen=True, kw_only=True)
class OrderSheet:
    """What stands on the page; every text is shown as it is."""

    number: str
    unit: str
    requester: str
    requester_phone: str
    approver: str
    purpose: str
    passengers: str
    stops: Sequence[tuple[str, str]]
    plate: str
    vehicle: str
    driver: str
    driver_phone: str
    dispatcher: str
    offered_at: str
    odometer: str
    remarks: str = ""


def render_order(sheet: OrderSheet) -> bytes:
    """Return the page as PDF."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    page = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=14 * mm,
        title=f"{_TITLE} {sheet.number}",
        author="chuanyu",
        invariant=1,
    )
    page.build(_story(sheet))
    return out.getvalue()


def _story(sheet: OrderSheet) -> list[Flowable]:
    title = ParagraphStyle("title", fontName=FONT, fontSize=20, leading=26, alignment=1)
    small = ParagraphStyle("small", fontName=FONT, fontSize=9, leading=13, textColor=colors.HexColor("#44505c"))
    rows = [
        ["用车单位", sheet.unit, "用车人", f"{sheet.requester} {sheet.requester_phone}".strip()],
        ["用车事由", sheet.purpose, "乘车人数", sheet.passengers],
        ["车牌号", sheet.plate, "车型", sheet.vehicle],
        ["驾驶员", sheet.driver, "联系电话", sheet.driver_phone],
        ["审批人", sheet.approver, "派车", f"{sheet.dispatcher} {sheet.offered_at}".strip()],
    ]
    ways = [["序号", "地点", "计划时间", "实际时间"]]
    ways += [[str(number), place, at, ""] for number, (place, at) in enumerate(sheet.stops, 1)]
    readings = [
        ["出车里程表", sheet.odometer, "收车里程表", ""],
        ["出车时间", "", "收车时间", ""],
        ["过路过桥费", "", "停车费", ""],
        ["加油 / 充电", "", "行驶里程", ""],
    ]
    signs = [["用车人签字", "", "驾驶员签字", "", "管理员签字", ""]]
    story: list[Flowable] = [
        Paragraph(_TITLE, title),
        Spacer(1, 3 * mm),
        Paragraph(safe(f"编号：{sheet.number}"), small),
        Spacer(1, 2 * mm),
        grid(rows, (_LABEL_MM, 61, _LABEL_MM, 61), labels=(0, 2)),
        Spacer(1, 4 * mm),
        grid(ways, (14, 84, 42, 34), head=True),
        Spacer(1, 4 * mm),
        grid(readings, (_LABEL_MM, 61, _LABEL_MM, 61), labels=(0, 2)),
        Spacer(1, 4 * mm),
        grid(signs, (24, 34, 24, 34, 24, 34), labels=(0, 2, 4), height_mm=14),
    ]
    if sheet.remarks:
        story += [Spacer(1, 3 * mm), Paragraph(safe(f"备注：{sheet.remarks}"), small)]
    story += [Spacer(1, 3 * mm), Paragraph("本单由调度系统生成；行程结束后由用车人核对里程并签字，存档备查。", small)]
    return story


def grid(
    rows: Sequence[Sequence[str]],
    widths_mm: Sequence[int],
    *,
    labels: Sequence[int] = (),
    head: bool = False,
    height_mm: float | None = None,
) -> Table:
    cell = ParagraphStyle("cell", fontName=FONT, fontSize=11, leading=15, wordWrap="CJK")
    content = [[Paragraph(safe(text), cell) for text in row] for row in rows]
    table = Table(
        content,
        colWidths=[width * mm for width in widths_mm],
        rowHeights=None if height_mm is None else [height_mm * mm] * len(rows),
    )
    style: list[Any] = [
        ("GRID", (0, 0), (-1, -1), 0.6, colors.HexColor("#5c6a78")),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]
    style += [("BACKGROUND", (column, 0), (column, -1), _GREY) for column in labels]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), _GREY))
    table.setStyle(TableStyle(style))
    return table


def safe(text: str) -> str:
    """Text as it is, not as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def sheet_of(
    assignment: Mapping[str, Any],
    request: Mapping[str, Any],
    *,
    names: Mapping[str, str],
    vehicle: Mapping[str, Any],
    kind: str,
    times: Sequence[str],
) -> OrderSheet:
    """Put an order's documents on the page; ``names`` holds what ids stand for, ``times`` the planned time of each stop."""
    planned = [*times, *([""] * len(request["stops"]))]
    return OrderSheet(
        number=str(assignment["id"]),
        unit=names["unit"],
        requester=names["requester"],
        requester_phone=names["requester_phone"],
        approver=names["approver"],
        purpose=str(request["purpose"]),
        passengers=f"{request['passengers']} 人",
        stops=[(str(stop["name"]), at) for stop, at in zip(request["stops"], planned, strict=False)],
        plate=str(vehicle.get("plate", "")),
        vehicle=kind,
        driver=names["driver"],
        driver_phone=names["driver_phone"],
        dispatcher=names["dispatcher"],
        offered_at=names["offered_at"],
        odometer=f"{int(vehicle.get('odometer_m', 0)) / 1000:,.0f} 公里",
        remarks="应急演练，不计入统计" if request.get("drill") else "",
    )
