"""The script of a drill: who does what when, drawn by a seeded generator and played step by step of the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from api.drill.people import People
from api.services import LOCAL_ZONE

STEP = timedelta(minutes=5)
_BEGINS = timedelta(hours=6)
_ENDS = timedelta(hours=23, minutes=30)
_GOING = ("started", "on_board", "dropped_off")
_MOVABLE = ("offered", "accepted")


@dataclass(frozen=True, kw_only=True)
class Mishaps:
    """How much goes wrong on the day; the defaults are those that the service must stand."""

    cancelled_frac: float = 0.10
    late_frac: float = 0.05
    faults_count: int = 3
    dead_points_count: int = 2
    closures_count: int = 1
    emergencies_count: int = 2
    live_frac: float = 0.10


@dataclass
class Played:
    """What was done, for the report."""

    steps: int = 0
    taps: int = 0
    cancelled: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    dead_points: list[str] = field(default_factory=list)
    closures: list[str] = field(default_factory=list)
    emergencies: list[dict[str, Any]] = field(default_factory=list)
    asked_live: list[str] = field(default_factory=list)


class Day:
    """One day of a region. ``play`` runs it from morning to night; ``on_step`` is told the time after each step."""

    def __init__(
        self,
        people: People,
        *,
        day: date,
        seed: int,
        admin: str,
        mishaps: Mishaps | None = None,
        step: timedelta = STEP,
        ends: timedelta = _ENDS,
    ) -> None:
        self.people = people
        self.day = day
        self.admin = admin
        self.step = step
        self._ends = ends
        self.mishaps = mishaps or Mishaps()
        self.played = Played()
        self._random = Random(f"{seed}/drill")
        self._midnight = datetime(day.year, day.month, day.day, tzinfo=LOCAL_ZONE)
        self._persons: dict[str, dict[str, Any]] = {}
        self._by_driver: dict[str, str] = {}
        self._by_unit: dict[tuple[str, str], list[str]] = {}
        self._regions: dict[str, str] = {}
        self._late_s: dict[str, int] = {}
        self._told_late: set[str] = set()
        self._due: list[tuple[datetime, Callable[[datetime], bool]]] = []
        self._boards_at: dict[str, datetime] = {}
        self._arrives_at: dict[str, datetime] = {}

    def play(self, on_step: Callable[[datetime], None] | None = None) -> Played:
        self._meet()
        self._clock(self._midnight - timedelta(hours=3))
        self._script()
        at = self._midnight + _BEGINS
        while at <= self._midnight + self._ends:
            self._clock(at)
            self._mishaps(at)
            self._drive(at)
            self.played.steps += 1
            if on_step is not None:
                on_step(at)
            at += self.step
        self._clock(at)
        return self.played

    def _clock(self, at: datetime) -> None:
        self.people.post(self.admin, "/v1/drill/clock", {"at": at.isoformat()})

    # -- who there is

    def _meet(self) -> None:
        for person in self.people.every(self.admin, "/v1/persons"):
            self._persons[person["id"]] = person
            if person["driver_id"] is not None:
                self._by_driver[person["driver_id"]] = person["login"]
            for role in person["roles"]:
                self._by_unit.setdefault((role, str(person["unit_id"])), []).append(person["login"])
                self._regions.setdefault(f"{role}/{person['region']}", person["login"])

    def _dispatcher_of(self, region: str) -> str:
        for code in (region, f"{region[:4]}00", f"{region[:2]}0000"):
            login = self._regions.get(f"dispatcher/{code}")
            if login is not None:
                return login
        return self.admin

    # -- what will go wrong

    def _at(self, first_h: float, last_h: float) -> datetime:
        minutes = self._random.randrange(round(first_h * 60), round(last_h * 60), 5)
        return self._midnight + timedelta(minutes=minutes)

    def _script(self) -> None:
        draw = self._random
        requests = self.people.every(self.admin, "/v1/requests", day=self.day.isoformat())
        ordinary = sorted((r for r in requests if r["state"] in ("approved", "assigned")), key=lambda r: str(r["id"]))
        cancelled = draw.sample(ordinary, round(self.mishaps.cancelled_frac * len(ordinary)))
        for request in cancelled:
            pickup = datetime.fromisoformat(request["stops"][0]["earliest_at"])
            when = max(self._midnight + _BEGINS, pickup - timedelta(minutes=draw.randrange(40, 300, 5)))
            self._plan(when, self._cancel(request))
        left = [request for request in ordinary if request not in cancelled]
        for request in draw.sample(left, round(self.mishaps.late_frac * len(ordinary))):
            self._late_s[request["id"]] = draw.randrange(600, 1_500, 60)
        for request in draw.sample(left, round(self.mishaps.live_frac * len(ordinary))):
            self._plan(self._at(7, 14), self._ask(request))
        for _ in range(self.mishaps.faults_count):
            self._plan(self._at(8, 16), self._break_down)
        sites = [site for site in self.people.every(self.admin, "/v1/sites") if site["charge_groups"]]
        sites.sort(key=lambda site: str(site["id"]))
        for site in draw.sample(sites, min(self.mishaps.dead_points_count, len(sites))):
            self._plan(self._at(7, 12), self._kill_point(site))
        for _ in range(self.mishaps.closures_count):
            self._plan(self._at(8, 12), self._close_road)
        regions = sorted({str(request["region"]) for request in ordinary})
        for number in range(self.mishaps.emergencies_count):
            self._plan(self._at(9, 16), self._emergency(draw.choice(regions), ordinary, number))

    def _plan(self, at: datetime, deed: Callable[[datetime], bool]) -> None:
        self._due.append((at, deed))

    def _mishaps(self, now: datetime) -> None:
        """Do what is due; what cannot be done now is tried again at the next step."""
        for entry in [entry for entry in self._due if entry[0] <= now]:
            if entry[1](now):
                self._due.remove(entry)

    def _cancel(self, request: dict[str, Any]) -> Callable[[datetime], bool]:
        def deed(_now: datetime) -> bool:
            login = self._persons[request["requester_id"]]["login"]
            path = f"/v1/requests/{request['id']}:cancel"
            if self.people.try_post(login, path, {"reason": "会议取消"}, key=f"cancel/{request['id']}"):
                self.played.cancelled.append(request["id"])
            return True

        return deed

    def _ask(self, like: dict[str, Any]) -> Callable[[datetime], bool]:
        def deed(now: datetime) -> bool:
            first = datetime.fromisoformat(like["stops"][0]["earliest_at"])
            shift = max(timedelta(0), now + timedelta(minutes=100) - first)
            stops = [
                {
                    "name": stop["name"],
                    "lon_wgs84": stop["lon_wgs84"],
                    "lat_wgs84": stop["lat_wgs84"],
                    "earliest_at": (datetime.fromisoformat(stop["earliest_at"]) + shift).isoformat(),
                    "latest_at": (datetime.fromisoformat(stop["latest_at"]) + shift).isoformat(),
                    "service_s": stop["service_s"],
                }
                for stop in like["stops"]
            ]
            body = {
                "kind": like["kind"],
                "purpose": "临时用车",
                "passengers": like["passengers"],
                "stops": stops,
                "unit_id": like["unit_id"],
            }
            login = self._persons[like["requester_id"]]["login"]
            made = self.people.try_post(login, "/v1/requests", body, key=f"ask/{like['id']}")
            approver = next((p for p in self._by_unit.get(("approver", like["unit_id"]), []) if p != login), None)
            if made is not None and approver is not None:
                path = f"/v1/requests/{made['id']}:approve"
                if self.people.try_post(approver, path, key=f"approve/{made['id']}"):
                    self.played.asked_live.append(made["id"])
            return True

        return deed

    def _break_down(self, now: datetime) -> bool:
        going = [a for a in self._orders(now) if a["state"] in ("started", "on_board")]
        if not going:
            return False
        order = self._random.choice(sorted(going, key=lambda a: str(a["id"])))
        body = {"kind": "fault", "reason": "发动机故障灯亮", "at": now.isoformat()}
        login = self._by_driver[order["driver_id"]]
        path = f"/v1/vehicles/{order['vehicle_id']}:report"
        if self.people.try_post(login, path, body, key=f"fault/{order['id']}"):
            self.played.faults.append(order["vehicle_id"])
        return True

    def _kill_point(self, site: dict[str, Any]) -> Callable[[datetime], bool]:
        def deed(now: datetime) -> bool:
            body = {"kind": "charge_point_out", "group": 0, "points_count": 1, "at": now.isoformat()}
            login = self._dispatcher_of(str(site["region"]))
            if self.people.try_post(login, f"/v1/sites/{site['id']}:report", body, key=f"point/{site['id']}"):
                self.played.dead_points.append(site["id"])
            return True

        return deed

    def _close_road(self, now: datetime) -> bool:
        ref = self._random.choice(["G75", "G85", "G93", "G5", "G42"])
        body = {
            "region": "510000",
            "refs": [ref],
            "reason": "暴雨积水，限速通行",
            "speed_frac": 0.5,
            "starts_at": now.isoformat(),
            "ends_at": (now + timedelta(hours=3)).isoformat(),
        }
        if self.people.try_post(self.admin, "/v1/network/closures", body, key=f"closure/{now.isoformat()}"):
            self.played.closures.append(ref)
        return True

    def _emergency(self, region: str, ordinary: list[dict[str, Any]], number: int) -> Callable[[datetime], bool]:
        like = self._random.choice([request for request in ordinary if request["region"] == region])

        def deed(now: datetime) -> bool:
            stops = [
                {
                    "name": stop["name"],
                    "lon_wgs84": stop["lon_wgs84"],
                    "lat_wgs84": stop["lat_wgs84"],
                    "earliest_at": now.isoformat(),
                    "latest_at": (now + timedelta(hours=3 + 6 * place)).isoformat(),
                }
                for place, stop in enumerate((like["stops"][0], like["stops"][-1]))
            ]
            body = {"purpose": "山洪灾害现场处置", "passengers": 3, "stops": stops, "unit_id": like["unit_id"]}
            login = self._dispatcher_of(region)
            made = self.people.try_post(login, "/v1/emergencies", body, key=f"emergency/{number}")
            if made is not None:
                self.played.emergencies.append(
                    {
                        "id": made["id"],
                        "at": now.isoformat(),
                        "vehicle_id": None if made["assignment"] is None else made["assignment"]["vehicle_id"],
                        "displaced": sorted(n["request_id"] for n in made["notices"] if n["request_id"] != made["id"]),
                    }
                )
            return True

        return deed

    # -- the drivers

    def _orders(self, now: datetime) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for state in (*_MOVABLE, *_GOING):
            found += self.people.every(self.admin, "/v1/assignments", state=state)
        near = (now + timedelta(hours=20)).isoformat()
        return sorted((a for a in found if a["pickup_at"] <= near), key=lambda a: (a["pickup_at"], a["id"]))

    def _drive(self, now: datetime) -> None:
        """Do every tap that is due by the clock, with the time at which it was due."""
        itineraries = {i["id"]: i for i in self.people.every(self.admin, "/v1/itineraries", day=self.day.isoformat())}
        for order in self._orders(now):
            if order["driver_id"] in self._by_driver:
                self._serve(order, itineraries.get(order["itinerary_id"]), now)

    def _serve(self, order: dict[str, Any], itinerary: dict[str, Any] | None, now: datetime) -> None:
        state, id = order["state"], order["request_id"]
        offered = datetime.fromisoformat(order["offered_at"])
        pickup, dropoff = datetime.fromisoformat(order["pickup_at"]), datetime.fromisoformat(order["dropoff_at"])
        own = [] if itinerary is None else [s for s in itinerary["stops"] if s["request_id"] == id]
        leg_s = own[0]["leg_s"] if own else 1_800
        service_s = 60
        if own:
            begins, leaves = (datetime.fromisoformat(own[0][name]) for name in ("begin_at", "depart_at"))
            service_s = round((leaves - begins).total_seconds())
        if state == "offered":
            # Answered in the morning, or a few minutes after it was offered.
            due = max(offered + timedelta(minutes=2), self._midnight + _BEGINS)
            if due <= now and not self._tap(order, "accept", due):
                return
            if due > now:
                return
            state = "accepted"
        leaves_at = max(offered, pickup - timedelta(seconds=leg_s), self._last_at(order))
        if state == "accepted" and leaves_at <= now:
            if not self._tap(order, "start", leaves_at):
                return
            state = "started"
        late_s = self._late_s.get(id, 0)
        if state == "started" and order["id"] not in self._boards_at:
            # What happens at the wheel does not follow the estimates: it is drawn once.
            there_at = max(pickup, self._last_at(order) + timedelta(seconds=leg_s))
            self._boards_at[order["id"]] = there_at + timedelta(seconds=service_s + late_s)
        boards_at = self._boards_at.get(order["id"], pickup)
        pickup = boards_at - timedelta(seconds=service_s + late_s)
        if state == "started" and late_s and id not in self._told_late and pickup <= now:
            self._told_late.add(id)
            self._tap(order, "arrive", pickup)
            told = {"expected_at": boards_at.isoformat(), "reason": "乘客迟到"}
            if self._tap(order, "delay", pickup, **told):
                self.played.late.append(id)
            return
        if state == "started" and boards_at <= now:
            if not self._tap(order, "pickUp", boards_at):
                return
            state = "on_board"
        if state == "on_board":
            ride = timedelta(seconds=0)
            if own:
                leaves, ends = (
                    datetime.fromisoformat(own[at][name]) for at, name in ((0, "depart_at"), (-1, "begin_at"))
                )
                ride = max(ride, ends - leaves)
            arrived = self._arrives_at.setdefault(order["id"], max(boards_at + ride, boards_at if own else dropoff))
            if arrived <= now and self._tap(order, "dropOff", arrived):
                self._finish(order, now)
        elif state == "dropped_off":
            self._finish(order, now)

    def _finish(self, order: dict[str, Any], now: datetime) -> None:
        vehicle = self.people.get(self.admin, f"/v1/vehicles/{order['vehicle_id']}")
        reading = int(vehicle["odometer_m"]) + 30_000
        self._tap(order, "finish", now, odometer_m=reading)

    def _last_at(self, order: dict[str, Any]) -> datetime:
        ats = [datetime.fromisoformat(report["at"]) for report in order["reports"]]
        return max(ats, default=datetime.fromisoformat(order["offered_at"]))

    def _tap(self, order: dict[str, Any], action: str, at: datetime, **more: Any) -> bool:
        at = max(at, self._last_at(order))
        login = self._by_driver[order["driver_id"]]
        path = f"/v1/assignments/{order['id']}:{action}"
        done = self.people.try_post(login, path, {"at": at.isoformat(), **more}, key=f"{order['id']}/{action}")
        if done is None:
            return False
        order["reports"] = done["reports"]
        self.played.taps += 1
        return True
