"""Records to the frozen nouns of ``fleet``, with the checks that need more than one cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from api.intake.cells import SHANGHAI, check_coordinates
from api.intake.choices import PROFILES, LevelWord
from api.intake.findings import CellProblem
from api.intake.records import Findings, Known, Record
from api.intake.rule_columns import QUOTA_CLASSES
from api.trip_rules import SAME_PLACE, SAME_PLACE_REMEDY, leads_nowhere
from api.wording import Text
from fleet.drivers import Driver, Shift
from fleet.errors import FleetError
from fleet.requests import TripKind, TripRequest, TripStop, approve
from fleet.sites import CarPark, ChargeGroup, Site
from fleet.units import AuthorisedNumber, Level, Unit
from fleet.vehicles import Acquisition, Battery, Energy, Vehicle
from routing.datum import Datum, to_wgs84

_DAY_S = 86_400


def _position(
    record: Record, prefix: str, place: str | None, known: Known, findings: Findings
) -> tuple[float, float] | None:
    """Return lon, lat of a record, from its cells or by the place's name; report what is wrong and return None."""
    lon, lat = record.values[f"{prefix}lon_wgs84"], record.values[f"{prefix}lat_wgs84"]
    if lon is None and lat is None and place is not None:
        found = known.find_place(place) if known.find_place is not None else None
        if found is None:
            findings.at(
                record,
                f"{prefix}name",
                Text("没有经纬度，且地名表中没有这个地点", "no coordinates, and no place is called so"),
                Text("填写经度和纬度，或用地名表中的名称", "give longitude and latitude, or a name of the place table"),
            )
        return found
    for name, value in ((f"{prefix}lon_wgs84", lon), (f"{prefix}lat_wgs84", lat)):
        if value is None:
            findings.at(record, name, Text("经度和纬度须同时填写", "longitude and latitude go together"), value="")
            return None
    try:
        if record.values["datum"] is not Datum.WGS84:
            lon, lat = (round(degrees, 6) for degrees in to_wgs84(lon, lat, record.values["datum"]))
        check_coordinates(lon, lat)
    except CellProblem as problem:
        findings.at(record, f"{prefix}lon_wgs84", problem.message, problem.remedy, value=f"{lon}, {lat}")
        return None
    return lon, lat


def _level(values: Mapping[str, Any]) -> Level:
    """市级 is a province's rank in Chongqing (500000 and below) and a prefecture's in Sichuan."""
    level = values["level"]
    if isinstance(level, LevelWord):
        return Level.PROVINCE if values["region"].startswith("50") else Level.PREFECTURE
    return Level(level)


def units(records: Iterable[Record]) -> list[Unit]:
    return [
        Unit(
            id=record.values["id"],
            name=record.values["name"],
            region=record.values["region"],
            level=_level(record.values),
            compound=record.values["compound"],
            parent_id=record.values["parent_id"],
            population=record.values["population"],
            authorised=tuple(
                AuthorisedNumber(duty=duty, count=count)
                for duty in QUOTA_CLASSES
                if (count := record.values[f"authorised_{duty.value}"]) is not None
            ),
        )
        for record in records
    ]


def sites(records: Iterable[Record], more_groups: Iterable[Record], known: Known, findings: Findings) -> list[Site]:
    """Join the sites with the charge points of their own row and of the sheet of charge points."""
    groups: dict[str, list[ChargeGroup]] = {}
    for record in more_groups:
        values = record.values
        groups.setdefault(values["site_id"], []).append(
            ChargeGroup(points=values["points"], power_w=values["power_w"], dc=values["current"])
        )
    found = []
    for record in records:
        values = record.values
        own = []
        for kind, dc in (("dc", True), ("ac", False)):
            points, power_w = values[f"{kind}_points"], values[f"{kind}_power_w"]
            if points and not power_w:
                findings.at(record, f"{kind}_power_w", Text("有桩但没有功率", "points without their power"), value="")
            elif points:
                own.append(ChargeGroup(points=points, power_w=power_w, dc=dc))
        position = _position(record, "", None, known, findings)
        car_park = _car_park(record, findings)
        if position is None:
            continue
        found.append(
            Site(
                id=values["id"],
                name=values["name"],
                region=values["region"],
                unit_id=values["unit_id"],
                lon_wgs84=position[0],
                lat_wgs84=position[1],
                charge_groups=(*own, *groups.get(values["id"], [])),
                site_power_w=values["site_power_w"],
                price_fen_per_kwh=values["price_fen_per_kwh"],
                rental_point=values["rental_point"],
                piles_count=values["piles_count"],
                car_park=car_park,
                protected=values["protected"],
            )
        )
    return found


def _car_park(record: Record, findings: Findings) -> CarPark | None:
    """The spaces of a site; parts without the number of all spaces, or above it, are reported."""
    values = record.values
    total = values["spaces_count"]
    for name in ("nev_spaces_count", "charging_spaces_count"):
        if values[name] > (total or 0):
            problem = Text("超过车位总数，或未填车位总数", "more than all spaces, or their number is missing")
            findings.at(record, name, problem, value=str(values[name]))
            return None
    if total is None:
        return None
    return CarPark(
        spaces_count=total,
        nev_spaces_count=values["nev_spaces_count"],
        charging_spaces_count=values["charging_spaces_count"],
        new=values["new_car_park"],
        venue=values["venue"],
        underground=values["underground"],
    )


def _acquisition(record: Record, findings: Findings) -> Acquisition | None:
    """The purchase of a vehicle; its day and its manner go together."""
    values = record.values
    if values["acquired_on"] is None and values["acquired_as"] is None:
        return None
    for name in ("acquired_on", "acquired_as"):
        if values[name] is None:
            findings.at(
                record,
                name,
                Text("购置日期和购置方式须同时填写", "day and manner of the purchase go together"),
                value="",
            )
            return None
    return Acquisition(
        on=values["acquired_on"],
        kind=values["acquired_as"],
        central_batch=values["central_batch"],
        price_fen=values["price_fen"],
        displacement_ml=values["displacement_ml"],
        waiver_reason=values["waiver_reason"],
        waiver_text=values["waiver_text"],
    )


def vehicles(records: Iterable[Record], findings: Findings) -> list[Vehicle]:
    found = []
    for record in records:
        values = record.values
        profile = values["profile"] or PROFILES.get((values["kind"], values["energy"]))
        if profile is None:
            findings.at(
                record,
                "profile",
                Text("该车型和能源类型没有默认的能耗曲线", "this kind and energy have no usual drive profile"),
                value="",
            )
            continue
        battery = _battery(record, findings)
        if battery is None and (values["energy"] is Energy.BEV or values["battery_wh"] is not None):
            continue
        found.append(
            Vehicle(
                id=values["id"],
                plate=values["plate"],
                unit_id=values["unit_id"],
                region=values["region"],
                home_site_id=values["home_site_id"],
                kind=values["kind"],
                energy=values["energy"],
                seats=values["seats"],
                profile=profile,
                duty=values["duty"],
                self_drive=values["self_drive"],
                battery=battery,
                equipment=values["equipment"],
                odometer_m=values["odometer_m"],
                state=values["state"],
                pooled=values["pooled"],
                listed=values["listed"],
                marked=values["marked"],
                marking_exempt=values["marking_exempt"],
                fixed_route=values["fixed_route"],
                in_service_on=values["in_service_on"],
                acquisition=_acquisition(record, findings),
            )
        )
    return found


def _battery(record: Record, findings: Findings) -> Battery | None:
    values = record.values
    capacity_wh, charge_frac = values["battery_wh"], values["charge_frac"]
    if capacity_wh is None:
        if values["energy"] is Energy.BEV:
            findings.at(
                record, "battery_wh", Text("纯电动车须填电池容量", "a battery vehicle needs its capacity"), value=""
            )
        elif charge_frac is not None:
            findings.at(
                record, "battery_wh", Text("填了电量却没有电池容量", "a charge without a battery capacity"), value=""
            )
        return None
    if charge_frac is None:
        findings.at(
            record,
            "charge_frac",
            Text("有电池的车须填当前电量", "a vehicle with a battery needs its charge"),
            value="",
        )
        return None
    return Battery(
        capacity_wh=capacity_wh,
        charge_wh=round(capacity_wh * charge_frac),
        reserve_frac=values["reserve_frac"],
        max_ac_w=values["max_ac_w"],
        max_dc_w=values["max_dc_w"],
    )


def drivers(records: Iterable[Record], findings: Findings) -> list[Driver]:
    """A shift that ends before it starts ends on the next day."""
    found = []
    for record in records:
        values = record.values
        start_s, end_s = values["shift_start_s"], values["shift_end_s"]
        if end_s < start_s < _DAY_S:
            end_s += _DAY_S
        if not start_s < end_s <= start_s + _DAY_S:
            findings.at(
                record,
                "shift_end_s",
                Text("下班时间须晚于上班时间，且不超过 24 小时", "the shift must last up to 24 h"),
            )
            continue
        found.append(
            Driver(
                id=values["id"],
                name=values["name"],
                unit_id=values["unit_id"],
                region=values["region"],
                home_site_id=values["home_site_id"],
                licence=values["licence"],
                shift=Shift(start_s=start_s, end_s=end_s),
                phone=values["phone"],
                person_id=values["person_id"],
                on_duty=values["on_duty"],
            )
        )
    return found


def requests(
    records: Iterable[Record], stops: Iterable[Record], known: Known, findings: Findings, *, now: datetime
) -> list[TripRequest]:
    """Build the requests; a charter gets its further stops between pick-up and drop-off, by their order."""
    between: dict[str, list[Record]] = {}
    for record in sorted(stops, key=lambda record: (record.values["order"], record.row)):
        others = between.setdefault(record.values["request_id"], [])
        if any(other.values["order"] == record.values["order"] for other in others):
            findings.at(record, "order", Text("同一申请的序号重复", "the order number appears twice in one request"))
        others.append(record)
    found = []
    for record in records:
        request = _request(record, between.get(record.values["id"], []), known, findings, now=now)
        if request is not None:
            found.append(request)
    return found


def _not_before(at: datetime, zh: str, en: str) -> Text:
    when = f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return Text(f"不早于{zh} {when}", f"not before {en}, {when}")


def _via(record: Record, known: Known, findings: Findings) -> TripStop | None:
    values = record.values
    position = _position(record, "", values["name"], known, findings)
    if values["latest_at"] < values["earliest_at"]:
        findings.at(
            record,
            "latest_at",
            Text("最晚时间早于最早时间", "the latest is before the earliest"),
            _not_before(values["earliest_at"], "最早到达时间", "the earliest arrival"),
        )
        return None
    if position is None:
        return None
    return TripStop(
        name=values["name"],
        lon_wgs84=position[0],
        lat_wgs84=position[1],
        earliest_at=values["earliest_at"],
        latest_at=values["latest_at"],
        service_s=values["service_s"],
    )


def _request(
    record: Record, between: list[Record], known: Known, findings: Findings, *, now: datetime
) -> TripRequest | None:
    values = record.values
    before = len(findings.errors)
    pickup = _position(record, "pickup_", values["pickup_name"], known, findings)
    dropoff = _position(record, "dropoff_", values["dropoff_name"], known, findings)
    earliest_at, latest_at = values["pickup_earliest_at"], values["pickup_latest_at"]
    last_at = values["dropoff_latest_at"]
    first_off_at = values["dropoff_earliest_at"] or earliest_at
    if latest_at < earliest_at:
        findings.at(
            record,
            "pickup_latest_at",
            Text("最晚上车早于最早上车", "the latest pick-up is before the earliest"),
            _not_before(earliest_at, "最早上车时间", "the earliest pick-up"),
        )
    if last_at < earliest_at:
        findings.at(
            record,
            "dropoff_latest_at",
            Text("下车早于上车", "the drop-off is before the pick-up"),
            _not_before(earliest_at, "最早上车时间", "the earliest pick-up"),
        )
    elif last_at < first_off_at:
        findings.at(
            record,
            "dropoff_latest_at",
            Text("最晚下车早于最早下车", "the latest drop-off is before the earliest"),
            _not_before(first_off_at, "最早下车时间", "the earliest drop-off"),
        )
    if between and values["kind"] is not TripKind.CHARTER:
        findings.at(
            record,
            "kind",
            Text("只有包车可以有途经点", "only a charter has further stops"),
            Text("用车类型改为包车，或删除途经点", "make it a charter, or delete its rows in Stops"),
        )
    if values["approver_id"] is not None and values["approver_id"] == values["requester_id"]:
        findings.at(record, "approver_id", Text("审批人不能是申请人本人", "nobody approves a request of their own"))
    vias = [_via(via, known, findings) for via in between]
    if len(findings.errors) > before or pickup is None or dropoff is None:
        return None
    try:
        request = TripRequest(
            id=values["id"],
            unit_id=values["unit_id"],
            region=values["region"],
            requester_id=values["requester_id"],
            kind=values["kind"],
            purpose=values["purpose"],
            passengers=values["passengers"],
            stops=(
                TripStop(
                    name=values["pickup_name"],
                    lon_wgs84=pickup[0],
                    lat_wgs84=pickup[1],
                    earliest_at=earliest_at,
                    latest_at=latest_at,
                    service_s=values["service_s"],
                ),
                *(via for via in vias if via is not None),
                TripStop(
                    name=values["dropoff_name"],
                    lon_wgs84=dropoff[0],
                    lat_wgs84=dropoff[1],
                    earliest_at=first_off_at,
                    latest_at=last_at,
                    service_s=values["service_s"],
                ),
            ),
            submitted_at=values["submitted_at"] or now,
            priority=values["priority"],
            shareable=values["shareable"],
            max_ride_s=values["max_ride_s"],
            vehicle_kind=values["vehicle_kind"],
            equipment=values["equipment"],
        )
        if leads_nowhere(request.kind, request.stops):
            findings.at(record, "dropoff_name", SAME_PLACE, SAME_PLACE_REMEDY)
            return None
        if values["approver_id"] is not None:
            request = approve(request, by=values["approver_id"], at=now)
    except FleetError as error:
        findings.add(
            sheet=record.sheet,
            row=record.row,
            value=values["id"],
            message=Text("该行内容互相矛盾", str(error)),
            remedy=Text(str(error), "correct the row"),
        )
        return None
    return request
