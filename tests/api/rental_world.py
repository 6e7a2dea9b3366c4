"""Rental points, cars, providers and tariffs on both sides of the border, and the steps of an order as one call each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from fleet import documents
from fleet.ids import ProviderId, RegionCode, SiteId, TariffId, UnitId, VehicleId
from fleet.providers import (
    Clause,
    Contract,
    Provider,
    ProviderFeed,
    ProviderKind,
    SupportMode,
    activate_contract,
    add_contract,
)
from fleet.rental_points import RentalPoint
from fleet.store import Commit, Write
from fleet.tariffs import DistanceTier, RentalTariff, TimeTier
from fleet.units import Level, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Battery, Duty, Energy, Vehicle, VehicleKind
from tests.api.conftest import NOW, SUINING, TONGNAN, World, at, trip

CLAUSES = ("acceptance", "payment", "price", "insurance", "return")
PHOTO = sha256(b"photo").hexdigest()
S_TN, S_SN = (105.8406, 30.1910), (105.5929, 30.5328)


def a_rental_car(id: str, side: str, **changes: Any) -> Vehicle:
    fields: dict[str, Any] = {
        "id": VehicleId(id),
        "plate": ("渝AD" if side == "TN" else "川JD") + f"R{sum(map(ord, id)) % 10_000:04d}",
        "unit_id": UnitId(f"U-{side}"),
        "region": RegionCode(TONGNAN if side == "TN" else SUINING),
        "home_site_id": SiteId(f"S-{side}"),
        "kind": VehicleKind.SEDAN,
        "energy": Energy.BEV,
        "seats": 4,
        "profile": "sedan_bev",
        "duty": Duty.RENTAL,
        "self_drive": True,
        "battery": Battery(capacity_wh=50_000, charge_wh=45_000),
        "odometer_m": 12_345_000,
        "provider_id": ProviderId(f"PV-{side}"),
        "acquisition": Acquisition(
            on=date(2024, 1, 1), kind=AcquisitionKind.ADDED, price_fen=12_000_000, displacement_ml=0
        ),
    }
    return Vehicle(**(fields | changes))


def a_provider(side: str, **contract: Any) -> Provider:
    region = RegionCode(TONGNAN if side == "TN" else SUINING)
    fields: dict[str, Any] = {
        "id": f"C-{side}",
        "mode": SupportMode.TIME_SHARE_RENTAL,
        "starts_on": date(2025, 6, 1),
        "ends_on": date(2027, 5, 31),
        "clauses": tuple(Clause(name=name, text="按合同约定") for name in CLAUSES),
    }
    provider = Provider(
        id=ProviderId(f"PV-{side}"), name=f"绿行租赁{side}", kind=ProviderKind.RENTAL_FIRM, region=region
    )
    drafted = add_contract(provider, Contract(**(fields | contract)))
    return activate_contract(drafted, f"C-{side}", required=CLAUSES)


def a_tariff(side: str) -> RentalTariff:
    return RentalTariff(
        id=TariffId(f"T-{side}"),
        provider_id=ProviderId(f"PV-{side}"),
        name="分时租赁（小时）",
        region=RegionCode(TONGNAN if side == "TN" else SUINING),
        valid_from=date(2026, 1, 1),
        step_s=3600,
        time_tiers=(TimeTier(from_s=0, step_fen=1500),),
        distance_tiers=(DistanceTier(from_m=0, km_fen=60),),
        day_cap_fen=8300,
        year_cap_fen=2_095_000,
        free_cancel_s=1800,
        late_cancel_fen=500,
        no_show_fen=1500,
        one_way_fen=2000,
    )


def rental_facts() -> list[Any]:
    return [
        *(a_rental_car(f"V-{side}-R{number}", side) for side in ("TN", "SN") for number in (1, 2)),
        *(a_provider(side) for side in ("TN", "SN")),
        *(ProviderFeed(id=ProviderId(f"PV-{side}"), seen_at=NOW) for side in ("TN", "SN")),
        *(a_tariff(side) for side in ("TN", "SN")),
        RentalPoint(id=SiteId("S-TN"), region=RegionCode(TONGNAN), township="梓潼街道", radius_m=150),
        RentalPoint(id=SiteId("S-SN"), region=RegionCode(SUINING), township="育才路街道", radius_m=150),
        Unit(
            id=UnitId("U-TN-T1"),
            name="双江镇人民政府",
            region=RegionCode(TONGNAN),
            level=Level.TOWNSHIP,
            parent_id=UnitId("U-TN"),
        ),
    ]


def put(world: World, *nouns: Any) -> None:
    """Write nouns over whatever is there."""
    writes = []
    for noun in nouns:
        kind = documents.kind_of(noun)
        kept = world.store.find(kind, noun.id)
        version = 0 if kept is None else kept.version
        writes.append(Write(kind=kind, id=noun.id, expected_version=version, body=documents.encode(noun)))
    world.store.commit(Commit(type="test.put", actor="test", at=world.clock.now, writes=writes))


def open_points(world: World) -> None:
    """Make the sites rental points and put everything else there."""
    sites = [documents.decode("site", world.store.get("site", id).body) for id in ("S-TN", "S-SN")]
    put(world, *(replace(site, rental_point=True) for site in sites), *rental_facts())


def evening(side: str = "TN", *, start: int = 21, hours: int = 2, **changes: Any) -> dict[str, Any]:
    """A round trip in the evening, when no driver is on duty: taken and returned at the side's point."""
    lon, lat = S_TN if side == "TN" else S_SN
    place = {"name": "网点", "lon_wgs84": lon, "lat_wgs84": lat}
    stops = [
        {**place, "earliest_at": at(start), "latest_at": at(start, 10)},
        {**place, "earliest_at": at(start), "latest_at": at(start + hours)},
    ]
    return trip(**({"kind": "rental", "purpose": "夜间防汛检查", "stops": stops} | changes))


def approved(world: World, body: dict[str, Any], *, asker: str = "tn-asker", boss: str = "tn-boss") -> str:
    answer = world.post("/v1/requests", asker, body)
    assert answer.status_code == 201, answer.text
    id = str(answer.json()["id"])
    assert world.post(f"/v1/requests/{id}:approve", boss).status_code == 200
    return id


def ask(request_id: str, side: str = "TN", **changes: Any) -> dict[str, Any]:
    reason = "urgent"
    return {
        "request_id": request_id,
        "from_site_id": f"S-{side}",
        "reason": reason,
        "reason_text": "夜间防汛检查",
        "expected_m": 40_000,
    } | changes


def reading(odometer_m: int, charge_frac: float) -> dict[str, Any]:
    return {"odometer_m": odometer_m, "charge_frac": charge_frac, "photos": [PHOTO]}


class Order:
    """An order driven step by step by its renter and a dispatcher."""

    def __init__(self, world: World, id: str, *, renter: str = "tn-asker", staff: str = "tn-dispatcher") -> None:
        self.world, self.id, self.renter, self.staff = world, id, renter, staff

    def step(self, name: str, body: Any = None, *, staff: bool = False, expected: int = 200) -> dict[str, Any]:
        login = self.staff if staff else self.renter
        answer = self.world.post(f"/v1/rentals/{self.id}:{name}", login, body)
        assert answer.status_code == expected, f"{name}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def licence(self) -> dict[str, Any]:
        return self.step("checkLicence", {"licence": "C1", "valid_until": "2030-01-01"}, staff=True)

    def heard(self) -> None:
        """The provider's platform reports: time has passed."""
        put(
            self.world,
            *(ProviderFeed(id=ProviderId(f"PV-{side}"), seen_at=self.world.clock.now) for side in ("TN", "SN")),
        )

    def take(self, odometer_m: int = 12_345_000) -> dict[str, Any]:
        self.step("inspect", reading(odometer_m, 0.9))
        return self.step("unlock")

    def give_back(self, odometer_m: int = 12_385_500, site: str = "S-TN", **changes: Any) -> dict[str, Any]:
        lon, lat = S_TN if site == "S-TN" else S_SN
        body = {"site_id": site, "lon_wgs84": lon, "lat_wgs84": lat, **reading(odometer_m, 0.7)}
        return self.step("return", body | changes)


def hold(world: World, body: dict[str, Any], *, login: str = "tn-asker", **more: Any) -> Order:
    answer = world.post("/v1/rentals", login, body)
    assert answer.status_code == 201, answer.text
    return Order(world, str(answer.json()["id"]), renter=login, **more)


def until(world: World, hour: int, minute: int = 0) -> None:
    """Let the clock of the world run to an hour of its day."""
    world.clock.now = NOW.replace(hour=hour, minute=minute)
    world.tokens.clear()  # sessions end after some hours: everybody signs in anew


def later(world: World, minutes: float) -> None:
    world.clock.now += timedelta(minutes=minutes)


def refused(answer: Any) -> dict[str, str]:
    """The rules that an answer names, with their codes."""
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:chuanyu:problem:rule-refused", answer.text
    return {str(error["field"]): str(error["value"]) for error in problem["errors"]}
