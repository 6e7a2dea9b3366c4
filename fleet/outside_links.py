"""What the service tells beyond its own pages: webhooks that it calls, and calendar addresses that others read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fleet.errors import IllegalTransition
from fleet.ids import PersonId, RegionCode


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that hears of events of a region, signed with ``secret`` (``whsec_`` and base64).

    ``types`` are beginnings of event types (``request.``); none means all.
    """

    id: str
    region: RegionCode
    url: str
    secret: str
    types: tuple[str, ...]
    created_by: PersonId
    created_at: datetime
    active: bool = True
    description: str = ""

    def wants(self, type: str) -> bool:
        return not self.types or any(type.startswith(own) for own in self.types)


@dataclass(frozen=True, kw_only=True)
class WebhookCursor:
    """How far a webhook has come; ``id`` is the webhook's.

    ``sequence`` is the last event that was delivered, passed over or given up. ``failures_count`` counts the attempts at the
    next one, which is tried again at ``next_at``. ``given_up`` are the newest events that were given up.
    """

    id: str
    sequence: int
    failures_count: int = 0
    next_at: datetime | None = None
    last_status: int | None = None
    last_error: str = ""
    given_up: tuple[int, ...] = ()


class CalendarScope(StrEnum):
    DRIVER = "driver"
    UNIT = "unit"


@dataclass(frozen=True, kw_only=True)
class CalendarLink:
    """A calendar address of a driver or a unit. Only the hash of its secret part is kept; ``about`` is the id."""

    id: str
    scope: CalendarScope
    about: str
    region: RegionCode
    token_sha256: str
    created_by: PersonId
    created_at: datetime
    revoked_at: datetime | None = None


def revoke(link: CalendarLink, *, at: datetime) -> CalendarLink:
    """The address is dead from now on."""
    if link.revoked_at is not None:
        raise IllegalTransition(kind="calendar", id=link.id, state="ended", action="revoke")
    return replace(link, revoked_at=at)


def switch_off(webhook: Webhook) -> Webhook:
    return replace(webhook, active=False)
