from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.conditions import Conditions
from routing.energy import GRAVITY_MPS2, MIXED_CYCLE, air_density_kg_m3, cabin_w, drive_energy
from routing.errors import UnknownProfile
from routing.profiles import PROFILES, Drive, DriveProfile, get_profile

NAMES = sorted(PROFILES)
ELECTRIC = [name for name in NAMES if PROFILES[name].drive in (Drive.BEV, Drive.PHEV)]
MILD = Conditions(ambient_c=20.0)


def cycle(profile: DriveProfile, conditions: Conditions = MILD) -> tuple[float, float]:
    """(Wh/km at the battery, l/100 km) on the mixed cycle."""
    length_m = np.array([phase.length_m for phase in MIXED_CYCLE])
    speed_mps = np.array([phase.speed_mps for phase in MIXED_CYCLE])
    energy = drive_energy(
        length_m=length_m,
        speed_mps=np.minimum(speed_mps, profile.max_speed_mps),
        climb_m=0.0,
        elevation_m=0.0,
        profile=profile,
        conditions=conditions,
    )
    return energy.battery_wh.sum() / length_m.sum() * 1000, energy.fuel_ml.sum() / length_m.sum() * 100


def test_the_agreed_profiles_exist():
    assert tuple(PROFILES) == (
        "sedan_petrol",
        "suv_petrol",
        "mpv_petrol",
        "minibus_diesel",
        "coach_diesel",
        "sedan_phev",
        "sedan_bev",
        "suv_bev",
        "mpv_bev",
        "minibus_bev",
    )
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.source
        assert get_profile(name) is profile
    with pytest.raises(UnknownProfile, match="sedan_bev"):
        get_profile("rocket")


@pytest.mark.parametrize("name", NAMES)
def test_level_road_consumption_is_within_a_tenth_of_the_catalogue(name: str):
    profile = PROFILES[name]
    if profile.catalogue_wh_per_km is not None:
        wh_per_km, _ = cycle(replace(profile, electric_share_frac=1.0))
        assert wh_per_km == pytest.approx(profile.catalogue_wh_per_km, rel=0.1)
    if profile.catalogue_l_per_100km is not None:
        _, litres = cycle(replace(profile, electric_share_frac=0.0))
        assert litres == pytest.approx(profile.catalogue_l_per_100km, rel=0.1)
    assert profile.catalogue_wh_per_km or profile.catalogue_l_per_100km


@pytest.mark.parametrize("name", ELECTRIC)
@pytest.mark.parametrize(
    ("ambient_c", "climate", "factor"),
    [(-7.0, False, 1.14), (-7.0, True, 1.69), (35.0, False, 1.04), (35.0, True, 1.20)],
)
def test_winter_and_summer_factors_of_rule_r064(name: str, ambient_c: float, climate: bool, factor: float):
    profile = replace(PROFILES[name], electric_share_frac=1.0)
    mild, _ = cycle(profile)
    weather, _ = cycle(profile, Conditions(ambient_c=ambient_c, climate=climate))
    assert weather / mild == pytest.approx(factor, rel=0.03)


@pytest.mark.parametrize("name", ELECTRIC)
def test_the_climb_to_kangding_costs_mgh_and_the_way_back_returns_60_to_80_percent(name: str):
    profile = replace(PROFILES[name], electric_share_frac=1.0)
    length_m, speed_mps, climb_m = 20_000.0, 60 / 3.6, 2_060.0

    def wh(climb: float) -> float:
        energy = drive_energy(
            length_m=length_m, speed_mps=speed_mps, climb_m=climb, elevation_m=1_500.0, profile=profile, conditions=MILD
        )
        return float(energy.battery_wh)

    potential_wh = profile.mass_kg * GRAVITY_MPS2 * climb_m / 3600
    uphill_wh = wh(climb_m) - wh(0.0)
    assert uphill_wh == pytest.approx(potential_wh / profile.drivetrain_eff_frac, rel=0.02)
    # Downhill: what the hill gives beyond resistance comes back; resistance itself is saved at the drivetrain's rate.
    assert 0.60 <= profile.recuperation_eff_frac <= 0.80
    saved_wh = wh(0.0) - wh(-climb_m)
    assert 0.60 * potential_wh <= saved_wh <= 0.80 * potential_wh + (1 / profile.drivetrain_eff_frac) * wh(0.0)
    assert wh(climb_m) + wh(-climb_m) > 2 * wh(0.0)


def test_air_density_follows_the_standard_atmosphere():
    # ISO 2533: 1.225 kg/m3 at sea level and 15 C, 0.9093 at 3,000 m and -4.5 C, 0.7768 at 4,500 m and -14.25 C.
    assert float(air_density_kg_m3(0.0, 15.0)) == pytest.approx(1.225, rel=1e-3)
    assert float(air_density_kg_m3(3000.0, -4.5)) == pytest.approx(0.9093, rel=1e-3)
    assert float(air_density_kg_m3(4500.0, -14.25)) == pytest.approx(0.7768, rel=1e-3)


def test_altitude_lowers_drag():
    fast = {"length_m": 10_000.0, "speed_mps": 30.0, "climb_m": 0.0, "profile": PROFILES["suv_bev"], "conditions": MILD}
    assert drive_energy(elevation_m=4500.0, **fast).battery_wh < 0.85 * drive_energy(elevation_m=0.0, **fast).battery_wh


def test_cabin_power():
    profile = PROFILES["sedan_bev"]
    assert cabin_w(profile, Conditions(ambient_c=20)) == 0
    assert cabin_w(profile, Conditions(ambient_c=-7)) == 25 * profile.heat_w_per_k
    assert cabin_w(profile, Conditions(ambient_c=35)) == 11 * profile.cool_w_per_k
    assert cabin_w(profile, Conditions(ambient_c=-7, climate=False)) == 0
    with pytest.raises(ValueError, match="ambient_c"):
        Conditions(ambient_c=99)


def test_unknown_heights_count_as_level():
    common = {"length_m": 5_000.0, "speed_mps": 20.0, "profile": PROFILES["sedan_bev"], "conditions": MILD}
    unknown = drive_energy(climb_m=np.nan, elevation_m=np.nan, **common)
    assert unknown.battery_wh == drive_energy(climb_m=0.0, elevation_m=0.0, **common).battery_wh


@given(
    st.sampled_from(NAMES),
    st.floats(1, 50_000),
    st.floats(1, 40),
    st.floats(-0.15, 0.15),
    st.floats(0, 5000),
    st.floats(-30, 45),
)
def test_energy_is_finite_and_grows_with_the_climb(
    name: str, length_m: float, speed_mps: float, slope: float, height_m: float, ambient_c: float
):
    profile, conditions = PROFILES[name], Conditions(ambient_c=ambient_c)

    def at(climb: float) -> tuple[float, float]:
        energy = drive_energy(
            length_m=length_m,
            speed_mps=speed_mps,
            climb_m=climb,
            elevation_m=height_m,
            profile=profile,
            conditions=conditions,
        )
        return float(energy.battery_wh), float(energy.fuel_ml)

    low, high = at(slope * length_m), at((slope + 0.01) * length_m)
    assert np.isfinite(low).all()
    # Tyres carry a little less weight on a slope, hence the thousandth.
    assert high[0] >= low[0] - 1e-3 * abs(low[0])
    assert high[1] >= low[1] * 0.999 >= 0
    # Never more back than the hill and the brakes can give.
    assert low[0] >= -profile.mass_kg * (GRAVITY_MPS2 * max(0.0, -slope) + 0.3) * length_m / 3600
    if profile.electric_share_frac == 0:
        assert low[0] == 0
    if profile.electric_share_frac == 1:
        assert low[1] == 0


def test_vectors_equal_single_edges():
    rng = np.random.default_rng(5)
    length, speed = rng.uniform(10, 9000, 50), rng.uniform(3, 33, 50)
    climb, height = rng.uniform(-200, 200, 50), rng.uniform(200, 4500, 50)
    profile = PROFILES["mpv_bev"]
    together = drive_energy(
        length_m=length, speed_mps=speed, climb_m=climb, elevation_m=height, profile=profile, conditions=MILD
    )
    single = [
        float(
            drive_energy(length_m=a, speed_mps=b, climb_m=c, elevation_m=d, profile=profile, conditions=MILD).battery_wh
        )
        for a, b, c, d in zip(length, speed, climb, height, strict=True)
    ]
    assert np.allclose(together.battery_wh, single)
