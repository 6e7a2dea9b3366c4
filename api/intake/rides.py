"""Ride requests of the public street-graph data sets: one row a ride, second of the day, coordinates of both ends.

The format is read only when asked for by name. Its ``order_id`` is not unique, so that a ride's identity is its row; a row
that repeats an earlier one is said, and planned all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from api.intake import cells
from api.intake.columns import Column, SheetTable
from api.intake.csv_file import read_csv
from api.intake.findings import CellProblem, FileProblem, RowError, RowNote
from api.intake.headers import find_header
from api.intake.records import Findings, read_records
from api.wording import Language, Text
from fleet.ids import PersonId, RegionCode, RequestId, UnitId
from fleet.requests import RequestState, TripKind, TripRequest, TripStop

_DEGREES = Text("十进制度，WGS-84", "decimal degrees, WGS-84")


def _degrees(name: str, zh: str, en: str) -> Column:
    return Column(name=name, zh=zh, en=en, parse=cells.longitude, required=True, remedy=_DEGREES)


_NUMBER = Text("填写编号", "a number")
RIDES = SheetTable(
    kind="rides",
    zh="乘车记录",
    en="Rides",
    columns=(
        Column(name="order_id", zh="订单号", en="Order id", parse=cells.identifier, required=True, remedy=_NUMBER),
        Column(name="origin_id", zh="起点编号", en="Origin id", parse=cells.text, remedy=_NUMBER),
        _degrees("origin_lat", "起点纬度", "Origin latitude"),
        _degrees("origin_lng", "起点经度", "Origin longitude"),
        Column(name="dest_id", zh="终点编号", en="Destination id", parse=cells.text, remedy=_NUMBER),
        _degrees("dest_lat", "终点纬度", "Destination latitude"),
        _degrees("dest_lng", "终点经度", "Destination longitude"),
        Column(
            name="route_km",
            zh="路程",
            en="Route",
            parse=cells.number(0, 2_000),
            remedy=Text("0 到 2000 km", "0 to 2000 km"),
        ),
        Column(
            name="request_s_of_day",
            zh="下单时刻（当日秒）",
            en="Request second of the day",
            parse=cells.whole(0, 86_399),
            required=True,
            remedy=Text("0 到 86399 的整数", "a whole number, 0 to 86399"),
        ),
    ),
)


RIDES_UNIT = UnitId("rides")
PLATFORM = PersonId("rides-platform")
"""Who stands as the approver of rides: the platform that took the orders (rule R068 asks for one)."""
CHENGDU = RegionCode("510100")


@dataclass(frozen=True, kw_only=True)
class RideRules:
    """What the data does not say. ``unit_id`` and ``region`` are those that all rides are asked for by.

    A ride waits at most ``wait_s`` from its request to its pick-up, carries ``passengers``, and stops take ``service_s``
    each. The drop-off is bounded by the ride time alone: its window ends ``latest_ride_s`` after the latest pick-up.
    """

    day: date
    wait_s: int
    passengers: int = 1
    service_s: int = 60
    latest_ride_s: int = 3 * 3_600
    unit_id: UnitId = RIDES_UNIT
    region: RegionCode = CHENGDU


@dataclass(frozen=True, kw_only=True)
class Rides:
    """All rides in the order of the file, or the errors; ``repeats`` maps a row to the earlier one that it repeats."""

    requests: tuple[TripRequest, ...]
    row_of: dict[RequestId, int]
    order_of: dict[RequestId, str]
    repeats: tuple[tuple[int, int], ...]
    shared_order_ids: int
    errors: tuple[RowError, ...]
    notes: tuple[RowNote, ...]


def read_rides(data: bytes, *, name: str, rules: RideRules, lang: Language) -> Rides:
    """Read the rides; with any error there is none.

    A row repeats an earlier one when order, origin and destination agree, whatever the time: the same party going the same
    way twice in a morning is more likely a doubled record, but the file does not tell.
    """
    findings = Findings(lang)
    notes: list[RowNote] = []
    records = _records(data, name, findings)
    seen: dict[tuple[object, ...], tuple[int, int]] = {}
    orders: set[str] = set()
    requests: list[TripRequest] = []
    repeats: list[tuple[int, int]] = []
    row_of: dict[RequestId, int] = {}
    order_of: dict[RequestId, str] = {}
    again = 0
    for values, row in records:
        for end in ("origin", "dest"):
            try:
                cells.check_coordinates(values[f"{end}_lng"], values[f"{end}_lat"])
            except CellProblem as problem:
                findings.add(
                    sheet=name,
                    row=row,
                    column=f"{end}_lng",
                    value=f"{values[f'{end}_lng']}, {values[f'{end}_lat']}",
                    message=problem.message,
                    remedy=problem.remedy or _DEGREES,
                )
        key = tuple(values[column] for column in ("order_id", "origin_lng", "origin_lat", "dest_lng", "dest_lat"))
        second = values["request_s_of_day"]
        if key in seen:
            earlier, at = seen[key]
            repeats.append((row, earlier))
            apart = abs(second - at) // 60
            said = Text(
                f"与第 {earlier} 行的订单号和起讫点相同，时间相差 {apart} 分钟；照常排班",
                f"has the order and both ends of row {earlier}, {apart} min apart; planned all the same",
            )
            notes.append(RowNote(sheet=name, row=row, message=said.say(lang)))
        seen.setdefault(key, (row, second))
        again += values["order_id"] in orders
        orders.add(values["order_id"])
        request = _request(values, row, rules)
        requests.append(request)
        row_of[request.id] = row
        order_of[request.id] = values["order_id"]
    if again:
        said = Text(
            f"{again} 行的订单号在前面已出现（共 {len(orders)} 个订单号），以行号区分",
            f"{again} rows have an order_id that occurred before ({len(orders)} different): told apart by row",
        )
        notes.append(RowNote(sheet=name, row=None, message=said.say(lang)))
    errors = tuple(findings.errors)
    return Rides(
        requests=() if errors else tuple(requests),
        row_of=row_of,
        order_of=order_of,
        repeats=tuple(repeats),
        shared_order_ids=again,
        errors=errors,
        notes=tuple(notes),
    )


def _records(data: bytes, name: str, findings: Findings) -> list[tuple[Mapping[str, Any], int]]:
    try:
        sheet, _ = read_csv(data, name=name)
    except FileProblem as problem:
        findings.add(sheet=name, row=problem.row, value=problem.value, message=problem.message, remedy=problem.remedy)
        return []
    header = find_header(sheet, RIDES)
    if header is None:
        wanted = ", ".join(column.name for column in RIDES.columns if column.required)
        findings.add(
            sheet=name,
            row=1,
            message=Text("不是乘车记录文件：找不到列名", "not a file of rides: no header was found"),
            remedy=Text(f"列名：{wanted}", f"columns: {wanted}"),
        )
        return []
    return [
        (record.values, record.row) for record in read_records(sheet, RIDES, header, findings, repeats=True).records
    ]


def _request(values: Mapping[str, Any], row: int, rules: RideRules) -> TripRequest:
    midnight = datetime.combine(rules.day, time(), tzinfo=cells.SHANGHAI)
    asked_at = midnight + timedelta(seconds=values["request_s_of_day"])
    latest_at = asked_at + timedelta(seconds=rules.wait_s)
    order = values["order_id"]
    ends = [
        TripStop(
            name=f"{values[f'{end}_lng']:.5f}, {values[f'{end}_lat']:.5f}",
            lon_wgs84=values[f"{end}_lng"],
            lat_wgs84=values[f"{end}_lat"],
            earliest_at=asked_at,
            latest_at=latest_at if end == "origin" else latest_at + timedelta(seconds=rules.latest_ride_s),
            service_s=rules.service_s,
        )
        for end in ("origin", "dest")
    ]
    return TripRequest(
        id=RequestId(f"row{row:05d}-order{order}"),
        unit_id=rules.unit_id,
        region=rules.region,
        requester_id=PersonId(f"order{order}"),
        kind=TripKind.TRANSFER,
        purpose=f"乘车订单 {order}（第 {row} 行）",
        passengers=rules.passengers,
        stops=tuple(ends),
        submitted_at=asked_at,
        state=RequestState.APPROVED,
        approver_id=PLATFORM,
        decided_at=asked_at,
    )


def within(requests: Sequence[TripRequest], *, from_s: int, to_s: int) -> tuple[list[TripRequest], list[TripRequest]]:
    """Split by the second of the local day at which a ride is asked for: inside [from_s, to_s) and outside."""
    inside: list[TripRequest] = []
    outside: list[TripRequest] = []
    for request in requests:
        local = request.stops[0].earliest_at.astimezone(cells.SHANGHAI)
        second = local.hour * 3_600 + local.minute * 60 + local.second
        (inside if from_s <= second < to_s else outside).append(request)
    return inside, outside
