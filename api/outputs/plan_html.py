"""The plan as one HTML page that needs neither network nor server: figures, a map, a Gantt chart, stops and reasons."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from api.outputs.book import (
    STOP_WORDS,
    PlanBook,
    distance_m,
    is_off_network,
    off_network_count,
    say_left_out,
    say_reason,
    with_passengers_m,
)
from api.wording import Language, Text
from fleet.itineraries import Itinerary, ItineraryStop

LOCAL = ZoneInfo("Asia/Shanghai")
_SLOT = '"__PLAN__"'


def _both(text: Text) -> list[str]:
    return [text.zh, text.en]


def _stop(book: PlanBook, itinerary: Itinerary, number: int, stop: ItineraryStop, midnight_s: float) -> dict[str, Any]:
    battery = book.vehicles[itinerary.vehicle_id].battery
    charge = None
    if battery is not None and stop.charge_wh is not None:
        charge = round(100 * stop.charge_wh / battery.capacity_wh)
    line = book.lines.legs.get((itinerary.vehicle_id, number))
    return {
        "k": stop.kind.value,
        "n": stop.name,
        "p": [round(stop.lon_wgs84, 5), round(stop.lat_wgs84, 5)],
        "t": [round(at.timestamp() - midnight_s) for at in (stop.arrive_at, stop.begin_at, stop.depart_at)],
        "l": stop.load_count,
        "m": stop.leg_m,
        "s": stop.leg_s,
        "c": charge,
        "w": stop.charged_wh,
        "q": stop.leg_confidence if stop.leg_m else "",
        "r": stop.request_id or "",
        "g": [[round(lon, 5), round(lat, 5)] for lon, lat in line] if line else None,
    }


def _figures(book: PlanBook) -> list[tuple[Text, str]]:
    figures = book.record.figures
    asked = figures.served_count + figures.unserved_count
    loaded_m = sum(with_passengers_m(itinerary) for itinerary in book.itineraries)
    off = off_network_count(book)
    return [
        (Text("申请", "Requests"), str(asked)),
        (Text("已派车", "Served"), str(figures.served_count)),
        (Text("未派车", "Unserved"), str(figures.unserved_count - off)),
        (Text("路网外", "Off the network"), str(off)),
        (Text("用车", "Vehicles used"), f"{figures.vehicles_used_count} / {len(book.vehicles)}"),
        (Text("里程", "Distance"), f"{figures.drive_m / 1000:,.0f} km"),
        (Text("载客里程", "With passengers"), f"{loaded_m / 1000:,.0f} km"),
        (Text("运行成本", "Operating cost"), f"¥{figures.cost_fen / 100:,.0f}"),
        (Text("求解用时", "Search time"), f"{figures.seconds:.1f} s"),
        (Text("校核违规", "Violations"), str(len(book.violations))),
    ]


def page_data(book: PlanBook, *, language: Language) -> dict[str, Any]:
    """Return what the page draws; times are seconds after local midnight of the plan's day."""
    ordered = sorted(book.itineraries, key=lambda itinerary: (itinerary.stops[0].depart_at, itinerary.vehicle_id))
    midnight_s = 0.0
    if ordered:
        first = ordered[0].stops[0].depart_at.astimezone(LOCAL)
        midnight_s = first.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    routes = []
    for itinerary in ordered:
        vehicle = book.vehicles[itinerary.vehicle_id]
        driver = book.drivers.get(itinerary.driver_id) if itinerary.driver_id is not None else None
        routes.append(
            {
                "id": vehicle.id,
                "plate": vehicle.plate,
                "driver": driver.name if driver is not None else "",
                "seats": vehicle.seats,
                "nev": vehicle.energy.is_nev,
                "m": distance_m(itinerary),
                "stops": [_stop(book, itinerary, n, stop, midnight_s) for n, stop in enumerate(itinerary.stops)],
            }
        )
    unserved = []
    for entry in sorted(book.record.unserved, key=lambda entry: (is_off_network(entry), entry.request_id)):
        request = book.requests[entry.request_id]
        at = request.stops[0].earliest_at.astimezone(LOCAL)
        unserved.append(
            {
                "id": request.id,
                "at": at.strftime("%H:%M"),
                "from": request.stops[0].name,
                "to": request.stops[-1].name,
                "p": [round(request.stops[0].lon_wgs84, 5), round(request.stops[0].lat_wgs84, 5)],
                "code": entry.reasons[0].code if entry.reasons else "",
                "why": [[say_reason(reason, "zh"), say_reason(reason, "en")] for reason in entry.reasons],
            }
        )
    return {
        "lang": language,
        "day": book.record.day,
        "id": book.record.id,
        "created": book.record.created_at.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M"),
        "network": book.network_name,
        "figures": [[*_both(text), value] for text, value in _figures(book)],
        "assumptions": [_both(text) for text in book.assumptions],
        "violations": list(book.violations),
        "notes": list(book.notes),
        "leftOut": [
            [book.vehicles[id].plate, say_left_out(code, "zh"), say_left_out(code, "en")]
            for id, code in sorted(book.left_out.items())
        ],
        "setAside": [[id, text.zh, text.en] for id, text in sorted(book.set_aside.items())],
        "kinds": {kind.value: _both(text) for kind, text in STOP_WORDS.items()},
        "requests": {
            request.id: [request.purpose, request.passengers, request.stops[0].name, request.stops[-1].name]
            for request in book.requests.values()
        },
        "routes": routes,
        "unserved": unserved,
        "roads": [[[round(lon, 5), round(lat, 5)] for lon, lat in line] for line in book.lines.network],
    }


def write_plan_html(book: PlanBook, *, language: Language) -> bytes:
    """Return the page. The data stands inside a script: every ``<`` is escaped, so that no text in it can end it."""
    template = resources.files("api.outputs").joinpath("plan_page.html").read_text(encoding="utf-8")
    data = json.dumps(page_data(book, language=language), ensure_ascii=False, separators=(",", ":"))
    data = data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return template.replace(_SLOT, data, 1).encode()
