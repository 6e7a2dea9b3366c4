"""Short rounds that keep the planned days in step with the facts: one leader per dispatch area, any number of workers.

The leader of an area holds a lease in the store; every commit of a round proves it. A worker that was stopped or cut off
finds its lease gone at its next commit and leaves the area to its successor. A round is due when a fact came in that a plan
depends on, when a day runs late, or when some minutes went by in which the plan may be improved.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from api.overdue import reopen_unanswered
from api.services import ROADS, Services, local_day
from api.wording import Text
from dispatch.agreed import ruling_on
from dispatch.errors import DispatchError
from dispatch.expect import expect
from dispatch.policy import DispatchPolicy
from dispatch.service import ACTOR, RunReport, run_once
from dispatch.solve import StopRule, solve
from dispatch.view import read
from dispatch.writes import Why
from fleet.errors import FleetError, LeaseLost, StoreUnavailable
from fleet.promises import NoticeReason
from fleet.regions import covers
from fleet.store import Event, FleetStore, Lease
from fleet.vehicle_facts import STOPS_A_VEHICLE

LEASE_S = 15.0
"""How long an area is without a leader when its leader dies; renewed at every turn and with every round."""

WATCH_S = 30.0
"""How often the day is looked over for trips that run late."""

IMPROVE_S = 300.0
"""How often a quiet day is searched for something better."""

_PAGE = 500
_AHEAD_DAYS = 1
_STORE = Text("数据存储", "the store")
_LEAD = Text("其他进程正在调度该区域", "another worker leads the area")
_JOB = Text("调度方案任务结束", "a plan job to end")

#: What an event means for the notices that follow from it; the first that is met explains a round.
_CAUSES: tuple[tuple[str, NoticeReason], ...] = (
    ("request.emergency", NoticeReason.EMERGENCY),
    ("vehicle.reported", NoticeReason.VEHICLE_OUT),
    ("vehicle.taken_out_of_service", NoticeReason.VEHICLE_OUT),
    ("closure.declared", NoticeReason.ROAD_CLOSED),
    ("driver.reported", NoticeReason.DRIVER_OUT),
    ("site.reported", NoticeReason.CHARGING),
    ("assignment.delayed", NoticeReason.RUNNING_LATE),
    ("assignment.declined", NoticeReason.DECLINED),
    ("assignment.lapsed", NoticeReason.UNANSWERED),
)
_AS_PLANNED = frozenset(
    f"assignment.{step}"
    for step in ("accepted", "started", "arrived", "picked_up", "dropped_off", "finished", "pinned")
)
"""Taps by which a day goes on. Whether it goes on in time is looked over every ``WATCH_S``."""

_EVERY_DAY = frozenset({"vehicle", "driver", "site", "closure", "agreement"})
"""Facts that may matter on every planned day."""


@dataclass(kw_only=True)
class AreaStatus:
    """How a worker stands to one area."""

    area: str
    leads: bool = False
    leader: str = ""
    waiting_for: Text | None = None
    last_round_at: datetime | None = None
    last_changed_count: int = 0
    last_notices_count: int = 0
    rounds_count: int = 0
    trouble: str = ""
    seen: int = -1
    due: dict[str, NoticeReason] = field(default_factory=dict)
    looked_at: float = float("-inf")
    improved_at: dict[str, float] = field(default_factory=dict)
    planned: set[str] = field(default_factory=set)


class Rounds:
    """The rounds of one process. ``turn`` does what is due now; ``start`` repeats it until ``stop``.

    ``reopens`` off leaves orders that nobody answers where they are.
    """

    def __init__(
        self,
        services: Services,
        *,
        areas: tuple[str, ...],
        token: str,
        seconds: float,
        pause_s: float = 1.0,
        tick: Callable[[], float] = time.monotonic,
        iterations: int | None = None,
        lasts_s: float = LEASE_S,
        improve_s: float = IMPROVE_S,
        reopens: bool = True,
    ) -> None:
        self._services = services
        self._token = token
        self._seconds = seconds
        self._iterations = iterations
        self._pause_s = pause_s
        self._lasts_s = lasts_s
        self._improve_s = improve_s
        self._reopens = reopens
        self._tick = tick
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("chuanyu.rounds")
        self.areas = {area: AreaStatus(area=area) for area in areas}

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the present step and give the areas back, so that a successor need not wait."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=15)
        for status in self.areas.values():
            if status.leads:
                with suppress(FleetError):  # then it ends by itself
                    self._services.store.release(self._lease(status.area))
                status.leads = False

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            self.turn()

    def turn(self) -> None:
        """Look after every area once."""
        for status in self.areas.values():
            if self._ended.is_set():
                return
            try:
                self._turn(status)
            except StoreUnavailable as error:
                status.leads, status.waiting_for, status.trouble = False, _STORE, str(error)
            except LeaseLost:
                status.leads, status.waiting_for = False, _LEAD
            except (FleetError, DispatchError) as error:
                status.trouble = str(error)
                self._log.error("round failed", area=status.area, error=str(error))

    def show(self) -> list[dict[str, Any]]:
        """Return how this worker stands to its areas."""
        return [
            {
                "area": status.area,
                "leads": status.leads,
                "leader": status.leader,
                "waiting_for": status.waiting_for,
                "last_round_at": None if status.last_round_at is None else status.last_round_at.isoformat(),
                "rounds_count": status.rounds_count,
                "changed_count": status.last_changed_count,
                "notices_count": status.last_notices_count,
                "due_days": sorted(status.due),
                "trouble": status.trouble,
            }
            for status in self.areas.values()
        ]

    def _lease(self, area: str) -> Lease:
        return Lease(name=area, token=self._token)

    def _turn(self, status: AreaStatus) -> None:
        store = self._services.store
        status.leader = store.hold(self._lease(status.area), lasts_s=self._lasts_s)
        if status.leader != self._token:
            if status.leads:
                status.seen = -1  # what happens from now on is the other's; a return begins with a look at everything
            status.leads, status.waiting_for = False, _LEAD
            return
        status.leads, status.waiting_for, status.trouble = True, None, ""
        if not self._services.has_roads:
            status.waiting_for = ROADS
            return
        now = self._services.clock()
        self._listen(status, store, now)
        self._watch(status, store, now)
        for day, cause in sorted(status.due.items()):
            if self._ended.is_set():
                return
            if not self._services.planning.acquire(blocking=False):
                status.waiting_for = _JOB
                return
            del status.due[day]
            try:
                self._round(status, day, cause)
            except (FleetError, DispatchError):
                status.due.setdefault(day, cause)
                raise
            finally:
                self._services.planning.release()

    def _listen(self, status: AreaStatus, store: FleetStore, now: datetime) -> None:
        """Note the days that the new facts concern."""
        if status.seen < 0:
            status.seen = store.head()
            status.planned = {str(each.body["day"]) for each in _plans(store)}
            for day in self._days(status, now):
                status.due.setdefault(day, NoticeReason.REPLANNED)
            return
        while events := store.events(after=status.seen, limit=_PAGE):
            for event in events:
                status.seen = event.sequence
                for day in self._concerned(status, event, now):
                    known = status.due.get(day, NoticeReason.REPLANNED)
                    status.due[day] = known if known is not NoticeReason.REPLANNED else cause_of(event)

    def _days(self, status: AreaStatus, now: datetime) -> list[str]:
        """Today, tomorrow and whatever later day has a plan."""
        today = date.fromisoformat(local_day(now))
        near = {(today + timedelta(days=ahead)).isoformat() for ahead in range(_AHEAD_DAYS + 1)}
        return sorted(near | {day for day in status.planned if day >= today.isoformat()})

    def _concerned(self, status: AreaStatus, event: Event, now: datetime) -> set[str]:
        if event.type == "plan.made":
            status.planned |= {str(each.body["day"]) for each in event.documents if each.kind == "plan"}
        if event.actor == ACTOR and event.type != "assignment.lapsed":
            return set()
        if event.type in _AS_PLANNED or (
            event.type == "vehicle.reported" and event.data["kind"] not in STOPS_A_VEHICLE
        ):
            return set()
        days: set[str] = set()
        open_days = set(self._days(status, now))
        for document in event.documents:
            body = document.body
            if document.kind in _EVERY_DAY:
                days |= open_days
            elif document.kind == "request" and body and covers(status.area, str(body["region"])):
                if body["state"] in ("approved", "cancelled", "assigned", "under_way"):
                    days.add(local_day(datetime.fromisoformat(str(body["stops"][0]["earliest_at"]))))
            elif document.kind == "assignment" and body:
                days.add(local_day(datetime.fromisoformat(str(body["pickup_at"]))))
            elif document.kind == "day_fact" and body:
                days.add(str(body["day"]))
        return days & open_days

    def _watch(self, status: AreaStatus, store: FleetStore, now: datetime) -> None:
        """Take unanswered orders back, find days that run late, and remember to improve quiet ones."""
        tick = self._tick()
        if tick - status.looked_at < WATCH_S:
            return
        status.looked_at = tick
        if self._reopens and reopen_unanswered(store, now=now, area=status.area, lease=self._lease(status.area)):
            self._listen(status, store, now)
        today = local_day(now)
        if today not in status.due and self._runs_late(status, store, today, now):
            status.due[today] = NoticeReason.RUNNING_LATE
        for day in self._days(status, now):
            if day in status.planned and tick - status.improved_at.get(day, tick) >= self._improve_s:
                status.due.setdefault(day, NoticeReason.REPLANNED)
            status.improved_at.setdefault(day, tick)

    def _runs_late(self, status: AreaStatus, store: FleetStore, day: str, now: datetime) -> bool:
        view = read(store, day=date.fromisoformat(day), in_scope=lambda code: covers(status.area, code))
        expected, late = expect(view, now=now, free_the_late=True)
        return bool(late) or any(
            expected.itineraries.get(id) is not itinerary for id, itinerary in view.itineraries.items()
        )

    def _round(self, status: AreaStatus, day: str, cause: NoticeReason) -> None:
        services = self._services
        first = day not in status.planned
        lease = self._lease(status.area)
        # A round may take longer than a lease lasts: it is kept while the search runs.
        kept = [time.monotonic()]

        def keep(_progress: object) -> None:
            if time.monotonic() - kept[0] >= self._lasts_s / 5:
                kept[0] = time.monotonic()
                services.store.hold(lease, lasts_s=self._lasts_s)

        now = services.clock()
        if first and not _has_work(services.store, day):
            return
        services.store.hold(lease, lasts_s=self._lasts_s + 2 * self._seconds)
        stop = (
            StopRule(iterations=self._iterations, on_progress=keep, should_cancel=self._ended.is_set)
            if self._iterations is not None
            else StopRule(seconds=self._seconds, on_progress=keep, should_cancel=self._ended.is_set)
        )
        report = run_once(
            services.store,
            services.roads_on(day).legs,
            day=date.fromisoformat(day),
            now=now,
            seed=status.rounds_count % 1_000,
            stop=stop,
            region=status.area or None,
            clock=time.monotonic,
            solver=_solve_aside,
            ruling=ruling_on(services.store, date.fromisoformat(day), book=services.book),
            policy=DispatchPolicy(ambient_c=services.settings.ambient_c),
            why=Why(cause=cause),
            go_on=not first,
            lease=lease,
        )
        self._note(status, day, report, now)

    def _note(self, status: AreaStatus, day: str, report: RunReport, now: datetime) -> None:
        status.planned.add(day)
        status.improved_at[day] = self._tick()
        status.rounds_count += 1
        status.last_round_at = now
        status.last_changed_count, status.last_notices_count = len(report.changes), len(report.notices)
        self._services.metrics.plan_unserved.set(report.record.figures.unserved_count)
        if report.needs_replan:
            status.due[day] = NoticeReason.REPLANNED
        if report.changes:
            self._log.info("round", area=status.area, day=day, changed=len(report.changes), notices=len(report.notices))


def _solve_aside(problem: Any, **more: Any) -> Any:
    """Search on one core: the other one answers people."""
    return solve(problem, threads=1, **more)


def cause_of(event: Event) -> NoticeReason:
    """Return what an event gives as the reason of the changes that follow from it."""
    return dict(_CAUSES).get(event.type, NoticeReason.REPLANNED)


def _has_work(store: FleetStore, day: str) -> bool:
    """Whether anybody approved asks for a vehicle on a day that has no plan yet."""
    after = ""
    while True:
        page = store.list("request", where=("state", "approved"), after=after)
        for document in page.documents:
            if local_day(datetime.fromisoformat(str(document.body["stops"][0]["earliest_at"]))) == day:
                return True
        if page.next_after is None:
            return False
        after = page.next_after


def _plans(store: FleetStore) -> Any:
    after = ""
    while True:
        page = store.list("plan", after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after
