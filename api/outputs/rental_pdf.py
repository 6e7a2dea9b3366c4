"""The papers of a rental under DB50/T 10004-2023 = DB51/T 10004-2023: application (form A) and filing letters (B, C), as PDF.

Of the standard only the contents list with the names of three forms was at hand, not its text (rule R101). What stands on the
page is therefore what the order holds; titles and which class takes which form are parameters here, to be set by the
office that has the standard. No conformity is claimed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from api.outputs.order_pdf import FONT, clock_text, grid, safe
from api.services import LOCAL_ZONE
from fleet.rentals import Rental, RentalClass

#: Titles of the forms: parameters of ours, as the standard's wording was not seen.
TITLES: Mapping[str, str] = {
    "A": "公务用车社会化保障（租赁）申请表",
    "B": "公务用车租赁备案函（短期）",
    "C": "公务用车租赁备案函（长期）",
}
_CLASSES = {RentalClass.TEMPORARY: "临时租赁", RentalClass.SHORT: "短期租赁", RentalClass.LONG: "长期租赁"}
_REASONS = {
    "important": "重要", "urgent": "紧急", "special": "特殊", "long_distance": "远距离", "grassroots_short": "基层短途",
    "own_fleet_short": "自有车辆不足", "public_transport_unfit": "公共交通不便",
}  # fmt: skip
_LINES = {
    "start": "起步费", "time": "时长费", "day_cap": "每日封顶减免", "year_cap": "年度封顶减免", "distance": "里程费",
    "energy": "电费", "one_way": "异地还车", "late": "超时费", "incentive": "引导还车奖励", "late_cancel": "超时取消",
    "no_show": "未取车",
}  # fmt: skip
_MEANS = {"own": "自有车辆", "pooled": "统筹车辆", "public_transport": "公共交通"}


@dataclass(frozen=True, kw_only=True)
class FormNames:
    """The names behind the ids of an order; empty where there is none."""

    unit: str
    renter: str
    provider: str
    plate: str
    model: str
    from_site: str
    to_site: str
    purpose: str
    passengers: str
    approver: str


def render_form(rental: Rental, names: FormNames) -> bytes:
    """Return the order's form as PDF; equal orders give equal bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    title = TITLES[rental.form]
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=14 * mm,
        title=f"{title} {rental.id}", author="chuanyu", invariant=1,
    )  # fmt: skip
    page.build(_story(rental, names, title))
    return out.getvalue()


def _story(rental: Rental, names: FormNames, title: str) -> list[Flowable]:
    head = ParagraphStyle("title", fontName=FONT, fontSize=18, leading=24, alignment=1)
    small = ParagraphStyle("small", fontName=FONT, fontSize=9, leading=13)
    span = f"{_clock(rental.from_at)} 至 {_clock(rental.until_at)}"
    rows = [
        ["租用单位", names.unit, "承租人", names.renter],
        [
            "租赁类别",
            _CLASSES[rental.rental_class],
            "租赁事由",
            f"{_REASONS.get(rental.reason, rental.reason)}：{rental.reason_text}",
        ],
        ["用车事由", names.purpose, "乘车人数", names.passengers],
        ["供应商", names.provider, "车牌号 / 车型", f"{names.plate} {names.model}".strip()],
        ["取车网点", names.from_site, "还车网点", names.to_site],
        ["用车时间", span, "审批人", names.approver],
        ["准驾车型", "" if rental.licence is None else rental.licence.licence, "预算科目", rental.budget_line],
        [
            "报价（元）",
            _yuan(rental.quote.amount_fen),
            "结算（元）",
            "" if rental.settlement is None else _yuan(rental.owed_fen),
        ],
    ]
    proof = [["先行方式", "不能满足的原因", "车辆数"]]
    proof += [
        [_MEANS.get(step.means, step.means), step.cause, str(step.count) if step.count else ""]
        for step in rental.proof.steps
    ]
    items = [["费用项目", "数量", "金额（元）"]]
    bill = rental.quote if rental.settlement is None else rental.settlement.bill
    items += [
        [_LINES.get(line.code, line.code), f"{line.quantity} {line.unit}", _yuan(line.amount_fen)]
        for line in bill.lines
    ]
    signs = [["承租人签字", "", "单位盖章", "", "主管部门", ""]]
    return [
        Paragraph(safe(title), head),
        Spacer(1, 3 * mm),
        Paragraph(safe(f"编号：{rental.id}　表式：{rental.form}"), small),
        Spacer(1, 2 * mm),
        grid(rows, (26, 61, 28, 59), labels=(0, 2)),
        Spacer(1, 4 * mm),
        grid(proof, (40, 104, 30), head=True),
        Spacer(1, 4 * mm),
        grid(items, (64, 60, 50), head=True),
        Spacer(1, 4 * mm),
        grid(signs, (24, 34, 24, 34, 24, 34), labels=(0, 2, 4), height_mm=14),
        Spacer(1, 3 * mm),
        Paragraph(
            "表式名称与适用范围为系统参数，未见 DB50/T 10004-2023（DB51/T 10004-2023）正文，不代表符合性声明。", small
        ),
    ]


def _clock(at: Any) -> str:
    return clock_text(at.astimezone(LOCAL_ZONE))


def _yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"
