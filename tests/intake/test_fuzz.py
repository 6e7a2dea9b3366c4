"""Whatever bytes come in, intake answers with nouns or with errors, never with an exception and never with some of both."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from api.intake.read import Intake, read
from api.intake.tables import TABLES

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
#: Spreadsheets have no time zones.
NAIVE = datetime.fromisoformat("1900-03-01T00:00:00")


def small_workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "车辆"
    sheet.append(["车辆编号", "车牌号", "单位编号", "行政区划代码", "停放站点编号", "车型", "能源类型", "乘客座位数"])
    sheet.append(["V1", "川A12345", "U1", "510100", "S1", "轿车", "汽油", 4])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


WORKBOOK = small_workbook()

TITLES = sorted({word for table in TABLES for column in table.columns for word in (column.zh, column.en, column.name)})
VALUES = [
    "510100",
    "轿车",
    "sedan",
    "-1",
    "104.06",
    "30.66",
    "2026-11-23T08:30",
    "08:30",
    "是",
    "80%",
    "=1+1",
    "U1",
    "1e400",
    "NaN",
    "٣",
]
WORDS = st.sampled_from([*TITLES, *VALUES, "", " "])
CELLS = st.one_of(WORDS, st.text(max_size=12), st.integers().map(str), st.floats().map(str))
RAW = st.one_of(
    CELLS.map(lambda text: "".join(c for c in text if c.isprintable())),
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(min_value=NAIVE, max_value=NAIVE.replace(year=9999)),
    st.dates(min_value=date(1900, 3, 1)),
    st.times().map(lambda moment: time(moment.hour, moment.minute, moment.second)),
)


def judged(intake: Intake) -> None:
    assert not (intake.errors and intake.count)
    for error in intake.errors:
        assert error.message
        assert error.remedy
        assert len(error.value) <= 80


@given(
    st.binary(max_size=400), st.sampled_from([None, *(table.kind for table in TABLES)]), st.sampled_from(["zh", "en"])
)
def test_any_bytes(data: bytes, kind: str | None, lang: str) -> None:
    judged(read(data, name="file.csv", lang=lang, now=NOW, kind=kind))


@given(st.binary(min_size=1, max_size=40), st.integers(0, 40_000))
def test_a_damaged_workbook(noise: bytes, at: int) -> None:
    at %= len(WORKBOOK)
    judged(read(WORKBOOK[:at] + noise + WORKBOOK[at + len(noise) :], name="t.xlsx", lang="zh", now=NOW))


@given(
    st.sampled_from(TABLES),
    st.lists(st.lists(CELLS, min_size=1, max_size=30), max_size=5),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
    st.data(),
)
def test_csv_with_a_true_header_and_any_cells(table, rows, encoding: str, data: st.DataObject) -> None:
    header = [column.zh for column in table.columns]
    filled = [data.draw(st.permutations(header))] + [row[: len(header)] for row in rows]
    text = io.StringIO()
    csv.writer(text).writerows(filled)
    judged(read(text.getvalue().encode(encoding, errors="replace"), name="x.csv", lang="zh", now=NOW, kind=table.kind))


@given(st.sampled_from(TABLES), st.lists(st.lists(RAW, max_size=30), max_size=4))
def test_workbooks_with_any_cells(table, rows) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = table.zh
    sheet.append([column.zh for column in table.columns])
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    judged(read(out.getvalue(), name="x.xlsx", lang="en", now=NOW))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)


@given(st.one_of(JSON, st.fixed_dictionaries({"vehicles": st.lists(st.dictionaries(WORDS, JSON), max_size=3)})))
def test_any_json(body: object) -> None:
    judged(read(json.dumps(body).encode(), name="x.json", lang="zh", now=NOW))


@given(st.integers(0, 9), st.sampled_from(["-3", "x", "", "1.5", "99"]))
def test_one_bad_cell_keeps_everything_out(row: int, seats: str) -> None:
    header = "id,plate,unit_id,region,home_site_id,kind,energy,seats"
    lines = [f"V{n},川A1000{n},U1,510100,S1,sedan,petrol,{seats if n == row else 4}" for n in range(10)]
    intake = read("\n".join([header, *lines]).encode(), name="vehicles.csv", lang="en", now=NOW)
    assert intake.count == 0
    assert [(error.row, error.column) for error in intake.errors] == [(row + 2, "seats")]
