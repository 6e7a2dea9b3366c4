"""What the service answers with: the stored nouns with their version, and the few shapes that are made for the answer.

Only the description of the interface is built from these (:mod:`api.described`); answers are written by the routes. Fields
may be added to an answer at any time, so a reader takes no offence at one that it does not know.
"""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from types import GenericAlias
from typing import Any, get_type_hints

from pydantic import AwareDatetime, BaseModel, Field, create_model

from dispatch.plan import StopKind as RouteStopKind
from fleet.agreements import Agreement
from fleet.budgets import Budget
from fleet.closures import RoadClosure
from fleet.drivers import Driver
from fleet.itineraries import Assignment, Itinerary
from fleet.measures import Measure
from fleet.people import Person, Role
from fleet.plans import PlanRecord
from fleet.requests import Priority, TripKind, TripRequest, TripStop
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Vehicle, VehicleKind


def stored_model(name: str, noun: type, *, without: frozenset[str] = frozenset(), **more: Any) -> type[BaseModel]:
    """Return the model of a stored noun as answers show it: every field, and the version that If-Match takes."""
    hints = get_type_hints(noun)
    own: dict[str, Any] = {field.name: (hints[field.name], ...) for field in fields(noun) if field.name not in without}
    version = (int, Field(ge=1, description="Counts the changes; the ETag."))
    return create_model(name, __doc__=noun.__doc__, **own, version=version, **more)


class Why(BaseModel):
    """A cause in the caller's language; ``proven`` when solving without that constraint showed it."""

    code: str
    proven: bool
    message: str
    detail: dict[str, int | str]


class Outcome(StrEnum):
    PROMISE = "promise"
    ADVICE = "advice"
    REFUSAL = "refusal"


class Promise(BaseModel):
    """What the service says at once to a new request."""

    outcome: Outcome
    message: str
    reasons: list[Why]
    pickup_from_at: AwareDatetime | None = None
    pickup_to_at: AwareDatetime | None = None
    dropoff_at: AwareDatetime | None = None
    vehicle_kind: VehicleKind | None = None
    tier: int | None = None
    offer_at: AwareDatetime | None = Field(default=None, description="With advice: another time that would do.")


class OrderedTrip(BaseModel):
    """What the driver needs to know of the trip."""

    kind: TripKind
    purpose: str
    passengers: int
    stops: list[TripStop]
    priority: Priority
    requester_name: str
    phone: str


class UnservedAnswer(BaseModel):
    request_id: str
    reasons: list[Why]


class TouchedStop(BaseModel):
    """A stop of a planned day whose drive leads over the closed road."""

    itinerary_id: str
    vehicle_id: str
    driver_id: str | None
    day: str
    stop: int
    request_id: str | None
    name: str
    arrive_at: AwareDatetime


class Replan(BaseModel):
    job_id: str | None = Field(description="The job that plans that day again; null when the queue was full.")
    day: str
    region: str = Field(description="Code of the region planned, empty for all.")


UnitAnswer = stored_model("UnitAnswer", Unit)
SiteAnswer = stored_model("SiteAnswer", Site)
VehicleAnswer = stored_model("VehicleAnswer", Vehicle)
DriverAnswer = stored_model("DriverAnswer", Driver)
PersonAnswer = stored_model("PersonAnswer", Person, without=frozenset({"password_hash"}), has_password=(bool, ...))
RequestAnswer = stored_model("RequestAnswer", TripRequest)
SubmittedAnswer = stored_model("SubmittedAnswer", TripRequest, answer=(Promise, ...))
ItineraryAnswer = stored_model("ItineraryAnswer", Itinerary)
PlainAssignment = stored_model("PlainAssignment", Assignment)
AssignmentAnswer = stored_model("AssignmentAnswer", Assignment, plate=(str, ...), request=(OrderedTrip | None, ...))
RequestDetailAnswer = stored_model(
    "RequestDetailAnswer",
    TripRequest,
    assignment=(PlainAssignment | None, ...),
    unserved_reasons=(list[Why], ...),
)
PlanHead = stored_model("PlanHead", PlanRecord, without=frozenset({"unserved"}))
PlanAnswer = stored_model(
    "PlanAnswer", PlanRecord, without=frozenset({"unserved"}), unserved=(list[UnservedAnswer], ...)
)
AgreementAnswer = stored_model("AgreementAnswer", Agreement)
MeasureAnswer = stored_model("MeasureAnswer", Measure)
BudgetAnswer = stored_model("BudgetAnswer", Budget)
ClosureAnswer = stored_model("ClosureAnswer", RoadClosure)
LiftedClosureAnswer = stored_model("LiftedClosureAnswer", RoadClosure, replans=(list[Replan], ...))
DeclaredClosureAnswer = stored_model(
    "DeclaredClosureAnswer",
    RoadClosure,
    edge_count=(int, ...),
    touched=(list[TouchedStop], ...),
    replans=(list[Replan], ...),
)


def page_of(model: type[BaseModel]) -> type[BaseModel]:
    """Return the model of one page of a list."""
    after = (str | None, Field(description="Give it as ``after`` for the next page; null on the last."))
    own: dict[str, Any] = {"items": (GenericAlias(list, (model,)), ...), "next_after": after}
    return create_model(f"{model.__name__.removesuffix('Answer')}Page", **own)


class WhoAnswer(BaseModel):
    id: str
    login: str
    name: str
    roles: list[Role]
    unit_id: str | None
    unit_name: str | None
    region: str
    region_name_zh: str
    region_name_en: str
    driver_id: str | None


class SessionAnswer(BaseModel):
    token: str = Field(description="For ``Authorization: Bearer``.")
    expires_at: AwareDatetime
    person: WhoAnswer


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobAnswer(BaseModel):
    id: str
    kind: str
    state: JobState
    progress_frac: float
    message: str
    result: dict[str, Any] | None = Field(description="Of a plan: its id and figures.")
    region: str | None = None
    started_by: str | None = None
    created_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    version: int | None = None


class ImportNote(BaseModel):
    sheet: str
    row: int | None
    message: str


class ImportAnswer(BaseModel):
    created_count: int
    errors: list[dict[str, Any]]
    notes: list[ImportNote]


class RegionAnswer(BaseModel):
    adcode: str
    name_zh: str
    name_en: str
    level: str
    province: str
    parent: str | None


class PlaceAnswer(BaseModel):
    adcode: str
    name_zh: str
    name_en: str
    level: str
    parent: str | None
    lon_wgs84: float
    lat_wgs84: float


class Counts(BaseModel):
    day: str
    requests_by_state: dict[str, int]
    requests_count: int
    vehicles_by_state: dict[str, int]
    vehicles_by_energy: dict[str, int]
    vehicles_count: int
    nev_frac: float | None


_PLAN: dict[str, Any] = {"plan": (PlanHead | None, ...)}
OverviewAnswer = create_model("OverviewAnswer", __base__=Counts, **_PLAN)


class SolvedStop(BaseModel):
    """The ``travel_`` fields and ``toll_fen`` describe the drive that leads to the stop."""

    kind: RouteStopKind
    shipment_index: int | None
    shipment_label: str | None
    visit_index: int | None
    charger_index: int | None
    lon_wgs84: float
    lat_wgs84: float
    arrive_at: AwareDatetime
    start_at: AwareDatetime
    end_at: AwareDatetime
    load_count: int
    charge_wh: int | None
    charged_wh: int
    travel_s: int
    travel_m: int
    travel_wh: int
    toll_fen: int


class MatrixPoint(BaseModel):
    """A GeoJSON feature."""

    type: str
    id: str
    geometry: dict[str, Any]
    properties: dict[str, int]


class LegTables(BaseModel):
    """Rows leave, columns arrive; null where no way leads."""

    drive_s: list[list[int | None]]
    drive_m: list[list[int | None]]
    drive_wh: list[list[int | None]]
    fuel_ml: list[list[int | None]]
    toll_fen: list[list[int | None]]
    confidence: list[list[str | None]]


class MatrixAnswer(BaseModel):
    type: str
    features: list[MatrixPoint]
    profile: str
    matrix: LegTables


class SolvedRoute(BaseModel):
    vehicle_index: int
    vehicle_label: str
    cost_fen: int
    stops: list[SolvedStop]


class SkippedShipment(BaseModel):
    index: int
    label: str
    penalty_cost_fen: int
    reasons: list[Why]


class SolveMetrics(BaseModel):
    performed_shipment_count: int
    skipped_shipment_count: int
    used_vehicle_count: int
    travel_s: int
    travel_m: int
    travel_wh: int
    cost_fen: int
    penalty_cost_fen: int
    bound_fen: int | None
    gap_frac: float | None


class BreachAnswer(BaseModel):
    cause: str
    message: str
    vehicle_index: int | None
    shipment_index: int | None
    stop_index: int | None
    detail: str


class SolveAnswer(BaseModel):
    """With ``VALIDATE_ONLY`` the answer is only ``valid`` and ``problem_digest``."""

    problem_digest: str
    valid: bool | None = None
    seed: int | None = None
    iterations: int | None = None
    routes: list[SolvedRoute] = Field(default=[], description="Can be sent to ``plans:check`` as they are.")
    skipped_shipments: list[SkippedShipment] = []
    metrics: SolveMetrics | None = None
    violations: list[BreachAnswer] = []


class CheckAnswer(BaseModel):
    valid: bool
    violations: list[BreachAnswer]


class SettlementLineAnswer(BaseModel):
    """One order over the border: ``payer`` owes ``receiver`` the amount; the order number is the same on both sides."""

    request_id: str
    agreement_id: str
    vehicle_id: str
    day: str
    payer: str
    receiver: str
    amount_fen: int
    tariff: str


class SettlementAnswer(BaseModel):
    """The sheet of a period; ``balance_fen`` is 0."""

    from_: str = Field(alias="from")
    to: str
    lines: list[SettlementLineAnswer]
    payable_fen: dict[str, int]
    receivable_fen: dict[str, int]
    balance_fen: int
    unpriced: list[str]
