"""Reading registers and requests: what is accepted, what is refused and how it is said."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook

from api.intake.cells import fold
from api.intake.headers import find_table
from api.intake.read import SourceFile, read, read_files
from api.intake.records import Known
from api.intake.tables import TABLES
from api.intake.template import columns_markdown, write_template
from fleet.requests import Priority, RequestState, TripKind
from fleet.sites import ChargeGroup
from fleet.units import Level
from fleet.vehicles import Duty, Energy, VehicleKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)

VEHICLES_ZH = [
    "车辆编号",
    "车牌号",
    "单位编号",
    "行政区划代码",
    "停放站点编号",
    "车型",
    "能源类型",
    "乘客座位数",
    "电池容量 (kWh)",
    "当前电量(%)",
]
VEHICLE = ["V1", "川A12345", "U1", 510100, "S1", "轿车", "纯电动", 4, 50.5, 80]


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(rows: list[list[object]], encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows).encode(encoding)


def read_vehicles(*rows: list[object], header: list[str] | None = None, lang: str = "zh", known: Known | None = None):
    data = workbook({"车辆": [header or VEHICLES_ZH, *rows]})
    return read(data, name="v.xlsx", lang=lang, now=NOW, known=known or Known())


REQUESTS_EN = [
    "Request id", "Unit id", "Region code", "Requester id", "Trip kind", "Purpose", "Passengers",
    "Pick-up place", "Pick-up longitude", "Pick-up latitude", "Earliest pick-up", "Latest pick-up",
    "Drop-off place", "Drop-off longitude", "Drop-off latitude", "Latest drop-off",
]  # fmt: skip
REQUEST = [
    "R1", "U1", "510100", "P1", "transfer", "meeting", 2,
    "A", 104.06, 30.66, "2026-11-23 08:30", "2026/11/23 8:45",
    "B", 104.07, 30.60, "2026年11月23日9时30分",
]  # fmt: skip


def read_requests(*rows: list[object], header: list[str] | None = None, lang: str = "en", known: Known | None = None):
    data = workbook({"Requests": [header or REQUESTS_EN, *rows]})
    return read(data, name="r.xlsx", lang=lang, now=NOW, known=known or Known())


def changed(row: list[object], header: list[str], **cells: object) -> list[object]:
    return [cells.get(name, value) for name, value in zip(header, row, strict=True)]


def test_a_chinese_workbook_becomes_nouns() -> None:
    intake = read(
        workbook(
            {
                "单位": [
                    ["单位编号", "单位名称", "行政区划代码", "层级"],
                    ["U1", "某局", "510100", "市级"],
                    ["U2", "某局", 500000, "市级"],
                ],
                "站点": [
                    [
                        "站点编号",
                        "站点名称",
                        "行政区划代码",
                        "经度(WGS-84)",
                        "纬度",
                        "直流桩数",
                        "直流单桩功率",
                        "充电电价",
                        "租赁网点",
                    ],
                    ["S1", "停车场", "510100", 104.06, "30.66", 2, 60, 0.75, "是"],
                ],
                "充电桩": [["站点编号", "电流", "桩数", "单桩功率"], ["S1", "交流", 6, 7]],
                "车辆": [VEHICLES_ZH, VEHICLE],
                "驾驶员": [
                    [
                        "驾驶员编号",
                        "姓名",
                        "单位编号",
                        "行政区划代码",
                        "报到站点编号",
                        "准驾车型",
                        "上班时间",
                        "下班时间",
                        "电话",
                    ],
                    ["D1", "张三", "U1", "510100", "S1", "c1", time(22, 0), "06:00", 13800000000],
                ],
            }
        ),
        name="登记.xlsx",
        lang="zh",
        now=NOW,
    )
    assert intake.errors == ()
    assert [unit.level for unit in intake.units] == [Level.PREFECTURE, Level.PROVINCE]
    (site,) = intake.sites
    assert site.charge_groups == (
        ChargeGroup(points=2, power_w=60_000, dc=True),
        ChargeGroup(points=6, power_w=7_000, dc=False),
    )
    assert (site.price_fen_per_kwh, site.rental_point, site.site_power_w) == (75, True, None)
    (vehicle,) = intake.vehicles
    assert (vehicle.kind, vehicle.energy, vehicle.duty, vehicle.profile) == (
        VehicleKind.SEDAN,
        Energy.BEV,
        Duty.POOLED,
        "sedan_bev",
    )
    assert vehicle.battery is not None
    assert (vehicle.battery.capacity_wh, vehicle.battery.charge_wh) == (50_500, 40_400)
    (driver,) = intake.drivers
    assert (driver.shift.start_s, driver.shift.end_s, driver.licence, driver.phone) == (
        79_200,
        108_000,
        "C1",
        "13800000000",
    )


def test_requests_in_english_with_times_in_many_spellings() -> None:
    intake = read_requests(
        REQUEST,
        [
            "R2",
            *REQUEST[1:10],
            datetime.fromisoformat("2026-11-23 08:30"),
            "2026-11-23T00:45:00Z",
            *REQUEST[12:15],
            46349.5,
        ],
    )
    assert intake.errors == ()
    first, second = intake.requests
    assert first.kind is TripKind.TRANSFER
    assert first.state is RequestState.SUBMITTED
    assert first.stops[0].earliest_at == second.stops[0].earliest_at == datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI)
    assert first.stops[0].latest_at == second.stops[0].latest_at == datetime(2026, 11, 23, 8, 45, tzinfo=SHANGHAI)
    assert first.stops[1].latest_at == datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)
    assert second.stops[1].latest_at == datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)


def test_an_approver_approves_unless_it_is_the_requester() -> None:
    header = [*REQUESTS_EN, "审批人编号", "Priority"]
    intake = read_requests([*REQUEST, "P2", "应急"], header=header)
    assert intake.requests[0].state is RequestState.APPROVED
    assert intake.requests[0].priority is Priority.EMERGENCY
    refused = read_requests([*REQUEST, "P1", None], header=header)
    assert refused.requests == ()
    assert [error.column for error in refused.errors] == ["审批人编号"]


def test_a_charter_takes_its_stops_from_their_sheet() -> None:
    rows = {
        "Requests": [REQUESTS_EN, changed(REQUEST, REQUESTS_EN, **{"Trip kind": "包车"})],
        "Stops": [
            [
                "Request id",
                "Order",
                "Place",
                "Longitude",
                "Latitude",
                "Earliest arrival",
                "Latest arrival",
                "Stay (min)",
            ],
            ["R1", 2, "D", 104.02, 30.62, "2026-11-23 09:00", "2026-11-23 09:30", 20],
            ["R1", 1, "C", 104.01, 30.61, "2026-11-23 08:40", "2026-11-23 09:30", None],
        ],
    }
    intake = read(workbook(rows), name="r.xlsx", lang="en", now=NOW)
    assert intake.errors == ()
    assert [stop.name for stop in intake.requests[0].stops] == ["A", "C", "D", "B"]
    assert [stop.service_s for stop in intake.requests[0].stops] == [60, 60, 1200, 60]
    rows["Requests"][1] = REQUEST
    refused = read(workbook(rows), name="r.xlsx", lang="en", now=NOW)
    assert [error.message for error in refused.errors] == ["only a charter has further stops"]
    rows["Stops"][1][0] = "R9"
    rows["Requests"][1] = changed(REQUEST, REQUESTS_EN, **{"Trip kind": "charter"})
    stray = read(workbook(rows), name="r.xlsx", lang="en", now=NOW)
    assert [(error.sheet, error.row, error.column, error.value) for error in stray.errors] == [
        ("Stops", 2, "Request id", "R9")
    ]


def test_a_place_name_stands_in_for_coordinates() -> None:
    header, row = REQUESTS_EN, changed(REQUEST, REQUESTS_EN, **{"Pick-up longitude": None, "Pick-up latitude": None})
    known = Known(find_place={"A": (105.5, 30.5)}.get)
    assert read_requests(row, header=header, known=known).requests[0].stops[0].lon_wgs84 == 105.5
    refused = read_requests(row, header=header)
    assert [error.column for error in refused.errors] == ["Pick-up place"]
    half = read_requests(changed(REQUEST, header, **{"Pick-up latitude": None}), known=known)
    assert [error.column for error in half.errors] == ["Pick-up latitude"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("乘客座位数", -4, "应在 1 到 60 之间"),
        ("乘客座位数", 4.5, "应为整数"),
        ("乘客座位数", "四", "应为数字"),
        ("乘客座位数", True, "应为数字"),
        ("乘客座位数", None, "不能为空"),
        ("行政区划代码", "5101", "行政区划代码应为 6 位数字"),
        ("行政区划代码", "999999", "没有这个行政区划代码"),
        ("车牌号", "A12345", "车牌号格式不对"),
        ("车型", "飞机", "不是可选值"),
        ("电池容量 (kWh)", None, "纯电动车须填电池容量"),
        ("当前电量(%)", None, "有电池的车须填当前电量"),
        ("当前电量(%)", 0.8, "小于 1 的百分数，是否写成了小数？"),
        ("当前电量(%)", "80%", None),
        ("车辆编号", "a/b", "编号只能含文字、数字和 . - _ # @ ·，最多 64 个字符"),
        ("车辆编号", 1e17, "数字过长，表格软件只保留 15 位"),
        ("单位编号", "U9", "“单位”中没有这个编号"),
        ("能源类型", "柴油", "该车型和能源类型没有默认的能耗曲线"),
    ],
)
def test_each_bad_cell_is_named_and_nothing_is_kept(column: str, value: object, message: str | None) -> None:
    known = Known(regions=frozenset({"510100"}), ids={"units": frozenset({"U1"})})
    intake = read_vehicles(VEHICLE_GOOD, changed(VEHICLE, VEHICLES_ZH, **{column: value}), known=known)
    if message is None:
        assert intake.errors == ()
        return
    assert intake.count == 0
    wanted = "能耗曲线" if "能耗" in message else column
    assert [(error.sheet, error.row, error.column, error.message) for error in intake.errors] == [
        ("车辆", 3, wanted, message)
    ]
    assert intake.errors[0].remedy


VEHICLE_GOOD = ["V0", "川A00000", *VEHICLE[2:]]


@pytest.mark.parametrize(
    ("cells", "column", "message"),
    [
        (
            {"Pick-up longitude": 30.66, "Pick-up latitude": 104.06},
            "Pick-up longitude",
            "longitude and latitude are swapped",
        ),
        (
            {"Drop-off longitude": 116.4, "Drop-off latitude": 39.9},
            "Drop-off longitude",
            "the position is outside Sichuan and Chongqing",
        ),
        ({"Pick-up longitude": 1040.6}, "Pick-up longitude", "must be between -180 and 180"),
        ({"Latest pick-up": "2026-11-23 08:00"}, "Latest pick-up", "the latest pick-up is before the earliest"),
        ({"Latest drop-off": "2026-11-23 08:00"}, "Latest drop-off", "the drop-off is before the pick-up"),
        ({"Latest drop-off": "2026-02-30 08:00"}, "Latest drop-off", "there is no such date or time"),
        ({"Latest drop-off": "09:30"}, "Latest drop-off", "not a date and time"),
        ({"Purpose": "  "}, "Purpose", "must not be blank"),
        ({"Passengers": 0}, "Passengers", "must be between 1 and 60"),
    ],
)
def test_bad_requests(cells: dict[str, object], column: str, message: str) -> None:
    intake = read_requests(changed(REQUEST, REQUESTS_EN, **cells))
    assert intake.count == 0
    assert [(error.row, error.column, error.message) for error in intake.errors] == [(2, column, message)]


def test_duplicates_within_the_file_and_against_what_exists_and_repeated_rows() -> None:
    known = Known(ids={"vehicles": frozenset({"V7"}), "units": frozenset({"U1"}), "sites": frozenset({"S1"})})
    intake = read_vehicles(
        VEHICLE,
        ["V2", *VEHICLE[1:]],
        ["V1", "川A22222", *VEHICLE[2:]],
        VEHICLE,
        ["V7", "川A77777", *VEHICLE[2:]],
        known=known,
        lang="en",
    )
    assert intake.count == 0
    assert [(error.row, error.column, error.message) for error in intake.errors] == [
        (3, "车牌号", "the same as in row 2"),
        (4, "车辆编号", "the same as in row 2"),
        (5, "", "repeats row 2"),
        (6, "车辆编号", "exists already"),
    ]


def test_headers_in_either_language_any_case_with_titles_above() -> None:
    header = [
        "*VEHICLE_ID",
        "车牌号 / Plate",
        "unit id",
        "Region  Code",
        "home_site",
        "VEHICLE kind",
        "energy",
        "Passenger seats（不含驾驶员）",
    ]
    intake = read(
        workbook(
            {
                "Vehicles": [
                    ["公务用车台账"],
                    [],
                    header,
                    ["V1", "川 A·12345", "U1", "510100", "S1", "Sedan", "PETROL", "４"],
                    [],
                ]
            }
        ),
        name="v.xlsx",
        lang="zh",
        now=NOW,
    )
    assert intake.errors == ()
    assert (intake.vehicles[0].plate, intake.vehicles[0].seats) == ("川A12345", 4)


def test_a_header_in_another_unit_is_refused() -> None:
    header = [*VEHICLES_ZH, "里程表读数 (m)"]
    intake = read_vehicles([*VEHICLE, 12], header=header)
    assert [(error.row, error.column, error.value) for error in intake.errors] == [(1, "里程表读数 (m)", "m")]


def test_chinese_map_coordinates_are_converted_where_the_sheet_says_so() -> None:
    header, row = [*REQUESTS_EN, "坐标系"], [*REQUEST, "GCJ-02"]
    shifted = read_requests(row, header=header).requests[0].stops[0]
    plain = read_requests(REQUEST).requests[0].stops[0]
    assert 0.001 < plain.lon_wgs84 - shifted.lon_wgs84 < 0.005
    assert 0.001 < shifted.lat_wgs84 - plain.lat_wgs84 < 0.005
    header = [name.replace("Pick-up longitude", "Pick-up longitude (GCJ-02)") for name in REQUESTS_EN]
    (error,) = read_requests(REQUEST, header=header).errors
    assert (error.row, error.value) == (1, "GCJ-02")
    assert "Coordinate system" in error.remedy


def test_unknown_missing_and_doubled_columns() -> None:
    header = ["车辆编号", "车牌号码x", "车型", "车型", *VEHICLES_ZH[2:5], *VEHICLES_ZH[6:]]
    intake = read_vehicles(header=header, lang="zh")
    found = {(error.column, error.message) for error in intake.errors}
    assert ("车牌号码x", "没有这一列") in found
    assert ("车型", "同一列出现两次") in found
    assert ("车牌号", "缺少必填的列") in found
    assert any("车牌号" in error.remedy for error in intake.errors if error.column == "车牌号码x")


def test_values_without_a_header_are_reported() -> None:
    intake = read_vehicles([*VEHICLE, None, "stray"])
    assert [(error.column, error.value) for error in intake.errors] == [("#12", "stray")]


def test_merged_cells_and_formulas_without_a_result() -> None:
    book = load_workbook(
        io.BytesIO(workbook({"车辆": [VEHICLES_ZH, VEHICLE, ["V2", "川A22222", *VEHICLE[2:]], VEHICLE_GOOD]}))
    )
    sheet = book["车辆"]
    sheet.merge_cells("C2:C3")
    sheet["H4"] = "=2+2"
    out = io.BytesIO()
    book.save(out)
    intake = read(out.getvalue(), name="v.xlsx", lang="en", now=NOW)
    assert intake.count == 0
    messages = [(error.row, error.message) for error in intake.errors]
    assert (2, "the cells are merged") in messages
    assert (4, "H4 is a formula without a stored result") in messages


def test_wrong_sheet_names_are_reported_and_empty_sheets_are_not() -> None:
    intake = read(
        workbook({"车辆": [VEHICLES_ZH, VEHICLE], "Tabelle3": [["x"]], "Sheet2": []}), name="v.xlsx", lang="zh", now=NOW
    )
    assert [(error.sheet, error.message) for error in intake.errors] == [("Tabelle3", "不认识这张工作表")]
    single = read(workbook({"Sheet1": [VEHICLES_ZH, VEHICLE]}), name="v.xlsx", lang="zh", now=NOW, kind="vehicles")
    assert len(single.vehicles) == 1
    guessed = read(workbook({"Sheet1": [VEHICLES_ZH, VEHICLE]}), name="v.xlsx", lang="zh", now=NOW)
    assert len(guessed.vehicles) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_encodings(encoding: str) -> None:
    intake = read(csv([VEHICLES_ZH, VEHICLE], encoding), name="vehicles.csv", lang="zh", now=NOW)
    assert intake.errors == ()
    assert intake.vehicles[0].plate == "川A12345"
    assert [note.message for note in intake.notes] == (["按 GB18030 编码读取"] if encoding == "gb18030" else [])


@pytest.mark.parametrize("separator", [";", "\t"])
def test_csv_separators_and_blank_lines(separator: str) -> None:
    lines = [separator.join(map(str, VEHICLES_ZH)), "", separator.join(map(str, VEHICLE)), separator * 9, ""]
    intake = read("\n".join(lines).encode(), name="v.csv", lang="zh", now=NOW, kind="vehicles")
    assert intake.errors == ()
    assert len(intake.vehicles) == 1


def test_invalid_utf8_is_said_with_its_row() -> None:
    data = csv([VEHICLES_ZH, VEHICLE, VEHICLE_GOOD]).replace("川A00000".encode(), "川A00000".encode()[1:])
    intake = read(data, name="v.csv", lang="en", now=NOW)
    assert intake.count == 0
    assert [(error.row, "not valid UTF-8" in error.message) for error in intake.errors] == [(3, True)]


def test_json_in_both_shapes() -> None:
    vehicle = {
        "id": "V1", "plate": "渝A12345", "unit_id": "U1", "region": "500000", "home_site_id": "S1", "kind": "suv",
        "energy": "petrol", "seats": 4, "equipment": ["警灯", "对讲机"], "self_drive": True,
    }  # fmt: skip
    for body in ({"vehicles": [vehicle]}, [vehicle]):
        intake = read(json.dumps(body).encode(), name="vehicles.json", lang="en", now=NOW)
        assert intake.errors == ()
        assert intake.vehicles[0].equipment == {"警灯", "对讲机"}
        assert intake.vehicles[0].self_drive
    bad = read(
        json.dumps({"vehicles": [vehicle, {**vehicle, "id": "V2", "plate": "渝A22222", "seats": -1}]}).encode(),
        name="x.json",
        lang="en",
        now=NOW,
    )
    assert [(error.sheet, error.row, error.column, error.value) for error in bad.errors] == [
        ("vehicles", 2, "seats", "-1")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   \n ",
        b"PK\x03\x04 broken",
        b"\xd0\xcf\x11\xe0old",
        b'{"vehicles": [{"id": NaN}]}',
        b'{"vehicles": [{"id": 1, "id": 2}]}',
        b'{"vehicles": 3}',
        b'{"vehicles": [3]}',
        b'{"vehicles": [{"id": {"a": 1}}]}',
        b"[" * 100_000,
        b'{"planes": [{"id": 1}]}',
        b"a,b\n1,2\n",
        b"\x00\x01\x02,\xff\n",
        b'id,"open\n',
        b"x" * 10_000_001,
        b"id\n" + b"1\n" * 20_002,
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_unusable_files_are_refused_in_words(data: bytes, lang: str) -> None:
    intake = read(data, name="file", lang=lang, now=NOW)
    assert intake.count == 0
    assert intake.errors
    assert all(error.message and error.remedy for error in intake.errors)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for number in range(8):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 10_000_000)
    intake = read(out.getvalue(), name="v.xlsx", lang="en", now=NOW)
    assert ["unpacks to" in error.message for error in intake.errors] == [True]


def test_a_document_type_declaration_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", '<!DOCTYPE x [<!ENTITY a "b">]><Types/>')
    assert "declaration" in read(out.getvalue(), name="v.xlsx", lang="en", now=NOW).errors[0].message


def test_several_files_are_one_delivery() -> None:
    units = csv([["unit id", "unit name", "region", "level"], ["U1", "x", "510100", "county"]])
    vehicles = csv([VEHICLES_ZH, VEHICLE, ["V2", "川A22222", "U2", *VEHICLE[3:]]])
    intake = read_files(
        [SourceFile(name="vehicles.csv", data=vehicles), SourceFile(name="units.csv", data=units)], lang="zh", now=NOW
    )
    assert [(error.row, error.column, error.value) for error in intake.errors] == [(3, "单位编号", "U2")]
    assert intake.count == 0


def test_a_bad_row_does_not_make_references_to_it_wrong() -> None:
    sheets = {
        "单位": [["单位编号", "单位名称", "行政区划代码", "层级"], ["U1", "某局", "510100", "?"]],
        "车辆": [VEHICLES_ZH, VEHICLE],
    }
    intake = read(workbook(sheets), name="v.xlsx", lang="zh", now=NOW)
    assert [(error.sheet, error.column) for error in intake.errors] == [("单位", "层级")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_untouched_template_reads_back_without_errors(lang: str) -> None:
    data = write_template(lang=lang)
    intake = read(data, name="template.xlsx", lang=lang, now=NOW)
    assert intake.errors == ()
    assert intake.count == 0
    assert len(intake.notes) == len(TABLES)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_templates_examples_are_good_rows_once_their_mark_is_gone(lang: str) -> None:
    book = load_workbook(io.BytesIO(write_template(lang=lang)))
    for sheet in book.worksheets[1:]:
        for cell in sheet[2]:
            if isinstance(cell.value, str):
                cell.value = cell.value.replace("示例-", "").replace("EXAMPLE-", "")
    book.remove(book.worksheets[-1])
    out = io.BytesIO()
    book.save(out)
    intake = read(out.getvalue(), name="template.xlsx", lang=lang, now=NOW)
    assert intake.errors == ()
    assert [len(nouns) for nouns in (intake.units, intake.sites, intake.vehicles, intake.drivers, intake.requests)] == [
        1
    ] * 5


def test_no_word_means_two_columns_or_two_sheets() -> None:
    for table in TABLES:
        owner: dict[str, str] = {}
        for column in table.columns:
            for name in (column.name, column.zh, column.en, *column.aliases):
                assert owner.setdefault(fold(name), column.name) == column.name, (table.kind, name)
        for name in (table.kind, table.zh, table.en, *table.aliases):
            assert find_table(name) is table


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_documentation_names_every_column(lang: str) -> None:
    text = columns_markdown(lang=lang)
    for table in TABLES:
        for column in table.columns:
            assert column.zh in text
            assert column.en in text


@pytest.mark.parametrize(("lang", "name"), [("zh", "import.zh-CN.md"), ("en", "import.md")])
def test_the_published_tables_are_those_of_the_code(repository: Path, lang: str, name: str) -> None:
    assert columns_markdown(lang=lang) in (repository / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("character", ["\n", "\t", "\x07", "\x1b", "\x7f"])
def test_control_characters_are_refused_in_every_text_but_the_remark(character: str) -> None:
    rows = [[*REQUEST, "first"]]
    rows[0][5] = f"meet{character}ing"
    data = json.dumps([dict(zip([*REQUESTS_EN, "Remark"], row, strict=True)) for row in rows]).encode()
    (error,) = read(data, name="r.json", kind="requests", lang="en", now=NOW).errors
    assert error.column == "Purpose"
    assert "control character" in error.message
    assert error.remedy == f"remove U+{ord(character):04X}"


def test_a_remark_may_have_several_lines() -> None:
    intake = read_requests([*REQUEST, "one\ntwo"], header=[*REQUESTS_EN, "Remark"])
    assert intake.errors == ()


def test_a_drop_off_before_the_pick_up_is_told_the_earliest_time() -> None:
    (error,) = read_requests(changed(REQUEST, REQUESTS_EN, **{"Latest drop-off": "2026-11-23 08:00"})).errors
    assert error.message == "the drop-off is before the pick-up"
    assert error.remedy == "not before the earliest pick-up, 2026-11-23 08:30"


@pytest.mark.parametrize(("kind", "errors"), [("transfer", 1), ("charter", 0), ("rental", 0)])
def test_a_transfer_leads_somewhere(kind: str, errors: int) -> None:
    row = changed(REQUEST, REQUESTS_EN, **{"Trip kind": kind, "Drop-off longitude": 104.06, "Drop-off latitude": 30.66})
    found = read_requests(row).errors
    assert [error.message for error in found] == ["pick-up and drop-off are the same place"] * errors


def test_bytes_of_no_known_encoding_are_said_with_both() -> None:
    data = csv([["Unit id", "Unit name"], ["U1", "x"]]) + b"\r\nU2,\xff\xff\r\n"
    (error,) = read(data, name="u.csv", kind="units", lang="en", now=NOW).errors
    at = data.index(b"\xff") + 1
    assert (error.row, error.message) == (3, f"byte {at} is valid neither in UTF-8 nor in GB18030")


def test_json_items_count_from_one_in_every_error() -> None:
    units = [
        {"id": "U1", "name": "x", "region": "510100"},
        {"id": "U2", "name": "y", "region": "510100", "colour": "red"},
    ]
    errors = read(json.dumps(units).encode(), name="u.json", kind="units", lang="en", now=NOW).errors
    assert [(error.row, error.column) for error in errors] == [(1, "Level"), (2, "colour")]
