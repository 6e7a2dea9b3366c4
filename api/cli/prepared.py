"""Everything that ``chuanyu plan`` reads and decides before the search."""

from __future__ import annotations

from dataclasses import dataclass

from api.cli.offline import Nouns, Task
from api.intake.rides import Rides
from api.wording import Text
from fleet.ids import RequestId


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The task with what was assumed for it.

    ``set_aside`` are requests that are not to be planned, with why; ``asked`` those that the plan is judged by: to be planned
    and not off the network where that is known beforehand. ``rides`` is given where the input was a file of rides.
    """

    nouns: Nouns
    task: Task
    assumptions: tuple[Text, ...]
    notes: tuple[str, ...]
    set_aside: dict[RequestId, Text]
    rides: Rides | None
    asked: frozenset[RequestId]
