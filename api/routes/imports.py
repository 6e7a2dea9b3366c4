"""Workbooks, CSV and JSON files: all of it is taken in, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response, UploadFile

from api.access import REGISTRARS
from api.dependencies import Change, Spoken, Store
from api.geography import find_place, list_regions
from api.idempotency import Effect
from api.import_checks import StoreChecks
from api.intake.findings import shorten
from api.intake.kinds import ImportKind
from api.intake.read import Intake, read
from api.intake.records import Known
from api.problems import FieldError, InvalidInput
from api.wording import Text
from fleet import documents
from fleet.store import FleetStore, Write
from routing.profiles import PROFILES

router = APIRouter(prefix="/v1", tags=["imports"])


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
    change.viewer.require(REGISTRARS)
    data = file.file.read()
    name = file.filename or "file"

    def effect() -> Effect:
        known = replace(known_facts(store), check=StoreChecks(store, change.viewer, now=change.now))
        intake = read(data, name=name, kind=kind.value, lang=language, now=change.now, known=known)
        if intake.errors:
            raise InvalidInput(_said(intake))
        writes = [
            Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
            for noun in _nouns(intake)
        ]
        notes = [{"sheet": note.sheet, "row": note.row, "message": note.message} for note in intake.notes]
        return Effect(
            type="import.applied",
            region=change.viewer.person.region,
            writes=writes,
            status=201,
            body={"created_count": len(writes), "errors": [], "notes": notes},
            data={"file": shorten(name), "created_count": len(writes)},
        )

    return change.perform(effect)


def _nouns(intake: Intake) -> list[Any]:
    return [*intake.units, *intake.sites, *intake.vehicles, *intake.drivers, *intake.requests]


def _said(intake: Intake) -> list[FieldError]:
    """Return intake's findings, which are in the caller's language already."""
    return [
        FieldError(
            sheet=error.sheet,
            row=error.row,
            field=error.column,
            value=error.value,
            message=Text(error.message, error.message),
            remedy=Text(error.remedy, error.remedy),
        )
        for error in intake.errors
    ]


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
