"""Every number by which dispatch turns facts into a problem: one frozen object, each default with its source.

Rule ids (R…) are those of the rule table; "assumption" marks a figure of ours that an office is expected to set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from fleet.requests import TripRequest, TripStop

MFEN_PER_FEN = 1_000

#: The solver calculates in float64 and takes 1e15 as "never"; all penalties together must stay well below.
LARGEST_TOTAL_MFEN = 9 * 10**14


@dataclass(frozen=True, kw_only=True)
class DispatchPolicy:
    """Parameters of :mod:`dispatch.snapshot`. What a regulation sets is in the rule book (:mod:`dispatch.ruling`), not here.

    Roads and rides
        ``access_limit_m``: farthest straight distance from a stop to the road network (assumption: 30 km for the trunk-road
        network, whose seats stand for whole counties; a street network takes some 300 m).
        ``ambient_c``: outside temperature in degrees Celsius of all drives; None takes what is usual for place and month
        (:mod:`routing.climate`), and 20 where nothing is known. ``traffic``: whether drives are slowed by the hour
        (:mod:`dispatch.hours`); False where the roads' speeds already are those of the hours that are planned.
        ``ride_factor_frac``, ``ride_slack_s``: a shared ride without a limit of its own may last max(1.5 x direct, direct +
        10 min) (assumption, usual in dial-a-ride practice; the acceptance figure of the Chengdu data).
    Time
        ``freeze_s``: what begins within this time stays as planned (assumption: 15 min). ``lead_s``: a vehicle that stands
        idle leaves this long after now at the earliest (assumption: 5 min, for reading the order and walking to the car).
    Money
        ``driver_fen_per_h``, ``use_fen``, ``wear_fen_per_km``: marginal cost of an hour at the wheel, of bringing out one more
        vehicle (R075 counts vehicles), and of tyres, repairs and depreciation by distance (assumptions).
        ``petrol_fen_per_l``, ``diesel_fen_per_l``, ``power_fen_per_kwh``: energy (assumptions near the regional price caps of
        2024-2025: 92 octane about 7.8 yuan/l, diesel about 7.4 yuan/l, depot electricity at 0.6 yuan/kWh).
        ``tier_fen[t]``: extra price of serving a request from pool tier t, so that a nearer pool is preferred (R069).
    Priority
        ``penalty_fen``: price of an ordinary request left unserved; ``priority_ratio``: a request of a higher class weighs as
        much as so many of the class below (R077), more than one vehicle's day can hold, hence lexicographic in effect.
    Promises
        ``offered_change_fen``, ``accepted_change_fen``: price of taking a trip from a vehicle that was offered it, and from a
        driver who accepted it. ``promise_before_s``, ``promise_after_s``: the window that is promised around a planned
        pick-up (assumption: 5 min before to 10 min after, inside what was asked for).
        ``promised_factor``: a request that has a vehicle weighs so many times one that has none.
    Charging
        ``overnight_frac``: charge up to which an idle vehicle is assumed to have charged at home before its shift.
        ``taper_from_frac``, ``taper_frac``: direct-current power falls to this share above this charge (assumption after
        typical published curves).
        ``charging_fen``: extra price of using a battery vehicle while an office prefers others in an energy emergency (R172).
    Scope
        ``cooperation``: whether tier 4 (same cooperation area, R004, R105) is open. ``longest_days``: a charter over more days
        than this is answered, not planned (assumption).
    """

    access_limit_m: float = 30_000.0
    ambient_c: float | None = None
    traffic: bool = True
    ride_factor_frac: float = 1.5
    ride_slack_s: int = 600
    freeze_s: int = 900
    lead_s: int = 300
    driver_fen_per_h: int = 3_000
    use_fen: int = 2_000
    wear_fen_per_km: int = 35
    petrol_fen_per_l: int = 780
    diesel_fen_per_l: int = 740
    power_fen_per_kwh: int = 60
    tier_fen: tuple[int, ...] = (0, 0, 500, 1_000, 4_000, 5_000, 0)
    penalty_fen: int = 200_000
    priority_ratio: int = 20
    promise_before_s: int = 300
    promise_after_s: int = 600
    offered_change_fen: int = 1_000
    accepted_change_fen: int = 20_000
    promised_factor: int = 2
    overnight_frac: float = 0.9
    taper_from_frac: float = 0.8
    taper_frac: float = 0.4
    charging_fen: int = 5_000
    cooperation: bool = True
    longest_days: int = 14

    def __post_init__(self) -> None:
        for name in ("access_limit_m", "ride_factor_frac", "priority_ratio", "penalty_fen"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} = {getattr(self, name)}: above zero")
        if len(self.tier_fen) != 7:
            raise ValueError(f"tier_fen has {len(self.tier_fen)} entries: one for each tier 0..6 (0 is not used)")
        if not 0 < self.overnight_frac <= 1 or not 0 < self.taper_from_frac <= 1:
            raise ValueError("overnight_frac and taper_from_frac lie above 0 and at most at 1")

    def estimate_fen(self, request: TripRequest) -> int:
        """What a trip is taken to cost its unit (R131): as estimated when it was approved, else by the straight way and back.

        The way is taken a third longer than the straight line, as trunk roads of the region are (assumption), at 50 km/h.
        """
        if request.estimate_fen is not None:
            return request.estimate_fen
        metres = sum(_crow_m(a, b) for a, b in pairwise(request.stops)) * 4 / 3 * 2
        return self.price_fen(round(metres), round(metres / (50 / 3.6)))

    def price_fen(self, drive_m: int, drive_s: int) -> int:
        """What a drive costs: bringing out a vehicle, wear and a petrol car's energy by distance, the driver by time."""
        km_fen = self.wear_fen_per_km + self.petrol_fen_per_l * 8 // 100
        return self.use_fen + drive_m * km_fen // 1_000 + drive_s * self.driver_fen_per_h // 3_600

    def penalty_mfen(self, rank: int) -> int:
        """Price of leaving a request of this priority rank (0 most urgent .. 3 ordinary) unserved."""
        return self.penalty_fen * MFEN_PER_FEN * int(self.priority_ratio ** (3 - rank))


def _crow_m(a: TripStop, b: TripStop) -> float:
    """Great-circle distance of two stops on the mean sphere."""
    lat_a, lat_b = math.radians(a.lat_wgs84), math.radians(b.lat_wgs84)
    step = math.radians(b.lon_wgs84 - a.lon_wgs84)
    chord = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(step / 2) ** 2
    return 2 * 6_371_000 * math.asin(min(1.0, math.sqrt(chord)))
