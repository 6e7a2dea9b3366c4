"""Nouns back into the workbook that they could have come from: what is written here, intake reads as the same nouns."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from api.intake import choices
from api.intake.cells import SHANGHAI
from api.intake.columns import SheetTable
from api.intake.rule_columns import ACQUISITIONS, POPULATIONS
from api.intake.tables import BY_KIND
from api.intake.template import title
from api.wording import Language, Text
from fleet.drivers import Driver
from fleet.requests import TripRequest, TripStop
from fleet.sites import ChargeGroup, Site
from fleet.units import Unit
from fleet.vehicles import Vehicle

Row = Mapping[str, Any]
_DAY_S = 86_400


def _chosen(table: Mapping[Any, tuple[str, ...]], value: Any, lang: Language) -> str:
    return table[value][0] if lang == "zh" else str(value.value)


def _yes(value: bool, lang: Language) -> str:
    return Text("是" if value else "否", "yes" if value else "no").say(lang)


def _words(words: Iterable[str], lang: Language) -> str:
    return ("、" if lang == "zh" else ", ").join(sorted(words))


def _clock(second: int) -> str:
    """A time of day; beyond midnight as ``次日``, which both languages read."""
    day, rest = divmod(second, _DAY_S)
    return ("次日" if day and rest else "") + (
        f"{24 if day and not rest else rest // 3_600:02d}:{rest % 3_600 // 60:02d}"
        + (f":{rest % 60:02d}" if rest % 60 else "")
    )


def _instant(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")


def _per(value: int | None, unit: int) -> float | int | None:
    """A whole number of small units in large ones, exactly."""
    if value is None:
        return None
    return value // unit if value % unit == 0 else value / unit


def unit_row(unit: Unit, lang: Language) -> Row:
    return {
        "id": unit.id,
        "name": unit.name,
        "region": unit.region,
        "level": _chosen(choices.LEVELS, unit.level, lang),
        "compound": unit.compound,
        "parent_id": unit.parent_id,
        "population": _chosen(POPULATIONS, unit.population, lang),
        **{f"authorised_{number.duty.value}": number.count for number in unit.authorised},
    }


def site_row(site: Site, lang: Language) -> Row:
    """The charge points all go to their own sheet, in order, so that none is merged with another."""
    return {
        "id": site.id,
        "name": site.name,
        "region": site.region,
        "unit_id": site.unit_id,
        "lon_wgs84": site.lon_wgs84,
        "lat_wgs84": site.lat_wgs84,
        "site_power_w": _per(site.site_power_w, 1_000),
        "price_fen_per_kwh": _per(site.price_fen_per_kwh, 100),
        "rental_point": _yes(site.rental_point, lang),
        "piles_count": site.piles_count,
        "protected": _yes(site.protected, lang),
        **_park_cells(site, lang),
    }


def _park_cells(site: Site, lang: Language) -> Row:
    park = site.car_park
    if park is None:
        return {}
    return {
        "spaces_count": park.spaces_count,
        "nev_spaces_count": park.nev_spaces_count,
        "charging_spaces_count": park.charging_spaces_count,
        "new_car_park": _yes(park.new, lang),
        "venue": _yes(park.venue, lang),
        "underground": _yes(park.underground, lang),
    }


def charge_row(site: Site, number: int, group: ChargeGroup, lang: Language) -> Row:
    return {
        "site_id": site.id,
        "current": Text("直流" if group.dc else "交流", "DC" if group.dc else "AC").say(lang),
        "points": group.points,
        "power_w": _per(group.power_w, 1_000),
        "remark": f"#{number + 1}",
    }


def vehicle_row(vehicle: Vehicle, lang: Language) -> Row:
    row: dict[str, Any] = {
        "id": vehicle.id,
        "plate": vehicle.plate,
        "unit_id": vehicle.unit_id,
        "region": vehicle.region,
        "home_site_id": vehicle.home_site_id,
        "kind": _chosen(choices.VEHICLE_KINDS, vehicle.kind, lang),
        "energy": _chosen(choices.ENERGIES, vehicle.energy, lang),
        "seats": vehicle.seats,
        "profile": vehicle.profile,
        "duty": _chosen(choices.DUTIES, vehicle.duty, lang),
        "self_drive": _yes(vehicle.self_drive, lang),
        "equipment": _words(vehicle.equipment, lang),
        "odometer_m": _per(vehicle.odometer_m, 1_000),
        "state": _chosen(choices.VEHICLE_STATES, vehicle.state, lang),
        "pooled": _yes(vehicle.pooled, lang),
        "listed": _yes(vehicle.listed, lang),
        "marked": None if vehicle.marked is None else _yes(vehicle.marked, lang),
        "marking_exempt": _yes(vehicle.marking_exempt, lang),
        "fixed_route": _yes(vehicle.fixed_route, lang),
        "in_service_on": None if vehicle.in_service_on is None else vehicle.in_service_on.isoformat(),
    }
    if vehicle.acquisition is not None:
        bought = vehicle.acquisition
        row |= {
            "acquired_on": bought.on.isoformat(),
            "acquired_as": _chosen(ACQUISITIONS, bought.kind, lang),
            "central_batch": bought.central_batch,
            "price_fen": _per(bought.price_fen, 100),
            "displacement_ml": bought.displacement_ml,
            "waiver_reason": bought.waiver_reason,
            "waiver_text": bought.waiver_text,
        }
    if vehicle.battery is not None:
        battery = vehicle.battery
        row |= {
            "battery_wh": _per(battery.capacity_wh, 1_000),
            "charge_frac": 100 * battery.charge_wh / battery.capacity_wh,
            "reserve_frac": round(100 * battery.reserve_frac, 6),
            "max_ac_w": _per(battery.max_ac_w, 1_000),
            "max_dc_w": _per(battery.max_dc_w, 1_000),
        }
    return row


def driver_row(driver: Driver, lang: Language) -> Row:
    return {
        "id": driver.id,
        "name": driver.name,
        "unit_id": driver.unit_id,
        "region": driver.region,
        "home_site_id": driver.home_site_id,
        "licence": driver.licence,
        "shift_start_s": _clock(driver.shift.start_s),
        "shift_end_s": _clock(driver.shift.end_s),
        "phone": driver.phone,
        "person_id": driver.person_id,
        "on_duty": _yes(driver.on_duty, lang),
    }


def request_row(request: TripRequest, lang: Language) -> Row:
    first, last = request.stops[0], request.stops[-1]
    return {
        "id": request.id,
        "unit_id": request.unit_id,
        "region": request.region,
        "requester_id": request.requester_id,
        "kind": _chosen(choices.TRIP_KINDS, request.kind, lang),
        "purpose": request.purpose,
        "passengers": request.passengers,
        **_stop_cells("pickup_", first),
        **_stop_cells("dropoff_", last),
        "service_s": _per(first.service_s, 60),
        "max_ride_s": _per(request.max_ride_s, 60),
        "priority": _chosen(choices.PRIORITIES, request.priority, lang),
        "shareable": _yes(request.shareable, lang),
        "vehicle_kind": None
        if request.vehicle_kind is None
        else _chosen(choices.VEHICLE_KINDS, request.vehicle_kind, lang),
        "equipment": _words(request.equipment, lang),
        "approver_id": request.approver_id,
        "submitted_at": _instant(request.submitted_at),
    }


def _stop_cells(prefix: str, stop: TripStop) -> Row:
    return {
        f"{prefix}name": stop.name,
        f"{prefix}lon_wgs84": stop.lon_wgs84,
        f"{prefix}lat_wgs84": stop.lat_wgs84,
        f"{prefix}earliest_at": _instant(stop.earliest_at),
        f"{prefix}latest_at": _instant(stop.latest_at),
    }


def via_row(request: TripRequest, number: int, stop: TripStop, _lang: Language) -> Row:
    return {
        "request_id": request.id,
        "order": number,
        **_stop_cells("", stop),
        "service_s": _per(stop.service_s, 60),
    }


def _fill(sheet: Worksheet, table: SheetTable, rows: Iterable[Row], lang: Language) -> None:
    for index, column in enumerate(table.columns, start=1):
        sheet.cell(row=1, column=index, value=title(column, lang)).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = 18
    for number, row in enumerate(rows, start=2):
        for index, column in enumerate(table.columns, start=1):
            value = row.get(column.name)
            if value is None or value == "":
                continue
            cell = sheet.cell(row=number, column=index, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
                cell.number_format = "@"
    sheet.freeze_panes = "B2"


def write_workbook(
    *,
    lang: Language,
    units: Iterable[Unit] = (),
    sites: Iterable[Site] = (),
    vehicles: Iterable[Vehicle] = (),
    drivers: Iterable[Driver] = (),
    requests: Iterable[TripRequest] = (),
) -> bytes:
    """Return an .xlsx with the given nouns, one sheet a kind; sheets without rows are left out.

    What a sheet cannot say is not written: what became of a request after its approval, and a service time of the drop-off
    other than that of the pick-up.
    """
    kept_sites, kept_requests = list(sites), list(requests)
    rows: dict[str, list[Row]] = {
        "units": [unit_row(unit, lang) for unit in units],
        "sites": [site_row(site, lang) for site in kept_sites],
        "charge_groups": [
            charge_row(site, number, group, lang)
            for site in kept_sites
            for number, group in enumerate(site.charge_groups)
        ],
        "vehicles": [vehicle_row(vehicle, lang) for vehicle in vehicles],
        "drivers": [driver_row(driver, lang) for driver in drivers],
        "requests": [request_row(request, lang) for request in kept_requests],
        "stops": [
            via_row(request, number, stop, lang)
            for request in kept_requests
            for number, stop in enumerate(request.stops[1:-1], start=1)
        ],
    }
    book = Workbook()
    if isinstance(book.active, Worksheet):
        book.remove(book.active)
    for kind, several in rows.items():
        table = BY_KIND[kind]
        if several or kind == "units":
            _fill(book.create_sheet(table.zh if lang == "zh" else table.en), table, several, lang)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
