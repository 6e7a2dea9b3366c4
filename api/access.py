"""Who may read and write what. Every route goes through an ``access_*`` function or a :class:`Viewer`.

The rules, in one place (rules R155, R156, R198; ``docs`` explain them to administrators):

- A person's region bounds everything: what lies below it in the region table belongs to it; the empty region (admin and
  auditor only) is everything. A trip that another region's vehicle serves is visible to both.
- A requester sees the own requests; an approver those of the own unit and the units below it, or of the region when the
  account has no unit; a driver the own orders, itineraries and the requests on them.
- Dispatchers, planners, auditors and admins see their region; auditors and planners do not write facts.
- What a person may not see does not exist for them (404); what they see but may not do is forbidden (403).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from api.geography import covers
from api.problems import Forbidden, OutsideRegion
from fleet.errors import NotFound
from fleet.itineraries import GONE
from fleet.people import Person, Role
from fleet.store import Body, Document, Event, FleetStore

STAFF = frozenset({Role.DISPATCHER, Role.PLANNER, Role.AUDITOR, Role.ADMIN})
REGISTRARS = frozenset({Role.DISPATCHER, Role.ADMIN})
PLANNERS = frozenset({Role.PLANNER, Role.ADMIN})
PLAN_STARTERS = frozenset({Role.DISPATCHER, Role.PLANNER, Role.ADMIN})
REQUESTERS = frozenset({Role.REQUESTER, Role.APPROVER, Role.DISPATCHER, Role.ADMIN})
APPROVERS = frozenset({Role.APPROVER})
DRIVERS = frozenset({Role.DRIVER})

READERS: Mapping[str, frozenset[Role]] = {
    "unit": frozenset(Role),
    "site": frozenset(Role),
    "vehicle": STAFF | {Role.APPROVER},
    "driver": STAFF | DRIVERS,
    "request": frozenset(Role),
    "assignment": frozenset(Role),
    "itinerary": STAFF | DRIVERS,
    "plan": STAFF,
    "job": STAFF,
    "agreement": STAFF,
    "closure": STAFF | DRIVERS,
    "measure": STAFF | DRIVERS,
    "budget": STAFF | {Role.APPROVER},
    "promise": frozenset(Role),
    "notice": frozenset(Role),
    "plan_changes": STAFF,
    "day_fact": STAFF | DRIVERS,
    "rental": frozenset(Role),
    "rental_point": frozenset(Role),
    "rental_tariff": frozenset(Role),
    "provider": STAFF,
    "provider_feed": STAFF,
    "rental_batch": STAFF,
    "rental_budget": STAFF | {Role.APPROVER},
}
"""The roles that may ask for a kind at all; what each of them then sees is narrower."""

_DEEPEST_UNIT = 8


class Viewer:
    """A signed-in person with what they may see; remembers units that it had to look up."""

    def __init__(self, person: Person, store: FleetStore) -> None:
        self.person = person
        self._store = store
        self._under: dict[str, bool] = {}

    def has(self, roles: Iterable[Role]) -> bool:
        return not self.person.roles.isdisjoint(roles)

    def require(self, roles: frozenset[Role]) -> None:
        """Raise :class:`Forbidden` unless the person has one of the roles."""
        if not self.has(roles):
            raise Forbidden(needs=sorted(roles))

    def covers(self, region: str) -> bool:
        return covers(self.person.region, region)

    def require_region(self, region: str) -> None:
        """Raise :class:`OutsideRegion` unless the person may write for that region."""
        if not self.covers(region):
            raise OutsideRegion(region=region or "(all)")

    def sees(self, kind: str, body: Body) -> bool:
        """Whether the person may read this document, judged by its own fields."""
        person = self.person
        region = str(body.get("region") or "")
        in_region = self.covers(region)
        if kind == "unit":
            return in_region or body.get("id") == person.unit_id
        if kind == "site":
            return in_region
        if kind == "vehicle":
            return in_region and self.has(READERS["vehicle"])
        if kind == "driver":
            return (in_region and self.has(STAFF)) or self._is_me_driving(body.get("id"))
        if kind in ("request", "promise", "notice"):
            return (
                body.get("requester_id") == person.id
                or (in_region and self.has(STAFF))
                or (self.has(APPROVERS) and self._approves_for(str(body.get("unit_id") or ""), region))
                or any(self._is_me_driving(told) for told in body.get("told_driver_ids") or ())
            )
        if kind in ("assignment", "itinerary"):
            return (in_region and self.has(STAFF)) or self._is_me_driving(body.get("driver_id"))
        if kind in ("plan", "plan_changes"):
            # A plan of the whole area is open to every region's staff; its parts are filtered one by one.
            return self.has(STAFF) and (in_region or region == "" or covers(region, person.region))
        if kind == "measure":
            # A closed region concerns every region whose trips lead there.
            return self.has(READERS["measure"])
        if kind == "budget":
            return self.has(READERS["budget"]) and (
                in_region or self._approves_for(str(body.get("unit_id") or ""), region)
            )
        if kind == "day_fact":
            return (in_region and self.has(STAFF)) or body.get("told_by") == person.id
        if kind == "closure":
            # Roads are everybody's: a closed pass concerns every region whose cars might take it.
            return self.has(READERS["closure"])
        if kind == "agreement":
            return self.has(STAFF) and any(self.covers(str(side)) for side in body.get("regions") or ())
        if kind == "rental":
            return (
                body.get("renter_id") == person.id
                or (in_region and self.has(STAFF))
                or (self.has(APPROVERS) and self._approves_for(str(body.get("unit_id") or ""), region))
            )
        if kind in ("rental_point", "rental_tariff"):
            return True
        if kind in ("provider", "rental_batch"):
            return in_region and self.has(STAFF)
        if kind == "provider_feed":
            return self.has(STAFF)
        if kind == "rental_budget":
            return self.has(READERS[kind]) and (in_region or body.get("unit_id") == person.unit_id)
        if kind == "job":
            return body.get("started_by") == person.id or (in_region and self.has(STAFF))
        return False

    def visible(self, event: Event) -> list[Document]:
        """Return the documents of an event that the person may know of; a deleted one by the event's region."""
        return [
            document
            for document in event.documents
            if (
                self.sees(document.kind, document.body)
                if document.version
                else document.kind in READERS and self.covers(event.region) and self.has(STAFF)
            )
        ]

    def may_decide(self, body: Body) -> bool:
        """Whether the person approves or rejects requests of that unit."""
        return self.has(APPROVERS) and self._approves_for(str(body.get("unit_id") or ""), str(body.get("region") or ""))

    def _is_me_driving(self, driver_id: object) -> bool:
        return driver_id is not None and self.has(DRIVERS) and driver_id == self.person.driver_id

    def _approves_for(self, unit_id: str, region: str) -> bool:
        if self.person.unit_id is None:
            return self.covers(region)
        return self.is_under(unit_id)

    def is_under(self, unit_id: str) -> bool:
        """Whether a unit is the person's own or stands below it."""
        if not unit_id:
            return False
        if unit_id not in self._under:
            here: str | None = unit_id
            for _ in range(_DEEPEST_UNIT):
                if here is None or here == self.person.unit_id:
                    break
                document = self._store.find("unit", here)
                here = None if document is None else _text(document.body.get("parent_id"))
            self._under[unit_id] = here == self.person.unit_id
        return self._under[unit_id]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def access_document(viewer: Viewer, store: FleetStore, kind: str, id: str) -> Document:
    """Return a document that the viewer may read.

    Raises
    ------
    Forbidden
        If none of the viewer's roles reads this kind.
    NotFound
        If there is none, or it is not theirs to see.
    """
    viewer.require(READERS[kind])
    document = store.find(kind, id)
    if document is None or not (viewer.sees(kind, document.body) or _sees_across(viewer, store, document)):
        raise NotFound(kind=kind, id=id)
    return document


def access_to_register(viewer: Viewer, store: FleetStore, kind: str, id: str) -> Document:
    """Return a unit, site, vehicle or driver that the viewer may change."""
    document = access_document(viewer, store, kind, id)
    viewer.require(REGISTRARS)
    viewer.require_region(str(document.body.get("region") or ""))
    return document


def access_to_decide(viewer: Viewer, store: FleetStore, id: str) -> Document:
    """Return a request that the viewer may approve or reject: an approver of its unit who does not dispatch (R156)."""
    document = access_document(viewer, store, "request", id)
    viewer.require(APPROVERS)
    if viewer.has({Role.DISPATCHER}) or not viewer.may_decide(document.body):
        raise Forbidden(needs=sorted(APPROVERS))
    return document


def access_to_cancel(viewer: Viewer, store: FleetStore, id: str) -> Document:
    """Return a request that the viewer may cancel: the own one, or one of the region for a dispatcher."""
    document = access_document(viewer, store, "request", id)
    if document.body.get("requester_id") != viewer.person.id:
        viewer.require(REGISTRARS)
        viewer.require_region(str(document.body.get("region") or ""))
    return document


def access_to_drive(viewer: Viewer, store: FleetStore, id: str) -> Document:
    """Return an assignment that the viewer is the driver of."""
    document = access_document(viewer, store, "assignment", id)
    viewer.require(DRIVERS)
    if document.body.get("driver_id") != viewer.person.driver_id:
        raise Forbidden(needs=sorted(DRIVERS))
    return document


def find_assignment_of(store: FleetStore, request_id: str) -> Document | None:
    """Return the request's assignment that still binds somebody or was driven, the newest where there are several."""
    live = [
        document
        for document in store.list("assignment", where=("request_id", request_id), limit=200).documents
        if document.body.get("state") not in GONE
    ]
    return max(live, key=lambda document: (str(document.body.get("offered_at")), document.id), default=None)


def _sees_across(viewer: Viewer, store: FleetStore, document: Document) -> bool:
    """Whether an assignment ties a request to the viewer: as its driver, or as staff of the vehicle's region."""
    if document.kind == "request":
        found = find_assignment_of(store, document.id)
        return found is not None and viewer.sees("assignment", found.body)
    if document.kind == "assignment":
        request = store.find("request", str(document.body.get("request_id")))
        return request is not None and viewer.sees("request", request.body)
    return False
