"""What vehicles and chargers cost over their life. Every figure is an assumption of ours until an office enters its contracts.

Prices keep within the purchase standards (R034: sedans 180,000 yuan, coaches 250,000 and 450,000). Consumption is the catalogue
figure of the drive profile (:mod:`routing.profiles`, each with its source); prices of energy are those of the dispatch policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.policy import DispatchPolicy
from routing.profiles import PROFILES

_YUAN = 100


@dataclass(frozen=True, kw_only=True)
class VehiclePrice:
    """One model: purchase, and what a year costs beside energy (insurance, inspection, maintenance)."""

    price_fen: int
    yearly_fen: int
    displacement_ml: int = 0


def _price(yuan: int, yearly_yuan: int, displacement_ml: int = 0) -> VehiclePrice:
    return VehiclePrice(price_fen=yuan * _YUAN, yearly_fen=yearly_yuan * _YUAN, displacement_ml=displacement_ml)


_VEHICLES: Mapping[str, VehiclePrice] = {
    "sedan_petrol": _price(140_000, 9_500, 1_500),
    "suv_petrol": _price(170_000, 10_500, 1_800),
    "mpv_petrol": _price(178_000, 11_500, 1_800),
    "minibus_diesel": _price(240_000, 15_000, 2_800),
    "coach_diesel": _price(440_000, 24_000, 6_700),
    "sedan_phev": _price(150_000, 9_000, 1_500),
    "sedan_bev": _price(150_000, 7_500),
    "suv_bev": _price(178_000, 8_000),
    "mpv_bev": _price(180_000, 9_000),
    "minibus_bev": _price(250_000, 11_500),
}


@dataclass(frozen=True, kw_only=True)
class Prices:
    """``life_years``: over which a price is written off in a straight line, eight as a vehicle is kept at least so long (R038).

    ``slow_point_fen``, ``fast_point_fen``: a charge point of ``slow_w`` (alternating) or ``fast_w`` (direct current) with its
    installation; ``grid_fen_per_kw``: enlarging the connection of a site. ``point_years``: their life.
    """

    vehicles: Mapping[str, VehiclePrice] = field(default_factory=lambda: dict(_VEHICLES))
    life_years: int = 8
    point_years: int = 10
    slow_w: int = 7_000
    fast_w: int = 60_000
    slow_point_fen: int = 4_000 * _YUAN
    fast_point_fen: int = 45_000 * _YUAN
    grid_fen_per_kw: int = 600 * _YUAN

    def energy_fen_per_km(self, profile: str, policy: DispatchPolicy) -> float:
        """Energy of a kilometre by the catalogue: a plug-in hybrid on both, by its electric share."""
        own = PROFILES[profile]
        litre_fen = policy.diesel_fen_per_l if "diesel" in profile else policy.petrol_fen_per_l
        fuel_fen = (own.catalogue_l_per_100km or 0.0) / 100 * litre_fen
        power_fen = (own.catalogue_wh_per_km or 0.0) / 1_000 * policy.power_fen_per_kwh
        if own.catalogue_l_per_100km is not None and own.catalogue_wh_per_km is not None:
            return power_fen * own.electric_share_frac + fuel_fen * (1 - own.electric_share_frac)
        return fuel_fen + power_fen

    def yearly_ownership_fen(self, profile: str) -> float:
        """A year of owning it: the price written off, and the yearly cost."""
        own = self.vehicles[profile]
        return own.price_fen / self.life_years + own.yearly_fen

    def yearly_points_fen(self, *, slow: int, fast: int) -> float:
        """A year of so many charge points, their prices written off."""
        return (slow * self.slow_point_fen + fast * self.fast_point_fen) / self.point_years
