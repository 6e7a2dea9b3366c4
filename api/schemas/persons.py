"""Accounts as an admin registers them."""

from __future__ import annotations

from pydantic import Field, SecretStr

from api.schemas.base import Id, Input, Name, examples
from fleet.ids import DriverId, PersonId, RegionCode, UnitId
from fleet.people import Person, Role

Password = Field(min_length=10, max_length=1_000, description="At least 10 characters.")


class PersonInput(Input):
    model_config = examples(
        {
            "id": "P-510904-01",
            "login": "li.ming",
            "name": "李明",
            "roles": ["requester"],
            "unit_id": "U-510904-03",
            "region": "510904",
            "password": "由管理员告知本人的初始密码",
        }
    )

    id: Id
    login: str = Field(min_length=1, max_length=100, pattern=r"^\S+$")
    name: Name
    roles: frozenset[Role] = Field(min_length=1)
    unit_id: Id | None = None
    region: str = Field(pattern=r"^[A-Z0-9-]{0,20}$", description="Empty: everything, for admins and auditors only.")
    driver_id: Id | None = None
    phone: str = Field(default="", max_length=40)
    active: bool = True
    password: SecretStr = Password

    def to_noun(self, password_hash: str) -> Person:
        return Person(
            id=PersonId(self.id),
            login=self.login,
            name=self.name,
            roles=self.roles,
            unit_id=None if self.unit_id is None else UnitId(self.unit_id),
            region=RegionCode(self.region),
            driver_id=None if self.driver_id is None else DriverId(self.driver_id),
            password_hash=password_hash,
            phone=self.phone,
            active=self.active,
        )


class PersonPatch(Input):
    """Only what is given changes."""

    model_config = examples({"active": False})

    name: Name | None = None
    roles: frozenset[Role] | None = Field(default=None, min_length=1)
    unit_id: Id | None = None
    region: str | None = Field(default=None, pattern=r"^[A-Z0-9-]{0,20}$")
    driver_id: Id | None = None
    phone: str | None = Field(default=None, max_length=40)
    active: bool | None = None
    password: SecretStr | None = Field(default=None, min_length=10, max_length=1_000)


class PasswordChange(Input):
    model_config = examples({"old_password": "旧密码", "new_password": "不少于十个字符的新密码"})

    old_password: SecretStr = Field(min_length=1, max_length=1_000)
    new_password: SecretStr = Password
