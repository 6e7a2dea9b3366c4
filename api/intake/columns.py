"""What a column and a sheet are: one table that the reader, the template and the documentation share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.intake import cells, choices
from api.intake.cells import Chosen, Parser
from api.wording import Text
from routing.datum import Datum


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a sheet.

    ``name`` is the key in JSON and an accepted header, as are ``zh``, ``en`` and the ``aliases``. ``unit`` stands in
    brackets behind the template's header; a file's header may omit it, and any other unit there is refused, so that
    metres are never read as kilometres. ``default`` is what a blank cell of an optional column stands for.
    """

    name: str
    zh: str
    en: str
    parse: Parser
    remedy: Text
    required: bool = False
    unit: Text | None = None
    units: frozenset[str] = frozenset()
    default: object = None
    blank: Text | None = None
    choices: tuple[Text, ...] = ()
    aliases: tuple[str, ...] = ()
    example: str | int | float | None = None
    unique: bool = False
    refers_to: str = ""


@dataclass(frozen=True, kw_only=True)
class SheetTable:
    """A sheet: its names and its columns. ``kind`` is the key in JSON and of ``read(kind=...)``."""

    kind: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    aliases: tuple[str, ...] = ()
    about: Text = field(default=Text("", ""))

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def offered(table: Mapping[Chosen, tuple[str, ...]]) -> tuple[Text, ...]:
    return tuple(Text(words[0], str(value)) for value, words in table.items())


YES_NO = (Text("是", "yes"), Text("否", "no"))
WGS = Text("WGS-84", "WGS-84")
WGS_UNITS = frozenset({"wgs84", "wgs84°", "°", "度", "deg", "degrees", "十进制度"})
KM = frozenset({"km", "公里", "千米", "kilometres", "kilometers"})
KWH = frozenset({"kwh", "度", "千瓦时"})
KW = frozenset({"kw", "千瓦"})
MINUTES = frozenset({"min", "分钟", "分", "minutes", "mins"})
PER_CENT = frozenset({"%", "percent", "百分比"})
W_PER_KW = 1_000
ID_REMEDY = Text("填写本系统中唯一的编号", "give an id that is unique")
REGION_REMEDY = Text(
    "填写 GB/T 2260 六位代码，如 510100 成都市、500000 重庆市", "six digits of GB/T 2260, e.g. 510100 Chengdu"
)
WHEN_REMEDY = Text("写日期和时间，如 2026-11-21 08:30", "a date and a time such as 2026-11-21 08:30")
PLACE_REMEDY = Text(
    "经纬度可空，此时地点须为地名表中的名称", "without coordinates the place must be a name of the place table"
)
REMARK = Column(
    name="remark",
    zh="备注",
    en="Remark",
    parse=cells.remark,
    remedy=Text("任意文字；系统不读取", "any text; it is not read"),
    aliases=("note", "notes", "remarks", "说明"),
)


def unit_column(example: str, *, required: bool = True) -> Column:
    return Column(
        name="unit_id",
        zh="单位编号",
        en="Unit id",
        parse=cells.identifier,
        required=required,
        remedy=Text("填写“单位”表中的编号", "an id of the sheet Units"),
        aliases=("unit", "所属单位", "所属单位编号", "用车单位"),
        example=example,
        refers_to="units",
    )


def region_column() -> Column:
    return Column(
        name="region",
        zh="行政区划代码",
        en="Region code",
        parse=cells.region_code,
        required=True,
        remedy=REGION_REMEDY,
        aliases=("adcode", "区划代码", "所在区划", "region"),
        example="510100",
        refers_to="regions",
    )


def position_columns(
    prefix: str, zh: str, en: str, lon: float | None, lat: float | None, *, required: bool
) -> tuple[Column, Column]:
    blank = None if required else Text("按地点名称查找", "looked up by the place's name")
    remedy = Text("十进制度，WGS-84，如 104.0657 和 30.6595", "decimal degrees, WGS-84, e.g. 104.0657 and 30.6595")
    return (
        Column(
            name=f"{prefix}lon_wgs84",
            zh=f"{zh}经度",
            en=f"{en}Longitude".capitalize(),
            parse=cells.longitude,
            required=required,
            remedy=remedy,
            unit=WGS,
            units=WGS_UNITS,
            blank=blank,
            aliases=(f"{prefix}lon", f"{prefix}lng", f"{prefix}longitude"),
            example=lon,
        ),
        Column(
            name=f"{prefix}lat_wgs84",
            zh=f"{zh}纬度",
            en=f"{en}Latitude".capitalize(),
            parse=cells.latitude,
            required=required,
            remedy=remedy,
            unit=WGS,
            units=WGS_UNITS,
            blank=blank,
            aliases=(f"{prefix}lat", f"{prefix}latitude"),
            example=lat,
        ),
    )


def datum_column() -> Column:
    return Column(
        name="datum",
        zh="坐标系",
        en="Coordinate system",
        parse=cells.one_of(choices.DATUMS),
        remedy=Text("可填：WGS-84、GCJ-02、BD-09", "WGS-84, GCJ-02 or BD-09"),
        default=Datum.WGS84,
        blank=Text("WGS-84", "WGS-84"),
        choices=tuple(Text(words[0], words[0]) for words in choices.DATUMS.values()),
        aliases=("crs",),
    )


def when_column(
    name: str, zh: str, en: str, example: str | None, *, required: bool = True, blank: Text | None = None
) -> Column:
    return Column(
        name=name,
        zh=zh,
        en=en,
        parse=cells.instant,
        required=required,
        remedy=WHEN_REMEDY,
        blank=blank,
        example=example,
    )


def minutes_column(name: str, zh: str, en: str, default: int | None, blank: Text, example: int | None) -> Column:
    return Column(
        name=name,
        zh=zh,
        en=en,
        parse=cells.whole(0, 1_440, per=60),
        remedy=Text("0 到 1440 分钟", "0 to 1440 minutes"),
        unit=Text("分钟", "min"),
        units=MINUTES,
        default=default,
        blank=blank,
        example=example,
    )


def power_column(
    name: str, zh: str, en: str, most_kw: int, example: float | None, blank: Text, default: int | None = None
) -> Column:
    return Column(
        name=name,
        zh=zh,
        en=en,
        parse=cells.whole(0, most_kw, per=W_PER_KW),
        remedy=Text(f"0 到 {most_kw} kW", f"0 to {most_kw} kW"),
        unit=Text("kW", "kW"),
        units=KW,
        default=default,
        blank=blank,
        example=example,
    )
