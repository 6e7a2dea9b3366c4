"""Which odometer readings a vehicle can have reached since the last one."""

from __future__ import annotations

from datetime import datetime

from api.problems import FieldError, InvalidInput
from api.wording import Text
from fleet.vehicles import Vehicle

PER_DAY_M = 1_500_000
"""Per day begun since the last reading: 24 h without a stop at 62 km/h, more than two drivers in turns can do on the
region's roads. Generous on purpose: it is to catch a slipped digit, not to judge a driver."""

UNDATED_M = 100_000_000
"""Above a reading of the register, whose day is not known: some years of an official vehicle's use."""

FIRST_M = 1_000_000_000
"""The first reading of a vehicle that was registered without one: no road vehicle of a fleet lasts longer."""


def check_reading(vehicle: Vehicle, reading_m: int, *, at: datetime, last_at: datetime | None) -> None:
    """Refuse a reading below the last one, or above what can have been driven since.

    Parameters
    ----------
    at
        When it was read.
    last_at
        When the vehicle's present reading was read; None when that is not known.

    Raises
    ------
    InvalidInput
        With the readings that are accepted, in kilometres.
    """
    last_m = vehicle.odometer_m
    most_m = _most_m(last_m, at, last_at)
    if reading_m < last_m:
        message = Text("里程表读数小于上次读数", "the reading is below the last one")
        remedy = Text(
            f"不小于上次读数 {last_m / 1000:g} 公里（{last_m} 米）；上次读数有误的，请调度员更正车辆档案",
            f"not below the last reading, {last_m / 1000:g} km ({last_m} m); if that one is wrong, "
            "have a dispatcher correct the vehicle",
        )
    elif reading_m > most_m:
        message = Text(
            f"里程表读数 {_km(reading_m)} 公里过大：上次读数为 {_km(last_m)} 公里，其间不可能行驶这么远",
            f"the reading of {_km(reading_m)} km is too large: the last one is {_km(last_m)} km, "
            "and nobody drives that far in between",
        )
        remedy = Text(
            f"至多 {_km(most_m)} 公里（{most_m} 米），请核对位数；读数无误的，请调度员先更正车辆档案",
            f"at most {_km(most_m)} km ({most_m} m), check the digits; if it is right, "
            "have a dispatcher correct the vehicle first",
        )
    else:
        return
    raise InvalidInput([FieldError(field="odometer_m", value=reading_m, message=message, remedy=remedy)])


def _most_m(last_m: int, at: datetime, last_at: datetime | None) -> int:
    if last_at is not None:
        return last_m + PER_DAY_M * (1 + max(0, (at - last_at).days))
    return last_m + UNDATED_M if last_m else FIRST_M


def _km(reading_m: int) -> str:
    return f"{reading_m // 1000:,}"
