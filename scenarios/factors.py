"""Emission factors and losses by which a replay's energy becomes carbon dioxide, each with its source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Kilograms of CO2 per litre and per kilowatt-hour, and the share of grid energy that reaches the battery.

    ``petrol_kg_per_l``
        2.925 kg/kg x 0.745 kg/l. Carbon content 18.9 t/TJ, oxidation 0.98 (NDRC, *Guidelines for Provincial Greenhouse Gas
        Inventories*, trial version, 2011), lower heating value 43,070 kJ/kg (GB/T 2589-2020), density of 92 octane petrol at
        20 C (GB 17930 allows 0.720 to 0.775).
    ``diesel_kg_per_l``
        3.096 kg/kg x 0.84 kg/l. Carbon content 20.2 t/TJ, oxidation 0.98, lower heating value 42,652 kJ/kg, same sources;
        density within GB 19147 (0.81 to 0.845).
    ``grid_kg_per_kwh``
        0.5366: national average of 2022 (Ministry of Ecology and Environment and National Bureau of Statistics, announcement
        of 20 December 2024; the announcement was seen, the number in it was not: unverified). Sichuan's own grid, mostly
        hydropower, emits far less; a scenario may set its own factor.
    ``charge_efficiency_frac``
        0.9: losses of charger and battery between meter and cells (assumption; 5 to 15 % is usual).
    """

    petrol_kg_per_l: float = 2.18
    diesel_kg_per_l: float = 2.60
    grid_kg_per_kwh: float = 0.5366
    charge_efficiency_frac: float = 0.9

    def __post_init__(self) -> None:
        if min(self.petrol_kg_per_l, self.diesel_kg_per_l, self.grid_kg_per_kwh) < 0:
            raise ValueError("emission factors are zero or more")
        if not 0 < self.charge_efficiency_frac <= 1:
            raise ValueError(f"charge_efficiency_frac = {self.charge_efficiency_frac}: above 0, at most 1")
