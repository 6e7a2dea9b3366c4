"""What OpenAPI says of the answers: a schema and an example for every operation whose answer is JSON.

The routes answer with ready-made responses, so the framework knows nothing of their bodies; this module adds it to the
description, by method and path, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.answer_examples import (
    AGREEMENT,
    ASSIGNMENT,
    BUDGET,
    CHECKED,
    CLOSURE,
    DRIVER,
    IMPORTED,
    ITINERARY,
    JOB,
    MATRIX,
    MEASURE,
    OVERVIEW,
    PERSON,
    PLACE,
    PLAN,
    PLAN_HEAD,
    PROMISE,
    REGION,
    REQUEST,
    SESSION,
    SETTLEMENT,
    SITE,
    SOLVED,
    TOUCHED,
    UNIT,
    VEHICLE,
    WHO,
)
from api.live_described import live_described
from api.rental_described import list_described
from api.schemas import answers

PREFIX = "#/components/schemas/"


@dataclass(frozen=True, kw_only=True)
class Described:
    """The body of an operation's good answer."""

    model: type[BaseModel]
    example: Mapping[str, Any]


def _all() -> dict[str, Described]:
    """Return the answers by ``METHOD path``."""
    found: dict[str, Described] = {}

    def one(operations: str, model: type[BaseModel], example: Mapping[str, Any]) -> None:
        for operation in operations.split(", "):
            found[operation] = Described(model=model, example=example)

    def kept(path: str, model: type[BaseModel], example: Mapping[str, Any], *, amended: bool = True) -> None:
        """A collection that is listed, read, added to and, where ``amended``, changed."""
        page = {"items": [example], "next_after": None}
        one(f"GET {path}", answers.page_of(model), page)
        changed = f", PATCH {path}/{{id}}" if amended else ""
        one(f"POST {path}, GET {path}/{{id}}{changed}", model, example)

    kept("/v1/units", answers.UnitAnswer, UNIT)
    kept("/v1/sites", answers.SiteAnswer, SITE)
    kept("/v1/vehicles", answers.VehicleAnswer, VEHICLE)
    kept("/v1/drivers", answers.DriverAnswer, DRIVER)
    kept("/v1/persons", answers.PersonAnswer, PERSON)
    kept("/v1/agreements", answers.AgreementAnswer, AGREEMENT, amended=False)
    kept("/v1/network/closures", answers.ClosureAnswer, CLOSURE, amended=False)
    kept("/v1/measures", answers.MeasureAnswer, MEASURE, amended=False)
    one("POST /v1/measures/{id}:lift", answers.MeasureAnswer, {**MEASURE, "lifted_at": "2026-03-02T15:00:00+08:00"})
    kept("/v1/budgets", answers.BudgetAnswer, BUDGET, amended=False)
    one("GET /v1/settlements", answers.SettlementAnswer, SETTLEMENT)
    kept("/v1/requests", answers.RequestAnswer, REQUEST, amended=False)
    out = {**VEHICLE, "state": "out_of_service", "version": 2}
    one("POST /v1/vehicles/{id}:takeOutOfService", answers.VehicleAnswer, out)
    one("POST /v1/vehicles/{id}:returnToService", answers.VehicleAnswer, {**VEHICLE, "version": 3})
    for step, state in AGREEMENT_STEPS.items():
        example = {**AGREEMENT, "state": state, "version": 2}
        one(f"POST /v1/agreements/{{id}}:{step}", answers.AgreementAnswer, example)
    replans = [{"job_id": "J-1", "day": TOUCHED["day"], "region": CLOSURE["region"]}]
    declared = {**CLOSURE, "edge_count": 216, "touched": [TOUCHED], "replans": replans}
    one("POST /v1/network/closures", answers.DeclaredClosureAnswer, declared)
    lifted = {**CLOSURE, "lifted_at": "2026-03-02T15:00:00+08:00", "replans": replans, "version": 2}
    one("POST /v1/network/closures/{id}:lift", answers.LiftedClosureAnswer, lifted)
    one("POST /v1/network/matrix", answers.MatrixAnswer, MATRIX)
    one("POST /v1/requests", answers.SubmittedAnswer, {**REQUEST, "answer": PROMISE})
    asked = {**REQUEST, "assignment": None, "unserved_reasons": []}
    one("GET /v1/requests/{id}", answers.RequestDetailAnswer, asked)
    decided = {**REQUEST, "approver_id": "P-2", "decided_at": "2026-03-02T08:00:00+08:00", "version": 2}
    for step, state in REQUEST_STEPS.items():
        reason = "" if state == "approved" else "会议取消"
        example = {**decided, "state": state, "reason": reason}
        one(f"POST /v1/requests/{{id}}:{step}", answers.RequestAnswer, example)
    one("GET /v1/assignments", answers.page_of(answers.AssignmentAnswer), _page(ASSIGNMENT))
    one("GET /v1/assignments/{id}", answers.AssignmentAnswer, ASSIGNMENT)
    for step, (state, action) in TAPS.items():
        report = {**REPORT, "action": action, **({"reason": "车辆故障"} if step == "decline" else {})}
        if step == "finish":
            report |= {"odometer_m": 10_126_000, "charge_frac": 0.62}
        example = {**ASSIGNMENT, "state": state, "reports": [report], "version": 2}
        one(f"POST /v1/assignments/{{id}}:{step}", answers.AssignmentAnswer, example)
    one(
        "GET /v1/itineraries, GET /v1/plans/{id}/itineraries",
        answers.page_of(answers.ItineraryAnswer),
        _page(ITINERARY),
    )
    one("POST /v1/plans, GET /v1/jobs/{id}, DELETE /v1/jobs/{id}", answers.JobAnswer, JOB)
    one("POST /v1/scenarios", answers.JobAnswer, {**JOB, "kind": "scenario"})
    live_described(one)
    one("GET /v1/plans", answers.page_of(answers.PlanHead), _page(PLAN_HEAD))
    one("GET /v1/plans/{id}, GET /v1/plans/latest", answers.PlanAnswer, PLAN)
    one("POST /v1/sessions", answers.SessionAnswer, SESSION)
    one("GET /v1/me", answers.WhoAnswer, WHO)
    one("GET /v1/regions", answers.page_of(answers.RegionAnswer), _page(REGION))
    one("GET /v1/places", answers.page_of(answers.PlaceAnswer), _page(PLACE))
    one("GET /v1/overview", answers.OverviewAnswer, OVERVIEW)
    one("POST /v1/plans:solve", answers.SolveAnswer, SOLVED)
    one("POST /v1/plans:check", answers.CheckAnswer, CHECKED)
    one("POST /v1/imports", answers.ImportAnswer, IMPORTED)
    for operation, model, shown in list_described():
        one(operation, model, shown)
    return found


AGREEMENT_STEPS = {
    "confirm": "active",
    "suspend": "suspended",
    "resume": "active",
    "end": "ended",
    "renew": "proposed",
}
REQUEST_STEPS = {"approve": "approved", "allowBudget": "submitted", "reject": "rejected", "cancel": "cancelled"}
TAPS = {
    "accept": ("accepted", "accept"),
    "decline": ("declined", "decline"),
    "arrive": ("started", "arrive"),
    "delay": ("on_board", "delay"),
    "absent": ("absent", "absent"),
    "start": ("started", "start"),
    "pickUp": ("on_board", "pick_up"),
    "dropOff": ("dropped_off", "drop_off"),
    "finish": ("finished", "finish"),
}
REPORT: dict[str, Any] = {
    "action": "accept",
    "at": "2026-03-02T08:40:00+08:00",
    "received_at": "2026-03-02T08:40:02+08:00",
    "odometer_m": None,
    "charge_frac": None,
    "reason": "",
    "passengers": None,
    "expected_at": None,
    "implied": False,
}


def _page(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"items": [example], "next_after": None}


class DescribedApp(FastAPI):
    """An application whose description tells the answers too; it is built once, when it is first asked for."""

    _building = Lock()

    def openapi(self) -> dict[str, Any]:
        with self._building:
            if self.openapi_schema is None:
                add_answers(super().openapi())
            return super().openapi()


def add_answers(description: dict[str, Any]) -> None:
    """Write schemas and examples of the answers into an OpenAPI description.

    Raises
    ------
    ValueError
        If an operation is described that is not there, or two schemas of one name differ.
    """
    described = _all()
    models = list(dict.fromkeys(each.model for each in described.values()))
    _, definitions = models_json_schema([(model, "serialization") for model in models], ref_template=PREFIX + "{model}")
    components = description["components"]["schemas"]
    for name, schema in definitions["$defs"].items():
        if components.setdefault(name, schema) != schema:
            raise ValueError(f"two schemas are called {name}")
    for operation, answer in described.items():
        method, path = operation.split(" ")
        responses = description["paths"].get(path, {}).get(method.lower(), {}).get("responses")
        if responses is None:
            raise ValueError(f"there is no {operation}")
        status = next(status for status in responses if status.startswith("2"))
        schema = {"$ref": PREFIX + answer.model.__name__}
        responses[status]["content"] = {"application/json": {"schema": schema, "example": answer.example}}
