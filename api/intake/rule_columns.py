"""The columns that rules ask for beyond dispatch: quota, population, purchase, marking, car parks. All of them may be blank."""

from __future__ import annotations

from collections.abc import Mapping

from api.intake import cells
from api.intake.columns import YES_NO, Column, offered
from api.wording import Text
from fleet.units import Population
from fleet.vehicles import AcquisitionKind, Duty

POPULATIONS: Mapping[Population, tuple[str, ...]] = {
    Population.ORGAN: ("党政机关", "机关"),
    Population.INSTITUTION: ("其他公共机构", "事业单位", "公共机构", "public institution"),
}
ACQUISITIONS: Mapping[AcquisitionKind, tuple[str, ...]] = {
    AcquisitionKind.ADDED: ("新增",),
    AcquisitionKind.REPLACED: ("更新",),
    AcquisitionKind.TRANSFERRED: ("划转", "调拨"),
}

#: classes with a quota (R032): a rented vehicle has none
QUOTA_CLASSES: Mapping[Duty, Text] = {
    Duty.POOLED: Text("一般公务用车编制", "Quota of pooled vehicles"),
    Duty.CONFIDENTIAL: Text("机要通信用车编制", "Quota of confidential vehicles"),
    Duty.EMERGENCY: Text("应急保障用车编制", "Quota of emergency vehicles"),
    Duty.ENFORCEMENT: Text("执法执勤用车编制", "Quota of enforcement vehicles"),
    Duty.SPECIAL: Text("特种专业技术用车编制", "Quota of special vehicles"),
}
_DAY = Text("写日期，如 2023-05-01", "a date such as 2023-05-01")
_UNKNOWN = Text("未登记", "not recorded")


def _flag(name: str, zh: str, en: str, *, default: bool | None, blank: Text) -> Column:
    return Column(
        name=name,
        zh=zh,
        en=en,
        parse=cells.yes_no,
        default=default,
        choices=YES_NO,
        remedy=Text("填 是 或 否", "yes or no"),
        blank=blank,
    )


def _count(name: str, zh: str, en: str, *, default: int | None, blank: Text) -> Column:
    return Column(
        name=name,
        zh=zh,
        en=en,
        parse=cells.whole(0, 100_000),
        default=default,
        remedy=Text("零或正整数", "a whole number, zero or more"),
        blank=blank,
    )


_NO = Text("否", "no")
_ZERO = Text("0", "0")

UNIT_RULE_COLUMNS: tuple[Column, ...] = (
    Column(
        name="population",
        zh="单位性质",
        en="Population",
        parse=cells.one_of(POPULATIONS),
        default=Population.ORGAN,
        choices=offered(POPULATIONS),
        remedy=Text("可填：党政机关、其他公共机构", "organ or institution"),
        blank=Text("党政机关", "organ"),
    ),
    *(
        _count(f"authorised_{duty.value}", text.zh, text.en, default=None, blank=_UNKNOWN)
        for duty, text in QUOTA_CLASSES.items()
    ),
)

SITE_RULE_COLUMNS: tuple[Column, ...] = (
    _count("piles_count", "充电设备数", "Charging devices", default=None, blank=Text("每枪一桩", "one per point")),
    _count("spaces_count", "车位总数", "Parking spaces", default=None, blank=_UNKNOWN),
    _count("nev_spaces_count", "专属新能源车位", "Dedicated NEV spaces", default=0, blank=_ZERO),
    _count("charging_spaces_count", "充电车位", "Charging spaces", default=0, blank=_ZERO),
    _flag("new_car_park", "新建停车场", "New car park", default=False, blank=_NO),
    _flag("venue", "文体场馆", "Culture or sports venue", default=False, blank=_NO),
    _flag("underground", "地下停车场", "Underground", default=False, blank=_NO),
    _flag("protected", "保电站点", "Protected supply", default=False, blank=_NO),
)

VEHICLE_RULE_COLUMNS: tuple[Column, ...] = (
    _flag("pooled", "平台统筹", "Serves other units", default=True, blank=Text("是", "yes")),
    _flag("listed", "超编超标", "Over quota or standard", default=False, blank=_NO),
    _flag("marked", "已标识", "Marked", default=None, blank=_UNKNOWN),
    _flag("marking_exempt", "免标识", "Exempt from marking", default=False, blank=_NO),
    _flag("fixed_route", "固定线路", "Fixed route", default=False, blank=_NO),
    Column(
        name="in_service_on",
        zh="投入使用日期",
        en="In service since",
        parse=cells.day,
        remedy=_DAY,
        blank=_UNKNOWN,
    ),
    Column(
        name="acquired_on",
        zh="购置日期",
        en="Acquired on",
        parse=cells.day,
        remedy=_DAY,
        blank=Text("不计入配备更新", "counts in no share"),
    ),
    Column(
        name="acquired_as",
        zh="购置方式",
        en="Acquired as",
        parse=cells.one_of(ACQUISITIONS),
        choices=offered(ACQUISITIONS),
        remedy=Text("可填：新增、更新、划转", "added, replaced or transferred"),
        blank=Text("不计入配备更新", "counts in no share"),
    ),
    Column(
        name="central_batch",
        zh="集中采购批次",
        en="Central procurement batch",
        parse=cells.text,
        remedy=Text("填写批次号", "the number of the batch"),
        blank=Text("非集中采购", "not centrally procured"),
    ),
    Column(
        name="price_fen",
        zh="购置价格",
        en="Price",
        parse=cells.whole(0, 10_000_000, per=100),
        remedy=Text("0 到 10000000 元", "0 to 10000000 yuan"),
        unit=Text("元", "yuan"),
        units=frozenset({"元", "yuan", "cny", "rmb"}),
        blank=_UNKNOWN,
    ),
    Column(
        name="displacement_ml",
        zh="排量",
        en="Displacement",
        parse=cells.whole(0, 20_000),
        remedy=Text("0 到 20000 毫升", "0 to 20000 ml"),
        unit=Text("ml", "ml"),
        units=frozenset({"ml", "毫升", "cc"}),
        blank=_UNKNOWN,
    ),
    Column(
        name="waiver_reason",
        zh="非新能源理由",
        en="Waiver",
        parse=cells.text,
        remedy=Text("可填：special_area 特殊地区、special_use 特殊用途", "special_area or special_use"),
        blank=Text("无", "none"),
    ),
    Column(
        name="waiver_text",
        zh="理由说明",
        en="Waiver text",
        parse=cells.text,
        default="",
        remedy=Text("说明为什么不购新能源汽车", "why it is not an NEV"),
        blank=Text("无", "none"),
    ),
)
