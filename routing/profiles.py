"""Drive profiles: what a kind of vehicle needs on the road. Seats, plates and batteries belong to the vehicle itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from routing.errors import UnknownProfile


class Drive(StrEnum):
    """Where the energy comes from."""

    PETROL = "petrol"
    DIESEL = "diesel"
    PHEV = "phev"
    BEV = "bev"


@dataclass(frozen=True, kw_only=True)
class DriveProfile:
    """One kind of vehicle, laden as it is usually driven (kerb mass plus driver, two passengers and luggage).

    ``height_m`` (with roof, without antenna) and ``mass_kg`` decide where it fits. ``frontal_area_m2`` is 0.85 times width
    times height where the maker gives none (Wong, *Theory of Ground Vehicles*, ch. 3: 79 to 84 % for cars; vans are boxier).
    ``drivetrain_eff_frac`` is wheel energy per battery energy (electric) or per crankshaft energy (combustion);
    ``recuperation_eff_frac`` is battery energy per braking energy at the wheels.
    ``fuel_l_per_kwh`` is the *marginal* fuel per crankshaft energy and ``idle_fuel_l_per_h`` what the engine burns to turn
    itself: the Willans line (Guzzella and Sciarretta, *Vehicle Propulsion Systems*, 3rd ed., sec. 3.1.2).
    ``heat_w_per_k`` and ``cool_w_per_k`` are what the cabin takes from the battery (from the engine) per kelvin below or
    above comfort; see :mod:`routing.energy`. ``electric_share_frac`` is the share of the way that a plug-in hybrid drives on
    its battery: 1 for battery vehicles, 0 for combustion. ``max_speed_mps`` caps the speed of every road.

    ``catalogue_wh_per_km`` and ``catalogue_l_per_100km`` are published consumptions (``source`` says whose), which the
    model has to meet on the mixed cycle of :data:`routing.energy.MIXED_CYCLE`; for a plug-in hybrid they are those of
    driving on the battery alone and on fuel alone.
    """

    name: str
    name_zh: str
    name_en: str
    drive: Drive
    mass_kg: float
    height_m: float
    frontal_area_m2: float
    drag_coefficient: float
    rolling_coefficient: float
    drivetrain_eff_frac: float
    recuperation_eff_frac: float
    aux_w: float
    heat_w_per_k: float
    cool_w_per_k: float
    fuel_l_per_kwh: float
    idle_fuel_l_per_h: float
    electric_share_frac: float
    max_speed_mps: float
    catalogue_wh_per_km: float | None
    catalogue_l_per_100km: float | None
    source: str


def get_profile(name: str) -> DriveProfile:
    """Return the profile of that name.

    Raises
    ------
    UnknownProfile
        Naming those that exist.
    """
    if name not in PROFILES:
        raise UnknownProfile(name=name, known=tuple(PROFILES))
    return PROFILES[name]


_KMH = 1 / 3.6
_PETROL_L_PER_KWH = 0.30
"""Marginal fuel of a petrol engine: 8.9 kWh per litre (lower heating value 43 MJ/kg, 0.745 kg/l, GB/T 2589-2020) at 37 %."""
_DIESEL_L_PER_KWH = 0.245
"""As above for diesel: 9.96 kWh per litre (42.7 MJ/kg, 0.84 kg/l, GB/T 2589-2020) at 41 %."""
_CAR_MAX = 120 * _KMH
"""Highest speed that Chinese law allows a car (Road Traffic Safety Law, implementing regulation, art. 78)."""
_COACH_MAX = 100 * _KMH
"""Same article: passenger coaches at most 100 km/h."""


def _profiles() -> dict[str, DriveProfile]:
    listed = (
        DriveProfile(
            name="sedan_petrol",
            name_zh="汽油轿车",
            name_en="Petrol sedan",
            drive=Drive.PETROL,
            mass_kg=1_600,
            height_m=1.48,
            frontal_area_m2=2.27,
            drag_coefficient=0.28,
            rolling_coefficient=0.011,
            drivetrain_eff_frac=0.90,
            recuperation_eff_frac=0.0,
            aux_w=400,
            heat_w_per_k=0,
            cool_w_per_k=75,
            fuel_l_per_kwh=_PETROL_L_PER_KWH,
            idle_fuel_l_per_h=1.2,
            electric_share_frac=0.0,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=None,
            catalogue_l_per_100km=6.7,
            source="Volkswagen Jetta (Sagitar) 1.5 T 2022: 35 mpg combined, US EPA/DOE fueleconomy.gov",
        ),
        DriveProfile(
            name="suv_petrol",
            name_zh="汽油越野车",
            name_en="Petrol SUV",
            drive=Drive.PETROL,
            mass_kg=1_800,
            height_m=1.69,
            frontal_area_m2=2.66,
            drag_coefficient=0.33,
            rolling_coefficient=0.011,
            drivetrain_eff_frac=0.89,
            recuperation_eff_frac=0.0,
            aux_w=450,
            heat_w_per_k=0,
            cool_w_per_k=90,
            fuel_l_per_kwh=_PETROL_L_PER_KWH,
            idle_fuel_l_per_h=1.3,
            electric_share_frac=0.0,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=None,
            catalogue_l_per_100km=7.8,
            source="Toyota RAV4 2.5 2WD 2022: 30 mpg combined, US EPA/DOE fueleconomy.gov",
        ),
        DriveProfile(
            name="mpv_petrol",
            name_zh="汽油商务车",
            name_en="Petrol MPV",
            drive=Drive.PETROL,
            mass_kg=2_160,
            height_m=1.85,
            frontal_area_m2=2.91,
            drag_coefficient=0.32,
            rolling_coefficient=0.011,
            drivetrain_eff_frac=0.89,
            recuperation_eff_frac=0.0,
            aux_w=600,
            heat_w_per_k=0,
            cool_w_per_k=130,
            fuel_l_per_kwh=_PETROL_L_PER_KWH,
            idle_fuel_l_per_h=1.3,
            electric_share_frac=0.0,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=None,
            catalogue_l_per_100km=8.5,
            source="planning figure for a seven-seat 2.0 T MPV of the Buick GL8 class on the WLTC",
        ),
        DriveProfile(
            name="minibus_diesel",
            name_zh="柴油中巴",
            name_en="Diesel minibus",
            drive=Drive.DIESEL,
            mass_kg=3_200,
            height_m=2.62,
            frontal_area_m2=4.40,
            drag_coefficient=0.38,
            rolling_coefficient=0.011,
            drivetrain_eff_frac=0.90,
            recuperation_eff_frac=0.0,
            aux_w=900,
            heat_w_per_k=0,
            cool_w_per_k=250,
            fuel_l_per_kwh=_DIESEL_L_PER_KWH,
            idle_fuel_l_per_h=1.0,
            electric_share_frac=0.0,
            max_speed_mps=_COACH_MAX,
            catalogue_wh_per_km=None,
            catalogue_l_per_100km=9.5,
            source="planning figure for a 15-seat 2.5 l diesel minibus of the Maxus V80 class",
        ),
        DriveProfile(
            name="coach_diesel",
            name_zh="柴油大客车",
            name_en="Diesel coach",
            drive=Drive.DIESEL,
            mass_kg=14_000,
            height_m=3.6,
            frontal_area_m2=8.0,
            drag_coefficient=0.50,
            rolling_coefficient=0.0065,
            drivetrain_eff_frac=0.90,
            recuperation_eff_frac=0.0,
            aux_w=4_000,
            heat_w_per_k=0,
            cool_w_per_k=900,
            fuel_l_per_kwh=_DIESEL_L_PER_KWH,
            idle_fuel_l_per_h=2.0,
            electric_share_frac=0.0,
            max_speed_mps=_COACH_MAX,
            catalogue_wh_per_km=None,
            catalogue_l_per_100km=26.0,
            source="planning figure for a 12 m coach on mixed roads; expressway trips take 20 to 25 l/100 km",
        ),
        DriveProfile(
            name="sedan_phev",
            name_zh="插电混动轿车",
            name_en="Plug-in hybrid sedan",
            drive=Drive.PHEV,
            mass_kg=1_720,
            height_m=1.5,
            frontal_area_m2=2.27,
            drag_coefficient=0.27,
            rolling_coefficient=0.0115,
            drivetrain_eff_frac=0.82,
            recuperation_eff_frac=0.68,
            aux_w=450,
            heat_w_per_k=125,
            cool_w_per_k=85,
            fuel_l_per_kwh=0.29,
            idle_fuel_l_per_h=0.25,
            electric_share_frac=0.5,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=145.0,
            catalogue_l_per_100km=4.6,
            source="planning figures for a compact plug-in sedan of the BYD Qin PLUS DM-i class on the WLTC; electric share: "
            "mid of private (45-49 %) and full use, ICCT, Real-world usage of plug-in hybrid vehicles in Europe, 2022",
        ),
        DriveProfile(
            name="sedan_bev",
            name_zh="纯电轿车",
            name_en="Battery sedan",
            drive=Drive.BEV,
            mass_kg=2_150,
            height_m=1.46,
            frontal_area_m2=2.33,
            drag_coefficient=0.219,
            rolling_coefficient=0.0115,
            drivetrain_eff_frac=0.80,
            recuperation_eff_frac=0.65,
            aux_w=500,
            heat_w_per_k=155,
            cool_w_per_k=105,
            fuel_l_per_kwh=0,
            idle_fuel_l_per_h=0,
            electric_share_frac=1.0,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=165.0,
            catalogue_l_per_100km=None,
            source="open-ev-data: BYD Seal 82.5 kWh RWD Design (2023), average 16.5 kWh/100 km",
        ),
        DriveProfile(
            name="suv_bev",
            name_zh="纯电越野车",
            name_en="Battery SUV",
            drive=Drive.BEV,
            mass_kg=1_950,
            height_m=1.62,
            frontal_area_m2=2.57,
            drag_coefficient=0.29,
            rolling_coefficient=0.0125,
            drivetrain_eff_frac=0.80,
            recuperation_eff_frac=0.65,
            aux_w=550,
            heat_w_per_k=175,
            cool_w_per_k=125,
            fuel_l_per_kwh=0,
            idle_fuel_l_per_h=0,
            electric_share_frac=1.0,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=185.5,
            catalogue_l_per_100km=None,
            source="open-ev-data: BYD Atto 3 60.5 kWh (2022), average 18.55 kWh/100 km",
        ),
        DriveProfile(
            name="mpv_bev",
            name_zh="纯电商务车",
            name_en="Battery MPV",
            drive=Drive.BEV,
            mass_kg=2_700,
            height_m=1.84,
            frontal_area_m2=3.13,
            drag_coefficient=0.30,
            rolling_coefficient=0.011,
            drivetrain_eff_frac=0.80,
            recuperation_eff_frac=0.65,
            aux_w=700,
            heat_w_per_k=220,
            cool_w_per_k=155,
            fuel_l_per_kwh=0,
            idle_fuel_l_per_h=0,
            electric_share_frac=1.0,
            max_speed_mps=_CAR_MAX,
            catalogue_wh_per_km=230.0,
            catalogue_l_per_100km=None,
            source="open-ev-data: Maxus MIFA 9 (2023), average 23.0 kWh/100 km",
        ),
        DriveProfile(
            name="minibus_bev",
            name_zh="纯电中巴",
            name_en="Battery minibus",
            drive=Drive.BEV,
            mass_kg=3_500,
            height_m=2.34,
            frontal_area_m2=3.98,
            drag_coefficient=0.42,
            rolling_coefficient=0.012,
            drivetrain_eff_frac=0.80,
            recuperation_eff_frac=0.65,
            aux_w=900,
            heat_w_per_k=330,
            cool_w_per_k=240,
            fuel_l_per_kwh=0,
            idle_fuel_l_per_h=0,
            electric_share_frac=1.0,
            max_speed_mps=_COACH_MAX,
            catalogue_wh_per_km=350.0,
            catalogue_l_per_100km=None,
            source="open-ev-data: Maxus EV80 (2018), average 35.0 kWh/100 km",
        ),
    )
    return {profile.name: profile for profile in listed}


PROFILES: Mapping[str, DriveProfile] = MappingProxyType(_profiles())
