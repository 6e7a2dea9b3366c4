"""What a file must meet before it enters the store: regions, persons, units and approvals, found row by row.

A file may not do what its importer could not do over the other routes. An approval in it counts only if the approver exists
and could have given it (R156): the one column that would otherwise sign a request in another person's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.access import APPROVERS, Viewer
from api.intake.records import Findings, Record
from api.wording import Text
from fleet import documents
from fleet.people import Person, Role
from fleet.store import FleetStore

LONGEST_BEFORE = timedelta(days=366)
"""A request is submitted at most so long before its trip, as over ``POST /v1/requests``."""

_REGIONAL = ("units", "sites", "vehicles", "drivers", "requests")
_LEAVE_BLANK = Text("留空，导入后由审批人审批", "leave it blank: the request is then submitted for approval")
_DEEPEST_UNIT = 8


class StoreChecks:
    """Judges the rows of one file by what the store holds and by what the importing person may do."""

    def __init__(self, store: FleetStore, viewer: Viewer, *, now: datetime) -> None:
        self._store = store
        self._viewer = viewer
        self._now = now
        self._persons: dict[str, Person | None] = {}
        self._viewers: dict[str, Viewer] = {}
        self._units: dict[str, Mapping[str, Any] | None] = {}
        self._rows: Mapping[str, Mapping[str, Any]] = {}

    def __call__(self, records: Mapping[str, Sequence[Record]], findings: Findings) -> None:
        self._rows = {record.values["id"]: record.values for record in records.get("units", ())}
        for kind in _REGIONAL:
            for record in records.get(kind, ()):
                self._check_region(kind, record, findings)
        for record in records.get("drivers", ()):
            self._check_account(record, findings)
        for record in records.get("requests", ()):
            self._check_requester(record, findings)
            self._check_approver(record, findings)
            self._check_submission(record, findings)

    def _check_region(self, kind: str, record: Record, findings: Findings) -> None:
        """The row's region and that of its unit must be the importer's; a request's are the same."""
        region = record.values["region"]
        if not self._viewer.covers(region):
            findings.at(
                record,
                "region",
                Text("不在您的管辖区域", "outside your region"),
                Text("去掉该行，或请有权限的人导入", "leave the row out, or let someone who may import it"),
            )
        name = "parent_id" if kind == "units" else "unit_id"
        unit = self._find_unit(record.values[name])
        if unit is None or kind == "units":
            return
        if kind == "requests" and unit["region"] != region:
            findings.at(
                record,
                "region",
                Text("与用车单位的行政区划代码不同", "not the region of the unit"),
                Text(f"该单位的代码为 {unit['region']}", f"the unit's region is {unit['region']}")
                if self._viewer.covers(str(unit["region"]))
                else Text("改正单位编号或行政区划代码", "correct the unit id or the region code"),
            )
        elif not self._viewer.covers(str(unit["region"])):
            findings.at(
                record,
                name,
                Text("该单位不在您的管辖区域", "the unit is outside your region"),
                Text("填写您管辖区域内的单位", "give a unit of your region"),
            )

    def _check_account(self, record: Record, findings: Findings) -> None:
        person_id = record.values["person_id"]
        if person_id is None:
            return
        person = self._find_person(person_id)
        if person is None or not self._viewer.covers(person.region):
            findings.at(
                record,
                "person_id",
                Text("没有这个账号", "no account has this id"),
                Text("填写已有账号的编号，或留空", "give the id of an account, or leave it blank"),
            )

    def _check_requester(self, record: Record, findings: Findings) -> None:
        requester_id, unit_id = record.values["requester_id"], record.values["unit_id"]
        if requester_id == self._viewer.person.id:
            return
        person = self._find_person(requester_id)
        if person is None or not person.active or not self._viewer.covers(person.region):
            findings.at(
                record,
                "requester_id",
                Text("没有这个账号，或已停用", "no active account has this id"),
                Text(
                    "填写该单位人员的账号编号，或您自己的编号", "give the account of someone of the unit, or your own"
                ),
            )
        elif person.unit_id != unit_id:
            findings.at(
                record,
                "requester_id",
                Text("申请人不属于该单位", "the requester does not belong to the unit"),
                Text(
                    "填写该单位人员的账号编号，或您自己的编号", "give the account of someone of the unit, or your own"
                ),
            )

    def _check_approver(self, record: Record, findings: Findings) -> None:
        values = record.values
        approver_id = values["approver_id"]
        if approver_id is None or approver_id == values["requester_id"]:
            # A requester who approves is reported by the reader, with or without a store.
            return
        problem: Text | None = None
        person = self._find_person(approver_id)
        if approver_id == self._viewer.person.id:
            problem = Text("导入人不能以审批人身份导入", "whoever imports does not approve what they import")
        elif person is None or not person.active:
            problem = Text("没有这个账号，或已停用", "no active account has this id")
        elif person.roles.isdisjoint(APPROVERS):
            problem = Text("该人不是审批人", "this person is no approver")
        elif Role.DISPATCHER in person.roles:
            problem = Text("调度员不能审批", "a dispatcher does not approve")
        elif not self._may_decide(person, values["unit_id"], values["region"]):
            problem = Text("该审批人无权审批该单位的申请", "the approver does not decide for this unit")
        if problem is not None:
            findings.at(record, "approver_id", problem, _LEAVE_BLANK)

    def _check_submission(self, record: Record, findings: Findings) -> None:
        submitted_at, pickup_at = record.values["submitted_at"], record.values["pickup_earliest_at"]
        if submitted_at is None:
            return
        if submitted_at > self._now:
            now = f"{self._now:%Y-%m-%d %H:%M}"
            findings.at(
                record,
                "submitted_at",
                Text("提交时间在导入时刻之后", "submitted after the time of import"),
                Text(f"不晚于 {now}，或留空", f"not after {now}, or blank"),
            )
        elif submitted_at < pickup_at - LONGEST_BEFORE:
            findings.at(
                record,
                "submitted_at",
                Text("提交时间早于用车一年以上", "submitted more than a year before the trip"),
                Text("检查年份，或留空", "check the year, or leave it blank"),
            )

    def _may_decide(self, person: Person, unit_id: str, region: str) -> bool:
        """The rule of ``:approve``; units that the file itself brings stand below their parents in it."""
        viewer = self._viewers.setdefault(person.id, Viewer(person, self._store))
        here: str | None = unit_id
        for _ in range(_DEEPEST_UNIT):
            if here is None or here not in self._rows or here == person.unit_id:
                break
            here = self._rows[here]["parent_id"]
        return viewer.may_decide({"unit_id": here, "region": region})

    def _find_unit(self, id: str | None) -> Mapping[str, Any] | None:
        if id is None or id in self._rows:
            return None if id is None else self._rows[id]
        if id not in self._units:
            document = self._store.find("unit", id)
            self._units[id] = None if document is None else document.body
        return self._units[id]

    def _find_person(self, id: str) -> Person | None:
        if id not in self._persons:
            document = self._store.find("person", id)
            self._persons[id] = None if document is None else documents.decode("person", document.body)
        return self._persons[id]
