"""Energy of a drive from physics: rolling, air, climb, braking and recuperation, cabin and auxiliary load.

All functions are pure and vectorised: arrays of edges in, arrays of the same shape out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from routing.conditions import Conditions
from routing.profiles import DriveProfile

Floats = npt.NDArray[np.float64]

GRAVITY_MPS2: Final = 9.80665
"""Standard gravity (ISO 80000-3)."""
SPEED_VARIATION: Final = 1.19
"""Mean of v^3 over mean of v, relative to the squared mean speed: 1 + 3 c^2 for a coefficient of variation c = 0.25 of the
speed within a road section. Air drag acts on the cube, so that uneven driving costs more than its mean speed tells."""
DYNAMICS: Final = 1.35
"""How much livelier than the calmest permitted driving: calibrated on the catalogue figures of the profiles."""
COMFORT_LOW_C: Final = 18.0
COMFORT_HIGH_C: Final = 24.0
"""Between these outside temperatures neither heating nor cooling runs."""
COLD_LOSS_PER_K: Final = 0.0040
HOT_LOSS_PER_K: Final = 0.0045
"""Extra traction energy per kelvin below 20 C or above 25 C, from stiffer tyres and lubricants and from battery losses.
Together with the density of air they reproduce the AAA test of five battery cars (AAA, *Electric Vehicle Range Testing*, 2019):
12 % less range at -7 C without heating, 4 % less at 35 C without cooling (rule R064)."""


@dataclass(frozen=True, kw_only=True)
class CyclePhase:
    """A part of a driving cycle: its length and its mean speed, stops included."""

    length_m: float
    speed_mps: float


MIXED_CYCLE: Final = (
    CyclePhase(length_m=3_095, speed_mps=18.9 / 3.6),
    CyclePhase(length_m=4_756, speed_mps=39.5 / 3.6),
    CyclePhase(length_m=7_162, speed_mps=56.7 / 3.6),
    CyclePhase(length_m=8_254, speed_mps=92.0 / 3.6),
)
"""The four phases of the WLTC, class 3b (UN GTR No. 15, annex 1), the cycle that published consumptions refer to."""


def air_density_kg_m3(elevation_m: npt.ArrayLike, ambient_c: npt.ArrayLike) -> Floats:
    """Density of dry air at a height: barometric pressure of the ISO 2533 standard atmosphere, actual temperature."""
    height = np.asarray(elevation_m, dtype=np.float64)
    pressure_pa = 101_325.0 * (1.0 - 2.25577e-5 * height) ** 5.25588
    return np.asarray(pressure_pa / (287.05 * (np.asarray(ambient_c, dtype=np.float64) + 273.15)))


def relative_positive_acceleration_mps2(speed_mps: npt.ArrayLike) -> Floats:
    """Kinetic energy put in per kilogram and metre by driving unevenly, in J/(kg m).

    :data:`DYNAMICS` times the lower bound of normal driving in the real-driving-emissions rules (Commission Regulation (EU)
    2017/1151, annex IIIA, appendix 7a, sec. 4): 0.1755 - 0.0016 v up to 94.05 km/h and 0.025 above.
    """
    kmh = np.asarray(speed_mps, dtype=np.float64) * 3.6
    return DYNAMICS * np.where(kmh <= 94.05, -0.0016 * kmh + 0.1755, 0.025)


def cabin_w(profile: DriveProfile, conditions: Conditions, ambient_c: npt.ArrayLike | None = None) -> Floats:
    """Power that heating or cooling the cabin takes, in watts; at ``ambient_c`` where given, else at that of the conditions."""
    outside_c = np.asarray(conditions.ambient_c if ambient_c is None else ambient_c, dtype=np.float64)
    if not conditions.climate:
        return np.zeros_like(outside_c)
    cold_k = np.maximum(0.0, COMFORT_LOW_C - outside_c)
    hot_k = np.maximum(0.0, outside_c - COMFORT_HIGH_C)
    return profile.heat_w_per_k * cold_k + profile.cool_w_per_k * hot_k


@dataclass(frozen=True, kw_only=True, eq=False)
class EdgeEnergy:
    """``battery_wh`` watt-hours at the battery (negative where recuperation wins), ``fuel_ml`` millilitres; float64."""

    battery_wh: Floats
    fuel_ml: Floats


def drive_energy(
    *,
    length_m: npt.ArrayLike,
    speed_mps: npt.ArrayLike,
    climb_m: npt.ArrayLike,
    elevation_m: npt.ArrayLike,
    ascent_m: npt.ArrayLike | None = None,
    ambient_c: npt.ArrayLike | None = None,
    profile: DriveProfile,
    conditions: Conditions,
) -> EdgeEnergy:
    """Energy of driving edges one after the other.

    Parameters
    ----------
    length_m, speed_mps, climb_m, elevation_m
        Broadcastable arrays; ``climb_m`` is the net height gained and ``elevation_m`` the mean height; NaN in either
        counts as level road at sea level, because nothing better is known.
    ascent_m
        Where given, the sum of all rises; the road then climbs ``ascent_m`` and falls ``ascent_m - climb_m``, each over a
        share of the length in proportion. NaN, and less than the climb, count as an even slope.
    ambient_c
        Where given, the outside temperature of each edge in place of that of the conditions.

    Notes
    -----
    Wheel energy is rolling + air + climb + what brakes destroy. Brakes destroy the kinetic energy of uneven driving as far
    as resistance does not consume it while the vehicle rolls on (half of the way is taken to be coasting or braking), and
    the height lost beyond what resistance consumes. Recuperation returns ``recuperation_eff_frac`` of it.
    Limits by the battery's headroom are the caller's: they need the state of charge.
    """
    length = np.asarray(length_m, dtype=np.float64)
    speed = np.asarray(speed_mps, dtype=np.float64)
    climb = np.nan_to_num(np.asarray(climb_m, dtype=np.float64), nan=0.0)
    height = np.nan_to_num(np.asarray(elevation_m, dtype=np.float64), nan=0.0)
    weight_n = profile.mass_kg * GRAVITY_MPS2
    even = np.maximum(climb, 0.0)
    rise = even if ascent_m is None else np.fmax(np.asarray(ascent_m, dtype=np.float64), even)
    fall = rise - climb
    slope = (rise + fall) / np.maximum(length, 1.0)
    rising_frac = np.divide(rise, rise + fall, out=np.zeros_like(rise + fall), where=rise + fall > 0)
    outside_c = np.asarray(conditions.ambient_c if ambient_c is None else ambient_c, dtype=np.float64)
    cold_k = np.maximum(0.0, 20.0 - outside_c)
    hot_k = np.maximum(0.0, outside_c - 25.0)
    strain = 1.0 + COLD_LOSS_PER_K * cold_k + HOT_LOSS_PER_K * hot_k
    air_n = (
        0.5
        * air_density_kg_m3(height, outside_c)
        * profile.drag_coefficient
        * profile.frontal_area_m2
        * SPEED_VARIATION
        * speed**2
    )
    resistance_j = (profile.rolling_coefficient * weight_n * np.cos(np.arctan(slope)) + air_n) * length
    uphill_j = resistance_j * rising_frac + weight_n * rise
    downhill_j = resistance_j * (1.0 - rising_frac) - weight_n * fall
    kinetic_j = np.maximum(
        profile.mass_kg * relative_positive_acceleration_mps2(speed) * length - 0.5 * resistance_j, 0.0
    )
    driven_j = uphill_j + np.maximum(downhill_j, 0.0) + kinetic_j
    braked_j = np.maximum(-downhill_j, 0.0) + kinetic_j
    hours = length / speed / 3600.0
    on_board_wh = (profile.aux_w + cabin_w(profile, conditions, outside_c)) * hours
    traction_wh = driven_j * strain / profile.drivetrain_eff_frac / 3600.0
    battery_wh = traction_wh - braked_j * profile.recuperation_eff_frac / 3600.0 + on_board_wh
    fuel_ml = np.maximum(battery_wh, 0.0) * profile.fuel_l_per_kwh + profile.idle_fuel_l_per_h * 1000.0 * hours
    return EdgeEnergy(
        battery_wh=battery_wh * profile.electric_share_frac,
        fuel_ml=fuel_ml * (1.0 - profile.electric_share_frac),
    )
