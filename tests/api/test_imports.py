"""Files over HTTP: all of it, or nothing with every finding."""

from __future__ import annotations

from typing import Any

GOOD = (
    "单位编号,单位名称,行政区划代码,层级\nU-IMP-1,导入单位一,510900,市（州）级\nU-IMP-2,导入单位二,510900,市（州）级\n"
)
BAD = "单位编号,单位名称,行政区划代码,层级\nU-IMP-1,导入单位一,999999,市（州）级\nU-SN,重复的单位,510900,市（州）级\n"


def send(world, text: bytes, login: str = "dispatcher", kind: str = "units", **headers: str) -> Any:
    return world.client.post(
        "/v1/imports",
        params={"kind": kind},
        headers=world.as_(login, **headers),
        files={"file": ("单位.csv", text, "text/csv")},
    )


def test_a_file_is_taken_in(world):
    answer = send(world, GOOD.encode())
    assert answer.status_code == 201, answer.text
    assert answer.json()["created_count"] == 2
    assert world.store.get("unit", "U-IMP-2").body["name"] == "导入单位二"


def test_a_file_with_errors_changes_nothing(world):
    world.as_("dispatcher")
    head = world.store.head()
    answer = send(world, BAD.encode())
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    rows = {error["row"] for error in told["errors"]}
    assert rows == {2, 3}
    assert all(error["message"] and error["remedy"] for error in told["errors"])
    assert world.store.head() == head


def test_what_lies_outside_the_region_is_named(world):
    text = "单位编号,单位名称,行政区划代码,层级\nU-X,外区单位,500152,区县级\n"
    answer = send(world, text.encode())
    assert answer.status_code == 422
    assert "不在您的管辖区域" in answer.text
    assert world.store.find("unit", "U-X") is None


def test_a_repeated_upload_has_one_effect_although_its_boundary_differs(world):
    first = send(world, GOOD.encode(), **{"Idempotency-Key": "f-1"})
    again = send(world, GOOD.encode(), **{"Idempotency-Key": "f-1"})
    assert first.status_code == again.status_code == 201, again.text
    assert first.content == again.content
    other = send(world, BAD.encode(), **{"Idempotency-Key": "f-1"})
    assert other.status_code == 422


def test_files_that_are_none_are_explained(world):
    for data in (b"", b"PK\x03\x04 not a workbook", b"\xff\xfe\x00"):
        answer = send(world, data)
        assert answer.status_code == 422, (data, answer.text)
    assert send(world, GOOD.encode(), login="asker").status_code == 403
