"""Workbooks, CSV and JSON files: all of it is taken in, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response, UploadFile

from api.access import REGISTRARS, Viewer
from api.dependencies import Change, Spoken, Store
from api.geography import find_place, list_regions
from api.idempotency import Effect, json_response
from api.intake.read import Intake, read
from api.intake.records import Known
from api.problems import FieldError, InvalidInput
from api.wording import Language, Text
from fleet import documents
from fleet.store import FleetStore, Write
from routing.profiles import PROFILES

router = APIRouter(prefix="/v1", tags=["imports"])


class ImportKind(StrEnum):
    VEHICLES = "vehicles"
    DRIVERS = "drivers"
    SITES = "sites"
    UNITS = "units"
    REQUESTS = "requests"


_KINDS = ("unit", "site", "vehicle", "driver", "request")


@router.post("/imports", status_code=201, summary="Take in a workbook, a CSV or a JSON file")
def import_file(
    kind: Annotated[
        ImportKind, Query(description="What the only sheet holds; a workbook with named sheets may hold all.")
    ],
    file: Annotated[UploadFile, File(description="xlsx, csv or json; `chuanyu template` writes an empty one.")],
    change: Change,
    store: Store,
    language: Spoken,
) -> Response:
    """With any error the answer is 422 with every finding by sheet, row and column, and nothing was changed."""
    viewer = change.viewer
    viewer.require(REGISTRARS)
    data = file.file.read()
    intake = read(
        data,
        name=file.filename or "file",
        kind=kind.value,
        lang=language,
        now=change.now,
        known=known_facts(store),
    )
    errors = [
        {
            "sheet": error.sheet,
            "row": error.row,
            "column": error.column,
            "field": error.column,
            "value": error.value,
            "message": error.message,
            "remedy": error.remedy,
        }
        for error in intake.errors
    ]
    errors += _outside(intake, viewer, language)
    if errors:
        return _refusal(errors, language)
    nouns: list[Any] = [*intake.units, *intake.sites, *intake.vehicles, *intake.drivers, *intake.requests]
    if not nouns:
        raise InvalidInput(
            [
                FieldError(
                    field="file",
                    value=file.filename,
                    message=Text("文件中没有数据", "the file holds no data"),
                    remedy=Text("填写后重新上传", "fill it in and send it again"),
                )
            ]
        )

    def effect() -> Effect:
        return Effect(
            type="import.applied",
            region=viewer.person.region,
            writes=[
                Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
                for noun in nouns
            ],
            status=201,
            body={
                "created_count": len(nouns),
                "errors": [],
                "notes": [{"sheet": note.sheet, "row": note.row, "message": note.message} for note in intake.notes],
            },
            data={"file": file.filename or "", "created_count": len(nouns)},
        )

    return change.perform(effect)


def known_facts(store: FleetStore) -> Known:
    """Return what a file is judged against."""
    ids: dict[str, frozenset[str]] = {}
    plates: set[str] = set()
    for kind in _KINDS:
        found: set[str] = set()
        for id, body in _all(store, kind):
            found.add(id)
            if kind == "vehicle":
                plates.add(str(body["plate"]))
        ids[kind + "s"] = frozenset(found)
    return Known(
        ids=ids,
        plates=frozenset(plates),
        regions=frozenset(region.code for region in list_regions()),
        profiles=frozenset(PROFILES),
        find_place=_coordinates,
    )


def _coordinates(name: str) -> tuple[float, float] | None:
    place = find_place(name)
    return None if place is None else (place.lon_wgs84, place.lat_wgs84)


def _all(store: FleetStore, kind: str) -> Iterator[tuple[str, Any]]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        for document in page.documents:
            yield document.id, document.body
        if page.next_after is None:
            return
        after = page.next_after


def _outside(intake: Intake, viewer: Viewer, language: Language) -> list[dict[str, Any]]:
    """Name every record that lies outside the caller's region."""
    nouns: Sequence[Any] = [*intake.units, *intake.sites, *intake.vehicles, *intake.drivers, *intake.requests]
    return [
        {
            "sheet": documents.kind_of(noun) + "s",
            "row": None,
            "column": "region",
            "field": "region",
            "value": f"{noun.id}: {noun.region}",
            "message": Text("不在您的管辖区域", "outside your region").say(language),
            "remedy": Text("去掉该行，或请有权限的人导入", "leave it out, or let someone who may import it").say(
                language
            ),
        }
        for noun in nouns
        if not viewer.covers(noun.region)
    ]


def _refusal(errors: Sequence[dict[str, Any]], language: Language) -> Response:
    title = Text("文件有误，未导入任何数据", "The file has errors; nothing was taken in")
    detail = Text("共 {count} 处有误，逐项说明见 errors。", "{count} thing(s) are wrong; they are listed under errors.")
    response = json_response(
        {
            "type": "urn:chuanyu:problem:invalid-file",
            "title": title.say(language),
            "status": 422,
            "detail": detail.say(language, {"count": len(errors)}),
            "instance": "/v1/imports",
            "created_count": 0,
            "errors": list(errors),
        },
        status=422,
    )
    response.headers["content-type"] = "application/problem+json"
    return response
