"""Nouns to JSON objects and back, strictly: what does not fit is refused by name, never dropped or guessed.

A document's body is plain JSON: text, numbers, true/false, null, arrays, objects. Instants are RFC 3339 texts with an
offset, enumerations their values, sets sorted arrays. Encoding is deterministic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import inspect

from fleet.agreements import Agreement
from fleet.budgets import Budget
from fleet.closures import RoadClosure
from fleet.drivers import Driver
from fleet.errors import InvalidFact
from fleet.itineraries import Assignment, Itinerary
from fleet.measures import Measure
from fleet.outside_links import CalendarLink, Webhook, WebhookCursor
from fleet.people import Person
from fleet.plans import PlanChanges, PlanRecord
from fleet.promises import Notice, Promise
from fleet.providers import Provider, ProviderFeed
from fleet.rental_accounts import RentalBatch
from fleet.rental_budgets import RentalBudget
from fleet.rental_calendar import RentalCalendar
from fleet.rental_points import RentalPoint
from fleet.rentals import Rental
from fleet.requests import TripRequest
from fleet.sites import Site
from fleet.store import Body
from fleet.tariffs import RentalTariff
from fleet.units import Unit
from fleet.vehicle_facts import DayFact
from fleet.vehicles import Vehicle

KINDS: dict[str, type] = {
    "unit": Unit,
    "vehicle": Vehicle,
    "driver": Driver,
    "site": Site,
    "request": TripRequest,
    "itinerary": Itinerary,
    "assignment": Assignment,
    "plan": PlanRecord,
    "person": Person,
    "agreement": Agreement,
    "closure": RoadClosure,
    "promise": Promise,
    "notice": Notice,
    "plan_changes": PlanChanges,
    "day_fact": DayFact,
    "webhook": Webhook,
    "webhook_cursor": WebhookCursor,
    "calendar": CalendarLink,
    "measure": Measure,
    "budget": Budget,
    "provider": Provider,
    "provider_feed": ProviderFeed,
    "rental_tariff": RentalTariff,
    "rental": Rental,
    "rental_calendar": RentalCalendar,
    "rental_batch": RentalBatch,
    "rental_point": RentalPoint,
    "rental_budget": RentalBudget,
}
"""Every kind of document with the noun it holds."""

INDEXES: dict[str, tuple[str, ...]] = {
    "unit": ("region", "parent_id", "compound"),
    "vehicle": ("region", "unit_id", "home_site_id", "plate", "state"),
    "driver": ("region", "person_id", "unit_id"),
    "site": ("region", "unit_id"),
    "request": ("state", "region", "unit_id", "requester_id"),
    "itinerary": ("day", "vehicle_id", "driver_id", "plan_id", "region"),
    "assignment": ("request_id", "driver_id", "state", "vehicle_id", "plan_id", "itinerary_id", "region"),
    "plan": ("day", "region"),
    "person": ("login", "region", "driver_id", "unit_id"),
    "agreement": ("kind", "state"),
    "closure": ("region",),
    "promise": ("day", "region", "requester_id", "state"),
    "notice": ("request_id", "region", "requester_id", "unit_id"),
    "plan_changes": ("day",),
    "day_fact": ("about", "day", "region"),
    "webhook": ("region",),
    "calendar": ("about", "token_sha256"),
    "measure": ("region", "kind"),
    "budget": ("region", "unit_id"),
    "provider": ("region",),
    "provider_feed": (),
    "rental_tariff": ("provider_id", "region"),
    "rental": ("state", "region", "unit_id", "renter_id", "vehicle_id", "provider_id", "request_id"),
    "rental_calendar": (),
    "rental_batch": ("provider_id", "month", "region"),
    "rental_point": ("region", "township"),
    "rental_budget": ("unit_id", "region"),
}
"""The top-level fields of each kind by which ``FleetStore.list`` can select. A null is found under the empty text."""

_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_OFFSET = re.compile(r"T.*(Z|[+-]\d\d:\d\d)$", re.IGNORECASE)
_INSTANT = "an instant with a UTC offset, such as 2026-03-02T08:00:00+08:00"
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")


def kind_of(noun: object) -> str:
    """Return the kind under which a noun is kept."""
    for kind, cls in KINDS.items():
        if type(noun) is cls:
            return kind
    raise TypeError(f"{type(noun).__name__} is not a noun that the store keeps")


def encode(noun: Any) -> dict[str, Any]:
    """Return a noun's JSON object.

    Raises
    ------
    InvalidFact
        If an instant has no time zone or a number is not finite.
    """
    kind = kind_of(noun)
    _refuse_unclear(kind, str(getattr(noun, "id", "")), noun)
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(noun, order="deterministic")))


def decode(kind: str, body: Body) -> Any:
    """Return the noun of a JSON object.

    Raises
    ------
    InvalidFact
        If the kind or a field is unknown, a field is missing or has a wrong type, or the noun itself refuses its values.
    """
    cls = KINDS.get(kind)
    if cls is None:
        raise InvalidFact(kind="document", id="", field="kind", value=kind, remedy=f"one of {', '.join(KINDS)}")
    if not isinstance(body, Mapping):
        raise InvalidFact(kind=kind, id="", field="body", value=body, remedy="a JSON object")
    id = str(body.get("id", ""))
    for path, value, remedy in _faults(cls, body, ""):
        raise InvalidFact(kind=kind, id=id, field=path, value=value, remedy=remedy)
    try:
        noun: object = msgspec.convert(body, cls)
    except msgspec.ValidationError as error:
        field, remedy = _explain(str(error))
        raise InvalidFact(kind=kind, id=id, field=field, value=_value_at(body, field), remedy=remedy) from error
    _refuse_unclear(kind, id, noun)
    return noun


def index_places(kind: str, body: Body) -> list[tuple[str, str]]:
    """Return each (field, value) under which a document is listed; the pair of empty texts stands for its whole kind."""
    return [("", ""), *((field, _index_value(body, field)) for field in INDEXES.get(kind, ()))]


def checked_where(kind: str, where: tuple[str, str] | None, limit: int) -> tuple[str, str]:
    """Return the index to read; raises :class:`InvalidFact` for a field without index or a limit below 1."""
    if limit < 1:
        raise InvalidFact(kind=kind, id="", field="limit", value=limit, remedy="at least 1")
    if where is None:
        return "", ""
    field, value = where
    if field not in INDEXES.get(kind, ()):
        allowed = ", ".join(INDEXES.get(kind, ())) or "nothing"
        raise InvalidFact(kind=kind, id="", field=field, value=value, remedy=f"not indexed; list by {allowed}")
    return field, value


def _index_value(body: Body, field: str) -> str:
    """Return the text by which an indexed field is found: null and an absent field are the empty text."""
    value = body.get(field)
    return "" if value is None else str(value)


def _explain(message: str) -> tuple[str, str]:
    """Split msgspec's message into the path of the field and what would have been accepted."""
    at = _AT.search(message)
    path = at["path"] if at else ""
    remedy = message[: at.start()] if at else message
    missing = _MISSING.match(remedy)
    if missing:
        return (f"{path}.{missing['field']}" if path else missing["field"]), "required"
    return path or "body", remedy[0].lower() + remedy[1:]


def _value_at(body: object, path: str) -> object:
    """Look up what stands at a path such as ``stops[0].earliest_at``; None where there is nothing."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, (list, tuple)) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


@dataclass(frozen=True, kw_only=True)
class _Field:
    """What must be known of a field beyond msgspec: the noun inside it, or inside each item of its array."""

    noun: type | None
    item: type | None
    instant: bool


@cache
def _fields_of(cls: Hashable) -> dict[str, _Field]:
    info = inspect.type_info(cls)
    if not isinstance(info, inspect.DataclassType):
        raise TypeError(f"{cls} is not a dataclass")
    return {
        field.encode_name: _Field(
            noun=_noun_in(field.type),
            item=_noun_of_items(field.type),
            instant=any(isinstance(option, inspect.DateTimeType) for option in _options(field.type)),
        )
        for field in info.fields
    }


def _options(type_: inspect.Type) -> tuple[inspect.Type, ...]:
    return type_.types if isinstance(type_, inspect.UnionType) else (type_,)


def _noun_in(type_: inspect.Type) -> type | None:
    return next((option.cls for option in _options(type_) if isinstance(option, inspect.DataclassType)), None)


def _noun_of_items(type_: inspect.Type) -> type | None:
    for option in _options(type_):
        if isinstance(option, (inspect.VarTupleType, inspect.ListType, inspect.FrozenSetType)):
            return _noun_in(option.item_type)
    return None


def _faults(cls: type, body: Mapping[str, Any], at: str) -> Iterator[tuple[str, object, str]]:
    """Find fields that do not exist and instants without offset, before a noun's own checks stumble over them."""
    fields = _fields_of(cls)
    for name, value in body.items():
        field = fields.get(name)
        if field is None:
            yield f"{at}{name}", value, f"no such field; there are {', '.join(fields)}"
        elif field.instant and isinstance(value, str) and not _OFFSET.search(value):
            yield f"{at}{name}", value, _INSTANT
        elif field.noun is not None and isinstance(value, Mapping):
            yield from _faults(field.noun, value, f"{at}{name}.")
        elif field.item is not None and isinstance(value, (list, tuple)):
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from _faults(field.item, item, f"{at}{name}[{number}].")


def _refuse_unclear(kind: str, id: str, noun: object) -> None:
    if _is_clear(noun):
        return
    for path, value in _unclear(noun, ""):
        if isinstance(value, datetime):
            raise InvalidFact(kind=kind, id=id, field=path, value=value.isoformat(), remedy=_INSTANT)
        raise InvalidFact(kind=kind, id=id, field=path, value=value, remedy="a finite number")


_PLAIN = frozenset({str, int, bool, type(None)})


def _is_clear(value: Any) -> bool:
    """Whether :func:`_unclear` would find nothing; without paths, as it is asked of every noun that is read or written."""
    cls: type = type(value)
    if cls in _PLAIN:
        return True
    if cls is datetime:
        return getattr(value, "tzinfo", None) is not None
    if cls is float:
        return math.isfinite(value)
    if cls is tuple:
        return all(map(_is_clear, value))
    names = _names_of(cls)
    if names is None:
        return next(_unclear(value, ""), None) is None
    return all(_is_clear(getattr(value, name)) for name in names)


@cache
def _names_of(cls: type) -> tuple[str, ...] | None:
    return tuple(_fields_of(cls)) if cls in _nouns() else None


def _unclear(value: Any, at: str) -> Iterator[tuple[str, object]]:
    """Find instants without a zone and numbers that JSON cannot say."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            yield at, value
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield at, value
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _unclear(item, f"{at}[{number}]")
    elif isinstance(value, _nouns()):
        cls: type = type(value)
        for name in _fields_of(cls):
            yield from _unclear(getattr(value, name), f"{at}.{name}" if at else name)


@cache
def _nouns() -> tuple[type, ...]:
    """Return every dataclass that stands in a kind or inside one."""
    found: set[type] = set()
    pending = list(KINDS.values())
    while pending:
        cls = pending.pop()
        if cls not in found:
            found.add(cls)
            fields = _fields_of(cls).values()
            pending.extend(inner for field in fields for inner in (field.noun, field.item) if inner is not None)
    return tuple(found)
