"""What the live side answers with: options, promises, notices, and plans beside each other."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel

from api.schemas.answers import PlainAssignment, stored_model
from fleet.outside_links import CalendarLink, Webhook
from fleet.promises import Notice, Promise
from fleet.requests import TripRequest
from fleet.vehicle_facts import DayFact
from fleet.vehicles import VehicleKind

PlainNotice = stored_model("PlainNotice", Notice)
NoticeAnswer = stored_model("NoticeAnswer", Notice, message=(str, ...))
PromiseAnswer = stored_model("PromiseAnswer", Promise, notices=(list[NoticeAnswer], ...))  # type: ignore[valid-type]
ChosenAnswer = stored_model(
    "ChosenAnswer",
    TripRequest,
    assignment=(PlainAssignment | None, ...),
    notices=(list[PlainNotice], ...),  # type: ignore[valid-type]
)


ReportAnswer = stored_model("ReportAnswer", DayFact)


RequestWithNotices = stored_model(
    "RequestWithNotices",
    TripRequest,
    assignment=(PlainAssignment | None, ...),
    notices=(list[PlainNotice], ...),  # type: ignore[valid-type]
    approve_by_at=(AwareDatetime, ...),
)
EmergencyAnswer = stored_model("EmergencyAnswer", TripRequest, overdue=(bool, ...))


class CentreReserve(BaseModel):
    """The ready reserve of one centre (R161)."""

    region: str
    vehicles_count: int
    needed_count: int
    ready_count: int
    ready_vehicle_ids: list[str]
    breached: bool
    rule_id: str


class ReserveAnswer(BaseModel):
    items: list[CentreReserve]


class RefusedPosition(BaseModel):
    index: int
    field: str
    message: str


class TakenAnswer(BaseModel):
    """``accepted_count`` are on disk, ``new_count`` of them were not known before."""

    accepted_count: int
    new_count: int
    refused: list[RefusedPosition]


class PositionAnswer(BaseModel):
    vehicle_id: str
    at: AwareDatetime
    lon_wgs84: float
    lat_wgs84: float
    speed_mps: float | None
    charge_frac: float | None


class AgedPosition(PositionAnswer):
    """``stale``: older than the rule allows a map to show as present (R167)."""

    age_s: float
    stale: bool


class VehiclePosition(BaseModel):
    id: str
    plate: str
    position: AgedPosition | None


class TrackAnswer(BaseModel):
    vehicle_id: str
    items: list[PositionAnswer]


class CursorAnswer(BaseModel):
    """How far a webhook has come; ``given_up`` are the newest events that were tried in vain."""

    id: str
    sequence: int
    failures_count: int
    next_at: AwareDatetime | None
    last_status: int | None
    last_error: str
    given_up: list[int]


WebhookAnswer = stored_model("WebhookAnswer", Webhook, without=frozenset({"secret"}), cursor=(CursorAnswer | None, ...))
NewWebhookAnswer = stored_model("NewWebhookAnswer", Webhook, cursor=(CursorAnswer, ...))
_LINK: frozenset[str] = frozenset({"token_sha256"})
CalendarAnswer = stored_model("CalendarAnswer", CalendarLink, without=_LINK)
NewCalendarAnswer = stored_model("NewCalendarAnswer", CalendarLink, without=_LINK, path=(str, ...))


class AreaAnswer(BaseModel):
    """``leader`` is the token of the worker that leads; ``waiting_for`` what this one waits for, in words."""

    area: str
    leads: bool
    leader: str
    waiting_for: str | None
    last_round_at: AwareDatetime | None
    rounds_count: int
    changed_count: int
    notices_count: int
    due_days: list[str]
    trouble: str


class DispatchAnswer(BaseModel):
    items: list[AreaAnswer]


class DisturbedTrip(BaseModel):
    """Whose trip would lose the vehicle."""

    request_id: str
    purpose: str
    requester_name: str
    unit_id: str
    pickup_earliest_at: AwareDatetime


class OptionAnswer(BaseModel):
    """``cost_fen`` is what the choice costs more than the day as it stands; ``present``: the vehicle that has it now."""

    rank: int
    vehicle_id: str
    driver_id: str | None
    plate: str
    vehicle_kind: VehicleKind
    tier: int
    pickup_at: AwareDatetime
    dropoff_at: AwareDatetime
    extra_m: int
    cost_fen: int
    disturbs: list[DisturbedTrip]
    present: bool


class OptionsAnswer(BaseModel):
    request_id: str
    items: list[OptionAnswer]


class ChangedTrip(BaseModel):
    """``moved_s`` is by how much the pick-up is later (negative: earlier)."""

    request_id: str
    change: str
    before_vehicle_id: str | None
    after_vehicle_id: str | None
    before_driver_id: str | None
    after_driver_id: str | None
    before_pickup_at: AwareDatetime | None
    after_pickup_at: AwareDatetime | None
    moved_s: int | None
    requester_id: str
    driver_ids: list[str]
    notice_ids: list[str]


class Told(BaseModel):
    requester_ids: list[str]
    driver_ids: list[str]


class DiffAnswer(BaseModel):
    a: str
    b: str
    day: str
    items: list[ChangedTrip]
    told: Told
