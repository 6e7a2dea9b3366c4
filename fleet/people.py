"""People who sign in, and what they may do. Hashing a password is the outside's work; here its hash is only kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.errors import InvalidFact
from fleet.ids import DriverId, PersonId, RegionCode, UnitId


class Role(StrEnum):
    """What a person may do. One person may hold several; rule R156 keeps approving one's own request out all the same."""

    REQUESTER = "requester"
    APPROVER = "approver"
    DISPATCHER = "dispatcher"
    DRIVER = "driver"
    PLANNER = "planner"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account. ``region`` bounds what the person sees (empty: everything, only for an admin or an auditor).

    ``password_hash`` is an argon2 text; empty means that nobody can sign in with a password.
    """

    id: PersonId
    login: str
    name: str
    roles: frozenset[Role]
    unit_id: UnitId | None
    region: RegionCode
    driver_id: DriverId | None = None
    password_hash: str = ""
    phone: str = ""
    active: bool = True

    def __post_init__(self) -> None:
        if not self.login.strip() or self.login != self.login.strip():
            raise InvalidFact(
                kind="person", id=self.id, field="login", value=self.login, remedy="not empty, without spaces around it"
            )
        if not self.roles:
            raise InvalidFact(kind="person", id=self.id, field="roles", value=[], remedy="at least one role")
        if Role.DRIVER in self.roles and self.driver_id is None:
            raise InvalidFact(
                kind="person", id=self.id, field="driver_id", value=None, remedy="the role driver needs the driver's id"
            )
        if not self.region and not self.roles & {Role.ADMIN, Role.AUDITOR}:
            raise InvalidFact(
                kind="person", id=self.id, field="region", value="", remedy="only admin and auditor go without a region"
            )
