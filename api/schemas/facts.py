"""Units, sites, vehicles and drivers as callers register them. Each turns itself into the noun of ``fleet``."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from api.schemas.base import Id, Input, Latitude, Longitude, Name, RegionInput, examples
from fleet.drivers import Driver, Shift
from fleet.ids import DriverId, PersonId, ProviderId, RegionCode, SiteId, UnitId, VehicleId
from fleet.sites import CarPark, ChargeGroup, Site
from fleet.units import AuthorisedNumber, Level, Population, Unit
from fleet.vehicles import (
    Acquisition,
    AcquisitionKind,
    Battery,
    Decision,
    Duty,
    Energy,
    Vehicle,
    VehicleKind,
    VehicleState,
)


class AuthorisedInput(Input):
    duty: Duty
    count: int = Field(ge=0, le=100_000, description="Authorised number of vehicles of this class (R032).")

    def to_noun(self) -> AuthorisedNumber:
        return AuthorisedNumber(duty=self.duty, count=self.count)


class UnitInput(Input):
    model_config = examples(
        {
            "id": "U-510904-03",
            "name": "遂宁市安居区机关事务服务中心",
            "region": "510904",
            "level": "county",
            "compound": "安居区政务中心",
        }
    )

    id: Id
    name: Name
    region: RegionInput
    level: Level
    compound: str | None = Field(default=None, max_length=200, description="Office compound shared with other units.")
    parent_id: Id | None = None
    population: Population = Field(default=Population.ORGAN, description="Organ, or other public institution (R014).")
    authorised: list[AuthorisedInput] = Field(default_factory=list, max_length=20, description="Quota by class (R032).")

    def to_noun(self) -> Unit:
        return Unit(
            id=UnitId(self.id),
            name=self.name,
            region=RegionCode(self.region),
            level=self.level,
            compound=self.compound,
            parent_id=None if self.parent_id is None else UnitId(self.parent_id),
            population=self.population,
            authorised=tuple(number.to_noun() for number in self.authorised),
        )


class ChargeGroupInput(Input):
    points: int = Field(ge=1, le=500, description="Charge points of this kind.")
    power_w: int = Field(ge=1_000, le=1_000_000, description="Power of one point in watts.")
    dc: bool = Field(description="Direct current.")
    out_points: int = Field(default=0, ge=0, le=1_000, description="Dead or blocked at present.")

    def to_noun(self) -> ChargeGroup:
        return ChargeGroup(points=self.points, power_w=self.power_w, dc=self.dc, out_points=self.out_points)


class CarParkInput(Input):
    spaces_count: int = Field(ge=0, le=100_000)
    nev_spaces_count: int = Field(default=0, ge=0, le=100_000, description="Dedicated to new-energy vehicles (R055).")
    charging_spaces_count: int = Field(default=0, ge=0, le=100_000, description="With a charger (R056, R058).")
    new: bool = Field(default=False, description="A new car park, not an existing one (R056, R057).")
    venue: bool = Field(default=False, description="Of a culture or sports venue (R056).")
    underground: bool = False

    def to_noun(self) -> CarPark:
        return CarPark(
            spaces_count=self.spaces_count,
            nev_spaces_count=self.nev_spaces_count,
            charging_spaces_count=self.charging_spaces_count,
            new=self.new,
            venue=self.venue,
            underground=self.underground,
        )


class SiteInput(Input):
    model_config = examples(
        {
            "id": "S-510904-02",
            "name": "安居区政务中心停车场",
            "region": "510904",
            "unit_id": "U-510904-03",
            "lon_wgs84": 105.4564,
            "lat_wgs84": 30.3552,
            "charge_groups": [{"points": 4, "power_w": 7000, "dc": False}, {"points": 1, "power_w": 60000, "dc": True}],
            "site_power_w": 80000,
        }
    )

    id: Id
    name: Name
    region: RegionInput
    unit_id: Id | None = None
    lon_wgs84: Longitude
    lat_wgs84: Latitude
    charge_groups: list[ChargeGroupInput] = Field(default_factory=list, max_length=50)
    site_power_w: int | None = Field(default=None, ge=1_000, description="Bounds all its points together.")
    price_fen_per_kwh: int = Field(default=80, ge=0, le=10_000)
    rental_point: bool = False
    piles_count: int | None = Field(
        default=None, ge=0, le=10_000, description="Charging devices, if not one per point (R053)."
    )
    car_park: CarParkInput | None = None
    protected: bool = Field(default=False, description="Keeps full power in an energy emergency (R175).")

    def to_noun(self) -> Site:
        return Site(
            id=SiteId(self.id),
            name=self.name,
            region=RegionCode(self.region),
            unit_id=None if self.unit_id is None else UnitId(self.unit_id),
            lon_wgs84=self.lon_wgs84,
            lat_wgs84=self.lat_wgs84,
            charge_groups=tuple(group.to_noun() for group in self.charge_groups),
            site_power_w=self.site_power_w,
            price_fen_per_kwh=self.price_fen_per_kwh,
            rental_point=self.rental_point,
            piles_count=self.piles_count,
            car_park=None if self.car_park is None else self.car_park.to_noun(),
            protected=self.protected,
        )


class BatteryInput(Input):
    capacity_wh: int = Field(ge=1_000, le=1_000_000)
    charge_wh: int = Field(ge=0, le=1_000_000, description="Content now; at most the capacity.")
    reserve_frac: float = Field(default=0.2, ge=0, lt=1)
    max_ac_w: int = Field(default=7_000, ge=0, le=100_000)
    max_dc_w: int = Field(default=60_000, ge=0, le=1_000_000)

    def to_noun(self) -> Battery:
        return Battery(
            capacity_wh=self.capacity_wh,
            charge_wh=self.charge_wh,
            reserve_frac=self.reserve_frac,
            max_ac_w=self.max_ac_w,
            max_dc_w=self.max_dc_w,
        )


class DecisionInput(Input):
    name: str = Field(pattern=r"^(quota|standard|funds|procurement)$")
    document_no: str = Field(min_length=1, max_length=100)

    def to_noun(self) -> Decision:
        return Decision(name=self.name, document_no=self.document_no)


class AcquisitionInput(Input):
    on: date
    kind: AcquisitionKind
    central_batch: str | None = Field(
        default=None, max_length=64, description="Batch of central procurement (R027, R028)."
    )
    price_fen: int | None = Field(default=None, ge=0, le=10**10)
    displacement_ml: int | None = Field(default=None, ge=0, le=20_000)
    waiver_reason: str | None = Field(default=None, max_length=64, description="Why it is not an NEV (R022, R029).")
    waiver_text: str = Field(default="", max_length=500)
    decisions: list[DecisionInput] = Field(
        default_factory=list, max_length=4, description="Quota, standard, funds and procurement (R035)."
    )
    replaces_id: Id | None = Field(default=None, description="The vehicle that goes (R038).")
    quota_document_no: str = Field(default="", max_length=100, description="What raised the quota (R033).")
    special_case: bool = Field(default=False, description="Consent to the higher standard (R034).")

    def to_noun(self) -> Acquisition:
        return Acquisition(
            on=self.on,
            kind=self.kind,
            central_batch=self.central_batch,
            price_fen=self.price_fen,
            displacement_ml=self.displacement_ml,
            waiver_reason=self.waiver_reason,
            waiver_text=self.waiver_text,
            decisions=tuple(decision.to_noun() for decision in self.decisions),
            replaces_id=None if self.replaces_id is None else VehicleId(self.replaces_id),
            quota_document_no=self.quota_document_no,
            special_case=self.special_case,
        )


class VehicleInput(Input):
    model_config = examples(
        {
            "id": "V-510904-07",
            "plate": "川JD12345",
            "unit_id": "U-510904-03",
            "region": "510904",
            "home_site_id": "S-510904-02",
            "kind": "sedan",
            "energy": "bev",
            "seats": 4,
            "profile": "sedan_bev",
            "battery": {"capacity_wh": 60000, "charge_wh": 54000},
        }
    )

    id: Id
    plate: Name
    unit_id: Id
    region: RegionInput
    home_site_id: Id
    kind: VehicleKind
    energy: Energy
    seats: int = Field(ge=1, le=100, description="Passengers; the driver's seat is extra.")
    profile: str = Field(min_length=1, max_length=64, description="Drive profile, such as sedan_bev.")
    duty: Duty = Duty.POOLED
    self_drive: bool = False
    battery: BatteryInput | None = None
    equipment: frozenset[str] = Field(default=frozenset(), max_length=50)
    odometer_m: int = Field(default=0, ge=0)
    state: VehicleState = VehicleState.AVAILABLE
    pooled: bool = Field(default=True, description="Serves other units (R070).")
    listed: bool = Field(default=False, description="On the over-quota and over-standard list (R039).")
    marked: bool | None = Field(default=None, description="Bears the marking of official vehicles (R045).")
    marking_exempt: bool = False
    provider_id: Id | None = Field(default=None, description="Provider of a rental car.")
    fixed_route: bool = Field(default=False, description="Enforcement on a relatively fixed route (R029).")
    in_service_on: date | None = None
    acquisition: AcquisitionInput | None = None

    def to_noun(self) -> Vehicle:
        return Vehicle(
            id=VehicleId(self.id),
            plate=self.plate,
            unit_id=UnitId(self.unit_id),
            region=RegionCode(self.region),
            home_site_id=SiteId(self.home_site_id),
            kind=self.kind,
            energy=self.energy,
            seats=self.seats,
            profile=self.profile,
            duty=self.duty,
            self_drive=self.self_drive,
            battery=None if self.battery is None else self.battery.to_noun(),
            equipment=self.equipment,
            odometer_m=self.odometer_m,
            state=self.state,
            pooled=self.pooled,
            listed=self.listed,
            marked=self.marked,
            marking_exempt=self.marking_exempt,
            fixed_route=self.fixed_route,
            in_service_on=self.in_service_on,
            acquisition=None if self.acquisition is None else self.acquisition.to_noun(),
            provider_id=None if self.provider_id is None else ProviderId(self.provider_id),
        )


class ShiftInput(Input):
    start_s: int = Field(ge=0, lt=86_400, description="Seconds after local midnight.")
    end_s: int = Field(gt=0, le=172_800, description="Seconds after local midnight; may run past 86400.")

    def to_noun(self) -> Shift:
        return Shift(start_s=self.start_s, end_s=self.end_s)


class DriverInput(Input):
    model_config = examples(
        {
            "id": "D-510904-07",
            "name": "王建国",
            "unit_id": "U-510904-03",
            "region": "510904",
            "home_site_id": "S-510904-02",
            "licence": "C1",
            "shift": {"start_s": 28800, "end_s": 64800},
            "phone": "13800000000",
        }
    )

    id: Id
    name: Name
    unit_id: Id
    region: RegionInput
    home_site_id: Id
    licence: str = Field(pattern=r"^(A1|A2|A3|B1|B2|C1|C2|C3|C5|C6)$", description="Class of GA/T 16.")
    shift: ShiftInput
    phone: str = Field(default="", max_length=40)
    person_id: Id | None = None
    on_duty: bool = True
    overtime_consent_on: date | None = Field(
        default=None, description="Since when consent to overtime is on record (R117)."
    )

    def to_noun(self) -> Driver:
        return Driver(
            id=DriverId(self.id),
            name=self.name,
            unit_id=UnitId(self.unit_id),
            region=RegionCode(self.region),
            home_site_id=SiteId(self.home_site_id),
            licence=self.licence,
            shift=self.shift.to_noun(),
            phone=self.phone,
            person_id=None if self.person_id is None else PersonId(self.person_id),
            on_duty=self.on_duty,
            overtime_consent_on=self.overtime_consent_on,
        )
