"""What a trip request must be, however it comes in: over HTTP or in a file."""

from __future__ import annotations

from collections.abc import Sequence

from api.wording import Text
from fleet.requests import TripKind, TripStop

MOST_PASSENGERS = 60
"""The largest coach of the register seats so many; a larger party is several requests."""

SAME_PLACE = Text("上车地点与下车地点相同", "pick-up and drop-off are the same place")
SAME_PLACE_REMEDY = Text("改正其中一个；往返用车请选包车", "correct one of them; for a round trip ask for a charter")
_DECIMALS = 5
"""About a metre: finer differences are no other place."""


def leads_nowhere(kind: TripKind, stops: Sequence[TripStop]) -> bool:
    """Whether a transfer ends where it begins. A charter and a rental may."""
    ends = {(round(stop.lon_wgs84, _DECIMALS), round(stop.lat_wgs84, _DECIMALS)) for stop in (stops[0], stops[-1])}
    return kind is TripKind.TRANSFER and len(ends) == 1


PARTY = Text(f"应在 1 到 {MOST_PASSENGERS} 之间", f"must be between 1 and {MOST_PASSENGERS}")
PARTY_REMEDY = Text(f"1 到 {MOST_PASSENGERS} 的整数", f"a whole number, 1 to {MOST_PASSENGERS}")
